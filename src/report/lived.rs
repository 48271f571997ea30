//! What an EVSE lived through: its timeline and its sessions, from which facts are made; and which days are to be made anew
//! when something came late.

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;

use super::afresh::{Want, hull, lines};
use super::network::{Evse, Network, Place};
use super::period::{date_of, number_of};
use crate::domain::availability::Interval;
use crate::domain::ids::{Outlet, StationKey};
use crate::domain::opening::{local_day, midnight};
use crate::domain::record::SessionRow;
use crate::domain::service::{Facts, Terms, pieces};
use crate::domain::stay::{Curve, GRACE_MS, Stay, charging, is_imported, reach, use_of};
use crate::domain::time::{At, Span};
use crate::store::StoreError;
use crate::store::figures::Figures;

/// What is known of a charger in the hull of some stretches.
#[derive(Default)]
pub(super) struct Lived {
    lines: Vec<(Outlet, Vec<Interval>)>,
    sessions: Vec<SessionRow>,
}

impl Lived {
    pub(super) fn read(
        ledger: &mut dyn Figures,
        place: &Place,
        station: StationKey,
        wants: &[Want],
    ) -> Result<Self, StoreError> {
        let Some(span) = hull(wants) else { return Ok(Self::default()) };
        let sessions = ledger.sessions_touching(station, graced(span))?;
        // Where no reading says when energy flowed, the timeline of the whole session does.
        let by_status = sessions.iter().filter(|session| session.flow.is_none() && !is_imported(session));
        let ends = by_status.filter_map(|session| session.started_at.zip(reach(session)));
        let whole =
            ends.fold(span, |whole, (from, until)| Span { from: whole.from.min(from), until: whole.until.max(until) });
        Ok(Self { lines: lines(ledger, &place.evses, station, whole)?, sessions })
    }

    /// What is known of one of its EVSEs.
    pub(super) fn of_evse(
        &self,
        ledger: &mut dyn Figures,
        network: &Network,
        evse: &Evse,
        wants: &[Want],
    ) -> Result<Life, StoreError> {
        let timeline = evse.timeline(&self.lines);
        let mine = self.sessions.iter().filter(|session| network.evse_of(&evse.charger, session.outlet) == evse.number);
        let mut stays = Vec::new();
        for session in mine {
            let mut stay = Stay::new(session.clone(), &timeline);
            if let Some(station) = evse.station.filter(|_| is_parted(&stay, wants)) {
                let registers = if is_imported(session) { Vec::new() } else { ledger.registers(station, session)? };
                stay.curve = Curve::of(session, &registers, &charging(session, &timeline));
            }
            stays.push(stay);
        }
        Ok(Life { timeline, stays })
    }
}

/// Whether some stretch has a part of a session and not all of it.
fn is_parted(stay: &Stay, wants: &[Want]) -> bool {
    let Some((start, reach)) = stay.session.started_at.zip(stay.reach()) else { return false };
    let has_all = |span: Span| span.from <= start && reach <= span.until;
    // They are in order: no later one has a part of it, nor one that ends before it starts.
    let next = wants.partition_point(|want| want.span.from <= reach);
    let before = wants.get(..next).unwrap_or_default().iter().rev();
    before.take_while(|want| want.span.until > start).any(|want| !has_all(want.span))
}

/// An EVSE's timeline and sessions.
pub(super) struct Life {
    timeline: Vec<Interval>,
    stays: Vec<Stay>,
}

impl Life {
    /// The facts of a stretch.
    pub(super) fn facts(&self, terms: &Terms<'_>, span: Span) -> Facts {
        let mut facts = Facts::default();
        let near = graced(span);
        let touches = |stay: &&Stay| {
            let starts = stay.session.started_at.is_some_and(|start| start < span.until);
            starts && (stay.session.ended_at.is_none() || stay.reach().is_some_and(|reach| reach >= near.from))
        };
        let stays: Vec<&Stay> = self.stays.iter().filter(touches).collect();
        for piece in pieces(&self.timeline, terms, span) {
            facts.add(&piece);
            use_of(&piece, &stays, &mut facts);
        }
        stays.iter().for_each(|stay| stay.count(span, &mut facts));
        facts
    }
}

/// A stretch with the time before it in which the end of a session still bears on it.
const fn graced(span: Span) -> Span {
    Span { from: span.from.plus_millis(-GRACE_MS), until: span.until }
}

/// Days of a charger, from the first to the last.
type Days = Vec<(i32, i32)>;

/// The days that marks touch.
pub(super) struct Stale {
    by_station: BTreeMap<StationKey, Days>,
    by_place: BTreeMap<usize, Days>,
}

impl Stale {
    /// Reads them; with all days of the sessions that reach into them, since what a session adds to a day bears on the others.
    pub(super) fn read(ledger: &mut dyn Figures, network: &Network, zone: Tz) -> Result<Self, StoreError> {
        let day = |at: At| number_of(local_day(at, zone));
        let (mut by_station, mut by_place) = (BTreeMap::<StationKey, Days>::new(), BTreeMap::<usize, Days>::new());
        for mark in ledger.marks()? {
            by_station
                .entry(mark.station)
                .or_default()
                .push((day(mark.span.from), day(mark.span.until.plus_millis(-1))));
        }
        let places = if by_station.is_empty() { HashMap::new() } else { network.places_of_stations() };
        for (station, days) in &mut by_station {
            *days = joined(std::mem::take(days));
            for (low, high) in days.iter_mut() {
                let span = Span { from: midnight(date_of(*low), zone), until: midnight(date_of(*high + 1), zone) };
                if let Some(hull) = ledger.sessions_hull(*station, graced(span))? {
                    *low = day(hull.from).min(*low);
                    *high = day(hull.until.plus_millis(GRACE_MS)).max(*high);
                }
            }
            // What is told of attempts bears on the visits of the days before and after, at all EVSEs of the place.
            if let Some(place) = places.get(station) {
                by_place.entry(*place).or_default().extend(days.iter().map(|(low, high)| (low - 1, high + 1)));
            }
        }
        by_place.values_mut().for_each(|days| *days = joined(std::mem::take(days)));
        Ok(Self { by_station, by_place })
    }

    /// For what an EVSE lived through by itself.
    pub(super) fn of_evse(&self, evse: &Evse) -> &[(i32, i32)] {
        evse.station.and_then(|station| self.by_station.get(&station)).map(Vec::as_slice).unwrap_or_default()
    }

    /// For all that is kept of it.
    pub(super) fn of_place(&self, evse: &Evse) -> &[(i32, i32)] {
        self.by_place.get(&evse.place).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Days that touch each other as one stretch.
fn joined(mut days: Days) -> Days {
    days.sort_unstable();
    let mut found: Days = Vec::new();
    for (low, high) in days {
        match found.last_mut().filter(|last| low <= last.1 + 1) {
            Some(last) => last.1 = last.1.max(high),
            None => found.push((low, high)),
        }
    }
    found
}
