//! `[availability]`: when a charger counts as unknown.

use serde::Deserialize;

/// Settings of the availability timeline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvailabilitySettings {
    /// A charger unheard for this many seconds is unknown since it was last heard. The heartbeat interval counts
    /// twice when that is longer.
    pub grace_s: u32,
}
