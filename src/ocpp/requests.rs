//! What we ask of chargers. They are strict towards us, so nothing here is lenient.

use super::{Request, Version};
/// GetBaseReport, where the version has it (OCPP 2.0.1 part 2, B07).
pub(super) fn device_model(version: Version, number: i32) -> Option<Request> {
    let payload = format!(r#"{{"requestId":{number},"reportBase":"FullInventory"}}"#).into();
    (version >= Version::V201).then_some(Request { action: "GetBaseReport", payload })
}
