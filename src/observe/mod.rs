//! What happened, told: named events write their log line and their metrics, and keep the live picture.
//!
//! Elsewhere in the program there are only spans and `debug`/`trace` lines; whatever an operator should read in a log
//! or see on a graph has a name in `events/`.

pub mod board;
pub mod builds;
pub mod events;
pub mod exempt;
pub mod log;
pub mod metrics;
pub mod page;

use std::sync::Arc;

/// Where events are told. Cheap to clone.
#[derive(Clone)]
pub struct Observer {
    /// The metrics of this process.
    pub metrics: Arc<metrics::Metrics>,
    /// The live picture of the network.
    pub board: Arc<board::Board>,
}

/// Something that happened, with a name: tells log, metrics and live picture.
pub trait Emit {
    /// Tells it.
    fn emit(self, observer: &Observer);
}

impl Observer {
    /// A new observer with empty metrics.
    ///
    /// # Errors
    /// When two metrics of the table have the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        Ok(Self { metrics: Arc::new(metrics::Metrics::new()?), board: Arc::default() })
    }

    /// Tells an event.
    pub fn tell(&self, event: impl Emit) {
        event.emit(self);
    }
}
