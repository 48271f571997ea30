//! Evidence: frames, availability intervals, deviations, connection attempts.

use std::sync::Arc;

use axum::extract::{Path, RawQuery};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::wanted_chargers;
use crate::config::sites::Charger;
use crate::domain::availability::{self, Interval};
use crate::domain::ids::{ChargerId, FrameKey, Outlet, StationKey};
use crate::domain::time::At;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::{FROM, Param, Query, TO};
use crate::http::router::declared;
use crate::http::table::{Field, Kind, Resource, Row};
use crate::http::view::View;
use crate::store::archive::{Archive, DeviationView, EvidenceFilter, FrameView, HandshakeView};

pub(in crate::http) const ACTION: Param = Param { name: "action", about: "With this action.", words: &[] };
pub(in crate::http) const RULE: Param = Param { name: "rule", about: "By this rule.", words: &[] };
pub(in crate::http) const PER: Param = Param {
    name: "per",
    about: "connector: as each connector was; evse: what those of one EVSE come to together, with the charger's own layer.",
    words: &["connector", "evse"],
};
pub(in crate::http) const OUTCOME: Param = Param { name: "outcome", about: "With this outcome.", words: &[] };

/// A frame.
pub(in crate::http) const FRAME: Resource = Resource {
    name: "Frame",
    about: "A frame as received, with what we answered.",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "Number of the frame." },
        Field { name: "charger_id", kind: Kind::Text, about: "Identity of the charger." },
        Field { name: "received_at", kind: Kind::Time, about: "When, on our clock." },
        Field { name: "action", kind: Kind::Text, about: "Action, CallResult, CallError, Unknown or Unreadable." },
        Field { name: "text", kind: Kind::Text, about: "The frame; id tokens replaced by their hashes." },
        Field { name: "reply", kind: Kind::Text, about: "What we answered." },
        Field { name: "deviations", kind: Kind::Whole, about: "How many deviations it has." },
    ],
};

/// An interval.
pub(in crate::http) const INTERVAL: Resource = Resource {
    name: "Interval",
    about: "A half-open interval of a connector's availability.",
    fields: &[
        Field { name: "evse_id", kind: Kind::Whole, about: "EVSE, by the registry, else as the charger numbers it." },
        Field {
            name: "connector_id",
            kind: Kind::Whole,
            about: "Connector; 0 is the charger, or the EVSE, as a whole.",
        },
        Field { name: "from", kind: Kind::Time, about: "From, inclusive." },
        Field { name: "until", kind: Kind::Time, about: "Until, exclusive; null while it lasts." },
        Field { name: "state", kind: Kind::Text, about: "Availability, in OCPI words." },
        Field { name: "status", kind: Kind::Text, about: "The OCPP status behind it." },
        Field { name: "cause", kind: Kind::Text, about: "charger, transaction, link, our_outage, operator." },
        Field { name: "frame_id", kind: Kind::Whole, about: "The frame that proves it." },
    ],
};

/// A deviation.
pub(in crate::http) const DEVIATION: Resource = Resource {
    name: "Deviation",
    about: "Where a frame deviates from OCPP.",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "Number of the deviation." },
        Field { name: "frame_id", kind: Kind::Whole, about: "The frame; it may be gone by retention." },
        Field { name: "charger_id", kind: Kind::Text, about: "Identity of the charger." },
        Field { name: "vendor", kind: Kind::Text, about: "Maker." },
        Field { name: "model", kind: Kind::Text, about: "Model." },
        Field { name: "firmware", kind: Kind::Text, about: "Firmware version." },
        Field { name: "received_at", kind: Kind::Time, about: "When, on our clock." },
        Field { name: "action", kind: Kind::Text, about: "The frame's action." },
        Field { name: "rule", kind: Kind::Text, about: "The rule of tolerance that was needed." },
        Field { name: "path", kind: Kind::Text, about: "Where in the payload." },
        Field {
            name: "found",
            kind: Kind::Text,
            about: "What stood there. It may be what a person typed or showed: null but for operators and admins.",
        },
    ],
};

/// A connection attempt.
pub(in crate::http) const HANDSHAKE: Resource = Resource {
    name: "Handshake",
    about: "A connection attempt.",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "Number of the attempt." },
        Field { name: "at", kind: Kind::Time, about: "When, on our clock." },
        Field { name: "peer", kind: Kind::Text, about: "Where from." },
        Field { name: "charger_id", kind: Kind::Text, about: "Identity, if one could be read." },
        Field { name: "request", kind: Kind::Text, about: "The request line without its query." },
        Field { name: "offered", kind: Kind::Text, about: "The subprotocols that were offered." },
        Field { name: "outcome", kind: Kind::Text, about: "accepted, or one word for why not." },
        Field {
            name: "status",
            kind: Kind::Whole,
            about: "HTTP status that was answered; null where it never came to HTTP.",
        },
        Field { name: "remarks", kind: Kind::Text, about: "What was odd." },
    ],
};

/// Lists the frames of a charger.
pub(in crate::http) async fn frames(
    view: View,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/chargers/{id}/frames"))?;
    let charger = ChargerId::new(id);
    key_of(&view, &charger).await?;
    let filter = EvidenceFilter { chargers: vec![charger], ..filter(&query, &ACTION)? };
    list::answer(&view, &FRAME, &query, Frames(filter)).await
}

/// Gives a frame.
pub(in crate::http) async fn frame(view: View, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: i64 = id.parse().map_err(|_| Problem::not_found("there is no such frame"))?;
    let filter = EvidenceFilter::default();
    let found = view.read(move |archive| archive.frames(&filter, Some(FrameKey(id.saturating_add(1))), 1)).await?.pop();
    let missing = || Problem::not_found(format!("there is no frame {id}, or it is gone by retention"));
    let found = found.filter(|found| found.key.0 == id).ok_or_else(missing)?;
    let mut body = String::new();
    FRAME.json(&row(&found), &mut body);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Lists the availability intervals of a charger.
pub(in crate::http) async fn timeline(
    view: View,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/chargers/{id}/timeline"))?;
    let charger = ChargerId::new(id);
    let (key, outlets) = key_of(&view, &charger).await?;
    let from = query.time(&FROM)?.unwrap_or(At::from_millis(0));
    let until = query.time(&TO)?.unwrap_or(At::from_millis(i64::MAX));
    let registered = view.sites().chargers.get(&charger).cloned();
    let per_evse = query.text(&PER) == Some("evse");
    list::answer(&view, &INTERVAL, &query, Timeline { key, outlets, from, until, registered, per_evse }).await
}

/// Lists deviations.
pub(in crate::http) async fn deviations(view: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/deviations"))?;
    let filter = filter(&query, &RULE)?;
    let filter = wanted_chargers(&view, &query)?.map(|chargers| EvidenceFilter { chargers, ..filter });
    list::answer(&view, &DEVIATION, &query, Deviations(filter, view.shows_people())).await
}

/// Lists connection attempts.
pub(in crate::http) async fn handshakes(view: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/handshakes"))?;
    let filter = filter(&query, &OUTCOME)?;
    let filter = wanted_chargers(&view, &query)?.map(|chargers| EvidenceFilter { chargers, ..filter });
    list::answer(&view, &HANDSHAKE, &query, Handshakes(filter)).await
}

pub(super) fn filter(query: &Query, what: &Param) -> Result<EvidenceFilter, Problem> {
    Ok(EvidenceFilter {
        chargers: Vec::new(),
        from: query.time(&FROM)?,
        until: query.time(&TO)?,
        what: query.text(what).map(str::to_owned),
    })
}

/// A charger's row and the outlets of its timeline.
pub(super) async fn key_of(view: &View, charger: &ChargerId) -> Result<(StationKey, Vec<Outlet>), Problem> {
    let asked = charger.clone();
    let met = view.read(move |archive| archive.chargers(Some(&asked), None, 1)).await?.pop();
    let met = met.ok_or_else(|| Problem::not_found(format!("there is no charger \"{charger}\" that was ever met")))?;
    Ok((met.key, met.present.into_iter().map(|(outlet, _)| outlet).collect()))
}

#[derive(Clone)]
struct Frames(EvidenceFilter);

impl Source for Frames {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let views = archive.frames(&self.0, list::number(cursor)?.map(FrameKey), limit)?;
        Ok(views.iter().map(|view| (view.key.0.to_string(), row(view))).collect())
    }
}

fn row(view: &FrameView) -> Row {
    vec![
        view.key.0.into(),
        view.charger.as_str().into(),
        view.received.into(),
        view.action.as_str().into(),
        view.text.as_str().into(),
        view.reply.as_deref().into(),
        view.deviations.into(),
    ]
}

#[derive(Clone)]
struct Timeline {
    key: StationKey,
    outlets: Vec<Outlet>,
    from: At,
    until: At,
    registered: Option<Arc<Charger>>,
    per_evse: bool,
}

impl Timeline {
    fn evse_of(&self, outlet: Outlet) -> u32 {
        self.registered.as_ref().map_or(outlet.evse, |charger| charger.evse_of(outlet))
    }

    /// What the connectors of each EVSE come to together.
    fn together(&self, lines: &[(Outlet, Vec<Interval>)]) -> Vec<(Outlet, Vec<Interval>)> {
        let connectors = lines.iter().filter(|(outlet, _)| !outlet.is_station());
        let mut evses: Vec<u32> = connectors.map(|(outlet, _)| self.evse_of(*outlet)).collect();
        evses.sort_unstable();
        evses.dedup();
        let of =
            |evse: u32| (Outlet::new(evse, 0), availability::of_outlets(lines, |outlet| self.evse_of(outlet) == evse));
        evses.into_iter().map(of).collect()
    }
}

impl Source for Timeline {
    /// The whole is one page: a year of a busy connector is a few thousand intervals.
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, _limit: usize) -> Result<Page, Fault> {
        let mut page = Page::new();
        if cursor.is_some() {
            return Ok(page);
        }
        let mut lines = Vec::new();
        for outlet in &self.outlets {
            lines.push((*outlet, archive.timeline(self.key, *outlet, self.from, self.until)?));
        }
        if self.per_evse {
            lines = self.together(&lines);
        }
        for (outlet, line) in &lines {
            let shown = Outlet::new(self.evse_of(*outlet), outlet.connector);
            page.extend(line.iter().map(|found| ("end".to_owned(), interval(shown, found))));
        }
        Ok(page)
    }
}

fn interval(outlet: Outlet, found: &Interval) -> Row {
    vec![
        outlet.evse.into(),
        outlet.connector.into(),
        found.from.into(),
        found.until.into(),
        found.state.as_str().into(),
        found.status.as_ref().map(crate::domain::status::ConnectorStatus::as_str).into(),
        found.cause.as_str().into(),
        found.proof.map(|frame| frame.0).into(),
    ]
}

#[derive(Clone)]
struct Deviations(Option<EvidenceFilter>, bool);

impl Source for Deviations {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let before = list::number(cursor)?;
        let Some(filter) = &self.0 else { return Ok(Page::new()) };
        let views = archive.deviations(filter, before, limit)?;
        Ok(views.iter().map(|view| (view.id.to_string(), deviation(view, self.1))).collect())
    }
}

fn deviation(view: &DeviationView, people: bool) -> Row {
    vec![
        view.id.into(),
        view.frame.0.into(),
        view.charger.as_str().into(),
        view.boot.vendor.as_deref().into(),
        view.boot.model.as_deref().into(),
        view.boot.firmware.as_deref().into(),
        view.received.into(),
        view.action.as_str().into(),
        view.rule.as_str().into(),
        view.path.as_str().into(),
        Some(view.found.as_str()).filter(|_| people).into(),
    ]
}

#[derive(Clone)]
struct Handshakes(Option<EvidenceFilter>);

impl Source for Handshakes {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let before = list::number(cursor)?;
        let Some(filter) = &self.0 else { return Ok(Page::new()) };
        let views = archive.handshakes(filter, before, limit)?;
        Ok(views.iter().map(|view| (view.id.to_string(), handshake(view))).collect())
    }
}

fn handshake(view: &HandshakeView) -> Row {
    vec![
        view.id.into(),
        view.at.into(),
        view.peer.as_str().into(),
        view.charger.as_ref().map(ChargerId::as_str).into(),
        view.request.as_str().into(),
        view.offered.as_str().into(),
        view.outcome.as_str().into(),
        view.status.map(u32::from).into(),
        view.remarks.as_str().into(),
    ]
}
