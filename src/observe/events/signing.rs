//! Events of certificates that chargers ask for.

use tracing::{error, info, warn};

use crate::domain::ids::ChargerId;
use crate::domain::time::At;
use crate::observe::{Emit, Observer};

/// How the authority is called where listeners have their addresses.
const AUTHORITY: &str = "[ca]";

/// An authority signs for chargers from now on.
pub struct AuthorityInUse {
    /// Until when it can sign.
    pub until: At,
    /// Whether its files were read anew.
    pub anew: bool,
}

impl Emit for AuthorityInUse {
    fn emit(self, observer: &Observer) {
        observer.metrics.signing_ca_expiry.with_label_values(&[] as &[&str]).set(self.until.millis() / 1000);
        observer.metrics.certificate_files_bad.with_label_values(&[AUTHORITY]).set(0);
        let told = if self.anew { "the authority was read anew" } else { "certificates are signed for chargers" };
        info!(until = self.until.to_string(), "{told}");
    }
}

/// The new files of the authority cannot be used; what was there before stays in use.
pub struct AuthorityBad<'a> {
    /// The file, and what is wrong with it.
    pub reason: &'a str,
}

impl Emit for AuthorityBad<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.certificate_files_bad.with_label_values(&[AUTHORITY]).set(1);
        error!(reason = self.reason, "the new authority cannot be used; the one before stays");
    }
}

/// The list of what was revoked is in its place for whoever else trusts the authority.
pub struct RevocationListWritten {
    /// How many certificates it names.
    pub certificates: usize,
    /// When the next one must have taken its place.
    pub until: At,
}

impl Emit for RevocationListWritten {
    fn emit(self, observer: &Observer) {
        observer.metrics.signing_crl_bad.with_label_values(&[] as &[&str]).set(0);
        info!(certificates = self.certificates, until = self.until.to_string(), "list of revoked certificates written");
    }
}

/// That list could not be written; the one before stays, and what was revoked since is not in it.
pub struct RevocationListNotWritten<'a> {
    /// Why.
    pub reason: &'a str,
}

impl Emit for RevocationListNotWritten<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.signing_crl_bad.with_label_values(&[] as &[&str]).set(1);
        error!(reason = self.reason, "the list of revoked certificates cannot be written; others see the one before");
    }
}

/// A certificate was signed for a charger.
pub struct CertificateSigned<'a> {
    /// Whose it is.
    pub charger: &'a ChargerId,
    /// Its serial number.
    pub serial: &'a str,
    /// Until when it is good.
    pub until: At,
}

impl Emit for CertificateSigned<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.certificate_requests.with_label_values(&["signed"]).inc();
        let (charger, until) = (self.charger.as_str(), self.until.to_string());
        info!(charger, serial = self.serial, until, "certificate signed");
    }
}

/// A charger asked for a certificate and got none.
pub struct CertificateRefused<'a> {
    /// Which.
    pub charger: &'a ChargerId,
    /// Why, one word.
    pub outcome: &'static str,
    /// Why.
    pub reason: &'a str,
}

impl Emit for CertificateRefused<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.certificate_requests.with_label_values(&[self.outcome]).inc();
        warn!(charger = self.charger.as_str(), reason = self.reason, "no certificate signed");
    }
}

/// What a charger said to its certificate, or that it said nothing.
pub struct CertificateDelivered<'a> {
    /// Whose it is.
    pub charger: &'a ChargerId,
    /// Its serial number.
    pub serial: &'a str,
    /// What, one word.
    pub delivery: &'static str,
}

impl Emit for CertificateDelivered<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.certificates_delivered.with_label_values(&[self.delivery]).inc();
        let (charger, serial, delivery) = (self.charger.as_str(), self.serial, self.delivery);
        if delivery == "accepted" {
            info!(charger, serial, "certificate taken by the charger");
        } else {
            warn!(charger, serial, delivery, "certificate not taken by the charger");
        }
    }
}

/// What a charger said to its certificate could not be kept.
pub struct DeliveryNotKept<'a> {
    /// Which charger.
    pub charger: &'a ChargerId,
    /// Why.
    pub reason: &'a str,
}

impl Emit for DeliveryNotKept<'_> {
    fn emit(self, _observer: &Observer) {
        error!(charger = self.charger.as_str(), reason = self.reason, "the charger's word on its certificate is lost");
    }
}
