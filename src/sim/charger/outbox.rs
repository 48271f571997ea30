//! What a charger still has to say: one queue, one call outstanding, and the rule of what survives a lost link.
//!
//! Starts, stops and the readings of a session survive everything until they are answered. Statuses survive only with makers who
//! keep them all. Heartbeats and requests for authorisation are of the moment and go.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::sim::dialect::Reading;
use crate::sim::words::{ChargingState, ErrorCode, Reason, Status};

/// Most messages kept; beyond it the oldest readings go first, then the oldest statuses, never starts and stops.
pub(crate) const QUEUE_LIMIT: usize = 4096;

/// Something to tell the server. Sessions and connectors are given by their place in the charger's lists.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// The charger has started.
    Boot,
    /// It is still there.
    Heartbeat,
    /// May this token charge?
    Authorize { tag: String },
    /// Something a maker wants to tell that nobody asked for.
    Chatter,
    /// State of a connector; without one, of the charger.
    Status { place: Option<usize>, status: Status, error: ErrorCode, at: DateTime<Utc> },
    /// A session began.
    Start { session: usize, stamp: Stamp },
    /// The flow of power in a session changed.
    Change { session: usize, stamp: Stamp },
    /// A reading of a session.
    Reading { session: usize, stamp: Stamp, reading: Reading, without_id: bool },
    /// A session ended.
    Stop { session: usize, stamp: Stamp, reason: Reason, without_id: bool },
    /// A reading where no session is.
    IdleReading { place: usize, reading: Reading },
    /// A part of the report that the server asked for.
    Report { request: i64, part: usize },
}

impl Call {
    /// The session that it tells of. Such a call has to be told until it is answered, come what may.
    pub(crate) fn session(&self) -> Option<usize> {
        match self {
            Self::Start { session, .. }
            | Self::Change { session, .. }
            | Self::Reading { session, .. }
            | Self::Stop { session, .. } => Some(*session),
            Self::Boot
            | Self::Heartbeat
            | Self::Authorize { .. }
            | Self::Chatter
            | Self::Status { .. }
            | Self::IdleReading { .. }
            | Self::Report { .. } => None,
        }
    }

    fn is_status(&self) -> bool {
        matches!(self, Self::Status { .. })
    }

    fn is_reading(&self) -> bool {
        matches!(self, Self::Reading { .. } | Self::IdleReading { .. })
    }
}

/// How things stood in a session when something happened to it. OCPP 1.6 has no words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Number of the event in its session.
    pub(crate) seq_no: u32,
    /// The charger's clock.
    pub(crate) at: DateTime<Utc>,
    /// There was no link.
    pub(crate) offline: bool,
    /// Whether power flowed.
    pub(crate) state: ChargingState,
}

/// A call with what became of it so far.
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    /// The call.
    pub(crate) call: Call,
    /// It was answered before, and is told once more all the same.
    pub(crate) repeat: bool,
    /// It has been on the wire before.
    pub(crate) sent: bool,
    /// How often the server refused it.
    pub(crate) refusals: u32,
}

impl From<Call> for Queued {
    fn from(call: Call) -> Self {
        Self { call, repeat: false, sent: false, refusals: 0 }
    }
}

/// The call that waits for its answer.
#[derive(Debug)]
pub(crate) struct Pending {
    /// Number of this sending, for its time-out.
    pub(crate) serial: u64,
    /// The id it was sent under.
    pub(crate) id: Value,
    /// What was sent.
    pub(crate) queued: Queued,
}

/// The queue and the outstanding call.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Queued>,
    /// What was queued before the link came back, of makers who let it wait.
    backlog: VecDeque<Queued>,
    pending: Option<Pending>,
    serial: u64,
    /// Nothing is sent until told otherwise, because the server has just refused.
    pub(crate) held: bool,
    /// The backlog may go, once nothing else is to be said.
    pub(crate) replaying: bool,
}

impl Outbox {
    /// Adds a call at the end; gives back what had to go because the memory is full.
    pub(crate) fn push(&mut self, queued: impl Into<Queued>) -> Option<Queued> {
        self.queue.push_back(queued.into());
        if self.queue.len() + self.backlog.len() <= QUEUE_LIMIT {
            return None;
        }
        for may_go in [Call::is_reading, Call::is_status] {
            for queue in [&mut self.backlog, &mut self.queue] {
                if let Some(oldest) = queue.iter().position(|queued| may_go(&queued.call)) {
                    return queue.remove(oldest);
                }
            }
        }
        None
    }

    /// Adds calls before all others, in the order given.
    pub(crate) fn push_front(&mut self, calls: Vec<Call>) {
        for call in calls.into_iter().rev() {
            self.queue.push_front(call.into());
        }
    }

    /// Puts a call back to where it came from.
    pub(crate) fn put_back(&mut self, queued: Queued) {
        self.queue.push_front(queued);
    }

    /// The next call to send, if none is outstanding and sending is not held.
    pub(crate) fn next(&mut self) -> Option<Queued> {
        if self.pending.is_some() || self.held {
            return None;
        }
        let next = self.queue.pop_front();
        if next.is_none() && self.replaying {
            return self.backlog.pop_front();
        }
        next
    }

    /// Lets everything wait that is queued now, until [`Outbox::replaying`] is set.
    pub(crate) fn set_aside(&mut self) {
        self.backlog.append(&mut self.queue);
        self.replaying = false;
    }

    /// Notes what has been sent; gives the number of this sending.
    pub(crate) fn sent(&mut self, id: Value, queued: Queued) -> u64 {
        self.serial += 1;
        self.pending = Some(Pending { serial: self.serial, id, queued });
        self.serial
    }

    /// The outstanding call, if this is its id.
    pub(crate) fn answered(&mut self, id: &Value) -> Option<Pending> {
        self.pending.take_if(|pending| pending.id == *id)
    }

    /// The outstanding call, if it is still the one of this number.
    pub(crate) fn timed_out(&mut self, serial: u64) -> Option<Queued> {
        self.pending.take_if(|pending| pending.serial == serial).map(|pending| pending.queued)
    }

    /// Whether the answer under this id would settle a message of a session.
    pub(crate) fn awaits_session_answer(&self, id: &Value) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.id == *id && pending.queued.call.session().is_some())
    }

    /// The link is gone: keeps what survives, gives the connectors whose status did not.
    pub(crate) fn lose_link(&mut self, keep_statuses: bool) -> Vec<usize> {
        if let Some(pending) = self.pending.take() {
            self.queue.push_front(pending.queued);
        }
        self.held = false;
        let mut unreported = Vec::new();
        self.queue.retain(|Queued { call, .. }| {
            let kept = call.session().is_some() || (call.is_status() && keep_statuses);
            if let (false, Call::Status { place, .. }) = (kept, call) {
                unreported.extend(*place);
            }
            kept
        });
        unreported
    }

    /// Whether there is nothing left to say and nothing outstanding.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.backlog.is_empty() && self.pending.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn noon() -> DateTime<Utc> {
        "2026-02-03T12:00:00Z".parse().unwrap()
    }

    fn status(place: usize) -> Call {
        Call::Status { place: Some(place), status: Status::Available, error: ErrorCode::NoError, at: noon() }
    }

    fn stamp(seq_no: u32) -> Stamp {
        Stamp { seq_no, at: noon(), offline: false, state: ChargingState::Charging }
    }

    fn start(session: usize) -> Call {
        Call::Start { session, stamp: stamp(0) }
    }

    fn stop(session: usize) -> Call {
        Call::Stop { session, stamp: stamp(9), reason: Reason::Local, without_id: true }
    }

    #[test]
    fn an_outstanding_start_survives_a_lost_link_and_goes_first() {
        let mut outbox = Outbox::default();
        outbox.push(start(0));
        outbox.push(Call::Heartbeat);
        outbox.push(status(2));
        outbox.push(stop(0));
        let first = outbox.next().unwrap();
        outbox.sent(json!("a"), first);
        assert!(outbox.next().is_none());
        assert_eq!(outbox.lose_link(false), [2]);
        assert!(outbox.answered(&json!("a")).is_none());
        assert!(matches!(outbox.next().unwrap().call, Call::Start { .. }));
        assert!(matches!(outbox.next().unwrap().call, Call::Stop { .. }));
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_was_set_aside_waits_and_then_goes_after_the_news() {
        let mut outbox = Outbox::default();
        outbox.push(start(0));
        outbox.set_aside();
        assert!(outbox.next().is_none() && !outbox.is_empty());
        outbox.push(start(1));
        outbox.replaying = true;
        let order = [(); 2].map(|()| outbox.next().unwrap().call.session());
        assert_eq!(order, [Some(1), Some(0)]);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_full_memory_loses_readings_before_statuses_and_never_a_start() {
        let context = crate::sim::words::Context::Periodic;
        let reading = Reading {
            at: noon(),
            register_wh: 1,
            power_w: 0,
            phases: 1,
            decivolts: 2300,
            charge_percent: None,
            context,
        };
        let mut outbox = Outbox::default();
        outbox.push(status(1));
        outbox.push(start(0));
        outbox.push(Call::Reading { session: 0, stamp: stamp(1), reading, without_id: false });
        for _ in 3..QUEUE_LIMIT {
            assert!(outbox.push(stop(0)).is_none());
        }
        let gone = outbox.push(start(1)).unwrap();
        assert!(matches!(gone.call, Call::Reading { .. }));
        let gone = outbox.push(start(2)).unwrap();
        assert!(gone.call.is_status());
        assert!(outbox.push(start(3)).is_none());
    }
}
