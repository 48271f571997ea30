//! Exact quantities. Everything is an integer of thousandths; no value passes through a binary float.

use std::fmt;

/// Energy in thousandths of a watt-hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MilliWh(pub i64);

impl MilliWh {
    /// Whole watt-hours.
    pub const fn from_wh(wh: i64) -> Self {
        Self(wh.saturating_mul(1000))
    }

    /// `self - earlier`, saturating.
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// `self + other`, saturating.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A session that ended with less than 0.1 kWh has charged nobody.
pub const IN_VAIN: MilliWh = MilliWh::from_wh(100);

/// A number of thousandths of whatever unit its measurand has (W, A, V, %, °C, Hz, mWh …).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Milli(pub i64);

impl fmt::Display for Milli {
    /// Plain decimal text without trailing zeros: `604.213`, `-0.5`, `12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{part:03}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl fmt::Display for MilliWh {
    /// Watt-hours as plain decimal text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Milli(self.0).fmt(f)
    }
}

/// How a session's energy was found, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnergyQuality {
    /// From a signed record.
    Signed,
    /// Difference of the register at the session's own start and stop.
    Register,
    /// Sum of interval readings.
    Interval,
    /// Power integrated over time.
    Integrated,
    /// Difference of registers, but one end is not the session's own (no stop, a reset, an unusable field); or a total that
    /// another system told.
    Inferred,
    /// Spread between known points.
    Interpolated,
    /// Unknown: never 0.
    Missing,
}

impl EnergyQuality {
    /// Every quality, best first.
    pub const ALL: [Self; 7] = [
        Self::Signed,
        Self::Register,
        Self::Interval,
        Self::Integrated,
        Self::Inferred,
        Self::Interpolated,
        Self::Missing,
    ];

    /// The word used in ledger, API and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Register => "register",
            Self::Interval => "interval",
            Self::Integrated => "integrated",
            Self::Inferred => "inferred",
            Self::Interpolated => "interpolated",
            Self::Missing => "missing",
        }
    }

    /// The quality of a word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quality| quality.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_print_as_the_shortest_exact_decimal() {
        for (milli, text) in [(604_213, "604.213"), (-500, "-0.5"), (12_000, "12"), (0, "0"), (-1, "-0.001")] {
            assert_eq!(Milli(milli).to_string(), text);
        }
    }
}
