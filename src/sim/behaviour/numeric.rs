//! Writes numbers as numbers, even the ids of its calls, and local time with a short offset.

use super::{Behaviour, IdStyle, TimeStyle, ValueStyle, plain};

/// Departs in the types of JSON values.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "numeric",
    vendor: "Shenley Charge",
    model: "Shenley",
    firmware: "2.0.1-beta",
    time: TimeStyle::ShortOffset,
    values: ValueStyle::Numbers,
    ids: IdStyle::Number,
    ..plain::BEHAVIOUR
};
