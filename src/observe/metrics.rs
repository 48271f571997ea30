//! The one table of this process's own metrics. Per-charger and per-connector series come from the live picture.

use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::domain::security_event::{KINDS, OTHER, SecurityKind};

/// Buckets for answers and commits: 0.5 ms to 10 s.
const SECONDS: [f64; 13] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

const EXPIRES: &str = "When the certificate of the listener runs out.";
const CA_EXPIRES: &str = "When the first authority of chargers' certificates runs out.";
const CRL_DUE: &str = "When the list of revoked certificates should have been replaced.";
const FILES_BAD: &str = "1 while the newest certificate files of the listener cannot be used, else 0.";

const SIGNING_CA_EXPIRES: &str = "When the authority that signs certificates for chargers runs out.";
const WISHES: &str = "Wishes of chargers for certificates, by what came of them.";
const DELIVERED: &str = "Certificates signed here, by what the charger said to them.";
const SIGNING_CRL_BAD: &str = "1 while the list of revoked certificates cannot be written.";
const INTENSITY_ROUNDS: &str = "Rounds of asking for carbon intensity, by what came of them.";
const SECURITY_EVENTS: &str = "Security events of chargers, and those found here, by kind.";

/// The metrics of this process.
pub struct Metrics {
    /// Where they are registered.
    pub registry: Registry,
    /// Frames received from chargers, by action.
    pub frames: IntCounterVec,
    /// Bytes received from chargers.
    pub received_bytes: IntCounter,
    /// Calls sent to chargers, by action.
    pub calls_sent: IntCounterVec,
    /// Calls that are over, by action and what became of them.
    pub calls_ended: IntCounterVec,
    /// Answers of chargers that belong to no call.
    pub answers_unmatched: IntCounter,
    /// Deviations from the specification, by rule.
    pub deviations: IntCounterVec,
    /// Time from a frame's arrival to its answer.
    pub answer_seconds: Histogram,
    /// Handshakes by outcome.
    pub handshakes: IntCounterVec,
    /// Refused handshakes that were counted only.
    pub handshakes_not_kept: IntCounter,
    /// Pauses in reading a socket, by limit.
    pub held_back: IntCounterVec,
    /// Takeovers of identities that are contested.
    pub contested_takeovers: IntCounter,
    /// Chargers connected now that wait for an operator to accept them.
    pub chargers_held: IntGauge,
    /// Chargers and addresses that have to wait after too many wrong passwords.
    pub credential_waits: IntGaugeVec,
    /// Answers that a token may not charge, by status.
    pub drivers_refused: IntCounterVec,
    /// Chargers connected now.
    pub connections: IntGauge,
    /// Connections ended, by reason.
    pub connections_ended: IntCounterVec,
    /// Records waiting for a commit.
    pub queue_records: IntGauge,
    /// Records that found the queue full and were dropped (frames that need no row of their own).
    pub queue_dropped: IntCounter,
    /// Time of a commit.
    pub commit_seconds: Histogram,
    /// Records committed.
    pub committed_records: IntCounter,
    /// Commits that failed, by what follows.
    pub commit_failures: IntCounterVec,
    /// 1 while the ledger takes writes.
    pub store_writable: IntGauge,
    /// Size of the ledger's files.
    pub store_bytes: IntGauge,
    /// Bytes that are free where the ledger lies.
    pub store_free_bytes: IntGauge,
    /// How long chargewatch was not running before it started, in seconds.
    pub outage_seconds: IntGauge,
    /// Points that a server of telemetry has taken, by sink.
    pub sink_points: IntCounterVec,
    /// Bytes sent to a server of telemetry and taken, compressed, by sink.
    pub sink_bytes: IntCounterVec,
    /// Requests to a server of telemetry, by sink and outcome.
    pub sink_requests: IntCounterVec,
    /// Points refused for what they say, by sink.
    pub sink_dead_letters: IntCounterVec,
    /// Changes that are yet to be sent, by sink and part (live, backfill).
    pub sink_rows_behind: IntGaugeVec,
    /// Age of the oldest change that is yet to be sent, in seconds, by sink and part.
    pub sink_lag_seconds: IntGaugeVec,
    /// 1 while the last request was taken, by sink.
    pub sink_up: IntGaugeVec,
    /// Rounds of asking for carbon intensity, by what came of them.
    pub intensity_rounds: IntCounterVec,
    /// Changes that went before a sink had taken them.
    pub outbox_dropped: IntCounter,
    /// Requests without a token that is in force, by what is wrong with it.
    pub http_refused: IntCounterVec,
    /// When the certificate of a listener runs out, in seconds since 1970.
    pub certificate_expiry: IntGaugeVec,
    /// When the authorities of chargers' certificates run out, by listener, in seconds since 1970.
    pub client_ca_expiry: IntGaugeVec,
    /// When the list of revoked certificates should have been replaced, by listener, in seconds since 1970.
    pub crl_next_update: IntGaugeVec,
    /// 1 while the newest files of a listener cannot be used.
    pub certificate_files_bad: IntGaugeVec,
    /// Connections with a weaker security profile than the one before.
    pub downgrades: IntCounter,
    /// Wishes of chargers for certificates, by what came of them.
    pub certificate_requests: IntCounterVec,
    /// Certificates signed here, by what the charger said to them.
    pub certificates_delivered: IntCounterVec,
    /// When the authority that signs for chargers runs out, in seconds since 1970; no series where there is none.
    pub signing_ca_expiry: IntGaugeVec,
    /// 1 while the authority's list of what was revoked cannot be written; no series where none is kept.
    pub signing_crl_bad: IntGaugeVec,
    /// Security events put down, by kind.
    pub security_events: IntCounterVec,
    /// Time of an HTTP answer, by route.
    pub http_seconds: HistogramVec,
}

impl Metrics {
    /// Makes and registers all of them.
    ///
    /// # Errors
    /// When two have the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let table = Table { registry: &registry };
        let metrics = Self {
            frames: table.counters("frames_total", "Frames received from chargers.", &["action"])?,
            received_bytes: table.counter("received_bytes_total", "Bytes of frames received from chargers.")?,
            deviations: table.counters("deviations_total", "Deviations from OCPP found in frames.", &["rule"])?,
            calls_sent: table.counters("calls_sent_total", "Calls sent to chargers.", &["action"])?,
            calls_ended: table.counters("calls_ended_total", "Calls that are over.", &["action", "outcome"])?,
            answers_unmatched: table.counter("answers_unmatched_total", "Answers of chargers to no call.")?,
            answer_seconds: table.histogram("answer_seconds", "Time from a frame's arrival to its answer.")?,
            handshakes: table.counters("handshakes_total", "Connection attempts of chargers.", &["outcome"])?,
            handshakes_not_kept: table.counter("handshakes_not_kept_total", "Refusals counted, not logged or kept.")?,
            held_back: table.counters("held_back_total", "Pauses in reading a socket, by limit.", &["limit"])?,
            contested_takeovers: table.counter("contested_takeovers_total", "Takeovers of contested identities.")?,
            chargers_held: table.gauge("chargers_held", "Chargers connected that wait for an operator.")?,
            credential_waits: table.gauges("credential_waits", "Who waits after too many wrong passwords.", &["of"])?,
            drivers_refused: table.counters("drivers_refused_total", "Tokens that were not accepted.", &["status"])?,
            connections: table.gauge("connections", "Chargers connected now.")?,
            connections_ended: table.counters("connections_ended_total", "Connections ended.", &["reason"])?,
            queue_records: table.gauge("store_queue_records", "Records waiting for a commit.")?,
            queue_dropped: table.counter("store_queue_dropped_total", "Frames not kept because the queue was full.")?,
            commit_seconds: table.histogram("store_commit_seconds", "Time of one durable commit.")?,
            committed_records: table.counter("store_committed_records_total", "Records made durable.")?,
            commit_failures: table.counters("store_commit_failures_total", "Commits that failed.", &["outcome"])?,
            store_writable: table.gauge("store_writable", "1 while the ledger takes writes, else 0.")?,
            store_bytes: table.gauge("store_size_bytes", "Size of the ledger's files.")?,
            store_free_bytes: table.gauge("store_free_bytes", "Bytes that are free where the ledger lies.")?,
            outage_seconds: table.gauge("outage_seconds", "How long chargewatch was not running before its start.")?,
            sink_points: table.counters("sink_points_total", "Points taken by a telemetry server.", &["sink"])?,
            sink_bytes: table.counters("sink_bytes_total", "Compressed bytes taken by it.", &["sink"])?,
            sink_requests: table.counters("sink_requests_total", "Requests by outcome.", &["sink", "outcome"])?,
            sink_dead_letters: table.counters("sink_dead_letters_total", "Points refused for good.", &["sink"])?,
            sink_rows_behind: table.gauges("sink_rows_behind", "Changes yet to be sent.", &["sink", "part"])?,
            sink_lag_seconds: table.gauges("sink_lag_seconds", "Age of the oldest unsent.", &["sink", "part"])?,
            sink_up: table.gauges("sink_up", "1 while the telemetry server takes points, else 0.", &["sink"])?,
            intensity_rounds: table.counters("intensity_rounds_total", INTENSITY_ROUNDS, &["outcome"])?,
            outbox_dropped: table.counter("outbox_dropped_total", "Changes dropped before a sink took them.")?,
            http_refused: table.counters("http_refused_total", "Requests without a valid token.", &["reason"])?,
            certificate_expiry: table.gauges("certificate_expiry_timestamp_seconds", EXPIRES, &["listener"])?,
            client_ca_expiry: table.gauges("client_ca_expiry_timestamp_seconds", CA_EXPIRES, &["listener"])?,
            crl_next_update: table.gauges("crl_next_update_timestamp_seconds", CRL_DUE, &["listener"])?,
            certificate_files_bad: table.gauges("certificate_files_bad", FILES_BAD, &["listener"])?,
            downgrades: table.counter("security_downgrades_total", "Connections less secure than the one before.")?,
            certificate_requests: table.counters("certificate_requests_total", WISHES, &["outcome"])?,
            certificates_delivered: table.counters("certificates_delivered_total", DELIVERED, &["outcome"])?,
            signing_ca_expiry: table.gauges("signing_ca_expiry_timestamp_seconds", SIGNING_CA_EXPIRES, &[])?,
            signing_crl_bad: table.gauges("signing_crl_bad", SIGNING_CRL_BAD, &[])?,
            security_events: table.counters("security_events_total", SECURITY_EVENTS, &["event", "critical"])?,
            http_seconds: table.histograms("http_request_seconds", "Time of an HTTP answer.", &["route", "status"])?,
            registry: registry.clone(),
        };
        // What is to be seen with its first time must have been 0 before.
        for kind in KINDS.into_iter().chain([OTHER]) {
            metrics.security_event(kind).inc_by(0);
        }
        for outcome in ["accepted", "rejected", "unanswered"] {
            metrics.certificates_delivered.with_label_values(&[outcome]).inc_by(0);
        }
        Ok(metrics)
    }

    /// The counter of a kind of security event.
    pub fn security_event(&self, kind: SecurityKind) -> IntCounter {
        let critical = if kind.critical { "yes" } else { "no" };
        self.security_events.with_label_values(&[kind.name, critical])
    }
}

/// Registers metrics under the program's prefix.
struct Table<'a> {
    registry: &'a Registry,
}

impl Table<'_> {
    fn keep<M: prometheus::core::Collector + Clone + 'static>(&self, metric: M) -> Result<M, prometheus::Error> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn opts(name: &str, help: &str) -> Opts {
        Opts::new(name, help).namespace("chargewatch")
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.keep(IntCounter::with_opts(Self::opts(name, help))?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        self.keep(IntCounterVec::new(Self::opts(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.keep(IntGauge::with_opts(Self::opts(name, help))?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        self.keep(IntGaugeVec::new(Self::opts(name, help), labels)?)
    }

    fn histogram(&self, name: &str, help: &str) -> Result<Histogram, prometheus::Error> {
        let opts = HistogramOpts { common_opts: Self::opts(name, help), buckets: SECONDS.to_vec() };
        self.keep(Histogram::with_opts(opts)?)
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec, prometheus::Error> {
        let opts = HistogramOpts { common_opts: Self::opts(name, help), buckets: SECONDS.to_vec() };
        self.keep(HistogramVec::new(opts, labels)?)
    }
}
