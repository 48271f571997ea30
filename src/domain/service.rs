//! What each moment of an EVSE counts as. From its availability timeline, its opening hours, its days of commissioning
//! and removal and what operators entered come pieces, of which every figure of availability is a sum.

use super::availability::Interval;
use super::exemption::{Exemption, ExemptionKind};
pub use super::facts::{Fact, Facts};
use super::ids::FrameKey;
use super::status::{Cause, ConnectorStatus, State};
use super::time::{At, Span};

/// What bears on an EVSE besides its timeline.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Its number, as the registry counts.
    pub evse: u32,
    /// In service from here on; `None`: not yet.
    pub commissioned: Option<At>,
    /// Out of service from here on.
    pub removed: Option<At>,
    /// When its site is open, in order.
    pub open: &'a [Span],
    /// What was entered for its charger.
    pub exemptions: &'a [Exemption],
    /// When chargewatch first watched: what is not known before is not the charger's doing.
    pub watched_from: At,
}

/// What a moment counts as. Each moment is exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Before commissioning or after removal: not in the network.
    Outside,
    /// In service, but the site is closed.
    Closed,
    /// Available, in use or reserved.
    Up,
    /// Inoperative or out of order.
    Down,
    /// Not heard: the charger's or the link's doing.
    Unknown,
    /// Not heard because chargewatch was not there: nobody's up and nobody's down.
    Ours,
    /// Out of reach, by an operator's entry.
    Blocked,
    /// Exempted by an operator's entry.
    Exempt,
}

impl Class {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Closed => "closed",
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Ours => "our_outage",
            Self::Blocked => "blocked",
            Self::Exempt => "exempt",
        }
    }
}

/// A stretch in which nothing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// When.
    pub span: Span,
    /// What is published of it: the timeline's state, or BLOCKED, PLANNED, REMOVED.
    pub state: State,
    /// What the timeline says, whatever was entered.
    pub seen: State,
    /// The OCPP status behind it.
    pub status: Option<ConnectorStatus>,
    /// Who it is owed to.
    pub cause: Cause,
    /// The frame that proves it.
    pub proof: Option<FrameKey>,
    /// Whether the site is open.
    pub open: bool,
    /// What it counts as.
    pub class: Class,
    /// The entry that decides the class.
    pub exemption: Option<i64>,
    /// The entry of planned work that covers it.
    pub planned: Option<i64>,
}

/// Cuts a stretch of an EVSE's timeline into pieces, without gaps.
pub fn pieces(timeline: &[Interval], terms: &Terms<'_>, within: Span) -> Vec<Piece> {
    let mut bounds = vec![within.from, within.until];
    let edges = timeline.iter().flat_map(|interval| std::iter::once(interval.from).chain(interval.until));
    let entered = terms.exemptions.iter().map(|entry| entry.span);
    let spans = terms.open.iter().copied().chain(entered).flat_map(|span| [span.from, span.until]);
    let days = terms.commissioned.into_iter().chain(terms.removed).chain([terms.watched_from]);
    bounds.extend(edges.chain(spans).chain(days).filter(|at| within.contains(*at)));
    bounds.sort_unstable();
    bounds.dedup();
    let mut found: Vec<Piece> = Vec::new();
    for (from, until) in bounds.iter().zip(bounds.iter().skip(1)) {
        let piece = piece(timeline, terms, Span { from: *from, until: *until });
        match found.last_mut().filter(|last| last.goes_on(&piece)) {
            Some(last) => last.span.until = piece.span.until,
            None => found.push(piece),
        }
    }
    found
}

/// A stretch in which nothing changes, judged by its first instant.
fn piece(timeline: &[Interval], terms: &Terms<'_>, span: Span) -> Piece {
    let at = span.from;
    let next = timeline.partition_point(|interval| interval.from <= at);
    let known = next.checked_sub(1).and_then(|index| timeline.get(index)).filter(|interval| interval.contains(at));
    let unheard = if at < terms.watched_from { Cause::OurOutage } else { Cause::Link };
    let (seen, cause) = known.map_or((State::Unknown, unheard), |interval| (interval.state, interval.cause));
    let next = terms.open.partition_point(|span| span.from <= at);
    let open = next.checked_sub(1).and_then(|index| terms.open.get(index)).is_some_and(|span| span.contains(at));
    let entry = |kind: ExemptionKind| {
        terms.exemptions.iter().find(|entry| entry.kind == kind && entry.covers(terms.evse, at)).map(|entry| entry.id)
    };
    let (blocked, exempt) = (entry(ExemptionKind::Blocked), entry(ExemptionKind::Exempt));
    let planned = terms.commissioned.is_none_or(|day| at < day);
    let removed = terms.removed.is_some_and(|day| at >= day);
    let class = match (planned || removed, open, exempt, blocked) {
        (true, ..) => Class::Outside,
        (_, false, ..) => Class::Closed,
        (_, _, Some(_), _) => Class::Exempt,
        (_, _, None, Some(_)) => Class::Blocked,
        (_, _, None, None) => class_of(seen, cause),
    };
    let state = match (removed, planned, blocked) {
        (true, ..) => State::Removed,
        (_, true, _) => State::Planned,
        (_, _, Some(_)) => State::Blocked,
        (_, _, None) => seen,
    };
    let cause = if matches!(class, Class::Outside | Class::Blocked) { Cause::Operator } else { cause };
    Piece {
        span,
        state,
        seen,
        status: known.and_then(|interval| interval.status.clone()),
        cause,
        proof: known.and_then(|interval| interval.proof),
        open,
        class,
        exemption: exempt.or(blocked),
        planned: entry(ExemptionKind::PlannedWork),
    }
}

/// What a state counts as where nothing was entered (regulation 7 of the UK Public Charge Point Regulations 2023).
const fn class_of(state: State, cause: Cause) -> Class {
    match (state, cause) {
        (State::Available | State::Charging | State::Reserved, _) => Class::Up,
        (State::Inoperative | State::OutOfOrder, _) => Class::Down,
        (State::Blocked, _) => Class::Blocked,
        (State::Planned | State::Removed, _) => Class::Outside,
        (State::Unknown, Cause::OurOutage) => Class::Ours,
        (State::Unknown, Cause::Charger | Cause::Transaction | Cause::Link | Cause::Operator) => Class::Unknown,
    }
}

impl Piece {
    fn goes_on(&self, next: &Self) -> bool {
        self.span.until == next.span.from && Self { span: self.span, ..next.clone() } == *self
    }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
