//! From OCPP frames to domain events and back, for every version. The only user of rust-ocpp. Pure.
//!
//! Tolerance is a mechanism, not a list of vendors: every field of every message is read by the readers of `fields`
//! (time, number, word, text), which accept what the rules of tolerance allow and note each deviation. A payload in
//! which they noted nothing is then measured against the typed model of the specification.

mod decimal;
mod fields;
mod privacy;
mod timestamp;
mod v16;

use std::time::Duration;

use crate::domain::deviation::{Deviation, Rule};
use crate::domain::event::Event;
use crate::domain::record::Answer;
use crate::domain::token::TokenKey;
use crate::ocppj::{self, ErrorCode, Frame};

/// The protocol version of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// OCPP 1.6J.
    V16,
}

impl Version {
    /// Its WebSocket subprotocol.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::V16 => "ocpp1.6",
        }
    }
}

/// What became of a frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Understood {
    /// The action's name in the specification's spelling, `CallResult`, `CallError`, or `Unreadable`. Bounded: an
    /// unknown action is `Unknown`.
    pub action: &'static str,
    /// The frame's text with id tokens replaced by their hashes: this is what may be kept.
    pub text: Box<str>,
    /// How it deviates.
    pub deviations: Vec<Deviation>,
    /// What to do with it.
    pub message: Message,
}

/// What a frame asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// A request: handle the event, then answer with [`reply`].
    Call {
        /// How to address the answer.
        call: Call,
        /// What it says.
        event: Event,
    },
    /// A request that cannot be handled: this is the answer, a CallError.
    Refused(Box<str>),
    /// An answer to a request of ours.
    Response {
        /// The id of our request, raw JSON.
        id: Box<str>,
        /// The code, when it is a CallError.
        error: Option<Box<str>>,
    },
}

/// A request as its answer needs it: the message id as sent, and the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The message id, raw JSON.
    pub id: Box<str>,
    /// The action.
    pub action: &'static str,
    /// Whether an id token came along (some answers then tell its status).
    pub with_token: bool,
}

/// Reads a frame.
pub fn understand(version: Version, text: &str, key: &TokenKey) -> Understood {
    let (frame, mut deviations) = ocppj::read(text);
    let (action, message) = match frame {
        Frame::Call { id, action, payload } => match version {
            Version::V16 => v16::read_call(id, &action, &payload, key, &mut deviations),
        },
        Frame::Result { id, .. } => ("CallResult", Message::Response { id: id.into(), error: None }),
        Frame::Error { id, code, .. } => ("CallError", Message::Response { id: id.into(), error: Some(code.into()) }),
        Frame::Unreadable { id, why } => {
            let answer = ocppj::error(id.as_deref(), ErrorCode::FormationViolation, why);
            ("Unreadable", Message::Refused(answer.into()))
        }
    };
    Understood { action, text: privacy::without_tokens(text, key), deviations, message }
}

/// Writes the answer to a call; `None` is the action's ordinary empty or accepting answer.
pub fn reply(version: Version, call: &Call, answer: Option<&Answer>) -> Box<str> {
    let payload = match version {
        Version::V16 => v16::write_answer(call, answer),
    };
    match payload {
        Ok(payload) => ocppj::result(&call.id, &payload).into(),
        // The types of an answer always serialise; a charger gets an answer even if one day they do not.
        Err(_) => ocppj::error(Some(&call.id), ErrorCode::InternalError, "no answer").into(),
    }
}

/// The interval of an answer, in whole seconds.
fn seconds(interval: Duration) -> u32 {
    u32::try_from(interval.as_secs()).unwrap_or(u32::MAX)
}

/// Notes what the typed model of the specification refuses, where no reader noted anything.
fn note_refusal(refused: Option<String>, deviations: &mut Vec<Deviation>) {
    if let Some(reason) = refused {
        deviations.push(Deviation::new(Rule::Schema, "", &reason));
    }
}

#[cfg(test)]
mod tests;
