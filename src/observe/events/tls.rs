//! Events of certificates.

use tracing::{error, info};

use crate::domain::time::At;
use crate::observe::{Emit, Observer};

/// A listener uses these certificates from now on.
pub struct CertificatesInUse<'a> {
    /// The listener's address.
    pub listener: &'a str,
    /// When the certificate runs out.
    pub certificate: At,
    /// When the authorities of chargers' certificates run out.
    pub client_ca: Option<At>,
    /// When the list of revoked certificates should have been replaced.
    pub crl: Option<At>,
    /// Whether they were read anew.
    pub anew: bool,
}

impl Emit for CertificatesInUse<'_> {
    fn emit(self, observer: &Observer) {
        let metrics = &observer.metrics;
        let label = [self.listener];
        metrics.certificate_expiry.with_label_values(&label).set(seconds(self.certificate));
        for (gauge, at) in [(&metrics.client_ca_expiry, self.client_ca), (&metrics.crl_next_update, self.crl)] {
            match at {
                Some(at) => gauge.with_label_values(&label).set(seconds(at)),
                // It may never have been there.
                None => drop(gauge.remove_label_values(&label)),
            }
        }
        metrics.certificate_files_bad.with_label_values(&label).set(0);
        let (listener, until) = (self.listener, self.certificate.to_string());
        let told = if self.anew { "certificates read anew" } else { "certificates in use" };
        info!(listener, until, "{told}");
    }
}

/// The new files of a listener cannot be used; what was there before stays in use.
pub struct CertificatesBad<'a> {
    /// The listener's address.
    pub listener: &'a str,
    /// The file, and what is wrong with it.
    pub reason: &'a str,
}

impl Emit for CertificatesBad<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.certificate_files_bad.with_label_values(&[self.listener]).set(1);
        let (listener, reason) = (self.listener, self.reason);
        error!(listener, reason, "the new certificates cannot be used; those before stay");
    }
}

/// Seconds since 1970.
fn seconds(at: At) -> i64 {
    at.millis() / 1000
}
