//! Checks of client certificates as rustls makes them, with a note whose certificate was refused: whoever runs a
//! thousand chargers behind one address wants to know which of them has one that has expired.

use std::cell::RefCell;
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::Revoked;
use super::certificate::ClientCertificate;
use crate::domain::security::Fingerprint;

tokio::task_local! {
    /// The first name in the certificate that this handshake has refused.
    static REFUSED: RefCell<Option<String>>;
}

/// Longest name that is noted: whoever has made the certificate has chosen it.
const LONGEST: usize = 100;

/// Runs a handshake; also gives the name in the certificate that was refused, if one was.
pub(super) async fn noting<F: Future>(handshake: F) -> (F::Output, Option<String>) {
    REFUSED
        .scope(RefCell::new(None), async {
            let output = handshake.await;
            (output, REFUSED.with(RefCell::take))
        })
        .await
}

/// rustls' checks, and what was revoked at the desk.
#[derive(Debug)]
pub(super) struct Noting(pub(super) Arc<dyn ClientCertVerifier>, pub(super) Revoked);

impl ClientCertVerifier for Noting {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let revoked = self.1.has(&Fingerprint::of(end_entity));
        let checked = self.0.verify_client_cert(end_entity, intermediates, now);
        let checked = if revoked { checked.and(Err(CertificateError::Revoked.into())) } else { checked };
        checked.inspect_err(|_| {
            let name = ClientCertificate::read(end_entity).and_then(|read| read.names.into_iter().next());
            let clean = |name: String| name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            // Outside of a handshake nobody asks.
            REFUSED.try_with(|refused| *refused.borrow_mut() = name.map(clean)).ok();
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
