//! What must hold whatever comes in: the targets of fuzzing (`tests/it/fuzz.rs`), for any harness that feeds them.

use std::path::Path;
use std::time::Duration;

use chargewatch::config::load::{Sources, load};
use chargewatch::domain::driver::Grant;
use chargewatch::domain::ids::SessionId;
use chargewatch::domain::record::Answer;
use chargewatch::domain::time::At;
use chargewatch::domain::token::TokenKey;
use chargewatch::ocpp::{Message, Understood, Version, reply, understand};
use serde_json::Value;

static KEY: TokenKey = TokenKey::new([7; 32]);

/// Framing and reading in a version: a message comes of it, and whatever a machine has to say to it is JSON.
pub(crate) fn frame(version: Version, input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let understood = understand(version, &text, &KEY);
    assert!(understood.deviations.len() <= 32);
    for reply in replies(&understood) {
        let answer: Value = serde_json::from_str(&reply).expect("an answer is JSON");
        assert!(answer[0] == 3 || answer[0] == 4, "{reply}");
    }
    if let Message::Response { payload, .. } = &understood.message {
        serde_json::from_str::<&serde_json::value::RawValue>(payload).expect("a payload is JSON");
    }
}

/// What may go back: for each answer that a machine can have, one.
fn replies(understood: &Understood) -> Vec<String> {
    let now = At::from_millis(1_795_521_600_123);
    let answers = [
        None,
        Some(Answer::Boot { now, interval: Duration::from_secs(600) }),
        Some(Answer::Time(now)),
        Some(Answer::Started(SessionId(4711), Grant::ACCEPTED)),
        Some(Answer::Token(Grant::ACCEPTED)),
    ];
    match &understood.message {
        Message::Call { call, .. } => {
            let to = |answer: &Option<Answer>| reply(call, answer.as_ref(), Duration::from_secs(300)).into();
            answers.iter().map(to).collect()
        }
        Message::Refused(refusal) => vec![refusal.to_string()],
        Message::Response { .. } | Message::Statement(_) | Message::Silent => Vec::new(),
    }
}

/// An operator's file: settings come of it, or mistakes. The file is written where it can be read from.
pub(crate) fn settings(file: &Path, input: &[u8]) {
    std::fs::write(file, input).expect("the file can be written");
    if let Err(mistakes) = load(&Sources { file: Some(file), ..Sources::default() }) {
        assert!(!mistakes.0.is_empty());
    }
}
