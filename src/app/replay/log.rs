//! From a record of a log to frames: when, of which charger, which way, in which protocol. Pure.
//!
//! JSON objects, arrays and rows of CSV are in `object`; here are lines of text, in which a frame stands somewhere
//! behind a time and a name, as every central system writes them in its own way.

use super::scan;
use super::when;
use crate::domain::time::At;
use crate::ocpp::Version;

/// A frame as a log has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Captured {
    /// When, where it is said.
    pub(super) at: Option<At>,
    /// Of which charger, where it is said.
    pub(super) charger: Option<Name>,
    /// Which way, where it is said.
    pub(super) heading: Option<Heading>,
    /// In which version, where it is said.
    pub(super) version: Option<Version>,
    /// The frame.
    pub(super) frame: String,
    /// What was answered, where that stands beside it.
    pub(super) reply: Option<String>,
    /// It was exported by chargewatch: tokens in it are hashes.
    pub(super) ours: bool,
}

/// A charger's name in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The name.
    pub(super) text: String,
    /// Whether the log says that it is one; else it is the word that stands where names do.
    pub(super) sure: bool,
}

/// Which way a frame went, as the log says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// From the charger.
    FromCharger,
    /// To the charger.
    ToCharger,
    /// Received by whoever wrote the log.
    Received,
    /// Sent by whoever wrote the log.
    Sent,
}

/// Keys that name a charger, without case and marks.
const CHARGER: [&str; 24] = [
    "chargerid",
    "charger",
    "chargepointid",
    "chargepoint",
    "chargepointidentity",
    "chargeboxid",
    "chargebox",
    "chargeboxidentity",
    "chargingstationid",
    "chargingstation",
    "stationid",
    "station",
    "identity",
    "identifier",
    "ocppid",
    "ocppidentity",
    "cpid",
    "cp",
    "csid",
    "clientid",
    "client",
    "deviceid",
    "device",
    "evsename",
];

const RECEIVED: [&str; 14] = [
    "receive",
    "received",
    "receives",
    "receiving",
    "recv",
    "recvd",
    "rx",
    "in",
    "incoming",
    "inbound",
    "<-",
    "<<",
    "<--",
    "←",
];
const SENT: [&str; 13] =
    ["send", "sends", "sending", "sent", "tx", "out", "outgoing", "outbound", "->", ">>", "-->", "→", "=>"];

/// Words that may stand between a name and its frame.
const FILLERS: [&str; 32] = [
    "message",
    "messages",
    "msg",
    "json",
    "frame",
    "frames",
    "raw",
    "payload",
    "request",
    "response",
    "call",
    "callresult",
    "callerror",
    "result",
    "data",
    "ws",
    "websocket",
    "text",
    "ocpp",
    "ocppj",
    "ocpp1.6",
    "ocpp2.0.1",
    "ocpp2.1",
    "-",
    "|",
    "a",
    "the",
    "new",
    "is",
    "was",
    "on",
    "<=",
];

/// Words for the central system.
const CENTRAL: [&str; 9] =
    ["csms", "server", "central", "centralsystem", "backend", "system", "cs", "upstream", "cpms"];

/// Words of logs that are no names.
const NO_NAMES: [&str; 22] = [
    "info",
    "debug",
    "trace",
    "warn",
    "warning",
    "error",
    "err",
    "notice",
    "verbose",
    "critical",
    "fatal",
    "root",
    "main",
    "log",
    "mainthread",
    "am",
    "pm",
    "utc",
    "gmt",
    "at",
    "ocpp",
    "websocket",
];

/// The key without case and marks.
pub(super) fn folded(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a key names a charger.
pub(super) fn names_charger(folded: &str) -> bool {
    CHARGER.contains(&folded)
}

/// The frame of a line of text, if there is one.
pub(super) fn of_text(text: &str, offset_ms: i64) -> Option<Captured> {
    let start = scan::frame_start(text)?;
    let (before, rest) = text.split_at(start);
    let frame = unescaped(rest).unwrap_or_else(|| scan::split_frame(rest).0.trim_end().to_owned());
    let (name, heading) = tail(before);
    Some(Captured {
        at: when::find(before, offset_ms),
        charger: keyed(before).or_else(|| in_address(before)).or(name),
        heading,
        version: None,
        frame,
        reply: None,
        ours: false,
    })
}

/// A frame within a text within quotes has its own quotes escaped.
fn unescaped(rest: &str) -> Option<String> {
    let after = rest.get(1..)?.split_once(',')?.1.trim_start();
    if !after.starts_with("\\\"") {
        return None;
    }
    let end = rest.rfind(']')? + 1;
    serde_json::from_str(&format!("\"{}\"", &rest[..end])).ok()
}

/// A name behind its key: `chargeBoxId=X`, `cp_id: "X"`.
fn keyed(before: &str) -> Option<Name> {
    before.match_indices(['=', ':']).find_map(|(at, _)| {
        let head = before[..at].trim_end().trim_end_matches(['"', '\'']);
        let key = head.rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).next()?;
        if key.is_empty() || !names_charger(&folded(key)) {
            return None;
        }
        let value = before[at + 1..].trim_start().trim_start_matches(['"', '\'', '[']);
        let end = value.find(|c: char| c.is_whitespace() || ",;]})\"'|".contains(c)).unwrap_or(value.len());
        let value = value[..end].trim_end_matches(':');
        (!value.is_empty()).then(|| Name { text: value.to_owned(), sure: true })
    })
}

/// A name at the end of an address: `ws://host/ocpp/X`.
fn in_address(before: &str) -> Option<Name> {
    let (_, rest) = before.split_once("://")?;
    let end = rest.find(|c: char| c.is_whitespace() || ",;]})\"'".contains(c)).unwrap_or(rest.len());
    let (_, path) = rest[..end].split_once('/')?;
    let name = path.split('?').next()?.trim_end_matches([':', '/']).rsplit('/').next()?;
    (!name.is_empty()).then(|| Name { text: name.to_owned(), sure: true })
}

/// The name and the way that the words just before a frame tell.
fn tail(before: &str) -> (Option<Name>, Option<Heading>) {
    let words: Vec<&str> = before.split_whitespace().rev().take(10).collect();
    let plain: Vec<String> = words.iter().map(|word| bare(word).to_lowercase()).collect();
    let is = |index: usize, list: &[&str]| plain.get(index).is_some_and(|word| list.contains(&word.as_str()));
    let skipped = |index: usize| {
        let peer = ["from", "to", "by", "charger", "station", "charge", "point", "client"];
        plain[index].is_empty()
            || is(index, &RECEIVED)
            || is(index, &SENT)
            || is(index, &FILLERS)
            || is(index, &CENTRAL)
            || is(index, &peer)
    };
    let place = (0..words.len()).find(|index| !skipped(*index));
    let name = place.and_then(|index| {
        let colon = words[index].ends_with(':') || words[index].ends_with("]:");
        let told = plain.get(index + 1).is_some_and(|word| ["from", "to"].contains(&word.as_str()));
        name_in(words[index], colon || told)
    });
    let place = place.filter(|_| name.is_some());
    (name, between(&words, &plain, place).or_else(|| verb(&plain, place)))
}

/// The way by who stands at which end: `X -> CSMS`, `from X`, `to X`.
fn between(words: &[&str], plain: &[String], name: Option<usize>) -> Option<Heading> {
    let name = name?;
    match plain.get(name + 1).map(String::as_str) {
        Some("from") => return Some(Heading::FromCharger),
        Some("to") => return Some(Heading::ToCharger),
        _ => {}
    }
    let central = plain.iter().position(|word| CENTRAL.contains(&word.as_str()))?;
    let (near, far) = (name.min(central), name.max(central));
    let arrow = words.get(near + 1..far)?.iter().find(|word| word.contains(['<', '>', '→', '←']) || **word == "to")?;
    let right = arrow.contains(['>', '→']) || **arrow == *"to";
    // The far one stands left of the near one.
    let from_charger = right == (name == far);
    Some(if from_charger { Heading::FromCharger } else { Heading::ToCharger })
}

/// The way by the verb that is nearest to the frame.
fn verb(plain: &[String], name: Option<usize>) -> Option<Heading> {
    plain.iter().take(name.map_or(6, |name| name + 5)).find_map(|word| {
        let word = word.as_str();
        let received = RECEIVED.contains(&word).then_some(Heading::Received);
        received.or_else(|| SENT.contains(&word).then_some(Heading::Sent))
    })
}

/// A word without the marks around it; an arrow stays.
fn bare(word: &str) -> &str {
    let inner = word.trim_matches(|c: char| ":,;[](){}\"'|".contains(c));
    if inner.chars().all(|c| "<>-=→←".contains(c)) { inner } else { inner.trim_matches(['<', '>', '-']) }
}

/// The name in a word such as `INFO:ocpp:CP_1:` or `[CP-1]`, unless it is a word that is none.
fn name_in(word: &str, sure: bool) -> Option<Name> {
    let name = bare(word);
    // A name of the form aa:bb:cc:dd:ee:ff is an address of hardware, and a name as a whole.
    let name = if name.split(':').count() == 6 { name } else { name.rsplit(':').next()? };
    let lower = name.to_lowercase();
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let dots = name.matches('.').count();
    let time = !name.chars().any(char::is_alphabetic) && name.contains([':', '.', ',', '-', '/', '+']);
    let dated = when::find(name, 0).is_some();
    let none = name.is_empty() || time || dated || dots >= 2 || NO_NAMES.contains(&lower.as_str());
    if none || (digits && !sure) || name.contains('=') {
        return None;
    }
    Some(Name { text: name.to_owned(), sure })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = r#"[2,"19","Heartbeat",{}]"#;

    fn read(line: &str) -> Captured {
        of_text(line, 0).unwrap()
    }

    /// Reads a line that ends in a frame; checks name, certainty and heading, and that frame and time are found.
    fn check(before: &str, name: &str, sure: bool, heading: Option<Heading>) {
        let found = read(&format!("{before}{CALL}"));
        let named = Some(Name { text: name.to_owned(), sure });
        assert_eq!((found.frame.as_str(), found.charger, found.heading), (CALL, named, heading), "{before}");
        if before.contains("2026") {
            let at = found.at.map(At::to_rfc3339);
            assert_eq!(at.as_deref().map(|at| &at[..19]), Some("2026-04-26T14:35:02"), "{before}");
        }
    }

    #[test]
    fn a_line_of_steve_names_the_charge_box_in_brackets() {
        let head = "[INFO ] 2026-04-26 14:35:02,123 org.example.ws.Logger (worker-30) - ";
        check(&format!("{head}[chargeBoxId=BOX 7"), "BOX", true, None);
        check(&format!("{head}[chargeBoxId=BOX7, sessionId=ab-12] Received: "), "BOX7", true, Some(Heading::Received));
        check(&format!("{head}[chargeBoxId=BOX7, sessionId=ab-12] Sending: "), "BOX7", true, Some(Heading::Sent));
    }

    #[test]
    fn a_line_of_python_and_of_home_assistant_has_the_name_before_the_verb() {
        check("INFO:ocpp:CP_1: receive message ", "CP_1", true, Some(Heading::Received));
        check("INFO:ocpp:CP_1: send ", "CP_1", true, Some(Heading::Sent));
        check(
            "2026-04-26 14:35:02 INFO (MainThread) [ocpp] Garage: receive message ",
            "Garage",
            true,
            Some(Heading::Received),
        );
        check("2026-04-26 14:35:02,123 INFO ocpp CP-1 receive message ", "CP-1", false, Some(Heading::Received));
    }

    #[test]
    fn a_line_of_evcc_has_the_name_behind_the_verb() {
        check("[ocpp ] TRACE 2026/04/26 14:35:02 recv SN1005: ", "SN1005", true, Some(Heading::Received));
        check("[ocpp ] TRACE 2026/04/26 14:35:02 send 240: ", "240", true, Some(Heading::Sent));
        let head = "[ocpp ] TRACE 2026/04/26 14:35:02 ";
        check(&format!("{head}received JSON message from Yard: "), "Yard", true, Some(Heading::FromCharger));
        check(&format!("{head}sent JSON message to Yard: "), "Yard", true, Some(Heading::ToCharger));
    }

    #[test]
    fn other_lines_are_read_by_what_stands_where() {
        check("2026-04-26T14:35:02Z CP-1 ", "CP-1", false, None);
        check("2026-04-26T14:35:02Z [CP-1] << ", "CP-1", false, Some(Heading::Received));
        check("2026-04-26T14:35:02Z CP-1 -> CSMS: ", "CP-1", false, Some(Heading::FromCharger));
        check("2026-04-26T14:35:02Z CSMS -> CP-1: ", "CP-1", true, Some(Heading::ToCharger));
        check("2026-04-26T14:35:02Z CP-1 <- CSMS ", "CP-1", false, Some(Heading::ToCharger));
        check("time=2026-04-26T14:35:02Z cp_id=\"CP 1\" dir=in frame=", "CP", true, None);
        check("2026-04-26 14:35:02 ws://host:9000/ocpp/CP-1 received ", "CP-1", true, Some(Heading::Received));
        check("2026-04-26 14:35:02 aa:bb:cc:dd:ee:ff: ", "aa:bb:cc:dd:ee:ff", true, None);
    }

    #[test]
    fn a_word_that_is_no_name_is_not_taken_for_one() {
        for before in ["", "Received: ", "2026-04-26 14:35:02 INFO ", "12:00:00 ", "DEBUG 10.0.0.7 recv ", "17 "] {
            assert_eq!(read(&format!("{before}{CALL}")).charger, None, "{before}");
        }
    }

    #[test]
    fn a_frame_in_a_text_in_quotes_is_freed_of_its_escapes() {
        let line = r#"2026-04-26T14:35:02Z CP-1 msg="[2,\"19\",\"Heartbeat\",{\"a\":\"b \\\"c\\\"\"}]" ok"#;
        assert_eq!(read(line).frame, r#"[2,"19","Heartbeat",{"a":"b \"c\""}]"#);
    }

    #[test]
    fn what_stands_behind_a_frame_is_left_out_and_a_line_without_one_has_none() {
        assert_eq!(read(&format!("{CALL} took 5 ms [3]")).frame, CALL);
        assert_eq!(of_text("2026-04-26 14:35:02 connected [ok]", 0), None);
    }
}
