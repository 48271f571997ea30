//! OCPP 1.6J: the index of what a charger may ask, with who reads it, who answers it, and the strict type it is
//! measured by.

mod conform;
mod core;
mod firmware;
mod ids;
mod metering;
mod reply;
mod security;
mod transactions;
mod units;
mod words;

use rust_ocpp::v1_6::messages as strict;

use self::conform::refusal;
pub(super) use self::reply::{Asked, Payload};
use super::notes::Notes;
use super::record::{Key, Record, read};
use crate::domain::event::Event;

/// One request that a charger may send.
pub(super) struct Route {
    /// The action in the specification's spelling.
    pub(super) action: &'static str,
    /// Reads the payload.
    pub(super) read: fn(&str, &mut Notes<'_>) -> Event,
    /// The payload of the answer.
    pub(super) answer: fn(&Asked<'_>) -> Payload,
    /// Why the strict types refuse a payload, if they do and should not.
    pub(super) refusal: Option<fn(&str) -> Option<String>>,
    /// The keys of the payload.
    pub(super) keys: &'static [Key],
}

macro_rules! routes {
    ($($action:literal: $block:ident::$record:ident, $event:ident, $answer:ident $(, $($strict:ident)::+)?;)*) => {
        /// Every request, in the order of the specification.
        pub(super) const ROUTES: &[Route] = &[$(Route {
            action: $action,
            read: |payload, notes| $block::$event(read::<$block::$record<'_>>(payload, notes)),
            answer: reply::$answer,
            refusal: routes!(@refusal $($($strict)::+)?),
            keys: <$block::$record<'static> as Record<'static>>::KEYS,
        },)*];
    };
    (@refusal) => { None };
    (@refusal $($strict:ident)::+) => { Some(refusal::<strict::$($strict)::+>) };
}

routes! {
    // OCPP 1.6 edition 2, section 4: operations initiated by a charge point.
    "Authorize": core::Authorize, authorize, authorized, authorize::AuthorizeRequest;
    "BootNotification": core::BootNotification, boot_notification, boot, boot_notification::BootNotificationRequest;
    "DataTransfer": core::DataTransfer, data_transfer, data_accepted, data_transfer::DataTransferRequest;
    "DiagnosticsStatusNotification": firmware::DiagnosticsStatus, diagnostics_status, empty,
        diagnostics_status_notification::DiagnosticsStatusNotificationRequest;
    "FirmwareStatusNotification": firmware::FirmwareStatus, firmware_status, empty,
        firmware_status_notification::FirmwareStatusNotificationRequest;
    "Heartbeat": core::Heartbeat, heartbeat, time, heart_beat::HeartbeatRequest;
    "MeterValues": metering::MeterValues, meter_values, empty, meter_values::MeterValuesRequest;
    "StartTransaction": transactions::StartTransaction, start_transaction, started,
        start_transaction::StartTransactionRequest;
    "StatusNotification": core::StatusNotification, status_notification, empty,
        status_notification::StatusNotificationRequest;
    "StopTransaction": transactions::StopTransaction, stop_transaction, stopped,
        stop_transaction::StopTransactionRequest;
    // Improved security for OCPP 1.6-J, edition 2.
    "LogStatusNotification": firmware::LogStatus, log_status, empty;
    "SecurityEventNotification": security::SecurityEvent, security_event, empty;
    "SignCertificate": security::SignCertificate, sign_certificate, rejected;
    "SignedFirmwareStatusNotification": firmware::SignedFirmwareStatus, signed_firmware_status, empty;
}

/// The route of an action, and whether the action was in the specification's spelling.
pub(super) fn route(action: &str) -> Option<(&'static Route, bool)> {
    let exact = ROUTES.iter().find(|route| route.action == action).map(|route| (route, true));
    exact.or_else(|| ROUTES.iter().find(|route| route.action.eq_ignore_ascii_case(action)).map(|route| (route, false)))
}

/// The action whose payload an object without a frame looks like: the one that has most of its keys.
pub(super) fn resembled(keys: &[String]) -> Option<&'static str> {
    let shared = |route: &Route| route.keys.iter().filter(|key| keys.iter().any(|seen| seen == key.name)).count();
    ROUTES.iter().max_by_key(|route| shared(route)).filter(|route| shared(route) > 0).map(|route| route.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_name_in_any_case() {
        for entry in ROUTES {
            assert_eq!(route(entry.action).map(|(found, exact)| (found.action, exact)), Some((entry.action, true)));
            let shouted = entry.action.to_uppercase();
            assert_eq!(route(&shouted).map(|(found, exact)| (found.action, exact)), Some((entry.action, false)));
        }
        assert!(route("Reset").is_none());
    }

    #[test]
    fn a_payload_without_its_frame_is_recognised_by_most_of_its_keys() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        assert_eq!(resembled(&keys(&["chargePointModel", "iccid", "x"])), Some("BootNotification"));
        assert_eq!(resembled(&keys(&["connectorId", "errorCode", "status"])), Some("StatusNotification"));
        assert_eq!(resembled(&keys(&["connectorId", "meterValue"])), Some("MeterValues"));
        assert_eq!(resembled(&keys(&["hello"])), None);
    }
}
