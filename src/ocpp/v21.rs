//! OCPP 2.1: what it adds to the requests of 2.0.1.

use super::dialect::{Route, kept};
use super::v2::reply::{accepted_status, chain_echo, empty, no_chain, no_vat, rejected, vat_echo};
use super::v2::shapes;

/// The requests that 2.1 brought, in order of name. `NotifyPeriodicEventStream` is a SEND, which nobody answers.
pub(super) static ROUTES: &[Route] = &[
    kept!("BatterySwap", shapes::BATTERY_SWAP, empty),
    kept!("ClosePeriodicEventStream", shapes::CLOSE_PERIODIC_EVENT_STREAM, empty),
    kept!("GetCertificateChainStatus", shapes::GET_CERTIFICATE_CHAIN_STATUS, no_chain, chain_echo),
    kept!("NotifyDERAlarm", shapes::NOTIFY_DER_ALARM, empty),
    kept!("NotifyDERStartStop", shapes::NOTIFY_DER_START_STOP, empty),
    Route { is_send: true, ..kept!("NotifyPeriodicEventStream", shapes::NOTIFY_PERIODIC_EVENT_STREAM, empty) },
    kept!("NotifyPriorityCharging", shapes::NOTIFY_PRIORITY_CHARGING, empty),
    kept!("NotifySettlement", shapes::NOTIFY_SETTLEMENT, empty),
    kept!("OpenPeriodicEventStream", shapes::OPEN_PERIODIC_EVENT_STREAM, accepted_status),
    kept!("PullDynamicScheduleUpdate", shapes::PULL_DYNAMIC_SCHEDULE_UPDATE, rejected),
    kept!("ReportDERControl", shapes::REPORT_DER_CONTROL, empty),
    kept!("VatNumberValidation", shapes::VAT_NUMBER_VALIDATION, no_vat, vat_echo),
];
