//! The operators' desk: what people decide, beside what chargers say. Credentials, tokens, exemptions.
//!
//! Every change is one transaction together with its row of the audit log, whether it was done or not. The command line
//! works on the same ledger as a running service; that notices within a second that the edition has risen.
//! One file per kind of decision; each adds its methods to [`Desk`].

pub mod admissions;
pub mod certificates;
pub mod credentials;
pub mod drivers;
pub mod exemption;
pub mod imports;
pub mod people;
pub mod privacy;

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{OurClock, StoreError, sqlite};
use crate::domain::ids::ChargerId;
use crate::domain::time::At;

/// Where people's decisions are made and read. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    connection: Arc<Mutex<Connection>>,
    clock: OurClock,
}

/// Who decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author(String);

impl Author {
    /// Somebody at the machine itself, by the name of their account.
    pub fn at_the_machine(user: &str) -> Self {
        Self(format!("cli {user}"))
    }

    /// The holder of an API token, by the token's name.
    pub fn with_token(name: &str) -> Self {
        Self(format!("token {name}"))
    }

    /// A charger, where this service does what it asks for.
    pub fn charger(charger: &ChargerId) -> Self {
        Self(format!("charger {charger}"))
    }

    /// As it stands in the audit log.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A change that somebody wants: what, and on what. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Area and verb: `charger.add`.
    pub what: &'static str,
    /// A charger, the name of a token …
    pub subject: String,
    /// What else is worth knowing.
    pub detail: Option<String>,
}

impl Deed {
    /// A change of something.
    pub fn of(what: &'static str, subject: impl Into<String>) -> Self {
        Self { what, subject: subject.into(), detail: None }
    }

    /// With what else is worth knowing.
    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// Why a decision could not be made, and what follows.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// What it is about does not exist.
    #[error("{0}")]
    Unknown(String),
    /// It contradicts what is there or what is allowed; the message says what to do.
    #[error("{0}")]
    Refused(String),
    /// The ledger failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for DeskError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(StoreError::Read(error.to_string()))
    }
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditView {
    /// Its number.
    pub id: i64,
    /// When, our clock.
    pub at: At,
    /// Who.
    pub author: String,
    /// What.
    pub deed: String,
    /// On what.
    pub subject: String,
    /// `done`, or why not.
    pub outcome: String,
    /// What else is worth knowing.
    pub detail: Option<String>,
}

impl Desk {
    /// Opens the desk of a data folder; makes the ledger at first use. Works beside a running service.
    ///
    /// # Errors
    /// When the ledger cannot be opened, or its schema is another one and a service is running on it.
    pub fn open(data_dir: &Path, clock: OurClock) -> Result<Self, StoreError> {
        let connection = sqlite::open_for_desk(data_dir)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), clock })
    }

    /// Opens the desk of a data folder to look at; `None` where there is no ledger.
    ///
    /// # Errors
    /// When the ledger cannot be opened, or its schema is another one.
    pub fn open_for_reading(data_dir: &Path, clock: OurClock) -> Result<Option<Self>, StoreError> {
        let connection = sqlite::open_to_look(data_dir)?;
        Ok(connection.map(|connection| Self { connection: Arc::new(Mutex::new(connection)), clock }))
    }

    /// Our time.
    pub(super) fn now(&self) -> At {
        (self.clock)()
    }

    /// Makes a decision durable, with its line in the audit log. What is refused is in the log too.
    pub(super) fn change<T>(
        &self,
        author: &Author,
        deed: &Deed,
        work: impl FnOnce(&Transaction<'_>, At) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        self.change_what_it_finds(author, deed.clone(), |transaction, now, _| work(transaction, now))
    }

    /// As [`Self::change`], where only the work itself learns on what it is done.
    pub(super) fn change_what_it_finds<T>(
        &self,
        author: &Author,
        deed: Deed,
        work: impl FnOnce(&Transaction<'_>, At, &mut Deed) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        self.settle(author, deed, |transaction, now, deed| {
            let made = work(transaction, now, deed)?;
            transaction.execute("UPDATE desk_edition SET edition = edition + 1", [])?;
            Ok(made)
        })
    }

    /// As [`Self::change`], for what nobody remembers: whoever follows the desk need not look again.
    pub(super) fn enter<T>(
        &self,
        author: &Author,
        deed: &Deed,
        work: impl FnOnce(&Transaction<'_>, At) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        self.settle(author, deed.clone(), |transaction, now, _| work(transaction, now))
    }

    fn settle<T>(
        &self,
        author: &Author,
        mut deed: Deed,
        work: impl FnOnce(&Transaction<'_>, At, &mut Deed) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        let now = self.now();
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match work(&transaction, now, &mut deed) {
            Ok(made) => {
                note(&transaction, now, author, &deed, "done")?;
                transaction.commit()?;
                Ok(made)
            }
            Err(error) => {
                transaction.rollback()?;
                note(&connection, now, author, &deed, &error.to_string())?;
                Err(error)
            }
        }
    }

    /// Notes in the audit log what came of something that changes nothing here, such as a command to a charger.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn note(&self, author: &Author, deed: &Deed, outcome: &str) -> Result<(), DeskError> {
        note(&self.connection.lock(), self.now(), author, deed, outcome)
    }

    /// Reads at the desk.
    pub(super) fn look<T>(&self, read: impl FnOnce(&Connection) -> Result<T, DeskError>) -> Result<T, DeskError> {
        read(&self.connection.lock())
    }

    /// Does something at the desk off the async threads.
    ///
    /// # Errors
    /// What `work` returns, or that it could not be done.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, DeskError> + Send + 'static,
    ) -> Result<T, DeskError> {
        let desk = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&desk)).await;
        done.map_err(|error| DeskError::Store(StoreError::Read(error.to_string())))?
    }

    /// How many changes were made: whoever remembers what stood here looks again when this has risen.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn edition(&self) -> Result<i64, DeskError> {
        self.look(|connection| {
            Ok(connection.prepare_cached("SELECT edition FROM desk_edition")?.query_row([], |row| row.get(0))?)
        })
    }

    /// The audit log, newest first, before `before`, at most `limit` lines.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn audit(&self, before: Option<i64>, limit: usize) -> Result<Vec<AuditView>, DeskError> {
        self.look(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, at_ms, author, deed, subject, outcome, detail FROM audit_row WHERE id < ?1 \
                 ORDER BY id DESC LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map((before.unwrap_or(i64::MAX), limit), |row| {
                Ok(AuditView {
                    id: row.get(0)?,
                    at: At::from_millis(row.get(1)?),
                    author: row.get(2)?,
                    deed: row.get(3)?,
                    subject: row.get(4)?,
                    outcome: row.get(5)?,
                    detail: row.get(6)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

fn note(connection: &Connection, now: At, author: &Author, deed: &Deed, outcome: &str) -> Result<(), DeskError> {
    connection
        .prepare_cached(
            "INSERT INTO audit_row (at_ms, author, deed, subject, outcome, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((now.millis(), author.as_str(), deed.what, &deed.subject, outcome, &deed.detail))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(folder: &Path) -> Desk {
        Desk::open(folder, Arc::new(|| At::from_millis(1_795_521_000_000))).unwrap()
    }

    #[test]
    fn a_change_stands_in_the_audit_log_whether_it_was_done_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        let author = Author::at_the_machine("ada");
        desk.change(&author, &Deed::of("charger.add", "CP-1").saying("first"), |_, _| Ok(())).unwrap();
        let refused: Result<(), _> =
            desk.change(&author, &Deed::of("charger.add", "CP-2"), |_, _| Err(DeskError::Refused("no".into())));
        assert!(refused.is_err());
        let lines: Vec<_> =
            desk.audit(None, 10).unwrap().into_iter().map(|line| (line.subject, line.outcome)).collect();
        assert_eq!(lines, [("CP-2".to_owned(), "no".to_owned()), ("CP-1".to_owned(), "done".to_owned())]);
        assert_eq!(desk.edition().unwrap(), 1, "only what was done is a new edition");
    }

    #[test]
    fn the_audit_log_cannot_be_altered() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        desk.note(&Author::with_token("ops"), &Deed::of("charger.reset", "CP-1"), "accepted").unwrap();
        for sql in ["DELETE FROM audit_row", "UPDATE audit_row SET author = 'nobody'"] {
            let refused = desk.look(|connection| Ok(connection.execute(sql, [])?)).unwrap_err();
            assert!(refused.to_string().contains("only added to"), "{refused}");
        }
    }

    #[test]
    fn a_second_process_sees_what_the_first_decided() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (desk(folder.path()), desk(folder.path()));
        first.change(&Author::at_the_machine("ada"), &Deed::of("token.add", "ops"), |_, _| Ok(())).unwrap();
        assert_eq!(second.edition().unwrap(), 1);
        assert_eq!(second.audit(None, 10).unwrap().len(), 1);
    }
}
