//! Speaks OCPP 2.0.1 from where the signal is poor: what happens now is told before what happened offline, and events are told twice.

use super::{Behaviour, EnergyStyle, Protocol, ReplayOrder, TimeStyle, plain};

/// Departs in the order and the number of its events.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "jumbled",
    vendor: "Woughton Grid",
    model: "Woughton",
    firmware: "3.0.0-rc2",
    protocol: Protocol::V201,
    time: TimeStyle::Millis,
    energy: EnergyStyle::KilowattHours,
    boots_on_reconnect: false,
    replay: ReplayOrder::NewsFirst,
    resends: true,
    offline_length: 5.0,
    power_cuts: 2.0,
    ..plain::BEHAVIOUR
};
