//! `[http]`: the side that people and monitors read.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::listener::TlsFiles;

/// Settings of the reading side.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Address to listen on. Beyond loopback it needs HTTPS and a token.
    pub listen: SocketAddr,
    /// Names besides those of loopback that requests may carry while listening on loopback: what a proxy passes on.
    pub hosts: Vec<String>,
    /// PEM file of the certificate and its chain; none: plain HTTP.
    #[serde(deserialize_with = "super::path_or_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of its key.
    #[serde(deserialize_with = "super::path_or_none")]
    pub key_file: Option<PathBuf>,
    /// Most connections at once; more wait. At most half of them are live pages.
    pub max_connections: usize,
    /// Most requests at once; more get 503.
    pub max_requests: usize,
    /// Seconds for a request's head, for its body, and for a reader that stalls.
    pub timeout_s: u64,
    /// Longest address of a request; a longer one gets 414.
    pub max_url_bytes: usize,
    /// Requests without a token in force that one address may send in a minute; more get 429.
    pub failures_a_minute: u32,
    /// Largest `limit` of a page.
    pub max_page: usize,
}

impl HttpSettings {
    /// The files of HTTPS; none: plain HTTP.
    pub fn tls(&self) -> Option<TlsFiles> {
        let (certificate, key) = self.certificate_file.clone().zip(self.key_file.clone())?;
        Some(TlsFiles { certificate, key, client_ca: None, crl: None })
    }
}
