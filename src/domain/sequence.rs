//! The order of a transaction's reports in OCPP 2.x: which sequence numbers have come, and which are missing between
//! them. Chargers count up by one for each report, from wherever they like.

use std::fmt;

/// More separate runs than this are not told apart: a charger with so many gaps does not count at all.
const MOST_RUNS: usize = 64;

/// Sequence numbers that have come, as runs `first..=last` in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeqNos(Vec<(i64, i64)>);

impl SeqNos {
    /// Takes a number; says whether it had not come before.
    pub fn insert(&mut self, seq: i64) -> bool {
        if self.contains(seq) {
            return false;
        }
        let at = self.0.partition_point(|(_, last)| *last < seq);
        let joins_before = at > 0 && self.0[at - 1].1.checked_add(1) == Some(seq);
        let joins_after = self.0.get(at).is_some_and(|(first, _)| seq.checked_add(1) == Some(*first));
        match (joins_before, joins_after) {
            (true, true) => {
                let (_, last) = self.0.remove(at);
                self.0[at - 1].1 = last;
            }
            (true, false) => self.0[at - 1].1 = seq,
            (false, true) => self.0[at].0 = seq,
            (false, false) if self.0.len() < MOST_RUNS => self.0.insert(at, (seq, seq)),
            (false, false) => {}
        }
        true
    }

    /// Whether a number has come.
    pub fn contains(&self, seq: i64) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&seq))
    }

    /// The highest number that has come.
    pub fn highest(&self) -> Option<i64> {
        self.0.last().map(|(_, last)| *last)
    }

    /// How many numbers are missing between those that have come.
    pub fn missing(&self) -> u64 {
        self.0.windows(2).map(|pair| (pair[1].0.saturating_sub(pair[0].1).saturating_sub(1)).unsigned_abs()).sum()
    }

    /// Whether none has come.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what [`fmt::Display`] writes; what cannot be read is left out.
    pub fn from_text(text: &str) -> Self {
        let mut seqs = Self::default();
        for run in text.split(',').filter_map(run) {
            seqs.0.push(run);
        }
        seqs
    }
}

fn run(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}

impl fmt::Display for SeqNos {
    /// `0..5,7`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (first, last)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}..{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn of(numbers: &[i64]) -> SeqNos {
        let mut seqs = SeqNos::default();
        for number in numbers {
            seqs.insert(*number);
        }
        seqs
    }

    #[test]
    fn a_gap_shows_until_its_report_comes_late() {
        let mut seqs = of(&[4, 5, 7, 9]);
        assert_eq!((seqs.to_string().as_str(), seqs.missing(), seqs.highest()), ("4..5,7,9", 2, Some(9)));
        assert!(seqs.insert(6) && !seqs.insert(6));
        assert_eq!((seqs.to_string().as_str(), seqs.missing()), ("4..7,9", 1));
        assert!(seqs.insert(8));
        assert_eq!((seqs.to_string().as_str(), seqs.missing()), ("4..9", 0));
    }

    #[test]
    fn a_charger_that_does_not_count_fills_no_memory() {
        let seqs = of(&(0..10_000).map(|number| number * 7).collect::<Vec<_>>());
        assert_eq!(seqs.0.len(), MOST_RUNS);
        assert_eq!(of(&[i64::MIN, i64::MAX, 0]).0.len(), 3);
    }

    proptest! {
        #[test]
        fn it_is_a_set_of_numbers_that_can_be_written_and_read(numbers in prop::collection::vec(-20_i64..20, 0..60)) {
            let seqs = of(&numbers);
            let set: BTreeSet<i64> = numbers.iter().copied().collect();
            prop_assert!((-22..22).all(|number| seqs.contains(number) == set.contains(&number)));
            prop_assert_eq!(SeqNos::from_text(&seqs.to_string()), seqs.clone());
            let span = set.last().zip(set.first()).map_or(0, |(last, first)| last - first + 1);
            prop_assert_eq!(seqs.missing(), span.unsigned_abs() - set.len() as u64);
        }
    }
}
