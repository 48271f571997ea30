//! OCPP 1.6: its messages, one small function each, and the table that routes them. 1.6 words live only here.

mod core;
mod maintenance;
mod metering;
mod transactions;
mod words;

use chrono::{DateTime, SubsecRound, Utc};
use rust_ocpp::v1_6::messages as model;
use rust_ocpp::v1_6::types::{AuthorizationStatus, DataTransferStatus, IdTagInfo, RegistrationStatus};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fields::{Findings, Object};
use super::{Call, Message, note_refusal, seconds};
use crate::domain::deviation::{Deviation, Rule};
use crate::domain::event::Event;
use crate::domain::ids::Outlet;
use crate::domain::record::Answer;
use crate::domain::time::At;
use crate::domain::token::TokenKey;
use crate::ocppj::{self, ErrorCode};

/// How an action is answered where nothing special is to be said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    /// `{}`
    Empty,
    /// `{"status":"Accepted"}`
    Accepted,
    /// `{"status":"Rejected"}`
    Rejected,
    /// Token status, where a token came along.
    TokenStatus,
    /// Needs an answer of its own.
    Own,
}

/// An action: its name, how it is read, what the typed model says of it, how it is answered.
struct Route {
    action: &'static str,
    read: fn(&Object<'_, '_>, &TokenKey) -> Event,
    refuses: fn(&str) -> Option<String>,
    plain: Plain,
}

/// Every action that a charger may send.
const ROUTES: [Route; 14] = [
    Route {
        action: "Authorize",
        read: core::authorize,
        refuses: by::<model::authorize::AuthorizeRequest>,
        plain: Plain::TokenStatus,
    },
    Route {
        action: "BootNotification",
        read: core::boot_notification,
        refuses: by::<model::boot_notification::BootNotificationRequest>,
        plain: Plain::Own,
    },
    Route {
        action: "DataTransfer",
        read: core::data_transfer,
        refuses: by::<model::data_transfer::DataTransferRequest>,
        plain: Plain::Accepted,
    },
    Route {
        action: "DiagnosticsStatusNotification",
        read: maintenance::diagnostics_status,
        refuses: by::<model::diagnostics_status_notification::DiagnosticsStatusNotificationRequest>,
        plain: Plain::Empty,
    },
    Route {
        action: "FirmwareStatusNotification",
        read: maintenance::firmware_status,
        refuses: by::<model::firmware_status_notification::FirmwareStatusNotificationRequest>,
        plain: Plain::Empty,
    },
    Route {
        action: "Heartbeat",
        read: core::heartbeat,
        refuses: by::<model::heart_beat::HeartbeatRequest>,
        plain: Plain::Own,
    },
    Route {
        action: "MeterValues",
        read: metering::meter_values,
        refuses: by::<model::meter_values::MeterValuesRequest>,
        plain: Plain::Empty,
    },
    Route {
        action: "StartTransaction",
        read: transactions::start,
        refuses: by::<model::start_transaction::StartTransactionRequest>,
        plain: Plain::Own,
    },
    Route {
        action: "StatusNotification",
        read: core::status_notification,
        refuses: by::<model::status_notification::StatusNotificationRequest>,
        plain: Plain::Empty,
    },
    Route {
        action: "StopTransaction",
        read: transactions::stop,
        refuses: by::<model::stop_transaction::StopTransactionRequest>,
        plain: Plain::TokenStatus,
    },
    // The security extension, for which the typed model has nothing.
    Route { action: "LogStatusNotification", read: maintenance::log_status, refuses: unmeasured, plain: Plain::Empty },
    Route {
        action: "SecurityEventNotification",
        read: maintenance::security_event,
        refuses: unmeasured,
        plain: Plain::Empty,
    },
    Route {
        action: "SignCertificate",
        read: maintenance::sign_certificate,
        refuses: unmeasured,
        plain: Plain::Rejected,
    },
    Route {
        action: "SignedFirmwareStatusNotification",
        read: maintenance::signed_firmware_status,
        refuses: unmeasured,
        plain: Plain::Empty,
    },
];

/// What the typed model refuses a payload for.
fn by<T: DeserializeOwned>(payload: &str) -> Option<String> {
    let refusal = serde_json::from_str::<T>(payload).err()?.to_string();
    // Units of the specification that the model lacks are no fault of the charger.
    let known_gap = refusal.contains("unknown variant `Hertz`");
    (!known_gap).then_some(refusal)
}

fn unmeasured(_payload: &str) -> Option<String> {
    None
}

/// Reads a call.
pub(super) fn read_call(
    id: String,
    action: &str,
    payload: &str,
    key: &TokenKey,
    deviations: &mut Vec<Deviation>,
) -> (&'static str, Message) {
    let exact = ROUTES.iter().find(|route| route.action == action);
    let Some(route) = exact.or_else(|| ROUTES.iter().find(|route| route.action.eq_ignore_ascii_case(action.trim())))
    else {
        deviations.push(Deviation::new(Rule::UnknownAction, "", action));
        let answer = ocppj::error(Some(&id), ErrorCode::NotImplemented, "no such action in OCPP 1.6");
        return ("Unknown", Message::Refused(answer.into()));
    };
    if exact.is_none() {
        deviations.push(Deviation::new(Rule::ActionCase, "", action));
    }
    let findings = Findings::default();
    let object = Object::payload(payload, &findings);
    let event = (route.read)(&object, key);
    object.finish();
    let mut found = findings.into_list();
    if found.is_empty() {
        note_refusal((route.refuses)(payload), &mut found);
    }
    deviations.append(&mut found);
    let with_token = match &event {
        Event::TransactionEnded(stop) => stop.token.is_some(),
        Event::TokenShown(_) => true,
        Event::Booted(_)
        | Event::Heartbeat
        | Event::StatusReported(_)
        | Event::Metered(_)
        | Event::TransactionStarted(_)
        | Event::VendorData(_)
        | Event::Progress(_)
        | Event::Security(_)
        | Event::Noted => false,
    };
    (route.action, Message::Call { call: Call { id: id.into(), action: route.action, with_token }, event })
}

/// Writes the payload of an answer.
pub(super) fn write_answer(call: &Call, answer: Option<&Answer>) -> Result<String, serde_json::Error> {
    match answer {
        Some(Answer::Boot { now, interval }) => boot(*now, seconds(*interval), RegistrationStatus::Accepted),
        Some(Answer::BootPending { now, interval }) => boot(*now, seconds(*interval), RegistrationStatus::Pending),
        Some(Answer::Time(now)) => json(&model::heart_beat::HeartbeatResponse { current_time: clock(*now) }),
        Some(Answer::TokenAccepted) => json(&model::authorize::AuthorizeResponse { id_tag_info: accepted() }),
        Some(Answer::Started(id)) => {
            json(&model::start_transaction::StartTransactionResponse { id_tag_info: accepted(), transaction_id: id.0 })
        }
        None => plain(call),
    }
}

fn plain(call: &Call) -> Result<String, serde_json::Error> {
    let route = ROUTES.iter().find(|route| route.action == call.action);
    match route.map_or(Plain::Empty, |route| route.plain) {
        Plain::Accepted => {
            json(&model::data_transfer::DataTransferResponse { status: DataTransferStatus::Accepted, data: None })
        }
        Plain::TokenStatus => {
            json(&model::stop_transaction::StopTransactionResponse { id_tag_info: call.with_token.then(accepted) })
        }
        Plain::Rejected => Ok("{\"status\":\"Rejected\"}".to_owned()),
        Plain::Empty | Plain::Own => Ok("{}".to_owned()),
    }
}

fn boot(now: At, interval: u32, status: RegistrationStatus) -> Result<String, serde_json::Error> {
    json(&model::boot_notification::BootNotificationResponse { current_time: clock(now), interval, status })
}

fn json(answer: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(answer)
}

/// Our time with at most three fraction digits: more upsets chargers.
fn clock(now: At) -> DateTime<Utc> {
    DateTime::<Utc>::from(now).trunc_subsecs(3)
}

fn accepted() -> IdTagInfo {
    IdTagInfo { expiry_date: None, parent_id_tag: None, status: AuthorizationStatus::Accepted }
}

/// 1.6 has connectors only; connector 0, or none, is the charger as a whole.
fn outlet(connector: Option<u32>) -> Outlet {
    connector.filter(|number| *number > 0).map_or(Outlet::STATION, |number| Outlet::new(number, number))
}
