//! Query parameters: declared with their route, read strictly. A name that is not declared is a mistake, told with the
//! nearest one that is.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::error::Problem;
use crate::config::near::nearest;
use crate::domain::time::At;

/// A query parameter.
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// The words it may be; empty where any text is fine.
    pub(super) words: &'static [&'static str],
}

/// From an instant on.
pub(super) const FROM: Param =
    Param { name: "from", about: "At or after this time: RFC 3339, or a date (UTC).", words: &[] };
/// Before an instant.
pub(super) const TO: Param = Param { name: "to", about: "Before this time: RFC 3339, or a date (UTC).", words: &[] };
/// Of a charger.
pub(super) const CHARGER: Param = Param { name: "charger", about: "Of this charger.", words: &[] };
/// Of a site.
pub(super) const SITE: Param =
    Param { name: "site", about: "Of the chargers of this site of the registry.", words: &[] };
/// Page size.
pub(super) const LIMIT: Param = Param { name: "limit", about: "Most items of a page (100).", words: &[] };
/// Where a page begins.
pub(super) const CURSOR: Param =
    Param { name: "cursor", about: "next_cursor of the page before; the first page without.", words: &[] };
/// In which form.
pub(super) const FORMAT: Param = Param {
    name: "format",
    about: "json is paged; csv and ndjson stream the whole list, without limit and cursor.",
    words: &["json", "csv", "ndjson"],
};

/// The parameters of a request, checked against those of its route.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query string.
    pub(super) fn read(query: Option<&str>, declared: &[&Param]) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = match query {
            Some(query) => form(query),
            None => Vec::new(),
        };
        let mut found = BTreeMap::new();
        for (name, value) in pairs {
            let Some(param) = declared.iter().find(|param| param.name == name) else {
                let near = nearest(&name, declared.iter().map(|param| param.name)).unwrap_or_default();
                return Err(Problem::bad_request(format!("unknown parameter \"{name}\"; did you mean \"{near}\"?")));
            };
            if !param.words.is_empty() && !param.words.contains(&value.as_str()) {
                let words = param.words.join(", ");
                return Err(Problem::bad_request(format!("{name}=\"{value}\" is none of: {words}")));
            }
            if found.insert(name.clone(), value).is_some() {
                return Err(Problem::bad_request(format!("parameter \"{name}\" is given twice")));
            }
        }
        Ok(Self(found))
    }

    /// A parameter's text.
    pub(super) fn text(&self, param: &Param) -> Option<&str> {
        self.0.get(param.name).map(String::as_str)
    }

    /// A parameter's time.
    pub(super) fn time(&self, param: &Param) -> Result<Option<At>, Problem> {
        let Some(text) = self.text(param) else { return Ok(None) };
        let exact = At::from_rfc3339(text);
        let day = || {
            text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|day| At::from(day.and_utc()))
        };
        let wrong = || {
            let form = "a time like 2026-11-24T09:00:00Z or a date like 2026-11-24";
            Problem::bad_request(format!("{}=\"{text}\" is not {form}", param.name))
        };
        exact.or_else(day).map(Some).ok_or_else(wrong)
    }

    /// The page size.
    pub(super) fn limit(&self, most: usize) -> Result<usize, Problem> {
        let Some(text) = self.text(&LIMIT) else { return Ok(most.min(100)) };
        let limit = text.parse::<usize>().ok().filter(|limit| (1..=most).contains(limit));
        limit.ok_or_else(|| Problem::bad_request(format!("limit=\"{text}\" is not a number from 1 to {most}")))
    }
}

/// Name and value pairs of a query string.
fn form(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
