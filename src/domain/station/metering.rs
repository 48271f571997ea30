//! Meter readings: placed in time, joined to their session, live where they are the newest.

use super::session::Session;
use super::{Station, place};
use crate::domain::deviation::{Deviation, Rule};
use crate::domain::event::{Metered, Named};
use crate::domain::ids::{Outlet, SessionId, TransactionId};
use crate::domain::memory::{Known, Question};
use crate::domain::reading::{Flags, Sample, measurand};
use crate::domain::record::{Change, Effect, ReadingRow, SessionEvent, SessionRow, SessionState, Turn};
use crate::domain::status::ConnectorStatus;
use crate::domain::time::At;

/// A register beyond 32 bits of watt-hours is a counter fault, not a lifetime of charging. In thousandths.
const REGISTER_LIMIT: i64 = 4_294_967_295_000;

/// At most so many instants of one message are looked up in the ledger.
const MOST_LOOKUPS: usize = 8;

/// A sample and its place in time.
pub(super) type PlacedSample<'a> = (At, &'a Sample);

/// Samples with their place in time.
pub(super) fn placed_samples(now: At, samples: &[Sample]) -> Vec<PlacedSample<'_>> {
    samples.iter().map(|sample| (sample.at.placed(now).at, sample)).collect()
}

impl Station {
    pub(super) fn metered_asks(&self, now: At, metered: &Metered) -> Vec<Question> {
        let outlet = self.settle_outlet(metered.outlet);
        let mut questions = Vec::new();
        if let Named::As(id) = &metered.transaction
            && self.sessions.named(id).is_none()
            && !self.sessions.complete
        {
            return vec![Question::Transaction(id.clone())];
        }
        for (at, sample) in placed_samples(now, &metered.samples) {
            let question = match self.session_for(&metered.transaction, outlet, at, sample) {
                Some(session) if session.needs_history_for(at) => Question::MeterHistory(session.row.id),
                None if self.may_be_of_the_past(&metered.transaction, outlet, at) => Question::RunningAt(outlet, at),
                _ => continue,
            };
            if questions.len() < MOST_LOOKUPS && !questions.contains(&question) {
                questions.push(question);
            }
        }
        questions
    }

    pub(super) fn metered(&mut self, now: At, metered: Metered, fresh: Option<SessionId>, turn: &mut Turn) {
        let metered = Metered { outlet: self.settle_outlet(metered.outlet), ..metered };
        if let Some(sample) = metered.samples.first() {
            place(now, sample.at, "meterValue[0].timestamp", turn);
        }
        self.adopt(now, &metered, fresh, turn);
        let mut of_session: Vec<(Option<SessionId>, Vec<PlacedSample<'_>>)> = Vec::new();
        for (at, sample) in placed_samples(now, &metered.samples) {
            let session =
                self.session_for(&metered.transaction, metered.outlet, at, sample).map(|session| session.row.id);
            match of_session.iter_mut().find(|(id, _)| *id == session) {
                Some((_, samples)) => samples.push((at, sample)),
                None => of_session.push((session, vec![(at, sample)])),
            }
        }
        for (session, samples) in of_session {
            match session {
                Some(id) => self.meter_session(id, metered.outlet, &samples, turn),
                None => self.store_loose_readings(metered.outlet, &samples, turn),
            }
            let ended = session.and_then(|id| self.sessions.get(id)).is_some_and(|s| s.row.stop_reason.is_some());
            if !ended {
                self.show_live(now, metered.outlet, &samples, turn);
            }
        }
    }

    /// The name of the transaction that readings are of, where nobody knows it.
    pub(super) fn is_unknown<'m>(&self, metered: &'m Metered) -> Option<&'m TransactionId> {
        let Named::As(id) = &metered.transaction else { return None };
        (!metered.samples.is_empty() && self.sessions.named(id).is_none()).then_some(id)
    }

    /// Readings of a transaction that nobody knows: it becomes known by them.
    fn adopt(&mut self, now: At, metered: &Metered, fresh: Option<SessionId>, turn: &mut Turn) {
        let (Some(id), Some(fresh)) = (self.is_unknown(metered), fresh) else { return };
        turn.deviations.push(Deviation::new(Rule::TransactionId, "transactionId", &id.0));
        let row = SessionRow::unknown(fresh, metered.outlet, id.clone(), now);
        self.sessions.push(Session::begin(row, self.rules.rated_w));
        self.write(fresh, SessionEvent::Began, turn);
    }

    /// The session of a sample: by name, else by outlet and the sample's own time. A reading on the clock's quarter
    /// hour that names no session belongs to none.
    fn session_for(&self, transaction: &Named, outlet: Outlet, at: At, sample: &Sample) -> Option<&Session> {
        match transaction {
            Named::As(id) => self.sessions.named(id),
            Named::Nothing if outlet.is_station() || sample.kind.context.as_str() == "Sample.Clock" => None,
            Named::Nothing => self.sessions.covering(outlet, at),
        }
    }

    fn may_be_of_the_past(&self, transaction: &Named, outlet: Outlet, at: At) -> bool {
        let nameless = *transaction == Named::Nothing && !outlet.is_station();
        nameless && !self.sessions.complete && self.sessions.reach_beyond(outlet, at)
    }

    pub(super) fn history_of(&self, id: SessionId) -> Option<Vec<Sample>> {
        self.known.iter().find_map(|known| match known {
            Known::MeterHistory(of, samples) => (*of == id).then(|| samples.clone()),
            Known::Session { .. }
            | Known::NextReport { .. }
            | Known::RunningOf(..)
            | Known::Driver(_)
            | Known::Signing(_) => None,
        })
    }

    fn meter_session(&mut self, id: SessionId, outlet: Outlet, samples: &[PlacedSample<'_>], turn: &mut Turn) {
        let history = self.history_of(id);
        let goes_on = self.goes_on(id, samples.iter().map(|(at, _)| *at).max());
        let Some(session) = self.sessions.get_mut(id) else { return };
        if goes_on {
            session.reopen();
        }
        // Connector 0 is the charger as a whole, unless a transaction says otherwise.
        if session.row.outlet.is_station() {
            session.row.outlet = outlet;
        }
        let outlet = session.row.outlet;
        let was = session.row.state;
        let over = session.row.stop_reason.is_some();
        let doubted = session.absorb(samples, history.as_deref());
        if session.row.state == SessionState::EndedWithoutStop {
            session.end_without_stop();
        }
        self.store_readings(id, outlet, samples, &doubted, over, turn);
        let what = match was {
            SessionState::Ended | SessionState::EndedWithoutStop => SessionEvent::Revised,
            SessionState::Active | SessionState::Orphan => SessionEvent::Progressed,
        };
        self.write(id, what, turn);
    }

    /// Whether something that was `newest` at that time shows that a session that was presumed over does go on.
    pub(super) fn goes_on(&self, id: SessionId, newest: Option<At>) -> bool {
        let Some(session) = self.sessions.get(id) else { return false };
        let outlet = session.row.outlet;
        let presumed = session.is_presumed_over();
        let replaced = self.sessions.active_at(outlet).is_some();
        let connector = self.connectors.get(outlet).and_then(|connector| connector.status());
        let free_since = connector.filter(|now| now.status == ConnectorStatus::Available).map(|now| now.since);
        presumed && !replaced && newest > free_since.max(session.row.ended_at)
    }

    /// Writes readings of a session.
    pub(super) fn store_readings(
        &self,
        id: SessionId,
        outlet: Outlet,
        samples: &[PlacedSample<'_>],
        doubted: &[At],
        late: bool,
        turn: &mut Turn,
    ) {
        for (at, sample) in samples {
            let is_register = sample.kind.measurand.as_str() == measurand::ENERGY_REGISTER;
            let doubt = is_register && doubted.contains(at);
            let mut flags = if doubt { Flags::IMPLAUSIBLE } else { Flags::default() };
            if late {
                flags = flags.with(Flags::LATE);
            }
            push_reading(outlet, *at, sample, Some(id), flags, turn);
        }
    }

    /// Writes readings that belong to no session.
    fn store_loose_readings(&self, outlet: Outlet, samples: &[PlacedSample<'_>], turn: &mut Turn) {
        for (at, sample) in samples {
            push_reading(outlet, *at, sample, None, Flags::default(), turn);
        }
    }

    /// Shows values that are the newest of their connector, by their own time.
    pub(super) fn show_live(&mut self, now: At, outlet: Outlet, samples: &[PlacedSample<'_>], turn: &mut Turn) {
        let Some(connector) = self.connectors.at(outlet) else { return };
        let shown_at = connector.live_at;
        connector.live_at = samples.iter().map(|(at, _)| *at).max().max(shown_at);
        let newest = connector.live_at;
        for (at, sample) in samples {
            let usable = !sample.flags.has(Flags::UNIT_MISMATCH) && shown_at.is_none_or(|shown| *at >= shown);
            if let Some(value) = sample.value.filter(|_| usable) {
                turn.effects.push(Effect::Live { outlet, kind: sample.kind.clone(), at: *at, value });
            }
        }
        let freshest = samples.iter().find(|(at, _)| Some(*at) == newest && !self.contact.was_before_this(*at));
        if let Some((_, sample)) = freshest {
            self.contact.learn_skew(now, sample.at, turn);
        }
    }
}

fn push_reading(outlet: Outlet, at: At, sample: &Sample, session: Option<SessionId>, flags: Flags, turn: &mut Turn) {
    let is_register = sample.kind.measurand.as_str() == measurand::ENERGY_REGISTER;
    let absurd = is_register && sample.value.is_some_and(|value| value.0 > REGISTER_LIMIT);
    let mut flags = flags.with(sample.flags);
    if absurd {
        flags = flags.with(Flags::IMPLAUSIBLE);
    }
    if sample.at.said != Some(at) {
        flags = flags.with(Flags::OUR_TIME);
    }
    if flags.has(Flags::IMPLAUSIBLE) {
        let found = sample.value.map(|value| value.to_string()).unwrap_or_default();
        turn.deviations.push(Deviation::new(Rule::Implausible, "meterValue.sampledValue.value", &found));
        turn.effects.push(Effect::Implausible(outlet));
    }
    turn.changes.push(Change::Reading(ReadingRow {
        outlet,
        kind: sample.kind.clone(),
        at,
        value: sample.value,
        text: sample.text.clone(),
        session,
        flags,
    }));
}
