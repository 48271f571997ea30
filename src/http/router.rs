//! All routes on one page: path, whom it is for, what it gives and takes. The OpenAPI document is made from this.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use super::error::Problem;
use super::failures::Failures;
use super::params::{CHARGER, CURSOR, FORMAT, FROM, LIMIT, Param, SITE, TO};
use super::routes::{chargers, conformance, device, evidence, health, privacy, sessions, telemetry};
use super::table::Resource;
use super::view::Door;
use super::{Api, auth, openapi, opendata};
use crate::domain::people::Access;

/// A route of the API.
pub(super) struct Route {
    pub(super) does: Does,
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) about: &'static str,
    pub(super) gives: Gives,
    pub(super) params: &'static [&'static Param],
    handler: fn() -> MethodRouter<Door>,
}

/// What a route does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// It reads (GET, HEAD).
    Read,
    /// It changes something; with the fields that its body has, where there is one.
    Change(&'static Method, Option<&'static Resource>),
}

impl Does {
    /// The method, for one that reads GET.
    pub(super) const fn method(self) -> &'static Method {
        match self {
            Self::Read => &Method::GET,
            Self::Change(method, _) => method,
        }
    }

    /// Whether a request of this method means it.
    fn is(self, method: &Method) -> bool {
        let reading = matches!(self, Self::Read) && *method == Method::HEAD;
        reading || self.method() == method
    }
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
    /// OCPI data of this kind in its envelope; errors too.
    Ocpi(&'static str),
}

/// Failures to say who one is that are answered to one address in a minute.
const FAILURES_A_MINUTE: u32 = 30;

/// What every answer tells a browser: run nothing from elsewhere, stand in no frame of another site, guess no types, and
/// tell no other site where somebody came from. No other site may read answers: no header of CORS is ever sent.
const CAUTION: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    Route {
        does: Does::Read,
        path: "/healthz",
        access: Access::Anyone,
        about: "The process lives.",
        gives: Gives::Text("text/plain"),
        params: &[],
        handler: || get(health::live),
    },
    Route {
        does: Does::Read,
        path: "/readyz",
        access: Access::Anyone,
        about: "Chargers are served and the ledger takes writes; else 503 and why.",
        gives: Gives::Text("text/plain"),
        params: &[],
        handler: || get(health::ready),
    },
    Route {
        does: Does::Read,
        path: "/metrics",
        access: Access::Metrics,
        about: "Prometheus metrics.",
        gives: Gives::Text("text/plain; version=0.0.4"),
        params: &[],
        handler: || get(health::metrics),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/openapi.json",
        access: Access::Anyone,
        about: "This document.",
        gives: Gives::Text("application/json"),
        params: &[],
        handler: || get(openapi::serve),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/chargers",
        access: Access::Viewer,
        about: "Chargers: those that were met, then those that are only registered.",
        gives: Gives::List(&chargers::CHARGER_OBJECT),
        params: chargers::LIST_PARAMS,
        handler: || get(chargers::list),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/chargers/{id}",
        access: Access::Viewer,
        about: "One charger.",
        gives: Gives::One(&chargers::CHARGER_OBJECT),
        params: &[],
        handler: || get(chargers::one),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/chargers/{id}/frames",
        access: Access::Operator,
        about: "Frames of a charger as received (id tokens hashed), newest first.",
        gives: Gives::List(&evidence::FRAME),
        params: &[&FROM, &TO, &evidence::ACTION, &LIMIT, &CURSOR, &FORMAT],
        handler: || get(evidence::frames),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/chargers/{id}/timeline",
        access: Access::Viewer,
        about: "Availability of a charger's connectors as half-open intervals with cause and proof.",
        gives: Gives::List(&evidence::INTERVAL),
        params: &[&FROM, &TO, &evidence::PER, &FORMAT],
        handler: || get(evidence::timeline),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/chargers/{id}/device-model",
        access: Access::Viewer,
        about: "The device model of a charger of OCPP 2.x, as last reported.",
        gives: Gives::List(&device::VARIABLE),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(device::variables),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/chargers/{id}/monitors",
        access: Access::Viewer,
        about: "What a charger of OCPP 2.x watches by itself, as last reported.",
        gives: Gives::List(&device::MONITOR),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(device::monitors),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/sessions",
        access: Access::Viewer,
        about: "Charging sessions, newest first.",
        gives: Gives::List(&sessions::SESSION),
        params: sessions::LIST_PARAMS,
        handler: || get(sessions::list),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/sessions/{id}",
        access: Access::Viewer,
        about: "One session.",
        gives: Gives::One(&sessions::SESSION),
        params: &[],
        handler: || get(sessions::one),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/sessions/{id}/readings",
        access: Access::Viewer,
        about: "Readings of a session, in order of time.",
        gives: Gives::List(&sessions::READING),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(sessions::readings),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/telemetry",
        access: Access::Viewer,
        about: "Series of what was measured, by connector, charger or site: the last day by the hour, where nothing else is said.",
        gives: Gives::List(&telemetry::POINT),
        params: telemetry::PARAMS,
        handler: || get(telemetry::series),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/sessions/{id}/reports",
        access: Access::Viewer,
        about: "Reports of a session's transaction (OCPP 2.x), in order of arrival.",
        gives: Gives::List(&device::REPORT),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(device::reports),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/observations",
        access: Access::Viewer,
        about: "What chargers of OCPP 2.x saw of their device models, newest first.",
        gives: Gives::List(&device::OBSERVATION),
        params: &[&FROM, &TO, &CHARGER, &SITE, &device::ALERT, &LIMIT, &CURSOR, &FORMAT],
        handler: || get(device::observations),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/conformance",
        access: Access::Viewer,
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
        does: Does::Read,
        path: "/api/v1/deviations",
        access: Access::Viewer,
        about: "Where frames deviate from OCPP, newest first.",
        gives: Gives::List(&evidence::DEVIATION),
        params: &[&FROM, &TO, &CHARGER, &SITE, &evidence::RULE, &LIMIT, &CURSOR, &FORMAT],
        handler: || get(evidence::deviations),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/handshakes",
        access: Access::Viewer,
        about: "Connection attempts, newest first.",
        gives: Gives::List(&evidence::HANDSHAKE),
        params: &[&FROM, &TO, &CHARGER, &SITE, &evidence::OUTCOME, &LIMIT, &CURSOR, &FORMAT],
        handler: || get(evidence::handshakes),
    },
    Route {
        does: Does::Read,
        path: "/opendata/ocpi/versions",
        access: Access::Anyone,
        about: "Open data: the versions of OCPI.",
        gives: Gives::Ocpi("Versions"),
        params: &[],
        handler: || get(opendata::routes::versions),
    },
    Route {
        does: Does::Read,
        path: "/opendata/ocpi/2.2.1",
        access: Access::Anyone,
        about: "Open data: the modules of OCPI 2.2.1.",
        gives: Gives::Ocpi("Module"),
        params: &[],
        handler: || get(opendata::routes::version),
    },
    Route {
        does: Does::Read,
        path: "/opendata/ocpi/2.2.1/locations",
        access: Access::Anyone,
        about: "Open data: locations, oldest first.",
        gives: Gives::Ocpi("Locations"),
        params: opendata::routes::LIST_PARAMS,
        handler: || get(opendata::routes::locations),
    },
    Route {
        does: Does::Read,
        path: "/opendata/ocpi/2.2.1/locations/{location}",
        access: Access::Anyone,
        about: "Open data: a location.",
        gives: Gives::Ocpi("Location"),
        params: &[],
        handler: || get(opendata::routes::one),
    },
    Route {
        does: Does::Read,
        path: "/opendata/ocpi/2.2.1/locations/{location}/{evse}",
        access: Access::Anyone,
        about: "Open data: an EVSE.",
        gives: Gives::Ocpi("Evse"),
        params: &[],
        handler: || get(opendata::routes::one),
    },
    Route {
        does: Does::Read,
        path: "/opendata/ocpi/2.2.1/locations/{location}/{evse}/{connector}",
        access: Access::Anyone,
        about: "Open data: a connector.",
        gives: Gives::Ocpi("Connector"),
        params: &[],
        handler: || get(opendata::routes::one),
    },
    Route {
        does: Does::Read,
        path: "/opendata/ocpi/2.2.1/tariffs",
        access: Access::Anyone,
        about: "Open data: tariffs.",
        gives: Gives::Ocpi("Tariffs"),
        params: opendata::routes::LIST_PARAMS,
        handler: || get(opendata::routes::tariffs),
    },
    Route {
        does: Does::Read,
        path: "/opendata/irve/dynamic.csv",
        access: Access::Anyone,
        about: "Open data: what every EVSE is doing (IRVE dynamique 2.3).",
        gives: Gives::Text("text/csv"),
        params: &[],
        handler: || get(opendata::routes::irve),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/id-tokens",
        access: Access::Operator,
        about: "Id tokens whose clear text is remembered, where privacy.id_tokens says so; in order of hash.",
        gives: Gives::List(&privacy::CLEAR_TOKEN),
        params: &[&LIMIT, &CURSOR, &FORMAT],
        handler: || get(privacy::clear_tokens),
    },
    Route {
        does: Does::Change(&Method::POST, Some(&privacy::PERSON)),
        path: "/api/v1/forget",
        access: Access::Admin,
        about: "Forgets a person: cuts every trace of an id token. Energy and times stay. May take minutes on a large ledger.",
        gives: Gives::One(&privacy::FORGOTTEN),
        params: &[],
        handler: || post(privacy::forget),
    },
];

/// The route of a path pattern.
pub(super) fn declared(path: &str) -> &'static [&'static Param] {
    ROUTES.iter().find(|route| route.path == path).map_or(&[], |route| route.params)
}

/// The route that a request means.
fn meant(path: &str, method: &Method) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path && route.does.is(method))
}

/// Builds the router.
pub(super) fn build(api: Api) -> Router {
    let api = Arc::new(api);
    let failures = Arc::new(Failures::new(FAILURES_A_MINUTE));
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .fallback(nowhere)
        .method_not_allowed_fallback(otherwise)
        .layer(middleware::from_fn_with_state((api.clone(), failures), around))
        .with_state(Door::new(api))
}

async fn nowhere(request: Request) -> Problem {
    let paths: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    let paths: Vec<&str> = paths.into_iter().collect();
    // Nothing to wait for; the fallback must be asynchronous.
    std::future::ready(()).await;
    Problem::not_found(format!("{} is no path here; there are: {}", request.uri().path(), paths.join(", ")))
}

/// The path is one, but not for this method.
async fn otherwise(request: Request) -> Problem {
    std::future::ready(()).await;
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let methods = ROUTES.iter().filter(|route| route.path == path).flat_map(|route| match route.does {
        Does::Read => vec!["GET", "HEAD"],
        Does::Change(method, _) => vec![method.as_str()],
    });
    Problem::method(methods.collect::<Vec<_>>().join(", "))
}

/// Around every request: headers of caution, the time it took.
async fn around(State((api, failures)): State<(Arc<Api>, Arc<Failures>)>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let mut response = if opendata::is_open(request.uri().path()) {
        opendata::around(&api, request, next).await
    } else {
        answer(&api, &failures, &path, request, next).await
    };
    let headers = response.headers_mut();
    for (name, value) in CAUTION {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let status = response.status();
    let labels = [path.as_str(), status.as_str()];
    api.observer.metrics.http_seconds.with_label_values(&labels).observe(began.elapsed().as_secs_f64());
    response
}

/// Only this host's name, only who may.
async fn answer(api: &Api, failures: &Failures, path: &str, mut request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if api.loopback_only && !host.is_some_and(auth::is_loopback) {
        // A page of another site may have been told that its name is 127.0.0.1.
        return Problem::wrong_host("ask for localhost, 127.0.0.1 or [::1]").into_response();
    }
    let access = meant(path, request.method()).map_or(Access::Viewer, |route| route.access);
    match auth::admit(api, failures, &request, access) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}
