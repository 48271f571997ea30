//! What we answer to OCPP 2.x. By rust-ocpp's types where they say what the schema says; chargers are strict towards
//! us, so nothing here is lenient.
//!
//! What would be a decision about certificates, tariffs, schedules or the grid is refused in the way that the schema of
//! the answer has for it: this service watches.

use chrono::{DateTime, Utc};
use rust_ocpp::v2_0_1::datatypes::id_token_info_type::IdTokenInfoType;
use rust_ocpp::v2_0_1::datatypes::id_token_type::IdTokenType;
use rust_ocpp::v2_0_1::enumerations::authorization_status_enum_type::AuthorizationStatusEnumType;
use rust_ocpp::v2_0_1::enumerations::id_token_enum_type::IdTokenEnumType;
use rust_ocpp::v2_0_1::enumerations::registration_status_enum_type::RegistrationStatusEnumType;
use rust_ocpp::v2_0_1::messages::authorize::AuthorizeResponse;
use rust_ocpp::v2_0_1::messages::boot_notification::BootNotificationResponse;
use rust_ocpp::v2_0_1::messages::heartbeat::HeartbeatResponse;
use rust_ocpp::v2_0_1::messages::transaction_event::TransactionEventResponse;
use serde::Serialize;
use serde_json::Value;

use crate::domain::driver::{Grant, Permission};
use crate::domain::record::Answer;
use crate::domain::time::At;
use crate::ocpp::Version;
use crate::ocpp::dialect::{Asked, Payload};

/// To a BootNotification: needs at least the time.
pub(in crate::ocpp) fn boot(asked: &Asked<'_>) -> Payload {
    let (now, interval, status) = match *asked.answer? {
        Answer::Boot { now, interval } => (now, interval, RegistrationStatusEnumType::Accepted),
        Answer::BootPending { now, interval } => (now, interval, RegistrationStatusEnumType::Pending),
        Answer::Time(now) => (now, asked.interval, RegistrationStatusEnumType::Accepted),
        Answer::Token(_) | Answer::Started(..) | Answer::Signing(_) => return None,
    };
    // The type holds 16 bits; the schema sets no limit, but a heartbeat a day is none.
    let interval = u16::try_from(interval.as_secs()).unwrap_or(u16::MAX);
    json(&BootNotificationResponse { current_time: utc(now), interval, status, status_info: None })
}

/// To a Heartbeat: the time.
pub(in crate::ocpp) fn time(asked: &Asked<'_>) -> Payload {
    match *asked.answer? {
        Answer::Time(now) | Answer::Boot { now, .. } | Answer::BootPending { now, .. } => {
            json(&HeartbeatResponse { current_time: utc(now) })
        }
        Answer::Token(_) | Answer::Started(..) | Answer::Signing(_) => None,
    }
}

/// To an Authorize: whether the token may charge.
pub(in crate::ocpp) fn authorized(asked: &Asked<'_>) -> Payload {
    json(&AuthorizeResponse { id_token_info: info(asked.grant()), ..AuthorizeResponse::default() })
}

/// To a TransactionEvent: token information only where a token was named.
pub(in crate::ocpp) fn transaction(asked: &Asked<'_>) -> Payload {
    let id_token_info = asked.names_token.then(|| info(asked.grant()));
    json(&TransactionEventResponse { id_token_info, ..TransactionEventResponse::default() })
}

/// To all that only wants to be heard.
pub(in crate::ocpp) fn empty(_asked: &Asked<'_>) -> Payload {
    Some("{}".to_owned())
}

/// To what is taken note of and needs a status.
pub(in crate::ocpp) fn accepted_status(_asked: &Asked<'_>) -> Payload {
    Some(r#"{"status":"Accepted"}"#.to_owned())
}

/// To a SignCertificate: Accepted when the certificate will follow.
pub(in crate::ocpp) fn signing(asked: &Asked<'_>) -> Payload {
    if asked.is_signed() { accepted_status(asked) } else { rejected(asked) }
}

/// To a PullDynamicScheduleUpdate.
pub(in crate::ocpp) fn rejected(_asked: &Asked<'_>) -> Payload {
    Some(r#"{"status":"Rejected"}"#.to_owned())
}

/// To a NotifyEVChargingNeeds: there will be no schedule from here.
pub(in crate::ocpp) fn no_schedule(asked: &Asked<'_>) -> Payload {
    let word = if asked.version < Version::V21 { "Rejected" } else { "NoChargingProfile" };
    Some(format!(r#"{{"status":"{word}"}}"#))
}

/// To a GetCertificateStatus.
pub(in crate::ocpp) fn failed(_asked: &Asked<'_>) -> Payload {
    Some(r#"{"status":"Failed"}"#.to_owned())
}

/// To a Get15118EVCertificate. The schema wants the EXI text even where there is none.
pub(in crate::ocpp) fn no_certificate(_asked: &Asked<'_>) -> Payload {
    Some(r#"{"status":"Failed","exiResponse":""}"#.to_owned())
}

/// To a GetCertificateChainStatus: of each certificate asked for, that its status could not be had.
pub(in crate::ocpp) fn no_chain(asked: &Asked<'_>) -> Payload {
    Some(format!(r#"{{"certificateStatus":{}}}"#, asked.echo.unwrap_or("[]")))
}

/// What the answer to a GetCertificateChainStatus repeats of it, as far as that can be read: the schema wants each part
/// of it, and at least one certificate.
pub(in crate::ocpp) fn chain_echo(payload: &str) -> Option<String> {
    let payload: Value = serde_json::from_str(payload).unwrap_or_default();
    let failed = |request: &Value| {
        let hash = &request["certificateHashData"];
        let text = |value: &Value, limit: usize| -> String {
            value.as_str().unwrap_or_default().chars().take(limit).collect()
        };
        let word = |value: &Value, words: &[&'static str]| -> &'static str {
            words.iter().find(|word| value.as_str() == Some(word)).unwrap_or(&words[0])
        };
        serde_json::json!({
            "certificateHashData": {
                "hashAlgorithm": word(&hash["hashAlgorithm"], &["SHA256", "SHA384", "SHA512"]),
                "issuerNameHash": text(&hash["issuerNameHash"], 128),
                "issuerKeyHash": text(&hash["issuerKeyHash"], 128),
                "serialNumber": text(&hash["serialNumber"], 40),
            },
            "source": word(&request["source"], &["OCSP", "CRL"]),
            "status": "Failed",
            "nextUpdate": NEVER_KNOWN,
        })
    };
    let asked = &payload["certificateStatusRequests"];
    let requests = asked.as_array().map_or(std::slice::from_ref(asked), Vec::as_slice);
    let mut answers: Vec<Value> = requests.iter().take(MOST_CERTIFICATES).map(failed).collect();
    if answers.is_empty() {
        answers.push(failed(&Value::Null));
    }
    Some(Value::from(answers).to_string())
}

/// Most certificates that a GetCertificateChainStatus may ask for.
const MOST_CERTIFICATES: usize = 4;

/// When a status that is not known will next be known: the schema wants a time, and this one has passed.
const NEVER_KNOWN: &str = "1970-01-01T00:00:00.000Z";

/// To a VatNumberValidation: this service cannot vouch for it.
pub(in crate::ocpp) fn no_vat(asked: &Asked<'_>) -> Payload {
    Some(format!(r#"{{"status":"Rejected","vatNumber":{}}}"#, asked.echo.unwrap_or("\"\"")))
}

/// What the answer to a VatNumberValidation repeats of it.
pub(in crate::ocpp) fn vat_echo(payload: &str) -> Option<String> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    let number: String = payload.get("vatNumber")?.as_str()?.chars().take(20).collect();
    Some(crate::ocppj::quoted(&number))
}

fn info(grant: &Grant) -> IdTokenInfoType {
    let status = match grant.permission {
        Permission::Accepted => AuthorizationStatusEnumType::Accepted,
        Permission::Blocked => AuthorizationStatusEnumType::Blocked,
        Permission::Expired => AuthorizationStatusEnumType::Expired,
        Permission::Invalid => AuthorizationStatusEnumType::Invalid,
        Permission::ConcurrentTx => AuthorizationStatusEnumType::ConcurrentTx,
    };
    let group_id_token = grant.group.as_ref().map(|group| IdTokenType {
        id_token: group.as_str().to_owned(),
        kind: IdTokenEnumType::Central,
        additional_info: None,
    });
    let cache_expiry_date_time = grant.until.map(utc);
    IdTokenInfoType { status, group_id_token, cache_expiry_date_time, ..IdTokenInfoType::default() }
}

fn utc(at: At) -> DateTime<Utc> {
    at.into()
}

fn json(response: &impl Serialize) -> Payload {
    serde_json::to_string(response).ok()
}
