//! Chargers that wait for an operator, and what is decided of them.

use axum::Extension;
use axum::extract::{Path, RawQuery};
use axum::response::Response;

use super::object;
use crate::config::ocpp::UnknownChargers;
use crate::domain::ids::{ChargerId, StationKey};
use crate::http::Api;
use crate::http::auth::Caller;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::Query;
use crate::http::router::declared;
use crate::http::table::{Cell, Field, Kind, Resource, Row};
use crate::http::view::Whole;
use crate::store::archive::{Archive, ChargerView};
use crate::store::desk::admissions::Decision;

/// Chargers that are read at a time to find those that wait.
const STRIDE: usize = 1000;

/// A charger that waits.
pub(in crate::http) const WAITING: Resource = Resource {
    name: "WaitingCharger",
    about: "A charger that the registry does not know and that nobody has accepted or refused.",
    fields: &[
        Field { name: "charger", kind: Kind::Text, about: "Its identity." },
        Field { name: "vendor", kind: Kind::Text, about: "Maker, as it says." },
        Field { name: "model", kind: Kind::Text, about: "Model, as it says." },
        Field { name: "serial", kind: Kind::Text, about: "Serial number, as it says." },
        Field { name: "firmware", kind: Kind::Text, about: "Firmware version, as it says." },
        Field { name: "first_seen", kind: Kind::Time, about: "When it first connected." },
        Field { name: "last_heard", kind: Kind::Time, about: "When it was last heard." },
        Field { name: "connected", kind: Kind::Bool, about: "Whether it is connected now." },
        Field { name: "peer", kind: Kind::Text, about: "Address that it is connected from; null when it is not." },
    ],
};

/// What was decided.
pub(in crate::http) const ADMISSION: Resource = Resource {
    name: "Admission",
    about: "What was decided of a charger.",
    fields: &[
        Field { name: "charger", kind: Kind::Text, about: "Its identity." },
        Field { name: "decision", kind: Kind::Word(&["accepted", "refused"]), about: "What." },
        Field { name: "decided_at", kind: Kind::Time, about: "When." },
        Field { name: "author", kind: Kind::Text, about: "By whom." },
    ],
};

/// Lists the chargers that wait. Where unknown ones are not held, none does.
pub(in crate::http) async fn list(api: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/inbox"))?;
    list::answer(api.view(), &WAITING, &query, Inbox(api.clone())).await
}

/// Accepts a charger.
pub(in crate::http) async fn accept(
    api: Whole,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    decide(&api, id, caller, Decision::Accepted).await
}

/// Refuses a charger.
pub(in crate::http) async fn refuse(
    api: Whole,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    decide(&api, id, caller, Decision::Refused).await
}

async fn decide(api: &Api, id: String, caller: Caller, decision: Decision) -> Result<Response, Problem> {
    let author = caller.author();
    let decided = api.desk.with(move |desk| desk.decide_charger(&author, &ChargerId::new(id), decision)).await?;
    let row = vec![
        decided.charger.as_str().into(),
        decided.decision.word().into(),
        Cell::Time(decided.at),
        decided.author.into(),
    ];
    Ok(object(&ADMISSION, &row))
}

#[derive(Clone)]
struct Inbox(Whole);

impl Inbox {
    fn waits(&self, charger: &ChargerId) -> bool {
        self.0.unknown_chargers == UnknownChargers::Hold
            && self.0.sites.charger(charger).is_none()
            && self.0.gate.decided(charger).is_none()
    }
}

impl Source for Inbox {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let mut after = list::number(cursor)?.map(StationKey);
        let mut page = Page::new();
        while page.len() < limit {
            let views = archive.chargers(None, after, STRIDE)?;
            let Some(last) = views.last() else { break };
            after = Some(last.key);
            let waiting = views.iter().filter(|view| self.waits(&view.charger)).take(limit - page.len());
            page.extend(waiting.map(|view| (view.key.0.to_string(), row(&self.0, view))));
        }
        Ok(page)
    }
}

fn row(api: &Api, view: &ChargerView) -> Row {
    let connection = api.connections.of(&view.charger);
    let heard = connection.as_ref().map(|connection| connection.heard).or(view.last_heard);
    vec![
        view.charger.as_str().into(),
        view.boot.vendor.as_deref().into(),
        view.boot.model.as_deref().into(),
        view.boot.serial.as_deref().or(view.boot.box_serial.as_deref()).into(),
        view.boot.firmware.as_deref().into(),
        view.first_seen.into(),
        heard.into(),
        connection.is_some().into(),
        connection.map(|connection| connection.peer).into(),
    ]
}
