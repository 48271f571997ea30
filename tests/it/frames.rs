//! The field cases and sample frames of `tests/frames`, loaded and heard: what arrives, what was understood, what is answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chargewatch::domain::deviation::Rule;
use chargewatch::domain::driver::Grant;
use chargewatch::domain::event::{
    Boot, Event, Metered, Named, Security, Start, StatusReport, Stop, TransactionReport, VendorData,
};
use chargewatch::domain::ids::SessionId;
use chargewatch::domain::reading::{Flags, Sample};
use chargewatch::domain::record::Answer;
use chargewatch::domain::time::{At, ChargerTime};
use chargewatch::domain::token::TokenKey;
use chargewatch::ocpp::{Message, Understood, Version, reply, understand};
use serde_json::Value;

/// The key of all tests.
pub(crate) static KEY: TokenKey = TokenKey::new([7; 32]);

/// The time of all answers: 2026-11-24T12:00:00.123Z.
pub(crate) const NOW: At = At::from_millis(1_795_521_600_123);

/// The id of every session that is begun.
pub(crate) const SESSION: SessionId = SessionId(4711);

/// One field case.
pub(crate) struct Quirk {
    /// The version of the connection.
    pub(crate) version: Version,
    /// Its name.
    pub(crate) id: String,
    /// The frames that the charger sends, in order.
    pub(crate) frames: Vec<String>,
    /// What must happen, in words.
    pub(crate) expect: String,
}

/// A path under `tests/frames`.
pub(crate) fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frames").join(below)
}

/// All field cases, of every version that has some.
pub(crate) fn quirks() -> Vec<Quirk> {
    let of = |version: Version| {
        let cases = fs::read_to_string(path(&format!("{}/quirks.jsonl", folder(version)))).unwrap_or_default();
        cases.lines().map(|line| quirk(version, line)).collect::<Vec<_>>()
    };
    Version::ALL.into_iter().flat_map(of).collect()
}

/// The folder of a version's frames.
pub(crate) fn folder(version: Version) -> &'static str {
    version.subprotocol().trim_start_matches("ocpp")
}

fn quirk(version: Version, line: &str) -> Quirk {
    let case: Value = serde_json::from_str(line).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let frames = case["frames"].as_array().unwrap().iter().map(text).collect();
    Quirk { version, id: text(&case["id"]), frames, expect: text(&case["expect"]) }
}

/// What the frames of a field case were heard as.
pub(crate) fn hear_quirk(id: &str) -> Vec<Heard> {
    let quirk = quirks().into_iter().find(|quirk| quirk.id == id).unwrap_or_else(|| panic!("no case {id}"));
    assert!(!quirk.expect.is_empty() && !quirk.frames.is_empty(), "{id} says nothing");
    quirk.frames.iter().map(|frame| hear_in(quirk.version, frame)).collect()
}

/// A frame, what was understood of it, and the answer to it.
pub(crate) struct Heard {
    /// The frame.
    pub(crate) frame: String,
    /// What was understood.
    pub(crate) understood: Understood,
    /// What goes back, if anything.
    pub(crate) reply: Option<String>,
}

/// Reads a frame of 1.6 and answers it, as a machine would that accepts everything.
pub(crate) fn hear(frame: &str) -> Heard {
    hear_in(Version::V16, frame)
}

/// Reads a frame over a connection of this version and answers it, as a machine would that accepts everything.
pub(crate) fn hear_in(version: Version, frame: &str) -> Heard {
    let understood = understand(version, frame, &KEY);
    let reply = match &understood.message {
        Message::Call { call, event } => {
            let answer = answer_to(event);
            Some(reply(call, answer.as_ref(), Duration::from_secs(300)).into())
        }
        Message::Refused(refusal) => Some(refusal.to_string()),
        Message::Response { .. } | Message::Statement(_) | Message::Silent => None,
    };
    Heard { frame: frame.to_owned(), understood, reply }
}

fn answer_to(event: &Event) -> Option<Answer> {
    match event {
        Event::Booted(_) => Some(Answer::Boot { now: NOW, interval: Duration::from_secs(600) }),
        Event::Heartbeat => Some(Answer::Time(NOW)),
        Event::TransactionStarted(_) => Some(Answer::Started(SESSION, Grant::ACCEPTED)),
        Event::TokenShown(_) => Some(Answer::Token(Grant::ACCEPTED)),
        Event::StatusReported(_)
        | Event::Metered(_)
        | Event::TransactionEnded(_)
        | Event::TransactionReported(_)
        | Event::VendorData(_)
        | Event::Progress(_)
        | Event::Security(_)
        | Event::SigningRequested(_)
        | Event::Observed(_)
        | Event::DeviceDescribed(_)
        | Event::MonitorsDescribed(_)
        | Event::Noted => None,
    }
}

/// Answers that belong to many frames.
pub(crate) mod answers {
    pub(crate) const BOOT: &str = r#"{"currentTime":"2026-11-24T12:00:00.123Z","interval":600,"status":"Accepted"}"#;
    pub(crate) const TIME: &str = r#"{"currentTime":"2026-11-24T12:00:00.123Z"}"#;
    pub(crate) const TOKEN: &str = r#"{"idTagInfo":{"status":"Accepted"}}"#;
    pub(crate) const START: &str = r#"{"idTagInfo":{"status":"Accepted"},"transactionId":4711}"#;
    pub(crate) const DATA: &str = r#"{"status":"Accepted"}"#;
    pub(crate) const EMPTY: &str = "{}";
}

macro_rules! event_accessors {
    ($($(#[$doc:meta])* $name:ident: $variant:ident($kind:ty);)*) => {
        $($(#[$doc])*
        pub(crate) fn $name(&self) -> &$kind {
            match self.event() {
                Event::$variant(inner) => inner,
                other => panic!("heard {other:?}"),
            }
        })*
    };
}

impl Heard {
    /// The event of a call.
    pub(crate) fn event(&self) -> &Event {
        match &self.understood.message {
            Message::Call { event, .. } => event,
            other => panic!("no call but {other:?} in {}", self.frame),
        }
    }

    event_accessors! {
        /// It was a boot.
        boot: Booted(Boot);
        /// It was a status.
        status: StatusReported(StatusReport);
        /// It was readings.
        metered: Metered(Metered);
        /// It was a start.
        start: TransactionStarted(Start);
        /// It was a stop.
        stop: TransactionEnded(Stop);
        /// It was a report of a transaction.
        report: TransactionReported(Box<TransactionReport>);
        /// It was a security event.
        security: Security(Security);
        /// It was vendor data.
        vendor_data: VendorData(VendorData);
    }

    /// The call was answered with this payload, under its own id as it was written.
    #[track_caller]
    pub(crate) fn is_answered(&self, id: &str, payload: &str) -> &Self {
        assert_eq!(self.reply.as_deref(), Some(&*format!("[3,{id},{payload}]")), "{}", self.frame);
        self
    }

    /// These rules were needed, at these places, and no others.
    #[track_caller]
    pub(crate) fn deviates(&self, expected: &[(Rule, &str)]) -> &Self {
        let found: Vec<_> = self.understood.deviations.iter().map(|seen| (seen.rule, &*seen.path)).collect();
        assert_eq!(found, expected, "{}", self.frame);
        self
    }

    /// No rule was needed.
    #[track_caller]
    pub(crate) fn conforms(&self) -> &Self {
        self.deviates(&[])
    }

    /// The answer to a request of ours: id, error, payload.
    pub(crate) fn response(&self) -> (&str, Option<&str>, Value) {
        match &self.understood.message {
            Message::Response { id, error, payload } => {
                (&**id, error.as_deref(), serde_json::from_str(payload).expect("a payload is JSON"))
            }
            other => panic!("no response but {other:?}"),
        }
    }
}

/// The text of a transaction's name.
pub(crate) fn name(named: &Named) -> Option<&str> {
    match named {
        Named::Nothing => None,
        Named::As(id) => Some(&id.0),
    }
}

/// The charger's time in RFC 3339, or `-`.
pub(crate) fn time(at: ChargerTime) -> String {
    at.said.map_or_else(|| "-".to_owned(), At::to_rfc3339)
}

/// A sample in one line: measurand, phase, what is not default of location and context, unit as sent, value in the base
/// unit, text, flags.
pub(crate) fn line(sample: &Sample) -> String {
    let kind = &sample.kind;
    let mut words = vec![kind.measurand.as_str().to_owned()];
    let unless = |text: &str, default: &str| (text != default).then(|| text.to_owned());
    words.extend(unless(kind.phase.as_str(), ""));
    words.extend(unless(kind.location.as_str(), "Outlet"));
    words.extend(unless(kind.context.as_str(), "Sample.Periodic"));
    words.push(format!("[{}]", kind.unit.as_str()));
    words.push(sample.value.map_or_else(|| "nothing".to_owned(), |value| value.to_string()));
    words.extend(sample.text.as_ref().map(|text| format!("'{text}'")));
    let flags = [(Flags::UNIT_MISMATCH, "!unit"), (Flags::TEXT_ONLY, "!text"), (Flags::SIGNED, "signed")];
    words.extend(flags.iter().filter(|(flag, _)| sample.flags.has(*flag)).map(|(_, word)| (*word).to_owned()));
    words.join(" ")
}

/// All samples in lines.
pub(crate) fn lines(samples: &[Sample]) -> Vec<String> {
    samples.iter().map(line).collect()
}

/// The one time of all samples.
#[track_caller]
pub(crate) fn one_time(samples: &[Sample]) -> String {
    let first = samples.first().expect("there are samples").at;
    assert!(samples.iter().all(|sample| sample.at == first));
    time(first)
}
