//! One charger, one task, one loop.
//!
//! Inputs of the loop: a message from the socket · a note from a newer connection · the ping timer · a call of ours that
//! is not answered in time · the end of the program. After the socket is gone the task stays without it until the machine
//! is at rest, so that silence is noticed.

mod ending;
mod errands;

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message as SocketMessage};

use self::ending::End;
use self::errands::Errand;
use super::calls::Calls;
use super::handshake::Accepted;
use super::registry::{Note, Place};
use super::{Contested, Context, Lease};
use crate::domain::driver::Permission;
use crate::domain::event::Event;
use crate::domain::ids::ChargerId;
use crate::domain::memory::Known;
use crate::domain::record::{Answer, Change, FrameRow, Record, Turn};
use crate::domain::security::Protection;
use crate::domain::station::Station;
use crate::domain::time::At;
use crate::observe::events::gate::DriverRefused;
use crate::observe::events::gateway::{
    ChargerConnected, ChargerDisconnected, FrameAnswered, FrameReceived, IdentityContested, LedgerFailed,
    ProtectionWeakened,
};
use crate::observe::events::station::Told;
use crate::ocpp::{self, Message, Understood, Version};
use crate::store::StoreError;

/// How often a task without a socket looks at our clock, which in a demo runs faster than the wall's.
const LINGER_STEP: Duration = Duration::from_secs(2);

/// A machine asks at most so often before an event is handled.
const MOST_QUESTIONS: usize = 4;

/// A charger's task.
struct Session<'c, S> {
    socket: WebSocketStream<S>,
    station: Station,
    version: Version,
    context: &'c Context,
    place: Place,
    protection: Protection,
    peer: &'c str,
    heard: Instant,
    heard_at: At,
    /// When the ping was sent that is yet to be answered.
    pinged: Option<Instant>,
    /// What we have asked of it, and are yet to ask.
    calls: Calls<Errand>,
}

/// Serves a charger until it is gone and its machine is at rest.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    accepted: Accepted<S>,
    peer: &str,
    context: &Context,
    mut lease: Lease,
) {
    let Accepted { socket, charger, version, protection } = accepted;
    let now = (context.clock)();
    let (protocol, contest) = (version.subprotocol(), context.limits.contest);
    let (place, before) = context.connections.take(&charger, now, peer, protocol, protection, contest);
    if let Some(Contested { takeovers, addresses }) = context.connections.contested(&charger, now) {
        context.observer.tell(IdentityContested { charger: &charger, takeovers, addresses: &addresses });
    }
    let station = match machine(&charger, before, context).await {
        Ok(station) => station,
        Err(error) => {
            context.observer.tell(LedgerFailed { charger: &charger, reason: &error.to_string() });
            return;
        }
    };
    let now = (context.clock)();
    let calls = Calls::new(Duration::from_secs(u64::from(context.settings.call_timeout_s)));
    let (heard, heard_at) = (Instant::now(), now);
    let mut session =
        Session { socket, station, version, context, place, protection, peer, heard, heard_at, pinged: None, calls };
    context.observer.tell(ChargerConnected { charger: &charger, peer, protocol, protection, at: now });
    if let Some(before) = session.station.stronger_before(Some(protection)) {
        context.observer.tell(ProtectionWeakened { charger: &charger, peer, before, now: protection.profile });
    }
    let turn = session.station.connected(now, protocol, peer, Some(protection));
    let (end, heir) = match session.commit(turn).await {
        Ok(()) => session.serve(&mut lease).await,
        Err(end) => (end, None),
    };
    let (station, place) = session.part(end).await;
    match (station, heir) {
        (Some(station), Some(heir)) => drop(heir.send(station)),
        (Some(station), None) if end != End::Shutdown => linger(station, place, context, &mut lease).await,
        _ => {}
    }
}

/// The charger's machine: from whoever holds it, else from the ledger.
async fn machine(
    charger: &ChargerId,
    before: Option<mpsc::Sender<Note>>,
    context: &Context,
) -> Result<Station, StoreError> {
    if let Some(before) = before {
        let (give, take) = oneshot::channel();
        if before.send(Note::Yield(give)).await.is_ok()
            && let Ok(mut station) = take.await
        {
            station.set_rules(context.rules(charger));
            return Ok(station);
        }
    }
    let memory = context.store.recall(charger).await?;
    Ok(Station::recall(memory, context.rules(charger)))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    /// The loop. Returns why it ended and, when a newer connection is here, where to send the machine.
    async fn serve(&mut self, lease: &mut Lease) -> (End, Option<oneshot::Sender<Station>>) {
        let mut ping = interval(Duration::from_secs(u64::from(self.context.settings.ping_interval_s)));
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.tick().await;
        loop {
            let deadline = self.calls.deadline();
            let step = tokio::select! {
                message = self.socket.next() => self.receive(message).await,
                note = self.place.notes.recv() => match note {
                    Some(Note::Yield(heir)) => return (End::Replaced, Some(heir)),
                    Some(Note::Dismiss) => Err(End::ShutOut),
                    None => Ok(()),
                },
                _ = ping.tick() => self.check().await,
                () = errands::until(deadline) => self.call_is_late().await,
                () = lease.stopped() => Err(End::Shutdown),
            };
            if let Err(end) = step {
                return (end, None);
            }
        }
    }

    async fn receive(&mut self, message: Option<Result<SocketMessage, SocketError>>) -> Result<(), End> {
        let message = match message {
            None => return Err(End::Gone),
            Some(Err(error)) => return Err(End::of(&error)),
            Some(Ok(message)) => message,
        };
        self.heard = Instant::now();
        self.heard_at = (self.context.clock)();
        self.place.heard(self.heard_at);
        match message {
            SocketMessage::Text(text) => self.frame(&text).await,
            // JSON sent with the wrong opcode is JSON all the same.
            SocketMessage::Binary(bytes) => self.frame(&String::from_utf8_lossy(&bytes)).await,
            SocketMessage::Close(_) => Err(End::Gone),
            SocketMessage::Pong(_) => {
                if let Some(pinged) = self.pinged.take() {
                    self.context.observer.board.answered_ping(self.station.charger(), pinged.elapsed());
                }
                Ok(())
            }
            SocketMessage::Ping(_) | SocketMessage::Frame(_) => Ok(()),
        }
    }

    /// A frame: understand, handle, make durable, answer.
    async fn frame(&mut self, text: &str) -> Result<(), End> {
        let began = Instant::now();
        let now = self.heard_at;
        let Understood { action, text: kept, deviations, message, tokens } =
            ocpp::understand(self.version, text, &self.context.token_key);
        self.context.observer.tell(FrameReceived {
            charger: self.station.charger(),
            action,
            bytes: text.len(),
            deviations: &deviations,
            at: now,
        });
        let mut frame = FrameRow { received: now, text: kept, action: action.into(), reply: None, deviations };
        let in_clear = tokens.into_iter().map(|(token, clear)| Change::TokenInClear { token, clear });
        match message {
            Message::Call { call, event } => {
                let must_wait = event.must_be_stored();
                let booted = matches!(event, Event::Booted(_));
                let signed = self.sign(&event).await;
                if booted {
                    // Somebody may have accepted it since.
                    self.station.set_rules(self.context.rules(self.station.charger()));
                }
                let mut turn = self.turn(now, event).await?;
                turn.changes.extend(in_clear);
                let reply = ocpp::reply(&call, turn.answer.as_ref(), self.heartbeat());
                if call.echo.is_some() {
                    frame.reply = Some(ocpp::without_persons(&reply, &self.context.token_key));
                }
                let record = Record::of_frame(self.station.key(), turn, frame, Some(reply.clone()));
                if must_wait {
                    self.commit_and_answer(record).await?
                } else {
                    self.answer_and_keep(reply, record).await?
                }
                if booted {
                    self.ask_device_model().await?;
                }
                if let Some(certificate) = signed {
                    self.hand_out(certificate).await?;
                }
            }
            Message::Statement(event) => {
                let mut turn = self.turn(now, event).await?;
                turn.changes.extend(in_clear);
                self.commit_and_answer(Record::of_frame(self.station.key(), turn, frame, None)).await?;
            }
            Message::Refused(reply) => {
                let record = Record::of_frame(self.station.key(), Turn::default(), frame, Some(reply));
                self.commit_and_answer(record).await?;
            }
            Message::Response { id, error, payload } => {
                self.context.store.keep(Record::of_frame(self.station.key(), Turn::default(), frame, None));
                self.call_was_answered(&id, error.as_deref(), &payload).await?;
            }
            Message::Silent => {
                self.context.store.keep(Record::of_frame(self.station.key(), Turn::default(), frame, None));
            }
        }
        self.context.observer.tell(FrameAnswered { took: began.elapsed() });
        Ok(())
    }

    /// The heartbeat interval that chargers are given.
    fn heartbeat(&self) -> Duration {
        Duration::from_secs(u64::from(self.context.settings.heartbeat_interval_s))
    }

    /// Lets the machine ask what it must know, then handle the event.
    async fn turn(&mut self, now: At, event: Event) -> Result<Turn, End> {
        if let Some(standing) = event.token().and_then(|token| self.context.gate.driver(token)) {
            self.station.learn(vec![Known::Driver(standing)]);
        }
        for _ in 0..MOST_QUESTIONS {
            let questions = self.station.asks(now, &event);
            if questions.is_empty() {
                break;
            }
            let known = self.context.store.ask(self.station.key(), questions).await;
            self.station.learn(known.map_err(|error| self.failed(&error))?);
        }
        let begins = self.station.begins_session(now, &event);
        let fresh = begins.then(|| self.context.store.fresh_session_id());
        let turn = self.station.handle(now, event, fresh);
        let told = turn.answer.as_ref().and_then(Answer::grant).map(|grant| grant.permission);
        if let Some(permission) = told.filter(|permission| *permission != Permission::Accepted) {
            self.context.observer.tell(DriverRefused { charger: self.station.charger(), permission });
        }
        Ok(turn)
    }

    async fn commit_and_answer(&mut self, record: Record) -> Result<(), End> {
        let released = self.context.store.commit(record).await.map_err(|error| self.failed(&error))?;
        if let Some(reply) = released.reply {
            self.send(SocketMessage::text(String::from(reply))).await?;
        }
        let charger = self.station.charger();
        self.context.observer.tell(Told { charger, effects: &released.effects, at: self.heard_at });
        Ok(())
    }

    /// For what needs no row to be answered.
    async fn answer_and_keep(&mut self, reply: Box<str>, record: Record) -> Result<(), End> {
        self.send(SocketMessage::text(String::from(reply))).await?;
        self.context.store.keep(record);
        Ok(())
    }

    /// Makes a turn durable that no frame caused.
    async fn commit(&mut self, turn: Turn) -> Result<(), End> {
        if turn.changes.is_empty() {
            return Ok(());
        }
        self.commit_and_answer(Record::without_frame(self.station.key(), turn)).await
    }

    /// The ping timer: is the charger still there, does the machine want to be woken, has the registry changed?
    async fn check(&mut self) -> Result<(), End> {
        let limit = Duration::from_secs(u64::from(self.context.settings.silence_limit_s));
        if self.heard.elapsed() >= limit {
            return Err(End::Silent);
        }
        self.station.set_rules(self.context.rules(self.station.charger()));
        let now = (self.context.clock)();
        if self.station.next_wake().is_some_and(|wake| now >= wake) {
            let turn = self.station.wake(now);
            self.commit(turn).await?;
        }
        self.pinged = Some(Instant::now());
        self.send(SocketMessage::Ping(Vec::new().into())).await
    }

    async fn send(&mut self, message: SocketMessage) -> Result<(), End> {
        match timeout(self.context.limits.write_timeout, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(End::of(&error)),
            Err(_) => Err(End::Stuck),
        }
    }

    fn failed(&self, error: &StoreError) -> End {
        let charger = self.station.charger();
        self.context.observer.tell(LedgerFailed { charger, reason: &error.to_string() });
        End::Ledger
    }

    /// Closes the socket and notes the end of the connection. The machine survives, unless it may differ from the
    /// ledger.
    async fn part(mut self, end: End) -> (Option<Station>, Place) {
        if let Some(code) = end.close_code() {
            let frame = CloseFrame { code, reason: end.label().into() };
            // It may have gone already; the connection ends either way.
            timeout(Duration::from_secs(1), self.socket.close(Some(frame))).await.ok();
        }
        self.give_up_calls().await;
        self.place.lost_socket();
        let charger = self.station.charger().clone();
        self.context.observer.tell(ChargerDisconnected {
            charger: &charger,
            reason: end.label(),
            heard: self.heard_at,
        });
        if end == End::Ledger {
            return (None, self.place);
        }
        let turn = self.station.disconnected(self.heard_at, end.label());
        let record = Record::without_frame(self.station.key(), turn);
        let Self { station, place, context, .. } = self;
        match context.store.commit(record).await {
            Ok(_) => (Some(station), place),
            Err(error) => {
                context.observer.tell(LedgerFailed { charger: &charger, reason: &error.to_string() });
                (None, place)
            }
        }
    }
}

/// Waits without a socket until the machine is at rest or somebody takes it over.
async fn linger(mut station: Station, mut place: Place, context: &Context, lease: &mut Lease) {
    while !station.is_at_rest() {
        let Some(wake) = station.next_wake() else { return };
        let wait = u64::try_from(wake.millis_since((context.clock)())).unwrap_or_default();
        tokio::select! {
            note = place.notes.recv() => match note {
                Some(Note::Yield(heir)) => return drop(heir.send(station)),
                // It is not connected.
                Some(Note::Dismiss) => {}
                None => return,
            },
            () = lease.stopped() => return,
            () = tokio::time::sleep(Duration::from_millis(wait).min(LINGER_STEP)) => {}
        }
        let now = (context.clock)();
        if now < wake {
            continue;
        }
        let turn = station.wake(now);
        let record = Record::without_frame(station.key(), turn);
        match context.store.commit(record).await {
            Ok(released) => {
                context.observer.tell(Told { charger: station.charger(), effects: &released.effects, at: now });
            }
            Err(error) => {
                let charger = station.charger();
                context.observer.tell(LedgerFailed { charger, reason: &error.to_string() });
                return;
            }
        }
    }
}
