//! MeterValues, and the sampled values that StopTransaction carries too (OCPP 1.6 sections 4.7, 7.33, 7.43).

use super::ids::{Connector, Transaction};
use super::words::{Context, Format, Location, Measurand, Phase, Unit};
use crate::domain::event::{Event, Metered};
use crate::domain::reading::{Flags, Sample, Word, measurand};
use crate::domain::time::ChargerTime;
use crate::ocpp::field::{Choice, Scalar, Time};
use crate::ocpp::notes::Notes;
use crate::ocpp::record::{Element, List, record};
use crate::ocpp::sampling::{What, close_bucket, kind, measured, read_number, text_of};
use crate::ocpp::veil::{veil, veil_record};

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
        what: What<Measurand, Phase> = "measurand" optional,
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
        close_bucket(self.at.0, self.samples.0, out);
    }
}

impl<'de> Element<'de> for SampledValue<'de> {
    type Out = Sample;

    fn close(self, out: &mut Vec<Sample>, notes: &mut Notes<'_>) {
        let signed = self.format.word().is_some_and(|format| format.as_str() == "SignedData");
        let Some(text) = text_of(self.value, notes) else { return };
        let named = self.what.measurand.unwrap_or(Word::Known(measurand::ENERGY_REGISTER));
        let phase = self.phase.word().or(self.what.phase);
        let kind = kind(named, phase, self.location.word(), self.context.word(), self.unit.word());
        let kept = if signed { veil_record(&text, notes.key) } else { veil(&text, notes.key) };
        let number = if signed || text.starts_with("OCMF|") { None } else { read_number(&text, notes) };
        out.push(match number {
            Some(number) => measured(number, kind, &text, notes),
            None => Sample {
                at: ChargerTime::default(),
                kind,
                value: None,
                text: Some(kept.into()),
                flags: Flags::TEXT_ONLY,
            },
        });
    }
}
