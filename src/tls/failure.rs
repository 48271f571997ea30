//! Why a TLS handshake came to nothing: one word for lists and metrics, and what else is worth knowing.

use std::io;

use tokio_rustls::rustls::{CertificateError, Error};

/// Why, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The peer went away before it had said anything: a port scan, a health check.
    Silent,
    /// It went away in the middle. Many clients do so when they do not trust our certificate.
    Gone,
    /// What it said is not TLS: most often plain HTTP.
    NotTls,
    /// It knows no version or no cipher suite that we know.
    NothingInCommon,
    /// It refuses us, by an alert: most often it does not know who has signed our certificate.
    RefusesUs,
    /// It showed no certificate.
    NoCertificate,
    /// Its certificate is of an authority that we do not know.
    UnknownAuthority,
    /// Its certificate has expired.
    Expired,
    /// Its certificate is not good yet: most often its clock, or that of the authority, is wrong.
    NotYetGood,
    /// Its certificate has been revoked.
    Revoked,
    /// There is something else wrong with its certificate.
    BadCertificate,
    /// It does not keep to the protocol.
    Broken,
}

impl Reason {
    /// The word for lists and metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Silent => "tls_silent",
            Self::Gone => "tls_gone",
            Self::NotTls => "tls_not_tls",
            Self::NothingInCommon => "tls_nothing_in_common",
            Self::RefusesUs => "tls_refuses_us",
            Self::NoCertificate => "tls_no_certificate",
            Self::UnknownAuthority => "tls_unknown_authority",
            Self::Expired => "tls_expired",
            Self::NotYetGood => "tls_not_yet_good",
            Self::Revoked => "tls_revoked",
            Self::BadCertificate => "tls_bad_certificate",
            Self::Broken => "tls_broken",
        }
    }
}

/// A TLS handshake that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// What else is worth knowing, in words: the alert, the error, the name in the certificate that was refused.
    pub detail: String,
}

impl Failure {
    /// Reads an error of the handshake. `shown` names the certificate that was refused, `first` tells whether the peer
    /// had yet to say something whole.
    pub(super) fn of(error: &io::Error, shown: Option<String>, first: bool) -> Self {
        let reason = error.get_ref().and_then(|inner| inner.downcast_ref()).map(|error| reason(error, first));
        let reason = reason.unwrap_or(if first { Reason::Silent } else { Reason::Gone });
        let wordless = matches!(reason, Reason::Silent | Reason::Gone);
        let told = if wordless { String::new() } else { error.to_string() };
        let whose = shown.map(|name| format!("the certificate of \"{name}\" was shown"));
        let detail = [Some(told).filter(|told| !told.is_empty()), whose];
        Self { reason, detail: detail.into_iter().flatten().collect::<Vec<_>>().join("; ") }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's errors grow, and what is not named here is one kind")]
fn reason(error: &Error, first: bool) -> Reason {
    match error {
        Error::NoCertificatesPresented => Reason::NoCertificate,
        Error::InvalidCertificate(wrong) => of_certificate(wrong),
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => Reason::NothingInCommon,
        Error::AlertReceived(_) => Reason::RefusesUs,
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } if first => Reason::NotTls,
        _ => Reason::Broken,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's errors grow, and what is not named here is one kind")]
fn of_certificate(wrong: &CertificateError) -> Reason {
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Reason::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Reason::NotYetGood,
        CertificateError::Revoked => Reason::Revoked,
        CertificateError::UnknownIssuer => Reason::UnknownAuthority,
        _ => Reason::BadCertificate,
    }
}
