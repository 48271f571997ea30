//! Exact fractions, and the two measures of inequality that are made of them.

use super::Value;
use super::value::RATIO_PLACES;

/// A fraction: `part / whole`, with a whole above 0; or why there is none.
pub(super) type Known = Result<Fraction, &'static str>;

/// An exact fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    part: i128,
    whole: i128,
}

/// Values are compared in parts of 10^-12.
const FINE: i128 = 1_000_000_000_000;

impl Fraction {
    /// A fraction; `none` where there is nothing to divide by.
    pub(super) const fn of(part: i128, whole: i128, none: &'static str) -> Known {
        if whole <= 0 { Err(none) } else { Ok(Self { part, whole }) }
    }

    /// A value of a report.
    pub(super) fn read(value: &Value) -> Known {
        match value {
            Value::Null(reason) => Err(reason),
            Value::Whole(number) => Ok(Self { part: (*number).into(), whole: 1 }),
            Value::Decimal(number, places) => {
                Ok(Self { part: *number, whole: 10_i128.saturating_pow((*places).into()) })
            }
            Value::Text(_) | Value::Bool(_) | Value::Time(_) => Err("this is no number"),
        }
    }

    /// So many times as much.
    pub(super) const fn times(self, part: i128, whole: i128) -> Self {
        Self { part: self.part.saturating_mul(part), whole: self.whole.saturating_mul(whole) }
    }

    /// Rounded to so many places.
    pub(super) fn value(self, places: u8) -> Value {
        Value::quotient(self.part, self.whole, places)
    }

    /// Divided by another one.
    pub(super) fn over(self, other: Self, none: &'static str) -> Value {
        match Self::of(self.fine(), other.fine(), none) {
            Ok(found) => found.value(RATIO_PLACES),
            Err(reason) => Value::Null(reason),
        }
    }

    /// In parts of 10^-12: enough for what is rounded to six places, and far from the end of the numbers.
    const fn fine(self) -> i128 {
        self.part.saturating_mul(FINE) / self.whole
    }
}

/// A value of known fractions, or null.
pub(super) fn told(known: Known, places: u8) -> Value {
    known.map_or_else(Value::Null, |fraction| fraction.value(places))
}

/// The most deprived class by the least deprived one.
pub(super) fn gap(most: Known, least: Known) -> Value {
    match (most, least) {
        (Ok(most), Ok(least)) => most.over(least, "the least deprived fifth has 0: nothing to divide by"),
        (Err(reason), _) | (_, Err(reason)) => Value::Null(reason),
    }
}

/// The concentration index 2 · cov(x, r) / mean(x) of classes from the most to the least deprived, each a value and its
/// households: r is the rank of a household between 0 and 1, that of a class its middle. Below 0 the more deprived have more.
/// Classes without a value are left out, and the others ranked among themselves.
pub(super) fn concentration(classes: &[(Known, i64)]) -> Value {
    let known: Vec<(i128, i128)> = classes
        .iter()
        .filter(|(_, households)| *households > 0)
        .filter_map(|(value, households)| Some((value.ok()?.fine(), i128::from(*households))))
        .collect();
    if known.len() < 2 {
        let reason = classes.iter().find_map(|(value, _)| value.err());
        return Value::Null(reason.unwrap_or("fewer than two classes have a value"));
    }
    let all: i128 = known.iter().map(|(_, households)| households).sum();
    let total: i128 = known.iter().map(|(value, households)| value * households).sum();
    if total == 0 {
        return Value::Null("every class has 0: nothing is concentrated");
    }
    // With weights H, 2 cov / mean = Σ H x (2 before + H) / (ΣH · ΣHx) − 1, since the mean of r is a half.
    let mut before = 0;
    let mut ranked: i128 = 0;
    for (value, households) in &known {
        ranked += value * households * (2 * before + households);
        before += households;
    }
    Value::quotient(ranked - all * total, all * total, RATIO_PLACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(part: i128, whole: i128) -> Known {
        Fraction::of(part, whole, "none")
    }

    #[test]
    fn the_index_is_as_by_hand() {
        // Ranks 1/4 and 3/4, mean 2: 2 · ((1·1/4 + 3·3/4)/2 − 2·1/2) / 2 = 0.25.
        assert_eq!(concentration(&[(of(1, 1), 100), (of(3, 1), 100)]).to_string(), "0.25");
        assert_eq!(concentration(&[(of(3, 1), 100), (of(1, 1), 100)]).to_string(), "-0.25");
        assert_eq!(concentration(&[(of(2, 7), 30), (of(4, 14), 70)]).to_string(), "0", "all the same");
        // All in the least deprived tenth of three classes with 200, 700 and 100 households: its middle rank is 0.95.
        assert_eq!(concentration(&[(of(0, 1), 200), (of(0, 1), 700), (of(9, 1), 100)]).to_string(), "0.9");
        // Weights 1 and 3: ranks 1/8 and 5/8, mean (1·4 + 3·2)/4 = 2.5; cov = (4/8 + 6·5/8)/4 − 1.25 = −0.1875; · 2 / 2.5.
        assert_eq!(concentration(&[(of(4, 1), 1), (of(2, 1), 3)]).to_string(), "-0.15");
    }

    #[test]
    fn classes_without_a_value_are_left_out_and_one_alone_says_nothing() {
        let classes = [(of(1, 1), 100), (Err("small"), 500), (of(3, 1), 100)];
        assert_eq!(concentration(&classes).to_string(), "0.25");
        assert_eq!(concentration(&classes[..2]).reason(), Some("small"));
        assert_eq!(
            concentration(&[(of(1, 1), 100), (of(1, 1), 0)]).reason(),
            Some("fewer than two classes have a value")
        );
        let none = concentration(&[(of(0, 1), 1), (of(0, 1), 1)]);
        assert_eq!(none.reason(), Some("every class has 0: nothing is concentrated"));
    }

    #[test]
    fn a_gap_is_the_most_deprived_by_the_least() {
        assert_eq!(gap(of(1, 3), of(2, 3)).to_string(), "0.5");
        assert_eq!(gap(of(2, 1), of(3, 1)).to_string(), "0.666667");
        assert_eq!(gap(of(1, 3), of(0, 3)).reason(), Some("the least deprived fifth has 0: nothing to divide by"));
        assert_eq!(gap(Err("why"), of(1, 1)).reason(), Some("why"));
    }
}
