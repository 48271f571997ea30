//! What measurands and units measure, and how they become base units (Wh, W, A, V, %, °C, Hz).

use super::number::{Decimal, Rounded};
use crate::domain::energy::Milli;
use crate::domain::reading::Word;

/// What a measurand or a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    Energy,
    ReactiveEnergy,
    ApparentEnergy,
    Charge,
    Duration,
    Power,
    ReactivePower,
    ApparentPower,
    Current,
    Voltage,
    Temperature,
    Frequency,
    Share,
    /// A plain number: power factor, revolutions.
    Number,
}

/// How a unit's values become those of the base unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// Times a power of ten.
    Ten(i32),
    Kelvin,
    Fahrenheit,
}

/// The default unit of a measurand. The specification names one for energy alone; the others are base units.
pub(super) fn default_unit(measurand: &Word) -> &'static str {
    match quantity_of(measurand) {
        Some(Quantity::Energy) => "Wh",
        Some(Quantity::ReactiveEnergy) => "varh",
        Some(Quantity::ApparentEnergy) => "VAh",
        Some(Quantity::Charge) => "Ah",
        Some(Quantity::Duration) => "s",
        Some(Quantity::Power) => "W",
        Some(Quantity::ReactivePower) => "var",
        Some(Quantity::ApparentPower) => "VA",
        Some(Quantity::Current) => "A",
        Some(Quantity::Voltage) => "V",
        Some(Quantity::Temperature) => "Celsius",
        Some(Quantity::Frequency) => "Hertz",
        Some(Quantity::Share) => "Percent",
        Some(Quantity::Number) | None => "",
    }
}

/// A value in the base unit of its measurand; `None` for the value when it is out of range.
pub(super) struct Normalised {
    pub(super) value: Option<Milli>,
    /// Thousandths say all of it.
    pub(super) exact: bool,
    /// The unit belongs to the measurand. When it does not, the value is as sent.
    pub(super) fits: bool,
}

/// Brings a value to the base unit of its measurand, if its unit can be one of that measurand.
pub(super) fn normalise(number: Decimal, measurand: &Word, unit: &Word) -> Normalised {
    let known = meaning_of(unit.as_str());
    let scale = match (known, quantity_of(measurand)) {
        // What the measurand is nobody knows: the unit alone speaks.
        (Some((_, scale)), None) => Some(scale),
        (Some((quantity, scale)), Some(wanted)) if fits(quantity, wanted) => Some(scale),
        (None, Some(Quantity::Number) | None) if unit.as_str().is_empty() => Some(Scale::Ten(0)),
        (Some(_) | None, _) => None,
    };
    let rounded = scaled(number, scale.unwrap_or(Scale::Ten(0)));
    Normalised {
        value: rounded.map(|rounded| Milli(rounded.value)),
        exact: rounded.is_some_and(|rounded| rounded.exact),
        fits: scale.is_some(),
    }
}

fn scaled(number: Decimal, scale: Scale) -> Option<Rounded> {
    match scale {
        Scale::Ten(power) => number.in_units_of(-3 - power),
        Scale::Kelvin => {
            let kelvin = number.in_units_of(-3)?;
            Some(Rounded { value: kelvin.value.checked_sub(273_150)?, ..kelvin })
        }
        Scale::Fahrenheit => {
            let fahrenheit = number.in_units_of(-3)?;
            let ninths = fahrenheit.value.checked_sub(32_000)?.checked_mul(5)?;
            let value = (ninths + ninths.signum() * 4) / 9;
            Some(Rounded { value, exact: fahrenheit.exact && ninths % 9 == 0 })
        }
    }
}

fn quantity_of(measurand: &Word) -> Option<Quantity> {
    Some(match measurand.as_str() {
        "Energy.Active.Import.Register"
        | "Energy.Active.Export.Register"
        | "Energy.Active.Import.Interval"
        | "Energy.Active.Export.Interval" => Quantity::Energy,
        "Energy.Reactive.Import.Register"
        | "Energy.Reactive.Export.Register"
        | "Energy.Reactive.Import.Interval"
        | "Energy.Reactive.Export.Interval" => Quantity::ReactiveEnergy,
        "Energy.Active.Net"
        | "Energy.Active.Import.CableLoss"
        | "Energy.Active.Import.LocalGeneration.Register"
        | "Energy.Active.Setpoint.Interval"
        | "EnergyRequest.Target"
        | "EnergyRequest.Minimum"
        | "EnergyRequest.Maximum"
        | "EnergyRequest.Minimum.V2X"
        | "EnergyRequest.Maximum.V2X"
        | "EnergyRequest.Bulk"
        | "Display.BatteryEnergyCapacity" => Quantity::Energy,
        "Energy.Reactive.Net" => Quantity::ReactiveEnergy,
        "Energy.Apparent.Export" | "Energy.Apparent.Import" | "Energy.Apparent.Net" => Quantity::ApparentEnergy,
        "Power.Active.Import"
        | "Power.Active.Export"
        | "Power.Offered"
        | "Power.Active.Setpoint"
        | "Power.Active.Residual"
        | "Power.Export.Minimum"
        | "Power.Export.Offered"
        | "Power.Import.Offered"
        | "Power.Import.Minimum" => Quantity::Power,
        "Power.Reactive.Import" | "Power.Reactive.Export" => Quantity::ReactivePower,
        "Current.Import"
        | "Current.Export"
        | "Current.Offered"
        | "Current.Export.Offered"
        | "Current.Export.Minimum"
        | "Current.Import.Offered"
        | "Current.Import.Minimum" => Quantity::Current,
        "Voltage" | "Voltage.Minimum" | "Voltage.Maximum" => Quantity::Voltage,
        "Temperature" => Quantity::Temperature,
        "Frequency" => Quantity::Frequency,
        "SoC" | "Display.PresentSOC" | "Display.MinimumSOC" | "Display.TargetSOC" | "Display.MaximumSOC" => {
            Quantity::Share
        }
        "Display.RemainingTimeToMinimumSOC"
        | "Display.RemainingTimeToTargetSOC"
        | "Display.RemainingTimeToMaximumSOC" => Quantity::Duration,
        "Power.Factor" | "RPM" | "Display.ChargingComplete" | "Display.InletHot" => Quantity::Number,
        _ => return None,
    })
}

fn meaning_of(unit: &str) -> Option<(Quantity, Scale)> {
    Some(match unit {
        "Wh" => (Quantity::Energy, Scale::Ten(0)),
        "kWh" => (Quantity::Energy, Scale::Ten(3)),
        "varh" => (Quantity::ReactiveEnergy, Scale::Ten(0)),
        "kvarh" => (Quantity::ReactiveEnergy, Scale::Ten(3)),
        "VAh" => (Quantity::ApparentEnergy, Scale::Ten(0)),
        "kVAh" => (Quantity::ApparentEnergy, Scale::Ten(3)),
        "Ah" => (Quantity::Charge, Scale::Ten(0)),
        "s" => (Quantity::Duration, Scale::Ten(0)),
        "W" => (Quantity::Power, Scale::Ten(0)),
        "kW" => (Quantity::Power, Scale::Ten(3)),
        "var" => (Quantity::ReactivePower, Scale::Ten(0)),
        "kvar" => (Quantity::ReactivePower, Scale::Ten(3)),
        "VA" => (Quantity::ApparentPower, Scale::Ten(0)),
        "kVA" => (Quantity::ApparentPower, Scale::Ten(3)),
        "A" => (Quantity::Current, Scale::Ten(0)),
        "V" => (Quantity::Voltage, Scale::Ten(0)),
        "Celsius" | "Celcius" => (Quantity::Temperature, Scale::Ten(0)),
        "K" => (Quantity::Temperature, Scale::Kelvin),
        "Fahrenheit" => (Quantity::Temperature, Scale::Fahrenheit),
        "Hertz" | "Hz" => (Quantity::Frequency, Scale::Ten(0)),
        "Percent" => (Quantity::Share, Scale::Ten(0)),
        _ => return None,
    })
}

/// Whether values of this unit are values of that measurand. A power factor may be given in percent.
fn fits(unit: Quantity, measurand: Quantity) -> bool {
    unit == measurand || (unit == Quantity::Share && measurand == Quantity::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocpp::words::Vocabulary;
    use crate::ocpp::{v2, v16};

    fn normal(value: &str, measurand: &'static str, unit: &'static str) -> (String, bool, bool) {
        let number = Decimal::read(value).unwrap();
        let normalised = normalise(number, &Word::Known(measurand), &Word::Known(unit));
        (normalised.value.unwrap().to_string(), normalised.exact, normalised.fits)
    }

    #[test]
    fn values_become_base_units_exactly() {
        for (value, measurand, unit, expected) in [
            ("12272.427", "Energy.Active.Import.Register", "kWh", "12272427"),
            ("0.000001", "Energy.Active.Import.Interval", "kWh", "0.001"),
            ("7.36", "Power.Active.Import", "kW", "7360"),
            ("11", "Power.Reactive.Import", "kvar", "11000"),
            ("3.5", "Energy.Reactive.Export.Register", "kvarh", "3500"),
            ("300", "Temperature", "K", "26.85"),
            ("-40", "Temperature", "Fahrenheit", "-40"),
            ("212", "Temperature", "Fahrenheit", "100"),
            ("98", "Power.Factor", "Percent", "98"),
            ("0.98", "Power.Factor", "", "0.98"),
        ] {
            assert_eq!(normal(value, measurand, unit), (expected.to_owned(), true, true), "{value} {measurand} {unit}");
        }
        assert_eq!(normal("0.0000001", "Energy.Active.Import.Register", "kWh"), ("0".to_owned(), false, true));
        assert_eq!(normal("88", "Temperature", "Fahrenheit"), ("31.111".to_owned(), false, true));
        assert_eq!(normal("-88", "Temperature", "Fahrenheit"), ("-66.667".to_owned(), false, true));
    }

    #[test]
    fn a_unit_of_something_else_leaves_the_value_as_sent() {
        for (measurand, unit) in [
            ("SoC", "V"),
            ("Power.Active.Export", "Wh"),
            ("Energy.Active.Import.Register", "kW"),
            ("Power.Active.Import", "kVA"),
            ("Voltage", ""),
        ] {
            assert_eq!(normal("361", measurand, unit), ("361".to_owned(), true, false), "{measurand} {unit}");
        }
    }

    #[test]
    fn every_unit_has_a_meaning_and_every_measurand_a_default_that_fits() {
        for units in [v16::words::Unit::WORDS, v2::words::Unit::WORDS] {
            assert!(units.known.iter().all(|unit| meaning_of(unit).is_some()));
        }
        for measurands in [v16::words::Measurand::WORDS, v2::words::Measurand::WORDS] {
            for measurand in measurands.known.iter().chain(measurands.from_21) {
                let word = Word::Known(measurand);
                assert!(quantity_of(&word).is_some(), "{measurand}");
                assert!(normal("1", measurand, default_unit(&word)).2, "{measurand}");
            }
        }
    }
}
