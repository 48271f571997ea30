//! What we ask of a charger, and what follows from its answers.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message as SocketMessage;

use super::Session;
use super::ending::End;
use crate::domain::event::Event;
use crate::domain::memory::Known;
use crate::gateway::calls::{Call, Outcome};
use crate::gateway::signing;
use crate::observe::events::calls::{AnswerUnmatched, CallEnded, CallSent};
use crate::observe::events::signing::{CertificateDelivered, CertificateRefused, CertificateSigned, DeliveryNotKept};
use crate::ocpp::{self, Request};
use crate::store::desk::certificates::Delivery;

/// What a call is for: its answer is handled by it.
pub(super) enum Errand {
    /// The charger's device model; it comes in reports of its own.
    DeviceModel,
    /// A certificate that was signed for it: whether it takes it.
    Certificate {
        /// Its serial number.
        serial: String,
    },
}

/// A certificate on its way to the charger.
pub(super) struct Certificate {
    serial: String,
    chain: String,
    /// The charger's number of its wish.
    number: Option<i64>,
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
            self.settle(call, Outcome::NoRoom, None).await;
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

    /// Has the certificate signed that an event asks for, if it may be; the machine learns what came of it.
    pub(super) async fn sign(&mut self, event: &Event) -> Option<Certificate> {
        let Event::SigningRequested(wish) = event else { return None };
        let charger = self.station.charger().clone();
        let signed = signing::sign(self.context, &charger, self.protection, self.peer, wish.clone()).await;
        match signed {
            Ok(issued) => {
                self.station.learn(vec![Known::Signing(Ok(()))]);
                let (serial, until) = (issued.serial.as_str(), issued.not_after);
                self.context.observer.tell(CertificateSigned { charger: &charger, serial, until });
                Some(Certificate { serial: issued.serial, chain: issued.chain, number: wish.number })
            }
            Err(why) => {
                let reason = why.to_string();
                self.context.observer.tell(CertificateRefused {
                    charger: &charger,
                    outcome: why.label(),
                    reason: &reason,
                });
                if why.is_kept() {
                    self.station.learn(vec![Known::Signing(Err(reason.into()))]);
                }
                None
            }
        }
    }

    /// Hands a charger the certificate that was signed for it.
    pub(super) async fn hand_out(&mut self, certificate: Certificate) -> Result<(), End> {
        let Certificate { serial, chain, number } = certificate;
        let request = ocpp::certificate_signed(self.version, &chain, number);
        self.call(request, Errand::Certificate { serial }).await
    }

    /// An answer came; it may be to nothing that we know of.
    pub(super) async fn call_was_answered(&mut self, id: &str, error: Option<&str>, payload: &str) -> Result<(), End> {
        let Some(call) = self.calls.answered(id) else {
            self.context.observer.tell(AnswerUnmatched { charger: self.station.charger() });
            return Ok(());
        };
        let (outcome, payload) =
            if error.is_some() { (Outcome::Refused, None) } else { (Outcome::Answered, Some(payload)) };
        self.settle(call, outcome, payload).await;
        self.send_next_call().await
    }

    /// The call under way was not answered in time.
    pub(super) async fn call_is_late(&mut self) -> Result<(), End> {
        if let Some(call) = self.calls.expired(Instant::now()) {
            self.settle(call, Outcome::Late, None).await;
        }
        self.send_next_call().await
    }

    /// The connection is over: nothing more will be answered over it.
    pub(super) async fn give_up_calls(&mut self) {
        for call in self.calls.give_up() {
            self.settle(call, Outcome::Lost, None).await;
        }
    }

    /// A call is over; what its answer says is kept where it matters.
    async fn settle(&mut self, call: Call<Errand>, outcome: Outcome, answer: Option<&str>) {
        let (charger, action) = (self.station.charger(), call.request.action);
        self.context.observer.tell(CallEnded { charger, action, outcome: outcome.label() });
        match call.errand {
            Errand::DeviceModel => {}
            Errand::Certificate { serial } => {
                let delivery = match answer.map(ocpp::is_accepted) {
                    Some(Some(true)) => Delivery::Accepted,
                    Some(Some(false)) => Delivery::Rejected,
                    Some(None) | None => Delivery::Unanswered,
                };
                self.context.observer.tell(CertificateDelivered {
                    charger,
                    serial: &serial,
                    delivery: delivery.word(),
                });
                let kept = self.context.desk.with(move |desk| desk.certificate_delivered(&serial, delivery)).await;
                if let Err(error) = kept {
                    self.context.observer.tell(DeliveryNotKept { charger, reason: &error.to_string() });
                }
            }
        }
    }
}
