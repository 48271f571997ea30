//! Prints its frames over several lines and puts each sampled value into a bucket of its own.

use super::{Behaviour, IdStyle, plain};

/// Departs in the layout of frames and readings.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "pretty",
    vendor: "Walnut Tree",
    model: "Walnut",
    firmware: "6.6.12",
    ids: IdStyle::Counter,
    pretty_printed: true,
    one_sample_per_bucket: true,
    ..plain::BEHAVIOUR
};
