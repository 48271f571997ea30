//! Sampled values as OCPP 1.6 has them: text, with the unit beside it.

use serde_json::{Map, Value, json};

use super::{Figure, Reading, number, thousandths};
use crate::sim::behaviour::{Behaviour, EnergyStyle, ValueStyle};
use crate::sim::words::Context;

impl Behaviour {
    /// Writes the sampled values of a reading.
    pub(crate) fn sampled_values(&self, reading: &Reading) -> Vec<Value> {
        let register = self.energy(reading.register_wh, reading.context);
        let others = reading.beside_register();
        let others = others.iter().map(|figure| self.sample(figure, reading.context));
        std::iter::once(register).chain(others).collect()
    }

    /// Writes one sampled value of the energy register.
    pub(crate) fn energy(&self, wh: i64, context: Context) -> Value {
        let register = |unit, digits| {
            self.sample(&Figure { measurand: "Energy.Active.Import.Register", unit, digits, phase: None }, context)
        };
        match self.energy {
            EnergyStyle::WattHours => register("Wh", wh.to_string()),
            EnergyStyle::KilowattHours | EnergyStyle::Scaled => register("kWh", thousandths(wh)),
            EnergyStyle::Bare => {
                let mut sample = Map::from_iter([("value".to_owned(), self.value(&wh.to_string()))]);
                if context != Context::Periodic {
                    sample.insert("context".to_owned(), json!(self.word(context.as_str())));
                }
                Value::Object(sample)
            }
        }
    }

    fn sample(&self, figure: &Figure, context: Context) -> Value {
        let mut sample = Map::new();
        let mut put = |key: &str, value: Value| sample.insert(key.to_owned(), value);
        put("value", self.value(&figure.digits));
        put("measurand", json!(self.word(figure.measurand)));
        put("unit", json!(figure.unit));
        put("context", json!(self.word(context.as_str())));
        match figure.phase {
            Some(phase) => drop(put("phase", json!(phase))),
            None if self.empty_strings => drop(put("phase", json!(""))),
            None => {}
        }
        Value::Object(sample)
    }

    fn value(&self, digits: &str) -> Value {
        match self.values {
            ValueStyle::Specified => json!(digits),
            ValueStyle::Numbers => number(digits),
            ValueStyle::Padded => json!(format!(" {digits} ")),
        }
    }
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
}
