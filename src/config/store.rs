//! `[store]`: the ledger.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of the ledger.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// Folder of the ledger and of the token key.
    pub data_dir: PathBuf,
    /// How long a commit waits for company, in milliseconds. 0 commits whatever is there.
    pub batch_window_ms: u64,
    /// Most records in one commit.
    pub batch_records: usize,
    /// Most records waiting; beyond it chargers are made to wait.
    pub queue_records: usize,
    /// Connections for reading.
    pub readers: usize,
    /// How often to write the mark that says we were alive, in seconds.
    pub alive_interval_s: u64,
    /// Keep raw frames this many days.
    pub frames_keep_days: u32,
    /// Keep at most this many megabytes of raw frames; the oldest go first.
    pub frames_max_mb: u64,
}
