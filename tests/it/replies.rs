//! What goes back to a charger: strict, whatever came.

use std::time::Duration;

use chargewatch::domain::driver::Grant;
use chargewatch::domain::ids::SessionId;
use chargewatch::domain::record::Answer;
use chargewatch::ocpp::{Call, Version, reply};
use rust_ocpp::v1_6::messages as strict;
use rust_ocpp::v2_0_1::messages as strict_201;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::frames::{NOW, hear_in};
use crate::samples::samples;

/// The payload of an answer, read by the strict type and written again.
fn again<T: DeserializeOwned + Serialize>(payload: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(payload.clone()).expect("the strict type reads it")).unwrap()
}

/// What the strict type of 1.6 writes; `None` where rust-ocpp has none.
fn by_the_types_of_16(action: &str, payload: &Value) -> Option<Value> {
    use strict::*;
    Some(match action {
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
        _ => return None,
    })
}

/// What the strict type of 2.0.1 writes. 2.1 has the same answers but for its own actions.
fn by_the_types_of_201(action: &str, payload: &Value) -> Option<Value> {
    use strict_201::*;
    Some(match action {
        "Authorize" => again::<authorize::AuthorizeResponse>(payload),
        "BootNotification" => again::<boot_notification::BootNotificationResponse>(payload),
        "DataTransfer" => again::<datatransfer::DataTransferResponse>(payload),
        "Get15118EVCertificate" => again::<get_15118ev_certificate::Get15118EVCertificateResponse>(payload),
        "GetCertificateStatus" => again::<get_certificate_status::GetCertificateStatusResponse>(payload),
        "Heartbeat" => again::<heartbeat::HeartbeatResponse>(payload),
        "NotifyEVChargingSchedule" => again::<notify_ev_charging_schedule::NotifyEVChargingScheduleResponse>(payload),
        "SignCertificate" => again::<sign_certificate::SignCertificateResponse>(payload),
        "TransactionEvent" => again::<transaction_event::TransactionEventResponse>(payload),
        _ => return None,
    })
}

/// The whole against the official schemas is in `tests/real/test_schemas.py`.
#[test]
fn every_answer_is_what_the_strict_type_of_its_action_would_write() {
    let mut answered = 0;
    for sample in samples().iter().filter(|sample| sample.version.actions().any(|action| action == sample.action)) {
        let Some(reply) = hear_in(sample.version, &sample.text).reply else {
            assert!(sample.text.starts_with("[6,"), "{} {} is not answered", sample.action, sample.name);
            continue;
        };
        let answer: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(answer[0], Value::from(3), "{} {}", sample.action, sample.name);
        let strict = if answer[2].get("idTagInfo").is_some() || sample.version == Version::V16 {
            by_the_types_of_16(&sample.action, &answer[2])
        } else {
            by_the_types_of_201(&sample.action, &answer[2])
        };
        assert_eq!(answer[2], strict.unwrap_or_else(|| answer[2].clone()), "{} {}", sample.action, sample.name);
        answered += 1;
    }
    assert!(answered > 500);
}

fn asked(action: &'static str, answer: Option<&Answer>) -> String {
    let call = Call { id: "\"7\"".into(), action, version: Version::V16, names_token: true, echo: None };
    reply(&call, answer, Duration::from_secs(300)).into()
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
    assert_eq!(asked("Heartbeat", Some(&Answer::Started(SessionId(1), Grant::ACCEPTED))), error);
}

#[test]
fn all_other_calls_can_be_answered_without_the_machine() {
    for action in Version::V16.actions() {
        let needs_more = ["BootNotification", "Heartbeat", "StartTransaction"].contains(&action);
        assert_eq!(asked(action, None).starts_with("[3,\"7\","), !needs_more, "{action}");
    }
}
