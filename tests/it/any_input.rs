//! Whatever arrives, reading ends in a message, and a call in an answer.

use chargewatch::ocpp::{Message, Version};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::frames::{Heard, hear, hear_in};

/// What must hold of any frame.
fn is_bearable(heard: &Heard) {
    assert!(heard.understood.deviations.len() <= 32);
    if let Some(reply) = &heard.reply {
        let answer: Value = serde_json::from_str(reply).expect("an answer is JSON");
        let length = if answer[0] == 3 { 3 } else { 5 };
        assert_eq!(answer.as_array().unwrap().len(), length, "{reply}");
    }
    if let Message::Response { payload, .. } = &heard.understood.message {
        serde_json::from_str::<&RawValue>(payload).expect("a payload is JSON");
    }
}

/// JSON with the keys and words of real messages in unreal places.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-1".to_owned()),
        Just("1e999".to_owned()),
        Just("0.1234567890123456789".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("\"\\ud83d\"".to_owned()),
        Just("\"Available\"".to_owned()),
        Just("\"2026-03-14T07:30:00Z\"".to_owned()),
        ".{0,12}".prop_map(|text| Value::from(text).to_string()),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((key(), inner), 0..6).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A version and one of its actions.
fn action() -> impl Strategy<Value = (Version, &'static str)> {
    let all = Version::ALL.into_iter().flat_map(|version| version.actions().map(move |action| (version, action)));
    proptest::sample::select(all.collect::<Vec<_>>())
}

fn key() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(
        &[
            "connectorId",
            "transactionId",
            "meterValue",
            "sampledValue",
            "value",
            "unit",
            "measurand",
            "timestamp",
            "idTag",
            "meterStart",
            "meterStop",
            "status",
            "errorCode",
            "transactionData",
            "chargePointVendor",
            "TIMESTAMP",
            "phase",
            "$serde_json::private::Number",
            "$serde_json::private::RawValue",
            "transactionInfo",
            "evse",
            "id",
            "evseId",
            "idToken",
            "type",
            "seqNo",
            "eventType",
            "unitOfMeasure",
            "multiplier",
            "signedMeterValue",
            "eventData",
            "component",
            "variable",
            "actualValue",
            "reportData",
            "chargingSchedule",
            "customData",
        ][..],
    );
    prop_oneof![known.prop_map(|key| format!("\"{key}\"")), Just("\"\\ud800\"".to_owned()), "\"[a-z]{0,5}\""]
}

proptest! {
    #[test]
    fn any_text_ends_in_a_message(text in any::<String>()) {
        for version in Version::ALL {
            is_bearable(&hear_in(version, &text));
        }
    }

    #[test]
    fn any_json_ends_in_a_message(text in json()) {
        for version in Version::ALL {
            is_bearable(&hear_in(version, &text));
        }
    }

    #[test]
    fn any_payload_of_a_known_action_is_answered_as_a_call((version, action) in action(), payload in json()) {
        let heard = hear_in(version, &format!("[2,\"7\",\"{action}\",{payload}]"));
        is_bearable(&heard);
        prop_assert_eq!(heard.understood.action, action);
        prop_assert!(heard.reply.as_deref().unwrap().starts_with("[3,\"7\","), "{:?}", heard.reply);
    }

    #[test]
    fn any_answer_of_a_charger_gets_none(kind in 3..=4, rest in json()) {
        let heard = hear(&format!("[{kind},{rest},{rest}]"));
        is_bearable(&heard);
        prop_assert_eq!(heard.reply, None);
    }

    #[test]
    fn any_cut_or_soiled_call_is_answered(
        (version, action) in action(), payload in json(), at in any::<proptest::sample::Index>(), dirt in any::<char>(),
    ) {
        let head = format!("[2,\"7\",\"{action}\",");
        let frame = format!("{head}{payload}]");
        let mut cut = head.len() + at.index(frame.len() - head.len());
        while !frame.is_char_boundary(cut) {
            cut += 1;
        }
        let heard = hear_in(version, &frame[..cut]);
        is_bearable(&heard);
        prop_assert!(heard.reply.as_deref().unwrap().starts_with("[3,\"7\","), "{:?}", heard.reply);
        is_bearable(&hear_in(version, &format!("{}{dirt}{}", &frame[..cut], &frame[cut..])));
    }
}

#[test]
fn depth_and_length_break_nothing() {
    for payload in [
        "[".repeat(200_000),
        format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000)),
        format!("{{\"meterValue\":{}", "[{\"sampledValue\":".repeat(50_000)),
        format!("{{\"idTag\":{}", "{\"idTag\":[".repeat(50_000)),
        format!("{{\"meterValue\":[{}{{}}]}}", "{\"sampledValue\":[{}]},".repeat(20_000)),
        format!("{{\"x\":\"{}\"}}", "a".repeat(1_000_000)),
        format!("{{{}}}", "\"k\":1,".repeat(100_000).trim_end_matches(',')),
    ] {
        let heard = hear(&format!("[2,\"7\",\"MeterValues\",{payload}]"));
        is_bearable(&heard);
        assert_eq!(heard.reply.as_deref(), Some("[3,\"7\",{}]"));
    }
    for text in ["tagtoken".repeat(100_000), "\"idTag\":".repeat(100_000), "\\u".repeat(300_000), "[1,".repeat(200_000)]
    {
        is_bearable(&hear(&text));
    }
}
