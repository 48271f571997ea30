//! Reading certificates, keys, authorities and lists of revoked certificates, with every check that can be made before
//! somebody connects.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{Error, InconsistentKeys, RootCertStore, ServerConfig};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::certificate::at;
use super::verify::Noting;
use super::{Expiry, Revoked, TlsError};
use crate::config::listener::TlsFiles;
use crate::domain::time::At;

/// What is in use.
pub(super) struct Loaded {
    /// What the next connection gets.
    pub(super) config: Arc<ServerConfig>,
    /// When it runs out.
    pub(super) expiry: Expiry,
}

/// What the files looked like: time of change, length and inode of each.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen(Vec<Option<(i64, i64, u64, u64)>>);

impl Seen {
    pub(super) fn of<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let look = |path: &PathBuf| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.mtime(), meta.mtime_nsec(), meta.len(), meta.ino()))
        };
        Self(files.into_iter().map(look).collect())
    }
}

impl Loaded {
    pub(super) fn from(files: &TlsFiles, revoked_here: &Revoked) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain: Vec<CertificateDer<'static>> = objects(&files.certificate, "certificate")?;
        let certificate = good_until(&files.certificate, &chain)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| pem(&files.key, "private key", &error))?;
        let (verifier, client_ca, crl) = match &files.client_ca {
            None => (None, None, None),
            Some(path) => {
                let authorities: Vec<CertificateDer<'static>> = objects(path, "certificate")?;
                let until = good_until(path, &authorities)?;
                let (lists, next) = match &files.crl {
                    Some(crl) => revoked(crl, path, &authorities)?,
                    None => (Vec::new(), None),
                };
                let verifier = clients(files, authorities, lists, provider.clone())?;
                let verifier: Arc<dyn ClientCertVerifier> = Arc::new(Noting(verifier, revoked_here.clone()));
                (Some(verifier), Some(until), next)
            }
        };
        let config = config(files, provider, verifier, chain, key)?;
        Ok(Self { config: Arc::new(config), expiry: Expiry { certificate, client_ca, crl } })
    }
}

fn config(
    files: &TlsFiles,
    provider: Arc<CryptoProvider>,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| wrong(&files.certificate, error))?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| {
        let told = if error == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
            format!("this key does not belong to the certificate in {}", files.certificate.display())
        } else {
            format!("certificate and key cannot be used: {error}")
        };
        wrong(&files.key, told)
    })?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The check of chargers' certificates.
fn clients(
    files: &TlsFiles,
    authorities: Vec<CertificateDer<'static>>,
    lists: Vec<CertificateRevocationListDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let path = files.client_ca.as_deref().unwrap_or(Path::new(""));
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(|error| wrong(path, error))?;
    }
    // A list speaks for its own authority alone; where there is none, nothing is revoked.
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .with_crls(lists)
        .allow_unknown_revocation_status()
        .build()
        .map_err(|error| wrong(files.crl.as_deref().unwrap_or(path), error))?;
    Ok(verifier)
}

/// Lists of revoked certificates, and when the first of them should have been replaced.
fn revoked(
    path: &Path,
    authorities_path: &Path,
    authorities: &[CertificateDer<'_>],
) -> Result<(Vec<CertificateRevocationListDer<'static>>, Option<At>), TlsError> {
    let lists: Vec<CertificateRevocationListDer<'static>> = objects(path, "list of revoked certificates")?;
    let mut first: Option<At> = None;
    for der in &lists {
        let (_, list) = CertificateRevocationList::from_der(der).map_err(|error| wrong(path, error))?;
        let signed = authorities.iter().any(|authority| {
            let Ok((_, authority)) = X509Certificate::from_der(authority) else { return false };
            authority.subject() == list.issuer() && list.verify_signature(authority.public_key()).is_ok()
        });
        if !signed {
            let told = format!(
                "the list of \"{}\" is signed by no authority in {}: put that authority there, or nobody is revoked",
                list.issuer(),
                authorities_path.display()
            );
            return Err(wrong(path, told));
        }
        let next = list.next_update().map(|next| at(next.timestamp()));
        first = [first, next].into_iter().flatten().min();
    }
    Ok((lists, first))
}

/// Until when all of these are good. They must be so now.
pub(super) fn good_until(path: &Path, chain: &[CertificateDer<'_>]) -> Result<At, TlsError> {
    let now = At::from(Utc::now());
    let mut until: Option<At> = None;
    for der in chain {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| wrong(path, error))?;
        let validity = certificate.validity();
        let (from, to) = (at(validity.not_before.timestamp()), at(validity.not_after.timestamp()));
        let subject = certificate.subject();
        if to < now {
            return Err(wrong(path, format!("the certificate of \"{subject}\" has expired on {}", validity.not_after)));
        }
        if from > now {
            let told = format!("the certificate of \"{subject}\" is good only from {}", validity.not_before);
            return Err(wrong(path, told));
        }
        until = Some(until.map_or(to, |until| until.min(to)));
    }
    until.ok_or_else(|| wrong(path, "there is no certificate in it"))
}

/// Everything of a kind in a PEM file; at least one.
pub(super) fn objects<T: PemObject>(path: &Path, what: &str) -> Result<Vec<T>, TlsError> {
    let found: Result<Vec<T>, PemError> = T::pem_file_iter(path).and_then(Iterator::collect);
    let found = found.map_err(|error| pem(path, what, &error))?;
    if found.is_empty() { Err(pem(path, what, &PemError::NoItemsFound)) } else { Ok(found) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's errors grow, and all others are one kind")]
fn pem(path: &Path, what: &str, error: &PemError) -> TlsError {
    match error {
        PemError::Io(error) => wrong(path, format!("cannot be read: {error}")),
        PemError::NoItemsFound => wrong(path, format!("there is no {what} in it (PEM is wanted: -----BEGIN …)")),
        other => wrong(path, format!("is not PEM: {other}")),
    }
}

pub(super) fn wrong(path: &Path, told: impl ToString) -> TlsError {
    TlsError { file: path.display().to_string(), wrong: told.to_string() }
}
