//! What tells how far the rest can be relied on: clocks, and frames that deviate.

use rusqlite::{Connection, params};

use crate::domain::ids::StationKey;
use crate::domain::time::At;
use crate::store::figures::DayOfFrames;

/// Notes by how much a clock is ahead.
pub(super) fn clock_ahead(db: &Connection, key: StationKey, at: At, ahead_ms: i64) -> Result<(), rusqlite::Error> {
    db.prepare_cached("INSERT OR REPLACE INTO clock_row (charger_id, at_ms, ahead_ms) VALUES (?,?,?)")?
        .execute(params![key.0, at.millis(), ahead_ms])?;
    Ok(())
}

/// Takes by how much clocks were found to be ahead before an instant, by charger and time.
pub(super) fn clocks(
    db: &Connection,
    until: At,
    take: &mut dyn FnMut(StationKey, At, i64),
) -> Result<(), rusqlite::Error> {
    let sql = "SELECT charger_id, at_ms, ahead_ms FROM clock_row WHERE at_ms < ? ORDER BY charger_id, at_ms";
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query([until.millis()])?;
    while let Some(row) = rows.next()? {
        take(StationKey(row.get(0)?), At::from_millis(row.get(1)?), row.get(2)?);
    }
    Ok(())
}

/// Takes the frames of the days `[from, until)`, in days since 1970 UTC.
pub(super) fn frames(
    db: &Connection,
    (from, until): (i64, i64),
    take: &mut dyn FnMut(DayOfFrames),
) -> Result<(), rusqlite::Error> {
    let sql = "SELECT charger_id, day, frames, deviating FROM conformance_charger_row WHERE day >= ? AND day < ?
         ORDER BY charger_id, day";
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query([from, until])?;
    while let Some(row) = rows.next()? {
        take(DayOfFrames {
            station: StationKey(row.get(0)?),
            day: row.get(1)?,
            frames: row.get(2)?,
            deviating: row.get(3)?,
        });
    }
    Ok(())
}
