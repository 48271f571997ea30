//! The side that people and monitors read: pages, lists and objects, metrics, health; and where they decide.

mod auth;
mod body;
mod catalogue;
mod connections;
mod error;
mod events;
mod failures;
mod keyring;
mod list;
mod openapi;
mod opendata;
mod page;
mod params;
mod programme;
mod router;
mod routes;
mod secure;
mod seen;
mod table;
mod view;

pub use self::opendata::OpenData;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpListener;

pub use self::keyring::Keyring;
pub use self::programme::Programme;
use crate::config::http::HttpSettings;
use crate::config::metrics::Detail;
use crate::config::ocpp::UnknownChargers;
use crate::config::report::ReportSettings;
use crate::config::sites::SharedRegistry;
use crate::domain::token::TokenKey;
use crate::gateway::registry::Connections;
use crate::gateway::{Gate, Seals};
use crate::observe::Observer;
use crate::store::desk::Desk;
use crate::store::{OurClock, Store};
use crate::tls::Tls;
use secure::Secure;

/// What the routes need.
#[derive(Clone)]
pub struct Api {
    /// The ledger.
    pub store: Store,
    /// What people decided.
    pub desk: Desk,
    /// What was decided of chargers.
    pub gate: Gate,
    /// How secrets of chargers are kept.
    pub seals: Seals,
    /// The key under which id tokens are hashed.
    pub token_key: TokenKey,
    /// What becomes of chargers that the registry does not know.
    pub unknown_chargers: UnknownChargers,
    /// The tokens of people and programmes.
    pub keyring: Keyring,
    /// Sites and chargers.
    pub sites: SharedRegistry,
    /// Who is connected.
    pub connections: Connections,
    /// Metrics and live picture.
    pub observer: Observer,
    /// Our time.
    pub clock: OurClock,
    /// How figures are made.
    pub report: ReportSettings,
    /// How far down the metrics go.
    pub detail: Detail,
    /// The programme's metrics.
    pub programme: Programme,
    /// How long a charger may be unheard, in milliseconds.
    pub grace_ms: i64,
    /// What anybody may read, where that is switched on.
    pub open_data: Option<OpenData>,
    /// Limits, and the names that requests may carry.
    pub settings: HttpSettings,
    /// Version and commit of this build.
    pub build: (&'static str, &'static str),
    /// Set once chargers are served, cleared when the program ends.
    pub ready: Arc<AtomicBool>,
}

impl Api {
    /// Why the service is not ready, if so.
    fn unready(&self) -> Option<String> {
        if !self.ready.load(Ordering::Relaxed) {
            return Some("chargers are not served".to_owned());
        }
        self.store.trouble().map(|reason| format!("the ledger takes no writes: {reason}"))
    }
}

/// Why the reading side cannot start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for HTTP on {address}: {reason}; choose another address with --http-listen")]
pub struct HttpError {
    /// Which address.
    pub address: SocketAddr,
    /// Why.
    pub reason: std::io::Error,
}

/// Takes the address.
///
/// # Errors
/// When it cannot be used.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, HttpError> {
    TcpListener::bind(address).await.map_err(|reason| HttpError { address, reason })
}

/// Serves until `stop` is done: over HTTPS where there are certificates, else over plain HTTP.
pub async fn serve(listener: TcpListener, tls: Option<Tls>, api: Api, stop: impl Future<Output = ()> + Send + 'static) {
    let following = tokio::spawn(api.keyring.clone().follow(api.observer.clone()));
    let settings = api.settings.clone();
    let routes = router::build(api);
    match tls {
        Some(tls) => connections::serve(Secure::new(listener, tls), routes, &settings, stop).await,
        None => connections::serve(listener, routes, &settings, stop).await,
    }
    following.abort();
}

#[cfg(test)]
mod tests;
