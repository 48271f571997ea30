//! Serving: what starts in which order, and stops in the reverse one.
//!
//! Start: log → keys → ledger → registry → live picture → chargers → readers → ready.
//! Stop: not ready → chargers (each frame in hand is answered) → readers → ledger. Within 10 seconds.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use chrono::Utc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use super::doors::Doors;
use super::{Failure, cli, intensity, key};
use crate::config::Settings;
use crate::config::registry::RegistrySettings;
use crate::config::report::ReportSettings;
use crate::config::sites::{Registry, SharedRegistry};
use crate::domain::ids::StationKey;
use crate::domain::time::At;
use crate::gateway::registry::Connections;
use crate::gateway::{Context, Gate, Gateway, Limits};
use crate::http::{self, Api, Keyring, OpenData, Programme};
use crate::observe::board::Totals;
use crate::observe::builds::Build;
use crate::observe::{Observer, log};
use crate::report::keeper;
use crate::sink::drain::{Drain, Rules};
use crate::sink::influx::Influx;
use crate::store::archive::{Archive, ChargerView};
use crate::store::desk::Desk;
use crate::store::desk::people::{TokenState, TokenView};
use crate::store::device::ConformanceFilter;
use crate::store::telemetry::Keeping;
use crate::store::{OurClock, Store, StoreError};

/// How long stopping may take: chargers, then the ledger.
const STOP_LIMITS: (Duration, Duration) = (Duration::from_secs(6), Duration::from_secs(3));

/// Pauses between rounds of keeping facts: while there is more to do, and while there is not.
const FACTS_PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(60));

/// Chargers that are read at a time to seed the live picture.
const SEED_PAGE: usize = 1000;

/// Why serving cannot start: a message for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ServeError(String);

impl ServeError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// What to serve with.
pub struct Setup {
    /// The settings.
    pub settings: Settings,
    /// Our time. The wall's, but for a demo.
    pub clock: OurClock,
    /// A registry instead of the settings' file.
    pub registry: Option<Registry>,
}

impl Setup {
    /// The settings, with the wall's time and the settings' registry.
    pub fn real(settings: Settings) -> Self {
        Self { settings, clock: Arc::new(|| At::from(Utc::now())), registry: None }
    }
}

/// A service that runs.
pub struct Running {
    gateway: Gateway,
    store: Store,
    http_addr: SocketAddr,
    ready: Arc<AtomicBool>,
    stop_http: oneshot::Sender<()>,
    http: JoinHandle<()>,
    chores: Vec<JoinHandle<()>>,
    observer: Observer,
}

/// Starts the service.
///
/// # Errors
/// What the operator must change.
pub async fn start(setup: Setup) -> Result<Running, ServeError> {
    let Setup { settings, clock, registry } = setup;
    let observer = Observer::new().map_err(ServeError::of)?;
    let mut doors = Doors::load(&settings).map_err(ServeError::of)?;
    let token_key = key::load(&settings).map_err(ServeError)?;
    let seals = key::for_credentials(&settings.store.data_dir).map_err(ServeError)?;
    let started = clock();
    let store = ledger(&settings, &clock, &observer)?;
    let desk = desk_with_tokens(&settings, &clock)?;
    let gate =
        Gate::open(&desk, seals.clone(), doors.revoked.clone(), settings.drivers.unknown).map_err(ServeError::of)?;
    let from_files = registry.is_none().then(|| settings.registry.clone());
    let registry = registry.map_or_else(|| Registry::read(&settings.registry).map_err(ServeError::of), Ok)?;
    let sites = SharedRegistry::new(registry);
    seed(&store, &observer).await.map_err(ServeError::of)?;
    observer.board.exemptions.replace(desk.exemptions_to_come().map_err(ServeError::of)?);
    let http_listener = http::bind(settings.http.listen).await.map_err(ServeError::of)?;
    let http_addr = http_listener.local_addr().map_err(ServeError::of)?;
    let grace_s = settings.availability.grace_s.max(2 * settings.ocpp.heartbeat_interval_s);
    let mut chores = vec![tokio::spawn(blame_link(store.clone(), started, clock.clone(), grace_s))];
    if let Some(settings) = &from_files {
        chores.extend(intensity::start(settings, &observer, &clock).map_err(ServeError)?);
    }
    chores.push(tokio::spawn(reload(from_files, settings.registry.reload_s, sites.clone())));
    chores.extend([doors.watch(&observer), facts(&store, &sites, &settings, &clock)]);
    chores.extend(doors.list().map(|list| tokio::spawn(list.keep(desk.clone(), clock.clone(), observer.clone()))));
    chores.extend(drain(&settings, &store, &sites, &observer, &clock)?);
    let ready = Arc::new(AtomicBool::new(false));
    let connections = Connections::default();
    let api = Api {
        store: store.clone(),
        desk: desk.clone(),
        gate: gate.clone(),
        seals,
        token_key: token_key.clone(),
        unknown_chargers: settings.ocpp.unknown_chargers,
        keyring: Keyring::open(desk.clone()).map_err(ServeError::of)?,
        sites: sites.clone(),
        connections: connections.clone(),
        observer: observer.clone(),
        clock: clock.clone(),
        report: settings.report.clone(),
        detail: settings.metrics.detail,
        programme: Programme::every(settings.metrics.programme_every_s),
        grace_ms: i64::from(grace_s) * 1000,
        open_data: OpenData::new(&settings.open_data),
        settings: settings.http.clone(),
        build: cli::BUILD,
        ready: ready.clone(),
    };
    let limits = Limits::new(&settings.limits, settings.ocpp.max_connections, observer.clone());
    let gateway = Gateway::start(Context {
        listeners: doors.chargers,
        settings: settings.ocpp,
        limits,
        availability: settings.availability,
        sites,
        gate,
        store: store.clone(),
        desk,
        observer: observer.clone(),
        token_key,
        signer: doors.signer,
        clock,
        connections,
    })
    .await
    .map_err(ServeError::of)?;
    let (stop_http, http_stopped) = oneshot::channel::<()>();
    let http = tokio::spawn(http::serve(http_listener, doors.readers, api, async {
        // It also stops when whoever started it is gone.
        http_stopped.await.ok();
    }));
    ready.store(true, Ordering::Relaxed);
    let more: Vec<String> = gateway.local_addrs().iter().skip(1).map(ToString::to_string).collect();
    info!(chargers = %gateway.local_addr(), more = more.join(" "), readers = %http_addr, "serving");
    Ok(Running { gateway, store, http_addr, ready, stop_http, http, chores, observer })
}

/// The ledger, opened or made.
fn ledger(settings: &Settings, clock: &OurClock, observer: &Observer) -> Result<Store, ServeError> {
    let keeping = Keeping::new(&settings.telemetry, settings.influx.is_on()).of_persons(&settings.privacy);
    Store::open(&settings.store, keeping, clock.clone(), observer.clone()).map_err(ServeError::of)
}

/// The desk. Beyond loopback nobody could ask anything without a token; whoever starts it so has forgotten to make one.
fn desk_with_tokens(settings: &Settings, clock: &OurClock) -> Result<Desk, ServeError> {
    let desk = Desk::open(&settings.store.data_dir, clock.clone()).map_err(ServeError::of)?;
    let (listen, now) = (settings.http.listen, clock());
    let is_active = |token: &TokenView| token.state(now) == TokenState::Active;
    if listen.ip().is_loopback() || desk.tokens().map_err(ServeError::of)?.iter().any(is_active) {
        return Ok(desk);
    }
    Err(ServeError(format!(
        "http.listen {listen} is beyond loopback and no token is in force: make one first with: chargewatch token add NAME \
         --role admin --data-dir {}",
        settings.store.data_dir.display()
    )))
}

/// Telemetry on its way out, where a sink is configured.
fn drain(
    settings: &Settings,
    store: &Store,
    sites: &SharedRegistry,
    observer: &Observer,
    clock: &OurClock,
) -> Result<Option<JoinHandle<()>>, ServeError> {
    if !settings.influx.is_on() {
        return Ok(None);
    }
    let influx = Influx::new(&settings.influx).map_err(ServeError::of)?;
    let rules = Rules::from(&settings.influx);
    let drain = Drain::new(influx, store.clone(), sites.clone(), observer.clone(), clock.clone(), rules);
    Ok(Some(tokio::spawn(drain.run())))
}

impl Running {
    /// Where chargers connect to.
    pub fn ocpp_addr(&self) -> SocketAddr {
        self.gateway.local_addr()
    }

    /// Where readers connect to.
    pub const fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Metrics and live picture.
    pub const fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// When the ledger could not be closed in time; what was answered is safe all the same.
    pub async fn stop(self) -> Result<(), StoreError> {
        self.ready.store(false, Ordering::Relaxed);
        for chore in &self.chores {
            chore.abort();
        }
        if !self.gateway.shutdown(STOP_LIMITS.0).await {
            warn!("some chargers were still connected when the time to stop ran out");
        }
        // A reader may hold its stream open for ever.
        self.stop_http.send(()).ok();
        self.http.abort();
        self.store.close(STOP_LIMITS.1).await
    }
}

/// Serves until a signal says stop.
pub(super) fn run(settings: Settings) -> Result<(), Failure> {
    log::start(&settings.log).map_err(|error| Failure::mistake(format!("log.filter: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::trouble)?;
    let result = runtime.block_on(async {
        let running = start(Setup::real(settings)).await.map_err(Failure::trouble)?;
        stop_signal().await.map_err(Failure::trouble)?;
        info!("stopping");
        tokio::spawn(async {
            if stop_signal().await.is_ok() {
                std::process::exit(1);
            }
        });
        running.stop().await.map_err(Failure::trouble)
    });
    runtime.shutdown_background();
    result
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Sets the live picture to what the ledger knows, so that counters do not fall.
async fn seed(store: &Store, observer: &Observer) -> Result<(), StoreError> {
    let (board, metrics) = (observer.board.clone(), observer.metrics.clone());
    store
        .read(move |archive: &mut dyn Archive| {
            let mut after: Option<StationKey> = None;
            loop {
                let views = archive.chargers(None, after, SEED_PAGE)?;
                let Some(last) = views.last() else { break };
                after = Some(last.key);
                // What only an imported file named was never met: it is no part of the present.
                let met = |view: &ChargerView| view.protocol.is_some() || view.last_heard.is_some() || view.boots > 0;
                for view in views.into_iter().filter(met) {
                    board.seed(&view.charger, |live| {
                        live.heard = view.last_heard;
                        live.boots = view.boots.into();
                        live.disconnects = view.disconnects.into();
                        live.boot = view.boot;
                        live.protocol = view.protocol.unwrap_or_default();
                        live.profile = view.profile;
                        live.certificate_until = view.certificate_until;
                        for connector in view.connectors {
                            let outlet = connector.outlet;
                            live.connector(outlet).now = Some(connector);
                        }
                    });
                }
            }
            for total in archive.totals()? {
                let so_far = Totals {
                    sessions: total.sessions.into(),
                    energy: total.energy,
                    vain: total.vain.into(),
                    status_changes: total.status_changes.into(),
                };
                board.seed_totals(&total.charger, total.outlet, so_far, total.open.as_ref());
            }
            for of in archive.conformance(&ConformanceFilter::default())? {
                let build = Build { vendor: of.vendor, model: of.model, firmware: of.firmware, protocol: of.protocol };
                board.builds.counts(build).add(of.frames, of.deviating);
            }
            for (kind, events) in archive.security_tally()? {
                metrics.security_event(kind).inc_by(events.into());
            }
            Ok(())
        })
        .await
}

/// A grace after the start, whoever has not come back is missing by the link's fault and not by ours.
async fn blame_link(store: Store, started: At, clock: OurClock, grace_s: u32) {
    let due = started.plus_millis(i64::from(grace_s) * 1000);
    while clock() < due {
        // Our clock may run faster than the wall's.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    if let Err(error) = store.blame_link_for_absent(started).await {
        error!(%error, "absent chargers could not be put down to the link");
    }
}

/// Facts for reports, kept in the background.
fn facts(store: &Store, sites: &SharedRegistry, settings: &Settings, clock: &OurClock) -> JoinHandle<()> {
    tokio::spawn(keep_facts(store.clone(), sites.clone(), settings.report.clone(), clock.clone()))
}

/// Keeps the facts that reports are made from: days that are over, and those that late facts corrected.
async fn keep_facts(store: Store, sites: SharedRegistry, settings: ReportSettings, clock: OurClock) {
    loop {
        let more = keeper::round(&store, sites.load(), settings.clone(), clock()).await.unwrap_or_else(|error| {
            error!(%error, "the facts of the last days could not be kept; reports reckon them anew");
            false
        });
        tokio::time::sleep(if more { FACTS_PAUSES.0 } else { FACTS_PAUSES.1 }).await;
    }
}

/// Reads the registry anew when one of its files has changed or SIGHUP asks for it. A bad file changes nothing.
/// Without a file SIGHUP does nothing (and does not end the program).
async fn reload(settings: Option<RegistrySettings>, every_s: u64, sites: SharedRegistry) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let files = settings.as_ref().map(RegistrySettings::files).unwrap_or_default();
    let mut seen = changed_at(&files);
    let pause = Duration::from_secs(if every_s == 0 { u64::from(u32::MAX) } else { every_s });
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            () = tokio::time::sleep(pause) => false,
        };
        let Some(settings) = settings.as_ref().filter(|_| !files.is_empty()) else { continue };
        let now = changed_at(&files);
        if !asked && now == seen {
            continue;
        }
        seen = now;
        match Registry::read(settings) {
            Ok(registry) => {
                info!(chargers = registry.chargers.len(), "registry read anew");
                sites.replace(registry);
            }
            Err(error) => error!(%error, "the registry has a mistake; the one before stays"),
        }
    }
}

/// When each file was last changed.
fn changed_at(files: &[PathBuf]) -> Vec<Option<SystemTime>> {
    files.iter().map(|path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok()).collect()
}
