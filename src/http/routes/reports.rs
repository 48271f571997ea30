//! Figures: the list of reports, a report, what is behind one, and how they are made.

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use crate::domain::status::ConnectorStatus;
use crate::http::error::Problem;
use crate::http::list;
use crate::http::params::{CHARGER, FORMAT, FROM, Param, Query, SITE, TO};
use crate::http::router::declared;
use crate::http::table::{Field, Kind, Resource, Row};
use crate::http::view::View;
use crate::report::explain::{Explained, explain as pieces};
use crate::report::{self, Ask, ReportError};

pub(in crate::http) const PERIOD: Param = Param {
    name: "period",
    about: "A period in the zone: 2026, 2026-Q3, 2026-10 or 2026-11-24; the present year without. Or from and to.",
    words: &[],
};
pub(in crate::http) const GROUP_BY: Param = Param {
    name: "group_by",
    about: "One of place, one of time, or both parted by a comma: site,month. What there is stands at /api/v1/reports.",
    words: &[],
};
pub(in crate::http) const ZONE: Param =
    Param { name: "zone", about: "Zone of the period and of its parts: Europe/London, Europe/Paris …", words: &[] };
pub(in crate::http) const REPORT_FORMAT: Param =
    Param { name: "format", about: "json or csv; without, what the header Accept asks for.", words: &["json", "csv"] };
pub(in crate::http) const SITE_TYPE: Param = Param {
    name: "site_type",
    about: "Only sites of this type: on_street_residential, destination, rapid_hub, park_and_ride.",
    words: &[],
};
pub(in crate::http) const EVSE: Param = Param { name: "evse", about: "Charger and EVSE: MK-1/2.", words: &[] };

/// Parameters of a report.
pub(in crate::http) const REPORT_PARAMS: &[&Param] =
    &[&PERIOD, &FROM, &TO, &GROUP_BY, &ZONE, &SITE, &SITE_TYPE, &CHARGER, &REPORT_FORMAT];
/// Parameters of an explanation.
pub(in crate::http) const EXPLAIN_PARAMS: &[&Param] = &[&EVSE, &PERIOD, &FROM, &TO, &ZONE, &FORMAT];

/// A piece of an EVSE's time.
pub(in crate::http) const EXPLAINED: Resource = Resource {
    name: "Explained",
    about: "A stretch of an EVSE's time in which nothing changes, and what it counts as in each formula of reliability.",
    fields: &[
        Field { name: "from", kind: Kind::Time, about: "From, inclusive." },
        Field { name: "until", kind: Kind::Time, about: "Until, exclusive." },
        Field { name: "state", kind: Kind::Text, about: "Availability, in OCPI words." },
        Field { name: "seen", kind: Kind::Text, about: "What chargers said, whatever was entered." },
        Field { name: "status", kind: Kind::Text, about: "The OCPP status behind it." },
        Field { name: "cause", kind: Kind::Text, about: "charger, transaction, link, our_outage, operator." },
        Field { name: "open", kind: Kind::Bool, about: "Whether the site is open." },
        Field { name: "uk", kind: Kind::Text, about: "In the UK guidance formula: up, down, exempt, outside." },
        Field {
            name: "uk_literal",
            kind: Kind::Text,
            about: "In regulation 7(3) read literally: reliable, not_reliable, outside.",
        },
        Field { name: "strict", kind: Kind::Text, about: "In strict availability: up, down, excluded, outside." },
        Field { name: "nevi", kind: Kind::Text, about: "In NEVI: up, outage, excluded, outside." },
        Field { name: "exemption_id", kind: Kind::Whole, about: "The entry that decides it." },
        Field { name: "planned_work_id", kind: Kind::Whole, about: "The entry of planned work that covers it." },
        Field { name: "frame_id", kind: Kind::Whole, about: "The frame that proves what was seen." },
    ],
};

/// Lists the reports.
pub(in crate::http) async fn list(_: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Query::read(query.as_deref(), declared("/api/v1/reports"))?;
    let body = std::future::ready(report::answer::list()).await;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Gives a report.
pub(in crate::http) async fn one(
    view: View,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/reports/{name}"))?;
    let wanted = report::named(&name).ok_or_else(|| Problem::not_found(report::unknown(&name)))?;
    let (ask, now) = (ask(&view, &query), view.now());
    let answer = view
        .figures(move |ledger, registry, settings| report::answer(wanted, &ask, ledger, registry, settings, now))
        .await?;
    // What is said in the address wins over what the client would take.
    if query.text(&REPORT_FORMAT).map_or_else(|| wants_csv(&headers), |format| format == "csv") {
        let body = answer.csv().map_err(|error| ReportError::Mistake(error.to_string()))?;
        let saved_as = format!("attachment; filename=\"{}.csv\"", answer.file_name());
        let told = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
            (header::CONTENT_DISPOSITION, saved_as.as_str()),
            (header::VARY, "Accept"),
        ];
        return Ok((told, body).into_response());
    }
    let told = [(header::CONTENT_TYPE, "application/json"), (header::VARY, "Accept")];
    Ok((told, answer.json()).into_response())
}

/// Whether a client would rather have CSV: it names that, and JSON not before it.
fn wants_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut kinds = accepted.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.find(|kind| matches!(*kind, "text/csv" | "application/json" | "*/*")) == Some("text/csv")
}

/// Gives what is behind the reliability of an EVSE.
pub(in crate::http) async fn explain(view: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/reports/reliability/explain"))?;
    let missing = || Problem::bad_request("say which EVSE: evse=CHARGER/1");
    let evse = query.text(&EVSE).ok_or_else(missing)?.to_owned();
    let (ask, now) = (ask(&view, &query), view.now());
    let found =
        view.figures(move |ledger, registry, settings| pieces(&evse, &ask, ledger, registry, settings, now)).await?;
    list::whole(&EXPLAINED, &query, found.iter().map(explained).collect())
}

/// Gives how figures are made.
pub(in crate::http) async fn methods() -> Response {
    let body = std::future::ready(report::METHOD).await;
    ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], body).into_response()
}

fn ask(view: &View, query: &Query) -> Ask {
    let text = |param: &Param| query.text(param).map(str::to_owned);
    Ask {
        period: text(&PERIOD),
        from: text(&FROM),
        to: text(&TO),
        group_by: text(&GROUP_BY),
        zone: text(&ZONE),
        site: text(&SITE),
        site_type: text(&SITE_TYPE),
        charger: text(&CHARGER),
        only_sites: view.own_sites(),
        suppress: view.suppresses(),
    }
}

fn explained(line: &Explained) -> Row {
    let piece = &line.piece;
    vec![
        piece.span.from.into(),
        piece.span.until.into(),
        piece.state.as_str().into(),
        piece.seen.as_str().into(),
        piece.status.as_ref().map(ConnectorStatus::as_str).into(),
        piece.cause.as_str().into(),
        piece.open.into(),
        line.uk.into(),
        line.uk_literal.into(),
        line.strict.into(),
        line.nevi.into(),
        piece.exemption.into(),
        piece.planned.into(),
        piece.proof.map(|frame| frame.0).into(),
    ]
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn csv_is_for_who_asks_for_it_before_json_or_anything() {
        for (accepted, csv) in [
            ("text/csv", true),
            ("text/csv;q=0.9, application/json;q=0.1", true),
            ("application/json, text/csv", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accepted))]);
            assert_eq!(wants_csv(&headers), csv, "{accepted}");
        }
        assert!(!wants_csv(&HeaderMap::new()));
    }
}
