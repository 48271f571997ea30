//! Events of who may come in and who may charge.

use tracing::{debug, warn};

use crate::domain::driver::Permission;
use crate::domain::ids::ChargerId;
use crate::observe::{Emit, Observer};

/// What people decided could not be read; what was read before stays.
pub struct DeskUnread<'a> {
    /// Why.
    pub reason: &'a str,
}

impl Emit for DeskUnread<'_> {
    fn emit(self, _observer: &Observer) {
        warn!(reason = self.reason, "credentials and driver tokens could not be read anew; those read before stay");
    }
}

/// All connected chargers were looked through.
pub struct GateSeen {
    /// Chargers that wait for an operator.
    pub held: usize,
    /// Chargers of which too many wrong passwords were shown.
    pub chargers_waiting: usize,
    /// Addresses from which too many were.
    pub addresses_waiting: usize,
}

impl Emit for GateSeen {
    fn emit(self, observer: &Observer) {
        let metrics = &observer.metrics;
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        metrics.chargers_held.set(whole(self.held));
        metrics.credential_waits.with_label_values(&["charger"]).set(whole(self.chargers_waiting));
        metrics.credential_waits.with_label_values(&["address"]).set(whole(self.addresses_waiting));
    }
}

/// A charger was told that a token may not charge.
pub struct DriverRefused<'a> {
    /// Which charger.
    pub charger: &'a ChargerId,
    /// What it was told.
    pub permission: Permission,
}

impl Emit for DriverRefused<'_> {
    fn emit(self, observer: &Observer) {
        let permission = self.permission.word();
        observer.metrics.drivers_refused.with_label_values(&[permission]).inc();
        debug!(charger = self.charger.as_str(), permission, "driver refused");
    }
}
