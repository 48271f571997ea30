//! Values of reports: exact, or null with a reason.

use std::fmt;

use crate::domain::time::At;

/// Decimal places of ratios.
pub const RATIO_PLACES: u8 = 6;

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Not known, and why.
    Null(&'static str),
    /// A whole number.
    Whole(i64),
    /// An exact decimal: so many of the last place.
    Decimal(i128, u8),
    /// Words.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// An instant.
    Time(At),
}

impl Value {
    /// A ratio, rounded half away from zero to [`RATIO_PLACES`]; null where there is nothing to divide by.
    pub fn ratio(part: i64, whole: i64, reason: &'static str) -> Self {
        if whole <= 0 { Self::Null(reason) } else { Self::quotient(part.into(), whole.into(), RATIO_PLACES) }
    }

    /// A quotient to so many places; `whole` must not be 0.
    pub fn quotient(part: i128, whole: i128, places: u8) -> Self {
        let scaled = part.saturating_mul(10_i128.saturating_pow(places.into()));
        let (sign, scaled, whole) = (scaled.signum() * whole.signum(), scaled.abs(), whole.abs().max(1));
        Self::Decimal(sign * ((scaled + whole / 2) / whole), places)
    }

    /// Milliseconds as whole seconds, rounded.
    pub const fn seconds(millis: i64) -> Self {
        Self::Whole((millis + if millis < 0 { -500 } else { 500 }) / 1000)
    }

    /// Thousandths as an exact decimal.
    pub fn milli(value: i64) -> Self {
        Self::Decimal(value.into(), 3)
    }

    /// A text, or null for the reason that the registry does not say.
    pub fn registered(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null("not in the registry"), |text| Self::Text(text.into()))
    }

    /// Why it is null, if it is.
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Null(reason) => Some(reason),
            Self::Whole(_) | Self::Decimal(..) | Self::Text(_) | Self::Bool(_) | Self::Time(_) => None,
        }
    }
}

/// As in CSV and tables; null is nothing.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(_) => Ok(()),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Time(at) => write!(f, "{at}"),
            Self::Decimal(number, 0) => write!(f, "{number}"),
            Self::Decimal(number, places) => {
                let one = 10_i128.pow((*places).into());
                let (whole, part) = (number.abs() / one, number.abs() % one);
                let sign = if *number < 0 { "-" } else { "" };
                let digits = format!("{part:0width$}", width = usize::from(*places));
                let digits = digits.trim_end_matches('0');
                if digits.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{digits}") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_exact_and_rounded_once() {
        for (part, whole, told) in
            [(1, 3, "0.333333"), (2, 3, "0.666667"), (-1, 8, "-0.125"), (5, 5, "1"), (1, 2_000_000, "0.000001")]
        {
            assert_eq!(Value::ratio(part, whole, "").to_string(), told);
        }
        assert_eq!(Value::ratio(0, 0, "nothing in service"), Value::Null("nothing in service"));
        assert_eq!(Value::milli(-1_234_500).to_string(), "-1234.5");
        assert_eq!([Value::seconds(1499), Value::seconds(1500)], [Value::Whole(1), Value::Whole(2)]);
    }
}
