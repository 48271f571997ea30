//! The outbox: what changed, noted in the transaction that changes it, for whoever sends telemetry; and how far they are.
//!
//! An entry is a place, not a value. Readings are one entry an instant; a session is noted when it begins, ends or is
//! revised, and at most every quarter of an hour while it runs; a piece of availability is noted where it begins, and
//! wherever painting it took another one away.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::timeline::Touched;
use crate::domain::ids::{Outlet, SessionId, StationKey};
use crate::domain::record::{ReadingRow, SessionRow, SessionState};
use crate::domain::time::At;
use crate::store::telemetry::{DeadLetter, Keeping, SinkPosition, Track};

/// Kinds of entries, as they stand in the ledger.
pub(super) const READING: i64 = 1;
pub(super) const SESSION: i64 = 2;
pub(super) const STATE: i64 = 3;
pub(super) const MOVED: i64 = 4;

/// A running session is noted at most so often: 15 minutes.
const SESSION_PAUSE_MS: i64 = 15 * 60 * 1000;

/// Sessions whose place is kept in memory.
const MOST_SESSIONS: usize = 200_000;

/// Dead letters that are kept.
const MOST_DEAD: i64 = 10_000;

/// What a session was when it was noted last.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stand {
    outlet: Outlet,
    began: i64,
    noted: i64,
}

/// Notes changes, where a sink is configured.
#[derive(Default)]
pub(super) struct Outbox {
    is_on: bool,
    noted: i64,
    instant: Option<(StationKey, Outlet, At)>,
    sessions: HashMap<SessionId, Stand>,
}

impl Outbox {
    pub(super) fn new(keeping: &Keeping) -> Self {
        Self { is_on: keeping.outbox, ..Self::default() }
    }

    /// A record begins that was received at this time, if a frame caused it.
    pub(super) fn begin_record(&mut self, received: Option<At>) {
        self.instant = None;
        self.noted = self.noted.max(received.map_or(0, At::millis));
    }

    /// A reading that was just written.
    pub(super) fn reading(
        &mut self,
        db: &Connection,
        key: StationKey,
        row: &ReadingRow,
    ) -> Result<(), rusqlite::Error> {
        let instant = (key, row.outlet, row.at);
        if !self.is_on || self.instant == Some(instant) {
            return Ok(());
        }
        self.instant = Some(instant);
        self.note(db, READING, key, row.outlet, row.at.millis(), None, None)
    }

    /// Readings of an instant that came to a connector or left it.
    pub(super) fn instant_changed(
        &self,
        db: &Connection,
        key: StationKey,
        outlet: Outlet,
        at: i64,
    ) -> Result<(), rusqlite::Error> {
        if self.is_on { self.note(db, READING, key, outlet, at, None, None) } else { Ok(()) }
    }

    /// A session that is about to be written.
    pub(super) fn session(
        &mut self,
        db: &Connection,
        key: StationKey,
        row: &SessionRow,
    ) -> Result<(), rusqlite::Error> {
        if !self.is_on {
            return Ok(());
        }
        let began = row.started_at.unwrap_or(row.received_at).millis();
        let now = Stand { outlet: row.outlet, began, noted: self.noted };
        let before = match self.sessions.get(&row.id) {
            Some(stand) => Some(*stand),
            None => standing(db, row.id)?,
        };
        let is_same = before.is_some_and(|before| (before.outlet, before.began) == (now.outlet, now.began));
        if row.state == SessionState::Active {
            if is_same && before.is_some_and(|before| self.noted - before.noted < SESSION_PAUSE_MS) {
                return Ok(());
            }
            if self.sessions.len() >= MOST_SESSIONS {
                self.sessions.clear();
            }
            self.sessions.insert(row.id, now);
        } else {
            self.sessions.remove(&row.id);
        }
        if let Some(before) = before.filter(|_| !is_same) {
            self.note(db, MOVED, key, before.outlet, before.began, None, Some(row.id))?;
        }
        self.note(db, SESSION, key, row.outlet, began, None, Some(row.id))
    }

    /// Availability that was just painted.
    pub(super) fn painted(
        &mut self,
        db: &Connection,
        key: StationKey,
        outlet: Outlet,
        touched: &Touched,
    ) -> Result<(), rusqlite::Error> {
        if !self.is_on {
            return Ok(());
        }
        for (index, at) in touched.instants.iter().enumerate() {
            let until = if index == 0 { touched.until } else { Some(*at) };
            self.note(db, STATE, key, outlet, *at, until, None)?;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "one for each column")]
    fn note(
        &self,
        db: &Connection,
        what: i64,
        key: StationKey,
        outlet: Outlet,
        at: i64,
        until: Option<i64>,
        session: Option<SessionId>,
    ) -> Result<(), rusqlite::Error> {
        let mut insert = db.prepare_cached(
            "INSERT INTO outbox (what, noted_ms, charger_id, evse, connector, at_ms, until_ms, session_id)
             VALUES (?,?,?,?,?,?,?,?)",
        )?;
        let session = session.map(|id| id.0);
        insert.execute(params![what, self.noted, key.0, outlet.evse, outlet.connector, at, until, session])?;
        Ok(())
    }

    /// All connectors became unknown at or after `from`, outside of any record.
    pub(super) fn all_unknown_since(&mut self, db: &Connection, from: i64, now: i64) -> Result<(), rusqlite::Error> {
        if !self.is_on {
            return Ok(());
        }
        self.noted = self.noted.max(now);
        db.execute(
            "INSERT INTO outbox (what, noted_ms, charger_id, evse, connector, at_ms, until_ms)
             SELECT ?1, ?2, charger_id, evse, connector, from_ms, from_ms FROM status_interval
             WHERE until_ms IS NULL AND state = 'UNKNOWN' AND cause IN ('our_outage', 'link') AND from_ms >= ?3",
            params![STATE, self.noted, from],
        )?;
        Ok(())
    }

    /// The batch was undone.
    pub(super) fn roll_back(&mut self) {
        self.sessions.clear();
    }
}

/// Where a session stands in the ledger.
fn standing(db: &Connection, id: SessionId) -> Result<Option<Stand>, rusqlite::Error> {
    let mut select = db.prepare_cached("SELECT evse, connector, began_ms FROM session_row WHERE id = ?")?;
    let stand = |row: &rusqlite::Row<'_>| {
        Ok(Stand { outlet: Outlet::new(row.get(0)?, row.get(1)?), began: row.get(2)?, noted: 0 })
    };
    select.query_row([id.0], stand).optional()
}

/// Whether any sink has a position in this ledger.
pub(super) fn is_awaited(db: &Connection) -> Result<bool, rusqlite::Error> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM sink_position)", [], |row| row.get(0))
}

/// How far a sink has come.
pub(super) fn position(db: &Connection, sink: &str) -> Result<Option<SinkPosition>, rusqlite::Error> {
    let track = |row: &rusqlite::Row<'_>, first: usize| {
        let gap = row.get::<_, Option<i64>>(first + 1)?.zip(row.get::<_, Option<i64>>(first + 2)?);
        Ok::<_, rusqlite::Error>(Track { live: row.get(first)?, gap })
    };
    let mut select = db.prepare_cached(
        "SELECT schema, change_live, change_gap_from, change_gap_until, minute_live, minute_gap_from, minute_gap_until
         FROM sink_position WHERE sink = ?",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(SinkPosition { schema: row.get(0)?, changes: track(row, 1)?, minutes: track(row, 4)? })
    };
    select.query_row([sink], read).optional()
}

/// Moves a sink's position, and keeps what was refused on the way.
pub(super) fn advance(
    db: &Connection,
    sink: &str,
    position: &SinkPosition,
    dead: &[DeadLetter],
    now: At,
) -> Result<(), rusqlite::Error> {
    let (changes, minutes) = (position.changes, position.minutes);
    let ends = |track: Track| (track.gap.map(|gap| gap.0), track.gap.map(|gap| gap.1));
    let ((change_from, change_until), (minute_from, minute_until)) = (ends(changes), ends(minutes));
    db.prepare_cached("INSERT OR REPLACE INTO sink_position VALUES (?,?,?,?,?,?,?,?)")?.execute(params![
        sink,
        position.schema,
        changes.live,
        change_from,
        change_until,
        minutes.live,
        minute_from,
        minute_until
    ])?;
    for letter in dead {
        db.prepare_cached("INSERT INTO dead_letter_row (sink, at_ms, line, reason) VALUES (?,?,?,?)")?
            .execute(params![sink, now.millis(), letter.line, letter.reason])?;
    }
    if !dead.is_empty() {
        db.execute("DELETE FROM dead_letter_row WHERE id <= (SELECT max(id) FROM dead_letter_row) - ?", [MOST_DEAD])?;
    }
    Ok(())
}
