//! `[ocpp]`: the side that chargers connect to.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{Error, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::listener::Security;

/// Settings of the charger side.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OcppSettings {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// What a charger must show on `listen`.
    pub security_profile: Security,
    /// PEM file of our certificate and its chain, for every listener with TLS that names no other.
    #[serde(deserialize_with = "super::path_or_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of its key.
    #[serde(deserialize_with = "super::path_or_none")]
    pub key_file: Option<PathBuf>,
    /// PEM file of the authorities that sign chargers' certificates, for profile 3.
    #[serde(deserialize_with = "super::path_or_none")]
    pub client_ca_file: Option<PathBuf>,
    /// PEM file of certificates that they have revoked.
    #[serde(deserialize_with = "super::path_or_none")]
    pub crl_file: Option<PathBuf>,
    /// Path before the charger's identity; connections without it are understood too.
    pub path: String,
    /// The versions that are spoken, the preferred one first.
    #[serde(deserialize_with = "versions")]
    pub versions: Vec<Protocol>,
    /// What to do with a charger that offers no subprotocol.
    pub without_subprotocol: Fallback,
    /// What to do with a charger that offers only subprotocols that are not spoken here.
    pub odd_subprotocol: Fallback,
    /// Whether chargers of OCPP 2.x are asked for their device model after each boot.
    pub ask_device_model: bool,
    /// What to do with chargers that the registry does not know.
    pub unknown_chargers: UnknownChargers,
    /// Heartbeat interval given to chargers at boot, in seconds.
    pub heartbeat_interval_s: u32,
    /// How often to ping each charger, in seconds.
    pub ping_interval_s: u32,
    /// Close a connection after this many seconds without a byte from the charger.
    pub silence_limit_s: u32,
    /// How long the answer to a call of ours is awaited, in seconds.
    pub call_timeout_s: u32,
    /// A connection must have become a WebSocket within this many seconds.
    pub handshake_timeout_s: u32,
    /// Largest message, in bytes. At least 1 MiB is advised.
    pub max_message_bytes: usize,
    /// Most connections at once.
    pub max_connections: usize,
}

/// A version of OCPP, as its WebSocket subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Protocol {
    /// OCPP 1.6J.
    #[serde(rename = "ocpp1.6")]
    Ocpp16,
    /// OCPP 2.0.1.
    #[serde(rename = "ocpp2.0.1")]
    Ocpp201,
    /// OCPP 2.1.
    #[serde(rename = "ocpp2.1")]
    Ocpp21,
}

/// What to do with a charger that does not say in which version it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Fallback {
    /// Assume OCPP 1.6J.
    #[serde(rename = "ocpp1.6")]
    Ocpp16,
    /// Assume OCPP 2.0.1.
    #[serde(rename = "ocpp2.0.1")]
    Ocpp201,
    /// Assume OCPP 2.1.
    #[serde(rename = "ocpp2.1")]
    Ocpp21,
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

/// A list, or a text with commas, as the environment gives it.
fn versions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Protocol>, D::Error> {
    struct Versions;
    impl<'de> Visitor<'de> for Versions {
        type Value = Vec<Protocol>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of \"ocpp1.6\", \"ocpp2.0.1\", \"ocpp2.1\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            let word = |word: &str| {
                let word: StrDeserializer<'_, WordError> = word.into_deserializer();
                Protocol::deserialize(word).map_err(E::custom)
            };
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(word).collect()
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
            let mut versions = Vec::new();
            while let Some(version) = sequence.next_element()? {
                versions.push(version);
            }
            Ok(versions)
        }
    }
    deserializer.deserialize_any(Versions)
}
