//! Sessions: starting, charging along the car's curve, reading the meter, stopping.

use chrono::{DateTime, Duration, DurationRound, Utc};

use super::Charger;
use super::evse::{Fate, Stage};
use super::link::Link;
use super::outbox::{Call, Stamp};
use crate::sim::agenda::Timer;
use crate::sim::behaviour::{IdStyle, Register};
use crate::sim::dialect::{Reading, uuid};
use crate::sim::priors;
use crate::sim::truth::SessionTruth;
use crate::sim::words::{ChargingState, Context, ErrorCode, Reason, Status};

impl Charger {
    /// Power begins to flow, and with it the session where it has not begun at plug-in.
    pub(super) fn start(&mut self, evse: usize, at: DateTime<Utc>) {
        if !self.evses[evse].is_in_session() {
            self.open_session(evse, at);
        }
        let breaks = self.draw_break(evse, at);
        let rated_w = self.evses[evse].rated_w;
        let Some(visit) = &mut self.evses[evse].visit else {
            return;
        };
        let place = visit.connector;
        let meter = &mut self.connectors[place].meter;
        visit.stage = Stage::Charging;
        visit.breaks = breaks;
        visit.mark = meter.mark_after(visit.wants_wh);
        visit.next_sample = at + self.sample;
        let idle = visit.fate == Fate::StopsAtOnce;
        let power = if idle { 0 } else { visit.car.power_w(rated_w, 0) };
        meter.set_power(at, power);
        self.tell_change(evse, at);
        self.set_status(place, at, Status::Charging, ErrorCode::NoError);
        if self.spec.behaviour.reads_begin_and_end {
            self.read(evse, at, Context::Begin);
        }
        self.plan_visit(evse, at);
    }

    /// The session begins.
    pub(super) fn open_session(&mut self, evse: usize, at: DateTime<Utc>) {
        let loses_register = self.chance(0.01, 0.2);
        let session = self.sessions.len();
        let Some(visit) = &mut self.evses[evse].visit else {
            return;
        };
        let connector = &mut self.connectors[visit.connector];
        match self.spec.behaviour.register {
            Register::PerSession => connector.meter.reset(),
            Register::Lifetime if loses_register => {
                connector.meter.reset();
                connector.resets += 1;
            }
            Register::Lifetime => {}
        }
        visit.session = Some(session);
        let (place, tag, start_id) = (visit.connector, visit.tag.clone(), visit.start_id);
        let mut truth = self.new_session(place, tag, at);
        truth.remote_start_id = start_id;
        self.sessions.push(truth);
        if let Some(stamp) = self.stamp(evse, session, at) {
            self.say(Call::Start { session, stamp });
        }
    }

    fn new_session(&mut self, place: usize, id_tag: String, at: DateTime<Utc>) -> SessionTruth {
        let behaviour = self.spec.behaviour;
        let transaction_id = behaviour.protocol.is_v2().then(|| match behaviour.ids {
            IdStyle::Uuid => uuid(&mut self.wire),
            IdStyle::Counter | IdStyle::Number => (self.sessions.len() + 1).to_string(),
        });
        let connector = &self.connectors[place];
        SessionTruth {
            charger_id: self.spec.id.clone(),
            evse_id: connector.evse_id,
            connector_id: connector.id,
            id_tag,
            started_at: at,
            started_at_reported: behaviour.named_instant(self.clock(at)),
            ended_at: None,
            ended_at_reported: None,
            meter_start_wh: connector.meter.register_wh(),
            meter_stop_wh: None,
            energy_wh: 0,
            last_reported_wh: None,
            last_reported_at: None,
            known_energy_wh: None,
            start_acknowledged: false,
            stop_acknowledged: false,
            stop_reason: None,
            readings_sent: 0,
            readings_acknowledged: 0,
            readings_dropped: 0,
            start_values: u64::from(behaviour.protocol.is_v2()),
            stop_values: 0,
            transaction_id,
            conflicting_transaction_ids: Vec::new(),
            remote_start_id: None,
            idle_s: 0,
            first_event: if behaviour.numbers_events_on {
                self.sessions.iter().map(|session| session.events).sum()
            } else {
                0
            },
            events: 0,
            ended_without_stop: false,
            offline_start: self.link != Link::Ready,
            offline_end: false,
            start_sent: 0,
            stop_sent: 0,
            refused: 0,
        }
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
            visit.full_at = Some(at);
            let place = visit.connector;
            self.tell_change(evse, at);
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
        let behaviour = self.spec.behaviour;
        let truth = &mut self.sessions[session];
        let word = if behaviour.protocol.is_v2() { reason.as_v2() } else { reason.as_str() };
        truth.stop_reason = Some(word.to_owned());
        truth.stop_values = match (behaviour.protocol.is_v2(), behaviour.stop_carries_data) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        };
        let without_id = behaviour.forgets_transaction_id && truth.transaction_id.is_none();
        if let Some(stamp) = self.stamp(evse, session, at) {
            let gone = reason == Reason::EvDisconnected;
            let state = if gone { ChargingState::Idle } else { ChargingState::EvConnected };
            self.say(Call::Stop { session, stamp: Stamp { state, ..stamp }, reason, without_id });
        }
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
        truth.idle_s = visit.full_at.map_or(0, |since| (at - since).num_seconds());
    }

    /// Ends a session against the driver's plan, if it is still going on.
    pub(super) fn break_session(&mut self, session: usize, now: DateTime<Utc>, reason: Reason) {
        for (place, evse) in self.evses.iter_mut().enumerate() {
            let Some(visit) = evse.visit.as_mut().filter(|visit| visit.session == Some(session)) else {
                continue;
            };
            if visit.stage != Stage::Finishing {
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

    /// Tells that power has begun or ceased to flow. 1.6 has no message for it.
    fn tell_change(&mut self, evse: usize, at: DateTime<Utc>) {
        let session = self.evses[evse].visit.as_ref().and_then(|visit| visit.session);
        let Some(session) = session.filter(|_| self.spec.behaviour.protocol.is_v2()) else {
            return;
        };
        if let Some(stamp) = self.stamp(evse, session, at) {
            self.say(Call::Change { session, stamp });
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
        if let Some(stamp) = self.stamp(evse, session, at) {
            self.say(Call::Reading { session, stamp, reading, without_id });
        }
    }

    /// Reads the meter where nothing goes on: with 1.6 that of a connector, with 2.x that of the whole EVSE.
    pub(super) fn read_idle(&mut self, place: usize, at: DateTime<Utc>, context: Context) {
        let mut reading = self.reading(place, at, context);
        if self.spec.behaviour.protocol.is_v2() {
            let places = &self.evses[self.connectors[place].evse].connectors;
            reading.register_wh = places.iter().map(|place| self.connectors[*place].meter.register_wh()).sum();
        }
        self.say(Call::IdleReading { place, reading });
    }

    /// Reads every EVSE without a session, and plans to do so again at the next quarter of an hour.
    pub(super) fn read_by_the_clock(&mut self, at: DateTime<Utc>) {
        let quarter = Duration::minutes(15);
        self.agenda.plan(at.duration_trunc(quarter).unwrap_or(at) + quarter, Timer::ClockReading);
        for evse in 0..self.evses.len() {
            let first = self.evses[evse].connectors.first().copied();
            if let Some(place) = first.filter(|_| self.link == Link::Ready && !self.evses[evse].is_in_session()) {
                self.read_idle(place, at, Context::Clock);
            }
        }
    }

    /// Notes how things stand in the session at an EVSE, and counts the event.
    fn stamp(&mut self, evse: usize, session: usize, at: DateTime<Utc>) -> Option<Stamp> {
        let state = match self.evses[evse].visit.as_ref()?.stage {
            Stage::Preparing | Stage::Finishing => ChargingState::EvConnected,
            Stage::Charging => ChargingState::Charging,
            Stage::Full => ChargingState::SuspendedEv,
        };
        let truth = &mut self.sessions[session];
        let seq_no = truth.first_event + truth.events;
        truth.events += 1;
        Some(Stamp { seq_no, at: self.clock(at), offline: self.link != Link::Ready, state })
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
