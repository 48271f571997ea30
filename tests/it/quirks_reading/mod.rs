//! Every field case at the level of reading and answering: the event, its values, the ids echoed, the
//! deviations noted. What the station machine makes of them is tested elsewhere.

mod boot;
mod connector;
mod framing;
mod metering;
mod transaction;
mod two_x;

use std::collections::BTreeSet;

use crate::frames::{KEY, hear, hear_in, quirks};
use chargewatch::ocpp::Version;

/// Declares the cases of a file: name of the case, name of the test, and what must hold of the frames heard.
macro_rules! cases {
    ($($id:literal $name:ident |$heard:ident| $body:block)*) => {
        pub(super) const IDS: &[&str] = &[$($id,)*];
        $(#[test]
        fn $name() {
            let $heard = $crate::frames::hear_quirk($id);
            $body
        })*
    };
}
use cases;

#[test]
fn every_field_case_has_a_test() {
    let tested = [boot::IDS, connector::IDS, framing::IDS, metering::IDS, transaction::IDS, two_x::IDS].concat();
    let cases = quirks();
    assert_eq!(cases.len(), tested.len());
    assert_eq!(
        cases.iter().map(|case| &*case.id).collect::<BTreeSet<_>>(),
        tested.iter().copied().collect::<BTreeSet<_>>()
    );
}

#[test]
fn the_text_of_every_field_frame_is_kept_whole_but_for_its_token() {
    for frame in quirks().iter().filter(|case| case.version == Version::V16).flat_map(|case| &case.frames) {
        let token = serde_json::from_str::<serde_json::Value>(frame).ok();
        let token = token.as_ref().and_then(|frame| frame[3]["idTag"].as_str());
        let expected = match token {
            Some(token) => {
                let literal = serde_json::Value::from(token).to_string();
                frame.replace(&literal, &format!("\"{}\"", KEY.hash(token).unwrap().as_str()))
            }
            None => frame.clone(),
        };
        assert_eq!(*hear(frame).understood.text, *expected);
    }
}

#[test]
fn no_field_frame_with_an_action_gets_an_error() {
    for case in quirks() {
        for frame in &case.frames {
            let reply = hear_in(case.version, frame).reply.unwrap_or_default();
            assert!(!reply.starts_with("[4,") || case.id == "delta-bare-payload", "{}: {reply}", case.id);
        }
    }
}
