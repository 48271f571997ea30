//! `chargewatch simulate`: a simulated fleet against any server.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, screen, serve};
use crate::sim::{self, Credentials, Progress, Protocol, SimulateOptions, Truth};

#[derive(Args)]
pub(super) struct SimulateFlags {
    /// The server's address, ws:// or wss://; charger ids are put behind it.
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:9000/ocpp/")]
    url: String,
    #[command(flatten)]
    shown: ShownFlags,
    /// How many chargers.
    #[arg(long, default_value_t = 40)]
    chargers: usize,
    /// How many times faster than real time. A faster run begins a day in the past and goes on in real time once it
    /// has caught up.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// The same seed gives the same fleet and the same days.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Virtual hours after which nobody comes any more; without it the run goes on until Ctrl-C.
    #[arg(long, value_name = "HOURS")]
    duration: Option<f64>,
    /// Factor on everything that goes wrong.
    #[arg(long, default_value_t = 1.0)]
    trouble: f64,
    /// What the chargers speak: 1.6, 2.0.1, 2.1, or several with commas between.
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',', value_parser = protocol, default_values = spoken())]
    protocols: Vec<Protocol>,
    /// Write what truly happened to this file at the end (JSON).
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Write the registry of the simulated fleet to this file before the beginning (CSV).
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
}

/// What chargers show when they connect.
#[derive(Args)]
struct ShownFlags {
    /// PEM file of the authorities that have signed the server's certificate; wss:// needs it, and trusts nobody else.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The password of every charger; {id} in it stands for the charger's id. The list of processes shows it.
    #[arg(long, value_name = "TEXT", conflicts_with = "passwords")]
    password: Option<String>,
    /// A password for each charger: CSV with the columns charger and password, as `charger import` takes it.
    #[arg(long, value_name = "FILE")]
    passwords: Option<PathBuf>,
    /// A certificate for each charger: folder with ID.pem and ID.key.
    #[arg(long, value_name = "DIR", conflicts_with = "client_ca_file")]
    certificates: Option<PathBuf>,
    /// PEM file of an authority that signs a certificate for each charger now: for tests.
    #[arg(long, value_name = "FILE", requires = "client_ca_key")]
    client_ca_file: Option<PathBuf>,
    /// PEM file of its key.
    #[arg(long, value_name = "FILE", requires = "client_ca_file")]
    client_ca_key: Option<PathBuf>,
}

impl From<ShownFlags> for Credentials {
    fn from(flags: ShownFlags) -> Self {
        Self {
            ca_file: flags.ca_file,
            password: flags.password,
            passwords_file: flags.passwords,
            certificates: flags.certificates,
            client_ca: flags.client_ca_file.zip(flags.client_ca_key),
        }
    }
}

/// Simulates until the end of the run or a signal.
pub(super) fn run(flags: SimulateFlags) -> Result<(), Failure> {
    let options = SimulateOptions {
        credentials: flags.shown.into(),
        speed: flags.speed,
        duration: flags.duration.map(hours),
        trouble: flags.trouble,
        protocols: flags.protocols,
        truth_file: flags.truth,
        registry_file: flags.registry,
        ..SimulateOptions::new(flags.url, flags.chargers, flags.seed)
    };
    let progress = options.progress.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::trouble)?;
    let truth = runtime.block_on(async {
        let ticker = tokio::spawn(tell(progress));
        let stop = async {
            // Without signals the run can still be ended by its duration.
            if serve::stop_signal().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let truth = sim::simulate(options, stop).await.map_err(Failure::mistake);
        ticker.abort();
        truth
    })?;
    screen::say(&summary(&truth));
    Ok(())
}

/// A version of OCPP that chargers can speak.
fn protocol(version: &str) -> Result<Protocol, String> {
    let known = || Protocol::ALL.iter().map(|protocol| protocol.as_str()).collect::<Vec<_>>().join(", ");
    Protocol::of_version(version.trim()).ok_or_else(|| format!("OCPP {version} is none of {}", known()))
}

/// What chargers speak unless they are told otherwise.
fn spoken() -> Vec<&'static str> {
    sim::SPOKEN.iter().map(|protocol| protocol.as_str()).collect()
}

/// Hours as a span.
fn hours(hours: f64) -> chrono::Duration {
    chrono::Duration::milliseconds((hours.clamp(0.0, 1e6) * 3_600_000.0) as i64)
}

/// A line every few seconds.
async fn tell(progress: Progress) {
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        screen::say(&format!(
            "{} chargers connected, {} frames sent, {} answered, {} sessions begun, {} ended, {} kWh",
            progress.connected(),
            progress.frames_sent(),
            progress.frames_answered(),
            progress.sessions_started(),
            progress.sessions_ended(),
            progress.energy_wh() / 1000
        ));
        for (why, count) in progress.refusals() {
            screen::say(&format!("  no connection, {count} times: {why}"));
        }
    }
}

/// What truly happened, in a line.
pub(super) fn summary(truth: &Truth) -> String {
    let totals = &truth.totals;
    format!(
        "simulated: {} sessions, {} ended ({} without a stop), {} kWh; acknowledged: {} starts, {} stops, {} readings",
        totals.sessions,
        totals.sessions_ended,
        totals.sessions_without_stop,
        totals.energy_wh / 1000,
        totals.starts_acknowledged,
        totals.stops_acknowledged,
        totals.readings_acknowledged
    )
}
