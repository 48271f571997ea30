//! Calls of the server in the words of OCPP 1.6.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::sim::charger::Charger;
use crate::sim::charger::answers::whole_number;
use crate::sim::charger::evse::Remote;
use crate::sim::charger::outbox::Call;
use crate::sim::words::Reason;

impl Charger {
    /// What a call of the server is answered with; none if it is unknown.
    pub(super) fn answer_v16(&mut self, now: DateTime<Utc>, action: &str, payload: &Value) -> Option<Value> {
        Some(match action {
            "GetConfiguration" => self.get_configuration(payload),
            "ChangeConfiguration" => self.change_configuration(payload),
            "RemoteStartTransaction" => self.accept_remote_start(now, payload),
            "RemoteStopTransaction" => {
                let id = payload.get("transactionId").and_then(whole_number).map(|id| id.to_string());
                json!({"status": self.stop_on_demand(now, id.as_deref())})
            }
            "Reset" => {
                let hard = payload.get("type").and_then(Value::as_str) == Some("Hard");
                json!({"status": self.reset_now(now, if hard { Reason::HardReset } else { Reason::SoftReset })})
            }
            "ChangeAvailability" => self.change_availability(now, payload),
            "TriggerMessage" => self.trigger(now, payload),
            "UnlockConnector" => json!({"status": if self.spec.demand.is_dc() { "NotSupported" } else { "Unlocked" }}),
            "ClearCache" => json!({"status": "Accepted"}),
            "DataTransfer" => json!({"status": "UnknownVendorId"}),
            "GetDiagnostics" | "UpdateFirmware" => json!({}),
            "GetLocalListVersion" => json!({"listVersion": -1}),
            "SendLocalList" | "SetChargingProfile" => json!({"status": "NotSupported"}),
            "ClearChargingProfile" => json!({"status": "Unknown"}),
            "GetCompositeSchedule" | "ReserveNow" | "CancelReservation" => json!({"status": "Rejected"}),
            _ => return None,
        })
    }

    fn settings(&self) -> [(&'static str, bool, String); 5] {
        [
            ("HeartbeatInterval", false, self.heartbeat.num_seconds().to_string()),
            ("MeterValueSampleInterval", false, self.sample.num_seconds().to_string()),
            (
                "MeterValuesSampledData",
                true,
                "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage".into(),
            ),
            ("NumberOfConnectors", true, self.connectors.len().to_string()),
            ("SupportedFeatureProfiles", true, "Core,RemoteTrigger".into()),
        ]
    }

    fn get_configuration(&self, payload: &Value) -> Value {
        let wanted: Option<Vec<&str>> =
            payload.get("key").and_then(Value::as_array).map(|keys| keys.iter().filter_map(Value::as_str).collect());
        let wanted = wanted.filter(|keys| !keys.is_empty());
        let settings = self.settings();
        let known: Vec<Value> = settings
            .iter()
            .filter(|(key, ..)| wanted.as_ref().is_none_or(|keys| keys.contains(key)))
            .map(|(key, readonly, value)| json!({"key": key, "readonly": readonly, "value": value}))
            .collect();
        let unknown: Vec<&str> = wanted
            .unwrap_or_default()
            .into_iter()
            .filter(|key| settings.iter().all(|(known, ..)| known != key))
            .collect();
        json!({"configurationKey": known, "unknownKey": unknown})
    }

    fn change_configuration(&mut self, payload: &Value) -> Value {
        let key = payload.get("key").and_then(Value::as_str).unwrap_or_default();
        let seconds = payload.get("value").and_then(whole_number).filter(|seconds| (1..=86_400).contains(seconds));
        let status = match (key, seconds) {
            ("HeartbeatInterval", Some(seconds)) => {
                self.heartbeat = Duration::seconds(seconds);
                "Accepted"
            }
            ("MeterValueSampleInterval", Some(seconds)) => {
                self.sample = Duration::seconds(seconds);
                "Accepted"
            }
            ("HeartbeatInterval" | "MeterValueSampleInterval", None) => "Rejected",
            (key, _) if self.settings().iter().any(|(known, ..)| *known == key) => "Rejected",
            _ => "NotSupported",
        };
        json!({"status": status})
    }

    fn accept_remote_start(&mut self, now: DateTime<Utc>, payload: &Value) -> Value {
        let wanted = payload.get("connectorId").and_then(whole_number);
        let tag = payload.get("idTag").and_then(Value::as_str).unwrap_or_default().to_owned();
        let places = self.numbered(wanted);
        let status = self.start_on_demand(now, &places, |place| Remote { place, tag, start_id: None });
        json!({"status": status})
    }

    fn change_availability(&mut self, now: DateTime<Utc>, payload: &Value) -> Value {
        let wanted = payload.get("connectorId").and_then(whole_number).filter(|id| *id != 0);
        let operative = payload.get("type").and_then(Value::as_str) != Some("Inoperative");
        let places = self.numbered(wanted);
        json!({"status": self.make_available(now, &places, operative)})
    }

    fn trigger(&mut self, now: DateTime<Utc>, payload: &Value) -> Value {
        let wanted = payload.get("connectorId").and_then(whole_number).filter(|id| *id != 0);
        let places = self.numbered(wanted);
        match payload.get("requestedMessage").and_then(Value::as_str).unwrap_or_default() {
            "Heartbeat" => self.say(Call::Heartbeat),
            "BootNotification" => self.say(Call::Boot),
            "StatusNotification" => self.tell_states(&places),
            "MeterValues" => places.into_iter().for_each(|place| self.read_on_demand(place, now)),
            _ => return json!({"status": "NotImplemented"}),
        }
        json!({"status": "Accepted"})
    }

    /// Places of the connectors with this number; of all, without a number.
    fn numbered(&self, wanted: Option<i64>) -> Vec<usize> {
        let fits = |place: &usize| wanted.is_none_or(|id| id == i64::from(self.connectors[*place].id));
        (0..self.connectors.len()).filter(fits).collect()
    }
}
