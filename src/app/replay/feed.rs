//! Frames into the ledger as a charger's own connection would take them there: understand, ask, handle, commit.
//!
//! What differs from a connection: the time is the log's. Frames that are older than what the ledger has heard of their
//! charger complete its past and leave its present alone, and those that the ledger holds already are left out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::log::Captured;
use super::past::{is_of_the_present, plain, session_in};
use super::pipeline::Pipeline;
use super::transactions::Transactions;
use super::version;
use super::way::{self, Pending, Perspective, Sender};
use crate::domain::deviation::Deviation;
use crate::domain::event::Event;
use crate::domain::ids::{ChargerId, SessionId};
use crate::domain::record::{Answer, Change, Effect, FrameRow, Record, Turn};
use crate::domain::station::{Rules, Station};
use crate::domain::time::At;
use crate::domain::token::TokenKey;
use crate::ocpp::{self, Call, Message, Understood, Version};
use crate::store::archive::EvidenceFilter;
use crate::store::{Store, StoreError};

/// A machine asks at most so often before an event is handled.
const MOST_QUESTIONS: usize = 4;

/// More chargers than this are not followed at once.
pub(super) const MOST_CHARGERS: usize = 20_000;

/// A boot so long after the last one came over a new connection.
const REBOOT_MS: i64 = 120_000;

/// Frames of one instant that are looked through for one that is known.
const MOST_ALIKE: usize = 500;

/// The rules for each charger's machine.
pub(super) type RulesOf = Box<dyn Fn(&ChargerId) -> Rules + Send + Sync>;

/// What to feed with.
pub(super) struct Feeder {
    pub(super) store: Store,
    pub(super) key: TokenKey,
    /// The version of every charger, where the operator says one.
    pub(super) version: Option<Version>,
    pub(super) rules: RulesOf,
    /// The ledger's clock where it is to follow the log.
    pub(super) clock: Option<Arc<AtomicI64>>,
    pipeline: Pipeline,
    chargers: HashMap<String, Fed>,
}

/// A charger that is followed.
struct Fed {
    station: Station,
    version: Version,
    /// The version is known, not guessed.
    is_settled: bool,
    connected: bool,
    heard: At,
    booted: Option<At>,
    /// What is not later than this is the ledger's past.
    known_until: Option<At>,
    pending: Pending,
    transactions: Transactions,
}

/// What became of a frame.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is the central system's.
    OfCentral,
    /// There is no room for another charger.
    TooMany,
    /// It is the charger's.
    Heard(Heard),
}

/// What became of a charger's frame.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) action: &'static str,
    pub(super) deviations: Vec<Deviation>,
    pub(super) refused: bool,
    /// The ledger has it already.
    pub(super) known: bool,
    pub(super) readings: u64,
    pub(super) sessions: Vec<SessionId>,
    /// Its text without tokens.
    pub(super) text: Box<str>,
    pub(super) version: Version,
}

impl Feeder {
    pub(super) fn new(
        store: Store,
        key: TokenKey,
        version: Option<Version>,
        rules: RulesOf,
        most_waiting: usize,
    ) -> Self {
        let pipeline = Pipeline::new(store.clone(), most_waiting);
        Self { store, key, version, rules, clock: None, pipeline, chargers: HashMap::new() }
    }

    /// Feeds a frame of this charger at this time.
    pub(super) async fn feed(
        &mut self,
        charger: &str,
        at: At,
        captured: &Captured,
        file: &mut Perspective,
    ) -> Result<Fate, StoreError> {
        if let Some(clock) = &self.clock {
            clock.fetch_max(at.millis(), Ordering::Relaxed);
        }
        let folded = charger.to_lowercase();
        if !self.chargers.contains_key(&folded) {
            if self.chargers.len() >= MOST_CHARGERS {
                return Ok(Fate::TooMany);
            }
            let fed = self.follow(charger, at).await?;
            self.chargers.insert(folded.clone(), fed);
        }
        let Some(mut fed) = self.chargers.remove(&folded) else { return Ok(Fate::TooMany) };
        let fate = self.frame(&mut fed, at, captured, file).await;
        self.chargers.insert(folded, fed);
        fate
    }

    async fn follow(&mut self, charger: &str, at: At) -> Result<Fed, StoreError> {
        self.pipeline.settle().await?;
        let id = ChargerId::new(charger);
        let memory = self.store.recall(&id).await?;
        Ok(Fed {
            known_until: memory.last_heard,
            station: Station::recall(memory, (self.rules)(&id)),
            version: self.version.unwrap_or(Version::V16),
            is_settled: self.version.is_some(),
            connected: false,
            heard: at,
            booted: None,
            pending: Pending::default(),
            transactions: Transactions::default(),
        })
    }

    async fn frame(
        &mut self,
        fed: &mut Fed,
        at: At,
        captured: &Captured,
        file: &mut Perspective,
    ) -> Result<Fate, StoreError> {
        if way::told(&captured.frame, captured.heading, &mut fed.pending, file) == Sender::Central {
            fed.transactions.answered(&captured.frame);
            return Ok(Fate::OfCentral);
        }
        self.settle_version(fed, captured, at).await?;
        self.wake(fed, at).await?;
        if !fed.connected {
            let turn = fed.station.connected(at, fed.version.subprotocol(), "replay", None);
            self.commit(fed, at, turn, None).await?;
            fed.connected = true;
        }
        fed.heard = fed.heard.max(at);
        let heard = self.hear(fed, at, captured).await?;
        if let Some(reply) = &captured.reply {
            fed.transactions.answered(reply);
            // The answer is not to come any more.
            way::told(reply, None, &mut fed.pending, file);
        }
        Ok(Fate::Heard(heard))
    }

    /// Learns the version from the log, else from the first frame whose form tells it.
    async fn settle_version(&mut self, fed: &mut Fed, captured: &Captured, at: At) -> Result<(), StoreError> {
        if fed.is_settled {
            return Ok(());
        }
        let Some(version) = captured.version.or_else(|| version::of_shape(&captured.frame)) else { return Ok(()) };
        fed.is_settled = true;
        if fed.version != version {
            fed.version = version;
            self.part(fed, at).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, fed: &mut Fed, at: At, captured: &Captured) -> Result<Heard, StoreError> {
        let key = if captured.ours { self.key.clone().keeping_hashes() } else { self.key.clone() };
        let Understood { action, text, deviations, message, tokens } =
            ocpp::understand(fed.version, &captured.frame, &key);
        let mut heard = Heard {
            action,
            deviations: deviations.clone(),
            refused: matches!(message, Message::Refused(_)) || matches!(action, "Unreadable" | "Unknown"),
            known: false,
            readings: 0,
            sessions: Vec::new(),
            text: text.clone(),
            version: fed.version,
        };
        if let Some(reply) = self.reply_of_known(fed, at, action, &text).await? {
            heard.known = true;
            fed.learn_again(&reply, &message);
            return Ok(heard);
        }
        let frame = FrameRow { received: at, text, action: action.into(), reply: None, deviations };
        let (mut turn, reply) = match message {
            Message::Call { call, event } => self.call(fed, at, &call, event, captured.ours).await?,
            Message::Statement(event) => (self.turn(fed, at, event).await?, None),
            Message::Refused(reply) => (Turn::default(), Some(reply)),
            Message::Response { .. } | Message::Silent => (Turn::default(), None),
        };
        turn.changes.extend(tokens.into_iter().map(|(token, clear)| Change::TokenInClear { token, clear }));
        heard.take(&turn);
        self.commit(fed, at, turn, Some((frame, reply))).await?;
        Ok(heard)
    }

    /// A call: what it leads to, and the answer.
    async fn call(
        &mut self,
        fed: &mut Fed,
        at: At,
        call: &Call,
        mut event: Event,
        ours: bool,
    ) -> Result<(Turn, Option<Box<str>>), StoreError> {
        self.reconnect(fed, at, &event).await?;
        if call.version == Version::V16 {
            fed.transactions.translate(&mut event, ours && self.clock.is_none());
        }
        let start = if let Event::TransactionStarted(start) = &event { Some(start.clone()) } else { None };
        let turn = self.turn(fed, at, event).await?;
        if let (Some(start), Some(Answer::Started(session, _))) = (start, &turn.answer) {
            fed.transactions.started(&plain(&call.id), &start, *session);
        }
        let heartbeat = (self.rules)(fed.station.charger()).heartbeat;
        let reply = ocpp::reply(call, turn.answer.as_ref(), heartbeat);
        Ok((turn, Some(reply)))
    }

    /// A boot long after the last one came over a new connection.
    async fn reconnect(&mut self, fed: &mut Fed, at: At, event: &Event) -> Result<(), StoreError> {
        if !matches!(event, Event::Booted(_)) {
            return Ok(());
        }
        if fed.booted.replace(at).is_some_and(|last| at.millis_since(last) > REBOOT_MS) {
            self.part(fed, at).await?;
            let turn = fed.station.connected(at, fed.version.subprotocol(), "replay", None);
            self.commit(fed, at, turn, None).await?;
            fed.connected = true;
        }
        Ok(())
    }

    /// Lets the machine ask what it must know, then handle the event.
    async fn turn(&mut self, fed: &mut Fed, at: At, event: Event) -> Result<Turn, StoreError> {
        for _ in 0..MOST_QUESTIONS {
            let questions = fed.station.asks(at, &event);
            if questions.is_empty() {
                break;
            }
            self.pipeline.settle().await?;
            let known = self.store.ask(fed.station.key(), questions).await?;
            fed.station.learn(known);
        }
        let fresh = fed.station.begins_session(at, &event).then(|| self.store.fresh_session_id());
        Ok(fed.station.handle(at, event, fresh))
    }

    /// What was answered to a frame that the ledger has already.
    async fn reply_of_known(
        &mut self,
        fed: &Fed,
        at: At,
        action: &str,
        text: &str,
    ) -> Result<Option<String>, StoreError> {
        if !fed.is_past(at) {
            return Ok(None);
        }
        self.pipeline.settle().await?;
        let filter = EvidenceFilter {
            chargers: vec![fed.station.charger().clone()],
            from: Some(at),
            until: Some(at.plus_millis(1)),
            what: Some(action.to_owned()),
        };
        let alike = self.store.read(move |archive| archive.frames(&filter, None, MOST_ALIKE)).await?;
        Ok(alike.into_iter().find(|frame| frame.text == text).map(|frame| frame.reply.unwrap_or_default()))
    }

    /// Time passes between two frames.
    async fn wake(&mut self, fed: &mut Fed, at: At) -> Result<(), StoreError> {
        if fed.station.next_wake().is_some_and(|wake| at >= wake) {
            let turn = fed.station.wake(at);
            self.commit(fed, at, turn, None).await?;
        }
        Ok(())
    }

    async fn part(&mut self, fed: &mut Fed, at: At) -> Result<(), StoreError> {
        if fed.connected {
            fed.connected = false;
            let turn = fed.station.disconnected(fed.heard, "replayed");
            self.commit(fed, at, turn, None).await?;
        }
        Ok(())
    }

    async fn commit(
        &mut self,
        fed: &Fed,
        at: At,
        mut turn: Turn,
        frame: Option<(FrameRow, Option<Box<str>>)>,
    ) -> Result<(), StoreError> {
        if fed.is_past(at) {
            turn.changes.retain(|change| !is_of_the_present(change));
        }
        let key = fed.station.key();
        match frame {
            Some((frame, reply)) => self.pipeline.push(Record::of_frame(key, turn, frame, reply)).await,
            None if turn.changes.is_empty() => Ok(()),
            None => self.pipeline.push(Record::without_frame(key, turn)).await,
        }
    }

    /// The logs are at their end: nothing is known of any charger from there on. Returns what the ledger refused.
    pub(super) async fn finish(&mut self) -> Result<u64, StoreError> {
        for (_, mut fed) in std::mem::take(&mut self.chargers) {
            let heard = fed.heard;
            self.part(&mut fed, heard).await?;
            let grace = i64::try_from((self.rules)(fed.station.charger()).grace.as_millis()).unwrap_or(i64::MAX);
            let until = heard.plus_millis(grace);
            let turn = fed.station.wake(until);
            // The end of what is past is past.
            self.commit(&fed, heard, turn, None).await?;
        }
        self.pipeline.settle().await?;
        Ok(self.pipeline.refused)
    }
}

impl Fed {
    fn is_past(&self, at: At) -> bool {
        self.known_until.is_some_and(|until| at <= until)
    }

    /// A start that the ledger has tells by its old answer which session it began.
    fn learn_again(&mut self, reply: &str, message: &Message) {
        if let Message::Call { call, event: Event::TransactionStarted(start) } = message
            && let Some(session) = session_in(reply)
        {
            self.transactions.started(&plain(&call.id), start, session);
        }
    }
}

impl Heard {
    fn take(&mut self, turn: &Turn) {
        self.deviations.extend(turn.deviations.iter().cloned());
        for change in &turn.changes {
            self.readings += u64::from(matches!(change, Change::Reading(_)));
        }
        for effect in &turn.effects {
            match effect {
                Effect::Session { row, .. } if !self.sessions.contains(&row.id) => self.sessions.push(row.id),
                Effect::Session { .. }
                | Effect::Security(_)
                | Effect::Skew(_)
                | Effect::Booted(_)
                | Effect::Status(_)
                | Effect::Live { .. }
                | Effect::Implausible(_)
                | Effect::Gone(_) => {}
            }
        }
    }
}
