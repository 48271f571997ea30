//! The authority that signs certificates for chargers, where one is configured: its files, read anew when they change, and
//! how it signs.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::{Mutex, RwLock};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, SerialNumber, SubjectPublicKeyInfo,
};
use tokio::sync::Notify;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::TlsError;
use super::certificate::at;
use super::csr::{self, Objection};
use super::load::{Seen, good_until, objects, wrong};
use crate::config::ca::CaFiles;
use crate::domain::ids::ChargerId;
use crate::domain::security::Fingerprint;
use crate::domain::time::At;

/// A certificate is good from so long before it was signed: clocks of chargers are late.
const BACKDATED_MS: i64 = 3_600_000;

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

/// Longest chain that may be sent, in characters (CertificateSigned of every version).
const LONGEST_CHAIN: usize = 10_000;

/// The authority. Cheap to clone; all clones see new files at once.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    files: CaFiles,
    in_use: RwLock<Arc<InUse>>,
    seen: Mutex<Seen>,
    changed: Notify,
}

/// What is in the files.
pub(super) struct InUse {
    pub(super) issuer: Issuer<'static, KeyPair>,
    /// What its certificate calls its key.
    pub(super) identifier: Option<Vec<u8>>,
    /// Between when it can sign.
    pub(super) good: (At, At),
    /// What stands above it, but for a root, as PEM.
    above: String,
}

/// A certificate that was just signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Its serial number, in hex.
    pub serial: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// From when it is good.
    pub not_before: At,
    /// Until when.
    pub not_after: At,
    /// It and what stands between it and the root, as PEM.
    pub chain: String,
}

impl Authority {
    /// Reads the files.
    ///
    /// # Errors
    /// When a file cannot be read, the key can be read by others or belongs to another certificate, or the certificate is
    /// none of an authority, has run out, or does not allow the list that is to be kept.
    pub fn load(files: &CaFiles) -> Result<Self, TlsError> {
        let seen = Mutex::new(Seen::of([&files.certificate, &files.key]));
        let in_use = RwLock::new(Arc::new(InUse::read(files)?));
        Ok(Self(Arc::new(Inner { files: files.clone(), in_use, seen, changed: Notify::new() })))
    }

    /// Reads the files anew if one has changed since, or if that is asked for. `None`: nothing was to be done.
    ///
    /// # Errors
    /// As [`Self::load`]; then what was there before stays in use.
    pub fn reload(&self, asked: bool) -> Option<Result<(), TlsError>> {
        let Inner { files, in_use, seen, changed } = &*self.0;
        let now = Seen::of([&files.certificate, &files.key]);
        let mut seen = seen.lock();
        if *seen == now && !asked {
            return None;
        }
        *seen = now;
        Some(InUse::read(files).map(|read| {
            *in_use.write() = Arc::new(read);
            changed.notify_one();
        }))
    }

    /// Returns once the files were read anew since this returned last. For one that waits.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// What it is made of.
    pub fn files(&self) -> &CaFiles {
        &self.0.files
    }

    /// Until when it can sign.
    pub fn until(&self) -> At {
        self.in_use().good.1
    }

    pub(super) fn in_use(&self) -> Arc<InUse> {
        self.0.in_use.read().clone()
    }

    /// Signs what a charger asks for, if nothing speaks against it.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn sign(&self, csr: &str, charger: &ChargerId, now: At) -> Result<Issued, Objection> {
        let (files, in_use) = (self.files(), self.in_use());
        let checked = csr::check(csr, charger, files.organisation.as_deref())?;
        let failed = |error: rcgen::Error| Objection::Authority(error.to_string());
        let not_before = now.plus_millis(-BACKDATED_MS).max(in_use.good.0);
        let not_after = now.plus_millis(i64::from(files.days) * DAY_MS).min(in_use.good.1);
        if not_after <= now {
            return Err(Objection::Authority("its own certificate has run out".to_owned()));
        }
        let (not_before, not_after) = (whole_second(not_before), whole_second(not_after));
        let key = SubjectPublicKeyInfo::from_der(&checked.key).map_err(|error| Objection::Key(error.to_string()))?;
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, checked.name);
        if let Some(organisation) = &files.organisation {
            name.push(DnType::OrganizationName, organisation.as_str());
        }
        let serial = serial();
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let no_time = |_| Objection::Authority("the time is out of range".to_owned());
        params.not_before = moment(not_before).map_err(no_time)?.to_datetime();
        params.not_after = moment(not_after).map_err(no_time)?.to_datetime();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &in_use.issuer).map_err(failed)?;
        let chain = format!("{}{}", certificate.pem(), in_use.above);
        if chain.len() > LONGEST_CHAIN {
            return Err(Objection::Authority(format!("its chain is longer than {LONGEST_CHAIN} characters")));
        }
        let fingerprint = Fingerprint::of(certificate.der());
        Ok(Issued { serial: hex(&serial), fingerprint, not_before, not_after, chain })
    }
}

impl InUse {
    fn read(files: &CaFiles) -> Result<Self, TlsError> {
        let chain: Vec<CertificateDer<'static>> = objects(&files.certificate, "certificate")?;
        let key = private_key(&files.key)?;
        let until = good_until(&files.certificate, &chain)?;
        let told = |error: &dyn std::fmt::Display| wrong(&files.certificate, error.to_string());
        let own = chain.first().ok_or_else(|| told(&"there is no certificate in it"))?;
        let (_, read) = X509Certificate::from_der(own).map_err(|error| told(&error))?;
        may_sign(&read).map_err(|why| told(&why))?;
        if key.der_bytes() != read.public_key().subject_public_key.data.as_ref() {
            let why = format!("this key does not belong to the certificate in {}", files.certificate.display());
            return Err(wrong(&files.key, why));
        }
        let from = at(read.validity().not_before.timestamp());
        let (above, identifier) = (above(&chain), identifier(&read));
        let issuer = Issuer::from_ca_cert_der(own, key).map_err(|error| told(&error))?;
        let read = Self { issuer, identifier, good: (from, until), above };
        if files.crl_file.is_some() {
            read.may_list(files)?;
        }
        Ok(read)
    }
}

/// Whether a certificate is one of an authority that may sign others.
fn may_sign(certificate: &X509Certificate<'_>) -> Result<(), String> {
    let is_ca = certificate.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.value.ca);
    let usage = certificate.key_usage().ok().flatten();
    if !is_ca || usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(format!("the certificate of \"{}\" is none of an authority that may sign", certificate.subject()));
    }
    Ok(())
}

/// What a certificate calls its key: in what is signed by that, it says by which key.
fn identifier(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| {
        let ParsedExtension::SubjectKeyIdentifier(found) = extension.parsed_extension() else { return None };
        Some(found.0.to_vec())
    })
}

/// What stands above the authority, but for a root: who verifies must have that already.
fn above(chain: &[CertificateDer<'_>]) -> String {
    let is_root = |der: &CertificateDer<'_>| {
        X509Certificate::from_der(der).is_ok_and(|(_, read)| read.subject() == read.issuer())
    };
    chain.iter().filter(|der| !is_root(der)).map(|der| pem(der)).collect()
}

fn pem(der: &CertificateDer<'_>) -> String {
    let letters = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in letters.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

/// The key of the authority: whoever can read it can be any charger.
fn private_key(path: &Path) -> Result<KeyPair, TlsError> {
    let told = |error: &dyn std::fmt::Display| wrong(path, error.to_string());
    let mut file = File::open(path).map_err(|error| told(&error))?;
    let mode = file.metadata().map_err(|error| told(&error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(told(&"the key can be read by others: make it private with chmod 600"));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| told(&error))?;
    let why = "there is no private key in it that can be used: PKCS #8 is wanted (openssl pkcs8 -topk8 -nocrypt)";
    KeyPair::from_pem(&text).map_err(|_| told(&why))
}

/// 127 bits of chance: positive, and never twice.
fn serial() -> [u8; 16] {
    let mut bytes: [u8; 16] = rand::random();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    bytes
}

/// An instant as certificates have it.
pub(super) fn moment(at: At) -> Result<ASN1Time, X509Error> {
    ASN1Time::from_timestamp(at.millis() / 1000)
}

pub(super) fn whole_second(at: At) -> At {
    At::from_millis(at.millis() / 1000 * 1000)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
