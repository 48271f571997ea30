//! TransactionEvent (OCPP 2.0.1 part 2, section 1.60): a transaction began, goes on or ended.

use std::fmt::Write;

use super::ids::{Evse, IdToken, Number, TransactionName, outlet};
use super::metering::MeterValue;
use super::shapes::{COST_DETAILS, TRANSACTION_LIMIT};
use super::words::{Charging, EventType, OperationMode, Preconditioning, Reason, TriggerReason};
use crate::domain::event::{Event, Stage, TransactionReport};
use crate::ocpp::field::{Choice, Count, Flag, Text, Time, Whole, Within};
use crate::ocpp::record::{List, Object, One, record};
use crate::ocpp::shape::{Kept, Shape, Shaped};
use crate::ocppj;

record! {
    /// TransactionEventRequest. Some chargers put parts of `transactionInfo` beside it.
    struct TransactionEvent<'de> {
        stage: Choice<EventType> = "eventType" required,
        at: Time = "timestamp" required,
        trigger: Choice<TriggerReason> = "triggerReason" required,
        seq: Count = "seqNo" required,
        offline: Flag = "offline" optional,
        info: Object<TransactionInfo<'de>> = "transactionInfo" required,
        evse: One<Evse<'de>> = "evse" optional,
        token: One<IdToken<'de>> = "idToken" optional,
        buckets: List<'de, MeterValue<'de>> = "meterValue" optional,
        phases: Within<0, 3> = "numberOfPhasesUsed" optional,
        cable_limit: Whole = "cableMaxCurrent" optional,
        reservation: Count = "reservationId" optional,
        preconditioning: Choice<Preconditioning> = "preconditioningStatus" optional_from_21,
        sleeps: Flag = "evseSleep" optional_from_21,
        cost: Kept<'de, CostDetails> = "costDetails" optional_from_21,
        stray_name: TransactionName = "transactionId" foreign,
        stray_charging: Choice<Charging> = "chargingState" foreign,
        stray_reason: Choice<Reason> = "stoppedReason" foreign,
        stray_evse: Number = "evseId" foreign,
        stray_connector: Number = "connectorId" foreign,
    }
}

/// CostDetailsType (2.1).
pub(in crate::ocpp) struct CostDetails;

impl Shaped for CostDetails {
    const SHAPE: &'static Shape = &COST_DETAILS;
}

record! {
    /// TransactionType.
    struct TransactionInfo<'de> {
        name: TransactionName = "transactionId" required,
        charging: Choice<Charging> = "chargingState" optional,
        charged_s: Whole = "timeSpentCharging" optional,
        reason: Choice<Reason> = "stoppedReason" optional,
        remote_start: Whole = "remoteStartId" optional,
        operation: Choice<OperationMode> = "operationMode" optional_from_21,
        tariff: Text<'de, 60> = "tariffId" optional_from_21,
        limit: Kept<'de, TransactionLimit> = "transactionLimit" optional_from_21,
    }
}

/// TransactionLimitType (2.1).
pub(in crate::ocpp) struct TransactionLimit;

impl Shaped for TransactionLimit {
    const SHAPE: &'static Shape = &TRANSACTION_LIMIT;
}

/// TransactionEventRequest.
pub(in crate::ocpp) fn transaction_event(request: TransactionEvent<'_>) -> Event {
    let info = request.info.0.unwrap_or_default();
    let mut details = Details::default();
    details.number("numberOfPhasesUsed", request.phases.0);
    details.number("cableMaxCurrent", request.cable_limit.0);
    details.number("reservationId", request.reservation.0);
    details.number("timeSpentCharging", info.charged_s.0);
    details.number("remoteStartId", info.remote_start.0);
    details.text("preconditioningStatus", request.preconditioning.word().as_ref().map(|word| word.as_str()));
    details.text("operationMode", info.operation.word().as_ref().map(|word| word.as_str()));
    details.text("tariffId", info.tariff.owned().as_deref());
    details.json("evseSleep", request.sleeps.0.map(|sleeps| if sleeps { "true" } else { "false" }));
    details.json("transactionLimit", info.limit.0);
    details.json("costDetails", request.cost.0);
    let place = request.evse.0.and_then(|evse| evse.outlet());
    Event::TransactionReported(Box::new(TransactionReport {
        stage: request.stage.word().and_then(|word| Stage::from_word(word.as_str())),
        transaction: info.name.or(request.stray_name),
        seq: request.seq.0,
        offline: request.offline.0.unwrap_or(false),
        trigger: request.trigger.word(),
        outlet: place.or_else(|| outlet(&request.stray_evse, &request.stray_connector)),
        token: request.token.0.and_then(IdToken::hash),
        at: request.at.0,
        charging: info.charging.word().or(request.stray_charging.word()).map(Into::into),
        reason: info.reason.word().or(request.stray_reason.word()),
        samples: request.buckets.0,
        details: details.finish(),
    }))
}

/// What else was said, as one JSON object.
#[derive(Default)]
struct Details(String);

impl Details {
    fn json(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            let mark = if self.0.is_empty() { '{' } else { ',' };
            // Writing to a String cannot fail.
            write!(self.0, "{mark}\"{key}\":{value}").ok();
        }
    }

    fn text(&mut self, key: &str, value: Option<&str>) {
        self.json(key, value.map(ocppj::quoted).as_deref());
    }

    fn number(&mut self, key: &str, value: Option<i64>) {
        self.json(key, value.map(|number| number.to_string()).as_deref());
    }

    fn finish(mut self) -> Option<Box<str>> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push('}');
        Some(self.0.into())
    }
}
