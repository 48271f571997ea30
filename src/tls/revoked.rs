//! Certificates that were revoked at the desk. They are refused in the handshake, beside those of the files that list what
//! other authorities have revoked: at once, and without a file to be made and carried about.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::Notify;

use crate::domain::security::Fingerprint;

/// Their fingerprints. Cheap to clone; all clones see the newest at once.
#[derive(Clone, Debug, Default)]
pub struct Revoked(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    fingerprints: RwLock<HashSet<Fingerprint>>,
    changed: Notify,
}

impl Revoked {
    /// From now on it is these.
    pub fn replace(&self, fingerprints: HashSet<Fingerprint>) {
        let mut held = self.0.fingerprints.write();
        if *held != fingerprints {
            *held = fingerprints;
            self.0.changed.notify_one();
        }
    }

    /// Whether a certificate is one of them.
    pub fn has(&self, fingerprint: &Fingerprint) -> bool {
        self.0.fingerprints.read().contains(fingerprint)
    }

    /// Returns once they are others than when this returned last. For one that waits.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }
}
