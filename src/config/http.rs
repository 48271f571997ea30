//! `[http]`: the side that people and monitors read.

use std::net::SocketAddr;

use serde::Deserialize;

/// Settings of the reading side.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Address to listen on. Loopback unless you put something in front that authenticates.
    pub listen: SocketAddr,
    /// Whether `listen` may lie beyond loopback, and requests may name other hosts than loopback ones.
    pub allow_remote: bool,
    /// Largest `limit` of a page.
    pub max_page: usize,
}
