//! What reports are made from, and the facts that are kept of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, TimeDelta};
use rusqlite::{Connection, OptionalExtension, params};

use super::recall::SqliteReader;
use super::rollup::REGISTERS;
use super::rows::{self, BOOT, BOOT_WIDTH, SESSION};
use super::shelf::{DAY, MONTH};
use super::{attempts, faults, quality, timeline};
use crate::domain::availability::Interval;
use crate::domain::energy::Milli;
use crate::domain::exemption::{Exemption, ExemptionKind};
use crate::domain::fault::FaultClass;
use crate::domain::ids::{ChargerId, Outlet, StationKey};
use crate::domain::record::SessionRow;
use crate::domain::service::Facts;
use crate::domain::stay;
use crate::domain::time::{At, Span};
use crate::store::StoreError;
use crate::store::figures::{DayOfFrames, Detail, Figures, Keep, Keeping, Kept, Mark, Met, Take, Tries};

/// Where sessions reach, as in the index `session_by_reach`.
const REACH: &str = "max(coalesce(started_ms, 0), coalesce(ended_ms, 0), coalesce(last_reading_ms, 0))";

/// The sessions of charger `?1` of which something may lie in `[?2, ?3)`: each part by an index of its own.
static TOUCHING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT id FROM session_row WHERE charger_id = ?1 AND started_ms >= ?2 AND started_ms < ?3
         UNION ALL SELECT id FROM session_row INDEXED BY session_by_reach
           WHERE charger_id = ?1 AND state <> 'active' AND {REACH} > ?2 AND started_ms < ?2
         UNION ALL SELECT id FROM session_row INDEXED BY session_open
           WHERE charger_id = ?1 AND state = 'active' AND started_ms < ?2"
    )
});

impl Figures for SqliteReader {
    fn met(&mut self) -> Result<Vec<Met>, StoreError> {
        let mut outlets: HashMap<i64, Vec<Outlet>> = HashMap::new();
        // A timeline ends in an interval that lasts, unless all that is known of a place came late.
        let mut select = self.db.prepare_cached(
            "SELECT charger_id, evse, connector FROM status_interval INDEXED BY status_interval_open WHERE until_ms IS NULL
             UNION SELECT charger_id, evse, connector FROM connector_row",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            outlets.entry(row.get(0)?).or_default().push(Outlet::new(row.get(1)?, row.get(2)?));
        }
        let sql = format!("SELECT {BOOT}, c.id, c.charger, c.first_seen_ms FROM charger_row c ORDER BY c.id");
        let mut select = self.db.prepare_cached(&sql)?;
        // What was only imported never told of an outlet.
        let mut of_sessions =
            self.db.prepare_cached("SELECT DISTINCT evse, connector FROM session_row WHERE charger_id = ?")?;
        let found = select.query_map([], |row| {
            let key: i64 = row.get(BOOT_WIDTH)?;
            let mut outlets = outlets.remove(&key).unwrap_or_default();
            if outlets.is_empty() {
                let told = of_sessions.query_map([key], |row| Ok(Outlet::new(row.get(0)?, row.get(1)?)))?;
                outlets = told.collect::<Result<_, _>>()?;
            }
            outlets.sort_unstable();
            Ok(Met {
                key: StationKey(key),
                charger: ChargerId::new(row.get::<_, String>(BOOT_WIDTH + 1)?),
                boot: rows::boot(row, 0)?,
                first_seen: At::from_millis(row.get(BOOT_WIDTH + 2)?),
                outlets,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn timelines(
        &mut self,
        station: StationKey,
        outlets: &[Outlet],
        within: Span,
    ) -> Result<Vec<(Outlet, Vec<Interval>)>, StoreError> {
        // Only the interval that begins last before the stretch can reach into it.
        let mut select = self.db.prepare_cached(
            "SELECT from_ms, until_ms, state, status, cause, frame_id FROM status_interval
             WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms < ?5
               AND from_ms >= coalesce((SELECT max(from_ms) FROM status_interval
                 WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms <= ?4), ?4)
               AND (until_ms IS NULL OR until_ms > ?4)
             ORDER BY from_ms",
        )?;
        let mut found = Vec::with_capacity(outlets.len());
        for outlet in outlets {
            let (from, until) = (within.from.millis(), within.until.millis());
            let values = params![station.0, outlet.evse, outlet.connector, from, until];
            let line = select.query_map(values, |row| timeline::read(row, 0))?;
            found.push((*outlet, line.collect::<Result<_, _>>()?));
        }
        Ok(found)
    }

    fn idle(
        &mut self,
        station: Option<StationKey>,
        within: Span,
        take: &mut dyn FnMut(StationKey, Outlet, Interval),
    ) -> Result<(), StoreError> {
        Ok(faults::idle(&self.db, station, within, take)?)
    }

    fn reasons(
        &mut self,
        station: Option<StationKey>,
        within: Span,
        take: &mut dyn FnMut(StationKey, Outlet, At, FaultClass),
    ) -> Result<(), StoreError> {
        Ok(faults::reasons(&self.db, station, within, take)?)
    }

    fn tries(&mut self, station: StationKey, within: Span) -> Result<Tries, StoreError> {
        Ok(Tries {
            sessions: attempts::sessions(&self.db, station, within)?,
            plugs: attempts::plugs(&self.db, station, within)?,
            checks: attempts::checks(&self.db, station, within)?,
        })
    }

    fn charged(&mut self, station: StationKey, outlet: Outlet, within: Span) -> Result<Option<At>, StoreError> {
        Ok(attempts::charged(&self.db, station, outlet, within)?)
    }

    fn frames_by_day(&mut self, days: (i64, i64), take: &mut dyn FnMut(DayOfFrames)) -> Result<(), StoreError> {
        Ok(quality::frames(&self.db, days, take)?)
    }

    fn clocks(&mut self, until: At, take: &mut dyn FnMut(StationKey, At, i64)) -> Result<(), StoreError> {
        Ok(quality::clocks(&self.db, until, take)?)
    }

    fn sessions_started(&mut self, station: StationKey, within: Span) -> Result<Vec<SessionRow>, StoreError> {
        let sql = format!(
            "SELECT {SESSION} FROM session_row s WHERE s.charger_id = ? AND s.started_ms >= ? AND s.started_ms < ?
             ORDER BY s.started_ms, s.id"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let values = [station.0, within.from.millis(), within.until.millis()];
        let found = select.query_map(values, |row| rows::session(row, 0).map(|(session, _)| session))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn sessions_touching(&mut self, station: StationKey, within: Span) -> Result<Vec<SessionRow>, StoreError> {
        let touching = TOUCHING.as_str();
        let sql = format!("SELECT {SESSION} FROM session_row s WHERE s.id IN ({touching}) ORDER BY s.started_ms, s.id");
        let mut select = self.db.prepare_cached(&sql)?;
        let values = [station.0, within.from.millis(), within.until.millis()];
        let found = select.query_map(values, |row| rows::session(row, 0).map(|(session, _)| session))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn sessions_hull(&mut self, station: StationKey, within: Span) -> Result<Option<Span>, StoreError> {
        let touching = TOUCHING.as_str();
        let sql = format!("SELECT min(started_ms), max({REACH}) FROM session_row WHERE id IN ({touching})");
        let mut select = self.db.prepare_cached(&sql)?;
        let values = [station.0, within.from.millis(), within.until.millis()];
        let ends =
            select.query_row(values, |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?)))?;
        Ok(ends.map(|(from, until)| Span { from: At::from_millis(from), until: At::from_millis(until) }))
    }

    fn registers(&mut self, station: StationKey, session: &SessionRow) -> Result<Vec<(At, Milli)>, StoreError> {
        let Some((start, reach)) = session.started_at.zip(stay::reach(session)) else { return Ok(Vec::new()) };
        let mut select = self.db.prepare_cached(&format!(
            "SELECT at_ms, value_milli {REGISTERS} AND at_ms >= ?4 AND at_ms <= ?5 AND session_id = ?6
             ORDER BY at_ms, value_milli"
        ))?;
        let (outlet, id) = (session.outlet, session.id.0);
        let values = params![station.0, outlet.evse, outlet.connector, start.millis(), reach.millis(), id];
        let found = select.query_map(values, |row| Ok((At::from_millis(row.get(0)?), Milli(row.get(1)?))))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn open_since_before(&mut self, at: At) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM session_row WHERE state = 'active' AND began_ms < ?)";
        Ok(self.db.prepare_cached(sql)?.query_row([at.millis()], |row| row.get(0))?)
    }

    fn first_session(&mut self, station: StationKey) -> Result<Option<At>, StoreError> {
        let sql = "SELECT min(started_ms) FROM session_row WHERE charger_id = ?";
        let found: Option<i64> = self.db.prepare_cached(sql)?.query_row([station.0], |row| row.get(0))?;
        Ok(found.map(At::from_millis))
    }

    fn watched_from(&mut self) -> Result<Option<At>, StoreError> {
        let found: Option<i64> = self.db.query_row("SELECT min(began_ms) FROM watch", [], |row| row.get(0))?;
        Ok(found.map(At::from_millis))
    }

    fn exemptions(&mut self, within: Span) -> Result<Vec<Exemption>, StoreError> {
        let mut select = self.db.prepare_cached(
            "SELECT id, charger, evse, kind, cause, from_ms, until_ms FROM exemption_row
             WHERE revoked_ms IS NULL AND from_ms < ? AND until_ms > ? ORDER BY id",
        )?;
        let found = select.query_map([within.until.millis(), within.from.millis()], |row| {
            Ok(Exemption {
                id: row.get(0)?,
                charger: ChargerId::new(row.get::<_, String>(1)?),
                evse: row.get(2)?,
                kind: ExemptionKind::from_word(&row.get::<_, String>(3)?).unwrap_or(ExemptionKind::PlannedWork),
                cause: row.get(4)?,
                span: Span { from: At::from_millis(row.get(5)?), until: At::from_millis(row.get(6)?) },
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn kept(&mut self) -> Result<Vec<Kept>, StoreError> {
        let mut select =
            self.db.prepare_cached("SELECT id, charger_id, evse, made_by, first_day, last_day FROM evse_row")?;
        let found = select.query_map([], |row| {
            Ok(Kept {
                id: row.get(0)?,
                station: StationKey(row.get(1)?),
                evse: row.get(2)?,
                made_by: row.get(3)?,
                first_day: row.get(4)?,
                last_day: row.get(5)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn days(&mut self, days: (i32, i32), detail: Detail, take: Take<'_>) -> Result<(), StoreError> {
        Ok(DAY.read(&self.db, days, detail, take)?)
    }

    fn months(&mut self, months: (i32, i32), detail: Detail, take: Take<'_>) -> Result<(), StoreError> {
        Ok(MONTH.read(&self.db, months, detail, take)?)
    }

    fn marks(&mut self) -> Result<Vec<Mark>, StoreError> {
        let mut select =
            self.db.prepare_cached("SELECT seq, charger_id, from_ms, until_ms FROM fact_mark ORDER BY seq")?;
        let found = select.query_map([], |row| {
            let span = Span { from: At::from_millis(row.get(2)?), until: At::from_millis(row.get(3)?) };
            Ok(Mark { seq: row.get(0)?, station: StationKey(row.get(1)?), span })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// Where facts are kept of: what changes before is marked, so that they are made anew. A mark costs a comparison on the
/// way of a frame, and a row for what is late.
#[derive(Default)]
pub(super) struct Marks {
    /// Facts are kept, or are about to be, of what lies before.
    frontier: i64,
    /// What changed in the present transaction: from the first instant to the last.
    touched: HashMap<i64, (i64, i64)>,
}

impl Marks {
    pub(super) fn open(db: &Connection) -> Result<Self, rusqlite::Error> {
        let frontier = db.query_row("SELECT coalesce(max(until_ms), 0) FROM evse_row", [], |row| row.get(0))?;
        Ok(Self { frontier, touched: HashMap::new() })
    }

    pub(super) fn reach(&mut self, until: At) {
        self.frontier = self.frontier.max(until.millis());
    }

    /// Something of a charger changed; without an end it lasts.
    pub(super) fn touch(&mut self, key: StationKey, from: i64, until: Option<i64>) {
        if from >= self.frontier {
            return;
        }
        let until = until.unwrap_or(i64::MAX).min(self.frontier).max(from.saturating_add(1));
        let touched = self.touched.entry(key.0).or_insert((from, until));
        *touched = (touched.0.min(from), touched.1.max(until));
    }

    /// Something of every charger changed.
    pub(super) fn touch_all(&mut self, db: &Connection, from: i64) -> Result<(), rusqlite::Error> {
        if from < self.frontier {
            let sql = "INSERT INTO fact_mark (charger_id, from_ms, until_ms) SELECT id, ?1, ?2 FROM charger_row";
            db.execute(sql, [from, self.frontier])?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        for (key, (from, until)) in self.touched.drain() {
            mark(db, key, from, until)?;
        }
        Ok(())
    }

    pub(super) fn roll_back(&mut self) {
        self.touched.clear();
    }
}

/// Marks a stretch of a charger.
pub(in crate::store) fn mark(db: &Connection, key: i64, from: i64, until: i64) -> Result<(), rusqlite::Error> {
    db.prepare_cached("INSERT INTO fact_mark (charger_id, from_ms, until_ms) VALUES (?,?,?)")?
        .execute([key, from, until])?;
    Ok(())
}

/// Keeps facts, and the sums of the months that are whole.
pub(in crate::store) fn keep(db: &Connection, keeping: &Keeping) -> Result<(), rusqlite::Error> {
    for of in &keeping.keep {
        keep_evse(db, of)?;
    }
    db.prepare_cached("DELETE FROM fact_mark WHERE seq <= ?")?.execute([keeping.settled])?;
    Ok(())
}

fn keep_evse(db: &Connection, of: &Keep) -> Result<(), rusqlite::Error> {
    let known: Option<(i64, String, i32)> = db
        .prepare_cached("SELECT id, made_by, first_day FROM evse_row WHERE charger_id = ? AND evse = ?")?
        .query_row(params![of.station.0, of.evse], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let same = known.as_ref().is_some_and(|(_, made_by, first)| *made_by == of.made_by && *first == of.first_day);
    if let Some((id, ..)) = known.as_ref().filter(|_| !same) {
        DAY.forget(db, *id)?;
        MONTH.forget(db, *id)?;
        db.execute("DELETE FROM evse_row WHERE id = ?", [id])?;
    }
    let last = of.days.iter().map(|(day, _)| *day).max().unwrap_or(of.first_day - 1);
    let id: i64 = db
        .prepare_cached(
            "INSERT INTO evse_row (charger_id, evse, made_by, first_day, last_day, until_ms) VALUES (?1,?2,?3,?4,?5,?6)
             ON CONFLICT (charger_id, evse) DO UPDATE SET last_day = max(last_day, ?5), until_ms = max(until_ms, ?6)
             RETURNING id",
        )?
        .query_row(params![of.station.0, of.evse, of.made_by, of.first_day, last, of.until.millis()], |row| {
            row.get(0)
        })?;
    for (day, facts) in &of.days {
        DAY.write(db, *day, id, facts)?;
    }
    let months: BTreeSet<i32> = of.days.iter().filter_map(|(day, _)| month_of(*day)).collect();
    months.into_iter().try_for_each(|month| sum_month(db, id, month))
}

/// The month of a day, both counted from 1970.
fn month_of(day: i32) -> Option<i32> {
    let date = NaiveDate::default().checked_add_signed(TimeDelta::days(day.into()))?;
    Some((date.year() - 1970) * 12 + i32::try_from(date.month0()).ok()?)
}

/// The first day of a month, both counted from 1970.
fn first_day(month: i32) -> Option<i32> {
    let date = NaiveDate::from_ymd_opt(1970 + month.div_euclid(12), u32::try_from(month.rem_euclid(12)).ok()? + 1, 1)?;
    i32::try_from((date - NaiveDate::default()).num_days()).ok()
}

fn sum_month(db: &Connection, id: i64, month: i32) -> Result<(), rusqlite::Error> {
    let (Some(first), Some(after)) = (first_day(month), first_day(month + 1)) else { return Ok(()) };
    let mut sum = Facts::default();
    for day in first..after {
        let Some(of_day) = DAY.one(db, day, id)? else { return Ok(()) };
        sum += &of_day;
    }
    MONTH.write(db, month, id, &sum)
}
