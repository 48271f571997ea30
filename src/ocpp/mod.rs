//! From OCPP frames to domain events and back, for every version. The only user of rust-ocpp. Pure.
//!
//! Tolerance is a mechanism, not a list of cases: `record` and `field` read every message leniently, field by field,
//! and note each deviation by its rule; a version (`v16`, `v201`, `v21`; what the last two share is in `v2`) only declares
//! its messages and says what they mean. What nobody keeps is held against a `shape` by the same readers.
//! Whatever a charger sends, [`understand`] ends in a [`Message`], and a call is answered as a call.

mod dialect;
mod field;
mod intake;
mod moment;
mod notes;
mod number;
mod record;
mod requests;
mod sampling;
mod shape;
mod units;
mod v16;
mod v2;
mod v201;
mod v21;
mod veil;
mod words;

use std::time::Duration;

use crate::domain::deviation::Deviation;
use crate::domain::event::Event;
use crate::domain::record::Answer;
use crate::domain::time::At;
use crate::domain::token::{TokenHash, TokenKey};
use crate::ocppj::{self, ErrorCode};

/// The protocol version of a connection, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// OCPP 1.6J.
    V16,
    /// OCPP 2.0.1.
    V201,
    /// OCPP 2.1.
    V21,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 3] = [Self::V16, Self::V201, Self::V21];

    /// Its WebSocket subprotocol.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::V16 => "ocpp1.6",
            Self::V201 => "ocpp2.0.1",
            Self::V21 => "ocpp2.1",
        }
    }

    /// Every action that a charger may ask for, in the specification's spelling.
    pub fn actions(self) -> impl Iterator<Item = &'static str> {
        dialect::of(self).routes().map(|route| route.action)
    }
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
    /// Id tokens in clear with their hashes; empty unless the key says that they are remembered.
    pub tokens: Vec<(TokenHash, Box<str>)>,
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
    /// A statement that nobody answers (the SEND of 2.1): handle the event.
    Statement(Event),
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

/// A request as its answer needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The message id as sent, verbatim JSON.
    pub id: Box<str>,
    /// The action.
    pub action: &'static str,
    /// The version that the request was in: some chargers ask in another than their connection's.
    pub version: Version,
    /// Whether it named an id token: a stop without one gets no token information back.
    pub names_token: bool,
    /// What the answer repeats of the request, as JSON.
    pub echo: Option<Box<str>>,
}

/// Reads a frame. Never fails: what cannot be read is refused, or kept and left alone.
pub fn understand(version: Version, frame: &str, key: &TokenKey) -> Understood {
    intake::understand(version, frame, key)
}

/// Reads a time of day with date with the same leniency as those in frames; says whether it named no zone and was read
/// as UTC.
pub fn read_time(text: &str) -> Option<(At, bool)> {
    moment::read(text).map(|moment| (moment.at, moment.zoneless))
}

/// Reads a time given as number since 1970, in seconds or finer units by its size.
pub fn read_epoch(text: &str) -> Option<At> {
    moment::read_epoch(text)
}

/// Writes the answer to a call; `None` is the action's ordinary empty or accepting answer.
///
/// Answers that need what only the machine knows (the time, a session id) cannot be made of nothing: without it a boot,
/// a heartbeat and a start get the error `InternalError`, upon which a charger tries again later.
pub fn reply(call: &Call, answer: Option<&Answer>, default_interval: Duration) -> Box<str> {
    let asked = dialect::Asked {
        answer,
        version: call.version,
        names_token: call.names_token,
        echo: call.echo.as_deref(),
        interval: default_interval,
    };
    let payload = dialect::of(call.version).route(call.action).and_then(|(route, _)| (route.answer)(&asked));
    match payload {
        Some(payload) => ocppj::write_result(&call.id, &payload),
        None => ocppj::write_error(&call.id, ErrorCode::InternalError, "no answer could be made"),
    }
}

/// What may be kept of a text that is no frame of a charger's, such as an answer that repeats what was asked.
pub fn without_persons(text: &str, key: &TokenKey) -> Box<str> {
    veil::veil(text, &veil::Hashes::new(key)).into()
}

/// A request of ours to a charger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The action.
    pub action: &'static str,
    /// The payload, as JSON text.
    pub payload: Box<str>,
}

/// Writes a request under an id.
pub fn request(id: &str, request: &Request) -> Box<str> {
    ocppj::write_call(id, request.action, &request.payload)
}

/// The request for the whole device model, where the version has one. `number` comes back with each part of it.
pub fn ask_device_model(version: Version, number: i32) -> Option<Request> {
    requests::device_model(version, number)
}

/// The request that hands a charger its certificate. `number` is that of its wish (2.1).
pub fn certificate_signed(version: Version, chain: &str, number: Option<i64>) -> Request {
    requests::certificate_signed(version, chain, number)
}

/// Whether an answer says Accepted; `None` where it says nothing of the kind.
pub fn is_accepted(payload: &str) -> Option<bool> {
    requests::is_accepted(payload)
}
