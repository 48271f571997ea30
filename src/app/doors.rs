//! The addresses that people and chargers connect to, with their certificates: loaded before anything else starts, so
//! that a mistake is told at once.

use tokio::task::JoinHandle;

use crate::config::Settings;
use crate::config::listener::TlsFiles;
use crate::gateway::Address;
use crate::observe::Observer;
use crate::tls::{Tls, TlsError, Watched, watch};

/// Every address that has certificates of its own, and those of chargers.
pub(super) struct Doors {
    /// The addresses of chargers.
    pub(super) chargers: Vec<Address>,
    /// Certificates of the reading side; none: plain HTTP.
    pub(super) readers: Option<Tls>,
    watched: Vec<Watched>,
    reload_s: u64,
}

impl Doors {
    /// Loads the certificates that the settings name.
    pub(super) fn load(settings: &Settings) -> Result<Self, TlsError> {
        let mut watched = Vec::new();
        let mut load = |listen: std::net::SocketAddr, files: Option<TlsFiles>| {
            let tls = files.map(Tls::load).transpose()?;
            watched.extend(tls.iter().map(|tls| Watched { listener: listen.to_string(), tls: tls.clone() }));
            Ok(tls)
        };
        let mut chargers = Vec::new();
        for of in settings.listeners() {
            chargers.push(Address { listen: of.listen, security: of.security, tls: load(of.listen, of.tls)? });
        }
        let readers = load(settings.http.listen, settings.http.tls())?;
        Ok(Self { chargers, readers, watched, reload_s: settings.tls.reload_s })
    }

    /// How many addresses have certificates.
    pub(super) fn with_certificates(&self) -> usize {
        self.watched.len()
    }

    /// Tells when certificates run out, and reads them anew when they change.
    pub(super) fn watch(&mut self, observer: &Observer) -> JoinHandle<()> {
        tokio::spawn(watch(std::mem::take(&mut self.watched), self.reload_s, observer.clone()))
    }
}
