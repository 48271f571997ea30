//! Settings: what an operator may change. One file per concern; `config/default.toml` holds the defaults and explains
//! every key.

pub mod availability;
pub mod http;
pub mod log;
pub mod metrics;
pub mod ocpp;
pub mod registry;
pub mod sites;
pub mod store;

use serde::Deserialize;

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The side that chargers connect to.
    pub ocpp: ocpp::OcppSettings,
    /// The side that people and monitors read.
    pub http: http::HttpSettings,
    /// The ledger.
    pub store: store::StoreSettings,
    /// Sites and chargers.
    pub registry: registry::RegistrySettings,
    /// Availability rules.
    pub availability: availability::AvailabilitySettings,
    /// Metrics.
    pub metrics: metrics::MetricsSettings,
    /// Log.
    pub log: log::LogSettings,
}
