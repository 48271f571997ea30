//! Readings that go to another connector: their roll-ups go with them, and telemetry is told of both places.

use rusqlite::params;

use super::write::SqliteBackend;
use crate::domain::ids::{Outlet, SessionId, StationKey};
use crate::store::backend::WriteError;

impl SqliteBackend {
    /// Moves the readings of a session, and everything that was made of them.
    pub(super) fn readings_moved(
        &mut self,
        key: StationKey,
        session: SessionId,
        from: Outlet,
        to: Outlet,
    ) -> Result<(), WriteError> {
        // What this batch has gathered so far belongs to where the readings still are.
        self.rollups.flush(&self.db)?;
        let instants: Vec<i64> = self
            .db
            .prepare_cached(
                "SELECT DISTINCT at_ms FROM reading_row
                 WHERE charger_id = ? AND evse = ? AND connector = ? AND session_id = ? ORDER BY at_ms",
            )?
            .query_map(params![key.0, from.evse, from.connector, session.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.move_readings(key, session, from, to)?;
        let (Some(first), Some(last)) = (instants.first(), instants.last()) else { return Ok(()) };
        for outlet in [from, to] {
            self.rollups.redo(&self.db, key, outlet, (*first, *last))?;
            for at in &instants {
                self.outbox.instant_changed(&self.db, key, outlet, *at)?;
            }
        }
        Ok(())
    }
}
