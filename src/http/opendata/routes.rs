//! The routes of open data.

use axum::Extension;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use serde_json::json;

use super::Opened;
use super::envelope::{self, Refusal};
use super::picture::{Published, Snapshot};
use crate::domain::time::At;
use crate::http::error::Problem;
use crate::http::params::{Param, Query};

const VERSION: &str = "/opendata/ocpi/2.2.1";

const DATE_FROM: Param =
    Param { name: "date_from", about: "Last updated at or after this time: RFC 3339; UTC without a zone.", words: &[] };
const DATE_TO: Param =
    Param { name: "date_to", about: "Last updated before this time: RFC 3339; UTC without a zone.", words: &[] };
const OFFSET: Param = Param { name: "offset", about: "How many objects to pass over (0).", words: &[] };
const LIMIT: Param = Param {
    name: "limit",
    about: "Most objects of a page; more than the largest page is the largest page.",
    words: &[],
};

/// Parameters of lists.
pub(in crate::http) const LIST_PARAMS: &[&Param] = &[&DATE_FROM, &DATE_TO, &OFFSET, &LIMIT];

/// What is asked of a list.
struct Asked {
    from: Option<At>,
    to: Option<At>,
    offset: usize,
    limit: usize,
}

impl Asked {
    fn read(query: Option<&str>, most: usize) -> Result<Self, Problem> {
        let query = Query::read(query, LIST_PARAMS)?;
        let time = |param: &Param| {
            let Some(text) = query.text(param) else { return Ok(None) };
            let at = At::from_rfc3339(text).or_else(|| At::from_rfc3339(&format!("{text}Z")));
            let form = "a time like 2026-11-24T09:00:00Z";
            at.map(Some).ok_or_else(|| Problem::bad_request(format!("{}=\"{text}\" is not {form}", param.name)))
        };
        let number = |param: &Param, least: usize, without: usize| {
            let Some(text) = query.text(param) else { return Ok(without) };
            let number = text.parse().ok().filter(|number| *number >= least);
            let wrong = || format!("{}=\"{text}\" is not a number from {least} on", param.name);
            number.ok_or_else(|| Problem::bad_request(wrong()))
        };
        Ok(Self {
            from: time(&DATE_FROM)?,
            to: time(&DATE_TO)?,
            offset: number(&OFFSET, 0, 0)?,
            limit: number(&LIMIT, 1, most)?.min(most),
        })
    }

    fn fits(&self, object: &Published) -> bool {
        self.from.is_none_or(|from| from <= object.updated) && self.to.is_none_or(|to| object.updated < to)
    }

    /// The query of the next page, with every filter.
    fn next(&self) -> String {
        let dates = [(DATE_FROM.name, self.from), (DATE_TO.name, self.to)];
        let dates = dates.into_iter().filter_map(|(name, at)| Some(format!("{name}={}&", at?)));
        format!("{}offset={}&limit={}", dates.collect::<String>(), self.offset + self.limit, self.limit)
    }
}

/// The versions of OCPI.
pub(in crate::http) async fn versions(Extension(open): Extension<Opened>, headers: HeaderMap) -> Response {
    let url = format!("{}{VERSION}", open.base(&headers));
    let data = json!([{ "version": "2.2.1", "url": url }]).to_string();
    std::future::ready(envelope::data(&headers, &data, HeaderMap::new(), open.now())).await
}

/// The modules of version 2.2.1.
pub(in crate::http) async fn version(Extension(open): Extension<Opened>, headers: HeaderMap) -> Response {
    let base = open.base(&headers);
    let endpoint =
        |module: &str| json!({ "identifier": module, "role": "SENDER", "url": format!("{base}{VERSION}/{module}") });
    let data = json!({ "version": "2.2.1", "endpoints": [endpoint("locations"), endpoint("tariffs")] }).to_string();
    std::future::ready(envelope::data(&headers, &data, HeaderMap::new(), open.now())).await
}

/// Locations.
pub(in crate::http) async fn locations(
    Extension(open): Extension<Opened>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    list(&open, &headers, query.as_deref(), "locations", |snapshot| &snapshot.locations).await
}

/// Tariffs.
pub(in crate::http) async fn tariffs(
    Extension(open): Extension<Opened>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    list(&open, &headers, query.as_deref(), "tariffs", |snapshot| &snapshot.tariffs).await
}

/// One location, EVSE or connector: as far as the path goes.
pub(in crate::http) async fn one(
    Extension(open): Extension<Opened>,
    headers: HeaderMap,
    Path(path): Path<Vec<(String, String)>>,
) -> Response {
    let snapshot = open.look().await;
    let same = |object: &&Published, id: &str| object.id.eq_ignore_ascii_case(id);
    let mut names = path.iter().map(|(_, name)| name.as_str());
    let location = names.next().unwrap_or_default();
    let mut found = snapshot.locations.iter().find(|object| same(object, location));
    for name in names {
        found = found.and_then(|object| object.inner.iter().find(|inner| same(inner, name)));
    }
    let now = open.now();
    match found {
        Some(object) => envelope::data(&headers, &object.json, HeaderMap::new(), now),
        None => Refusal::unknown_location("there is no such location, EVSE or connector").answer(now),
    }
}

/// The French file.
pub(in crate::http) async fn irve(Extension(open): Extension<Opened>, headers: HeaderMap) -> Response {
    let snapshot = open.look().await;
    envelope::plain(&headers, &snapshot.irve, "text/csv; charset=utf-8")
}

async fn list(
    open: &Opened,
    headers: &HeaderMap,
    query: Option<&str>,
    module: &str,
    of: fn(&Snapshot) -> &Vec<Published>,
) -> Response {
    let most = open.max_page();
    let asked = match Asked::read(query, most) {
        Ok(asked) => asked,
        Err(problem) => return Refusal::parameter(problem.detail()).answer(open.now()),
    };
    let snapshot = open.look().await;
    let fitting: Vec<&Published> = of(&snapshot).iter().filter(|object| asked.fits(object)).collect();
    let page = fitting.iter().skip(asked.offset).take(asked.limit).map(|object| object.json.as_str());
    let data = format!("[{}]", page.collect::<Vec<_>>().join(","));
    let mut more = HeaderMap::new();
    more.insert(HeaderName::from_static("x-total-count"), fitting.len().into());
    more.insert(HeaderName::from_static("x-limit"), most.into());
    if asked.offset.saturating_add(asked.limit) < fitting.len() {
        let link = format!("<{}{VERSION}/{module}?{}>; rel=\"next\"", open.base(headers), asked.next());
        more.extend(HeaderValue::from_str(&link).ok().map(|link| (header::LINK, link)));
    }
    envelope::data(headers, &data, more, open.now())
}
