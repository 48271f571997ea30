//! Named events, one file per area.

pub mod gateway;
pub mod station;
pub mod store;
