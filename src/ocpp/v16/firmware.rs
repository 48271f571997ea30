//! Progress of tasks: FirmwareStatusNotification, DiagnosticsStatusNotification (OCPP 1.6 sections 4.4 and 4.5), and
//! their heirs in the security extension, SignedFirmwareStatusNotification and LogStatusNotification.

use super::words::{Diagnostics, Firmware, SignedFirmware, UploadLog};
use crate::domain::event::{Event, Progress, Task};
use crate::ocpp::field::{Choice, Whole};
use crate::ocpp::record::record;

record! {
    /// FirmwareStatusNotification.req.
    struct FirmwareStatus<'de> {
        status: Choice<Firmware> = "status" required,
    }
}

/// FirmwareStatusNotification.req.
pub(super) fn firmware_status(request: FirmwareStatus<'_>) -> Event {
    Event::Progress(Progress { task: Task::Firmware, status: request.status.0 })
}

record! {
    /// DiagnosticsStatusNotification.req.
    struct DiagnosticsStatus<'de> {
        status: Choice<Diagnostics> = "status" required,
    }
}

/// DiagnosticsStatusNotification.req.
pub(super) fn diagnostics_status(request: DiagnosticsStatus<'_>) -> Event {
    Event::Progress(Progress { task: Task::Diagnostics, status: request.status.0 })
}

record! {
    /// SignedFirmwareStatusNotification.req.
    struct SignedFirmwareStatus<'de> {
        status: Choice<SignedFirmware> = "status" required,
        request: Whole = "requestId" optional,
    }
}

/// SignedFirmwareStatusNotification.req.
pub(super) fn signed_firmware_status(request: SignedFirmwareStatus<'_>) -> Event {
    Event::Progress(Progress { task: Task::Firmware, status: request.status.0 })
}

record! {
    /// LogStatusNotification.req.
    struct LogStatus<'de> {
        status: Choice<UploadLog> = "status" required,
        request: Whole = "requestId" optional,
    }
}

/// LogStatusNotification.req.
pub(super) fn log_status(request: LogStatus<'_>) -> Event {
    Event::Progress(Progress { task: Task::Diagnostics, status: request.status.0 })
}
