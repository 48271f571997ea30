//! Numbers as chargers write them, read exactly: no value passes through a binary float.
//!
//! Plain decimals, scientific notation, a decimal comma, grouped digits, outer blanks, a leading plus.

use crate::domain::energy::Milli;

/// Most digits of a number that are held; finer ones are dropped (the text is kept beside the value).
const DIGITS: usize = 30;

/// An exact decimal: `mantissa · 10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    mantissa: i128,
    exponent: i32,
    /// It was written in a form that needed care.
    pub(super) careful: bool,
    /// It has more digits than are held.
    cut: bool,
}

/// An integer and whether it is all of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rounded {
    pub(super) value: i64,
    /// Nothing was rounded away.
    pub(super) exact: bool,
}

impl Decimal {
    /// Reads a number; `None` when the text is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Some(mantissa) = plain_whole(text) {
            return Some(Self { mantissa, exponent: 0, careful: false, cut: false });
        }
        let trimmed = text.trim();
        let unsigned = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
        let (number, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, power(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction, marked) = parts(number)?;
        let mut decimal = Self {
            mantissa: 0,
            exponent,
            careful: trimmed.len() != text.len() || trimmed.starts_with('+') || marked,
            cut: false,
        };
        let mut held = 0;
        let fraction_digits = fraction.bytes().map(|byte| (byte, true));
        for (byte, in_fraction) in whole.bytes().map(|byte| (byte, false)).chain(fraction_digits) {
            if !byte.is_ascii_digit() {
                continue;
            }
            if held < DIGITS {
                decimal.mantissa = decimal.mantissa * 10 + i128::from(byte - b'0');
                held += usize::from(decimal.mantissa != 0);
                decimal.exponent = decimal.exponent.saturating_sub(i32::from(in_fraction));
            } else {
                decimal.cut |= byte != b'0';
                decimal.exponent = decimal.exponent.saturating_add(i32::from(!in_fraction));
            }
        }
        if trimmed.starts_with('-') {
            decimal.mantissa = -decimal.mantissa;
        }
        Some(decimal)
    }

    /// The number of units of `10^scale` that it is, rounded to the nearest; `None` when that does not fit.
    pub(super) fn in_units_of(self, scale: i32) -> Option<Rounded> {
        if self.mantissa == 0 {
            return Some(Rounded { value: 0, exact: !self.cut });
        }
        let shift = self.exponent.saturating_sub(scale);
        let (value, exact) = if let Ok(up) = u32::try_from(shift) {
            (self.mantissa.checked_mul(10_i128.checked_pow(up)?)?, true)
        } else {
            match 10_i128.checked_pow(shift.unsigned_abs()) {
                Some(unit) => {
                    let (value, rest) = (self.mantissa / unit, self.mantissa % unit);
                    let away = i128::from(rest.abs() * 2 >= unit) * rest.signum();
                    (value + away, rest == 0)
                }
                None => (0, false),
            }
        };
        Some(Rounded { value: i64::try_from(value).ok()?, exact: exact && !self.cut })
    }

    /// The number as plain text, where thousandths say all of it.
    pub(super) fn plain(self) -> Option<Box<str>> {
        let rounded = self.in_units_of(-3).filter(|rounded| rounded.exact)?;
        Some(Milli(rounded.value).to_string().into())
    }

    /// It times a power of ten; powers beyond any quantity are held back to what no quantity has.
    pub(super) fn times_ten_to(self, power: i64) -> Self {
        let power = i32::try_from(power.clamp(-100_000, 100_000)).unwrap_or(0);
        Self { exponent: self.exponent.saturating_add(power), ..self }
    }

    /// Whether it is below zero.
    pub(super) const fn is_negative(self) -> bool {
        self.mantissa < 0
    }
}

/// Longest run of digits that is sure to fit.
const SHORT: usize = 18;

/// The number of a few digits and nothing else, as most are.
fn plain_whole(text: &str) -> Option<i128> {
    let short = !text.is_empty() && text.len() <= SHORT && text.bytes().all(|byte| byte.is_ascii_digit());
    short.then(|| i128::from(text.bytes().fold(0_i64, |value, byte| value * 10 + i64::from(byte - b'0'))))
}

/// The exponent of scientific notation, saturated where no quantity can be.
fn power(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.bytes().fold(0_i32, |size, byte| size.saturating_mul(10).saturating_add(i32::from(byte - b'0')));
    Some(if text.starts_with('-') { -size.min(100_000) } else { size.min(100_000) })
}

/// Whole part, fraction, and whether the form needed care. A mark that occurs once is the decimal mark, whichever it
/// is; of two kinds of marks the last is; marks before it group the digits by threes.
fn parts(number: &str) -> Option<(&str, &str, bool)> {
    let mark = number.rfind(['.', ',']);
    let repeated = mark.is_some_and(|at| number[..at].contains(&number[at..=at]));
    let (whole, fraction) = match mark {
        Some(at) if !repeated => (&number[..at], &number[at + 1..]),
        Some(_) | None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits(whole);
    let grouped = || {
        let separator = whole.find(|c: char| !c.is_ascii_digit()).map_or(b'.', |at| whole.as_bytes()[at]);
        let mut groups = whole.split(separator as char);
        let first = groups.next().unwrap_or_default();
        b" '.,_".contains(&separator)
            && (1..=3).contains(&first.len())
            && digits(first)
            && groups.all(|group| group.len() == 3 && digits(group))
    };
    if !digits(fraction) || (whole.is_empty() && fraction.is_empty()) || !(plain || grouped()) {
        return None;
    }
    let comma = mark.is_some_and(|at| &number[at..=at] == ",");
    let bare_mark = mark.is_some() && (whole.is_empty() || fraction.is_empty());
    Some((whole, fraction, comma || bare_mark || !plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milli(text: &str) -> Option<(i64, bool)> {
        Decimal::read(text)?.in_units_of(-3).map(|rounded| (rounded.value, rounded.exact))
    }

    #[test]
    fn every_form_in_the_field_is_read_exactly() {
        for (text, expected) in [
            ("0", 0),
            ("604.213", 604_213),
            (" 1.7", 1_700),
            ("12,5", 12_500),
            ("-0.5", -500),
            ("+3", 3_000),
            ("1.25e3", 1_250_000),
            ("1E-3", 1),
            (".5", 500),
            ("5.", 5_000),
            ("007", 7_000),
            ("4296944685", 4_296_944_685_000),
            ("1,234.5", 1_234_500),
            ("1.234,5", 1_234_500),
            ("1 234,5", 1_234_500),
            ("1,234,567", 1_234_567_000),
            ("0.000000000000000000000000000000000000000000", 0),
        ] {
            assert_eq!(milli(text), Some((expected, true)), "{text}");
        }
    }

    #[test]
    fn what_is_finer_than_thousandths_is_rounded_and_says_so() {
        for (text, expected) in [("0.0005", 1), ("0.00049", 0), ("-1.2345", -1_235), ("1e-40", 0)] {
            assert_eq!(milli(text), Some((expected, false)), "{text}");
        }
        assert_eq!(milli("1.0000"), Some((1_000, true)));
    }

    #[test]
    fn a_power_of_ten_moves_the_point_exactly() {
        let moved = |text: &str, power| Decimal::read(text)?.times_ten_to(power).in_units_of(-3).map(|r| r.value);
        assert_eq!(moved("12.345678", 3), Some(12_345_678));
        assert_eq!(moved("734", -1), Some(73_400));
        assert_eq!((moved("1", i64::MAX), moved("1", i64::MIN)), (None, Some(0)));
    }

    #[test]
    fn texts_that_are_no_numbers_are_none() {
        for text in
            ["", " ", "-", "NaN", "inf", "0x1F", "12V", "1-2", "1e", "1e+", "--1", ".", "1,23,4", "1 2", "OCMF|{}"]
        {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_beyond_the_range_are_told_apart_from_no_numbers() {
        for text in ["9223372036854775807", "1e30", "1e999999999999", "99999999999999999999999999999999999999999999"] {
            let number = Decimal::read(text).expect("a number");
            assert_eq!(number.in_units_of(-3), None, "{text}");
        }
        assert_eq!(Decimal::read("9223372036854775807").unwrap().in_units_of(0).unwrap().value, i64::MAX);
    }
}
