//! Requests of OCPP 2.x of which only the frame is kept.

use super::charging::{CHARGING_LIMIT, CHARGING_NEEDS, CHARGING_PROFILE, CHARGING_SCHEDULE};
use super::common::{
    ADDRESS, BATTERY_DATA, CERTIFICATE_STATUS_REQUEST_INFO, CONSTANT_STREAM_DATA, ID_TOKEN, MESSAGE_INFO,
    OCSP_REQUEST_DATA, STREAM_DATA_ELEMENT,
};
use super::grid::{
    DER_CURVE_GET, ENTER_SERVICE_GET, FIXED_PF_GET, FIXED_VAR_GET, FREQ_DROOP_GET, GRADIENT_GET,
    LIMIT_MAX_DISCHARGE_GET,
};
use super::words;
use crate::ocpp::shape::Kind::*;
use crate::ocpp::shape::shapes;

shapes! {
    /// ClearedChargingLimitRequest.
    CLEARED_CHARGING_LIMIT {
        "chargingLimitSource": Word(&words::CHARGING_LIMIT_SOURCE), required;
        "evseId": Within(0, i64::MAX), optional;
    }

    /// Get15118EVCertificateRequest.
    GET_15118_EV_CERTIFICATE {
        "iso15118SchemaVersion": Text(50), required;
        "action": Word(&words::CERTIFICATE_ACTION), required;
        "exiRequest": TextBy(5600, 11000), required;
        "maximumContractCertificateChains": Within(0, i64::MAX), optional_from_21;
        "prioritizedEMAIDs": UpTo(8, &Text(255)), optional_from_21;
    }

    /// GetCertificateStatusRequest.
    GET_CERTIFICATE_STATUS {
        "ocspRequestData": Object(&OCSP_REQUEST_DATA), required;
    }

    /// NotifyChargingLimitRequest.
    NOTIFY_CHARGING_LIMIT {
        "chargingSchedule": List(&Object(&CHARGING_SCHEDULE)), optional;
        "evseId": Within(0, i64::MAX), optional;
        "chargingLimit": Object(&CHARGING_LIMIT), required;
    }

    /// NotifyCustomerInformationRequest.
    NOTIFY_CUSTOMER_INFORMATION {
        "data": Verbatim(512), required;
        "tbc": Flag, optional;
        "seqNo": Within(0, i64::MAX), required;
        "generatedAt": Time, required;
        "requestId": Within(0, i64::MAX), required;
    }

    /// NotifyDisplayMessagesRequest.
    NOTIFY_DISPLAY_MESSAGES {
        "messageInfo": List(&Object(&MESSAGE_INFO)), optional;
        "requestId": Whole, required;
        "tbc": Flag, optional;
    }

    /// NotifyEVChargingNeedsRequest.
    NOTIFY_EV_CHARGING_NEEDS {
        "evseId": Within(1, i64::MAX), required;
        "maxScheduleTuples": Within(0, i64::MAX), optional;
        "chargingNeeds": Object(&CHARGING_NEEDS), required;
        "timestamp": Time, optional_from_21;
    }

    /// NotifyEVChargingScheduleRequest.
    NOTIFY_EV_CHARGING_SCHEDULE {
        "timeBase": Time, required;
        "chargingSchedule": Object(&CHARGING_SCHEDULE), required;
        "evseId": Within(1, i64::MAX), required;
        "selectedChargingScheduleId": Within(0, i64::MAX), optional_from_21;
        "powerToleranceAcceptance": Flag, optional_from_21;
    }

    /// ReportChargingProfilesRequest.
    REPORT_CHARGING_PROFILES {
        "requestId": Whole, required;
        "chargingLimitSource": Word(&words::CHARGING_LIMIT_SOURCE), required;
        "chargingProfile": List(&Object(&CHARGING_PROFILE)), required;
        "tbc": Flag, optional;
        "evseId": Within(0, i64::MAX), required;
    }

    /// ReservationStatusUpdateRequest.
    RESERVATION_STATUS_UPDATE {
        "reservationId": Within(0, i64::MAX), required;
        "reservationUpdateStatus": Word(&words::RESERVATION_UPDATE_STATUS), required;
    }

    /// BatterySwapRequest (2.1).
    BATTERY_SWAP {
        "batteryData": List(&Object(&BATTERY_DATA)), required;
        "eventType": Word(&words::BATTERY_SWAP_EVENT), required;
        "idToken": Object(&ID_TOKEN), required;
        "requestId": Whole, required;
    }

    /// ClosePeriodicEventStreamRequest (2.1).
    CLOSE_PERIODIC_EVENT_STREAM {
        "id": Within(0, i64::MAX), required;
    }

    /// GetCertificateChainStatusRequest (2.1).
    GET_CERTIFICATE_CHAIN_STATUS {
        "certificateStatusRequests": UpTo(4, &Object(&CERTIFICATE_STATUS_REQUEST_INFO)), required;
    }

    /// NotifyDERAlarmRequest (2.1).
    NOTIFY_DER_ALARM {
        "controlType": Word(&words::DER_CONTROL), required;
        "gridEventFault": Word(&words::GRID_EVENT_FAULT), optional;
        "alarmEnded": Flag, optional;
        "timestamp": Time, required;
        "extraInfo": Text(200), optional;
    }

    /// NotifyDERStartStopRequest (2.1).
    NOTIFY_DER_START_STOP {
        "controlId": Text(36), required;
        "started": Flag, required;
        "timestamp": Time, required;
        "supersededIds": UpTo(24, &Text(36)), optional;
    }

    /// NotifyPeriodicEventStreamRequest (2.1).
    NOTIFY_PERIODIC_EVENT_STREAM {
        "data": List(&Object(&STREAM_DATA_ELEMENT)), required;
        "id": Within(0, i64::MAX), required;
        "pending": Within(0, i64::MAX), required;
        "basetime": Time, required;
    }

    /// NotifyPriorityChargingRequest (2.1).
    NOTIFY_PRIORITY_CHARGING {
        "transactionId": Text(36), required;
        "activated": Flag, required;
    }

    /// NotifySettlementRequest (2.1).
    NOTIFY_SETTLEMENT {
        "transactionId": Text(36), optional;
        "pspRef": Text(255), required;
        "status": Word(&words::PAYMENT_STATUS), required;
        "statusInfo": Text(500), optional;
        "settlementAmount": Number, required;
        "settlementTime": Time, required;
        "receiptId": Text(50), optional;
        "receiptUrl": Text(2000), optional;
        "vatCompany": Object(&ADDRESS), optional;
        "vatNumber": Text(20), optional;
    }

    /// OpenPeriodicEventStreamRequest (2.1).
    OPEN_PERIODIC_EVENT_STREAM {
        "constantStreamData": Object(&CONSTANT_STREAM_DATA), required;
    }

    /// PullDynamicScheduleUpdateRequest (2.1).
    PULL_DYNAMIC_SCHEDULE_UPDATE {
        "chargingProfileId": Whole, required;
    }

    /// ReportDERControlRequest (2.1).
    REPORT_DER_CONTROL {
        "curve": UpTo(24, &Object(&DER_CURVE_GET)), optional;
        "enterService": UpTo(24, &Object(&ENTER_SERVICE_GET)), optional;
        "fixedPFAbsorb": UpTo(24, &Object(&FIXED_PF_GET)), optional;
        "fixedPFInject": UpTo(24, &Object(&FIXED_PF_GET)), optional;
        "fixedVar": UpTo(24, &Object(&FIXED_VAR_GET)), optional;
        "freqDroop": UpTo(24, &Object(&FREQ_DROOP_GET)), optional;
        "gradient": UpTo(24, &Object(&GRADIENT_GET)), optional;
        "limitMaxDischarge": UpTo(24, &Object(&LIMIT_MAX_DISCHARGE_GET)), optional;
        "requestId": Whole, required;
        "tbc": Flag, optional;
    }

    /// VatNumberValidationRequest (2.1).
    VAT_NUMBER_VALIDATION {
        "vatNumber": Text(20), required;
        "evseId": Within(0, i64::MAX), optional;
    }
}
