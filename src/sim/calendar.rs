//! The calendar that drivers live by: London time, weekends and winter, worked out from UTC without a time-zone database.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc, Weekday};

/// Hours that London is ahead of UTC at this instant: 1 from the last Sunday of March 01:00 UTC to the last Sunday of October 01:00 UTC.
pub(crate) fn london_offset_hours(at: DateTime<Utc>) -> i32 {
    let (Some(begins), Some(ends)) = (last_sunday_at_one(at.year(), 3), last_sunday_at_one(at.year(), 10)) else {
        return 0;
    };
    i32::from(at >= begins && at < ends)
}

/// Hour of the day in London, 0 to 23.
pub(crate) fn london_hour(at: DateTime<Utc>) -> usize {
    london(at).hour() as usize
}

/// Whether it is Saturday or Sunday in London.
pub(crate) fn is_weekend(at: DateTime<Utc>) -> bool {
    matches!(london(at).weekday(), Weekday::Sat | Weekday::Sun)
}

/// Whether it is December, January or February, when cars take more energy for the same trips.
pub(crate) fn is_winter(at: DateTime<Utc>) -> bool {
    matches!(at.month(), 12 | 1 | 2)
}

/// The London wall clock, carried in a UTC type because only its fields are read.
pub(crate) fn london(at: DateTime<Utc>) -> DateTime<Utc> {
    at + chrono::Duration::hours(i64::from(london_offset_hours(at)))
}

fn last_sunday_at_one(year: i32, month: u32) -> Option<DateTime<Utc>> {
    let last = NaiveDate::from_ymd_opt(year, month, 31)?;
    let back = u64::from(last.weekday().num_days_from_sunday());
    let sunday = last.checked_sub_days(chrono::Days::new(back))?;
    Some(sunday.and_hms_opt(1, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_begins_and_ends_on_the_last_sundays_at_one_utc() {
        for (text, hours) in [
            ("2026-03-29T00:59:59Z", 0),
            ("2026-03-29T01:00:00Z", 1),
            ("2026-10-25T00:59:59Z", 1),
            ("2026-10-25T01:00:00Z", 0),
            ("2026-01-15T12:00:00Z", 0),
            ("2026-07-15T12:00:00Z", 1),
        ] {
            assert_eq!(london_offset_hours(text.parse().unwrap()), hours, "{text}");
        }
    }

    #[test]
    fn a_friday_night_in_summer_is_already_saturday_in_london() {
        let at: DateTime<Utc> = "2026-07-17T23:30:00Z".parse().unwrap();
        assert!(is_weekend(at));
        assert_eq!(london_hour(at), 0);
        assert!(!is_winter(at));
    }
}
