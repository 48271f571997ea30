//! The plain charger of OCPP 2.1: the state of a connector is an event of a variable, and the end of a session tells what it cost.

use super::{Behaviour, Protocol, hub};

/// Departs from nothing that its specification says.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "notifier",
    vendor: "Ashland Current",
    model: "Ashland",
    firmware: "21.0.4",
    protocol: Protocol::V21,
    pairs_connectors: false,
    reads_by_the_clock: false,
    tells_states_as_events: true,
    tells_cost: true,
    ..hub::BEHAVIOUR
};
