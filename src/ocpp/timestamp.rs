//! Timestamps as chargers write them: lenient ISO 8601 and epoch numbers.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::domain::deviation::Rule;
use crate::domain::time::At;

/// An instant, and by which rule it was read (`None`: plain RFC 3339).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) at: At,
    pub(super) rule: Option<Rule>,
}

/// Reads a timestamp. Without a zone it is UTC.
pub(super) fn read(text: &str) -> Option<Stamp> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text)
        && text.as_bytes().get(10) == Some(&b'T')
    {
        return Some(Stamp { at: At::from(time.with_timezone(&Utc)), rule: None });
    }
    let trimmed = text.trim();
    if let Ok(number) = trimmed.parse::<i64>() {
        return epoch(number);
    }
    let mut scan = Scan { rest: trimmed };
    let (at, zoned) = scan.date_time()?;
    let rule = if zoned { Rule::TimeForm } else { Rule::TimeZone };
    scan.rest.is_empty().then_some(Stamp { at, rule: Some(rule) })
}

/// Seconds, or milliseconds where seconds would lie beyond the year 5000. 0 is no time.
pub(super) fn epoch(number: i64) -> Option<Stamp> {
    let millis = if number.abs() > 95_617_584_000 { number } else { number.checked_mul(1000)? };
    (number > 0).then_some(Stamp { at: At::from_millis(millis), rule: Some(Rule::TimeForm) })
}

struct Scan<'a> {
    rest: &'a str,
}

impl Scan<'_> {
    /// Date, time and zone; says whether there was a zone.
    fn date_time(&mut self) -> Option<(At, bool)> {
        let year = self.number(4, 4)?;
        self.one_of("-/.")?;
        let month = self.number(1, 2)?;
        self.one_of("-/.")?;
        let day = self.number(1, 2)?;
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        let mut since_midnight = TimeDelta::zero();
        if self.one_of("Tt ").is_some() {
            self.rest = self.rest.trim_start();
            since_midnight = self.time()?;
        }
        self.rest = self.rest.trim_start();
        let zone = self.zone()?;
        let naive = date.and_hms_opt(0, 0, 0)?.checked_add_signed(since_midnight)?;
        let utc = naive.checked_sub_signed(zone.unwrap_or_default())?.and_utc();
        Some((At::from(utc), zone.is_some()))
    }

    /// Hours may be 24 and seconds 60: both mean the next one.
    fn time(&mut self) -> Option<TimeDelta> {
        let hour = self.number(1, 2).filter(|hour| *hour <= 24)?;
        self.one_of(":.")?;
        let minute = self.number(1, 2).filter(|minute| *minute < 60)?;
        let mut time = TimeDelta::hours(i64::from(hour)) + TimeDelta::minutes(i64::from(minute));
        if self.one_of(":").is_some() {
            let second = self.number(1, 2).filter(|second| *second <= 60)?;
            time += TimeDelta::seconds(i64::from(second));
            if self.one_of(".,").is_some() {
                let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at(end);
                let millis = digits.chars().chain("000".chars()).take(3).collect::<String>();
                time += TimeDelta::milliseconds(millis.parse().ok()?);
                self.rest = rest;
            }
        }
        Some(time)
    }

    /// `Z`, `+hh`, `+hhmm`, `+hh:mm`, or nothing.
    fn zone(&mut self) -> Option<Option<TimeDelta>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        if self.one_of("Zz").is_some() {
            return Some(Some(TimeDelta::zero()));
        }
        let sign = if self.one_of("+").is_some() { 1 } else { self.one_of("-\u{2212}").map(|_| -1)? };
        let hours = self.number(1, 2).filter(|hours| *hours <= 18)?;
        let colon = self.one_of(":");
        let minutes = match self.number(2, 2) {
            Some(minutes) if minutes < 60 => minutes,
            None if colon.is_none() => 0,
            _ => return None,
        };
        let offset = TimeDelta::hours(i64::from(hours)) + TimeDelta::minutes(i64::from(minutes));
        Some(Some(offset * sign))
    }

    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let end = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(end).filter(|_| end >= least)?;
        self.rest = rest;
        digits.parse().ok()
    }

    fn one_of(&mut self, allowed: &str) -> Option<char> {
        let first = self.rest.chars().next().filter(|first| allowed.contains(*first))?;
        self.rest = self.rest.strip_prefix(first)?;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(text: &str) -> Option<String> {
        read(text).map(|stamp| stamp.at.to_rfc3339())
    }

    #[test]
    fn times_are_read_as_chargers_write_them() {
        for (text, utc) in [
            ("2024-04-26T14:35:02+02", "2024-04-26T12:35:02.000Z"),
            ("2024-04-26T14:35:02+0200", "2024-04-26T12:35:02.000Z"),
            ("2024-04-26T14:35:02-05:30", "2024-04-26T20:05:02.000Z"),
            ("2019-04-05T10:00:00", "2019-04-05T10:00:00.000Z"),
            ("2026-08-04T13:35:45.377", "2026-08-04T13:35:45.377Z"),
            ("2025-03-01 12:00:00", "2025-03-01T12:00:00.000Z"),
            ("2025-03-01T12:00:00.1234567Z", "2025-03-01T12:00:00.123Z"),
            ("2025-03-01T24:00:00Z", "2025-03-02T00:00:00.000Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("2025-3-1T3:04Z", "2025-03-01T03:04:00.000Z"),
            ("2025-03-01t12:00:00z", "2025-03-01T12:00:00.000Z"),
            ("2025-03-01T12:00:00,5Z", "2025-03-01T12:00:00.500Z"),
            (" 2025-03-01T12:00:00Z ", "2025-03-01T12:00:00.000Z"),
            ("2025/03/01 12:00", "2025-03-01T12:00:00.000Z"),
            ("2025-03-01", "2025-03-01T00:00:00.000Z"),
            ("1740830400", "2025-03-01T12:00:00.000Z"),
            ("1740830400000", "2025-03-01T12:00:00.000Z"),
        ] {
            assert_eq!(said(text).as_deref(), Some(utc), "{text}");
        }
    }

    #[test]
    fn each_form_has_its_rule() {
        assert_eq!(read("2025-03-01T12:00:00.5Z").unwrap().rule, None);
        assert_eq!(read("2025-03-01T12:00:00").unwrap().rule, Some(Rule::TimeZone));
        assert_eq!(read("2025-03-01 12:00:00Z").unwrap().rule, Some(Rule::TimeForm));
        assert_eq!(read("1740830400").unwrap().rule, Some(Rule::TimeForm));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "0", "-5", "now", "2025-13-01T00:00:00Z", "2025-02-30", "2025-03-01T25:00:00Z", "12:00:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_read_to_something(text in "[0-9TZtz:.,+ /\u{2212}-]{0,40}") {
            read(&text);
        }
    }
}
