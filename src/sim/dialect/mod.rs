//! The hand in which a charger writes: times, numbers, words, readings and frames as its [`Behaviour`] has them.
//!
//! Everything that differs between makers *on paper* is decided here; what differs in *conduct* is decided in the charger.
//! `v16.rs` and `v2.rs` write sampled values as the two families of OCPP have them.

mod v16;
mod v2;

use chrono::{DateTime, Duration, DurationRound, Utc};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::behaviour::{Behaviour, IdStyle, TimeStyle, ValueStyle};
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

/// One figure of a reading, before it is written down.
struct Figure {
    measurand: &'static str,
    unit: &'static str,
    digits: String,
    phase: Option<&'static str>,
}

impl Reading {
    /// What a reading tells beside the register.
    fn beside_register(&self) -> Vec<Figure> {
        let figure = |measurand, unit, digits, phase| Figure { measurand, unit, digits, phase };
        let mut figures = vec![figure("Power.Active.Import", "W", self.power_w.to_string(), None)];
        let volts = self.decivolts.max(1);
        let lines = i64::from(self.phases.max(1));
        let current = tenths(self.power_w * 100 / (volts * lines));
        let phases = ["L1", "L2", "L3"].into_iter().take(usize::from(self.phases)).map(Some);
        let phases: Vec<_> = if self.phases == 0 { vec![None] } else { phases.collect() };
        figures.extend(phases.into_iter().map(|phase| figure("Current.Import", "A", current.clone(), phase)));
        let phase = (self.phases > 0).then_some("L1-N");
        figures.push(figure("Voltage", "V", tenths(volts), phase));
        if let Some(percent) = self.charge_percent {
            figures.push(figure("SoC", "Percent", percent.to_string(), None));
        }
        figures
    }
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

    /// How many sampled values a reading is written as.
    pub(crate) fn count_of(&self, reading: &Reading) -> u64 {
        reading.beside_register().len() as u64 + 1
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
            IdStyle::Uuid => json!(uuid(rng)),
        }
    }

    fn frame(&self, frame: &Value) -> String {
        if self.pretty_printed {
            return format!("{frame:#}");
        }
        frame.to_string()
    }
}

/// A random UUID.
pub(crate) fn uuid(rng: &mut StdRng) -> String {
    let (high, low): (u64, u64) = (rng.random(), rng.random());
    let [a, b, c] = [high >> 32, high >> 16 & 0xffff, high & 0x0fff];
    let [d, e] = [low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff];
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}

/// A JSON number from its digits, exactly.
pub(crate) fn number(digits: &str) -> Value {
    serde_json::from_str(digits).unwrap_or_else(|_| json!(digits))
}

/// Thousandths with the point where it belongs.
pub(crate) fn thousandths(count: i64) -> String {
    format!("{}.{:03}", count / 1000, count % 1000)
}

fn tenths(count: i64) -> String {
    format!("{}.{}", count / 10, count % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::behaviour;

    fn hand(name: &str) -> &'static Behaviour {
        behaviour::named(name).unwrap()
    }

    #[test]
    fn the_same_instant_is_written_in_four_ways() {
        let at = "2026-07-03T12:00:00.250Z".parse().unwrap();
        assert_eq!(hand("plain").time(at), "2026-07-03T12:00:00Z");
        assert_eq!(hand("fractional").time(at), "2026-07-03T12:00:00.250Z");
        assert_eq!(hand("bare").time(at), "2026-07-03T12:00:00");
        assert_eq!(hand("numeric").time(at), "2026-07-03T13:00:00+01");
        assert_eq!(hand("plain").named_instant(at), at - Duration::milliseconds(250));
        assert_eq!(hand("fractional").named_instant(at), at);
    }

    #[test]
    fn pretty_frames_go_over_several_lines_and_are_the_same_frame() {
        let text = hand("pretty").call(&json!("1"), "Heartbeat", json!({}));
        assert!(text.lines().count() > 3);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!([2, "1", "Heartbeat", {}]));
    }
}
