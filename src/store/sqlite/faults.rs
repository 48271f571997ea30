//! When outlets were not at work, and what chargers said of it: read from indexes that hold nothing else.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::timeline;
use crate::domain::availability::Interval;
use crate::domain::fault::{self, FaultClass};
use crate::domain::ids::{Outlet, StationKey};
use crate::domain::time::{At, Span};

/// Takes the stretches in which outlets were not at work.
pub(super) fn idle(
    db: &Connection,
    station: Option<StationKey>,
    within: Span,
    take: &mut dyn FnMut(StationKey, Outlet, Interval),
) -> Result<(), rusqlite::Error> {
    let sql = format!(
        "SELECT charger_id, evse, connector, from_ms, until_ms, state, NULL, cause, frame_id
         FROM status_interval INDEXED BY status_interval_idle
         WHERE state IN ('OUTOFORDER', 'INOPERATIVE', 'UNKNOWN') AND {} AND from_ms < ?2
           AND (until_ms IS NULL OR until_ms > ?3)
         ORDER BY charger_id, evse, connector, from_ms",
        of_station(station)
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(values(station, within))?;
    while let Some(row) = rows.next()? {
        take(StationKey(row.get(0)?), Outlet::new(row.get(1)?, row.get(2)?), timeline::read(row, 3)?);
    }
    Ok(())
}

/// Takes what chargers gave as the reason for being out of work, in order of time for each charger: first what came with
/// a status, then what they observed.
pub(super) fn reasons(
    db: &Connection,
    station: Option<StationKey>,
    within: Span,
    take: &mut dyn FnMut(StationKey, Outlet, At, FaultClass),
) -> Result<(), rusqlite::Error> {
    let told = "SELECT charger_id, at_ms, evse, connector, error, vendor_error FROM status_report INDEXED BY status_report_error
         WHERE status IN ('Faulted', 'Unavailable') AND coalesce(error, vendor_error) IS NOT NULL";
    let observed =
        "SELECT charger_id, at_ms, evse, connector, NULL, code FROM observation_row INDEXED BY observation_with_code
         WHERE code IS NOT NULL";
    for select in [told, observed] {
        let sql =
            format!("{select} AND {} AND at_ms < ?2 AND at_ms >= ?3 ORDER BY charger_id, at_ms", of_station(station));
        let mut select = db.prepare_cached(&sql)?;
        let mut rows = select.query(values(station, within))?;
        while let Some(row) = rows.next()? {
            let outlet = Outlet::new(row.get(2)?, row.get(3)?);
            take(StationKey(row.get(0)?), outlet, At::from_millis(row.get(1)?), class(row)?);
        }
    }
    Ok(())
}

fn class(row: &Row<'_>) -> Result<FaultClass, rusqlite::Error> {
    Ok(fault::classify(text(row.get_ref(4)?), text(row.get_ref(5)?)))
}

fn text(value: ValueRef<'_>) -> Option<&str> {
    value.as_str_or_null().ok().flatten()
}

/// The condition on the charger; its parameter is there either way.
const fn of_station(station: Option<StationKey>) -> &'static str {
    if station.is_some() { "charger_id = ?1" } else { "?1 IS NULL" }
}

const fn values(station: Option<StationKey>, within: Span) -> [Option<i64>; 3] {
    let station = match station {
        Some(station) => Some(station.0),
        None => None,
    };
    [station, Some(within.until.millis()), Some(within.from.millis())]
}
