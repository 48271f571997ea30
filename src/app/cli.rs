//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};

use super::doors::Doors;
use super::{
    Failure, audit, ca, charger, demo, driver_token, exemption, forget, healthcheck, import, replay, report, screen,
    self_signed, serve, simulate, telemetry, token,
};
use crate::config::Settings;
use crate::config::load::{Sources, load};
use crate::config::sites::Registry;
use crate::sink::influx::Influx;

/// Version and commit; the commit is known where the build was told it (CHARGEWATCH_COMMIT).
pub(super) const BUILD: (&str, &str) = (
    env!("CARGO_PKG_VERSION"),
    match option_env!("CHARGEWATCH_COMMIT") {
        Some(commit) => commit,
        None => "unknown",
    },
);

/// What `--version` prints behind the name.
static VERSION: LazyLock<String> = LazyLock::new(|| format!("{} (commit {})", BUILD.0, BUILD.1));

/// Watches an EV charging network: chargers connect over OCPP, sessions and readings are kept, figures can be trusted.
#[derive(Parser)]
#[command(name = "chargewatch", version = VERSION.as_str(), max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve chargers and readers until stopped.
    #[command(after_help = "Example: chargewatch serve --config site.toml --data-dir /var/lib/chargewatch")]
    Serve(ServeFlags),
    /// Serve a simulated fleet and show what happens, in the terminal and over HTTP. Needs nothing else.
    #[command(after_help = "Example: chargewatch demo --chargers 60 --speed 300")]
    Demo(demo::DemoFlags),
    /// Simulate a fleet of chargers against a server. Everything it tells is marked as simulated.
    #[command(
        after_help = "Example: chargewatch simulate --url ws://localhost:9000/ocpp --chargers 50 --speed 60 --truth truth.json"
    )]
    Simulate(simulate::SimulateFlags),
    /// Replay captured frames or the log of a central system, and say what was understood. Nothing is kept unless asked.
    #[command(
        after_help = "Example: chargewatch replay steve.log; chargewatch replay --data-dir data frames.ndjson",
        allow_negative_numbers = true
    )]
    Replay(replay::ReplayFlags),
    /// Send telemetry of a period again: after a bucket was lost, or the schema has changed. Can be interrupted.
    #[command(after_help = "Example: chargewatch backfill --config site.toml --from 2026-11-01 --to 2026-11-08")]
    Backfill(telemetry::BackfillFlags),
    /// Write readings or sessions of a period to a file.
    #[command(
        after_help = "Example: chargewatch export readings --format parquet --from 2026-11-01 --to 2026-12-01 --output november.parquet"
    )]
    Export(telemetry::ExportFlags),
    /// Say what chargers must show when they connect, and accept or refuse unknown ones.
    Charger(charger::ChargerFlags),
    /// List and revoke the certificates that were signed for chargers, and sign the list of what was revoked.
    Ca(ca::CaFlags),
    /// Keep the list of drivers' tokens: what each may.
    DriverToken(driver_token::DriverTokenFlags),
    /// Make, list and revoke the tokens with which people and programmes read and steer over HTTP.
    Token(token::TokenFlags),
    /// Print the audit log: who changed or commanded what, when, and what came of it.
    #[command(after_help = "Example: chargewatch audit --since 2026-11-01 --data-dir /var/lib/chargewatch")]
    Audit(audit::AuditFlags),
    /// Forget a person: cut every trace of an id token in the ledger, also beside a running service. Energy and times stay.
    #[command(after_help = "Example: chargewatch forget --token - --data-dir /var/lib/chargewatch < card.txt")]
    Forget(forget::ForgetFlags),
    /// Take the history of other systems into the ledger, also while chargewatch serves.
    Import(import::ImportFlags),
    /// Tell a report: figures with what is needed to judge them. Without a name, the reports there are.
    #[command(
        after_help = "Examples: chargewatch report reliability --period 2026-10 --group-by site\n          chargewatch report explain --evse MK-1/2 --period 2026-11-24"
    )]
    Report(report::ReportFlags),
    /// Enter, list and revoke stretches of time that do not count, with their evidence.
    Exemption(exemption::ExemptionFlags),
    /// Check the settings, the registry and the certificates, and say what is wrong.
    #[command(after_help = "Exits with 0 when all is well, with 2 when something is wrong.")]
    CheckConfig(ConfigFlag),
    /// Make a certificate that signs itself, for HTTPS of the reading side. One that is good for 90 days more stays.
    #[command(
        after_help = "Example: chargewatch self-signed --name charging.example --certificate site.pem --key site.key"
    )]
    SelfSigned(self_signed::SelfSignedFlags),
    /// Ask a running chargewatch whether it is ready.
    #[command(after_help = "Example: chargewatch healthcheck --config site.toml")]
    Healthcheck(healthcheck::HealthFlags),
}

#[derive(Args)]
pub(super) struct ConfigFlag {
    /// File with settings; see config/default.toml for what there is.
    #[arg(long, value_name = "FILE", env = "CHARGEWATCH_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct ServeFlags {
    #[command(flatten)]
    pub(super) config: ConfigFlag,
    /// Address for chargers, instead of ocpp.listen.
    #[arg(long, value_name = "ADDR")]
    pub(super) ocpp_listen: Option<SocketAddr>,
    /// Address for readers, instead of http.listen.
    #[arg(long, value_name = "ADDR")]
    pub(super) http_listen: Option<SocketAddr>,
    /// Folder of the ledger, instead of store.data_dir.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
}

impl ServeFlags {
    /// The settings with these flags on top.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let address = |address: &SocketAddr| address.to_string();
        let flags = [
            self.ocpp_listen.as_ref().map(|listen| ("ocpp.listen", address(listen))),
            self.http_listen.as_ref().map(|listen| ("http.listen", address(listen))),
            self.data_dir.as_ref().map(|folder| ("store.data_dir", folder.display().to_string())),
        ];
        settings(&self.config, flags.into_iter().flatten().collect())
    }
}

/// Does what the arguments say.
pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(flags) => serve::run(flags.settings()?),
        Command::Demo(flags) => demo::run(&flags),
        Command::Simulate(flags) => simulate::run(flags),
        Command::Replay(flags) => replay::run(&flags),
        Command::Backfill(flags) => telemetry::backfill(flags),
        Command::Export(flags) => telemetry::export(flags),
        Command::Charger(flags) => charger::run(flags),
        Command::Ca(flags) => ca::run(flags),
        Command::DriverToken(flags) => driver_token::run(flags),
        Command::Token(flags) => token::run(flags),
        Command::Audit(flags) => audit::run(flags),
        Command::Forget(flags) => forget::run(flags),
        Command::Import(flags) => import::run(flags),
        Command::Report(flags) => report::run(flags),
        Command::Exemption(flags) => exemption::run(flags),
        Command::CheckConfig(flag) => check(&flag),
        Command::SelfSigned(flags) => self_signed::run(flags),
        Command::Healthcheck(flags) => healthcheck::run(&flags),
    }
}

/// The settings of a file and of the environment, with flags on top.
pub(super) fn settings(flag: &ConfigFlag, flags: Vec<(&'static str, String)>) -> Result<Settings, Failure> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    load(&Sources { file: flag.config.as_deref(), environment, flags }).map_err(Failure::mistake)
}

/// Says whether the settings and the files that they name can be used.
fn check(flag: &ConfigFlag) -> Result<(), Failure> {
    let settings = settings(flag, Vec::new())?;
    let mut told = vec!["the settings are fine".to_owned()];
    if !settings.registry.files().is_empty() {
        let registry = Registry::read(&settings.registry).map_err(Failure::mistake)?;
        let mut sites: Vec<&str> = registry.chargers.values().map(|charger| charger.site.id.as_str()).collect();
        sites.sort_unstable();
        sites.dedup();
        told.push(format!("the registry has {} chargers at {} sites", registry.chargers.len(), sites.len()));
    }
    let doors = Doors::load(&settings).map_err(Failure::mistake)?;
    if doors.with_certificates() > 0 {
        told.push(format!("the certificates of {} addresses can be used", doors.with_certificates()));
    }
    if let Some(signer) = &doors.signer {
        told.push(format!("certificates are signed for chargers until {}", signer.authority().until()));
    }
    if settings.influx.is_on() {
        Influx::new(&settings.influx).map_err(Failure::mistake)?;
        told.push(format!("telemetry goes to {}", settings.influx.url));
    }
    screen::say(&told.join("\n"));
    Ok(())
}
