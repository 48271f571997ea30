//! What OCPP 2.x brings to ledger, API and metrics: EVSEs and connectors apart, reports in their order, the device model,
//! alarms, and how closely builds keep to their version.

use serde_json::{Value, json};

use crate::support::{Charger, Service, get, noon};

const BOOT: &str = r#"[2,"b","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"Grid & Co","model":"Hub 4","firmwareVersion":"2.0"}}]"#;

fn status(evse: u32, connector: u32, word: &str) -> String {
    format!(
        r#"[2,"s","StatusNotification",{{"timestamp":"2026-11-24T11:00:00Z","connectorStatus":"{word}","evseId":{evse},"connectorId":{connector}}}]"#
    )
}

fn report(stage: &str, seq: u32, evse: &str, register: u32) -> String {
    format!(
        r#"[2,"t","TransactionEvent",{{"eventType":"{stage}","timestamp":"2026-11-24T11:0{seq}:00Z","triggerReason":"Trigger","seqNo":{seq},"transactionInfo":{{"transactionId":"tx-9","chargingState":"Charging"}},"evse":{evse},"numberOfPhasesUsed":3,"meterValue":[{{"timestamp":"2026-11-24T11:0{seq}:00Z","sampledValue":[{{"value":{register},"unitOfMeasure":{{"unit":"Wh"}}}}]}}]}}]"#
    )
}

async fn accepted(charger: &mut Charger, frames: &[String]) {
    for frame in frames {
        let answer = charger.ask(frame).await;
        assert!(answer.starts_with("[3,"), "{frame} got {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_connector_number_under_two_evses_is_two_connectors() {
    let service = Service::at(noon(), &[]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.0.1").await;
    let frames = [status(1, 1, "Available"), status(2, 1, "Faulted"), status(0, 0, "Available")];
    accepted(&mut hub, &frames).await;
    service.settle().await;
    let found = service.json("/api/v1/chargers/hub").await;
    let places: Vec<_> = found["connectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (&c["evse_id"], &c["connector_id"], &c["status"]))
        .collect();
    let expected = [
        (json!(0), json!(0), json!("Available")),
        (json!(1), json!(1), json!("Available")),
        (json!(2), json!(1), json!("Faulted")),
    ];
    assert_eq!(places, expected.iter().map(|(evse, connector, word)| (evse, connector, word)).collect::<Vec<_>>());
    let page = get(service.http(), "/metrics").1;
    assert!(page.contains(
        r#"chargewatch_connector_state{site="unregistered",charger="hub",evse="2",connector="1",state="OUTOFORDER"} 1"#
    ));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_kept_in_order_with_what_else_they_say_and_their_gap_shows() {
    let service = Service::at(noon(), &[]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.0.1").await;
    let both = r#"{"id":1,"connectorId":2}"#;
    accepted(&mut hub, &[report("Started", 0, both, 1000), report("Ended", 3, r#"{"id":1}"#, 4000)]).await;
    let sessions = service.json("/api/v1/sessions").await;
    let session = &sessions["items"][0];
    assert_eq!(
        (&session["transaction_id"], &session["evse_id"], &session["connector_id"]),
        (&json!("tx-9"), &json!(1), &json!(2))
    );
    assert_eq!((&session["report_seqs"], &session["missing_reports"]), (&json!("0,3"), &json!(2)));
    accepted(&mut hub, &[report("Updated", 2, "1", 3000), report("Updated", 1, both, 2000)]).await;
    let session = service.json(&format!("/api/v1/sessions/{}", session["id"])).await;
    assert_eq!((&session["report_seqs"], &session["missing_reports"]), (&json!("0..3"), &json!(0)));
    assert_eq!((&session["energy_wh"], &session["energy_quality"]), (&json!(3000), &json!("register")));
    let reports = service.json(&format!("/api/v1/sessions/{}/reports", session["id"])).await;
    let seqs: Vec<_> = reports["items"].as_array().unwrap().iter().map(|report| report["seq"].clone()).collect();
    assert_eq!(seqs, [0, 3, 2, 1]);
    let details: Value = serde_json::from_str(reports["items"][0]["details"].as_str().unwrap()).unwrap();
    assert_eq!(details, json!({"numberOfPhasesUsed": 3}));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_device_model_is_asked_for_only_where_that_is_switched_on() {
    let quiet = Service::at(noon(), &[]).await;
    let mut hub = quiet.charger_speaking("hub", "ocpp2.0.1").await;
    accepted(&mut hub, &[BOOT.to_owned()]).await;
    // The next thing that comes is an answer: nothing was asked.
    accepted(&mut hub, &[status(1, 1, "Available")]).await;
    quiet.stop().await;

    let service = Service::at(noon(), &[("ocpp.ask_device_model", "true")]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.0.1").await;
    accepted(&mut hub, &[BOOT.to_owned()]).await;
    let asked: Value = serde_json::from_str(&hub.receive().await).unwrap();
    assert_eq!(
        (&asked[0], &asked[2], &asked[3]["reportBase"]),
        (&json!(2), &json!("GetBaseReport"), &json!("FullInventory"))
    );
    hub.send(&json!([3, asked[1], {"status": "Accepted"}]).to_string()).await;
    let part = |seq: u32, component: &str, variable: &str, value: &str| {
        json!([2, "r", "NotifyReport", {"requestId": asked[3]["requestId"], "generatedAt": "2026-11-24T11:00:00Z", "seqNo": seq, "tbc": seq == 0,
            "reportData": [{"component": {"name": component, "evse": {"id": 1}}, "variable": {"name": variable},
                "variableAttribute": [{"value": value, "mutability": "ReadWrite"}],
                "variableCharacteristics": {"dataType": "string", "supportsMonitoring": false, "unit": "W"}}]}])
        .to_string()
    };
    accepted(
        &mut hub,
        &[part(0, "EVSE", "Power", "22000"), part(1, "SecurityCtrlr", "BasicAuthPassword", "s3cret-and-long")],
    )
    .await;
    let model = service.json("/api/v1/chargers/hub/device-model").await;
    let variables: Vec<_> = model["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (v["variable"].as_str().unwrap(), v["value"].as_str().unwrap()))
        .collect();
    assert_eq!(variables, [("Power", "22000"), ("BasicAuthPassword", "hidden")]);
    assert_eq!(service.ledger("SELECT count(*) FROM frame WHERE instr(text, 's3cret') > 0", &[]), [[json!(0)]]);
    // A charger of 1.6 has none.
    let mut old = service.charger("old").await;
    accepted(&mut old, &[r#"[2,"b","BootNotification",{"chargePointVendor":"A","chargePointModel":"B"}]"#.to_owned()])
        .await;
    accepted(&mut old, &[r#"[2,"h","Heartbeat",{}]"#.to_owned()]).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_shown_at_its_connector_until_it_is_cleared() {
    let service = Service::at(noon(), &[]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.1").await;
    let event = |id: u32, value: &str, cleared: bool| {
        json!([2, "e", "NotifyEvent", {"generatedAt": "2026-11-24T11:00:00Z", "seqNo": 0, "eventData": [
            {"eventId": id, "timestamp": "2026-11-24T11:00:00Z", "trigger": "Alerting", "actualValue": value, "techCode": "CX026",
             "cleared": cleared, "eventNotificationType": "HardWiredNotification", "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
             "variable": {"name": "Problem"}, "severity": 2}]}])
        .to_string()
    };
    accepted(&mut hub, &[status(1, 1, "Faulted"), event(1, "true", false)]).await;
    let shown =
        |charger: &Value| (charger["connectors"][0]["error"].clone(), charger["connectors"][0]["vendor_error"].clone());
    assert_eq!(shown(&service.json("/api/v1/chargers/hub").await), (json!("Connector.Problem"), json!("CX026")));
    accepted(&mut hub, &[event(2, "false", true)]).await;
    assert_eq!(shown(&service.json("/api/v1/chargers/hub").await), (Value::Null, Value::Null));
    let alerts = service.json("/api/v1/observations?alert=true").await;
    assert_eq!(alerts["items"].as_array().unwrap().len(), 1);
    assert_eq!((&alerts["items"][0]["code"], &alerts["items"][0]["severity"]), (&json!("CX026"), &json!(2)));
    assert_eq!(service.json("/api/v1/observations").await["items"].as_array().unwrap().len(), 2);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conformance_is_counted_by_build_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::on(folder.path(), noon(), &[]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.0.1").await;
    let sloppy = status(1, 1, "Available").replace("00Z", "00");
    accepted(&mut hub, &[BOOT.to_owned(), status(1, 1, "Available"), sloppy, status(1, 1, "occupied")]).await;
    service.stop().await;

    let service = Service::on(folder.path(), noon().plus_millis(60_000), &[]).await;
    let found = service.json("/api/v1/conformance?vendor=Grid%20%26%20Co").await;
    let row = &found["items"][0];
    assert_eq!(
        (&row["model"], &row["firmware"], &row["protocol"]),
        (&json!("Hub 4"), &json!("2.0"), &json!("ocpp2.0.1"))
    );
    assert_eq!(
        (&row["frames"], &row["deviating"], &row["score_percent"], &row["chargers"]),
        (&json!(4), &json!(2), &json!(50), &json!(1))
    );
    let rules = service.json("/api/v1/conformance?per=rule&by=day").await;
    let rules: Vec<_> = rules["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["period"].clone(), row["rule"].clone(), row["deviating"].clone(), row["frames"].clone()))
        .collect();
    assert_eq!(
        rules,
        [
            (json!("2026-11-24"), json!("enum_case"), json!(1), json!(3)),
            (json!("2026-11-24"), json!("time_zone"), json!(1), json!(3)),
        ]
    );
    let page = get(service.http(), "/metrics").1;
    let labels = r#"{vendor="Grid & Co",model="Hub 4",firmware="2.0",protocol="ocpp2.0.1"}"#;
    assert!(page.contains(&format!("chargewatch_conformance_frames_total{labels} 4\n")), "{page}");
    assert!(page.contains(&format!("chargewatch_conformance_deviating_frames_total{labels} 2\n")));
    assert_eq!(service.json("/api/v1/conformance?to=2026-11-01").await["items"], json!([]));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_kept_and_not_answered() {
    let service = Service::at(noon(), &[]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.1").await;
    hub.send(r#"[6,"x","NotifyPeriodicEventStream",{"id":1,"pending":0,"basetime":"2026-11-24T11:00:00Z","data":[{"t":0,"v":"1"}]}]"#).await;
    accepted(&mut hub, &[r#"[2,"h","Heartbeat",{}]"#.to_owned()]).await;
    service.settle().await;
    let sql = "SELECT reply, deviations FROM frame WHERE action = 'NotifyPeriodicEventStream'";
    assert_eq!(service.ledger(sql, &[]), [[Value::Null, json!(0)]]);
    service.stop().await;
}
