//! The pure heart: what a charging network is and how facts change it. No I/O, no clock, no randomness, no logging:
//! everything here is told the time and returns what to do.
//!
//! Words are OCPP 2.x words (station, EVSE, connector, transaction). Words of one protocol version live in `ocpp`.

pub mod attempt;
pub mod availability;
pub mod bearer;
mod compact;
pub mod crowd;
pub mod demand;
pub mod deviation;
pub mod device;
pub mod driver;
pub mod energy;
pub mod event;
pub mod exemption;
pub mod facts;
pub mod failure;
pub mod fault;
pub mod flow;
pub mod ids;
pub mod imported;
pub mod memory;
pub mod meter;
pub mod ocpi;
pub mod opening;
pub mod outcome;
pub mod password;
pub mod people;
pub mod reading;
pub mod record;
pub mod security;
pub mod security_event;
pub mod sequence;
pub mod service;
pub mod signing;
pub mod station;
pub mod status;
pub mod stay;
pub mod summary;
mod sums;
pub mod telemetry;
pub mod time;
pub mod token;
