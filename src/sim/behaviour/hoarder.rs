//! Keeps every status while offline and sends them all, in order, when it is back.

use super::{Behaviour, ReplayOrder, TimeStyle, plain};

/// Departs by telling history as if it were news.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "hoarder",
    vendor: "Stonebridge Works",
    model: "Stonebridge",
    firmware: "2.11",
    time: TimeStyle::Millis,
    keeps_all_statuses: true,
    replay: ReplayOrder::QueueFirst,
    offline_length: 3.0,
    ..plain::BEHAVIOUR
};
