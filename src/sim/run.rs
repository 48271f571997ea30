//! Runs a fleet against a server, from options to truth.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;

use chrono::{DateTime, Duration, DurationRound, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::behaviour::Protocol;
use super::charger::Charger;
use super::clock::Clock;
use super::fleet::{Fleet, FleetPlan, SPOKEN};
use super::papers::{BadPapers, Credentials, Papers};
use super::progress::Progress;
use super::registry::registry_csv;
use super::socket;
use super::truth::Truth;
use super::url::ServerUrl;

/// Real time that a fleet has for draining after the end of a bounded run.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(120);

/// What to simulate, and against which server.
#[derive(Debug, Clone)]
pub struct SimulateOptions {
    /// The server: `ws://HOST:PORT/ocpp/` or `wss://…`; charger ids are put behind it.
    pub url: String,
    /// What chargers show when they connect.
    pub credentials: Credentials,
    /// Number of chargers.
    pub chargers: usize,
    /// How many times faster than real time, from 1. A faster run begins in the past and goes on in real time once it has caught up.
    pub speed: f64,
    /// Seed of every draw.
    pub seed: u64,
    /// How far in the past the run begins; none = 24 hours if it is faster than real time, else now.
    pub backlog: Option<Duration>,
    /// Virtual time after which nobody comes any more and the fleet drains; none = until stopped.
    pub duration: Option<Duration>,
    /// Factor on everything that goes wrong; 1 = as the priors have it, 0 = next to nothing goes wrong.
    pub trouble: f64,
    /// What the chargers speak.
    pub protocols: Vec<Protocol>,
    /// Where to write the truth at the end.
    pub truth_file: Option<PathBuf>,
    /// Where to write the registry rows before the beginning.
    pub registry_file: Option<PathBuf>,
    /// Live figures of the run.
    pub progress: Progress,
}

impl SimulateOptions {
    /// A fleet in real time against this server until it is stopped.
    pub fn new(url: impl Into<String>, chargers: usize, seed: u64) -> Self {
        Self {
            url: url.into(),
            credentials: Credentials::default(),
            chargers,
            speed: 1.0,
            seed,
            backlog: None,
            duration: None,
            trouble: 1.0,
            protocols: SPOKEN.to_vec(),
            truth_file: None,
            registry_file: None,
            progress: Progress::default(),
        }
    }

    /// The fleet that these options ask for, with a run that begins before `now`.
    pub fn plan(&self, now: DateTime<Utc>) -> FleetPlan {
        let behind = self.backlog.unwrap_or(if self.speed > 1.0 { Duration::hours(24) } else { Duration::zero() });
        let from = now - behind.max(Duration::zero());
        let from = from.duration_trunc(Duration::seconds(1)).unwrap_or(from);
        let until = self.duration.map(|duration| from + duration);
        let protocols = self.protocols.clone();
        FleetPlan { until, trouble: self.trouble, protocols, ..FleetPlan::new(self.chargers, self.seed, from) }
    }
}

/// Why a simulation could not be run, in words for the person who asked for it.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The address cannot be understood.
    #[error("cannot use the server address {url:?}: {why}. Example: ws://localhost:9000/ocpp/")]
    BadUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// What chargers are to show cannot be had.
    #[error(transparent)]
    BadPapers(#[from] BadPapers),
    /// A number is out of range.
    #[error("{option} must be {wanted}, not {given}")]
    BadNumber {
        /// Which option.
        option: &'static str,
        /// What it has to be.
        wanted: &'static str,
        /// What was given.
        given: String,
    },
    /// A file cannot be written.
    #[error("cannot write the {what} to {path}: {source}. Check that the folder exists and may be written to")]
    CannotWrite {
        /// Truth or registry.
        what: &'static str,
        /// Where.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The truth cannot be written as JSON, which is a mistake in the simulator.
    #[error("cannot write the truth as JSON: {0}")]
    Unwritable(#[from] serde_json::Error),
    /// The task of a charger ended by itself, which is a mistake in the simulator.
    #[error("the task of a charger failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Runs a fleet against a server until its time is over or `stop` comes true, and gives what truly happened.
///
/// A server that is down is no error: chargers keep trying, as real ones do.
///
/// # Errors
///
/// When the options make no sense or a file cannot be written. Files are tried before the run begins.
pub async fn simulate(options: SimulateOptions, stop: impl Future<Output = ()>) -> Result<Truth, SimError> {
    let url = check(&options)?;
    let plan = options.plan(Utc::now());
    let clock = Clock::starting_at(plan.from, options.speed);
    let fleet = Fleet::new(&plan);
    let ids: Vec<&str> = fleet.chargers().iter().map(Charger::id).collect();
    let papers = options.credentials.papers(&ids, url.is_over_tls())?;
    if let Some(path) = &options.registry_file {
        write("registry", path, &registry_csv(&fleet)).await?;
    }
    if let Some(path) = &options.truth_file {
        write("truth", path, "{}\n").await?;
    }
    let chargers = drive_all(fleet, papers, &url, clock, &options.progress, stop).await?;
    let truth = Fleet::from_chargers(plan, chargers).truth(clock.now());
    if let Some(path) = &options.truth_file {
        write("truth", path, &(serde_json::to_string_pretty(&truth)? + "\n")).await?;
    }
    Ok(truth)
}

fn check(options: &SimulateOptions) -> Result<ServerUrl, SimError> {
    let bad = |option, wanted, given: String| Err(SimError::BadNumber { option, wanted, given });
    if options.chargers == 0 {
        return bad("chargers", "1 or more", "0".to_owned());
    }
    if !(1.0..=100_000.0).contains(&options.speed) {
        return bad("speed", "from 1 (real time) to 100000", options.speed.to_string());
    }
    if !(0.0..=1000.0).contains(&options.trouble) {
        return bad("trouble", "from 0 to 1000", options.trouble.to_string());
    }
    ServerUrl::parse(&options.url).map_err(|why| SimError::BadUrl { url: options.url.clone(), why })
}

async fn drive_all(
    fleet: Fleet,
    papers: Vec<Papers>,
    url: &ServerUrl,
    clock: Clock,
    progress: &Progress,
    stop: impl Future<Output = ()>,
) -> Result<Vec<Charger>, SimError> {
    let (stopper, stopped) = watch::channel(false);
    let until = fleet.plan().until;
    let mut tasks = JoinSet::new();
    for (place, (charger, papers)) in fleet.into_chargers().into_iter().zip(papers).enumerate() {
        let drive = socket::drive(charger, papers, url.clone(), clock, progress.clone(), stopped.clone());
        tasks.spawn(async move { (place, drive.await) });
    }
    let over = async {
        match until {
            Some(until) => sleep(clock.wait_until(until) + DRAIN).await,
            None => std::future::pending().await,
        }
    };
    let (mut stop, mut over) = (pin!(stop), pin!(over));
    let mut ended = Vec::new();
    loop {
        let stopping = *stopper.borrow();
        tokio::select! {
            task = tasks.join_next() => match task {
                Some(task) => ended.push(task?),
                None => break,
            },
            () = &mut stop, if !stopping => drop(stopper.send_replace(true)),
            () = &mut over, if !stopping => drop(stopper.send_replace(true)),
        }
    }
    ended.sort_by_key(|(place, _)| *place);
    Ok(ended.into_iter().map(|(_, charger)| charger).collect())
}

async fn write(what: &'static str, path: &Path, text: &str) -> Result<(), SimError> {
    let written = tokio::fs::write(path, text).await;
    written.map_err(|source| SimError::CannotWrite { what, path: path.display().to_string(), source })
}
