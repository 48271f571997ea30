//! The hand in which a charger writes: times, numbers, words, readings and frames as its [`Behaviour`] has them.
//!
//! Everything that differs between makers *on paper* is decided here; what differs in *conduct* is decided in the charger.

use chrono::{DateTime, Duration, DurationRound, Utc};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};

use super::behaviour::{Behaviour, EnergyStyle, IdStyle, TimeStyle, ValueStyle};
use super::calendar;
use super::words::Context;

/// What the meter and the car show at one instant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// The charger's clock.
    pub(crate) at: DateTime<Utc>,
    /// Energy register, Wh.
    pub(crate) register_wh: i64,
    /// Power, W.
    pub(crate) power_w: i64,
    /// Phases in use; 0 for direct current.
    pub(crate) phases: u8,
    /// Voltage, tenths of a volt.
    pub(crate) decivolts: i64,
    /// State of charge in per cent, when the car tells it.
    pub(crate) charge_percent: Option<i64>,
    /// Why it was taken.
    pub(crate) context: Context,
}

impl Behaviour {
    /// Writes an instant.
    pub(crate) fn time(&self, at: DateTime<Utc>) -> String {
        match self.time {
            TimeStyle::Zulu => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            TimeStyle::Millis => at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            TimeStyle::NoZone => at.format("%Y-%m-%dT%H:%M:%S").to_string(),
            TimeStyle::ShortOffset => {
                let offset = calendar::london_offset_hours(at);
                format!("{}+{offset:02}", calendar::london(at).format("%Y-%m-%dT%H:%M:%S"))
            }
        }
    }

    /// The instant that [`Behaviour::time`] really names: as precise as it is written.
    pub(crate) fn named_instant(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let precision = match self.time {
            TimeStyle::Zulu | TimeStyle::NoZone | TimeStyle::ShortOffset => Duration::seconds(1),
            TimeStyle::Millis => Duration::milliseconds(1),
        };
        at.duration_trunc(precision).unwrap_or(at)
    }

    /// Writes a whole-number field: a register, a connector, a transaction id.
    pub(crate) fn integer(&self, number: i64) -> Value {
        match self.values {
            ValueStyle::Specified | ValueStyle::Numbers => json!(number),
            ValueStyle::Padded => json!(format!(" {number} ")),
        }
    }

    /// Writes a word of an enumeration.
    pub(crate) fn word(&self, word: &str) -> String {
        if !self.small_letters {
            return word.to_owned();
        }
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    }

    /// Writes the sampled values of a reading.
    pub(crate) fn sampled_values(&self, reading: &Reading) -> Vec<Value> {
        let context = reading.context;
        let mut values = vec![self.energy(reading.register_wh, context)];
        values.push(self.sample("Power.Active.Import", "W", &reading.power_w.to_string(), None, context));
        let volts = reading.decivolts.max(1);
        let lines = i64::from(reading.phases.max(1));
        let current = tenths(reading.power_w * 100 / (volts * lines));
        match reading.phases {
            0 => values.push(self.sample("Current.Import", "A", &current, None, context)),
            phases => {
                for phase in ["L1", "L2", "L3"].into_iter().take(usize::from(phases)) {
                    values.push(self.sample("Current.Import", "A", &current, Some(phase), context));
                }
            }
        }
        let phase = (reading.phases > 0).then_some("L1-N");
        values.push(self.sample("Voltage", "V", &tenths(volts), phase, context));
        if let Some(percent) = reading.charge_percent {
            values.push(self.sample("SoC", "Percent", &percent.to_string(), None, context));
        }
        values
    }

    /// Writes one sampled value of the energy register.
    pub(crate) fn energy(&self, wh: i64, context: Context) -> Value {
        const REGISTER: &str = "Energy.Active.Import.Register";
        match self.energy {
            EnergyStyle::WattHours => self.sample(REGISTER, "Wh", &wh.to_string(), None, context),
            EnergyStyle::KilowattHours => {
                self.sample(REGISTER, "kWh", &format!("{}.{:03}", wh / 1000, wh % 1000), None, context)
            }
            EnergyStyle::Bare => {
                let mut sample = Map::from_iter([("value".to_owned(), self.value(&wh.to_string()))]);
                if context != Context::Periodic {
                    sample.insert("context".to_owned(), json!(self.word(context.as_str())));
                }
                Value::Object(sample)
            }
        }
    }

    /// Puts sampled values of one instant into buckets.
    pub(crate) fn buckets(&self, at: DateTime<Utc>, values: Vec<Value>) -> Value {
        let at = self.time(at);
        if self.one_sample_per_bucket {
            return values.into_iter().map(|value| json!({"timestamp": at, "sampledValue": [value]})).collect();
        }
        json!([{"timestamp": at, "sampledValue": values}])
    }

    /// Writes a call.
    pub(crate) fn call(&self, id: &Value, action: &str, payload: Value) -> String {
        self.frame(&json!([2, id, action, payload]))
    }

    /// Writes an answer to a call of the server.
    pub(crate) fn result(&self, id: &Value, payload: Value) -> String {
        self.frame(&json!([3, id, payload]))
    }

    /// Writes a refusal of a call of the server.
    pub(crate) fn refusal(&self, id: &Value, code: &str, why: &str) -> String {
        self.frame(&json!([4, id, code, why, {}]))
    }

    /// Makes the id of the call with this number since the boot.
    pub(crate) fn message_id(&self, number: u64, rng: &mut StdRng) -> Value {
        match self.ids {
            IdStyle::Counter => json!(number.to_string()),
            IdStyle::Number => json!(number),
            IdStyle::Uuid => {
                let (high, low): (u64, u64) = (rng.random(), rng.random());
                let [a, b, c] = [high >> 32, high >> 16 & 0xffff, high & 0x0fff];
                let [d, e] = [low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff];
                json!(format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}"))
            }
        }
    }

    fn sample(&self, measurand: &str, unit: &str, text: &str, phase: Option<&str>, context: Context) -> Value {
        let mut sample = Map::new();
        let mut put = |key: &str, value: Value| sample.insert(key.to_owned(), value);
        put("value", self.value(text));
        put("measurand", json!(self.word(measurand)));
        put("unit", json!(unit));
        put("context", json!(self.word(context.as_str())));
        match phase {
            Some(phase) => drop(put("phase", json!(phase))),
            None if self.empty_strings => drop(put("phase", json!(""))),
            None => {}
        }
        Value::Object(sample)
    }

    fn value(&self, text: &str) -> Value {
        match self.values {
            ValueStyle::Specified => json!(text),
            ValueStyle::Numbers => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            ValueStyle::Padded => json!(format!(" {text} ")),
        }
    }

    fn frame(&self, frame: &Value) -> String {
        if self.pretty_printed {
            return format!("{frame:#}");
        }
        frame.to_string()
    }
}

fn tenths(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::behaviour;

    fn hand(name: &str) -> &'static Behaviour {
        behaviour::named(name).unwrap()
    }

    fn reading(context: Context) -> Reading {
        let at = "2026-07-03T12:00:00.250Z".parse().unwrap();
        Reading {
            at,
            register_wh: 12_272_427,
            power_w: 7_100,
            phases: 1,
            decivolts: 2_384,
            charge_percent: None,
            context,
        }
    }

    #[test]
    fn the_same_instant_is_written_in_four_ways() {
        let at = reading(Context::Periodic).at;
        assert_eq!(hand("plain").time(at), "2026-07-03T12:00:00Z");
        assert_eq!(hand("fractional").time(at), "2026-07-03T12:00:00.250Z");
        assert_eq!(hand("bare").time(at), "2026-07-03T12:00:00");
        assert_eq!(hand("numeric").time(at), "2026-07-03T13:00:00+01");
        assert_eq!(hand("plain").named_instant(at), at - Duration::milliseconds(250));
        assert_eq!(hand("fractional").named_instant(at), at);
    }

    #[test]
    fn the_same_register_is_written_in_five_ways() {
        let written = |name: &str| hand(name).sampled_values(&reading(Context::Periodic))[0].to_string();
        assert_eq!(
            written("plain"),
            r#"{"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh","value":"12272427"}"#
        );
        assert_eq!(
            written("kilowatt_hours"),
            r#"{"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"kWh","value":"12272.427"}"#
        );
        assert_eq!(written("bare"), r#"{"value":"12272427"}"#);
        assert_eq!(
            written("numeric"),
            r#"{"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh","value":12272427}"#
        );
        assert_eq!(
            written("padded"),
            r#"{"context":"sample.Periodic","measurand":"energy.Active.Import.Register","phase":"","unit":"Wh","value":" 12272427 "}"#
        );
    }

    #[test]
    fn a_bucket_a_sample_is_as_many_buckets_as_samples() {
        let at = reading(Context::Begin).at;
        let values = hand("pretty").sampled_values(&reading(Context::Begin));
        let count = values.len();
        assert_eq!(hand("pretty").buckets(at, values).as_array().unwrap().len(), count);
        let values = hand("plain").sampled_values(&reading(Context::Begin));
        assert_eq!(hand("plain").buckets(at, values).as_array().unwrap().len(), 1);
    }

    #[test]
    fn pretty_frames_go_over_several_lines_and_are_the_same_frame() {
        let text = hand("pretty").call(&json!("1"), "Heartbeat", json!({}));
        assert!(text.lines().count() > 3);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!([2, "1", "Heartbeat", {}]));
    }
}
