//! Sessions and their readings.

use axum::extract::{Path, RawQuery};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::wanted_chargers;
use crate::config::sites::Registry;
use crate::domain::ids::SessionId;
use crate::domain::imported;
use crate::domain::reading::{Flags, Word};
use crate::domain::record::SessionState;
use crate::domain::sequence::SeqNos;
use crate::domain::token::TokenHash;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::{CHARGER, CURSOR, FORMAT, FROM, LIMIT, Param, Query, SITE, TO};
use crate::http::router::declared;
use crate::http::table::{Cell, Field, Kind, Resource, Row};
use crate::http::view::View;
use crate::store::archive::{Archive, ReadingPlace, ReadingView, SessionFilter, SessionView};

const STATES: &[&str] = &["active", "ended", "ended_without_stop", "orphan"];

const STATE: Param = Param { name: "state", about: "In this state.", words: STATES };

const SOURCE: Param = Param {
    name: "source",
    about: "From this source: charger, or the name under which a file was imported.",
    words: &[],
};

pub(in crate::http) const LIST_PARAMS: &[&Param] =
    &[&FROM, &TO, &CHARGER, &SITE, &STATE, &SOURCE, &LIMIT, &CURSOR, &FORMAT];

/// A session.
pub(in crate::http) const SESSION: Resource = Resource {
    name: "Session",
    about: "A charging session.",
    fields: &[
        Field {
            name: "id",
            kind: Kind::Whole,
            about: "Number of the session, unique for good; below 0 where it was imported.",
        },
        Field { name: "charger_id", kind: Kind::Text, about: "Identity of the charger." },
        Field { name: "site_id", kind: Kind::Text, about: "Site of the charger in the registry." },
        Field {
            name: "evse_id",
            kind: Kind::Whole,
            about: "EVSE: one vehicle at a time; by the registry, else as the charger numbers it.",
        },
        Field { name: "connector_id", kind: Kind::Whole, about: "Connector, as the charger numbers it." },
        Field {
            name: "transaction_id",
            kind: Kind::Text,
            about: "Name of the transaction between charger and server.",
        },
        Field {
            name: "state",
            kind: Kind::Word(STATES),
            about: "active; ended by its stop; ended_without_stop: over, but no stop came; orphan: its start was never seen.",
        },
        Field {
            name: "provisional",
            kind: Kind::Bool,
            about: "Whether a later message may still change it: anything but ended or imported.",
        },
        Field {
            name: "started_at",
            kind: Kind::Time,
            about: "Start on the charger's clock (ours where that was absent or not believable).",
        },
        Field {
            name: "ended_at",
            kind: Kind::Time,
            about: "End on the charger's clock; of a session without stop the last that was heard of it.",
        },
        Field { name: "meter_start_wh", kind: Kind::Decimal, about: "Register at the start, Wh, as sent." },
        Field { name: "meter_stop_wh", kind: Kind::Decimal, about: "Register at the end, Wh, as sent." },
        Field {
            name: "energy_wh",
            kind: Kind::Decimal,
            about: "Energy delivered, Wh; null when unknown, never 0 for that.",
        },
        Field {
            name: "energy_quality",
            kind: Kind::Word(&["signed", "register", "interval", "integrated", "inferred", "interpolated", "missing"]),
            about: "How the energy was found.",
        },
        Field { name: "stop_reason", kind: Kind::Text, about: "Why it stopped." },
        Field {
            name: "token",
            kind: Kind::Text,
            about: "Keyed hash of the id token. It shows where one person goes: null but for operators and admins.",
        },
        Field { name: "reading_count", kind: Kind::Whole, about: "How many readings it has." },
        Field { name: "received_at", kind: Kind::Time, about: "When we first heard of it, on our clock." },
        Field {
            name: "report_seqs",
            kind: Kind::Text,
            about: "Which of the charger's reports have come, by their numbers: 0..5,7 (OCPP 2.x).",
        },
        Field { name: "missing_reports", kind: Kind::Whole, about: "How many are missing between them (OCPP 2.x)." },
        Field {
            name: "source",
            kind: Kind::Text,
            about: "Who told it: charger, or the name under which a file of another system was imported.",
        },
        Field { name: "source_session", kind: Kind::Text, about: "Its id in the imported file." },
        Field { name: "source_site", kind: Kind::Text, about: "Its site as the imported file names it." },
        Field {
            name: "source_flags",
            kind: Kind::Text,
            about: "What was odd about it in the imported file: no_end, end_before_start, clock_change, clock_gap, day_month_swapped, whole_minutes, negative_energy, high_energy, high_power, long, overlap, meters_disagree.",
        },
    ],
};

/// A reading.
pub(in crate::http) const READING: Resource = Resource {
    name: "Reading",
    about: "A meter reading.",
    fields: &[
        Field { name: "at", kind: Kind::Time, about: "When, on the charger's clock." },
        Field { name: "evse_id", kind: Kind::Whole, about: "EVSE, as the charger numbers it." },
        Field { name: "connector_id", kind: Kind::Whole, about: "Connector, as the charger numbers it." },
        Field { name: "measurand", kind: Kind::Text, about: "What was measured, in OCPP words." },
        Field { name: "phase", kind: Kind::Text, about: "Phase; null for the total." },
        Field { name: "location", kind: Kind::Text, about: "Where on the wiring." },
        Field { name: "context", kind: Kind::Text, about: "In which circumstance." },
        Field { name: "unit", kind: Kind::Text, about: "Unit as sent." },
        Field { name: "value", kind: Kind::Decimal, about: "Value in the base unit; null where only text was sent." },
        Field {
            name: "base_unit",
            kind: Kind::Text,
            about: "Unit of value: Wh, W, A, V, Percent, Celsius, Hertz …; the unit as sent where it does not fit the measurand.",
        },
        Field { name: "text", kind: Kind::Text, about: "Text as sent, where the number does not say it all." },
        Field {
            name: "flags",
            kind: Kind::Text,
            about: "What is odd about it: unit_mismatch, implausible, our_time, late, text_only, signed.",
        },
        Field { name: "received_at", kind: Kind::Time, about: "When we received it, on our clock." },
    ],
};

/// Lists sessions.
pub(in crate::http) async fn list(view: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), LIST_PARAMS)?;
    let filter = SessionFilter {
        chargers: Vec::new(),
        from: query.time(&FROM)?,
        until: query.time(&TO)?,
        state: query.text(&STATE).and_then(SessionState::from_word),
        source: query.text(&SOURCE).map(str::to_owned),
    };
    let filter = wanted_chargers(&view, &query)?.map(|chargers| SessionFilter { chargers, ..filter });
    list::answer(&view, &SESSION, &query, Sessions { filter, view: view.clone() }).await
}

/// One session.
pub(in crate::http) async fn one(view: View, Path(id): Path<String>) -> Result<Response, Problem> {
    let session = SessionId(number(&id)?);
    let found = view.read(move |archive| archive.session(session)).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("there is no session {id}")))?;
    let mut body = String::new();
    SESSION.json(&row(&found, &view.sites(), view.shows_people()), &mut body);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Lists the readings of a session.
pub(in crate::http) async fn readings(
    view: View,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/sessions/{id}/readings"))?;
    let session = known_session(&view, &id).await?;
    list::answer(&view, &READING, &query, Readings { session }).await
}

/// A session that is there.
pub(super) async fn known_session(view: &View, id: &str) -> Result<SessionId, Problem> {
    let session = SessionId(number(id)?);
    let found = view.read(move |archive| archive.session(session)).await?;
    found.map(|_| session).ok_or_else(|| Problem::not_found(format!("there is no session {id}")))
}

fn number(id: &str) -> Result<i32, Problem> {
    id.parse().map_err(|_| Problem::not_found(format!("\"{id}\" is no number of a session")))
}

#[derive(Clone)]
struct Sessions {
    /// `None`: nothing can fit.
    filter: Option<SessionFilter>,
    view: View,
}

impl Source for Sessions {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let before = cursor.map(|cursor| cursor.parse().map(SessionId).map_err(|_| Fault::Cursor)).transpose()?;
        let Some(filter) = &self.filter else { return Ok(Page::new()) };
        let (sites, people) = (self.view.sites(), self.view.shows_people());
        let views = archive.sessions(filter, before, limit)?;
        Ok(views.iter().map(|view| (view.row.id.0.to_string(), row(view, &sites, people))).collect())
    }
}

fn row(view: &SessionView, sites: &Registry, people: bool) -> Row {
    let session = &view.row;
    let charger = sites.chargers.get(&view.charger);
    let evse = charger.map_or(session.outlet.evse, |charger| charger.evse_of(session.outlet));
    let origin = view.origin.as_ref();
    let odd = origin.map(|origin| origin.oddities.words().collect::<Vec<_>>().join(" "));
    let numbered = Some(&session.reports).filter(|reports| !reports.is_empty());
    vec![
        i64::from(session.id.0).into(),
        view.charger.as_str().into(),
        charger.map(|charger| charger.site.id.as_str()).into(),
        evse.into(),
        session.outlet.connector.into(),
        (&*session.transaction.0).into(),
        session.state.as_str().into(),
        (session.state != SessionState::Ended && origin.is_none()).into(),
        session.started_at.into(),
        session.ended_at.into(),
        session.meter_start.into(),
        session.meter_stop.into(),
        session.energy.into(),
        session.quality.as_str().into(),
        session.stop_reason.as_ref().map(Word::as_str).into(),
        session.token.as_ref().filter(|_| people).map(TokenHash::as_str).into(),
        view.reading_count.into(),
        session.received_at.into(),
        numbered.map(SeqNos::to_string).into(),
        numbered.map(|reports| i64::try_from(reports.missing()).unwrap_or(i64::MAX)).into(),
        origin.map_or(imported::CHARGER, |origin| origin.source.as_str()).into(),
        origin.and_then(|origin| origin.session.as_deref()).into(),
        origin.and_then(|origin| origin.site.as_deref()).into(),
        odd.filter(|words| !words.is_empty()).into(),
    ]
}

#[derive(Clone)]
struct Readings {
    session: SessionId,
}

impl Source for Readings {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let after = cursor.map(|cursor| unpack(cursor).ok_or(Fault::Cursor)).transpose()?;
        let views = archive.readings(self.session, after, limit)?;
        Ok(views.iter().map(|view| (pack(&view.place), reading(view))).collect())
    }
}

/// A reading's place as a cursor.
fn pack(place: &ReadingPlace) -> String {
    let value = place.value.map_or(i64::MIN, |value| value.0);
    format!("{} {} {} {} {value}", place.at.millis(), place.outlet.evse, place.outlet.connector, place.kind)
}

fn unpack(cursor: &str) -> Option<ReadingPlace> {
    use crate::domain::energy::Milli;
    use crate::domain::ids::Outlet;
    use crate::domain::time::At;
    let mut parts = cursor.split(' ');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (at, evse, connector, kind, value) = (number()?, number()?, number()?, number()?, number()?);
    Some(ReadingPlace {
        at: At::from_millis(at),
        outlet: Outlet::new(u32::try_from(evse).ok()?, u32::try_from(connector).ok()?),
        kind,
        value: Some(Milli(value)),
    })
}

fn reading(view: &ReadingView) -> Row {
    let kind = &view.kind;
    let filled = |word: &Word| Some(word.as_str().to_owned()).filter(|text| !text.is_empty());
    let number = view.place.value.filter(|_| !view.flags.has(Flags::TEXT_ONLY));
    vec![
        view.place.at.into(),
        view.place.outlet.evse.into(),
        view.place.outlet.connector.into(),
        kind.measurand.as_str().into(),
        filled(&kind.phase).into(),
        kind.location.as_str().into(),
        kind.context.as_str().into(),
        filled(&kind.unit).into(),
        number.into(),
        number.and_then(|_| base_unit(kind.unit.as_str(), view.flags)).into(),
        view.text.clone().into(),
        flags(view.flags),
        view.received.into(),
    ]
}

/// The unit that values of a unit are kept in.
fn base_unit(unit: &str, flags: Flags) -> Option<String> {
    let base = match unit {
        other if flags.has(Flags::UNIT_MISMATCH) => other,
        "kWh" => "Wh",
        "kvarh" => "varh",
        "kW" => "W",
        "kVA" => "VA",
        "kVAh" => "VAh",
        "kvar" => "var",
        "Celcius" | "Fahrenheit" | "K" => "Celsius",
        other => other,
    };
    (!base.is_empty()).then(|| base.to_owned())
}

fn flags(flags: Flags) -> Cell {
    let words = [
        (Flags::UNIT_MISMATCH, "unit_mismatch"),
        (Flags::IMPLAUSIBLE, "implausible"),
        (Flags::OUR_TIME, "our_time"),
        (Flags::LATE, "late"),
        (Flags::TEXT_ONLY, "text_only"),
        (Flags::SIGNED, "signed"),
    ];
    let set: Vec<&str> = words.into_iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, word)| word).collect();
    Some(set.join(" ")).filter(|text| !text.is_empty()).into()
}
