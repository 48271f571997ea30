//! Certificates that were revoked at the desk. They are refused in the handshake, beside those of the files that list what
//! other authorities have revoked: at once, and without a file to be made and carried about.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::security::Fingerprint;

/// Their fingerprints. Cheap to clone; all clones see the newest at once.
#[derive(Clone, Debug, Default)]
pub struct Revoked(Arc<RwLock<HashSet<Fingerprint>>>);

impl Revoked {
    /// From now on it is these.
    pub fn replace(&self, fingerprints: HashSet<Fingerprint>) {
        *self.0.write() = fingerprints;
    }

    /// Whether a certificate is one of them.
    pub fn has(&self, fingerprint: &Fingerprint) -> bool {
        self.0.read().contains(fingerprint)
    }
}
