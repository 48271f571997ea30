//! Opening hours as stretches of time: which parts of a day count, in local time, right across changes of the clock.

use chrono::{Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;

use super::ocpi::place::OpeningHours;
use super::time::{At, Span};

/// Minutes of a day on a clock.
const DAY: u32 = 24 * 60;

/// When a place is open, by weekday from Monday; minutes of the local day, the end exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week([Vec<(u32, u32)>; 7]);

impl Week {
    /// The week of opening hours; always open where there are none.
    pub fn of(hours: Option<&OpeningHours>) -> Self {
        match hours {
            None | Some(OpeningHours::Always) => Self(std::array::from_fn(|_| vec![(0, DAY)])),
            Some(OpeningHours::Weekly(open)) => Self(std::array::from_fn(|day| {
                let own = open.iter().filter(|open| usize::from(open.weekday) == day + 1);
                merged(own.map(|open| (open.from.into(), open.until.into())).collect())
            })),
        }
    }

    /// The stretches of `within` in which it is open, in order.
    pub fn open(&self, within: Span, zone: Tz) -> Vec<Span> {
        if self.0.iter().all(|day| day.as_slice() == [(0, DAY)]) {
            return vec![within];
        }
        let mut found: Vec<Span> = Vec::new();
        let mut day = local_day(within.from, zone);
        while midnight(day, zone) < within.until {
            for (from, until) in self.hours_of(day.weekday()) {
                let piece = Span { from: instant(day, *from, zone), until: instant(day, *until, zone) };
                let Some(piece) = piece.within(within) else { continue };
                match found.last_mut().filter(|last| last.until == piece.from) {
                    Some(last) => last.until = piece.until,
                    None => found.push(piece),
                }
            }
            let Some(next) = day.checked_add_days(Days::new(1)) else { break };
            day = next;
        }
        found
    }

    fn hours_of(&self, day: Weekday) -> &[(u32, u32)] {
        self.0.get(day.num_days_from_monday() as usize).map_or(&[], Vec::as_slice)
    }
}

/// Overlapping hours made one.
fn merged(mut hours: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    hours.sort_unstable();
    let mut found: Vec<(u32, u32)> = Vec::new();
    for (from, until) in hours {
        match found.last_mut().filter(|last| from <= last.1) {
            Some(last) => last.1 = last.1.max(until),
            None => found.push((from, until)),
        }
    }
    found
}

/// The local day of an instant.
pub fn local_day(at: At, zone: Tz) -> NaiveDate {
    chrono::DateTime::<chrono::Utc>::from(at).with_timezone(&zone).date_naive()
}

/// When a local day begins.
pub fn midnight(day: NaiveDate, zone: Tz) -> At {
    instant(day, 0, zone)
}

/// A local day as a span: 23, 24 or 25 hours.
pub fn day_span(day: NaiveDate, zone: Tz) -> Span {
    Span { from: midnight(day, zone), until: instant(day, DAY, zone) }
}

/// The instant of a minute on the clock of a local day. One that the clock shows twice is the first; one that it leaves
/// out is when the clock goes on.
fn instant(day: NaiveDate, minute: u32, zone: Tz) -> At {
    let (day, minute) = if minute >= DAY { (day.succ_opt().unwrap_or(day), minute - DAY) } else { (day, minute) };
    let time = NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap_or(NaiveTime::MIN);
    let mut local = NaiveDateTime::new(day, time);
    // No clock was ever put forward by more than a day.
    for _ in 0..=(24 * 60) {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => return At::from(found.to_utc()),
            LocalResult::None => local += TimeDelta::minutes(1),
        }
    }
    At::from(local.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONDON: Tz = chrono_tz::Europe::London;

    fn hours_open(text: &str, day: &str) -> i64 {
        let day = day_span(day.parse().unwrap(), LONDON);
        let open = Week::of(OpeningHours::parse(text).as_ref()).open(day, LONDON);
        open.iter().map(|span| span.millis()).sum::<i64>() / 3_600_000
    }

    #[test]
    fn days_and_hours_are_those_of_the_text() {
        // 23 November 2026 is a Monday.
        for (text, day, hours) in [
            ("24/7", "2026-11-23", 24),
            ("Mo-Fr 07:00-19:00; Sa 08:00-12:00", "2026-11-23", 12),
            ("Mo-Fr 07:00-19:00; Sa 08:00-12:00", "2026-11-28", 4),
            ("Mo-Fr 07:00-19:00; Sa 08:00-12:00", "2026-11-29", 0),
            ("Mo-Su 06:00-23:00", "2026-11-29", 17),
            ("Sa,Su 09:00-12:00,13:00-17:00", "2026-11-29", 7),
            ("Fr 22:00-02:00", "2026-11-27", 2),
            ("Fr 22:00-02:00", "2026-11-28", 2),
            ("Mo 07:00-12:00,10:00-14:00", "2026-11-23", 7),
            ("Fr-Mo 00:00-24:00", "2026-11-29", 24),
        ] {
            assert_eq!(hours_open(text, day), hours, "{text} on {day}");
        }
    }

    #[test]
    fn the_night_of_a_clock_change_has_the_hours_that_it_has() {
        assert_eq!(hours_open("24/7", "2026-03-29"), 23);
        assert_eq!(hours_open("24/7", "2026-10-25"), 25);
        assert_eq!(hours_open("Su 00:00-06:00", "2026-03-29"), 5);
        assert_eq!(hours_open("Su 00:00-06:00", "2026-10-25"), 7);
        assert_eq!(hours_open("Su 01:30-06:00", "2026-03-29"), 4, "01:30 does not exist; the clock goes on at 02:00");
    }
}
