//! What a charger says of itself, and when it was connected.

use rusqlite::params;

use super::write::SqliteBackend;
use crate::domain::event::Boot;
use crate::domain::ids::StationKey;
use crate::domain::record::Contact;
use crate::domain::time::At;

impl SqliteBackend {
    pub(super) fn booted(&self, key: StationKey, at: At, boot: &Boot) -> Result<(), rusqlite::Error> {
        let mut update = self.db.prepare_cached(
            "UPDATE charger_row SET booted_ms = ?2, vendor = ?3, model = ?4, serial = ?5, box_serial = ?6, firmware = ?7,
               iccid = ?8, imsi = ?9, meter_type = ?10, meter_serial = ?11, boot_reason = ?12, boots = boots + 1
             WHERE id = ?1",
        )?;
        update.execute(params![
            key.0,
            at.millis(),
            boot.vendor,
            boot.model,
            boot.serial,
            boot.box_serial,
            boot.firmware,
            boot.iccid,
            boot.imsi,
            boot.meter_type,
            boot.meter_serial,
            boot.reason
        ])?;
        Ok(())
    }

    pub(super) fn contact(&mut self, key: StationKey, contact: &Contact) -> Result<(), rusqlite::Error> {
        match contact {
            Contact::Began { at, protocol, peer, protection } => {
                self.hear(key, *at);
                self.conformance.forget_build(key);
                let profile = protection.map(|protection| protection.profile.number());
                let until = protection.and_then(|protection| protection.certificate_until).map(At::millis);
                self.db
                    .prepare_cached(
                        "INSERT INTO contact (charger_id, began_ms, protocol, peer, profile) VALUES (?,?,?,?,?)",
                    )?
                    .execute(params![key.0, at.millis(), protocol, peer, profile])?;
                self.db
                    .prepare_cached(
                        "UPDATE charger_row SET protocol = ?1, profile = coalesce(?2, profile),
                           certificate_until_ms = coalesce(?3, certificate_until_ms) WHERE id = ?4",
                    )?
                    .execute(params![protocol, profile, until, key.0])?;
            }
            Contact::Ended { heard, reason } => {
                self.hear(key, *heard);
                self.db
                    .prepare_cached("UPDATE charger_row SET disconnects = disconnects + 1 WHERE id = ?")?
                    .execute([key.0])?;
                self.db
                    .prepare_cached(
                        "UPDATE contact SET heard_ms = ?2, reason = ?3
                         WHERE id = (SELECT max(id) FROM contact WHERE charger_id = ?1) AND heard_ms IS NULL",
                    )?
                    .execute(params![key.0, heard.millis(), reason])?;
            }
        }
        Ok(())
    }
}
