//! Transactions as OCPP 2.x tells of them: reports that may come late, twice, out of order or never. Their place in
//! the order is their `seqNo`, their place in time is the charger's own; what arrives last decides nothing.

use super::metering::{PlacedSample, placed_samples};
use super::session::Session;
use super::status::Present;
use super::{Station, place};
use crate::domain::deviation::{Deviation, Rule};
use crate::domain::energy::MilliWh;
use crate::domain::event::{ChargingState, Named, Stage, StatusReport, Stop, TransactionReport};
use crate::domain::ids::{Outlet, SessionId};
use crate::domain::memory::Question;
use crate::domain::meter::{Mark, points};
use crate::domain::reading::Word;
use crate::domain::record::{Answer, Change, ReportRow, SessionEvent, SessionRow, SessionState, Turn};
use crate::domain::status::{ConnectorStatus, State};
use crate::domain::time::{At, Placed};

impl Station {
    pub(super) fn report_asks(&self, now: At, report: &TransactionReport) -> Vec<Question> {
        let session = self.session_reported(now, report).and_then(|id| self.sessions.get(id));
        if let (Named::As(id), None, false) = (&report.transaction, session, self.sessions.complete) {
            return vec![Question::Transaction(id.clone())];
        }
        let mut questions = Vec::new();
        let samples = placed_samples(now, &report.samples);
        let at = report.at.placed(now).at;
        if let (Named::Nothing, Some(outlet), None, false) =
            (&report.transaction, report.outlet, session, self.sessions.complete)
        {
            questions.push(Question::RunningAt(self.settle_outlet(outlet), at));
        }
        if let Some(session) = session {
            let earliest = samples.iter().map(|(at, _)| *at).min();
            // A start that comes late begins the chain of registers anew.
            let begins = session.row.meter_start.is_none() && !session.row.reports.is_empty();
            let anew = begins && begin_register(report.stage, &samples).is_some();
            if anew || earliest.is_some_and(|at| session.needs_history_for(at)) {
                questions.push(Question::MeterHistory(session.row.id));
            }
        }
        let outlet = self.outlet_reported(session, report);
        questions.extend(outlet.filter(|_| says_something(report)).and_then(|o| self.next_report_after(o, at)));
        questions
    }

    /// The session that a report is of, where it is known.
    pub(super) fn session_reported(&self, now: At, report: &TransactionReport) -> Option<SessionId> {
        let session = match (&report.transaction, report.outlet) {
            (Named::As(id), _) => self.sessions.named(id),
            (Named::Nothing, _) if report.stage == Some(Stage::Started) => {
                self.sessions.started_by(report.outlet, report.at.said)
            }
            (Named::Nothing, Some(outlet)) => {
                let at = report.at.placed(now).at;
                self.sessions.active_at(outlet).or_else(|| self.sessions.covering(outlet, at))
            }
            (Named::Nothing, None) => self.sessions.only_active(),
        };
        session.map(|session| session.row.id)
    }

    /// Where a report is from: what it says, else where its session is.
    fn outlet_reported(&self, session: Option<&Session>, report: &TransactionReport) -> Option<Outlet> {
        let of_session = session.map(|session| session.row.outlet).filter(|outlet| !outlet.is_station());
        match report.outlet.map(|outlet| self.settle_outlet(outlet)) {
            // The EVSE alone says no more than is known.
            Some(outlet) if outlet.is_whole_evse() => of_session.filter(|known| known.meets(outlet)).or(Some(outlet)),
            said => said.filter(|outlet| !outlet.is_station()).or(of_session),
        }
    }

    pub(super) fn transaction_reported(
        &mut self,
        now: At,
        report: TransactionReport,
        fresh: Option<SessionId>,
        turn: &mut Turn,
    ) {
        let placed = place(now, report.at, "timestamp", turn);
        if !report.offline && !self.contact.was_before_this(placed.at) {
            self.contact.learn_skew(now, report.at, turn);
        }
        let known = self.session_reported(now, &report);
        let Some(id) = known.or(fresh) else { return };
        let outlet = self.outlet_reported(self.sessions.get(id), &report);
        let samples = placed_samples(now, &report.samples);
        if known.is_none() {
            self.begin_reported(now, id, &report, outlet);
        }
        self.move_session(id, outlet, report.seq, turn);
        let was = self.sessions.get(id).map_or(SessionState::Orphan, |session| session.row.state);
        let over = self.sessions.get(id).is_some_and(|session| session.row.stop_reason.is_some());
        self.take_stage(id, &report, placed, &samples, turn);
        self.absorb_reported(id, &samples, over, turn);
        turn.changes.push(evidence(id, placed.at, &report));
        self.show_charging(outlet, placed.at, &report, turn);
        let ended = self.sessions.get(id).is_some_and(|session| session.row.stop_reason.is_some());
        if !ended && let Some(outlet) = outlet {
            self.show_live(now, outlet, &samples, turn);
        }
        let what = match was {
            _ if known.is_none() => SessionEvent::Began,
            SessionState::Active | SessionState::Orphan if ended && !over => SessionEvent::Ended,
            SessionState::Active | SessionState::Orphan if !over => SessionEvent::Progressed,
            SessionState::Active | SessionState::Orphan | SessionState::Ended | SessionState::EndedWithoutStop => {
                SessionEvent::Revised
            }
        };
        self.write(id, what, turn);
        let begun = super::driver::report_begins(&report).then_some(id);
        turn.answer = report.token.as_ref().map(|_| Answer::Token(self.grant(now, begun)));
        if ended && !over {
            self.prove_it_ran(id, turn);
            self.paint_while_mute(outlet.unwrap_or(Outlet::STATION), placed.at, State::Unknown, turn);
        }
    }

    /// A transaction becomes known, by whichever of its reports comes first.
    fn begin_reported(&mut self, now: At, id: SessionId, report: &TransactionReport, outlet: Option<Outlet>) {
        let transaction = match &report.transaction {
            Named::As(name) => name.clone(),
            Named::Nothing => id.into(),
        };
        let samples = placed_samples(now, &report.samples);
        let row = SessionRow {
            meter_start: begin_register(report.stage, &samples),
            ..SessionRow::unknown(id, outlet.unwrap_or(Outlet::STATION), transaction, now)
        };
        self.sessions.push(Session::begin(row, self.rules.rated_w));
    }

    /// The report may say better than was known, or otherwise, where the session is; its readings go with it.
    fn move_session(&mut self, id: SessionId, outlet: Option<Outlet>, seq: Option<i64>, turn: &mut Turn) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let Some(to) = outlet.filter(|outlet| *outlet != session.row.outlet) else { return };
        let from = session.row.outlet;
        let is_refinement = from.is_station() || (from.is_whole_evse() && from.meets(to));
        if !is_refinement {
            // What an earlier report says of the place has been overtaken.
            if seq < session.row.reports.highest() {
                return;
            }
            let found = format!("from {}/{} to {}/{}", from.evse, from.connector, to.evse, to.connector);
            turn.deviations.push(Deviation::new(Rule::Implausible, "evse", &found));
        }
        session.row.outlet = to;
        if session.row.last_reading_at.is_some() {
            turn.changes.push(Change::ReadingsMoved { session: id, from, to });
        }
    }

    /// Takes what a report says of the session's begin and end.
    fn take_stage(
        &mut self,
        id: SessionId,
        report: &TransactionReport,
        placed: Placed,
        samples: &[PlacedSample<'_>],
        turn: &mut Turn,
    ) {
        let goes_on = self.goes_on(id, Some(placed.at));
        let newest_other = self.sessions.get(id).and_then(|session| self.sessions.newest_start_at(session));
        let Some(session) = self.sessions.get_mut(id) else { return };
        let outlet = session.row.outlet;
        if let Some(seq) = report.seq {
            session.row.reports.insert(seq);
        }
        if session.row.token.is_none() {
            session.row.token.clone_from(&report.token);
        }
        if session.row.meter_start.is_none() {
            session.row.meter_start = begin_register(report.stage, samples);
        }
        let begins = report.stage == Some(Stage::Started) && session.row.started_at.is_none();
        if begins {
            session.start(placed, report.at.said);
        }
        if report.stage == Some(Stage::Ended) {
            session.end(&stop_in(report, samples), placed);
        } else if goes_on {
            session.reopen();
        }
        if !begins {
            return;
        }
        if newest_other > Some(placed.at) {
            // A newer one runs there already: this one is replayed, and its end will follow or has come.
            if session.is_active() {
                session.end_without_stop();
            }
        } else {
            self.end_others(id, outlet, placed.at, turn);
        }
        self.paint_while_mute(outlet, placed.at, State::Charging, turn);
    }

    /// An EVSE serves one vehicle at a time: what still ran there before is over.
    fn end_others(&mut self, id: SessionId, outlet: Outlet, at: At, turn: &mut Turn) {
        let over = |session: &&Session| {
            let earlier = session.row.started_at.is_some_and(|start| start <= at);
            session.row.id != id && session.row.outlet.evse == outlet.evse && earlier
        };
        let ids: Vec<_> = self.sessions.active().filter(over).map(|session| session.row.id).collect();
        for other in ids {
            self.presume_over(other, turn, SessionEvent::EndedWithoutStop);
        }
    }

    fn absorb_reported(&mut self, id: SessionId, samples: &[PlacedSample<'_>], late: bool, turn: &mut Turn) {
        let history = self.history_of(id);
        let Some(session) = self.sessions.get_mut(id) else { return };
        let outlet = session.row.outlet;
        let doubted = session.absorb(samples, history.as_deref());
        if session.is_presumed_over() {
            session.end_without_stop();
        }
        self.store_readings(id, outlet, samples, &doubted, late, turn);
    }

    /// What the charging is doing is what the connector is doing, more finely than its status says.
    fn show_charging(&mut self, outlet: Option<Outlet>, at: At, report: &TransactionReport, turn: &mut Turn) {
        let Some(outlet) = outlet else { return };
        // A connector that never reports a status is shown by its transactions alone.
        let Some(present) = self.connectors.at(outlet).and_then(|connector| connector.status()) else { return };
        let in_use = present.status.state() == State::Charging;
        let Some(status) = status_in(report, &present.status) else { return };
        // What ends does not occupy a connector of which something else has been said.
        if report.stage == Some(Stage::Ended) && !in_use {
            return;
        }
        let told = StatusReport {
            outlet,
            status: Some(status.clone()),
            error: None,
            info: None,
            vendor: None,
            vendor_error: None,
            at: report.at,
        };
        self.take_report(at, &status, &told, Present::ByTime, turn);
    }
}

/// Whether a report says what the connector is doing.
fn says_something(report: &TransactionReport) -> bool {
    report.stage == Some(Stage::Ended) || report.charging.is_some()
}

/// The connector's status that a report means, given the present one.
fn status_in(report: &TransactionReport, present: &ConnectorStatus) -> Option<ConnectorStatus> {
    if report.stage == Some(Stage::Ended) {
        return Some(ConnectorStatus::Finishing);
    }
    match report.charging.as_ref()? {
        ChargingState::Charging => Some(ConnectorStatus::Charging),
        ChargingState::SuspendedEv => Some(ConnectorStatus::SuspendedEv),
        ChargingState::SuspendedEvse => Some(ConnectorStatus::SuspendedEvse),
        ChargingState::Connected if report.stage == Some(Stage::Started) => Some(ConnectorStatus::Preparing),
        ChargingState::Connected => match present {
            ConnectorStatus::Charging | ConnectorStatus::SuspendedEv | ConnectorStatus::SuspendedEvse => {
                Some(ConnectorStatus::Finishing)
            }
            ConnectorStatus::Preparing | ConnectorStatus::Finishing => None,
            ConnectorStatus::Available
            | ConnectorStatus::Reserved
            | ConnectorStatus::Unavailable
            | ConnectorStatus::Faulted
            | ConnectorStatus::Occupied
            | ConnectorStatus::Other(_) => Some(ConnectorStatus::Preparing),
        },
        ChargingState::Idle | ChargingState::Other(_) => None,
    }
}

/// The register that a report gives as the transaction's begin: what is marked so, else the first of its start.
fn begin_register(stage: Option<Stage>, samples: &[PlacedSample<'_>]) -> Option<MilliWh> {
    let points = points(samples.iter().copied());
    let marked = points.iter().find(|point| point.mark == Mark::Begin && point.register.is_some());
    let first = points.iter().find(|point| point.register.is_some()).filter(|_| stage == Some(Stage::Started));
    marked.or(first)?.register
}

/// The end of a transaction as a stop: its register is what is marked so, else the last.
fn stop_in(report: &TransactionReport, samples: &[PlacedSample<'_>]) -> Stop {
    let points = points(samples.iter().copied());
    let marked = points.iter().rev().find(|point| point.mark == Mark::End && point.register.is_some());
    let last = points.iter().rev().find(|point| point.register.is_some() && point.mark != Mark::Begin);
    Stop {
        transaction: report.transaction.clone(),
        outlet: report.outlet,
        token: report.token.clone(),
        register: marked.or(last).and_then(|point| point.register),
        at: report.at,
        reason: report.reason.clone(),
        samples: Vec::new(),
    }
}

fn evidence(session: SessionId, at: At, report: &TransactionReport) -> Change {
    let charging = report.charging.as_ref().map(|state| match state {
        ChargingState::Other(word) => word.clone(),
        ChargingState::Charging => Word::Known("Charging"),
        ChargingState::Connected => Word::Known("EVConnected"),
        ChargingState::SuspendedEv => Word::Known("SuspendedEV"),
        ChargingState::SuspendedEvse => Word::Known("SuspendedEVSE"),
        ChargingState::Idle => Word::Known("Idle"),
    });
    Change::Report(Box::new(ReportRow {
        session,
        seq: report.seq,
        stage: report.stage,
        at,
        trigger: report.trigger.clone(),
        charging,
        offline: report.offline,
        details: report.details.clone(),
    }))
}
