//! A session as one line: what medians and counts are made of.

use super::compact::{put, take};
use super::energy::MilliWh;
use super::record::SessionState;

/// What is asked of a session as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Summary {
    /// Its state.
    pub state: SessionState,
    /// Whether a file told it.
    pub is_imported: bool,
    /// Its energy, where it is known.
    pub energy: Option<MilliWh>,
    /// From start to end, in milliseconds, where the end is known.
    pub length_ms: Option<i64>,
    /// From the first to the last flow of energy, where readings or the status tell.
    pub charge_ms: Option<i64>,
    /// From the last flow to the end, where both are known.
    pub idle_ms: Option<i64>,
}

impl Summary {
    /// Writes several, one behind the other.
    pub fn to_bytes(all: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(all.len() * 16);
        for summary in all {
            let parts = summary.parts();
            let known = parts.iter().zip([8, 16, 32, 64]).map(|(part, bit)| if part.is_some() { bit } else { 0 });
            let state = SessionState::ALL.iter().position(|state| *state == summary.state).unwrap_or(0);
            let imported = if summary.is_imported { 4 } else { 0 };
            bytes.push(state as u8 | imported | known.sum::<u8>());
            parts.into_iter().flatten().for_each(|part| put(&mut bytes, part));
        }
        bytes
    }

    const fn parts(&self) -> [Option<i64>; 4] {
        let energy = match self.energy {
            Some(energy) => Some(energy.0),
            None => None,
        };
        [energy, self.length_ms, self.charge_ms, self.idle_ms]
    }

    /// Reads what [`Summary::to_bytes`] wrote.
    pub fn read_all(bytes: &[u8], into: &mut Vec<Self>) {
        let mut rest = bytes.iter();
        while let Some(head) = rest.next().copied() {
            let mut part = |bit: u8| (head & bit != 0).then(|| take(&mut rest));
            let (energy, length_ms, charge_ms, idle_ms) = (part(8), part(16), part(32), part(64));
            let state = SessionState::ALL.get(usize::from(head & 3)).copied().unwrap_or(SessionState::Orphan);
            let (energy, is_imported) = (energy.map(MilliWh), head & 4 != 0);
            into.push(Self { state, is_imported, energy, length_ms, charge_ms, idle_ms });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_summary() -> impl Strategy<Value = Summary> {
        let part = || prop::option::of(any::<i64>());
        (0..4_usize, any::<bool>(), part(), part(), part(), part()).prop_map(
            |(state, is_imported, energy, length_ms, charge_ms, idle_ms)| {
                let (state, energy) = (SessionState::ALL[state], energy.map(MilliWh));
                Summary { state, is_imported, energy, length_ms, charge_ms, idle_ms }
            },
        )
    }

    proptest! {
        #[test]
        fn bytes_say_the_same_sessions(all in prop::collection::vec(any_summary(), 0..20)) {
            let mut found = Vec::new();
            Summary::read_all(&Summary::to_bytes(&all), &mut found);
            prop_assert_eq!(found, all);
        }

        #[test]
        fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            Summary::read_all(&bytes, &mut Vec::new());
        }
    }
}
