//! What is read from a certificate: whose it is, and for how long.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::domain::security::Fingerprint;
use crate::domain::time::At;

/// A certificate that a client has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Its common name and its DNS names: whose it is.
    pub names: Vec<String>,
    /// Until when it is good.
    pub until: At,
    /// Which one it is.
    pub fingerprint: Fingerprint,
}

impl ClientCertificate {
    /// Reads one; `None` when it cannot be read.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let until = at(certificate.validity().not_after.timestamp());
        Some(Self { names: names(&certificate), until, fingerprint: Fingerprint::of(der) })
    }
}

/// An instant from seconds since 1970.
pub(super) fn at(seconds: i64) -> At {
    At::from_millis(seconds.saturating_mul(1000))
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let dns = alternative.iter().flat_map(|extension| &extension.value.general_names).filter_map(|name| {
        let GeneralName::DNSName(name) = name else { return None };
        Some(*name)
    });
    common.chain(dns).map(str::to_owned).collect()
}
