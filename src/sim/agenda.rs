//! What a charger has to do and when: timers in order of time, and of planning among equals.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// One thing to do. EVSEs are given by their place in the charger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timer {
    /// Power comes (back).
    PowerOn,
    /// Power fails.
    PowerCut,
    /// The charger starts afresh of its own accord or on demand.
    Restart,
    /// The mobile network is gone.
    LinkLost,
    /// The mobile network is back.
    LinkBack,
    /// Try to connect.
    Connect,
    /// Send the boot again.
    Boot,
    /// Send a heartbeat.
    Heartbeat,
    /// The call with this serial has not been answered.
    CallTimeout(u64),
    /// Sending may go on.
    Resume,
    /// A driver comes.
    Arrival(usize),
    /// A driver whose attempt failed tries again.
    Retry(usize),
    /// The server asked for a session.
    RemoteStart(usize),
    /// The visit goes on.
    Visit(usize),
    /// A fault begins.
    Fault(usize),
    /// A fault is repaired.
    Repair(usize),
    /// Idle EVSEs are read by the clock.
    ClockReading,
    /// What was queued offline may go.
    Replay,
    /// The end of the run: nobody comes any more, and everything owed is sent.
    Drain,
}

/// Timers in order.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    timers: BTreeMap<(DateTime<Utc>, u64), Timer>,
    planned: u64,
}

impl Agenda {
    /// Plans a timer.
    pub(crate) fn plan(&mut self, at: DateTime<Utc>, timer: Timer) {
        self.planned += 1;
        self.timers.insert((at, self.planned), timer);
    }

    /// Plans a timer and forgets any other of its kind.
    pub(crate) fn replan(&mut self, at: DateTime<Utc>, timer: Timer) {
        self.forget(timer);
        self.plan(at, timer);
    }

    /// Forgets every timer equal to this one.
    pub(crate) fn forget(&mut self, timer: Timer) {
        self.timers.retain(|_, planned| *planned != timer);
    }

    /// Keeps only the timers that the test lets through.
    pub(crate) fn keep(&mut self, test: impl Fn(Timer) -> bool) {
        self.timers.retain(|_, planned| test(*planned));
    }

    /// The first timer due at `now`, with the time it was planned for.
    pub(crate) fn pop_due(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Timer)> {
        let first = self.timers.first_entry()?;
        let at = first.key().0;
        (at <= now).then(|| (at, first.remove()))
    }

    /// When the first timer is due.
    pub(crate) fn next_at(&self) -> Option<DateTime<Utc>> {
        self.timers.first_key_value().map(|((at, _), _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    #[test]
    fn timers_come_in_order_of_time_and_then_of_planning() {
        let noon: DateTime<Utc> = "2026-02-03T12:00:00Z".parse().unwrap();
        let mut agenda = Agenda::default();
        agenda.plan(noon, Timer::Heartbeat);
        agenda.plan(noon - Duration::seconds(1), Timer::Connect);
        agenda.plan(noon, Timer::Boot);
        agenda.replan(noon + Duration::seconds(5), Timer::Connect);
        assert_eq!(agenda.next_at(), Some(noon));
        assert_eq!(agenda.pop_due(noon), Some((noon, Timer::Heartbeat)));
        assert_eq!(agenda.pop_due(noon), Some((noon, Timer::Boot)));
        assert_eq!(agenda.pop_due(noon), None);
    }
}
