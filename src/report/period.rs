//! Periods: `2026`, `2026-Q3`, `2026-10`, `2026-11-24`, or from … to, in a zone; and their hours, days and months.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::opening::{local_day, midnight};
use crate::domain::time::{At, Span};

/// How lines are grouped by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// By hour; the label says the offset, so that the hour which comes twice is two.
    Hour,
    /// By local day.
    Day,
    /// By local month.
    Month,
}

impl TimeUnit {
    /// Every unit.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// Its word, which is also its column.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// Most stretches of time in one answer.
const MOST_BUCKETS: usize = 1200;

/// A period in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// As asked for.
    pub label: String,
    /// From when until when.
    pub span: Span,
    /// Where.
    pub zone: Tz,
}

impl Period {
    /// Reads a period; the present year where nothing is asked for.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(
        (period, from, to): (Option<&str>, Option<&str>, Option<&str>),
        zone: Tz,
        now: At,
    ) -> Result<Self, String> {
        let (label, span) = match (period, from, to) {
            (Some(text), None, None) => (text.to_owned(), named(text, zone)?),
            (None, Some(from), Some(to)) => {
                let span = Span { from: instant("from", from, zone)?, until: instant("to", to, zone)? };
                (format!("{from}/{to}"), span)
            }
            (None, None, None) => {
                let year = local_day(now, zone).year().to_string();
                let span = named(&year, zone)?;
                (year, span)
            }
            _ => return Err("say period, or from and to, and not both".to_owned()),
        };
        if span.millis() == 0 {
            return Err(format!("the period {label} ends before it begins"));
        }
        Ok(Self { label, span, zone })
    }

    /// The stretches of a unit, up to `now`: those in full and those cut at the ends.
    ///
    /// # Errors
    /// When there are too many for one answer.
    pub fn buckets(&self, unit: Option<TimeUnit>, now: At) -> Result<Vec<(Option<String>, Span)>, String> {
        let whole = Span { from: self.span.from, until: self.span.until.min(now) };
        if whole.millis() == 0 {
            return Ok(Vec::new());
        }
        let Some(unit) = unit else { return Ok(vec![(None, whole)]) };
        let mut found = Vec::new();
        let mut from = whole.from;
        while from < whole.until {
            let (label, next) = self.step(unit, from);
            let until = if next > from { next.min(whole.until) } else { whole.until };
            found.push((Some(label), Span { from, until }));
            if found.len() > MOST_BUCKETS {
                return Err(format!("by {} the period has more than {MOST_BUCKETS} lines; ask for less", unit.word()));
            }
            from = until;
        }
        Ok(found)
    }

    /// The label of the unit in which an instant lies, and where the next one begins.
    fn step(&self, unit: TimeUnit, at: At) -> (String, At) {
        let local = DateTime::<Utc>::from(at).with_timezone(&self.zone);
        let day = local.date_naive();
        match unit {
            TimeUnit::Hour => {
                // Every zone of today is off by whole quarters: the local hour begins where its minutes do.
                let into = i64::from(chrono::Timelike::minute(&local)) * 60_000 + at.millis().rem_euclid(60_000);
                (local.format("%Y-%m-%dT%H:00%:z").to_string(), at.plus_millis(3_600_000 - into))
            }
            TimeUnit::Day => {
                let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
                (day.to_string(), midnight(next, self.zone))
            }
            TimeUnit::Month => {
                let first = day.with_day(1).unwrap_or(day);
                let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
                (first.format("%Y-%m").to_string(), midnight(next, self.zone))
            }
        }
    }
}

/// A year, quarter, month or day.
fn named(text: &str, zone: Tz) -> Result<Span, String> {
    let wrong = || format!("period \"{text}\" is none like 2026, 2026-Q3, 2026-10 or 2026-11-24");
    let (first, length) = match (text.len(), text.split_once("-Q")) {
        (4, None) => (format!("{text}-01-01"), Some(12)),
        (7, Some((year, quarter))) => {
            let month =
                quarter.parse::<u32>().ok().filter(|quarter| (1..=4).contains(quarter)).ok_or_else(wrong)? * 3 - 2;
            (format!("{year}-{month:02}-01"), Some(3))
        }
        (7, None) => (format!("{text}-01"), Some(1)),
        _ => (text.to_owned(), None),
    };
    let first = first.parse::<NaiveDate>().map_err(|_| wrong())?;
    let after = match length {
        Some(months) => first.checked_add_months(Months::new(months)),
        None => first.checked_add_signed(TimeDelta::days(1)),
    };
    Ok(Span { from: midnight(first, zone), until: midnight(after.ok_or_else(wrong)?, zone) })
}

/// A time, or a date in a zone.
fn instant(name: &str, text: &str, zone: Tz) -> Result<At, String> {
    let day = || text.parse::<NaiveDate>().ok().map(|day| midnight(day, zone));
    let wrong = || format!("{name}=\"{text}\" is not a time like 2026-11-24T09:00:00Z or a date like 2026-11-24");
    At::from_rfc3339(text).or_else(day).ok_or_else(wrong)
}

/// Days since 1970 of a date.
pub(super) fn number_of(day: NaiveDate) -> i32 {
    i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(0)
}

/// The date of days since 1970.
pub(super) fn date_of(number: i32) -> NaiveDate {
    NaiveDate::default().checked_add_signed(TimeDelta::days(number.into())).unwrap_or_default()
}

/// The month of a date, counted from 1970.
pub(super) fn month_of(day: NaiveDate) -> i32 {
    (day.year() - 1970) * 12 + i32::try_from(day.month0()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONDON: Tz = chrono_tz::Europe::London;

    fn read(text: &str) -> Period {
        Period::read((Some(text), None, None), LONDON, At::from_millis(0)).unwrap()
    }

    fn hours(text: &str) -> i64 {
        read(text).span.millis() / 3_600_000
    }

    #[test]
    fn periods_have_the_hours_that_they_have() {
        for (text, told) in [
            ("2026", 8760),
            ("2028", 8784),
            ("2026-Q1", 90 * 24 - 1),
            ("2026-10", 31 * 24 + 1),
            ("2026-03-29", 23),
            ("2026-10-25", 25),
            ("2026-11-24", 24),
        ] {
            assert_eq!(hours(text), told, "{text}");
        }
        assert_eq!(read("2026-07").span.from.to_rfc3339(), "2026-06-30T23:00:00.000Z");
        for text in ["26", "2026-Q5", "2026-13", "now", "2026-02-30"] {
            assert!(Period::read((Some(text), None, None), LONDON, At::from_millis(0)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_is_two_and_a_day_ends_where_the_clock_says() {
        let later = At::from_rfc3339("2030-01-01T00:00:00Z").unwrap();
        let hours = read("2026-10-25").buckets(Some(TimeUnit::Hour), later).unwrap();
        let labels: Vec<_> = hours.iter().filter_map(|(label, _)| label.as_deref()).collect();
        assert_eq!((labels.len(), labels[1], labels[2]), (25, "2026-10-25T01:00+01:00", "2026-10-25T01:00+00:00"));
        let days = read("2026-03").buckets(Some(TimeUnit::Day), later).unwrap();
        assert_eq!((days.len(), days[28].1.millis()), (31, 23 * 3_600_000));
        assert_eq!(read("2026").buckets(Some(TimeUnit::Month), later).unwrap().len(), 12);
        assert!(read("2026").buckets(Some(TimeUnit::Hour), later).is_err());
        assert!(read("2026").buckets(None, At::from_millis(0)).unwrap().is_empty(), "it has not begun");
    }
}
