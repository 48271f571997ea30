//! `chargewatch import`: sessions that another system kept, from a CSV file into the ledger.
//!
//! A map says what the columns mean (`map`); rows are read (`file`), times and numbers understood (`clock`, `number`,
//! `order`), a row becomes a session or is refused (`row`), sessions enter the ledger a slice at a time through the desk,
//! and all is counted (`report`). What is marked or refused, and by which rule, stands in the README.

mod clock;
mod file;
mod map;
mod number;
mod order;
mod report;
mod row;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Utc;
use clap::{Args, Subcommand, ValueEnum};

use super::desk::DeskFlags;
use super::{Failure, key, screen, serve};
use crate::domain::imported::ImportedSession;
use crate::domain::time::At;
use crate::domain::token::TokenKey;
use crate::store::OurClock;
use crate::store::desk::{Author, Deed, Desk, DeskError};
use file::Rows;
use map::{Map, Swapped, Target};
use order::Order;
use report::{Rejects, Report};
use row::{Reason, Reject, RowReader};

/// Sessions in one transaction: a running service waits for so long at most.
const SLICE: usize = 1000;

/// Progress is told every so many rows.
const TELL_EVERY: u64 = 10_000;

/// The deed in the audit log.
const DEED: &str = "sessions.import";

#[derive(Args)]
pub(super) struct ImportFlags {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Subcommand)]
enum ImportCommand {
    /// Take charging sessions from a CSV file. The same file twice changes nothing.
    #[command(
        after_help = "Example: chargewatch import sessions sessions.csv --map config/import-perth-kinross.toml --dry-run"
    )]
    Sessions {
        #[command(flatten)]
        wanted: SessionsFlags,
        #[command(flatten)]
        desk: DeskFlags,
    },
}

#[derive(Args)]
struct SessionsFlags {
    /// The CSV file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What its columns mean; config/import-perth-kinross.toml explains every key.
    #[arg(long, value_name = "MAP")]
    map: PathBuf,
    /// Say what would be taken; keep nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write each rejected line with its reason to this CSV file.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Where the ledger has something else of a session, take the file's word.
    #[arg(long)]
    replace: bool,
    /// For people or for machines.
    #[arg(long, value_name = "FORM", default_value = "text")]
    out: Out,
}

/// The form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Out {
    /// For machines.
    Json,
    /// For people.
    Text,
}

/// Does what the arguments say.
pub(super) fn run(flags: ImportFlags) -> Result<(), Failure> {
    match flags.command {
        ImportCommand::Sessions { wanted, desk } => sessions(&wanted, desk),
    }
}

fn sessions(flags: &SessionsFlags, desk: DeskFlags) -> Result<(), Failure> {
    let map = read_map(&flags.map, &flags.file)?;
    let mut rejects = Rejects::open(flags.rejects.as_deref()).map_err(Failure::trouble)?;
    let into = Into::open(desk, flags.dry_run)?;
    let stop = on_interrupt()?;
    let deed = |detail: &str| Deed::of(DEED, map.source.as_str()).saying(format!("{}: {detail}", flags.file.display()));
    into.note(&deed("begins"), "done")?;
    let report = import(flags, &map, &into, &mut rejects, &stop);
    let outcome = report.as_ref().map_or_else(|failure| failure.message.clone(), |_| "done".to_owned());
    into.note(&deed(&report.as_ref().map_or_else(|_| "ends".to_owned(), Report::brief)), &outcome)?;
    let report = report?;
    rejects.close().map_err(Failure::trouble)?;
    match flags.out {
        Out::Json => screen::say(&report.json(flags.dry_run)),
        Out::Text => screen::say(&report.text(flags.dry_run, flags.rejects.as_deref())),
    }
    match report.interrupted {
        Some(line) => Err(Failure::trouble(format!("interrupted after line {line}"))),
        None => Ok(()),
    }
}

/// Reads the map and holds it against the file, before anything is made.
fn read_map(path: &Path, file: &Path) -> Result<Map, Failure> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::mistake(format!("{name}: cannot be read: {error}")))?;
    let mut map = Map::read(&name, &text).map_err(Failure::mistake)?;
    let rows = Rows::open(file, &map).map_err(Failure::mistake)?;
    map.places(&file.display().to_string(), &rows.header).map_err(Failure::mistake)?;
    map.clock.swapped = match map.swapped {
        Swapped::Never => false,
        Swapped::Always => true,
        Swapped::Detect => {
            is_swapped(&map, file)?.map_err(|reason| Failure::mistake(format!("{}: {reason}", file.display())))?
        }
    };
    Ok(map)
}

/// Reads the starts of a file for their order.
fn is_swapped(map: &Map, file: &Path) -> Result<Result<bool, String>, Failure> {
    let mut rows = Rows::open(file, map).map_err(Failure::trouble)?;
    let no_key = TokenKey::new([0; 32]);
    let reader = row_reader(map, file, &rows, &no_key)?;
    let mut order = Order::default();
    while let Some((_, row)) = rows.next() {
        let start = row.ok().and_then(|row| reader.cell(&row, Target::Start));
        if let Some((told, swapped)) = start.and_then(|text| map.clock.both_ways(&text)) {
            order.next(told, swapped);
        }
    }
    Ok(order.verdict())
}

fn row_reader<'a>(map: &'a Map, file: &Path, rows: &Rows, key: &'a TokenKey) -> Result<RowReader<'a>, Failure> {
    let places = map.places(&file.display().to_string(), &rows.header).map_err(Failure::mistake)?;
    Ok(RowReader { map, places, key, now: At::from(Utc::now()) })
}

/// Takes the file, slice by slice.
fn import(
    flags: &SessionsFlags,
    map: &Map,
    into: &Into,
    rejects: &mut Rejects,
    stop: &AtomicBool,
) -> Result<Report, Failure> {
    let mut rows = Rows::open(&flags.file, map).map_err(Failure::trouble)?;
    let reader = row_reader(map, &flags.file, &rows, &into.key)?;
    let mut report = Report::of(&map.source);
    let mut slice = Vec::with_capacity(SLICE);
    let is_watched = std::io::stderr().is_terminal();
    while let Some((line, row)) = rows.next() {
        report.rows += 1;
        let unreadable = |found| Reject { reason: Reason::Unreadable, target: None, found };
        match row.map_err(unreadable).and_then(|row| reader.session(&row)) {
            Ok(session) => slice.push(session),
            Err(reject) => {
                report.reject(&reject);
                rejects.add(line, &reject).map_err(Failure::trouble)?;
            }
        }
        if slice.len() >= SLICE {
            into.take(map, &mut slice, flags.replace, &mut report)?;
            if stop.load(Ordering::Relaxed) {
                report.interrupted = Some(line);
                break;
            }
        }
        if is_watched && report.rows.is_multiple_of(TELL_EVERY) {
            screen::complain(&format!("{}: {} rows so far", flags.file.display(), report.rows));
        }
    }
    into.take(map, &mut slice, flags.replace, &mut report)?;
    report.overlaps = into.desk.mark_overlaps(&map.source)?;
    if rows.has_failed {
        Err(Failure::trouble(format!("{} could not be read to its end", flags.file.display())))
    } else {
        Ok(report)
    }
}

/// Where sessions go to: the ledger, or for a dry run one that is thrown away.
struct Into {
    desk: Desk,
    key: TokenKey,
    /// The ledger of a dry run, where there is one.
    real: Option<Desk>,
    author: Author,
    _folder: Option<tempfile::TempDir>,
}

impl Into {
    fn open(flags: DeskFlags, dry: bool) -> Result<Self, Failure> {
        if !dry {
            let at = flags.open()?;
            let key = key::load(&at.settings).map_err(Failure::trouble)?;
            return Ok(Self { desk: at.desk, key, real: None, author: at.author, _folder: None });
        }
        let mut settings = flags.settings()?;
        let folder = tempfile::Builder::new().prefix("chargewatch-import-").tempdir().map_err(Failure::trouble)?;
        let clock: OurClock = Arc::new(|| At::from(Utc::now()));
        let real = Desk::open_for_reading(&settings.store.data_dir, clock.clone()).map_err(Failure::trouble)?;
        if real.is_none() {
            folder.path().clone_into(&mut settings.store.data_dir);
        }
        let key = key::load(&settings).map_err(Failure::trouble)?;
        let desk = Desk::open(folder.path(), clock).map_err(Failure::trouble)?;
        Ok(Self { desk, key, real, author: super::desk::author(), _folder: Some(folder) })
    }

    /// Notes in the audit log that an import begins or ends.
    fn note(&self, deed: &Deed, outcome: &str) -> Result<(), DeskError> {
        self.desk.note(&self.author, deed, outcome)
    }

    /// Takes a slice and counts what became of it.
    fn take(
        &self,
        map: &Map,
        slice: &mut Vec<ImportedSession>,
        replace: bool,
        report: &mut Report,
    ) -> Result<(), DeskError> {
        let mut fates = self.desk.import(&map.source, slice, replace)?;
        if let Some(real) = &self.real {
            fates = real.would_import(&map.source, slice, replace)?;
        }
        for (session, fate) in slice.drain(..).zip(fates) {
            report.accept(&session, fate);
        }
        Ok(())
    }
}

/// A flag that rises when the operator wants it to stop: a slice is finished first.
fn on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let raise = flag.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::trouble)?;
    std::thread::spawn(move || {
        if runtime.block_on(serve::stop_signal()).is_ok() {
            raise.store(true, Ordering::Relaxed);
        }
    });
    Ok(flag)
}
