//! What a charger still has to say: one queue, one call outstanding, and the rule of what survives a lost link.
//!
//! Starts, stops and the readings of a session survive everything until they are answered. Statuses survive only with makers who
//! keep them all. Heartbeats and requests for authorisation are of the moment and go.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::sim::dialect::Reading;
use crate::sim::words::{ErrorCode, Status};

/// Most messages kept; beyond it the oldest readings go first, then the oldest statuses, never starts and stops.
pub(crate) const QUEUE_LIMIT: usize = 4096;

/// Something to tell the server. Sessions are given by their place in the charger's list.
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
    /// State of a connector; 0 is the charger.
    Status { connector: u32, status: Status, error: ErrorCode, at: DateTime<Utc> },
    /// A session began.
    Start { session: usize, repeat: bool },
    /// A reading, of a session or of an idle connector.
    Reading { session: Option<usize>, connector: u32, reading: Reading, without_id: bool },
    /// A session ended.
    Stop { session: usize, repeat: bool, without_id: bool },
}

impl Call {
    /// Whether it has to be told until it is answered, come what may.
    pub(crate) fn belongs_to_session(&self) -> bool {
        match self {
            Self::Start { .. } | Self::Stop { .. } | Self::Reading { session: Some(_), .. } => true,
            Self::Boot
            | Self::Heartbeat
            | Self::Authorize { .. }
            | Self::Chatter
            | Self::Status { .. }
            | Self::Reading { session: None, .. } => false,
        }
    }

    fn is_status(&self) -> bool {
        matches!(self, Self::Status { .. })
    }
}

/// A call with what became of it so far.
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    /// The call.
    pub(crate) call: Call,
    /// It has been on the wire before.
    pub(crate) sent: bool,
    /// How often the server refused it.
    pub(crate) refusals: u32,
}

impl From<Call> for Queued {
    fn from(call: Call) -> Self {
        Self { call, sent: false, refusals: 0 }
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
    pending: Option<Pending>,
    serial: u64,
    /// Nothing is sent until told otherwise, because the server has just refused.
    pub(crate) held: bool,
}

impl Outbox {
    /// Adds a call at the end; gives back what had to go because the memory is full.
    pub(crate) fn push(&mut self, call: Call) -> Option<Queued> {
        self.queue.push_back(call.into());
        if self.queue.len() <= QUEUE_LIMIT {
            return None;
        }
        let oldest = |test: fn(&Call) -> bool| self.queue.iter().position(|queued| test(&queued.call));
        let place = oldest(|call| matches!(call, Call::Reading { .. })).or_else(|| oldest(Call::is_status))?;
        self.queue.remove(place)
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
        self.queue.pop_front()
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
        self.pending.as_ref().is_some_and(|pending| pending.id == *id && pending.queued.call.belongs_to_session())
    }

    /// The link is gone: keeps what survives, gives the connectors whose status did not.
    pub(crate) fn lose_link(&mut self, keep_statuses: bool) -> Vec<u32> {
        if let Some(pending) = self.pending.take() {
            self.queue.push_front(pending.queued);
        }
        self.held = false;
        let mut unreported = Vec::new();
        self.queue.retain(|Queued { call, .. }| {
            let kept = call.belongs_to_session() || (call.is_status() && keep_statuses);
            if let (false, Call::Status { connector, .. }) = (kept, call) {
                unreported.push(*connector);
            }
            kept
        });
        unreported
    }

    /// Whether there is nothing left to say and nothing outstanding.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.pending.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(connector: u32) -> Call {
        let at = "2026-02-03T12:00:00Z".parse().unwrap();
        Call::Status { connector, status: Status::Available, error: ErrorCode::NoError, at }
    }

    #[test]
    fn an_outstanding_start_survives_a_lost_link_and_goes_first() {
        let mut outbox = Outbox::default();
        outbox.push(Call::Start { session: 0, repeat: false });
        outbox.push(Call::Heartbeat);
        outbox.push(status(2));
        outbox.push(Call::Stop { session: 0, repeat: false, without_id: true });
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
    fn a_full_memory_loses_readings_before_statuses_and_never_a_start() {
        let at = "2026-02-03T12:00:00Z".parse().unwrap();
        let context = crate::sim::words::Context::Periodic;
        let reading =
            Reading { at, register_wh: 1, power_w: 0, phases: 1, decivolts: 2300, charge_percent: None, context };
        let mut outbox = Outbox::default();
        outbox.push(status(1));
        outbox.push(Call::Start { session: 0, repeat: false });
        outbox.push(Call::Reading { session: Some(0), connector: 1, reading, without_id: false });
        for _ in 3..QUEUE_LIMIT {
            assert!(outbox.push(Call::Stop { session: 0, repeat: false, without_id: false }).is_none());
        }
        let gone = outbox.push(Call::Start { session: 1, repeat: false }).unwrap();
        assert!(matches!(gone.call, Call::Reading { .. }));
        let gone = outbox.push(Call::Start { session: 2, repeat: false }).unwrap();
        assert!(gone.call.is_status());
        assert!(outbox.push(Call::Start { session: 3, repeat: false }).is_none());
    }
}
