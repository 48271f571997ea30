//! What goes back to a charger: strict, whatever came.

use std::time::Duration;

use chargewatch::domain::ids::SessionId;
use chargewatch::domain::record::Answer;
use chargewatch::ocpp::{Call, Version, reply};
use rust_ocpp::v1_6::messages as strict;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::frames::{NOW, hear};
use crate::samples::{ACTIONS, samples};

/// The payload of an answer, read by the strict type and written again.
fn again<T: DeserializeOwned + Serialize>(payload: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(payload.clone()).expect("the strict type reads it")).unwrap()
}

fn by_the_strict_type(action: &str, payload: &Value) -> Value {
    use strict::*;
    match action {
        "Authorize" => again::<authorize::AuthorizeResponse>(payload),
        "BootNotification" => again::<boot_notification::BootNotificationResponse>(payload),
        "DataTransfer" => again::<data_transfer::DataTransferResponse>(payload),
        "DiagnosticsStatusNotification" => {
            again::<diagnostics_status_notification::DiagnosticsStatusNotificationResponse>(payload)
        }
        "FirmwareStatusNotification" => {
            again::<firmware_status_notification::FirmwareStatusNotificationResponse>(payload)
        }
        "Heartbeat" => again::<heart_beat::HeartbeatResponse>(payload),
        "MeterValues" => again::<meter_values::MeterValuesResponse>(payload),
        "StartTransaction" => again::<start_transaction::StartTransactionResponse>(payload),
        "StatusNotification" => again::<status_notification::StatusNotificationResponse>(payload),
        "StopTransaction" => again::<stop_transaction::StopTransactionResponse>(payload),
        // rust-ocpp has no types for the security extension.
        "SignCertificate" => serde_json::json!({"status": "Rejected"}),
        _ => serde_json::json!({}),
    }
}

#[test]
fn every_answer_is_what_the_strict_type_of_its_action_would_write() {
    let mut answered = 0;
    for (action, name, text) in samples().iter().filter(|(folder, ..)| ACTIONS.contains(&&**folder)) {
        let answer: Value = serde_json::from_str(hear(text).reply.as_deref().expect("a call is answered")).unwrap();
        let id = if text.starts_with("[2,\"") { Value::from("19223201") } else { Value::from(19_223_201) };
        assert_eq!((&answer[0], &answer[1]), (&Value::from(3), &id), "{action} {name}");
        assert_eq!(answer[2], by_the_strict_type(action, &answer[2]), "{action} {name}");
        answered += 1;
    }
    assert!(answered > 40);
}

fn asked(action: &'static str, answer: Option<&Answer>) -> String {
    let call = Call { id: "\"7\"".into(), action, names_token: true };
    reply(Version::V16, &call, answer, Duration::from_secs(300)).into()
}

#[test]
fn a_charger_that_is_held_is_told_to_wait() {
    let answer = Answer::BootPending { now: NOW, interval: Duration::from_secs(60) };
    assert_eq!(
        asked("BootNotification", Some(&answer)),
        r#"[3,"7",{"currentTime":"2026-11-24T12:00:00.123Z","interval":60,"status":"Pending"}]"#
    );
}

#[test]
fn a_boot_answered_with_the_time_alone_gets_the_default_interval() {
    assert_eq!(
        asked("BootNotification", Some(&Answer::Time(NOW))),
        r#"[3,"7",{"currentTime":"2026-11-24T12:00:00.123Z","interval":300,"status":"Accepted"}]"#
    );
}

#[test]
fn an_interval_beyond_the_field_is_the_longest() {
    let answer = Answer::Boot { now: NOW, interval: Duration::MAX };
    assert!(asked("BootNotification", Some(&answer)).contains("\"interval\":4294967295,"));
}

#[test]
fn without_time_or_session_the_charger_is_asked_to_try_again() {
    let error = r#"[4,"7","InternalError","no answer could be made",{}]"#;
    for action in ["BootNotification", "Heartbeat", "StartTransaction"] {
        assert_eq!(asked(action, None), error);
    }
    assert_eq!(asked("StartTransaction", Some(&Answer::Time(NOW))), error);
    assert_eq!(asked("Heartbeat", Some(&Answer::Started(SessionId(1)))), error);
}

#[test]
fn all_other_calls_can_be_answered_without_the_machine() {
    for action in ACTIONS {
        let needs_more = ["BootNotification", "Heartbeat", "StartTransaction"].contains(&action);
        assert_eq!(asked(action, None).starts_with("[3,\"7\","), !needs_more, "{action}");
    }
}
