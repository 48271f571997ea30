//! Calls of the server in the words of OCPP 2.0.1 and 2.1, and the few variables that it can ask for.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::sim::behaviour::{Begins, Protocol};
use crate::sim::charger::Charger;
use crate::sim::charger::answers::whole_number;
use crate::sim::charger::evse::Remote;
use crate::sim::charger::outbox::Call;
use crate::sim::charger::writing::REPORT_PARTS;
use crate::sim::truth::SessionTruth;
use crate::sim::words::{BootReason, Reason};

/// Something that a charger tells about itself.
pub(in crate::sim::charger) struct Variable {
    component: &'static str,
    name: &'static str,
    kind: &'static str,
    writable: bool,
    value: String,
}

impl Variable {
    /// Its entry in a report.
    pub(in crate::sim::charger) fn report(&self) -> Value {
        let mutability = if self.writable { "ReadWrite" } else { "ReadOnly" };
        json!({
            "component": {"name": self.component},
            "variable": {"name": self.name},
            "variableAttribute": [{"value": self.value, "mutability": mutability}],
            "variableCharacteristics": {"dataType": self.kind, "supportsMonitoring": false},
        })
    }
}

impl Charger {
    /// What a call of the server is answered with; none if it is unknown.
    pub(super) fn answer_v2(&mut self, now: DateTime<Utc>, action: &str, payload: &Value) -> Option<Value> {
        Some(match action {
            "RequestStartTransaction" => self.accept_start_request(now, payload),
            "RequestStopTransaction" => {
                let id = payload.get("transactionId").and_then(Value::as_str);
                json!({"status": self.stop_on_demand(now, id)})
            }
            "Reset" => json!({"status": self.accept_reset_v2(now, payload)}),
            "ChangeAvailability" => {
                let places = self.at_evse(payload.get("evse"));
                let operative = payload.get("operationalStatus").and_then(Value::as_str) != Some("Inoperative");
                json!({"status": self.make_available(now, &places, operative)})
            }
            "TriggerMessage" => json!({"status": self.trigger_v2(now, payload)}),
            "GetBaseReport" => self.accept_report(payload),
            "GetVariables" => {
                json!({"getVariableResult": each(payload, "getVariableData", |asked| self.tell_variable(asked))})
            }
            "SetVariables" => {
                json!({"setVariableResult": each(payload, "setVariableData", |asked| self.set_variable(asked))})
            }
            "SetVariableMonitoring" => {
                json!({"setMonitoringResult": each(payload, "setMonitoringData", refuse_monitor)})
            }
            "ClearVariableMonitoring" => {
                let ids = payload.get("id").and_then(Value::as_array).cloned().unwrap_or_default();
                let results: Vec<Value> = ids.iter().map(|id| json!({"status": "NotFound", "id": id})).collect();
                json!({"clearMonitoringResult": results})
            }
            "UnlockConnector" => json!({"status": if self.spec.demand.is_dc() { "UnlockFailed" } else { "Unlocked" }}),
            "GetTransactionStatus" => self.transaction_status(payload),
            "GetLocalListVersion" => json!({"versionNumber": 0}),
            "CostUpdated" => json!({}),
            other => json!({"status": self.refusal_of(other)?}),
        })
    }

    /// How a call is refused that this charger knows and cannot do.
    fn refusal_of(&self, action: &str) -> Option<&'static str> {
        let is_21 = self.spec.behaviour.protocol == Protocol::V21;
        Some(match action {
            "DataTransfer" => "UnknownVendorId",
            "ClearChargingProfile" | "ClearDisplayMessage" | "GetDisplayMessages" => "Unknown",
            "GetChargingProfiles" => "NoProfiles",
            "GetReport" | "GetMonitoringReport" => "EmptyResultSet",
            "GetInstalledCertificateIds" | "DeleteCertificate" => "NotFound",
            "SendLocalList" => "Failed",
            "SetMonitoringBase" => "NotSupported",
            "UnpublishFirmware" => "NoFirmware",
            "CancelReservation"
            | "CertificateSigned"
            | "ClearCache"
            | "CustomerInformation"
            | "GetCompositeSchedule"
            | "GetLog"
            | "InstallCertificate"
            | "PublishFirmware"
            | "ReserveNow"
            | "SetChargingProfile"
            | "SetDisplayMessage"
            | "SetMonitoringLevel"
            | "SetNetworkProfile"
            | "UpdateFirmware" => "Rejected",
            "ClearDERControl" | "GetDERControl" | "SetDERControl" if is_21 => "NotSupported",
            "ChangeTransactionTariff" if is_21 => "TxNotFound",
            "GetTariffs" if is_21 => "NoTariff",
            "UsePriorityCharging" if is_21 => "NoProfile",
            "AFRRSignal"
            | "AdjustPeriodicEventStream"
            | "NotifyAllowedEnergyTransfer"
            | "RequestBatterySwap"
            | "SetDefaultTariff"
            | "UpdateDynamicSchedule"
                if is_21 =>
            {
                "Rejected"
            }
            _ => return None,
        })
    }

    fn accept_start_request(&mut self, now: DateTime<Utc>, payload: &Value) -> Value {
        let wanted = payload.get("evseId").and_then(whole_number);
        let places = self.of_evse(wanted, None);
        let token = payload.get("idToken").and_then(|token| token.get("idToken")).and_then(Value::as_str);
        let tag = token.unwrap_or_default().to_owned();
        let start_id = payload.get("remoteStartId").and_then(whole_number);
        json!({"status": self.start_on_demand(now, &places, |place| Remote { place, tag, start_id })})
    }

    /// At once, or when the last car has gone; a single EVSE cannot be reset.
    fn accept_reset_v2(&mut self, now: DateTime<Utc>, payload: &Value) -> &'static str {
        if payload.get("evseId").is_some() {
            return "Rejected";
        }
        if payload.get("type").and_then(Value::as_str) != Some("OnIdle") {
            return self.reset_now(now, Reason::HardReset);
        }
        if self.evses.iter().any(|evse| evse.visit.is_some()) {
            self.resets_when_idle = true;
            return "Scheduled";
        }
        self.reset_now(now, Reason::SoftReset)
    }

    fn trigger_v2(&mut self, now: DateTime<Utc>, payload: &Value) -> &'static str {
        let places = self.at_evse(payload.get("evse"));
        match payload.get("requestedMessage").and_then(Value::as_str).unwrap_or_default() {
            "Heartbeat" => self.say(Call::Heartbeat),
            "BootNotification" => {
                self.boot_reason = BootReason::Triggered;
                self.say(Call::Boot);
            }
            "StatusNotification" => self.tell_states(&places),
            "MeterValues" => self.read_evses(&places, now),
            "TransactionEvent" => {
                let places: Vec<usize> = places.into_iter().filter(|place| self.has_session(*place)).collect();
                if places.is_empty() {
                    return "Rejected";
                }
                self.read_evses(&places, now);
            }
            _ => return "NotImplemented",
        }
        "Accepted"
    }

    /// Reads each of the EVSEs that these connectors belong to, once.
    fn read_evses(&mut self, places: &[usize], now: DateTime<Utc>) {
        for evse in 0..self.evses.len() {
            let mut own = places.iter().copied().filter(|place| self.connectors[*place].evse == evse);
            let first = own.next();
            let busy = first.into_iter().chain(own).find(|place| self.has_session(*place));
            if let Some(place) = busy.or(first) {
                self.read_on_demand(place, now);
            }
        }
    }

    fn has_session(&self, place: usize) -> bool {
        let evse = &self.evses[self.connectors[place].evse];
        evse.is_in_session() && evse.visit.as_ref().is_some_and(|visit| visit.connector == place)
    }

    /// Places of the connectors that an `evse` object names; of all, without one.
    fn at_evse(&self, evse: Option<&Value>) -> Vec<usize> {
        let part = |name: &str| evse.and_then(|evse| evse.get(name)).and_then(whole_number);
        self.of_evse(part("id"), part("connectorId"))
    }

    fn of_evse(&self, evse: Option<i64>, connector: Option<i64>) -> Vec<usize> {
        let is = |wanted: Option<i64>, number: u32| wanted.is_none_or(|wanted| wanted == i64::from(number));
        let places = self.connectors.iter().enumerate();
        let fits = places.filter(|(_, of)| is(evse.filter(|id| *id != 0), of.evse_id) && is(connector, of.id));
        fits.map(|(place, _)| place).collect()
    }

    fn transaction_status(&self, payload: &Value) -> Value {
        let mut status = json!({"messagesInQueue": !self.outbox.is_empty()});
        if let Some(wanted) = payload.get("transactionId").and_then(Value::as_str) {
            let of = |session: &&SessionTruth| session.transaction_id.as_deref() == Some(wanted);
            let is_open = self.sessions.iter().find(of).is_some_and(|session| session.ended_at.is_none());
            status["ongoingIndicator"] = json!(is_open);
        }
        status
    }

    fn accept_report(&mut self, payload: &Value) -> Value {
        let request = payload.get("requestId").and_then(whole_number).unwrap_or(0);
        for part in 0..REPORT_PARTS {
            self.say(Call::Report { request, part });
        }
        json!({"status": "Accepted"})
    }

    /// What a charger tells about itself.
    pub(in crate::sim::charger) fn variables(&self) -> Vec<Variable> {
        let variable =
            |component, name, kind, writable, value: String| Variable { component, name, kind, writable, value };
        let starts = match self.spec.behaviour.begins {
            Begins::PowerFlow => "PowerPathClosed",
            Begins::PlugIn => "EVConnected",
        };
        let clock = if self.spec.behaviour.reads_by_the_clock { "900" } else { "0" };
        vec![
            variable("OCPPCommCtrlr", "HeartbeatInterval", "integer", true, self.heartbeat.num_seconds().to_string()),
            variable("SampledDataCtrlr", "TxUpdatedInterval", "integer", true, self.sample.num_seconds().to_string()),
            variable(
                "SampledDataCtrlr",
                "TxEndedMeasurands",
                "MemberList",
                false,
                "Energy.Active.Import.Register".into(),
            ),
            variable("AlignedDataCtrlr", "Interval", "integer", false, clock.into()),
            variable("TxCtrlr", "TxStartPoint", "MemberList", false, starts.into()),
            variable("TxCtrlr", "TxStopPoint", "MemberList", false, "PowerPathClosed".into()),
            variable("ChargingStation", "Model", "string", false, self.spec.behaviour.model.into()),
            variable(
                "ChargingStation",
                "Problem",
                "boolean",
                false,
                self.evses.iter().any(|evse| evse.faulted).to_string(),
            ),
        ]
    }

    fn tell_variable(&self, asked: &Value) -> Value {
        let mut result = named(asked);
        match self.find_variable(asked) {
            Ok(variable) => {
                result["attributeStatus"] = json!("Accepted");
                result["attributeValue"] = json!(variable.value);
            }
            Err(why) => result["attributeStatus"] = json!(why),
        }
        result
    }

    fn set_variable(&mut self, asked: &Value) -> Value {
        let seconds = asked.get("attributeValue").and_then(whole_number).filter(|value| (1..=86_400).contains(value));
        let status = match (self.find_variable(asked), seconds) {
            (Err(why), _) => why,
            (Ok(Variable { name: "HeartbeatInterval", .. }), Some(seconds)) => {
                self.heartbeat = Duration::seconds(seconds);
                "Accepted"
            }
            (Ok(Variable { name: "TxUpdatedInterval", .. }), Some(seconds)) => {
                self.sample = Duration::seconds(seconds);
                "Accepted"
            }
            (Ok(_), _) => "Rejected",
        };
        let mut result = named(asked);
        result["attributeStatus"] = json!(status);
        result
    }

    fn find_variable(&self, asked: &Value) -> Result<Variable, &'static str> {
        let name = |of: &str| asked.get(of).and_then(|of| of.get("name")).and_then(Value::as_str).unwrap_or_default();
        let (component, variable) = (name("component"), name("variable"));
        let mut own = self.variables();
        own.retain(|known| known.component == component);
        if own.is_empty() {
            return Err("UnknownComponent");
        }
        own.into_iter().find(|known| known.name == variable).ok_or("UnknownVariable")
    }
}

/// An answer for each thing asked for in a list.
fn each(payload: &Value, list: &str, answer: impl FnMut(&Value) -> Value) -> Vec<Value> {
    payload.get(list).and_then(Value::as_array).map(|asked| asked.iter().map(answer).collect()).unwrap_or_default()
}

/// The component and the variable asked for, to be answered.
fn named(asked: &Value) -> Value {
    json!({"component": asked["component"], "variable": asked["variable"]})
}

fn refuse_monitor(asked: &Value) -> Value {
    let mut result = named(asked);
    result["status"] = json!("Rejected");
    result["type"] = asked["type"].clone();
    result["severity"] = asked["severity"].clone();
    result
}
