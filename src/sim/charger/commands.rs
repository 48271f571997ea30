//! Calls of the server, answered as a plain charger would: the common ones do what they say, the rest is refused properly.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::answers::whole_number;
use super::outbox::Call;
use super::{Action, Charger};
use crate::sim::agenda::Timer;
use crate::sim::words::{Context, Reason, Status};

impl Charger {
    /// Answers a call of the server.
    pub(super) fn command(&mut self, now: DateTime<Utc>, id: &Value, action: &str, payload: &Value) {
        let answer = match action {
            "GetConfiguration" => self.get_configuration(payload),
            "ChangeConfiguration" => self.change_configuration(payload),
            "RemoteStartTransaction" => self.accept_remote_start(now, payload),
            "RemoteStopTransaction" => self.accept_remote_stop(now, payload),
            "Reset" => self.accept_reset(now, payload),
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
            unknown => {
                let refusal =
                    self.spec.behaviour.refusal(id, "NotImplemented", &format!("{unknown} is not known here"));
                self.out.push(Action::Send(refusal));
                return;
            }
        };
        self.reply(id, answer);
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
        let place = (0..self.connectors.len()).find(|place| {
            let connector = &self.connectors[*place];
            wanted.is_none_or(|id| id == i64::from(connector.id)) && self.is_free(connector.evse, *place)
        });
        let Some(place) = place.filter(|_| !tag.is_empty() && !self.draining) else {
            return json!({"status": "Rejected"});
        };
        let evse = self.connectors[place].evse;
        self.evses[evse].remote = Some((place, tag));
        self.agenda.replan(now, Timer::RemoteStart(evse));
        json!({"status": "Accepted"})
    }

    fn accept_remote_stop(&mut self, now: DateTime<Utc>, payload: &Value) -> Value {
        let wanted = payload.get("transactionId").and_then(whole_number);
        let session = self.sessions.iter().rposition(|session| {
            session.ended_at.is_none() && session.transaction_id.is_some() && session.transaction_id == wanted
        });
        let Some(session) = session else {
            return json!({"status": "Rejected"});
        };
        self.break_session(session, now, Reason::Remote);
        json!({"status": "Accepted"})
    }

    fn accept_reset(&mut self, now: DateTime<Utc>, payload: &Value) -> Value {
        let hard = payload.get("type").and_then(Value::as_str) == Some("Hard");
        let reason = if hard { Reason::HardReset } else { Reason::SoftReset };
        for session in 0..self.sessions.len() {
            self.break_session(session, now, reason);
        }
        self.agenda.replan(now + Duration::seconds(5), Timer::Restart);
        json!({"status": "Accepted"})
    }

    fn change_availability(&mut self, now: DateTime<Utc>, payload: &Value) -> Value {
        let wanted = payload.get("connectorId").and_then(whole_number).unwrap_or(0);
        let operative = payload.get("type").and_then(Value::as_str) != Some("Inoperative");
        let mut status = "Rejected";
        for place in 0..self.connectors.len() {
            if wanted != 0 && wanted != i64::from(self.connectors[place].id) {
                continue;
            }
            self.connectors[place].operative = operative;
            let busy =
                self.evses[self.connectors[place].evse].visit.as_ref().is_some_and(|visit| visit.connector == place);
            if busy {
                status = "Scheduled";
                continue;
            }
            if status == "Rejected" {
                status = "Accepted";
            }
            let (rest, error) = (self.status_at_rest(place), self.connectors[place].error);
            if rest != Status::Faulted {
                self.set_status(place, now, rest, error);
            }
        }
        json!({"status": status})
    }

    fn trigger(&mut self, now: DateTime<Utc>, payload: &Value) -> Value {
        let wanted = payload.get("connectorId").and_then(whole_number);
        let places: Vec<usize> = (0..self.connectors.len())
            .filter(|place| wanted.is_none_or(|id| id == 0 || id == i64::from(self.connectors[*place].id)))
            .collect();
        match payload.get("requestedMessage").and_then(Value::as_str).unwrap_or_default() {
            "Heartbeat" => self.say(Call::Heartbeat),
            "BootNotification" => self.say(Call::Boot),
            "StatusNotification" => {
                for place in places {
                    let status = self.present_status(place);
                    self.say(status);
                }
            }
            "MeterValues" => {
                for place in places {
                    self.read_on_demand(place, now);
                }
            }
            _ => return json!({"status": "NotImplemented"}),
        }
        json!({"status": "Accepted"})
    }

    fn read_on_demand(&mut self, place: usize, now: DateTime<Utc>) {
        let evse = self.connectors[place].evse;
        let here = self.evses[evse].visit.as_ref().is_some_and(|visit| visit.connector == place);
        let in_session = here && self.evses[evse].is_in_session();
        if in_session {
            self.connectors[place].meter.advance(now);
            self.read(evse, now, Context::Trigger);
        } else {
            self.read_idle(place, now);
        }
    }
}
