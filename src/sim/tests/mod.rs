//! The simulator judged by a simple server of its own: what a careful reader of the wire learns must be what the truth says.

mod csms;
mod fleet;
