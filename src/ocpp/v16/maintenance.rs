//! Firmware, diagnostics, logs and security.

use super::words;
use crate::domain::event::{Event, Progress, Security, Task};
use crate::domain::token::TokenKey;
use crate::ocpp::fields::Need::{Optional, Required};
use crate::ocpp::fields::{Object, Words};

pub(super) fn firmware_status(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    progress(o, Task::Firmware, &words::FIRMWARE_STATUS)
}

pub(super) fn diagnostics_status(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    progress(o, Task::Diagnostics, &words::DIAGNOSTICS_STATUS)
}

pub(super) fn signed_firmware_status(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    o.integer("requestId", Optional);
    progress(o, Task::Firmware, &words::SIGNED_FIRMWARE_STATUS)
}

pub(super) fn log_status(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    o.integer("requestId", Optional);
    progress(o, Task::Diagnostics, &words::LOG_STATUS)
}

pub(super) fn security_event(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    Event::Security(Security {
        kind: o.text("type", Required, 50),
        info: o.text("techInfo", Optional, 255),
        at: o.time("timestamp", Required),
    })
}

/// There is no certificate authority here; the request is kept and refused.
pub(super) fn sign_certificate(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    o.verbatim("csr", Required);
    Event::Noted
}

fn progress(o: &Object<'_, '_>, task: Task, vocabulary: &Words) -> Event {
    Event::Progress(Progress { task, status: o.word("status", Required, vocabulary) })
}
