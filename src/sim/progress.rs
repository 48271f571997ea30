//! Figures of a running simulation for a live display: cheap to keep, cheap to read, never exact to the instant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::charger::Tally;

/// Different reasons that are kept apart; what is beyond them is one more.
const MOST_REASONS: usize = 20;

/// A handle on the figures of a run; clones show the same figures.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Figures>);

#[derive(Debug, Default)]
struct Figures {
    connected: AtomicU64,
    frames_sent: AtomicU64,
    frames_answered: AtomicU64,
    sessions_started: AtomicU64,
    sessions_ended: AtomicU64,
    energy_wh: AtomicU64,
    refusals: Mutex<BTreeMap<String, u64>>,
}

impl Progress {
    /// Chargers connected now.
    pub fn connected(&self) -> u64 {
        self.0.connected.load(Ordering::Relaxed)
    }

    /// Calls put on the wire.
    pub fn frames_sent(&self) -> u64 {
        self.0.frames_sent.load(Ordering::Relaxed)
    }

    /// Calls answered.
    pub fn frames_answered(&self) -> u64 {
        self.0.frames_answered.load(Ordering::Relaxed)
    }

    /// Sessions begun.
    pub fn sessions_started(&self) -> u64 {
        self.0.sessions_started.load(Ordering::Relaxed)
    }

    /// Sessions ended.
    pub fn sessions_ended(&self) -> u64 {
        self.0.sessions_ended.load(Ordering::Relaxed)
    }

    /// Energy delivered, Wh.
    pub fn energy_wh(&self) -> u64 {
        self.0.energy_wh.load(Ordering::Relaxed)
    }

    /// Why connections could not be opened since this was last asked, and how many of each.
    pub fn refusals(&self) -> Vec<(String, u64)> {
        std::mem::take(&mut *self.0.refusals.lock()).into_iter().collect()
    }

    /// A connection could not be opened.
    pub(crate) fn refused(&self, why: String) {
        let mut refusals = self.0.refusals.lock();
        let why = if refusals.len() < MOST_REASONS || refusals.contains_key(&why) { why } else { "others".to_owned() };
        *refusals.entry(why).or_default() += 1;
    }

    /// Replaces what one charger contributed by what it contributes now. Adding the difference modulo 2^64 also takes away.
    pub(crate) fn update(&self, before: Tally, now: Tally) {
        let add = |figure: &AtomicU64, before: u64, now: u64| {
            if before != now {
                figure.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
            }
        };
        let figures = &self.0;
        add(&figures.connected, u64::from(before.connected), u64::from(now.connected));
        add(&figures.frames_sent, before.frames_sent, now.frames_sent);
        add(&figures.frames_answered, before.frames_answered, now.frames_answered);
        add(&figures.sessions_started, before.sessions_started, now.sessions_started);
        add(&figures.sessions_ended, before.sessions_ended, now.sessions_ended);
        add(&figures.energy_wh, before.energy_wh, now.energy_wh);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_once_and_their_reasons_are_bounded() {
        let progress = Progress::default();
        for reason in 0..100 {
            progress.refused(format!("{:02}", reason % 50));
        }
        let told = progress.refusals();
        assert_eq!((told.len(), &told[0], &told[20]), (21, &("00".to_owned(), 2), &("others".to_owned(), 60)));
        assert!(progress.refusals().is_empty());
    }

    #[test]
    fn a_charger_that_hangs_up_is_no_longer_counted_as_connected() {
        let progress = Progress::default();
        let up = Tally { connected: true, frames_sent: 3, ..Tally::default() };
        progress.update(Tally::default(), up);
        progress.update(up, Tally { connected: false, frames_sent: 4, ..up });
        assert_eq!((progress.connected(), progress.frames_sent()), (0, 4));
    }
}
