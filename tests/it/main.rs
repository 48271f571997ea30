//! The service as a whole, in process on loopback: real sockets, a real ledger, its own clock.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod fleet;
mod handshakes;
mod operations;
mod quirks;
mod robustness;
mod support;
