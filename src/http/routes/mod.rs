//! The routes, by area. Each describes what it gives and reads it from the ledger.

pub(super) mod audit;
pub(super) mod certificates;
pub(super) mod chargers;
pub(super) mod conformance;
pub(super) mod credentials;
pub(super) mod device;
pub(super) mod drivers;
pub(super) mod evidence;
pub(super) mod exemptions;
pub(super) mod health;
pub(super) mod imports;
pub(super) mod inbox;
pub(super) mod live;
pub(super) mod privacy;
pub(super) mod reports;
pub(super) mod security;
pub(super) mod sessions;
pub(super) mod telemetry;
pub(super) mod tokens;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::error::Problem;
use super::params::{CHARGER, Query, SITE};
use super::table::{Resource, Row};
use super::view::View;
use crate::config::near::nearest;
use crate::domain::ids::ChargerId;

/// Answers with one object.
fn object(resource: &Resource, row: &Row) -> Response {
    let mut body = String::new();
    resource.json(row, &mut body);
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The chargers that `charger` and `site` ask for. `None` when nothing can fit both; empty means all.
fn wanted_chargers(view: &View, query: &Query) -> Result<Option<Vec<ChargerId>>, Problem> {
    let one = query.text(&CHARGER).map(ChargerId::new);
    let Some(site) = query.text(&SITE) else { return Ok(Some(one.into_iter().collect())) };
    let registry = view.sites();
    let mut of_site: Vec<_> = registry.chargers.values().filter(|charger| charger.site.id == site).collect();
    if of_site.is_empty() {
        let sites = registry.chargers.values().map(|charger| charger.site.id.as_str());
        let hint = nearest(site, sites)
            .map_or_else(|| "the registry is empty".to_owned(), |near| format!("did you mean \"{near}\"?"));
        return Err(Problem::bad_request(format!("site=\"{site}\" is not in the registry; {hint}")));
    }
    of_site.retain(|charger| one.as_ref().is_none_or(|one| *one == charger.id));
    let ids: Vec<ChargerId> = of_site.into_iter().map(|charger| charger.id.clone()).collect();
    Ok((!ids.is_empty()).then_some(ids))
}
