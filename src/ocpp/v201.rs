//! OCPP 2.0.1: the index of what a charging station may ask, with who reads it and who answers it.

use super::dialect::{Route, heard, kept};
use super::v2::reply::{
    accepted_status, authorized, boot, empty, failed, no_certificate, no_schedule, signing, time, transaction,
};
use super::v2::{core, device, events, metering, security, shapes, tasks, transactions};

/// Every request, in order of name (part 2, section 1). 2.1 has all of them too.
pub(super) static ROUTES: &[Route] = &[
    heard!("Authorize", core::Authorize, authorize, authorized),
    heard!("BootNotification", core::BootNotification, boot_notification, boot),
    kept!("ClearedChargingLimit", shapes::CLEARED_CHARGING_LIMIT, empty),
    heard!("DataTransfer", core::DataTransfer, data_transfer, accepted_status),
    heard!("FirmwareStatusNotification", tasks::FirmwareStatus, firmware_status, empty),
    kept!("Get15118EVCertificate", shapes::GET_15118_EV_CERTIFICATE, no_certificate),
    kept!("GetCertificateStatus", shapes::GET_CERTIFICATE_STATUS, failed),
    heard!("Heartbeat", core::Heartbeat, heartbeat, time),
    heard!("LogStatusNotification", tasks::LogStatus, log_status, empty),
    heard!("MeterValues", metering::MeterValues, meter_values, empty),
    kept!("NotifyChargingLimit", shapes::NOTIFY_CHARGING_LIMIT, empty),
    kept!("NotifyCustomerInformation", shapes::NOTIFY_CUSTOMER_INFORMATION, empty),
    kept!("NotifyDisplayMessages", shapes::NOTIFY_DISPLAY_MESSAGES, empty),
    kept!("NotifyEVChargingNeeds", shapes::NOTIFY_EV_CHARGING_NEEDS, no_schedule),
    kept!("NotifyEVChargingSchedule", shapes::NOTIFY_EV_CHARGING_SCHEDULE, accepted_status),
    heard!("NotifyEvent", events::NotifyEvent, notify_event, empty),
    heard!("NotifyMonitoringReport", device::NotifyMonitoringReport, notify_monitoring_report, empty),
    heard!("NotifyReport", device::NotifyReport, notify_report, empty),
    heard!("PublishFirmwareStatusNotification", tasks::PublishFirmwareStatus, publish_firmware_status, empty),
    kept!("ReportChargingProfiles", shapes::REPORT_CHARGING_PROFILES, empty),
    kept!("ReservationStatusUpdate", shapes::RESERVATION_STATUS_UPDATE, empty),
    heard!("SecurityEventNotification", security::SecurityEvent, security_event, empty),
    heard!("SignCertificate", security::SignCertificate, sign_certificate, signing),
    heard!("StatusNotification", core::StatusNotification, status_notification, empty),
    heard!("TransactionEvent", transactions::TransactionEvent, transaction_event, transaction),
];
