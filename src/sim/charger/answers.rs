//! What comes from the server: frames told apart, and what the answers to the charger's calls change.

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;
use serde_json::Value;

use super::evse::Stage;
use super::link::Link;
use super::outbox::{Call, Queued};
use super::{Action, Charger};
use crate::sim::agenda::Timer;
use crate::sim::words::{BootReason, Reason};

/// How often a message of a session is sent again after a refusal, before it is given up.
const ATTEMPTS: u32 = 5;

impl Charger {
    /// Takes a frame apart and acts on it. What is no frame at all is ignored, as chargers do.
    pub(super) fn receive(&mut self, now: DateTime<Utc>, text: &str) {
        if !matches!(self.link, Link::Up | Link::Ready) {
            return;
        }
        let Ok(Value::Array(frame)) = serde_json::from_str::<Value>(text) else {
            return;
        };
        match frame.as_slice() {
            [kind, id, Value::String(action), payload] if *kind == 2 => self.command(now, id, action, payload),
            [kind, id, payload] if *kind == 3 => self.answer(now, id, payload),
            [kind, id, ..] if *kind == 4 => self.refused(now, id),
            _ => {}
        }
    }

    fn answer(&mut self, now: DateTime<Utc>, id: &Value, payload: &Value) {
        if self.outbox.awaits_session_answer(id) && self.answer_is_lost() {
            self.truth.answers_lost += 1;
            self.hang_up();
            self.plan_connect(now);
            return;
        }
        let Some(pending) = self.outbox.answered(id) else {
            self.truth.answers_too_late += 1;
            return;
        };
        self.truth.calls_answered += 1;
        self.agenda.forget(Timer::CallTimeout(pending.serial));
        self.settle(now, &pending.queued, payload);
        if self.is_told_again(&pending.queued) {
            self.say(Queued { repeat: true, ..pending.queued.call.into() });
        }
    }

    fn settle(&mut self, now: DateTime<Utc>, queued: &Queued, payload: &Value) {
        match &queued.call {
            Call::Boot => self.boot_answered(now, payload),
            Call::Authorize { tag } => self.authorisation_answered(now, tag, payload),
            Call::Start { session, .. } => self.start_answered(now, *session, payload),
            Call::Stop { session, .. } => {
                let truth = &mut self.sessions[*session];
                truth.stop_acknowledged = true;
                if let (Some(at), Some(wh)) = (truth.ended_at_reported, truth.meter_stop_wh) {
                    truth.acknowledge_register(at, wh);
                }
            }
            Call::Reading { session, reading, .. } if !queued.repeat => {
                let truth = &mut self.sessions[*session];
                truth.readings_acknowledged += self.spec.behaviour.count_of(reading);
                truth.acknowledge_register(self.spec.behaviour.named_instant(reading.at), reading.register_wh);
            }
            Call::IdleReading { reading, .. } => {
                self.truth.readings_outside_sessions += self.spec.behaviour.count_of(reading);
            }
            Call::Change { session, .. } => self.obey(now, *session, payload),
            Call::Reading { .. } | Call::Heartbeat | Call::Chatter | Call::Status { .. } | Call::Report { .. } => {}
        }
    }

    /// Whether the maker does not believe this answer.
    fn is_told_again(&mut self, queued: &Queued) -> bool {
        let may = match &queued.call {
            Call::Start { .. } | Call::Stop { .. } => true,
            Call::Change { .. } | Call::Reading { .. } => self.spec.behaviour.protocol.is_v2(),
            Call::Boot
            | Call::Heartbeat
            | Call::Authorize { .. }
            | Call::Chatter
            | Call::Status { .. }
            | Call::IdleReading { .. }
            | Call::Report { .. } => false,
        };
        may && !queued.repeat && self.spec.behaviour.resends && self.wire.random_bool(0.5)
    }

    fn boot_answered(&mut self, now: DateTime<Utc>, payload: &Value) {
        let seconds = payload.get("interval").and_then(Value::as_i64).filter(|seconds| *seconds > 0);
        if payload.get("status").and_then(Value::as_str) != Some("Accepted") {
            self.agenda.replan(now + Duration::seconds(seconds.unwrap_or(60)), Timer::Boot);
            return;
        }
        self.truth.boots_accepted += 1;
        self.needs_boot = false;
        self.boot_reason = BootReason::Unknown;
        if let Some(seconds) = seconds {
            self.heartbeat = Duration::seconds(seconds);
        }
        if self.link == Link::Up {
            self.ready(now, true);
        }
        if self.restarts_left > 0 {
            self.agenda.replan(now + Duration::seconds(20), Timer::Restart);
        }
    }

    fn authorisation_answered(&mut self, now: DateTime<Utc>, tag: &str, payload: &Value) {
        if accepts(payload) {
            return;
        }
        let refused = self.evses.iter().position(|evse| {
            evse.visit.as_ref().is_some_and(|visit| visit.stage == Stage::Preparing && visit.tag == tag)
        });
        if let Some(evse) = refused {
            self.refuse_driver(evse, now);
        }
    }

    fn start_answered(&mut self, now: DateTime<Utc>, session: usize, payload: &Value) {
        let given = payload.get("transactionId").and_then(whole_number).map(|id| id.to_string());
        let truth = &mut self.sessions[session];
        truth.start_acknowledged = true;
        truth.settle();
        match (&truth.transaction_id, given) {
            (None, given) => truth.transaction_id = given,
            (Some(known), Some(given)) if *known != given => truth.conflicting_transaction_ids.push(given),
            (Some(_), _) => {}
        }
        self.obey(now, session, payload);
    }

    /// Ends a session that the server does not want.
    fn obey(&mut self, now: DateTime<Utc>, session: usize, payload: &Value) {
        if !accepts(payload) {
            self.break_session(session, now, Reason::DeAuthorized);
        }
    }

    /// A CallError: what belongs to a session is tried again, a little later each time, and given up after some attempts.
    fn refused(&mut self, now: DateTime<Utc>, id: &Value) {
        let Some(pending) = self.outbox.answered(id) else {
            self.truth.answers_too_late += 1;
            return;
        };
        self.truth.call_errors += 1;
        self.agenda.forget(Timer::CallTimeout(pending.serial));
        let queued = pending.queued;
        let refusals = queued.refusals + 1;
        if matches!(queued.call, Call::Boot) {
            return self.agenda.replan(now + Duration::seconds(60), Timer::Boot);
        }
        let Some(session) = queued.call.session() else {
            return;
        };
        if refusals >= ATTEMPTS {
            self.sessions[session].refused += 1;
            return;
        }
        self.outbox.put_back(Queued { refusals, ..queued });
        self.outbox.held = true;
        self.agenda.replan(now + Duration::seconds(60 * i64::from(refusals)), Timer::Resume);
    }

    fn answer_is_lost(&mut self) -> bool {
        let probability = (0.0005 * self.spec.trouble).clamp(0.0, 0.02);
        self.wire.random_bool(probability)
    }

    /// Answers a call of the server.
    pub(super) fn reply(&mut self, id: &Value, payload: Value) {
        self.out.push(Action::Send(self.spec.behaviour.result(id, payload)));
    }
}

/// Whether the server lets the token charge; silence is consent.
fn accepts(payload: &Value) -> bool {
    let info = payload.get("idTagInfo").or_else(|| payload.get("idTokenInfo"));
    let status = info.and_then(|info| info.get("status")).and_then(Value::as_str);
    status.is_none_or(|status| status == "Accepted")
}

/// A whole number, also when it was written as text.
pub(super) fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}
