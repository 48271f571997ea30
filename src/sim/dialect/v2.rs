//! Sampled values as OCPP 2.0.1 and 2.1 have them: numbers, with the unit and its power of ten in an object of their own.

use serde_json::{Map, Value, json};

use super::{Figure, Reading, number, thousandths};
use crate::sim::behaviour::{Behaviour, EnergyStyle, ValueStyle};
use crate::sim::words::Context;

impl Behaviour {
    /// Writes the sampled values of a reading.
    pub(crate) fn sampled_values_v2(&self, reading: &Reading) -> Vec<Value> {
        let register = self.energy_v2(reading.register_wh, reading.context);
        let others = reading.beside_register();
        let others = others.iter().map(|figure| self.sample_v2(figure, json!({"unit": figure.unit}), reading.context));
        std::iter::once(register).chain(others).collect()
    }

    /// Writes one sampled value of the energy register.
    pub(crate) fn energy_v2(&self, wh: i64, context: Context) -> Value {
        let (digits, unit) = match self.energy {
            EnergyStyle::WattHours | EnergyStyle::Bare => (wh.to_string(), json!({"unit": "Wh"})),
            EnergyStyle::KilowattHours => (thousandths(wh), json!({"unit": "kWh"})),
            EnergyStyle::Scaled => (wh.to_string(), json!({"unit": "kWh", "multiplier": -3})),
        };
        if self.energy == EnergyStyle::Bare {
            return Value::Object(self.value_v2(&digits, context));
        }
        self.sample_v2(
            &Figure { measurand: "Energy.Active.Import.Register", unit: "", digits, phase: None },
            unit,
            context,
        )
    }

    fn sample_v2(&self, figure: &Figure, unit: Value, context: Context) -> Value {
        let mut sample = self.value_v2(&figure.digits, context);
        let mut put = |key: &str, value: Value| sample.insert(key.to_owned(), value);
        put("measurand", json!(self.word(figure.measurand)));
        put("unitOfMeasure", unit);
        if let Some(phase) = figure.phase {
            put("phase", json!(phase));
        }
        if !self.leaves_out_optional {
            put("location", json!("Outlet"));
        }
        Value::Object(sample)
    }

    /// A value with its context, which the lazy leave out where it is the usual one.
    fn value_v2(&self, digits: &str, context: Context) -> Map<String, Value> {
        let value = match self.values {
            ValueStyle::Specified | ValueStyle::Numbers => number(digits),
            ValueStyle::Padded => json!(format!(" {digits} ")),
        };
        let mut sample = Map::from_iter([("value".to_owned(), value)]);
        if context != Context::Periodic || !self.leaves_out_optional {
            sample.insert("context".to_owned(), json!(self.word(context.as_str())));
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::behaviour;

    #[test]
    fn the_same_register_is_written_with_and_without_a_power_of_ten() {
        let written = |name: &str, context| behaviour::named(name).unwrap().energy_v2(12_272_427, context).to_string();
        assert_eq!(
            written("hub", Context::Begin),
            r#"{"context":"Transaction.Begin","location":"Outlet","measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"},"value":12272427}"#
        );
        assert_eq!(
            written("scaled", Context::Periodic),
            r#"{"measurand":"Energy.Active.Import.Register","unitOfMeasure":{"multiplier":-3,"unit":"kWh"},"value":12272427}"#
        );
        assert_eq!(
            written("jumbled", Context::End),
            r#"{"context":"Transaction.End","location":"Outlet","measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"kWh"},"value":12272.427}"#
        );
        assert_eq!(
            written("loose", Context::Begin),
            r#"{"context":"transaction.Begin","location":"Outlet","measurand":"energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"},"value":" 12272427 "}"#
        );
    }

    #[test]
    fn a_reading_has_as_many_values_in_either_family() {
        let at = "2026-07-03T12:00:00Z".parse().unwrap();
        for (phases, charge_percent) in [(0, Some(40)), (1, None), (3, None)] {
            let context = Context::Periodic;
            let reading =
                Reading { at, register_wh: 1, power_w: 7_100, phases, decivolts: 2_384, charge_percent, context };
            for hand in behaviour::ALL {
                assert_eq!(hand.sampled_values(&reading).len() as u64, hand.count_of(&reading));
                assert_eq!(hand.sampled_values_v2(&reading).len() as u64, hand.count_of(&reading));
            }
        }
    }
}
