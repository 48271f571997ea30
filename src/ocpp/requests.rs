//! What we ask of chargers. They are strict towards us, so nothing here is lenient.

use serde_json::Value;

use super::{Request, Version};
use crate::ocppj;
/// GetBaseReport, where the version has it (OCPP 2.0.1 part 2, B07).
pub(super) fn device_model(version: Version, number: i32) -> Option<Request> {
    let payload = format!(r#"{{"requestId":{number},"reportBase":"FullInventory"}}"#).into();
    (version >= Version::V201).then_some(Request { action: "GetBaseReport", payload })
}

/// CertificateSigned: a certificate, with what stands between it and a root (2.0.1 part 2, A02; 1.6 security extension).
pub(super) fn certificate_signed(version: Version, chain: &str, number: Option<i64>) -> Request {
    let chain = ocppj::quoted(chain);
    let more = match version {
        Version::V16 => String::new(),
        Version::V201 => STATION.to_owned(),
        Version::V21 => {
            let number = number.map(|number| format!(r#","requestId":{number}"#)).unwrap_or_default();
            format!("{STATION}{number}")
        }
    };
    Request { action: "CertificateSigned", payload: format!(r#"{{"certificateChain":{chain}{more}}}"#).into() }
}

/// The only kind of certificate that is signed here.
const STATION: &str = r#","certificateType":"ChargingStationCertificate""#;

/// Whether the status of an answer is Accepted; `None` where it says none.
pub(super) fn is_accepted(payload: &str) -> Option<bool> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    Some(payload.get("status")?.as_str()?.trim().eq_ignore_ascii_case("Accepted"))
}
