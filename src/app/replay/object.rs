//! JSON objects, arrays of them, and rows of CSV: fields under any of the names that people give them. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::log::{self, Captured, Heading, Name, folded, names_charger};
use super::{scan, when};
use crate::ocpp::Version;

/// Keys of a time.
const TIME: [&str; 14] = [
    "receivedat",
    "received",
    "time",
    "timestamp",
    "ts",
    "datetime",
    "date",
    "at",
    "createdat",
    "loggedat",
    "logtime",
    "eventtime",
    "sentat",
    "when",
];

/// Keys of a frame, the surest first.
const FRAME: [&str; 18] = [
    "frame",
    "rawmessage",
    "rawframe",
    "raw",
    "ocppmessage",
    "ocppframe",
    "message",
    "msg",
    "payload",
    "text",
    "data",
    "body",
    "content",
    "log",
    "line",
    "event",
    "value",
    "ocpp",
];

/// Keys of which way a frame went.
const WAY: [&str; 6] = ["direction", "dir", "way", "flow", "origin", "sender"];

/// Keys of a protocol.
const PROTOCOL: [&str; 7] =
    ["protocol", "subprotocol", "protocolversion", "ocppversion", "ocppprotocol", "version", "ocpp"];

/// Keys of a list of records.
const LIST: [&str; 8] = ["items", "frames", "messages", "logs", "entries", "records", "data", "rows"];

/// How deep records may lie in records.
const DEEPEST: usize = 3;

/// A field: its name without case and marks, and its value as text.
struct Field<'a> {
    name: String,
    value: Cow<'a, str>,
}

/// The frames of a record of JSON or text.
pub(super) fn of_record(text: &str, offset_ms: i64) -> Vec<Captured> {
    of_nested(text, offset_ms, DEEPEST)
}

fn of_nested(text: &str, offset_ms: i64, deeper: usize) -> Vec<Captured> {
    let trimmed = text.trim().trim_start_matches(',').trim_start();
    if let Some(deeper) = deeper.checked_sub(1) {
        if trimmed.starts_with('{') {
            let object = &trimmed[..scan::split_frame(trimmed).0.len()];
            if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(object) {
                return of_object(&fields, offset_ms, deeper);
            }
        }
        if trimmed.starts_with('[')
            && scan::kind_at(trimmed).is_none()
            && let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(trimmed)
        {
            return list.iter().flat_map(|entry| of_nested(entry.get(), offset_ms, deeper)).collect();
        }
    }
    log::of_text(trimmed, offset_ms).into_iter().collect()
}

fn of_object(object: &BTreeMap<String, &RawValue>, offset_ms: i64, deeper: usize) -> Vec<Captured> {
    let fields: Vec<Field<'_>> = object
        .iter()
        .map(|(key, value)| Field { name: folded(key), value: plain(value.get()) })
        .filter(|field| !field.value.is_empty())
        .collect();
    let list = fields.iter().find(|field| {
        let opens = field.value.trim_start().strip_prefix('[').map(str::trim_start);
        LIST.contains(&field.name.as_str()) && opens.is_some_and(|inner| inner.starts_with('{'))
    });
    if let Some(list) = list {
        return of_nested(&list.value, offset_ms, deeper);
    }
    of_fields(&fields, offset_ms, deeper).into_iter().collect()
}

/// A value as text: a text without its quotes, anything else as it is written.
fn plain(json: &str) -> Cow<'_, str> {
    if json == "null" {
        return Cow::Borrowed("");
    }
    if json.starts_with('"') { serde_json::from_str(json).map_or(Cow::Borrowed(json), Cow::Owned) } else { json.into() }
}

/// The frame of a row of CSV.
pub(super) fn of_row(header: &[String], cells: &csv::StringRecord, offset_ms: i64) -> Option<Captured> {
    let fields: Vec<Field<'_>> = header
        .iter()
        .zip(cells)
        .map(|(name, cell)| Field { name: name.clone(), value: unguarded(cell).into() })
        .filter(|field| !field.value.is_empty())
        .collect();
    of_fields(&fields, offset_ms, 1)
}

/// A cell without the mark that keeps spreadsheets from reckoning with it.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(cell)
}

/// Whether the first line of a file is a header of CSV, and by what its cells are separated.
pub(super) fn header(line: &str) -> Option<(u8, Vec<String>)> {
    [b',', b';', b'\t'].into_iter().find_map(|mark| {
        let cells = row(line, mark)?;
        let names: Vec<String> = cells.iter().map(folded).collect();
        let has = |list: &[&str]| names.iter().any(|name| list.contains(&name.as_str()));
        let sound = names.len() > 1 && names.iter().all(|name| name.len() < 40);
        (sound && has(&FRAME) && scan::frame_start(line).is_none()).then_some((mark, names))
    })
}

/// The cells of a record of CSV.
pub(super) fn row(text: &str, mark: u8) -> Option<csv::StringRecord> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(mark).from_reader(text.as_bytes());
    let mut cells = csv::StringRecord::new();
    reader.read_record(&mut cells).ok().filter(|any| *any).map(|_| cells)
}

fn of_fields(fields: &[Field<'_>], offset_ms: i64, deeper: usize) -> Option<Captured> {
    let get = |names: &[&str]| {
        names.iter().find_map(|name| fields.iter().find(|field| field.name == *name)).map(|field| &*field.value)
    };
    let inner = FRAME.iter().find_map(|name| {
        let value = get(&[name])?;
        of_value(value, offset_ms, deeper)
    });
    let inner = inner.or_else(|| split(&get))?;
    let text = fields.iter().find(|field| names_charger(&field.name)).map(|field| &field.value);
    let named = text.and_then(|text| charger(text));
    let reply = get(&["reply"]).filter(|reply| scan::kind_at(reply).is_some()).map(str::to_owned);
    let ours = ["chargerid", "receivedat", "deviations", "text"].iter().all(|name| get(&[name]).is_some());
    Some(Captured {
        at: get(&TIME).and_then(|text| when::read(text, offset_ms)).or(inner.at),
        charger: named.or(inner.charger),
        heading: get(&WAY).and_then(heading).or(inner.heading),
        version: PROTOCOL.iter().find_map(|name| version(get(&[name])?)).or(inner.version),
        reply,
        ours,
        ..inner
    })
}

/// A frame within a value: the frame itself, a line with one, or a record of its own.
fn of_value(value: &str, offset_ms: i64, deeper: usize) -> Option<Captured> {
    let trimmed = value.trim();
    if scan::kind_at(trimmed).is_some() {
        return Some(Captured { frame: trimmed.to_owned(), ..Captured::default() });
    }
    of_nested(trimmed, offset_ms, deeper).into_iter().next()
}

/// A frame whose parts are fields of their own.
fn split<'f>(get: &impl Fn(&[&str]) -> Option<&'f str>) -> Option<Captured> {
    let id = get(&["messageid", "uniqueid", "msgid", "ocppmessageid", "correlationid"])?;
    let payload = get(&["payload", "message", "data", "body", "request", "response"])?;
    let payload = if payload.trim_start().starts_with('{') { payload } else { return None };
    let kind = get(&["messagetypeid", "messagetype", "type", "kind"]).map(folded).unwrap_or_default();
    let id = serde_json::Value::from(id);
    let frame = match (kind.as_str(), get(&["action", "method"])) {
        ("3" | "callresult" | "response" | "confirmation" | "conf", _) => format!("[3,{id},{payload}]"),
        (_, Some(action)) => format!("[2,{id},{},{payload}]", serde_json::Value::from(action)),
        (_, None) => return None,
    };
    Some(Captured { frame, ..Captured::default() })
}

/// A name, or the name in an object that tells of a charger.
fn charger(text: &str) -> Option<Name> {
    let text = text.trim();
    let inner = match text.starts_with('{') {
        true => {
            let object: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let id =
                object.iter().find(|(key, _)| ["id", "name"].contains(&key.as_str()) || names_charger(&folded(key)));
            plain(id?.1.get()).into_owned()
        }
        false => text.to_owned(),
    };
    (!inner.is_empty()).then_some(Name { text: inner, sure: true })
}

fn heading(word: &str) -> Option<Heading> {
    Some(match folded(word).as_str() {
        "in" | "incoming" | "inbound" | "receive" | "received" | "recv" | "rx" | "i" => Heading::Received,
        "out" | "outgoing" | "outbound" | "send" | "sent" | "tx" | "o" => Heading::Sent,
        "fromcharger" | "fromcp" | "fromstation" | "cptocs" | "cptocsms" | "chargertocsms" | "upstream" | "charger"
        | "chargepoint" | "chargingstation" | "station" | "cp" | "cs" | "fromchargepoint" => Heading::FromCharger,
        "tocharger" | "tocp" | "tostation" | "cstocp" | "csmstocp" | "csmstocharger" | "downstream" | "csms"
        | "server" | "central" | "centralsystem" | "backend" | "fromcsms" | "tochargepoint" => Heading::ToCharger,
        _ => return None,
    })
}

/// The version that a word names: `ocpp1.6`, `1.6J`, `OCPP201` …
pub(super) fn version(word: &str) -> Option<Version> {
    let folded = folded(word);
    let digits =
        folded.trim_start_matches("ocpp").trim_start_matches('v').trim_end_matches("json").trim_end_matches('j');
    match digits {
        "16" => Some(Version::V16),
        "20" | "201" => Some(Version::V201),
        "21" => Some(Version::V21),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::At;

    const CALL: &str = r#"[2,"19","Heartbeat",{}]"#;
    const TEXT: &str = r#"[2,\"19\",\"Heartbeat\",{}]"#;

    fn one(text: &str) -> Captured {
        let mut found = of_record(text, 0);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found.remove(0)
    }

    fn name(captured: &Captured) -> Option<&str> {
        captured.charger.as_ref().map(|name| name.text.as_str())
    }

    #[test]
    fn an_object_names_its_fields_in_any_common_way() {
        for text in [
            format!(r#"{{"time":"2026-04-26T14:35:02Z","charger":"CP-1","message":{CALL}}}"#),
            format!(r#"{{"ts":1777214102,"chargePointId":"CP-1","frame":"{TEXT}"}}"#),
            format!(r#"{{"@timestamp":"2026-04-26T14:35:02.000Z","station":{{"id":"CP-1"}},"raw":"{TEXT}"}}"#),
            format!(r#"{{"timestamp":"1777214102000","identity":"CP-1","payload":{CALL}}}"#),
            r#"{"Timestamp":"2026-04-26 14:35:02","cp_id":"CP-1","messageId":"19","action":"Heartbeat","payload":{}}"#
                .into(),
            format!(r#"{{"log":"2026-04-26T14:35:02Z CP-1 received {TEXT}\n","stream":"stdout"}}"#),
            format!(r#"{{"date":"2026-04-26T14:35:02Z","deviceId":"CP-1","data":{{"message":{CALL}}}}}"#),
        ] {
            let captured = one(&text);
            assert_eq!(captured.frame, CALL, "{text}");
            assert_eq!(name(&captured), Some("CP-1"), "{text}");
            assert_eq!(captured.at.map(At::to_rfc3339).as_deref(), Some("2026-04-26T14:35:02.000Z"), "{text}");
        }
    }

    #[test]
    fn direction_and_protocol_are_read_in_many_words() {
        let of = |way: &str, protocol: &str| {
            let captured = one(&format!(r#"{{"dir":"{way}","protocol":"{protocol}","frame":{CALL}}}"#));
            (captured.heading, captured.version)
        };
        assert_eq!(of("IN", "ocpp1.6"), (Some(Heading::Received), Some(Version::V16)));
        assert_eq!(of("csms", "OCPP2.0.1"), (Some(Heading::ToCharger), Some(Version::V201)));
        assert_eq!(of("from-charger", "2.1"), (Some(Heading::FromCharger), Some(Version::V21)));
        assert_eq!(of("sideways", "3.7"), (None, None));
    }

    #[test]
    fn our_own_export_is_recognised_and_brings_its_replies() {
        let text = format!(
            r#"{{"id":7,"charger_id":"CP-1","received_at":"2026-04-26T14:35:02.000Z","action":"Heartbeat","text":"{TEXT}","reply":"[3,\"19\",{{}}]","deviations":0}}"#
        );
        let captured = one(&text);
        assert!(captured.ours);
        assert_eq!((captured.frame.as_str(), captured.reply.as_deref()), (CALL, Some("[3,\"19\",{}]")));
        let page = format!(r#"{{"items":[{text},{text}],"next_cursor":null}}"#);
        assert_eq!(of_record(&page, 0).len(), 2);
        assert_eq!(of_record(&format!("[{text},{text},{text}]"), 0).len(), 3);
    }

    #[test]
    fn rows_of_csv_are_read_by_their_header() {
        let (mark, names) = header("id,charger_id,received_at,action,text,reply,deviations\n").unwrap();
        let line = r#"1,'-CP,2026-04-26T14:35:02.000Z,Heartbeat,"[2,""19"",""Heartbeat"",{}]","[3,""19"",{}]",0"#;
        let captured = of_row(&names, &row(line, mark).unwrap(), 0).unwrap();
        assert_eq!((captured.frame.as_str(), name(&captured), captured.ours), (CALL, Some("-CP"), true));
        assert_eq!(captured.at.map(At::to_rfc3339).as_deref(), Some("2026-04-26T14:35:02.000Z"));
        assert_eq!(header("Time;Charge Point;Direction;Message").unwrap().0, b';');
        for none in ["2026-01-01 INFO a, b", CALL, "{\"message\":1,\"a\":2}", "message"] {
            assert!(header(none).is_none(), "{none}");
        }
    }

    #[test]
    fn frames_may_stand_alone_or_in_an_array() {
        assert_eq!(one(CALL).frame, CALL);
        assert_eq!(of_record(&format!("[{CALL},{CALL}]"), 0).len(), 2);
        assert_eq!(of_record("{\"level\":\"info\",\"msg\":\"started\"}", 0), []);
        assert_eq!(of_record("", 0), []);
    }

    #[test]
    fn an_object_that_is_no_json_may_still_hold_a_frame() {
        let captured = one(&format!(r#"{{"charger":"CP-1", oops, "message":{CALL}"#));
        assert_eq!((captured.frame.as_str(), name(&captured)), (CALL, Some("CP-1")));
    }
}
