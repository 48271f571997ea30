//! `[metrics]`: what `/metrics` and `/metrics/programme` show.

use serde::Deserialize;

/// Settings of the metrics pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// How far down to go.
    pub detail: Detail,
    /// How old the programme's figures may become, in seconds, before they are made anew.
    pub programme_every_s: u64,
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
