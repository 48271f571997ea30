//! Leaves out whatever has a default: the zone of a time, the measurand and the unit of a register.

use super::{Behaviour, EnergyStyle, TimeStyle, plain};

/// Departs by saying as little as the specification allows, and less.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "bare",
    vendor: "Brickhill Devices",
    model: "Brickhill",
    firmware: "0.8",
    time: TimeStyle::NoZone,
    energy: EnergyStyle::Bare,
    authorizes: false,
    ..plain::BEHAVIOUR
};
