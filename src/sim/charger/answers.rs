//! What comes from the server: frames told apart, and what the answers to the charger's calls change.

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;
use serde_json::Value;

use super::link::Link;
use super::outbox::{Call, Queued};
use super::{Action, Charger};
use crate::sim::agenda::Timer;
use crate::sim::words::Reason;

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
        self.settle(now, pending.queued.call, payload);
    }

    fn settle(&mut self, now: DateTime<Utc>, call: Call, payload: &Value) {
        match call {
            Call::Boot => self.boot_answered(now, payload),
            Call::Authorize { tag } => self.authorisation_answered(now, &tag, payload),
            Call::Start { session, repeat } => self.start_answered(now, session, repeat, payload),
            Call::Stop { session, repeat, without_id } => {
                let truth = &mut self.sessions[session];
                truth.stop_acknowledged = true;
                if let Some(wh) = truth.meter_stop_wh {
                    truth.acknowledge_register(wh);
                }
                if !repeat && self.resends_now() {
                    self.say(Call::Stop { session, repeat: true, without_id });
                }
            }
            Call::Reading { session, reading, .. } => {
                let values = self.spec.behaviour.sampled_values(&reading).len() as u64;
                match session {
                    Some(session) => {
                        self.sessions[session].readings_acknowledged += values;
                        self.sessions[session].acknowledge_register(reading.register_wh);
                    }
                    None => self.truth.readings_outside_sessions += values,
                }
            }
            Call::Heartbeat | Call::Chatter | Call::Status { .. } => {}
        }
    }

    fn boot_answered(&mut self, now: DateTime<Utc>, payload: &Value) {
        let seconds = payload.get("interval").and_then(Value::as_i64).filter(|seconds| *seconds > 0);
        if payload.get("status").and_then(Value::as_str) != Some("Accepted") {
            self.agenda.replan(now + Duration::seconds(seconds.unwrap_or(60)), Timer::Boot);
            return;
        }
        self.truth.boots_accepted += 1;
        self.needs_boot = false;
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
        let refused = self
            .evses
            .iter()
            .position(|evse| evse.visit.as_ref().is_some_and(|visit| visit.session.is_none() && visit.tag == tag));
        if let Some(evse) = refused {
            self.refuse_driver(evse, now);
        }
    }

    fn start_answered(&mut self, now: DateTime<Utc>, session: usize, repeat: bool, payload: &Value) {
        let given = payload.get("transactionId").and_then(whole_number);
        let truth = &mut self.sessions[session];
        truth.start_acknowledged = true;
        truth.settle();
        match (truth.transaction_id, given) {
            (None, given) => truth.transaction_id = given,
            (Some(known), Some(given)) if known != given => truth.conflicting_transaction_ids.push(given),
            (Some(_), _) => {}
        }
        if !repeat && self.resends_now() {
            self.say(Call::Start { session, repeat: true });
        }
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
        let Queued { call, sent, refusals } = pending.queued;
        let refusals = refusals + 1;
        let session = match call {
            Call::Boot => return self.agenda.replan(now + Duration::seconds(60), Timer::Boot),
            Call::Start { session, .. } | Call::Stop { session, .. } => session,
            Call::Reading { session: Some(session), .. } => session,
            Call::Heartbeat
            | Call::Authorize { .. }
            | Call::Chatter
            | Call::Status { .. }
            | Call::Reading { session: None, .. } => return,
        };
        if refusals >= ATTEMPTS {
            self.sessions[session].refused += 1;
            return;
        }
        self.outbox.put_back(Queued { call, sent, refusals });
        self.outbox.held = true;
        self.agenda.replan(now + Duration::seconds(60 * i64::from(refusals)), Timer::Resume);
    }

    fn answer_is_lost(&mut self) -> bool {
        let probability = (0.0005 * self.spec.trouble).clamp(0.0, 0.02);
        self.wire.random_bool(probability)
    }

    fn resends_now(&mut self) -> bool {
        self.spec.behaviour.resends && self.wire.random_bool(0.5)
    }

    /// Answers a call of the server.
    pub(super) fn reply(&mut self, id: &Value, payload: Value) {
        self.out.push(Action::Send(self.spec.behaviour.result(id, payload)));
    }
}

/// Whether the server lets the token charge; silence is consent.
fn accepts(payload: &Value) -> bool {
    let status = payload.get("idTagInfo").and_then(|info| info.get("status")).and_then(Value::as_str);
    status.is_none_or(|status| status == "Accepted")
}

/// A whole number, also when it was written as text.
pub(super) fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}
