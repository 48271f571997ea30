//! `[metrics]`: what `/metrics` shows.

use serde::Deserialize;

/// Settings of the metrics page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// How far down to go.
    pub detail: Detail,
}

/// How far down the metrics go: bounds the number of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// Sites only.
    Site,
    /// Sites and chargers.
    Charger,
    /// Sites, chargers and connectors.
    Connector,
}
