//! Writes milliseconds, marks the beginning and the end of a session with readings, and does not boot again after a lost link.

use super::{Behaviour, TimeStyle, plain};

/// Departs in the writing of time and in silence after a reconnect.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "fractional",
    vendor: "Loughton Power",
    model: "Loughton",
    firmware: "1.9.14",
    time: TimeStyle::Millis,
    reads_begin_and_end: true,
    boots_on_reconnect: false,
    ..plain::BEHAVIOUR
};
