//! Core messages that are no transactions: boot, heartbeat, authorise, status, vendor data.

use super::{outlet, words};
use crate::domain::event::{Boot, Event, StatusReport, VendorData};
use crate::domain::token::TokenKey;
use crate::ocpp::fields::Need::{Optional, Required};
use crate::ocpp::fields::Object;

pub(super) fn boot_notification(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    Event::Booted(Boot {
        vendor: o.text("chargePointVendor", Required, 20),
        model: o.text("chargePointModel", Required, 20),
        serial: o.text("chargePointSerialNumber", Optional, 25),
        box_serial: o.text("chargeBoxSerialNumber", Optional, 25),
        firmware: o.text("firmwareVersion", Optional, 50),
        iccid: o.text("iccid", Optional, 20),
        imsi: o.text("imsi", Optional, 20),
        meter_type: o.text("meterType", Optional, 25),
        meter_serial: o.text("meterSerialNumber", Optional, 25),
        reason: None,
    })
}

pub(super) fn heartbeat(_o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    Event::Heartbeat
}

pub(super) fn authorize(o: &Object<'_, '_>, key: &TokenKey) -> Event {
    Event::TokenShown(o.token("idTag", Required, 20, key))
}

pub(super) fn status_notification(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    let error = o.word("errorCode", Required, &words::ERROR_CODE);
    Event::StatusReported(StatusReport {
        outlet: outlet(o.ordinal("connectorId", Required)),
        status: o.word("status", Required, &words::STATUS).map(|word| words::status(word.as_str())),
        error: error.filter(|code| code.as_str() != "NoError"),
        info: o.text("info", Optional, 50),
        vendor: o.text("vendorId", Optional, 255),
        vendor_error: o.text("vendorErrorCode", Optional, 50),
        at: o.time("timestamp", Optional),
    })
}

pub(super) fn data_transfer(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    // The data itself is kept with the frame; only its vendor knows what it means.
    o.verbatim("data", Optional);
    Event::VendorData(VendorData {
        vendor: o.text("vendorId", Required, 255),
        message: o.text("messageId", Optional, 50),
    })
}
