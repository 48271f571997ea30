//! What attempts to charge and visits come to, as numbers that add up: numerators and denominators of charging success.

use std::ops::Index;

use super::attempt::{Attempt, Began};
use super::compact::{put, take};
use super::energy::MilliWh;
use super::sums::{Sums, summed};
use super::time::At;

/// The second line of success: 1 kWh.
const ONE_KWH: MilliWh = MilliWh(1_000_000);

summed! {
    /// A number of the attempts and visits that began in a stretch.
    Outcome {
        /// Attempts.
        Attempts,
        /// Of these: a session came of it.
        WithSession,
        /// Of attempts: a token was shown that may not charge.
        Refused,
        /// Of attempts: whether power was delivered is not known.
        DeliveryUnknown,
        /// Of attempts: a session whose stop was not seen.
        StopUnknown,
        /// Of attempts that began with the plug: of known delivery.
        PlugJudged,
        /// Of these: delivered.
        PlugDelivered,
        /// Of attempts that began with the plug: of known delivery and stop.
        PlugWholeJudged,
        /// Of these: delivered and stopped well.
        PlugWhole,
        /// The same of attempts that began with a token.
        TokenJudged,
        /// Of these: delivered.
        TokenDelivered,
        /// Of known delivery and stop.
        TokenWholeJudged,
        /// Of these: delivered and stopped well.
        TokenWhole,
        /// The same of attempts that began with the start itself.
        StartJudged,
        /// Of these: delivered.
        StartDelivered,
        /// Of known delivery and stop.
        StartWholeJudged,
        /// Of these: delivered and stopped well.
        StartWhole,
        /// Attempts that delivered and of which the stop is known.
        EndJudged,
        /// Of these: stopped well.
        EndedWell,
        /// Visits.
        Visits,
        /// The attempts that they are made up of.
        Tries,
        /// Of visits: the outcome is known.
        Judged,
        /// Of these: an attempt succeeded.
        Succeeded,
        /// Of these: and it took more than one.
        Troubled,
        /// Visits of which the outcome of the first attempt is known.
        FirstJudged,
        /// Of these: it succeeded.
        FirstSucceeded,
        /// Visits of which the outcome of the last attempt is known.
        LastJudged,
        /// Of these: it succeeded.
        LastSucceeded,
        /// Visits of which it is known whether an attempt delivered more than 1 kWh.
        OneKwhJudged,
        /// Of these: one did.
        OneKwh,
    }
}

/// What is known of how an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether power was delivered.
    pub delivered: Option<bool>,
    /// When it first was, where that is known.
    pub delivered_from: Option<At>,
    /// Whether it was stopped as somebody wished, and nothing broke.
    pub stopped_well: Option<bool>,
}

/// Numbers of attempts and visits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    sums: Sums<{ Outcome::ALL.len() }>,
    /// From the beginning of an attempt until power was first delivered, in milliseconds, of attempts of which that is known.
    pub starts_ms: Vec<i64>,
}

impl Index<Outcome> for Outcomes {
    type Output = i64;

    fn index(&self, outcome: Outcome) -> &i64 {
        &self.sums.0[outcome as usize]
    }
}

impl Outcomes {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.sums.add(&other.sums);
        self.starts_ms.extend_from_slice(&other.starts_ms);
    }

    /// Adds an attempt.
    pub fn attempt(&mut self, attempt: &Attempt, verdict: &Verdict) {
        let Verdict { delivered, stopped_well, .. } = *verdict;
        let (start, whole) = match attempt.began {
            Began::Plug => {
                ([Outcome::PlugJudged, Outcome::PlugDelivered], [Outcome::PlugWholeJudged, Outcome::PlugWhole])
            }
            Began::Token => {
                ([Outcome::TokenJudged, Outcome::TokenDelivered], [Outcome::TokenWholeJudged, Outcome::TokenWhole])
            }
            Began::Start => {
                ([Outcome::StartJudged, Outcome::StartDelivered], [Outcome::StartWholeJudged, Outcome::StartWhole])
            }
        };
        let good = match (delivered, stopped_well) {
            (Some(false), _) => Some(false),
            (Some(true), well) => well,
            (None, _) => None,
        };
        self.judge(start, delivered);
        self.judge(whole, good);
        self.judge([Outcome::EndJudged, Outcome::EndedWell], stopped_well.filter(|_| delivered == Some(true)));
        let first = verdict.delivered_from.filter(|_| delivered == Some(true));
        self.starts_ms.extend(first.map(|first| first.millis_since(attempt.from).max(0)));
        self.count(Outcome::Attempts, true);
        self.count(Outcome::WithSession, attempt.session.is_some());
        self.count(Outcome::Refused, attempt.refused);
        self.count(Outcome::DeliveryUnknown, delivered.is_none());
        self.count(Outcome::StopUnknown, stopped_well.is_none());
    }

    /// Adds a visit of these attempts, in order; one has succeeded that delivered more than `enough`.
    pub fn visit(&mut self, attempts: &[&Attempt], enough: MilliWh) {
        let outcomes = |more_than: MilliWh| -> Vec<Option<bool>> {
            attempts.iter().map(|attempt| attempt.delivered(more_than)).collect()
        };
        let known = outcomes(enough);
        let succeeded = any_of(&known);
        self.count(Outcome::Visits, true);
        self.sums.0[Outcome::Tries as usize] += i64::try_from(attempts.len()).unwrap_or(i64::MAX);
        self.judge([Outcome::Judged, Outcome::Succeeded], succeeded);
        self.count(Outcome::Troubled, succeeded == Some(true) && attempts.len() > 1);
        self.judge([Outcome::FirstJudged, Outcome::FirstSucceeded], known.first().copied().flatten());
        self.judge([Outcome::LastJudged, Outcome::LastSucceeded], known.last().copied().flatten());
        self.judge([Outcome::OneKwhJudged, Outcome::OneKwh], any_of(&outcomes(ONE_KWH)));
    }

    fn count(&mut self, outcome: Outcome, is_so: bool) {
        self.sums.0[outcome as usize] += i64::from(is_so);
    }

    /// Adds to a denominator what is known, and to its numerator what is true.
    fn judge(&mut self, [of, fit]: [Outcome; 2], known: Option<bool>) {
        self.count(of, known.is_some());
        self.count(fit, known == Some(true));
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, i64::try_from(self.starts_ms.len()).unwrap_or(i64::MAX));
        self.starts_ms.iter().for_each(|ms| put(&mut bytes, *ms));
        bytes.extend(self.sums.to_bytes());
        bytes
    }

    /// From [`Outcomes::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut rest = bytes.iter();
        let count = usize::try_from(take(&mut rest)).unwrap_or(0);
        // A count that bytes do not bear out must not cost memory.
        let starts_ms = (0..count.min(bytes.len())).map(|_| take(&mut rest)).collect();
        Self { sums: Sums::from_bytes(rest.as_slice()), starts_ms }
    }
}

/// Whether any is true; not known where none is and one may be.
fn any_of(known: &[Option<bool>]) -> Option<bool> {
    if known.contains(&Some(true)) {
        return Some(true);
    }
    (!known.contains(&None)).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_say_the_same_outcomes(
            values in prop::collection::vec((0..Outcome::ALL.len(), any::<i64>()), 0..20),
            starts_ms in prop::collection::vec(any::<i64>(), 0..20),
        ) {
            let mut outcomes = Outcomes { starts_ms, ..Outcomes::default() };
            for (place, value) in values {
                outcomes.sums.0[place] = value;
            }
            prop_assert_eq!(Outcomes::from_bytes(&outcomes.to_bytes()), outcomes);
        }

        #[test]
        fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let outcomes = Outcomes::from_bytes(&bytes);
            prop_assert_eq!(Outcomes::from_bytes(&outcomes.to_bytes()), outcomes);
        }
    }
}
