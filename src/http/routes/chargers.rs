//! Chargers: what they are, where they stand, what they are doing now.

use axum::extract::{Path, RawQuery};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::wanted_chargers;
use crate::config::sites::{Charger, LsoaJoin, Registry, Site};
use crate::domain::availability::{Interval, together};
use crate::domain::ids::{ChargerId, Outlet, StationKey};
use crate::domain::reading::{Word, measurand};
use crate::domain::record::ConnectorNow;
use crate::domain::status::State as Availability;
use crate::domain::time::At;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::{CHARGER, CURSOR, FORMAT, LIMIT, Param, Query, SITE};
use crate::http::table::{Cell, Field, Kind, Resource, Row};
use crate::http::view::View;
use crate::observe::board::{ChargerLive, ConnectorLive};
use crate::store::archive::{Archive, ChargerView};

/// Live values that are older than this are not shown: 15 minutes.
pub(super) const LIVE_MS: i64 = 15 * 60 * 1000;

pub(super) const STATES: &[&str] =
    &["AVAILABLE", "CHARGING", "RESERVED", "INOPERATIVE", "OUTOFORDER", "UNKNOWN", "BLOCKED", "PLANNED", "REMOVED"];

const STATE: Param = Param { name: "state", about: "With a connector in this state.", words: STATES };

pub(in crate::http) const LIST_PARAMS: &[&Param] = &[&CHARGER, &SITE, &STATE, &LIMIT, &CURSOR, &FORMAT];

const SITE_OBJECT: Resource = Resource {
    name: "Site",
    about: "A site of the registry.",
    fields: &[
        Field { name: "id", kind: Kind::Text, about: "Short name." },
        Field { name: "name", kind: Kind::Text, about: "Name for people." },
        Field {
            name: "type",
            kind: Kind::Text,
            about: "on_street_residential, destination, rapid_hub, park_and_ride.",
        },
        Field { name: "latitude", kind: Kind::Text, about: "WGS84, degrees." },
        Field { name: "longitude", kind: Kind::Text, about: "WGS84, degrees." },
        Field { name: "lsoa_code", kind: Kind::Text, about: "LSOA." },
        Field {
            name: "lsoa_join",
            kind: Kind::Word(&["given", "nearest"]),
            about: "Whether the registry gives the LSOA, or it has the nearest centroid within 300 m.",
        },
        Field { name: "imd_decile", kind: Kind::Whole, about: "National deprivation decile, 1 = most deprived." },
        Field { name: "opening_hours", kind: Kind::Text, about: "Opening hours." },
    ],
};

const CONNECTOR_OBJECT: Resource = Resource {
    name: "Connector",
    about: "A connector now. Live values are null when they are older than 15 minutes or the charger is silent.",
    fields: &[
        Field { name: "evse_id", kind: Kind::Whole, about: "EVSE, by the registry, else as the charger numbers it." },
        Field { name: "connector_id", kind: Kind::Whole, about: "Connector; 0 is the charger as a whole." },
        Field { name: "status", kind: Kind::Text, about: "OCPP status as last reported." },
        Field { name: "state", kind: Kind::Word(STATES), about: "Availability, in OCPI words." },
        Field {
            name: "cause",
            kind: Kind::Text,
            about: "Who the state is owed to: charger, transaction, link, our_outage, operator.",
        },
        Field { name: "since", kind: Kind::Time, about: "Since when it is in this state." },
        Field { name: "error", kind: Kind::Text, about: "Error code." },
        Field { name: "vendor_error", kind: Kind::Text, about: "Vendor's own error code." },
        Field { name: "info", kind: Kind::Text, about: "Free text of the last report." },
        Field { name: "power_w", kind: Kind::Decimal, about: "Power now, W." },
        Field { name: "energy_register_wh", kind: Kind::Decimal, about: "Energy register now, Wh." },
        Field { name: "soc_percent", kind: Kind::Decimal, about: "State of charge of the vehicle, %." },
        Field { name: "session_id", kind: Kind::Whole, about: "Its open session." },
    ],
};

/// A charger.
pub(in crate::http) const CHARGER_OBJECT: Resource = Resource {
    name: "Charger",
    about: "A charger.",
    fields: &[
        Field { name: "id", kind: Kind::Text, about: "Its identity." },
        Field { name: "name", kind: Kind::Text, about: "Its name in the registry." },
        Field { name: "site_id", kind: Kind::Text, about: "Its site in the registry." },
        Field { name: "site", kind: Kind::Object(&SITE_OBJECT), about: "The site itself." },
        Field { name: "registered", kind: Kind::Bool, about: "Whether the registry knows it." },
        Field { name: "simulated", kind: Kind::Bool, about: "Whether it is simulated." },
        Field { name: "connected", kind: Kind::Bool, about: "Whether it is connected now." },
        Field { name: "connected_since", kind: Kind::Time, about: "Since when." },
        Field { name: "peer", kind: Kind::Text, about: "Where from." },
        Field {
            name: "contested",
            kind: Kind::Bool,
            about: "Whether two devices seem to use this identity: connections take it over from one another again and again.",
        },
        Field { name: "contested_by", kind: Kind::Text, about: "By which addresses it is then taken over." },
        Field { name: "protocol", kind: Kind::Text, about: "Protocol of its last connection." },
        Field {
            name: "security_profile",
            kind: Kind::Whole,
            about: "OCPP security profile of its last connection, 0 to 3.",
        },
        Field {
            name: "certificate_until",
            kind: Kind::Time,
            about: "Until when the certificate is good that it last showed.",
        },
        Field { name: "vendor", kind: Kind::Text, about: "Maker." },
        Field { name: "model", kind: Kind::Text, about: "Model." },
        Field { name: "serial", kind: Kind::Text, about: "Serial number." },
        Field { name: "firmware", kind: Kind::Text, about: "Firmware version." },
        Field { name: "state", kind: Kind::Word(STATES), about: "Its connectors together." },
        Field {
            name: "first_seen",
            kind: Kind::Time,
            about: "When it first connected, or an imported file first named it.",
        },
        Field { name: "last_boot", kind: Kind::Time, about: "When it last booted." },
        Field { name: "last_heard", kind: Kind::Time, about: "When it was last heard." },
        Field { name: "boots", kind: Kind::Whole, about: "How often it has booted." },
        Field { name: "clock_ahead_s", kind: Kind::Decimal, about: "How far its clock is ahead of ours, seconds." },
        Field { name: "connectors", kind: Kind::List(&CONNECTOR_OBJECT), about: "Its connectors." },
    ],
};

/// Lists chargers.
pub(in crate::http) async fn list(view: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), LIST_PARAMS)?;
    let wanted = wanted_chargers(&view, &query)?;
    let state = query.text(&STATE).and_then(Availability::from_word);
    list::answer(&view, &CHARGER_OBJECT, &query, Chargers { view: view.clone(), wanted, state }).await
}

/// One charger.
pub(in crate::http) async fn one(view: View, Path(id): Path<String>) -> Result<Response, Problem> {
    let charger = ChargerId::new(id);
    let asked = charger.clone();
    let met = view.read(move |archive| archive.chargers(Some(&asked), None, 1)).await?.pop();
    let sites = view.sites();
    if met.is_none() && !sites.chargers.contains_key(&charger) {
        return Err(Problem::not_found(format!("there is no charger \"{charger}\"")));
    }
    let mut body = String::new();
    CHARGER_OBJECT.json(&row(&view, &sites, &charger, met.as_ref()).0, &mut body);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

#[derive(Clone)]
struct Chargers {
    view: View,
    /// `None`: nothing can fit; empty: all.
    wanted: Option<Vec<ChargerId>>,
    state: Option<Availability>,
}

impl Chargers {
    fn wants(&self, charger: &ChargerId) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.is_empty() || wanted.contains(charger))
    }

    fn fits(&self, states: &[Availability]) -> bool {
        self.state.is_none_or(|wanted| states.contains(&wanted))
    }

    /// Chargers that are registered but were never met, in order of identity, after `after`.
    fn unmet(&self, archive: &mut dyn Archive, after: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let sites = self.view.sites();
        let mut ids: Vec<&ChargerId> = sites.chargers.keys().filter(|id| self.wants(id)).collect();
        ids.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        let mut page = Page::new();
        for id in ids.into_iter().filter(|id| after.is_none_or(|after| id.as_str() > after)) {
            if page.len() >= limit {
                break;
            }
            if archive.chargers(Some(id), None, 1)?.is_empty() {
                let (row, states) = row(&self.view, &sites, id, None);
                if self.fits(&states) {
                    page.push((format!("unmet {id}"), row));
                }
            }
        }
        Ok(page)
    }
}

impl Source for Chargers {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        if let Some(after) = cursor.and_then(|cursor| cursor.strip_prefix("unmet ")) {
            return self.unmet(archive, Some(after), limit);
        }
        let parse = |cursor: &str| cursor.parse().map(StationKey).map_err(|_| Fault::Cursor);
        let mut after = cursor.map(parse).transpose()?;
        let sites = self.view.sites();
        let mut page = Page::new();
        // A filter may leave little of what is read: go on until the page is full or the ledger is through.
        while page.len() < limit {
            let views = archive.chargers(None, after, limit)?;
            let Some(last) = views.last() else { break };
            after = Some(last.key);
            for view in views.iter().filter(|view| self.wants(&view.charger)) {
                let (row, states) = row(&self.view, &sites, &view.charger, Some(view));
                if self.fits(&states) && page.len() < limit {
                    page.push((view.key.0.to_string(), row));
                }
            }
        }
        if page.len() < limit {
            let missing = limit - page.len();
            page.extend(self.unmet(archive, None, missing)?);
        }
        Ok(page)
    }
}

/// A charger's row, and the states of its connectors.
fn row(seen: &View, sites: &Registry, id: &ChargerId, view: Option<&ChargerView>) -> (Row, Vec<Availability>) {
    let registered = sites.chargers.get(id);
    let live = seen.live(id);
    let connected = seen.connected(id);
    let now = seen.now();
    let contested = seen.contested(id);
    let silent = live.as_ref().is_none_or(|live| live.is_silent(now, seen.grace_ms()));
    let connectors = connectors(registered.map(AsRef::as_ref), view, live.as_ref().filter(|_| !silent), now);
    let states: Vec<Availability> = connectors.iter().map(|(_, state)| *state).collect();
    let boot = view.map(|view| &view.boot);
    let text = |pick: fn(&crate::domain::event::Boot) -> &Option<Box<str>>| -> Cell {
        boot.and_then(|boot| pick(boot).as_deref()).into()
    };
    let heard = connected.as_ref().map(|live| live.heard).max(live.as_ref().and_then(|live| live.heard));
    let skew = live.as_ref().and_then(|live| live.skew_ms).map(crate::domain::energy::Milli);
    let protection = connected.as_ref().map(|live| live.protection);
    let profile = protection.map(|shown| shown.profile).or(view.and_then(|view| view.profile));
    let until = protection.and_then(|shown| shown.certificate_until);
    let row = vec![
        id.as_str().into(),
        registered.and_then(|charger| charger.name.as_deref()).into(),
        registered.map(|charger| charger.site.id.as_str()).into(),
        registered.map_or(Cell::Null, |charger| Cell::Object(site(&charger.site))),
        registered.is_some().into(),
        is_simulated(id, registered.map(AsRef::as_ref)).into(),
        connected.is_some().into(),
        connected.as_ref().map(|live| live.since).into(),
        connected.as_ref().map(|live| live.peer.as_str()).into(),
        contested.is_some().into(),
        contested.map(|contested| contested.addresses.join(", ")).into(),
        view.and_then(|view| view.protocol.as_deref()).into(),
        profile.map(|profile| u32::from(profile.number())).into(),
        until.or(view.and_then(|view| view.certificate_until)).into(),
        text(|boot| &boot.vendor),
        text(|boot| &boot.model),
        text(|boot| &boot.serial),
        text(|boot| &boot.firmware),
        together(states.iter().copied()).unwrap_or(Availability::Unknown).as_str().into(),
        view.map(|view| view.first_seen).into(),
        view.and_then(|view| view.last_boot).into(),
        heard.max(view.and_then(|view| view.last_heard)).into(),
        view.map(|view| view.boots).into(),
        skew.into(),
        Cell::List(connectors.into_iter().map(|(row, _)| row).collect()),
    ];
    (row, states)
}

/// Simulated chargers are marked by the registry or by their identity.
pub(super) fn is_simulated(id: &ChargerId, registered: Option<&Charger>) -> bool {
    registered.is_some_and(|charger| charger.simulated) || id.as_str().starts_with("SIM-")
}

fn site(site: &Site) -> Row {
    vec![
        site.id.as_str().into(),
        site.name.as_str().into(),
        site.kind.as_deref().into(),
        site.latitude.map(|degrees| degrees.to_string()).into(),
        site.longitude.map(|degrees| degrees.to_string()).into(),
        site.lsoa_code.as_deref().into(),
        site.lsoa_join.map(LsoaJoin::as_str).into(),
        site.imd_decile.map(u32::from).into(),
        site.opening_hours.as_deref().into(),
    ]
}

fn connectors(
    registered: Option<&Charger>,
    view: Option<&ChargerView>,
    live: Option<&ChargerLive>,
    now: At,
) -> Vec<(Row, Availability)> {
    let stored = view.map(|view| view.connectors.as_slice()).unwrap_or_default();
    let painted = view.map(|view| view.present.as_slice()).unwrap_or_default();
    let lively = live.map(|live| live.connectors.as_slice()).unwrap_or_default();
    let mut outlets: Vec<Outlet> = stored.iter().map(|connector| connector.outlet).collect();
    outlets.extend(painted.iter().map(|(outlet, _)| *outlet));
    outlets.extend(lively.iter().map(|connector| connector.outlet));
    outlets.sort_unstable();
    outlets.dedup();
    let connector = |outlet: Outlet| {
        let status = stored.iter().find(|connector| connector.outlet == outlet);
        let interval = painted.iter().find(|(of, _)| *of == outlet).map(|(_, interval)| interval);
        let lively = lively.iter().find(|connector| connector.outlet == outlet);
        let evse = registered.map_or(outlet.evse, |charger| charger.evse_of(outlet));
        one_connector(outlet, evse, status, interval, lively, now)
    };
    outlets.into_iter().map(connector).collect()
}

fn one_connector(
    outlet: Outlet,
    evse: u32,
    status: Option<&ConnectorNow>,
    interval: Option<&Interval>,
    lively: Option<&ConnectorLive>,
    now: At,
) -> (Row, Availability) {
    let state = interval.map_or(Availability::Unknown, |interval| interval.state);
    let oldest = now.plus_millis(-LIVE_MS);
    let value = |measurand: &str| -> Cell { lively.and_then(|live| live.value(measurand, "", oldest)).into() };
    let row = vec![
        evse.into(),
        outlet.connector.into(),
        status.map(|now| now.status.as_str()).into(),
        state.as_str().into(),
        interval.map(|interval| interval.cause.as_str()).into(),
        interval.map(|interval| interval.from).into(),
        status.and_then(|now| now.error.as_ref()).map(Word::as_str).into(),
        status.and_then(|now| now.vendor_error.as_deref()).into(),
        status.and_then(|now| now.info.as_deref()).into(),
        value(measurand::POWER),
        value(measurand::ENERGY_REGISTER),
        value(measurand::SOC),
        lively.and_then(|live| live.session).map(|session| i64::from(session.id.0)).into(),
    ];
    (row, state)
}
