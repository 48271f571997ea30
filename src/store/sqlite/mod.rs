//! The embedded ledger: one SQLite file, `chargewatch.db`, that `sqlite3` opens.
//!
//! **What makes it durable.** `journal_mode = WAL` with `synchronous = FULL`: each commit ends with an fsync of the
//! write-ahead log, so that a committed batch survives kill -9 and, on a disk that honours fsync, power loss; a torn
//! log tail is recognised by its checksums and left out. Checkpoints sync the database file before the log is reused.
//! `auto_vacuum` stays off: space freed by retention is reused page by page, so the file stays at its high-water mark.

mod archive;
mod attempts;
mod conformance;
mod contact;
mod device;
mod faults;
mod feed;
mod figures;
mod keep;
mod moved;
mod outbox;
mod past;
mod persons;
mod quality;
mod recall;
mod rollup;
mod rows;
mod security;
mod series;
mod shelf;
mod status;
mod timeline;
mod watch;
mod write;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::StoreError;
use crate::config::store::StoreSettings;
use crate::domain::ids::ChargerId;
use crate::domain::time::{At, Span};
use crate::observe::Observer;
use crate::observe::events::store::LedgerOpened;
use crate::store::telemetry::Keeping;
pub(super) use keep::Swept;
pub(super) use persons::FORGOTTEN;
pub(super) use recall::SqliteReader;
pub(super) use write::SqliteBackend;
#[cfg(test)]
pub(super) use {figures::keep as keep_facts, keep::Sweeper, rollup::rebuild as rebuild_rollups};

/// The ledger's file in the data folder.
const FILE: &str = "chargewatch.db";

/// `PRAGMA application_id`: "chgw".
const APPLICATION_ID: i64 = 0x6368_6777;

/// `PRAGMA cache_size` of the writer: 32 MiB.
const CACHE_KIB: i64 = -32 * 1024;

/// The migrations, by number from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_ledger.sql"),
    include_str!("0002_ocpp2.sql"),
    include_str!("0003_telemetry.sql"),
    include_str!("0004_desk.sql"),
    include_str!("0005_credentials.sql"),
    include_str!("0006_people.sql"),
    include_str!("0007_reports.sql"),
    include_str!("0008_import.sql"),
    include_str!("0009_privacy.sql"),
    include_str!("0010_counters.sql"),
    include_str!("0011_protection.sql"),
    include_str!("0012_evidence.sql"),
    include_str!("0013_certificates.sql"),
    include_str!("0014_security.sql"),
];

/// The migration after which readings that were there before are rolled up.
const ROLLED_UP: i64 = 3;

/// Opens or makes the ledger; begins a watch, and accounts for the time in which there was none.
pub(super) fn open(
    settings: &StoreSettings,
    mut keeping: Keeping,
    now: At,
    observer: &Observer,
) -> Result<(SqliteBackend, Vec<SqliteReader>), StoreError> {
    let folder = &settings.data_dir;
    std::fs::create_dir_all(folder)
        .map_err(|error| StoreError::Open(format!("the data folder {} cannot be made: {error}", folder.display())))?;
    let path = folder.join(FILE);
    let lock = lock(folder)?;
    let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    keep_private(&path)?;
    bring_up_to_date(&mut connection, &path)?;
    let open_error = |error: rusqlite::Error| StoreError::Open(format!("{}: {error}", path.display()));
    if keeping.as_left {
        keeping.outbox = outbox::is_awaited(&connection).map_err(open_error)?;
    }
    let outage = watch::begin_watch(&mut connection, now, &keeping).map_err(open_error)?;
    conformance::catch_up(&mut connection).map_err(open_error)?;
    observer.tell(LedgerOpened { path: &path, outage });
    let mut readers = Vec::new();
    for _ in 0..settings.readers.max(1) {
        readers.push(SqliteReader::new(connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?));
    }
    let backend = SqliteBackend::new(connection, lock, path.clone(), settings, keeping).map_err(open_error)?;
    Ok((backend, readers))
}

/// Opens a ledger for the operators' desk. Where no service runs on it, it is made or brought up to date first.
pub(super) fn open_for_desk(folder: &Path) -> Result<Connection, StoreError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| StoreError::Open(format!("the data folder {} cannot be made: {error}", folder.display())))?;
    let path = folder.join(FILE);
    let alone = lock(folder).ok();
    let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    if alone.is_some() {
        keep_private(&path)?;
        bring_up_to_date(&mut connection, &path)?;
    } else {
        of_present_schema(&connection, &path)?;
    }
    // What people take out must not stay behind in free space.
    connection.pragma_update(None, "secure_delete", "ON").map_err(|error| StoreError::Open(error.to_string()))?;
    connection.pragma_update(None, "cache_size", -1024).map_err(|error| StoreError::Open(error.to_string()))?;
    Ok(connection)
}

/// Opens a ledger for the operators' desk to look at, where there is one.
pub(super) fn open_to_look(folder: &Path) -> Result<Option<Connection>, StoreError> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    of_present_schema(&connection, &path)?;
    Ok(Some(connection))
}

/// Marks kept facts of a charger as to be made anew, if it was ever met.
pub(super) fn mark_facts(db: &Connection, charger: &ChargerId, span: Span) -> Result<(), rusqlite::Error> {
    let known: Option<i64> = db
        .prepare_cached("SELECT id FROM charger_row WHERE folded = ?")?
        .query_row([charger.folded()], |row| row.get(0))
        .optional()?;
    known.map_or(Ok(()), |key| figures::mark(db, key, span.from.millis(), span.until.millis()))
}

/// Opens a ledger for reading alone, also while a chargewatch serves from it.
pub(super) fn open_for_reading(folder: &Path) -> Result<SqliteReader, StoreError> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Err(StoreError::Open(format!("there is no ledger in {}", folder.display())));
    }
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    of_present_schema(&connection, &path)?;
    Ok(SqliteReader::new(connection))
}

/// Whether a ledger that another process may be writing can be used as it is.
fn of_present_schema(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    match connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)) {
        Ok(found) if found == known => Ok(()),
        Ok(found) if found > known => Err(StoreError::NewerSchema { found, known }),
        Ok(found) => Err(StoreError::Open(format!(
            "the ledger has schema {found}, not {known}: start this chargewatch once, it brings it up to date"
        ))),
        Err(error) => Err(StoreError::Open(format!("{}: {error}", path.display()))),
    }
}

/// One process per ledger.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("chargewatch.lock");
    let cannot = |error: std::io::Error| StoreError::Open(format!("{} cannot be used: {error}", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Open(format!(
            "the data folder {} is in use by another chargewatch: stop it, or choose another with --data-dir",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

fn connect(path: &PathBuf, flags: OpenFlags) -> Result<Connection, StoreError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(64);
        if flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
            connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
            connection.pragma_update(None, "cache_size", CACHE_KIB)?;
            // What is overwritten is wiped where that costs no further page.
            connection.pragma_update(None, "secure_delete", "FAST")?;
        }
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| StoreError::Open(format!("{} cannot be opened: {error}", path.display())))
}

/// The ledger is for its owner's eyes.
fn keep_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| StoreError::Open(format!("{} cannot be made private: {error}", path.display())))
}

/// Why a schema could not be brought up to date.
enum Migration {
    Newer { found: i64, known: i64 },
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Migration {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    migrate(connection).map_err(|error| match error {
        Migration::Newer { found, known } => StoreError::NewerSchema { found, known },
        Migration::Failed(error) => StoreError::Open(format!("{}: {error}", path.display())),
    })
}

/// Brings the schema up to date, one migration at a time, each in a transaction.
fn migrate(connection: &mut Connection) -> Result<(), Migration> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(Migration::Newer { found, known });
    }
    for (number, sql) in (1_i64..).zip(MIGRATIONS.iter().copied()).filter(|(number, _)| *number > found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        if number == ROLLED_UP {
            // Connector by connector, but the roll-ups lie in order of time: a wide memory spares the disk.
            transaction.pragma_update(None, "cache_size", -256 * 1024)?;
            rollup::rebuild(&transaction)?;
            transaction.pragma_update(None, "cache_size", CACHE_KIB)?;
        }
        transaction.pragma_update(None, "user_version", number)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()?;
    }
    Ok(())
}
