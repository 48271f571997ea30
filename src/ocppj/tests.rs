//! Tests of framing: what is read, what is written, and that nothing breaks it.

use proptest::prelude::*;
use serde_json::Value;

use super::mend::mend;
use super::{ErrorCode, Frame, MessageId, NotJson, Reading, read, write_call, write_error, write_result};

fn call<'a>(id: &'a str, action: &'a str, payload: &'a str) -> Frame<'a> {
    Frame::Call { id: MessageId(id), action: action.into(), payload }
}

fn plain(frame: Frame<'_>) -> Result<Reading<'_>, NotJson> {
    Ok(Reading { frame, odd: None })
}

#[test]
fn the_three_kinds_of_frames_are_read() {
    assert_eq!(read(r#"[2,"7","Heartbeat",{}]"#), plain(call(r#""7""#, "Heartbeat", "{}")));
    assert_eq!(
        read(" [3 , \"7\" ,\n{\"a\": 1} ] "),
        plain(Frame::CallResult { id: MessageId(r#""7""#), payload: r#"{"a": 1}"# })
    );
    assert_eq!(
        read(r#"[4,"7","NotSupported","no",{"b":2}]"#),
        plain(Frame::CallError {
            id: MessageId(r#""7""#),
            code: "NotSupported".into(),
            description: "no".into(),
            details: r#"{"b":2}"#
        })
    );
}

#[test]
fn an_odd_outer_array_is_read_all_the_same_and_said_to_be_odd() {
    for (text, frame) in [
        (r#"[2,"7","Heartbeat"]"#, call(r#""7""#, "Heartbeat", "{}")),
        (r#"[2,"7"," Heartbeat ",{},1,2,3]"#, call(r#""7""#, "Heartbeat", "{}")),
        (r#"["2",7,"Heartbeat",null]"#, call("7", "Heartbeat", "null")),
        (r#"[2.0,null,"Heartbeat",[]]"#, call("null", "Heartbeat", "[]")),
        (r#"[2,"7",5,{}]"#, Frame::NoAction(Some(MessageId(r#""7""#)))),
        (r#"[2,"7",""]"#, Frame::NoAction(Some(MessageId(r#""7""#)))),
        ("[2]", Frame::NoAction(None)),
        ("[3]", Frame::Ignored),
        ("[4]", Frame::Ignored),
        (r#"[7,"7","Notify",{}]"#, Frame::Ignored),
        ("[5]", Frame::Ignored),
        (r#"[6,"7"]"#, Frame::Ignored),
        ("[]", Frame::Shapeless),
        (r#"["Heartbeat"]"#, Frame::Shapeless),
        ("[{}]", Frame::Shapeless),
        (r#"{"a":1}"#, Frame::Bare(r#"{"a":1}"#)),
    ] {
        let reading = read(text).unwrap();
        assert_eq!(reading.frame, frame, "{text}");
        assert!(reading.odd.is_some(), "{text}");
    }
}

#[test]
fn the_message_types_that_two_one_brought_are_read() {
    let id = MessageId(r#""7""#);
    for (text, frame) in [
        (r#"[6,"7","Notify",{"a":1}]"#, Frame::Send { id, action: "Notify".into(), payload: r#"{"a":1}"# }),
        (
            r#"[5,"7","FormatViolation","no",{"b":2}]"#,
            Frame::ResultError { id, code: "FormatViolation".into(), description: "no".into(), details: r#"{"b":2}"# },
        ),
    ] {
        assert_eq!(read(text), Ok(Reading { frame, odd: None }));
    }
}

#[test]
fn what_is_no_json_container_is_told_apart() {
    for text in [
        "",
        " ",
        "7",
        "\"[2]\"",
        "[2,",
        "hello",
        "[2,\"7\",\"Heartbeat\",{}]x",
        "\u{feff}[]",
        r#"["\ud83d"]"#,
        r#"["\ud83d\u0041"]"#,
    ] {
        assert_eq!(read(text), Err(NotJson), "{text}");
    }
}

#[test]
fn ids_are_echoed_as_written_and_recognised_as_text() {
    for (json, plain, conforms) in [
        (r#""7""#, "7", true),
        ("7", "7", false),
        (r#""\u0037""#, "7", true),
        (r#""0123456789012345678901234567890123456""#, "0123456789012345678901234567890123456", false),
        ("null", "null", false),
    ] {
        let id = MessageId(json);
        assert_eq!((id.json(), &*id.plain(), id.conforms()), (json, plain, conforms));
    }
}

#[test]
fn frames_are_written_as_the_specification_has_them() {
    assert_eq!(&*write_call("a\"b", "Reset", r#"{"type":"Soft"}"#), r#"[2,"a\"b","Reset",{"type":"Soft"}]"#);
    assert_eq!(&*write_result("7", "{}"), "[3,7,{}]");
    let error = write_error(r#""7""#, ErrorCode::OccurrenceConstraintViolation, "two \"many\"");
    assert_eq!(&*error, r#"[4,"7","OccurenceConstraintViolation","two \"many\"",{}]"#);
}

#[test]
fn what_chargers_break_is_mended() {
    for (text, expected) in [
        // Byte order mark, NUL, control characters, what stands around the frame.
        ("\u{feff}[2,\"7\"]", r#"[2,"7"]"#),
        ("\0\0[2,\"7\"]\0", r#"[2,"7"]"#),
        ("[2,\"a\u{1}b\0c\td\"]", r#"[2,"abc\td"]"#),
        ("ok [2,\"7\"] bye", r#"[2,"7"]"#),
        ("[2,\"7\"][2,\"8\"]", r#"[2,"7"]"#),
        // Commas and colons.
        (r#"[2,"7","A",{"a":1,},]"#, r#"[2,"7","A",{"a":1}]"#),
        (r#"[2,"7","A",{,"a":1,,"b":2}]"#, r#"[2,"7","A",{"a":1,"b":2}]"#),
        (r#"[2,,"A",{}]"#, r#"[2,null,"A",{}]"#),
        (r#"[2,"7","A",{"a":[1,,2]}]"#, r#"[2,"7","A",{"a":[1,2]}]"#),
        (r#"[2 "7" "A" {"a":1 "b":2}]"#, r#"[2,"7","A",{"a":1,"b":2}]"#),
        (r#"{"a" 1}"#, r#"{"a":1}"#),
        (r#"{"a"::1}"#, r#"{"a":1}"#),
        // Empty values.
        (r#"{"a":,"b":}"#, r#"{"a":null,"b":null}"#),
        (r#"{"a","b":1}"#, r#"{"a":null,"b":1}"#),
        // Words without quotes, or with others.
        (r#"[2,7a,Heartbeat,{a:b, 'c':'d"e\'f'}]"#, r#"[2,"7a","Heartbeat",{"a":"b","c":"d\"e'f"}]"#),
        (r#"{"a":NaN,"b":None,"c":True,"d":undefined}"#, r#"{"a":null,"b":null,"c":true,"d":null}"#),
        (r#"{"a":+5,"b":.5,"c":007,"d":-1.5e3}"#, r#"{"a":"+5","b":".5","c":"007","d":-1.5e3}"#),
        (r#"{"a":12,5,"b":-3,25}"#, r#"{"a":12.5,"b":-3.25}"#),
        // Escapes.
        (r#"["C:\dir","\u00e9\ud83d\ude00","\ud83d","\u12"]"#, r#"["C:\\dir","\u00e9\ud83d\ude00","\\ud83d","\\u12"]"#),
        ("[\"\\u[\u{10000}[[[\"]", "[\"\\\\u[\u{10000}[[[\"]"),
        // Cut tails: what is cut is unknown.
        (r#"[2,"7","A",{"a":1,"b":{"c":"x"#, r#"[2,"7","A",{"a":1,"b":null}]"#),
        (r#"[2,"7","A",{"b":[{"c":1},{"c":2,"d"#, r#"[2,"7","A",{"b":[{"c":1}]}]"#),
        (r#"[2,"7","A",{"b":[{"c":1"#, r#"[2,"7","A",{"b":[]}]"#),
        (r#"[2,"7","A",{"a":1,"b":15"#, r#"[2,"7","A",{"a":1,"b":null}]"#),
        (r#"[2,"7","A",{"a":1,"b"#, r#"[2,"7","A",{"a":1}]"#),
        (r#"[2,"7","A",{"a":1,"b":"#, r#"[2,"7","A",{"a":1,"b":null}]"#),
        (r#"[2,"7","A",{"a":1}"#, r#"[2,"7","A",{"a":1}]"#),
        // Brackets.
        (r#"[2,"7","A",{"a":[1]]"#, r#"[2,"7","A",{"a":[1]}]"#),
        (r#"[2,"7","A",{"a":1}}]"#, r#"[2,"7","A",{"a":1}]"#),
        (r#"{"a":{[1]}}"#, r#"{"a":{"":[1]}}"#),
        // A frame sent as a JSON text.
        (r#""[2,\"7\",\"A\",{}]""#, r#"[2,"7","A",{}]"#),
    ] {
        let mended = mend(text).unwrap();
        assert_eq!(mended.text, expected, "{text}");
        assert!(mended.repaired || mended.dropped, "{text}");
    }
}

#[test]
fn dropped_characters_alone_are_no_repair() {
    let mended = mend("\u{feff}[2,\"a\0\"]\0").unwrap();
    assert!(mended.dropped && !mended.repaired);
}

#[test]
fn where_there_is_no_container_there_is_nothing_to_mend() {
    assert_eq!(mend(""), None);
    assert_eq!(mend("hello \0 5"), None);
}

#[test]
fn depth_and_length_cost_no_stack() {
    let deep = format!("[2,\"7\",\"A\",{{\"a\":{}", "[{\"b\":".repeat(100_000));
    assert!(matches!(read(&mend(&deep).unwrap().text).unwrap().frame, Frame::Call { .. }));
    let sound = format!("[2,\"7\",\"A\",{}1{}]", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(read(&sound).unwrap().frame, Frame::Call { .. }));
    let long = format!("[2,\"7\",\"A\",{{\"a\":[{}", "1,".repeat(300_000));
    assert!(matches!(read(&mend(&long).unwrap().text).unwrap().frame, Frame::Call { .. }));
}

/// Texts full of what JSON is made of, sound and broken.
fn jsonish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just("\\".to_owned()),
        Just("\\u".to_owned()),
        Just("\\ud83d".to_owned()),
        Just("\u{feff}\0".to_owned()),
        Just("\"a\":".to_owned()),
        "[0-9.eE+-]{1,5}",
        "[a-zé ]{1,4}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

#[test]
fn an_id_of_lists_within_lists_is_none_for_nobody_could_read_the_answer() {
    let nested = |depth: usize| format!("[2,{}{},\"Heartbeat\",{{}}]", "[".repeat(depth), "]".repeat(depth));
    assert!(matches!(read(&nested(64)).unwrap().frame, Frame::Call { .. }));
    assert_eq!(read(&nested(65)).unwrap().frame, Frame::NoAction(None));
    let text = "[".repeat(1000);
    assert!(matches!(read(&format!("[2,\"{text}\",\"Heartbeat\",{{}}]")).unwrap().frame, Frame::Call { .. }));
}

proptest! {
    #[test]
    fn whatever_has_a_bracket_becomes_strict_json(text in jsonish()) {
        let mended = mend(&text);
        prop_assert_eq!(mended.is_some(), text.contains(['[', '{']));
        if let Some(mended) = mended {
            let value = serde_json::from_str::<Value>(&mended.text);
            prop_assert!(value.is_ok(), "{:?} -> {} -> {:?}", text, mended.text, value);
            prop_assert!(read(&mended.text).is_ok());
        }
    }

    #[test]
    fn arbitrary_text_is_read_or_refused(text in any::<String>()) {
        read(&text).ok();
        mend(&text);
    }

    #[test]
    fn sound_json_is_mended_into_itself(value in json()) {
        let text = Value::Array(vec![value]).to_string();
        let mended = mend(&text).unwrap();
        prop_assert!(!mended.repaired && !mended.dropped);
        prop_assert_eq!(mended.text, text);
    }

    #[test]
    fn a_written_call_is_read_back(id in any::<String>(), action in "[A-Za-z]{1,20}") {
        let text = write_call(&id, &action, "{}");
        let frame = read(&text).unwrap();
        let Frame::Call { id: seen, action: heard, payload } = frame.frame else { panic!("{text}") };
        prop_assert_eq!((&*seen.plain(), &*heard, payload), (&*id, &*action, "{}"));
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[^\u{0}-\u{1f}\u{7f}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
