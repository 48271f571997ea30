//! Calls as payloads of OCPP 2.0.1 and 2.1.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::behaviour::Begins;
use crate::sim::charger::Charger;
use crate::sim::charger::outbox::{Call, Stamp};
use crate::sim::dialect::{Reading, number, thousandths};
use crate::sim::truth::SessionTruth;
use crate::sim::words::{ChargingState, Context, ErrorCode, Reason, Status};

/// Pence for a kilowatt-hour, of the makers who tell the cost.
const PENCE: i64 = 52;
/// In how many parts a report is sent.
pub(in crate::sim::charger) const REPORT_PARTS: usize = 2;

impl Charger {
    /// The name and the payload of a call.
    pub(super) fn write_v2(&self, call: &Call, now: DateTime<Utc>) -> (&'static str, Value) {
        const EVENT: &str = "TransactionEvent";
        match call {
            Call::Boot => ("BootNotification", self.write_boot_v2()),
            Call::Heartbeat => ("Heartbeat", json!({})),
            Call::Authorize { tag } => ("Authorize", json!({"idToken": self.id_token(tag)})),
            Call::Chatter => ("DataTransfer", self.write_chatter(now)),
            Call::Status { place, status, error, at } if self.spec.behaviour.tells_states_as_events => {
                ("NotifyEvent", self.write_state_event(*place, *status, *error, *at, now))
            }
            Call::Status { place, status, at, .. } => {
                ("StatusNotification", self.write_status_v2(*place, *status, *at))
            }
            Call::Start { session, stamp } => (EVENT, self.write_started(*session, stamp)),
            Call::Change { session, stamp } => (EVENT, self.write_change(*session, stamp)),
            Call::Reading { session, stamp, reading, .. } => (EVENT, self.write_update(*session, stamp, reading)),
            Call::Stop { session, stamp, reason, .. } => (EVENT, self.write_ended(*session, stamp, *reason)),
            Call::IdleReading { place, reading } => ("MeterValues", self.write_idle_reading(*place, reading)),
            Call::Report { request, part } => ("NotifyReport", self.write_report(*request, *part, now)),
        }
    }

    fn write_boot_v2(&self) -> Value {
        let behaviour = self.spec.behaviour;
        let mut station = json!({"vendorName": behaviour.vendor, "model": self.model()});
        if !behaviour.leaves_out_optional {
            station["serialNumber"] = json!(self.serial_number());
            station["firmwareVersion"] = json!(behaviour.firmware);
        }
        json!({"reason": behaviour.word(self.boot_reason.as_str()), "chargingStation": station})
    }

    fn write_status_v2(&self, place: Option<usize>, status: Status, at: DateTime<Utc>) -> Value {
        let (behaviour, (evse, connector)) = (self.spec.behaviour, self.outlet(place));
        json!({
            "timestamp": behaviour.time(at),
            "connectorStatus": behaviour.word(status.as_v2()),
            "evseId": behaviour.integer(evse.into()),
            "connectorId": behaviour.integer(connector.into()),
        })
    }

    fn write_state_event(
        &self,
        place: Option<usize>,
        status: Status,
        error: ErrorCode,
        at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Value {
        let (evse, connector) = self.outlet(place);
        let mut event = json!({
            "eventId": self.messages,
            "timestamp": self.spec.behaviour.time(at),
            "trigger": "Delta",
            "actualValue": status.as_v2(),
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector", "evse": {"id": evse, "connectorId": connector}},
            "variable": {"name": "AvailabilityState"},
        });
        if error != ErrorCode::NoError {
            event["techCode"] = json!(error.as_str());
        }
        json!({"generatedAt": self.spec.behaviour.time(self.clock(now)), "seqNo": 0, "tbc": false, "eventData": [event]})
    }

    fn outlet(&self, place: Option<usize>) -> (u32, u32) {
        place.map_or((0, 0), |place| (self.connectors[place].evse_id, self.connectors[place].id))
    }

    fn write_started(&self, place: usize, stamp: &Stamp) -> Value {
        let (behaviour, session) = (self.spec.behaviour, &self.sessions[place]);
        let trigger = match (behaviour.begins, session.remote_start_id) {
            (_, Some(_)) => "RemoteStart",
            (Begins::PlugIn, None) => "CablePluggedIn",
            (Begins::PowerFlow, None) => "Authorized",
        };
        let at = session.started_at_reported;
        let mut event = self.event(session, stamp, "Started", trigger, at);
        event["transactionInfo"]["chargingState"] = json!(behaviour.word(stamp.state.as_str()));
        event["meterValue"] = self.register_alone(at, session.meter_start_wh, Context::Begin);
        if behaviour.begins == Begins::PowerFlow {
            event["idToken"] = self.id_token(&session.id_tag);
        }
        if let Some(id) = session.remote_start_id {
            event["transactionInfo"]["remoteStartId"] = json!(id);
        }
        event
    }

    fn write_change(&self, place: usize, stamp: &Stamp) -> Value {
        let (behaviour, session) = (self.spec.behaviour, &self.sessions[place]);
        let mut event = self.event(session, stamp, "Updated", "ChargingStateChanged", stamp.at);
        event["transactionInfo"]["chargingState"] = json!(behaviour.word(stamp.state.as_str()));
        if behaviour.begins == Begins::PlugIn && stamp.state == ChargingState::Charging {
            event["triggerReason"] = json!(behaviour.word("Authorized"));
            event["idToken"] = self.id_token(&session.id_tag);
        }
        event
    }

    fn write_update(&self, place: usize, stamp: &Stamp, reading: &Reading) -> Value {
        let trigger = match reading.context {
            Context::Periodic | Context::Begin | Context::End => "MeterValuePeriodic",
            Context::Clock => "MeterValueClock",
            Context::Trigger => "Trigger",
        };
        let mut event = self.event(&self.sessions[place], stamp, "Updated", trigger, reading.at);
        event["meterValue"] = self.meter_values(reading);
        event
    }

    fn write_ended(&self, place: usize, stamp: &Stamp, reason: Reason) -> Value {
        let (behaviour, session) = (self.spec.behaviour, &self.sessions[place]);
        let at = session.ended_at_reported.unwrap_or(session.started_at_reported);
        let register = session.meter_stop_wh.unwrap_or(session.meter_start_wh);
        let mut event = self.event(session, stamp, "Ended", reason.trigger(), at);
        event["meterValue"] = self.register_alone(at, register, Context::End);
        if !(behaviour.leaves_out_optional && reason == Reason::Local) {
            event["transactionInfo"]["stoppedReason"] = json!(behaviour.word(reason.as_v2()));
        }
        if !behaviour.leaves_out_optional && reason == Reason::Local {
            event["idToken"] = self.id_token(&session.id_tag);
        }
        if behaviour.tells_cost {
            event["costDetails"] = cost(session, (at - session.started_at_reported).num_seconds().max(0));
        }
        event
    }

    /// What every event of a transaction carries.
    fn event(&self, session: &SessionTruth, stamp: &Stamp, kind: &str, trigger: &str, at: DateTime<Utc>) -> Value {
        let behaviour = self.spec.behaviour;
        let mut event = json!({
            "eventType": behaviour.word(kind),
            "triggerReason": behaviour.word(trigger),
            "timestamp": behaviour.time(at),
            "seqNo": behaviour.integer(stamp.seq_no.into()),
            "transactionInfo": {"transactionId": session.transaction_id},
            "evse": {"id": behaviour.integer(session.evse_id.into())},
        });
        if kind == "Started" || !behaviour.names_connector_once {
            event["evse"]["connectorId"] = behaviour.integer(session.connector_id.into());
        }
        if !behaviour.leaves_out_optional {
            event["transactionInfo"]["chargingState"] = json!(behaviour.word(stamp.state.as_str()));
            event["offline"] = json!(stamp.offline);
        }
        event
    }

    fn id_token(&self, tag: &str) -> Value {
        json!({"idToken": tag, "type": self.spec.behaviour.word("ISO14443")})
    }

    fn write_idle_reading(&self, place: usize, reading: &Reading) -> Value {
        let evse = self.spec.behaviour.integer(self.connectors[place].evse_id.into());
        json!({"evseId": evse, "meterValue": self.meter_values(reading)})
    }

    fn meter_values(&self, reading: &Reading) -> Value {
        let behaviour = self.spec.behaviour;
        behaviour.buckets(reading.at, behaviour.sampled_values_v2(reading))
    }

    fn register_alone(&self, at: DateTime<Utc>, wh: i64, context: Context) -> Value {
        let behaviour = self.spec.behaviour;
        behaviour.buckets(at, vec![behaviour.energy_v2(wh, context)])
    }

    fn write_report(&self, request: i64, part: usize, now: DateTime<Utc>) -> Value {
        let variables = self.variables();
        let length = variables.len().div_ceil(REPORT_PARTS);
        let data: Vec<Value> =
            variables.iter().skip(part * length).take(length).map(|variable| variable.report()).collect();
        json!({
            "requestId": request,
            "generatedAt": self.spec.behaviour.time(self.clock(now)),
            "seqNo": part,
            "tbc": part + 1 < REPORT_PARTS,
            "reportData": data,
        })
    }
}

/// What a session cost, to a tenth of a penny.
fn cost(session: &SessionTruth, seconds: i64) -> Value {
    let price = number(&thousandths(session.energy_wh.max(0) * PENCE / 100));
    json!({
        "totalCost": {
            "currency": "GBP",
            "typeOfCost": "NormalCost",
            "energy": {"inclTax": price},
            "total": {"inclTax": price},
        },
        "totalUsage": {
            "energy": number(&thousandths(session.energy_wh.max(0))),
            "chargingTime": seconds,
            "idleTime": session.idle_s,
        },
    })
}
