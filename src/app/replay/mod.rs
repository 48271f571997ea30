//! `chargewatch replay`: captured frames through reader, domain and ledger, and what became of them.
//!
//! A file is cut into records (`source`), a record gives frames (`log`, `object`) with their time (`when`); each is told
//! apart by who sent it (`way`) and fed as its charger's connection would have (`feed`); all is counted (`report`) and
//! said (`paper`, or JSON).

mod feed;
mod log;
mod object;
mod paper;
mod past;
mod pipeline;
mod play;
mod report;
mod scan;
mod source;
mod transactions;
mod version;
mod way;
mod when;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::Utc;
use clap::{Args, ValueEnum};

use super::cli::{ConfigFlag, ServeFlags};
use super::{Failure, key, screen};
use crate::config::Settings;
use crate::config::sites::Registry;
use crate::domain::ids::ChargerId;
use crate::domain::station::Rules;
use crate::domain::time::At;
use crate::observe::Observer;
use crate::ocpp::Version;
use crate::store::telemetry::Keeping;
use crate::store::{OurClock, Store};
use feed::{Feeder, RulesOf};
use play::Player;

/// Commits on their way at once.
const MOST_WAITING: usize = 512;

/// Megabytes of frames that a dry run keeps on disk: nobody reads them.
const DRY_FRAMES_MB: &str = "64";

/// How long closing the ledger may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(60);

#[derive(Args)]
pub(super) struct ReplayFlags {
    #[command(flatten)]
    config: ConfigFlag,
    /// Logs, in the order of time: exports of frames, logs of central systems, bare frames.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The form of the files; without it, what their beginnings look like.
    #[arg(long)]
    format: Option<Format>,
    /// The charger, where a file names none.
    #[arg(long, value_name = "ID")]
    charger: Option<String>,
    /// The version of OCPP: ocpp1.6, ocpp2.0.1, ocpp2.1, or auto: what the file says, else what the frames look like.
    #[arg(long, default_value = "auto", value_parser = protocol)]
    protocol: Protocol,
    /// The zone of times that name none, as +01:00; without it they are UTC.
    #[arg(long, value_name = "OFFSET", value_parser = when::offset, allow_hyphen_values = true, default_value = "Z")]
    utc_offset: i64,
    /// Write into the ledger in this folder; without it nothing is kept.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How many times faster than it was; without it as fast as possible.
    #[arg(long)]
    speed: Option<f64>,
    /// For people or for machines.
    #[arg(long, value_name = "FORM", default_value = "text")]
    out: Out,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON objects or arrays, mostly one a line.
    Json,
    /// CSV with a header.
    Csv,
    /// Lines with a frame somewhere in them.
    Text,
}

impl Format {
    const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Text => "text",
        }
    }
}

/// The form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Out {
    /// For machines.
    Json,
    /// For people.
    Text,
}

/// The version that the operator says, if any.
#[derive(Clone, Copy, Debug)]
struct Protocol(Option<Version>);

fn protocol(word: &str) -> Result<Protocol, String> {
    if word == "auto" {
        return Ok(Protocol(None));
    }
    let known = Version::ALL.into_iter().find(|version| version.subprotocol() == word);
    known.or_else(|| object::version(word)).map(|version| Protocol(Some(version))).ok_or_else(|| {
        let all = Version::ALL.map(Version::subprotocol).join(", ");
        format!("there is {all} and auto")
    })
}

/// Replays the files and says what was found.
pub(super) fn run(flags: &ReplayFlags) -> Result<(), Failure> {
    if flags.speed.is_some_and(|speed| !speed.is_finite() || speed <= 0.0) {
        return Err(Failure::mistake("--speed must be more than 0"));
    }
    let temporary = match &flags.data_dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("chargewatch-replay-").tempdir().map_err(Failure::trouble)?),
    };
    let folder = flags.data_dir.as_deref().or_else(|| temporary.as_ref().map(tempfile::TempDir::path));
    let settings = settings(flags, folder)?;
    crate::observe::log::start(&settings.log).map_err(|error| Failure::mistake(format!("log.filter: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::trouble)?;
    let result = runtime.block_on(replay(flags, &settings));
    runtime.shutdown_background();
    result
}

fn settings(flags: &ReplayFlags, folder: Option<&Path>) -> Result<Settings, Failure> {
    let serve = ServeFlags {
        config: ConfigFlag { config: flags.config.config.clone() },
        ocpp_listen: None,
        http_listen: None,
        data_dir: folder.map(Path::to_owned),
    };
    let mut settings = serve.settings()?;
    settings.store.batch_window_ms = 0;
    if flags.data_dir.is_none() {
        settings.store.frames_max_mb = DRY_FRAMES_MB.parse().unwrap_or(settings.store.frames_max_mb);
    }
    // The report says what there is to say; what goes wrong is still told.
    if settings.log.filter == "info" {
        "error".clone_into(&mut settings.log.filter);
    }
    Ok(settings)
}

async fn replay(flags: &ReplayFlags, settings: &Settings) -> Result<(), Failure> {
    let dry = flags.data_dir.is_none();
    let token_key = key::load(settings).map_err(Failure::trouble)?;
    // A dry run's ledger lives in the time of the log; a real one's time goes on.
    let log_time = dry.then(|| Arc::new(AtomicI64::new(0)));
    let clock: OurClock = match log_time.clone() {
        Some(time) => Arc::new(move || At::from_millis(time.load(Ordering::Relaxed))),
        None => Arc::new(|| At::from(Utc::now())),
    };
    let observer = Observer::new().map_err(Failure::trouble)?;
    let store = Store::open(&settings.store, Keeping::as_left(&settings.telemetry), clock, observer)
        .map_err(Failure::trouble)?;
    let most = MOST_WAITING.min(settings.store.queue_records / 2).max(1);
    let mut feeder = Feeder::new(store.clone(), token_key, flags.protocol.0, rules(settings)?, most);
    feeder.clock = log_time;
    let mut player = Player::new(feeder, flags);
    let mut trouble = Vec::new();
    for path in &flags.files {
        player.file(path, &mut trouble).await?;
    }
    let report = player.finish().await?;
    store.close(CLOSE_LIMIT).await.map_err(Failure::trouble)?;
    let into = flags.data_dir.as_ref().map(|folder| folder.display().to_string());
    match flags.out {
        Out::Json => screen::say(&report.json(dry)),
        Out::Text => screen::say(&paper::text(&report, into.as_deref())),
    }
    if trouble.is_empty() { Ok(()) } else { Err(Failure::trouble(trouble.join("\n"))) }
}

/// The rules for a charger's machine, as a connection would have them.
fn rules(settings: &Settings) -> Result<RulesOf, Failure> {
    let registry = Registry::read(&settings.registry).map_err(Failure::mistake)?;
    let heartbeat = Duration::from_secs(u64::from(settings.ocpp.heartbeat_interval_s));
    let grace = Duration::from_secs(u64::from(settings.availability.grace_s)).max(heartbeat * 2);
    Ok(Box::new(move |charger: &ChargerId| {
        let rated_w = registry.chargers.get(charger).and_then(|charger| charger.strongest_w());
        Rules { heartbeat, grace, held: false, rated_w }
    }))
}
