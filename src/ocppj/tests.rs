//! Tests of framing and repair.

use proptest::prelude::*;

use super::*;

fn call_of(text: &str) -> (String, String, String) {
    match read(text).0 {
        Frame::Call { id, action, payload } => (id, action, payload),
        other @ (Frame::Result { .. } | Frame::Error { .. } | Frame::Unreadable { .. }) => panic!("{other:?}"),
    }
}

#[test]
fn a_clean_call_is_read_without_a_deviation() {
    let (frame, deviations) = read(r#"[2,"19","Heartbeat",{}]"#);
    assert_eq!(frame, Frame::Call { id: "\"19\"".into(), action: "Heartbeat".into(), payload: "{}".into() });
    assert!(deviations.is_empty());
}

#[test]
fn what_chargers_break_is_mended() {
    for (broken, payload) in [
        ("\u{feff}[2,\"1\",\"A\",{}]", "{}"),
        (r#"[2,"1","A",{"a":,"b":2}]"#, r#"{"a":null,"b":2}"#),
        (r#"[2,"1","A",{"a":1,}]"#, r#"{"a":1}"#),
        (r#"[2,"1","A",{"a":1,,"b":2},]"#, r#"{"a":1,"b":2}"#),
        (r#"[2,"1","A",{"a":[1,2"#, r#"{"a":[1,2]}"#),
        (r#"[2,"1","A",{"a":"cut"#, r#"{"a":"cut"}"#),
        (r#"[2,"1","A",{"a""#, r#"{"a":null}"#),
        (r#"[2,"1","A",{"a":1 "b":2}]"#, r#"{"a":1,"b":2}"#),
        (r#"[2,"1","A",{a:Available}]"#, r#"{"a":"Available"}"#),
        ("[2,\"1\",\"A\",{\"a\":\"\u{0}\u{0}x\"}]\u{0}", r#"{"a":"x"}"#),
        (r#"[2,"1","A",{"a":"\q"}]"#, r#"{"a":"\\q"}"#),
        (r#"[2,"1","A",{"a":NaN}]"#, r#"{"a":"NaN"}"#),
        (r#"[2,"1","A",{}]]]"#, "{}"),
    ] {
        assert_eq!(call_of(broken).2, payload, "{broken}");
        assert!(!read(broken).1.is_empty(), "{broken}");
    }
}

#[test]
fn ids_are_opaque_and_odd_ones_are_noted() {
    for id in ["42", "\"x\"", "\"0123456789012345678901234567890123456789\"", "null", "1.50", "[1]"] {
        let (frame, deviations) = read(&format!("[2,{id},\"Heartbeat\",{{}}]"));
        assert!(matches!(frame, Frame::Call { id: read, .. } if read == id));
        assert_eq!(deviations.is_empty(), id == "\"x\"", "{id}");
    }
}

#[test]
fn frames_that_cannot_be_handled_say_why_and_keep_their_id() {
    assert!(matches!(read(r#"{"chargePointVendor":"X"}"#).0, Frame::Unreadable { id: None, .. }));
    assert!(matches!(read("[9,\"7\",{}]").0, Frame::Unreadable { id: Some(id), .. } if id == "\"7\""));
    assert!(matches!(read("[2,\"7\",5,{}]").0, Frame::Unreadable { id: Some(_), .. }));
    assert!(matches!(read("").0, Frame::Unreadable { .. }));
    assert!(matches!(read("[]").0, Frame::Unreadable { .. }));
}

#[test]
fn answers_and_errors_are_read_and_written() {
    assert_eq!(
        read("[3,\"7\",\n{\n\"status\": \"Accepted\"\n}]").0,
        Frame::Result { id: "\"7\"".into(), payload: "{\n\"status\": \"Accepted\"\n}".into() }
    );
    assert!(matches!(read(r#"[4,"7","NotSupported","",{}]"#).0, Frame::Error { code, .. } if code == "NotSupported"));
    assert_eq!(error(None, ErrorCode::FormationViolation, "x"), r#"[4,"-1","FormationViolation","x",{}]"#);
    assert_eq!(result("7", "{}"), "[3,7,{}]");
    assert_eq!(call("\"7\"", "Reset", "{}"), r#"[2,"7","Reset",{}]"#);
}

#[test]
fn absurd_depth_is_survived() {
    let deep = format!("[2,\"1\",\"A\",{}", "[".repeat(200_000));
    assert!(matches!(read(&deep).0, Frame::Call { .. } | Frame::Unreadable { .. }));
    let mismatched = format!("{}{}", "[".repeat(500_000), "}".repeat(500_000));
    assert!(matches!(read(&mismatched).0, Frame::Unreadable { .. }));
}

proptest! {
    #[test]
    fn arbitrary_text_is_read_to_something(text in "\\PC{0,200}") {
        read(&text);
    }

    #[test]
    fn arbitrary_bytes_around_a_frame_are_read_to_something(
        head in "[\\[\\]{}:,\"\\\\a-z0-9\u{0}\u{feff} ]{0,40}",
        tail in "[\\[\\]{}:,\"\\\\a-z0-9\u{0} ]{0,40}",
    ) {
        read(&format!("{head}[2,\"1\",\"Heartbeat\",{{}}]{tail}"));
    }

    /// Whatever is repaired is JSON, unless nothing was there.
    #[test]
    fn what_is_repaired_is_json(text in "[\\[\\]{}:,\"\\\\nu0-9a-f.\u{0}\u{1}\u{feff} -]{0,60}") {
        let repaired = repair::repair(&format!("[{text}"));
        prop_assert!(serde_json::from_str::<IgnoredAny>(&repaired.text).is_ok(), "{} -> {}", text, repaired.text);
    }

    /// A frame cut anywhere keeps what stood before the cut.
    #[test]
    fn a_cut_tail_keeps_what_came_before(cut in 0_usize..20) {
        let whole = r#"[2,"19","StatusNotification",{"connectorId":3,"status":"Available","errorCode":"NoError"}]"#;
        let (frame, _) = read(&whole[..whole.len() - cut]);
        match frame {
            Frame::Call { id, payload, .. } => {
                prop_assert_eq!(id, "\"19\"");
                prop_assert!(payload.contains(r#""connectorId":3,"status":"Available""#));
            }
            other @ (Frame::Result { .. } | Frame::Error { .. } | Frame::Unreadable { .. }) => {
                prop_assert!(false, "{:?}", other);
            }
        }
    }
}
