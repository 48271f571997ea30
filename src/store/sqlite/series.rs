//! Series: roll-ups of a measure over a period, and the network at the end of each minute.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row, params};

use super::recall::SqliteReader;
use super::rollup::table;
use crate::domain::energy::Milli;
use crate::domain::ids::{ChargerId, Outlet};
use crate::domain::status::State;
use crate::domain::telemetry::Measure;
use crate::store::telemetry::{MinuteFact, Place, Rolled, SeriesFilter};

/// A power reading of the last so many minutes tells the present.
const POWER_MINUTES: i64 = 15;

/// The columns of a roll-up, in the order of [`rolled_row`].
const ROLLED: &str =
    "r.charger_id, r.evse, r.connector, r.start_s, r.increase_milli, r.count, r.sum_milli, r.max_milli, r.last_milli";

/// Below this share of all chargers each is looked up on its own, else the whole stretch is read: 1 in 8.
const FEW: usize = 8;

/// A connector: charger's row and outlet.
type Series = (i64, Outlet);

fn rolled_row(row: &Row<'_>) -> Result<Rolled, rusqlite::Error> {
    Ok(Rolled {
        station: row.get(0)?,
        outlet: Outlet::new(row.get(1)?, row.get(2)?),
        start_s: row.get(3)?,
        increase: row.get::<_, Option<i64>>(4)?.map(Milli),
        count: row.get(5)?,
        sum: row.get(6)?,
        max: Milli(row.get(7)?),
        last: Milli(row.get(8)?),
    })
}

/// Hands out the roll-ups that are wanted, in order of time.
pub(super) fn rolled(
    reader: &SqliteReader,
    filter: &SeriesFilter,
    take: &mut dyn FnMut(Rolled),
) -> Result<(), rusqlite::Error> {
    let (table, step) = (table(filter.level), filter.level.seconds());
    let from = filter.from.millis().div_euclid(step * 1000) * step;
    let until = filter.until.millis().div_euclid(1000) + i64::from(filter.until.millis().rem_euclid(1000) > 0);
    let connector = filter.connector.map_or(-1, i64::from);
    let wanted = stations(reader, &filter.chargers)?;
    let all: i64 = reader.db.prepare_cached("SELECT count(*) FROM charger_row")?.query_row([], |row| row.get(0))?;
    let few = !wanted.is_empty() && wanted.len() <= usize::try_from(all).unwrap_or(0) / FEW + 1;
    let list = format!("[{}]", wanted.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
    let sql = if few {
        format!(
            "WITH RECURSIVE t(s) AS (SELECT ?2 UNION ALL SELECT s + {step} FROM t WHERE s + {step} < ?3)
             SELECT {ROLLED} FROM t CROSS JOIN json_each(?5) AS id CROSS JOIN {table} r
               ON r.measure = ?1 AND r.start_s = t.s AND r.charger_id = id.value
             WHERE ?4 < 0 OR r.connector = ?4"
        )
    } else {
        format!(
            "SELECT {ROLLED} FROM {table} r WHERE r.measure = ?1 AND r.start_s >= ?2 AND r.start_s < ?3
               AND (?4 < 0 OR r.connector = ?4) AND ?5 <> ''"
        )
    };
    if from >= until || (wanted.is_empty() && !filter.chargers.is_empty()) {
        return Ok(());
    }
    let mut select = reader.db.prepare_cached(&sql)?;
    let mut rows = select.query(params![filter.measure.code(), from, until, connector, list])?;
    while let Some(row) = rows.next()? {
        let rolled = rolled_row(row)?;
        if few || wanted.is_empty() || wanted.binary_search(&rolled.station).is_ok() {
            take(rolled);
        }
    }
    Ok(())
}

/// The rows of chargers, in order.
fn stations(reader: &SqliteReader, chargers: &[ChargerId]) -> Result<Vec<i64>, rusqlite::Error> {
    let mut found = Vec::with_capacity(chargers.len());
    let mut select = reader.db.prepare_cached("SELECT id FROM charger_row WHERE folded = ?")?;
    for charger in chargers {
        found.extend(select.query_row([charger.folded()], |row| row.get::<_, i64>(0)).optional()?);
    }
    found.sort_unstable();
    Ok(found)
}

/// Every connector at the end of each minute of `[from, until)`.
pub(super) fn minutes(reader: &mut SqliteReader, from: i64, until: i64) -> Result<Vec<MinuteFact>, rusqlite::Error> {
    let powers = powers(reader, from, until)?;
    let mut found = Vec::new();
    let mut after = (i64::MIN, Outlet::new(0, 0));
    while let Some(series) = next_connector(reader, after)? {
        after = series;
        if series.1.is_station() {
            continue;
        }
        let layers = layers(reader, series, from, until)?;
        let power = powers.get(&series).map_or(&[][..], Vec::as_slice);
        let place = Place { charger: reader.charger(series.0)?, outlet: series.1 };
        for minute in from..until {
            let end = (minute + 1) * 60_000;
            let covering = layers.iter().rev().find(|(start, _, _)| *start < end);
            let Some((since, _, state)) = covering.filter(|(_, stop, _)| stop.is_none_or(|stop| stop >= end)) else {
                continue;
            };
            let newest = power.iter().rev().find(|(at, _)| *at <= minute);
            // What was measured before the connector became free or broken is no power of now.
            let holds = |at: i64| *state == State::Charging || (at + 1) * 60_000 > *since;
            let fresh = newest.filter(|(at, _)| minute - at < POWER_MINUTES && holds(*at));
            let power = fresh.map(|(_, value)| *value);
            found.push(MinuteFact { place: place.clone(), minute, state: *state, power });
        }
    }
    Ok(found)
}

/// The last power of each minute, by connector.
fn powers(reader: &SqliteReader, from: i64, until: i64) -> Result<HashMap<Series, Vec<(i64, Milli)>>, rusqlite::Error> {
    let mut found: HashMap<Series, Vec<(i64, Milli)>> = HashMap::new();
    let mut select = reader.db.prepare_cached(
        "SELECT charger_id, evse, connector, start_s, last_milli FROM rollup_minute
         WHERE measure = ? AND start_s >= ? AND start_s < ?",
    )?;
    let mut rows = select.query(params![Measure::POWER.code(), (from - POWER_MINUTES + 1) * 60, until * 60])?;
    while let Some(row) = rows.next()? {
        let series = (row.get(0)?, Outlet::new(row.get(1)?, row.get(2)?));
        let start_s: i64 = row.get(3)?;
        found.entry(series).or_default().push((start_s / 60, Milli(row.get(4)?)));
    }
    Ok(found)
}

/// The next connector that has a timeline.
fn next_connector(reader: &SqliteReader, after: Series) -> Result<Option<Series>, rusqlite::Error> {
    reader
        .db
        .prepare_cached(
            "SELECT charger_id, evse, connector FROM status_interval WHERE (charger_id, evse, connector) > (?, ?, ?)
             ORDER BY charger_id, evse, connector LIMIT 1",
        )?
        .query_row(params![after.0, after.1.evse, after.1.connector], |row| {
            Ok((row.get(0)?, Outlet::new(row.get(1)?, row.get(2)?)))
        })
        .optional()
}

/// A connector's availability from the minute `from` to `until`: begin, end, state.
fn layers(
    reader: &SqliteReader,
    (station, outlet): Series,
    from: i64,
    until: i64,
) -> Result<Vec<(i64, Option<i64>, State)>, rusqlite::Error> {
    let mut select = reader.db.prepare_cached(
        "SELECT from_ms, until_ms, state FROM status_interval
         WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms < ?5
           AND from_ms >= coalesce((SELECT max(from_ms) FROM status_interval
             WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND from_ms <= ?4), ?4)
         ORDER BY from_ms",
    )?;
    let values = params![station, outlet.evse, outlet.connector, (from + 1) * 60_000, until * 60_000];
    let found = select.query_map(values, |row| {
        let state: String = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, State::from_word(&state).unwrap_or(State::Unknown)))
    })?;
    found.collect()
}
