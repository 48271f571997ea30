//! The addresses that people and chargers connect to, with their certificates: loaded before anything else starts, so
//! that a mistake is told at once.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::crl::Kept;
use crate::config::Settings;
use crate::config::listener::TlsFiles;
use crate::gateway::{Address, Signer};
use crate::observe::Observer;
use crate::tls::{Authority, Revoked, Tls, TlsError, Watched, watch};

/// Every address that has certificates of its own, and those of chargers.
pub(super) struct Doors {
    /// The addresses of chargers.
    pub(super) chargers: Vec<Address>,
    /// Certificates of the reading side; none: plain HTTP.
    pub(super) readers: Option<Tls>,
    /// The authority that signs certificates for chargers, where one is configured.
    pub(super) signer: Option<Arc<Signer>>,
    /// Certificates that are refused everywhere: to be filled from the desk.
    pub(super) revoked: Revoked,
    watched: Vec<Watched>,
    reload_s: u64,
}

impl Doors {
    /// Loads the certificates that the settings name.
    pub(super) fn load(settings: &Settings) -> Result<Self, TlsError> {
        let mut watched = Vec::new();
        let revoked = Revoked::default();
        let mut load = |listen: std::net::SocketAddr, files: Option<TlsFiles>| {
            let tls = files.map(|files| Tls::load(files, revoked.clone())).transpose()?;
            watched.extend(tls.iter().map(|tls| Watched { listener: listen.to_string(), tls: tls.clone() }));
            Ok(tls)
        };
        let mut chargers = Vec::new();
        for of in settings.listeners() {
            chargers.push(Address { listen: of.listen, security: of.security, tls: load(of.listen, of.tls)? });
        }
        let readers = load(settings.http.listen, settings.http.tls())?;
        let authority = settings.ca.files().map(|files| Authority::load(&files)).transpose()?;
        let signer = authority.map(|authority| Arc::new(Signer::new(authority, settings.ca.clone())));
        Ok(Self { chargers, readers, signer, revoked, watched, reload_s: settings.tls.reload_s })
    }

    /// The list of what was revoked, where a file of it is to be kept.
    pub(super) fn list(&self) -> Option<Kept> {
        let authority = self.signer.as_ref()?.authority().clone();
        let file = authority.files().crl_file.clone()?;
        Some(Kept { file, authority, revoked: self.revoked.clone() })
    }

    /// How many addresses have certificates.
    pub(super) fn with_certificates(&self) -> usize {
        self.watched.len()
    }

    /// Tells when certificates run out, and reads them anew when they change.
    pub(super) fn watch(&mut self, observer: &Observer) -> JoinHandle<()> {
        let authority = self.signer.as_ref().map(|signer| signer.authority().clone());
        tokio::spawn(watch(std::mem::take(&mut self.watched), authority, self.reload_s, observer.clone()))
    }
}
