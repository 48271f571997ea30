//! What a kilowatt-hour emitted in each half-hour, from a CSV file: as published by the operator of the grid, or as kept
//! from its answers ([`half_hours`](super::half_hours)).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::rows;
use super::sites::SitesError;
use crate::domain::time::{At, Span};

/// A half-hour in milliseconds.
pub const HALF_HOUR_MS: i64 = 1_800_000;

/// Columns with the beginning of the half-hour.
const TIMES: [&str; 3] = ["from", "datetime", "time"];

/// Columns with grams CO2 per kilowatt-hour; the first that there is counts.
const VALUES: [&str; 5] = ["actual", "carbon_intensity", "intensity", "g_per_kwh", "forecast"];

/// Forms of a time that says its offset, and of one that does not.
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M:%S%#z"];
const LOCAL: [&str; 4] = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];

/// The intensity of each half-hour that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intensity {
    /// What tells this file from another; `None`: there is no file.
    pub version: Option<String>,
    /// Whether what is lost in the grid is in it already.
    pub has_losses: bool,
    /// Milligrams for each kilowatt-hour, by the number of the half-hour since 1970.
    by_number: BTreeMap<i64, i64>,
}

/// The number of the half-hour in which an instant lies.
pub const fn number_of(at: At) -> i64 {
    at.millis().div_euclid(HALF_HOUR_MS)
}

impl Intensity {
    /// Of a file that has yet to be begun.
    pub fn none_yet() -> Self {
        Self { version: Some("nothing was told yet".to_owned()), ..Self::default() }
    }

    /// Reads a file. Times without an offset are of `zone`; of an hour that comes twice the first row is the earlier one.
    ///
    /// # Errors
    /// When a column is missing, a time cannot be or comes twice, or a value is no number. Empty values are gaps.
    pub fn from_csv(file: &str, text: &str, zone: Tz) -> Result<Self, SitesError> {
        let wrong = |line: u64, reason: String| SitesError(format!("{file}:{line}: {reason}"));
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let head = reader.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
        let find = |names: &[&str]| {
            let found = names.iter().find_map(|name| head.iter().position(|column| column.eq_ignore_ascii_case(name)));
            found.ok_or_else(|| wrong(1, format!("there is no column {}", names.join(" or "))))
        };
        let (time, value) = (find(&TIMES)?, find(&VALUES)?);
        let origin = ["source", "asked_at"].map(|name| head.iter().position(|column| column == name));
        let (mut by_number, mut seen, mut origins) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for row in reader.records() {
            let row = row.map_err(|error| wrong(error.position().map_or(1, csv::Position::line), error.to_string()))?;
            let line = row.position().map_or(1, csv::Position::line);
            let cell = |index: usize| row.get(index).unwrap_or_default();
            let places = instants(cell(time), zone).map_err(|reason| wrong(line, reason))?;
            let Some(at) = places.iter().find(|at| !seen.contains_key(*at)) else {
                return Err(wrong(line, format!("\"{}\" is there before", cell(time))));
            };
            if at.millis().rem_euclid(HALF_HOUR_MS) != 0 {
                return Err(wrong(line, format!("\"{}\" is not the beginning of a half-hour", cell(time))));
            }
            seen.insert(*at, line);
            if let [Some(source), Some(asked)] = origin.map(|column| column.map(cell)) {
                let latest = origins.entry(source.to_owned()).or_insert_with(String::new);
                *latest = asked.max(latest).to_owned();
            }
            if cell(value).is_empty() || cell(value).eq_ignore_ascii_case("null") {
                continue;
            }
            let milligrams = rows::decimal(cell(value), 3);
            let told = || format!("\"{}\" is not grams of at most 3 decimal places", cell(value));
            by_number.insert(number_of(*at), milligrams.ok_or_else(|| wrong(line, told()))?);
        }
        let mark: String = Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let ends = by_number.keys().next().zip(by_number.keys().next_back());
        let told = ends.map_or_else(
            || "empty".to_owned(),
            |(first, last)| {
                let at = |number: i64| At::from_millis(number * HALF_HOUR_MS).to_rfc3339();
                format!("{} … {}", at(*first), at(last + 1))
            },
        );
        let origins: String = origins.iter().map(|(source, asked)| format!(", {source}, last asked {asked}")).collect();
        Ok(Self { version: Some(format!("{told}{origins} ({mark})")), by_number, has_losses: false })
    }

    /// Milligrams for each kilowatt-hour of a half-hour, by its number since 1970.
    pub fn of(&self, number: i64) -> Option<i64> {
        self.by_number.get(&number).copied()
    }

    /// The intensity that a third of the known half-hours of a stretch do not exceed.
    pub fn lowest_third(&self, span: Span) -> Option<i64> {
        let until = span.until.millis().div_euclid(HALF_HOUR_MS) + i64::from(span.until.millis() % HALF_HOUR_MS != 0);
        let from = number_of(span.from).min(until);
        let mut known: Vec<i64> = self.by_number.range(from..until).map(|(_, value)| *value).collect();
        known.sort_unstable();
        known.get(known.len().div_ceil(3).checked_sub(1)?).copied()
    }
}

/// The instant of a text that says its offset.
pub(super) fn with_offset(text: &str) -> Option<At> {
    let said = text.strip_suffix(['Z', 'z']).map_or_else(|| text.to_owned(), |bare| format!("{bare}+00:00"));
    let other = || WITH_OFFSET.iter().find_map(|form| DateTime::parse_from_str(&said, form).ok());
    At::from_rfc3339(&said).or_else(|| Some(At::from_millis(other()?.timestamp_millis())))
}

/// The instants that a text may stand for: two in the hour that comes twice.
fn instants(text: &str, zone: Tz) -> Result<Vec<At>, String> {
    if let Some(at) = with_offset(text) {
        return Ok(vec![at]);
    }
    let local = LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let local = local.ok_or_else(|| format!("\"{text}\" is not a time like 2026-10-18T02:00Z"))?;
    let found = zone.offset_from_local_datetime(&local);
    let at = |offset: chrono_tz::TzOffset| {
        let utc = local - chrono::TimeDelta::seconds(offset.fix().local_minus_utc().into());
        At::from_millis(utc.and_utc().timestamp_millis())
    };
    let mut places: Vec<At> = [found.earliest(), found.latest()].into_iter().flatten().map(at).collect();
    places.sort_unstable();
    places.dedup();
    if places.is_empty() {
        return Err(format!("\"{text}\" is no time in {zone}: the clock jumps over it"));
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONDON: Tz = chrono_tz::Europe::London;

    fn at(text: &str) -> At {
        At::from_rfc3339(text).unwrap()
    }

    #[test]
    fn half_hours_are_read_as_the_grid_operator_writes_them() {
        let text = "from,to,forecast,actual,index\n2026-10-18T02:00Z,2026-10-18T02:30Z,156,149,moderate\n\
                    2026-10-18T02:30Z,2026-10-18T03:00Z,150,,low\n2026-10-18T05:00:00+02:00,,1,12.5,low\n";
        let read = Intensity::from_csv("i.csv", text, LONDON).unwrap();
        let found = ["2026-10-18T02:10:00Z", "2026-10-18T02:30:00Z", "2026-10-18T03:00:00Z"]
            .map(|text| read.of(number_of(at(text))));
        assert_eq!(found, [Some(149_000), None, Some(12_500)], "what is not measured yet is a gap, not its forecast");
        assert!(read.version.unwrap().starts_with("2026-10-18T02:00:00.000Z … 2026-10-18T03:30:00.000Z ("));
    }

    #[test]
    fn local_times_of_the_hour_that_comes_twice_are_two_and_of_the_hour_that_is_not_none() {
        let text = "datetime,carbon_intensity\n2026-10-25 00:30,1\n2026-10-25 01:00,2\n2026-10-25 01:30,3\n\
                    2026-10-25 01:00,4\n2026-10-25 01:30,5\n2026-10-25 02:00,6\n";
        let read = Intensity::from_csv("i.csv", text, LONDON).unwrap();
        let first = number_of(at("2026-10-24T23:30:00Z"));
        let found: Vec<_> = (first..first + 6).map(|number| read.of(number).unwrap() / 1000).collect();
        assert_eq!(found, [1, 2, 3, 4, 5, 6]);
        let spring = Intensity::from_csv("i.csv", "time,g_per_kwh\n2026-03-29T01:30,1\n", LONDON).unwrap_err();
        assert_eq!(
            spring.to_string(),
            "i.csv:2: \"2026-03-29T01:30\" is no time in Europe/London: the clock jumps over it"
        );
    }

    #[test]
    fn a_bad_file_says_where() {
        for (text, told) in [
            ("a,actual\n", "i.csv:1: there is no column from or datetime or time"),
            (
                "from,actal\n",
                "i.csv:1: there is no column actual or carbon_intensity or intensity or g_per_kwh or forecast",
            ),
            ("from,actual\nsoon,1\n", "i.csv:2: \"soon\" is not a time like 2026-10-18T02:00Z"),
            (
                "from,actual\n2026-10-18T02:10Z,1\n",
                "i.csv:2: \"2026-10-18T02:10Z\" is not the beginning of a half-hour",
            ),
            ("from,actual\n2026-10-18T02:00Z,x\n", "i.csv:2: \"x\" is not grams of at most 3 decimal places"),
            (
                "from,actual\n2026-10-18T02:00Z,\n2026-10-18T02:00Z,2\n",
                "i.csv:3: \"2026-10-18T02:00Z\" is there before",
            ),
        ] {
            assert_eq!(Intensity::from_csv("i.csv", text, LONDON).unwrap_err().to_string(), told);
        }
    }

    #[test]
    fn the_lowest_third_is_of_the_half_hours_that_are_known() {
        let text = "from,actual\n2026-10-18T00:00Z,100\n2026-10-18T00:30Z,300\n2026-10-18T01:00Z,\n\
                    2026-10-18T01:30Z,200\n2026-10-18T02:00Z,50\n";
        let read = Intensity::from_csv("i.csv", text, LONDON).unwrap();
        let span = |until: &str| Span { from: at("2026-10-18T00:00:00Z"), until: at(until) };
        assert_eq!(read.lowest_third(span("2026-10-18T02:00:00Z")), Some(100_000), "one of three");
        assert_eq!(read.lowest_third(span("2026-10-18T02:00:01Z")), Some(100_000), "two of four, rounded up");
        assert_eq!(read.lowest_third(span("2026-10-18T00:00:00Z")), None);
    }
}
