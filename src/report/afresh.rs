//! Facts made afresh: place by place and charger by charger, from what is in the ledger.

use chrono_tz::Tz;

use super::energy::is_known;
use super::lived::Lived;
use super::network::{Evse, Network, Place};
use super::together::Together;
use super::tries::SHORT_MS;
use crate::domain::availability::Interval;
use crate::domain::exemption::Exemption;
use crate::domain::ids::{ChargerId, Outlet, StationKey};
use crate::domain::opening::{day_span, local_day};
use crate::domain::service::{Fact, Facts, Terms};
use crate::domain::time::{At, Span};
use crate::store::StoreError;
use crate::store::figures::{Detail, Figures};

/// A stretch of an EVSE that is wanted: which EVSE, for which bucket, when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    pub(super) evse: usize,
    pub(super) bucket: usize,
    pub(super) span: Span,
}

/// What bears on all EVSEs of a stretch.
pub(super) struct Around<'a> {
    /// The zone of local days and opening hours.
    pub(super) zone: Tz,
    /// When chargewatch first watched.
    pub(super) watched_from: At,
    exemptions: &'a [Exemption],
}

impl Around<'_> {
    /// What was entered for a charger.
    pub(super) fn of(&self, charger: &ChargerId) -> Vec<Exemption> {
        self.exemptions.iter().filter(|entry| entry.charger == *charger).cloned().collect()
    }
}

/// Makes facts of what is wanted, place by place and charger by charger.
pub(super) fn live(
    ledger: &mut dyn Figures,
    network: &Network,
    wants: &mut [Want],
    zone: Tz,
    detail: Detail,
    take: &mut dyn FnMut(&Want, &Facts),
) -> Result<(), StoreError> {
    let Some(span) = hull(wants) else { return Ok(()) };
    let watched_from = ledger.watched_from()?.unwrap_or(span.until);
    let exemptions = ledger.exemptions(Span { from: span.from, until: span.until.plus_millis(SHORT_MS) })?;
    let around = Around { zone, watched_from, exemptions: &exemptions };
    let evse_of = |want: &Want| network.evses.get(want.evse);
    wants.sort_by_key(|want| (evse_of(want).map(|evse| (evse.place, evse.station)), want.evse, want.span.from));
    let nowhere = Place::default();
    for of_place in wants.chunk_by(|a, b| evse_of(a).map(|evse| evse.place) == evse_of(b).map(|evse| evse.place)) {
        let place = of_place.first().and_then(evse_of).and_then(|evse| network.place_of(evse)).unwrap_or(&nowhere);
        let together = match detail.is_of_sites() {
            true => Some(Together::read(ledger, network, place, of_place, &around, detail)?),
            false => None,
        };
        let here = Here { network, place, together, around: &around, detail };
        let charger_of = |want: &Want| evse_of(want).map(|evse| &evse.charger);
        for of_charger in of_place.chunk_by(|a, b| charger_of(a) == charger_of(b)) {
            here.of_charger(ledger, of_charger, take)?;
        }
    }
    Ok(())
}

/// A place of which facts are made.
struct Here<'a> {
    network: &'a Network,
    place: &'a Place,
    /// What its EVSEs lived through together, where that is asked for.
    together: Option<Together>,
    around: &'a Around<'a>,
    detail: Detail,
}

impl Here<'_> {
    /// Makes the facts of what is wanted of one charger.
    fn of_charger(
        &self,
        ledger: &mut dyn Figures,
        wants: &[Want],
        take: &mut dyn FnMut(&Want, &Facts),
    ) -> Result<(), StoreError> {
        let evse_of = |wants: &[Want]| wants.first().and_then(|want| self.network.evses.get(want.evse));
        let Some(first) = evse_of(wants) else { return Ok(()) };
        let mine = self.around.of(&first.charger);
        let known = match first.station {
            Some(station) => Lived::read(ledger, self.place, station, wants)?,
            None => Lived::default(),
        };
        for of_evse in wants.chunk_by(|a, b| a.evse == b.evse) {
            let Some(evse) = evse_of(of_evse) else { continue };
            let life = known.of_evse(ledger, self.network, evse, of_evse)?;
            let is_it = |own: &Evse| (&own.charger, own.number) == (&evse.charger, evse.number);
            let order = self.place.evses.iter().position(is_it);
            for want in of_evse {
                let open = evse.open(want.span, self.around.zone);
                let mut facts = life.facts(&terms(evse, &open, &mine, self.around.watched_from), want.span);
                if let Some((together, order)) = self.together.as_ref().zip(order) {
                    self.energy_of_day(want.span, &mut facts);
                    together.add(evse, order, want.span, &mut facts);
                }
                take(want, &facts);
            }
        }
        Ok(())
    }

    /// Notes the energy of a whole local day of which anything is known.
    fn energy_of_day(&self, span: Span, facts: &mut Facts) {
        if self.detail.demand && is_day(span, self.around.zone) && facts[Fact::Counted] > 0 && is_known(facts) {
            let energy = facts[Fact::Energy];
            facts.demand.get_or_insert_default().days.push(energy);
        }
    }
}

/// Whether a stretch is a whole local day.
fn is_day(span: Span, zone: Tz) -> bool {
    day_span(local_day(span.from, zone), zone) == span
}

pub(super) fn hull(wants: &[Want]) -> Option<Span> {
    let from = wants.iter().map(|want| want.span.from).min()?;
    Some(Span { from, until: wants.iter().map(|want| want.span.until).max()? })
}

/// The timelines of a charger's outlets; `evses` are those of its place, at least.
pub(super) fn lines(
    ledger: &mut dyn Figures,
    evses: &[Evse],
    station: StationKey,
    span: Span,
) -> Result<Vec<(Outlet, Vec<Interval>)>, StoreError> {
    let of_station = evses.iter().filter(|evse| evse.station == Some(station));
    let mut outlets: Vec<Outlet> = of_station.flat_map(|evse| evse.outlets.iter().copied()).collect();
    outlets.push(Outlet::STATION);
    ledger.timelines(station, &outlets, span)
}

pub(super) const fn terms<'a>(
    evse: &Evse,
    open: &'a [Span],
    exemptions: &'a [Exemption],
    watched_from: At,
) -> Terms<'a> {
    let (commissioned, removed) = (evse.commissioned, evse.removed);
    Terms { evse: evse.number, commissioned, removed, open, exemptions, watched_from }
}
