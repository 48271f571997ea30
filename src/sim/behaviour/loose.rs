//! Speaks OCPP 2.0.1 as it once spoke 1.6: numbers are text with blanks around them, words begin with a small letter, each sampled
//! value has a bucket of its own, and the numbers of events go on from one transaction to the next.

use super::{Behaviour, IdStyle, Protocol, ValueStyle, plain};

/// Departs in the writing of nearly everything.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "loose",
    vendor: "Tongwell Technik",
    model: "Tongwell",
    firmware: "v5",
    protocol: Protocol::V201,
    values: ValueStyle::Padded,
    ids: IdStyle::Number,
    small_letters: true,
    one_sample_per_bucket: true,
    numbers_events_on: true,
    ..plain::BEHAVIOUR
};
