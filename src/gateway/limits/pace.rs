//! A socket that is read no faster than its charger, and its address, may send. What is held back waits in the network:
//! nothing is lost. Only who never stops, or never finishes a message, is cut.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::Seat;
use super::tally::Tally;

/// Shortest pause: what is smaller is rounded up by the timer anyway.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// So many bytes of a message that is not whole yet cost nothing: most messages are smaller.
const FREE: u64 = 8 * 1024;

/// Why a socket is cut for what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Excess {
    /// It was held back for too long without a pause.
    Flood,
    /// A message has too many fragments.
    Fragments,
    /// A message does not come to its end.
    SlowMessage,
    /// It wants a place for a large message while too many others are not whole yet.
    NoRoom,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flood => "held back for too long",
            Self::Fragments => "too many fragments",
            Self::SlowMessage => "a message that does not end",
            Self::NoRoom => "no room for a large message",
        })
    }
}

impl std::error::Error for Excess {}

impl Excess {
    /// The excess that an error of a [`Paced`] socket stands for.
    pub(in crate::gateway) fn of(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref()).copied()
    }
}

/// The socket.
pub(in crate::gateway) struct Paced<S> {
    stream: S,
    pub(super) pace: Pace,
}

pub(super) struct Pace {
    seat: Seat,
    tally: Tally,
    /// The pause that is being made.
    pause: Option<Pin<Box<Sleep>>>,
    /// Since when it is held back without having recovered.
    held_since: Option<u64>,
    /// When the message that is under way began.
    message_since: Option<u64>,
    /// Bytes of the room for large messages that it has taken.
    room: u64,
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.seat.limits.give_room_back(self.room);
    }
}

impl<S> Paced<S> {
    /// Paces a socket of which these bytes have been read already.
    pub(in crate::gateway) fn new(stream: S, seat: Seat, read: &[u8]) -> Self {
        let mut pace =
            Pace { seat, tally: Tally::default(), pause: None, held_since: None, message_since: None, room: 0 };
        // What they exceed is found again with the next bytes.
        pace.count(read).ok();
        Self { stream, pace }
    }
}

impl Pace {
    /// Waits until something may be read.
    fn poll_free(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            let now = self.seat.limits.now();
            let Some((reason, wait)) = self.seat.wait(now) else {
                if self.seat.has_recovered(now) {
                    self.held_since = None;
                }
                return Poll::Ready(());
            };
            if reason.is_the_chargers() {
                self.held_since.get_or_insert(now);
            }
            self.seat.limits.tell_held_back(reason);
            self.pause = Some(Box::pin(sleep(wait.max(SHORTEST_PAUSE))));
        }
    }

    /// Counts what was read.
    pub(super) fn count(&mut self, bytes: &[u8]) -> Result<(), Excess> {
        let limits = self.seat.limits.clone();
        let (now, messages) = (limits.now(), self.tally.messages);
        let frames = self.tally.advance(bytes);
        self.seat.charge(now, frames.into(), bytes.len() as u64);
        if self.tally.fragments == 0 {
            self.message_since = None;
        } else if self.message_since.is_none() || self.tally.messages != messages {
            self.message_since = Some(now);
        }
        let exceeds = |since: Option<u64>, limit: u64| since.is_some_and(|since| now.saturating_sub(since) > limit);
        let room = self.tally.unfinished.saturating_sub(FREE);
        if room > self.room && !self.seat.take_room(room - self.room) {
            return Err(Excess::NoRoom);
        }
        limits.give_room_back(self.room.saturating_sub(room));
        self.room = room;
        if self.tally.fragments > limits.max_fragments {
            return Err(Excess::Fragments);
        }
        if exceeds(self.message_since, limits.message_ns) {
            return Err(Excess::SlowMessage);
        }
        if exceeds(self.held_since, limits.flood_ns) {
            return Err(Excess::Flood);
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.pace.poll_free(context));
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        let counted = this.pace.count(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(counted.map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
