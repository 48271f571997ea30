//! Stands on a weak supply: sessions end without a stop, and now and then it boots in a loop.

use super::{AfterPowerCut, Behaviour, plain};

/// Departs by losing what it had not written down.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "powerless",
    vendor: "Giffard Park",
    model: "Giffard",
    firmware: "1.04",
    boot_loops: true,
    after_power_cut: AfterPowerCut::NeverStops,
    power_cuts: 6.0,
    ..plain::BEHAVIOUR
};
