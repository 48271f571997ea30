//! The availability timeline: half-open intervals per connector, and what they make together for an EVSE.

use super::ids::{FrameKey, Outlet};
use super::status::{Cause, ConnectorStatus, State};
use super::time::At;

/// A half-open interval `[from, until)` of an availability timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// From, inclusive.
    pub from: At,
    /// Until, exclusive; `None` while it lasts.
    pub until: Option<At>,
    /// The state.
    pub state: State,
    /// The connector status behind it.
    pub status: Option<ConnectorStatus>,
    /// Who it is owed to.
    pub cause: Cause,
    /// The frame that proves it.
    pub proof: Option<FrameKey>,
}

impl Interval {
    /// Whether an instant lies in it.
    pub fn contains(&self, at: At) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// The timeline of an EVSE from those of its charger's outlets; `is_own` says which of them belong to it.
///
/// What is said of the EVSE as a whole beside its connectors (a reading that names no connector makes it known) only ever
/// brings it down; where no connector is known, it is all there is.
pub fn of_outlets(lines: &[(Outlet, Vec<Interval>)], is_own: impl Fn(Outlet) -> bool) -> Vec<Interval> {
    let pick = |wanted: &dyn Fn(Outlet) -> bool| -> Vec<&[Interval]> {
        lines.iter().filter(|(outlet, _)| wanted(*outlet)).map(|(_, line)| line.as_slice()).collect()
    };
    let own = |outlet: Outlet| !outlet.is_station() && is_own(outlet);
    let connectors = pick(&|outlet| own(outlet) && !outlet.is_whole_evse());
    if connectors.is_empty() {
        return of_evse(&pick(&Outlet::is_station), &pick(&own));
    }
    of_evse(&pick(&|outlet| outlet.is_station() || (own(outlet) && outlet.is_whole_evse())), &connectors)
}

/// The timeline of an EVSE from those of its connectors, with the layers of what holds it as a whole on top.
///
/// An EVSE serves one vehicle: it is in use when any of its connectors is, else reserved, else available when any is,
/// else unknown when any is, else out of order, else inoperative (OCPI 2.2.1 with several connectors; the order of
/// `domain` decision 7.4). While the charger or the EVSE as a whole is said to be inoperative or out of order, so it is.
/// Each timeline must be in order of time and without overlaps; so is the result.
fn of_evse<'a>(wholes: &[&'a [Interval]], connectors: &[&'a [Interval]]) -> Vec<Interval> {
    let layers = || wholes.iter().chain(connectors);
    let all = || layers().flat_map(|layer| layer.iter());
    let mut bounds: Vec<At> = all().flat_map(|interval| std::iter::once(interval.from).chain(interval.until)).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut timeline: Vec<Interval> = Vec::new();
    for (index, from) in bounds.iter().enumerate() {
        let until = bounds.get(index + 1).copied();
        let now = |layers: &[&'a [Interval]]| -> Vec<&'a Interval> {
            layers.iter().filter_map(|layer| at(layer, *from)).collect()
        };
        let Some(decisive) = decisive(&now(wholes), &now(connectors)) else { continue };
        let piece = Interval { from: *from, until, ..decisive.clone() };
        match timeline.last_mut().filter(|last| joins(last, &piece)) {
            Some(last) => last.until = piece.until,
            None => timeline.push(piece),
        }
    }
    timeline
}

/// The interval of a layer at an instant.
fn at(layer: &[Interval], instant: At) -> Option<&Interval> {
    let next = layer.partition_point(|interval| interval.from <= instant);
    layer.get(next.checked_sub(1)?).filter(|interval| interval.contains(instant))
}

/// The interval that decides.
fn decisive<'a>(wholes: &[&'a Interval], connectors: &[&'a Interval]) -> Option<&'a Interval> {
    let down = wholes.iter().find(|layer| matches!(layer.state, State::Inoperative | State::OutOfOrder));
    down.or_else(|| connectors.iter().min_by_key(|interval| rank(interval.state))).copied()
}

/// What the states of several connectors come to together. `None` when there are none.
pub fn together(states: impl Iterator<Item = State>) -> Option<State> {
    states.min_by_key(|state| rank(*state))
}

/// Which state of several connectors is the EVSE's: the lowest rank.
const fn rank(state: State) -> u8 {
    match state {
        State::Charging => 0,
        State::Reserved => 1,
        State::Available => 2,
        State::Unknown => 3,
        State::OutOfOrder => 4,
        State::Inoperative => 5,
        State::Blocked => 6,
        State::Planned => 7,
        State::Removed => 8,
    }
}

/// Whether a piece goes on with what came before: same meaning, same proof, no gap.
fn joins(last: &Interval, piece: &Interval) -> bool {
    last.until == Some(piece.from)
        && (last.state, &last.status, last.cause, last.proof) == (piece.state, &piece.status, piece.cause, piece.proof)
}

/// A timeline of which only the stretches were read in which an outlet was not at work: between them, from an instant
/// on, it is put down as available.
pub fn at_work_else(idle: Vec<Interval>, from: At) -> Vec<Interval> {
    let mut timeline = Vec::with_capacity(idle.len() * 2 + 1);
    let mut reached = Some(from);
    let works = |from: At, until: Option<At>| {
        let (state, cause) = (State::Available, Cause::Charger);
        Interval { from, until, state, status: None, cause, proof: None }
    };
    for interval in idle {
        if let Some(from) = reached.filter(|from| *from < interval.from) {
            timeline.push(works(from, Some(interval.from)));
        }
        reached = interval.until;
        timeline.push(interval);
    }
    timeline.extend(reached.map(|from| works(from, None)));
    timeline
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(from: i64, until: i64, state: State) -> Interval {
        let until = (until > 0).then_some(At::from_millis(until));
        Interval { from: At::from_millis(from), until, state, status: None, cause: Cause::Charger, proof: None }
    }

    fn seen(timeline: &[Interval]) -> Vec<(i64, i64, State)> {
        let end = |interval: &Interval| interval.until.map_or(0, At::millis);
        timeline.iter().map(|interval| (interval.from.millis(), end(interval), interval.state)).collect()
    }

    #[test]
    fn two_connectors_of_one_evse_are_one_place_to_charge() {
        let ccs =
            [interval(10, 20, State::Available), interval(20, 40, State::Charging), interval(40, 0, State::Available)];
        let chademo = [interval(10, 30, State::Available), interval(30, 0, State::OutOfOrder)];
        let found = of_evse(&[], &[&ccs, &chademo]);
        assert_eq!(seen(&found), [(10, 20, State::Available), (20, 40, State::Charging), (40, 0, State::Available)]);
    }

    #[test]
    fn a_charger_that_is_down_as_a_whole_overrides_its_connectors_until_it_is_available_again() {
        let connector = [interval(10, 0, State::Available)];
        let station = [interval(15, 25, State::Inoperative), interval(25, 0, State::Available)];
        let found = of_evse(&[&station], &[&connector]);
        assert_eq!(seen(&found), [(10, 15, State::Available), (15, 25, State::Inoperative), (25, 0, State::Available)]);
    }

    #[test]
    fn between_stretches_that_were_read_an_outlet_is_at_work() {
        let idle =
            vec![interval(5, 10, State::OutOfOrder), interval(10, 20, State::Unknown), interval(30, 0, State::Unknown)];
        let states: Vec<_> = seen(&at_work_else(idle, At::from_millis(7))).into_iter().map(|(from, ..)| from).collect();
        assert_eq!(states, [5, 10, 20, 30]);
        assert_eq!(seen(&at_work_else(Vec::new(), At::from_millis(7))), [(7, 0, State::Available)]);
    }

    #[test]
    fn what_is_said_of_an_evse_as_a_whole_brings_it_down_and_hides_no_fault() {
        let whole = (Outlet::new(1, 0), vec![interval(10, 30, State::Unknown), interval(30, 40, State::Inoperative)]);
        let connector =
            (Outlet::new(1, 1), vec![interval(10, 20, State::OutOfOrder), interval(20, 50, State::Available)]);
        let other = (Outlet::new(2, 1), vec![interval(10, 50, State::Charging)]);
        let found = |lines: &[_]| seen(&of_outlets(lines, |outlet| outlet.evse == 1));
        let wanted = [
            (10, 20, State::OutOfOrder),
            (20, 30, State::Available),
            (30, 40, State::Inoperative),
            (40, 50, State::Available),
        ];
        assert_eq!(found(&[whole.clone(), connector, other.clone()]), wanted);
        assert_eq!(found(&[whole, other]), [(10, 30, State::Unknown), (30, 40, State::Inoperative)]);
    }

    #[test]
    fn what_is_not_known_is_a_gap_and_a_broken_pair_is_broken() {
        let one = [interval(10, 20, State::OutOfOrder), interval(30, 40, State::OutOfOrder)];
        let two = [interval(10, 20, State::Inoperative)];
        assert_eq!(seen(&of_evse(&[], &[&one, &two])), [(10, 20, State::OutOfOrder), (30, 40, State::OutOfOrder)]);
        assert!(of_evse(&[], &[]).is_empty());
    }
}
