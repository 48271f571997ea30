//! Why a connection ended, and what is told of it.

use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::gateway::limits::Excess;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The charger closed it, or the network did.
    Gone,
    /// The charger broke the WebSocket protocol.
    BadSocket,
    /// A message was larger than allowed.
    TooLarge,
    /// It sent more than it may.
    Excess(Excess),
    /// Nothing was heard for too long.
    Silent,
    /// It did not take what it was sent.
    Stuck,
    /// A newer connection of the same charger is here.
    Replaced,
    /// It may no longer be connected.
    ShutOut,
    /// The ledger failed it.
    Ledger,
    /// This program ends.
    Shutdown,
}

impl End {
    /// The word for the ledger, logs and metrics.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Gone => "closed",
            Self::BadSocket => "protocol_error",
            Self::TooLarge => "message_too_large",
            Self::Excess(Excess::Flood) => "flood",
            Self::Excess(Excess::Fragments) => "too_many_fragments",
            Self::Excess(Excess::SlowMessage) => "message_too_slow",
            Self::Excess(Excess::NoRoom) => "no_room_for_message",
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Replaced => "replaced",
            Self::ShutOut => "shut_out",
            Self::Ledger => "ledger_failed",
            Self::Shutdown => "shutdown",
        }
    }

    /// The close code to send, where there is somebody to send it to.
    pub(super) const fn close_code(self) -> Option<CloseCode> {
        match self {
            Self::Gone | Self::Stuck => None,
            Self::BadSocket => Some(CloseCode::Protocol),
            Self::TooLarge => Some(CloseCode::Size),
            Self::Silent | Self::Replaced => Some(CloseCode::Normal),
            Self::ShutOut | Self::Excess(_) => Some(CloseCode::Policy),
            Self::Ledger => Some(CloseCode::Error),
            Self::Shutdown => Some(CloseCode::Away),
        }
    }

    /// What an error of the socket means.
    pub(super) fn of(error: &SocketError) -> Self {
        match error {
            SocketError::ConnectionClosed | SocketError::AlreadyClosed => Self::Gone,
            SocketError::Io(error) => Excess::of(error).map_or(Self::Gone, Self::Excess),
            SocketError::Capacity(_) => Self::TooLarge,
            SocketError::Protocol(reason) => {
                if matches!(reason, ProtocolError::ResetWithoutClosingHandshake) {
                    Self::Gone
                } else {
                    Self::BadSocket
                }
            }
            SocketError::WriteBufferFull(_) => Self::Stuck,
            SocketError::Tls(_)
            | SocketError::Utf8(_)
            | SocketError::AttackAttempt
            | SocketError::Url(_)
            | SocketError::Http(_)
            | SocketError::HttpFormat(_) => Self::BadSocket,
        }
    }
}
