//! One charger as an OCPP 2.x client: transactions by its own number, obeying, answering what may be asked.

use serde_json::{Value, json};

use super::bench::Bench;
use crate::sim::places::Kit;

/// The next event of a transaction of this kind, the calls before it answered.
fn event(bench: &mut Bench, kind: &str) -> Value {
    bench.run_until_told(|call| call[2] == "TransactionEvent" && call[3]["eventType"] == kind)[3].clone()
}

/// Answers the call that was left unanswered with consent.
fn consent(bench: &mut Bench) {
    bench.answer(json!({"idTokenInfo": {"status": "Accepted"}}));
}

/// Forgets earlier answers and calls the charger.
fn ask(bench: &mut Bench, action: &str, payload: Value) -> Value {
    bench.said.retain(|frame| frame[1] != "server-1");
    bench.call(action, payload)
}

#[test]
fn a_hub_boots_and_tells_each_connector_under_its_evse() {
    let mut bench = Bench::of("hub", Kit::Twin22).boot();
    let boot = bench.said[0].clone();
    assert_eq!((&boot[2], &boot[3]["reason"]), (&json!("BootNotification"), &json!("PowerUp")));
    assert_eq!(boot[3]["chargingStation"]["model"], "SIM Oldbrook 22");
    for outlet in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let told = bench.last().clone();
        assert_eq!(told[2], "StatusNotification");
        assert_eq!((&told[3]["evseId"], &told[3]["connectorId"]), (&json!(outlet.0), &json!(outlet.1)));
        assert_eq!(told[3]["connectorStatus"], "Available");
        bench.answer(json!({}));
    }
}

#[test]
fn a_transaction_is_told_from_beginning_to_end_in_numbered_events() {
    let mut bench = Bench::of("hub", Kit::Rapid50).boot();
    let started = event(&mut bench, "Started");
    assert_eq!((&started["seqNo"], &started["triggerReason"]), (&json!(0), &json!("Authorized")));
    assert_eq!(started["transactionInfo"]["chargingState"], "EVConnected");
    assert_eq!(started["offline"], false);
    let id = started["transactionInfo"]["transactionId"].clone();
    assert_eq!(id.as_str().unwrap().len(), 36);
    let begin = &started["meterValue"][0]["sampledValue"][0];
    assert_eq!(begin["context"], "Transaction.Begin");
    assert_eq!(begin["value"], bench.charger.sessions()[0].meter_start_wh);
    consent(&mut bench);
    let change = event(&mut bench, "Updated");
    assert_eq!((&change["seqNo"], &change["triggerReason"]), (&json!(1), &json!("ChargingStateChanged")));
    assert_eq!(change["transactionInfo"]["chargingState"], "Charging");
    consent(&mut bench);
    let reading = event(&mut bench, "Updated");
    assert_eq!((&reading["seqNo"], &reading["triggerReason"]), (&json!(2), &json!("MeterValuePeriodic")));
    assert!(reading["meterValue"][0]["sampledValue"].as_array().unwrap().len() > 3);
    consent(&mut bench);
    let ended = event(&mut bench, "Ended");
    let session = &bench.charger.sessions()[0];
    assert_eq!(ended["transactionInfo"]["transactionId"], id);
    assert_eq!(ended["transactionInfo"]["stoppedReason"], *session.stop_reason.as_ref().unwrap());
    assert_eq!(ended["meterValue"][0]["sampledValue"][0]["value"], session.meter_stop_wh.unwrap());
    assert_eq!(ended["seqNo"], session.events - 1);
}

#[test]
fn only_what_the_server_has_no_word_for_yet_is_a_status() {
    let mut bench = Bench::of("hub", Kit::Rapid50).boot();
    event(&mut bench, "Ended");
    consent(&mut bench);
    let told =
        bench.run_until_told(|call| call[2] == "StatusNotification" && call[3]["connectorStatus"] == "Available");
    let words: Vec<&Value> = bench.said.iter().filter(|call| call[2] == "StatusNotification").collect();
    let words: Vec<&str> = words.iter().map(|call| call[3]["connectorStatus"].as_str().unwrap()).collect();
    assert_eq!(words, ["Available", "Available", "Occupied", "Available"], "{told}");
}

#[test]
fn a_transaction_may_begin_at_plug_in_and_its_driver_be_told_later() {
    let mut bench = Bench::of("scaled", Kit::Post7).boot();
    let started = event(&mut bench, "Started");
    assert_eq!((&started["triggerReason"], &started["evse"]["connectorId"]), (&json!("CablePluggedIn"), &json!(1)));
    assert_eq!(started["transactionInfo"], json!({"transactionId": "1", "chargingState": "EVConnected"}));
    assert!(started.get("idToken").is_none() && started.get("offline").is_none());
    consent(&mut bench);
    let change = event(&mut bench, "Updated");
    assert_eq!((&change["triggerReason"], &change["evse"]), (&json!("Authorized"), &json!({"id": 1})));
    assert_eq!(change["idToken"]["idToken"], *bench.charger.sessions()[0].id_tag);
    consent(&mut bench);
    let reading = event(&mut bench, "Updated");
    assert_eq!(reading["transactionInfo"], json!({"transactionId": "1"}));
    assert_eq!(reading["meterValue"][0]["sampledValue"][0]["unitOfMeasure"], json!({"unit": "kWh", "multiplier": -3}));
}

#[test]
fn news_goes_before_what_happened_offline_and_under_higher_numbers() {
    let mut bench = Bench::of("jumbled", Kit::Rapid50).boot();
    event(&mut bench, "Started");
    bench.drop_link();
    bench.run_until(|bench| bench.charger.sessions()[0].events > 6);
    bench.run_until(|bench| bench.connecting);
    let said = bench.said.len();
    bench.open();
    let first = event(&mut bench, "Updated")["seqNo"].as_u64().unwrap();
    assert!(first > 6, "{first}");
    consent(&mut bench);
    let started = event(&mut bench, "Started");
    assert_eq!((&started["seqNo"], &started["offline"]), (&json!(0), &json!(false)));
    consent(&mut bench);
    let late = bench.run_until_told(|call| call[3]["offline"] == true);
    assert!(late[3]["seqNo"].as_u64().unwrap() < first);
    assert!(bench.said[said..].iter().all(|call| call[2] != "BootNotification"));
}

#[test]
fn a_connector_is_an_event_of_a_variable_to_a_charger_of_21() {
    let mut bench = Bench::of("notifier", Kit::Rapid50).boot();
    let told = bench.last()[3].clone();
    assert_eq!(told["eventData"][0]["variable"], json!({"name": "AvailabilityState"}));
    assert_eq!(told["eventData"][0]["component"]["evse"], json!({"id": 1, "connectorId": 1}));
    let ended = event(&mut bench, "Ended");
    let energy = bench.charger.sessions()[0].energy_wh;
    assert_eq!(
        ended["costDetails"]["totalUsage"]["energy"].to_string(),
        format!("{}.{:03}", energy / 1000, energy % 1000)
    );
}

#[test]
fn a_token_refused_in_any_answer_ends_the_transaction() {
    for kind in ["Started", "Updated"] {
        let mut bench = Bench::of("scaled", Kit::Post7).boot();
        event(&mut bench, kind);
        bench.answer(json!({"idTokenInfo": {"status": "Blocked"}}));
        let ended = event(&mut bench, "Ended");
        assert_eq!(ended["triggerReason"], "Deauthorized", "after {kind}");
        assert_eq!(ended["transactionInfo"]["stoppedReason"], "DeAuthorized");
    }
}

#[test]
fn the_server_can_start_and_stop_a_transaction_by_its_number() {
    let mut bench = Bench::of("hub", Kit::Twin22).boot();
    bench.run_until_said("Heartbeat");
    bench.answer(json!({}));
    let token = json!({"idToken": "REMOTE", "type": "Central"});
    let wish = json!({"evseId": 2, "remoteStartId": 4711, "idToken": token});
    assert_eq!(ask(&mut bench, "RequestStartTransaction", wish.clone())[2], json!({"status": "Accepted"}));
    let started = bench.run_until_told(|call| call[3]["triggerReason"] == "RemoteStart")[3].clone();
    assert_eq!((&started["evse"]["id"], &started["idToken"]["idToken"]), (&json!(2), &json!("REMOTE")));
    assert_eq!(started["transactionInfo"]["remoteStartId"], 4711);
    assert_eq!(ask(&mut bench, "RequestStartTransaction", wish)[2], json!({"status": "Rejected"}));
    let stop = |id: &str| json!({"transactionId": id});
    assert_eq!(ask(&mut bench, "RequestStopTransaction", stop("none"))[2], json!({"status": "Rejected"}));
    let id = started["transactionInfo"]["transactionId"].as_str().unwrap();
    assert_eq!(ask(&mut bench, "RequestStopTransaction", stop(id))[2], json!({"status": "Accepted"}));
    bench.said.push(json!([2, bench.said.iter().rfind(|call| call[2] == "TransactionEvent").unwrap()[1]]));
    consent(&mut bench);
    let ended = bench.run_until_told(|call| call[3]["triggerReason"] == "RemoteStop");
    assert_eq!(ended[3]["transactionInfo"]["stoppedReason"], "Remote");
}

#[test]
fn a_report_comes_in_two_parts_after_its_answer() {
    let mut bench = Bench::of("hub", Kit::Rapid50).boot();
    let asked = json!({"requestId": 12, "reportBase": "FullInventory"});
    assert_eq!(ask(&mut bench, "GetBaseReport", asked)[2], json!({"status": "Accepted"}));
    bench.said.push(bench.said.iter().rfind(|call| call[0] == 2).unwrap().clone());
    for (part, more) in [(0, true), (1, false)] {
        let report = bench.run_until_said("NotifyReport");
        assert_eq!((&report[3]["requestId"], &report[3]["seqNo"]), (&json!(12), &json!(part)));
        assert_eq!((&report[3]["tbc"], report[3]["reportData"].as_array().unwrap().len()), (&json!(more), 4));
        bench.answer(json!({}));
    }
}

#[test]
fn variables_are_told_and_set_or_refused_by_name() {
    let mut bench = Bench::of("hub", Kit::Rapid50).boot();
    let of =
        |component: &str, variable: &str| json!({"component": {"name": component}, "variable": {"name": variable}});
    let with = |mut base: Value, key: &str, value: &str| {
        base[key] = json!(value);
        base
    };
    let interval = || of("OCPPCommCtrlr", "HeartbeatInterval");
    let list = [interval(), of("OCPPCommCtrlr", "Nonsense"), of("Nonsense", "HeartbeatInterval")];
    let told = ask(&mut bench, "GetVariables", json!({"getVariableData": list}));
    let states: Vec<&Value> =
        told[2]["getVariableResult"].as_array().unwrap().iter().map(|result| &result["attributeStatus"]).collect();
    assert_eq!(states, ["Accepted", "UnknownVariable", "UnknownComponent"]);
    assert_eq!(told[2]["getVariableResult"][0]["attributeValue"], "600");
    let list = [
        with(interval(), "attributeValue", "120"),
        with(interval(), "attributeValue", "soon"),
        with(of("TxCtrlr", "TxStartPoint"), "attributeValue", "60"),
        with(of("TxCtrlr", "Nonsense"), "attributeValue", "60"),
    ];
    let set = ask(&mut bench, "SetVariables", json!({"setVariableData": list}));
    let states: Vec<&Value> =
        set[2]["setVariableResult"].as_array().unwrap().iter().map(|result| &result["attributeStatus"]).collect();
    assert_eq!(states, ["Accepted", "Rejected", "Rejected", "UnknownVariable"]);
    let told = ask(&mut bench, "GetVariables", json!({"getVariableData": [interval()]}));
    assert_eq!(told[2]["getVariableResult"][0]["attributeValue"], "120");
}

#[test]
fn common_calls_are_answered_and_unknown_ones_refused_by_the_book() {
    let mut bench = Bench::of("hub", Kit::Twin22).boot();
    let answers = [
        (
            "ChangeAvailability",
            json!({"operationalStatus": "Inoperative", "evse": {"id": 2}}),
            json!({"status": "Accepted"}),
        ),
        (
            "ChangeAvailability",
            json!({"operationalStatus": "Inoperative", "evse": {"id": 9}}),
            json!({"status": "Rejected"}),
        ),
        ("TriggerMessage", json!({"requestedMessage": "MeterValues"}), json!({"status": "Accepted"})),
        ("TriggerMessage", json!({"requestedMessage": "TransactionEvent"}), json!({"status": "Rejected"})),
        ("TriggerMessage", json!({"requestedMessage": "LogStatusNotification"}), json!({"status": "NotImplemented"})),
        ("UnlockConnector", json!({"evseId": 1, "connectorId": 1}), json!({"status": "Unlocked"})),
        ("DataTransfer", json!({"vendorId": "X"}), json!({"status": "UnknownVendorId"})),
        ("GetLocalListVersion", json!({}), json!({"versionNumber": 0})),
        ("GetTransactionStatus", json!({}), json!({"messagesInQueue": true})),
        (
            "GetTransactionStatus",
            json!({"transactionId": "none"}),
            json!({"messagesInQueue": true, "ongoingIndicator": false}),
        ),
        (
            "ClearVariableMonitoring",
            json!({"id": [3]}),
            json!({"clearMonitoringResult": [{"status": "NotFound", "id": 3}]}),
        ),
        ("CostUpdated", json!({"totalCost": 1.5, "transactionId": "x"}), json!({})),
        ("Reset", json!({"type": "Immediate", "evseId": 1}), json!({"status": "Rejected"})),
        ("Reset", json!({"type": "OnIdle"}), json!({"status": "Accepted"})),
    ];
    for (action, payload, expected) in answers {
        assert_eq!(ask(&mut bench, action, payload), json!([3, "server-1", expected]), "{action}");
    }
    for unknown in ["MakeCoffee", "RemoteStartTransaction", "GetTariffs"] {
        let refusal = ask(&mut bench, unknown, json!({}));
        assert_eq!((&refusal[0], &refusal[2]), (&json!(4), &json!("NotImplemented")), "{unknown}");
    }
    let mut bench = Bench::of("notifier", Kit::Rapid50).boot();
    assert_eq!(ask(&mut bench, "GetTariffs", json!({"evseId": 0}))[2], json!({"status": "NoTariff"}));
}

#[test]
fn a_reset_on_idle_waits_for_the_last_car() {
    let mut bench = Bench::of("hub", Kit::Rapid50).boot();
    event(&mut bench, "Started");
    assert_eq!(ask(&mut bench, "Reset", json!({"type": "OnIdle"}))[2], json!({"status": "Scheduled"}));
    bench.said.push(bench.said.iter().rfind(|call| call[0] == 2).unwrap().clone());
    consent(&mut bench);
    let ended = event(&mut bench, "Ended");
    assert_ne!(ended["triggerReason"], "ResetCommand");
    consent(&mut bench);
    bench.run_until(|bench| bench.connecting);
    bench.open();
    assert_eq!(bench.last()[3]["reason"], "RemoteReset");
}

#[test]
fn an_idle_evse_is_read_every_quarter_of_an_hour() {
    let mut bench = Bench::of("hub", Kit::Twin22).boot();
    let first = bench.run_until_said("MeterValues")[3].clone();
    assert_eq!(first["meterValue"][0]["sampledValue"][0]["context"], "Sample.Clock");
    let session = bench.charger.sessions().first();
    assert!(session.is_none_or(|session| session.ended_at.is_some() || first["evseId"] != session.evse_id));
}

#[test]
fn the_numbers_of_events_may_go_on_and_be_text() {
    let mut bench = Bench::of("loose", Kit::Rapid50).boot();
    let first = event(&mut bench, "started");
    assert_eq!((&first["seqNo"], &first["evse"]["id"]), (&json!(" 0 "), &json!(" 1 ")));
    consent(&mut bench);
    let ended = event(&mut bench, "ended");
    consent(&mut bench);
    let next = event(&mut bench, "started");
    let number = |event: &Value| event["seqNo"].as_str().unwrap().trim().parse::<u32>().unwrap();
    assert_eq!(number(&next), number(&ended) + 1);
}
