//! A certificate that signs itself, for the reading side of a first start: whoever reads trusts that one file. For anything
//! that the world reads, an authority that browsers know should sign.

use std::path::Path;

use chrono::{DateTime, Datelike, Utc};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::load::wrong;
use super::put::put;
use super::{Revoked, Tls, TlsError};
use crate::config::listener::TlsFiles;
use crate::domain::time::At;

/// How long one that is made is good: as long as browsers and telephones take any.
const GOOD_MS: i64 = 825 * DAY_MS;

/// One that is good for less than this is made anew.
const RENEW_MS: i64 = 90 * DAY_MS;

const DAY_MS: i64 = 86_400_000;

/// What became of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfSigned {
    /// They were there, and are good until then.
    Kept(At),
    /// They were made, and are good until then.
    Made(At),
}

/// Sees to it that there is a certificate of these names (DNS names and addresses) that signs itself, and its key. What is
/// there stays while it is good for another 90 days, whatever names it has.
///
/// # Errors
/// When the files cannot be written, a name is none, or what is there was signed by an authority: that is not ours to replace.
pub fn self_signed(files: &TlsFiles, names: &[String], now: At) -> Result<SelfSigned, TlsError> {
    if files.certificate.exists() || files.key.exists() {
        let until = Tls::load(files.clone(), Revoked::default()).map(|tls| tls.expiry().certificate);
        if let Some(until) = until.ok().filter(|until| until.millis_since(now) >= RENEW_MS) {
            return Ok(SelfSigned::Kept(until));
        }
        refuse_authorities(&files.certificate)?;
    }
    let told = |error: rcgen::Error| wrong(&files.certificate, format!("no certificate can be made: {error}"));
    let mut params = CertificateParams::new(names.to_vec()).map_err(told)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, names.first().map_or("chargewatch", String::as_str));
    subject.push(DnType::OrganizationName, "chargewatch, signed by itself");
    params.distinguished_name = subject;
    // A clock that is a little behind ours must not find it too young.
    let [from, until] = [now.plus_millis(-DAY_MS), now.plus_millis(GOOD_MS)].map(DateTime::<Utc>::from);
    let part = |number: u32| u8::try_from(number).unwrap_or(1);
    params.not_before = date_time_ymd(from.year(), part(from.month()), part(from.day()));
    params.not_after = date_time_ymd(until.year(), part(until.month()), part(until.day()));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A key without a certificate may be somebody's: it is used and not lost.
    let lone = std::fs::read_to_string(&files.key).ok().filter(|_| !files.certificate.exists());
    let key = lone.map_or_else(KeyPair::generate, |pem| KeyPair::from_pem(&pem)).map_err(told)?;
    let certificate = params.self_signed(&key).map_err(told)?;
    // While there is a new key with an old certificate, whoever looks finds a pair that does not match, and waits.
    put(&files.key, &key.serialize_pem(), 0o600)?;
    put(&files.certificate, &certificate.pem(), 0o644)?;
    Ok(SelfSigned::Made(At::from_millis(until.timestamp_millis() / DAY_MS * DAY_MS)))
}

/// A certificate of an authority is somebody's work.
fn refuse_authorities(path: &Path) -> Result<(), TlsError> {
    let Ok(der) = CertificateDer::from_pem_file(path) else { return Ok(()) };
    let signed = X509Certificate::from_der(&der).is_ok_and(|(_, found)| found.subject() != found.issuer());
    if signed { Err(wrong(path, "an authority has signed this one; renew it there".to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> TlsFiles {
        TlsFiles { certificate: folder.join("c.pem"), key: folder.join("k.pem"), client_ca: None, crl: None }
    }

    fn names() -> Vec<String> {
        ["chargewatch", "localhost", "127.0.0.1"].map(str::to_owned).to_vec()
    }

    #[test]
    fn one_is_made_once_kept_while_it_is_good_and_made_anew_before_it_runs_out() {
        let folder = tempfile::tempdir().unwrap();
        let (files, now) = (files(folder.path()), At::from(Utc::now()));
        let SelfSigned::Made(until) = self_signed(&files, &names(), now).unwrap() else { panic!("it was not there") };
        assert!((823..=825).contains(&(until.millis_since(now) / DAY_MS)));
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&files.key).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(self_signed(&files, &names(), now).unwrap(), SelfSigned::Kept(until));
        let later = now.plus_millis(740 * DAY_MS);
        assert!(matches!(self_signed(&files, &names(), later).unwrap(), SelfSigned::Made(anew) if anew > until));
        std::fs::remove_file(&files.key).unwrap();
        assert!(matches!(self_signed(&files, &names(), now).unwrap(), SelfSigned::Made(_)));
    }

    #[test]
    fn what_an_authority_signed_is_not_replaced_and_a_name_must_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let (files, now) = (files(folder.path()), At::from(Utc::now()));
        assert!(self_signed(&files, &["no name\u{e9}".to_owned()], now).is_err());
        let authority_key = KeyPair::generate().unwrap();
        let issuer = rcgen::Issuer::new(CertificateParams::new(vec!["authority".to_owned()]).unwrap(), authority_key);
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.not_after = date_time_ymd(2020, 1, 1);
        std::fs::write(&files.certificate, params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
        assert!(self_signed(&files, &names(), now).unwrap_err().to_string().contains("an authority has signed"));
    }
}
