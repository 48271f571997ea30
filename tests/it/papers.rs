//! Certificates for tests: an authority in a folder, and what it signs.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

/// An authority that writes what it makes into a folder.
pub(crate) struct Authority {
    folder: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Its own certificate.
    pub(crate) file: PathBuf,
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

impl Authority {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, issuer.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), issuer.key().serialize_pem()).unwrap();
        Self { folder: folder.to_owned(), issuer, file }
    }

    /// Signs a certificate for a name and other names; gives the files of it and its key.
    pub(crate) fn sign(&self, file: &str, name: &str, others: &[&str]) -> (PathBuf, PathBuf) {
        let others: Vec<String> = others.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(others).unwrap();
        params.distinguished_name = common_name(name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let written = (self.folder.join(format!("{file}.pem")), self.folder.join(format!("{file}.key")));
        std::fs::write(&written.0, certificate.pem()).unwrap();
        std::fs::write(&written.1, key.serialize_pem()).unwrap();
        written
    }
}

/// A path as settings and arguments have it.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
