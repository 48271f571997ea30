//! From text to meaning: strict JSON first, then one repair pass, then whatever can still be answered.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::notes::Notes;
use super::veil::veil;
use super::{Call, Message, Understood, v16};
use crate::domain::deviation::Rule;
use crate::domain::event::Event;
use crate::domain::token::TokenKey;
use crate::ocppj::mend::{Mended, mend};
use crate::ocppj::{self, ErrorCode, Frame, MessageId, NotJson, Reading};

/// The action of a frame that is none.
const UNREADABLE: &str = "Unreadable";

/// Reads a frame of OCPP 1.6J.
pub(super) fn understand(text: &str, key: &TokenKey) -> Understood {
    let kept: Box<str> = match veil(text, key) {
        Cow::Borrowed(text) => text.into(),
        Cow::Owned(text) => text.into(),
    };
    let (action, notes, message) = match ocppj::read(text) {
        Ok(reading) => interpret(&reading, Notes::new(key)),
        Err(NotJson) => match mend(text) {
            Some(mended) => ocppj::read(&mended.text)
                .map_or_else(|NotJson| unreadable(text, key), |reading| interpret(&reading, remarks(&mended, key))),
            None => unreadable(text, key),
        },
    };
    Understood { action, text: kept, deviations: notes.into_deviations(), message }
}

type Meaning<'k> = (&'static str, Notes<'k>, Message);

fn remarks<'k>(mended: &Mended, key: &'k TokenKey) -> Notes<'k> {
    let mut notes = Notes::new(key);
    if mended.repaired {
        notes.add(Rule::JsonRepaired, "");
    }
    if mended.dropped {
        notes.add(Rule::ControlCharacters, "");
    }
    notes
}

/// There is no JSON in it at all. What is blank is not worth an answer.
fn unreadable<'k>(text: &str, key: &'k TokenKey) -> Meaning<'k> {
    let mut notes = Notes::new(key);
    notes.add(Rule::Unreadable, "");
    let message = if text.trim().is_empty() { Message::Silent } else { malformed(None, "not JSON") };
    (UNREADABLE, notes, message)
}

fn malformed(id: Option<MessageId<'_>>, why: &str) -> Message {
    Message::Refused(ocppj::write_error(id.map_or(ocppj::NO_ID, MessageId::json), ErrorCode::FormationViolation, why))
}

/// What a frame means.
fn interpret<'k>(reading: &Reading<'_>, mut notes: Notes<'k>) -> Meaning<'k> {
    if let Some(odd) = reading.odd {
        notes.add(Rule::Framing, odd);
    }
    if let Frame::Call { id, .. } | Frame::CallResult { id, .. } | Frame::CallError { id, .. } = &reading.frame
        && !id.conforms()
    {
        notes.add(Rule::MessageId, id.json());
    }
    match &reading.frame {
        Frame::Call { id, action, payload } => {
            let Some((route, exact)) = v16::route(action) else {
                notes.add(Rule::UnknownAction, action);
                let refusal = ocppj::write_error(id.json(), ErrorCode::NotImplemented, "unknown action");
                return ("Unknown", notes, Message::Refused(refusal));
            };
            if !exact {
                notes.add(Rule::ActionCase, action);
            }
            let event = (route.read)(payload, &mut notes);
            measure(route, payload, &mut notes);
            let call = Call { id: id.json().into(), action: route.action, names_token: names_token(&event) };
            (route.action, notes, Message::Call { call, event })
        }
        Frame::CallResult { id, payload } => {
            let payload = Box::from(&*veil(payload, notes.key));
            ("CallResult", notes, Message::Response { id: id.plain().into(), error: None, payload })
        }
        Frame::CallError { id, code, description, details } => {
            let payload = format!("{{\"description\":{},\"details\":{details}}}", ocppj::quoted(description));
            let payload = Box::from(&*veil(&payload, notes.key));
            let error = Some(Box::from(&**code));
            ("CallError", notes, Message::Response { id: id.plain().into(), error, payload })
        }
        Frame::NoAction(id) => (UNREADABLE, notes, malformed(*id, "no readable action")),
        Frame::Ignored => (UNREADABLE, notes, Message::Silent),
        Frame::Bare(payload) => {
            if let Some(action) = resemblance(payload) {
                notes.add(Rule::Unreadable, &format!("the payload of a {action} without its frame"));
            }
            (UNREADABLE, notes, malformed(None, "not an array"))
        }
        Frame::Shapeless => (UNREADABLE, notes, malformed(None, "no message type")),
    }
}

/// Holds a payload that seems sound against the strict types.
fn measure(route: &v16::Route, payload: &str, notes: &mut Notes<'_>) {
    if notes.is_clean()
        && let Some(refusal) = route.refusal
        && let Some(why) = refusal(payload)
    {
        notes.add(Rule::Schema, &why);
    }
}

fn names_token(event: &Event) -> bool {
    match event {
        Event::TransactionEnded(stop) => stop.token.is_some(),
        Event::TransactionStarted(start) => start.token.is_some(),
        Event::TokenShown(token) => token.is_some(),
        Event::Booted(_)
        | Event::Heartbeat
        | Event::StatusReported(_)
        | Event::Metered(_)
        | Event::VendorData(_)
        | Event::Progress(_)
        | Event::Security(_)
        | Event::Noted => false,
    }
}

fn resemblance(payload: &str) -> Option<&'static str> {
    let object: BTreeMap<String, IgnoredAny> = serde_json::from_str(payload).ok()?;
    v16::resembled(&object.into_keys().collect::<Vec<_>>())
}
