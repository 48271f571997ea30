//! `[open_data]`: what anybody may read of the network.

use serde::Deserialize;

use crate::domain::ocpi::place::alpha3;

/// Settings of open data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenDataSettings {
    /// Whether `/opendata/` is answered.
    pub enabled: bool,
    /// Address under which readers reach it, for links; empty: what the request says.
    pub base_url: String,
    /// Country of sites that name none, two letters.
    pub country_code: String,
    /// Three letters of the party that operates sites that name none.
    pub party_id: String,
    /// Name of the operator of sites that name none.
    pub operator: String,
    /// Page of that operator.
    pub operator_website: String,
    /// Telephone number of the helpline of sites that name none.
    pub helpline: String,
    /// Whether simulated chargers are published too.
    pub simulated: bool,
    /// Requests a minute that one address may make for long.
    pub requests_per_minute: u32,
    /// Requests that one address may make at once.
    pub burst: u32,
    /// Header in which a proxy of ours names the address that asks; empty: the connection's.
    pub address_header: String,
    /// Largest `limit` of a page.
    pub max_page: usize,
}

impl OpenDataSettings {
    /// What is wrong with values that are well-formed.
    pub(super) fn objections(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut object = |wrong: bool, key, reason: &str| {
            if wrong {
                found.push((key, reason.to_owned()));
            }
        };
        let party = self.party_id.len() == 3 && self.party_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        object(self.enabled && !party, "open_data.party_id", "must be the three letters or digits of the operator");
        object(alpha3(&self.country_code).is_none(), "open_data.country_code", "must be two letters like GB");
        object(self.requests_per_minute == 0, "open_data.requests_per_minute", "must be at least 1");
        object(self.burst == 0, "open_data.burst", "must be at least 1");
        object(self.max_page == 0, "open_data.max_page", "must be at least 1");
        let url = self.base_url.is_empty() || self.base_url.starts_with("http");
        object(
            !url || self.base_url.ends_with('/'),
            "open_data.base_url",
            "must be like https://host, without a / at the end",
        );
        found
    }
}
