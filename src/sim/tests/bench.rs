//! One charger under a test's control.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::behaviour;
use crate::sim::charger::{Action, Charger};
use crate::sim::places::Kit;
use crate::sim::{Fleet, FleetPlan};

/// A charger of this behaviour with a busy site, under a test's control.
pub(super) struct Bench {
    pub(super) charger: Charger,
    pub(super) now: DateTime<Utc>,
    pub(super) said: Vec<Value>,
    pub(super) connecting: bool,
}

impl Bench {
    pub(super) fn new(name: &str) -> Self {
        Self::of(name, Kit::Rapid50)
    }

    /// The first charger of a large fleet that behaves so and is such kit, without trouble.
    pub(super) fn of(name: &str, kit: Kit) -> Self {
        let from = "2026-02-03T07:00:00Z".parse().unwrap();
        let protocols = vec![behaviour::named(name).unwrap().protocol];
        let fleet = Fleet::new(&FleetPlan { protocols, trouble: 0.0, ..FleetPlan::new(400, 3, from) });
        let fits = |charger: &Charger| charger.spec().behaviour.name == name && charger.spec().kit == kit;
        let charger = fleet.into_chargers().into_iter().find(fits).unwrap();
        Self { charger, now: from, said: Vec::new(), connecting: false }
    }

    /// A charger that is connected and whose boot was accepted.
    pub(super) fn booted(name: &str) -> Self {
        Self::new(name).boot()
    }

    /// Connects, and has the boot accepted.
    pub(super) fn boot(mut self) -> Self {
        self.run_until(|bench| bench.connecting);
        self.open();
        self.answer(json!({"status": "Accepted", "interval": 600, "currentTime": "2026-02-03T07:00:00Z"}));
        self
    }

    pub(super) fn open(&mut self) {
        self.connecting = false;
        let actions = self.charger.connected(self.now);
        self.note(actions);
    }

    pub(super) fn drop_link(&mut self) {
        let actions = self.charger.disconnected(self.now);
        self.note(actions);
    }

    /// Lets time pass until the test holds.
    pub(super) fn run_until(&mut self, test: impl Fn(&Self) -> bool) {
        for _ in 0..100_000 {
            if test(self) {
                return;
            }
            self.now = self.now.max(self.charger.next_at());
            let actions = self.charger.wake(self.now);
            self.note(actions);
        }
        panic!("it never came to that; last said {:?}", self.said.last());
    }

    /// Answers everything until the charger says this, and leaves that unanswered.
    pub(super) fn run_until_said(&mut self, action: &str) -> Value {
        self.run_until_told(|call| call[2] == action)
    }

    /// Answers everything until the charger makes such a call, and leaves that unanswered.
    pub(super) fn run_until_told(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        while !is_it(self.last()) {
            if self.last()[0] == 2 {
                self.answer(json!({"transactionId": 77, "idTagInfo": {"status": "Accepted"}}));
                continue;
            }
            let before = self.said.len();
            self.run_until(|bench| bench.said.len() > before);
        }
        self.last().clone()
    }

    pub(super) fn last(&self) -> &Value {
        self.said.last().unwrap()
    }

    /// Answers what was said last.
    pub(super) fn answer(&mut self, payload: Value) {
        let id = self.last()[1].clone();
        self.said.push(json!([3]));
        self.deliver(json!([3, id, payload]));
    }

    pub(super) fn deliver(&mut self, frame: Value) {
        let actions = self.charger.deliver(self.now, &frame.to_string());
        self.note(actions);
    }

    /// Calls the charger and gives its answer.
    pub(super) fn call(&mut self, action: &str, payload: Value) -> Value {
        self.deliver(json!([2, "server-1", action, payload]));
        let answer = self.said.iter().rfind(|frame| frame[1] == "server-1").unwrap();
        answer.clone()
    }

    pub(super) fn note(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Connect => self.connecting = true,
                Action::Disconnect => {}
                Action::Send(text) => self.said.push(serde_json::from_str(&text).unwrap()),
            }
        }
    }
}
