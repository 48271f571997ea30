//! What a charger is and does: BootNotification, Heartbeat, Authorize, StatusNotification, DataTransfer
//! (OCPP 1.6 sections 4.1, 4.2, 4.3, 4.6, 4.9).

use super::ids::Connector;
use super::words::{ErrorCode, Status};
use crate::domain::event::{Boot, Event, StatusReport, VendorData};
use crate::domain::reading::Word;
use crate::domain::status::ConnectorStatus;
use crate::ocpp::field::{Choice, Text, Time, Token};
use crate::ocpp::record::record;

record! {
    /// BootNotification.req.
    struct BootNotification<'de> {
        vendor: Text<'de, 20> = "chargePointVendor" required,
        model: Text<'de, 20> = "chargePointModel" required,
        serial: Text<'de, 25> = "chargePointSerialNumber" optional,
        box_serial: Text<'de, 25> = "chargeBoxSerialNumber" optional,
        firmware: Text<'de, 50> = "firmwareVersion" optional,
        iccid: Text<'de, 20> = "iccid" optional,
        imsi: Text<'de, 20> = "imsi" optional,
        meter_type: Text<'de, 25> = "meterType" optional,
        meter_serial: Text<'de, 25> = "meterSerialNumber" optional,
    }
}

/// BootNotification.req: it started, and says what it is.
pub(super) fn boot_notification(request: BootNotification<'_>) -> Event {
    Event::Booted(Boot {
        vendor: request.vendor.owned(),
        model: request.model.owned(),
        serial: request.serial.owned(),
        box_serial: request.box_serial.owned(),
        firmware: request.firmware.owned(),
        iccid: request.iccid.owned(),
        imsi: request.imsi.owned(),
        meter_type: request.meter_type.owned(),
        meter_serial: request.meter_serial.owned(),
        reason: None,
    })
}

record! {
    /// Heartbeat.req: nothing but the fact.
    struct Heartbeat<'de> {}
}

/// Heartbeat.req: it is alive.
pub(super) fn heartbeat(_request: Heartbeat<'_>) -> Event {
    Event::Heartbeat
}

record! {
    /// Authorize.req.
    struct Authorize<'de> {
        token: Token<20, 20> = "idTag" required,
    }
}

/// Authorize.req: may this token charge?
pub(super) fn authorize(request: Authorize<'_>) -> Event {
    Event::TokenShown(request.token.0)
}

record! {
    /// StatusNotification.req.
    struct StatusNotification<'de> {
        connector: Connector = "connectorId" required,
        status: Choice<Status> = "status" required,
        error: Choice<ErrorCode> = "errorCode" required,
        at: Time = "timestamp" optional,
        info: Text<'de, 50> = "info" optional,
        vendor: Text<'de, 255> = "vendorId" optional,
        vendor_error: Text<'de, 50> = "vendorErrorCode" optional,
    }
}

/// StatusNotification.req: what a connector, or the charger as a whole, is doing.
pub(super) fn status_notification(request: StatusNotification<'_>) -> Event {
    Event::StatusReported(StatusReport {
        outlet: request.connector.outlet(),
        status: request.status.0.map(|word| match word {
            Word::Known(known) => ConnectorStatus::from_word(known),
            Word::Other(text) => ConnectorStatus::Other(text),
        }),
        error: request.error.0.filter(|error| error.as_str() != "NoError"),
        info: request.info.owned(),
        vendor: request.vendor.owned(),
        vendor_error: request.vendor_error.owned(),
        at: request.at.0,
    })
}

record! {
    /// DataTransfer.req. The data itself stays in the frame.
    struct DataTransfer<'de> {
        vendor: Text<'de, 255> = "vendorId" required,
        message: Text<'de, 50> = "messageId" optional,
        data: Text<'de, { usize::MAX }> = "data" optional,
    }
}

/// DataTransfer.req: vendor data, kept but not understood.
pub(super) fn data_transfer(request: DataTransfer<'_>) -> Event {
    Event::VendorData(VendorData { vendor: request.vendor.owned(), message: request.message.owned() })
}
