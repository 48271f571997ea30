//! All routes on one page: path, what it gives, which parameters it takes. The OpenAPI document is made from this.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use super::error::Problem;
use super::params::{CHARGER, CURSOR, FORMAT, FROM, LIMIT, Param, SITE, TO};
use super::routes::{chargers, conformance, device, evidence, health, sessions, telemetry};
use super::table::Resource;
use super::{Api, openapi};

/// A route of the API.
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) about: &'static str,
    pub(super) gives: Gives,
    pub(super) params: &'static [&'static Param],
    handler: fn() -> MethodRouter<Api>,
}

/// What a route gives.
#[derive(Clone, Copy)]
pub(super) enum Gives {
    /// A list, paged or streamed.
    List(&'static Resource),
    /// One object, or 404.
    One(&'static Resource),
    /// Text of this media type.
    Text(&'static str),
}

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    Route {
        path: "/healthz",
        about: "The process lives.",
        gives: Gives::Text("text/plain"),
        params: &[],
        handler: || get(health::live),
    },
    Route {
        path: "/readyz",
        about: "Chargers are served and the ledger takes writes; else 503 and why.",
        gives: Gives::Text("text/plain"),
        params: &[],
        handler: || get(health::ready),
    },
    Route {
        path: "/metrics",
        about: "Prometheus metrics.",
        gives: Gives::Text("text/plain; version=0.0.4"),
        params: &[],
        handler: || get(health::metrics),
    },
    Route {
        path: "/api/v1/openapi.json",
        about: "This document.",
        gives: Gives::Text("application/json"),
        params: &[],
        handler: || get(openapi::serve),
    },
    Route {
        path: "/api/v1/chargers",
        about: "Chargers: those that were met, then those that are only registered.",
        gives: Gives::List(&chargers::CHARGER_OBJECT),
        params: chargers::LIST_PARAMS,
        handler: || get(chargers::list),
    },
    Route {
        path: "/api/v1/chargers/{id}",
        about: "One charger.",
        gives: Gives::One(&chargers::CHARGER_OBJECT),
        params: &[],
        handler: || get(chargers::one),
    },
    Route {
        path: "/api/v1/chargers/{id}/frames",
        about: "Frames of a charger as received (id tokens hashed), newest first.",
        gives: Gives::List(&evidence::FRAME),
        params: &[&FROM, &TO, &evidence::ACTION, &LIMIT, &CURSOR, &FORMAT],
        handler: || get(evidence::frames),
    },
    Route {
        path: "/api/v1/chargers/{id}/timeline",
        about: "Availability of a charger's connectors as half-open intervals with cause and proof.",
        gives: Gives::List(&evidence::INTERVAL),
        params: &[&FROM, &TO, &evidence::PER, &FORMAT],
        handler: || get(evidence::timeline),
    },
    Route {
        path: "/api/v1/chargers/{id}/device-model",
        about: "The device model of a charger of OCPP 2.x, as last reported.",
        gives: Gives::List(&device::VARIABLE),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(device::variables),
    },
    Route {
        path: "/api/v1/chargers/{id}/monitors",
        about: "What a charger of OCPP 2.x watches by itself, as last reported.",
        gives: Gives::List(&device::MONITOR),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(device::monitors),
    },
    Route {
        path: "/api/v1/sessions",
        about: "Charging sessions, newest first.",
        gives: Gives::List(&sessions::SESSION),
        params: sessions::LIST_PARAMS,
        handler: || get(sessions::list),
    },
    Route {
        path: "/api/v1/sessions/{id}",
        about: "One session.",
        gives: Gives::One(&sessions::SESSION),
        params: &[],
        handler: || get(sessions::one),
    },
    Route {
        path: "/api/v1/sessions/{id}/readings",
        about: "Readings of a session, in order of time.",
        gives: Gives::List(&sessions::READING),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(sessions::readings),
    },
    Route {
        path: "/api/v1/telemetry",
        about: "Series of what was measured, by connector, charger or site: the last day by the hour, where nothing else is said.",
        gives: Gives::List(&telemetry::POINT),
        params: telemetry::PARAMS,
        handler: || get(telemetry::series),
    },
    Route {
        path: "/api/v1/sessions/{id}/reports",
        about: "Reports of a session's transaction (OCPP 2.x), in order of arrival.",
        gives: Gives::List(&device::REPORT),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(device::reports),
    },
    Route {
        path: "/api/v1/observations",
        about: "What chargers of OCPP 2.x saw of their device models, newest first.",
        gives: Gives::List(&device::OBSERVATION),
        params: &[&FROM, &TO, &CHARGER, &SITE, &device::ALERT, &LIMIT, &CURSOR, &FORMAT],
        handler: || get(device::observations),
    },
    Route {
        path: "/api/v1/conformance",
        about: "How closely makers, models and firmwares keep to their version of OCPP, in order of build and period.",
        gives: Gives::List(&conformance::CONFORMANCE),
        params: &[
            &FROM,
            &TO,
            &conformance::VENDOR,
            &conformance::MODEL,
            &conformance::PER,
            &conformance::BY,
            &LIMIT,
            &CURSOR,
            &FORMAT,
        ],
        handler: || get(conformance::list),
    },
    Route {
        path: "/api/v1/deviations",
        about: "Where frames deviate from OCPP, newest first.",
        gives: Gives::List(&evidence::DEVIATION),
        params: &[&FROM, &TO, &CHARGER, &SITE, &evidence::RULE, &LIMIT, &CURSOR, &FORMAT],
        handler: || get(evidence::deviations),
    },
    Route {
        path: "/api/v1/handshakes",
        about: "Connection attempts, newest first.",
        gives: Gives::List(&evidence::HANDSHAKE),
        params: &[&FROM, &TO, &CHARGER, &SITE, &evidence::OUTCOME, &LIMIT, &CURSOR, &FORMAT],
        handler: || get(evidence::handshakes),
    },
];

/// The route of a path pattern.
pub(super) fn declared(path: &str) -> &'static [&'static Param] {
    ROUTES.iter().find(|route| route.path == path).map_or(&[], |route| route.params)
}

/// Builds the router.
pub(super) fn build(api: Api) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .fallback(nowhere)
        .method_not_allowed_fallback(read_only)
        .layer(middleware::from_fn_with_state(api.clone(), around))
        .with_state(api)
}

async fn nowhere(request: Request) -> Problem {
    let paths: Vec<&str> = ROUTES.iter().map(|route| route.path).collect();
    // Nothing to wait for; the fallback must be asynchronous.
    std::future::ready(()).await;
    Problem::not_found(format!("{} is no path here; there are: {}", request.uri().path(), paths.join(", ")))
}

async fn read_only() -> Problem {
    std::future::ready(Problem::read_only()).await
}

/// Around every request: only this host's name, only reading, headers of caution, the time it took.
async fn around(State(api): State<Api>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let mut response = if api.loopback_only && !host.is_some_and(is_loopback) {
        // A page of another site may have been told that its name is 127.0.0.1.
        Problem::wrong_host("ask for localhost, 127.0.0.1 or [::1]").into_response()
    } else if matches!(*request.method(), Method::GET | Method::HEAD) {
        next.run(request).await
    } else {
        Problem::read_only().into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let status = response.status();
    let labels = [route.as_str(), status.as_str()];
    api.observer.metrics.http_seconds.with_label_values(&labels).observe(began.elapsed().as_secs_f64());
    response
}

/// Whether a Host header names this machine to itself.
fn is_loopback(host: &str) -> bool {
    let name = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
    matches!(name, Some("localhost" | "127.0.0.1" | "[::1]"))
}
