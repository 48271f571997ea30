//! When something ends, as it is said on the command line.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::time::At;

/// One day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// When something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    At(At),
    InDays(i64),
}

impl End {
    /// The instant, counted from `now`.
    pub(super) fn from(self, now: At) -> At {
        match self {
            Self::At(at) => at,
            Self::InDays(days) => now.plus_millis(days * DAY_MS),
        }
    }
}

/// Reads an end: a date (UTC), a time (RFC 3339), or so many days from now.
pub(super) fn end(text: &str) -> Result<End, String> {
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok()) {
        return Ok(End::InDays(days.into()));
    }
    let day =
        || text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|day| At::from(day.and_utc()));
    let time = DateTime::parse_from_rfc3339(text).ok().map(|time| At::from(time.with_timezone(&Utc)));
    let told = || "not a date like 2027-01-01, a time like 2027-01-01T09:00:00Z, or days like 90d".to_owned();
    time.or_else(day).map(End::At).ok_or_else(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_date_a_time_or_days_from_now() {
        let new_year = At::from_rfc3339("2027-01-01T00:00:00Z").unwrap();
        assert_eq!(end("90d").map(|end| end.from(At::from_millis(0))), Ok(At::from_millis(90 * DAY_MS)));
        assert_eq!(end("2027-01-01").map(|end| end.from(At::from_millis(0))), Ok(new_year));
        assert_eq!(end("2027-01-01T09:00:00+01:00"), Ok(End::At(At::from_rfc3339("2027-01-01T08:00:00Z").unwrap())));
        for wrong in ["", "d", "soon", "-3d", "2027-13-01", "99999d"] {
            assert!(end(wrong).unwrap_err().contains("90d"), "{wrong}");
        }
    }
}
