//! Durable facts. Commits over all chargers are grouped; an answer leaves only when its rows survive kill -9 and power
//! loss.
//!
//! One thread writes (`writer`), readers have connections of their own and never block it. The backend is behind
//! `backend`; what every backend must pass is in `suite`.

pub mod archive;
mod backend;
pub mod desk;
pub mod device;
pub mod figures;
pub mod security;
mod sqlite;
pub mod telemetry;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::config::store::StoreSettings;
use crate::domain::ids::{ChargerId, SessionId, StationKey};
use crate::domain::memory::{Known, Question, StationMemory};
use crate::domain::record::{Record, Released};
use crate::domain::time::At;
use crate::observe::Observer;
use crate::observe::events::store::RecordDropped;
use archive::{Archive, HandshakeRow};
use backend::{Backend, Reader, Rows};
use figures::Figures;
use sqlite::SqliteReader;
use telemetry::{DeadLetter, Keeping, SinkPosition, Telemetry};
use writer::{Advance, Job, Trouble, Writer};

/// Tells our time; a demo's clock may run faster than the wall's.
pub type OurClock = Arc<dyn Fn() -> At + Send + Sync>;

/// The ledger. Cheap to clone; [`Store::close`] closes it.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    readers: Arc<Readers>,
    next_session: Arc<AtomicI32>,
    trouble: Trouble,
    observer: Observer,
}

/// Connections for reading, as many as the settings allow.
struct Readers {
    idle: Mutex<Vec<SqliteReader>>,
    permits: Arc<Semaphore>,
}

/// A ledger that is only read, by another process than the one that serves.
pub struct LedgerReader(SqliteReader);

impl LedgerReader {
    /// Opens the ledger of a data folder.
    ///
    /// # Errors
    /// When there is none, or its schema is not the present one.
    pub fn open(data_dir: &std::path::Path) -> Result<Self, StoreError> {
        sqlite::open_for_reading(data_dir).map(Self)
    }

    /// Its telemetry side.
    pub fn telemetry(&mut self) -> &mut dyn Telemetry {
        self.0.as_telemetry()
    }

    /// What reports are made from, as one state of the ledger.
    ///
    /// # Errors
    /// What `read` returns, or that the ledger cannot be read.
    pub fn figures<T>(
        &mut self,
        read: impl FnOnce(&mut dyn Figures) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.one_state(|reader| read(reader))
    }
}

/// Why the store could not do something, and what follows.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its files cannot be opened or made.
    #[error("{0}")]
    Open(String),
    /// It was written by a newer chargewatch.
    #[error("the ledger has schema {found}, this chargewatch knows up to {known}: start a newer chargewatch")]
    NewerSchema {
        /// Schema of the file.
        found: i64,
        /// Newest schema known.
        known: i64,
    },
    /// A query failed.
    #[error("reading the ledger failed: {0}")]
    Read(String),
    /// A record contradicts the ledger; it will never be taken.
    #[error("the ledger refused a record: {0}")]
    Refused(String),
    /// The store is closing.
    #[error("the ledger is closed")]
    Closed,
}

impl Store {
    /// Opens or makes the ledger.
    ///
    /// # Errors
    /// When its files cannot be used or are of a newer schema.
    pub fn open(
        settings: &StoreSettings,
        keeping: Keeping,
        clock: OurClock,
        observer: Observer,
    ) -> Result<Self, StoreError> {
        let (mut backend, idle) = sqlite::open(settings, keeping, clock(), &observer)?;
        let highest = backend.highest_session()?;
        let (jobs, queue) = mpsc::channel(settings.queue_records);
        let trouble = Trouble::default();
        let writer = Writer {
            backend,
            jobs: queue,
            settings: settings.clone(),
            clock,
            observer: observer.clone(),
            trouble: trouble.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| StoreError::Open(format!("the ledger's thread cannot start: {error}")))?;
        std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || runtime.block_on(writer.run()))
            .map_err(|error| StoreError::Open(format!("the ledger's thread cannot start: {error}")))?;
        let permits = Arc::new(Semaphore::new(idle.len()));
        Ok(Self {
            jobs,
            readers: Arc::new(Readers { idle: Mutex::new(idle), permits }),
            // An id that was handed out but never committed was never told to anybody: it may be given again.
            next_session: Arc::new(AtomicI32::new(highest.0)),
            trouble,
            observer,
        })
    }

    /// Makes a record durable and releases its reply and effects. Waits while the queue is full or the disk is.
    ///
    /// # Errors
    /// [`StoreError::Refused`] or [`StoreError::Closed`]; a full disk is waited for, not reported here.
    pub async fn commit(&self, record: Record) -> Result<Released, StoreError> {
        let (station, frame, changes, released) = record.take_apart();
        let (reply, answer) = oneshot::channel();
        let job = Job::Commit(Rows { station, frame, changes }, released, reply);
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Keeps a record when there is room, without waiting (frames such as heartbeats that need no row to be
    /// answered). Says whether it was taken; what is not taken is counted.
    pub fn keep(&self, record: Record) -> bool {
        let (station, frame, changes, _) = record.take_apart();
        self.offer(Job::Keep(Rows { station, frame, changes }))
    }

    /// Keeps a connection attempt when there is room, without waiting.
    pub fn keep_handshake(&self, row: HandshakeRow) {
        self.offer(Job::Handshake(Box::new(row)));
    }

    fn offer(&self, job: Job) -> bool {
        let taken = self.jobs.try_send(job).is_ok();
        if !taken {
            self.observer.tell(RecordDropped);
        }
        taken
    }

    /// What the ledger knows of a charger; makes its row at first sight.
    ///
    /// # Errors
    /// When the ledger cannot be read or is closed.
    pub async fn recall(&self, charger: &ChargerId) -> Result<StationMemory, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Enroll(charger.clone(), reply)).await.map_err(|_| StoreError::Closed)?;
        let key = answer.await.map_err(|_| StoreError::Closed)??;
        self.on_reader(move |reader| reader.recall(key)).await
    }

    /// Replies to a station machine's questions, in their order.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn ask(&self, station: StationKey, questions: Vec<Question>) -> Result<Vec<Known>, StoreError> {
        self.on_reader(move |reader| questions.iter().map(|question| reader.reply(station, question)).collect()).await
    }

    /// A session id that nobody has.
    pub fn fresh_session_id(&self) -> SessionId {
        SessionId(self.next_session.fetch_add(1, Ordering::Relaxed).saturating_add(1))
    }

    /// Reads the ledger on a connection of its own, off the async threads. Never blocks the writer.
    ///
    /// # Errors
    /// What `read` returns, or that the ledger is closed.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Archive) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.on_reader(move |reader| read(reader.as_archive())).await
    }

    /// Reads the telemetry side of the ledger, as [`Store::read`].
    ///
    /// # Errors
    /// What `read` returns, or that the ledger is closed.
    pub async fn telemetry<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Telemetry) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.on_reader(move |reader| read(reader.as_telemetry())).await
    }

    /// Reads what reports are made from, as [`Store::read`]; all of it is one state of the ledger.
    ///
    /// # Errors
    /// What `read` returns, or that the ledger is closed.
    pub async fn figures<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Figures) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.on_reader(move |reader| reader.one_state(|reader| read(reader))).await
    }

    /// Says that facts of what lies before an instant are about to be made: what changes there from now on is marked.
    ///
    /// # Errors
    /// When the ledger is closed; a full disk is waited for.
    pub async fn about_to_keep(&self, until: At) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::AboutToKeep(until, reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Keeps facts that were made after [`Store::about_to_keep`].
    ///
    /// # Errors
    /// When the ledger is closed; a full disk is waited for.
    pub async fn keep_facts(&self, keeping: figures::Keeping) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::KeepFacts(Box::new(keeping), reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Makes it durable that a sink has come to this position, and which points were refused on the way.
    ///
    /// # Errors
    /// When the ledger is closed; a full disk is waited for.
    pub async fn advance(
        &self,
        sink: &'static str,
        position: SinkPosition,
        dead: Vec<DeadLetter>,
    ) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Advance(Box::new(Advance { sink, position, dead }), reply);
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    async fn on_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteReader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.readers.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let readers = self.readers.clone();
        let task = tokio::task::spawn_blocking(move || {
            let reader = readers.idle.lock().pop();
            let Some(mut reader) = reader else { return Err(StoreError::Closed) };
            let result = work(&mut reader);
            readers.idle.lock().push(reader);
            drop(permit);
            result
        });
        task.await.map_err(|error| StoreError::Read(error.to_string()))?
    }

    /// Marks everything unheard since `started` as unknown by link instead of by our own outage. To be called once,
    /// a grace after the start.
    ///
    /// # Errors
    /// When the ledger is closed.
    pub async fn blame_link_for_absent(&self, started: At) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Blame(started, reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Why the ledger takes no writes at present, if so.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().clone()
    }

    /// Commits what waits, marks the end of our watch, closes the files.
    ///
    /// # Errors
    /// When this takes longer than `limit`.
    pub async fn close(&self, limit: Duration) -> Result<(), StoreError> {
        let (done, closed) = oneshot::channel();
        let closing = async {
            self.jobs.send(Job::Close(done)).await.map_err(|_| StoreError::Closed)?;
            closed.await.map_err(|_| StoreError::Closed)
        };
        tokio::time::timeout(limit, closing).await.map_err(|_| {
            StoreError::Open("the ledger could not be closed in time; what was answered is safe".to_owned())
        })?
    }
}

/// Keeps facts by another connection, where a test has no writer.
#[cfg(test)]
pub(crate) fn keep_facts_of(db: &rusqlite::Connection, keeping: &figures::Keeping) {
    let kept = sqlite::keep_facts(db, keeping);
    assert!(kept.is_ok(), "{kept:?}");
}

#[cfg(test)]
mod suite;
#[cfg(test)]
mod telemetry_tests;
