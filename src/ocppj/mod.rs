//! OCPP-J framing: calls, results and errors as JSON arrays, read from text and written to it. Pure.
//!
//! Strict JSON comes first ([`read`]); text that is no JSON goes through one repair pass ([`mend`]) and is read again.
//! What the payload says belongs to `ocpp`.

pub mod mend;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Longest message id that the specification allows, in characters.
pub const MESSAGE_ID_LIMIT: usize = 36;

/// Most lists and objects in an id that is one; it stands two levels deep in an answer, and most readers bear 128.
const DEEPEST_ID: usize = 64;

/// The id that a CallError carries when the frame's own cannot be read (OCPP-J 1.6 errata, section 4.2.3).
pub const NO_ID: &str = "\"-1\"";

/// The payload of a frame that has none.
const EMPTY: &str = "{}";

/// A message id: an opaque JSON value, kept as it was written and echoed exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageId<'a>(&'a str);

impl<'a> MessageId<'a> {
    /// The id as JSON text.
    pub const fn json(self) -> &'a str {
        self.0
    }

    /// The id as plain text: how we recognise our own request in an answer, even when a charger answers `"7"` with `7`.
    pub fn plain(self) -> Cow<'a, str> {
        decoded(self.0).unwrap_or(Cow::Borrowed(self.0))
    }

    /// Whether it is a text of the length that the specification allows.
    pub fn conforms(self) -> bool {
        decoded(self.0).is_some_and(|text| text.len() <= MESSAGE_ID_LIMIT || text.chars().count() <= MESSAGE_ID_LIMIT)
    }
}

/// A frame, as far as its outer array says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A request.
    Call {
        /// Its id.
        id: MessageId<'a>,
        /// The action, outer blanks removed, never empty.
        action: Cow<'a, str>,
        /// The payload as JSON text, whatever its type.
        payload: &'a str,
    },
    /// A positive answer to a request of ours.
    CallResult {
        /// The id of our request.
        id: MessageId<'a>,
        /// The payload as JSON text.
        payload: &'a str,
    },
    /// A negative answer to a request of ours.
    CallError {
        /// The id of our request.
        id: MessageId<'a>,
        /// The error code as sent.
        code: Cow<'a, str>,
        /// Description as sent.
        description: Cow<'a, str>,
        /// Details as JSON text.
        details: &'a str,
    },
    /// A statement without an answer (the SEND of OCPP 2.1).
    Send {
        /// Its id.
        id: MessageId<'a>,
        /// The action, outer blanks removed, never empty.
        action: Cow<'a, str>,
        /// The payload as JSON text, whatever its type.
        payload: &'a str,
    },
    /// The charger could not make use of an answer of ours (the CALLRESULTERROR of OCPP 2.1).
    ResultError {
        /// The id of its request.
        id: MessageId<'a>,
        /// The error code as sent.
        code: Cow<'a, str>,
        /// Description as sent.
        description: Cow<'a, str>,
        /// Details as JSON text.
        details: &'a str,
    },
    /// A call without a readable action.
    NoAction(Option<MessageId<'a>>),
    /// An answer without an id, or a message type that the protocol does not have: to be ignored.
    Ignored,
    /// An object where the array belongs: mostly a payload without its frame.
    Bare(&'a str),
    /// An array that is no frame at all.
    Shapeless,
}

/// A frame and what was odd about its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// In words, where the outer array has another shape than specified.
    pub odd: Option<&'static str>,
}

/// The text is no strict JSON, or neither an array nor an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// Reads a frame from strict JSON, all texts of which can be decoded.
pub fn read(text: &str) -> Result<Reading<'_>, NotJson> {
    if has_half_characters(text) {
        return Err(NotJson);
    }
    if text.trim_start().starts_with('{') {
        let payload: &RawValue = serde_json::from_str(text).map_err(|_| NotJson)?;
        return Ok(Reading { frame: Frame::Bare(payload.get()), odd: Some("an object instead of an array") });
    }
    serde_json::from_str(text).map(|elements| shape(&elements)).map_err(|_| NotJson)
}

/// Whether an escape stands for half of a character (a lone surrogate): sound by JSON's grammar, but no text.
fn has_half_characters(mut rest: &str) -> bool {
    let unit = |rest: &str| {
        let digits = rest.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    while let Some(at) = rest.find('\\') {
        rest = &rest[at..];
        let width = match unit(rest) {
            Some(0xd800..=0xdbff) if matches!(unit(&rest[6..]), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => return true,
            Some(_) => 6,
            None => 2,
        };
        // A backslash before a character of several bytes is no JSON, which the parse that follows will say.
        rest = rest.get(width..).unwrap_or_default();
    }
    false
}

/// The first five elements of the outer array as JSON text, and how many there are.
struct Elements<'a> {
    first: [Option<&'a str>; 5],
    count: usize,
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut elements = Elements { first: [None; 5], count: 0 };
                for slot in &mut elements.first {
                    let Some(value) = sequence.next_element::<&'de RawValue>()? else { return Ok(elements) };
                    *slot = Some(value.get());
                    elements.count += 1;
                }
                while sequence.next_element::<IgnoredAny>()?.is_some() {
                    elements.count += 1;
                }
                Ok(elements)
            }
        }
        deserializer.deserialize_seq(Collect)
    }
}

fn shape<'a>(elements: &Elements<'a>) -> Reading<'a> {
    let [kind, id, third, fourth, fifth] = elements.first;
    let Some(kind_text) = kind else { return Reading { frame: Frame::Shapeless, odd: Some("an empty array") } };
    let plain = matches!(kind_text, "2" | "3" | "4" | "5" | "6");
    let id = id.filter(|id| is_bearable(id)).map(MessageId);
    let kind = decoded(kind_text).unwrap_or(Cow::Borrowed(kind_text));
    let kind = if plain { kind_text } else { kind.trim().trim_end_matches(".0") };
    let (frame, expected) = match (kind, id) {
        ("2", Some(id)) => (call(id, third, fourth), 4),
        ("2", None) => (Frame::NoAction(None), 4),
        ("3", Some(id)) => (Frame::CallResult { id, payload: third.unwrap_or(EMPTY) }, 3),
        ("4", Some(id)) => {
            let (code, description, details) = (text(third), text(fourth), fifth.unwrap_or(EMPTY));
            (Frame::CallError { id, code, description, details }, 5)
        }
        ("5", Some(id)) => {
            let (code, description, details) = (text(third), text(fourth), fifth.unwrap_or(EMPTY));
            (Frame::ResultError { id, code, description, details }, 5)
        }
        ("6", Some(id)) => match action_of(third) {
            Some(action) => (Frame::Send { id, action, payload: fourth.unwrap_or(EMPTY) }, 4),
            None => (Frame::Ignored, elements.count),
        },
        (number, _) if number.parse::<u8>().is_ok() => (Frame::Ignored, elements.count),
        _ => (Frame::Shapeless, elements.count),
    };
    let odd = match frame {
        Frame::Shapeless => Some("no message type"),
        Frame::Ignored => Some("a message type that the protocol does not have, or an answer without an id"),
        Frame::NoAction(_) => Some("no readable action"),
        Frame::Call { .. }
        | Frame::CallResult { .. }
        | Frame::CallError { .. }
        | Frame::ResultError { .. }
        | Frame::Send { .. }
        | Frame::Bare(_) => match elements.count.cmp(&expected) {
            std::cmp::Ordering::Less => Some("elements are missing"),
            std::cmp::Ordering::Greater => Some("more elements than specified"),
            std::cmp::Ordering::Equal if !plain => Some("the message type is not a plain number"),
            std::cmp::Ordering::Equal => None,
        },
    };
    Reading { frame, odd }
}

/// Whether an id can be echoed: one of lists within lists would make an answer that no reader of JSON takes.
fn is_bearable(id: &str) -> bool {
    !id.starts_with(['[', '{']) || id.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() <= DEEPEST_ID
}

fn call<'a>(id: MessageId<'a>, action: Option<&'a str>, payload: Option<&'a str>) -> Frame<'a> {
    match action_of(action) {
        Some(action) => Frame::Call { id, action, payload: payload.unwrap_or(EMPTY) },
        None => Frame::NoAction(Some(id)),
    }
}

/// An action without its outer blanks, if there is one.
fn action_of(json: Option<&str>) -> Option<Cow<'_, str>> {
    let trimmed = match json.and_then(decoded)? {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Some(trimmed).filter(|action| !action.is_empty())
}

fn text(json: Option<&str>) -> Cow<'_, str> {
    json.and_then(decoded).unwrap_or_default()
}

/// The text of a JSON string literal; `None` when the value is no readable string.
pub fn decoded(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str::<String>(json).ok().map(Cow::Owned) } else { Some(inner.into()) }
}

/// The error codes of OCPP-J 1.6, section 4.2.3, in its spelling (one of them with a letter too few).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The action is not known.
    NotImplemented,
    /// The action is known but not supported.
    NotSupported,
    /// The request was well formed, but we could not handle it.
    InternalError,
    /// The payload is incomplete.
    ProtocolError,
    /// A security issue.
    SecurityError,
    /// The payload or frame is not well formed.
    FormationViolation,
    /// A field has an impossible value.
    PropertyConstraintViolation,
    /// A field occurs too often or too seldom.
    OccurrenceConstraintViolation,
    /// A field has the wrong type.
    TypeConstraintViolation,
    /// Anything else.
    GenericError,
}

impl ErrorCode {
    /// The code in the specification's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotImplemented => "NotImplemented",
            Self::NotSupported => "NotSupported",
            Self::InternalError => "InternalError",
            Self::ProtocolError => "ProtocolError",
            Self::SecurityError => "SecurityError",
            Self::FormationViolation => "FormationViolation",
            Self::PropertyConstraintViolation => "PropertyConstraintViolation",
            Self::OccurrenceConstraintViolation => "OccurenceConstraintViolation",
            Self::TypeConstraintViolation => "TypeConstraintViolation",
            Self::GenericError => "GenericError",
        }
    }
}

/// Writes a request of ours. `id` is plain text; `payload` is JSON text.
pub fn write_call(id: &str, action: &str, payload: &str) -> Box<str> {
    format!("[2,{},{},{payload}]", quoted(id), quoted(action)).into()
}

/// Writes an answer. `id` is JSON text as the request had it; `payload` is JSON text.
pub fn write_result(id: &str, payload: &str) -> Box<str> {
    format!("[3,{id},{payload}]").into()
}

/// Writes an error answer with empty details. `id` is JSON text as the request had it.
pub fn write_error(id: &str, code: ErrorCode, description: &str) -> Box<str> {
    format!("[4,{id},\"{}\",{},{{}}]", code.as_str(), quoted(description)).into()
}

/// A text as JSON string literal.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
