//! The station machine: one per charger. It is told events and the time, and returns turns.
//!
//! It holds the present (connectors, open sessions, the contact) and the recent past. What lies further back is asked
//! of the ledger ([`Station::asks`]) before an event is handled, so that a replay of last year's session meets what
//! was stored last year.

mod contact;
mod device;
mod driver;
mod metering;
mod numbering;
mod report;
mod session;
mod sessions;
mod status;
mod transaction;

use std::time::Duration;

use super::deviation::{Deviation, Rule};
use super::driver::Permission;
use super::event::{Boot, Event};
use super::ids::{ChargerId, SessionId, StationKey};
use super::memory::{Known, Question, StationMemory};
use super::record::{Answer, Change, Effect, Turn};
use super::security::{Profile, Protection};
use super::security_event::{SIGNING_REFUSED, SecurityKind, WEAKER_PROFILE};
use super::time::{At, ChargerTime, Placed, Trust};
use contact::Contact;
use sessions::Sessions;
use status::Connectors;

/// What the machine needs to know of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Heartbeat interval that chargers are given at boot.
    pub heartbeat: Duration,
    /// How long a charger may be unheard before its connectors are unknown.
    pub grace: Duration,
    /// Whether boots are answered `Pending` (an unknown charger that is held).
    pub held: bool,
    /// Rated power of the charger's strongest outlet, where the registry knows it, in watts.
    pub rated_w: Option<u32>,
}

/// A charger as it stands, between two events.
#[derive(Debug)]
pub struct Station {
    key: StationKey,
    charger: ChargerId,
    rules: Rules,
    /// The last boot message, and whether it came over the present connection.
    boot: Option<(Boot, bool)>,
    connectors: Connectors,
    sessions: Sessions,
    contact: Contact,
    /// Subprotocol of the last connection: another may number connectors in another way.
    protocol: Option<Box<str>>,
    /// Replies of the ledger that bear on the event about to be handled.
    known: Vec<Known>,
}

impl Station {
    /// Begins with what the ledger knows.
    pub fn recall(memory: StationMemory, rules: Rules) -> Self {
        Self {
            key: memory.key,
            charger: memory.charger,
            boot: memory.boot.map(|boot| (boot, false)),
            connectors: Connectors::recall(memory.connectors),
            sessions: Sessions::recall(memory.sessions, memory.complete, rules.rated_w),
            contact: Contact::recall(memory.last_heard, memory.profile),
            protocol: memory.protocol,
            known: Vec::new(),
            rules,
        }
    }

    /// Its ledger row.
    pub const fn key(&self) -> StationKey {
        self.key
    }

    /// Its identity.
    pub const fn charger(&self) -> &ChargerId {
        &self.charger
    }

    /// Changes the rules (the registry was reloaded).
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// What must be asked of the ledger before this event can be handled. Mostly nothing. To be called again after
    /// [`Self::learn`], until nothing is asked: one reply may lead to the next question.
    pub fn asks(&self, now: At, event: &Event) -> Vec<Question> {
        let questions = match event {
            Event::TransactionStarted(start) => self.start_asks(start),
            Event::TransactionEnded(stop) => self.stop_asks(now, stop),
            Event::Metered(metered) => self.metered_asks(now, metered),
            Event::StatusReported(report) => self.status_asks(now, report),
            Event::TransactionReported(report) => self.report_asks(now, report),
            Event::Observed(observed) => self.observed_asks(now, observed),
            Event::Booted(_)
            | Event::Heartbeat
            | Event::TokenShown(_)
            | Event::VendorData(_)
            | Event::Progress(_)
            | Event::Security(_)
            | Event::SigningRequested(_)
            | Event::DeviceDescribed(_)
            | Event::MonitorsDescribed(_)
            | Event::Noted => Vec::new(),
        };
        let questions = questions.into_iter().chain(self.driver_asks(event));
        questions.filter(|question| !self.is_answered(question)).collect()
    }

    /// Takes the ledger's replies.
    pub fn learn(&mut self, known: Vec<Known>) {
        for fact in known {
            if let Known::Session { found: Some(row), .. } = &fact {
                self.sessions.take_back(row, self.rules.rated_w);
            }
            self.known.push(fact);
        }
    }

    /// Whether this event makes a session known that was not: then [`Self::handle`] is to be given an id for it.
    pub fn begins_session(&self, now: At, event: &Event) -> bool {
        match event {
            Event::TransactionStarted(start) => self.sessions.begun_by(start).is_none(),
            Event::TransactionEnded(stop) => self.session_of(stop, stop.at.placed(now).at).is_none(),
            Event::Metered(metered) => self.is_unknown(metered).is_some(),
            Event::TransactionReported(report) => self.session_reported(now, report).is_none(),
            Event::Observed(_)
            | Event::DeviceDescribed(_)
            | Event::MonitorsDescribed(_)
            | Event::StatusReported(_)
            | Event::Booted(_)
            | Event::Heartbeat
            | Event::TokenShown(_)
            | Event::VendorData(_)
            | Event::Progress(_)
            | Event::Security(_)
            | Event::SigningRequested(_)
            | Event::Noted => false,
        }
    }

    /// Handles an event received at `now`. `fresh` is a session id that nobody has, where
    /// [`Self::begins_session`] asks for one.
    pub fn handle(&mut self, now: At, event: Event, fresh: Option<SessionId>) -> Turn {
        let mut turn = Turn::default();
        self.contact.heard(now);
        match event {
            Event::Booted(boot) => self.booted(now, boot, &mut turn),
            Event::Heartbeat => turn.answer = Some(Answer::Time(now)),
            Event::TokenShown(_) => {
                let grant = self.grant(now, None);
                let accepted = grant.permission == Permission::Accepted;
                turn.changes.push(Change::TokenChecked { at: now, accepted });
                turn.answer = Some(Answer::Token(grant));
            }
            Event::StatusReported(report) => self.status_reported(now, report, &mut turn),
            Event::Metered(metered) => self.metered(now, metered, fresh, &mut turn),
            Event::TransactionStarted(start) => self.transaction_started(now, start, fresh, &mut turn),
            Event::TransactionEnded(stop) => self.transaction_ended(now, stop, fresh, &mut turn),
            Event::TransactionReported(report) => self.transaction_reported(now, *report, fresh, &mut turn),
            Event::Observed(observed) => self.observed(now, observed, &mut turn),
            Event::DeviceDescribed(variables) => {
                turn.changes.extend(variables.into_iter().map(|variable| Change::Variable(Box::new(variable))));
            }
            Event::MonitorsDescribed(monitors) => {
                turn.changes.extend(monitors.into_iter().map(|monitor| Change::Monitor(Box::new(monitor))));
            }
            Event::Progress(progress) => {
                if let Some(status) = progress.status {
                    turn.changes.push(Change::Progress { at: now, task: progress.task, status });
                }
            }
            Event::Security(security) => {
                let at = place(now, security.at, "timestamp", &mut turn).at;
                put_down(at, &security.kind.unwrap_or_default(), security.info, &mut turn);
            }
            Event::SigningRequested(_) => self.signing_requested(now, &mut turn),
            Event::VendorData(_) | Event::Noted => {}
        }
        self.sessions.forget_oldest();
        self.known.clear();
        turn
    }

    /// The security profile of its last connection, where one with this protection is weaker.
    pub fn stronger_before(&self, protection: Option<Protection>) -> Option<Profile> {
        self.contact.stronger_before(protection)
    }

    /// A connection began. One that is weaker than the one before is a security event: somebody has changed the
    /// charger's settings, or pretends to be it.
    pub fn connected(&mut self, now: At, protocol: &str, peer: &str, protection: Option<Protection>) -> Turn {
        let mut turn = Turn::default();
        if let Some((_, over_this)) = &mut self.boot {
            *over_this = false;
        }
        // Nobody may have looked while the grace went by.
        if let Some(since) = self.contact.fallen_silent(now, self.rules.grace) {
            self.connectors.lose(since, &mut turn);
        }
        if let Some((before, now_is)) = self.stronger_before(protection).zip(protection) {
            let info = format!("from security profile {before} to {}", now_is.profile);
            put_down(now, WEAKER_PROFILE, Some(info.into()), &mut turn);
        }
        turn.changes.push(self.contact.began(now, protocol, peer, protection));
        self.connectors.resume(now, &mut turn);
        self.renumber(now, protocol, &mut turn);
        turn
    }

    /// Its connection ended; it was last heard at `heard`.
    pub fn disconnected(&mut self, heard: At, reason: &'static str) -> Turn {
        let change = self.contact.ended(heard, reason);
        Turn { changes: vec![change], ..Turn::default() }
    }

    /// Time passed. To be called at [`Self::next_wake`], connected or not.
    pub fn wake(&mut self, now: At) -> Turn {
        let mut turn = Turn::default();
        if let Some(since) = self.contact.fallen_silent(now, self.rules.grace) {
            self.connectors.lose(since, &mut turn);
        }
        self.end_stale_sessions(now, &mut turn);
        turn
    }

    /// When the machine next wants to be woken (the grace after a disconnect ends, an open session goes stale).
    pub fn next_wake(&self) -> Option<At> {
        let silence = self.contact.silent_from(self.rules.grace);
        silence.into_iter().chain(self.stale_at()).min()
    }

    /// Whether the charger is offline and nothing more will happen by time alone.
    pub fn is_at_rest(&self) -> bool {
        self.contact.is_lost() && self.next_wake().is_none()
    }

    fn booted(&mut self, now: At, boot: Boot, turn: &mut Turn) {
        let interval = self.rules.heartbeat;
        turn.answer =
            Some(if self.rules.held { Answer::BootPending { now, interval } } else { Answer::Boot { now, interval } });
        // The same words over the same connection are one boot said again (an answer was lost or not liked).
        if self.boot.as_ref().is_some_and(|(known, over_this)| *over_this && *known == boot) {
            return;
        }
        turn.changes.push(Change::Booted { at: now, boot: boot.clone() });
        turn.effects.push(Effect::Booted(boot.clone()));
        self.boot = Some((boot, true));
    }

    /// A certificate was asked for. Whether it was signed comes as a fact; where nobody could decide, nothing was.
    fn signing_requested(&self, now: At, turn: &mut Turn) {
        let decided = self.known.iter().find_map(|known| match known {
            Known::Signing(decided) => Some(decided),
            Known::Session { .. }
            | Known::MeterHistory(..)
            | Known::NextReport { .. }
            | Known::RunningOf(..)
            | Known::Driver(_) => None,
        });
        turn.answer = Some(Answer::Signing(decided.is_some_and(Result::is_ok)));
        if let Some(Err(why)) = decided {
            put_down(now, SIGNING_REFUSED, Some(why.clone()), turn);
        }
    }

    fn is_answered(&self, question: &Question) -> bool {
        self.known.iter().any(|known| match (question, known) {
            (asked, Known::Session { to, .. }) => asked == to,
            (Question::MeterHistory(asked), Known::MeterHistory(id, _)) => asked == id,
            (Question::NextReport(outlet, after), Known::NextReport { outlet: of, after: than, .. }) => {
                outlet == of && after == than
            }
            (Question::RunningOf(asked), Known::RunningOf(token, _)) => asked == token,
            _ => false,
        })
    }
}

/// Puts a security event down.
fn put_down(at: At, kind: &str, info: Option<Box<str>>, turn: &mut Turn) {
    turn.changes.push(Change::Security { at, kind: kind.into(), info });
    turn.effects.push(Effect::Security(SecurityKind::of(kind)));
}

/// Places a charger's time; notes when it is not believed.
fn place(now: At, time: ChargerTime, path: &str, turn: &mut Turn) -> Placed {
    let placed = time.placed(now);
    if matches!(placed.trust, Trust::Ahead | Trust::TooOld) {
        let said = time.said.map(At::to_rfc3339).unwrap_or_default();
        turn.deviations.push(Deviation::new(Rule::TimeImplausible, path, &said));
    }
    placed
}

#[cfg(test)]
mod tests;
