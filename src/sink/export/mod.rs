//! Export: readings or sessions of a period as one file, CSV or Parquet, read by the page beside a chargewatch that serves.
//!
//! Quantities are exact: decimal text in CSV, `DECIMAL(18,3)` on 64-bit integers in Parquet. Times are UTC. What is not
//! known is empty or null. A file appears under its name only when it is whole.

mod parquet;
mod rows;

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::config::sites::Registry;
use crate::domain::energy::Milli;
use crate::domain::ids::SessionId;
use crate::domain::time::At;
use crate::store::telemetry::PastPlace;
use crate::store::{LedgerReader, StoreError};

/// Instants or sessions read at a time.
const PAGE: usize = 5000;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Meter readings, as they stand in the ledger.
    Readings,
    /// Sessions that began in the period.
    Sessions,
}

/// The form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a head line.
    Csv,
    /// Apache Parquet, compressed with Snappy.
    Parquet,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    /// Thousandths.
    Decimal,
    Truth,
    Time,
}

/// A column: name and kind.
type Column = (&'static str, Kind);

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    None,
    Text(String),
    Whole(i64),
    Decimal(Milli),
    Truth(bool),
    Time(At),
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// The file cannot be written.
    #[error("{0} cannot be written: {1}")]
    File(PathBuf, String),
}

/// A file under construction.
trait Table {
    fn row(&mut self, row: Vec<Value>) -> io::Result<()>;
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Exports to a file; tells after each page how many rows are written. Returns their number.
///
/// # Errors
/// When the ledger or the file fails.
pub fn run(
    ledger: &mut LedgerReader,
    sites: &Registry,
    what: What,
    format: Format,
    (from, until): (At, At),
    path: &Path,
    tell: &mut dyn FnMut(u64),
) -> Result<u64, ExportError> {
    let part = path.with_extension("part");
    let told = |error: io::Error| ExportError::File(path.to_owned(), error.to_string());
    let columns = rows::columns(what);
    let file = BufWriter::new(File::create(&part).map_err(told)?);
    let mut table: Box<dyn Table> = match format {
        Format::Csv => Box::new(Csv::new(file, columns).map_err(told)?),
        Format::Parquet => Box::new(parquet::Parquet::new(file, columns).map_err(told)?),
    };
    let mut count = 0;
    let (mut place, mut session) = (Some(PastPlace::default()), Some(SessionId(0)));
    loop {
        let page = match (what, place, session) {
            (What::Readings, Some(after), _) => {
                let (readings, next) = ledger.telemetry().past_readings(from, until, after, PAGE)?;
                place = next;
                readings.into_iter().map(|reading| rows::reading(reading, sites)).collect::<Vec<_>>()
            }
            (What::Sessions, _, Some(after)) => {
                let sessions = ledger.telemetry().past_sessions(from, until, after, PAGE)?;
                session = sessions.last().map(|fact| fact.row.id);
                sessions.iter().map(|fact| rows::session(fact, sites)).collect()
            }
            (What::Readings | What::Sessions, ..) => break,
        };
        count += page.len() as u64;
        for row in page {
            table.row(row).map_err(told)?;
        }
        tell(count);
    }
    table.finish().map_err(told)?;
    fs::rename(&part, path).map_err(told)?;
    Ok(count)
}

struct Csv(csv::Writer<BufWriter<File>>);

impl Csv {
    fn new(file: BufWriter<File>, columns: &[Column]) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(columns.iter().map(|(name, _)| name))?;
        Ok(Self(writer))
    }
}

impl Table for Csv {
    fn row(&mut self, row: Vec<Value>) -> io::Result<()> {
        Ok(self.0.write_record(row.into_iter().map(|value| match value {
            Value::None => String::new(),
            // A spreadsheet would run it as a formula.
            Value::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
            Value::Text(text) => text,
            Value::Whole(number) => number.to_string(),
            Value::Decimal(number) => number.to_string(),
            Value::Truth(truth) => truth.to_string(),
            Value::Time(at) => at.to_rfc3339(),
        }))?)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()?;
        let file = self.0.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}
