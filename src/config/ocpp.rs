//! `[ocpp]`: the side that chargers connect to.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// Settings of the charger side.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OcppSettings {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Path before the charger's identity; connections without it are understood too.
    pub path: String,
    /// What to assume when a charger offers no subprotocol.
    pub without_subprotocol: WithoutSubprotocol,
    /// What to do with chargers that the registry does not know.
    pub unknown_chargers: UnknownChargers,
    /// File of charger passwords (TOML, `"charger id" = "password"`); none means that no charger has one.
    #[serde(deserialize_with = "super::path_or_none")]
    pub passwords_file: Option<PathBuf>,
    /// Heartbeat interval given to chargers at boot, in seconds.
    pub heartbeat_interval_s: u32,
    /// How often to ping each charger, in seconds.
    pub ping_interval_s: u32,
    /// Close a connection after this many seconds without a byte from the charger.
    pub silence_limit_s: u32,
    /// A connection must have become a WebSocket within this many seconds.
    pub handshake_timeout_s: u32,
    /// Largest message, in bytes. At least 1 MiB is advised.
    pub max_message_bytes: usize,
    /// Most connections at once.
    pub max_connections: usize,
}

/// What to assume when a charger offers no subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum WithoutSubprotocol {
    /// OCPP 1.6J.
    #[serde(rename = "ocpp1.6")]
    Ocpp16,
    /// Refuse the connection.
    #[serde(rename = "refuse")]
    Refuse,
}

/// What to do with chargers that the registry does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownChargers {
    /// Serve and record them, marked `unregistered`.
    Accept,
    /// Record them, but answer their boots with `Pending` until the registry knows them.
    Hold,
    /// Refuse the connection with 404.
    Refuse,
}
