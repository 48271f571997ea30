//! Progress of tasks: FirmwareStatusNotification, LogStatusNotification, PublishFirmwareStatusNotification of OCPP 2.x.

use super::shapes::STATUS_INFO;
use super::words::{Firmware, PublishFirmware, UploadLog};
use crate::domain::event::{Event, Progress, Task};
use crate::ocpp::field::{Choice, Count, Whole};
use crate::ocpp::record::record;
use crate::ocpp::shape::{Checked, CheckedTexts, Shape, Shaped};

/// StatusInfoType.
pub(in crate::ocpp) struct StatusInfo;

impl Shaped for StatusInfo {
    const SHAPE: &'static Shape = &STATUS_INFO;
}

record! {
    /// FirmwareStatusNotificationRequest.
    struct FirmwareStatus<'de> {
        status: Choice<Firmware> = "status" required,
        request: Whole = "requestId" optional,
        info: Checked<StatusInfo> = "statusInfo" optional_from_21,
    }
}

/// FirmwareStatusNotificationRequest.
pub(in crate::ocpp) fn firmware_status(request: FirmwareStatus<'_>) -> Event {
    Event::Progress(Progress { task: Task::Firmware, status: request.status.0 })
}

record! {
    /// LogStatusNotificationRequest.
    struct LogStatus<'de> {
        status: Choice<UploadLog> = "status" required,
        request: Whole = "requestId" optional,
        info: Checked<StatusInfo> = "statusInfo" optional_from_21,
    }
}

/// LogStatusNotificationRequest.
pub(in crate::ocpp) fn log_status(request: LogStatus<'_>) -> Event {
    Event::Progress(Progress { task: Task::Diagnostics, status: request.status.0 })
}

record! {
    /// PublishFirmwareStatusNotificationRequest.
    struct PublishFirmwareStatus<'de> {
        status: Choice<PublishFirmware> = "status" required,
        location: CheckedTexts<512, 2000> = "location" optional,
        request: Count = "requestId" optional,
        info: Checked<StatusInfo> = "statusInfo" optional_from_21,
    }
}

/// PublishFirmwareStatusNotificationRequest.
pub(in crate::ocpp) fn publish_firmware_status(request: PublishFirmwareStatus<'_>) -> Event {
    Event::Progress(Progress { task: Task::Publishing, status: request.status.0 })
}
