//! `chargewatch demo`: the service and a simulated fleet in one process, accelerated, with a live summary.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use clap::Args;
use tokio::sync::oneshot;

use super::cli::{ConfigFlag, ServeFlags};
use super::serve::{self, Running, Setup};
use super::{Failure, screen, simulate};
use crate::config::sites::Registry;
use crate::domain::energy::{Milli, MilliWh};
use crate::domain::reading::measurand;
use crate::domain::status::State;
use crate::domain::time::At;
use crate::observe::board::Board;
use crate::observe::log;
use crate::sim::{self, Clock, Fleet, SimulateOptions, registry_csv};

#[derive(Args)]
pub(super) struct DemoFlags {
    #[command(flatten)]
    config: ConfigFlag,
    /// How many simulated chargers.
    #[arg(long, default_value_t = 120)]
    chargers: usize,
    /// How many times faster than real time, until the simulated day has caught up with the present.
    #[arg(long, default_value_t = 120.0)]
    speed: f64,
    /// The same seed gives the same fleet and the same days.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Factor on everything that goes wrong.
    #[arg(long, default_value_t = 3.0)]
    trouble: f64,
    /// Address for chargers.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    ocpp_listen: SocketAddr,
    /// Address for readers.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    http_listen: SocketAddr,
    /// Folder of the ledger; without it a temporary one, removed at the end.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Stop after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    stop_after: Option<u64>,
}

/// Runs the demo until a signal.
pub(super) fn run(flags: &DemoFlags) -> Result<(), Failure> {
    let temporary = match &flags.data_dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("chargewatch-demo-").tempdir().map_err(Failure::trouble)?),
    };
    let folder = flags.data_dir.clone().or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
    let serve_flags = ServeFlags {
        config: ConfigFlag { config: flags.config.config.clone() },
        ocpp_listen: Some(flags.ocpp_listen),
        http_listen: Some(flags.http_listen),
        data_dir: folder,
    };
    let mut settings = serve_flags.settings()?;
    // The screen belongs to the summary; what goes wrong is still told.
    if settings.log.filter == "info" {
        "error".clone_into(&mut settings.log.filter);
    }
    log::start(&settings.log).map_err(|error| Failure::mistake(format!("log.filter: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::trouble)?;
    let result = runtime.block_on(play(flags, settings));
    runtime.shutdown_background();
    result
}

async fn play(flags: &DemoFlags, settings: crate::config::Settings) -> Result<(), Failure> {
    let mut options = SimulateOptions {
        speed: flags.speed,
        trouble: flags.trouble,
        ..SimulateOptions::new(String::new(), flags.chargers, flags.seed)
    };
    let plan = options.plan(Utc::now());
    let registry =
        Registry::from_csv("simulated fleet", &registry_csv(&Fleet::new(&plan))).map_err(Failure::trouble)?;
    // One clock for both sides, so that a minute of the fleet is a minute of the service.
    let clock = Clock::starting_at(plan.from, flags.speed);
    let our_clock = Arc::new(move || At::from(clock.now()));
    let running =
        serve::start(Setup { settings, clock: our_clock, registry: Some(registry) }).await.map_err(Failure::trouble)?;
    options.url = format!("ws://{}/ocpp/", running.ocpp_addr());
    screen::say(&addresses(&running));
    let (stop, stopped) = oneshot::channel::<()>();
    let fleet = tokio::spawn(sim::simulate(options, async {
        stopped.await.ok();
    }));
    let limit = flags.stop_after.map_or(Duration::MAX, Duration::from_secs);
    let ended = tokio::select! {
        signal = serve::stop_signal() => signal.map_err(Failure::trouble),
        () = show(&running, clock) => Ok(()),
        () = tokio::time::sleep(limit) => Ok(()),
    };
    stop.send(()).ok();
    let truth = fleet.await.map_err(Failure::trouble)?.map_err(Failure::mistake)?;
    running.stop().await.map_err(Failure::trouble)?;
    screen::say(&format!("\n{}", simulate::summary(&truth)));
    ended
}

fn addresses(running: &Running) -> String {
    let http = running.http_addr();
    format!(
        "chargewatch demo: a simulated fleet in Milton Keynes, nothing of it is real.\n\
         \x20 page        http://{http}/\n\
         \x20 chargers    http://{http}/api/v1/chargers\n\
         \x20 sessions    http://{http}/api/v1/sessions\n\
         \x20 deviations  http://{http}/api/v1/deviations\n\
         \x20 metrics     http://{http}/metrics\n\
         \x20 your own charger may connect to ws://{}/ocpp/ITS-ID\n\
         Ctrl-C stops.\n",
        running.ocpp_addr()
    )
}

/// Redraws the summary: in place on a terminal, else as a line every few seconds.
async fn show(running: &Running, clock: Clock) {
    let terminal = std::io::stdout().is_terminal();
    let pause = Duration::from_secs(if terminal { 1 } else { 5 });
    let mut before = (Instant::now(), 0);
    let mut drawn = false;
    loop {
        tokio::time::sleep(pause).await;
        let committed = running.observer().metrics.committed_records.get();
        let rate = (committed - before.1) as f64 / before.0.elapsed().as_secs_f64();
        before = (Instant::now(), committed);
        let figures = Figures::of(&running.observer().board);
        let time = clock.now().format("%Y-%m-%d %H:%M:%S UTC");
        if !terminal {
            screen::say(&format!("{time}  {}", figures.line(rate)));
            continue;
        }
        let up = if drawn { "\x1b[6A" } else { "" };
        drawn = true;
        screen::say(&format!("{up}{}", figures.screen(&time.to_string(), clock.speed_now(), rate)));
    }
}

/// What the summary shows.
#[derive(Default)]
struct Figures {
    chargers: usize,
    connected: usize,
    states: [usize; 4],
    power: i64,
    active: usize,
    sessions: u64,
    energy: MilliWh,
}

impl Figures {
    fn of(board: &Board) -> Self {
        let mut figures = Self::default();
        for charger in board.all() {
            figures.chargers += 1;
            figures.connected += usize::from(charger.connected);
            for connector in charger.connectors.iter().filter(|connector| !connector.outlet.is_station()) {
                let state = if charger.connected { connector.state() } else { State::Unknown };
                let place = match state {
                    State::Available => 0,
                    State::Charging | State::Reserved => 1,
                    State::OutOfOrder | State::Inoperative | State::Blocked => 2,
                    State::Unknown | State::Planned | State::Removed => 3,
                };
                figures.states[place] += 1;
                figures.active += usize::from(connector.session.is_some());
                figures.sessions += connector.totals.sessions;
                figures.energy = figures.energy.plus(connector.totals.energy);
                if charger.connected && connector.session.is_some() {
                    let power = connector.value(measurand::POWER, "", At::from_millis(0));
                    figures.power += power.map_or(0, |power| power.0);
                }
            }
        }
        figures
    }

    fn line(&self, rate: f64) -> String {
        format!(
            "{} of {} chargers connected, {} sessions active, {} begun, {} kWh, {} kW now, {rate:.0} records/s",
            self.connected,
            self.chargers,
            self.active,
            self.sessions,
            self.energy.0 / 1_000_000,
            Milli(self.power / 1000)
        )
    }

    fn screen(&self, time: &str, speed: f64, rate: f64) -> String {
        let [free, used, broken, unknown] = self.states;
        let lines = [
            format!("  time        {time}   {speed:.0}x"),
            format!("  chargers    {} of {} connected", self.connected, self.chargers),
            format!("  connectors  {free} free, {used} in use, {broken} down, {unknown} unknown"),
            format!("  power       {} kW", Milli(self.power / 1_000_000 * 1000)),
            format!("  sessions    {} active, {} begun, {} kWh", self.active, self.sessions, self.energy.0 / 1_000_000),
            format!("  ledger      {rate:.0} records/s"),
        ];
        lines.map(|line| format!("{line}\x1b[K")).join("\n")
    }
}
