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
    /// Whether losses in the grid are in that intensity already.
    pub intensity_has_losses: bool,
    /// Where to ask for half-hours, which then are kept in that file; empty: nowhere.
    pub intensity_url: String,
    /// Ask so often, in seconds.
    pub intensity_every_s: u64,
    /// Ask for so many days back.
    pub intensity_days: u32,
    /// TOML file of what the programme knows and the ledger does not.
    #[serde(deserialize_with = "super::path_or_none")]
    pub programme_file: Option<PathBuf>,
    /// Look for changes of the file this often, in seconds. 0 looks only on SIGHUP.
    pub reload_s: u64,
}

impl RegistrySettings {
    /// Whether half-hours of carbon intensity are asked for.
    pub fn asks_for_intensity(&self) -> bool {
        !self.intensity_url.is_empty()
    }

    /// What is wrong with values that are well-formed: key and reason.
    pub(super) fn objections(&self) -> Vec<(&'static str, String)> {
        if !self.asks_for_intensity() {
            return Vec::new();
        }
        let url = self.intensity_url.as_str();
        let address = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
        let plain =
            !address.is_empty() && !address.starts_with('/') && !address.contains(['?', '#', '@', ',', '"', ' ']);
        let rules = [
            (!plain, "registry.intensity_url", "is not like https://host/path, without user, password or question"),
            (self.intensity_file.is_none(), "registry.intensity_file", "must be named: answers are kept in it"),
            (self.intensity_every_s < 60, "registry.intensity_every_s", "must be at least 60"),
            (self.reload_s == 0, "registry.reload_s", "must be at least 1: what was told would not be read"),
            (self.intensity_days > 3660, "registry.intensity_days", "must be at most 3660"),
        ];
        rules.into_iter().filter(|(wrong, ..)| *wrong).map(|(_, key, reason)| (key, reason.to_owned())).collect()
    }

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

#[cfg(test)]
mod tests {
    use crate::config::load::{Sources, load};

    #[test]
    fn who_asks_for_intensity_says_where_and_keeps_what_is_told() {
        let with_reload = |url: &str, file: &str, every: &str, reload: &str| {
            let flags = vec![
                ("registry.reload_s", reload.to_owned()),
                ("registry.intensity_url", url.to_owned()),
                ("registry.intensity_file", file.to_owned()),
                ("registry.intensity_every_s", every.to_owned()),
            ];
            load(&Sources { flags, ..Sources::default() }).err().map(|mistakes| mistakes.to_string())
        };
        let told = |url: &str, file: &str, every: &str| with_reload(url, file, every, "30");
        assert_eq!(told("https://grid.example/intensity", "i.csv", "60"), None);
        assert!(with_reload("https://grid.example", "i.csv", "60", "0").unwrap().contains("registry.reload_s must be"));
        assert_eq!(told("", "", "0"), None);
        for bad in ["grid.example", "ftp://a", "http://", "https:///a", "https://user:secret@host", "https://host/?a=1"]
        {
            let told = told(bad, "i.csv", "60").unwrap();
            assert!(told.contains("registry.intensity_url is not like") && !told.contains("secret"), "{told}");
        }
        assert!(told("https://grid.example", "", "60").unwrap().contains("registry.intensity_file must be named"));
        assert!(told("https://grid.example", "i.csv", "5").unwrap().contains("registry.intensity_every_s must be"));
    }
}
