//! Settings: what an operator may change. One file per concern; `config/default.toml` holds the defaults and explains
//! every key; [`load`] layers file, environment and flags over it.

pub mod availability;
pub mod ca;
pub mod drivers;
pub mod factors;
pub mod half_hours;
pub mod http;
pub mod influx;
pub mod intensity;
pub mod limits;
pub mod listener;
pub mod load;
pub mod log;
pub mod lsoa;
pub mod metrics;
pub mod near;
pub mod ocpp;
pub mod open_data;
pub mod privacy;
pub mod programme;
pub mod registry;
pub mod report;
mod rows;
pub mod sites;
mod sites_file;
pub mod store;
pub mod telemetry;
pub mod tls;

use std::path::PathBuf;

use chrono_tz::Tz;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The side that chargers connect to.
    pub ocpp: ocpp::OcppSettings,
    /// More addresses for chargers.
    #[serde(default)]
    pub listener: Vec<listener::ListenerSettings>,
    /// Certificates.
    pub tls: tls::TlsSettings,
    /// The authority that signs certificates for chargers.
    pub ca: ca::CaSettings,
    /// Limits against floods.
    pub limits: limits::LimitsSettings,
    /// Id tokens that no list speaks of.
    pub drivers: drivers::DriversSettings,
    /// The side that people and monitors read.
    pub http: http::HttpSettings,
    /// The ledger.
    pub store: store::StoreSettings,
    /// What is kept of persons.
    pub privacy: privacy::PrivacySettings,
    /// Readings and roll-ups.
    pub telemetry: telemetry::TelemetrySettings,
    /// What anybody may read.
    pub open_data: open_data::OpenDataSettings,
    /// InfluxDB.
    pub influx: influx::InfluxSettings,
    /// Sites and chargers.
    pub registry: registry::RegistrySettings,
    /// Figures.
    pub report: report::ReportSettings,
    /// Availability rules.
    pub availability: availability::AvailabilitySettings,
    /// Metrics.
    pub metrics: metrics::MetricsSettings,
    /// Log.
    pub log: log::LogSettings,
}

impl Settings {
    /// What is wrong with values that are well-formed: key and reason.
    fn objections(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut object = |wrong: bool, key: &str, reason: &str| {
            if wrong {
                found.push((String::from(key), reason.to_owned()));
            }
        };
        object(self.ocpp.versions.is_empty(), "ocpp.versions", "must name at least one version");
        object(self.ocpp.heartbeat_interval_s == 0, "ocpp.heartbeat_interval_s", "must be at least 1");
        object(self.ocpp.ping_interval_s == 0, "ocpp.ping_interval_s", "must be at least 1");
        object(
            self.ocpp.silence_limit_s <= self.ocpp.ping_interval_s,
            "ocpp.silence_limit_s",
            "must be longer than ocpp.ping_interval_s",
        );
        object(self.ocpp.call_timeout_s == 0, "ocpp.call_timeout_s", "must be at least 1");
        object(self.ocpp.handshake_timeout_s == 0, "ocpp.handshake_timeout_s", "must be at least 1");
        object(self.ocpp.max_message_bytes < 65_536, "ocpp.max_message_bytes", "must be at least 65536");
        object(self.ocpp.max_connections == 0, "ocpp.max_connections", "must be at least 1");
        let exposed = !self.http.listen.ip().is_loopback() && self.http.tls().is_none();
        object(
            exposed,
            "http.listen",
            "is beyond loopback, where tokens and answers could be read on the way: name http.certificate_file and \
             http.key_file, or put a proxy in front and stay on loopback",
        );
        object(self.http.max_connections == 0, "http.max_connections", "must be at least 1");
        object(self.http.max_requests == 0, "http.max_requests", "must be at least 1");
        object(self.http.timeout_s == 0, "http.timeout_s", "must be at least 1");
        object(self.http.max_url_bytes < 256, "http.max_url_bytes", "must be at least 256");
        object(
            self.http.certificate_file.is_some() != self.http.key_file.is_some(),
            "http.certificate_file",
            "and http.key_file belong together: name both or none",
        );
        object(self.http.max_page == 0, "http.max_page", "must be at least 1");
        object(self.store.batch_records == 0, "store.batch_records", "must be at least 1");
        object(
            self.store.queue_records < self.store.batch_records,
            "store.queue_records",
            "must be at least store.batch_records",
        );
        object(self.store.readers == 0, "store.readers", "must be at least 1");
        object(self.store.alive_interval_s == 0, "store.alive_interval_s", "must be at least 1");
        found.extend(self.open_data.objections().into_iter().map(|(key, reason)| (key.to_owned(), reason)));
        let of_persons = self.privacy.objections(self.store.frames_keep_days);
        found.extend(of_persons.into_iter().map(|(key, reason)| (key.to_owned(), reason)));
        found.extend(self.influx.objections().into_iter().map(|(key, reason)| (key.to_owned(), reason)));
        found.extend(self.registry.objections().into_iter().map(|(key, reason)| (key.to_owned(), reason)));
        found.extend(self.limits.objections().into_iter().map(|(key, reason)| (key.to_owned(), reason)));
        found.extend(self.ca.objections().into_iter().map(|(key, reason)| (key.to_owned(), reason)));
        found.extend(self.listener_objections());
        found
    }
}

/// An empty text is no path.
fn path_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

/// A time zone by its name.
fn zone<'de, D: Deserializer<'de>>(source: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(source)?;
    name.parse().map_err(|_| D::Error::custom(format!("\"{name}\" is no time zone like Europe/London")))
}
