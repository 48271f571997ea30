//! `[registry]`: where the list of sites and chargers is.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of the registry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySettings {
    /// TOML or CSV file of sites and chargers; none means that every charger is unregistered.
    #[serde(deserialize_with = "super::path_or_none")]
    pub file: Option<PathBuf>,
    /// Look for changes of the file this often, in seconds. 0 looks only on SIGHUP.
    pub reload_s: u64,
}
