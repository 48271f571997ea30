//! Events of our own calls to chargers.

use tracing::{debug, info, warn};

use crate::domain::ids::ChargerId;
use crate::observe::{Emit, Observer};

/// A charger was asked something.
pub struct CallSent<'a> {
    /// Which.
    pub charger: &'a ChargerId,
    /// What.
    pub action: &'static str,
}

impl Emit for CallSent<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.calls_sent.with_label_values(&[self.action]).inc();
        info!(charger = self.charger.as_str(), action = self.action, "call sent");
    }
}

/// A call is over: it was answered, or will not be.
pub struct CallEnded<'a> {
    /// Whom it was for.
    pub charger: &'a ChargerId,
    /// What was asked.
    pub action: &'static str,
    /// What became of it, one word.
    pub outcome: &'static str,
}

impl Emit for CallEnded<'_> {
    fn emit(self, observer: &Observer) {
        let (action, outcome) = (self.action, self.outcome);
        observer.metrics.calls_ended.with_label_values(&[action, outcome]).inc();
        if outcome == "answered" {
            debug!(charger = self.charger.as_str(), action, "call answered");
        } else {
            warn!(charger = self.charger.as_str(), action, outcome, "call not answered as it should be");
        }
    }
}

/// A charger answered what it was not asked, or no longer.
pub struct AnswerUnmatched<'a> {
    /// Which.
    pub charger: &'a ChargerId,
}

impl Emit for AnswerUnmatched<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.answers_unmatched.inc();
        debug!(charger = self.charger.as_str(), "an answer that belongs to no call");
    }
}
