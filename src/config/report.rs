//! `[report]`: how figures are made.

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de::Error};

/// Settings of the reports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// The zone of local days and opening hours.
    #[serde(deserialize_with = "zone")]
    pub zone: Tz,
    /// How long after its end a period may still change.
    pub settle_days: u32,
    /// Whether planned work is exempt in the UK figures.
    pub planned_work_is_exempt: bool,
}

fn zone<'de, D: Deserializer<'de>>(source: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(source)?;
    name.parse().map_err(|_| D::Error::custom(format!("\"{name}\" is no time zone like Europe/London")))
}
