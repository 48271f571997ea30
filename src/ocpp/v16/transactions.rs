//! Starts and stops of transactions.

use super::metering::samples;
use super::{outlet, words};
use crate::domain::deviation::Rule;
use crate::domain::event::{Event, Named, Start, Stop};
use crate::domain::ids::TransactionId;
use crate::domain::token::TokenKey;
use crate::ocpp::fields::Need::{self, Optional, Required};
use crate::ocpp::fields::Object;

pub(super) fn start(o: &Object<'_, '_>, key: &TokenKey) -> Event {
    // A reservation is of no interest here; -1 is sent for "none".
    o.integer("reservationId", Optional);
    Event::TransactionStarted(Start {
        outlet: outlet(o.ordinal("connectorId", Required)),
        token: o.token("idTag", Required, 20, key),
        register: o.register("meterStart", Required),
        at: o.time("timestamp", Required),
        transaction: Named::Nothing,
    })
}

pub(super) fn stop(o: &Object<'_, '_>, key: &TokenKey) -> Event {
    let transaction = transaction(o, Required);
    let mut readings = Vec::new();
    o.each("transactionData", Optional, |bucket| samples(bucket, &mut readings));
    Event::TransactionEnded(Stop {
        transaction,
        outlet: None,
        token: o.token("idTag", Optional, 20, key),
        register: o.register("meterStop", Required),
        at: o.time("timestamp", Required),
        reason: o.word("reason", Optional, &words::REASON),
        samples: readings,
    })
}

/// The transaction that a message names. 0, negative numbers and the largest of 63 bits name none.
pub(super) fn transaction(o: &Object<'_, '_>, need: Need) -> Named {
    const KEY: &str = "transactionId";
    let Some(text) = o.verbatim(KEY, need) else { return Named::Nothing };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Named::Nothing;
    }
    let number = o.integer(KEY, need);
    match number {
        Some(none) if none <= 0 || none == i64::MAX => {
            if need == Required {
                o.note(Rule::TransactionId, KEY, trimmed);
            }
            Named::Nothing
        }
        Some(number) => Named::As(TransactionId(number.to_string().into())),
        // The ids of other systems may be texts.
        None => Named::As(TransactionId(trimmed.into())),
    }
}
