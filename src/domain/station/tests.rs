//! Tests of the station machine: sentence-named tables, and random histories against what really happened.

mod availability;
mod drivers;
mod harness;
mod histories;
mod reports;
mod security;
mod sessions;
mod stories;
