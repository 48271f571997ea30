//! `[log]`: what is logged and how.

use serde::Deserialize;

/// Settings of the log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Form of a line.
    pub format: LogFormat,
    /// What to log, e.g. `info` or `info,chargewatch::gateway=debug`.
    pub filter: String,
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}
