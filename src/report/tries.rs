//! Attempts to charge and visits at a place, made up local day by local day, and what they come to.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::network::{Network, Place};
use crate::domain::attempt::{Attempt, PlugIn, TokenCheck, Tried, Visit, attempts, visits, with_tokens};
use crate::domain::energy::MilliWh;
use crate::domain::ids::{ChargerId, Outlet, StationKey};
use crate::domain::opening::day_span;
use crate::domain::outcome::{Outcomes, Verdict};
use crate::domain::status::State;
use crate::domain::time::{At, Span};
use crate::store::StoreError;
use crate::store::figures::{Figures, Tries};

/// What tells of the attempts and visits of a day is looked for so long before and after it.
const AROUND_MS: i64 = 86_400_000;

/// A stop is no good one where a fault comes so soon before or after it.
const FAULT_NEAR_MS: i64 = 60_000;

/// A visit that is shorter than three minutes is short.
pub(super) const SHORT_MS: i64 = 180_000;

/// What began at an EVSE: attempts, visits.
pub(super) struct Begun {
    /// When.
    pub(super) at: At,
    /// What it came to.
    pub(super) outcomes: Outcomes,
    /// When it was, if it is a short visit that got nothing.
    pub(super) in_vain: Option<Span>,
}

/// What a charger told.
struct Teller {
    station: StationKey,
    charger: ChargerId,
    tries: Tries,
    faults: Vec<(Outlet, At)>,
}

/// An attempt at a place.
struct Here<'a> {
    /// The EVSE, by its order at the place.
    evse: usize,
    teller: &'a Teller,
    attempt: Attempt,
}

/// What the chargers of a place told around some days.
pub(super) struct Told<'a> {
    network: &'a Network,
    place: &'a Place,
    /// Of this stretch all faults are known.
    within: Span,
    tellers: Vec<Teller>,
}

impl<'a> Told<'a> {
    /// Reads it.
    pub(super) fn read(
        ledger: &mut dyn Figures,
        network: &'a Network,
        place: &'a Place,
        days: Span,
    ) -> Result<Self, StoreError> {
        let within = around(days);
        let mut tellers: Vec<Teller> = Vec::new();
        for evse in &place.evses {
            let Some(station) = evse.station.filter(|own| tellers.iter().all(|teller| teller.station != *own)) else {
                continue;
            };
            let mut tries = ledger.tries(station, within)?;
            tries.plugs.sort_by_key(|plug| plug.from);
            let mut faults: Vec<(Outlet, At)> = Vec::new();
            ledger.idle(Some(station), within, &mut |_, outlet, interval| {
                faults.extend((interval.state == State::OutOfOrder).then_some((outlet, interval.from)));
            })?;
            tellers.push(Teller { station, charger: evse.charger.clone(), tries, faults });
        }
        Ok(Self { network, place, within, tellers })
    }

    /// Takes what began on a local day, with the EVSE's order at the place: visits, and attempts where they are asked for,
    /// which have to be looked up one by one.
    pub(super) fn begun(
        &self,
        ledger: &mut dyn Figures,
        day: NaiveDate,
        zone: Tz,
        with_attempts: bool,
        take: &mut dyn FnMut(usize, Begun),
    ) -> Result<(), StoreError> {
        let (day, enough) = (day_span(day, zone), self.network.rules.visit_succeeds);
        let here = self.around(day);
        for one in here.iter().filter(|one| with_attempts && day.contains(one.attempt.from)) {
            let mut outcomes = Outcomes::default();
            outcomes.attempt(&one.attempt, &one.verdict(ledger, self.within)?);
            take(one.evse, Begun { at: one.attempt.from, outcomes, in_vain: None });
        }
        let plain: Vec<_> = here.iter().map(|one| (one.evse, &one.attempt)).collect();
        for visit in visits(&plain, self.network.rules.gaps) {
            let (evse, own) = of_visit(&plain, &visit);
            let Some(at) = own.first().map(|first| first.from).filter(|at| day.contains(*at)) else { continue };
            let mut outcomes = Outcomes::default();
            outcomes.visit(&own, enough);
            take(evse, Begun { at, outcomes, in_vain: in_vain(&own) });
        }
        Ok(())
    }

    /// The attempts of a day and of what lies around it, in order of time.
    fn around(&self, day: Span) -> Vec<Here<'_>> {
        let (within, gaps) = (around(day), self.network.rules.gaps);
        let mut found: Vec<Here<'_>> = Vec::new();
        for teller in &self.tellers {
            let sessions = part(&teller.tries.sessions, within, |session: &Tried| session.started).to_vec();
            let plugs = part(&teller.tries.plugs, within, |plug: &PlugIn| plug.from);
            let checks = part(&teller.tries.checks, within, |check: &TokenCheck| check.at);
            let all = with_tokens(attempts(sessions, plugs, gaps), checks, gaps);
            found.extend(all.into_iter().filter_map(|attempt| {
                let evse = self.evse_of(teller, attempt.outlet)?;
                Some(Here { evse, teller, attempt })
            }));
        }
        found.sort_by_key(|one| one.attempt.from);
        found
    }

    /// The EVSE of an outlet. A token that led to nothing names none: it is put down at the charger's first.
    fn evse_of(&self, teller: &Teller, outlet: Option<Outlet>) -> Option<usize> {
        let number = outlet.map(|outlet| self.network.evse_of(&teller.charger, outlet));
        let mut own = self.place.evses.iter().enumerate().filter(|(_, evse)| evse.station == Some(teller.station));
        own.find(|(_, evse)| number.is_none_or(|number| number == evse.number)).map(|(index, _)| index)
    }
}

/// A stretch with what lies around it.
fn around(span: Span) -> Span {
    Span { from: span.from.plus_millis(-AROUND_MS), until: span.until.plus_millis(AROUND_MS) }
}

/// What lies within a stretch, of what is in order of time.
fn part<T>(all: &[T], within: Span, at: impl Fn(&T) -> At) -> &[T] {
    let first = all.partition_point(|one| at(one) < within.from);
    let after = all.partition_point(|one| at(one) < within.until);
    all.get(first..after).unwrap_or_default()
}

/// The EVSE where a visit began, and its attempts.
fn of_visit<'a>(all: &[(usize, &'a Attempt)], visit: &Visit) -> (usize, Vec<&'a Attempt>) {
    let own: Vec<&(usize, &Attempt)> = visit.iter().filter_map(|index| all.get(*index)).collect();
    (own.first().map_or(0, |first| first.0), own.into_iter().map(|(_, attempt)| *attempt).collect())
}

/// When a visit was, if it was short and all of its attempts are known to have got nothing.
fn in_vain(own: &[&Attempt]) -> Option<Span> {
    let from = own.first()?.from;
    let ends: Option<Vec<At>> = own.iter().map(|attempt| attempt.until).collect();
    // A token that is shown takes no time, yet it meets the site as it is.
    let until = ends?.into_iter().max()?.max(from.plus_millis(1));
    let got_nothing = own.iter().all(|attempt| attempt.delivered(MilliWh(0)) == Some(false));
    (got_nothing && until.millis_since(from) < SHORT_MS).then_some(Span { from, until })
}

impl Here<'_> {
    /// How it went: power was delivered by the energy, else by what the connector said.
    fn verdict(&self, ledger: &mut dyn Figures, within: Span) -> Result<Verdict, StoreError> {
        let by_energy = self.attempt.delivered(MilliWh(0));
        let stopped_well = match self.attempt.stopped_well() {
            Some(true) => Some(!self.breaks(ledger, within)?),
            other => other,
        };
        let Some(session) = &self.attempt.session else {
            return Ok(Verdict { delivered: by_energy, delivered_from: None, stopped_well });
        };
        let until = self.attempt.until.map_or(At::from_millis(i64::MAX), |until| until.plus_millis(1));
        let within = Span { from: self.attempt.from, until };
        let charged = ledger.charged(self.teller.station, session.outlet, within)?;
        let delivered = if charged.is_some() { Some(true) } else { by_energy };
        Ok(Verdict { delivered, delivered_from: charged.into_iter().chain(session.flow_from).min(), stopped_well })
    }

    /// Whether something broke as it ended. A session may last for longer than all else that is looked at.
    fn breaks(&self, ledger: &mut dyn Figures, within: Span) -> Result<bool, StoreError> {
        let Some((outlet, ended)) = self.attempt.outlet.zip(self.attempt.until) else { return Ok(false) };
        let near = Span { from: ended.plus_millis(-FAULT_NEAR_MS), until: ended.plus_millis(FAULT_NEAR_MS + 1) };
        let is_it = |of: Outlet, at: At| (of.is_station() || of.meets(outlet)) && near.contains(at);
        if within.from <= near.from && near.until <= within.until {
            return Ok(self.teller.faults.iter().any(|(of, at)| is_it(*of, *at)));
        }
        let mut found = false;
        ledger.idle(Some(self.teller.station), near, &mut |_, of, interval| {
            found |= interval.state == State::OutOfOrder && is_it(of, interval.from);
        })?;
        Ok(found)
    }
}
