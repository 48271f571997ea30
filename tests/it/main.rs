//! What goes together: frames as they are read and answered, and the service as a whole, in process on loopback, with
//! real sockets, a real ledger and a clock of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    reason = "tests may: what is not as expected fails them"
)]

mod any_input;
mod calls;
mod figures;
mod fleet;
mod fleet_states;
mod frames;
mod fuzz;
mod gate;
mod handshakes;
mod imports;
mod limits;
mod month;
mod mutations;
mod operations;
mod papers;
mod people;
mod privacy;
#[path = "../fuzz/promises.rs"]
mod promises;
mod quirks;
mod quirks_reading;
mod replay;
mod replies;
mod robustness;
mod samples;
mod secure_fleet;
mod security;
mod support;
mod telemetry;
mod two_x;
