//! One charger as an OCPP 1.6J client: booting, waiting, repeating, obeying.

use chrono::Duration;
use serde_json::json;

use super::bench::Bench;

#[test]
fn nothing_is_said_before_the_boot_is_accepted() {
    let mut bench = Bench::new("plain");
    bench.run_until(|bench| bench.connecting);
    bench.open();
    assert_eq!(bench.said.len(), 1);
    assert_eq!(bench.last()[2], "BootNotification");
    bench.answer(json!({"status": "Pending", "interval": 1800, "currentTime": "x"}));
    let asked = bench.now;
    bench.run_until(|bench| bench.last()[0] == 2);
    assert_eq!(bench.last()[2], "BootNotification");
    assert_eq!(bench.now - asked, Duration::seconds(1800));
    bench.answer(json!({"status": "Accepted", "interval": 600, "currentTime": "x"}));
    assert_eq!(bench.last()[2], "StatusNotification");
    assert_eq!(bench.last()[3]["connectorId"], 0);
}

#[test]
fn one_call_at_a_time_and_the_next_when_it_is_answered() {
    let mut bench = Bench::booted("plain");
    let said = bench.said.len();
    let actions = bench.charger.wake(bench.now + Duration::seconds(5));
    bench.note(actions);
    assert_eq!(bench.said.len(), said);
    bench.answer(json!({}));
    assert_eq!(bench.last()[3]["connectorId"], 1);
}

#[test]
fn a_start_without_an_answer_is_sent_again_under_a_new_id_with_the_same_content() {
    let mut bench = Bench::booted("plain");
    let first = bench.run_until_said("StartTransaction");
    let at = bench.now;
    bench.run_until(|bench| bench.last()[1] != first[1]);
    assert!(bench.now - at >= Duration::seconds(30));
    assert_eq!(bench.last()[3], first[3]);
    let second = bench.last().clone();
    bench.drop_link();
    bench.run_until(|bench| bench.connecting);
    bench.open();
    bench.answer(json!({"status": "Accepted", "interval": 600}));
    let third = bench.run_until_said("StartTransaction");
    assert_eq!(third[3], first[3]);
    assert_ne!(third[1], second[1]);
    bench.answer(json!({"transactionId": 4711, "idTagInfo": {"status": "Accepted"}}));
    let reading = bench.run_until_said("MeterValues");
    assert_eq!(reading[3]["transactionId"], 4711);
    let session = &bench.charger.sessions()[0];
    assert_eq!((session.start_sent, session.transaction_id.clone()), (3, Some("4711".to_owned())));
}

#[test]
fn an_answer_that_comes_too_late_acknowledges_nothing() {
    let mut bench = Bench::booted("plain");
    let first = bench.run_until_said("StartTransaction");
    bench.run_until(|bench| bench.last()[1] != first[1]);
    bench.deliver(json!([3, first[1], {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}]));
    assert!(!bench.charger.sessions()[0].start_acknowledged);
    assert_eq!(bench.charger.truth(bench.now).answers_too_late, 1);
}

#[test]
fn a_refused_start_is_tried_five_times_and_then_given_up() {
    let mut bench = Bench::booted("plain");
    for attempt in 1..=5 {
        bench.run_until_said("StartTransaction");
        assert_eq!(bench.charger.sessions()[0].start_sent, attempt);
        let id = bench.last()[1].clone();
        bench.said.push(json!([4]));
        bench.deliver(json!([4, id, "InternalError", "", {}]));
    }
    assert_eq!(bench.charger.sessions()[0].refused, 1);
    let stop = bench.run_until_said("StopTransaction");
    assert_eq!(stop[3]["transactionId"], -1);
}

#[test]
fn a_refused_token_ends_the_session() {
    let mut bench = Bench::booted("plain");
    bench.run_until_said("StartTransaction");
    bench.answer(json!({"transactionId": 5, "idTagInfo": {"status": "Blocked"}}));
    let stop = bench.run_until_said("StopTransaction");
    assert_eq!(stop[3]["reason"], "DeAuthorized");
    assert_eq!(stop[3]["transactionId"], 5);
}

#[test]
fn a_charger_that_does_not_boot_again_goes_on_where_it_was() {
    let mut bench = Bench::booted("fractional");
    let first = bench.run_until_said("StartTransaction");
    bench.drop_link();
    bench.run_until(|bench| bench.connecting);
    let said = bench.said.len();
    bench.open();
    let second = bench.run_until_said("StartTransaction");
    assert!(bench.said[said..].iter().all(|frame| frame[2] != "BootNotification"));
    assert_eq!(first[3], second[3]);
}

#[test]
fn the_server_can_start_and_stop_a_session() {
    let mut bench = Bench::booted("plain");
    bench.run_until_said("Heartbeat");
    bench.answer(json!({}));
    let asked = json!({"connectorId": 1, "idTag": "REMOTE"});
    assert_eq!(bench.call("RemoteStartTransaction", asked.clone())[2], json!({"status": "Accepted"}));
    let start = bench.run_until_said("StartTransaction");
    assert_eq!(start[3]["idTag"], "REMOTE");
    assert_eq!(bench.call("RemoteStartTransaction", asked)[2], json!({"status": "Rejected"}));
    bench.said.push(start);
    bench.answer(json!({"transactionId": 9}));
    bench.said.push(json!([3]));
    assert_eq!(bench.call("RemoteStopTransaction", json!({"transactionId": 8}))[2], json!({"status": "Rejected"}));
    assert_eq!(bench.call("RemoteStopTransaction", json!({"transactionId": 9}))[2], json!({"status": "Accepted"}));
    let stop = bench.run_until_said("StopTransaction");
    assert_eq!(stop[3]["reason"], "Remote");
}

#[test]
fn common_calls_are_answered_and_unknown_ones_refused_by_the_book() {
    let mut bench = Bench::booted("plain");
    let answers = [
        (
            "GetConfiguration",
            json!({"key": ["HeartbeatInterval", "Nonsense"]}),
            json!({
                "configurationKey": [{"key": "HeartbeatInterval", "readonly": false, "value": "600"}], "unknownKey": ["Nonsense"]
            }),
        ),
        (
            "ChangeConfiguration",
            json!({"key": "MeterValueSampleInterval", "value": "30"}),
            json!({"status": "Accepted"}),
        ),
        ("ChangeConfiguration", json!({"key": "NumberOfConnectors", "value": "9"}), json!({"status": "Rejected"})),
        ("ChangeConfiguration", json!({"key": "Nonsense", "value": "1"}), json!({"status": "NotSupported"})),
        ("ChangeAvailability", json!({"connectorId": 0, "type": "Inoperative"}), json!({"status": "Accepted"})),
        ("RemoteStartTransaction", json!({"connectorId": 1, "idTag": "A"}), json!({"status": "Rejected"})),
        ("TriggerMessage", json!({"requestedMessage": "MeterValues"}), json!({"status": "Accepted"})),
        ("TriggerMessage", json!({"requestedMessage": "Nonsense"}), json!({"status": "NotImplemented"})),
        ("UnlockConnector", json!({"connectorId": 1}), json!({"status": "NotSupported"})),
        ("DataTransfer", json!({"vendorId": "X"}), json!({"status": "UnknownVendorId"})),
        ("Reset", json!({"type": "Soft"}), json!({"status": "Accepted"})),
    ];
    for (action, payload, expected) in answers {
        bench.said.retain(|frame| frame[1] != "server-1");
        assert_eq!(bench.call(action, payload), json!([3, "server-1", expected]), "{action}");
    }
    bench.said.retain(|frame| frame[1] != "server-1");
    let refusal = bench.call("MakeCoffee", json!({}));
    assert_eq!((&refusal[0], &refusal[2]), (&json!(4), &json!("NotImplemented")));
}

#[test]
fn what_is_no_frame_is_ignored() {
    let mut bench = Bench::booted("plain");
    let said = bench.said.len();
    for text in [
        "",
        "{}",
        "[]",
        "[3]",
        "[9,\"x\",{}]",
        "[2,\"x\"]",
        "nonsense",
        "[3,\"unknown\",{}]",
        "[4,\"unknown\",\"E\",\"\",{}]",
    ] {
        assert!(bench.charger.deliver(bench.now, text).is_empty(), "{text}");
    }
    assert_eq!(bench.said.len(), said);
}
