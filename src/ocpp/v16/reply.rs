//! What we answer, written by rust-ocpp's types: chargers are strict towards us, so nothing here is lenient.

use chrono::{DateTime, Utc};
use rust_ocpp::v1_6::messages::authorize::AuthorizeResponse;
use rust_ocpp::v1_6::messages::boot_notification::BootNotificationResponse;
use rust_ocpp::v1_6::messages::data_transfer::DataTransferResponse;
use rust_ocpp::v1_6::messages::heart_beat::HeartbeatResponse;
use rust_ocpp::v1_6::messages::start_transaction::StartTransactionResponse;
use rust_ocpp::v1_6::messages::stop_transaction::StopTransactionResponse;
use rust_ocpp::v1_6::types::{AuthorizationStatus, DataTransferStatus, IdTagInfo, RegistrationStatus};
use serde::Serialize;

use crate::domain::driver::{Grant, Permission};
use crate::domain::record::Answer;
use crate::domain::time::At;
use crate::ocpp::dialect::{Asked, Payload};

/// To a BootNotification: needs at least the time.
pub(super) fn boot(asked: &Asked<'_>) -> Payload {
    let (now, interval, status) = match *asked.answer? {
        Answer::Boot { now, interval } => (now, interval, RegistrationStatus::Accepted),
        Answer::BootPending { now, interval } => (now, interval, RegistrationStatus::Pending),
        Answer::Time(now) => (now, asked.interval, RegistrationStatus::Accepted),
        Answer::Token(_) | Answer::Started(..) | Answer::Signing(_) => return None,
    };
    let interval = u32::try_from(interval.as_secs()).unwrap_or(u32::MAX);
    json(&BootNotificationResponse { current_time: utc(now), interval, status })
}

/// To a Heartbeat: the time.
pub(super) fn time(asked: &Asked<'_>) -> Payload {
    match *asked.answer? {
        Answer::Time(now) | Answer::Boot { now, .. } | Answer::BootPending { now, .. } => {
            json(&HeartbeatResponse { current_time: utc(now) })
        }
        Answer::Token(_) | Answer::Started(..) | Answer::Signing(_) => None,
    }
}

/// To an Authorize: whether the token may charge.
pub(super) fn authorized(asked: &Asked<'_>) -> Payload {
    json(&AuthorizeResponse { id_tag_info: info(asked.grant()) })
}

/// To a StartTransaction: the id of its session, whether its token may charge or not.
pub(super) fn started(asked: &Asked<'_>) -> Payload {
    let Answer::Started(session, grant) = asked.answer? else { return None };
    json(&StartTransactionResponse { id_tag_info: info(grant), transaction_id: session.0 })
}

/// To a StopTransaction: token information only where a token was named.
pub(super) fn stopped(asked: &Asked<'_>) -> Payload {
    json(&StopTransactionResponse { id_tag_info: asked.names_token.then(|| info(asked.grant())) })
}

/// To a DataTransfer: accepted, whatever it is.
pub(super) fn data_accepted(_asked: &Asked<'_>) -> Payload {
    json(&DataTransferResponse { status: DataTransferStatus::Accepted, data: None })
}

/// To all that only wants to be heard.
pub(super) fn empty(_asked: &Asked<'_>) -> Payload {
    Some("{}".to_owned())
}

/// To a SignCertificate: Accepted when the certificate will follow.
pub(super) fn signing(asked: &Asked<'_>) -> Payload {
    let word = if asked.is_signed() { "Accepted" } else { "Rejected" };
    Some(format!(r#"{{"status":"{word}"}}"#))
}

fn info(grant: &Grant) -> IdTagInfo {
    let status = match grant.permission {
        Permission::Accepted => AuthorizationStatus::Accepted,
        Permission::Blocked => AuthorizationStatus::Blocked,
        Permission::Expired => AuthorizationStatus::Expired,
        Permission::Invalid => AuthorizationStatus::Invalid,
        Permission::ConcurrentTx => AuthorizationStatus::ConcurrentTx,
    };
    let parent_id_tag = grant.group.as_ref().map(|group| group.as_str().to_owned());
    IdTagInfo { expiry_date: grant.until.map(utc), parent_id_tag, status }
}

fn utc(at: At) -> DateTime<Utc> {
    at.into()
}

fn json(response: &impl Serialize) -> Payload {
    serde_json::to_string(response).ok()
}
