//! Attempts to charge and visits of a network in a period, read site by site.

use std::collections::BTreeMap;

use super::Scope;
use crate::domain::attempt::{Attempt, Visit, attempts, visits, with_tokens};
use crate::domain::energy::MilliWh;
use crate::domain::ids::{Outlet, StationKey};
use crate::domain::status::State;
use crate::domain::time::{At, Span};
use crate::store::StoreError;

/// A visit may have begun, and may go on, so long outside the period.
const AROUND_MS: i64 = 86_400_000;

/// A stop is no good one where a fault comes so soon before or after it.
const FAULT_NEAR_MS: i64 = 60_000;

/// An attempt with what is known of its outcome.
pub(super) struct Judged {
    /// What is known of it.
    pub(super) attempt: Attempt,
    /// Whether power was delivered.
    pub(super) delivered: Option<bool>,
    /// Whether it was stopped as somebody wished, and nothing broke.
    pub(super) stopped_well: Option<bool>,
}

/// The attempts of a site around the period, in order of time, each with its EVSE's place in the network, and the visits
/// that they make up.
pub(super) struct AtSite {
    pub(super) attempts: Vec<(usize, Judged)>,
    pub(super) visits: Vec<Visit>,
}

/// The EVSEs of chargers, by their place in the network.
type Stations = BTreeMap<StationKey, Vec<usize>>;

/// Takes the attempts of every site.
pub(super) fn at_sites(scope: &mut Scope<'_>, period: Span, take: &mut dyn FnMut(AtSite)) -> Result<(), StoreError> {
    let within = Span { from: period.from.plus_millis(-AROUND_MS), until: period.until.plus_millis(AROUND_MS) };
    // The EVSEs of each charger of each site; a charger without a site is one by itself.
    let mut sites: BTreeMap<(Option<&str>, &str), Stations> = BTreeMap::new();
    for (index, evse) in scope.network.evses.iter().enumerate() {
        let Some(station) = evse.station else { continue };
        let site = evse.site.as_ref().map(|site| site.id.as_str());
        let alone = if site.is_some() { "" } else { evse.charger.as_str() };
        sites.entry((site, alone)).or_default().entry(station).or_default().push(index);
    }
    let gaps = scope.rules.gaps;
    for stations in sites.into_values() {
        let mut found: Vec<(usize, Judged)> = Vec::new();
        for (station, evses) in stations {
            of_station(scope, station, &evses, within, &mut found)?;
        }
        found.sort_by_key(|(_, judged)| judged.attempt.from);
        let plain = found.iter().map(|(evse, judged)| (*evse, &judged.attempt));
        let visits = visits(&plain.collect::<Vec<_>>(), gaps);
        take(AtSite { attempts: found, visits });
    }
    Ok(())
}

/// The attempts at a charger.
fn of_station(
    scope: &mut Scope<'_>,
    station: StationKey,
    evses: &[usize],
    within: Span,
    found: &mut Vec<(usize, Judged)>,
) -> Result<(), StoreError> {
    let Some(first) = evses.first().copied() else { return Ok(()) };
    let Some(charger) = scope.network.evses.get(first).map(|evse| &evse.charger) else { return Ok(()) };
    let told = scope.ledger.tries(station, within)?;
    let mut begun = Vec::new();
    for attempt in attempts(told.sessions, &told.plugs, scope.rules.gaps) {
        // A plug that was in already, or of which that is not known, is no new attempt.
        let is_new = match (&attempt.session, attempt.outlet) {
            (None, Some(outlet)) => was_free(scope, station, outlet, attempt.from)?,
            (Some(_), _) | (None, None) => true,
        };
        begun.extend(is_new.then_some(attempt));
    }
    let mut faults: Vec<(Outlet, At)> = Vec::new();
    scope.ledger.idle(Some(station), within, &mut |_, outlet, interval| {
        faults.extend((interval.state == State::OutOfOrder).then_some((outlet, interval.from)));
    })?;
    let of_outlet = |outlet: Outlet| {
        let number = scope.network.evse_of(charger, outlet);
        evses.iter().copied().find(|index| scope.network.evses.get(*index).is_some_and(|evse| evse.number == number))
    };
    for attempt in with_tokens(begun, &told.checks, scope.rules.gaps) {
        // A token that led to nothing names no EVSE: it is put down at the charger's first.
        let Some(evse) = attempt.outlet.map_or(Some(first), of_outlet) else { continue };
        let delivered = delivered(scope, station, &attempt)?;
        let stopped_well = attempt.stopped_well().map(|well| well && !breaks(&attempt, &faults));
        found.push((evse, Judged { attempt, delivered, stopped_well }));
    }
    Ok(())
}

/// Whether an outlet was seen to be free just before.
fn was_free(scope: &mut Scope<'_>, station: StationKey, outlet: Outlet, at: At) -> Result<bool, StoreError> {
    let before = scope.ledger.before(station, outlet, at)?;
    Ok(before.is_some_and(|before| matches!(before.state, State::Available | State::Reserved)))
}

/// Whether power was delivered: by the energy, else by what the connector said.
fn delivered(scope: &mut Scope<'_>, station: StationKey, attempt: &Attempt) -> Result<Option<bool>, StoreError> {
    let by_energy = attempt.delivered(MilliWh(0));
    let Some(session) = attempt.session.as_ref().filter(|_| by_energy != Some(true)) else { return Ok(by_energy) };
    let until = attempt.until.unwrap_or(scope.now).plus_millis(1);
    let charged = scope.ledger.charged(station, session.outlet, Span { from: attempt.from, until })?;
    Ok(if charged { Some(true) } else { by_energy })
}

/// Whether something broke as it ended.
fn breaks(attempt: &Attempt, faults: &[(Outlet, At)]) -> bool {
    let Some((outlet, ended)) = attempt.outlet.zip(attempt.until) else { return false };
    let near = |at: At| at.millis_since(ended).abs() <= FAULT_NEAR_MS;
    faults.iter().any(|(of, at)| (of.is_station() || of.meets(outlet)) && near(*at))
}
