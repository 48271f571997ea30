//! What tells of attempts to charge at a charger: sessions, plug-ins, tokens that were shown.

use rusqlite::{Connection, params};

use crate::domain::attempt::{PlugIn, TokenCheck, Tried};
use crate::domain::energy::MilliWh;
use crate::domain::ids::{Outlet, StationKey};
use crate::domain::record::SessionState;
use crate::domain::time::{At, Span};
use crate::domain::token::TokenHash;

/// Notes that a token was shown.
pub(super) fn checked(db: &Connection, key: StationKey, at: At, accepted: bool) -> Result<(), rusqlite::Error> {
    db.prepare_cached("INSERT OR IGNORE INTO token_check_row (charger_id, at_ms, accepted) VALUES (?,?,?)")?
        .execute(params![key.0, at.millis(), accepted])?;
    Ok(())
}

/// Sessions that the charger told itself and that started in a stretch.
pub(super) fn sessions(db: &Connection, station: StationKey, within: Span) -> Result<Vec<Tried>, rusqlite::Error> {
    let mut select = db.prepare_cached(
        "SELECT evse, connector, started_ms, ended_ms, state, energy_mwh, stop_reason, token, flow_from_ms FROM session_row
         WHERE charger_id = ? AND started_ms >= ? AND started_ms < ? AND id > 0 ORDER BY started_ms",
    )?;
    let values = params![station.0, within.from.millis(), within.until.millis()];
    let found = select.query_map(values, |row| {
        let state = row.get_ref(4)?.as_str().ok().and_then(SessionState::from_word);
        Ok(Tried {
            outlet: Outlet::new(row.get(0)?, row.get(1)?),
            started: At::from_millis(row.get(2)?),
            ended: row.get::<_, Option<i64>>(3)?.map(At::from_millis),
            state: state.unwrap_or(SessionState::Orphan),
            energy: row.get::<_, Option<i64>>(5)?.map(MilliWh),
            flow_from: row.get::<_, Option<i64>>(8)?.map(At::from_millis),
            stop_reason: row.get(6)?,
            token: row.get::<_, Option<Box<str>>>(7)?.map(TokenHash::from_ledger),
        })
    })?;
    found.collect()
}

/// When connectors were taken without charging, where that began in a stretch.
pub(super) fn plugs(db: &Connection, station: StationKey, within: Span) -> Result<Vec<PlugIn>, rusqlite::Error> {
    let mut select = db.prepare_cached(
        "SELECT evse, connector, from_ms, until_ms, (SELECT state IN ('AVAILABLE', 'RESERVED') FROM status_interval AS earlier
           WHERE earlier.charger_id = now.charger_id AND earlier.evse = now.evse AND earlier.connector = now.connector
             AND earlier.from_ms < now.from_ms ORDER BY earlier.from_ms DESC LIMIT 1)
         FROM status_interval AS now INDEXED BY status_interval_plugged
         WHERE status IN ('Preparing', 'Occupied') AND charger_id = ? AND from_ms >= ? AND from_ms < ?",
    )?;
    let values = params![station.0, within.from.millis(), within.until.millis()];
    let found = select.query_map(values, |row| {
        Ok(PlugIn {
            outlet: Outlet::new(row.get(0)?, row.get(1)?),
            from: At::from_millis(row.get(2)?),
            until: row.get::<_, Option<i64>>(3)?.map(At::from_millis),
            was_free: row.get::<_, Option<bool>>(4)?.unwrap_or(false),
        })
    })?;
    found.collect()
}

/// Tokens that were shown to a charger in a stretch, in order of time.
pub(super) fn checks(db: &Connection, station: StationKey, within: Span) -> Result<Vec<TokenCheck>, rusqlite::Error> {
    let mut select = db.prepare_cached(
        "SELECT at_ms, accepted FROM token_check_row WHERE charger_id = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms",
    )?;
    let values = params![station.0, within.from.millis(), within.until.millis()];
    let found =
        select.query_map(values, |row| Ok(TokenCheck { at: At::from_millis(row.get(0)?), accepted: row.get(1)? }))?;
    found.collect()
}

/// When an outlet first said within a stretch that it was charging.
pub(super) fn charged(
    db: &Connection,
    station: StationKey,
    outlet: Outlet,
    within: Span,
) -> Result<Option<At>, rusqlite::Error> {
    let mut select = db.prepare_cached(
        "SELECT min(from_ms) FROM status_interval WHERE charger_id = ? AND evse = ? AND connector = ?
           AND from_ms >= ? AND from_ms < ? AND status = 'Charging'",
    )?;
    let values = params![station.0, outlet.evse, outlet.connector, within.from.millis(), within.until.millis()];
    let found: Option<i64> = select.query_row(values, |row| row.get(0))?;
    Ok(found.map(At::from_millis))
}
