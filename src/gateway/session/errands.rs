//! What we ask of a charger, and what follows from its answers.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message as SocketMessage;

use super::Session;
use super::ending::End;
use crate::gateway::calls::{Call, Outcome};
use crate::observe::events::calls::{AnswerUnmatched, CallEnded, CallSent};
use crate::ocpp::{self, Request};

/// What a call is for: its answer is handled by it.
pub(super) enum Errand {
    /// The charger's device model; it comes in reports of its own.
    DeviceModel,
}

/// Waits until then; for ever where there is no such moment.
pub(super) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    /// Asks for the device model, where the operator wants that and the charger has been accepted.
    pub(super) async fn ask_device_model(&mut self) -> Result<(), End> {
        let rules = self.context.rules(self.station.charger());
        if !self.context.settings.ask_device_model || rules.held {
            return Ok(());
        }
        let number = i32::try_from(self.heard_at.millis() / 1000 % i64::from(i32::MAX)).unwrap_or(1);
        match ocpp::ask_device_model(self.version, number) {
            Some(request) => self.call(request, Errand::DeviceModel).await,
            None => Ok(()),
        }
    }

    /// Sends a call in its turn.
    async fn call(&mut self, request: Request, errand: Errand) -> Result<(), End> {
        if let Err(call) = self.calls.queue(Call { request, errand }) {
            self.settle(call, Outcome::NoRoom);
        }
        self.send_next_call().await
    }

    /// Sends the call whose turn it is, if it is one's.
    async fn send_next_call(&mut self) -> Result<(), End> {
        // An answer to the call of a connection before must not be taken for one to a call of this one.
        let id = format!("{:016x}", rand::random::<u64>());
        let Some(request) = self.calls.next(Instant::now(), &id) else { return Ok(()) };
        let (text, action) = (ocpp::request(&id, request), request.action);
        self.context.observer.tell(CallSent { charger: self.station.charger(), action });
        self.send(SocketMessage::text(String::from(text))).await
    }

    /// An answer came; it may be to nothing that we know of.
    pub(super) async fn call_was_answered(&mut self, id: &str, error: Option<&str>) -> Result<(), End> {
        let Some(call) = self.calls.answered(id) else {
            self.context.observer.tell(AnswerUnmatched { charger: self.station.charger() });
            return Ok(());
        };
        let outcome = if error.is_some() { Outcome::Refused } else { Outcome::Answered };
        self.settle(call, outcome);
        self.send_next_call().await
    }

    /// The call under way was not answered in time.
    pub(super) async fn call_is_late(&mut self) -> Result<(), End> {
        if let Some(call) = self.calls.expired(Instant::now()) {
            self.settle(call, Outcome::Late);
        }
        self.send_next_call().await
    }

    /// The connection is over: nothing more will be answered over it.
    pub(super) fn give_up_calls(&mut self) {
        for call in self.calls.give_up() {
            self.settle(call, Outcome::Lost);
        }
    }

    /// A call is over.
    fn settle(&self, call: Call<Errand>, outcome: Outcome) {
        let (charger, action) = (self.station.charger(), call.request.action);
        self.context.observer.tell(CallEnded { charger, action, outcome: outcome.label() });
        match call.errand {
            Errand::DeviceModel => {}
        }
    }
}
