//! Writing what connectors report of themselves.

use rusqlite::{Connection, params};

use super::rows::word;
use crate::domain::ids::StationKey;
use crate::domain::record::{ConnectorNow, StatusEvidence};

/// Writes a status message as evidence.
pub(super) fn evidence(
    db: &Connection,
    key: StationKey,
    frame: Option<i64>,
    row: &StatusEvidence,
) -> Result<(), rusqlite::Error> {
    let mut insert = db.prepare_cached(
        "INSERT INTO status_report (charger_id, evse, connector, at_ms, status, error, info, vendor_error, frame_id)
         VALUES (?,?,?,?,?,?,?,?,?)",
    )?;
    insert.execute(params![
        key.0,
        row.outlet.evse,
        row.outlet.connector,
        row.at.millis(),
        row.status.as_str(),
        word(&row.error),
        row.info,
        row.vendor_error,
        frame
    ])?;
    Ok(())
}

/// Writes a connector's present.
pub(super) fn connector(db: &Connection, key: StationKey, now: &ConnectorNow) -> Result<(), rusqlite::Error> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO connector_row (charger_id, evse, connector, status, since_ms, error, vendor_error, info)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8)
         ON CONFLICT DO UPDATE SET status = ?4, since_ms = ?5, error = ?6, vendor_error = ?7, info = ?8,
           changes = changes + (status <> ?4)",
    )?;
    upsert.execute(params![
        key.0,
        now.outlet.evse,
        now.outlet.connector,
        now.status.as_str(),
        now.since.millis(),
        word(&now.error),
        now.vendor_error,
        now.info
    ])?;
    Ok(())
}
