//! The charger's side of the connection: connecting with back-off, booting, heartbeats, sending and waiting for answers.

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;

use super::outbox::{Call, Queued};
use super::{Action, Charger};
use crate::sim::agenda::Timer;
use crate::sim::behaviour::ReplayOrder;
use crate::sim::priors;
use crate::sim::truth::{self, Told};
use crate::sim::words::{ErrorCode, Status};

/// Longest pause between two attempts to connect, before jitter.
const LONGEST_PAUSE_S: i64 = 300;

/// State of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// There is none.
    Down,
    /// One was asked for.
    Connecting,
    /// It is open; the boot has not been accepted yet.
    Up,
    /// It is open and everything may be sent.
    Ready,
}

impl Charger {
    /// Asks for a connection, if that makes sense now.
    pub(super) fn connect(&mut self) {
        if self.link == Link::Down && self.powered && self.network {
            self.link = Link::Connecting;
            self.out.push(Action::Connect);
        }
    }

    /// The connection is open.
    pub(super) fn link_is_up(&mut self, now: DateTime<Utc>) {
        if self.link != Link::Connecting {
            self.out.push(Action::Disconnect);
            return;
        }
        self.truth.connections += 1;
        self.truth.links.push(truth::Link { from: now, heard: now });
        self.link = Link::Up;
        if self.needs_boot || self.spec.behaviour.boots_on_reconnect {
            self.send_boot(now);
        } else {
            self.ready(now, false);
        }
    }

    /// The connection fell or could not be opened.
    pub(super) fn link_fell(&mut self, now: DateTime<Utc>) {
        if self.link == Link::Down {
            return;
        }
        self.truth.drops += 1;
        self.failed_connects = if self.link == Link::Connecting { self.failed_connects + 1 } else { 0 };
        self.forget_link();
        self.plan_connect(now);
    }

    /// Drops the connection of its own accord.
    pub(super) fn hang_up(&mut self) {
        if self.link != Link::Down {
            self.out.push(Action::Disconnect);
        }
        self.forget_link();
    }

    /// Plans the next attempt to connect: ever longer pauses, each with jitter.
    pub(super) fn plan_connect(&mut self, now: DateTime<Utc>) {
        let pause = (5_i64 << self.failed_connects.min(6)).min(LONGEST_PAUSE_S) * 1000;
        let jittered = self.wire.random_range(pause / 2..=pause * 3 / 2);
        self.agenda.replan(now + Duration::milliseconds(jittered), Timer::Connect);
    }

    /// Sends the boot; nothing else goes before it is accepted.
    pub(super) fn send_boot(&mut self, now: DateTime<Utc>) {
        if self.link == Link::Up {
            self.send(Call::Boot.into(), now);
        }
    }

    /// Everything may be sent now: the present statuses and whatever was queued, in the maker's order.
    pub(super) fn ready(&mut self, now: DateTime<Utc>, booted: bool) {
        self.link = Link::Ready;
        self.failed_connects = 0;
        self.agenda.replan(now + self.heartbeat, Timer::Heartbeat);
        let mut statuses = Vec::new();
        if booted && !self.spec.behaviour.protocol.is_v2() {
            let at = self.clock(now);
            statuses.push(Call::Status { place: None, status: Status::Available, error: ErrorCode::NoError, at });
        }
        for place in 0..self.connectors.len() {
            if booted || self.connectors[place].unreported {
                statuses.push(self.present_status(place));
            }
        }
        match self.spec.behaviour.replay {
            ReplayOrder::StatusFirst => self.outbox.push_front(statuses),
            ReplayOrder::QueueFirst => statuses.into_iter().for_each(|status| self.say(status)),
            ReplayOrder::NewsFirst => {
                self.outbox.set_aside();
                statuses.into_iter().for_each(|status| self.say(status));
                let longest = if self.draining { 5 } else { 1200 };
                let waits = priors::seconds(1, longest, &mut self.wire);
                self.agenda.replan(now + waits, Timer::Replay);
            }
        }
        if booted && self.spec.behaviour.empty_strings {
            self.say(Call::Chatter);
        }
    }

    /// Sends a heartbeat and plans the next.
    pub(super) fn beat(&mut self, now: DateTime<Utc>) {
        if self.link == Link::Ready {
            self.say(Call::Heartbeat);
            self.agenda.replan(now + self.heartbeat, Timer::Heartbeat);
        }
    }

    /// Sends the next call of the queue, if it may.
    pub(super) fn pump(&mut self, now: DateTime<Utc>) {
        if self.link != Link::Ready {
            return;
        }
        if let Some(queued) = self.outbox.next() {
            self.send(queued, now);
        }
    }

    /// No answer came in time: what matters is sent again under a new id.
    pub(super) fn give_up_waiting(&mut self, serial: u64, now: DateTime<Utc>) {
        let Some(queued) = self.outbox.timed_out(serial) else {
            return;
        };
        match queued.call {
            Call::Boot => self.send_boot(now),
            Call::Heartbeat
            | Call::Authorize { .. }
            | Call::Chatter
            | Call::IdleReading { .. }
            | Call::Report { .. } => {}
            Call::Status { .. }
            | Call::Start { .. }
            | Call::Change { .. }
            | Call::Reading { .. }
            | Call::Stop { .. } => self.outbox.put_back(queued),
        }
    }

    /// The state of a connector as it is now.
    pub(super) fn present_status(&mut self, place: usize) -> Call {
        let connector = &mut self.connectors[place];
        connector.unreported = false;
        let at = connector.changed_at + self.skew;
        Call::Status { place: Some(place), status: connector.status, error: connector.error, at }
    }

    fn send(&mut self, queued: Queued, now: DateTime<Utc>) {
        self.messages += 1;
        self.truth.calls_sent += 1;
        let id = self.spec.behaviour.message_id(self.messages, &mut self.wire);
        let (action, payload) = self.write(&queued.call, now);
        self.note_sent(&queued);
        self.truth.told.extend(self.told(&queued.call, now));
        self.out.push(Action::Send(self.spec.behaviour.call(&id, action, payload)));
        let serial = self.outbox.sent(id, Queued { sent: true, ..queued });
        self.agenda.plan(now + self.call_timeout, Timer::CallTimeout(serial));
    }

    fn note_sent(&mut self, queued: &Queued) {
        match &queued.call {
            Call::Start { session, .. } => self.sessions[*session].start_sent += 1,
            Call::Stop { session, .. } => self.sessions[*session].stop_sent += 1,
            Call::Reading { session, reading, .. } if !queued.sent && !queued.repeat => {
                self.sessions[*session].readings_sent += self.spec.behaviour.count_of(reading);
            }
            Call::Reading { .. }
            | Call::Boot
            | Call::Heartbeat
            | Call::Authorize { .. }
            | Call::Chatter
            | Call::Status { .. }
            | Call::Change { .. }
            | Call::IdleReading { .. }
            | Call::Report { .. } => {}
        }
    }

    /// What a call says of a connector.
    fn told(&self, call: &Call, now: DateTime<Utc>) -> Option<Told> {
        let told = |(evse_id, connector_id), what: &str, status: Option<Status>, at| Told {
            evse_id,
            connector_id,
            what: what.to_owned(),
            status: status.map(|status| status.as_str().to_owned()),
            at: self.spec.behaviour.named_instant(at),
            sent: now,
        };
        let session = |index: &usize| &self.sessions[*index];
        let of = |index: &usize| (session(index).evse_id, session(index).connector_id);
        match call {
            Call::Status { place, status, at, .. } => {
                let connector = &self.connectors[(*place)?];
                Some(told((connector.evse_id, connector.id), "status", Some(*status), *at))
            }
            Call::Start { session: of_call, .. } => {
                Some(told(of(of_call), "began", None, session(of_call).started_at_reported))
            }
            Call::Change { session, stamp } => Some(told(of(session), "changed", None, stamp.at)),
            // Beside its values, a reading of 2.x says whether power flows, unless its maker leaves that out.
            Call::Reading { session, reading, .. } => {
                let behaviour = self.spec.behaviour;
                let says = behaviour.protocol.is_v2() && !behaviour.leaves_out_optional;
                says.then(|| told(of(session), "changed", None, reading.at))
            }
            Call::Stop { session: of_call, .. } => {
                Some(told(of(of_call), "ended", None, session(of_call).ended_at_reported?))
            }
            Call::Boot
            | Call::Heartbeat
            | Call::Authorize { .. }
            | Call::Chatter
            | Call::IdleReading { .. }
            | Call::Report { .. } => None,
        }
    }

    fn forget_link(&mut self) {
        self.link = Link::Down;
        for timer in [Timer::Connect, Timer::Boot, Timer::Heartbeat, Timer::Resume, Timer::Replay] {
            self.agenda.forget(timer);
        }
        self.agenda.keep(|timer| !matches!(timer, Timer::CallTimeout(_)));
        let unreported = self.outbox.lose_link(self.spec.behaviour.keeps_all_statuses);
        for place in unreported {
            self.connectors[place].unreported = true;
        }
    }
}
