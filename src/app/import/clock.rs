//! Times of a file: read by the map's formats, and wall clock times placed in their zone.
//!
//! A wall clock shows one hour twice in autumn and leaves one out in spring. A start in the doubled hour is taken as its
//! first passage; an end as the first passage that does not lie before the start. A time in the missing hour is read with
//! the offset from before the change, as a clock shows it that was not put forward. Both are marked.

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::domain::imported::Oddities;
use crate::domain::time::At;

/// One way of writing a time.
#[derive(Debug)]
pub(super) enum Form {
    /// Units since 1970 UTC, so many in a second.
    Epoch(i64),
    /// A date with time; with the parts of a chrono pattern.
    Pattern { items: Vec<Item<'static>>, names_zone: bool, to_the_second: bool },
}

impl Form {
    /// Reads `epoch_s`, `epoch_ms`, or a pattern of `strftime`; `None` when it is neither.
    pub(super) fn new(text: &str) -> Option<Self> {
        match text {
            "epoch_s" => return Some(Self::Epoch(1)),
            "epoch_ms" => return Some(Self::Epoch(1000)),
            _ => {}
        }
        let items = StrftimeItems::new(text).parse_to_owned().ok()?;
        let names_zone = ["%z", "%:z", "%#z", "%::z", "%+"].iter().any(|zone| text.contains(zone));
        let to_the_second = ["%S", "%T", "%X", "%r", "%c", "%+", "%s"].iter().any(|second| text.contains(second));
        let tells_a_date = items.iter().any(|item| !matches!(item, Item::Literal(_) | Item::OwnedLiteral(_)));
        tells_a_date.then_some(Self::Pattern { items, names_zone, to_the_second })
    }

    /// Whether it says by itself which instant is meant.
    pub(super) const fn needs_no_zone(&self) -> bool {
        match self {
            Self::Epoch(_) => true,
            Self::Pattern { names_zone, .. } => *names_zone,
        }
    }

    fn read(&self, text: &str) -> Option<Told> {
        match self {
            Self::Epoch(per_second) => {
                let number: i64 = text.parse().ok()?;
                Some(Told::Instant(At::from_millis(number.checked_mul(1000 / per_second)?)))
            }
            Self::Pattern { items, names_zone, to_the_second } => {
                let mut parsed = Parsed::new();
                parse(&mut parsed, text, items.iter()).ok()?;
                if *names_zone {
                    return Some(Told::Instant(At::from(parsed.to_datetime().ok()?.with_timezone(&Utc))));
                }
                let date = parsed.to_naive_date().ok()?;
                // A pattern of dates alone means their beginnings.
                let time = parsed.to_naive_time().ok().or_else(|| {
                    let tells_no_time = parsed.hour_mod_12().is_none() && parsed.minute().is_none();
                    tells_no_time.then_some(NaiveTime::MIN)
                })?;
                Some(Told::Wall { local: date.and_time(time), to_the_second: *to_the_second })
            }
        }
    }
}

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Instant(At),
    Wall { local: NaiveDateTime, to_the_second: bool },
}

/// How to read times.
#[derive(Debug)]
pub(super) struct Clock {
    /// The zone of wall clock times.
    pub(super) zone: Tz,
    /// Tried in this order.
    pub(super) forms: Vec<Form>,
    /// Day and month changed places wherever both can be a month.
    pub(super) swapped: bool,
}

impl Clock {
    fn read(&self, text: &str) -> Option<Told> {
        self.forms.iter().find_map(|form| form.read(text))
    }

    /// The wall clock time of a cell as it stands and with day and month swapped, for judging their order.
    pub(super) fn both_ways(&self, text: &str) -> Option<(NaiveDateTime, NaiveDateTime)> {
        match self.read(text)? {
            Told::Instant(at) => Some((DateTime::from(at).naive_utc(), DateTime::from(at).naive_utc())),
            Told::Wall { local, .. } => Some((local, swap(local).unwrap_or(local))),
        }
    }

    /// A start.
    pub(super) fn start(&self, text: &str, odd: &mut Oddities) -> Option<At> {
        let (first, _) = self.place(text, odd)?;
        Some(first)
    }

    /// An end: of two passages the first that does not lie before the start.
    pub(super) fn end(&self, text: &str, start: At, odd: &mut Oddities) -> Option<At> {
        let (first, second) = self.place(text, odd)?;
        Some(if first < start { second } else { first })
    }

    /// First and second passage of the clock at what a cell says; mostly there is one.
    fn place(&self, text: &str, odd: &mut Oddities) -> Option<(At, At)> {
        let (local, to_the_second) = match self.read(text)? {
            Told::Instant(at) => return Some((at, at)),
            Told::Wall { local, to_the_second } => (local, to_the_second),
        };
        odd.add_if(!to_the_second, Oddities::WHOLE_MINUTES);
        let swapped = swap(local).filter(|_| self.swapped);
        odd.add_if(swapped.is_some(), Oddities::DAY_MONTH_SWAPPED);
        let local = swapped.unwrap_or(local);
        let at = |time: DateTime<Tz>| At::from(time.with_timezone(&Utc));
        Some(match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(time) => (at(time), at(time)),
            MappedLocalTime::Ambiguous(first, second) => {
                odd.add(Oddities::CLOCK_CHANGE);
                (at(first), at(second))
            }
            MappedLocalTime::None => {
                odd.add(Oddities::CLOCK_GAP);
                let before = self.zone.offset_from_local_datetime(&local.checked_sub_days(Days::new(1))?).earliest()?;
                let utc = local.checked_sub_offset(before.fix())?.and_utc();
                (At::from(utc), At::from(utc))
            }
        })
    }
}

/// The same time with day and month changed; `None` where that is no other date.
fn swap(local: NaiveDateTime) -> Option<NaiveDateTime> {
    let date = local.date();
    let swapped = NaiveDate::from_ymd_opt(date.year(), date.day(), date.month())?;
    (swapped != date).then(|| swapped.and_time(local.time()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(forms: &[&str], zone: Tz) -> Clock {
        Clock { zone, forms: forms.iter().map(|form| Form::new(form).unwrap()).collect(), swapped: false }
    }

    fn read(clock: &Clock, start: &str, end: &str) -> (String, String, Vec<&'static str>) {
        let mut odd = Oddities::default();
        let start = clock.start(start, &mut odd).unwrap();
        let end = clock.end(end, start, &mut odd).unwrap();
        let text = |at: At| at.to_rfc3339()[5..16].to_owned();
        (text(start), text(end), odd.words().filter(|word| *word != "whole_minutes").collect())
    }

    #[test]
    fn an_hour_that_comes_twice_and_one_that_is_left_out_are_read_by_rule_and_marked() {
        let london = clock(&["%Y-%m-%d %H:%M"], Tz::Europe__London);
        let changed = ["clock_change"].as_slice();
        for (start, end, from, until, marks) in [
            // Autumn: the end is the first passage after the start.
            ("2018-10-28 00:30", "2018-10-28 01:10", "10-27T23:30", "10-28T00:10", changed),
            ("2018-10-28 01:50", "2018-10-28 01:10", "10-28T00:50", "10-28T01:10", changed),
            ("2018-10-28 01:10", "2018-10-28 01:50", "10-28T00:10", "10-28T00:50", changed),
            ("2018-10-28 01:30", "2018-10-28 02:30", "10-28T00:30", "10-28T02:30", changed),
            ("2018-10-28 00:30", "2018-10-28 02:30", "10-27T23:30", "10-28T02:30", &[]),
            // Spring: as if the clock had not been put forward.
            ("2019-03-31 00:50", "2019-03-31 01:20", "03-31T00:50", "03-31T01:20", &["clock_gap"]),
            ("2019-03-31 00:50", "2019-03-31 02:20", "03-31T00:50", "03-31T01:20", &[]),
            ("2019-03-31 01:00", "2019-03-31 02:00", "03-31T01:00", "03-31T01:00", &["clock_gap"]),
            // And on other days.
            ("2019-07-01 12:00", "2019-07-01 13:00", "07-01T11:00", "07-01T12:00", &[]),
            ("2019-01-01 12:00", "2019-01-01 13:00", "01-01T12:00", "01-01T13:00", &[]),
        ] {
            let expected = (from.to_owned(), until.to_owned(), marks.to_vec());
            assert_eq!(read(&london, start, end), expected, "{start} {end}");
        }
        let berlin = clock(&["%Y-%m-%d %H:%M"], Tz::Europe__Berlin);
        let found = read(&berlin, "2018-10-28 02:50", "2018-10-28 02:10");
        assert_eq!(found, ("10-28T00:50".to_owned(), "10-28T01:10".to_owned(), vec!["clock_change"]));
    }

    #[test]
    fn forms_are_tried_in_order_and_those_with_a_zone_need_none() {
        let clock = clock(
            &["%d.%m.%Y %H:%M:%S", "%G-W%V-%u %H:%M", "%Y-%m-%dT%H:%M:%S%:z", "%d/%m/%y", "epoch_ms"],
            Tz::Europe__Berlin,
        );
        for (text, expected) in [
            ("05.01.2021 08:15:30", "2021-01-05T07:15:30.000Z"),
            ("2021-W01-2 08:15", "2021-01-05T07:15:00.000Z"),
            ("2021-01-05T08:15:30+00:00", "2021-01-05T08:15:30.000Z"),
            ("05/01/21", "2021-01-04T23:00:00.000Z"),
            ("1609834530000", "2021-01-05T08:15:30.000Z"),
        ] {
            let found = clock.start(text, &mut Oddities::default()).map(At::to_rfc3339);
            assert_eq!(found.as_deref(), Some(expected), "{text}");
        }
        for wrong in ["", "31.02.2021 08:15:30", "2021-01-05", "05.01.2021 08:15:30 x", "05.01.2021"] {
            assert_eq!(clock.start(wrong, &mut Oddities::default()), None, "{wrong}");
        }
        assert!(Form::new("%Q").is_none() && Form::new("date").is_none());
    }

    #[test]
    fn day_and_month_change_places_only_where_that_is_a_date() {
        let clock = Clock { swapped: true, ..clock(&["%Y-%m-%d %H:%M"], Tz::UTC) };
        for (text, expected, marked) in [
            ("2017-05-01 13:11", "2017-01-05T13:11:00.000Z", true),
            ("2017-01-31 13:11", "2017-01-31T13:11:00.000Z", false),
            ("2017-03-03 13:11", "2017-03-03T13:11:00.000Z", false),
        ] {
            let mut odd = Oddities::default();
            assert_eq!(clock.start(text, &mut odd).map(At::to_rfc3339).as_deref(), Some(expected));
            assert_eq!(odd.has(Oddities::DAY_MONTH_SWAPPED), marked, "{text}");
        }
    }
}
