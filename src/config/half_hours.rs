//! Half-hours of carbon intensity that were asked for over HTTP: what an answer says, and what is kept of it in
//! `registry.intensity_file`. Figures are made from that file alone. What was measured once stays as it was told first, so
//! that a figure comes out the same tomorrow; a forecast is kept beside it and never used.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;
use serde_json::Number;

use super::intensity::{HALF_HOUR_MS, number_of, with_offset};
use super::rows;
use super::sites::SitesError;
use crate::domain::time::{At, Span};

/// The columns of the file.
const HEAD: [&str; 5] = ["from", "actual", "forecast", "source", "asked_at"];

/// Half-hours of a day.
const DAY: i64 = 48;

/// Half-hours that are asked for at once: a week. The operator of the British grid gives two at most.
const PIECE: i64 = 7 * DAY;

/// What has not been measured so long after its end never will be.
const GIVEN_UP_MS: i64 = 2 * 86_400_000;

/// No grid emits more milligrams for a kilowatt-hour.
const MOST: i64 = 5_000_000;

/// A half-hour of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number since 1970.
    number: i64,
    /// Milligrams for a kilowatt-hour, as measured.
    actual: Option<i64>,
    /// The same, as forecast.
    forecast: Option<i64>,
}

/// An answer of the Carbon Intensity API of Great Britain.
#[derive(Deserialize)]
struct Answer {
    data: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    from: String,
    intensity: Values,
}

#[derive(Deserialize)]
struct Values {
    forecast: Option<Number>,
    actual: Option<Number>,
}

/// The half-hours of an answer in the form of the Carbon Intensity API of Great Britain.
///
/// # Errors
/// What is wrong with it.
pub fn read_answer(body: &[u8]) -> Result<Vec<Told>, String> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| format!("the answer has another form: {error}"))?;
    let grams = |number: Option<Number>| {
        let read = |number: Number| {
            let milligrams = rows::decimal(&number.to_string(), 3).filter(|value| *value <= MOST);
            milligrams.ok_or_else(|| format!("{number} is no intensity"))
        };
        number.map(read).transpose()
    };
    let told = |part: Part| {
        let at = with_offset(&part.from).filter(|at| at.millis().rem_euclid(HALF_HOUR_MS) == 0);
        let at = at.ok_or_else(|| format!("{:?} is not the beginning of a half-hour", part.from))?;
        let Values { forecast, actual } = part.intensity;
        Ok(Told { number: number_of(at), actual: grams(actual)?, forecast: grams(forecast)? })
    };
    answer.data.into_iter().map(told).collect()
}

/// What is kept of a half-hour.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    actual: Option<i64>,
    forecast: Option<i64>,
    source: String,
    asked: At,
}

/// All that was told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept(BTreeMap<i64, Row>);

impl Kept {
    /// Reads the text of a file; an empty one is a file that was not begun.
    ///
    /// # Errors
    /// When somebody else wrote it: it would be overwritten.
    pub fn read(file: &str, text: &str) -> Result<Self, SitesError> {
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let wrong = |line: u64| {
            let columns = HEAD.join(",");
            SitesError(format!(
                "{file}:{line}: is not as it is kept with registry.intensity_url ({columns}): name another registry.intensity_file"
            ))
        };
        let head = reader.headers().map_err(|_| wrong(1))?;
        if head.iter().ne(HEAD) && !text.is_empty() {
            return Err(wrong(1));
        }
        let mut kept = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|error| wrong(error.position().map_or(1, csv::Position::line)))?;
            let cell = |index: usize| row.get(index).unwrap_or_default();
            let grams = |text: &str| match text {
                "" => Some(None),
                text => rows::decimal(text, 3).map(Some),
            };
            let read = || {
                let row = Row {
                    actual: grams(cell(1))?,
                    forecast: grams(cell(2))?,
                    source: cell(3).to_owned(),
                    asked: with_offset(cell(4))?,
                };
                Some((number_of(with_offset(cell(0))?), row))
            };
            let (number, read) = read().ok_or_else(|| wrong(row.position().map_or(1, csv::Position::line)))?;
            kept.insert(number, read);
        }
        Ok(Self(kept))
    }

    /// As the text of a file.
    pub fn text(&self) -> String {
        let mut text = HEAD.join(",") + "\n";
        for (number, row) in &self.0 {
            let from = At::from_millis(number * HALF_HOUR_MS).to_rfc3339();
            let [actual, forecast] = [row.actual, row.forecast].map(|it| it.map_or_else(String::new, grams));
            // Writing to a String cannot fail.
            writeln!(text, "{from},{actual},{forecast},{},{}", row.source, row.asked.to_rfc3339()).ok();
        }
        text
    }

    /// What to ask for: pieces of the last days with half-hours that are over and may have been measured since.
    pub fn missing(&self, now: At, days: u32) -> Vec<Span> {
        let end = number_of(now);
        let mut number = end - i64::from(days) * DAY;
        let mut found = Vec::new();
        while number < end {
            if self.0.get(&number).is_some_and(|row| is_settled(number, row)) {
                number += 1;
                continue;
            }
            let until = (number + PIECE).min(end);
            let at = |number: i64| At::from_millis(number * HALF_HOUR_MS);
            found.push(Span { from: at(number), until: at(until) });
            number = until;
        }
        found
    }

    /// Takes what was told of a stretch; says how many half-hours were measured that were not known before.
    pub fn take(&mut self, asked: Span, told: &[Told], source: &str, now: At) -> usize {
        let mut new = 0;
        for number in number_of(asked.from)..number_of(asked.until) {
            let told = told.iter().find(|told| told.number == number);
            let before = self.0.get(&number);
            if before.is_some_and(|row| row.actual.is_some()) {
                continue;
            }
            let actual = told.and_then(|told| told.actual);
            let forecast = told.and_then(|told| told.forecast).or_else(|| before.and_then(|row| row.forecast));
            new += usize::from(actual.is_some());
            self.0.insert(number, Row { actual, forecast, source: source.to_owned(), asked: now });
        }
        new
    }
}

/// Whether asking again would bring nothing.
fn is_settled(number: i64, row: &Row) -> bool {
    row.actual.is_some() || row.asked.millis() >= (number + 1) * HALF_HOUR_MS + GIVEN_UP_MS
}

/// Milligrams as grams, exactly.
fn grams(milligrams: i64) -> String {
    let (whole, part) = (milligrams / 1000, milligrams % 1000);
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:03}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::intensity::Intensity;

    fn at(text: &str) -> At {
        At::from_rfc3339(text).unwrap()
    }

    fn span(from: &str, until: &str) -> Span {
        Span { from: at(from), until: at(until) }
    }

    const ANSWER: &str = r#"{"data":[
        {"from":"2026-10-18T01:30Z","to":"2026-10-18T02:00Z","intensity":{"forecast":150,"actual":148,"index":"moderate"}},
        {"from":"2026-10-18T02:00Z","to":"2026-10-18T02:30Z","intensity":{"forecast":156,"actual":149.5,"index":"moderate"}},
        {"from":"2026-10-18T02:30Z","to":"2026-10-18T03:00Z","intensity":{"forecast":160,"actual":null,"index":"moderate"}}]}"#;

    #[test]
    fn what_was_measured_first_stays_and_a_forecast_is_never_used() {
        let (asked, now) = (span("2026-10-18T02:00:00Z", "2026-10-18T03:30:00Z"), at("2026-10-18T03:31:00Z"));
        let mut kept = Kept::default();
        assert_eq!(kept.take(asked, &read_answer(ANSWER.as_bytes()).unwrap(), "grid.example", now), 1);
        let later = at("2026-10-18T04:00:00Z");
        let second = ANSWER.replace("149.5", "151").replace("\"actual\":null", "\"actual\":162");
        assert_eq!(kept.take(asked, &read_answer(second.as_bytes()).unwrap(), "grid.example", later), 1);
        let text = kept.text();
        assert_eq!(
            text,
            "from,actual,forecast,source,asked_at\n\
             2026-10-18T02:00:00.000Z,149.500,156,grid.example,2026-10-18T03:31:00.000Z\n\
             2026-10-18T02:30:00.000Z,162,160,grid.example,2026-10-18T04:00:00.000Z\n\
             2026-10-18T03:00:00.000Z,,,grid.example,2026-10-18T04:00:00.000Z\n"
        );
        assert_eq!(Kept::read("i.csv", &text).unwrap(), kept);
        let read = Intensity::from_csv("i.csv", &text, chrono_tz::UTC).unwrap();
        let found = ["02:00", "02:30", "03:00"].map(|time| read.of(number_of(at(&format!("2026-10-18T{time}:00Z")))));
        assert_eq!(found, [Some(149_500), Some(162_000), None]);
        let version = read.version.unwrap();
        assert!(version.contains("grid.example, last asked 2026-10-18T04:00:00.000Z"), "{version}");
    }

    #[test]
    fn only_what_may_have_been_measured_since_is_asked_for_in_pieces_of_a_week() {
        let now = at("2026-10-18T03:10:00Z");
        let mut kept = Kept::default();
        let all = kept.missing(now, 10);
        assert_eq!(
            all,
            [
                span("2026-10-08T03:00:00Z", "2026-10-15T03:00:00Z"),
                span("2026-10-15T03:00:00Z", "2026-10-18T03:00:00Z")
            ]
        );
        for piece in all {
            kept.take(piece, &[], "grid.example", now);
        }
        let lately = [span("2026-10-16T03:00:00Z", "2026-10-18T03:00:00Z")];
        assert_eq!(kept.missing(now, 10), lately, "of what is older no more is expected");
        assert_eq!(kept.missing(now, 0), []);
    }

    #[test]
    fn other_answers_and_files_of_other_hands_are_refused() {
        for (body, told) in [
            ("<html>", "the answer has another form: expected value"),
            (
                r#"{"data":[{"from":"soon","intensity":{"forecast":1}}]}"#,
                "\"soon\" is not the beginning of a half-hour",
            ),
            (
                r#"{"data":[{"from":"2026-10-18T02:10Z","intensity":{"forecast":1}}]}"#,
                "\"2026-10-18T02:10Z\" is not the",
            ),
            (r#"{"data":[{"from":"2026-10-18T02:00Z","intensity":{"actual":-3}}]}"#, "-3 is no intensity"),
            (r#"{"data":[{"from":"2026-10-18T02:00Z","intensity":{"actual":6000}}]}"#, "6000 is no intensity"),
        ] {
            let found = read_answer(body.as_bytes()).unwrap_err();
            assert!(found.starts_with(told), "{found}");
        }
        for text in
            ["from,actual\n2026-10-18T02:00Z,1\n", "from,actual,forecast,source,asked_at\n2026-10-18T02:00Z,x,,,\n"]
        {
            let found = Kept::read("i.csv", text).unwrap_err().to_string();
            assert!(found.contains("is not as it is kept with registry.intensity_url"), "{found}");
        }
        assert_eq!(Kept::read("i.csv", "").unwrap(), Kept::default());
    }
}
