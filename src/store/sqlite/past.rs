//! The past by the page: connector by connector, in order of time. A page is a short read of its own.

use rusqlite::{OptionalExtension, params};

use super::keep::connector_behind;
use super::recall::SqliteReader;
use super::rows;
use crate::domain::energy::Milli;
use crate::domain::ids::{Outlet, SessionId};
use crate::domain::reading::Flags;
use crate::domain::time::At;
use crate::store::telemetry::{PastPlace, PastReading, Place, ReadingFact, SessionFact, StateFact};

/// A period, half-open.
type Period = (At, At);

/// Which table a page goes through.
#[derive(Clone, Copy)]
enum Through {
    Readings,
    Timeline,
}

impl Through {
    const fn instants(self) -> &'static str {
        match self {
            Self::Readings => {
                "SELECT DISTINCT at_ms FROM reading_row
                 WHERE charger_id = ? AND evse = ? AND connector = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT ?"
            }
            Self::Timeline => {
                "SELECT from_ms FROM status_interval
                 WHERE charger_id = ? AND evse = ? AND connector = ? AND from_ms >= ? AND from_ms < ? ORDER BY from_ms LIMIT ?"
            }
        }
    }

    fn behind(self, reader: &SqliteReader, after: PastPlace) -> Result<Option<PastPlace>, rusqlite::Error> {
        let series = (after.station, after.evse, after.connector);
        let next = match self {
            Self::Readings => connector_behind(&reader.db, series)?,
            Self::Timeline => reader
                .db
                .prepare_cached(
                    "SELECT charger_id, evse, connector FROM status_interval
                     WHERE (charger_id, evse, connector) > (?, ?, ?) ORDER BY charger_id, evse, connector LIMIT 1",
                )?
                .query_row(params![series.0, series.1, series.2], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?,
        };
        Ok(next.map(|(station, evse, connector)| PastPlace { station, evse, connector, at_ms: i64::MIN }))
    }
}

/// The places of a page, and where the next one begins.
fn page(
    reader: &SqliteReader,
    through: Through,
    (from, until): Period,
    after: PastPlace,
    limit: usize,
) -> Result<(Vec<PastPlace>, Option<PastPlace>), rusqlite::Error> {
    let mut places: Vec<PastPlace> = Vec::new();
    let mut place = Some(after).filter(|place| place.station > 0);
    if place.is_none() {
        place = through.behind(reader, after)?;
    }
    while let Some(here) = place {
        let missing = limit - places.len();
        let first = from.millis().max(here.at_ms.saturating_add(1));
        let mut select = reader.db.prepare_cached(through.instants())?;
        let missing = i64::try_from(missing).unwrap_or(i64::MAX);
        let values = params![here.station, here.evse, here.connector, first, until.millis(), missing];
        let found = select.query_map(values, |row| row.get(0))?;
        for at_ms in found {
            places.push(PastPlace { at_ms: at_ms?, ..here });
        }
        if places.len() >= limit {
            let next = places.last().copied();
            return Ok((places, next));
        }
        place = through.behind(reader, here)?;
    }
    Ok((places, None))
}

/// Usable readings, one fact for each instant.
pub(super) fn instants(
    reader: &mut SqliteReader,
    period: Period,
    after: PastPlace,
    limit: usize,
) -> Result<(Vec<ReadingFact>, Option<PastPlace>), rusqlite::Error> {
    let (places, next) = page(reader, Through::Readings, period, after, limit)?;
    let mut facts = Vec::with_capacity(places.len());
    for place in places {
        facts.extend(reader.instant(place.station, Outlet::new(place.evse, place.connector), place.at_ms)?);
    }
    Ok((facts, next))
}

/// Readings with all that is known of them.
pub(super) fn readings(
    reader: &mut SqliteReader,
    period: Period,
    after: PastPlace,
    limit: usize,
) -> Result<(Vec<PastReading>, Option<PastPlace>), rusqlite::Error> {
    let (places, next) = page(reader, Through::Readings, period, after, limit)?;
    let mut found = Vec::new();
    for place in places {
        let charger = reader.charger(place.station)?;
        let mut select = reader.db.prepare_cached(
            "SELECT r.value_milli, r.text, r.session_id, r.flags, r.received_ms,
               k.measurand, k.phase, k.location, k.context, k.unit
             FROM reading_row r JOIN reading_kind k ON k.id = r.kind_id
             WHERE r.charger_id = ? AND r.evse = ? AND r.connector = ? AND r.at_ms = ?",
        )?;
        let outlet = Outlet::new(place.evse, place.connector);
        let rows = select.query_map(params![place.station, place.evse, place.connector, place.at_ms], |row| {
            let flags = Flags(row.get(3)?);
            let value = Some(Milli(row.get(0)?)).filter(|_| !flags.has(Flags::TEXT_ONLY));
            Ok(PastReading {
                place: Place { charger: charger.clone(), outlet },
                at: At::from_millis(place.at_ms),
                kind: rows::kind(row, 5)?,
                value,
                text: row.get(1)?,
                session: row.get::<_, Option<i32>>(2)?.map(SessionId),
                flags,
                received: At::from_millis(row.get(4)?),
            })
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok((found, next))
}

/// Sessions that began within the period, by id.
pub(super) fn sessions(
    reader: &mut SqliteReader,
    (from, until): Period,
    after: SessionId,
    limit: usize,
) -> Result<Vec<SessionFact>, rusqlite::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ids: Vec<i32> = reader
        .db
        .prepare_cached(
            "SELECT id FROM session_row WHERE id > ? AND began_ms >= ? AND began_ms < ? ORDER BY id LIMIT ?",
        )?
        .query_map(params![after.0, from.millis(), until.millis(), limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut facts = Vec::with_capacity(ids.len());
    for id in ids {
        facts.extend(reader.session_fact(id)?);
    }
    Ok(facts)
}

/// Availability that begins within the period.
pub(super) fn states(
    reader: &mut SqliteReader,
    period: Period,
    after: PastPlace,
    limit: usize,
) -> Result<(Vec<StateFact>, Option<PastPlace>), rusqlite::Error> {
    let (places, next) = page(reader, Through::Timeline, period, after, limit)?;
    let mut facts = Vec::with_capacity(places.len());
    for place in places {
        facts.extend(reader.state_at(place.station, Outlet::new(place.evse, place.connector), place.at_ms)?);
    }
    Ok((facts, next))
}

/// How many connectors have readings up to and including this place, and in all.
pub(super) fn connectors_until(reader: &SqliteReader, place: PastPlace) -> Result<(u64, u64), rusqlite::Error> {
    let (mut passed, mut all) = (0, 0);
    let mut after = (0, 0, 0);
    while let Some(next) = connector_behind(&reader.db, after)? {
        all += 1;
        passed += u64::from(next <= (place.station, place.evse, place.connector));
        after = next;
    }
    Ok((passed, all))
}
