//! Sessions: starting, charging along the car's curve, reading the meter, stopping.

use chrono::{DateTime, Duration, Utc};

use super::Charger;
use super::evse::{Fate, Stage};
use super::link::Link;
use super::outbox::Call;
use crate::sim::agenda::Timer;
use crate::sim::behaviour::Register;
use crate::sim::dialect::Reading;
use crate::sim::priors;
use crate::sim::truth::SessionTruth;
use crate::sim::words::{Context, ErrorCode, Reason, Status};

impl Charger {
    /// The session begins.
    pub(super) fn start(&mut self, evse: usize, at: DateTime<Utc>) {
        let loses_register = self.chance(0.01, 0.2);
        let breaks = self.draw_break(evse, at);
        let rated_w = self.evses[evse].rated_w;
        let Some(visit) = &mut self.evses[evse].visit else {
            return;
        };
        let (place, session) = (visit.connector, self.sessions.len());
        let connector = &mut self.connectors[place];
        match self.spec.behaviour.register {
            Register::PerSession => connector.meter.reset(),
            Register::Lifetime if loses_register => {
                connector.meter.reset();
                connector.resets += 1;
            }
            Register::Lifetime => {}
        }
        visit.session = Some(session);
        visit.stage = Stage::Charging;
        visit.breaks = breaks;
        visit.mark = connector.meter.mark_after(visit.wants_wh);
        visit.next_sample = at + self.sample;
        let idle = visit.fate == Fate::StopsAtOnce;
        let power = if idle { 0 } else { visit.car.power_w(rated_w, 0) };
        connector.meter.set_power(at, power);
        let (connector_id, register) = (connector.id, connector.meter.register_wh());
        let tag = visit.tag.clone();
        self.open_session(connector_id, tag, at, register);
        self.say(Call::Start { session, repeat: false });
        self.set_status(place, at, Status::Charging, ErrorCode::NoError);
        if self.spec.behaviour.reads_begin_and_end {
            self.read(evse, at, Context::Begin);
        }
        self.plan_visit(evse, at);
    }

    fn open_session(&mut self, connector_id: u32, id_tag: String, at: DateTime<Utc>, meter_start_wh: i64) {
        self.sessions.push(SessionTruth {
            charger_id: self.spec.id.clone(),
            connector_id,
            id_tag,
            started_at: at,
            started_at_reported: self.spec.behaviour.named_instant(self.clock(at)),
            ended_at: None,
            ended_at_reported: None,
            meter_start_wh,
            meter_stop_wh: None,
            energy_wh: 0,
            last_reported_wh: None,
            known_energy_wh: None,
            start_acknowledged: false,
            stop_acknowledged: false,
            stop_reason: None,
            readings_sent: 0,
            readings_acknowledged: 0,
            readings_dropped: 0,
            stop_values: 0,
            transaction_id: None,
            conflicting_transaction_ids: Vec::new(),
            ended_without_stop: false,
            offline_start: self.link != Link::Ready,
            offline_end: false,
            start_sent: 0,
            stop_sent: 0,
            refused: 0,
        });
    }

    /// Power flows until the next thing happens: the end, a full battery, a reading.
    pub(super) fn charge(&mut self, evse: usize, at: DateTime<Utc>) {
        let Some(visit) = &mut self.evses[evse].visit else {
            return;
        };
        let meter = &mut self.connectors[visit.connector].meter;
        meter.advance(at);
        if let Some((_, reason)) = visit.breaks.filter(|(when, _)| *when <= at) {
            if reason == Reason::PowerLoss {
                return self.power_cut(at);
            }
            return self.stop(evse, at, reason);
        }
        if visit.leaves_at.is_some_and(|leaves| leaves <= at) {
            return self.stop(evse, at, Reason::EvDisconnected);
        }
        if visit.stage == Stage::Charging && visit.fate != Fate::StopsAtOnce && meter.has_reached(visit.mark) {
            if visit.leaves_at.is_none() {
                return self.stop(evse, at, Reason::Local);
            }
            meter.set_power(at, 0);
            visit.stage = Stage::Full;
            let place = visit.connector;
            self.set_status(place, at, Status::SuspendedEv, ErrorCode::NoError);
        }
        self.sample_if_due(evse, at);
        self.plan_visit(evse, at);
    }

    fn sample_if_due(&mut self, evse: usize, at: DateTime<Utc>) {
        let sample = self.sample;
        let rated_w = self.evses[evse].rated_w;
        let Some(visit) = self.evses[evse].visit.as_mut().filter(|visit| visit.next_sample <= at) else {
            return;
        };
        visit.next_sample = at + sample;
        if let Some(session) =
            visit.session.filter(|_| visit.stage == Stage::Charging && visit.fate != Fate::StopsAtOnce)
        {
            let meter = &mut self.connectors[visit.connector].meter;
            let taken = meter.register_wh() - self.sessions[session].meter_start_wh;
            meter.set_power(at, visit.car.power_w(rated_w, taken));
        }
        self.read(evse, at, Context::Periodic);
    }

    fn plan_visit(&mut self, evse: usize, at: DateTime<Utc>) {
        let Some(visit) = &self.evses[evse].visit else {
            return;
        };
        let full = self.connectors[visit.connector].meter.time_to(visit.mark).map(|wait| at + wait);
        let next = [Some(visit.next_sample), visit.leaves_at, visit.breaks.map(|(when, _)| when), full];
        if let Some(next) = next.into_iter().flatten().min() {
            self.agenda.replan(next, Timer::Visit(evse));
        }
    }

    /// Ends the session of an EVSE and sends the stop.
    pub(super) fn stop(&mut self, evse: usize, at: DateTime<Utc>, reason: Reason) {
        let Some(visit) = &self.evses[evse].visit else {
            return;
        };
        let (place, lingers) = (visit.connector, visit.lingers);
        self.connectors[place].meter.set_power(at, 0);
        if self.spec.behaviour.reads_begin_and_end {
            self.read(evse, at, Context::End);
        }
        self.end_session(evse, at, reason);
        self.set_status(place, at, Status::Finishing, ErrorCode::NoError);
        if let Some(visit) = &mut self.evses[evse].visit {
            visit.stage = Stage::Finishing;
        }
        let stays = if reason == Reason::EvDisconnected { Duration::seconds(4) } else { lingers };
        self.agenda.replan(at + stays, Timer::Visit(evse));
    }

    /// Writes down the end of a session and queues its stop.
    pub(super) fn end_session(&mut self, evse: usize, at: DateTime<Utc>, reason: Reason) {
        let Some(session) = self.evses[evse].visit.as_ref().and_then(|visit| visit.session) else {
            return;
        };
        self.close_session(evse, at);
        let truth = &mut self.sessions[session];
        truth.stop_reason = Some(reason.as_str().to_owned());
        truth.stop_values = if self.spec.behaviour.stop_carries_data { 2 } else { 0 };
        let without_id = self.spec.behaviour.forgets_transaction_id && truth.transaction_id.is_none();
        self.say(Call::Stop { session, repeat: false, without_id });
    }

    /// Writes down the end of a session, without a word to anybody.
    pub(super) fn close_session(&mut self, evse: usize, at: DateTime<Utc>) {
        let Some(visit) = &self.evses[evse].visit else {
            return;
        };
        let Some(session) = visit.session else {
            return;
        };
        let meter = &mut self.connectors[visit.connector].meter;
        meter.set_power(at, 0);
        let truth = &mut self.sessions[session];
        truth.meter_stop_wh = Some(meter.register_wh());
        truth.energy_wh = meter.register_wh() - truth.meter_start_wh;
        truth.ended_at = Some(at);
        truth.ended_at_reported = Some(self.spec.behaviour.named_instant(at + self.skew));
        truth.offline_end = self.link != Link::Ready;
    }

    /// Ends a session against the driver's plan, if it is still going on.
    pub(super) fn break_session(&mut self, session: usize, now: DateTime<Utc>, reason: Reason) {
        for (place, evse) in self.evses.iter_mut().enumerate() {
            let Some(visit) = evse.visit.as_mut().filter(|visit| visit.session == Some(session)) else {
                continue;
            };
            if matches!(visit.stage, Stage::Charging | Stage::Full) {
                visit.breaks = Some((now, reason));
                self.agenda.replan(now, Timer::Visit(place));
            }
        }
    }

    fn draw_break(&mut self, evse: usize, at: DateTime<Utc>) -> Option<(DateTime<Utc>, Reason)> {
        match self.evses[evse].visit.as_ref()?.fate {
            Fate::Charges | Fate::NeverStarts => None,
            Fate::Breaks(after) => Some((at + after, Reason::Other)),
            Fate::LosesPower(after) => Some((at + after, Reason::PowerLoss)),
            Fate::StopsAtOnce => {
                self.truth.attempts_failed += 1;
                let gone = at + priors::seconds(15, 50, &mut self.life);
                self.plan_retry(evse, gone + Duration::seconds(10));
                Some((gone, Reason::EvDisconnected))
            }
        }
    }

    /// Reads the meter of the session at an EVSE.
    pub(super) fn read(&mut self, evse: usize, at: DateTime<Utc>, context: Context) {
        let Some((place, session)) =
            self.evses[evse].visit.as_ref().and_then(|visit| Some((visit.connector, visit.session?)))
        else {
            return;
        };
        let reading = self.reading(place, at, context);
        let truth = &mut self.sessions[session];
        truth.energy_wh = reading.register_wh - truth.meter_start_wh;
        let without_id = self.spec.behaviour.forgets_transaction_id && truth.transaction_id.is_none();
        let connector = self.connectors[place].id;
        self.say(Call::Reading { session: Some(session), connector, reading, without_id });
    }

    /// Reads the meter of a connector where nothing goes on.
    pub(super) fn read_idle(&mut self, place: usize, at: DateTime<Utc>) {
        let reading = self.reading(place, at, Context::Trigger);
        let connector = self.connectors[place].id;
        self.say(Call::Reading { session: None, connector, reading, without_id: false });
    }

    fn reading(&self, place: usize, at: DateTime<Utc>, context: Context) -> Reading {
        let connector = &self.connectors[place];
        let visit = self.evses[connector.evse].visit.as_ref().filter(|visit| visit.connector == place);
        let (phases, decivolts) = visit.map_or((1, 2_380), |visit| (visit.car.phases, visit.decivolts));
        let register_wh = connector.meter.register_wh();
        let start_wh = visit.and_then(|visit| visit.session).map(|session| self.sessions[session].meter_start_wh);
        let charge = visit
            .filter(|visit| visit.car.phases == 0)
            .map(|visit| visit.car.state_of_charge_permille(register_wh - start_wh.unwrap_or(register_wh)));
        Reading {
            at: self.clock(at),
            register_wh,
            power_w: connector.meter.power_w(),
            phases,
            decivolts: decivolts + charge.unwrap_or(0) / 2,
            charge_percent: charge.map(|permille| permille / 10),
            context,
        }
    }
}
