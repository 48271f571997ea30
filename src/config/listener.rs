//! `[[listener]]`: more addresses for chargers, each with a security profile and certificates of its own.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::Settings;
use crate::domain::security::Profile;

/// The keys of a `[[listener]]`. `config/default.toml` can show them only as a comment; a test compares.
pub(super) const KEYS: [&str; 6] =
    ["listen", "security_profile", "certificate_file", "key_file", "client_ca_file", "crl_file"];

/// Settings of one more address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerSettings {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// What a charger must show there.
    pub security_profile: Security,
    /// PEM file of the certificate and its chain; none: that of `[ocpp]`.
    #[serde(default, deserialize_with = "super::path_or_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of its key; none: that of `[ocpp]`.
    #[serde(default, deserialize_with = "super::path_or_none")]
    pub key_file: Option<PathBuf>,
    /// PEM file of the authorities that sign chargers' certificates; none: that of `[ocpp]`.
    #[serde(default, deserialize_with = "super::path_or_none")]
    pub client_ca_file: Option<PathBuf>,
    /// PEM file of revoked certificates; none: that of `[ocpp]`.
    #[serde(default, deserialize_with = "super::path_or_none")]
    pub crl_file: Option<PathBuf>,
}

/// What a listener asks of chargers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Profiles 0 and 1 mixed: plain; a charger that has a password must show it, others are let in without.
    Mixed,
    /// This profile, from every charger.
    Strict(Profile),
}

/// Of whom a password is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordOf {
    /// Of nobody.
    Nobody,
    /// Of each charger that has one.
    WhoHasOne,
    /// Of every charger; one that has none is refused.
    Everybody,
}

impl Security {
    /// Of whom a password is asked.
    pub const fn password_of(self) -> PasswordOf {
        match self {
            Self::Mixed => PasswordOf::WhoHasOne,
            Self::Strict(Profile::Plain | Profile::TlsCertificate) => PasswordOf::Nobody,
            Self::Strict(Profile::Password | Profile::TlsPassword) => PasswordOf::Everybody,
        }
    }

    /// Whether it is encrypted.
    pub const fn is_tls(self) -> bool {
        match self {
            Self::Mixed => false,
            Self::Strict(profile) => profile.is_tls(),
        }
    }

    /// Whether chargers show certificates.
    pub const fn is_by_certificate(self) -> bool {
        matches!(self, Self::Strict(Profile::TlsCertificate))
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mixed => f.write_str("mixed"),
            Self::Strict(profile) => profile.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Security {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = Security;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of 0, 1, 2, 3 or \"mixed\"")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                let found = Profile::of_number(number).map(Security::Strict);
                found.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                if text == "mixed" {
                    return Ok(Security::Mixed);
                }
                let found = text.parse().ok().and_then(Profile::of_number).map(Security::Strict);
                found.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Word)
    }
}

/// The files that TLS is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM file of the certificate and its chain.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
    /// PEM file of authorities: whoever connects must show a certificate that one of them has signed.
    pub client_ca: Option<PathBuf>,
    /// PEM file of certificates that these authorities have revoked.
    pub crl: Option<PathBuf>,
}

impl TlsFiles {
    /// All that there are.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.certificate, &self.key].into_iter().chain(&self.client_ca).chain(&self.crl)
    }
}

/// An address for chargers with everything that it needs.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// What a charger must show there.
    pub security: Security,
    /// Certificates, where it is encrypted.
    pub tls: Option<TlsFiles>,
}

impl Settings {
    /// Every address for chargers: that of `[ocpp]`, then each `[[listener]]`.
    pub fn listeners(&self) -> Vec<Listener> {
        let first = ListenerSettings {
            listen: self.ocpp.listen,
            security_profile: self.ocpp.security_profile,
            certificate_file: None,
            key_file: None,
            client_ca_file: None,
            crl_file: None,
        };
        std::iter::once(first).chain(self.listener.iter().cloned()).map(|settings| self.whole(settings)).collect()
    }

    /// A listener with what it takes from `[ocpp]`.
    fn whole(&self, of: ListenerSettings) -> Listener {
        let security = of.security_profile;
        let by_certificate = |path: Option<PathBuf>| path.filter(|_| security.is_by_certificate());
        let certificate = of.certificate_file.or_else(|| self.ocpp.certificate_file.clone());
        let key = of.key_file.or_else(|| self.ocpp.key_file.clone());
        let tls = certificate.zip(key).filter(|_| security.is_tls()).map(|(certificate, key)| TlsFiles {
            certificate,
            key,
            client_ca: by_certificate(of.client_ca_file.or_else(|| self.ocpp.client_ca_file.clone())),
            crl: by_certificate(of.crl_file.or_else(|| self.ocpp.crl_file.clone())),
        });
        Listener { listen: of.listen, security, tls }
    }

    /// What is wrong with the listeners: key and reason.
    pub(super) fn listener_objections(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut taken: Vec<SocketAddr> = Vec::new();
        let places =
            std::iter::once("ocpp".to_owned()).chain((0..self.listener.len()).map(|at| format!("listener[{at}]")));
        for (place, listener) in places.zip(self.listeners()) {
            let mut object = |wrong: bool, key: &str, reason: String| {
                if wrong {
                    found.push((format!("{place}.{key}"), reason));
                }
            };
            let profile = listener.security;
            let bare = profile.is_tls() && listener.tls.is_none();
            let wants = format!("{profile} is TLS: it needs certificate_file and key_file, there or in [ocpp]");
            object(bare, "security_profile", wants);
            let nobody = profile.is_by_certificate() && listener.tls.is_some_and(|files| files.client_ca.is_none());
            let wants = "3 asks for certificates of chargers: it needs client_ca_file, there or in [ocpp]".to_owned();
            object(nobody, "security_profile", wants);
            let twice = listener.listen.port() != 0 && taken.contains(&listener.listen);
            object(twice, "listen", format!("{} is taken by a listener before it", listener.listen));
            taken.push(listener.listen);
        }
        for (at, listener) in self.listener.iter().enumerate() {
            let named = listener.certificate_file.is_some() || listener.key_file.is_some();
            if named && !listener.security_profile.is_tls() {
                let reason = format!("is for profiles 2 and 3; profile {} is plain", listener.security_profile);
                found.push((format!("listener[{at}].certificate_file"), reason));
            }
        }
        found
    }
}
