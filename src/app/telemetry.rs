//! `chargewatch backfill` and `chargewatch export`: the past, sent again or written to a file. Both only read the ledger,
//! also while a chargewatch serves from it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, ValueEnum};

use super::cli::{ConfigFlag, ServeFlags};
use super::{Failure, screen};
use crate::config::Settings;
use crate::config::sites::Registry;
use crate::domain::time::At;
use crate::observe::{Observer, log};
use crate::sink::backfill::{Backfill, Progress};
use crate::sink::batch::Delivery;
use crate::sink::drain::Rules;
use crate::sink::export::{self, Format, What};
use crate::sink::influx::Influx;
use crate::store::LedgerReader;

/// Progress is told at most so often.
const TELL_PAUSE: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(super) struct BackfillFlags {
    #[command(flatten)]
    config: ConfigFlag,
    /// Folder of the ledger, instead of store.data_dir.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// From this time on: RFC 3339, or a date (UTC).
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: At,
    /// Before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: At,
    /// Where to.
    #[arg(long, value_enum, default_value_t = SinkName::Influx)]
    sink: SinkName,
    /// Begin anew, also where an interrupted back-fill of the same period could go on.
    #[arg(long)]
    restart: bool,
}

/// The sinks there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SinkName {
    /// `[influx]` of the settings.
    Influx,
}

#[derive(Args)]
pub(super) struct ExportFlags {
    #[command(flatten)]
    config: ConfigFlag,
    /// Folder of the ledger, instead of store.data_dir.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// What to export.
    #[arg(value_enum)]
    what: WhatName,
    /// Form of the file.
    #[arg(long, value_enum, default_value_t = FormatName::Csv)]
    format: FormatName,
    /// From this time on: RFC 3339, or a date (UTC); from the first without.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<At>,
    /// Before this time; to the last without.
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<At>,
    /// The file.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhatName {
    /// Meter readings.
    Readings,
    /// Charging sessions.
    Sessions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// Comma-separated values.
    Csv,
    /// Apache Parquet.
    Parquet,
}

pub(super) fn time(text: &str) -> Result<At, String> {
    let exact = DateTime::parse_from_rfc3339(text).ok().map(|time| At::from(time.with_timezone(&Utc)));
    let day =
        || text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|day| At::from(day.and_utc()));
    exact.or_else(day).ok_or_else(|| "not a time like 2026-11-24T09:00:00Z or a date like 2026-11-24".to_owned())
}

/// Settings, registry and ledger.
fn opened(config: ConfigFlag, data_dir: Option<PathBuf>) -> Result<(Settings, Registry, LedgerReader), Failure> {
    let flags = ServeFlags { config, ocpp_listen: None, http_listen: None, data_dir };
    let settings = flags.settings()?;
    let registry = Registry::read(&settings.registry).map_err(Failure::mistake)?;
    let ledger = LedgerReader::open(&settings.store.data_dir).map_err(Failure::trouble)?;
    Ok((settings, registry, ledger))
}

/// Sends a period again.
pub(super) fn backfill(flags: BackfillFlags) -> Result<(), Failure> {
    if flags.from >= flags.to {
        return Err(Failure::mistake("--from must be before --to"));
    }
    let (settings, sites, mut ledger) = opened(flags.config, flags.data_dir)?;
    log::start(&settings.log).map_err(|error| Failure::mistake(format!("log.filter: {error}")))?;
    let influx = match flags.sink {
        SinkName::Influx if !settings.influx.is_on() => {
            return Err(Failure::mistake("influx.url is empty: name the server in the settings"));
        }
        SinkName::Influx => Influx::new(&settings.influx).map_err(Failure::mistake)?,
    };
    let folder = &settings.store.data_dir;
    let rules = Rules::from(&settings.influx);
    let observer = Observer::new().map_err(Failure::trouble)?;
    let mut backfill = Backfill {
        ledger: &mut ledger,
        delivery: Delivery::new(influx, observer, rules.backoff),
        sites,
        rules,
        file: folder.join("backfill-influx.json"),
        refused: folder.join("backfill-influx-refused.lp"),
    };
    let begin = match flags.restart {
        true => Progress::new(flags.from, flags.to),
        false => Progress::resumed(&backfill.file, flags.from, flags.to),
    };
    if begin.points > 0 {
        screen::say(&format!("going on with {} after {} points", begin.stage.as_str(), begin.points));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::trouble)?;
    let (began, mut told) = (Instant::now(), Instant::now());
    let mut tell = |progress: &Progress| {
        if told.elapsed() >= TELL_PAUSE {
            told = Instant::now();
            let percent = progress.percent.map_or_else(String::new, |percent| format!(" {percent} %"));
            let rate = progress.points.saturating_sub(begin.points) as f64 / began.elapsed().as_secs_f64();
            screen::say(&format!(
                "{}{percent}: {} points, {rate:.0} a second",
                progress.stage.as_str(),
                progress.points
            ));
        }
    };
    let done = runtime.block_on(backfill.run(begin.clone(), &mut tell)).map_err(Failure::trouble)?;
    screen::say(&format!("done: {} points sent, {} refused", done.points, done.refused));
    if done.refused > 0 {
        screen::say(&format!("what was refused, and why, stands in {}", backfill.refused.display()));
    }
    Ok(())
}

/// Writes a period to a file.
pub(super) fn export(flags: ExportFlags) -> Result<(), Failure> {
    let (_, sites, mut ledger) = opened(flags.config, flags.data_dir)?;
    let period = (flags.from.unwrap_or(At::from_millis(0)), flags.to.unwrap_or(At::from_millis(i64::MAX)));
    let what = match flags.what {
        WhatName::Readings => What::Readings,
        WhatName::Sessions => What::Sessions,
    };
    let format = match flags.format {
        FormatName::Csv => Format::Csv,
        FormatName::Parquet => Format::Parquet,
    };
    let mut told = Instant::now();
    let mut tell = |rows: u64| {
        if told.elapsed() >= TELL_PAUSE {
            told = Instant::now();
            screen::say(&format!("{rows} rows"));
        }
    };
    let rows =
        export::run(&mut ledger, &sites, what, format, period, &flags.output, &mut tell).map_err(Failure::trouble)?;
    screen::say(&format!("{rows} rows in {}", flags.output.display()));
    Ok(())
}
