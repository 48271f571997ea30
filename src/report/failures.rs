//! The failures of a network in a period, read from what was not at work.

use std::collections::HashMap;

use super::Scope;
use super::network::Evse;
use crate::domain::availability::{Interval, at_work_else};
use crate::domain::exemption::Exemption;
use crate::domain::failure::{Episode, Standing, episodes, losses};
use crate::domain::fault::{FaultClass, UNCLASSIFIED};
use crate::domain::ids::{ChargerId, Outlet, StationKey};
use crate::domain::service::{Terms, pieces};
use crate::domain::time::{At, Span};
use crate::store::StoreError;

/// A failure that begins so soon after the end of another of the same EVSE repeats it: 30 days.
const REPEATS_WITHIN_MS: i64 = 30 * 86_400_000;

/// What a charger says of a fault may come so long before its status does.
const SAID_BEFORE_MS: i64 = 60_000;

/// With fewer chargers than this each is looked up by itself.
const FEW_STATIONS: usize = 100;

/// A stretch out of work that began in the period.
pub(super) struct Failure {
    /// The EVSE, by its place in the network.
    pub(super) evse: usize,
    /// When, how it ended.
    pub(super) episode: Episode,
    /// Whether it is a failure, planned, or excused.
    pub(super) standing: Standing,
    /// What the charger gave as its reason.
    pub(super) class: FaultClass,
    /// Whether it began soon after the end of another failure of the EVSE.
    pub(super) repeats: bool,
}

/// What was found.
pub(super) struct Found {
    /// Stretches out of work that began in the period, by EVSE and time.
    pub(super) failures: Vec<Failure>,
    /// When which EVSE fell silent while at work.
    pub(super) losses: Vec<(usize, At)>,
}

type Lines = HashMap<StationKey, Vec<(Outlet, Vec<Interval>)>>;
type Reasons = HashMap<StationKey, Vec<(At, Outlet, FaultClass)>>;

impl Found {
    /// Reads them.
    pub(super) fn read(scope: &mut Scope<'_>) -> Result<Self, StoreError> {
        let mut found = Self { failures: Vec::new(), losses: Vec::new() };
        let Some(period) = scope.buckets.first().zip(scope.buckets.last()) else { return Ok(found) };
        let period = Span { from: period.0.1.from, until: period.1.1.until };
        // Long enough ago to know what is repeated.
        let within = Span { from: period.from.plus_millis(-REPEATS_WITHIN_MS), until: period.until };
        let (idle, reasons) = told(scope, within)?;
        let watched_from = scope.ledger.watched_from()?.unwrap_or(within.until);
        let mut entries: HashMap<ChargerId, Vec<Exemption>> = HashMap::new();
        for entry in scope.ledger.exemptions(within)? {
            entries.entry(entry.charger.clone()).or_default().push(entry);
        }
        for (index, evse) in scope.network.evses.iter().enumerate() {
            // What was always at work, as far as is known, never failed.
            let Some(lines) = evse.station.and_then(|station| idle.get(&station)) else { continue };
            let exemptions = entries.get(&evse.charger).map(Vec::as_slice).unwrap_or_default();
            let (commissioned, removed) = (evse.commissioned, evse.removed);
            let open = &[within];
            let terms = Terms { evse: evse.number, commissioned, removed, open, exemptions, watched_from };
            let pieces = pieces(&timeline(evse, lines, within.from), &terms, within);
            let reasons = evse.station.and_then(|station| reasons.get(&station)).map(Vec::as_slice).unwrap_or_default();
            let mut before: Option<At> = None;
            for episode in episodes(&pieces, scope.rules.flaps) {
                let off = !episode.broken && !scope.rules.switched_off_is_failure;
                let standing = if off { Standing::Planned } else { episode.standing };
                let (from, until) = (episode.span.from, episode.span.until);
                let repeats = before.is_some_and(|end| from.millis_since(end) <= REPEATS_WITHIN_MS);
                if standing == Standing::Failure {
                    before = Some(until);
                }
                if period.contains(from) {
                    let class = class(evse, reasons, episode.span);
                    found.failures.push(Failure { evse: index, episode, standing, class, repeats });
                }
            }
            let lost = losses(&pieces).into_iter().filter(|at| period.contains(*at));
            found.losses.extend(lost.map(|at| (index, at)));
        }
        Ok(found)
    }
}

/// What was not at work, and why, by charger.
fn told(scope: &mut Scope<'_>, within: Span) -> Result<(Lines, Reasons), StoreError> {
    let mut stations: Vec<StationKey> = scope.network.evses.iter().filter_map(|evse| evse.station).collect();
    stations.sort_unstable();
    stations.dedup();
    let asked: Vec<Option<StationKey>> =
        if stations.len() < FEW_STATIONS { stations.into_iter().map(Some).collect() } else { vec![None] };
    let (mut idle, mut reasons) = (Lines::new(), Reasons::new());
    let said = Span { from: within.from.plus_millis(-SAID_BEFORE_MS), until: within.until };
    for station in asked {
        scope.ledger.idle(station, within, &mut |station, outlet, interval| {
            let lines = idle.entry(station).or_default();
            match lines.last_mut().filter(|(last, _)| *last == outlet) {
                Some((_, line)) => line.push(interval),
                None => lines.push((outlet, vec![interval])),
            }
        })?;
        scope.ledger.reasons(station, said, &mut |station, outlet, at, class| {
            reasons.entry(station).or_default().push((at, outlet, class));
        })?;
    }
    reasons.values_mut().for_each(|reasons| reasons.sort_by_key(|(at, ..)| *at));
    Ok((idle, reasons))
}

/// The timeline of an EVSE; outlets of which nothing was read were at work.
fn timeline(evse: &Evse, idle: &[(Outlet, Vec<Interval>)], from: At) -> Vec<Interval> {
    let of = |outlet: Outlet| {
        let own = idle.iter().find(|(known, _)| *known == outlet).map(|(_, line)| line.clone());
        (outlet, at_work_else(own.unwrap_or_default(), from))
    };
    let lines: Vec<(Outlet, Vec<Interval>)> =
        std::iter::once(Outlet::STATION).chain(evse.outlets.iter().copied()).map(of).collect();
    evse.timeline(&lines)
}

/// The first reason with a class that the charger gave of an EVSE, or of itself as a whole, in a stretch out of work.
fn class(evse: &Evse, reasons: &[(At, Outlet, FaultClass)], span: Span) -> FaultClass {
    let from = span.from.plus_millis(-SAID_BEFORE_MS);
    let begin = reasons.partition_point(|(at, ..)| *at < from);
    let of_evse = |outlet: &Outlet| outlet.is_station() || evse.outlets.iter().any(|own| own.meets(*outlet));
    let told = reasons.iter().skip(begin).take_while(|(at, ..)| *at < span.until);
    let classes = told.filter(|(_, outlet, _)| of_evse(outlet)).map(|(.., class)| *class);
    classes.into_iter().find(|class| *class != UNCLASSIFIED).unwrap_or(UNCLASSIFIED)
}
