//! Forgets the transaction id when a session began offline: readings and stop carry -1.

use super::{Behaviour, TimeStyle, plain};

/// Departs by queueing what should have waited for the answer.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "forgetful",
    vendor: "Bancroft Energy",
    model: "Bancroft",
    firmware: "0.5.0",
    time: TimeStyle::Millis,
    forgets_transaction_id: true,
    offline_length: 4.0,
    ..plain::BEHAVIOUR
};
