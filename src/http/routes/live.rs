//! The network as it moves, for the live page: at first the whole of it, then what changed, twice a second at most.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use super::chargers::{LIVE_MS, STATES, is_simulated};
use crate::config::sites::{Charger, Registry, Site};
use crate::domain::energy::Milli;
use crate::domain::exemption::{CAUSES, Exemption, ExemptionKind};
use crate::domain::fault;
use crate::domain::ids::ChargerId;
use crate::domain::reading::{Word, measurand};
use crate::domain::status::State;
use crate::domain::time::At;
use crate::http::error::Problem;
use crate::http::events::Pen;
use crate::http::table::{Cell, Field, Kind, Resource, Row};
use crate::http::view::View;
use crate::observe::board::{ChargerLive, ConnectorLive};

/// How often changes are looked for.
const PACE: Duration = Duration::from_millis(500);

/// After so many looks without a change, 15 seconds, a line without meaning shows that the connection lives.
const QUIET_LOOKS: u32 = 30;

/// What an operator entered.
static LIVE_ENTRY: Resource = Resource {
    name: "LiveEntry",
    about: "What an operator entered about an EVSE, while it is in force; its evidence is at /api/v1/exemptions.",
    fields: &[
        Field { name: "kind", kind: Kind::Word(ExemptionKind::WORDS), about: "What it means." },
        Field { name: "cause", kind: Kind::Word(CAUSES), about: "Why." },
        Field { name: "from", kind: Kind::Time, about: "From, inclusive." },
        Field { name: "until", kind: Kind::Time, about: "Until, exclusive." },
    ],
};

/// A connector as it is now.
static LIVE_CONNECTOR: Resource = Resource {
    name: "LiveConnector",
    about: "A connector as it is now.",
    fields: &[
        Field { name: "evse_id", kind: Kind::Whole, about: "EVSE, by the registry, else as the charger numbers it." },
        Field { name: "connector_id", kind: Kind::Whole, about: "Connector, as the charger numbers it." },
        Field { name: "state", kind: Kind::Word(STATES), about: "Availability, in OCPI words; BLOCKED by an entry." },
        Field { name: "status", kind: Kind::Text, about: "OCPP status as last reported." },
        Field { name: "since", kind: Kind::Time, about: "Since when the charger reports it." },
        Field { name: "fault", kind: Kind::Text, about: "Class of the fault, while there is one." },
        Field {
            name: "power_w",
            kind: Kind::Decimal,
            about: "Power as last measured, W; null when older than 15 minutes.",
        },
        Field { name: "power_at", kind: Kind::Time, about: "When that was." },
        Field { name: "soc_percent", kind: Kind::Decimal, about: "State of charge of the vehicle, %." },
        Field { name: "session_id", kind: Kind::Whole, about: "Its open session." },
        Field { name: "session_started_at", kind: Kind::Time, about: "When that began." },
        Field { name: "session_wh", kind: Kind::Decimal, about: "Its energy so far, Wh." },
        Field {
            name: "entry",
            kind: Kind::Object(&LIVE_ENTRY),
            about: "What an operator entered about it: while there is that, it is neither broken nor free.",
        },
    ],
};

/// A charger as it is now.
static LIVE_CHARGER: Resource = Resource {
    name: "LiveCharger",
    about: "A charger as it is now.",
    fields: &[
        Field { name: "id", kind: Kind::Text, about: "Its identity." },
        Field { name: "name", kind: Kind::Text, about: "Its name in the registry." },
        Field { name: "site_id", kind: Kind::Text, about: "Its site; null where the registry knows none." },
        Field { name: "simulated", kind: Kind::Bool, about: "Whether it is simulated." },
        Field { name: "connected", kind: Kind::Bool, about: "Whether it is connected." },
        Field { name: "heard", kind: Kind::Time, about: "When it was last heard; null: never." },
        Field { name: "vendor", kind: Kind::Text, about: "Maker." },
        Field { name: "model", kind: Kind::Text, about: "Model." },
        Field { name: "clock_ahead_s", kind: Kind::Decimal, about: "How far its clock is ahead of ours, s." },
        Field { name: "connectors", kind: Kind::List(&LIVE_CONNECTOR), about: "Its connectors." },
    ],
};

/// A site, at its place.
static LIVE_SITE: Resource = Resource {
    name: "LiveSite",
    about: "A site, at its place.",
    fields: &[
        Field { name: "id", kind: Kind::Text, about: "Short name." },
        Field { name: "name", kind: Kind::Text, about: "Name for people." },
        Field { name: "latitude", kind: Kind::Text, about: "WGS84, degrees." },
        Field { name: "longitude", kind: Kind::Text, about: "WGS84, degrees." },
    ],
};

/// The whole network.
pub(in crate::http) static LIVE_NETWORK: Resource = Resource {
    name: "LiveNetwork",
    about: "The network as it is now: the first event of a stream, and whenever the registry was read anew.",
    fields: &[
        Field { name: "at", kind: Kind::Time, about: "Our time." },
        Field {
            name: "grace_s",
            kind: Kind::Decimal,
            about: "What a charger does that is gone for so long is unknown.",
        },
        Field { name: "shows_frames", kind: Kind::Bool, about: "Whether whoever asks may read frames." },
        Field { name: "sites", kind: Kind::List(&LIVE_SITE), about: "Its sites." },
        Field { name: "chargers", kind: Kind::List(&LIVE_CHARGER), about: "Its chargers." },
    ],
};

/// What changed.
pub(in crate::http) static LIVE_CHANGE: Resource = Resource {
    name: "LiveChange",
    about: "The chargers of which something changed.",
    fields: &[
        Field { name: "at", kind: Kind::Time, about: "Our time." },
        Field { name: "chargers", kind: Kind::List(&LIVE_CHARGER), about: "Those, as they are now." },
    ],
};

/// Entries in force, by charger.
type Entries = HashMap<ChargerId, Vec<Exemption>>;

/// What a reader was told.
struct Told {
    edition: u64,
    revision: u64,
    entries: Entries,
}

/// What chargers are seen with, at one moment.
struct Sight {
    sites: Arc<Registry>,
    entries: Entries,
    now: At,
}

/// Tells one reader.
struct Teller {
    view: View,
    pen: Pen,
    /// `None` before the network was told.
    told: Option<Told>,
    /// The reader's place among the streams, kept as long as the stream goes on.
    _place: OwnedSemaphorePermit,
}

/// Gives the network, once or as it moves.
pub(in crate::http) async fn network(view: View, asked: HeaderMap) -> Result<Response, Problem> {
    let accepted = asked.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepted.contains("text/event-stream") {
        let whole = spawn_blocking(move || whole(&view, &Sight::of(&view), &view.changed_since(0).1)).await;
        let whole = whole.map_err(|error| Problem::unavailable(error.to_string()))?;
        return Ok(([(header::CONTENT_TYPE, "application/json")], whole).into_response());
    }
    let place = view.stream_place().ok_or_else(Problem::busy)?;
    let pen = Pen::new(&asked);
    let headers = pen.headers();
    let stream = unfold(Teller { view, pen, told: None, _place: place }, next);
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// The next piece of the stream; waits until there is something to tell. It ends when the reader may not read any more.
async fn next(mut teller: Teller) -> Option<(Result<Bytes, Infallible>, Teller)> {
    let mut quiet = 0;
    loop {
        if teller.told.is_some() {
            tokio::time::sleep(PACE).await;
        }
        if !teller.view.is_still_let_in() {
            return None;
        }
        // A large network takes a while to write; not on a thread that chargers wait for.
        let told = spawn_blocking(move || (teller.tell(), teller)).await.ok()?;
        teller = told.1;
        quiet += 1;
        let piece = told.0.or_else(|| (quiet == QUIET_LOOKS).then(|| teller.pen.sign()));
        if let Some(piece) = piece {
            return Some((Ok(piece), teller));
        }
    }
}

impl Teller {
    /// What is new to the reader, if anything.
    fn tell(&mut self) -> Option<Bytes> {
        let edition = self.view.sites_edition();
        let told = self.told.take().filter(|told| told.edition == edition);
        let (revision, mut changed) = self.view.changed_since(told.as_ref().map_or(0, |told| told.revision));
        let sight = Sight::of(&self.view);
        if let Some(told) = &told {
            let known: HashSet<ChargerId> = changed.iter().map(|live| live.charger.clone()).collect();
            let others = moved(&told.entries, &sight.entries).filter(|charger| !known.contains(*charger));
            changed.extend(others.filter_map(|charger| sight.met(&self.view, charger)));
        }
        let piece = match told {
            None => Some(self.pen.event("network", &whole(&self.view, &sight, &changed))),
            Some(_) => (!changed.is_empty()).then(|| self.pen.event("change", &change(&sight, &changed))),
        };
        self.told = Some(Told { edition, revision, entries: sight.entries });
        piece
    }
}

/// The chargers of which entries came into force or ceased to be.
fn moved<'a>(before: &'a Entries, after: &'a Entries) -> impl Iterator<Item = &'a ChargerId> {
    let gone = before.keys().filter(|charger| !after.contains_key(*charger));
    let come =
        after.iter().filter(|(charger, entries)| before.get(*charger) != Some(*entries)).map(|(charger, _)| charger);
    gone.chain(come)
}

impl Sight {
    fn of(view: &View) -> Self {
        let now = view.now();
        Self { sites: view.sites(), entries: view.entries(now), now }
    }

    /// A charger that was met or is registered.
    fn met(&self, view: &View, charger: &ChargerId) -> Option<ChargerLive> {
        let unmet = || self.sites.chargers.get_key_value(charger).map(|(id, _)| ChargerLive::unmet(id.clone()));
        view.live(charger).or_else(unmet)
    }

    /// What was entered about an EVSE.
    fn covering(&self, charger: &ChargerId, evse: u32) -> Vec<&Exemption> {
        let entries = self.entries.get(charger).map(Vec::as_slice).unwrap_or_default();
        entries.iter().filter(|entry| entry.covers(evse, self.now)).collect()
    }
}

/// The whole network: what was met, and what is only registered.
fn whole(view: &View, sight: &Sight, met: &[ChargerLive]) -> String {
    let sites = &sight.sites;
    let known: HashSet<&ChargerId> = met.iter().map(|live| &live.charger).collect();
    let unmet = sites.chargers.keys().filter(|id| !known.contains(id)).map(|id| ChargerLive::unmet(id.clone()));
    let mut rows: Vec<Row> = met.iter().map(|live| charger(sight, live)).collect();
    rows.extend(unmet.map(|live| charger(sight, &live)));
    let places: BTreeMap<&str, &Site> =
        sites.chargers.values().map(|charger| (charger.site.id.as_str(), charger.site.as_ref())).collect();
    let whole = vec![
        sight.now.into(),
        Milli(view.grace_ms()).into(),
        view.shows_people().into(),
        Cell::List(places.into_values().map(site).collect()),
        Cell::List(rows),
    ];
    let mut text = String::new();
    LIVE_NETWORK.json(&whole, &mut text);
    text
}

fn change(sight: &Sight, changed: &[ChargerLive]) -> String {
    let rows = changed.iter().map(|live| charger(sight, live)).collect();
    let mut text = String::new();
    LIVE_CHANGE.json(&vec![sight.now.into(), Cell::List(rows)], &mut text);
    text
}

fn site(site: &Site) -> Row {
    let degrees = |degrees: Option<f64>| -> Cell { degrees.map(|degrees| degrees.to_string()).into() };
    vec![site.id.as_str().into(), site.name.as_str().into(), degrees(site.latitude), degrees(site.longitude)]
}

fn charger(sight: &Sight, live: &ChargerLive) -> Row {
    let registered = sight.sites.chargers.get(&live.charger).map(AsRef::as_ref);
    let mut outlets: Vec<&ConnectorLive> = live.connectors.iter().filter(|connector| is_shown(connector)).collect();
    outlets.sort_unstable_by_key(|connector| connector.outlet);
    let today =
        |charger: &Charger| DateTime::<Utc>::from(sight.now).with_timezone(&charger.site.time_zone).date_naive();
    let imposed = registered.and_then(|charger| charger.service().state(today(charger)));
    let connectors: Vec<Row> = match registered {
        Some(charger) if outlets.is_empty() => untold(charger, imposed, sight),
        Some(_) | None => {
            outlets.into_iter().map(|outlet| connector(outlet, live, imposed, registered, sight)).collect()
        }
    };
    vec![
        live.charger.as_str().into(),
        registered.and_then(|charger| charger.name.as_deref()).into(),
        registered.map(|charger| charger.site.id.as_str()).into(),
        is_simulated(&live.charger, registered).into(),
        live.connected.into(),
        live.heard.into(),
        live.boot.vendor.as_deref().into(),
        live.boot.model.as_deref().into(),
        live.skew_ms.map(Milli).into(),
        Cell::List(connectors),
    ]
}

/// Not one of which nobody speaks any more; the charger or an EVSE as a whole only while a session is put down at it.
fn is_shown(connector: &ConnectorLive) -> bool {
    let outlet = connector.outlet;
    let is_whole = outlet.is_station() || outlet.is_whole_evse();
    connector.session.is_some() || (!is_whole && connector.now.is_some())
}

/// Whose word counts for a connector: its own, unless its charger or its EVSE as a whole says that it is down.
fn speaker<'a>(connector: &'a ConnectorLive, live: &'a ChargerLive) -> &'a ConnectorLive {
    let above = |other: &&ConnectorLive| {
        other.outlet.is_station() || (other.outlet.is_whole_evse() && other.outlet.evse == connector.outlet.evse)
    };
    let down = |other: &&ConnectorLive| matches!(other.state(), State::Inoperative | State::OutOfOrder);
    live.connectors.iter().filter(above).find(down).unwrap_or(connector)
}

/// The connectors that the registry knows of a charger that has told of none.
fn untold(charger: &Charger, imposed: Option<State>, sight: &Sight) -> Vec<Row> {
    let connector = |evse: u32, connector: u32| -> Row {
        let entries = sight.covering(&charger.id, evse);
        let state = state(imposed, &entries, State::Unknown);
        let mut row: Row = LIVE_CONNECTOR.fields.iter().map(|_| Cell::Null).collect();
        row.splice(..3, [evse.into(), connector.into(), state.as_str().into()]);
        row.splice(row.len() - 1.., [entered(&entries)]);
        row
    };
    let evses = charger.evses.iter();
    evses.flat_map(|evse| evse.connectors.iter().map(move |number| connector(evse.id, *number))).collect()
}

/// What goes before what a charger tells: the registry, then that its bay cannot be reached.
fn state(imposed: Option<State>, entries: &[&Exemption], told: State) -> State {
    let blocked = entries.iter().any(|entry| entry.kind == ExemptionKind::Blocked);
    imposed.unwrap_or(if blocked { State::Blocked } else { told })
}

/// Of several entries the one that the reckoning goes by, the longest of its kind.
fn entered(entries: &[&Exemption]) -> Cell {
    let first = entries.iter().max_by_key(|entry| (entry.kind.precedence(), entry.span.until));
    first.map_or(Cell::Null, |Exemption { kind, cause, span, .. }| {
        Cell::Object(vec![kind.word().into(), cause.as_str().into(), span.from.into(), span.until.into()])
    })
}

/// A connector as its charger told it, where the registry does not say that it is planned or removed and no operator that
/// it is blocked. Whether that is too long ago is for whoever looks: time goes on without events.
fn connector(
    connector: &ConnectorLive,
    live: &ChargerLive,
    imposed: Option<State>,
    registered: Option<&Charger>,
    sight: &Sight,
) -> Row {
    let outlet = connector.outlet;
    let evse = registered.map_or(outlet.evse, |charger| charger.evse_of(outlet));
    let entries = sight.covering(&live.charger, evse);
    let speaker = speaker(connector, live);
    let state = state(imposed, &entries, speaker.state());
    let told = speaker.now.as_ref();
    let class = || {
        let error = told.and_then(|told| told.error.as_ref()).map(Word::as_str);
        fault::classify(error, told.and_then(|told| told.vendor_error.as_deref())).name
    };
    let oldest = sight.now.plus_millis(-LIVE_MS);
    let fresh = |measurand| connector.newest(measurand, "").filter(|value| value.at >= oldest);
    let power = fresh(measurand::POWER);
    let session = connector.session;
    vec![
        evse.into(),
        outlet.connector.into(),
        state.as_str().into(),
        told.map(|told| told.status.as_str()).into(),
        told.map(|told| told.since).into(),
        (state == State::OutOfOrder).then(class).into(),
        power.map(|power| power.value).into(),
        power.map(|power| power.at).into(),
        fresh(measurand::SOC).map(|soc| soc.value).into(),
        session.map(|session| i64::from(session.id.0)).into(),
        session.and_then(|session| session.started_at).into(),
        session.and_then(|session| session.energy).into(),
        entered(&entries),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Outlet;
    use crate::domain::record::{ConnectorNow, Effect};
    use crate::domain::status::ConnectorStatus;
    use crate::domain::time::Span;
    use crate::observe::board::Board;

    const NOON: At = At::from_millis(1_795_521_600_000);

    /// `connector: state fault` of each connector that is shown, with what was entered.
    fn shown(statuses: &[(Outlet, ConnectorStatus)], registry: &str) -> Vec<String> {
        shown_with(statuses, registry, Vec::new())
    }

    fn shown_with(statuses: &[(Outlet, ConnectorStatus)], registry: &str, entries: Vec<Exemption>) -> Vec<String> {
        let (board, id) = (Board::default(), ChargerId::new("CP-1"));
        for (outlet, status) in statuses.iter().cloned() {
            let error = Some(Word::Known("OverVoltage"));
            let now = ConnectorNow { outlet, status, since: NOON, error, vendor_error: None, info: None };
            board.apply(&id, &[Effect::Status(now)]);
        }
        let head = "charger_id,site_id,evse_id,connector_ids,commissioned_on\n";
        let sites = Registry::from_csv("test", &format!("{head}{registry}")).unwrap();
        let live = board.get(&id).unwrap_or_else(|| ChargerLive::unmet(id));
        board.exemptions.replace(entries);
        let sight = Sight { sites: Arc::new(sites), entries: board.exemptions.in_force(NOON), now: NOON };
        let mut text = String::new();
        LIVE_CHARGER.json(&charger(&sight, &live), &mut text);
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        let one = |connector: &serde_json::Value| {
            let fault = connector["fault"].as_str().unwrap_or("-");
            let entry = connector["entry"]["kind"].as_str().map(|kind| format!(" {kind}")).unwrap_or_default();
            format!("{}: {} {fault}{entry}", connector["connector_id"], connector["state"].as_str().unwrap())
        };
        told["connectors"].as_array().unwrap().iter().map(one).collect()
    }

    #[test]
    fn a_charger_that_is_down_as_a_whole_is_so_at_every_connector() {
        let (one, two) = (Outlet::new(1, 1), Outlet::new(2, 2));
        let free = [(one, ConnectorStatus::Available), (two, ConnectorStatus::Available)];
        let with = |whole, status| [free.as_slice(), &[(whole, status)]].concat();
        assert_eq!(shown(&free, ""), ["1: AVAILABLE -", "2: AVAILABLE -"]);
        let faulted = with(Outlet::STATION, ConnectorStatus::Faulted);
        assert_eq!(shown(&faulted, ""), ["1: OUTOFORDER OverVoltage", "2: OUTOFORDER OverVoltage"]);
        assert_eq!(shown(&with(Outlet::STATION, ConnectorStatus::Available), ""), ["1: AVAILABLE -", "2: AVAILABLE -"]);
        let evse = with(Outlet::new(2, 0), ConnectorStatus::Unavailable);
        assert_eq!(shown(&evse, ""), ["1: AVAILABLE -", "2: INOPERATIVE -"]);
    }

    #[test]
    fn what_a_charger_never_told_the_registry_says() {
        assert_eq!(shown(&[], "CP-1,site,1,1;2,\n"), ["1: UNKNOWN -", "2: UNKNOWN -"]);
        assert_eq!(shown(&[], "CP-1,site,1,1,2030-01-01\n"), ["1: PLANNED -"]);
        let told = [(Outlet::new(1, 1), ConnectorStatus::Available)];
        assert_eq!(shown(&told, "CP-1,site,1,1,2030-01-01\n"), ["1: PLANNED -"]);
    }

    fn entry(id: i64, evse: Option<u32>, kind: ExemptionKind, until_s: i64) -> Exemption {
        let span = Span { from: NOON.plus_millis(-1000), until: NOON.plus_millis(until_s * 1000) };
        Exemption { id, charger: ChargerId::new("cp-1"), evse, kind, cause: "vandalism".to_owned(), span }
    }

    #[test]
    fn what_operators_entered_stands_beside_what_a_charger_tells_and_a_bay_out_of_reach_is_blocked() {
        use ExemptionKind::{Blocked, Exempt, PlannedWork};
        let (one, two) = (Outlet::new(1, 1), Outlet::new(2, 2));
        let told = [(one, ConnectorStatus::Faulted), (two, ConnectorStatus::Available)];
        let with = |entries: &[Exemption]| shown_with(&told, "", entries.to_vec());
        assert_eq!(
            with(&[entry(1, Some(1), PlannedWork, 60)]),
            ["1: OUTOFORDER OverVoltage planned_work", "2: AVAILABLE -"]
        );
        assert_eq!(with(&[entry(1, None, Blocked, 60)]), ["1: BLOCKED - blocked", "2: BLOCKED - blocked"]);
        // Of two, the one that reports go by is told, and open data's word; one that is over counts no more.
        let both = [entry(1, Some(2), Exempt, 60), entry(2, Some(2), Blocked, 90)];
        assert_eq!(with(&both), ["1: OUTOFORDER OverVoltage", "2: BLOCKED - exempt"]);
        assert_eq!(with(&[entry(1, None, Blocked, 0)]), shown(&told, ""));
        // Of a charger that has told nothing too; but what the registry says goes before.
        assert_eq!(shown_with(&[], "CP-1,site,1,1,\n", vec![entry(1, None, Blocked, 9)]), ["1: BLOCKED - blocked"]);
        let planned = shown_with(&[], "CP-1,site,1,1,2030-01-01\n", vec![entry(1, None, Blocked, 9)]);
        assert_eq!(planned, ["1: PLANNED - blocked"]);
    }

    #[test]
    fn a_charger_is_told_again_when_an_entry_begins_ends_or_is_joined_by_another() {
        use ExemptionKind::{Blocked, PlannedWork};
        let of = |entries: Vec<Exemption>, later_s: i64| {
            let board = Board::default();
            board.exemptions.replace(entries);
            board.exemptions.in_force(NOON.plus_millis(later_s * 1000))
        };
        let some = vec![entry(1, Some(1), Blocked, 60)];
        let more = vec![entry(1, Some(1), Blocked, 60), entry(2, None, PlannedWork, 60)];
        let told = |before: &Entries, after: &Entries| moved(before, after).count();
        assert_eq!(told(&of(vec![], 0), &of(some.clone(), 0)), 1);
        assert_eq!(told(&of(some.clone(), 0), &of(some.clone(), 59)), 0);
        assert_eq!(told(&of(some.clone(), 0), &of(more, 0)), 1);
        assert_eq!(told(&of(some.clone(), 59), &of(some, 60)), 1);
    }
}
