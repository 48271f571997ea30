//! `[registry]`: where the list of sites and chargers is, and the tables that figures are made with.

use std::path::PathBuf;

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};

/// Settings of the registry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySettings {
    /// TOML or CSV file of sites and chargers; none means that every charger is unregistered.
    #[serde(deserialize_with = "super::path_or_none")]
    pub file: Option<PathBuf>,
    /// TOML file of tariffs (`[[tariff]]`), besides those in `file`.
    #[serde(deserialize_with = "super::path_or_none")]
    pub tariffs_file: Option<PathBuf>,
    /// CSV file of small areas (LSOA): gives sites the area and the decile that they lack.
    #[serde(deserialize_with = "super::path_or_none")]
    pub lsoa_file: Option<PathBuf>,
    /// Edition (a year) of the index of deprivation; 0 is the newest of `lsoa_file`.
    #[serde(deserialize_with = "year_or_none")]
    pub imd_edition: Option<u16>,
    /// TOML file of emission factors, instead of the built-in table.
    #[serde(deserialize_with = "super::path_or_none")]
    pub factors_file: Option<PathBuf>,
    /// CSV file with the carbon intensity of each half-hour.
    #[serde(deserialize_with = "super::path_or_none")]
    pub intensity_file: Option<PathBuf>,
    /// The zone of times in that file that say no offset.
    #[serde(deserialize_with = "super::zone")]
    pub intensity_zone: Tz,
    /// TOML file of what the programme knows and the ledger does not.
    #[serde(deserialize_with = "super::path_or_none")]
    pub programme_file: Option<PathBuf>,
    /// Look for changes of the file this often, in seconds. 0 looks only on SIGHUP.
    pub reload_s: u64,
}

impl RegistrySettings {
    /// The files of the registry.
    pub fn files(&self) -> Vec<PathBuf> {
        let registered = [&self.file, &self.tariffs_file, &self.lsoa_file];
        let for_figures = [&self.factors_file, &self.intensity_file, &self.programme_file];
        registered.into_iter().chain(for_figures).flatten().cloned().collect()
    }
}

/// 0 is no year.
fn year_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let year = u16::deserialize(deserializer)?;
    Ok((year != 0).then_some(year))
}
