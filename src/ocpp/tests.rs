//! Tests of reading and answering: clean frames are read whole and without a remark; whatever is done to one field
//! costs that field and no other; every answer is one that the typed model takes back.

use std::time::Duration;

use proptest::prelude::*;
use rust_ocpp::v1_6::messages as model;
use serde_json::{Value, json};

use super::*;
use crate::domain::ids::SessionId;
use crate::domain::time::At;

/// A clean payload of each action, with every field that the specification has.
fn clean() -> Vec<(&'static str, Value)> {
    let time = "2026-03-01T10:00:00.5Z";
    let sampled = json!([
        {"value": "1200.5", "context": "Sample.Periodic", "format": "Raw", "measurand": "Energy.Active.Import.Register", "location": "Outlet", "unit": "Wh"},
        {"value": "7.4", "context": "Sample.Clock", "measurand": "Power.Active.Import", "unit": "kW"},
        {"value": "16", "measurand": "Current.Import", "phase": "L2", "unit": "A"},
        {"value": "230.1", "measurand": "Voltage", "phase": "L1-N", "unit": "V"},
        {"value": "55", "measurand": "SoC", "location": "EV", "unit": "Percent"}
    ]);
    let values = json!([{"timestamp": time, "sampledValue": sampled}]);
    vec![
        ("Authorize", json!({"idTag": "04AABBCC"})),
        (
            "BootNotification",
            json!({"chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": "1", "chargeBoxSerialNumber": "2",
                "firmwareVersion": "3", "iccid": "4", "imsi": "5", "meterType": "6", "meterSerialNumber": "7"}),
        ),
        ("DataTransfer", json!({"vendorId": "V", "messageId": "m", "data": "d"})),
        ("DiagnosticsStatusNotification", json!({"status": "Uploaded"})),
        ("FirmwareStatusNotification", json!({"status": "Installed"})),
        ("Heartbeat", json!({})),
        ("MeterValues", json!({"connectorId": 1, "transactionId": 7, "meterValue": values})),
        (
            "StartTransaction",
            json!({"connectorId": 1, "idTag": "04AABBCC", "meterStart": 5, "reservationId": 3, "timestamp": time}),
        ),
        (
            "StatusNotification",
            json!({"connectorId": 2, "errorCode": "OverVoltage", "info": "i", "status": "Faulted", "timestamp": time,
                "vendorId": "V", "vendorErrorCode": "E"}),
        ),
        (
            "StopTransaction",
            json!({"transactionId": 7, "idTag": "04AABBCC", "meterStop": 9, "timestamp": time, "reason": "EVDisconnected",
                "transactionData": values}),
        ),
        ("LogStatusNotification", json!({"status": "Uploaded", "requestId": 1})),
        ("SecurityEventNotification", json!({"type": "StartupOfTheDevice", "timestamp": time, "techInfo": "t"})),
        ("SignCertificate", json!({"csr": "c"})),
        ("SignedFirmwareStatusNotification", json!({"status": "Installed", "requestId": 1})),
    ]
}

fn key() -> TokenKey {
    TokenKey::new([1; 32])
}

fn read(action: &str, payload: &Value) -> Understood {
    understand(Version::V16, &json!([2, "1", action, payload]).to_string(), &key())
}

fn event(understood: Understood) -> Event {
    match understood.message {
        Message::Call { event, .. } => event,
        Message::Refused(_) | Message::Response { .. } => panic!("{understood:?}"),
    }
}

#[test]
fn clean_frames_are_read_without_a_remark() {
    for (action, payload) in clean() {
        let understood = read(action, &payload);
        assert_eq!(understood.deviations, [], "{action}");
        assert_eq!(understood.action, action);
        assert!(matches!(understood.message, Message::Call { .. }));
    }
    // What the comparisons below rest on.
    let (_, status) = &clean()[8];
    assert_eq!(fields(&event(read("StatusNotification", status))).len(), 7);
}

#[test]
fn values_come_in_the_base_unit_of_their_measurand() {
    for (measurand, unit, value, milli) in [
        ("Energy.Active.Import.Register", "kWh", "12272.427", 12_272_427_000),
        ("Power.Active.Import", "kW", "7.4", 7_400_000),
        ("Temperature", "Fahrenheit", "212", 100_000),
        ("Temperature", "K", "300", 26_850),
        ("Temperature", "Celcius", "-4.5", -4500),
        ("Power.Factor", "", "0.98", 980),
        ("Frequency", "Hertz", "50.01", 50_010),
    ] {
        let mut sample = json!({"value": value, "measurand": measurand, "unit": unit});
        if unit.is_empty() {
            sample.as_object_mut().unwrap().remove("unit");
        }
        let payload =
            json!({"connectorId": 1, "meterValue": [{"timestamp": "2026-03-01T10:00:00Z", "sampledValue": [sample]}]});
        let Event::Metered(metered) = event(read("MeterValues", &payload)) else { panic!("{payload}") };
        assert_eq!(metered.samples[0].value.map(|value| value.0), Some(milli), "{measurand} {unit}");
        assert_eq!(metered.samples[0].flags, crate::domain::reading::Flags::default());
    }
}

#[test]
fn the_typed_model_takes_every_answer_back() {
    fn taken<T: serde::de::DeserializeOwned>(text: &str) {
        let payload: Value = serde_json::from_str::<Value>(text).unwrap()[2].take();
        serde_json::from_value::<T>(payload).unwrap();
    }
    let call = |action| Call { id: "\"1\"".into(), action, with_token: true };
    let now = At::from_millis(1_795_521_600_123);
    let boot = Answer::Boot { now, interval: Duration::from_secs(300) };
    let text = reply(Version::V16, &call("BootNotification"), Some(&boot));
    assert_eq!(&*text, r#"[3,"1",{"currentTime":"2026-11-24T12:00:00.123Z","interval":300,"status":"Accepted"}]"#);
    taken::<model::boot_notification::BootNotificationResponse>(&text);
    taken::<model::heart_beat::HeartbeatResponse>(&reply(Version::V16, &call("Heartbeat"), Some(&Answer::Time(now))));
    let authorized = reply(Version::V16, &call("Authorize"), Some(&Answer::TokenAccepted));
    taken::<model::authorize::AuthorizeResponse>(&authorized);
    let started = reply(Version::V16, &call("StartTransaction"), Some(&Answer::Started(SessionId(7))));
    taken::<model::start_transaction::StartTransactionResponse>(&started);
    taken::<model::stop_transaction::StopTransactionResponse>(&reply(Version::V16, &call("StopTransaction"), None));
    taken::<model::data_transfer::DataTransferResponse>(&reply(Version::V16, &call("DataTransfer"), None));
    assert_eq!(&*reply(Version::V16, &call("MeterValues"), None), r#"[3,"1",{}]"#);
    assert_eq!(&*reply(Version::V16, &call("SignCertificate"), None), r#"[3,"1",{"status":"Rejected"}]"#);
}

/// What may befall a field.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Drop,
    Null,
    Empty,
    Object,
    Number,
    Text,
    OtherCase,
    UnknownWord,
    KeyCase,
    Extra,
}

fn harm() -> impl Strategy<Value = Harm> {
    prop::sample::select(vec![
        Harm::Drop,
        Harm::Null,
        Harm::Empty,
        Harm::Object,
        Harm::Number,
        Harm::Text,
        Harm::OtherCase,
        Harm::UnknownWord,
        Harm::KeyCase,
        Harm::Extra,
    ])
}

fn apply(harm: Harm, payload: &mut Value, key: &str) {
    let object = payload.as_object_mut().unwrap();
    let was = object.get(key).cloned().unwrap_or(Value::Null);
    let text = was.as_str().map(str::to_owned);
    match harm {
        Harm::Drop => drop(object.remove(key)),
        Harm::Null => drop(object.insert(key.to_owned(), Value::Null)),
        Harm::Empty => drop(object.insert(key.to_owned(), json!(""))),
        Harm::Object => drop(object.insert(key.to_owned(), json!({"x": [1]}))),
        Harm::Number => drop(object.insert(key.to_owned(), json!(-3.25))),
        Harm::Text => drop(object.insert(key.to_owned(), json!(format!(" {was} ")))),
        Harm::OtherCase => drop(object.insert(key.to_owned(), json!(text.unwrap_or_default().to_uppercase()))),
        Harm::UnknownWord => drop(object.insert(key.to_owned(), json!("Someday"))),
        Harm::KeyCase => {
            object.remove(key);
            object.insert(key.to_uppercase(), was);
        }
        Harm::Extra => drop(object.insert("surplus".to_owned(), json!({"a": null}))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Harm to one field leaves what the event holds of all others.
    #[test]
    fn harm_to_a_field_costs_no_other_field(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), harm in harm()) {
        let all = clean();
        let (action, payload) = &all[which.index(all.len())];
        let keys: Vec<String> = payload.as_object().unwrap().keys().cloned().collect();
        let key = if keys.is_empty() { "surplus".to_owned() } else { keys[at.index(keys.len())].clone() };
        let mut harmed = payload.clone();
        apply(harm, &mut harmed, &key);
        let before = fields(&event(read(action, payload)));
        let after = fields(&event(read(action, &harmed)));
        for (name, value) in &before {
            if !touches(&key, name) {
                let kept = after.iter().find(|(other, _)| other == name).map(|(_, value)| value);
                prop_assert_eq!(kept, Some(value), "{} {} {:?}", action, key, harm);
            }
        }
    }

    /// Within a list, too: harm to a sampled value leaves its neighbours.
    #[test]
    fn harm_to_a_sample_costs_no_other_sample(at in 0_usize..5, name in any::<prop::sample::Index>(), harm in harm()) {
        let (_, payload) = clean().swap_remove(6);
        let mut harmed = payload.clone();
        let sample = &mut harmed["meterValue"][0]["sampledValue"][at];
        let keys: Vec<String> = sample.as_object().unwrap().keys().cloned().collect();
        apply(harm, sample, &keys[name.index(keys.len())]);
        let samples = |payload: &Value| {
            let Event::Metered(metered) = event(read("MeterValues", payload)) else { panic!("{payload}") };
            metered.samples
        };
        let (before, after) = (samples(&payload), samples(&harmed));
        for (index, sample) in before.iter().enumerate().filter(|(index, _)| *index != at) {
            prop_assert!(after.contains(sample), "{} {:?}", index, harm);
        }
    }
}

/// The fields of an event as name and printed value.
fn fields(event: &Event) -> Vec<(String, String)> {
    let printed = format!("{event:#?}");
    let mut found: Vec<(String, String)> = Vec::new();
    for line in printed.lines() {
        let field =
            line.strip_prefix("        ").filter(|rest| !rest.starts_with(' ')).and_then(|rest| rest.split_once(": "));
        match (field, found.last_mut()) {
            (Some((name, value)), _) => found.push((name.to_owned(), value.to_owned())),
            (None, Some((_, value))) => value.push_str(line),
            (None, None) => {}
        }
    }
    found
}

/// Which field of an event a key of the payload fills.
fn touches(key: &str, field: &str) -> bool {
    let pairs = [
        ("idTag", "token"),
        ("connectorId", "outlet"),
        ("meterStart", "register"),
        ("meterStop", "register"),
        ("timestamp", "at"),
        ("transactionId", "transaction"),
        ("meterValue", "samples"),
        ("transactionData", "samples"),
        ("errorCode", "error"),
        ("vendorErrorCode", "vendor_error"),
        ("vendorId", "vendor"),
        ("messageId", "message"),
        ("type", "kind"),
        ("techInfo", "info"),
        ("chargePointVendor", "vendor"),
        ("chargePointModel", "model"),
        ("chargePointSerialNumber", "serial"),
        ("chargeBoxSerialNumber", "box_serial"),
        ("firmwareVersion", "firmware"),
        ("meterType", "meter_type"),
        ("meterSerialNumber", "meter_serial"),
    ];
    key == field || pairs.contains(&(key, field))
}
