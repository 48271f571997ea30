//! Events of telemetry on its way out.

use std::time::Duration;

use tracing::{debug, error, info, warn};

use crate::observe::{Emit, Observer};

/// A sink begins to send.
pub struct SinkBegan<'a> {
    /// Which.
    pub sink: &'static str,
    /// Where to.
    pub target: &'a str,
    /// Changes that wait for it; `None` when it has never sent from this ledger.
    pub waiting: Option<i64>,
}

impl Emit for SinkBegan<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.sink_up.with_label_values(&[self.sink]).set(1);
        let (sink, target) = (self.sink, self.target);
        match self.waiting {
            Some(waiting) => info!(sink, target, waiting, "telemetry goes on where it stopped"),
            None => info!(sink, target, "telemetry is sent from now on; `chargewatch backfill` sends what was before"),
        }
    }
}

/// The schema is another than what was written last.
pub struct SchemaChanged {
    /// Which sink.
    pub sink: &'static str,
    /// Version written last.
    pub was: i64,
    /// Version written from now on.
    pub is: i64,
}

impl Emit for SchemaChanged {
    fn emit(self, _observer: &Observer) {
        let Self { sink, was, is } = self;
        warn!(sink, was, is, "the telemetry schema has changed; `chargewatch backfill` writes the past in the new one");
    }
}

/// A server has taken a batch.
pub struct PointsTaken {
    /// Which sink.
    pub sink: &'static str,
    /// How many points.
    pub points: u64,
    /// How many bytes on the wire.
    pub bytes: u64,
}

impl Emit for PointsTaken {
    fn emit(self, observer: &Observer) {
        let metrics = &observer.metrics;
        metrics.sink_points.with_label_values(&[self.sink]).inc_by(self.points);
        metrics.sink_bytes.with_label_values(&[self.sink]).inc_by(self.bytes);
        metrics.sink_requests.with_label_values(&[self.sink, "taken"]).inc();
    }
}

/// A server takes nothing at present; the batch is sent again after a pause.
pub struct SinkTrouble<'a> {
    /// Which sink.
    pub sink: &'static str,
    /// Why, without secrets.
    pub reason: &'a str,
    /// The pause.
    pub pause: Duration,
    /// Whether it is the first of a row.
    pub is_news: bool,
}

impl Emit for SinkTrouble<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.sink_up.with_label_values(&[self.sink]).set(0);
        observer.metrics.sink_requests.with_label_values(&[self.sink, "retried"]).inc();
        let (sink, reason, pause_ms) = (self.sink, self.reason, self.pause.as_millis());
        if self.is_news {
            warn!(sink, reason, pause_ms, "telemetry waits for its server");
        } else {
            debug!(sink, reason, pause_ms, "telemetry still waits for its server");
        }
    }
}

/// A server takes points again.
pub struct SinkRecovered {
    /// Which sink.
    pub sink: &'static str,
}

impl Emit for SinkRecovered {
    fn emit(self, observer: &Observer) {
        observer.metrics.sink_up.with_label_values(&[self.sink]).set(1);
        info!(sink = self.sink, "telemetry flows again");
    }
}

/// A batch was refused for what it says; it is sent again in halves.
pub struct BatchRefused<'a> {
    /// Which sink.
    pub sink: &'static str,
    /// Why.
    pub reason: &'a str,
    /// How many points it had.
    pub points: usize,
}

impl Emit for BatchRefused<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.sink_requests.with_label_values(&[self.sink, "refused"]).inc();
        debug!(sink = self.sink, reason = self.reason, points = self.points, "a batch was refused and is halved");
    }
}

/// A single point was refused for what it says, and is laid aside.
pub struct PointRefused<'a> {
    /// Which sink.
    pub sink: &'static str,
    /// Why.
    pub reason: &'a str,
}

impl Emit for PointRefused<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.sink_dead_letters.with_label_values(&[self.sink]).inc();
        warn!(sink = self.sink, reason = self.reason, "a point was refused; it lies in dead_letter of the ledger");
    }
}

/// So much was waiting that live data goes first and the rest is back-filled.
pub struct BackfillOpened {
    /// Which sink.
    pub sink: &'static str,
    /// How many changes are left for later.
    pub rows: i64,
}

impl Emit for BackfillOpened {
    fn emit(self, _observer: &Observer) {
        info!(sink = self.sink, rows = self.rows, "telemetry sends what is new first, and what has waited behind it");
    }
}

/// How far a sink is behind.
pub struct SinkLag {
    /// Which sink.
    pub sink: &'static str,
    /// `live` or `backfill`.
    pub part: &'static str,
    /// Changes yet to be sent.
    pub rows: i64,
    /// Age of the oldest.
    pub age: Duration,
}

impl Emit for SinkLag {
    fn emit(self, observer: &Observer) {
        let labels = [self.sink, self.part];
        observer.metrics.sink_rows_behind.with_label_values(&labels).set(self.rows);
        let seconds = i64::try_from(self.age.as_secs()).unwrap_or(i64::MAX);
        observer.metrics.sink_lag_seconds.with_label_values(&labels).set(seconds);
    }
}

/// The ledger fails a sink; it tries again.
pub struct SinkWithoutLedger<'a> {
    /// Which sink.
    pub sink: &'static str,
    /// Why.
    pub reason: &'a str,
}

impl Emit for SinkWithoutLedger<'_> {
    fn emit(self, _observer: &Observer) {
        warn!(sink = self.sink, reason = self.reason, "telemetry cannot read the ledger");
    }
}

/// Changes went before a sink had taken them: there were too many.
pub struct OutboxCut {
    /// How many.
    pub rows: i64,
}

impl Emit for OutboxCut {
    fn emit(self, observer: &Observer) {
        observer.metrics.outbox_dropped.inc_by(u64::try_from(self.rows).unwrap_or(0));
        error!(
            rows = self.rows,
            "changes were dropped before telemetry had sent them; `chargewatch backfill` sends them"
        );
    }
}
