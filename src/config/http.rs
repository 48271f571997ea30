//! `[http]`: the side that people and monitors read.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::listener::TlsFiles;

/// Settings of the reading side.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Address to listen on. Loopback unless you put something in front that authenticates.
    pub listen: SocketAddr,
    /// Whether `listen` may lie beyond loopback, and requests may name other hosts than loopback ones.
    pub allow_remote: bool,
    /// PEM file of the certificate and its chain; none: plain HTTP.
    #[serde(deserialize_with = "super::path_or_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of its key.
    #[serde(deserialize_with = "super::path_or_none")]
    pub key_file: Option<PathBuf>,
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
