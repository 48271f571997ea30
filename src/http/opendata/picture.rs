//! What is published: objects made from registry and live picture, and when each was last changed.
//!
//! A change is put down to the time that the charger gave for it where that lies between two looks at the network, else to
//! the look that found it: so nobody who asks again with `date_from` misses it, whatever a charger's clock says. What was
//! changed while chargewatch was not running cannot be told from what was not: after a start all counts as changed then.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::envelope::time;
use super::irve::{self, PlugState};
use super::objects;
use super::plan::{EvsePlan, Plan, SitePlan};
use crate::config::open_data::OpenDataSettings;
use crate::config::sites::Registry;
use crate::domain::exemption::ExemptionKind;
use crate::domain::ocpi::{EvseNow, Sight, evse_now};
use crate::domain::status::State;
use crate::domain::time::At;
use crate::observe::board::{Board, ChargerLive};

/// An object as it is published.
pub(super) struct Published {
    pub(super) id: String,
    pub(super) updated: At,
    pub(super) json: String,
    /// The objects in it, in order.
    pub(super) inner: Vec<Self>,
}

/// All that is published.
#[derive(Default)]
pub(super) struct Snapshot {
    /// Locations with their EVSEs and those with their connectors: in order of creation.
    pub(super) locations: Vec<Published>,
    /// Tariffs, in the order of the registry.
    pub(super) tariffs: Vec<Published>,
    /// Rows of the French file of dynamic data.
    pub(super) irve: String,
}

/// Where to look.
pub(super) struct View<'a> {
    pub(super) registry: &'a Arc<Registry>,
    pub(super) board: &'a Board,
    pub(super) settings: &'a OpenDataSettings,
    pub(super) now: At,
    /// How long a charger may be unheard, in milliseconds.
    pub(super) grace_ms: i64,
}

/// The picture.
#[derive(Default)]
pub(super) struct Picture {
    plan: Option<(Arc<Registry>, Plan)>,
    looked: Option<At>,
    /// What each object was and when it became so, by kind and name.
    stamps: BTreeMap<String, (u64, At)>,
    snapshot: Arc<Snapshot>,
}

/// What an EVSE and its connectors are doing.
struct Seen {
    evse: EvseNow,
    /// Of each of its connectors, by number, with since when.
    connectors: Vec<(u32, State, At)>,
    silent: bool,
    /// The newest of the times that the charger gave.
    since: Option<At>,
}

impl Picture {
    /// Looks at the network. What is left out, and why, where the registry is a new one.
    pub(super) fn look(&mut self, view: &View<'_>) -> (Arc<Snapshot>, Vec<String>) {
        let mut withheld = Vec::new();
        let plan = match self.plan.take() {
            Some((registry, plan)) if Arc::ptr_eq(&registry, view.registry) => plan,
            _ => {
                let plan = Plan::of(view.registry, view.settings);
                withheld.clone_from(&plan.withheld);
                plan
            }
        };
        let mut irve = String::from(irve::HEAD);
        let mut locations = Vec::with_capacity(plan.sites.len());
        for site in &plan.sites {
            locations.push(self.location(site, view, &mut irve));
        }
        let tariff = |(id, object): &(String, Map<String, Value>)| {
            let at = self.stamp(format!("T {id}"), object, None, view.now);
            published(id, object, at, None)
        };
        let tariffs = plan.tariffs.iter().map(tariff).collect();
        self.plan = Some((view.registry.clone(), plan));
        self.looked = Some(view.now);
        self.snapshot = Arc::new(Snapshot { locations, tariffs, irve });
        (self.snapshot.clone(), withheld)
    }

    /// What was seen at the last look, if the registry is still the one of then.
    pub(super) fn last(&self, registry: &Arc<Registry>) -> Option<Arc<Snapshot>> {
        let same = self.plan.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, registry));
        same.then(|| self.snapshot.clone())
    }

    fn location(&mut self, site: &SitePlan, view: &View<'_>, irve: &mut String) -> Published {
        let mut inner = Vec::with_capacity(site.evses.len());
        for plan in &site.evses {
            let seen = see(plan, view);
            let evse = self.evse(plan, &seen, view.now);
            irve::row(irve, &plan.public_id, &seen.evse, evse.updated, |word| plug_state(plan, &seen, word));
            inner.push(evse);
        }
        let own = self.stamp(format!("L {}", site.id), &(&site.object, site.evses.len()), None, view.now);
        published(&site.id, &site.object, own, Some(("evses", inner)))
    }

    fn evse(&mut self, plan: &EvsePlan, seen: &Seen, now: At) -> Published {
        let mut inner = Vec::with_capacity(plan.connectors.len());
        for (number, object) in &plan.connectors {
            let state = seen.connectors.iter().find(|(of, _, _)| of == number);
            let content = (object, state.map(|(_, state, _)| *state));
            let key = format!("C {} {number}", plan.uid);
            let at = self.stamp(key, &content, state.map(|(_, _, since)| *since), now);
            inner.push(published(&number.to_string(), object, at, None));
        }
        let mut object = plan.object.clone();
        objects::doing(&mut object, seen.evse);
        let own = self.stamp(format!("E {}", plan.uid), &object, seen.since, now);
        published(&plan.uid, &object, own, Some(("connectors", inner)))
    }

    /// When an object became what it is now.
    fn stamp(&mut self, key: String, content: &impl Hash, since: Option<At>, now: At) -> At {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let digest = hasher.finish();
        if let Some((_, at)) = self.stamps.get(&key).filter(|(known, _)| *known == digest) {
            return *at;
        }
        let between = |at: &At| self.looked.is_some_and(|looked| looked < *at && *at <= now);
        let at = since.filter(between).unwrap_or(now);
        self.stamps.insert(key, (digest, at));
        at
    }
}

/// What an EVSE is doing, by the live picture.
fn see(plan: &EvsePlan, view: &View<'_>) -> Seen {
    let today = DateTime::<Utc>::from(view.now).with_timezone(&plan.charger.site.time_zone).date_naive();
    let imposed = plan.charger.service().state(today);
    let entered = view.board.exemptions.at(&plan.charger.id, plan.evse, view.now);
    let blocked = entered.iter().any(|entry| entry.kind == ExemptionKind::Blocked);
    let seen = view.board.look(&plan.charger.id, |live| see_live(plan, live, view, imposed, blocked));
    seen.unwrap_or_else(|| {
        // Its charger was never heard.
        let sight = Sight { connectors: &[], whole: None, silent: true, blocked };
        Seen { evse: evse_now(imposed, sight), connectors: Vec::new(), silent: true, since: None }
    })
}

fn see_live(plan: &EvsePlan, live: &ChargerLive, view: &View<'_>, imposed: Option<State>, blocked: bool) -> Seen {
    let (mut connectors, mut whole, mut since) = (Vec::new(), None, None);
    for connector in live.connectors.iter().filter(|connector| connector.now.is_some() || connector.session.is_some()) {
        let (outlet, state) = (connector.outlet, connector.state());
        let own = plan.charger.evse_of(outlet) == plan.evse;
        let at = connector.now.as_ref().map_or(view.now, |now| now.since);
        if outlet.is_station() || (own && outlet.is_whole_evse()) {
            // The charger's word goes before the EVSE's.
            whole = if outlet.is_station() { Some(state) } else { whole.or(Some(state)) };
        } else if own {
            connectors.push((outlet.connector, state, at));
        } else {
            continue;
        }
        since = since.max(Some(at));
    }
    let states: Vec<State> = match whole {
        Some(whole) if connectors.is_empty() => vec![whole],
        _ => connectors.iter().map(|(_, state, _)| *state).collect(),
    };
    let silent = live.is_silent(view.now, view.grace_ms);
    let sight = Sight { connectors: &states, whole, silent, blocked };
    Seen { evse: evse_now(imposed, sight), connectors, silent, since }
}

/// Whether an EVSE's connector of a kind works; `None` when it has none of that kind.
fn plug_state(plan: &EvsePlan, seen: &Seen, word: &str) -> Option<PlugState> {
    let (number, _) = plan.connectors.iter().find(|(_, object)| object.get("standard").is_some_and(|of| of == word))?;
    let state = seen.connectors.iter().find(|(of, _, _)| of == number).map(|(_, state, _)| *state);
    Some(irve::plug(&seen.evse, state.filter(|_| !seen.silent)))
}

/// An object with what is in it, by the key that holds it. What is in it was changed no later than it was itself.
fn published(id: &str, object: &Map<String, Value>, own: At, holds: Option<(&str, Vec<Published>)>) -> Published {
    let (key, inner) = holds.unwrap_or_default();
    let updated = inner.iter().map(|object| object.updated).fold(own, At::max);
    let mut json = serde_json::to_string(object).unwrap_or_default();
    json.pop();
    if !inner.is_empty() {
        let parts: Vec<&str> = inner.iter().map(|object| object.json.as_str()).collect();
        json.extend([",\"", key, "\":[", &parts.join(","), "]"]);
    }
    json.extend([",\"last_updated\":\"", &time(updated), "\"}"]);
    Published { id: id.to_owned(), updated, json, inner }
}
