//! Transaction ids of OCPP 1.6 are given out by the central system, and a log has those of another. Here each is put in
//! place of the one that the ledger's session has: by the answer that the log shows, else by what fits. Pure.

use std::collections::VecDeque;

use crate::domain::energy::MilliWh;
use crate::domain::event::{Event, Named, Start, Stop};
use crate::domain::ids::{Outlet, SessionId, TransactionId};
use crate::domain::token::TokenHash;
use crate::ocppj::{self, Frame};

/// Ids that are remembered of a charger.
const REMEMBERED: usize = 256;

/// Starts without an answer that are remembered of a charger.
const MOST_OPEN: usize = 32;

/// Before the id of a transaction that began before its log: no session of the ledger has such a name by chance.
const FOREIGN: &str = "log:";

/// The transactions of a charger.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// Ids of the log, and whose they are.
    known: VecDeque<(Box<str>, SessionId)>,
    /// Starts whose answer has not come (yet).
    open: VecDeque<Open>,
}

/// A start without an answer.
#[derive(Debug)]
struct Open {
    message: Box<str>,
    session: SessionId,
    outlet: Outlet,
    token: Option<TokenHash>,
    register: Option<MilliWh>,
}

impl Transactions {
    /// A start was taken as the beginning of this session.
    pub(super) fn started(&mut self, message: &str, start: &Start, session: SessionId) {
        self.open.retain(|open| open.session != session);
        if self.known.iter().any(|(_, known)| *known == session) {
            // A repeat; its answer is known.
            return;
        }
        self.open.push_back(Open {
            message: message.into(),
            session,
            outlet: start.outlet,
            token: start.token.clone(),
            register: start.register,
        });
        if self.open.len() > MOST_OPEN {
            self.open.pop_front();
        }
    }

    /// An answer of the central system: where it answers a start, its id is learnt.
    pub(super) fn answered(&mut self, frame: &str) {
        if self.open.is_empty() {
            return;
        }
        let Ok(ocppj::Reading { frame: Frame::CallResult { id, payload }, .. }) = ocppj::read(frame) else { return };
        let id = id.plain();
        let Some(place) = self.open.iter().position(|open| *open.message == *id) else { return };
        if let Some(given) = transaction_id(payload)
            && let Some(open) = self.open.remove(place)
        {
            self.learn(&given, open.session);
        }
    }

    /// Puts the ledger's id in the place of the log's. `keep` leaves an id as it is that nothing is known of: it is the
    /// ledger's own.
    pub(super) fn translate(&mut self, event: &mut Event, keep: bool) {
        let named = match event {
            Event::Metered(metered) => {
                let outlet = metered.outlet;
                self.adopt(&metered.transaction, |open| open.outlet == outlet);
                &mut metered.transaction
            }
            Event::TransactionEnded(stop) => {
                self.adopt_stop(stop);
                &mut stop.transaction
            }
            Event::Booted(_)
            | Event::Heartbeat
            | Event::TokenShown(_)
            | Event::StatusReported(_)
            | Event::TransactionStarted(_)
            | Event::TransactionReported(_)
            | Event::VendorData(_)
            | Event::Progress(_)
            | Event::Security(_)
            | Event::SigningRequested(_)
            | Event::Observed(_)
            | Event::DeviceDescribed(_)
            | Event::MonitorsDescribed(_)
            | Event::Noted => return,
        };
        let Named::As(id) = named else { return };
        match self.known.iter().find(|(given, _)| **given == *id.0) {
            Some((_, session)) => *id = (*session).into(),
            None if keep => {}
            None => *id = TransactionId(format!("{FOREIGN}{}", id.0).into()),
        }
    }

    /// An id that nobody was given in this log belongs to the start that it fits, where only one does.
    fn adopt(&mut self, named: &Named, fits: impl Fn(&Open) -> bool) {
        let Named::As(id) = named else { return };
        if self.known.iter().any(|(given, _)| **given == *id.0) {
            return;
        }
        let mut fitting = self.open.iter().enumerate().filter(|(_, open)| fits(open)).map(|(place, _)| place);
        if let (Some(place), None) = (fitting.next(), fitting.next())
            && let Some(open) = self.open.remove(place)
        {
            let id: Box<str> = (&*id.0).into();
            self.learn(&id, open.session);
        }
    }

    /// A stop names no connector, but mostly who stopped, and a register that is not below that of its start.
    fn adopt_stop(&mut self, stop: &Stop) {
        let rises = |open: &Open| !matches!((open.register, stop.register), (Some(start), Some(end)) if end < start);
        self.adopt(&stop.transaction, rises);
        self.adopt(&stop.transaction, |open| rises(open) && stop.token.is_some() && open.token == stop.token);
    }

    fn learn(&mut self, given: &str, session: SessionId) {
        self.known.retain(|(known, _)| **known != *given);
        self.known.push_back((given.into(), session));
        if self.known.len() > REMEMBERED {
            self.known.pop_front();
        }
    }
}

/// The transaction id in the answer to a start, as text; one that means "none" is none.
fn transaction_id(payload: &str) -> Option<String> {
    let payload: serde_json::Value = serde_json::from_str(payload).ok()?;
    let text = match payload.get("transactionId")? {
        serde_json::Value::String(text) => text.trim().to_owned(),
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => return None,
    };
    (!text.is_empty() && text != "0" && !text.starts_with('-')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Metered;
    use crate::domain::time::ChargerTime;

    fn start(connector: u32, register: i64) -> Start {
        Start {
            outlet: Outlet::new(connector, connector),
            token: None,
            register: Some(MilliWh::from_wh(register)),
            at: ChargerTime::default(),
            transaction: Named::Nothing,
        }
    }

    fn stop(id: &str, register: i64) -> Event {
        Event::TransactionEnded(Stop {
            transaction: Named::As(TransactionId(id.into())),
            outlet: None,
            token: None,
            register: Some(MilliWh::from_wh(register)),
            at: ChargerTime::default(),
            reason: None,
            samples: Vec::new(),
        })
    }

    fn metered(id: &str, connector: u32) -> Event {
        let transaction = Named::As(TransactionId(id.into()));
        Event::Metered(Metered { outlet: Outlet::new(connector, connector), transaction, samples: Vec::new() })
    }

    fn name(transactions: &mut Transactions, mut event: Event) -> String {
        transactions.translate(&mut event, false);
        let (Event::Metered(Metered { transaction, .. }) | Event::TransactionEnded(Stop { transaction, .. })) = event
        else {
            panic!("only readings and stops name a transaction")
        };
        match transaction {
            Named::As(id) => id.0.to_string(),
            Named::Nothing => String::new(),
        }
    }

    #[test]
    fn the_answer_in_the_log_tells_which_session_an_id_means() {
        let mut transactions = Transactions::default();
        transactions.started("m1", &start(1, 100), SessionId(1));
        transactions.answered(r#"[3,"m0",{"transactionId":5}]"#);
        transactions.answered(r#"[3,"m1",{"transactionId":1631312238,"idTagInfo":{"status":"Accepted"}}]"#);
        assert_eq!(name(&mut transactions, metered("1631312238", 1)), "1");
        assert_eq!(name(&mut transactions, stop("1631312238", 200)), "1");
    }

    #[test]
    fn an_id_from_before_the_log_is_no_session_of_the_ledger() {
        let mut transactions = Transactions::default();
        assert_eq!(name(&mut transactions, stop("1", 200)), "log:1");
        let mut event = stop("1", 200);
        transactions.translate(&mut event, true);
        assert_eq!(event, stop("1", 200));
    }

    #[test]
    fn without_answers_an_id_belongs_to_the_start_that_it_fits() {
        let mut transactions = Transactions::default();
        transactions.started("m1", &start(1, 100), SessionId(1));
        transactions.started("m2", &start(2, 5000), SessionId(2));
        assert_eq!(name(&mut transactions, metered("77", 2)), "2");
        assert_eq!(name(&mut transactions, stop("76", 300)), "1");
        assert_eq!(name(&mut transactions, stop("77", 6000)), "2");
    }

    #[test]
    fn an_answer_without_an_id_is_none() {
        let mut transactions = Transactions::default();
        transactions.started("m1", &start(1, 100), SessionId(1));
        transactions.answered(r#"[3,"m1",{"transactionId":0}]"#);
        transactions.answered(r#"[3,"m1",{"transactionId":-1}]"#);
        assert_eq!(name(&mut transactions, stop("9", 200)), "1");
    }
}
