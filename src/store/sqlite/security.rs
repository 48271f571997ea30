//! Security events, and how many there were.

use rusqlite::{Connection, Row};

use super::archive::Where;
use super::recall::SqliteReader;
use crate::domain::ids::{ChargerId, FrameKey};
use crate::domain::security_event::{KINDS, SecurityKind};
use crate::domain::time::At;
use crate::store::StoreError;
use crate::store::security::{SecurityEventView, SecurityFilter};

impl SqliteReader {
    pub(super) fn security_events_of(
        &self,
        filter: &SecurityFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<SecurityEventView>, StoreError> {
        let mut wanted = Where::default();
        wanted.chargers("e.charger_id", &filter.chargers);
        wanted.maybe("e.at_ms >= ?", filter.from.map(At::millis));
        wanted.maybe("e.at_ms < ?", filter.until.map(At::millis));
        wanted.maybe("trim(e.kind) = ? COLLATE NOCASE", filter.kind.clone());
        wanted.maybe(&is_critical(), filter.critical.map(i64::from));
        wanted.maybe("e.id < ?", before);
        let select = "SELECT e.id, c.charger, e.at_ms, e.kind, e.info, e.frame_id
             FROM security_event e JOIN charger_row c ON c.id = e.charger_id";
        self.list(select, wanted, "e.id DESC", limit, event)
    }

    pub(super) fn security_tally_of(&self) -> Result<Vec<(SecurityKind, u32)>, StoreError> {
        let mut select = self.db.prepare_cached("SELECT kind, events FROM security_tally")?;
        let found = select.query_map([], |row| Ok((SecurityKind::of(&row.get::<_, String>(0)?), row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// Counts an event, all kinds that are not known as one: a charger may invent as many as it likes.
pub(super) fn count(db: &Connection, kind: &str) -> Result<(), rusqlite::Error> {
    let mut add = db.prepare_cached(
        "INSERT INTO security_tally (kind, events) VALUES (?1, 1) ON CONFLICT (kind) DO UPDATE SET events = events + 1",
    )?;
    add.execute([SecurityKind::of(kind).name])?;
    Ok(())
}

/// A condition: whether a kind is critical or not. The names are ours, so they may stand in it.
fn is_critical() -> String {
    let names = KINDS.iter().filter(|kind| kind.critical).map(|kind| format!("'{}'", kind.name.to_ascii_lowercase()));
    format!("(lower(trim(e.kind)) IN ({})) = ?", names.collect::<Vec<_>>().join(","))
}

fn event(row: &Row<'_>) -> Result<SecurityEventView, rusqlite::Error> {
    Ok(SecurityEventView {
        id: row.get(0)?,
        charger: ChargerId::new(row.get::<_, String>(1)?),
        at: At::from_millis(row.get(2)?),
        kind: row.get(3)?,
        info: row.get(4)?,
        frame: row.get::<_, Option<i64>>(5)?.map(FrameKey),
    })
}
