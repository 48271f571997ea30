//! Calls as payloads: what each message of the charger carries, in the hand of its maker and in the words of its protocol.

mod v16;
mod v2;

pub(super) use v2::REPORT_PARTS;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Charger;
use super::outbox::Call;
use crate::sim::behaviour::Protocol;

impl Charger {
    /// The name and the payload of a call.
    pub(super) fn write(&self, call: &Call, now: DateTime<Utc>) -> (&'static str, Value) {
        match self.spec.behaviour.protocol {
            Protocol::V16 => self.write_v16(call, now),
            Protocol::V201 | Protocol::V21 => self.write_v2(call, now),
        }
    }

    /// What a charger is called at boot.
    fn model(&self) -> String {
        format!("SIM {} {}", self.spec.behaviour.model, self.spec.kit.rated_w() / 1000)
    }

    fn serial_number(&self) -> String {
        format!("S{:08}", self.spec.index + 1)
    }

    fn write_chatter(&self, now: DateTime<Utc>) -> Value {
        let up = self.spec.behaviour.time(self.clock(now));
        json!({"vendorId": self.spec.behaviour.vendor, "messageId": "gatewayInfo", "data": format!("{{\"up\":\"{up}\"}}")})
    }
}
