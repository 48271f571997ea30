//! Retention of telemetry: readings, roll-ups and the outbox, a slice at a time, each slice a transaction of its own, so
//! that the writer never stalls for long. Freed pages are used again: the file stays at its high-water mark.

use rusqlite::{Connection, OptionalExtension, params};

use super::persons;
use super::rollup::table;
use crate::domain::time::At;
use crate::store::telemetry::{Keeping, Level};

/// Rows removed at a time.
const SLICE: i64 = 5000;

/// Connectors looked at in a slice.
const CONNECTORS: usize = 64;

/// Pause between two rounds over all connectors: 10 minutes.
const ROUND_MS: i64 = 10 * 60 * 1000;

/// A connector: charger's row, EVSE, connector.
type Series = (i64, u32, u32);

/// Where the sweeping is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing to do until the next round.
    #[default]
    Rest,
    /// Readings of the connectors behind this one.
    Readings(Series),
    /// Roll-ups.
    Rollups,
    /// Links from sessions to their tokens.
    Tokens,
}

/// Clears out what is too old.
#[derive(Default)]
pub(in crate::store) struct Sweeper {
    keeping: Keeping,
    stage: Stage,
    next_round: i64,
}

/// What a slice did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Swept {
    /// There is more to do at once.
    pub(in crate::store) more: bool,
    /// Changes that went although no sink had taken them.
    pub(in crate::store) dropped: i64,
}

impl Sweeper {
    pub(in crate::store) fn new(keeping: Keeping) -> Self {
        Self { keeping, ..Self::default() }
    }

    /// One slice.
    pub(in crate::store) fn slice(&mut self, db: &Connection, now: At) -> Result<Swept, rusqlite::Error> {
        let mut swept = self.outbox(db)?;
        let now = now.millis();
        if self.stage == Stage::Rest && now >= self.next_round {
            self.next_round = now.saturating_add(ROUND_MS);
            self.stage = if self.keeping.raw_ms.is_some() { Stage::Readings((i64::MIN, 0, 0)) } else { Stage::Rollups };
        }
        swept.more |= match self.stage {
            Stage::Rest => false,
            Stage::Readings(after) => self.readings(db, after, now)?,
            Stage::Rollups => self.rollups(db, now)?,
            Stage::Tokens => self.tokens(db, now)?,
        };
        Ok(swept)
    }

    /// Removes readings of the next connectors.
    fn readings(&mut self, db: &Connection, mut after: Series, now: i64) -> Result<bool, rusqlite::Error> {
        let cut = now.saturating_sub(self.keeping.raw_ms.unwrap_or(i64::MAX));
        let mut removed = 0;
        for _ in 0..CONNECTORS {
            let Some(next) = connector_behind(db, after)? else {
                self.stage = Stage::Rollups;
                return Ok(true);
            };
            let gone = remove_readings(db, next, cut)?;
            removed += gone;
            if gone < SLICE {
                after = next;
            }
            if removed >= SLICE {
                break;
            }
        }
        self.stage = Stage::Readings(after);
        Ok(true)
    }

    fn rollups(&mut self, db: &Connection, now: i64) -> Result<bool, rusqlite::Error> {
        for (level, keep) in Level::ALL.into_iter().zip(self.keeping.levels_ms) {
            let Some(keep) = keep else { continue };
            if remove_rollups(db, level, now.saturating_sub(keep) / 1000)? {
                return Ok(true);
            }
        }
        self.stage = Stage::Tokens;
        Ok(true)
    }

    fn tokens(&mut self, db: &Connection, now: i64) -> Result<bool, rusqlite::Error> {
        let more = match self.keeping.tokens_ms {
            Some(keep) => persons::unlink_a_slice(db, now.saturating_sub(keep), now)?,
            None => false,
        };
        if !more {
            self.stage = Stage::Rest;
        }
        Ok(more)
    }

    /// Removes changes that every sink has passed, or that are too many; the newest stays.
    fn outbox(&self, db: &Connection) -> Result<Swept, rusqlite::Error> {
        let ends = db.query_row(
            "SELECT min(seq), (SELECT max(seq) FROM outbox),
               (SELECT min(coalesce(change_gap_from, change_live)) FROM sink_position) FROM outbox",
            [],
            |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, Option<i64>>(2)?)),
        )?;
        let (Some(oldest), Some(newest), passed) = ends else { return Ok(Swept::default()) };
        let passed = if self.keeping.outbox { passed.unwrap_or(0) } else { newest };
        let surplus = newest.saturating_sub(self.keeping.outbox_rows);
        let wanted = passed.max(surplus).min(newest - 1);
        let until = wanted.min(oldest.saturating_add(SLICE));
        if until < oldest {
            return Ok(Swept::default());
        }
        db.execute("DELETE FROM outbox WHERE seq <= ?", [until])?;
        Ok(Swept { more: until < wanted, dropped: (until - passed.max(oldest - 1)).max(0) })
    }
}

/// The next connector that has readings.
pub(super) fn connector_behind(db: &Connection, after: Series) -> Result<Option<Series>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT charger_id, evse, connector FROM reading_row WHERE (charger_id, evse, connector) > (?, ?, ?)
         ORDER BY charger_id, evse, connector LIMIT 1",
    )?
    .query_row(params![after.0, after.1, after.2], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    .optional()
}

/// Removes a slice of a connector's readings before `cut`. The newest instant of them stays: from it the register's next
/// rise is counted.
fn remove_readings(db: &Connection, (key, evse, connector): Series, cut: i64) -> Result<i64, rusqlite::Error> {
    const OF: &str = "FROM reading_row WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3";
    let kept: Option<i64> = db
        .prepare_cached(&format!("SELECT max(at_ms) {OF} AND at_ms < ?4"))?
        .query_row(params![key, evse, connector, cut], |row| row.get(0))?;
    let Some(kept) = kept else { return Ok(0) };
    let until: Option<i64> = db
        .prepare_cached(&format!("SELECT at_ms {OF} AND at_ms < ?4 ORDER BY at_ms LIMIT 1 OFFSET ?5"))?
        .query_row(params![key, evse, connector, kept, SLICE - 1], |row| row.get(0))
        .optional()?;
    let mut delete = db.prepare_cached(&format!("DELETE {OF} AND at_ms <= ?4"))?;
    let gone = delete.execute(params![key, evse, connector, until.unwrap_or(kept - 1)])?;
    Ok(i64::try_from(gone).unwrap_or(SLICE))
}

/// Removes a slice of a level's roll-ups; says whether there was any.
fn remove_rollups(db: &Connection, level: Level, cut_s: i64) -> Result<bool, rusqlite::Error> {
    let table = table(level);
    let mut measure: i64 = i64::MIN;
    loop {
        let next: Option<i64> = db
            .prepare_cached(&format!("SELECT min(measure) FROM {table} WHERE measure > ?"))?
            .query_row([measure], |row| row.get(0))?;
        let Some(next) = next else { return Ok(false) };
        measure = next;
        let until: Option<i64> = db
            .prepare_cached(&format!(
                "SELECT start_s FROM {table} WHERE measure = ? AND start_s < ? ORDER BY start_s LIMIT 1 OFFSET ?"
            ))?
            .query_row(params![measure, cut_s, SLICE - 1], |row| row.get(0))
            .optional()?;
        let mut delete = db.prepare_cached(&format!("DELETE FROM {table} WHERE measure = ? AND start_s <= ?"))?;
        if delete.execute(params![measure, until.unwrap_or(cut_s - 1)])? > 0 {
            return Ok(true);
        }
    }
}
