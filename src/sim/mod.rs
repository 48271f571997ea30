//! The simulated charger and fleet.
