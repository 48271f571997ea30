//! Speaks OCPP 2.0.1 with few words: kilowatt-hours with a power of ten, the connector once, nothing that may be left out. Its
//! transactions begin at plug-in, are counted from 1 and, when the power fails, never end.

use super::{AfterPowerCut, Begins, Behaviour, EnergyStyle, IdStyle, Protocol, plain};

/// Departs by leaving the rest to be known.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "scaled",
    vendor: "Monkston Motion",
    model: "Monkston",
    firmware: "0.17",
    protocol: Protocol::V201,
    energy: EnergyStyle::Scaled,
    ids: IdStyle::Counter,
    authorizes: false,
    after_power_cut: AfterPowerCut::NeverStops,
    begins: Begins::PlugIn,
    names_connector_once: true,
    leaves_out_optional: true,
    power_cuts: 4.0,
    ..plain::BEHAVIOUR
};
