//! The side that chargers talk to: listener, handshake, one task per charger.
//!
//! A frame becomes an event (`ocpp`), the charger's machine turns it into a turn (`domain`), the store makes that
//! durable, and only then does the charger get its answer. A charger has one owner task at a time: a newer connection
//! takes the machine over from the older one.

mod calls;
mod contest;
mod credentials;
mod gate;
mod handshake;
mod identity;
mod limits;
mod listener;
pub mod lists;
mod negotiation;
mod refusal;
pub mod registry;
mod session;
mod signing;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::config::availability::AvailabilitySettings;
use crate::config::listener::Security;
use crate::config::ocpp::{OcppSettings, UnknownChargers};
use crate::config::sites::SharedRegistry;
use crate::domain::ids::ChargerId;
use crate::domain::station::Rules;
use crate::domain::token::TokenKey;
use crate::observe::Observer;
use crate::store::desk::Desk;
use crate::store::{OurClock, Store};
use crate::tls::{ClientCertificate, Tls};
pub use contest::Contested;
pub use credentials::{SealError, Seals};
pub use gate::Gate;
pub use limits::Limits;
use limits::Visitor;
use listener::Door;
use registry::Connections;
pub use signing::Signer;

/// What every connection needs. Shared by all.
pub struct Context {
    /// Settings of the charger side.
    pub settings: OcppSettings,
    /// Its addresses, at least one.
    pub listeners: Vec<Address>,
    /// Limits against floods.
    pub limits: Arc<Limits>,
    /// Availability rules.
    pub availability: AvailabilitySettings,
    /// Sites and chargers.
    pub sites: SharedRegistry,
    /// Who may come in and who may charge.
    pub gate: Gate,
    /// The ledger.
    pub store: Store,
    /// What people decided.
    pub desk: Desk,
    /// Where events are told.
    pub observer: Observer,
    /// The key under which id tokens are hashed.
    pub token_key: TokenKey,
    /// The authority that signs certificates for chargers, where there is one.
    pub signer: Option<Arc<Signer>>,
    /// Our time.
    pub clock: OurClock,
    /// Who is connected.
    pub connections: Connections,
}

/// An address for chargers.
pub struct Address {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What a charger must show there.
    pub security: Security,
    /// Certificates, where it is encrypted.
    pub tls: Option<Tls>,
}

impl Context {
    /// The rules for a charger's machine, as settings and registry stand now.
    fn rules(&self, charger: &ChargerId) -> Rules {
        let known = self.sites.charger(charger);
        let heartbeat = Duration::from_secs(u64::from(self.settings.heartbeat_interval_s));
        let grace = Duration::from_secs(u64::from(self.availability.grace_s));
        Rules {
            heartbeat,
            grace: grace.max(heartbeat * 2),
            held: self.holds(charger),
            rated_w: known.and_then(|charger| charger.strongest_w()),
        }
    }

    /// Whether a charger waits for an operator to accept it.
    fn holds(&self, charger: &ChargerId) -> bool {
        self.settings.unknown_chargers == UnknownChargers::Hold
            && self.gate.decided(charger).is_none()
            && self.sites.charger(charger).is_none()
    }
}

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address cannot be used.
    #[error("cannot listen for chargers on {address}: {reason}; choose another address with --ocpp-listen")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        reason: std::io::Error,
    },
}

/// The running gateway.
pub struct Gateway {
    addresses: Vec<SocketAddr>,
    context: Arc<Context>,
    stop: watch::Sender<bool>,
    /// Yields `None` once every task of the gateway is gone.
    gone: mpsc::Receiver<()>,
}

/// Whoever connects, as far as it is known before it says anything.
struct Guest {
    /// Where from.
    peer: String,
    /// What the listener asks for.
    security: Security,
    /// The certificate that it showed.
    certificate: Option<ClientCertificate>,
    /// The version of TLS, where it is encrypted.
    version: Option<&'static str>,
    /// Its place among the handshakes under way.
    visitor: Visitor,
}

/// Held by every task of the gateway while it lives; tells when to stop.
#[derive(Clone)]
struct Lease {
    stop: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
}

impl Lease {
    /// Waits until the gateway is to stop.
    async fn stopped(&mut self) {
        // An error means that the gateway itself is gone.
        self.stop.wait_for(|stop| *stop).await.ok();
    }
}

impl Gateway {
    /// Begins to listen for chargers.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub async fn start(context: Context) -> Result<Self, GatewayError> {
        let (mut bound, mut addresses) = (Vec::new(), Vec::new());
        for Address { listen: address, security, tls } in &context.listeners {
            let listen = |reason| GatewayError::Listen { address: *address, reason };
            let listener = TcpListener::bind(address).await.map_err(listen)?;
            addresses.push(listener.local_addr().map_err(listen)?);
            bound.push((listener, *security, tls.clone()));
        }
        let (stop, stopped) = watch::channel(false);
        let (alive, gone) = mpsc::channel(1);
        let context = Arc::new(context);
        let lease = Lease { stop: stopped, _alive: alive };
        tokio::spawn(gate::watch(context.clone(), lease.clone()));
        for (listener, security, tls) in bound {
            let door = Door { listener, security, tls };
            tokio::spawn(listener::run(door, context.clone(), lease.clone()));
        }
        Ok(Self { addresses, context, stop, gone })
    }

    /// Where it listens first of all.
    pub fn local_addr(&self) -> SocketAddr {
        self.addresses.first().copied().unwrap_or(self.context.settings.listen)
    }

    /// Every address, in the order of the settings.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Who is connected.
    pub fn connections(&self) -> &Connections {
        &self.context.connections
    }

    /// Stops: no new connections, each charger's frame in hand is committed and answered, connections are closed with
    /// 1001. Says whether all were gone within the limit.
    pub async fn shutdown(mut self, limit: Duration) -> bool {
        self.stop.send_replace(true);
        tokio::time::timeout(limit, self.gone.recv()).await.is_ok()
    }
}
