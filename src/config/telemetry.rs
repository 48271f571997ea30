//! `[telemetry]`: how long readings and their roll-ups are kept.

use serde::Deserialize;

/// Settings of readings and roll-ups in the ledger. 0 days means for good.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// Keep raw readings this many days.
    pub raw_keep_days: u32,
    /// Keep roll-ups of a minute this many days.
    pub minute_keep_days: u32,
    /// Keep roll-ups of 15 minutes this many days.
    pub quarter_keep_days: u32,
    /// Keep roll-ups of an hour this many days.
    pub hour_keep_days: u32,
    /// Keep at most so many changes that a sink has not taken; the oldest go first, counted.
    pub outbox_rows: u64,
}
