//! What changed since a position, as it stands now: places of the outbox become facts.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, Row, params};

use super::recall::SqliteReader;
use super::rows::{self, SESSION};
use super::{outbox, past, series, timeline};
use crate::domain::energy::Milli;
use crate::domain::ids::{ChargerId, Outlet, SessionId};
use crate::domain::reading::Flags;
use crate::domain::telemetry::Measure;
use crate::domain::time::At;
use crate::store::StoreError;
use crate::store::telemetry::{
    Behind, Fact, MinuteFact, MovedFact, Noted, PastPlace, PastReading, Place, ReadingFact, Rolled, SeriesFilter,
    SessionFact, SinkPosition, StateFact, Telemetry,
};

/// A change of availability may have changed what is told of sessions that began up to so long before: 7 days.
const SESSION_REACH_MS: i64 = 7 * 86_400_000;

/// More names than this are not kept in memory.
const MOST_NAMES: usize = 200_000;

/// Names that are looked up often.
#[derive(Default)]
pub(super) struct Names {
    chargers: HashMap<i64, ChargerId>,
    measures: HashMap<i64, Option<Measure>>,
}

/// An entry of the outbox.
struct Entry {
    seq: i64,
    what: i64,
    station: i64,
    outlet: Outlet,
    at: i64,
    until: Option<i64>,
    session: Option<i32>,
}

impl Entry {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            seq: row.get(0)?,
            what: row.get(1)?,
            station: row.get(2)?,
            outlet: Outlet::new(row.get(3)?, row.get(4)?),
            at: row.get(5)?,
            until: row.get(6)?,
            session: row.get(7)?,
        })
    }
}

/// What was told already.
#[derive(PartialEq, Eq, Hash)]
enum Told {
    Reading(i64, Outlet, i64),
    Session(i32),
    State(i64, Outlet, i64),
}

impl SqliteReader {
    pub(super) fn charger(&mut self, station: i64) -> Result<ChargerId, rusqlite::Error> {
        if let Some(charger) = self.names.chargers.get(&station) {
            return Ok(charger.clone());
        }
        let mut select = self.db.prepare_cached("SELECT charger FROM charger_row WHERE id = ?")?;
        let charger = ChargerId::new(select.query_row([station], |row| row.get::<_, String>(0))?);
        if self.names.chargers.len() >= MOST_NAMES {
            self.names.chargers.clear();
        }
        self.names.chargers.insert(station, charger.clone());
        Ok(charger)
    }

    /// The measure of a kind of reading, whatever is odd about the reading itself.
    fn measure(&mut self, kind: i64) -> Result<Option<Measure>, rusqlite::Error> {
        if let Some(measure) = self.names.measures.get(&kind) {
            return Ok(*measure);
        }
        let mut select = self
            .db
            .prepare_cached("SELECT measurand, phase, location, context, unit FROM reading_kind WHERE id = ?")?;
        let kinds = select.query_row([kind], |row| rows::kind(row, 0))?;
        let measure = Measure::of(&kinds, Flags::default());
        if self.names.measures.len() >= MOST_NAMES {
            self.names.measures.clear();
        }
        self.names.measures.insert(kind, measure);
        Ok(measure)
    }

    /// The usable readings of an instant, one for each measure: of several the greatest.
    pub(super) fn instant(
        &mut self,
        station: i64,
        outlet: Outlet,
        at: i64,
    ) -> Result<Option<ReadingFact>, rusqlite::Error> {
        let found: Vec<(i64, i64)> = self
            .db
            .prepare_cached(
                "SELECT kind_id, value_milli FROM reading_row
                 WHERE charger_id = ? AND evse = ? AND connector = ? AND at_ms = ? AND flags & 19 = 0",
            )?
            .query_map(params![station, outlet.evse, outlet.connector, at], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut values: Vec<(Measure, Milli)> = Vec::with_capacity(found.len());
        for (kind, value) in found {
            let Some(measure) = self.measure(kind)? else { continue };
            match values.iter_mut().find(|(known, _)| *known == measure) {
                Some((_, known)) => *known = (*known).max(Milli(value)),
                None => values.push((measure, Milli(value))),
            }
        }
        if values.is_empty() {
            return Ok(None);
        }
        values.sort_unstable_by_key(|(measure, _)| *measure);
        let place = Place { charger: self.charger(station)?, outlet };
        Ok(Some(ReadingFact { place, at: At::from_millis(at), values }))
    }

    /// A session with what the timeline says of it.
    pub(super) fn session_fact(&mut self, id: i32) -> Result<Option<SessionFact>, rusqlite::Error> {
        let sql = format!(
            "SELECT c.charger, s.charger_id, {SESSION} FROM session_row s JOIN charger_row c ON c.id = s.charger_id
             WHERE s.id = ?"
        );
        let found = self
            .db
            .prepare_cached(&sql)?
            .query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, rows::session(row, 2)?.0)))
            .optional()?;
        let Some((charger, station, row)) = found else { return Ok(None) };
        let (charging_s, idle_s) = match row.started_at.zip(row.ended_at) {
            Some((from, until)) => self.times(station, row.outlet, from.millis(), until.millis())?,
            None => (None, None),
        };
        Ok(Some(SessionFact { charger: ChargerId::new(charger), row, charging_s, idle_s }))
    }

    /// Seconds of charging and of being connected without it, as the timeline tells them.
    fn times(
        &self,
        station: i64,
        outlet: Outlet,
        from: i64,
        until: i64,
    ) -> Result<(Option<i64>, Option<i64>), rusqlite::Error> {
        let mut select = self.db.prepare_cached(
            "SELECT status, max(from_ms, ?4), min(coalesce(until_ms, ?5), ?5) FROM status_interval
             WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms < ?5
               AND from_ms >= coalesce((SELECT max(from_ms) FROM status_interval
                 WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms <= ?4), ?4)",
        )?;
        let mut rows = select.query(params![station, outlet.evse, outlet.connector, from, until])?;
        let (mut charging, mut idle, mut known) = (0, 0, false);
        while let Some(row) = rows.next()? {
            let (start, end): (i64, i64) = (row.get(1)?, row.get(2)?);
            let into = match row.get::<_, Option<String>>(0)?.as_deref() {
                Some("Charging") => &mut charging,
                Some("SuspendedEV" | "SuspendedEVSE" | "Finishing") => &mut idle,
                Some(_) | None => continue,
            };
            known = true;
            *into += (end - start).max(0);
        }
        Ok((known.then_some(charging / 1000), known.then_some(idle / 1000)))
    }

    /// What the availability was at an instant.
    pub(super) fn state_at(
        &mut self,
        station: i64,
        outlet: Outlet,
        at: i64,
    ) -> Result<Option<StateFact>, rusqlite::Error> {
        let interval = self
            .db
            .prepare_cached(
                "SELECT from_ms, until_ms, state, status, cause, frame_id FROM status_interval
                 WHERE charger_id = ? AND evse = ? AND connector = ? AND from_ms <= ? ORDER BY from_ms DESC LIMIT 1",
            )?
            .query_row(params![station, outlet.evse, outlet.connector, at], |row| timeline::read(row, 0))
            .optional()?;
        let at = At::from_millis(at);
        let Some(interval) = interval.filter(|interval| interval.contains(at)) else { return Ok(None) };
        Ok(Some(StateFact { place: Place { charger: self.charger(station)?, outlet }, at, interval }))
    }

    /// Sessions of a connector that a change of availability in `[at, until)` may bear on.
    fn sessions_near(&self, entry: &Entry) -> Result<Vec<i32>, rusqlite::Error> {
        let mut select = self.db.prepare_cached(
            "SELECT id FROM session_row WHERE charger_id = ? AND started_ms >= ? AND started_ms < ? AND evse = ?
               AND connector = ? AND ended_ms > ? AND id > 0 ORDER BY started_ms LIMIT 50",
        )?;
        let (from, until) = (entry.at.saturating_sub(SESSION_REACH_MS), entry.until.unwrap_or(i64::MAX));
        let values = params![entry.station, from, until, entry.outlet.evse, entry.outlet.connector, entry.at];
        select.query_map(values, |row| row.get(0))?.collect()
    }

    fn facts(&mut self, entry: &Entry, told: &mut HashSet<Told>) -> Result<Vec<Fact>, rusqlite::Error> {
        let (station, outlet, at) = (entry.station, entry.outlet, entry.at);
        let mut facts = Vec::new();
        match entry.what {
            outbox::READING if told.insert(Told::Reading(station, outlet, at)) => {
                facts.extend(self.instant(station, outlet, at)?.map(Fact::Reading));
            }
            outbox::SESSION => facts.extend(self.told_session(entry.session.unwrap_or(0), told)?),
            outbox::STATE => {
                if told.insert(Told::State(station, outlet, at)) {
                    facts.extend(self.state_at(station, outlet, at)?.map(Fact::State));
                }
                for id in self.sessions_near(entry)? {
                    facts.extend(self.told_session(id, told)?);
                }
            }
            outbox::MOVED => {
                let place = Place { charger: self.charger(station)?, outlet };
                let session = SessionId(entry.session.unwrap_or(0));
                facts.push(Fact::Moved(MovedFact { place, began: At::from_millis(at), session }));
            }
            _ => {}
        }
        Ok(facts)
    }

    fn told_session(&mut self, id: i32, told: &mut HashSet<Told>) -> Result<Option<Fact>, rusqlite::Error> {
        if !told.insert(Told::Session(id)) {
            return Ok(None);
        }
        Ok(self.session_fact(id)?.map(Box::new).map(Fact::Session))
    }
}

impl Telemetry for SqliteReader {
    fn newest_change(&mut self) -> Result<i64, StoreError> {
        let mut newest = self.db.prepare_cached("SELECT max(seq) FROM outbox")?;
        Ok(newest.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
    }

    fn changes(&mut self, after: i64, until: i64, limit: usize) -> Result<Vec<Noted>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let entries: Vec<Entry> = self
            .db
            .prepare_cached(
                "SELECT seq, what, charger_id, evse, connector, at_ms, until_ms, session_id FROM outbox
                 WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            )?
            .query_map(params![after, until, limit], Entry::read)?
            .collect::<Result<_, _>>()?;
        let mut told = HashSet::new();
        let mut noted = Vec::with_capacity(entries.len());
        for entry in &entries {
            noted.push(Noted { seq: entry.seq, facts: self.facts(entry, &mut told)? });
        }
        Ok(noted)
    }

    fn behind(&mut self, after: i64, until: i64) -> Result<Behind, StoreError> {
        let mut select =
            self.db.prepare_cached("SELECT noted_ms FROM outbox WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 1")?;
        let oldest: Option<i64> = select.query_row(params![after, until], |row| row.get(0)).optional()?;
        let rows = if oldest.is_some() { (until - after).max(0) } else { 0 };
        Ok(Behind { rows, oldest: oldest.map(At::from_millis) })
    }

    fn position(&mut self, sink: &str) -> Result<Option<SinkPosition>, StoreError> {
        Ok(outbox::position(&self.db, sink)?)
    }

    fn minutes(&mut self, from: i64, until: i64) -> Result<Vec<MinuteFact>, StoreError> {
        Ok(series::minutes(self, from, until)?)
    }

    fn rolled(&mut self, filter: &SeriesFilter, take: &mut dyn FnMut(Rolled)) -> Result<(), StoreError> {
        Ok(series::rolled(self, filter, take)?)
    }

    fn charger_ids(&mut self) -> Result<Vec<(i64, ChargerId)>, StoreError> {
        let mut select = self.db.prepare_cached("SELECT id, charger FROM charger_row")?;
        let found = select.query_map([], |row| Ok((row.get(0)?, ChargerId::new(row.get::<_, String>(1)?))))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn past_instants(
        &mut self,
        from: At,
        until: At,
        after: PastPlace,
        limit: usize,
    ) -> Result<(Vec<ReadingFact>, Option<PastPlace>), StoreError> {
        Ok(past::instants(self, (from, until), after, limit)?)
    }

    fn past_readings(
        &mut self,
        from: At,
        until: At,
        after: PastPlace,
        limit: usize,
    ) -> Result<(Vec<PastReading>, Option<PastPlace>), StoreError> {
        Ok(past::readings(self, (from, until), after, limit)?)
    }

    fn past_sessions(
        &mut self,
        from: At,
        until: At,
        after: SessionId,
        limit: usize,
    ) -> Result<Vec<SessionFact>, StoreError> {
        Ok(past::sessions(self, (from, until), after, limit)?)
    }

    fn past_states(
        &mut self,
        from: At,
        until: At,
        after: PastPlace,
        limit: usize,
    ) -> Result<(Vec<StateFact>, Option<PastPlace>), StoreError> {
        Ok(past::states(self, (from, until), after, limit)?)
    }

    fn connectors_until(&mut self, place: PastPlace) -> Result<(u64, u64), StoreError> {
        Ok(past::connectors_until(self, place)?)
    }
}
