//! Roll-ups: each reading adds to its minute, quarter and hour in the transaction that stores it.
//!
//! What a batch adds is gathered in memory and written before its commit, in order of key, once for each roll-up. How far
//! a register rose belongs to the roll-up of the later of two neighbours; a reading that comes late stands between two
//! others, so it takes their step away and puts its own two in place of it. Where its neighbours may be gone by retention
//! it only counts as a sample.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use crate::domain::energy::Milli;
use crate::domain::ids::{Outlet, StationKey};
use crate::domain::reading::Flags;
use crate::domain::record::ReadingRow;
use crate::domain::telemetry::{Measure, increase};
use crate::domain::time::At;
use crate::store::telemetry::Level;

/// A value beyond this is no measurement, and its sums could leave 64 bits: 10^10 units.
const MOST: i64 = 10_000_000_000_000;

/// Connectors whose last register is kept in memory.
const MOST_LAST: usize = 300_000;

/// Register readings of a connector that can be used: flags 1, 2 and 16 are a unit that does not fit, a reading that was
/// not believed, and text.
pub(super) const REGISTERS: &str = "FROM reading_row WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3
   AND kind_id IN (SELECT id FROM reading_kind WHERE measurand = 'Energy.Active.Import.Register' AND phase = ''
     AND location = 'Outlet') AND flags & 19 = 0";

/// A connector.
type Series = (StationKey, Outlet);

/// One reading of a register: time and value, compared in this order.
type Register = (i64, i64);

/// Where a roll-up lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    level: Level,
    measure: Measure,
    start_s: i64,
    station: StationKey,
    outlet: Outlet,
}

/// What a batch adds to a roll-up.
#[derive(Clone, Copy)]
struct Delta {
    increase: Option<i64>,
    count: i64,
    sum: i64,
    max: i64,
    last: (i64, i64),
}

/// What the present batch adds, and the last register of each connector.
#[derive(Default)]
pub(super) struct Rollups {
    deltas: HashMap<Key, Delta>,
    last: HashMap<Series, Register>,
    raw_ms: Option<i64>,
}

impl Rollups {
    /// Raw readings are kept for so many milliseconds; `None`: for good.
    pub(super) fn new(raw_ms: Option<i64>) -> Self {
        Self { raw_ms, ..Self::default() }
    }

    /// A reading that was just written as a new row of this kind.
    pub(super) fn reading(
        &mut self,
        db: &Connection,
        key: StationKey,
        row: &ReadingRow,
        kind: i64,
        received: At,
    ) -> Result<(), rusqlite::Error> {
        let measure = Measure::of(&row.kind, row.flags).filter(|measure| measure.is_rolled_up());
        let value = row.value.map(|value| value.0).filter(|value| believable(*value));
        let (Some(measure), Some(value)) = (measure, value) else { return Ok(()) };
        let at = row.at.millis();
        self.sample((key, row.outlet), measure, at, value);
        if measure == Measure::ENERGY {
            self.register(db, (key, row.outlet), (at, value), kind, received)?;
        }
        Ok(())
    }

    fn sample(&mut self, series: Series, measure: Measure, at: i64, value: i64) {
        self.add(series, measure, at, |delta, after| {
            delta.count += 1;
            delta.sum += value;
            delta.max = delta.max.max(value);
            delta.last = delta.last.max((after, value));
        });
    }

    fn add(&mut self, series: Series, measure: Measure, at: i64, change: impl Fn(&mut Delta, i64)) {
        for level in Level::ALL {
            let start_s = at.div_euclid(level.seconds() * 1000) * level.seconds();
            let key = Key { level, measure, start_s, station: series.0, outlet: series.1 };
            let empty = Delta { increase: None, count: 0, sum: 0, max: i64::MIN, last: (i64::MIN, i64::MIN) };
            change(self.deltas.entry(key).or_insert(empty), at - start_s * 1000);
        }
    }

    fn rise(&mut self, series: Series, from: Register, to: Register, sign: i64) {
        let point = |(at, value): Register| (At::from_millis(at), Milli(value));
        let rise = increase(point(from), point(to)).0 * sign;
        self.add(series, Measure::ENERGY, to.0, |delta, _| delta.increase = Some(delta.increase.unwrap_or(0) + rise));
    }

    /// A register's reading takes its place between its neighbours.
    fn register(
        &mut self,
        db: &Connection,
        series: Series,
        new: Register,
        kind: i64,
        received: At,
    ) -> Result<(), rusqlite::Error> {
        if let Some(last) = self.last.get(&series).copied().filter(|last| *last <= new) {
            self.rise(series, last, new, 1);
            self.last.insert(series, new);
            return Ok(());
        }
        let before = self.neighbour(db, series, new, kind, false)?;
        let after = self.neighbour(db, series, new, kind, true)?;
        // Neighbours of what is older than the raw readings may be gone, and their steps are counted already.
        let is_too_old = self.raw_ms.is_some_and(|keep| new.0 < received.millis().saturating_sub(keep));
        if !is_too_old || after.is_none() {
            if let Some(before) = before {
                self.rise(series, before, new, 1);
            }
            if let Some(after) = after {
                self.rise(series, new, after, 1);
            }
            if let (Some(before), Some(after)) = (before, after) {
                self.rise(series, before, after, -1);
            }
        }
        if !self.last.contains_key(&series) {
            let last = if after.is_none() { Some(new) } else { self.newest(db, series)? };
            if self.last.len() >= MOST_LAST {
                self.last.clear();
            }
            self.last.extend(last.map(|last| (series, last)));
        }
        Ok(())
    }

    /// The register's reading before or after one; the same value of the same instant in another context is before it.
    fn neighbour(
        &self,
        db: &Connection,
        (key, outlet): Series,
        (at, value): Register,
        kind: i64,
        after: bool,
    ) -> Result<Option<Register>, rusqlite::Error> {
        let sql = if after {
            format!(
                "SELECT at_ms, value_milli {REGISTERS} AND at_ms >= ?4 AND (at_ms > ?4 OR value_milli > ?5) AND ?6 = ?6
                 ORDER BY at_ms, value_milli LIMIT 1"
            )
        } else {
            format!(
                "SELECT at_ms, value_milli {REGISTERS} AND at_ms <= ?4
                   AND (at_ms < ?4 OR value_milli < ?5 OR (value_milli = ?5 AND kind_id <> ?6))
                 ORDER BY at_ms DESC, value_milli DESC LIMIT 1"
            )
        };
        let values = params![key.0, outlet.evse, outlet.connector, at, value, kind];
        db.prepare_cached(&sql)?.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    fn newest(&self, db: &Connection, (key, outlet): Series) -> Result<Option<Register>, rusqlite::Error> {
        let sql = format!("SELECT at_ms, value_milli {REGISTERS} ORDER BY at_ms DESC, value_milli DESC LIMIT 1");
        let values = params![key.0, outlet.evse, outlet.connector];
        db.prepare_cached(&sql)?.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// Writes what the batch adds.
    pub(super) fn flush(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        let mut deltas: Vec<(Key, Delta)> = self.deltas.drain().collect();
        deltas.sort_unstable_by_key(|(key, _)| *key);
        for level in Level::ALL {
            let mut add = db.prepare_cached(adding(level))?;
            let mut correct = db.prepare_cached(correcting(level))?;
            for (key, delta) in deltas.iter().filter(|(key, _)| key.level == level) {
                match delta.count {
                    0 => correct.execute(params![
                        key.measure.code(),
                        key.start_s,
                        key.station.0,
                        key.outlet.evse,
                        key.outlet.connector,
                        delta.increase
                    ])?,
                    _ => insert(&mut add, key, delta)?,
                };
            }
        }
        Ok(())
    }

    /// The batch was undone.
    pub(super) fn roll_back(&mut self) {
        self.deltas.clear();
        self.last.clear();
    }
}

const fn believable(value: i64) -> bool {
    value.unsigned_abs() <= MOST.unsigned_abs()
}

fn insert(add: &mut CachedStatement<'_>, key: &Key, delta: &Delta) -> Result<usize, rusqlite::Error> {
    add.execute(params![
        key.measure.code(),
        key.start_s,
        key.station.0,
        key.outlet.evse,
        key.outlet.connector,
        delta.increase,
        delta.count,
        delta.sum,
        delta.max,
        delta.last.0,
        delta.last.1
    ])
}

/// The table of a level.
pub(super) const fn table(level: Level) -> &'static str {
    match level {
        Level::Minute => "rollup_minute",
        Level::Quarter => "rollup_quarter",
        Level::Hour => "rollup_hour",
    }
}

macro_rules! adding {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " AS r (measure, start_s, charger_id, evse, connector, increase_milli, count, sum_milli, max_milli,
               last_after_ms, last_milli) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)
             ON CONFLICT DO UPDATE SET
               increase_milli = CASE WHEN ?6 IS NULL THEN r.increase_milli ELSE coalesce(r.increase_milli, 0) + ?6 END,
               count = r.count + ?7, sum_milli = r.sum_milli + ?8, max_milli = max(r.max_milli, ?9),
               last_milli = CASE WHEN (?10, ?11) > (r.last_after_ms, r.last_milli) THEN ?11 ELSE r.last_milli END,
               last_after_ms = max(r.last_after_ms, ?10)"
        )
    };
}

macro_rules! correcting {
    ($table:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET increase_milli = coalesce(increase_milli, 0) + ?6
             WHERE measure = ?1 AND start_s = ?2 AND charger_id = ?3 AND evse = ?4 AND connector = ?5"
        )
    };
}

const fn adding(level: Level) -> &'static str {
    match level {
        Level::Minute => adding!("rollup_minute"),
        Level::Quarter => adding!("rollup_quarter"),
        Level::Hour => adding!("rollup_hour"),
    }
}

const fn correcting(level: Level) -> &'static str {
    match level {
        Level::Minute => correcting!("rollup_minute"),
        Level::Quarter => correcting!("rollup_quarter"),
        Level::Hour => correcting!("rollup_hour"),
    }
}

/// Readings with their kinds, in the order of [`Rollups::take_row`].
const ROWS: &str =
    "SELECT r.charger_id, r.evse, r.connector, r.at_ms, r.value_milli, r.flags, k.measurand, k.phase, k.location,
   k.context, k.unit FROM reading_row r JOIN reading_kind k ON k.id = r.kind_id";

impl Rollups {
    /// A reading that is rolled up anew, in order of series and time; `previous` is the register's reading before it.
    fn take_row(&mut self, row: &Row<'_>, previous: &mut Option<(Series, Register)>) -> Result<(), rusqlite::Error> {
        let series = (StationKey(row.get(0)?), Outlet::new(row.get(1)?, row.get(2)?));
        let (at, value): Register = (row.get(3)?, row.get(4)?);
        let measure = Measure::of(&super::rows::kind(row, 6)?, Flags(row.get(5)?));
        let Some(measure) = measure.filter(|measure| measure.is_rolled_up() && believable(value)) else {
            return Ok(());
        };
        self.sample(series, measure, at, value);
        if measure == Measure::ENERGY {
            if let Some((_, before)) = previous.filter(|(of, _)| *of == series) {
                self.rise(series, before, (at, value), 1);
            }
            *previous = Some((series, (at, value)));
        }
        Ok(())
    }

    /// Readings of these instants have left a connector, or come to it: their roll-ups are made anew, and that in which
    /// the register's next reading lies.
    pub(super) fn redo(
        &mut self,
        db: &Connection,
        key: StationKey,
        outlet: Outlet,
        (first, last): (i64, i64),
    ) -> Result<(), rusqlite::Error> {
        let series = (key, outlet);
        let hour = |at: i64| at.div_euclid(3_600_000) * 3_600_000;
        let end = hour(last) + 3_600_000;
        self.redo_between(db, series, hour(first), end)?;
        if let Some((next, _)) = self.neighbour(db, series, (end, i64::MIN), -1, true)? {
            self.redo_between(db, series, hour(next), hour(next) + 3_600_000)?;
        }
        self.last.remove(&series);
        Ok(())
    }

    fn redo_between(&mut self, db: &Connection, series: Series, from: i64, until: i64) -> Result<(), rusqlite::Error> {
        let (key, outlet) = series;
        for level in Level::ALL {
            let mut delete = db.prepare_cached(&format!(
                "DELETE FROM {} WHERE measure = ? AND start_s >= ? AND start_s < ? AND charger_id = ? AND evse = ?
                   AND connector = ?",
                table(level)
            ))?;
            for measure in Measure::rolled_up() {
                let (from, until) = (from / 1000, until / 1000);
                delete.execute(params![measure.code(), from, until, key.0, outlet.evse, outlet.connector])?;
            }
        }
        let before = self.neighbour(db, series, (from, i64::MIN), -1, false)?;
        let mut previous = before.map(|before| (series, before));
        let mut select = db.prepare_cached(&format!(
            "{ROWS} WHERE r.charger_id = ? AND r.evse = ? AND r.connector = ? AND r.at_ms >= ? AND r.at_ms < ?
             ORDER BY r.at_ms, r.value_milli"
        ))?;
        let mut rows = select.query(params![key.0, outlet.evse, outlet.connector, from, until])?;
        while let Some(row) = rows.next()? {
            self.take_row(row, &mut previous)?;
        }
        self.flush(db)
    }
}

/// Rolls up the readings that were there before there were roll-ups, connector by connector, in order of time.
pub(in crate::store) fn rebuild(db: &Connection) -> Result<(), rusqlite::Error> {
    let mut rollups = Rollups::default();
    let mut select =
        db.prepare(&format!("{ROWS} ORDER BY r.charger_id, r.evse, r.connector, r.at_ms, r.value_milli"))?;
    let mut rows = select.query([])?;
    let mut previous: Option<(Series, Register)> = None;
    while let Some(row) = rows.next()? {
        rollups.take_row(row, &mut previous)?;
        if rollups.deltas.len() > 50_000 {
            rollups.flush(db)?;
        }
    }
    rollups.flush(db)
}
