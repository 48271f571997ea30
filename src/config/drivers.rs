//! `[drivers]`: id tokens that no list speaks of.

use serde::{Deserialize, Deserializer};

use crate::domain::driver::TokenStatus;

/// Settings of driver tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriversSettings {
    /// What chargers are told of a token that is not on the list.
    #[serde(deserialize_with = "status")]
    pub unknown: TokenStatus,
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TokenStatus, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
