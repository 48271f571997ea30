//! Meter values: each sampled value as sent and normalised to its base unit.

use super::transactions::transaction;
use super::{outlet, words};
use crate::domain::deviation::Rule;
use crate::domain::energy::Milli;
use crate::domain::event::{Event, Metered};
use crate::domain::reading::{Flags, ReadingKind, Sample, Word, measurand};
use crate::domain::time::ChargerTime;
use crate::domain::token::TokenKey;
use crate::ocpp::decimal;
use crate::ocpp::fields::Need::{Optional, Required};
use crate::ocpp::fields::{Object, Words};

pub(super) fn meter_values(o: &Object<'_, '_>, _key: &TokenKey) -> Event {
    let connector = o.ordinal("connectorId", Required);
    let transaction = transaction(o, Optional);
    let mut readings = Vec::new();
    o.each("meterValue", Required, |bucket| samples(bucket, &mut readings));
    Event::Metered(Metered { outlet: outlet(connector), transaction, samples: readings })
}

/// The sampled values of one bucket.
pub(super) fn samples(bucket: &Object<'_, '_>, into: &mut Vec<Sample>) {
    let at = bucket.time("timestamp", Required);
    bucket.each("sampledValue", Required, |value| {
        into.extend(sample(value, at));
        value.finish();
    });
    bucket.finish();
}

fn sample(o: &Object<'_, '_>, at: ChargerTime) -> Option<Sample> {
    let (measurand, appended) = measurand_of(o);
    let phase = o.word("phase", Optional, &words::PHASE).or(appended).unwrap_or(Word::Known(""));
    let context = o.word("context", Optional, &words::CONTEXT).unwrap_or(Word::Known("Sample.Periodic"));
    let location = o.word("location", Optional, &words::LOCATION).unwrap_or(Word::Known("Outlet"));
    let unit = o.word("unit", Optional, &words::UNIT).unwrap_or(Word::Known(default_unit(measurand.as_str())));
    let format = o.word("format", Optional, &words::FORMAT);
    let text = value_text(o)?;
    let signed = format.is_some_and(|format| format.as_str() == "SignedData");
    let mut sample = Sample {
        at,
        value: None,
        text: None,
        flags: Flags::default(),
        kind: ReadingKind { measurand, phase, location, context, unit },
    };
    let scale = scale(sample.kind.measurand.as_str(), sample.kind.unit.as_str());
    let number = if signed { None } else { decimal::read(&text, scale.power) };
    match number {
        Some(number) => {
            if !number.plain {
                o.note(Rule::NumberForm, "value", &text);
            }
            sample.value = Some(Milli(scale.convert(number.milli)));
            sample.text = (!number.exact).then_some(text);
        }
        None => {
            if !signed {
                o.note(Rule::NotANumber, "value", &text);
            }
            sample.flags = sample.flags.with(Flags::TEXT_ONLY);
            sample.text = Some(text);
        }
    }
    if !scale.fits {
        o.note(Rule::Unit, "unit", sample.kind.unit.as_str());
        sample.flags = sample.flags.with(Flags::UNIT_MISMATCH);
    }
    Some(sample)
}

/// The value as text. An empty one is no sample: empty is not zero.
fn value_text(o: &Object<'_, '_>) -> Option<Box<str>> {
    let text = o.verbatim("value", Required)?;
    if text.trim().is_empty() {
        o.note(Rule::EmptyText, "value", "");
        return None;
    }
    if !o.is_text("value") {
        o.note(Rule::WrongType, "value", &text);
    }
    Some(text)
}

/// The measurand, and a phase that some chargers append to it (`Current.Import.L1`).
fn measurand_of(o: &Object<'_, '_>) -> (Word, Option<Word>) {
    const KEY: &str = "measurand";
    const NONE: Words = Words { known: &[], aliases: &[] };
    let default = Word::Known(measurand::ENERGY_REGISTER);
    let Some(sent) = o.verbatim(KEY, Optional) else { return (default, None) };
    let split = sent
        .rsplit_once('.')
        .and_then(|(name, phase)| Some((known(&words::MEASURAND, name)?, known(&words::PHASE, phase)?)));
    match split {
        Some((name, phase)) => {
            o.note(Rule::EnumAlias, KEY, &sent);
            (Word::Known(name), Some(Word::Known(phase)))
        }
        None if sent.trim().is_empty() => {
            o.word(KEY, Optional, &NONE);
            (default, None)
        }
        None => (o.word(KEY, Optional, &words::MEASURAND).unwrap_or(default), None),
    }
}

fn known(words: &Words, text: &str) -> Option<&'static str> {
    words.known.iter().find(|known| known.eq_ignore_ascii_case(text)).copied()
}

fn default_unit(measurand: &str) -> &'static str {
    match Quantity::of(measurand) {
        Quantity::Energy => "Wh",
        Quantity::ReactiveEnergy => "varh",
        Quantity::Power => "W",
        Quantity::ReactivePower => "var",
        Quantity::Current => "A",
        Quantity::Voltage => "V",
        Quantity::Percent => "Percent",
        Quantity::Temperature => "Celsius",
        Quantity::Frequency => "Hertz",
        Quantity::Bare => "",
    }
}

/// What a measurand measures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Energy,
    ReactiveEnergy,
    Power,
    ReactivePower,
    Current,
    Voltage,
    Percent,
    Temperature,
    Frequency,
    /// Without a unit, or unknown.
    Bare,
}

impl Quantity {
    fn of(measurand: &str) -> Self {
        match measurand {
            name if name.starts_with("Energy.Active.") => Self::Energy,
            name if name.starts_with("Energy.Reactive.") => Self::ReactiveEnergy,
            name if name.starts_with("Power.Reactive.") => Self::ReactivePower,
            "Power.Factor" | "RPM" => Self::Bare,
            name if name.starts_with("Power.") => Self::Power,
            name if name.starts_with("Current.") => Self::Current,
            measurand::VOLTAGE => Self::Voltage,
            measurand::SOC => Self::Percent,
            "Temperature" => Self::Temperature,
            "Frequency" => Self::Frequency,
            _ => Self::Bare,
        }
    }
}

/// How a value becomes one in the base unit of its measurand.
struct Scale {
    /// Power of ten.
    power: i32,
    /// Whether the unit belongs to the measurand at all; if not the value stays as sent.
    fits: bool,
    /// What is left to do for temperatures.
    degrees: Degrees,
}

enum Degrees {
    None,
    Fahrenheit,
    Kelvin,
}

impl Scale {
    /// Thousandths in the base unit.
    const fn convert(&self, milli: i64) -> i64 {
        match self.degrees {
            Degrees::None => milli,
            Degrees::Fahrenheit => milli.saturating_sub(32_000).saturating_mul(5) / 9,
            Degrees::Kelvin => milli.saturating_sub(273_150),
        }
    }
}

fn scale(measurand: &str, unit: &str) -> Scale {
    let plain = |power| Scale { power, fits: true, degrees: Degrees::None };
    match (Quantity::of(measurand), unit) {
        (Quantity::Energy, "Wh")
        | (Quantity::ReactiveEnergy, "varh")
        | (Quantity::Power, "W" | "VA")
        | (Quantity::ReactivePower, "var")
        | (Quantity::Current, "A")
        | (Quantity::Voltage, "V")
        | (Quantity::Percent, "Percent")
        | (Quantity::Temperature, "Celsius" | "Celcius")
        | (Quantity::Frequency, "Hertz")
        | (Quantity::Bare, _) => plain(0),
        (Quantity::Energy, "kWh")
        | (Quantity::ReactiveEnergy, "kvarh")
        | (Quantity::Power, "kW" | "kVA")
        | (Quantity::ReactivePower, "kvar") => plain(3),
        (Quantity::Temperature, "Fahrenheit") => Scale { degrees: Degrees::Fahrenheit, ..plain(0) },
        (Quantity::Temperature, "K") => Scale { degrees: Degrees::Kelvin, ..plain(0) },
        _ => Scale { fits: false, ..plain(0) },
    }
}
