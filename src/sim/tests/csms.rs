//! A simple server for tests: recognises a session of OCPP 1.6 by its content, keeps what it is told, and answers at once. What it
//! hears in OCPP 2.x is kept in `csms_v2.rs`.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};

use super::csms_v2::CsmsV2;

/// What makes a session the same session: charger, connector, token, start time, start register.
pub(super) type Key = (String, i64, String, DateTime<Utc>, i64);

/// What was learnt of one session.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Learnt {
    pub(super) id: i64,
    pub(super) starts: u32,
    pub(super) stops: u32,
    pub(super) stop_wh: Option<i64>,
    pub(super) last_wh: Option<i64>,
    /// Readings by time and context; a repeat replaces itself.
    pub(super) readings: BTreeMap<(DateTime<Utc>, String), usize>,
}

/// The server.
#[derive(Debug, Default)]
pub(super) struct Csms {
    pub(super) sessions: BTreeMap<Key, Learnt>,
    pub(super) boots: BTreeMap<String, u32>,
    pub(super) frames: u64,
    /// Messages without a transaction id, by charger.
    pub(super) minus_ones: BTreeMap<String, u32>,
    pub(super) orphans: u32,
    /// What it is told in 2.x.
    pub(super) v2: CsmsV2,
}

impl Csms {
    /// Takes a frame of a charger; gives the answer if it was a call.
    pub(super) fn take(&mut self, charger: &str, text: &str) -> Option<String> {
        self.frames += 1;
        let frame: Vec<Value> =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{charger} sent {text}: {error}"));
        if frame[0] != 2 {
            return None;
        }
        let payload = &frame[3];
        let answer = match frame[2].as_str().unwrap() {
            "BootNotification" => {
                *self.boots.entry(charger.to_owned()).or_default() += 1;
                let model = payload.get("chargePointModel").unwrap_or(&payload["chargingStation"]["model"]);
                assert!(model.as_str().unwrap().starts_with("SIM "));
                json!({"status": "Accepted", "interval": 900, "currentTime": "2026-01-01T00:00:00Z"})
            }
            "Heartbeat" => json!({"currentTime": "2026-01-01T00:00:00Z"}),
            "Authorize" if payload.get("idTag").is_some() => json!({"idTagInfo": {"status": "Accepted"}}),
            "StatusNotification" if payload.get("status").is_some() => {
                instant(&payload["timestamp"]);
                json!({})
            }
            "DataTransfer" => json!({"status": "Accepted"}),
            "StartTransaction" => self.start(charger, payload),
            "MeterValues" if payload.get("connectorId").is_some() => self.read(charger, payload),
            "StopTransaction" => self.stop(charger, payload),
            action => self.v2.take(charger, action, payload),
        };
        Some(json!([3, frame[1], answer]).to_string())
    }

    fn start(&mut self, charger: &str, payload: &Value) -> Value {
        let key = (
            charger.to_owned(),
            whole(&payload["connectorId"]),
            payload["idTag"].as_str().unwrap().to_owned(),
            instant(&payload["timestamp"]),
            whole(&payload["meterStart"]),
        );
        let id = self.sessions.len() as i64 + 1;
        let new = Learnt { id, starts: 0, stops: 0, stop_wh: None, last_wh: None, readings: BTreeMap::new() };
        let learnt = self.sessions.entry(key).or_insert(new);
        learnt.starts += 1;
        json!({"transactionId": learnt.id, "idTagInfo": {"status": "Accepted"}})
    }

    fn read(&mut self, charger: &str, payload: &Value) -> Value {
        let connector = whole(&payload["connectorId"]);
        let by_connector = |key: &Key| key.1 == connector;
        let Some(session) = self.find(charger, &payload["transactionId"], by_connector) else {
            return json!({});
        };
        for bucket in payload["meterValue"].as_array().unwrap() {
            let at = instant(&bucket["timestamp"]);
            for sample in bucket["sampledValue"].as_array().unwrap() {
                let measurand = sample["measurand"].as_str().unwrap_or("Energy.Active.Import.Register").to_lowercase();
                let context = sample["context"].as_str().unwrap_or("Sample.Periodic").to_lowercase();
                let name = format!("{context} {measurand} {}", sample["phase"].as_str().unwrap_or_default());
                session.readings.insert((at, name), 1);
                if measurand == "energy.active.import.register" {
                    let kilo = sample["unit"] == "kWh";
                    session.last_wh = Some(watt_hours(&sample["value"], kilo));
                }
            }
        }
        json!({})
    }

    fn stop(&mut self, charger: &str, payload: &Value) -> Value {
        let tag = payload["idTag"].as_str().unwrap().to_owned();
        let wh = whole(&payload["meterStop"]);
        instant(&payload["timestamp"]);
        if let Some(session) = self.find(charger, &payload["transactionId"], |key| key.2 == tag) {
            session.stops += 1;
            assert!(session.stop_wh.is_none_or(|known| known == wh), "two different stops of one session");
            session.stop_wh = Some(wh);
            session.last_wh = Some(wh);
        }
        json!({})
    }

    /// The session of this id; without an id the latest of the charger that fits and has no stop yet, or had just this one.
    fn find(&mut self, charger: &str, id: &Value, fits: impl Fn(&Key) -> bool) -> Option<&mut Learnt> {
        if id.is_null() {
            return None;
        }
        let id = whole(id);
        if id == -1 {
            *self.minus_ones.entry(charger.to_owned()).or_default() += 1;
        }
        let found = self
            .sessions
            .iter_mut()
            .filter(|(key, learnt)| if id == -1 { key.0 == charger && fits(key) } else { learnt.id == id })
            .max_by_key(|(_, learnt)| learnt.id);
        if found.is_none() {
            self.orphans += 1;
        }
        found.map(|(_, learnt)| learnt)
    }
}

/// An instant in any of the ways that the fleet writes it.
pub(super) fn instant(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return at.to_utc();
    }
    if let Ok(at) = DateTime::parse_from_str(&format!("{text}00"), "%Y-%m-%dT%H:%M:%S%z") {
        return at.to_utc();
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").unwrap().and_utc()
}

pub(super) fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| value.as_str().unwrap().trim().parse().unwrap())
}

fn watt_hours(value: &Value, kilo: bool) -> i64 {
    let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
    if !kilo {
        return text.parse().unwrap();
    }
    let (whole, thousandths) = text.split_once('.').unwrap();
    assert_eq!(thousandths.len(), 3, "{text}");
    format!("{whole}{thousandths}").parse().unwrap()
}
