//! The groups of a report by place: their names in the order of its lines, and which EVSE is in which.

use std::collections::BTreeMap;

use super::network::Network;
use super::{PlaceUnit, Value};

/// Groups of EVSEs.
pub(super) struct Groups {
    /// Their names, in order: numbers as numbers, what is not known first.
    pub(super) names: Vec<Vec<Value>>,
    /// The group of each EVSE.
    pub(super) of: Vec<usize>,
}

impl Groups {
    /// The groups of a network by a unit of place.
    pub(super) fn of(network: &Network, place: PlaceUnit) -> Self {
        let key = |name: &[Value]| -> Vec<String> { name.iter().map(sorted_by).collect() };
        let names: Vec<Vec<Value>> = network.evses.iter().map(|evse| evse.group(place)).collect();
        let mut order: BTreeMap<Vec<String>, Vec<Value>> = BTreeMap::new();
        for name in &names {
            order.entry(key(name)).or_insert_with(|| name.clone());
        }
        let index: BTreeMap<Vec<String>, usize> = order.keys().cloned().zip(0..).collect();
        let of = names.iter().map(|name| index.get(&key(name)).copied().unwrap_or(0)).collect();
        Self { names: order.into_values().collect(), of }
    }
}

fn sorted_by(name: &Value) -> String {
    match name {
        Value::Whole(number) => format!("{number:>20}"),
        Value::Null(_) | Value::Decimal(..) | Value::Text(_) | Value::Bool(_) | Value::Time(_) => name.to_string(),
    }
}
