//! Open data: what anybody may read of the network, without a token and without asking who they are. OCPI 2.2.1 locations
//! and tariffs (UK Public Charge Point Regulations 2023, reg. 10), and the French file of dynamic data.
//!
//! Everything here answers in its own way: any host name, errors in the OCPI envelope, copies may be kept for some seconds,
//! pages of other sites may read it, and each address has a limit of its own.

mod envelope;
mod irve;
mod limit;
mod objects;
mod picture;
mod plan;
pub(super) mod routes;
pub(super) mod schema;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;

use self::envelope::Refusal;
use self::limit::Limiter;
use self::picture::{Picture, Snapshot, View};
use super::Api;
use super::secure::Peer;
use crate::config::open_data::OpenDataSettings;
use crate::domain::time::At;
use crate::observe::events::http::OpenDataWithheld;

/// Where open data begins.
const ROOT: &str = "/opendata/";

/// The network is looked at this often at most. The law gives 30 seconds from a change to its publication.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What pages of other sites may do and see.
const CORS: [(HeaderName, &str); 5] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, If-None-Match, X-Correlation-ID, X-Request-ID"),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "ETag, Link, Retry-After, X-Correlation-ID, X-Limit, X-Request-ID, X-Total-Count",
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
];

/// What a partner numbers its requests by: the response has the same (OCPI 2.2.1, unique message ids).
const NUMBERS: [HeaderName; 2] = [HeaderName::from_static("x-request-id"), HeaderName::from_static("x-correlation-id")];

/// A longer number is none: OCPI gives it 36 characters.
const LONGEST_NUMBER: usize = 64;

/// Open data, where it is switched on.
#[derive(Clone)]
pub struct OpenData(Arc<Inner>);

struct Inner {
    settings: OpenDataSettings,
    limiter: Limiter,
    picture: Mutex<(Option<Instant>, Picture)>,
}

impl OpenData {
    /// As the settings say; `None` where it is switched off.
    pub fn new(settings: &OpenDataSettings) -> Option<Self> {
        let inner = || Inner {
            settings: settings.clone(),
            limiter: Limiter::new(settings.burst, settings.requests_per_minute),
            picture: Mutex::default(),
        };
        settings.enabled.then(|| Self(Arc::new(inner())))
    }

    /// The network as it is published now.
    fn snapshot(&self, api: &Api) -> Arc<Snapshot> {
        let registry = api.sites.load();
        let mut picture = self.0.picture.lock();
        let fresh = picture.0.is_some_and(|looked| looked.elapsed() < LOOK_EVERY);
        if let Some(last) = picture.1.last(&registry).filter(|_| fresh) {
            return last;
        }
        let view = View {
            registry: &registry,
            board: &api.observer.board,
            settings: &self.0.settings,
            now: (api.clock)(),
            grace_ms: api.grace_ms,
        };
        let (snapshot, withheld) = picture.1.look(&view);
        picture.0 = Some(Instant::now());
        if !withheld.is_empty() {
            api.observer.tell(OpenDataWithheld { what: &withheld });
        }
        snapshot
    }

    /// The address that asks.
    fn peer(&self, request: &Request) -> IpAddr {
        let connection = request.extensions().get::<ConnectInfo<Peer>>();
        let told = (!self.0.settings.address_header.is_empty())
            .then(|| request.headers().get(&self.0.settings.address_header))
            .flatten()
            .and_then(|value| value.to_str().ok())
            // The last one is what the proxy itself saw.
            .and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
        told.or(connection.map(|peer| peer.0.0.ip())).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// Open data for a request that was let in.
#[derive(Clone)]
pub(in crate::http) struct Opened {
    api: Arc<Api>,
    open: OpenData,
}

impl Opened {
    /// Our time.
    fn now(&self) -> At {
        (self.api.clock)()
    }

    /// Largest page.
    fn max_page(&self) -> usize {
        self.open.0.settings.max_page
    }

    /// The network as it is published now. A country's takes a while to look at; not on a thread that chargers wait for.
    async fn look(&self) -> Arc<Snapshot> {
        let opened = self.clone();
        tokio::task::spawn_blocking(move || opened.open.snapshot(&opened.api)).await.unwrap_or_default()
    }

    /// Where links begin: as the settings say, else as the request does.
    fn base(&self, headers: &HeaderMap) -> String {
        let told = &self.open.0.settings.base_url;
        if !told.is_empty() {
            return told.clone();
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let plain = |host: &&str| host.chars().all(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(c));
        host.filter(plain).map_or_else(String::new, |host| format!("http://{host}"))
    }
}

/// Whether a path belongs to open data.
pub(super) fn is_open(path: &str) -> bool {
    path.starts_with(ROOT)
}

/// Around every request for open data.
pub(super) async fn around(api: &Arc<Api>, mut request: Request, next: Next) -> Response {
    let numbers: Vec<(HeaderName, HeaderValue)> = NUMBERS
        .into_iter()
        .filter_map(|name| request.headers().get(&name).cloned().map(|number| (name, number)))
        .filter(|(_, number)| number.len() <= LONGEST_NUMBER)
        .collect();
    let mut response = match admit(api, &request) {
        Ok(_) if *request.method() == Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        Ok(open) => {
            request.extensions_mut().insert(Opened { api: api.clone(), open });
            next.run(request).await
        }
        Err(refusal) => refusal.answer((api.clock)()),
    };
    for (name, value) in CORS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().extend(numbers);
    response
}

/// Lets a request through to open data, where that is switched on, the address has not asked too often, and it only reads.
fn admit(api: &Api, request: &Request) -> Result<OpenData, Refusal> {
    let Some(open) = &api.open_data else {
        return Err(Refusal::nowhere("open data is not switched on here"));
    };
    let wait = open.0.limiter.take(open.peer(request), Instant::now());
    wait.map_err(|wait| Refusal::too_many(wait.as_secs() + 1))?;
    if request.extensions().get::<MatchedPath>().is_none() {
        return Err(Refusal::nowhere("there is no such path; begin at /opendata/ocpi/versions"));
    }
    match *request.method() {
        Method::GET | Method::HEAD | Method::OPTIONS => Ok(open.clone()),
        _ => Err(Refusal::method()),
    }
}
