//! Numbers of a file, exactly: energy to thousandths of a watt-hour, durations to milliseconds.

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Between whole and part: `.` or `,`.
    pub(super) decimal: char,
    /// Between thousands, where there is such a sign.
    pub(super) thousands: Option<char>,
}

impl Numbers {
    /// A number times `factor`, rounded to a whole one, halves away from 0; `None` when it is none or too large.
    pub(super) fn times(self, text: &str, factor: i64) -> Option<i64> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = digits.split_once(self.decimal).unwrap_or((digits, ""));
        let whole: String = match self.thousands {
            Some(sign) => grouped(whole, sign)?,
            None => whole.to_owned(),
        };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + part.len() == 0 || whole.len() + part.len() > 30 || !all_digits(&whole) || !all_digits(part) {
            return None;
        }
        let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
        let number: i128 = format!("{whole}{part}").parse().ok()?;
        let rounded = (number.checked_mul(factor.into())? * 2 + scale) / (scale * 2);
        let rounded = i64::try_from(rounded).ok()?;
        Some(if negative { -rounded } else { rounded })
    }

    /// A duration in milliseconds: a number of units of `unit_ms`, or `h:mm` or `h:mm:ss` where that is `None`.
    pub(super) fn duration(self, text: &str, unit_ms: Option<i64>) -> Option<i64> {
        let found = match unit_ms {
            Some(unit) => self.times(text, unit)?,
            None => {
                let (hours, rest) = text.split_once(':')?;
                let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
                let sixty = |text: &str| text.parse::<u8>().ok().filter(|number| *number < 60).map(i64::from);
                let hours: i64 = hours.parse::<u32>().ok()?.into();
                hours * 3_600_000 + sixty(minutes)? * 60_000 + sixty(seconds)? * 1000
            }
        };
        (found >= 0).then_some(found)
    }
}

/// Digits without the signs between their groups of three; another group is no number.
fn grouped(text: &str, sign: char) -> Option<String> {
    let mut groups = text.split(sign);
    let first = groups.next()?;
    let fine = groups.all(|group| group.len() == 3);
    let split = text.contains(sign);
    (fine && (!split || (1..=3).contains(&first.len()))).then(|| text.replace(sign, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_in_both_ways_of_writing() {
        let english = Numbers { decimal: '.', thousands: None };
        let german = Numbers { decimal: ',', thousands: Some('.') };
        for (form, text, factor, expected) in [
            (english, "18.27", 1_000_000, Some(18_270_000)),
            (english, "-1394.711", 1_000_000, Some(-1_394_711_000)),
            (english, ".5", 1000, Some(500)),
            (english, "7.", 1000, Some(7000)),
            (english, "0.0000005", 1_000_000, Some(1)),
            (english, "1e3", 1000, None),
            (english, "1,5", 1000, None),
            (english, "", 1000, None),
            (english, ".", 1000, None),
            (english, "-", 1000, None),
            (english, "99999999999999999999", 1000, None),
            (german, "1.234,5", 1000, Some(1_234_500)),
            (german, "12,345", 1_000_000, Some(12_345_000)),
            (german, "1.5", 1000, None),
            (german, "1234.567", 1000, None),
        ] {
            assert_eq!(form.times(text, factor), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_numbers_or_clock_like() {
        let form = Numbers { decimal: ',', thousands: None };
        for (text, unit, expected) in [
            ("90", Some(60_000), Some(5_400_000)),
            ("1,5", Some(3_600_000), Some(5_400_000)),
            ("1:30", None, Some(5_400_000)),
            ("25:00:01", None, Some(90_001_000)),
            ("-1", Some(1000), None),
            ("1:60", None, None),
            ("90", None, None),
        ] {
            assert_eq!(form.duration(text, unit), expected, "{text}");
        }
    }
}
