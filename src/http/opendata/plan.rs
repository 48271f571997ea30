//! What the registry gives to be published: the parts of the objects that do not change while it stays the same, and what
//! has to be left out because OCPI asks for more than is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::objects;
use crate::config::open_data::OpenDataSettings;
use crate::config::sites::{Charger, Evse, Registry};

/// All that can be published.
pub(super) struct Plan {
    pub(super) sites: Vec<SitePlan>,
    /// Id and object.
    pub(super) tariffs: Vec<(String, Map<String, Value>)>,
    /// What is left out, and what it lacks.
    pub(super) withheld: Vec<String>,
}

/// A location.
pub(super) struct SitePlan {
    pub(super) id: String,
    pub(super) object: Map<String, Value>,
    pub(super) evses: Vec<EvsePlan>,
}

/// An EVSE of a location.
pub(super) struct EvsePlan {
    pub(super) charger: Arc<Charger>,
    /// Its number at the charger.
    pub(super) evse: u32,
    pub(super) uid: String,
    pub(super) public_id: String,
    pub(super) object: Map<String, Value>,
    /// Its connectors, by number.
    pub(super) connectors: Vec<(u32, Map<String, Value>)>,
}

impl Plan {
    /// What a registry gives.
    pub(super) fn of(registry: &Registry, settings: &OpenDataSettings) -> Self {
        let simulated = |charger: &Charger| charger.simulated || charger.id.as_str().starts_with("SIM-");
        // Oldest first, as OCPI wants it. Days are all that is known of when a site began; its name decides between equals.
        let mut sites: BTreeMap<&str, Vec<&Arc<Charger>>> = BTreeMap::new();
        let chargers = registry.chargers.values();
        for charger in chargers.filter(|it| it.site.publish && (settings.simulated || !simulated(it))) {
            sites.entry(&charger.site.id).or_default().push(charger);
        }
        let began = |charger: &Charger| charger.commissioned_on.unwrap_or(NaiveDate::MIN);
        let mut sites: Vec<_> = sites.into_values().collect();
        for chargers in &mut sites {
            chargers.sort_by(|a, b| (began(a), a.id.as_str()).cmp(&(began(b), b.id.as_str())));
        }
        sites.sort_by_key(|chargers| chargers.first().map(|charger| (began(charger), charger.site.id.as_str())));
        let mut plan = Self {
            sites: Vec::new(),
            tariffs: registry.tariffs.iter().map(|it| (it.id.clone(), objects::tariff(it, settings))).collect(),
            withheld: Vec::new(),
        };
        for chargers in sites {
            plan.site(&chargers, settings);
        }
        plan
    }

    fn site(&mut self, chargers: &[&Arc<Charger>], settings: &OpenDataSettings) {
        let Some(site) = chargers.first().map(|charger| &charger.site) else { return };
        let object = match objects::location(site, settings) {
            Ok(object) => object,
            Err(lacks) => return self.withheld.push(format!("site {} has no {lacks}", site.id)),
        };
        let mut evses = Vec::new();
        for charger in chargers {
            for evse in &charger.evses {
                let built = evse_plan(charger, evse, settings);
                if built.connectors.len() < evse.connectors.len() {
                    let what = "a connector of which type or power is not known";
                    self.withheld.push(format!("EVSE {} of {} has {what}", evse.id, charger.id));
                }
                if !built.connectors.is_empty() {
                    evses.push(built);
                }
            }
        }
        if evses.is_empty() {
            return self.withheld.push(format!("site {} has no EVSE that can be published", site.id));
        }
        self.sites.push(SitePlan { id: site.id.clone(), object, evses });
    }
}

fn evse_plan(charger: &Arc<Charger>, evse: &Evse, settings: &OpenDataSettings) -> EvsePlan {
    let (uid, public_id) = objects::names(charger, evse, settings);
    EvsePlan {
        charger: charger.clone(),
        evse: evse.id,
        object: objects::evse(evse, (&uid, &public_id)),
        connectors: objects::connectors(evse),
        uid,
        public_id,
    }
}
