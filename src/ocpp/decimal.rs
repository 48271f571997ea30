//! Numbers as chargers write them, read exactly: text to thousandths without a binary float in between.

/// A number in thousandths, and what it took to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// Thousandths.
    pub(super) milli: i64,
    /// Whether thousandths say it all (else it was cut towards zero).
    pub(super) exact: bool,
    /// Whether it stood in plain decimal form.
    pub(super) plain: bool,
}

/// Most digits that are looked at; more than any meter has.
const MOST_DIGITS: u32 = 34;

/// Reads a number times `10^scale`: trimmed, signed, with point or comma, in plain or scientific form. `None` when it
/// is no number, or beyond 63 bits of thousandths.
pub(super) fn read(text: &str, scale: i32) -> Option<Number> {
    let trimmed = text.trim();
    let (mantissa, exponent) = match trimmed.find(['e', 'E']) {
        Some(at) => (trimmed.get(..at)?, trimmed.get(at + 1..)?.parse::<i32>().ok()?),
        None => (trimmed, 0),
    };
    let negative = mantissa.starts_with('-');
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, part) = split(digits)?;
    let mut value: i128 = 0;
    let mut seen = 0_u32;
    for digit in whole.chars().chain(part.chars()) {
        let digit = i128::from(digit.to_digit(10)?);
        seen += u32::from(seen > 0 || digit > 0);
        if seen > MOST_DIGITS {
            return None;
        }
        value = value * 10 + digit;
    }
    let part_digits = i32::try_from(part.len()).ok()?;
    let power = exponent.checked_sub(part_digits)?.checked_add(3)?.checked_add(scale)?;
    let (milli, exact) = shift(value, power)?;
    let milli = i64::try_from(milli).ok()?;
    let plain =
        trimmed.len() == text.len() && trimmed == mantissa && !digits.contains(',') && !mantissa.starts_with('+');
    Some(Number { milli: if negative { -milli } else { milli }, exact, plain })
}

/// The digits before and after the point. A comma is a point when it is the only one of both.
fn split(digits: &str) -> Option<(&str, &str)> {
    let mut parts = digits.split(['.', ',']);
    let (whole, part) = (parts.next()?, parts.next().unwrap_or_default());
    if parts.next().is_some() || whole.len() + part.len() == 0 {
        return None;
    }
    Some((whole, part))
}

/// `value * 10^power` as a whole number, and whether nothing was cut.
fn shift(value: i128, power: i32) -> Option<(i128, bool)> {
    if value == 0 {
        return Some((0, true));
    }
    if power >= 0 {
        let factor = 10_i128.checked_pow(u32::try_from(power).ok()?)?;
        return Some((value.checked_mul(factor)?, true));
    }
    let Some(factor) = 10_i128.checked_pow(power.unsigned_abs()) else { return Some((0, false)) };
    Some((value / factor, value % factor == 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_chargers_write_them() {
        for (text, milli) in [
            ("12272.427", 12_272_427),
            (" 0.0", 0),
            ("-1", -1000),
            ("+3", 3000),
            ("12,3", 12_300),
            ("1E-7", 0),
            ("1.5e3", 1_500_000),
            ("2.5E+1", 25_000),
            ("4296944685", 4_296_944_685_000),
            (".5", 500),
            ("7.", 7000),
            ("604.2135", 604_213),
        ] {
            assert_eq!(read(text, 0).map(|number| number.milli), Some(milli), "{text}");
        }
        assert_eq!(read("12272.427", 3).unwrap().milli, 12_272_427_000);
        assert!(!read("604.2135", 0).unwrap().exact && read("604.213", 0).unwrap().exact);
        assert!(read("604.213", 0).unwrap().plain && !read(" 1", 0).unwrap().plain && !read("1e1", 0).unwrap().plain);
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", " ", ".", "-", "NaN", "inf", "1.2.3", "1,234.5", "0x10", "1e", "1e99", "12 kWh", "--1", "٣"] {
            assert_eq!(read(text, 0), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn thousandths_survive_the_way_to_text_and_back(milli in any::<i64>()) {
            let text = crate::domain::energy::Milli(milli).to_string();
            prop_assert_eq!(read(&text, 0), (milli != i64::MIN).then_some(Number { milli, exact: true, plain: true }));
        }

        #[test]
        fn arbitrary_text_is_read_to_something(text in "[0-9eE+,.\\- ]{0,50}") {
            read(&text, 3);
        }
    }
}
