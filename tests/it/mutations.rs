//! What one broken field costs: itself and nothing else. Every field of every sample is broken in every way.

use chargewatch::domain::event::Event;
use chargewatch::ocpp::Message;
use serde_json::{Map, Value, json};

use crate::frames::{hear, line, time};
use crate::samples::{ACTIONS, samples};

/// The fields of an event, each with the key of the payload that it comes from.
fn fields(event: &Event) -> Vec<(&'static str, String)> {
    match event {
        Event::Booted(boot) => vec![
            ("chargePointVendor", format!("{:?}", boot.vendor)),
            ("chargePointModel", format!("{:?}", boot.model)),
            ("chargePointSerialNumber", format!("{:?}", boot.serial)),
            ("chargeBoxSerialNumber", format!("{:?}", boot.box_serial)),
            ("firmwareVersion", format!("{:?}", boot.firmware)),
            ("iccid", format!("{:?}", boot.iccid)),
            ("imsi", format!("{:?}", boot.imsi)),
            ("meterType", format!("{:?}", boot.meter_type)),
            ("meterSerialNumber", format!("{:?}", boot.meter_serial)),
        ],
        Event::Heartbeat | Event::Noted => Vec::new(),
        Event::TokenShown(token) => vec![("idTag", format!("{token:?}"))],
        Event::StatusReported(report) => vec![
            ("connectorId", format!("{:?}", report.outlet)),
            ("status", format!("{:?}", report.status)),
            ("errorCode", format!("{:?}", report.error)),
            ("info", format!("{:?}", report.info)),
            ("vendorId", format!("{:?}", report.vendor)),
            ("vendorErrorCode", format!("{:?}", report.vendor_error)),
            ("timestamp", time(report.at)),
        ],
        Event::Metered(metered) => vec![
            ("connectorId", format!("{:?}", metered.outlet)),
            ("transactionId", format!("{:?}", metered.transaction)),
            ("meterValue", format!("{:?}", metered.samples)),
        ],
        Event::TransactionStarted(start) => vec![
            ("connectorId", format!("{:?}", start.outlet)),
            ("idTag", format!("{:?}", start.token)),
            ("meterStart", format!("{:?}", start.register)),
            ("timestamp", time(start.at)),
        ],
        Event::TransactionEnded(stop) => vec![
            ("transactionId", format!("{:?}", stop.transaction)),
            ("idTag", format!("{:?}", stop.token)),
            ("meterStop", format!("{:?}", stop.register)),
            ("timestamp", time(stop.at)),
            ("reason", format!("{:?}", stop.reason)),
            ("transactionData", format!("{:?}", stop.samples)),
        ],
        Event::VendorData(data) => {
            vec![("vendorId", format!("{:?}", data.vendor)), ("messageId", format!("{:?}", data.message))]
        }
        Event::Progress(progress) => vec![("status", format!("{:?}", progress.status))],
        Event::Security(security) => vec![
            ("type", format!("{:?}", security.kind)),
            ("techInfo", format!("{:?}", security.info)),
            ("timestamp", time(security.at)),
        ],
    }
}

/// The sound samples: action, payload.
fn sound() -> Vec<(String, Map<String, Value>)> {
    let sound = samples().into_iter().filter(|(_, name, _)| !name.starts_with("deviating"));
    sound
        .map(|(action, _, text)| {
            let frame: Value = serde_json::from_str(&text).unwrap();
            (action, frame[3].as_object().unwrap().clone())
        })
        .collect()
}

fn frame(action: &str, payload: &Map<String, Value>) -> String {
    Value::from(vec![json!(2), json!("19223201"), json!(action), Value::from(payload.clone())]).to_string()
}

/// The event of a frame that must be answered as a call.
#[track_caller]
fn event(text: &str) -> Event {
    let heard = hear(text);
    assert!(heard.reply.as_deref().is_some_and(|reply| reply.starts_with("[3,\"19223201\",")), "{text}");
    match heard.understood.message {
        Message::Call { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

/// All fields but that of `key` are as they were.
#[track_caller]
fn costs_only(key: &str, before: &Event, broken: &str) -> Event {
    let after = event(broken);
    for ((place, was), (_, is)) in fields(before).iter().zip(fields(&after)) {
        assert!(*place == key || *was == is, "{key} broken costs {place}: {was} became {is} in {broken}");
    }
    after
}

#[test]
fn a_field_that_is_dropped_null_or_of_another_type_costs_only_itself() {
    for (action, payload) in sound() {
        let before = event(&frame(&action, &payload));
        for key in payload.keys() {
            let mut without = payload.clone();
            without.remove(key);
            let absent = costs_only(key, &before, &frame(&action, &without));
            for junk in [json!(null), json!({"x": [1]}), json!([]), json!([[{}]]), json!(false), json!("none")] {
                let mut broken = payload.clone();
                broken.insert(key.clone(), junk.clone());
                let after = costs_only(key, &before, &frame(&action, &broken));
                let keeps_a_text = junk == json!(false) || (key == "idTag" && junk == json!("none"));
                assert!(keeps_a_text || after == absent, "{key} = {junk} in {action}");
            }
            for junk in [json!(-1), json!(0), json!(1e300), json!("\u{1}?"), json!("x".repeat(3000))] {
                let mut broken = payload.clone();
                broken.insert(key.clone(), junk);
                costs_only(key, &before, &frame(&action, &broken));
            }
        }
    }
}

#[test]
fn keys_in_another_case_extra_keys_and_numbers_as_texts_cost_nothing() {
    for (action, payload) in sound() {
        let before = event(&frame(&action, &payload));
        for key in payload.keys() {
            for spelling in [key.to_uppercase(), key.to_lowercase(), format!("{}_{}", &key[..1], &key[1..])] {
                let mut other = payload.clone();
                let value = other.remove(key).unwrap();
                other.insert(spelling, value);
                assert_eq!(event(&frame(&action, &other)), before);
            }
            let mut extra = payload.clone();
            extra.insert(format!("{key}X"), json!({"deep": [{"er": 1.5}]}));
            assert_eq!(event(&frame(&action, &extra)), before);
            if let Value::Number(number) = &payload[key] {
                for text in [number.to_string(), format!(" {number} "), format!("{number}.0"), format!("+{number}")] {
                    let mut texts = payload.clone();
                    texts.insert(key.clone(), json!(text));
                    assert_eq!(event(&frame(&action, &texts)), before, "{key} = {text:?}");
                }
            }
        }
    }
}

#[test]
fn a_time_without_its_zone_is_the_same_time() {
    for (action, payload) in sound() {
        let text = frame(&action, &payload);
        assert_eq!(event(&text.replace("Z\"", "\"")), event(&text));
    }
}

#[test]
fn an_unknown_word_is_kept_and_costs_nothing_else() {
    for (action, payload) in sound() {
        let before = event(&frame(&action, &payload));
        for key in ["status", "errorCode", "reason"].into_iter().filter(|key| payload.contains_key(*key)) {
            let mut other = payload.clone();
            other.insert(key.to_owned(), json!("Dreaming"));
            let after = costs_only(key, &before, &frame(&action, &other));
            assert!(format!("{after:?}").contains("Dreaming"));
        }
    }
}

#[test]
fn a_broken_field_of_one_sampled_value_costs_no_other_value() {
    let (action, payload) = sound().into_iter().rfind(|(action, _)| action == "MeterValues").unwrap();
    let Event::Metered(before) = event(&frame(&action, &payload)) else { panic!() };
    let count = payload["meterValue"][0]["sampledValue"].as_array().unwrap().len();
    for index in 0..count {
        for key in ["value", "unit", "measurand", "phase", "context", "location", "format"] {
            for junk in [json!(null), json!({}), json!("?"), json!(7), json!("")] {
                let mut broken = payload.clone();
                broken["meterValue"][0]["sampledValue"][index][key] = junk.clone();
                let Event::Metered(after) = event(&frame(&action, &broken)) else { panic!() };
                let lost = before.samples.len() - after.samples.len();
                assert!(lost <= 1 && (lost == 0 || key == "value"), "{key} = {junk}");
                let others = |samples: &[chargewatch::domain::reading::Sample], skip: usize| -> Vec<String> {
                    let kept = samples.iter().enumerate().filter(|(at, _)| *at != skip);
                    kept.map(|(_, sample)| format!("{} {}", time(sample.at), line(sample))).collect()
                };
                let skip = if lost == 1 { usize::MAX } else { index };
                assert_eq!(others(&before.samples, index), others(&after.samples, skip), "{key} = {junk}");
            }
        }
    }
}

#[test]
fn a_frame_cut_anywhere_behind_its_action_keeps_every_field_or_says_nothing_of_it() {
    for (action, payload) in sound() {
        let text = frame(&action, &payload);
        let before = event(&text);
        let nothing = event(&frame(&action, &Map::new()));
        let head = format!("[2,\"19223201\",\"{action}\"").len();
        for cut in (head..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let after = event(&text[..cut]);
            let all = fields(&before).into_iter().zip(fields(&nothing)).zip(fields(&after));
            for (((key, was), (_, absent)), (_, is)) in all {
                let part = ["meterValue", "transactionData"].contains(&key);
                assert!(is == was || is == absent || part, "{key}: {was} became {is} in {}", &text[..cut]);
            }
        }
    }
}

#[test]
fn readings_in_a_cut_list_are_whole_or_absent() {
    for (_, _, text) in
        samples().iter().filter(|(action, name, _)| action == "MeterValues" && name != "deviating-cut-tail")
    {
        let Event::Metered(whole) = event(text) else { panic!() };
        let whole: Vec<_> = whole.samples.iter().map(line).collect();
        for cut in (text.find("meterValue").unwrap()..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let Event::Metered(part) = event(&text[..cut]) else { panic!() };
            let part: Vec<_> = part.samples.iter().map(line).collect();
            assert_eq!(part, whole[..part.len()], "{}", &text[..cut]);
        }
    }
}

#[test]
fn a_control_character_anywhere_costs_nothing() {
    for (action, payload) in sound().into_iter().filter(|(action, _)| action != "SignCertificate") {
        let text = frame(&action, &payload);
        let before = event(&text);
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at) && !text[..*at].ends_with('\\')) {
            for dirt in ["\0", "\u{1b}"] {
                let dirty = format!("{}{dirt}{}", &text[..at], &text[at..]);
                assert_eq!(event(&dirty), before, "{dirty:?}");
            }
        }
    }
}

#[test]
fn no_part_of_a_token_shows_however_the_frame_is_cut_or_bent() {
    let token = "04A1B2C3D4E580";
    let part = &token[..6];
    let hidden = |text: &str| {
        let heard = hear(text);
        let seen = format!("{:?} {:?}", heard.understood, heard.reply);
        assert!(!seen.contains(part), "{text} shows {seen}");
    };
    for action in ACTIONS {
        for bend in [
            json!({"idTag": token}),
            json!({"idTag": [token]}),
            json!({"idTag": {"id": token}}),
            json!({"IDTAG": token, "x": {"parentIdTag": token}}),
            json!({"idToken": {"idToken": token, "type": "ISO14443"}}),
            json!({"data": json!({"idTag": token}).to_string()}),
            json!({"info": json!({"a": json!({"id_tag": token}).to_string()}).to_string()}),
        ] {
            let text = frame(action, bend.as_object().unwrap());
            (0..=text.len()).for_each(|cut| hidden(&text[..cut]));
        }
    }
    for text in [
        format!("{{\"idTag\":\"{token}\"}}"),
        format!("[3,\"7\",{{\"idTagInfo\":{{\"parentIdTag\":\"{token}\"}}}}]"),
        format!("[4,\"7\",\"X\",\"idTag={token}\",{{}}]"),
        format!("idTag: {token}"),
    ] {
        hidden(&text);
    }
}
