//! How closely chargers keep to their version of OCPP: frames and deviations counted by build, day, action and rule.
//!
//! Counting a frame costs no write of its own: the counts are kept in memory and written with the alive mark, in one
//! transaction with the number of the last frame in them. What a crash takes away is counted anew at the next start,
//! from the frames behind that number.

use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::recall::SqliteReader;
use super::write::SqliteBackend;
use crate::domain::ids::StationKey;
use crate::domain::record::FrameRow;
use crate::store::StoreError;
use crate::store::backend::WriteError;
use crate::store::device::{ConformanceFilter, ConformanceView, Detail, Period};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

/// More builds than this are not kept in memory.
const MOST_STATIONS: usize = 200_000;

/// Counts of one build, day and action.
#[derive(Clone, Debug, Default)]
struct Counts {
    frames: i64,
    deviating: i64,
    rules: Vec<(&'static str, i64)>,
}

/// Counts that are not written yet.
#[derive(Debug, Default)]
pub(super) struct Tally {
    by_day: HashMap<(i64, i64), HashMap<Box<str>, Counts>>,
    /// Frames and deviating frames of a charger and day.
    by_charger: HashMap<(StationKey, i64), (i64, i64)>,
    /// The last frame in it.
    last: i64,
}

impl Tally {
    fn count(&mut self, build: i64, station: StationKey, id: i64, frame: &FrameRow) {
        self.last = self.last.max(id);
        let day = frame.received.millis().div_euclid(DAY_MS);
        let of_charger = self.by_charger.entry((station, day)).or_default();
        of_charger.0 += 1;
        of_charger.1 += i64::from(!frame.deviations.is_empty());
        let by_action = self.by_day.entry((build, day)).or_default();
        if !by_action.contains_key(&frame.action) {
            by_action.insert(frame.action.clone(), Counts::default());
        }
        let Some(counts) = by_action.get_mut(&frame.action) else { return };
        counts.frames += 1;
        counts.deviating += i64::from(!frame.deviations.is_empty());
        for (place, deviation) in frame.deviations.iter().enumerate() {
            // A rule that was needed at several places of a frame was needed in one frame.
            if frame.deviations[..place].iter().any(|before| before.rule == deviation.rule) {
                continue;
            }
            let rule = deviation.rule.as_str();
            match counts.rules.iter_mut().find(|(known, _)| *known == rule) {
                Some((_, count)) => *count += 1,
                None => counts.rules.push((rule, 1)),
            }
        }
    }

    fn take_over(&mut self, other: &mut Self) {
        self.last = self.last.max(std::mem::take(&mut other.last));
        for (key, (frames, deviating)) in other.by_charger.drain() {
            let sum = self.by_charger.entry(key).or_default();
            *sum = (sum.0 + frames, sum.1 + deviating);
        }
        for (key, by_action) in other.by_day.drain() {
            let own = self.by_day.entry(key).or_default();
            for (action, counts) in by_action {
                let sum = own.entry(action).or_default();
                sum.frames += counts.frames;
                sum.deviating += counts.deviating;
                for (rule, count) in counts.rules {
                    match sum.rules.iter_mut().find(|(known, _)| *known == rule) {
                        Some((_, known)) => *known += count,
                        None => sum.rules.push((rule, count)),
                    }
                }
            }
        }
    }

    fn write(&self, db: &Connection) -> Result<(), rusqlite::Error> {
        let mut frames = db.prepare_cached(
            "INSERT INTO conformance_row (build_id, day, action, frames, deviating) VALUES (?1,?2,?3,?4,?5)
             ON CONFLICT DO UPDATE SET frames = frames + ?4, deviating = deviating + ?5",
        )?;
        let mut rules = db.prepare_cached(
            "INSERT INTO conformance_rule_row (build_id, day, action, rule, frames) VALUES (?1,?2,?3,?4,?5)
             ON CONFLICT DO UPDATE SET frames = frames + ?5",
        )?;
        for ((build, day), by_action) in &self.by_day {
            for (action, counts) in by_action {
                frames.execute(params![build, day, action, counts.frames, counts.deviating])?;
                for (rule, count) in &counts.rules {
                    rules.execute(params![build, day, action, rule, count])?;
                }
            }
        }
        let mut chargers = db.prepare_cached(
            "INSERT INTO conformance_charger_row (charger_id, day, frames, deviating) VALUES (?1,?2,?3,?4)
             ON CONFLICT DO UPDATE SET frames = frames + ?3, deviating = deviating + ?4",
        )?;
        for ((station, day), (frames, deviating)) in &self.by_charger {
            chargers.execute(params![station.0, day, frames, deviating])?;
        }
        db.prepare_cached("UPDATE conformance_mark SET frame_id = max(frame_id, ?)")?.execute([self.last])?;
        Ok(())
    }
}

/// What is counted, and of which build each charger is.
#[derive(Debug, Default)]
pub(super) struct Conformance {
    /// Of the transaction in hand.
    open: Tally,
    /// Of committed transactions.
    committed: Tally,
    /// Of committed transactions, being written with the transaction in hand.
    writing: Tally,
    builds: HashMap<StationKey, i64>,
}

impl Conformance {
    /// Counts a frame of a build that has been stored under this number.
    pub(super) fn count(&mut self, build: i64, station: StationKey, id: i64, frame: &FrameRow) {
        self.open.count(build, station, id, frame);
    }

    /// The charger may be of another build now.
    pub(super) fn forget_build(&mut self, key: StationKey) {
        self.builds.remove(&key);
    }

    /// The transaction is durable.
    pub(super) fn committed(&mut self) {
        self.writing = Tally::default();
        self.committed.take_over(&mut self.open);
    }

    /// The transaction is undone; builds that were made in it are gone.
    pub(super) fn rolled_back(&mut self) {
        self.open = Tally::default();
        self.committed.take_over(&mut self.writing);
        self.builds.clear();
    }

    /// Writes what is committed. Called within a transaction.
    pub(super) fn write(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        if self.committed.by_day.is_empty() {
            return Ok(());
        }
        self.committed.write(db)?;
        self.writing = std::mem::take(&mut self.committed);
        Ok(())
    }
}

/// The build that a charger is of now.
fn build_of(db: &Connection, key: StationKey) -> Result<i64, rusqlite::Error> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO build_row (vendor, model, firmware, protocol)
         SELECT coalesce(vendor, ''), coalesce(model, ''), coalesce(firmware, ''), coalesce(protocol, '')
         FROM charger_row WHERE id = ?",
    )?
    .execute([key.0])?;
    db.prepare_cached(
        "SELECT b.id FROM charger_row c JOIN build_row b ON b.vendor = coalesce(c.vendor, '')
           AND b.model = coalesce(c.model, '') AND b.firmware = coalesce(c.firmware, '')
           AND b.protocol = coalesce(c.protocol, '') WHERE c.id = ?",
    )?
    .query_row([key.0], |row| row.get(0))
}

/// Counts the frames that a crash kept from being counted.
pub(super) fn catch_up(db: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = db.transaction()?;
    transaction.execute_batch(
        "INSERT OR IGNORE INTO build_row (vendor, model, firmware, protocol)
           SELECT coalesce(vendor, ''), coalesce(model, ''), coalesce(firmware, ''), coalesce(protocol, '')
           FROM charger_row WHERE id IN (SELECT charger_id FROM frame_row WHERE id > (SELECT frame_id FROM conformance_mark));
         CREATE TEMP VIEW uncounted AS SELECT f.id, b.id AS build_id, f.received_ms / 86400000 AS day, f.action, f.deviations
           FROM frame_row f JOIN charger_row c ON c.id = f.charger_id
           JOIN build_row b ON b.vendor = coalesce(c.vendor, '') AND b.model = coalesce(c.model, '')
             AND b.firmware = coalesce(c.firmware, '') AND b.protocol = coalesce(c.protocol, '')
           WHERE f.id > (SELECT frame_id FROM conformance_mark);
         INSERT INTO conformance_row (build_id, day, action, frames, deviating)
           SELECT build_id, day, action, count(*), total(deviations > 0) FROM uncounted WHERE true GROUP BY 1, 2, 3
           ON CONFLICT DO UPDATE SET frames = frames + excluded.frames, deviating = deviating + excluded.deviating;
         INSERT INTO conformance_rule_row (build_id, day, action, rule, frames)
           SELECT build_id, day, u.action, rule, count(DISTINCT u.id) FROM uncounted u
           JOIN deviation_row d ON d.frame_id = u.id WHERE true GROUP BY 1, 2, 3, 4
           ON CONFLICT DO UPDATE SET frames = frames + excluded.frames;
         INSERT INTO conformance_charger_row (charger_id, day, frames, deviating)
           SELECT charger_id, received_ms / 86400000, count(*), total(deviations > 0) FROM frame_row
           WHERE id > (SELECT frame_id FROM conformance_mark) GROUP BY 1, 2
           ON CONFLICT DO UPDATE SET frames = frames + excluded.frames, deviating = deviating + excluded.deviating;
         UPDATE conformance_mark SET frame_id = max(frame_id, (SELECT coalesce(max(id), 0) FROM frame_row));
         DROP VIEW uncounted;",
    )?;
    transaction.commit()
}

impl SqliteBackend {
    /// The build that a charger is of, remembered while it stays the same.
    pub(super) fn build(&mut self, key: StationKey) -> Result<i64, WriteError> {
        if let Some(build) = self.conformance.builds.get(&key) {
            return Ok(*build);
        }
        let build = build_of(&self.db, key)?;
        if self.conformance.builds.len() >= MOST_STATIONS {
            self.conformance.builds.clear();
        }
        self.conformance.builds.insert(key, build);
        Ok(build)
    }
}

impl SqliteReader {
    pub(super) fn conformance_of(&self, filter: &ConformanceFilter) -> Result<Vec<ConformanceView>, StoreError> {
        let period = match filter.period {
            Period::All => "NULL",
            Period::Month => "strftime('%Y-%m', day * 86400, 'unixepoch')",
            Period::Day => "date(day * 86400, 'unixepoch')",
        };
        let (columns, table) = match filter.detail {
            Detail::Build => ("NULL AS action, NULL AS rule, sum(r.frames), sum(r.deviating)", "conformance_row r"),
            Detail::Action => ("r.action, NULL AS rule, sum(r.frames), sum(r.deviating)", "conformance_row r"),
            Detail::Rule => (
                "r.action, d.rule, sum(r.frames), sum(d.frames)",
                "conformance_row r JOIN conformance_rule_row d USING (build_id, day, action)",
            ),
        };
        let mut wanted = super::archive::Where::default();
        wanted.maybe("day >= ?", filter.from_day);
        wanted.maybe("day < ?", filter.until_day);
        wanted.maybe("b.vendor = ?", filter.vendor.clone().map(Value::from));
        wanted.maybe("b.model = ?", filter.model.clone().map(Value::from));
        let conditions = wanted.sql();
        let sql = format!(
            "SELECT b.vendor, b.model, b.firmware, b.protocol, {period} AS period, {columns},
               (SELECT count(*) FROM charger_row c WHERE coalesce(c.vendor, '') = b.vendor
                  AND coalesce(c.model, '') = b.model AND coalesce(c.firmware, '') = b.firmware
                  AND coalesce(c.protocol, '') = b.protocol)
             FROM {table} JOIN build_row b ON b.id = build_id {conditions}
             GROUP BY b.id, 5, 6, 7 ORDER BY b.vendor, b.model, b.firmware, b.protocol, 5, 6, 7"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let found = select.query_map(rusqlite::params_from_iter(wanted.into_values()), view)?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

fn view(row: &Row<'_>) -> Result<ConformanceView, rusqlite::Error> {
    let count = |index: usize| row.get::<_, i64>(index).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(ConformanceView {
        vendor: row.get(0)?,
        model: row.get(1)?,
        firmware: row.get(2)?,
        protocol: row.get(3)?,
        period: row.get(4)?,
        action: row.get(5)?,
        rule: row.get(6)?,
        frames: count(7)?,
        deviating: count(8)?,
        chargers: count(9)?,
    })
}
