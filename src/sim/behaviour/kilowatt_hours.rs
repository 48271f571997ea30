//! Reads its register in kilowatt-hours with three decimals beside power in watts, and counts its calls from 1 after each boot.

use super::{Behaviour, EnergyStyle, IdStyle, plain};

/// Departs in the unit of the register.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "kilowatt_hours",
    vendor: "Tattenhoe EV",
    model: "Tattenhoe",
    firmware: "343",
    energy: EnergyStyle::KilowattHours,
    ids: IdStyle::Counter,
    stop_carries_data: true,
    boots_on_reconnect: false,
    ..plain::BEHAVIOUR
};
