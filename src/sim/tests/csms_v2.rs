//! The half of the simple server that hears OCPP 2.x: keeps every event of every transaction by its number, whatever the order.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::csms::{instant, whole};

/// What was heard of one transaction.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Events by their number.
    pub(super) events: BTreeMap<i64, Value>,
    /// Events told more than once, word for word.
    pub(super) repeats: u32,
    /// Events told after one with a higher number.
    pub(super) late: u32,
}

/// What was heard in 2.x.
#[derive(Debug, Default)]
pub(super) struct CsmsV2 {
    /// Transactions by charger and the charger's own id.
    pub(super) transactions: BTreeMap<(String, String), Heard>,
    /// The state last told of each connector, by charger, EVSE and connector.
    pub(super) states: BTreeMap<(String, i64, i64), String>,
    /// Messages by charger and action.
    pub(super) actions: BTreeMap<(String, String), u32>,
}

/// A sample of the energy register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Register {
    pub(super) at: DateTime<Utc>,
    pub(super) wh: i64,
}

impl CsmsV2 {
    /// Takes a call; gives the answer.
    pub(super) fn take(&mut self, charger: &str, action: &str, payload: &Value) -> Value {
        *self.actions.entry((charger.to_owned(), action.to_owned())).or_default() += 1;
        match action {
            "Authorize" => json!({"idTokenInfo": {"status": "Accepted"}}),
            "StatusNotification" => {
                self.note_state(charger, &payload["evseId"], &payload["connectorId"], &payload["connectorStatus"]);
                instant(&payload["timestamp"]);
                json!({})
            }
            "NotifyEvent" => {
                for event in payload["eventData"].as_array().unwrap() {
                    let evse = &event["component"]["evse"];
                    assert_eq!(event["variable"]["name"], "AvailabilityState");
                    self.note_state(charger, &evse["id"], &evse["connectorId"], &event["actualValue"]);
                }
                json!({})
            }
            "MeterValues" => {
                assert!(whole(&payload["evseId"]) > 0);
                registers(payload);
                json!({})
            }
            "TransactionEvent" => self.hear(charger, payload),
            other => panic!("{other} was not expected"),
        }
    }

    fn note_state(&mut self, charger: &str, evse: &Value, connector: &Value, state: &Value) {
        let key = (charger.to_owned(), whole(evse), whole(connector));
        self.states.insert(key, state.as_str().unwrap().to_owned());
    }

    fn hear(&mut self, charger: &str, payload: &Value) -> Value {
        let id = payload["transactionInfo"]["transactionId"].as_str().unwrap().to_owned();
        let heard = self.transactions.entry((charger.to_owned(), id)).or_default();
        let number = whole(&payload["seqNo"]);
        match heard.events.get(&number) {
            Some(known) => {
                assert_eq!(known, payload, "{charger} tells two things under one number");
                heard.repeats += 1;
            }
            None => {
                heard.late += u32::from(heard.events.keys().any(|known| *known > number));
                heard.events.insert(number, payload.clone());
            }
        }
        if payload.get("idToken").is_some() { json!({"idTokenInfo": {"status": "Accepted"}}) } else { json!({}) }
    }
}

impl Heard {
    /// The event that begins the transaction.
    pub(super) fn started(&self) -> &Value {
        self.of_kind("Started").expect("it never began")
    }

    /// The event that ends it.
    pub(super) fn ended(&self) -> Option<&Value> {
        self.of_kind("Ended")
    }

    /// The token, in whichever event it came.
    pub(super) fn token(&self) -> Option<&str> {
        self.events.values().find_map(|event| event["idToken"]["idToken"].as_str())
    }

    /// Sampled values in its readings.
    pub(super) fn sampled_values(&self) -> usize {
        let updates = self.events.values().filter(|event| is_kind(event, "Updated"));
        updates.map(|event| samples(event).len()).sum()
    }

    /// The latest register after its beginning.
    pub(super) fn last_register(&self) -> Option<Register> {
        let later = self.events.values().filter(|event| !is_kind(event, "Started"));
        later.flat_map(registers).max()
    }

    fn of_kind(&self, kind: &str) -> Option<&Value> {
        let mut events = self.events.values().filter(|event| is_kind(event, kind));
        let first = events.next();
        assert!(events.next().is_none(), "two events of the kind {kind}");
        first
    }
}

/// Whether an event is of this kind, however it is spelt.
pub(super) fn is_kind(event: &Value, kind: &str) -> bool {
    event["eventType"].as_str().unwrap().eq_ignore_ascii_case(kind)
}

/// Registers in a message, in watt-hours.
pub(super) fn registers(payload: &Value) -> Vec<Register> {
    let energy = |sample: &Value| {
        let measurand = sample.get("measurand").map_or("Energy.Active.Import.Register", |name| name.as_str().unwrap());
        measurand.eq_ignore_ascii_case("Energy.Active.Import.Register")
    };
    samples(payload)
        .into_iter()
        .filter(|(_, sample)| energy(sample))
        .map(|(at, sample)| register(at, &sample))
        .collect()
}

fn samples(payload: &Value) -> Vec<(DateTime<Utc>, Value)> {
    let buckets = payload.get("meterValue").map_or(&[][..], |buckets| buckets.as_array().unwrap());
    let of = |bucket: &Value| {
        let at = instant(&bucket["timestamp"]);
        bucket["sampledValue"].as_array().unwrap().iter().map(|sample| (at, sample.clone())).collect::<Vec<_>>()
    };
    buckets.iter().flat_map(of).collect()
}

fn register(at: DateTime<Utc>, sample: &Value) -> Register {
    let unit = sample.get("unitOfMeasure");
    let kilo = unit.is_some_and(|unit| unit["unit"] == "kWh");
    let multiplier = unit.and_then(|unit| unit["multiplier"].as_i64()).unwrap_or(0);
    let power = multiplier + if kilo { 3 } else { 0 };
    let digits = sample["value"].as_str().map_or_else(|| sample["value"].to_string(), |text| text.trim().to_owned());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let zeros = usize::try_from(power).unwrap() - fraction.len();
    let wh = format!("{whole}{fraction}{}", "0".repeat(zeros)).parse().unwrap();
    Register { at, wh }
}
