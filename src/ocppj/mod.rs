//! OCPP-J framing: calls, results and errors as JSON arrays, read leniently and written strictly. Pure.

mod repair;

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::deviation::{Deviation, Rule};

/// Longest message id that the specification allows, in characters.
const LONGEST_ID: usize = 36;

/// A frame, as far as it could be read. Texts are verbatim JSON where they are said to be raw.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// `[2, id, action, payload]`
    Call {
        /// Message id, raw.
        id: String,
        /// Action as sent.
        action: String,
        /// Payload, raw.
        payload: String,
    },
    /// `[3, id, payload]`
    Result {
        /// Message id, raw.
        id: String,
        /// Payload, raw.
        payload: String,
    },
    /// `[4, id, code, description, details]`
    Error {
        /// Message id, raw.
        id: String,
        /// Error code.
        code: String,
        /// Description.
        description: String,
    },
    /// Nothing that can be handled; the id is raw, where one was found.
    Unreadable {
        /// Message id, raw, if one was found.
        id: Option<String>,
        /// What is wrong, in a few words.
        why: &'static str,
    },
}

/// Codes of CallErrors, in the spelling of OCPP 1.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The frame is not what the protocol says.
    FormationViolation,
    /// The action does not exist.
    NotImplemented,
    /// Something went wrong on our side.
    InternalError,
}

impl ErrorCode {
    /// The word that is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FormationViolation => "FormationViolation",
            Self::NotImplemented => "NotImplemented",
            Self::InternalError => "InternalError",
        }
    }
}

/// Reads a frame: strictly, else after one repair pass, else what can be scraped together.
pub fn read(text: &str) -> (Frame, Vec<Deviation>) {
    let mut deviations = Vec::new();
    if let Ok(elements) = elements(text.trim_ascii()) {
        let frame = frame(&elements, &mut deviations);
        return (frame, deviations);
    }
    let repaired = repair::repair(text);
    if repaired.had_control_characters {
        deviations.push(Deviation::new(Rule::ControlCharacters, "", ""));
    }
    if repaired.was_broken {
        deviations.push(Deviation::new(Rule::JsonRepaired, "", ""));
    }
    match elements(&repaired.text) {
        Ok(elements) => {
            let frame = frame(&elements, &mut deviations);
            (frame, deviations)
        }
        Err(_) => {
            let why = if repaired.text.starts_with('{') { "a bare payload without a frame" } else { "not JSON" };
            deviations.push(Deviation::new(Rule::Unreadable, "", why));
            (Frame::Unreadable { id: None, why }, deviations)
        }
    }
}

/// Writes a call.
pub fn call(id: &str, action: &str, payload: &str) -> String {
    format!("[2,{id},\"{action}\",{payload}]")
}

/// Writes a result; `id` is raw, `payload` is JSON.
pub fn result(id: &str, payload: &str) -> String {
    format!("[3,{id},{payload}]")
}

/// Writes an error; `id` is raw. Without an id it is `"-1"`.
pub fn error(id: Option<&str>, code: ErrorCode, description: &'static str) -> String {
    format!("[4,{},\"{}\",\"{description}\",{{}}]", id.unwrap_or("\"-1\""), code.as_str())
}

/// The elements of the outer array, raw: the first five, and whether there are more.
struct Elements<'a> {
    list: Vec<&'a str>,
    more: bool,
}

fn elements(text: &str) -> Result<Elements<'_>, serde_json::Error> {
    struct Outer;
    impl<'de> Visitor<'de> for Outer {
        type Value = Elements<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an OCPP-J frame, which is an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::with_capacity(5);
            while list.len() < 5 {
                match seq.next_element::<&'de RawValue>()? {
                    Some(element) => list.push(element.get()),
                    None => return Ok(Elements { list, more: false }),
                }
            }
            let mut more = false;
            while seq.next_element::<IgnoredAny>()?.is_some() {
                more = true;
            }
            Ok(Elements { list, more })
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let elements = reader.deserialize_seq(Outer)?;
    reader.end()?;
    Ok(elements)
}

fn frame(elements: &Elements<'_>, deviations: &mut Vec<Deviation>) -> Frame {
    let raw = |index: usize| elements.list.get(index).copied();
    let Some(id) = raw(1) else {
        deviations.push(Deviation::new(Rule::Framing, "", "fewer than two elements"));
        return Frame::Unreadable { id: None, why: "no message id" };
    };
    let odd_id = !id.starts_with('"') || id.chars().count() > LONGEST_ID + 2;
    if odd_id {
        deviations.push(Deviation::new(Rule::MessageId, "", id));
    }
    let kind = raw(0).unwrap_or_default();
    let number = kind.trim_matches('"').trim();
    if kind != number {
        deviations.push(Deviation::new(Rule::Framing, "", kind));
    }
    let expected = match number {
        "2" => 4,
        "3" => 3,
        "4" => 5,
        _ => {
            deviations.push(Deviation::new(Rule::Framing, "", kind));
            return Frame::Unreadable { id: Some(id.to_owned()), why: "an unknown message type" };
        }
    };
    if elements.list.len() != expected || elements.more {
        deviations.push(Deviation::new(Rule::Framing, "", "another number of elements"));
    }
    let id = id.to_owned();
    let payload = |index: usize| raw(index).filter(|raw| *raw != "null").unwrap_or("{}").to_owned();
    match number {
        "2" => match raw(2).and_then(text_of) {
            Some(action) => Frame::Call { id, action: action.into_owned(), payload: payload(3) },
            None => {
                deviations.push(Deviation::new(Rule::Framing, "", "no action"));
                Frame::Unreadable { id: Some(id), why: "no action" }
            }
        },
        "3" => Frame::Result { id, payload: payload(2) },
        _ => {
            let text = |index: usize| raw(index).and_then(text_of).unwrap_or_default().into_owned();
            Frame::Error { id, code: text(2), description: text(3) }
        }
    }
}

/// The text of a raw JSON string.
pub fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(raw).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

#[cfg(test)]
mod tests;
