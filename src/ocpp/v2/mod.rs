//! What OCPP 2.0.1 and 2.1 share: every message that a charging station sends, declared once with the differences of the
//! two versions marked. Which of them a version has stands in `v201` and `v21`.
//!
//! Messages whose parts become events are records (`core`, `transactions`, `metering`, `events`, `device`, `tasks`);
//! all others are held against their `shapes`, and their frames are kept.

pub(super) mod core;
pub(super) mod device;
pub(super) mod events;
mod ids;
pub(super) mod metering;
pub(super) mod reply;
pub(super) mod security;
pub(super) mod shapes;
pub(super) mod tasks;
pub(super) mod transactions;
pub(super) mod words;
