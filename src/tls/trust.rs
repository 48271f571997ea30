//! The other side of TLS, for whoever asks a chargewatch from here: it trusts what it is told to trust and nothing else,
//! not even the authorities of the system.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    StreamOwned,
};

use super::TlsError;
use super::load::{objects, wrong};

/// Whom to trust. Names and dates of a certificate that is trusted itself do not matter: it is known.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Certificates that are trusted themselves.
    known: Vec<CertificateDer<'static>>,
    /// The check of what others have signed, for the name that was asked for; none: nobody else is trusted.
    signed: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

/// A stream over TLS that blocks.
pub trait Secret: Read + Write {}

impl<S: Read + Write> Secret for S {}

impl Trust {
    /// Trusts the first certificate of a PEM file and no other: what follows it there has signed others as well.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn only(path: &Path) -> Result<Self, TlsError> {
        let mut known: Vec<CertificateDer<'static>> = objects(path, "certificate")?;
        known.truncate(1);
        Ok(Self { known, signed: None, provider: Arc::new(ring::default_provider()) })
    }

    /// Trusts the certificates of a PEM file, and what these have signed.
    ///
    /// # Errors
    /// When the file cannot be read, or nobody could be trusted by it.
    pub fn of(path: &Path) -> Result<Self, TlsError> {
        let known: Vec<CertificateDer<'static>> = objects(path, "certificate")?;
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        for authority in &known {
            roots.add(authority.clone()).map_err(|error| wrong(path, error))?;
        }
        let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        Ok(Self { known, signed: Some(signed.build().map_err(|error| wrong(path, error))?), provider })
    }

    /// Encrypts a connection to a server of this name: a DNS name or an IP address. The handshake itself is made when
    /// something is written.
    ///
    /// # Errors
    /// When that is no name.
    pub fn secure(&self, name: &str, stream: TcpStream) -> Result<impl Secret + use<>, String> {
        let told = |error: Error| error.to_string();
        let name = ServerName::try_from(name.to_owned()).map_err(|_| format!("\"{name}\" is no name of a server"))?;
        let config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(told)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.clone()))
            .with_no_client_auth();
        Ok(StreamOwned::new(ClientConnection::new(Arc::new(config), name).map_err(told)?, stream))
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.known.contains(end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.signed {
            Some(signed) => signed.verify_server_cert(end_entity, intermediates, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
