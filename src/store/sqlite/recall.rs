//! What station machines begin with and ask for.

use rusqlite::{Connection, OptionalExtension, Params, params};

use super::feed::Names;
use super::persons::FORGOTTEN;
use super::rows::{self, BOOT, BOOT_WIDTH, CONNECTOR, SESSION};
use crate::domain::energy::{Milli, MilliWh};
use crate::domain::ids::{ChargerId, Outlet, SessionId, StationKey};
use crate::domain::memory::{Known, Question, StationMemory};
use crate::domain::meter::BEARING;
use crate::domain::reading::{Flags, Sample};
use crate::domain::record::SessionRow;
use crate::domain::security::Profile;
use crate::domain::time::{At, ChargerTime};
use crate::domain::token::TokenHash;
use crate::store::StoreError;
use crate::store::archive::Archive;
use crate::store::backend::Reader;
use crate::store::telemetry::Telemetry;

/// How many sessions that are over a machine begins with.
const REMEMBERED: usize = 16;

/// At most so many readings of one session are reckoned with anew.
const MOST_READINGS: usize = 200_000;

/// A reader with a connection of its own.
pub(in crate::store) struct SqliteReader {
    pub(super) db: Connection,
    pub(super) names: Names,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Read(error.to_string())
    }
}

impl SqliteReader {
    pub(super) fn new(db: Connection) -> Self {
        Self { db, names: Names::default() }
    }

    /// Reads one state of the ledger, whatever is written meanwhile.
    pub(in crate::store) fn one_state<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.db.execute_batch("BEGIN")?;
        let found = read(self);
        self.db.execute_batch("ROLLBACK")?;
        found
    }

    /// The first session of a query over `session_row s`.
    fn one_session(&self, rest: &str, values: impl Params) -> Result<Option<Box<SessionRow>>, StoreError> {
        let sql = format!("SELECT {SESSION} FROM session_row s {rest} LIMIT 1");
        let found = self.db.prepare_cached(&sql)?.query_row(values, |row| rows::session(row, 0)).optional()?;
        Ok(found.map(|(session, _)| Box::new(session)))
    }

    /// Open sessions and the newest others, oldest first; and whether that is all. Imported sessions (their numbers are
    /// below 0) are no business of a machine, here and in its questions.
    fn remembered(&self, key: StationKey) -> Result<(Vec<SessionRow>, bool), StoreError> {
        // A token that was forgotten may be any.
        let forgotten = format!("CASE WHEN s.token_forgotten_ms IS NULL THEN s.token ELSE '{FORGOTTEN}' END AS token");
        let columns = SESSION.replace("s.token", &forgotten);
        let sql = format!(
            "SELECT {columns} FROM session_row s WHERE s.charger_id = ?1 AND s.state = 'active'
             UNION ALL SELECT * FROM (SELECT {columns} FROM session_row s
               WHERE s.charger_id = ?1 AND s.state <> 'active' AND s.id > 0 ORDER BY s.id DESC LIMIT ?2)"
        );
        let limit = i64::try_from(REMEMBERED + 1).unwrap_or(i64::MAX);
        let mut select = self.db.prepare_cached(&sql)?;
        let found: Result<Vec<_>, _> = select.query_map(params![key.0, limit], |row| rows::session(row, 0))?.collect();
        let mut sessions: Vec<_> = found?.into_iter().map(|(session, _)| session).collect();
        sessions.sort_by_key(|session| session.id);
        let over = |session: &&SessionRow| session.state != crate::domain::record::SessionState::Active;
        let complete = sessions.iter().filter(over).count() <= REMEMBERED;
        Ok((sessions, complete))
    }

    /// The readings of a session that bear on its energy.
    fn meter_history(&self, station: StationKey, id: SessionId) -> Result<Vec<Sample>, StoreError> {
        let Some(session) = self.one_session("WHERE s.id = ?1 AND s.charger_id = ?2", params![id.0, station.0])? else {
            return Ok(Vec::new());
        };
        let bearing = BEARING.map(|name| format!("'{name}'")).join(",");
        let sql = format!(
            "SELECT r.at_ms, r.value_milli, r.flags, k.measurand, k.phase, k.location, k.context, k.unit
             FROM reading_row r JOIN reading_kind k ON k.id = r.kind_id
             WHERE r.charger_id = ? AND r.evse = ? AND r.connector = ? AND r.session_id = ? AND k.measurand IN ({bearing})
               AND NOT r.flags & ? ORDER BY r.at_ms LIMIT ?"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let Outlet { evse, connector } = session.outlet;
        let limit = i64::try_from(MOST_READINGS).unwrap_or(i64::MAX);
        let values = params![station.0, evse, connector, id.0, Flags::TEXT_ONLY.0, limit];
        let samples = select.query_map(values, |row| {
            Ok(Sample {
                at: ChargerTime::said(At::from_millis(row.get(0)?)),
                value: Some(Milli(row.get(1)?)),
                flags: Flags(row.get(2)?),
                kind: rows::kind(row, 3)?,
                text: None,
            })
        })?;
        Ok(samples.collect::<Result<_, _>>()?)
    }

    /// The sessions of a token that run, at whatever charger.
    fn running_of(&self, token: &TokenHash) -> Result<Vec<SessionId>, StoreError> {
        let sql = "SELECT id FROM session_row WHERE token = ? AND state = 'active' ORDER BY id";
        let mut select = self.db.prepare_cached(sql)?;
        let ids = select.query_map([token.as_str()], |row| row.get(0).map(SessionId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    fn next_report(&self, station: StationKey, outlet: Outlet, after: At) -> Result<Option<At>, StoreError> {
        let mut select = self.db.prepare_cached(
            "SELECT min(at_ms) FROM status_report WHERE charger_id = ? AND evse = ? AND connector = ? AND at_ms > ?",
        )?;
        let values = params![station.0, outlet.evse, outlet.connector, after.millis()];
        let found: Option<i64> = select.query_row(values, |row| row.get(0))?;
        Ok(found.map(At::from_millis))
    }
}

impl Reader for SqliteReader {
    fn recall(&mut self, key: StationKey) -> Result<StationMemory, StoreError> {
        let sql = format!(
            "SELECT {BOOT}, c.charger, c.heard_ms, c.booted_ms, c.protocol, c.profile FROM charger_row c WHERE c.id = ?"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let (boot, charger, heard, booted, protocol, profile) = select.query_row([key.0], |row| {
            let charger: String = row.get(BOOT_WIDTH)?;
            let heard: Option<i64> = row.get(BOOT_WIDTH + 1)?;
            let booted: Option<i64> = row.get(BOOT_WIDTH + 2)?;
            let protocol: Option<String> = row.get(BOOT_WIDTH + 3)?;
            let profile: Option<i64> = row.get(BOOT_WIDTH + 4)?;
            Ok((rows::boot(row, 0)?, charger, heard, booted, protocol, profile))
        })?;
        let sql = format!("SELECT {CONNECTOR} FROM connector_row WHERE charger_id = ?");
        let mut select = self.db.prepare_cached(&sql)?;
        let connectors = select.query_map([key.0], rows::connector)?.collect::<Result<_, _>>()?;
        let (sessions, complete) = self.remembered(key)?;
        Ok(StationMemory {
            key,
            charger: ChargerId::new(charger),
            boot: booted.map(|_| boot),
            connectors,
            sessions,
            complete,
            last_heard: heard.map(At::from_millis),
            protocol: protocol.map(String::into_boxed_str),
            profile: profile.and_then(Profile::of_number),
        })
    }

    fn reply(&mut self, station: StationKey, question: &Question) -> Result<Known, StoreError> {
        let energy = |energy: &Option<MilliWh>| energy.map(|energy| energy.0);
        let found = match question {
            Question::StartedBefore { outlet, at, register, token } => self.one_session(
                "WHERE s.charger_id = ? AND s.start_said_ms = ? AND s.evse = ? AND s.connector = ?
                   AND s.meter_start_mwh IS ? AND (s.token IS ? OR s.token_forgotten_ms IS NOT NULL) AND s.state <> 'orphan'",
                params![
                    station.0,
                    at.millis(),
                    outlet.evse,
                    outlet.connector,
                    energy(register),
                    token.as_ref().map(TokenHash::as_str)
                ],
            )?,
            Question::StoppedBefore { at, register } => self.one_session(
                "WHERE s.charger_id = ? AND s.end_said_ms = ? AND s.meter_stop_mwh IS ?",
                params![station.0, at.millis(), energy(register)],
            )?,
            Question::Transaction(id) => self.one_session(
                "WHERE s.charger_id = ? AND s.transaction_id = ? AND s.id > 0 ORDER BY s.id DESC",
                params![station.0, &*id.0],
            )?,
            Question::RunningAt(outlet, at) => self.one_session(
                "WHERE s.charger_id = ?1 AND s.evse = ?2 AND s.connector = ?3 AND s.started_ms <= ?4
                   AND (s.ended_ms IS NULL OR s.ended_ms >= ?4) AND s.id > 0 ORDER BY s.started_ms DESC",
                params![station.0, outlet.evse, outlet.connector, at.millis()],
            )?,
            Question::MeterHistory(id) => return Ok(Known::MeterHistory(*id, self.meter_history(station, *id)?)),
            Question::NextReport(outlet, after) => {
                let found = self.next_report(station, *outlet, *after)?;
                return Ok(Known::NextReport { outlet: *outlet, after: *after, found });
            }
            Question::RunningOf(token) => return Ok(Known::RunningOf(token.clone(), self.running_of(token)?)),
        };
        Ok(Known::Session { to: question.clone(), found })
    }

    fn as_archive(&mut self) -> &mut dyn Archive {
        self
    }

    fn as_telemetry(&mut self) -> &mut dyn Telemetry {
        self
    }
}
