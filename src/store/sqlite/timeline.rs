//! Painting the availability timeline: intervals stay half-open and never overlap, and what is not painted over keeps
//! its proof.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::domain::availability::Interval;
use crate::domain::ids::{FrameKey, StationKey};
use crate::domain::record::Paint;
use crate::domain::status::{Cause, ConnectorStatus, State};
use crate::domain::time::At;

/// An interval as it lies in the table.
#[derive(Clone)]
struct Lying {
    from: i64,
    until: Option<i64>,
    state: String,
    status: Option<String>,
    cause: String,
    frame: Option<i64>,
}

impl Lying {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            from: row.get(0)?,
            until: row.get(1)?,
            state: row.get(2)?,
            status: row.get(3)?,
            cause: row.get(4)?,
            frame: row.get(5)?,
        })
    }
}

/// Where painting changed what is told of an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// Where an interval begins now, and where one began that is gone; the first is where the painting begins.
    pub(super) instants: Vec<i64>,
    /// Where the painting ends; `None`: it lasts.
    pub(super) until: Option<i64>,
}

/// Where to paint.
#[derive(Clone, Copy)]
struct Line<'a> {
    db: &'a Connection,
    key: StationKey,
    evse: u32,
    connector: u32,
}

/// Paints; says what that changed.
pub(super) fn paint(
    db: &Connection,
    key: StationKey,
    paint: &Paint,
    frame: Option<i64>,
) -> Result<Touched, rusqlite::Error> {
    let line = Line { db, key, evse: paint.outlet.evse, connector: paint.outlet.connector };
    let (from, until) = (paint.from.millis(), paint.until.map(|at| at.millis()));
    let mut touched = Touched { instants: Vec::new(), until };
    if until.is_some_and(|until| until <= from) {
        return Ok(touched);
    }
    let new = |from, until| Lying {
        from,
        until,
        state: paint.state.as_str().to_owned(),
        status: paint.status.as_ref().map(|status| status.as_str().to_owned()),
        cause: paint.cause.as_str().to_owned(),
        frame,
    };
    let Some(only) = paint.only_over else {
        line.cover(new(from, until), &mut touched.instants)?;
        return Ok(touched);
    };
    // What holds again without a word of the charger is proven by the frame that said it last.
    let again = frame.is_none() && paint.cause == Cause::Charger;
    let frame = if again { line.last_said(&new(from, until))? } else { frame };
    let new = |from, until| Lying { frame, ..new(from, until) };
    for lying in line.overlapping(from, until)?.into_iter().filter(|lying| lying.state == only.as_str()) {
        let end = match (lying.until, until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        line.cover(new(lying.from.max(from), end), &mut touched.instants)?;
    }
    Ok(touched)
}

impl Line<'_> {
    fn overlapping(self, from: i64, until: Option<i64>) -> Result<Vec<Lying>, rusqlite::Error> {
        // Only the interval that begins last before `from` can reach into it.
        let mut select = self.db.prepare_cached(
            "SELECT from_ms, until_ms, state, status, cause, frame_id FROM status_interval
             WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms < ?5
               AND from_ms >= coalesce((SELECT max(from_ms) FROM status_interval
                 WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms <= ?4), ?4)
               AND (until_ms IS NULL OR until_ms > ?4)
             ORDER BY from_ms",
        )?;
        let until = until.unwrap_or(i64::MAX);
        select.query_map(params![self.key.0, self.evse, self.connector, from, until], Lying::read)?.collect()
    }

    /// The frame that said last before an interval what that says.
    fn last_said(self, of: &Lying) -> Result<Option<i64>, rusqlite::Error> {
        let mut select = self.db.prepare_cached(
            "SELECT frame_id FROM status_interval
             WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms < ?4 AND state = ?5 AND status IS ?6
               AND frame_id IS NOT NULL
             ORDER BY from_ms DESC LIMIT 1",
        )?;
        let last = select
            .query_row(params![self.key.0, self.evse, self.connector, of.from, of.state, of.status], |row| row.get(0));
        last.optional()
    }

    /// Puts an interval in place of whatever lies there.
    fn cover(self, new: Lying, touched: &mut Vec<i64>) -> Result<(), rusqlite::Error> {
        let lying = self.overlapping(new.from, new.until)?;
        if let [only] = lying.as_slice()
            && only.from <= new.from
            && (only.until.is_none() || (only.until == new.until))
            && (&only.state, &only.status, &only.cause) == (&new.state, &new.status, &new.cause)
        {
            // It says so already, and its proof is the older one.
            return Ok(());
        }
        touched.push(new.from);
        for old in lying {
            self.remove(old.from)?;
            touched.extend(Some(old.from).filter(|from| *from > new.from));
            if old.from < new.from {
                self.insert(&Lying { until: Some(new.from), ..old.clone() })?;
            }
            if let Some(end) = new.until.filter(|end| old.until.is_none_or(|until| until > *end)) {
                self.insert(&Lying { from: end, ..old.clone() })?;
                touched.push(end);
            }
        }
        self.insert(&new)
    }

    fn remove(self, from: i64) -> Result<(), rusqlite::Error> {
        let mut delete = self.db.prepare_cached(
            "DELETE FROM status_interval WHERE charger_id = ? AND evse = ? AND connector = ? AND from_ms = ?",
        )?;
        delete.execute(params![self.key.0, self.evse, self.connector, from])?;
        Ok(())
    }

    fn insert(self, lying: &Lying) -> Result<(), rusqlite::Error> {
        let mut insert = self.db.prepare_cached(
            "INSERT INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause, frame_id)
             VALUES (?,?,?,?,?,?,?,?,?)",
        )?;
        insert.execute(params![
            self.key.0,
            self.evse,
            self.connector,
            lying.from,
            lying.until,
            lying.state,
            lying.status,
            lying.cause,
            lying.frame
        ])?;
        Ok(())
    }
}

/// We were not there since `alive`: whatever was known is unknown from then on, and it is our own doing.
pub(super) fn cut_for_our_outage(db: &Connection, alive: i64) -> Result<(), rusqlite::Error> {
    let (unknown, ours) = (State::Unknown.as_str(), Cause::OurOutage.as_str());
    // What began after the last mark is cut a millisecond into it, so that its evidence stays.
    db.execute(
        "CREATE TEMP TABLE cut AS SELECT charger_id, evse, connector, from_ms, max(?1, from_ms + 1) AS at_ms
         FROM status_interval WHERE until_ms IS NULL AND state <> ?2",
        params![alive, unknown],
    )?;
    db.execute(
        "UPDATE status_interval SET until_ms = (SELECT at_ms FROM cut WHERE cut.charger_id = status_interval.charger_id
           AND cut.evse = status_interval.evse AND cut.connector = status_interval.connector)
         WHERE until_ms IS NULL AND state <> ?1",
        params![unknown],
    )?;
    db.execute(
        "INSERT INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause, frame_id)
         SELECT charger_id, evse, connector, at_ms, NULL, ?1, NULL, ?2, NULL FROM cut",
        params![unknown, ours],
    )?;
    db.execute_batch("DROP TABLE cut")
}

/// Whoever has not come back since `started` is missing by the link's fault from then on.
pub(super) fn blame_link(db: &Connection, started: i64) -> Result<(), rusqlite::Error> {
    let (unknown, ours, link) = (State::Unknown.as_str(), Cause::OurOutage.as_str(), Cause::Link.as_str());
    db.execute(
        "INSERT INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause, frame_id)
         SELECT charger_id, evse, connector, ?1, NULL, state, NULL, ?4, NULL FROM status_interval
         WHERE until_ms IS NULL AND state = ?2 AND cause = ?3 AND from_ms < ?1",
        params![started, unknown, ours, link],
    )?;
    db.execute(
        "UPDATE status_interval SET until_ms = ?1 WHERE until_ms IS NULL AND state = ?2 AND cause = ?3 AND from_ms < ?1",
        params![started, unknown, ours],
    )?;
    Ok(())
}

/// An interval as the readers want it; its columns begin at `first`.
pub(super) fn read(row: &Row<'_>, first: usize) -> Result<Interval, rusqlite::Error> {
    let (state, status, cause): (String, Option<String>, String) =
        (row.get(first + 2)?, row.get(first + 3)?, row.get(first + 4)?);
    Ok(Interval {
        from: At::from_millis(row.get(first)?),
        until: row.get::<_, Option<i64>>(first + 1)?.map(At::from_millis),
        state: State::from_word(&state).unwrap_or(State::Unknown),
        status: status.map(|word| ConnectorStatus::from_word(&word)),
        cause: Cause::from_word(&cause).unwrap_or(Cause::Charger),
        proof: row.get::<_, Option<i64>>(first + 5)?.map(FrameKey),
    })
}
