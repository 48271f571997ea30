//! `chargewatch report`: figures from the ledger, also beside a service that runs.

use std::path::PathBuf;

use chrono::Utc;
use clap::{Args, ValueEnum};

use super::cli::{ConfigFlag, ServeFlags};
use super::{Failure, screen};
use crate::config::sites::Registry;
use crate::domain::time::At;
use crate::report::explain::{explain, table};
use crate::report::{Ask, REPORTS, ReportError, answer, named, unknown};
use crate::store::{LedgerReader, StoreError};

#[derive(Args)]
pub(super) struct ReportFlags {
    #[command(flatten)]
    config: ConfigFlag,
    /// Folder of the ledger, instead of store.data_dir.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Which report, or "explain" for what is behind the reliability of an EVSE; without, the reports are listed.
    name: Option<String>,
    /// A period: 2026, 2026-Q3, 2026-10 or 2026-11-24; the present year without.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    period: Option<String>,
    /// Or from this time on: RFC 3339, or a local date.
    #[arg(long, value_name = "TIME", requires = "to")]
    from: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<String>,
    /// One of place, one of time, or both parted by a comma: site,month.
    #[arg(long, value_name = "WORDS")]
    group_by: Option<String>,
    /// Zone of the period, instead of report.zone.
    #[arg(long)]
    zone: Option<String>,
    /// Of this site alone.
    #[arg(long)]
    site: Option<String>,
    /// Of sites of this type alone: on_street_residential, destination, rapid_hub, park_and_ride.
    #[arg(long)]
    site_type: Option<String>,
    /// Of this charger alone.
    #[arg(long)]
    charger: Option<String>,
    /// Which EVSE to explain: MK-1/2.
    #[arg(long)]
    evse: Option<String>,
    /// Form of the answer.
    #[arg(long, value_enum, default_value_t = FormatName::Table)]
    format: FormatName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// For people.
    Table,
    /// As over HTTP.
    Json,
    /// Comma-separated values.
    Csv,
}

/// Tells a report.
pub(super) fn run(flags: ReportFlags) -> Result<(), Failure> {
    let Some(name) = &flags.name else {
        let width = REPORTS.iter().map(|report| report.name.len()).max().unwrap_or(0);
        let lines = REPORTS.iter().map(|report| {
            let by = report.places.iter().map(|unit| unit.word()).chain(report.times.iter().map(|unit| unit.word()));
            let by = by.collect::<Vec<_>>().join(", ");
            format!("{:width$}  {}\n{:width$}  by {by}", report.name, report.about, "")
        });
        screen::say(&lines.collect::<Vec<_>>().join("\n"));
        return Ok(());
    };
    let serve = ServeFlags { config: flags.config, ocpp_listen: None, http_listen: None, data_dir: flags.data_dir };
    let settings = serve.settings()?;
    let registry = Registry::read(&settings.registry).map_err(Failure::mistake)?;
    let mut ledger = LedgerReader::open(&settings.store.data_dir).map_err(Failure::trouble)?;
    let ask = Ask {
        period: flags.period,
        from: flags.from,
        to: flags.to,
        group_by: flags.group_by,
        zone: flags.zone,
        site: flags.site,
        site_type: flags.site_type,
        charger: flags.charger,
        only_sites: Vec::new(),
        suppress: false,
    };
    let now = At::from(Utc::now());
    if name == "explain" {
        let evse = flags.evse.ok_or_else(|| Failure::mistake("say which EVSE: --evse CHARGER/1"))?;
        let found = ledger.figures(|ledger| Ok(explain(&evse, &ask, ledger, &registry, &settings.report, now)));
        screen::say(&table(&told(found)?));
        return Ok(());
    }
    let report = named(name).ok_or_else(|| Failure::mistake(unknown(name)))?;
    let found = ledger.figures(|ledger| Ok(answer(report, &ask, ledger, &registry, &settings.report, now)));
    let answer = told(found)?;
    let text = match flags.format {
        FormatName::Table => answer.table(),
        FormatName::Json => answer.json(),
        FormatName::Csv => answer.csv().map_err(Failure::trouble)?,
    };
    screen::say(text.trim_end());
    Ok(())
}

fn told<T>(found: Result<Result<T, ReportError>, StoreError>) -> Result<T, Failure> {
    found.map_err(Failure::trouble)?.map_err(|error| match error {
        ReportError::Mistake(_) => Failure::mistake(error),
        ReportError::Store(_) => Failure::trouble(error),
    })
}
