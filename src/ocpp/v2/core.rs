//! What a charger is and does: BootNotification, Heartbeat, Authorize, StatusNotification, DataTransfer,
//! SecurityEventNotification of OCPP 2.x.

use super::ids::{IdToken, Number, outlet};
use super::shapes::OCSP_REQUEST_DATA;
use super::words::{BootReason, ConnectorStatus as StatusWord};
use crate::domain::event::{Boot, Event, StatusReport, VendorData};
use crate::domain::ids::Outlet;
use crate::domain::reading::Word;
use crate::domain::status::ConnectorStatus;
use crate::ocpp::field::{CheckedText, Choice, Text, Time};
use crate::ocpp::record::{Object, One, record};
use crate::ocpp::shape::{Anything, CheckedList, Shape, Shaped};

record! {
    /// BootNotificationRequest.
    struct BootNotification<'de> {
        station: Object<ChargingStation<'de>> = "chargingStation" required,
        reason: Choice<BootReason> = "reason" required,
    }
}

record! {
    /// ChargingStationType.
    struct ChargingStation<'de> {
        model: Text<'de, 20> = "model" required,
        vendor: Text<'de, 50> = "vendorName" required,
        serial: Text<'de, 25> = "serialNumber" optional,
        firmware: Text<'de, 50> = "firmwareVersion" optional,
        modem: Object<Modem<'de>> = "modem" optional,
    }
}

record! {
    /// ModemType.
    struct Modem<'de> {
        iccid: Text<'de, 20> = "iccid" optional,
        imsi: Text<'de, 20> = "imsi" optional,
    }
}

/// BootNotificationRequest: it started, and says what it is.
pub(in crate::ocpp) fn boot_notification(request: BootNotification<'_>) -> Event {
    let station = request.station.0.unwrap_or_default();
    let modem = station.modem.0.unwrap_or_default();
    Event::Booted(Boot {
        vendor: station.vendor.owned(),
        model: station.model.owned(),
        serial: station.serial.owned(),
        box_serial: None,
        firmware: station.firmware.owned(),
        iccid: modem.iccid.owned(),
        imsi: modem.imsi.owned(),
        meter_type: None,
        meter_serial: None,
        reason: request.reason.0.map(|reason| reason.as_str().into()),
    })
}

record! {
    /// HeartbeatRequest: nothing but the fact.
    struct Heartbeat<'de> {}
}

/// HeartbeatRequest: it is alive.
pub(in crate::ocpp) fn heartbeat(_request: Heartbeat<'_>) -> Event {
    Event::Heartbeat
}

/// OCSPRequestDataType.
pub(in crate::ocpp) struct OcspRequestData;

impl Shaped for OcspRequestData {
    const SHAPE: &'static Shape = &OCSP_REQUEST_DATA;
}

record! {
    /// AuthorizeRequest. Certificates are the business of whoever bills.
    struct Authorize<'de> {
        token: One<IdToken<'de>> = "idToken" required,
        certificate: CheckedText<5500, 10000> = "certificate" optional,
        hashes: CheckedList<OcspRequestData, 4> = "iso15118CertificateHashData" optional,
    }
}

/// AuthorizeRequest: may this token charge?
pub(in crate::ocpp) fn authorize(request: Authorize<'_>) -> Event {
    Event::TokenShown(request.token.0.and_then(IdToken::hash))
}

record! {
    /// StatusNotificationRequest.
    struct StatusNotification<'de> {
        at: Time = "timestamp" required,
        status: Choice<StatusWord> = "connectorStatus" required,
        evse: Number = "evseId" required,
        connector: Number = "connectorId" required,
    }
}

/// StatusNotificationRequest: what a connector is doing.
pub(in crate::ocpp) fn status_notification(request: StatusNotification<'_>) -> Event {
    Event::StatusReported(StatusReport {
        outlet: outlet(&request.evse, &request.connector).unwrap_or(Outlet::STATION),
        status: request.status.0.map(connector_status),
        error: None,
        info: None,
        vendor: None,
        vendor_error: None,
        at: request.at.0,
    })
}

/// The status of a word.
pub(super) fn connector_status(word: Word) -> ConnectorStatus {
    match word {
        Word::Known(known) => ConnectorStatus::from_word(known),
        Word::Other(text) => ConnectorStatus::Other(text),
    }
}

record! {
    /// DataTransferRequest. The data itself stays in the frame.
    struct DataTransfer<'de> {
        vendor: Text<'de, 255> = "vendorId" required,
        message: Text<'de, 50> = "messageId" optional,
        data: Anything = "data" optional,
    }
}

/// DataTransferRequest: vendor data, kept but not understood.
pub(in crate::ocpp) fn data_transfer(request: DataTransfer<'_>) -> Event {
    Event::VendorData(VendorData { vendor: request.vendor.owned(), message: request.message.owned() })
}
