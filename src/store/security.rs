//! What can be read of security events, beside [`super::archive`].

use crate::domain::ids::{ChargerId, FrameKey};
use crate::domain::time::At;

/// A security event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityEventView {
    /// Row number.
    pub id: i64,
    /// Its charger.
    pub charger: ChargerId,
    /// Where it is placed in time.
    pub at: At,
    /// Its kind, as sent.
    pub kind: String,
    /// Details.
    pub info: Option<String>,
    /// The frame that told it; it may be gone by retention.
    pub frame: Option<FrameKey>,
}

/// Which security events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityFilter {
    /// Of these chargers; empty means all.
    pub chargers: Vec<ChargerId>,
    /// At or after.
    pub from: Option<At>,
    /// Before.
    pub until: Option<At>,
    /// Of this kind, in any case.
    pub kind: Option<String>,
    /// Whether the specification calls its kind critical.
    pub critical: Option<bool>,
}
