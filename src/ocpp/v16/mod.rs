//! OCPP 1.6J with the charger's side of its security extension: the index of what a charger may ask, with who reads
//! it and who answers it.

mod core;
mod firmware;
mod ids;
mod metering;
mod reply;
mod security;
mod transactions;
pub(super) mod words;

use self::reply::{authorized, boot, data_accepted, empty, signing, started, stopped, time};
use super::dialect::{Route, heard};

/// Every request, in order of name: those of OCPP 1.6 edition 2, section 4, and those that "Improved security for OCPP
/// 1.6-J", edition 2, adds.
pub(super) static ROUTES: &[Route] = &[
    heard!("Authorize", core::Authorize, authorize, authorized),
    heard!("BootNotification", core::BootNotification, boot_notification, boot),
    heard!("DataTransfer", core::DataTransfer, data_transfer, data_accepted),
    heard!("DiagnosticsStatusNotification", firmware::DiagnosticsStatus, diagnostics_status, empty),
    heard!("FirmwareStatusNotification", firmware::FirmwareStatus, firmware_status, empty),
    heard!("Heartbeat", core::Heartbeat, heartbeat, time),
    heard!("LogStatusNotification", firmware::LogStatus, log_status, empty),
    heard!("MeterValues", metering::MeterValues, meter_values, empty),
    heard!("SecurityEventNotification", security::SecurityEvent, security_event, empty),
    heard!("SignCertificate", security::SignCertificate, sign_certificate, signing),
    heard!("SignedFirmwareStatusNotification", firmware::SignedFirmwareStatus, signed_firmware_status, empty),
    heard!("StartTransaction", transactions::StartTransaction, start_transaction, started),
    heard!("StatusNotification", core::StatusNotification, status_notification, empty),
    heard!("StopTransaction", transactions::StopTransaction, stop_transaction, stopped),
];
