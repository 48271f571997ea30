//! The plain charger of OCPP 2.0.1: two connectors under each EVSE where the kit allows, readings by the clock between sessions.

use super::{Behaviour, Protocol, TimeStyle, plain};

/// Departs from nothing that its specification says.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "hub",
    vendor: "Oldbrook Mobility",
    model: "Oldbrook",
    firmware: "2024.11.3",
    protocol: Protocol::V201,
    time: TimeStyle::Millis,
    boots_on_reconnect: false,
    pairs_connectors: true,
    reads_by_the_clock: true,
    ..plain::BEHAVIOUR
};
