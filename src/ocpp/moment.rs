//! Times as chargers write them: ISO 8601 with all the liberties of the field, and epoch numbers.

use chrono::NaiveDate;

use super::number::Decimal;
use crate::domain::time::At;

/// A time that was read, and how far its form is from RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: At,
    /// It said no zone and was read as UTC.
    pub(super) zoneless: bool,
    /// It was in another form than RFC 3339.
    pub(super) odd: bool,
}

/// Reads a time of day with date; `None` when the text is none.
pub(super) fn read(text: &str) -> Option<Moment> {
    let trimmed = text.trim();
    let mut scan = Scan { rest: trimmed.as_bytes(), odd: trimmed.len() != text.len() };
    let (year, month, day) = scan.date()?;
    scan.separator()?;
    let (hour, minute, second, millis) = scan.time()?;
    let (offset, zoneless) = scan.zone()?;
    if minute > 59 || second > 60 || hour > 24 || (hour == 24 && (minute, second, millis) != (0, 0, 0)) {
        return None;
    }
    scan.odd |= hour == 24;
    let days = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?.and_hms_opt(0, 0, 0)?;
    // 24:00 and a leap second are the next day and the next minute.
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second) - offset;
    let at = At::from_millis(days.and_utc().timestamp_millis() + seconds * 1000 + i64::from(millis));
    Some(Moment { at, zoneless, odd: scan.odd })
}

/// Reads a time given as number since 1970: seconds, milliseconds, microseconds or nanoseconds by size.
pub(super) fn read_epoch(text: &str) -> Option<At> {
    let number = Decimal::read(text)?;
    let seconds = number.in_units_of(0)?.value;
    let scale = match seconds.unsigned_abs() {
        0..100_000_000_000 => -3,
        100_000_000_000..100_000_000_000_000 => 0,
        100_000_000_000_000..100_000_000_000_000_000 => 3,
        _ => 6,
    };
    if number.is_negative() { None } else { number.in_units_of(scale).map(|millis| At::from_millis(millis.value)) }
}

struct Scan<'a> {
    rest: &'a [u8],
    odd: bool,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn skip(&mut self, count: usize) {
        self.rest = &self.rest[count..];
    }

    /// At least one and at most `most` digits, and how many there were.
    fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let width = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let value = self.rest[..width].iter().fold(0, |value, byte| value * 10 + u32::from(byte - b'0'));
        self.skip(width);
        (width > 0).then_some((value, width))
    }

    /// One or two digits; one is odd.
    fn part(&mut self) -> Option<u32> {
        let (value, width) = self.number(2)?;
        self.odd |= width == 1;
        Some(value)
    }

    fn date(&mut self) -> Option<(u32, u32, u32)> {
        let (year, width) = self.number(4)?;
        if width != 4 {
            return None;
        }
        match self.peek()? {
            mark @ (b'-' | b'/' | b'.') => {
                self.odd |= mark != b'-';
                self.skip(1);
                let month = self.part()?;
                if self.peek()? != mark {
                    return None;
                }
                self.skip(1);
                Some((year, month, self.part()?))
            }
            _ => {
                self.odd = true;
                let (month, two) = self.number(2)?;
                let (day, too) = self.number(2)?;
                (two == 2 && too == 2).then_some((year, month, day))
            }
        }
    }

    fn separator(&mut self) -> Option<()> {
        match self.peek()? {
            b'T' => self.skip(1),
            b't' | b'_' => {
                self.odd = true;
                self.skip(1);
            }
            b' ' => {
                self.odd = true;
                while self.peek() == Some(b' ') {
                    self.skip(1);
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn time(&mut self) -> Option<(u32, u32, u32, u32)> {
        let hour = self.part()?;
        let minute = self.clock_part()??;
        let second = match self.clock_part()? {
            Some(second) => second,
            None => {
                self.odd = true;
                0
            }
        };
        Some((hour, minute, second, self.fraction()?))
    }

    /// The next two digits of the clock, with or without a colon; `Some(None)` where the clock ends.
    fn clock_part(&mut self) -> Option<Option<u32>> {
        match self.peek() {
            Some(b':') => {
                self.skip(1);
                self.part().map(Some)
            }
            Some(b'0'..=b'9') => {
                self.odd = true;
                self.part().map(Some)
            }
            _ => Some(None),
        }
    }

    /// Milliseconds of a fraction of any length; finer digits are cut.
    fn fraction(&mut self) -> Option<u32> {
        let Some(mark @ (b'.' | b',')) = self.peek() else { return Some(0) };
        self.skip(1);
        self.odd |= mark == b',';
        let (value, width) = self.number(3)?;
        while self.number(9).is_some() {}
        Some(value * [1, 100, 10, 1][width])
    }

    /// Seconds east of UTC, and whether no zone was said.
    fn zone(&mut self) -> Option<(i64, bool)> {
        while self.peek() == Some(b' ') {
            self.odd = true;
            self.skip(1);
        }
        let (sign, digits) = match self.rest {
            [] => return Some((0, true)),
            [b'Z'] => return Some((0, false)),
            [b'z'] => (0, &[][..]),
            [b'+', digits @ ..] => (1, digits),
            [b'-', digits @ ..] => (-1, digits),
            word if [&b"utc"[..], b"gmt"].iter().any(|name| word.eq_ignore_ascii_case(name)) => (0, &[][..]),
            _ => return None,
        };
        self.rest = digits;
        if sign == 0 {
            self.odd = true;
            return Some((0, false));
        }
        self.odd |= digits.len() != 5 || digits[2] != b':';
        let hours = self.number(2)?.0;
        if self.peek() == Some(b':') {
            self.skip(1);
        }
        let minutes = self.number(2).map_or(0, |(minutes, _)| minutes);
        let offset = i64::from(hours) * 3600 + i64::from(minutes) * 60;
        (self.rest.is_empty() && minutes < 60 && offset <= 18 * 3600).then_some((sign * offset, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(String, bool, bool)> {
        read(text).map(|moment| (moment.at.to_rfc3339(), moment.zoneless, moment.odd))
    }

    #[test]
    fn what_rfc_3339_allows_is_read_without_a_remark() {
        for (text, expected) in [
            ("2025-03-01T12:00:00Z", "2025-03-01T12:00:00.000Z"),
            ("2025-03-01T12:00:00.5Z", "2025-03-01T12:00:00.500Z"),
            ("2025-03-01T12:00:00.1234567Z", "2025-03-01T12:00:00.123Z"),
            ("2025-03-01T12:00:00+02:00", "2025-03-01T10:00:00.000Z"),
            ("2025-03-01T00:30:00-01:30", "2025-03-01T02:00:00.000Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(shown(text), Some((expected.to_owned(), false, false)), "{text}");
        }
    }

    #[test]
    fn a_time_without_zone_is_utc_and_says_so() {
        assert_eq!(shown("2026-08-04T13:35:45.377"), Some(("2026-08-04T13:35:45.377Z".to_owned(), true, false)));
        assert_eq!(shown("2025-03-01 12:00:00"), Some(("2025-03-01T12:00:00.000Z".to_owned(), true, true)));
    }

    #[test]
    fn the_liberties_of_the_field_are_read_and_remarked() {
        for (text, expected) in [
            ("2024-04-26T14:35:02+02", "2024-04-26T12:35:02.000Z"),
            ("2024-04-26T14:35:02+0200", "2024-04-26T12:35:02.000Z"),
            ("2024-04-26T14:35:02 +2:00", "2024-04-26T12:35:02.000Z"),
            ("2024-4-6T4:5:2Z", "2024-04-06T04:05:02.000Z"),
            ("2024/04/26 14:35:02Z", "2024-04-26T14:35:02.000Z"),
            ("2024-04-26t14:35:02z", "2024-04-26T14:35:02.000Z"),
            ("2024-04-26T14:35:02,5Z", "2024-04-26T14:35:02.500Z"),
            ("2024-04-26T14:35Z", "2024-04-26T14:35:00.000Z"),
            ("20240426T143502Z", "2024-04-26T14:35:02.000Z"),
            ("2024-04-26 14:35:02 UTC", "2024-04-26T14:35:02.000Z"),
            ("2025-03-01T24:00:00Z", "2025-03-02T00:00:00.000Z"),
            (" 2024-04-26T14:35:02Z ", "2024-04-26T14:35:02.000Z"),
        ] {
            assert_eq!(shown(text), Some((expected.to_owned(), false, true)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "0",
            "now",
            "2025-03-01",
            "2025-13-01T00:00:00Z",
            "2025-02-30T00:00:00Z",
            "0000-00-00T00:00:00Z",
            "2025-03-01T25:00:00Z",
            "2025-03-01T24:00:01Z",
            "2025-03-01T12:60:00Z",
            "2025-03-01T12:00:00CEST",
            "2025-03-01T12:00:00+99:00",
            "2025-03-01T12:00:00.Z",
            "01.03.2025 12:00:00",
            "2025-03-01T12:00:00ZZ",
            "12:00:00",
            "2025-03-01T",
            "²025-03-01T12:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn epoch_numbers_are_read_by_their_size() {
        let expected = Some(At::from_millis(1_740_830_400_000));
        for text in ["1740830400", "1740830400000", "1740830400000000", "1740830400000000000", "1740830400.0"] {
            assert_eq!(read_epoch(text), expected, "{text}");
        }
        assert_eq!(read_epoch("-5"), None);
        assert_eq!(read_epoch("soon"), None);
    }
}
