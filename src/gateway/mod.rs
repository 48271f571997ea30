//! The side that chargers talk to.
