//! What one deviation costs: itself and nothing else. From every sound sample frame of every version, every field at
//! every depth is bent by every rule; the call is answered, and every field that was not touched is as it was.
//!
//! A bend either keeps the meaning (a number as text, a key in another case, a time without its zone …), then the event
//! must be the same, or it does not, then only what comes from the touched field may differ.

mod bends;
mod told;

use std::collections::BTreeMap;

use chargewatch::domain::event::Event;
use chargewatch::ocpp::{Message, Version};
use serde_json::{Value, json};

use crate::frames::hear_in;
use crate::samples::{SampleFrame, samples};
use bends::{Bent, Meaning};
use told::Told;

/// Of how many bends of a message that is only kept as a frame one is tried.
const SHARE: usize = 5;

/// About so many bends are tried of one frame.
const MOST_OF_A_FRAME: usize = 800;

/// The event of a frame that must be answered as a call.
fn event(version: Version, text: &str) -> Result<Event, String> {
    let heard = hear_in(version, text);
    match heard.understood.message {
        Message::Call { event, .. }
            if heard.reply.as_deref().is_some_and(|reply| reply.starts_with("[3,\"19223201\"")) =>
        {
            Ok(event)
        }
        Message::Statement(event) => Ok(event),
        other => Err(format!("no answered call but {other:?}, {:?}", heard.reply)),
    }
}

/// The sound samples of requests, with their payloads.
fn sound() -> Vec<(SampleFrame, Value)> {
    let sound = samples().into_iter().filter(SampleFrame::is_sound);
    sound
        .map(|sample| {
            let frame: Value = serde_json::from_str(&sample.text).unwrap();
            let payload = frame[3].clone();
            (sample, payload)
        })
        .collect()
}

fn frame(sample: &SampleFrame, payload: &Value) -> String {
    let kind = if sample.text.starts_with("[6,") { 6 } else { 2 };
    format!("[{kind},\"19223201\",\"{}\",{payload}]", sample.action)
}

/// What is wrong with what became of a bent frame, if anything is.
fn fault(before: &Told, bent: &Bent, after: &Told) -> Option<String> {
    match bent.meaning {
        Meaning::Same => before.differs(after),
        Meaning::Lost => before.costs_more_than(&bent.path, after),
    }
}

#[test]
fn every_deviation_of_every_field_of_every_message_costs_only_itself() {
    let mut score: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut faults = Vec::new();
    for (sample, payload) in sound() {
        let version = sample.version;
        let before = Told::of(&event(version, &frame(&sample, &payload)).unwrap(), version, &payload);
        // Of a long frame, and of one that nobody keeps the parts of, a share of the bends will do: another for each.
        let bent = bends::all(&payload);
        let share = bent.len().div_ceil(MOST_OF_A_FRAME).max(if before.says_nothing() { SHARE } else { 1 });
        let bent = bent.into_iter().enumerate();
        for (_, bent) in bent.filter(|(place, _)| (place + sample.name.len()).is_multiple_of(share)) {
            let text = bent
                .text
                .as_ref()
                .map_or_else(|| frame(&sample, &bent.payload), |bend| bend(&frame(&sample, &payload)));
            let (good, all) = score.entry(bent.rule).or_default();
            *all += 1;
            let wrong = match event(version, &text) {
                Ok(event) => fault(&before, &bent, &Told::of(&event, version, &payload)),
                Err(reason) => Some(reason),
            };
            match wrong {
                None => *good += 1,
                Some(reason) if faults.len() < 60 => {
                    faults.push(format!(
                        "{version:?} {}/{} {} at {}: {reason}",
                        sample.action, sample.name, bent.rule, bent.path
                    ));
                }
                Some(_) => {}
            }
        }
    }
    let total: u32 = score.values().map(|(_, all)| all).sum();
    println!("{total} bent frames");
    for (rule, (good, all)) in &score {
        println!("  {rule:<22} {good:>6} of {all:>6}  {:>6.2} %", f64::from(*good) * 100.0 / f64::from(*all));
    }
    assert!(total > 20_000);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_frame_cut_anywhere_behind_its_action_keeps_every_field_or_says_nothing_of_it() {
    for (sample, payload) in sound() {
        let text = frame(&sample, &payload);
        let of = |text: &str| Told::of(&event(sample.version, text).unwrap(), sample.version, &payload);
        let (before, nothing) = (of(&text), of(&frame(&sample, &json!({}))));
        let head = text.find(&sample.action).unwrap() + sample.action.len() + 1;
        let step = text.len().div_ceil(400);
        for cut in (head..text.len()).step_by(step).filter(|cut| text.is_char_boundary(*cut)) {
            if let Some(reason) = of(&text[..cut]).is_no_part_of(&before, &nothing) {
                panic!("{} {}: {reason} in …{}", sample.action, sample.name, &text[cut.saturating_sub(80)..cut]);
            }
        }
    }
}

#[test]
fn a_control_character_anywhere_costs_nothing() {
    let no_blank_matters = |sample: &SampleFrame| !["SignCertificate", "Authorize"].contains(&&*sample.action);
    for (sample, payload) in sound().into_iter().filter(|(sample, _)| no_blank_matters(sample)) {
        let text = frame(&sample, &payload);
        let before = event(sample.version, &text).unwrap();
        let step = text.len().div_ceil(150);
        let places = (0..=text.len()).step_by(step);
        for at in places.filter(|at| text.is_char_boundary(*at) && !text[..*at].ends_with('\\')) {
            for dirt in ["\0", "\u{1b}"] {
                let dirty = format!("{}{dirt}{}", &text[..at], &text[at..]);
                assert_eq!(event(sample.version, &dirty).unwrap(), before, "{dirty:?}");
            }
        }
    }
}

#[test]
fn no_part_of_a_token_shows_however_the_frame_is_cut_or_bent() {
    let token = "04A1B2C3D4E580";
    let part = &token[..6];
    let hidden = |version: Version, text: &str| {
        let heard = hear_in(version, text);
        let seen = format!("{:?} {:?}", heard.understood, heard.reply);
        assert!(!seen.contains(part), "{text} shows {seen}");
    };
    for version in Version::ALL {
        for action in version.actions() {
            for payload in [
                json!({"idTag": token}),
                json!({"idTag": [token]}),
                json!({"idTag": {"id": token}}),
                json!({"IDTAG": token, "x": {"parentIdTag": token}}),
                json!({"idToken": {"idToken": token, "type": "ISO14443"}}),
                json!({"idToken": {"additionalInfo": [{"additionalIdToken": token, "type": "x"}], "idToken": token}}),
                json!({"prioritizedEMAIDs": [token, token]}),
                json!({"data": json!({"idTag": token}).to_string()}),
                json!({"info": json!({"a": json!({"id_tag": token}).to_string()}).to_string()}),
            ] {
                let text = format!("[2,\"7\",\"{action}\",{payload}]");
                (0..=text.len()).step_by(3).for_each(|cut| hidden(version, &text[..cut]));
                hidden(version, &text);
            }
        }
        for text in [
            format!("{{\"idTag\":\"{token}\"}}"),
            format!("[3,\"7\",{{\"idTagInfo\":{{\"parentIdTag\":\"{token}\"}}}}]"),
            format!("[4,\"7\",\"X\",\"idTag={token}\",{{}}]"),
            format!("idTag: {token}"),
        ] {
            hidden(version, &text);
        }
    }
}
