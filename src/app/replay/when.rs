//! Times of log lines: read with the leniency of frames, and put into the zone that the operator says.

use crate::domain::time::At;
use crate::ocpp;

/// Longest time that is looked for at one place, in bytes.
const LONGEST: usize = 40;

/// How far into a line a time is looked for, in bytes.
const REACH: usize = 200;

/// Reads a time that stands alone: a date with time, or a number since 1970.
pub(super) fn read(text: &str, offset_ms: i64) -> Option<At> {
    let text = text.trim().trim_matches(['"', '[', ']', '(', ')']);
    match ocpp::read_time(text) {
        Some((at, zoneless)) => Some(if zoneless { at.plus_millis(-offset_ms) } else { at }),
        // Smaller numbers are line numbers and the like.
        None => ocpp::read_epoch(text).filter(|at| text.len() >= 10 && at.millis() >= 946_684_800_000),
    }
}

/// The first date with time in a line. What it ends with is found by taking as much as can be read.
pub(super) fn find(line: &str, offset_ms: i64) -> Option<At> {
    let bytes = line.as_bytes();
    let starts = |at: &usize| {
        let four = bytes[*at..].iter().take(4).filter(|byte| byte.is_ascii_digit()).count() == 4;
        let alone = *at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        four && alone && matches!(bytes.get(at + 4), Some(b'-' | b'/' | b'.' | b'0' | b'1'))
    };
    let found = (0..bytes.len().min(REACH)).filter(starts).find_map(|at| longest(&line[at..], offset_ms));
    found.or_else(|| epoch_first(line, offset_ms))
}

/// Reads as much of the beginning as makes a time: each end of a word is tried, the farthest first.
fn longest(text: &str, offset_ms: i64) -> Option<At> {
    let limit = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last()?;
    let end = if text.len() <= LONGEST { text.len() } else { limit };
    let part = &text.as_bytes()[..end];
    let ends = (16..=part.len()).rev().filter(|at| {
        let before = part[at - 1];
        let after = text.as_bytes().get(*at);
        before.is_ascii_alphanumeric() && after.is_none_or(|byte| !byte.is_ascii_alphanumeric())
    });
    let mut ends = ends.filter(|at| text.is_char_boundary(*at));
    ends.find_map(|at| {
        let text = spaced(&text[..at]);
        let (at, zoneless) = ocpp::read_time(&text)?;
        Some(if zoneless { at.plus_millis(-offset_ms) } else { at })
    })
}

/// A tab between date and time is a blank.
fn spaced(text: &str) -> String {
    text.replace('\t', " ")
}

/// A number since 1970 as the first word of a line.
fn epoch_first(line: &str, offset_ms: i64) -> Option<At> {
    let word = line.trim_start().split([' ', '\t', ';', ',']).next()?.trim_matches(['[', ']', '(', ')', ':']);
    word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then(|| read(word, offset_ms))?
}

/// An offset from UTC as `+01:00`, `-0230`, `+1`, `Z`, in milliseconds.
pub(super) fn offset(text: &str) -> Result<i64, String> {
    let told = || format!("\"{text}\" is no offset from UTC; write it as +01:00");
    if matches!(text, "Z" | "z" | "UTC" | "0") {
        return Ok(0);
    }
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(told()),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    match (hours.parse::<u8>(), minutes.parse::<u8>()) {
        (Ok(hours @ 0..=18), Ok(minutes @ 0..=59)) => {
            Ok(sign * (i64::from(hours) * 3_600_000 + i64::from(minutes) * 60_000))
        }
        _ => Err(told()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<String> {
        find(line, 0).map(At::to_rfc3339)
    }

    #[test]
    fn a_time_is_found_wherever_it_stands_in_a_line() {
        for (line, expected) in [
            ("2024-04-26 14:35:02,123 INFO x", "2024-04-26T14:35:02.123Z"),
            ("[INFO ] 2024-04-26 14:35:02,123 de.x (t)", "2024-04-26T14:35:02.123Z"),
            ("[ocpp ] TRACE 2024/04/26 14:35:02 recv CP: [2,", "2024-04-26T14:35:02.000Z"),
            ("<2024-04-26T14:35:02.5+02:00> [2,", "2024-04-26T12:35:02.500Z"),
            ("2024-04-26T14:35:02Z CP-1 [2,", "2024-04-26T14:35:02.000Z"),
            ("[INFO]\t2024-04-26\t14:35:02,123\tx", "2024-04-26T14:35:02.123Z"),
            ("2024-04-26 14:35:02.123456 +0200 y", "2024-04-26T12:35:02.123Z"),
            ("20240426T143502Z x", "2024-04-26T14:35:02.000Z"),
            ("1714142102 CP-1 [2,", "2024-04-26T14:35:02.000Z"),
            ("[1714142102.250] CP-1 [2,", "2024-04-26T14:35:02.250Z"),
            ("time=\"2024-04-26T14:35:02Z\" level=info", "2024-04-26T14:35:02.000Z"),
        ] {
            assert_eq!(found(line).as_deref(), Some(expected), "{line}");
        }
        for line in ["", "INFO:ocpp:CP_1: receive", "[2,\"1\"", "12:00:00 x", "2024-04-26", "é2024-04-26 é"] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn a_time_without_zone_is_put_into_the_operators_and_one_with_stays() {
        let hour = offset("+01:00").unwrap();
        assert_eq!(find("2024-04-26 14:35:02 x", hour).unwrap().to_rfc3339(), "2024-04-26T13:35:02.000Z");
        assert_eq!(find("2024-04-26 14:35:02Z x", hour).unwrap().to_rfc3339(), "2024-04-26T14:35:02.000Z");
        assert_eq!(read("1714142102000", hour).unwrap().to_rfc3339(), "2024-04-26T14:35:02.000Z");
    }

    #[test]
    fn an_offset_is_signed_hours_and_minutes() {
        for (text, minutes) in [("+01:00", 60), ("-0230", -150), ("+1", 60), ("Z", 0), ("+05:45", 345)] {
            assert_eq!(offset(text), Ok(minutes * 60_000), "{text}");
        }
        for text in ["", "1", "+", "+25:00", "+01:99", "CET"] {
            assert!(offset(text).is_err(), "{text}");
        }
    }
}
