//! Looks after certificates: tells when they run out, and reads them anew when a file changes or SIGHUP asks for it.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::{Authority, Tls};
use crate::observe::Observer;
use crate::observe::events::signing::{AuthorityBad, AuthorityInUse};
use crate::observe::events::tls::{CertificatesBad, CertificatesInUse};

/// Certificates, and where they are used.
pub struct Watched {
    /// The address of the listener, as a label.
    pub listener: String,
    /// Its certificates.
    pub tls: Tls,
}

impl Watched {
    fn tell(&self, observer: &Observer, anew: bool) {
        let expiry = self.tls.expiry();
        observer.tell(CertificatesInUse {
            listener: &self.listener,
            certificate: expiry.certificate,
            client_ca: expiry.client_ca,
            crl: expiry.crl,
            anew,
        });
    }

    fn look(&self, observer: &Observer, asked: bool) {
        match self.tls.reload(asked) {
            None => {}
            Some(Ok(())) => self.tell(observer, true),
            Some(Err(error)) => {
                observer.tell(CertificatesBad { listener: &self.listener, reason: &error.to_string() });
            }
        }
    }
}

fn look_at(authority: &Authority, observer: &Observer, asked: bool) {
    match authority.reload(asked) {
        None => {}
        Some(Ok(())) => observer.tell(AuthorityInUse { until: authority.until(), anew: true }),
        Some(Err(error)) => observer.tell(AuthorityBad { reason: &error.to_string() }),
    }
}

/// Watches for ever. Connections that live are not touched; a bad new file changes nothing. `every_s` of 0 looks only on
/// SIGHUP.
pub async fn watch(all: Vec<Watched>, authority: Option<Authority>, every_s: u64, observer: Observer) {
    for watched in &all {
        watched.tell(&observer, false);
    }
    if let Some(authority) = &authority {
        observer.tell(AuthorityInUse { until: authority.until(), anew: false });
    }
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let pause = Duration::from_secs(if every_s == 0 { u64::from(u32::MAX) } else { every_s });
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            () = tokio::time::sleep(pause) => false,
        };
        for watched in &all {
            watched.look(&observer, asked);
        }
        if let Some(authority) = &authority {
            look_at(authority, &observer, asked);
        }
    }
}
