//! Groups of EVSEs in stretches of time, with the facts of each: what the lines of every report are about.

use super::groups::Groups;
use super::network::{Evse, Network};
use super::{Line, PlaceUnit, Rated, Scope, Value};
use crate::domain::service::{Fact, Facts};
use crate::domain::time::{At, Span};
use crate::store::StoreError;
use crate::store::figures::Detail;

/// What a line is about.
#[derive(Default)]
pub(super) struct Cell {
    /// Its EVSEs that were in service or had sessions, by their place in the network.
    pub(super) evses: Vec<usize>,
    /// Their facts.
    pub(super) facts: Facts,
    /// The facts of those of 50 kW or more.
    pub(super) rapid: Facts,
    /// What those of a registered power could have delivered.
    pub(super) rated: Rated,
}

impl Cell {
    fn take(&mut self, index: usize, evse: &Evse, facts: &Facts) {
        let counts = facts[Fact::InService] > 0 || facts[Fact::Sessions] > 0 || facts[Fact::Energy] != 0;
        if counts && self.evses.last() != Some(&index) {
            self.evses.push(index);
        }
        self.facts += facts;
        if evse.is_rapid() == Some(true) {
            self.rapid.add_sums(facts);
        }
        if let Some(watts) = evse.rated_w {
            self.rated.watt_ms += i128::from(watts) * i128::from(facts[Fact::Counted]);
            self.rated.energy_mwh += facts[Fact::Energy];
        }
    }
}

/// All groups in all stretches.
pub(super) struct Cells {
    groups: Groups,
    spans: Vec<Span>,
    cells: Vec<Cell>,
    /// The facts of all.
    pub(super) whole: Facts,
}

impl Cells {
    /// Sums the facts of every group in every stretch. What is summed for them need not be summed again.
    pub(super) fn of(scope: &mut Scope<'_>, place: PlaceUnit) -> Result<Self, StoreError> {
        Self::in_detail(scope, place, Detail::SUMS)
    }

    /// The same with more than sums.
    pub(super) fn in_detail(scope: &mut Scope<'_>, place: PlaceUnit, detail: Detail) -> Result<Self, StoreError> {
        let network = scope.network;
        let mut found = Self::empty(network, place, scope.buckets);
        let Self { groups, spans, cells, whole } = &mut found;
        scope.tally(spans, detail, &mut |index, bucket, facts| {
            let place = groups.of.get(index).map(|group| group * spans.len() + bucket);
            let known = place.and_then(|place| cells.get_mut(place)).zip(network.evses.get(index));
            if let Some((cell, evse)) = known {
                cell.take(index, evse, facts);
            }
        })?;
        for cell in cells {
            cell.evses.sort_unstable();
            cell.evses.dedup();
            whole.add_sums(&cell.facts);
        }
        scope.whole = Some(whole.clone());
        Ok(found)
    }

    fn empty(network: &Network, place: PlaceUnit, buckets: &[(Option<String>, Span)]) -> Self {
        let groups = Groups::of(network, place);
        let spans: Vec<Span> = buckets.iter().map(|(_, span)| *span).collect();
        let mut cells: Vec<Cell> = Vec::new();
        cells.resize_with(groups.names.len() * spans.len(), Cell::default);
        Self { groups, spans, cells, whole: Facts::default() }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.cells.len()
    }

    /// Which one an EVSE is in at an instant.
    pub(super) fn at(&self, evse: usize, at: At) -> Option<usize> {
        let bucket = bucket_at(&self.spans, at)?;
        self.groups.of.get(evse).map(|group| group * self.spans.len() + bucket)
    }

    /// A line of each, in order; `make` gets its place and what it is about, and says how many sessions and the values.
    pub(super) fn lines(
        &self,
        buckets: &[(Option<String>, Span)],
        mut make: impl FnMut(usize, &Cell, Span) -> (i64, Vec<Value>),
    ) -> Vec<Line> {
        let mut lines = Vec::with_capacity(self.cells.len());
        for (group, name) in self.groups.names.iter().enumerate() {
            for (bucket, (label, span)) in buckets.iter().enumerate() {
                let place = group * self.spans.len() + bucket;
                let Some(cell) = self.cells.get(place) else { continue };
                let (sessions, values) = make(place, cell, *span);
                lines.push(Line {
                    place: name.clone(),
                    time: label.clone(),
                    evses: cell.evses.len(),
                    sessions,
                    values,
                });
            }
        }
        lines
    }
}

/// Which stretch an instant lies in; they are in order.
fn bucket_at(spans: &[Span], at: At) -> Option<usize> {
    let index = spans.partition_point(|span| span.from <= at).checked_sub(1)?;
    spans.get(index).filter(|span| span.contains(at)).map(|_| index)
}
