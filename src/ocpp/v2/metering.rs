//! MeterValues, and the sampled values that TransactionEvent carries too (OCPP 2.0.1 part 2, sections 1.32 and 2.43).

use super::ids::Number;
use super::shapes::SIGNED_METER_VALUE;
use super::words::{Context, Location, Measurand, Phase, Unit};
use crate::domain::event::{Event, Metered, Named};
use crate::domain::ids::Outlet;
use crate::domain::reading::{Flags, ReadingKind, Sample, Word, measurand};
use crate::domain::time::ChargerTime;
use crate::ocpp::field::{Choice, Scalar, Time, Whole, word_of};
use crate::ocpp::notes::Notes;
use crate::ocpp::record::{Element, FromScalar, List, One, record};
use crate::ocpp::sampling::{What, close_bucket, kind, measured, number_of};
use crate::ocpp::shape::{Kept, Shape, Shaped};
use crate::ocpp::veil::veil;
use crate::ocpp::words::Vocabulary;

record! {
    /// MeterValuesRequest.
    struct MeterValues<'de> {
        evse: Number = "evseId" required,
        buckets: List<'de, MeterValue<'de>> = "meterValue" required,
    }
}

record! {
    /// MeterValueType: sampled values of one instant.
    struct MeterValue<'de> {
        at: Time = "timestamp" required,
        samples: List<'de, SampledValue<'de>> = "sampledValue" required,
    }
}

record! {
    /// SampledValueType. `unit` and `format` are of 1.6, where its habits live on.
    struct SampledValue<'de> {
        value: Scalar<'de> = "value" required,
        context: Choice<Context> = "context" optional,
        what: What<Measurand, Phase> = "measurand" optional,
        phase: Choice<Phase> = "phase" optional,
        location: Choice<Location> = "location" optional,
        unit: One<UnitOfMeasure<'de>> = "unitOfMeasure" optional,
        signed: Kept<'de, SignedMeterValue> = "signedMeterValue" optional,
        plain_unit: Choice<Unit> = "unit" foreign,
        format: Scalar<'de> = "format" foreign,
    }
}

/// SignedMeterValueType.
pub(super) struct SignedMeterValue;

impl Shaped for SignedMeterValue {
    const SHAPE: &'static Shape = &SIGNED_METER_VALUE;
}

record! {
    /// UnitOfMeasureType: the value is in `10^multiplier` of the unit.
    struct UnitOfMeasure<'de> {
        unit: Choice<Unit> = "unit" optional,
        multiplier: Whole = "multiplier" optional,
    }
}

impl<'de> FromScalar<'de> for UnitOfMeasure<'de> {
    fn from_scalar(scalar: Scalar<'de>, notes: &mut Notes<'_>) -> Option<Self> {
        Some(Self { unit: Choice::of(word_of(Unit::WORDS, scalar, notes)), ..Self::default() })
    }
}

/// MeterValuesRequest: readings of an EVSE, or of the charger's main meter.
pub(in crate::ocpp) fn meter_values(request: MeterValues<'_>) -> Event {
    Event::Metered(Metered {
        outlet: request.evse.0.map_or(Outlet::STATION, |evse| Outlet::new(evse, 0)),
        transaction: Named::Nothing,
        samples: request.buckets.0,
    })
}

impl<'de> Element<'de> for MeterValue<'de> {
    type Out = Sample;

    fn close(self, out: &mut Vec<Sample>, _notes: &mut Notes<'_>) {
        close_bucket(self.at.0, self.samples.0, out);
    }
}

impl<'de> Element<'de> for SampledValue<'de> {
    type Out = Sample;

    fn close(self, out: &mut Vec<Sample>, notes: &mut Notes<'_>) {
        let signed = self.signed.0.map(|record| Box::<str>::from(veil(record, notes.key)));
        let unit = self.unit.0.unwrap_or_default();
        let sent = unit.unit.word().or(self.plain_unit.word());
        let named = self.what.measurand.unwrap_or(Word::Known(measurand::ENERGY_REGISTER));
        let phase = self.phase.word().or(self.what.phase);
        let kind = kind(named, phase, self.location.word(), self.context.word(), sent);
        match number_of(self.value, unit.multiplier.0, notes) {
            Some((number, text)) => out.push(with_record(measured(number, kind, &text, notes), signed)),
            None => out.extend(signed.map(|record| only_record(kind, record))),
        }
    }
}

/// A reading beside its signed record.
fn with_record(sample: Sample, signed: Option<Box<str>>) -> Sample {
    match signed {
        Some(record) => Sample { text: Some(record), flags: sample.flags.with(Flags::SIGNED), ..sample },
        None => sample,
    }
}

/// A signed record whose number cannot be read.
fn only_record(kind: ReadingKind, record: Box<str>) -> Sample {
    let flags = Flags::TEXT_ONLY.with(Flags::SIGNED);
    Sample { at: ChargerTime::default(), kind, value: None, text: Some(record), flags }
}
