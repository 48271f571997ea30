//! InfluxDB 2, and whatever takes its line protocol at `/api/v2/write`.
//!
//! **The one place that knows the `influxdb2` crate.** It carries the request and says what the server answered; the rest
//! is done here, because in 0.5.2
//! - its own encoder writes lines that a server refuses, and they take the lines behind them along: [`super::line`] writes;
//! - its compression is at the slowest level, and switched on by switching it off: the body comes compressed, and the
//!   header that says so is a default of the HTTP client that the crate is given;
//! - it has no time limit: that client has one;
//! - it panics on an address that is none and drops its path: the settings refuse both before;
//! - it tells status and text of an answer but no header: after a 429 or 503 an empty request is sent beside the crate, to
//!   learn from its `Retry-After` how long the server wants to be left alone. That also spares a server in trouble the
//!   whole batch.
//!
//! It is built on reqwest 0.11 and with it on rustls 0.21, whose certificate checks carry the advisories RUSTSEC-2026-0098,
//! -0099 and -0104, and on h2 0.3 (RUSTSEC-2026-0258). They concern what a server in the middle could send. Nobody but the
//! server named in the settings is spoken to; where that is not on the same machine, keep a TLS proxy that is under your
//! own eyes in between until the crate has moved on.

mod client;

pub use client::{Influx, InfluxError};
