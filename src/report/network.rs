//! Which EVSEs there are: what the registry lists and what chargers told of.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::{PlaceUnit, Rules, Value};
use crate::config::report::ReportSettings;
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
const FACTS_VERSION: u32 = 4;

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
    /// Which of the places of the network it is at.
    pub(super) place: usize,
    /// Whether how full its place was is counted at it, of all EVSEs there.
    pub(super) bears_site: bool,
    /// And of those of its class of power.
    pub(super) bears_class: bool,
}

/// The EVSEs, in order of charger and number.
#[derive(Clone, Debug)]
pub struct Network {
    /// Them.
    pub evses: Vec<Evse>,
    /// The settings that facts are made by.
    pub(super) rules: Rules,
    places: Arc<Vec<Place>>,
    registered: HashMap<ChargerId, Arc<Charger>>,
}

/// A site with all of its EVSEs, whichever were asked for; a charger without one is a place by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Them, in order of charger and number.
    pub(super) evses: Vec<Evse>,
}

impl Network {
    /// What the registry lists and what chargers told of, together.
    pub fn of(registry: &Registry, met: Vec<Met>, settings: &ReportSettings) -> Self {
        let zone = settings.zone;
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
        let rules = Rules::of(settings);
        let places = Arc::new(placed(&mut evses, &format!("{:?} {:?}", rules.gaps, rules.visit_succeeds)));
        Self { evses, rules, places, registered: registry.chargers.clone() }
    }

    /// The place of an EVSE.
    pub(super) fn place_of(&self, evse: &Evse) -> Option<&Place> {
        self.places.get(evse.place)
    }

    /// The place of each charger.
    pub(super) fn places_of_stations(&self) -> HashMap<StationKey, usize> {
        let evses = self.places.iter().flat_map(|place| &place.evses);
        evses.filter_map(|evse| evse.station.map(|station| (station, evse.place))).collect()
    }

    /// Whether each place has all of its EVSEs here, or none.
    pub(super) fn has_whole_places(&self) -> bool {
        let places: HashSet<usize> = self.evses.iter().map(|evse| evse.place).collect();
        let all = places.iter().filter_map(|place| self.places.get(*place)).map(|place| place.evses.len());
        all.sum::<usize>() == self.evses.len()
    }

    /// The same EVSEs, as if there were no others. What is kept of their places is no use then.
    pub(super) fn apart(&self) -> Self {
        let mut evses = self.evses.clone();
        let places = Arc::new(placed(&mut evses, "apart"));
        Self { evses, places, rules: self.rules, registered: self.registered.clone() }
    }

    /// Leaves those that are wanted.
    pub fn retain(&mut self, wanted: impl Fn(&Evse) -> bool) {
        self.evses.retain(wanted);
    }

    /// The EVSE number of a place at a charger.
    pub fn evse_of(&self, charger: &ChargerId, outlet: Outlet) -> u32 {
        self.registered.get(charger).map_or(outlet.evse, |known| known.evse_of(outlet))
    }
}

/// The places of EVSEs. What facts of an EVSE are made by tells of all EVSEs of its place from then on, and of `rules`.
fn placed(evses: &mut [Evse], rules: &str) -> Vec<Place> {
    let mut groups: BTreeMap<(Option<String>, Option<String>), Vec<usize>> = BTreeMap::new();
    for (index, evse) in evses.iter().enumerate() {
        let site = evse.site.as_ref().map(|site| site.id.clone());
        let alone = site.is_none().then(|| evse.charger.as_str().to_owned());
        groups.entry((site, alone)).or_default().push(index);
    }
    let mut places = Vec::with_capacity(groups.len());
    for (place, own) in groups.into_values().enumerate() {
        let mut print = Sha256::new_with_prefix(rules);
        for evse in own.iter().filter_map(|index| evses.get(*index)) {
            let (class, number) = (evse.power_class(), evse.number);
            print.update(format!("{}/{number} {:?} {class:?} {}\n", evse.charger, evse.station, evse.made_by));
        }
        let print = print.finalize().iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        // What nobody ever met is not kept: one that was met counts for all, where there is one.
        let mut order = own.clone();
        order.sort_by_key(|index| evses.get(*index).is_none_or(|evse| evse.station.is_none()));
        let mut classes: HashSet<Option<&str>> = HashSet::new();
        for (rank, index) in order.into_iter().enumerate() {
            let Some(evse) = evses.get_mut(index) else { continue };
            evse.place = place;
            evse.made_by.push('|');
            evse.made_by.push_str(&print);
            (evse.bears_site, evse.bears_class) = (rank == 0, classes.insert(evse.power_class()));
        }
        places.push(Place { evses: own.iter().filter_map(|index| evses.get(*index).cloned()).collect() });
    }
    places
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
            place: 0,
            bears_site: true,
            bears_class: true,
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
