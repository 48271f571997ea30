//! Telemetry on its way out: what the ledger holds, sent to a time-series server.
//!
//! ```text
//! ledger ── outbox (places that changed) ─► drain ── facts ─► schema ── lines ─► Sink ── server
//!    ▲                                        │                                   │
//!    └──────── position, dead letters ◄───────┴──── taken, later, refused ◄───────┘
//! ```
//!
//! **Nothing is kept in memory but the batch in hand.** The position moves only after the server has taken a batch, in the
//! ledger itself; after a crash the batch goes out again. That changes nothing: a point is told apart by its series and
//! time alone, and is made from what the ledger says when it is sent.
//!
//! **New before old.** When much is waiting, what is new goes first and the rest follows at a bounded speed.
//!
//! **A bad point blocks no other.** A batch that is refused for what it says is halved until the bad point is alone; that
//! one is laid aside in the ledger with the server's reason.
//!
//! What is written stands in [`schema`], how in [`mod@line`]. What every sink must do is in `suite`.

pub mod backfill;
pub mod batch;
pub mod drain;
pub mod export;
pub mod influx;
pub mod line;
pub mod schema;

use std::time::Duration;

/// A server that takes telemetry.
pub trait Sink: Send + Sync + 'static {
    /// Its name: for positions, metrics and logs.
    fn name(&self) -> &'static str;

    /// Where it sends to, without secrets.
    fn target(&self) -> &str;

    /// Sends lines and returns once the server has taken all of them: how many bytes went over the wire.
    ///
    /// # Errors
    /// Whether to send the same again, later or never.
    fn write(&self, lines: &[u8]) -> impl Future<Output = Result<u64, SinkError>> + Send;

    /// After trouble: how long the server wants to be left alone, if it says so.
    fn wanted_pause(&self) -> impl Future<Output = Option<Duration>> + Send;
}

/// Why lines were not taken, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The server, the way to it or our right to write: the same lines may be taken later.
    #[error("{0}")]
    Later(String),
    /// The request was too large: half of it may be taken.
    #[error("{0}")]
    TooLarge(String),
    /// What the lines say: they will never be taken as they are.
    #[error("{0}")]
    Refused(String),
}

impl SinkError {
    /// Whether sending the very same again can help.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Later(_))
    }

    /// The reason, for people.
    pub fn reason(&self) -> &str {
        match self {
            Self::Later(reason) | Self::TooLarge(reason) | Self::Refused(reason) => reason,
        }
    }
}

#[cfg(test)]
mod suite;
