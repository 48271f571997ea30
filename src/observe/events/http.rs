//! Events of the side that people and monitors read.

use std::net::IpAddr;

use tracing::{error, warn};

use crate::observe::{Emit, Observer};

/// Somebody asked without a token that is in force.
pub struct CallerRefused {
    /// Where from.
    pub peer: IpAddr,
    /// One word for what is wrong with the token.
    pub reason: &'static str,
    /// Whether that address fails so often that it is counted and no longer told.
    pub throttled: bool,
}

impl Emit for CallerRefused {
    fn emit(self, observer: &Observer) {
        observer.metrics.http_refused.with_label_values(&[self.reason]).inc();
        if !self.throttled {
            warn!(peer = %self.peer, reason = self.reason, "request without a valid token refused");
        }
    }
}

/// What was decided about tokens could not be read; those that are known stay in force.
pub struct TokensUnread<'a> {
    /// Why.
    pub error: &'a dyn std::fmt::Display,
}

impl Emit for TokensUnread<'_> {
    fn emit(self, _: &Observer) {
        error!(error = %self.error, "tokens cannot be read; those that are known stay");
    }
}

/// Open data leaves out what OCPI asks more of than the registry says.
pub struct OpenDataWithheld<'a> {
    /// What, and what it lacks.
    pub what: &'a [String],
}

impl Emit for OpenDataWithheld<'_> {
    fn emit(self, _: &Observer) {
        // A registry that was never meant to be published lacks something everywhere.
        let some = self.what.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("; ");
        warn!(count = self.what.len(), some, "open data leaves out what the registry does not describe");
    }
}
