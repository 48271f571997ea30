//! Certificates made on the spot: good ones, bad ones, and what each comes to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use tokio::io::DuplexStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

/// A folder with an authority and what it signs.
struct Office {
    folder: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Office {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let office = Self { folder: tempfile::tempdir().unwrap(), authority };
        std::fs::write(office.path("ca.pem"), office.authority.pem()).unwrap();
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Signs a certificate, good from so many days from now until so many days; writes it and its key.
    fn sign(&self, file: &str, name: &str, serial: u64, days: (i64, i64)) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name = common_name(name);
        params.serial_number = Some(SerialNumber::from(serial));
        let from_now = |days: i64| {
            let span = DAY * u32::try_from(days.abs()).unwrap();
            let at = if days < 0 { SystemTime::now() - span } else { SystemTime::now() + span };
            at.into()
        };
        (params.not_before, params.not_after) = (from_now(days.0), from_now(days.1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        std::fs::write(self.path(&format!("{file}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{file}.key")), key.serialize_pem()).unwrap();
    }

    /// Writes a list that revokes this serial number.
    fn revoke(&self, serial: u64) {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: SystemTime::now().into(),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: SystemTime::now().into(),
            next_update: (SystemTime::now() + 7 * DAY).into(),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        std::fs::write(self.path("crl.pem"), list.signed_by(&self.authority).unwrap().pem().unwrap()).unwrap();
    }

    fn files(&self, client_ca: Option<&str>, crl: Option<&str>) -> TlsFiles {
        TlsFiles {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            client_ca: client_ca.map(|name| self.path(name)),
            crl: crl.map(|name| self.path(name)),
        }
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Shakes hands as a client that trusts this authority and shows this certificate.
async fn shake(tls: &Tls, office: &Office, shows: Option<(&Path, &Path)>) -> Result<Secured<DuplexStream>, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(office.authority.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shows {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap()).unwrap()
        }
    };
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let client = tokio::spawn(async move {
        let name = ServerName::try_from("server.example").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, theirs).await
    });
    let accepted = tls.accept(ours).await;
    // Of TLS 1.3 the client is done before it learns that it is refused.
    drop(client.await);
    accepted
}

#[test]
fn a_mistake_in_the_files_is_told_with_the_file_and_what_is_wrong() {
    let office = Office::new("Ours");
    office.sign("server", "server.example", 1, (-1, 30));
    office.sign("other", "server.example", 2, (-1, 30));
    office.sign("old", "server.example", 3, (-30, -1));
    office.sign("early", "server.example", 4, (1, 30));
    std::fs::write(office.path("garbage.pem"), "no PEM at all").unwrap();
    std::fs::write(office.path("cut.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    let foreign = Office::new("Foreign");
    foreign.revoke(1);
    std::fs::copy(foreign.path("crl.pem"), office.path("foreign-crl.pem")).unwrap();
    for (certificate, key, client_ca, crl, file, told) in [
        ("none.pem", "server.key", None, None, "none.pem", "cannot be read: No such file"),
        ("garbage.pem", "server.key", None, None, "garbage.pem", "there is no certificate in it"),
        ("server.key", "server.key", None, None, "server.key", "there is no certificate in it"),
        ("cut.pem", "server.key", None, None, "cut.pem", "is not PEM"),
        ("server.pem", "server.pem", None, None, "server.pem", "there is no private key in it"),
        ("server.pem", "other.key", None, None, "other.key", "this key does not belong to the certificate in"),
        ("old.pem", "old.key", None, None, "old.pem", "the certificate of \"CN=server.example\" has expired on"),
        (
            "early.pem",
            "early.key",
            None,
            None,
            "early.pem",
            "the certificate of \"CN=server.example\" is good only from",
        ),
        ("server.pem", "server.key", Some("garbage.pem"), None, "garbage.pem", "there is no certificate in it"),
        ("server.pem", "server.key", Some("ca.pem"), Some("ca.pem"), "ca.pem", "there is no list of revoked"),
        (
            "server.pem",
            "server.key",
            Some("ca.pem"),
            Some("foreign-crl.pem"),
            "foreign-crl.pem",
            "the list of \"CN=Foreign\" is signed by no authority in",
        ),
    ] {
        let (certificate, key) = (office.path(certificate), office.path(key));
        let path = |name: Option<&str>| name.map(|name| office.path(name));
        let error =
            Tls::load(TlsFiles { certificate, key, client_ca: path(client_ca), crl: path(crl) }, Revoked::default())
                .err()
                .unwrap();
        assert!(error.file.ends_with(file) && error.wrong.starts_with(told), "{file}, {told}: {error}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_judged_and_whose_it_was_is_told() {
    let (office, foreign) = (Office::new("Ours"), Office::new("Foreign"));
    office.sign("server", "server.example", 1, (-1, 30));
    office.sign("good", "CP-1", 2, (-1, 20));
    office.sign("old", "CP-2", 3, (-30, -1));
    office.sign("early", "CP-3", 4, (1, 30));
    office.sign("revoked", "CP-4", 5, (-1, 30));
    office.revoke(5);
    foreign.sign("foreign", "CP-5", 6, (-1, 30));
    let tls = Tls::load(office.files(Some("ca.pem"), Some("crl.pem")), Revoked::default()).unwrap();
    assert!(tls.expiry().crl.unwrap() < tls.expiry().certificate);
    let judged = async |office: &Office, name: &str, of: &Office| {
        let (certificate, key) = (of.path(&format!("{name}.pem")), of.path(&format!("{name}.key")));
        shake(&tls, office, Some((&certificate, &key))).await
    };
    let good = judged(&office, "good", &office).await.ok().unwrap();
    assert_eq!(good.client.unwrap().names, ["CP-1", "CP-1"]);
    assert_eq!(good.version, "TLS 1.3");
    for (name, of, reason, whose) in [
        ("old", &office, Reason::Expired, "CP-2"),
        ("early", &office, Reason::NotYetGood, "CP-3"),
        ("revoked", &office, Reason::Revoked, "CP-4"),
        ("foreign", &foreign, Reason::UnknownAuthority, "CP-5"),
    ] {
        let failure = judged(&office, name, of).await.err().unwrap();
        assert_eq!(failure.reason, reason, "{failure:?}");
        assert!(failure.detail.contains(&format!("the certificate of \"{whose}\" was shown")), "{failure:?}");
    }
    assert_eq!(shake(&tls, &office, None).await.err().unwrap().reason, Reason::NoCertificate);
}

#[tokio::test]
async fn who_does_not_speak_tls_or_does_not_trust_us_is_told_apart() {
    let (office, foreign) = (Office::new("Ours"), Office::new("Foreign"));
    office.sign("server", "server.example", 1, (-1, 30));
    let tls = Tls::load(office.files(None, None), Revoked::default()).unwrap();
    let failure = shake(&tls, &foreign, None).await.err().unwrap();
    assert_eq!(failure.reason, Reason::RefusesUs, "{failure:?}");
    for (said, reason) in
        [(&b"GET /ocpp/CP-1 HTTP/1.1\r\n\r\n"[..], Reason::NotTls), (b"", Reason::Silent), (&[22, 3], Reason::Silent)]
    {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        theirs.write_all(said).await.unwrap();
        drop(theirs);
        assert_eq!(tls.accept(ours).await.err().unwrap().reason, reason);
    }
}

#[tokio::test]
async fn new_files_are_used_for_new_connections_and_bad_ones_change_nothing() {
    let office = Office::new("Ours");
    office.sign("server", "server.example", 1, (-1, 30));
    let tls = Tls::load(office.files(None, None), Revoked::default()).unwrap();
    let before = tls.expiry();
    assert!(tls.reload(false).is_none());
    // The certificate is there before its key.
    office.sign("next", "server.example", 2, (-1, 60));
    std::fs::rename(office.path("next.pem"), office.path("server.pem")).unwrap();
    let error = tls.reload(false).unwrap().unwrap_err();
    assert!(error.wrong.starts_with("this key does not belong"), "{error}");
    assert_eq!(tls.expiry(), before);
    assert!(shake(&tls, &office, None).await.is_ok());
    assert!(tls.reload(false).is_none());
    std::fs::rename(office.path("next.key"), office.path("server.key")).unwrap();
    tls.reload(false).unwrap().unwrap();
    assert!(tls.expiry().certificate > before.certificate);
    assert!(shake(&tls, &office, None).await.is_ok());
    assert!(tls.reload(true).unwrap().is_ok());
}
