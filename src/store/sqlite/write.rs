//! Writing: the rows of records, within the transaction of their batch.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::conformance::Conformance;
use super::figures::{self, Marks};
use super::keep::{Sweeper, Swept};
use super::outbox::{self, Outbox};
use super::rollup::Rollups;
use super::rows::bind_session;
use super::{attempts, persons, quality, security, status, timeline};
use crate::config::store::StoreSettings;
use crate::domain::ids::{ChargerId, SessionId, StationKey};
use crate::domain::reading::ReadingKind;
use crate::domain::record::{Change, FrameRow, ReadingRow, SessionRow};
use crate::domain::stay::GRACE_MS;
use crate::domain::time::At;
use crate::store::StoreError;
use crate::store::archive::HandshakeRow;
use crate::store::backend::{Backend, Rows, WriteError};
use crate::store::figures::Keeping;
use crate::store::telemetry::{DeadLetter, Keeping as TelemetryKeeping, SinkPosition};

/// Frames removed at a time, so that the writer never stalls for long.
const SLICE: usize = 2000;

/// Deviations and observations live this many times as long as frames.
const DEVIATIONS_OUTLIVE: i64 = 12;

/// More kinds of readings than this are not kept in memory.
const MOST_KINDS: usize = 20_000;

/// The writing side of the ledger.
pub(in crate::store) struct SqliteBackend {
    pub(super) db: Connection,
    _lock: File,
    path: PathBuf,
    kinds: HashMap<ReadingKind, i64>,
    pub(super) heard: HashMap<StationKey, At>,
    pub(super) conformance: Conformance,
    frame_bytes: i64,
    keep_ms: i64,
    keep_bytes: i64,
    pub(super) rollups: Rollups,
    pub(super) outbox: Outbox,
    pub(super) marks: Marks,
    sweeper: Sweeper,
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory,
            ) => Self::Trouble(text),
            _ => Self::Refused(text),
        }
    }
}

impl SqliteBackend {
    pub(super) fn new(
        db: Connection,
        lock: File,
        path: PathBuf,
        settings: &StoreSettings,
        keeping: TelemetryKeeping,
    ) -> Result<Self, rusqlite::Error> {
        // Frames are about as long as the newest ones: a full sum would read the whole table at each start.
        let frame_bytes: i64 = db.query_row(
            "SELECT coalesce(CAST((SELECT avg(length(text)) FROM (SELECT text FROM frame_row ORDER BY id DESC LIMIT 500))
               AS INTEGER) * (SELECT max(id) - min(id) + 1 FROM frame_row), 0)",
            [],
            |row| row.get(0),
        )?;
        let marks = Marks::open(&db)?;
        Ok(Self {
            db,
            _lock: lock,
            path,
            kinds: HashMap::new(),
            heard: HashMap::new(),
            conformance: Conformance::default(),
            frame_bytes,
            keep_ms: i64::from(settings.frames_keep_days) * 24 * 3_600_000,
            keep_bytes: i64::try_from(settings.frames_max_mb).unwrap_or(i64::MAX).saturating_mul(1_000_000),
            rollups: Rollups::new(keeping.raw_ms),
            outbox: Outbox::new(&keeping),
            marks,
            sweeper: Sweeper::new(keeping),
        })
    }

    fn frame(&mut self, station: StationKey, frame: &FrameRow) -> Result<i64, WriteError> {
        self.hear(station, frame.received);
        let mut insert = self.db.prepare_cached(
            "INSERT INTO frame_row (charger_id, received_ms, action, text, reply, deviations) VALUES (?,?,?,?,?,?)",
        )?;
        let (received, action) = (frame.received.millis(), &frame.action);
        let id = insert.insert(params![
            station.0,
            received,
            action,
            frame.text,
            frame.reply,
            i64::try_from(frame.deviations.len()).unwrap_or(i64::MAX)
        ])?;
        self.frame_bytes += i64::try_from(frame.text.len()).unwrap_or(0);
        for deviation in &frame.deviations {
            let mut insert = self.db.prepare_cached(
                "INSERT INTO deviation_row (frame_id, charger_id, received_ms, action, rule, path, found)
                 VALUES (?,?,?,?,?,?,?)",
            )?;
            let rule = deviation.rule.as_str();
            insert.execute(params![id, station.0, received, action, rule, deviation.path, deviation.found])?;
        }
        Ok(id)
    }

    pub(super) fn hear(&mut self, station: StationKey, at: At) {
        let heard = self.heard.entry(station).or_insert(at);
        *heard = (*heard).max(at);
    }

    fn change(
        &mut self,
        key: StationKey,
        frame: Option<i64>,
        received: At,
        change: &Change,
    ) -> Result<Option<SessionId>, WriteError> {
        match change {
            Change::Booted { at, boot } => {
                self.conformance.forget_build(key);
                self.booted(key, *at, boot)?;
            }
            Change::StatusEvidence(row) => status::evidence(&self.db, key, frame, row)?,
            Change::ConnectorNow(now) => status::connector(&self.db, key, now)?,
            Change::Paint(paint) => {
                let touched = timeline::paint(&self.db, key, paint, frame)?;
                if let Some(first) = touched.instants.iter().min() {
                    self.marks.touch(key, *first, touched.until);
                }
                self.outbox.painted(&self.db, key, paint.outlet, &touched)?;
            }
            Change::Session(row) => {
                self.outbox.session(&self.db, key, row)?;
                let began = row.started_at.unwrap_or(row.received_at);
                let until = row.ended_at.max(row.last_reading_at).filter(|_| row.ended_at.is_some());
                self.marks.touch(key, began.millis(), until.map(|at| at.plus_millis(GRACE_MS).millis()));
                self.session(key, row)?;
            }
            Change::Reading(row) => return self.reading(key, received, row),
            Change::Contact(contact) => self.contact(key, contact)?,
            Change::Security { at, kind, info } => {
                let mut insert = self.db.prepare_cached(
                    "INSERT INTO security_event (charger_id, at_ms, kind, info, frame_id) VALUES (?,?,?,?,?)",
                )?;
                insert.execute(params![key.0, at.millis(), kind, info, frame])?;
                security::count(&self.db, kind)?;
            }
            Change::Progress { at, task, status } => {
                let mut insert = self.db.prepare_cached(
                    "INSERT INTO progress (charger_id, at_ms, task, status, frame_id) VALUES (?,?,?,?,?)",
                )?;
                insert.execute(params![key.0, at.millis(), task.as_str(), status.as_str(), frame])?;
            }
            Change::Report(row) => self.report(frame, row)?,
            Change::ReadingsMoved { session, from, to } => self.readings_moved(key, *session, *from, *to)?,
            Change::ConnectorGone(outlet) => self.forget_connector(key, *outlet)?,
            Change::Observed { at, outlet, what } => self.observed(key, frame, (*at, received), *outlet, what)?,
            Change::Variable(variable) => self.variable(key, received, variable)?,
            Change::Monitor(monitor) => self.monitor(key, received, monitor)?,
            Change::TokenChecked { at, accepted } => {
                self.marks.touch(key, at.millis(), Some(at.millis()));
                attempts::checked(&self.db, key, *at, *accepted)?;
            }
            Change::ClockAhead { at, ahead_ms } => quality::clock_ahead(&self.db, key, *at, *ahead_ms)?,
            Change::TokenInClear { token, clear } => persons::remember(&self.db, token, clear, received)?,
        }
        Ok(None)
    }

    fn session(&self, key: StationKey, row: &SessionRow) -> Result<(), rusqlite::Error> {
        let mut upsert = self.db.prepare_cached(
            "INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, started_ms,
               start_said_ms, ended_ms, end_said_ms, meter_start_mwh, meter_stop_mwh, energy_mwh, energy_quality, stop_reason,
               token, received_ms, first_register_ms, first_register_mwh, last_register_ms, last_register_mwh,
               last_reading_ms, report_seqs, flow_from_ms, flow_until_ms, peak_mw)
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27)
             ON CONFLICT (id) DO UPDATE SET evse = ?3, connector = ?4, transaction_id = ?5, state = ?6, began_ms = ?7,
               started_ms = ?8, start_said_ms = ?9, ended_ms = ?10, end_said_ms = ?11, meter_start_mwh = ?12,
               meter_stop_mwh = ?13, energy_mwh = ?14, energy_quality = ?15, stop_reason = ?16,
               token = CASE WHEN token_forgotten_ms IS NULL THEN ?17 END,
               received_ms = ?18, first_register_ms = ?19, first_register_mwh = ?20, last_register_ms = ?21,
               last_register_mwh = ?22, last_reading_ms = ?23, report_seqs = ?24,
               flow_from_ms = ?25, flow_until_ms = ?26, peak_mw = ?27
             WHERE charger_id = ?2",
        )?;
        bind_session(&mut upsert, key, row)
    }

    /// Writes a reading; names its session when it is a new row.
    fn reading(&mut self, key: StationKey, received: At, row: &ReadingRow) -> Result<Option<SessionId>, WriteError> {
        let kind = self.kind(&row.kind)?;
        let value = match (row.value, &row.text) {
            (Some(value), _) => value.0,
            (None, text) => text_key(text.as_deref().unwrap_or_default()),
        };
        let mut insert = self.db.prepare_cached(
            "INSERT OR IGNORE INTO reading_row (charger_id, evse, connector, at_ms, kind_id, value_milli, session_id,
               text, flags, received_ms) VALUES (?,?,?,?,?,?,?,?,?,?)",
        )?;
        let inserted = insert.execute(params![
            key.0,
            row.outlet.evse,
            row.outlet.connector,
            row.at.millis(),
            kind,
            value,
            row.session.map(|id| id.0),
            row.text,
            row.flags.0,
            received.millis()
        ])?;
        if inserted > 0 {
            self.marks.touch(key, row.at.millis(), Some(row.at.millis()));
            self.outbox.reading(&self.db, key, row)?;
            self.rollups.reading(&self.db, key, row, kind, received)?;
        }
        Ok(row.session.filter(|_| inserted > 0))
    }

    fn kind(&mut self, kind: &ReadingKind) -> Result<i64, rusqlite::Error> {
        if let Some(id) = self.kinds.get(kind) {
            return Ok(*id);
        }
        let values = params![
            kind.measurand.as_str(),
            kind.phase.as_str(),
            kind.location.as_str(),
            kind.context.as_str(),
            kind.unit.as_str()
        ];
        self.db
            .prepare_cached(
                "INSERT OR IGNORE INTO reading_kind (measurand, phase, location, context, unit) VALUES (?,?,?,?,?)",
            )?
            .execute(values)?;
        let id = self
            .db
            .prepare_cached(
                "SELECT id FROM reading_kind WHERE measurand = ? AND phase = ? AND location = ? AND context = ? AND unit = ?",
            )?
            .query_row(values, |row| row.get(0))?;
        if self.kinds.len() >= MOST_KINDS {
            self.kinds.clear();
        }
        self.kinds.insert(kind.clone(), id);
        Ok(id)
    }
}

/// Text-only readings are told apart by a hash of their text.
fn text_key(text: &str) -> i64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |key, byte| (key << 8) | i64::from(*byte))
}

impl Backend for SqliteBackend {
    fn begin(&mut self) -> Result<(), WriteError> {
        Ok(self.db.execute_batch("BEGIN IMMEDIATE")?)
    }

    fn apply(&mut self, rows: &Rows) -> Result<(), WriteError> {
        let frame = rows.frame.as_ref().map(|frame| self.frame(rows.station, frame)).transpose()?;
        let received = rows.frame.as_ref().map(|frame| frame.received);
        self.outbox.begin_record(received);
        let received = received.unwrap_or(At::from_millis(0));
        let mut counted: Option<(SessionId, i64)> = None;
        let mut counts = Vec::new();
        for change in &rows.changes {
            let Some(id) = self.change(rows.station, frame, received, change)? else { continue };
            match &mut counted {
                Some((of, count)) if *of == id => *count += 1,
                _ => counts.extend(counted.replace((id, 1))),
            }
        }
        if let (Some(id), Some(frame)) = (frame, &rows.frame) {
            let build = self.build(rows.station)?;
            self.conformance.count(build, rows.station, id, frame);
        }
        for (id, count) in counts.into_iter().chain(counted) {
            self.db
                .prepare_cached("UPDATE session_row SET reading_count = reading_count + ? WHERE id = ?")?
                .execute(params![count, id.0])?;
        }
        Ok(())
    }

    fn apply_handshake(&mut self, row: &HandshakeRow) -> Result<(), WriteError> {
        let mut insert = self.db.prepare_cached(
            "INSERT INTO handshake_row (at_ms, peer, charger, request, offered, outcome, status, remarks)
             VALUES (?,?,?,?,?,?,?,?)",
        )?;
        let charger = row.charger.as_ref().map(ChargerId::as_str);
        insert.execute(params![
            row.at.millis(),
            row.peer,
            charger,
            row.request,
            row.offered,
            row.outcome,
            row.status.unwrap_or_default(),
            row.remarks
        ])?;
        Ok(())
    }

    fn enroll(&mut self, charger: &ChargerId, now: At) -> Result<StationKey, WriteError> {
        let folded = charger.folded();
        let known = self
            .db
            .prepare_cached("SELECT id FROM charger_row WHERE folded = ?")?
            .query_row([&folded], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(StationKey(id));
        }
        let mut insert =
            self.db.prepare_cached("INSERT INTO charger_row (charger, folded, first_seen_ms) VALUES (?,?,?)")?;
        Ok(StationKey(insert.insert(params![charger.as_str(), folded, now.millis()])?))
    }

    fn mark_alive(&mut self, now: At, clean_end: bool) -> Result<(), WriteError> {
        self.db.execute(
            "UPDATE watch SET alive_ms = max(alive_ms, ?1), ended_cleanly = ?2 WHERE id = (SELECT max(id) FROM watch)",
            params![now.millis(), clean_end],
        )?;
        let mut update = self
            .db
            .prepare_cached("UPDATE charger_row SET heard_ms = max(coalesce(heard_ms, ?2), ?2) WHERE id = ?1")?;
        for (key, at) in &self.heard {
            update.execute(params![key.0, at.millis()])?;
        }
        drop(update);
        self.heard.clear();
        Ok(self.conformance.write(&self.db)?)
    }

    fn blame_link(&mut self, started: At) -> Result<(), WriteError> {
        timeline::blame_link(&self.db, started.millis())?;
        self.marks.touch_all(&self.db, started.millis())?;
        Ok(self.outbox.all_unknown_since(&self.db, started.millis(), started.millis())?)
    }

    fn advance(&mut self, sink: &str, position: &SinkPosition, dead: &[DeadLetter], now: At) -> Result<(), WriteError> {
        Ok(outbox::advance(&self.db, sink, position, dead, now)?)
    }

    fn about_to_keep(&mut self, until: At) {
        self.marks.reach(until);
    }

    fn keep_facts(&mut self, keeping: &Keeping) -> Result<(), WriteError> {
        Ok(figures::keep(&self.db, keeping)?)
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        self.rollups.flush(&self.db)?;
        self.marks.flush(&self.db)?;
        self.db.execute_batch("COMMIT")?;
        self.conformance.committed();
        Ok(())
    }

    fn roll_back(&mut self) {
        // After some errors SQLite has rolled back by itself; then there is nothing to undo.
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK").ok();
        }
        // Kinds that were made in the transaction are gone, and so is what was reckoned from its readings.
        self.kinds.clear();
        self.conformance.rolled_back();
        self.rollups.roll_back();
        self.outbox.roll_back();
        self.marks.roll_back();
    }

    fn sweep(&mut self, now: At) -> Result<Swept, WriteError> {
        Ok(self.sweeper.slice(&self.db, now)?)
    }

    fn forget_a_slice(&mut self, now: At) -> Result<bool, WriteError> {
        let oldest_kept = now.millis().saturating_sub(self.keep_ms);
        self.db.execute(
            "DELETE FROM handshake_row WHERE id IN (SELECT id FROM handshake_row ORDER BY id LIMIT ?1) AND at_ms < ?2",
            params![i64::try_from(SLICE).unwrap_or(i64::MAX), oldest_kept],
        )?;
        for table in ["deviation_row", "observation_row"] {
            let sql = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} ORDER BY id LIMIT ?1) AND received_ms < ?2"
            );
            let oldest_kept = now.millis().saturating_sub(self.keep_ms.saturating_mul(DEVIATIONS_OUTLIVE));
            self.db.execute(&sql, params![i64::try_from(SLICE).unwrap_or(i64::MAX), oldest_kept])?;
        }
        let surplus = self.frame_bytes > self.keep_bytes;
        // The newest frame always stays: row numbers are never given twice.
        let gone: (i64, i64) = self.db.query_row(
            "SELECT count(*), coalesce(max(id), 0) FROM (SELECT id, received_ms FROM frame_row
               WHERE id < (SELECT max(id) FROM frame_row) ORDER BY id LIMIT ?1) WHERE received_ms < ?2 OR ?3",
            params![i64::try_from(SLICE).unwrap_or(i64::MAX), oldest_kept, surplus],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        if gone.0 == 0 {
            return Ok(false);
        }
        let bytes: i64 = self.db.query_row(
            "SELECT coalesce(sum(length(text)), 0) FROM frame_row WHERE id <= ?",
            [gone.1],
            |row| row.get(0),
        )?;
        let removed = self.db.execute("DELETE FROM frame_row WHERE id <= ?", [gone.1])?;
        self.frame_bytes = (self.frame_bytes - bytes).max(0);
        Ok(removed >= SLICE)
    }

    fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.path).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn size_bytes(&self) -> u64 {
        let size = |suffix: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            std::fs::metadata(PathBuf::from(name)).map_or(0, |meta| meta.len())
        };
        size("") + size("-wal")
    }

    fn highest_session(&mut self) -> Result<SessionId, StoreError> {
        self.db
            .query_row("SELECT max(coalesce(max(id), 0), 0) FROM session_row", [], |row| row.get(0))
            .map(SessionId)
            .map_err(|error| StoreError::Read(error.to_string()))
    }
}
