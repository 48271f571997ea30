//! From text to meaning: strict JSON first, then one repair pass, then whatever can still be answered.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::dialect::{self, Route};
use super::notes::Notes;
use super::veil::{Hashes, veil};
use super::{Call, Message, Understood, Version};
use crate::domain::deviation::Rule;
use crate::domain::event::Event;
use crate::domain::token::TokenKey;
use crate::ocppj::mend::{Mended, mend};
use crate::ocppj::{self, ErrorCode, Frame, MessageId, NotJson, Reading};

/// The action of a frame that is none.
const UNREADABLE: &str = "Unreadable";

/// The action of a call whose action does not exist.
const UNKNOWN: &str = "Unknown";

/// Reads a frame that came over a connection of this version.
pub(super) fn understand(version: Version, text: &str, key: &TokenKey) -> Understood {
    let hashes = Hashes::new(key);
    let kept: Box<str> = match veil(text, &hashes) {
        Cow::Borrowed(text) => text.into(),
        Cow::Owned(text) => text.into(),
    };
    let mut notes = Notes::new(version, &hashes);
    let (action, message) = match ocppj::read(text) {
        Ok(reading) => interpret(&reading, &mut notes),
        Err(NotJson) => match mend(text) {
            Some(mended) => {
                remark(&mended, &mut notes);
                match ocppj::read(&mended.text) {
                    Ok(reading) => interpret(&reading, &mut notes),
                    Err(NotJson) => unreadable(text, &mut notes),
                }
            }
            None => unreadable(text, &mut notes),
        },
    };
    let kept = notes.without_secrets(hashes.sweep(kept));
    let deviations = notes.into_deviations();
    Understood { action, text: kept, deviations, message, tokens: hashes.into_clear() }
}

/// The action, and what the frame asks for.
type Meaning = (&'static str, Message);

fn remark(mended: &Mended, notes: &mut Notes<'_>) {
    if mended.repaired {
        notes.add(Rule::JsonRepaired, "");
    }
    if mended.dropped {
        notes.add(Rule::ControlCharacters, "");
    }
}

/// There is no JSON in it at all. What is blank is not worth an answer.
fn unreadable(text: &str, notes: &mut Notes<'_>) -> Meaning {
    notes.add(Rule::Unreadable, "");
    let message = if text.trim().is_empty() { Message::Silent } else { malformed(None, "not JSON") };
    (UNREADABLE, message)
}

fn malformed(id: Option<MessageId<'_>>, why: &str) -> Message {
    Message::Refused(ocppj::write_error(id.map_or(ocppj::NO_ID, MessageId::json), ErrorCode::FormationViolation, why))
}

/// What a frame means.
fn interpret(reading: &Reading<'_>, notes: &mut Notes<'_>) -> Meaning {
    if let Some(odd) = reading.odd {
        notes.add(Rule::Framing, odd);
    }
    if let Some(id) = id_of(&reading.frame).filter(|id| !id.conforms()) {
        notes.add(Rule::MessageId, id.json());
    }
    match &reading.frame {
        Frame::Call { id, action, payload } => match hear(action, payload, notes) {
            Some((route, event)) => {
                if route.is_send {
                    notes.add(Rule::Framing, "a call of what is to be sent without an answer");
                }
                let echo = route.echo.and_then(|echo| echo(payload)).map(Into::into);
                let names_token = names_token(&event);
                let call =
                    Call { id: id.json().into(), action: route.action, version: notes.version, names_token, echo };
                (route.action, Message::Call { call, event })
            }
            None => {
                let refusal = ocppj::write_error(id.json(), ErrorCode::NotImplemented, "unknown action");
                (UNKNOWN, Message::Refused(refusal))
            }
        },
        Frame::Send { action, payload, .. } => {
            if notes.version < Version::V21 {
                notes.add(Rule::OtherVersion, "a message type of OCPP 2.1");
            }
            match hear(action, payload, notes) {
                Some((route, event)) => {
                    if !route.is_send {
                        notes.add(Rule::Framing, "sent without an answer what is to be a call");
                    }
                    (route.action, Message::Statement(event))
                }
                None => (UNKNOWN, Message::Silent),
            }
        }
        Frame::CallResult { id, payload } => {
            let payload = Box::from(&*veil(payload, notes.key));
            ("CallResult", Message::Response { id: id.plain().into(), error: None, payload })
        }
        Frame::CallError { id, code, description, details } => {
            let payload = format!("{{\"description\":{},\"details\":{details}}}", ocppj::quoted(description));
            let payload = Box::from(&*veil(&payload, notes.key));
            let error = Some(Box::from(&**code));
            ("CallError", Message::Response { id: id.plain().into(), error, payload })
        }
        Frame::ResultError { .. } => {
            if notes.version < Version::V21 {
                notes.add(Rule::OtherVersion, "a message type of OCPP 2.1");
            }
            ("CallResultError", Message::Silent)
        }
        Frame::NoAction(id) => (UNREADABLE, malformed(*id, "no readable action")),
        Frame::Ignored => (UNREADABLE, Message::Silent),
        Frame::Bare(payload) => {
            if let Some(action) = dialect::of(notes.version).resembled(&top_keys(payload)) {
                notes.add(Rule::Unreadable, &format!("the payload of a {action} without its frame"));
            }
            (UNREADABLE, malformed(None, "not an array"))
        }
        Frame::Shapeless => (UNREADABLE, malformed(None, "no message type")),
    }
}

fn id_of<'a>(frame: &Frame<'a>) -> Option<MessageId<'a>> {
    match frame {
        Frame::Call { id, .. }
        | Frame::CallResult { id, .. }
        | Frame::CallError { id, .. }
        | Frame::ResultError { id, .. }
        | Frame::Send { id, .. } => Some(*id),
        Frame::NoAction(_) | Frame::Ignored | Frame::Bare(_) | Frame::Shapeless => None,
    }
}

/// Reads a payload by its action, in the version of the connection or, where that does not have it or does not fit,
/// in another: the version belongs to the connection, the shape to the frame. The notes end in the version it was.
fn hear(action: &str, payload: &str, notes: &mut Notes<'_>) -> Option<(&'static Route, Event)> {
    let own = dialect::of(notes.version);
    let Some((route, exact)) = own.route(action) else { return hear_foreign(action, payload, notes) };
    if !exact {
        notes.add(Rule::ActionCase, action);
    }
    let mark = notes.mark();
    let event = (route.read)(payload, notes);
    if notes.say_another_shape(mark)
        && let Some((version, other)) = better_shape(own.others(), route, payload)
    {
        notes.rewind(mark, version);
        notes.add(Rule::OtherVersion, &format!("in the form of {}", version.subprotocol()));
        return Some((other, (other.read)(payload, notes)));
    }
    Some((route, event))
}

/// An action that only another version has.
fn hear_foreign(action: &str, payload: &str, notes: &mut Notes<'_>) -> Option<(&'static Route, Event)> {
    let others = dialect::of(notes.version).others();
    let found = others.iter().find_map(|version| dialect::of(*version).route(action).map(|found| (*version, found)));
    let Some((version, (route, exact))) = found else {
        notes.add(Rule::UnknownAction, action);
        return None;
    };
    notes.add(Rule::OtherVersion, &format!("an action of {}", version.subprotocol()));
    if !exact {
        notes.add(Rule::ActionCase, action);
    }
    notes.version = version;
    Some((route, (route.read)(payload, notes)))
}

/// The same action in another version, where that has more of the payload's keys.
fn better_shape(others: &[Version], own: &Route, payload: &str) -> Option<(Version, &'static Route)> {
    let keys = top_keys(payload);
    let routes = others.iter().filter_map(|version| Some((*version, dialect::of(*version).route(own.action)?.0)));
    routes.filter(|(_, route)| route.shares(&keys) > own.shares(&keys)).max_by_key(|(_, route)| route.shares(&keys))
}

fn names_token(event: &Event) -> bool {
    match event {
        Event::TransactionEnded(stop) => stop.token.is_some(),
        Event::TransactionStarted(start) => start.token.is_some(),
        Event::TokenShown(token) => token.is_some(),
        Event::TransactionReported(report) => report.token.is_some(),
        Event::Booted(_)
        | Event::Heartbeat
        | Event::StatusReported(_)
        | Event::Metered(_)
        | Event::VendorData(_)
        | Event::Progress(_)
        | Event::Security(_)
        | Event::SigningRequested(_)
        | Event::Observed(_)
        | Event::DeviceDescribed(_)
        | Event::MonitorsDescribed(_)
        | Event::Noted => false,
    }
}

fn top_keys(payload: &str) -> Vec<String> {
    let object: BTreeMap<String, IgnoredAny> = serde_json::from_str(payload).unwrap_or_default();
    object.into_keys().collect()
}
