//! Starts and stops of transactions: recognised by content, paired even where the id is lost, ended even where the
//! stop never comes.

use super::session::Session;
use super::{Station, place};
use crate::domain::deviation::{Deviation, Rule};
use crate::domain::event::{Named, Start, Stop};
use crate::domain::ids::{Outlet, SessionId};
use crate::domain::memory::Question;
use crate::domain::record::{Answer, Change, Effect, Paint, SessionEvent, SessionRow, SessionState, Turn};
use crate::domain::status::{Cause, ConnectorStatus, State};
use crate::domain::time::At;

/// An open session that nothing was heard of for this long, on a connector that is free, is over: 24 hours.
const STALE_MS: i64 = 24 * 3_600_000;

impl Station {
    pub(super) fn start_asks(&self, start: &Start) -> Vec<Question> {
        if self.sessions.complete || self.sessions.begun_by(start).is_some() {
            return Vec::new();
        }
        if let Named::As(id) = &start.transaction {
            return vec![Question::Transaction(id.clone())];
        }
        let asked = start.at.said.map(|at| Question::StartedBefore {
            outlet: start.outlet,
            at,
            register: start.register,
            token: start.token.clone(),
        });
        asked.into_iter().collect()
    }

    pub(super) fn transaction_started(&mut self, now: At, start: Start, fresh: Option<SessionId>, turn: &mut Turn) {
        let placed = place(now, start.at, "timestamp", turn);
        if let Some(known) = self.sessions.begun_by(&start) {
            let id = known.row.id;
            turn.answer = Some(Answer::Started(id, self.grant(now, Some(id))));
            return;
        }
        if !self.contact.was_before_this(placed.at) {
            self.contact.learn_skew(now, start.at, turn);
        }
        let Some(fresh) = fresh else { return };
        let transaction = match start.transaction {
            Named::As(id) => id,
            Named::Nothing => fresh.into(),
        };
        let row = SessionRow {
            state: SessionState::Active,
            started_at: Some(placed.at),
            start_said: start.at.said,
            meter_start: start.register,
            token: start.token,
            ..SessionRow::unknown(fresh, start.outlet, transaction, now)
        };
        let is_of_the_past =
            self.sessions.active_at(start.outlet).is_some_and(|other| other.row.started_at > row.started_at);
        if !is_of_the_past {
            self.end_without_stop_at(start.outlet, placed.at.plus_millis(1), turn);
        }
        self.sessions.push(Session::begin(row, self.rules.rated_w));
        self.paint_while_mute(start.outlet, placed.at, State::Charging, turn);
        if is_of_the_past {
            // A newer session runs there already: this one is replayed, its readings and its stop will follow.
            self.presume_over(fresh, turn, SessionEvent::Began);
        } else {
            self.write(fresh, SessionEvent::Began, turn);
        }
        turn.answer = Some(Answer::Started(fresh, self.grant(now, Some(fresh))));
    }

    pub(super) fn stop_asks(&self, now: At, stop: &Stop) -> Vec<Question> {
        let session = match &stop.transaction {
            Named::As(id) => match self.sessions.named(id) {
                None if self.sessions.complete => None,
                None => return vec![Question::Transaction(id.clone())],
                known => known,
            },
            Named::Nothing => {
                let meant = self.sessions.meant_by(stop, stop.at.placed(now).at);
                let again = meant.is_some_and(|session| session.was_stopped_by(stop));
                if let Some(at) = stop.at.said.filter(|_| !again && !self.sessions.complete) {
                    let asked = Question::StoppedBefore { at, register: stop.register };
                    if !self.is_answered(&asked) {
                        return vec![asked];
                    }
                }
                meant
            }
        };
        let earliest = stop.samples.iter().map(|sample| sample.at.placed(now).at).min();
        let at = earliest.unwrap_or_else(|| stop.at.placed(now).at);
        let needs = session.filter(|session| session.needs_history_for(at));
        needs.map(|session| Question::MeterHistory(session.row.id)).into_iter().collect()
    }

    pub(super) fn transaction_ended(&mut self, now: At, stop: Stop, fresh: Option<SessionId>, turn: &mut Turn) {
        let placed = place(now, stop.at, "timestamp", turn);
        turn.answer = stop.token.as_ref().map(|_| Answer::Token(self.grant(now, None)));
        let known = self.session_of(&stop, placed.at);
        let Some(id) = known.or_else(|| fresh.map(|fresh| self.orphan(now, &stop, fresh, turn))) else { return };
        let outlet = self.sessions.get(id).map_or(Outlet::STATION, |session| session.row.outlet);
        let history = self.history_of(id);
        let samples = super::metering::placed_samples(now, &stop.samples);
        let Some(session) = self.sessions.get_mut(id) else { return };
        let repeat = session.was_stopped_by(&stop);
        let was_over = session.row.stop_reason.is_some();
        if !repeat && !session.has_a_better_stop_than(&stop) {
            session.stop(&stop, placed);
        }
        let doubted = session.absorb(&samples, history.as_deref());
        self.store_readings(id, outlet, &samples, &doubted, was_over, turn);
        if repeat && samples.is_empty() {
            return;
        }
        self.write(id, if was_over { SessionEvent::Revised } else { SessionEvent::Ended }, turn);
        if !was_over {
            self.prove_it_ran(id, turn);
            self.paint_while_mute(outlet, placed.at, State::Unknown, turn);
        }
    }

    /// The session that a stop belongs to, where it is known.
    pub(super) fn session_of(&self, stop: &Stop, at: At) -> Option<SessionId> {
        let session = match &stop.transaction {
            Named::As(id) => self.sessions.named(id),
            Named::Nothing => self.sessions.meant_by(stop, at),
        };
        session.map(|session| session.row.id)
    }

    /// A stop whose start was never seen: kept for itself.
    fn orphan(&mut self, now: At, stop: &Stop, fresh: SessionId, turn: &mut Turn) -> SessionId {
        let transaction = match &stop.transaction {
            Named::As(id) => id.clone(),
            Named::Nothing => fresh.into(),
        };
        turn.deviations.push(Deviation::new(Rule::TransactionId, "transactionId", &transaction.0));
        let row = SessionRow::unknown(fresh, stop.outlet.unwrap_or(Outlet::STATION), transaction, now);
        self.sessions.push(Session::begin(row, self.rules.rated_w));
        self.write(fresh, SessionEvent::Began, turn);
        fresh
    }

    /// The connector is free, or something else begins there: what still ran before is over.
    pub(super) fn end_without_stop_at(&mut self, outlet: Outlet, at: At, turn: &mut Turn) {
        let over = |session: &&Session| {
            self.frees(outlet, session.row.outlet) && session.row.started_at.is_some_and(|start| start < at)
        };
        let ids: Vec<_> = self.sessions.active().filter(over).map(|session| session.row.id).collect();
        for id in ids {
            self.presume_over(id, turn, SessionEvent::EndedWithoutStop);
        }
    }

    /// When the oldest open session on a free connector goes stale.
    pub(super) fn stale_at(&self) -> Option<At> {
        let free = |session: &&Session| {
            let connector = self.connectors.get(session.row.outlet).and_then(|connector| connector.status());
            connector.is_some_and(|now| now.status == ConnectorStatus::Available)
        };
        self.sessions.active().filter(free).map(|session| session.last_activity().plus_millis(STALE_MS)).min()
    }

    pub(super) fn end_stale_sessions(&mut self, now: At, turn: &mut Turn) {
        while self.stale_at().is_some_and(|at| now >= at) {
            let stale = |session: &&Session| now >= session.last_activity().plus_millis(STALE_MS);
            let Some(id) = self.sessions.active().find(stale).map(|session| session.row.id) else { return };
            self.presume_over(id, turn, SessionEvent::EndedWithoutStop);
        }
    }

    pub(super) fn presume_over(&mut self, id: SessionId, turn: &mut Turn, what: SessionEvent) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.end_without_stop();
        }
        self.write(id, what, turn);
        self.prove_it_ran(id, turn);
    }

    /// Writes a session as it now stands and tells what happened to it.
    pub(super) fn write(&mut self, id: SessionId, what: SessionEvent, turn: &mut Turn) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let energy_added = session.settle();
        let row = Box::new(session.row.clone());
        turn.changes.push(Change::Session(row.clone()));
        turn.effects.push(Effect::Session { what, row, energy_added });
    }

    /// A session that ran while the charger was offline proves that its connector worked.
    pub(super) fn prove_it_ran(&self, id: SessionId, turn: &mut Turn) {
        let Some(row) = self.sessions.get(id).map(|session| &session.row) else { return };
        let (Some(from), Some(until)) = (row.started_at, row.ended_at) else { return };
        if row.start_said == Some(from) && from < until && self.contact.was_before_this(from) {
            turn.changes.push(Change::Paint(Paint {
                outlet: row.outlet,
                from,
                until: Some(until),
                state: State::Charging,
                status: Some(ConnectorStatus::Charging),
                cause: Cause::Transaction,
                only_over: Some(State::Unknown),
            }));
        }
    }

    /// Some chargers never report a status; then transactions are all that tells what a connector does.
    pub(super) fn paint_while_mute(&mut self, outlet: Outlet, from: At, state: State, turn: &mut Turn) {
        let mute = self.connectors.at(outlet).is_some_and(|connector| connector.status().is_none());
        if mute && !outlet.is_station() {
            let status = (state == State::Charging).then_some(ConnectorStatus::Charging);
            let cause = Cause::Transaction;
            let paint = Paint { outlet, from, until: None, state, status, cause, only_over: None };
            turn.changes.push(Change::Paint(paint));
        }
    }
}
