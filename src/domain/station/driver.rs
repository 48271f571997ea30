//! What a charger is told of a driver's token. The list reaches the machine as a fact, like the ledger's replies; where it
//! says nothing the token is accepted. Whatever the answer, the session is recorded.

use super::Station;
use crate::domain::driver::{Grant, Standing};
use crate::domain::event::{Event, Stage, TransactionReport};
use crate::domain::ids::SessionId;
use crate::domain::memory::{Known, Question};
use crate::domain::time::At;

impl Station {
    /// A token that may charge at one place at a time: what runs of it must be known before a start is answered.
    pub(super) fn driver_asks(&self, event: &Event) -> Option<Question> {
        let alone = self.driver().is_some_and(|standing| standing.one_at_a_time);
        let token = event.token().filter(|_| alone && begins(event))?;
        Some(Question::RunningOf(token.clone()))
    }

    /// What is answered about the token of the event in hand; `own` is the session that begins with it, if one does.
    pub(super) fn grant(&self, now: At, own: Option<SessionId>) -> Grant {
        let Some(standing) = self.driver() else { return Grant::ACCEPTED };
        let running = |own: SessionId| self.sessions.get(own).is_some_and(|session| session.is_active());
        let elsewhere = own.filter(|own| running(*own)).is_some_and(|own| self.runs_beside(own));
        standing.grant(now, elsewhere)
    }

    fn driver(&self) -> Option<&Standing> {
        self.known.iter().find_map(|known| match known {
            Known::Driver(standing) => Some(standing),
            Known::Session { .. }
            | Known::MeterHistory(..)
            | Known::NextReport { .. }
            | Known::RunningOf(..)
            | Known::Signing(_) => None,
        })
    }

    /// Whether the token has another session that runs. What this event has ended does not count.
    fn runs_beside(&self, own: SessionId) -> bool {
        let here = |id: &SessionId| self.sessions.get(*id).is_none_or(|session| session.is_active());
        self.known.iter().any(|known| match known {
            Known::RunningOf(_, ids) => ids.iter().any(|id| *id != own && here(id)),
            Known::Session { .. }
            | Known::MeterHistory(..)
            | Known::NextReport { .. }
            | Known::Driver(_)
            | Known::Signing(_) => false,
        })
    }
}

/// Whether a token may begin to charge with this event: only then can it be refused for charging elsewhere.
fn begins(event: &Event) -> bool {
    match event {
        Event::TransactionStarted(_) => true,
        Event::TransactionReported(report) => report_begins(report),
        Event::Booted(_)
        | Event::Heartbeat
        | Event::TokenShown(_)
        | Event::StatusReported(_)
        | Event::Metered(_)
        | Event::TransactionEnded(_)
        | Event::VendorData(_)
        | Event::Progress(_)
        | Event::Security(_)
        | Event::SigningRequested(_)
        | Event::Observed(_)
        | Event::DeviceDescribed(_)
        | Event::MonitorsDescribed(_)
        | Event::Noted => false,
    }
}

/// A transaction of 2.x may begin before its driver is known; the token comes later then.
pub(super) fn report_begins(report: &TransactionReport) -> bool {
    let authorized = report.trigger.as_ref().is_some_and(|trigger| trigger.as_str() == "Authorized");
    !report.offline && (report.stage == Some(Stage::Started) || authorized)
}
