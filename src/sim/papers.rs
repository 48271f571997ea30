//! What simulated chargers show when they connect, and whom they trust: the security profiles 1 to 3 of OCPP.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// In a password it stands for the id of the charger.
const ID: &str = "{id}";

/// A certificate that is signed here is good from so long before now …
const BEFORE: Duration = Duration::from_secs(86_400);

/// … until so long after it.
const AFTER: Duration = Duration::from_secs(30 * 86_400);

/// Where what chargers show comes from. Nothing: they come without a password and without a certificate.
#[derive(Clone, Default)]
pub struct Credentials {
    /// PEM file of the authorities that have signed the server's certificate; `wss://` needs it.
    pub ca_file: Option<PathBuf>,
    /// The password of every charger; `{id}` in it stands for the charger's id.
    pub password: Option<String>,
    /// CSV file with the columns charger and password, as `charger import` takes it.
    pub passwords_file: Option<PathBuf>,
    /// Folder with a certificate `ID.pem` and its key `ID.key` for each charger.
    pub certificates: Option<PathBuf>,
    /// PEM files of an authority's certificate and key: each charger gets a certificate signed by it.
    pub client_ca: Option<(PathBuf, PathBuf)>,
}

/// Without the password.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "…");
        let files = (&self.ca_file, &self.passwords_file, &self.certificates, &self.client_ca);
        f.debug_struct("Credentials").field("password", &password).field("files", &files).finish()
    }
}

/// Why chargers cannot be given what they are to show: the file or option, and what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct BadPapers {
    what: String,
    why: String,
}

/// What one charger shows.
#[derive(Clone)]
pub(crate) struct Papers {
    /// The value of the header Authorization.
    pub(crate) authorization: Option<String>,
    /// How it encrypts; none: plain.
    pub(crate) tls: Option<TlsConnector>,
}

impl Credentials {
    /// The papers of each of these chargers, for a server that speaks TLS or not.
    ///
    /// # Errors
    /// When a file cannot be used, or has nothing for one of them.
    pub(crate) fn papers(&self, chargers: &[&str], over_tls: bool) -> Result<Vec<Papers>, BadPapers> {
        let passwords = self.passwords_file.as_deref().map(passwords).transpose()?;
        let tls = if over_tls { Some(Office::open(self)?) } else { None };
        if !over_tls && (self.ca_file.is_some() || self.certificates.is_some() || self.client_ca.is_some()) {
            return Err(bad("certificates", "are of use with wss:// alone"));
        }
        let of = |id: &&str| {
            let password = match &passwords {
                Some((file, passwords)) => {
                    let missing = || bad(file, format!("it has no password for {id}"));
                    Some(passwords.get(*id).cloned().ok_or_else(missing)?)
                }
                None => self.password.as_ref().map(|pattern| pattern.replace(ID, id)),
            };
            let basic = |password: String| format!("Basic {}", STANDARD.encode(format!("{id}:{password}")));
            let tls = tls.as_ref().map(|office| office.connector(id)).transpose()?;
            Ok(Papers { authorization: password.map(basic), tls })
        };
        chargers.iter().map(of).collect()
    }
}

/// Makes what chargers need for TLS.
struct Office {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
    signer: Signer,
}

/// Where certificates of chargers come from.
enum Signer {
    Nobody(TlsConnector),
    Folder(PathBuf),
    Authority { issuer: Box<Issuer<'static, KeyPair>>, name: String },
}

impl Office {
    fn open(from: &Credentials) -> Result<Self, BadPapers> {
        let missing = || bad("wss://", "needs --ca-file: the authorities that have signed the server's certificate");
        let file = from.ca_file.as_ref().ok_or_else(missing)?;
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        for authority in certificates(file)? {
            roots.add(authority).map_err(|error| bad(shown(file), error))?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let verifier = verifier.build().map_err(|error| bad(shown(file), error))?;
        let signer = match (&from.certificates, &from.client_ca) {
            (Some(folder), _) => Signer::Folder(folder.clone()),
            (None, Some((certificate, key))) => authority(certificate, key)?,
            (None, None) => Signer::Nobody(connector(&provider, &verifier, None).map_err(|why| bad("TLS", why))?),
        };
        Ok(Self { provider, verifier, signer })
    }

    /// How a charger encrypts, and which certificate it shows.
    fn connector(&self, charger: &str) -> Result<TlsConnector, BadPapers> {
        let (from, chain, key) = match &self.signer {
            Signer::Nobody(all) => return Ok(all.clone()),
            Signer::Folder(folder) => {
                let (certificate, key) = (folder.join(format!("{charger}.pem")), folder.join(format!("{charger}.key")));
                let secret = PrivateKeyDer::from_pem_file(&key).map_err(|error| pem(&key, "private key", &error))?;
                (shown(&key), certificates(&certificate)?, secret)
            }
            Signer::Authority { issuer, name } => {
                let (chain, key) = sign(issuer, charger).map_err(|why| bad(name, why))?;
                (name.clone(), chain, key)
            }
        };
        connector(&self.provider, &self.verifier, Some((chain, key))).map_err(|why| bad(from, why))
    }
}

type ChainAndKey = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Each connection is a full handshake, as with chargers that have just been switched on.
fn connector(
    provider: &Arc<CryptoProvider>,
    verifier: &Arc<WebPkiServerVerifier>,
    client: Option<ChainAndKey>,
) -> Result<TlsConnector, tokio_rustls::rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_webpki_verifier(verifier.clone());
    let mut config = match client {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key)?,
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config).into())
}

fn authority(certificate: &Path, key: &Path) -> Result<Signer, BadPapers> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| bad(shown(path), error));
    let pair = KeyPair::from_pem(&read(key)?).map_err(|error| bad(shown(key), error))?;
    let issuer = Issuer::from_ca_cert_pem(&read(certificate)?, pair).map_err(|error| bad(shown(certificate), error))?;
    Ok(Signer::Authority { issuer: Box::new(issuer), name: shown(certificate) })
}

/// A certificate with the charger's id as its common name.
fn sign(issuer: &Issuer<'static, KeyPair>, charger: &str) -> Result<ChainAndKey, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, charger);
    let now = SystemTime::now();
    (params.not_before, params.not_after) = ((now - BEFORE).into(), (now + AFTER).into());
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((vec![certificate.der().clone()], key.into()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, BadPapers> {
    let found: Result<Vec<_>, PemError> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found = found.map_err(|error| pem(path, "certificate", &error))?;
    if found.is_empty() { Err(pem(path, "certificate", &PemError::NoItemsFound)) } else { Ok(found) }
}

/// The passwords of a file by charger, and what the file is called. A password is never told.
fn passwords(path: &Path) -> Result<(String, HashMap<String, String>), BadPapers> {
    let told = |why: &dyn fmt::Display| bad(shown(path), why);
    let mut reader = csv::Reader::from_path(path).map_err(|error| told(&error))?;
    let columns = reader.headers().map_err(|error| told(&error))?.clone();
    let place = |name: &str| columns.iter().position(|column| column.trim() == name);
    let (Some(charger), Some(password)) = (place("charger"), place("password")) else {
        return Err(told(&"its first line must name the columns charger and password"));
    };
    let mut found = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| told(&error))?;
        let cell = |at: usize| row.get(at).unwrap_or_default().trim().to_owned();
        found.insert(cell(charger), cell(password));
    }
    Ok((shown(path), found))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's errors grow, and all others are one kind")]
fn pem(path: &Path, what: &str, error: &PemError) -> BadPapers {
    match error {
        PemError::Io(error) => bad(shown(path), format!("cannot be read: {error}")),
        PemError::NoItemsFound => bad(shown(path), format!("there is no {what} in it (PEM is wanted: -----BEGIN …)")),
        other => bad(shown(path), format!("is not PEM: {other}")),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn bad(what: impl ToString, why: impl ToString) -> BadPapers {
    BadPapers { what: what.to_string(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization(credentials: &Credentials, charger: &str) -> Result<Option<String>, String> {
        let papers = credentials.papers(&[charger], false).map_err(|error| error.to_string())?;
        let header = papers.into_iter().next().unwrap().authorization;
        let plain = |header: String| STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
        Ok(header.map(|header| String::from_utf8(plain(header)).unwrap()))
    }

    #[test]
    fn a_password_is_the_same_for_all_made_of_the_id_or_of_a_file() {
        assert_eq!(authorization(&Credentials::default(), "A").unwrap(), None);
        let pattern = Credentials { password: Some("x-{id}-y".to_owned()), ..Credentials::default() };
        assert_eq!(authorization(&pattern, "A").unwrap().unwrap(), "A:x-A-y");
        assert!(!format!("{pattern:?}").contains("x-"), "{pattern:?}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "charger,password,expires_at\nA,secret,\n").unwrap();
        let listed = Credentials { passwords_file: Some(file.path().to_owned()), ..pattern };
        assert_eq!(authorization(&listed, "A").unwrap().unwrap(), "A:secret");
        assert!(authorization(&listed, "B").unwrap_err().ends_with("it has no password for B"));
        std::fs::write(file.path(), "A,secret\n").unwrap();
        let told = authorization(&listed, "A").unwrap_err();
        assert!(told.contains("columns charger and password") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn what_cannot_be_used_for_tls_is_told_before_anybody_connects() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| Some(folder.path().join(name));
        std::fs::write(path("ca.pem").unwrap(), "nothing").unwrap();
        let nothing = Credentials::default();
        for (credentials, over_tls, told) in [
            (nothing.clone(), true, "wss://: needs --ca-file"),
            (Credentials { ca_file: path("none.pem"), ..nothing.clone() }, true, "none.pem: cannot be read"),
            (Credentials { ca_file: path("ca.pem"), ..nothing.clone() }, true, "ca.pem: there is no certificate in it"),
            (Credentials { certificates: path(""), ..nothing }, false, "are of use with wss:// alone"),
        ] {
            let error = credentials.papers(&["A"], over_tls).err().unwrap().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
