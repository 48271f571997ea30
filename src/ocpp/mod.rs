//! From OCPP frames to domain events and back, for every version. The only user of rust-ocpp. Pure.

use std::time::Duration;

use crate::domain::deviation::Deviation;
use crate::domain::event::Event;
use crate::domain::record::Answer;
use crate::domain::token::TokenKey;

/// The protocol version of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// OCPP 1.6J.
    V16,
}

/// What became of a frame.
#[derive(Debug)]
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
#[derive(Debug)]
pub enum Message {
    /// A request: handle the event, then answer with [`reply`].
    Call {
        /// How to address the answer.
        call: Call,
        /// What it says.
        event: Event,
    },
    /// A request that cannot be handled: this is the answer, a CallError or a refusal.
    Refused(Box<str>),
    /// An answer to a request of ours.
    Response {
        /// The id of our request.
        id: Box<str>,
        /// Whether it is a CallError, with its code.
        error: Option<Box<str>>,
        /// Its payload, as JSON text.
        payload: Box<str>,
    },
    /// Nothing can be answered.
    Silent,
}

/// A request as its answer needs it: the message id as sent, and the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The message id, verbatim JSON.
    pub id: Box<str>,
    /// The action.
    pub action: &'static str,
}

/// Reads a frame.
pub fn understand(_version: Version, _frame: &str, _key: &TokenKey) -> Understood {
    Understood { action: "Unreadable", text: Box::default(), deviations: Vec::new(), message: Message::Silent }
}

/// Writes the answer to a call; `None` is the action's ordinary empty or accepting answer.
pub fn reply(_version: Version, _call: &Call, _answer: Option<&Answer>, _default_interval: Duration) -> Box<str> {
    Box::default()
}
