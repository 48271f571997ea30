//! What a store backend must do: apply rows within a transaction, and answer what the machines and readers ask.

use super::StoreError;
use super::archive::{Archive, HandshakeRow};
use super::figures::Keeping;
use super::sqlite::Swept;
use super::telemetry::{DeadLetter, SinkPosition, Telemetry};
use crate::domain::ids::{ChargerId, SessionId, StationKey};
use crate::domain::memory::{Known, Question, StationMemory};
use crate::domain::record::{Change, FrameRow};
use crate::domain::time::At;

/// The rows of one record, taken apart.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) station: StationKey,
    pub(super) frame: Option<FrameRow>,
    pub(super) changes: Vec<Change>,
}

/// Why a write failed, and what follows.
#[derive(Debug)]
pub(super) enum WriteError {
    /// The disk or the file: it may work again later, nothing is wrong with the rows.
    Trouble(String),
    /// The rows themselves: they will never be taken.
    Refused(String),
}

/// The writing side. One thread owns it.
pub(super) trait Backend: Send + 'static {
    /// Begins a transaction.
    fn begin(&mut self) -> Result<(), WriteError>;
    /// Writes the rows of a record.
    fn apply(&mut self, rows: &Rows) -> Result<(), WriteError>;
    /// Writes a connection attempt.
    fn apply_handshake(&mut self, row: &HandshakeRow) -> Result<(), WriteError>;
    /// The row of a charger, made at first sight.
    fn enroll(&mut self, charger: &ChargerId, now: At) -> Result<StationKey, WriteError>;
    /// Notes that we are alive, and when chargers were last heard.
    fn mark_alive(&mut self, now: At, clean_end: bool) -> Result<(), WriteError>;
    /// Turns our own outage into the link's fault from `started` on, where nobody came back.
    fn blame_link(&mut self, started: At) -> Result<(), WriteError>;
    /// Moves the position of a sink, and keeps the points that were refused on the way.
    fn advance(&mut self, sink: &str, position: &SinkPosition, dead: &[DeadLetter], now: At) -> Result<(), WriteError>;
    /// Notes from where on changes are marked, because facts are about to be kept of what lies before.
    fn about_to_keep(&mut self, until: At);
    /// Keeps facts that reports are made from.
    fn keep_facts(&mut self, keeping: &Keeping) -> Result<(), WriteError>;
    /// Makes the transaction durable.
    fn commit(&mut self) -> Result<(), WriteError>;
    /// Undoes the transaction.
    fn roll_back(&mut self);
    /// Removes one slice of what retention no longer wants; says whether there is more.
    fn forget_a_slice(&mut self, now: At) -> Result<bool, WriteError>;
    /// Removes one slice of telemetry that retention no longer wants.
    fn sweep(&mut self, now: At) -> Result<Swept, WriteError>;
    /// Size of its files in bytes.
    fn size_bytes(&self) -> u64;
    /// Bytes that are free where its files lie, where that can be found out.
    fn free_bytes(&self) -> Option<u64>;
    /// The highest session id in use.
    fn highest_session(&mut self) -> Result<SessionId, StoreError>;
}

/// The reading side. Each reader has a connection of its own and never blocks the writer.
pub(super) trait Reader: Archive + Telemetry + Send + 'static {
    /// What a machine begins with.
    fn recall(&mut self, key: StationKey) -> Result<StationMemory, StoreError>;
    /// Replies to a machine's question.
    fn reply(&mut self, station: StationKey, question: &Question) -> Result<Known, StoreError>;
    /// This reader as an archive.
    fn as_archive(&mut self) -> &mut dyn Archive;
    /// This reader as the side of telemetry.
    fn as_telemetry(&mut self) -> &mut dyn Telemetry;
}
