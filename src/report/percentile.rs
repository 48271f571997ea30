//! Percentiles, exact: between two values of the ordered list by how far the place lies between them (type 7 of Hyndman and
//! Fan, *Sample Quantiles in Statistical Packages*, 1996; what spreadsheets and statistics programs do where nothing is said).

use super::Value;

/// A percentile of thousandths to three places; null where there are no values. The order of the values is lost.
pub(super) fn percentile(values: &mut [i64], percent: usize, reason: &'static str) -> Value {
    let Some(last) = values.len().checked_sub(1) else { return Value::Null(reason) };
    let (index, part) = (last * percent / 100, last * percent % 100);
    let (_, low, above) = values.select_nth_unstable(index);
    let (low, part) = (i128::from(*low), i128::try_from(part).unwrap_or(0));
    let high = above.iter().min().map_or(low, |high| i128::from(*high));
    Value::quotient(low * (100 - part) + high * part, 100_000, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_values_that_they_lie_between() {
        let told = |values: &[i64], percent| percentile(&mut values.to_vec(), percent, "none").to_string();
        assert_eq!(told(&[3000, 1000, 2000, 4000], 50), "2.5");
        assert_eq!(told(&[3000, 1000, 2000, 4000], 10), "1.3");
        assert_eq!(told(&[3000, 1000, 2000, 4000], 90), "3.7");
        assert_eq!(told(&[7000], 90), "7");
        assert_eq!(percentile(&mut [], 50, "none"), Value::Null("none"));
    }
}
