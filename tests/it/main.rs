//! The service as a whole, in process on loopback: real sockets, a real ledger, its own clock.

mod handshakes;
mod quirks;
mod robustness;
mod support;
