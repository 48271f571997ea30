//! What operators entered about EVSEs, as far as it counts now or later: alerts keep silent by it, the live page shows it,
//! and open data says BLOCKED.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::exemption::Exemption;
use crate::domain::ids::ChargerId;
use crate::domain::time::At;

/// Entries in force, by charger.
#[derive(Default)]
pub struct Exemptions(RwLock<Arc<HashMap<ChargerId, Vec<Exemption>>>>);

impl Exemptions {
    /// Puts these in the place of all.
    pub fn replace(&self, entries: Vec<Exemption>) {
        let mut by_charger: HashMap<ChargerId, Vec<Exemption>> = HashMap::new();
        for entry in entries {
            by_charger.entry(entry.charger.clone()).or_default().push(entry);
        }
        *self.0.write() = Arc::new(by_charger);
    }

    /// Those that cover an EVSE of a charger now.
    pub fn at(&self, charger: &ChargerId, evse: u32, now: At) -> Vec<Exemption> {
        let all = self.0.read().clone();
        let of = all.get(charger).map(Vec::as_slice).unwrap_or_default();
        of.iter().filter(|entry| entry.covers(evse, now)).cloned().collect()
    }

    /// Every one that covers now, by charger.
    pub fn in_force(&self, now: At) -> HashMap<ChargerId, Vec<Exemption>> {
        let all = self.0.read().clone();
        let covering = |entries: &[Exemption]| -> Vec<Exemption> {
            entries.iter().filter(|entry| entry.span.contains(now)).cloned().collect()
        };
        let found = all.iter().map(|(charger, entries)| (charger.clone(), covering(entries)));
        found.filter(|(_, entries)| !entries.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::exemption::ExemptionKind;
    use crate::domain::time::Span;

    #[test]
    fn an_entry_counts_for_its_evse_and_its_time_and_one_without_evse_for_all() {
        let entry = |id, evse, from, until| Exemption {
            id,
            charger: ChargerId::new("CP-1"),
            evse,
            kind: ExemptionKind::Exempt,
            cause: "vandalism".to_owned(),
            span: Span { from: At::from_millis(from), until: At::from_millis(until) },
        };
        let exemptions = Exemptions::default();
        exemptions.replace(vec![entry(1, Some(2), 10, 20), entry(2, None, 15, 30)]);
        let found = |charger: &str, evse, at| {
            let entries = exemptions.at(&ChargerId::new(charger), evse, At::from_millis(at));
            entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
        };
        assert_eq!(found("CP-1", 2, 9), [0; 0]);
        assert_eq!(found("cp-1", 2, 10), [1]);
        assert_eq!(found("CP-1", 2, 15), [1, 2]);
        assert_eq!(found("CP-1", 1, 15), [2]);
        assert_eq!(found("CP-1", 2, 20), [2]);
        assert_eq!(found("CP-2", 2, 15), [0; 0]);
        let counts = |at| exemptions.in_force(At::from_millis(at)).values().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(
            [counts(9), counts(10), counts(15), counts(20), counts(30)],
            [vec![], vec![1], vec![2], vec![1], vec![]]
        );
        exemptions.replace(Vec::new());
        assert_eq!(found("CP-1", 2, 15), [0; 0]);
    }
}
