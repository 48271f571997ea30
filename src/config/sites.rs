//! The registry: which chargers there are, where, and how they are built. Read from TOML or CSV.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::ids::{ChargerId, Outlet};

/// Every registered charger, by identity.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The chargers; keys compare without case.
    pub chargers: HashMap<ChargerId, Arc<Charger>>,
}

/// Why a registry cannot be used: file, line, reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SitesError(pub(super) String);

impl Registry {
    /// Reads a registry from a `.toml` or `.csv` file.
    ///
    /// # Errors
    /// When the file cannot be read or says something that cannot be.
    pub fn load(path: &Path) -> Result<Self, SitesError> {
        super::sites_file::load(path)
    }

    /// Reads a registry from CSV text; `name` stands for the file in errors.
    ///
    /// # Errors
    /// When the text says something that cannot be.
    pub fn from_csv(name: &str, text: &str) -> Result<Self, SitesError> {
        super::sites_file::from_csv(name, text)
    }
}

/// A registered charger.
#[derive(Clone, Debug, PartialEq)]
pub struct Charger {
    /// Its identity.
    pub id: ChargerId,
    /// Its name for people.
    pub name: Option<String>,
    /// Its site.
    pub site: Arc<Site>,
    /// Its EVSEs.
    pub evses: Vec<Evse>,
    /// Day it went into service, `YYYY-MM-DD`.
    pub commissioned_on: Option<chrono::NaiveDate>,
    /// Whether it is simulated.
    pub simulated: bool,
}

/// A site.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Short name, used as a label.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// on_street_residential, destination, rapid_hub, park_and_ride.
    pub kind: Option<String>,
    /// WGS84 latitude.
    pub latitude: Option<f64>,
    /// WGS84 longitude.
    pub longitude: Option<f64>,
    /// LSOA code.
    pub lsoa_code: Option<String>,
    /// National deprivation decile, 1 = most deprived.
    pub imd_decile: Option<u8>,
    /// Opening hours, e.g. `24/7` or `Mo-Su 06:00-23:00`.
    pub opening_hours: Option<String>,
}

/// One EVSE: serves one vehicle at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evse {
    /// Its number for people and reports.
    pub id: u32,
    /// The charger's own connector numbers under it.
    pub connectors: Vec<u32>,
    /// Plug types, in the order of `connectors`, OCPI words.
    pub connector_types: Vec<String>,
    /// Rated power in watts.
    pub rated_w: Option<u32>,
}

impl Charger {
    /// The EVSE number to show for a place at this charger. One that numbers EVSEs and connectors apart (2.x) is
    /// believed; one that numbers its connectors through (1.6) has the EVSEs that are listed.
    pub fn evse_of(&self, outlet: Outlet) -> u32 {
        let has = |evse: &&Evse| evse.connectors.contains(&outlet.connector);
        let said = self.evses.iter().filter(|evse| evse.id == outlet.evse).find(has);
        if outlet.evse != outlet.connector || said.is_some() {
            return outlet.evse;
        }
        self.evses.iter().find(has).map_or(outlet.evse, |evse| evse.id)
    }

    /// Rated power of an EVSE, in watts.
    pub fn rated_w(&self, evse: u32) -> Option<u32> {
        self.evses.iter().find(|known| known.id == evse).and_then(|known| known.rated_w)
    }

    /// Rated power of its strongest EVSE, in watts.
    pub fn strongest_w(&self) -> Option<u32> {
        self.evses.iter().filter_map(|evse| evse.rated_w).max()
    }
}

/// The registry in use; replaced whole when its file changes.
#[derive(Clone, Debug, Default)]
pub struct SharedRegistry(Arc<RwLock<Arc<Registry>>>);

impl SharedRegistry {
    /// Begins with a registry.
    pub fn new(registry: Registry) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(registry))))
    }

    /// The present registry.
    pub fn load(&self) -> Arc<Registry> {
        self.0.read().clone()
    }

    /// Puts another one in its place.
    pub fn replace(&self, registry: Registry) {
        *self.0.write() = Arc::new(registry);
    }

    /// A charger, if it is registered.
    pub fn charger(&self, id: &ChargerId) -> Option<Arc<Charger>> {
        self.0.read().chargers.get(id).cloned()
    }
}
