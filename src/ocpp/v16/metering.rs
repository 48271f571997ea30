//! MeterValues, and the sampled values that StopTransaction carries too (OCPP 1.6 sections 4.7, 7.33, 7.43).

use super::units::{default_unit, normalise};
use super::words::{Context, Format, Location, Measurand, Phase, Unit};
use std::borrow::Cow;

use super::ids::{Connector, Transaction};
use crate::domain::deviation::Rule;
use crate::domain::event::{Event, Metered};
use crate::domain::reading::{Flags, ReadingKind, Sample, Word, measurand};
use crate::domain::time::ChargerTime;
use crate::ocpp::field::{Choice, Leaf, Scalar, Time, something};
use crate::ocpp::notes::{Notes, Step};
use crate::ocpp::number::Decimal;
use crate::ocpp::record::{Element, List, record};
use crate::ocpp::words::look_up;

record! {
    /// MeterValues.req.
    struct MeterValues<'de> {
        connector: Connector = "connectorId" required,
        transaction: Transaction = "transactionId" optional,
        buckets: List<'de, MeterValue<'de>> = "meterValue" required,
    }
}

record! {
    /// MeterValue: sampled values of one instant.
    struct MeterValue<'de> {
        at: Time = "timestamp" required,
        samples: List<'de, SampledValue<'de>> = "sampledValue" required,
    }
}

record! {
    /// SampledValue.
    struct SampledValue<'de> {
        value: Scalar<'de> = "value" required,
        context: Choice<Context> = "context" optional,
        format: Choice<Format> = "format" optional,
        what: What = "measurand" optional,
        phase: Choice<Phase> = "phase" optional,
        location: Choice<Location> = "location" optional,
        unit: Choice<Unit> = "unit" optional,
    }
}

/// MeterValues.req: readings of a connector, or of the charger's main meter.
pub(super) fn meter_values(request: MeterValues<'_>) -> Event {
    Event::Metered(Metered {
        outlet: request.connector.outlet(),
        transaction: request.transaction.named(),
        samples: request.buckets.0,
    })
}

impl<'de> Element<'de> for MeterValue<'de> {
    type Out = Sample;

    fn close(self, out: &mut Vec<Sample>, _notes: &mut Notes<'_>) {
        let mut samples = self.samples.0;
        for sample in &mut samples {
            sample.at = self.at.0;
        }
        if out.is_empty() {
            *out = samples;
        } else {
            out.append(&mut samples);
        }
    }
}

impl<'de> Element<'de> for SampledValue<'de> {
    type Out = Sample;

    fn close(self, out: &mut Vec<Sample>, notes: &mut Notes<'_>) {
        let signed = self.format.0.as_ref().is_some_and(|format| format.as_str() == "SignedData");
        let Some(text) = value_text(self.value, notes) else { return };
        let measurand = self.what.measurand.unwrap_or(Word::Known(measurand::ENERGY_REGISTER));
        let kind = ReadingKind {
            unit: unit(self.unit.0, &measurand),
            measurand,
            phase: self.phase.0.or(self.what.phase).unwrap_or(Word::Known("")),
            location: self.location.or("Outlet"),
            context: self.context.or("Sample.Periodic"),
        };
        let number = if signed || text.starts_with("OCMF|") { None } else { number(&text, notes) };
        out.push(match number {
            Some(number) => measured(number, kind, &text, notes),
            None => Sample {
                at: ChargerTime::default(),
                kind,
                value: None,
                text: Some(text.into()),
                flags: Flags::TEXT_ONLY,
            },
        });
    }
}

/// The unit as sent, or the measurand's default. The specification spells one unit in two ways.
fn unit(sent: Option<Word>, measurand: &Word) -> Word {
    match sent {
        Some(Word::Known("Celcius")) => Word::Known("Celsius"),
        Some(unit) => unit,
        None => Word::Known(default_unit(measurand)),
    }
}

/// What stands as the value. JSON numbers are no deviation that costs anything, but one all the same.
fn value_text<'de>(value: Scalar<'de>, notes: &mut Notes<'_>) -> Option<Cow<'de, str>> {
    let at = |rule, found: &str, notes: &mut Notes<'_>| notes.add_at(rule, "value", found);
    match value {
        Scalar::Absent => None,
        Scalar::Null => {
            at(Rule::NullValue, "null", notes);
            None
        }
        Scalar::Number(text) => {
            at(Rule::WrongType, text, notes);
            Some(text.into())
        }
        Scalar::Text(text) => {
            notes.enter(Step::Key("value"));
            let text = something(text, true, notes);
            notes.leave();
            text
        }
        Scalar::Bool(_) | Scalar::Other => {
            at(Rule::WrongType, "no number", notes);
            None
        }
    }
}

fn number(text: &str, notes: &mut Notes<'_>) -> Option<Decimal> {
    let number = Decimal::read(text);
    match number {
        None => notes.add_at(Rule::NotANumber, "value", text),
        Some(number) if number.careful => notes.add_at(Rule::NumberForm, "value", text),
        Some(_) => {}
    }
    number
}

fn measured(number: Decimal, kind: ReadingKind, text: &str, notes: &mut Notes<'_>) -> Sample {
    let normalised = normalise(number, &kind.measurand, &kind.unit);
    if normalised.value.is_none() {
        notes.add_at(Rule::OutOfRange, "value", text);
    }
    let mut flags = Flags::default();
    if !normalised.fits {
        flags = flags.with(Flags::UNIT_MISMATCH);
        // A unit that nobody knows has been noted already.
        if let Word::Known(unit) = kind.unit {
            notes.add_at(Rule::Unit, "unit", &format!("{} in {unit}", kind.measurand.as_str()));
        }
    }
    if normalised.value.is_none() {
        flags = flags.with(Flags::TEXT_ONLY);
    }
    let says_all = normalised.value.is_some() && normalised.exact;
    let text = if says_all { None } else { Some(text.into()) };
    Sample { at: ChargerTime::default(), kind, value: normalised.value, text, flags }
}

/// A measurand, and the phase that some chargers write behind it: `Current.Import.L1`.
#[derive(Debug, Default)]
struct What {
    measurand: Option<Word>,
    phase: Option<Word>,
}

impl<'de> Leaf<'de> for What {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        if scalar == Scalar::Other {
            // Whatever was meant, it was not the default: a power must not become an energy.
            notes.add(Rule::WrongType, "no scalar");
            return Self { measurand: Some(Word::Known("unreadable")), phase: None };
        }
        let Some(text) = scalar.text(notes).and_then(|text| something(text, true, notes)) else {
            return Self::default();
        };
        let (word, rule) = look_up::<Measurand>(&text);
        if let (Word::Other(_), Some((head, tail))) = (&word, text.trim().rsplit_once('.'))
            && let (measurand @ Word::Known(_), phase @ Word::Known(_)) =
                (look_up::<Measurand>(head).0, look_up::<Phase>(tail).0)
        {
            notes.add(Rule::EnumAlias, &text);
            return Self { measurand: Some(measurand), phase: Some(phase) };
        }
        if let Some(rule) = rule {
            notes.add(rule, &text);
        }
        Self { measurand: Some(word), phase: None }
    }
}
