//! The security profiles of OCPP (OCPP 2.0.1 part 2, A00; "Improved security for OCPP 1.6-J" edition 2, section 2): how
//! a charger's connection is protected, and how the charger shows who it is.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::time::At;

/// A security profile. The order is that of their strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// 0: plain, and nothing is shown.
    Plain,
    /// 1: plain, with a password.
    Password,
    /// 2: TLS, with a password.
    TlsPassword,
    /// 3: TLS, with a certificate of the charger.
    TlsCertificate,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Password, Self::TlsPassword, Self::TlsCertificate];

    /// Its number in the specification.
    pub const fn number(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Password => 1,
            Self::TlsPassword => 2,
            Self::TlsCertificate => 3,
        }
    }

    /// The profile of this number.
    pub fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| i64::from(profile.number()) == number)
    }

    /// Whether it is encrypted.
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::TlsPassword | Self::TlsCertificate)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Its profile.
    pub profile: Profile,
    /// Until when the certificate is good that the charger showed.
    pub certificate_until: Option<At>,
    /// Which one it was.
    pub certificate: Option<Fingerprint>,
}

/// What recognises a certificate: the SHA-256 of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

/// A certificate that was revoked, as lists of them have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its serial number.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub at: At,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text is not 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hex digits")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(NoFingerprint);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| NoFingerprint)?;
        }
        Ok(Self(bytes))
    }
}
