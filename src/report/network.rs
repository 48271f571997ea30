//! Which EVSEs there are: what the registry lists and what chargers told of.

use std::collections::HashMap;
use std::sync::Arc;

use chrono_tz::Tz;

use super::{PlaceUnit, Value};
use crate::config::sites::{Charger, Registry, Site};
use crate::domain::availability::{self, Interval};
use crate::domain::event::Boot;
use crate::domain::ids::{ChargerId, Outlet, StationKey};
use crate::domain::opening::{Week, midnight};
use crate::domain::service::Fact;
use crate::domain::time::{At, Span};
use crate::store::figures::Met;

/// Rated power from which on the UK rule of 99 % holds, in watts.
const RAPID_W: u32 = 50_000;

/// Raised whenever facts that are kept would come out differently.
const FACTS_VERSION: u32 = 3;

/// An EVSE: serves one vehicle at a time.
#[derive(Clone, Debug)]
pub struct Evse {
    /// Its charger.
    pub charger: ChargerId,
    /// The charger's row, where it was ever met.
    pub station: Option<StationKey>,
    /// Its number, as the registry counts, else as the charger does.
    pub number: u32,
    /// The outlets that make it up.
    pub outlets: Vec<Outlet>,
    /// Its site.
    pub site: Option<Arc<Site>>,
    /// The fifth of households, from the most deprived on, in which the site's area lies.
    pub quintile: Option<u8>,
    /// Rated power in watts.
    pub rated_w: Option<u32>,
    /// The kinds of its connectors, where all are registered.
    pub connectors: Option<String>,
    /// What the charger last said of itself.
    pub boot: Boot,
    /// Whether it is simulated.
    pub simulated: bool,
    /// In service from here on; `None`: not yet.
    pub commissioned: Option<At>,
    /// Out of service from here on.
    pub removed: Option<At>,
    hours: Arc<Week>,
    /// What facts of it are made by.
    pub made_by: String,
}

/// The EVSEs, in order of charger and number.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Them.
    pub evses: Vec<Evse>,
    registered: HashMap<ChargerId, Arc<Charger>>,
}

impl Network {
    /// What the registry lists and what chargers told of, together.
    pub fn of(registry: &Registry, met: Vec<Met>, zone: Tz) -> Self {
        let mut met: HashMap<ChargerId, Met> = met.into_iter().map(|met| (met.charger.clone(), met)).collect();
        let mut evses = Vec::new();
        for charger in registry.chargers.values() {
            evses.extend(of_charger(charger.id.clone(), Some(charger), met.remove(&charger.id), zone));
        }
        for (id, met) in met {
            evses.extend(of_charger(id, None, Some(met), zone));
        }
        for evse in &mut evses {
            evse.quintile = evse.site.as_ref().and_then(|site| registry.lsoas.quintile(site.imd_decile?));
        }
        evses.sort_by(|a, b| (a.charger.as_str(), a.number).cmp(&(b.charger.as_str(), b.number)));
        Self { evses, registered: registry.chargers.clone() }
    }

    /// Leaves those that are wanted.
    pub fn retain(&mut self, wanted: impl Fn(&Evse) -> bool) {
        self.evses.retain(wanted);
    }

    /// Some of them.
    pub(super) fn part(&self, evses: &[usize]) -> Self {
        let evses = evses.iter().filter_map(|index| self.evses.get(*index).cloned()).collect();
        Self { evses, registered: self.registered.clone() }
    }

    /// The EVSE number of a place at a charger.
    pub fn evse_of(&self, charger: &ChargerId, outlet: Outlet) -> u32 {
        self.registered.get(charger).map_or(outlet.evse, |known| known.evse_of(outlet))
    }
}

fn of_charger(id: ChargerId, registered: Option<&Arc<Charger>>, met: Option<Met>, zone: Tz) -> Vec<Evse> {
    let outlets: Vec<Outlet> = met.iter().flat_map(|met| met.outlets.iter().copied()).filter(|o| o.evse != 0).collect();
    let number = |outlet: Outlet| registered.map_or(outlet.evse, |charger| charger.evse_of(outlet));
    let listed = registered.map(|charger| charger.evses.as_slice()).unwrap_or_default();
    let mut numbers: Vec<u32> = listed.iter().map(|evse| evse.id).collect();
    if numbers.is_empty() {
        numbers.extend(outlets.iter().map(|outlet| number(*outlet)));
    }
    numbers.sort_unstable();
    numbers.dedup();
    let site = registered.map(|charger| charger.site.clone());
    let text = site.as_ref().and_then(|site| site.opening_hours.clone()).unwrap_or_else(|| "24/7".to_owned());
    let hours = Arc::new(Week::of(site.as_ref().and_then(|site| site.hours.as_ref())));
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| midnight(day, zone));
    let first_seen = met.as_ref().map(|met| met.first_seen);
    let commissioned = day(registered.and_then(|charger| charger.commissioned_on)).or(first_seen);
    let removed = day(registered.and_then(|charger| charger.removed_on));
    let boot = met.as_ref().map(|met| met.boot.clone()).unwrap_or_default();
    // Simulated chargers say so in their name and in that of their model.
    let says_so =
        id.as_str().starts_with("SIM-") || boot.model.as_deref().is_some_and(|model| model.starts_with("SIM "));
    let evse = |evse: u32| {
        let own: Vec<Outlet> = outlets.iter().copied().filter(|outlet| number(*outlet) == evse).collect();
        let times = [commissioned, removed].map(|at| at.map_or(0, At::millis));
        Evse {
            made_by: format!("{FACTS_VERSION}.{}|{zone}|{own:?}|{text}|{times:?}", Fact::ALL.len()),
            charger: id.clone(),
            station: met.as_ref().map(|met| met.key),
            number: evse,
            outlets: own,
            site: site.clone(),
            quintile: None,
            rated_w: registered.and_then(|charger| charger.rated_w(evse)),
            connectors: registered.and_then(|charger| charger.kinds(evse)),
            boot: boot.clone(),
            simulated: registered.is_some_and(|charger| charger.simulated) || says_so,
            commissioned,
            removed,
            hours: hours.clone(),
        }
    };
    numbers.into_iter().map(evse).collect()
}

impl Evse {
    /// When its site is open within a stretch.
    pub fn open(&self, within: Span, zone: Tz) -> Vec<Span> {
        self.hours.open(within, zone)
    }

    /// Whether the UK rule of 99 % holds for it; `None` where its power is not registered.
    pub fn is_rapid(&self) -> Option<bool> {
        self.rated_w.map(|watts| watts >= RAPID_W)
    }

    /// Its timeline, from those of its charger's outlets.
    pub fn timeline(&self, lines: &[(Outlet, Vec<Interval>)]) -> Vec<Interval> {
        availability::of_outlets(lines, |outlet| self.outlets.contains(&outlet))
    }

    /// Its class of power.
    pub fn power_class(&self) -> Option<&'static str> {
        self.rated_w.map(|watts| match watts {
            0..8_000 => "slow",
            8_000..50_000 => "fast",
            50_000..150_000 => "rapid",
            150_000.. => "ultra_rapid",
        })
    }

    /// The names of its group, by the columns of the unit.
    pub fn group(&self, unit: PlaceUnit) -> Vec<Value> {
        let site = self.site.as_ref();
        match unit {
            PlaceUnit::Network | PlaceUnit::FaultClass => Vec::new(),
            PlaceUnit::Site => vec![
                Value::registered(site.map(|site| site.id.as_str())),
                Value::registered(site.map(|site| site.name.as_str())),
            ],
            PlaceUnit::Charger => vec![Value::Text(self.charger.as_str().to_owned())],
            PlaceUnit::Evse => {
                vec![Value::Text(self.charger.as_str().to_owned()), Value::Whole(self.number.into())]
            }
            PlaceUnit::PowerClass => vec![Value::registered(self.power_class())],
            PlaceUnit::Connector => vec![Value::registered(self.connectors.as_deref())],
            PlaceUnit::SiteType => vec![Value::registered(site.and_then(|site| site.kind.as_deref()))],
            PlaceUnit::Decile => {
                let decile = site.and_then(|site| site.imd_decile);
                vec![decile.map_or(Value::Null("not in the registry"), |decile| Value::Whole(decile.into()))]
            }
            PlaceUnit::Quintile => {
                let known = |quintile: u8| Value::Whole(quintile.into());
                vec![self.quintile.map_or(Value::Null("the area is not in the table"), known)]
            }
            PlaceUnit::Model => vec![said(&self.boot.vendor), said(&self.boot.model)],
            PlaceUnit::Firmware => vec![said(&self.boot.vendor), said(&self.boot.model), said(&self.boot.firmware)],
        }
    }
}

/// What a charger said of itself, or null for the reason that it did not.
fn said(text: &Option<Box<str>>) -> Value {
    text.as_deref().map_or(Value::Null("the charger has not said"), |text| Value::Text(text.to_owned()))
}
