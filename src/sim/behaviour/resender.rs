//! Sends starts and stops once more under a new id, although they were answered.

use super::{Behaviour, ReplayOrder, plain};

/// Departs by not believing answers.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "resender",
    vendor: "Heelands Automation",
    model: "Heelands",
    firmware: "5.0.33",
    replay: ReplayOrder::QueueFirst,
    resends: true,
    ..plain::BEHAVIOUR
};
