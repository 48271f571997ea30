//! What sessions add to the facts of a stretch: the part of their energy that falls into it, when a vehicle was there, when
//! energy flowed and when not any more.

use super::availability::Interval;
use super::energy::{EnergyQuality, IN_VAIN, Milli};
use super::facts::{Fact, Facts};
use super::flow::Flow;
use super::record::{SessionRow, SessionState};
use super::service::{Class, Piece};
use super::status::{ConnectorStatus, State};
use super::summary::Summary;
use super::telemetry::increase;
use super::time::{At, Span};

/// So long after the last flow a vehicle at a rapid charger blocks nobody: 10 minutes.
pub const GRACE_MS: i64 = 600_000;

/// Up to where a session reaches: its end, or what was last heard of it; `None` where its start is not known.
pub fn reach(session: &SessionRow) -> Option<At> {
    session.started_at.max(session.ended_at).max(session.last_reading_at).filter(|_| session.started_at.is_some())
}

/// Whether a file told it.
pub const fn is_imported(session: &SessionRow) -> bool {
    session.id.0 < 0
}

/// How the energy of a session lies in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    energy: i64,
    /// Weight that lies before each instant, in order.
    points: Vec<(At, i128)>,
}

impl Curve {
    /// From the register readings of a session (time and value, in order); where none rise, evenly over the time in
    /// which energy flowed, else over `charging`, else over the whole session. `None` without start or energy.
    pub fn of(session: &SessionRow, registers: &[(At, Milli)], charging: &[Span]) -> Option<Self> {
        let (start, energy) = (session.started_at?, session.energy?.0);
        let begin = session.meter_start.map(|register| (start, Milli(register.0)));
        let end = session.ended_at.zip(session.meter_stop.map(|register| Milli(register.0)));
        let mut readings: Vec<(At, Milli)> = begin.into_iter().chain(registers.iter().copied()).chain(end).collect();
        readings.sort_unstable();
        let mut points: Vec<(At, i128)> = Vec::with_capacity(readings.len());
        for (index, reading) in readings.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| readings.get(before));
            let rise = before.map_or(0, |before| i128::from(increase(*before, *reading).0.max(0)));
            points.push((reading.0.max(start), points.last().map_or(0, |last| last.1) + rise));
        }
        if !registers.is_empty() && points.last().is_some_and(|last| last.1 > 0) {
            return Some(Self { energy, points });
        }
        let flow = session.flow.map(|(from, until)| Span { from, until }).filter(|flow| flow.millis() > 0);
        let whole = Span { from: start, until: reach(session)?.max(start) };
        let charging: Vec<Span> = charging.iter().filter_map(|span| span.within(whole)).collect();
        let spans = match (flow, charging.is_empty()) {
            (Some(flow), _) => vec![flow],
            (None, false) => charging,
            (None, true) => vec![whole],
        };
        let (mut points, mut weight) = (Vec::new(), 0_i128);
        for span in spans {
            points.push((span.from, weight));
            weight += i128::from(span.millis());
            points.push((span.until, weight));
        }
        Some(Self { energy, points })
    }

    /// The energy delivered before an instant, rounded down: what two instants differ by adds up exactly.
    fn before(&self, at: At) -> i64 {
        let total = self.points.last().map_or(0, |last| last.1);
        let next = self.points.partition_point(|point| point.0 < at);
        let (Some(before), after) =
            (next.checked_sub(1).and_then(|index| self.points.get(index)), self.points.get(next))
        else {
            return 0;
        };
        let Some(after) = after.filter(|_| total > 0) else { return self.energy };
        let (rise, length) = (after.1 - before.1, i128::from(after.0.millis_since(before.0).max(1)));
        // In two steps, so that the product stays far from the end of the numbers: weights are below 2^63.
        let weight = before.1 + rise * i128::from(at.millis_since(before.0)) / length;
        i64::try_from(i128::from(self.energy) * weight / total).unwrap_or(self.energy)
    }

    /// The energy that lies in a stretch.
    pub fn within(&self, span: Span) -> i64 {
        self.before(span.until) - self.before(span.from)
    }
}

/// A session, with what its readings and the timeline say of when.
#[derive(Clone, Debug)]
pub struct Stay {
    /// The session.
    pub session: SessionRow,
    /// When energy flowed: by readings, else by the status Charging.
    flow: Option<Flow>,
    is_by_status: bool,
    /// How its energy lies in time; `None` where all of it lies in the stretch in which it began.
    pub curve: Option<Curve>,
}

impl Stay {
    /// A session at an EVSE with this timeline.
    pub fn new(session: SessionRow, timeline: &[Interval]) -> Self {
        let by_status =
            || Some((charging(&session, timeline).first()?.from, charging(&session, timeline).last()?.until));
        let flow = session.flow.or_else(by_status);
        Self { is_by_status: session.flow.is_none(), flow, session, curve: None }
    }

    /// Up to where it reaches: its end, or what was last heard of it.
    pub fn reach(&self) -> Option<At> {
        reach(&self.session)
    }

    /// Adds what it has in a stretch by itself: its energy there and, where it began there, all that it is as a whole.
    pub fn count(&self, span: Span, facts: &mut Facts) {
        let Some(start) = self.session.started_at else { return };
        let begins_here = span.contains(start);
        let part = match &self.curve {
            Some(curve) => curve.within(span),
            None => self.session.energy.filter(|_| begins_here).map_or(0, |energy| energy.0),
        };
        facts[Fact::Energy] += part;
        facts[self.way()] += part;
        if self.session.first_register.is_none() {
            facts[Fact::EnergySpread] += part;
        }
        if begins_here {
            self.count_whole(start, facts);
        }
    }

    /// The fact of the way in which its energy was found.
    const fn way(&self) -> Fact {
        if is_imported(&self.session) {
            return Fact::EnergyImported;
        }
        match self.session.quality {
            EnergyQuality::Signed | EnergyQuality::Register => Fact::EnergyByRegister,
            EnergyQuality::Interval => Fact::EnergyByInterval,
            EnergyQuality::Integrated => Fact::EnergyByPower,
            EnergyQuality::Inferred | EnergyQuality::Interpolated | EnergyQuality::Missing => Fact::EnergyInferred,
        }
    }

    fn count_whole(&self, start: At, facts: &mut Facts) {
        let summary = self.summary(start);
        facts[Fact::Sessions] += 1;
        facts[Fact::SessionsImported] += i64::from(summary.is_imported);
        match summary.energy {
            Some(energy) => {
                facts[Fact::SessionEnergy] += energy.0;
                facts[Fact::SessionsEmpty] += i64::from(energy.0 <= 0);
                facts[Fact::SessionsInVain] += i64::from(energy.0 > 0 && energy < IN_VAIN);
            }
            None => facts[Fact::SessionsUnmetered] += 1,
        }
        match summary.length_ms {
            Some(length) => facts[Fact::SessionTime] += length,
            None => facts[Fact::SessionsUnended] += 1,
        }
        if let Some(charge) = summary.charge_ms {
            facts[Fact::ChargeTime] += charge;
            facts[Fact::ChargedEnergy] += summary.energy.map_or(0, |energy| energy.0);
        }
        if !summary.is_imported {
            self.count_told(facts);
        }
        facts[Fact::PeakPower] = facts[Fact::PeakPower].max(self.session.peak.map_or(0, |peak| peak.0));
        facts.sessions.push(summary);
    }

    /// What became of a session that a charger told of, and how its energy was found once it is over.
    fn count_told(&self, facts: &mut Facts) {
        match self.session.state {
            // Its energy is not found yet.
            SessionState::Active => {
                facts[Fact::Running] += 1;
                return;
            }
            SessionState::EndedWithoutStop => facts[Fact::WithoutStop] += 1,
            SessionState::Orphan => facts[Fact::Orphans] += 1,
            SessionState::Ended => {}
        }
        let found = match self.session.quality {
            EnergyQuality::Signed => Fact::FoundSigned,
            EnergyQuality::Register => Fact::FoundByRegister,
            EnergyQuality::Interval => Fact::FoundByInterval,
            EnergyQuality::Integrated => Fact::FoundByPower,
            EnergyQuality::Inferred => Fact::FoundInferred,
            EnergyQuality::Interpolated => Fact::FoundInterpolated,
            EnergyQuality::Missing => Fact::NotFound,
        };
        facts[found] += 1;
    }

    fn summary(&self, start: At) -> Summary {
        let session = &self.session;
        let length = |(from, until): (At, At)| until.millis_since(from).max(0);
        Summary {
            state: session.state,
            is_imported: is_imported(session),
            energy: session.energy,
            length_ms: session.ended_at.map(|end| length((start, end))),
            charge_ms: self.flow.map(length),
            idle_ms: self.flow.zip(session.ended_at).map(|((_, until), end)| length((until, end))),
        }
    }

    /// Whether a vehicle is there by it. One that has no end yet is there while the timeline says so.
    fn runs(&self, at: At, seen_in_use: bool) -> bool {
        let begun = self.session.started_at.is_some_and(|start| start <= at);
        let over = match self.session.ended_at {
            Some(end) => end <= at,
            None => !seen_in_use || self.session.state != SessionState::Active,
        };
        begun && !over
    }
}

/// The stretches of a session in which the timeline says Charging.
pub fn charging(session: &SessionRow, timeline: &[Interval]) -> Vec<Span> {
    let Some(whole) = session.started_at.zip(reach(session)).map(|(from, until)| Span { from, until }) else {
        return Vec::new();
    };
    let says_so = |interval: &&Interval| interval.status == Some(ConnectorStatus::Charging);
    let spans = timeline
        .iter()
        .filter(says_so)
        .map(|interval| Span { from: interval.from, until: interval.until.unwrap_or(whole.until) });
    spans.filter_map(|span| span.within(whole)).collect()
}

/// What a status says of the flow of energy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    /// It may flow.
    Charging,
    /// It does not flow yet.
    NotYet,
    /// It does not flow now.
    NotNow,
    /// Nothing.
    Nothing,
}

fn says(piece: &Piece) -> Says {
    if piece.seen != State::Charging {
        return Says::Nothing;
    }
    match &piece.status {
        Some(ConnectorStatus::Charging) => Says::Charging,
        Some(ConnectorStatus::Preparing) => Says::NotYet,
        Some(ConnectorStatus::SuspendedEv | ConnectorStatus::SuspendedEvse | ConnectorStatus::Finishing) => {
            Says::NotNow
        }
        Some(
            ConnectorStatus::Available
            | ConnectorStatus::Reserved
            | ConnectorStatus::Unavailable
            | ConnectorStatus::Faulted
            | ConnectorStatus::Occupied
            | ConnectorStatus::Other(_),
        )
        | None => Says::Nothing,
    }
}

/// Adds how a piece of the timeline was used, by the status and by the sessions of the EVSE.
pub fn use_of(piece: &Piece, stays: &[&Stay], facts: &mut Facts) {
    let is_outside = matches!(piece.class, Class::Outside | Class::Closed);
    // A session does not make a fault a use.
    if is_outside || !matches!(piece.seen, State::Available | State::Charging | State::Reserved | State::Unknown) {
        return;
    }
    let mut bounds = vec![piece.span.from, piece.span.until];
    for stay in stays {
        let ends = [stay.session.ended_at, stay.flow.map(|(_, until)| until)];
        let graces = ends.map(|end| end.map(|end| end.plus_millis(GRACE_MS)));
        let begins = [stay.session.started_at, stay.flow.map(|(from, _)| from)];
        let own = ends.into_iter().chain(graces).chain(begins).flatten();
        bounds.extend(own.filter(|at| piece.span.contains(*at)));
    }
    bounds.sort_unstable();
    bounds.dedup();
    for (from, until) in bounds.iter().zip(bounds.iter().skip(1)) {
        moment(piece, stays, Span { from: *from, until: *until }, facts);
    }
}

/// A stretch in which nothing changes, judged by its first instant.
fn moment(piece: &Piece, stays: &[&Stay], span: Span, facts: &mut Facts) {
    let (at, ms) = (span.from, span.millis());
    let seen_in_use = piece.seen == State::Charging;
    // Of two sessions at once the later says more: the earlier may never have been closed.
    let running = stays.iter().filter(|stay| stay.runs(at, seen_in_use)).max_by_key(|stay| stay.session.started_at);
    if !seen_in_use && running.is_none() {
        return;
    }
    facts[Fact::InUse] += ms;
    if piece.seen == State::Unknown {
        facts[Fact::InUseUnheard] += ms;
    }
    let says = says(piece);
    let is_over = running.is_none_or(|stay| stay.session.ended_at.is_some());
    match running.and_then(|stay| stay.flow.map(|flow| (flow, stay.is_by_status))) {
        Some(((from, _), _)) if at < from => {}
        Some(((_, until), is_by_status)) if at < until => {
            if !matches!(says, Says::NotYet | Says::NotNow) {
                flow(is_by_status, ms, facts);
            }
        }
        // How long the last reading of a session that runs holds is not known yet: then the status says.
        Some(((_, until), _)) if is_over || says == Says::NotNow => idle(Some(until), at, ms, facts),
        Some(_) | None => match says {
            Says::Charging => flow(true, ms, facts),
            Says::NotNow => idle(last_before(stays, at), at, ms, facts),
            Says::NotYet => {}
            Says::Nothing if running.is_some() => facts[Fact::FlowUnknown] += ms,
            Says::Nothing => {}
        },
    }
}

fn flow(is_by_status: bool, ms: i64, facts: &mut Facts) {
    facts[Fact::Flowing] += ms;
    if is_by_status {
        facts[Fact::FlowingByStatus] += ms;
    }
}

fn idle(since: Option<At>, at: At, ms: i64, facts: &mut Facts) {
    facts[Fact::Idle] += ms;
    if since.is_none_or(|since| at.millis_since(since) >= GRACE_MS) {
        facts[Fact::IdleBeyondGrace] += ms;
    }
}

/// When energy last flowed before an instant, as far as sessions that are over tell; `None`: long ago.
fn last_before(stays: &[&Stay], at: At) -> Option<At> {
    let over = stays.iter().filter(|stay| stay.session.ended_at.is_some_and(|end| end <= at));
    over.filter_map(|stay| stay.flow.map(|(_, until)| until).or(stay.session.ended_at)).max()
}
