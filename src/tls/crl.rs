//! The authority's list of what it has revoked (RFC 5280), for whoever else trusts it: a proxy in front, another central
//! system. The listeners here need none, see [`super::revoked`].

use std::fmt::Display;
use std::path::Path;

use rcgen::{CertificateRevocationListParams, KeyIdMethod, KeyUsagePurpose, RevokedCertParams, SerialNumber};

use super::TlsError;
use super::authority::{Authority, DAY_MS, InUse, moment, whole_second};
use super::load::wrong;
use super::put::put;
use crate::config::ca::CaFiles;
use crate::domain::security::Revocation;
use crate::domain::time::At;

/// A list that was just signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    /// It, as PEM.
    pub pem: String,
    /// How many certificates it names.
    pub certificates: usize,
    /// When the next one must have taken its place.
    pub until: At,
}

impl InUse {
    /// Whether its certificate allows lists.
    pub(super) fn may_list(&self, files: &CaFiles) -> Result<(), TlsError> {
        let usages = self.issuer.key_usages();
        if usages.is_empty() || usages.contains(&KeyUsagePurpose::CrlSign) {
            return Ok(());
        }
        let why = "the certificate does not allow its key to sign lists of what is revoked (key usage cRLSign)";
        Err(wrong(&files.certificate, why))
    }
}

impl Authority {
    /// Signs the list of these. Its number is the time, so that a later list has a higher one.
    ///
    /// # Errors
    /// When the authority may not sign lists, or has run out.
    pub fn list(&self, revoked: &[Revocation], now: At) -> Result<RevocationList, TlsError> {
        let (files, in_use) = (self.files(), self.in_use());
        in_use.may_list(files)?;
        let told = |error: &dyn Display| wrong(&files.certificate, format!("no list can be signed: {error}"));
        let (number, now) = (u64::try_from(now.millis()).unwrap_or_default(), whole_second(now));
        let until = now.plus_millis(i64::from(files.crl_days) * DAY_MS).min(in_use.good.1);
        let entry = |one: &Revocation| {
            Ok(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&one.serial),
                revocation_time: moment(whole_second(one.at)).map_err(|error| told(&error))?.to_datetime(),
                reason_code: None,
                invalidity_date: None,
            })
        };
        let list = CertificateRevocationListParams {
            this_update: moment(now).map_err(|error| told(&error))?.to_datetime(),
            next_update: moment(until).map_err(|error| told(&error))?.to_datetime(),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect::<Result<_, TlsError>>()?,
            key_identifier_method: in_use.identifier.clone().map_or(KeyIdMethod::Sha256, KeyIdMethod::PreSpecified),
        };
        let signed = list.signed_by(&in_use.issuer).and_then(|list| list.pem());
        let pem = signed.map_err(|error| told(&error))?;
        Ok(RevocationList { pem, certificates: revoked.len(), until })
    }
}

impl RevocationList {
    /// Puts it in its place, whole or not at all. It holds no secret: whoever checks certificates must read it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&self, path: &Path) -> Result<(), TlsError> {
        put(path, &self.pem, 0o644)
    }
}
