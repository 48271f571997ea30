//! What chargers are by maker, model, firmware and protocol, and how many of their frames deviate: counters that begin
//! with the ledger and go on with each frame.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::domain::event::Boot;

/// More builds than this have no counters of their own: all others are counted together.
const MOST_BUILDS: usize = 500;

/// What a charger can be, as far as conformance is concerned. Empty: not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Build {
    /// Maker.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Firmware.
    pub firmware: String,
    /// Protocol.
    pub protocol: String,
}

impl Build {
    /// What a charger is by its boot and its connection.
    pub fn of(boot: &Boot, protocol: &str) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        Self {
            vendor: text(&boot.vendor),
            model: text(&boot.model),
            firmware: text(&boot.firmware),
            protocol: protocol.to_owned(),
        }
    }
}

/// The counters of a build.
#[derive(Debug, Default)]
pub struct Counts {
    frames: AtomicU64,
    deviating: AtomicU64,
}

impl Counts {
    /// Counts frames, and those of them that deviate.
    pub fn add(&self, frames: u64, deviating: u64) {
        self.frames.fetch_add(frames, Ordering::Relaxed);
        self.deviating.fetch_add(deviating, Ordering::Relaxed);
    }
}

/// Every build that was met.
#[derive(Default)]
pub struct Builds(RwLock<BTreeMap<Build, Arc<Counts>>>);

impl Builds {
    /// The counters of a build.
    pub fn counts(&self, build: Build) -> Arc<Counts> {
        if let Some(counts) = self.0.read().get(&build) {
            return counts.clone();
        }
        let mut builds = self.0.write();
        let build =
            if builds.len() < MOST_BUILDS { build } else { Build { vendor: "other".to_owned(), ..Build::default() } };
        builds.entry(build).or_default().clone()
    }

    /// Each build with its frames and those that deviate, in order.
    pub fn all(&self) -> Vec<(Build, u64, u64)> {
        let builds = self.0.read();
        let counts =
            |counts: &Counts| (counts.frames.load(Ordering::Relaxed), counts.deviating.load(Ordering::Relaxed));
        builds.iter().map(|(build, of)| (build.clone(), counts(of).0, counts(of).1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_beyond_the_bound_are_counted_together() {
        let builds = Builds::default();
        for number in 0..MOST_BUILDS + 20 {
            builds.counts(Build { model: format!("model {number}"), ..Build::default() }).add(1, 0);
        }
        let all = builds.all();
        assert_eq!(all.len(), MOST_BUILDS + 1);
        assert_eq!(all.iter().map(|(_, frames, _)| frames).sum::<u64>(), MOST_BUILDS as u64 + 20);
        assert!(all.iter().any(|(build, frames, _)| build.vendor == "other" && *frames == 20));
    }
}
