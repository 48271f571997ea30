//! Calls of the server, answered as a plain charger would: the common ones do what they say, the rest is refused properly. What they
//! do is here; what they are called is in `v16.rs` and `v2.rs`.

mod v16;
mod v2;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::evse::Remote;
use super::{Action, Charger};
use crate::sim::agenda::Timer;
use crate::sim::behaviour::Protocol;
use crate::sim::words::{Context, Reason, Status};

impl Charger {
    /// Answers a call of the server.
    pub(super) fn command(&mut self, now: DateTime<Utc>, id: &Value, action: &str, payload: &Value) {
        let answer = match self.spec.behaviour.protocol {
            Protocol::V16 => self.answer_v16(now, action, payload),
            Protocol::V201 | Protocol::V21 => self.answer_v2(now, action, payload),
        };
        let Some(answer) = answer else {
            let why = format!("{action} is not known here");
            return self.out.push(Action::Send(self.spec.behaviour.refusal(id, "NotImplemented", &why)));
        };
        self.reply(id, answer);
    }

    /// Begins a session at the first of these connectors that is free.
    fn start_on_demand(
        &mut self,
        now: DateTime<Utc>,
        places: &[usize],
        wish: impl FnOnce(usize) -> Remote,
    ) -> &'static str {
        let free = places.iter().copied().find(|place| self.is_free(self.connectors[*place].evse, *place));
        let Some(remote) = free.map(wish).filter(|remote| !remote.tag.is_empty() && !self.draining) else {
            return "Rejected";
        };
        let evse = self.connectors[remote.place].evse;
        self.evses[evse].remote = Some(remote);
        self.agenda.replan(now, Timer::RemoteStart(evse));
        "Accepted"
    }

    /// Ends the session of this transaction id.
    fn stop_on_demand(&mut self, now: DateTime<Utc>, wanted: Option<&str>) -> &'static str {
        let session = self.sessions.iter().rposition(|session| {
            session.ended_at.is_none() && wanted.is_some() && session.transaction_id.as_deref() == wanted
        });
        let Some(session) = session else {
            return "Rejected";
        };
        self.break_session(session, now, Reason::Remote);
        "Accepted"
    }

    /// Ends all sessions for this reason and starts afresh.
    fn reset_now(&mut self, now: DateTime<Utc>, reason: Reason) -> &'static str {
        for session in 0..self.sessions.len() {
            self.break_session(session, now, reason);
        }
        self.agenda.replan(now + Duration::seconds(5), Timer::Restart);
        "Accepted"
    }

    /// Switches connectors on or off; those with a car follow when it is gone.
    fn make_available(&mut self, now: DateTime<Utc>, places: &[usize], operative: bool) -> &'static str {
        let mut status = "Rejected";
        for place in places.iter().copied() {
            self.connectors[place].operative = operative;
            let busy =
                self.evses[self.connectors[place].evse].visit.as_ref().is_some_and(|visit| visit.connector == place);
            if busy {
                status = "Scheduled";
                continue;
            }
            if status == "Rejected" {
                status = "Accepted";
            }
            let (rest, error) = (self.status_at_rest(place), self.connectors[place].error);
            if rest != Status::Faulted {
                self.set_status(place, now, rest, error);
            }
        }
        status
    }

    /// Tells the present state of connectors.
    fn tell_states(&mut self, places: &[usize]) {
        for place in places {
            let status = self.present_status(*place);
            self.say(status);
        }
    }

    /// Reads the meter of a connector, in its session if there is one.
    fn read_on_demand(&mut self, place: usize, now: DateTime<Utc>) {
        let evse = self.connectors[place].evse;
        let here = self.evses[evse].visit.as_ref().is_some_and(|visit| visit.connector == place);
        if here && self.evses[evse].is_in_session() {
            self.connectors[place].meter.advance(now);
            self.read(evse, now, Context::Trigger);
        } else {
            self.read_idle(place, now, Context::Trigger);
        }
    }
}
