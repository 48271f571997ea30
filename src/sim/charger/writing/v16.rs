//! Calls as payloads of OCPP 1.6.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::sim::charger::Charger;
use crate::sim::charger::outbox::Call;
use crate::sim::dialect::Reading;
use crate::sim::words::{Context, ErrorCode, Status};

impl Charger {
    /// The name and the payload of a call.
    pub(super) fn write_v16(&self, call: &Call, now: DateTime<Utc>) -> (&'static str, Value) {
        match call {
            Call::Boot => ("BootNotification", self.write_boot()),
            Call::Heartbeat => ("Heartbeat", json!({})),
            Call::Authorize { tag } => ("Authorize", json!({"idTag": tag})),
            Call::Status { place, status, error, at } => {
                ("StatusNotification", self.write_status(*place, *status, *error, *at))
            }
            Call::Start { session, .. } => ("StartTransaction", self.write_start(*session)),
            Call::Reading { session, reading, without_id, .. } => {
                let mut payload = self.write_reading(self.sessions[*session].connector_id, reading);
                payload["transactionId"] = self.transaction_id(*session, *without_id);
                ("MeterValues", payload)
            }
            Call::IdleReading { place, reading } => {
                ("MeterValues", self.write_reading(self.connectors[*place].id, reading))
            }
            Call::Stop { session, without_id, .. } => ("StopTransaction", self.write_stop(*session, *without_id)),
            // 1.6 has no message for changes and reports; only 2.x queues them.
            Call::Chatter | Call::Change { .. } | Call::Report { .. } => ("DataTransfer", self.write_chatter(now)),
        }
    }

    fn write_boot(&self) -> Value {
        let behaviour = self.spec.behaviour;
        let mut boot = json!({
            "chargePointVendor": behaviour.vendor,
            "chargePointModel": self.model(),
            "chargePointSerialNumber": self.serial_number(),
            "firmwareVersion": behaviour.firmware,
        });
        self.fill(&mut boot, &["iccid", "imsi", "meterSerialNumber"]);
        boot
    }

    fn write_status(&self, place: Option<usize>, status: Status, error: ErrorCode, at: DateTime<Utc>) -> Value {
        let behaviour = self.spec.behaviour;
        let connector = place.map_or(0, |place| self.connectors[place].id);
        let mut payload = json!({
            "connectorId": behaviour.integer(i64::from(connector)),
            "status": behaviour.word(status.as_str()),
            "errorCode": behaviour.word(error.as_str()),
            "timestamp": behaviour.time(at),
        });
        self.fill(&mut payload, &["info", "vendorId", "vendorErrorCode"]);
        payload
    }

    fn write_start(&self, session: usize) -> Value {
        let (behaviour, session) = (self.spec.behaviour, &self.sessions[session]);
        json!({
            "connectorId": behaviour.integer(i64::from(session.connector_id)),
            "idTag": session.id_tag,
            "meterStart": behaviour.integer(session.meter_start_wh),
            "timestamp": behaviour.time(session.started_at_reported),
        })
    }

    fn write_reading(&self, connector: u32, reading: &Reading) -> Value {
        let behaviour = self.spec.behaviour;
        let values = behaviour.sampled_values(reading);
        json!({
            "connectorId": behaviour.integer(i64::from(connector)),
            "meterValue": behaviour.buckets(reading.at, values),
        })
    }

    fn write_stop(&self, place: usize, without_id: bool) -> Value {
        let (behaviour, session) = (self.spec.behaviour, &self.sessions[place]);
        let meter_stop = session.meter_stop_wh.unwrap_or(session.meter_start_wh);
        let stopped_at = session.ended_at_reported.unwrap_or(session.started_at_reported);
        let mut payload = json!({
            "transactionId": self.transaction_id(place, without_id),
            "idTag": session.id_tag,
            "meterStop": behaviour.integer(meter_stop),
            "timestamp": behaviour.time(stopped_at),
        });
        if let Some(reason) = &session.stop_reason {
            payload["reason"] = json!(behaviour.word(reason));
        }
        if behaviour.stop_carries_data {
            payload["transactionData"] = json!([
                {
                    "timestamp": behaviour.time(session.started_at_reported),
                    "sampledValue": [behaviour.energy(session.meter_start_wh, Context::Begin)],
                },
                {
                    "timestamp": behaviour.time(stopped_at),
                    "sampledValue": [behaviour.energy(meter_stop, Context::End)],
                },
            ]);
        }
        payload
    }

    fn transaction_id(&self, session: usize, without_id: bool) -> Value {
        let known = self.sessions[session].transaction_id.as_ref().filter(|_| !without_id);
        self.spec.behaviour.integer(known.and_then(|id| id.parse().ok()).unwrap_or(-1))
    }

    /// Fills optional texts with nothing, for the makers who do so.
    fn fill(&self, payload: &mut Value, keys: &[&str]) {
        if !self.spec.behaviour.empty_strings {
            return;
        }
        let empty: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), json!(""))).collect();
        if let Value::Object(fields) = payload {
            fields.extend(empty);
        }
    }
}
