//! What a route is, and the way of every request to its handler. The routes themselves stand in the catalogue.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use tokio::sync::Semaphore;

use super::auth::Caller;
pub(super) use super::catalogue::routes;
use super::error::Problem;
use super::failures::Failures;
use super::params::Param;
use super::table::Resource;
use super::view::Door;
use super::{Api, auth, opendata};
use crate::domain::people::Access;

/// A route of the API.
pub(super) struct Route {
    pub(super) does: Does,
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) about: &'static str,
    pub(super) gives: Gives,
    pub(super) params: &'static [&'static Param],
    pub(super) handler: fn() -> MethodRouter<Door>,
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
    /// One object; as server-sent events, by their names, to whoever accepts those.
    Stream(&'static Resource, &'static [(&'static str, &'static Resource)]),
    /// OCPI data of this kind in its envelope; errors too.
    Ocpi(&'static str),
}

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

/// The route of a path pattern.
pub(super) fn declared(path: &str) -> &'static [&'static Param] {
    routes().find(|route| route.path == path).map_or(&[], |route| route.params)
}

/// The route that a request means.
fn meant(path: &str, method: &Method) -> Option<&'static Route> {
    routes().find(|route| route.path == path && route.does.is(method))
}

/// Builds the router.
pub(super) fn build(api: Api) -> Router {
    let api = Arc::new(api);
    let guard = Guard {
        failures: Arc::new(Failures::new(api.settings.failures_a_minute)),
        places: Arc::new(Semaphore::new(api.settings.max_requests)),
        api: api.clone(),
    };
    let mut router = Router::new();
    for route in routes() {
        router = router.route(route.path, (route.handler)());
    }
    router
        .fallback(nowhere)
        .method_not_allowed_fallback(otherwise)
        .layer(middleware::from_fn_with_state(guard, around))
        .with_state(Door::new(api))
}

async fn nowhere(request: Request) -> Problem {
    let paths: BTreeSet<&str> = routes().map(|route| route.path).collect();
    let paths: Vec<&str> = paths.into_iter().collect();
    // Nothing to wait for; the fallback must be asynchronous.
    std::future::ready(()).await;
    Problem::not_found(format!("{} is no path here; there are: {}", request.uri().path(), paths.join(", ")))
}

/// The path is one, but not for this method.
async fn otherwise(request: Request) -> Problem {
    std::future::ready(()).await;
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let methods = routes().filter(|route| route.path == path).flat_map(|route| match route.does {
        Does::Read => vec!["GET", "HEAD"],
        Does::Change(method, _) => vec![method.as_str()],
    });
    Problem::method(methods.collect::<Vec<_>>().join(", "))
}

/// What stands before every route.
#[derive(Clone)]
struct Guard {
    api: Arc<Api>,
    failures: Arc<Failures>,
    /// A request has one until its answer begins.
    places: Arc<Semaphore>,
}

impl Guard {
    /// Lets a request in: not one that is too long, and only so many at once.
    async fn answer(&self, mut request: Request, path: &str, next: Next) -> Result<Response, Problem> {
        let most = self.api.settings.max_url_bytes;
        let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
        if address > most {
            return Err(Problem::long_url(most));
        }
        let place = || self.places.try_acquire().map_err(|_| Problem::busy());
        if opendata::is_open(request.uri().path()) {
            let _place = place()?;
            return Ok(opendata::around(&self.api, request, next).await);
        }
        let caller = self.admit(&request, path)?;
        let _place = place()?;
        request.extensions_mut().insert(caller);
        Ok(next.run(request).await)
    }

    /// Only for this host's name, only who may.
    fn admit(&self, request: &Request, path: &str) -> Result<Caller, Problem> {
        let settings = &self.api.settings;
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        if settings.listen.ip().is_loopback() && !host.is_some_and(|host| auth::is_known(host, &settings.hosts)) {
            // A page of another site may have been told that its name is 127.0.0.1.
            return Err(Problem::wrong_host("ask for localhost, 127.0.0.1, [::1] or a name of http.hosts"));
        }
        let access = meant(path, request.method()).map_or(Access::Viewer, |route| route.access);
        auth::admit(&self.api, &self.failures, request, access)
    }
}

/// Around every request: headers of caution, the time it took.
async fn around(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let path = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let mut response = guard.answer(request, &path, next).await.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    for (name, value) in CAUTION {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let status = response.status();
    let labels = [path.as_str(), status.as_str()];
    guard.api.observer.metrics.http_seconds.with_label_values(&labels).observe(began.elapsed().as_secs_f64());
    response
}
