//! StartTransaction and StopTransaction (OCPP 1.6 sections 4.8 and 4.10).

use super::ids::{Connector, Transaction};
use super::metering::MeterValue;
use super::words::Reason;
use crate::domain::event::{Event, Named, Start, Stop};
use crate::ocpp::field::{Choice, Register, Time, Token, Whole};
use crate::ocpp::record::{List, record};

record! {
    /// StartTransaction.req.
    struct StartTransaction<'de> {
        connector: Connector = "connectorId" required,
        token: Token<20, 20> = "idTag" required,
        register: Register = "meterStart" required,
        at: Time = "timestamp" required,
        reservation: Whole = "reservationId" optional,
    }
}

/// StartTransaction.req: a transaction began. Reservations are no matter of a monitoring service.
pub(super) fn start_transaction(request: StartTransaction<'_>) -> Event {
    Event::TransactionStarted(Start {
        outlet: request.connector.outlet(),
        token: request.token.0,
        register: request.register.0,
        at: request.at.0,
        transaction: Named::Nothing,
    })
}

record! {
    /// StopTransaction.req.
    struct StopTransaction<'de> {
        transaction: Transaction = "transactionId" required,
        token: Token<20, 20> = "idTag" optional,
        register: Register = "meterStop" required,
        at: Time = "timestamp" required,
        reason: Choice<Reason> = "reason" optional,
        buckets: List<'de, MeterValue<'de>> = "transactionData" optional,
    }
}

/// StopTransaction.req: a transaction ended.
pub(super) fn stop_transaction(request: StopTransaction<'_>) -> Event {
    Event::TransactionEnded(Stop {
        transaction: request.transaction.named(),
        outlet: None,
        token: request.token.0,
        register: request.register.0,
        at: request.at.0,
        reason: request.reason.0,
        samples: request.buckets.0,
    })
}
