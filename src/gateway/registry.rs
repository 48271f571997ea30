//! Who is connected: the owner task of each charger, and what is to be seen of its connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::contest::{Contest, Contested, Rules};
use crate::domain::ids::ChargerId;
use crate::domain::security::{Fingerprint, Protection};
use crate::domain::station::Station;
use crate::domain::time::At;

/// How many notes may wait for a task. A newer connection sends one and waits for its answer.
const MAILBOX: usize = 4;

/// Notes that a charger's task gets.
pub(super) enum Note {
    /// A newer connection is here: hand the machine over and end.
    Yield(oneshot::Sender<Station>),
    /// The charger may no longer be connected: close and end.
    Dismiss,
}

/// The connections of all chargers. Cheap to clone.
#[derive(Clone, Default)]
pub struct Connections {
    by_charger: Arc<Mutex<HashMap<ChargerId, Entry>>>,
}

#[derive(Clone)]
struct Entry {
    mailbox: mpsc::Sender<Note>,
    live: Arc<Live>,
    contest: Contest,
    rules: Rules,
}

/// What is to be seen of a connection.
struct Live {
    since: At,
    peer: String,
    protocol: &'static str,
    protection: Protection,
    heard: AtomicI64,
    up: AtomicBool,
}

/// A connection as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Since when.
    pub since: At,
    /// Where from.
    pub peer: String,
    /// Protocol.
    pub protocol: &'static str,
    /// How it is protected.
    pub protection: Protection,
    /// When the charger was last heard.
    pub heard: At,
}

/// A task's place among the connections; given up when it ends.
pub(super) struct Place {
    connections: Connections,
    charger: ChargerId,
    live: Arc<Live>,
    /// Notes for this task.
    pub(super) notes: mpsc::Receiver<Note>,
}

impl Connections {
    /// How many chargers are connected.
    pub fn count(&self) -> usize {
        self.by_charger.lock().values().filter(|entry| entry.live.up.load(Ordering::Relaxed)).count()
    }

    /// The connection of a charger, if it is connected.
    pub fn of(&self, charger: &ChargerId) -> Option<Connected> {
        let live = self.by_charger.lock().get(charger).map(|entry| entry.live.clone())?;
        live.up.load(Ordering::Relaxed).then(|| Connected {
            since: live.since,
            peer: live.peer.clone(),
            protocol: live.protocol,
            protection: live.protection,
            heard: At::from_millis(live.heard.load(Ordering::Relaxed)),
        })
    }

    /// Whether two devices seem to use a charger's identity.
    pub fn contested(&self, charger: &ChargerId, now: At) -> Option<Contested> {
        let all = self.by_charger.lock();
        all.get(charger).and_then(|entry| entry.contest.verdict(now, entry.rules))
    }

    /// Whether a charger has a connection now.
    pub(super) fn has(&self, charger: &ChargerId) -> bool {
        self.by_charger.lock().get(charger).is_some_and(|entry| entry.live.up.load(Ordering::Relaxed))
    }

    /// The chargers that are connected, with the certificate that each has shown.
    pub(super) fn chargers(&self) -> Vec<(ChargerId, Option<Fingerprint>)> {
        let all = self.by_charger.lock();
        let up = all.iter().filter(|(_, entry)| entry.live.up.load(Ordering::Relaxed));
        up.map(|(charger, entry)| (charger.clone(), entry.live.protection.certificate)).collect()
    }

    /// Sends a charger away. Where its mailbox is full somebody is taking it over, and will be sent away in turn.
    pub(super) fn dismiss(&self, charger: &ChargerId) {
        if let Some(entry) = self.by_charger.lock().get(charger) {
            entry.mailbox.try_send(Note::Dismiss).ok();
        }
    }

    /// Takes a charger's place; also returns the mailbox of whoever held it.
    pub(super) fn take(
        &self,
        charger: &ChargerId,
        now: At,
        peer: &str,
        protocol: &'static str,
        protection: Protection,
        rules: Rules,
    ) -> (Place, Option<mpsc::Sender<Note>>) {
        let (mailbox, notes) = mpsc::channel(MAILBOX);
        let live = Arc::new(Live {
            since: now,
            peer: peer.to_owned(),
            protocol,
            protection,
            heard: AtomicI64::new(now.millis()),
            up: AtomicBool::new(true),
        });
        let mut all = self.by_charger.lock();
        let mut contest = all.get_mut(charger).map(|before| std::mem::take(&mut before.contest)).unwrap_or_default();
        if let Some(before) = all.get(charger).filter(|before| before.live.up.load(Ordering::Relaxed)) {
            contest.taken_over(now, &before.live.peer, peer);
        }
        let before = all.insert(charger.clone(), Entry { mailbox, live: live.clone(), contest, rules });
        drop(all);
        let place = Place { connections: self.clone(), charger: charger.clone(), live, notes };
        (place, before.map(|entry| entry.mailbox))
    }
}

impl Place {
    /// Notes that the charger was heard.
    pub(super) fn heard(&self, now: At) {
        self.live.heard.store(now.millis(), Ordering::Relaxed);
    }

    /// Notes that the socket is gone; the task may stay for a while.
    pub(super) fn lost_socket(&self) {
        self.live.up.store(false, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lost_socket();
        let mut all = self.connections.by_charger.lock();
        // A newer connection may have taken the place.
        if all.get(&self.charger).is_some_and(|entry| Arc::ptr_eq(&entry.live, &self.live)) {
            all.remove(&self.charger);
        }
    }
}
