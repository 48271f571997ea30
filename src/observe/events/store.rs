//! Events of the ledger.

use std::time::Duration;

use tracing::{error, info, warn};

use crate::observe::{Emit, Observer};

/// The ledger was opened.
pub struct LedgerOpened<'a> {
    /// Its file.
    pub path: &'a std::path::Path,
    /// How long chargewatch was not running before, if ever it ran.
    pub outage: Option<Duration>,
}

impl Emit for LedgerOpened<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.store_writable.set(1);
        let outage_s = self.outage.map(|outage| outage.as_secs());
        observer.metrics.outage_seconds.set(i64::try_from(outage_s.unwrap_or(0)).unwrap_or(i64::MAX));
        info!(path = %self.path.display(), outage_s, "ledger opened");
    }
}

/// A batch became durable.
pub struct Committed {
    /// How many records.
    pub records: usize,
    /// How long the transaction took.
    pub took: Duration,
}

impl Emit for Committed {
    fn emit(self, observer: &Observer) {
        observer.metrics.commit_seconds.observe(self.took.as_secs_f64());
        observer.metrics.committed_records.inc_by(self.records as u64);
    }
}

/// The ledger takes no writes; chargers wait for their answers.
pub struct LedgerTrouble<'a> {
    /// Why.
    pub reason: &'a str,
}

impl Emit for LedgerTrouble<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.store_writable.set(0);
        observer.metrics.commit_failures.with_label_values(&["retried"]).inc();
        error!(reason = self.reason, "the ledger takes no writes; chargers are not answered until it does");
    }
}

/// The ledger takes writes again.
pub struct LedgerRecovered;

impl Emit for LedgerRecovered {
    fn emit(self, observer: &Observer) {
        observer.metrics.store_writable.set(1);
        info!("the ledger takes writes again");
    }
}

/// The ledger refused a record for what it says.
pub struct RecordRefused<'a> {
    /// Why.
    pub reason: &'a str,
}

impl Emit for RecordRefused<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.commit_failures.with_label_values(&["refused"]).inc();
        error!(reason = self.reason, "the ledger refused a record");
    }
}

/// A record that needs no answer found the queue full.
pub struct RecordDropped;

impl Emit for RecordDropped {
    fn emit(self, observer: &Observer) {
        observer.metrics.queue_dropped.inc();
    }
}

/// Clearing out old frames failed; it is tried again.
pub struct RetentionFailed<'a> {
    /// Why.
    pub reason: &'a str,
}

impl Emit for RetentionFailed<'_> {
    fn emit(self, _observer: &Observer) {
        warn!(reason = self.reason, "old frames could not be cleared out");
    }
}
