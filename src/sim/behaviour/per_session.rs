//! Counts each session from nought: every start register is 0.

use super::{Behaviour, Register, TimeStyle, plain};

/// Departs in what the register counts.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "per_session",
    vendor: "Emerson Valley",
    model: "Emerson",
    firmware: "3.3",
    time: TimeStyle::Millis,
    register: Register::PerSession,
    boots_on_reconnect: false,
    ..plain::BEHAVIOUR
};
