//! Which version of OCPP a charger speaks, by the form of its frames. Pure.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use crate::ocpp::Version;
use crate::ocppj::{self, Frame};

/// The version that only has this form; `None` where a frame would look the same in several.
pub(super) fn of_shape(frame: &str) -> Option<Version> {
    let reading = ocppj::read(frame).ok()?;
    let (Frame::Call { action, payload, .. } | Frame::Send { action, payload, .. }) = &reading.frame else {
        return None;
    };
    let having: Vec<Version> =
        Version::ALL.into_iter().filter(|version| version.actions().any(|known| known == &**action)).collect();
    if let [only] = having.as_slice() {
        return Some(*only);
    }
    if !having.contains(&Version::V16) {
        // 2.1 has all that 2.0.1 has, and can only be told by what it has more.
        return having.first().copied();
    }
    let keys: BTreeMap<String, IgnoredAny> = serde_json::from_str(payload).ok()?;
    let has = |names: &[&str]| names.iter().any(|name| keys.contains_key(*name));
    if has(&["chargingStation", "connectorStatus", "evseId", "idToken"]) {
        return Some(Version::V201);
    }
    has(&["chargePointVendor", "chargePointModel", "errorCode", "connectorId", "idTag"]).then_some(Version::V16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_frame_tells_its_version_where_only_one_has_it() {
        for (frame, version) in [
            (r#"[2,"1","BootNotification",{"chargePointVendor":"x"}]"#, Some(Version::V16)),
            (r#"[2,"1","BootNotification",{"chargingStation":{},"reason":"PowerUp"}]"#, Some(Version::V201)),
            (r#"[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError"}]"#, Some(Version::V16)),
            (r#"[2,"1","StatusNotification",{"connectorId":1,"evseId":1}]"#, Some(Version::V201)),
            (r#"[2,"1","StartTransaction",{}]"#, Some(Version::V16)),
            (r#"[2,"1","TransactionEvent",{}]"#, Some(Version::V201)),
            (r#"[2,"1","BatterySwap",{}]"#, Some(Version::V21)),
            (r#"[2,"1","Heartbeat",{}]"#, None),
            (r#"[3,"1",{}]"#, None),
            ("no frame", None),
        ] {
            assert_eq!(of_shape(frame), version, "{frame}");
        }
    }
}
