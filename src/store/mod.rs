//! Durable facts. Commits over all sessions are grouped; an answer leaves only when its rows survive kill -9 and power
//! loss.

pub mod archive;

use std::time::Duration;

use crate::config::store::StoreSettings;
use crate::domain::ids::{ChargerId, SessionId, StationKey};
use crate::domain::record::{Known, Question, Record, Released, StationMemory};
use crate::domain::time::At;
use crate::observe::Observer;
use archive::{Archive, HandshakeRow};

/// The ledger. Cheap to clone; the last clone to go does not close it, [`Store::close`] does.
#[derive(Clone)]
pub struct Store {
    _observer: Observer,
}

/// Tells our time; a demo's clock may run faster than the wall's.
pub type OurClock = std::sync::Arc<dyn Fn() -> At + Send + Sync>;

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
    pub fn open(_settings: &StoreSettings, _clock: OurClock, observer: Observer) -> Result<Self, StoreError> {
        Ok(Self { _observer: observer })
    }

    /// Makes a record durable and releases its reply and effects. Waits while the queue is full or the disk is.
    ///
    /// # Errors
    /// [`StoreError::Refused`] or [`StoreError::Closed`]; a full disk is waited for, not reported here.
    pub async fn commit(&self, _record: Record) -> Result<Released, StoreError> {
        std::future::ready(Err(StoreError::Closed)).await
    }

    /// Keeps a record when there is room, without waiting (frames such as heartbeats that need no row to be
    /// answered). Says whether it was taken; what is not taken is counted.
    pub fn keep(&self, _record: Record) -> bool {
        false
    }

    /// What the ledger knows of a charger; makes its row at first sight.
    ///
    /// # Errors
    /// When the ledger cannot be read or is closed.
    pub async fn recall(&self, _charger: &ChargerId) -> Result<StationMemory, StoreError> {
        std::future::ready(Err(StoreError::Closed)).await
    }

    /// Replies to a station machine's questions, in their order.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn ask(&self, _station: StationKey, _questions: Vec<Question>) -> Result<Vec<Known>, StoreError> {
        std::future::ready(Err(StoreError::Closed)).await
    }

    /// A session id that nobody has.
    pub fn fresh_session_id(&self) -> SessionId {
        SessionId(1)
    }

    /// Keeps a connection attempt. Does not wait.
    pub fn keep_handshake(&self, _row: HandshakeRow) {}

    /// Reads the ledger on a connection of its own, off the async threads. Never blocks the writer.
    ///
    /// # Errors
    /// What `read` returns, or that the ledger is closed.
    pub async fn read<T: Send + 'static>(
        &self,
        _read: impl FnOnce(&mut dyn Archive) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        std::future::ready(Err(StoreError::Closed)).await
    }

    /// Marks everything unheard since `started` as unknown by link instead of by our own outage. To be called once,
    /// a grace after the start.
    ///
    /// # Errors
    /// When the ledger is closed.
    pub async fn blame_link_for_absent(&self, _started: At) -> Result<(), StoreError> {
        std::future::ready(Err(StoreError::Closed)).await
    }

    /// Why the ledger takes no writes at present, if so.
    pub fn trouble(&self) -> Option<String> {
        None
    }

    /// Commits what waits, marks the end of our watch, closes the files.
    ///
    /// # Errors
    /// When this takes longer than `limit`.
    pub async fn close(&self, _limit: Duration) -> Result<(), StoreError> {
        std::future::ready(Ok(())).await
    }
}
