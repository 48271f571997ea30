//! Puts blanks around every number, begins enumerations with a small letter and fills optional texts with nothing.

use super::{Behaviour, ValueStyle, plain};

/// Departs in the writing of nearly everything.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "padded",
    vendor: "Furzton Systems",
    model: "Furzton",
    firmware: "V1.5@25238",
    values: ValueStyle::Padded,
    small_letters: true,
    empty_strings: true,
    ..plain::BEHAVIOUR
};
