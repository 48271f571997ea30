//! What tells how far the rest can be relied on: clocks, frames that deviate, how energies were found.

use rusqlite::{Connection, params};

use crate::domain::energy::EnergyQuality;
use crate::domain::ids::{Outlet, SessionId, StationKey};
use crate::domain::record::SessionState;
use crate::domain::time::{At, Span};
use crate::store::figures::{DayOfFrames, Metering};

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
    let sql = "SELECT charger_id, day, frames, deviating FROM conformance_charger_row WHERE day >= ? AND day < ?";
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

/// Takes how the energies of a charger's sessions were found that started in a stretch.
pub(super) fn meterings(
    db: &Connection,
    station: StationKey,
    within: Span,
    take: &mut dyn FnMut(Metering),
) -> Result<(), rusqlite::Error> {
    let mut select = db.prepare_cached(
        "SELECT id, evse, connector, started_ms, energy_quality, state FROM session_row
         WHERE charger_id = ? AND started_ms >= ? AND started_ms < ?",
    )?;
    let mut rows = select.query(params![station.0, within.from.millis(), within.until.millis()])?;
    while let Some(row) = rows.next()? {
        let quality = row.get_ref(4)?.as_str().ok().and_then(EnergyQuality::from_word);
        let state = row.get_ref(5)?.as_str().ok().and_then(SessionState::from_word);
        take(Metering {
            session: SessionId(row.get(0)?),
            outlet: Outlet::new(row.get(1)?, row.get(2)?),
            started: At::from_millis(row.get(3)?),
            quality: quality.unwrap_or(EnergyQuality::Missing),
            state: state.unwrap_or(SessionState::Orphan),
        });
    }
    Ok(())
}
