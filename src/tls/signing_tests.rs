//! What is signed for chargers and what is not, with requests made on the spot and by OpenSSL (`tests/csr`).

use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, CertificateRevocationListDer, pem::PemObject};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::*;
use crate::config::ca::CaFiles;
use crate::domain::ids::ChargerId;
use crate::domain::security::{Fingerprint, Revocation};

const RSA_2048: &str = include_str!("../../tests/csr/rsa-2048.csr");

/// Authorities are good now: so must be the time of a test. It has 123 milliseconds.
fn now() -> At {
    At::from_millis(chrono::Utc::now().timestamp() * 1000 + 123)
}

fn named(name: &str, organisation: Option<&str>) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    if let Some(organisation) = organisation {
        names.push(DnType::OrganizationName, organisation);
    }
    names
}

fn ca(is_ca: IsCa) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Chargers' authority", None);
    params.is_ca = is_ca;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A folder with the files of an authority.
struct Office {
    folder: tempfile::TempDir,
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Office {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let office = Self {
            folder: tempfile::tempdir().unwrap(),
            root: CertifiedIssuer::self_signed(ca(IsCa::Ca(BasicConstraints::Unconstrained)), key).unwrap(),
        };
        office.write("ca.pem", &office.root.pem(), 0o644);
        office.write("ca.key", &office.root.key().serialize_pem(), 0o600);
        office
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn files(&self, certificate: &str, key: &str, organisation: Option<&str>) -> CaFiles {
        let path = |name| self.folder.path().join(name);
        let organisation = organisation.map(str::to_owned);
        CaFiles { certificate: path(certificate), key: path(key), days: 30, organisation, crl_file: None, crl_days: 7 }
    }

    fn authority(&self, organisation: Option<&str>) -> Authority {
        Authority::load(&self.files("ca.pem", "ca.key", organisation)).unwrap()
    }
}

fn request(name: &str, organisation: Option<&str>) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name, organisation);
    params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap()
}

#[test]
fn what_is_signed_is_the_chargers_and_good_for_its_connection_alone() {
    let office = Office::new();
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut wish = CertificateParams::new(vec!["somebody.example".to_owned()]).unwrap();
        wish.distinguished_name = named("cp-1", Some("Anybody"));
        wish.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let csr = wish.serialize_request(&key).unwrap().pem().unwrap();
        let now = now();
        let issued = office.authority(None).sign(&csr, &ChargerId::new("CP-1"), now).unwrap();
        let der = CertificateDer::from_pem_slice(issued.chain.as_bytes()).unwrap();
        let (_, read) = X509Certificate::from_der(&der).unwrap();
        // Nothing of the wish but its name and its key.
        assert_eq!(read.subject().to_string(), "CN=cp-1");
        assert_eq!(read.public_key().subject_public_key.data.as_ref(), key.public_key_raw());
        assert!(!read.is_ca() && read.subject_alternative_name().unwrap().is_none());
        let (usage, purpose) = (read.key_usage().unwrap().unwrap(), read.extended_key_usage().unwrap().unwrap());
        assert!(usage.value.digital_signature() && !usage.value.key_cert_sign());
        assert!(purpose.value.client_auth && !purpose.value.server_auth && !purpose.value.any);
        assert_eq!(issued.fingerprint, Fingerprint::of(&der));
        assert_eq!(read.raw_serial_as_string().replace(':', ""), issued.serial);
        assert_eq!(
            (issued.not_before, issued.not_after),
            (now.plus_millis(-3_600_123), now.plus_millis(30 * 86_400_000 - 123))
        );
        let (_, root) = X509Certificate::from_der(office.root.der()).unwrap();
        assert_eq!(read.verify_signature(Some(root.public_key())), Ok(()));
        assert_eq!(issued.chain.matches("BEGIN CERTIFICATE").count(), 1, "the root stays here");
    }
}

#[test]
fn no_serial_number_comes_twice_and_none_is_negative() {
    let (office, csr) = (Office::new(), request("CP-1", None));
    let authority = office.authority(None);
    let sign = |_| authority.sign(&csr, &ChargerId::new("CP-1"), now()).unwrap().serial;
    let serials: std::collections::BTreeSet<String> = (0..200).map(sign).collect();
    assert_eq!(serials.len(), 200);
    assert!(serials.iter().all(|serial| serial.len() == 32 && serial.as_str() < "8"));
}

#[test]
fn requests_are_read_in_every_form_that_chargers_write() {
    let (office, csr) = (Office::new(), request("CP-1", None));
    let body: String = csr.lines().filter(|line| !line.starts_with("---")).collect();
    for text in [
        csr.clone(),
        csr.replace('\n', "\r\n"),
        csr.replace('\n', ""),
        csr.replace('\n', "\\n"),
        csr.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
        format!("Subject: CP-1\n{csr}"),
        body,
        RSA_2048.to_owned(),
    ] {
        let signed = office.authority(None).sign(&text, &ChargerId::new("CP-1"), now());
        assert!(signed.is_ok(), "{text}: {signed:?}");
    }
}

#[test]
fn a_request_is_refused_with_why() {
    let office = Office::new();
    let good = request("CP-1", Some("City"));
    let der = STANDARD.decode(good.lines().filter(|line| !line.starts_with("---")).collect::<String>()).unwrap();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut der = der.clone();
        change(&mut der);
        STANDARD.encode(der)
    };
    let last = der.len() - 1;
    let mut twice = named("CP-1", None);
    twice.push(DnType::CustomDnType(vec![2, 5, 4, 3]), "CP-1");
    let mut params = CertificateParams::default();
    params.distinguished_name = twice;
    let twice = params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap();
    for (text, label) in [
        (String::new(), "unreadable"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----".to_owned(), "unreadable"),
        ("-----BEGIN CERTIFICATE REQUEST".to_owned(), "unreadable"),
        (good.replace("-----END", ""), "unreadable"),
        (office.root.pem(), "unreadable"),
        (format!("{good}{}", "A".repeat(20_000)), "unreadable"),
        (with(&|der| der.push(0)), "unreadable"),
        (with(&|der| der.truncate(last)), "unreadable"),
        (with(&|der| der[last] ^= 1), "bad_signature"),
        (include_str!("../../tests/csr/sha-1.csr").to_owned(), "bad_signature"),
        (include_str!("../../tests/csr/rsa-1024.csr").to_owned(), "weak_key"),
        (include_str!("../../tests/csr/p-521.csr").to_owned(), "weak_key"),
        (include_str!("../../tests/csr/ed25519.csr").to_owned(), "weak_key"),
        (request("CP-2", Some("City")), "wrong_name"),
        (request("", Some("City")), "wrong_name"),
        (twice, "wrong_name"),
        (request("CP-1", None), "wrong_organisation"),
        (request("CP-1", Some("Another city")), "wrong_organisation"),
    ] {
        let refused = office.authority(Some("City")).sign(&text, &ChargerId::new("CP-1"), now());
        assert_eq!(refused.as_ref().map_err(Objection::label).unwrap_err(), label, "{text}: {refused:?}");
    }
    let issued = office.authority(Some("City")).sign(&good, &ChargerId::new("CP-1"), now()).unwrap();
    let der = CertificateDer::from_pem_slice(issued.chain.as_bytes()).unwrap();
    let subject = X509Certificate::from_der(&der).unwrap().1.subject().to_string();
    assert!(subject.contains("O=City") && subject.contains("CN=CP-1"), "{subject}");
}

#[test]
fn a_mistake_in_the_authoritys_files_is_told() {
    let office = Office::new();
    let other = KeyPair::generate().unwrap();
    office.write("other.key", &other.serialize_pem(), 0o600);
    office.write("open.key", &office.root.key().serialize_pem(), 0o640);
    let leaf = ca(IsCa::NoCa).self_signed(&other).unwrap();
    office.write("leaf.pem", &leaf.pem(), 0o644);
    for (certificate, key, told) in [
        ("none.pem", "ca.key", "cannot be read"),
        ("ca.pem", "none.key", "No such file"),
        ("ca.pem", "open.key", "make it private with chmod 600"),
        ("ca.pem", "other.key", "this key does not belong to the certificate in"),
        ("leaf.pem", "other.key", "is none of an authority that may sign"),
        ("ca.key", "ca.key", "there is no certificate in it"),
    ] {
        let error = Authority::load(&office.files(certificate, key, None)).err().unwrap().to_string();
        assert!(error.contains(told), "{error}");
    }
    office.write("no.key", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", 0o600);
    let error = Authority::load(&office.files("ca.pem", "no.key", None)).err().unwrap().to_string();
    assert!(error.contains("PKCS #8"), "{error}");
}

#[test]
fn what_stands_between_the_authority_and_its_root_comes_along_and_nothing_outlives_it() {
    let office = Office::new();
    let key = KeyPair::generate().unwrap();
    let mut params = ca(IsCa::Ca(BasicConstraints::Constrained(0)));
    params.distinguished_name = named("Chargers' sub authority", None);
    let until = now().plus_millis(5 * 86_400_000);
    params.not_after = x509_parser::time::ASN1Time::from_timestamp(until.millis() / 1000).unwrap().to_datetime();
    let sub = CertifiedIssuer::signed_by(params, key, &office.root).unwrap();
    office.write("sub.pem", &format!("{}{}", sub.pem(), office.root.pem()), 0o644);
    office.write("sub.key", &sub.key().serialize_pem(), 0o600);
    let authority = Authority::load(&office.files("sub.pem", "sub.key", None)).unwrap();
    let issued = authority.sign(&request("CP-1", None), &ChargerId::new("CP-1"), now()).unwrap();
    assert_eq!(issued.not_after.millis() / 1000, until.millis() / 1000);
    let chain: Vec<_> = CertificateDer::pem_slice_iter(issued.chain.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(chain.len(), 2);
    assert_eq!(&chain[1], sub.der());
    let late = authority.sign(&request("CP-1", None), &ChargerId::new("CP-1"), until.plus_millis(1000));
    assert_eq!(late.map_err(|objection| objection.label()), Err("authority_failed"));
}

#[test]
fn what_was_revoked_stands_in_a_list_that_the_authority_signs() {
    let office = Office::new();
    let authority = office.authority(None);
    let (now, serial) = (now(), vec![0x40, 0, 0xff]);
    let revoked = [Revocation { serial: serial.clone(), at: now.plus_millis(-5000) }];
    let file = office.folder.path().join("ca.crl");
    let mut numbers = Vec::new();
    for (revoked, at) in [(&[][..], now), (&revoked[..], now.plus_millis(1))] {
        let list = authority.list(revoked, at).unwrap();
        assert_eq!((list.certificates, list.until.millis_since(at) / 1000), (revoked.len(), 7 * 86_400 - 1));
        list.put(&file).unwrap();
        let der = CertificateRevocationListDer::from_pem_file(&file).unwrap();
        let (_, read) = CertificateRevocationList::from_der(&der).unwrap();
        let (_, root) = X509Certificate::from_der(office.root.der()).unwrap();
        assert_eq!(read.issuer(), root.subject());
        read.verify_signature(root.public_key()).unwrap();
        assert_eq!(read.last_update().timestamp(), at.millis() / 1000);
        let named: Vec<_> = read.iter_revoked_certificates().map(|one| one.raw_serial().to_vec()).collect();
        assert_eq!(named, revoked.iter().map(|one| one.serial.clone()).collect::<Vec<_>>());
        numbers.push(read.crl_number().unwrap().clone());
    }
    assert!(numbers[0] < numbers[1], "{numbers:?}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    let left = std::fs::read_dir(office.folder.path()).unwrap().count();
    assert_eq!((mode & 0o777, left), (0o644, 3), "it is for everybody, and nothing is left beside it");
}

#[test]
fn an_authority_that_may_not_sign_lists_says_so() {
    let office = Office::new();
    let mut params = ca(IsCa::Ca(BasicConstraints::Unconstrained));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let narrow = params.self_signed(office.root.key()).unwrap();
    office.write("narrow.pem", &narrow.pem(), 0o644);
    let authority = Authority::load(&office.files("narrow.pem", "ca.key", None)).unwrap();
    let error = authority.list(&[], now()).unwrap_err().to_string();
    assert!(error.contains("narrow.pem") && error.contains("cRLSign"), "{error}");
    let files = CaFiles { crl_file: Some("ca.crl".into()), ..office.files("narrow.pem", "ca.key", None) };
    assert_eq!(Authority::load(&files).err().unwrap().to_string(), error, "it is told at the start where one is kept");
}

#[test]
fn a_new_authority_is_taken_up_and_a_bad_one_changes_nothing() {
    let office = Office::new();
    let authority = office.authority(None);
    let signed_by = |certificate: &[u8]| {
        let issued = authority.sign(&request("CP-1", None), &ChargerId::new("CP-1"), now()).unwrap();
        let der = CertificateDer::from_pem_slice(issued.chain.as_bytes()).unwrap();
        let key = X509Certificate::from_der(certificate).unwrap().1;
        X509Certificate::from_der(&der).unwrap().1.verify_signature(Some(key.public_key())).is_ok()
    };
    let old = office.root.der().to_vec();
    assert!(authority.reload(false).is_none() && authority.reload(true).unwrap().is_ok() && signed_by(&old));
    let next =
        CertifiedIssuer::self_signed(ca(IsCa::Ca(BasicConstraints::Unconstrained)), KeyPair::generate().unwrap());
    let next = next.unwrap();
    office.write("ca.pem", &next.pem(), 0o644);
    let error = authority.reload(false).unwrap().unwrap_err().to_string();
    assert!(error.contains("this key does not belong to the certificate in") && signed_by(&old), "{error}");
    office.write("ca.key", &next.key().serialize_pem(), 0o644);
    let error = authority.reload(false).unwrap().unwrap_err().to_string();
    assert!(error.contains("make it private with chmod 600") && signed_by(&old), "{error}");
    assert!(authority.reload(false).is_none(), "what is bad is told once");
    office.write("ca.key", &next.key().serialize_pem(), 0o600);
    authority.reload(true).unwrap().unwrap();
    assert!(signed_by(next.der()) && !signed_by(&old));
}

/// One authority for all cases of a property: keys take their time.
static ONE: std::sync::LazyLock<Office> = std::sync::LazyLock::new(Office::new);

proptest! {
    #[test]
    fn nothing_that_was_changed_on_the_way_is_certified(at in 0.0..1.0_f64, mask in 1..=255_u8) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = named("CP-1", None);
        let mut der = params.serialize_request(&key).unwrap().der().to_vec();
        let place = (at * der.len() as f64) as usize;
        der[place] ^= mask;
        // Only what the signature does not cover may be bent: how the signature itself is wrapped.
        if let Ok(issued) = ONE.authority(None).sign(&STANDARD.encode(der), &ChargerId::new("CP-1"), now()) {
            let der = CertificateDer::from_pem_slice(issued.chain.as_bytes()).unwrap();
            let (_, read) = X509Certificate::from_der(&der).unwrap();
            prop_assert_eq!(read.public_key().subject_public_key.data.as_ref(), key.public_key_raw());
            prop_assert_eq!(read.subject().to_string(), "CN=CP-1");
        }
    }

    #[test]
    fn whatever_is_sent_is_refused_and_nothing_breaks(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,200}") {
        let authority = ONE.authority(None);
        prop_assert!(authority.sign(&STANDARD.encode(bytes), &ChargerId::new("CP-1"), now()).is_err());
        prop_assert!(authority.sign(&text, &ChargerId::new("CP-1"), now()).is_err());
    }
}
