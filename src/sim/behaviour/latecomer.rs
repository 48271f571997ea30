//! Stands where the signal is poor: offline for hours, then everything is replayed in order before the present status.

use super::{Behaviour, ReplayOrder, plain};

/// Departs by telling late, power cuts included.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "latecomer",
    vendor: "Caldecotte Lake",
    model: "Caldecotte",
    firmware: "7.1",
    boots_on_reconnect: false,
    replay: ReplayOrder::QueueFirst,
    offline_length: 14.0,
    power_cuts: 4.0,
    ..plain::BEHAVIOUR
};
