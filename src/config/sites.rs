//! The registry: which chargers there are, where, and how they are built. Read from TOML or CSV.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use parking_lot::RwLock;

use super::factors::FactorTable;
use super::intensity::Intensity;
use super::lsoa::LsoaTable;
use super::programme::Programme;
use super::registry::RegistrySettings;
use crate::domain::ids::{ChargerId, Outlet};
use crate::domain::ocpi::Service;
use crate::domain::ocpi::electric::{Rating, Said, rating};
use crate::domain::ocpi::place::OpeningHours;
use crate::domain::ocpi::plug::Standard;
use crate::domain::ocpi::tariff::Tariff;

/// Every registered charger, by identity.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The chargers; keys compare without case.
    pub chargers: HashMap<ChargerId, Arc<Charger>>,
    /// The tariffs, in the order of their file.
    pub tariffs: Vec<Arc<Tariff>>,
    /// The small areas; none without a table.
    pub lsoas: Arc<LsoaTable>,
    /// Emission factors.
    pub factors: Arc<FactorTable>,
    /// Carbon intensity by half-hour; nothing without a file.
    pub intensity: Arc<Intensity>,
    /// What the programme knows; nothing without a file.
    pub programme: Arc<Programme>,
}

/// Why a registry cannot be used: file, line, reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SitesError(pub(super) String);

impl Registry {
    /// Reads the registry that the settings name, with tariffs and small areas.
    ///
    /// # Errors
    /// When a file cannot be read or says something that cannot be.
    pub fn read(settings: &RegistrySettings) -> Result<Self, SitesError> {
        super::sites_file::read(settings)
    }

    /// Reads a registry from CSV text; `name` stands for the file in errors.
    ///
    /// # Errors
    /// When the text says something that cannot be.
    pub fn from_csv(name: &str, text: &str) -> Result<Self, SitesError> {
        super::sites_file::from_csv(name, text)
    }

    /// The tariff of an id, in any case.
    pub fn tariff(&self, id: &str) -> Option<&Arc<Tariff>> {
        self.tariffs.iter().find(|tariff| tariff.id.eq_ignore_ascii_case(id))
    }

    /// Gives sites the area and decile that they lack: by their code, else by the nearest centroid.
    pub(super) fn join_lsoas(&mut self, edition: Option<u16>) {
        let lsoas = self.lsoas.clone();
        let mut joined: HashMap<String, Arc<Site>> = HashMap::new();
        for charger in self.chargers.values_mut() {
            let site = joined.entry(charger.site.id.clone()).or_insert_with(|| {
                let mut site = (*charger.site).clone();
                site.join_lsoa(&lsoas, edition);
                Arc::new(site)
            });
            Arc::make_mut(charger).site = site.clone();
        }
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
    /// Day it went into service.
    pub commissioned_on: Option<NaiveDate>,
    /// Day it went out of service for good. It stays in the registry: what was published is never forgotten.
    pub removed_on: Option<NaiveDate>,
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
    /// How the small area was found, where one is known.
    pub lsoa_join: Option<LsoaJoin>,
    /// Opening hours as written, e.g. `24/7` or `Mo-Su 06:00-23:00`.
    pub opening_hours: Option<String>,
    /// Opening hours as understood.
    pub hours: Option<OpeningHours>,
    /// Its time zone.
    pub time_zone: chrono_tz::Tz,
    /// Street and number.
    pub address: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// Country, two letters (ISO 3166-1), where it is not that of `[open_data]`.
    pub country_code: Option<String>,
    /// Three letters of the party that operates it, where it is not that of `[open_data]`.
    pub party_id: Option<String>,
    /// Who operates it, where it is not that of `[open_data]`.
    pub operator: Option<String>,
    /// Page of the operator.
    pub operator_website: Option<String>,
    /// Telephone number of the helpline.
    pub helpline: Option<String>,
    /// Kind of parking, OCPI word.
    pub parking_type: Option<&'static str>,
    /// Whether open data may name it.
    pub publish: bool,
}

/// How a site's small area was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LsoaJoin {
    /// The registry gives it.
    Given,
    /// It has the nearest centroid, within 300 m.
    Nearest,
}

impl LsoaJoin {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Nearest => "nearest",
        }
    }
}

impl Site {
    fn join_lsoa(&mut self, lsoas: &LsoaTable, edition: Option<u16>) {
        let area = if let Some(code) = &self.lsoa_code {
            self.lsoa_join = Some(LsoaJoin::Given);
            lsoas.by_code(code)
        } else {
            let place = self.latitude.zip(self.longitude);
            let nearest = place.and_then(|(latitude, longitude)| lsoas.nearest(latitude, longitude));
            self.lsoa_join = nearest.map(|_| LsoaJoin::Nearest);
            nearest
        };
        let Some(area) = area else { return };
        self.lsoa_code.get_or_insert_with(|| area.code.clone());
        self.imd_decile = self.imd_decile.or_else(|| area.decile(edition).map(|(_, decile)| decile));
    }
}

/// One EVSE: serves one vehicle at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evse {
    /// Its number for people and reports.
    pub id: u32,
    /// The charger's own connector numbers under it.
    pub connectors: Vec<u32>,
    /// What is known of each connector, in the order of `connectors`.
    pub plugs: Vec<Plug>,
    /// Rated power in watts.
    pub rated_w: Option<u32>,
    /// Ids of its tariffs; empty: the price is unknown.
    pub tariff_ids: Vec<String>,
    /// What it offers, OCPI words.
    pub capabilities: Vec<&'static str>,
    /// Whether its bay is accessible as PAS 1899 asks.
    pub pas_1899: bool,
    /// Its name in open data, where it is not made from the charger's identity. Never given to another.
    pub uid: Option<String>,
    /// Its number for people, like `GB*MKD*E12345`.
    pub public_id: Option<String>,
}

/// What the registry says of a connector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plug {
    /// Its kind.
    pub standard: Option<&'static Standard>,
    /// How it is built and what it can give.
    pub said: Said,
}

impl Evse {
    /// Each connector's number and kind and what it can give, where that is known.
    pub fn rated_plugs(&self) -> impl Iterator<Item = (u32, &'static Standard, Rating)> {
        let plug = |(connector, plug): (&u32, &Plug)| {
            let standard = plug.standard?;
            Some((*connector, standard, rating(standard, self.rated_w, plug.said)?))
        };
        self.connectors.iter().zip(&self.plugs).filter_map(plug)
    }
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

    /// The kinds of an EVSE's connectors, each once, in OCPI words; `None` where that of any is not known.
    pub fn kinds(&self, evse: u32) -> Option<String> {
        let evse = self.evses.iter().find(|known| known.id == evse)?;
        let kinds = evse.plugs.iter().map(|plug| plug.standard.map(|standard| standard.word));
        let kinds = kinds.collect::<Option<BTreeSet<_>>>().filter(|kinds| !kinds.is_empty())?;
        Some(kinds.into_iter().collect::<Vec<_>>().join(" + "))
    }

    /// Where it is in its life.
    pub const fn service(&self) -> Service {
        Service { from: self.commissioned_on, removed: self.removed_on }
    }

    /// Rated power of its strongest EVSE, in watts.
    pub fn strongest_w(&self) -> Option<u32> {
        self.evses.iter().filter_map(|evse| evse.rated_w).max()
    }
}

/// The registry in use; replaced whole when its file changes.
#[derive(Clone, Debug, Default)]
pub struct SharedRegistry(Arc<RwLock<(u64, Arc<Registry>)>>);

impl SharedRegistry {
    /// Begins with a registry.
    pub fn new(registry: Registry) -> Self {
        Self(Arc::new(RwLock::new((0, Arc::new(registry)))))
    }

    /// The present registry.
    pub fn load(&self) -> Arc<Registry> {
        self.0.read().1.clone()
    }

    /// Rises each time that another one is put in its place.
    pub fn edition(&self) -> u64 {
        self.0.read().0
    }

    /// Puts another one in its place.
    pub fn replace(&self, registry: Registry) {
        let mut held = self.0.write();
        *held = (held.0 + 1, Arc::new(registry));
    }

    /// A charger, if it is registered.
    pub fn charger(&self, id: &ChargerId) -> Option<Arc<Charger>> {
        self.0.read().1.chargers.get(id).cloned()
    }
}
