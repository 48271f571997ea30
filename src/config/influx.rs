//! `[influx]`: telemetry to InfluxDB 2, or to anything that takes its line protocol at `/api/v2/write`.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of the InfluxDB sink. The token comes from a file or from `CHARGEWATCH_INFLUX_TOKEN`, never from here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InfluxSettings {
    /// Where the server is, `http(s)://host:port`; empty: no sink.
    pub url: String,
    /// Organisation.
    pub org: String,
    /// Bucket.
    pub bucket: String,
    /// File with the token; none: the environment.
    #[serde(deserialize_with = "super::path_or_none")]
    pub token_file: Option<PathBuf>,
    /// PEM file of certificate authorities to trust besides the public ones.
    #[serde(deserialize_with = "super::path_or_none")]
    pub ca_file: Option<PathBuf>,
    /// Most points in a request.
    pub batch_points: usize,
    /// Most bytes of lines in a request, before compression.
    pub batch_bytes: usize,
    /// How long points wait for company, in milliseconds.
    pub batch_age_ms: u64,
    /// How long a request may take, in seconds.
    pub timeout_s: u64,
    /// Longest pause between attempts, in seconds.
    pub backoff_max_s: u64,
    /// Most points a second while catching up.
    pub catch_up_points_s: u64,
}

impl InfluxSettings {
    /// Whether there is a sink at all.
    pub fn is_on(&self) -> bool {
        !self.url.is_empty()
    }

    /// What is wrong with values that are well-formed: key and reason.
    pub(super) fn objections(&self) -> Vec<(&'static str, String)> {
        if !self.is_on() {
            return Vec::new();
        }
        let address = self.url.strip_prefix("http://").or_else(|| self.url.strip_prefix("https://"));
        let host = address.map(|rest| rest.strip_suffix('/').unwrap_or(rest)).unwrap_or_default();
        let plain = !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
        let rules = [
            (!plain, "influx.url", "is not like https://host:8086, without path, user or password"),
            (self.bucket.is_empty(), "influx.bucket", "must be named"),
            (self.batch_points == 0, "influx.batch_points", "must be at least 1"),
            (self.batch_bytes < 10_000, "influx.batch_bytes", "must be at least 10000"),
            (self.batch_age_ms == 0, "influx.batch_age_ms", "must be at least 1"),
            (self.timeout_s == 0, "influx.timeout_s", "must be at least 1"),
            (self.backoff_max_s == 0, "influx.backoff_max_s", "must be at least 1"),
            (self.catch_up_points_s == 0, "influx.catch_up_points_s", "must be at least 1"),
        ];
        rules.into_iter().filter(|(wrong, ..)| *wrong).map(|(_, key, reason)| (key, reason.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load::{Sources, load};

    #[test]
    fn an_address_is_one_a_bucket_is_named_and_no_secret_stands_in_either() {
        let told = |url: &str, bucket: &str| {
            let flags = vec![("influx.url", url.to_owned()), ("influx.bucket", bucket.to_owned())];
            load(&Sources { flags, ..Sources::default() }).err().map(|mistakes| mistakes.to_string())
        };
        for good in ["", "http://127.0.0.1:8086", "https://influx.example/"] {
            assert_eq!(told(good, "b"), None, "{good}");
        }
        for bad in
            ["influx.example", "ftp://a", "http://", "http://user:secret@host", "http://host/prefix", "http://a b"]
        {
            let told = told(bad, "b").unwrap();
            assert!(told.contains("influx.url is not like https://host:8086") && !told.contains("secret"), "{told}");
        }
        assert!(told("http://a", "").unwrap().contains("influx.bucket must be named"));
    }
}
