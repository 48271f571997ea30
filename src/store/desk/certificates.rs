//! Certificates that this service signed for chargers: to whom, until when, whether the charger took it, whether it was
//! revoked. The certificate itself is the charger's; what is kept here recognises it.

use rusqlite::{OptionalExtension, Row, params};

use super::{Author, Deed, Desk, DeskError};
use crate::domain::ids::ChargerId;
use crate::domain::security::{Fingerprint, Profile, Revocation};
use crate::domain::time::At;

/// A certificate that was just signed.
#[derive(Clone, Debug)]
pub struct NewCertificate {
    /// Its serial number, in hex.
    pub serial: String,
    /// Whose it is.
    pub charger: ChargerId,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// From when it is good.
    pub not_before: At,
    /// Until when.
    pub not_after: At,
    /// The security profile of the connection over which it was asked for.
    pub profile: Profile,
    /// Where that connection came from.
    pub peer: String,
}

/// What the charger said to its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing yet.
    Waiting,
    /// It took it.
    Accepted,
    /// It refused it.
    Rejected,
    /// It never said, or the connection ended before.
    Unanswered,
}

impl Delivery {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Accepted, Self::Rejected, Self::Unanswered];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unanswered => "unanswered",
        }
    }
}

/// A certificate as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateView {
    /// Its number in the ledger.
    pub id: i64,
    /// Its serial number, in hex.
    pub serial: String,
    /// Whose it is.
    pub charger: ChargerId,
    /// Its fingerprint, in hex.
    pub fingerprint: String,
    /// From when it is good.
    pub not_before: At,
    /// Until when.
    pub not_after: At,
    /// When it was signed.
    pub signed: At,
    /// The security profile of the connection over which it was asked for.
    pub profile: i64,
    /// Where that connection came from.
    pub peer: String,
    /// What the charger said to it.
    pub delivery: Delivery,
    /// When that was known.
    pub delivered: Option<At>,
    /// When it was revoked, and by whom.
    pub revoked: Option<(At, String)>,
}

impl CertificateView {
    /// Whether it is good: `active`, `expired` or `revoked`.
    pub fn state(&self, now: At) -> &'static str {
        match &self.revoked {
            Some(_) => "revoked",
            None if now >= self.not_after => "expired",
            None => "active",
        }
    }
}

const COLUMNS: &str = "id, serial, charger, fingerprint, not_before_ms, not_after_ms, signed_ms, profile, peer, delivery, \
                       delivered_ms, revoked_ms, revoked_by";

impl Desk {
    /// Keeps that a certificate was signed.
    ///
    /// # Errors
    /// When the ledger cannot be written; then it must not be handed out.
    pub fn keep_certificate(&self, author: &Author, new: &NewCertificate) -> Result<(), DeskError> {
        let detail = format!("serial {}, until {}", new.serial, new.not_after);
        let deed = Deed::of("certificate.sign", new.charger.as_str()).saying(detail);
        self.enter(author, &deed, |transaction, now| {
            transaction.execute(
                "INSERT INTO certificate_row (serial, charger_key, charger, fingerprint, not_before_ms, not_after_ms, \
                   signed_ms, profile, peer, delivery) VALUES (?,?,?,?,?,?,?,?,?,?)",
                params![
                    new.serial,
                    new.charger.folded(),
                    new.charger.as_str(),
                    new.fingerprint.to_string(),
                    new.not_before.millis(),
                    new.not_after.millis(),
                    now.millis(),
                    new.profile.number(),
                    new.peer,
                    Delivery::Waiting.word(),
                ],
            )?;
            Ok(())
        })
    }

    /// Keeps what the charger said to its certificate.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn certificate_delivered(&self, serial: &str, delivery: Delivery) -> Result<(), DeskError> {
        let now = self.now();
        self.look(|connection| {
            connection.execute(
                "UPDATE certificate_row SET delivery = ?2, delivered_ms = ?3 WHERE serial = ?1",
                params![serial, delivery.word(), now.millis()],
            )?;
            Ok(())
        })
    }

    /// Revokes a certificate: whoever shows it is refused from then on.
    ///
    /// # Errors
    /// When there is none of this serial number; when the ledger cannot be written.
    pub fn revoke_certificate(&self, author: &Author, serial: &str) -> Result<CertificateView, DeskError> {
        let serial = serial.to_ascii_lowercase();
        let deed = Deed::of("certificate.revoke", "").saying(format!("serial {serial}"));
        self.change_what_it_finds(author, deed, |transaction, now, deed| {
            let sql = format!("SELECT {COLUMNS} FROM certificate_row WHERE serial = ?1");
            let found = transaction.query_row(&sql, [&serial], certificate).optional()?;
            let unknown =
                || DeskError::Unknown(format!("no certificate of the serial number {serial} was signed here"));
            let mut view = found.ok_or_else(unknown)?;
            view.charger.as_str().clone_into(&mut deed.subject);
            if view.revoked.is_none() {
                transaction.execute(
                    "UPDATE certificate_row SET revoked_ms = ?2, revoked_by = ?3 WHERE serial = ?1",
                    params![serial, now.millis(), author.as_str()],
                )?;
                view.revoked = Some((now, author.as_str().to_owned()));
            }
            Ok(view)
        })
    }

    /// Certificates, newest first, before `before`, of a charger or of all, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn certificates(
        &self,
        charger: Option<&ChargerId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<CertificateView>, DeskError> {
        self.look(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM certificate_row WHERE id < ?1 AND (?2 IS NULL OR charger_key = ?2) \
                 ORDER BY id DESC LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let wanted = params![before.unwrap_or(i64::MAX), charger.map(ChargerId::folded), limit];
            let rows = statement.query_map(wanted, certificate)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Fingerprints of what was revoked and has not run out by itself.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn revoked_certificates(&self) -> Result<Vec<Fingerprint>, DeskError> {
        let now = self.now();
        self.look(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT fingerprint FROM certificate_row WHERE revoked_ms IS NOT NULL AND not_after_ms > ?1",
            )?;
            let rows = statement.query_map([now.millis()], |row| row.get::<_, String>(0))?;
            let texts: Vec<String> = rows.collect::<Result<_, _>>()?;
            Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
        })
    }

    /// Everything that was ever revoked, also what has run out since: whoever checks may have a clock that is late.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn revocations(&self) -> Result<Vec<Revocation>, DeskError> {
        self.look(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT unhex(serial), revoked_ms FROM certificate_row WHERE revoked_ms IS NOT NULL ORDER BY id",
            )?;
            let revocation = |row: &Row<'_>| Ok(Revocation { serial: row.get(0)?, at: At::from_millis(row.get(1)?) });
            Ok(statement.query_map([], revocation)?.collect::<Result<_, _>>()?)
        })
    }
}

fn certificate(row: &Row<'_>) -> rusqlite::Result<CertificateView> {
    let word: String = row.get(9)?;
    let time = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.map(At::from_millis));
    Ok(CertificateView {
        id: row.get(0)?,
        serial: row.get(1)?,
        charger: ChargerId::new(row.get::<_, String>(2)?),
        fingerprint: row.get(3)?,
        not_before: At::from_millis(row.get(4)?),
        not_after: At::from_millis(row.get(5)?),
        signed: At::from_millis(row.get(6)?),
        profile: row.get(7)?,
        peer: row.get(8)?,
        delivery: Delivery::ALL.into_iter().find(|one| one.word() == word).unwrap_or(Delivery::Waiting),
        delivered: time(10)?,
        revoked: time(11)?.zip(row.get(12)?),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_certificate_is_kept_with_what_the_charger_said_and_revoked_once() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path(), Arc::new(|| At::from_millis(1000))).unwrap();
        let (charger, ada) = (ChargerId::new("CP-1"), Author::at_the_machine("ada"));
        let new = |serial: &str| NewCertificate {
            serial: serial.to_owned(),
            charger: charger.clone(),
            fingerprint: Fingerprint::of(serial.as_bytes()),
            not_before: At::from_millis(0),
            not_after: At::from_millis(5000),
            profile: Profile::TlsPassword,
            peer: "10.0.0.7".to_owned(),
        };
        desk.keep_certificate(&Author::charger(&charger), &new("0a")).unwrap();
        desk.keep_certificate(&Author::charger(&charger), &new("0b")).unwrap();
        assert_eq!(desk.edition().unwrap(), 0, "whoever remembers the desk need not look again");
        desk.certificate_delivered("0a", Delivery::Accepted).unwrap();
        assert!(desk.revoked_certificates().unwrap().is_empty());
        assert_eq!(desk.revoke_certificate(&ada, "0A").unwrap().revoked.unwrap().1, "cli ada");
        assert!(matches!(desk.revoke_certificate(&ada, "0c"), Err(DeskError::Unknown(_))));
        assert_eq!(desk.revoked_certificates().unwrap(), [Fingerprint::of(b"0a")]);
        assert_eq!(desk.revocations().unwrap(), [Revocation { serial: vec![0x0a], at: At::from_millis(1000) }]);
        let kept = desk.certificates(Some(&ChargerId::new("cp-1")), None, 9).unwrap();
        let told: Vec<_> =
            kept.iter().map(|one| (one.serial.as_str(), one.delivery, one.state(At::from_millis(4000)))).collect();
        assert_eq!(told, [("0b", Delivery::Waiting, "active"), ("0a", Delivery::Accepted, "revoked")]);
        assert_eq!(kept[0].state(At::from_millis(5000)), "expired");
        assert!(desk.certificates(Some(&ChargerId::new("CP-2")), None, 9).unwrap().is_empty());
        let deeds: Vec<_> = desk.audit(None, 9).unwrap().into_iter().map(|line| (line.author, line.deed)).collect();
        let line = |author: &str, deed: &str| (author.to_owned(), deed.to_owned());
        assert_eq!(
            deeds,
            [
                line("cli ada", "certificate.revoke"),
                line("cli ada", "certificate.revoke"),
                line("charger CP-1", "certificate.sign"),
                line("charger CP-1", "certificate.sign"),
            ]
        );
    }
}
