//! The station machine: one per charger. It is told events and the time, and returns turns.

use std::time::Duration;

use super::event::Event;
use super::ids::SessionId;
use super::record::{Known, Question, StationMemory, Turn};
use super::time::At;

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
    memory: StationMemory,
    rules: Rules,
}

impl Station {
    /// Begins with what the ledger knows.
    pub fn recall(memory: StationMemory, rules: Rules) -> Self {
        Self { memory, rules }
    }

    /// What must be asked of the ledger before this event can be handled. Mostly nothing.
    pub fn asks(&self, _now: At, _event: &Event) -> Vec<Question> {
        Vec::new()
    }

    /// Takes the ledger's replies.
    pub fn learn(&mut self, _known: Vec<Known>) {}

    /// Handles an event received at `now`. `fresh` is a session id that is free; [`Turn::took_id`] says whether it
    /// was taken.
    pub fn handle(&mut self, _now: At, _event: Event, _fresh: SessionId) -> Turn {
        Turn::default()
    }

    /// A connection began.
    pub fn connected(&mut self, _now: At, _protocol: &str, _peer: &str) -> Turn {
        Turn::default()
    }

    /// Its connection ended; it was last heard at `heard`.
    pub fn disconnected(&mut self, _heard: At, _reason: &'static str) -> Turn {
        Turn::default()
    }

    /// Time passed. To be called at [`Self::next_wake`], connected or not.
    pub fn wake(&mut self, _now: At) -> Turn {
        Turn::default()
    }

    /// When the machine next wants to be woken (the grace after a disconnect ends, an open session goes stale).
    pub fn next_wake(&self) -> Option<At> {
        None
    }

    /// Changes the rules (the registry was reloaded).
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Its ledger row and identity.
    pub fn memory(&self) -> &StationMemory {
        &self.memory
    }
}
