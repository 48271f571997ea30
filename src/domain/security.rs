//! The security profiles of OCPP (OCPP 2.0.1 part 2, A00; "Improved security for OCPP 1.6-J" edition 2, section 2): how
//! a charger's connection is protected, and how the charger shows who it is.

use std::fmt;

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
}
