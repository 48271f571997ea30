//! Groups of EVSEs in stretches of time, with the facts of each: what the lines of every report are about.

use chrono_tz::Tz;

use super::groups::Groups;
use super::network::{Evse, Network};
use super::tally::tally;
use super::{Line, PlaceUnit, Scope, Value};
use crate::domain::service::{Fact, Facts};
use crate::domain::time::{At, Span};
use crate::store::StoreError;
use crate::store::figures::Figures;

/// What a line is about.
#[derive(Default)]
pub(super) struct Cell {
    /// Its EVSEs that were in service or had sessions, by their place in the network.
    pub(super) evses: Vec<usize>,
    /// Their facts.
    pub(super) facts: Facts,
    /// The facts of those of 50 kW or more.
    pub(super) rapid: Facts,
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
    /// Sums the facts of every group in every stretch.
    pub(super) fn tallied(
        ledger: &mut dyn Figures,
        network: &Network,
        place: PlaceUnit,
        buckets: &[(Option<String>, Span)],
        zone: Tz,
    ) -> Result<Self, StoreError> {
        let mut found = Self::empty(network, place, buckets);
        let Self { groups, spans, cells, whole } = &mut found;
        tally(ledger, network, spans, zone, &mut |evse, bucket, facts| {
            let place = groups.of.get(evse).map(|group| group * spans.len() + bucket);
            let Some(cell) = place.and_then(|place| cells.get_mut(place)) else { return };
            let counts = facts[Fact::InService] > 0 || facts[Fact::Sessions] > 0 || facts[Fact::Energy] != 0;
            if counts && cell.evses.last() != Some(&evse) {
                cell.evses.push(evse);
            }
            cell.facts += facts;
            if network.evses.get(evse).and_then(Evse::is_rapid) == Some(true) {
                cell.rapid += facts;
            }
            *whole += facts;
        })?;
        for cell in cells {
            cell.evses.sort_unstable();
            cell.evses.dedup();
        }
        Ok(found)
    }

    /// Those of a report that reads the ledger itself; what is tallied for it need not be tallied again.
    pub(super) fn of(scope: &mut Scope<'_>, place: PlaceUnit) -> Result<Self, StoreError> {
        let found = Self::tallied(scope.ledger, scope.network, place, scope.buckets, scope.zone)?;
        scope.whole = Some(found.whole.clone());
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
