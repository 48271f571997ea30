//! `[ca]`: the authority that signs certificates for chargers.

use std::fmt;
use std::path::PathBuf;

use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::domain::security::Profile;

/// Settings of the authority.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaSettings {
    /// PEM file of the authority's certificate, then those above it; none: nothing is signed.
    #[serde(deserialize_with = "super::path_or_none")]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of its key (PKCS #8), which nobody else may be able to read.
    #[serde(deserialize_with = "super::path_or_none")]
    pub key_file: Option<PathBuf>,
    /// How long a certificate is good, in days; never longer than the authority's own.
    pub validity_days: u32,
    /// Organisation that requests must name, and certificates get; empty: none is asked for, none is given.
    pub organisation: String,
    /// File for the list of what was revoked, for whoever else trusts the authority; none: no file is kept.
    #[serde(deserialize_with = "super::path_or_none")]
    pub crl_file: Option<PathBuf>,
    /// How long such a list is good, in days; never longer than the authority's certificate.
    pub crl_days: u32,
    /// Security profiles of the connections over which it may be asked for.
    #[serde(deserialize_with = "profiles")]
    pub profiles: Vec<Profile>,
    /// Which chargers may ask.
    pub chargers: SignFor,
    /// How often a charger may ask on a day (UTC).
    pub requests_per_day: u32,
}

/// Which chargers may ask for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignFor {
    /// Those of the registry, and those that an operator has accepted.
    Registered,
    /// All that may connect.
    All,
}

/// What an authority is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaFiles {
    /// PEM file of its certificate, then those above it.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
    /// How long what it signs is good, in days.
    pub days: u32,
    /// Organisation that requests must name.
    pub organisation: Option<String>,
    /// File for its list of what was revoked, for others.
    pub crl_file: Option<PathBuf>,
    /// How long that list is good, in days.
    pub crl_days: u32,
}

impl CaSettings {
    /// The files of the authority, where one is configured.
    pub fn files(&self) -> Option<CaFiles> {
        let (certificate, key) = self.certificate_file.clone().zip(self.key_file.clone())?;
        let organisation = Some(self.organisation.clone()).filter(|organisation| !organisation.is_empty());
        let (crl_file, crl_days) = (self.crl_file.clone(), self.crl_days);
        Some(CaFiles { certificate, key, days: self.validity_days, organisation, crl_file, crl_days })
    }

    /// What is wrong with it: key and reason.
    pub(super) fn objections(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut object = |wrong: bool, key: &'static str, reason: &str| {
            if wrong {
                found.push((key, reason.to_owned()));
            }
        };
        object(
            self.certificate_file.is_some() != self.key_file.is_some(),
            "ca.certificate_file",
            "and ca.key_file belong together: name both or none",
        );
        object(self.validity_days == 0, "ca.validity_days", "must be at least 1");
        object(self.validity_days > 36_500, "ca.validity_days", "must be at most 36500");
        object(
            self.crl_file.is_some() && self.key_file.is_none(),
            "ca.crl_file",
            "needs the authority that signs it: ca.certificate_file and ca.key_file",
        );
        object(
            !(2..=365).contains(&self.crl_days),
            "ca.crl_days",
            "must be 2 to 365: the list is signed anew every day",
        );
        object(self.requests_per_day == 0, "ca.requests_per_day", "must be at least 1");
        object(
            self.profiles.contains(&Profile::Plain),
            "ca.profiles",
            "cannot name 0: there nobody shows who they are, and anybody could have a certificate for any charger",
        );
        found
    }
}

/// A list of numbers; in the environment, a text with commas.
fn profiles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Profile>, D::Error> {
    #[derive(Clone, Copy)]
    struct Numbers;
    impl<'de> Visitor<'de> for Numbers {
        type Value = Vec<Profile>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of security profiles: 1, 2, 3")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            let found =
                Profile::of_number(number).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))?;
            Ok(vec![found])
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            let profile = |word: &str| {
                let found = word.parse().ok().and_then(Profile::of_number);
                found.ok_or_else(|| E::invalid_value(Unexpected::Str(word), &self))
            };
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(profile).collect()
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some(number) = seq.next_element::<i64>()? {
                found.extend(self.visit_i64::<A::Error>(number)?);
            }
            Ok(found)
        }
    }
    deserializer.deserialize_any(Numbers)
}
