//! Reading the registry from its files: CSV (a row per EVSE) or TOML (sites, chargers, EVSEs, tariffs). Both say the same
//! things by the same [`keys`], and both become [`fields`] first, from which [`build`] makes the objects.

mod build;
mod csv;
mod fields;
mod keys;
mod tariff;
mod toml;

#[cfg(test)]
mod tests;

use std::path::Path;

use super::factors::FactorTable;
use super::intensity::Intensity;
use super::lsoa::LsoaTable;
use super::programme::Programme;
use super::registry::RegistrySettings;
use super::sites::{Registry, SitesError};

/// Reads the registry that the settings name, with what belongs to it.
pub(super) fn read(settings: &RegistrySettings) -> Result<Registry, SitesError> {
    let mut registry = match &settings.file {
        Some(path) => load(path)?,
        None => Registry::default(),
    };
    if let Some(path) = &settings.tariffs_file {
        let (file, text) = text_of(path)?;
        let more = toml::read(&file, &text)?;
        if !more.chargers.is_empty() {
            return Err(SitesError(format!("{file}: sites belong to registry.file; here stand tariffs alone")));
        }
        registry.tariffs.extend(more.tariffs);
    }
    tariff::check(&registry, settings)?;
    if let Some(path) = &settings.lsoa_file {
        let (file, text) = text_of(path)?;
        registry.lsoas = LsoaTable::from_csv(&file, &text)?.by_edition(settings.imd_edition).into();
        registry.join_lsoas(settings.imd_edition);
    }
    if let Some(path) = &settings.factors_file {
        let (file, text) = text_of(path)?;
        registry.factors = FactorTable::from_toml(&file, &text)?.into();
    }
    if let Some(path) = &settings.intensity_file {
        let mut intensity = if settings.asks_for_intensity() && !path.exists() {
            Intensity::none_yet()
        } else {
            let (file, text) = text_of(path)?;
            Intensity::from_csv(&file, &text, settings.intensity_zone)?
        };
        intensity.has_losses = settings.intensity_has_losses;
        registry.intensity = intensity.into();
    }
    if let Some(path) = &settings.programme_file {
        let (file, text) = text_of(path)?;
        registry.programme = Programme::from_toml(&file, &text)?.into();
    }
    Ok(registry)
}

/// Reads a registry from a `.toml` or `.csv` file.
pub(super) fn load(path: &Path) -> Result<Registry, SitesError> {
    let (file, text) = text_of(path)?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => csv::read(&file, &text),
        Some("toml") => toml::read(&file, &text),
        _ => Err(SitesError(format!("{file}: the registry must be a .toml or a .csv file"))),
    }
}

/// Reads a registry from CSV text.
pub(super) fn from_csv(file: &str, text: &str) -> Result<Registry, SitesError> {
    csv::read(file, text)
}

/// The name of a file for errors, and its text.
fn text_of(path: &Path) -> Result<(String, String), SitesError> {
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((file, text)),
        Err(error) => Err(SitesError(format!("{file}: cannot be read: {error}"))),
    }
}
