//! The live picture of the network: what each charger and connector is doing now, for metrics and lists.
//!
//! It is seeded from the ledger at the start, so that counters do not fall, and moves with what has become durable.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::domain::energy::{IN_VAIN, Milli, MilliWh};
use crate::domain::event::Boot;
use crate::domain::ids::{ChargerId, Outlet, SessionId};
use crate::domain::reading::{ReadingKind, measurand};
use crate::domain::record::{ConnectorNow, Effect, SessionEvent, SessionRow, SessionState};
use crate::domain::security::{Profile, Protection};
use crate::domain::status::State;
use crate::domain::time::At;
use crate::observe::builds::{Build, Builds, Counts};
use crate::observe::exempt::Exemptions;

/// The live picture.
#[derive(Default)]
pub struct Board {
    /// What the chargers are, and how many of their frames deviate.
    pub builds: Builds,
    /// What operators entered about EVSEs.
    pub exemptions: Exemptions,
    /// Rises with every change.
    revision: AtomicU64,
    chargers: RwLock<HashMap<ChargerId, Arc<Mutex<ChargerLive>>>>,
}

/// A charger now.
#[derive(Clone, Debug)]
pub struct ChargerLive {
    /// Its identity.
    pub charger: ChargerId,
    /// Whether it is connected.
    pub connected: bool,
    /// When it was last heard.
    pub heard: Option<At>,
    /// Its protocol.
    pub protocol: String,
    /// Security profile of its last connection.
    pub profile: Option<Profile>,
    /// Until when the certificate is good that it last showed.
    pub certificate_until: Option<At>,
    /// What it says of itself.
    pub boot: Boot,
    /// How far its clock is ahead of ours, in milliseconds.
    pub skew_ms: Option<i64>,
    /// Boots over the whole ledger.
    pub boots: u64,
    /// Connections that ended, over the whole ledger.
    pub disconnects: u64,
    /// How long it took to answer the last ping.
    pub latency: Option<Duration>,
    /// Its connectors.
    pub connectors: Vec<ConnectorLive>,
    /// The counters of what it is.
    build: Option<Arc<Counts>>,
    /// The revision of the board in which it last changed.
    revision: u64,
}

/// A connector now.
#[derive(Clone, Debug)]
pub struct ConnectorLive {
    /// Which.
    pub outlet: Outlet,
    /// Its status as last reported.
    pub now: Option<ConnectorNow>,
    /// Newest values by measurand and phase.
    pub values: Vec<LiveValue>,
    /// Its open session.
    pub session: Option<OpenSession>,
    /// What it has come to over the whole ledger. Energy never falls, a revision downwards is waited out.
    pub totals: Totals,
    /// The energy with every revision.
    exact_energy: MilliWh,
    /// How often its register fell back, since this program began.
    pub register_resets: u64,
    /// Readings of its register that cannot be, since this program began.
    pub implausible_readings: u64,
}

/// What a connector has come to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Sessions.
    pub sessions: u64,
    /// Energy of its sessions.
    pub energy: MilliWh,
    /// Sessions that ended with next to no energy.
    pub vain: u64,
    /// How often its status became another one.
    pub status_changes: u64,
}

/// A live value.
#[derive(Clone, Debug)]
pub struct LiveValue {
    /// What is measured.
    pub measurand: &'static str,
    /// On which phase; empty for the total.
    pub phase: &'static str,
    /// When.
    pub at: At,
    /// The value in its base unit.
    pub value: Milli,
}

/// An open session.
#[derive(Clone, Copy, Debug)]
pub struct OpenSession {
    /// Its id.
    pub id: SessionId,
    /// When it began.
    pub started_at: Option<At>,
    /// Its energy so far.
    pub energy: Option<MilliWh>,
}

/// The measurands that are shown live.
const SHOWN: [&str; 7] = [
    measurand::POWER,
    measurand::ENERGY_REGISTER,
    measurand::CURRENT,
    measurand::VOLTAGE,
    measurand::SOC,
    measurand::POWER_OFFERED,
    measurand::CURRENT_OFFERED,
];

/// A register that falls by no more than this has only been rounded: 10 Wh.
const REGISTER_NOISE: MilliWh = MilliWh::from_wh(10);

/// The phases that are shown live; `L1-N` is shown as `L1`.
const PHASES: [&str; 4] = ["", "L1", "L2", "L3"];

impl ChargerLive {
    /// A charger of which nothing was ever heard.
    pub fn unmet(charger: ChargerId) -> Self {
        Self {
            charger,
            connected: false,
            heard: None,
            protocol: String::new(),
            profile: None,
            certificate_until: None,
            boot: Boot::default(),
            skew_ms: None,
            boots: 0,
            disconnects: 0,
            latency: None,
            connectors: Vec::new(),
            build: None,
            revision: 0,
        }
    }

    /// Its connector; it appears when first spoken of.
    pub fn connector(&mut self, outlet: Outlet) -> &mut ConnectorLive {
        let index = self.connectors.iter().position(|connector| connector.outlet == outlet).unwrap_or_else(|| {
            self.connectors.push(ConnectorLive::new(outlet));
            self.connectors.len() - 1
        });
        &mut self.connectors[index]
    }

    /// A session is at one connector: it may have been put down at another before more was known.
    fn vacate_others(&mut self, row: &SessionRow) {
        let others = self.connectors.iter_mut().filter(|connector| connector.outlet != row.outlet);
        for connector in others.filter(|connector| connector.session.is_some_and(|open| open.id == row.id)) {
            connector.session = None;
        }
    }

    /// Whether it has not been heard for longer than the grace.
    pub fn is_silent(&self, now: At, grace_ms: i64) -> bool {
        !self.connected && self.heard.is_none_or(|heard| now.millis_since(heard) > grace_ms)
    }
}

impl ConnectorLive {
    fn new(outlet: Outlet) -> Self {
        Self {
            outlet,
            now: None,
            values: Vec::new(),
            session: None,
            totals: Totals::default(),
            exact_energy: MilliWh(0),
            register_resets: 0,
            implausible_readings: 0,
        }
    }

    /// Its availability, unless its charger is silent.
    pub fn state(&self) -> State {
        match (&self.now, self.session) {
            (Some(now), _) => now.status.state(),
            (None, Some(_)) => State::Charging,
            (None, None) => State::Unknown,
        }
    }

    /// A live value that is not older than `oldest`.
    pub fn value(&self, measurand: &str, phase: &str, oldest: At) -> Option<Milli> {
        self.newest(measurand, phase).filter(|value| value.at >= oldest).map(|value| value.value)
    }

    /// A live value with its time, however old.
    pub fn newest(&self, measurand: &str, phase: &str) -> Option<&LiveValue> {
        self.values.iter().find(|value| value.measurand == measurand && value.phase == phase)
    }

    fn report(&mut self, now: &ConnectorNow) {
        let is_other = self.now.as_ref().is_some_and(|before| before.status != now.status);
        self.totals.status_changes += u64::from(is_other);
        self.now = Some(now.clone());
    }

    /// Nobody speaks of it any more. Its totals stay: counters do not fall.
    fn retire(&mut self) {
        (self.now, self.session) = (None, None);
        self.values.clear();
    }

    fn show(&mut self, kind: &ReadingKind, at: At, value: Milli) {
        if kind.location.as_str() != "Outlet" {
            return;
        }
        let name = kind.phase.as_str();
        let line = name.strip_suffix("-N").unwrap_or(name);
        let measurand = SHOWN.into_iter().find(|shown| *shown == kind.measurand.as_str());
        let phase = PHASES.into_iter().find(|phase| *phase == line);
        let (Some(measurand), Some(phase)) = (measurand, phase) else { return };
        let fresh = LiveValue { measurand, phase, at, value };
        match self.values.iter_mut().find(|old| old.measurand == measurand && old.phase == phase) {
            Some(old) if old.at <= at => {
                let fell = old.value.0.saturating_sub(value.0) > REGISTER_NOISE.0;
                self.register_resets += u64::from(measurand == measurand::ENERGY_REGISTER && fell);
                *old = fresh;
            }
            Some(_) => {}
            None => self.values.push(fresh),
        }
    }

    fn session(&mut self, what: SessionEvent, row: &SessionRow, energy_added: MilliWh) {
        let ended = matches!(what, SessionEvent::Ended | SessionEvent::EndedWithoutStop);
        self.totals.sessions += u64::from(what == SessionEvent::Began);
        self.totals.vain += u64::from(ended && row.energy.is_some_and(|energy| energy < IN_VAIN));
        self.exact_energy = self.exact_energy.plus(energy_added);
        self.totals.energy = self.totals.energy.max(self.exact_energy);
        if row.state == SessionState::Active {
            self.session = Some(OpenSession { id: row.id, started_at: row.started_at, energy: row.energy });
        } else if self.session.is_some_and(|open| open.id == row.id) {
            self.session = None;
        }
    }
}

impl Board {
    /// Sets what the ledger knows of a charger.
    pub fn seed(&self, charger: &ChargerId, set: impl FnOnce(&mut ChargerLive)) {
        self.with(charger, set);
    }

    /// Sets what the ledger knows of a connector's past.
    pub fn seed_totals(&self, charger: &ChargerId, outlet: Outlet, so_far: Totals, open: Option<&SessionRow>) {
        self.with(charger, |live| {
            let connector = live.connector(outlet);
            (connector.totals, connector.exact_energy) = (so_far, so_far.energy);
            connector.session =
                open.map(|row| OpenSession { id: row.id, started_at: row.started_at, energy: row.energy });
        });
    }

    /// A charger is connected.
    pub fn connected(&self, charger: &ChargerId, now: At, protocol: &str, protection: Protection) {
        self.with(charger, |live| {
            live.connected = true;
            live.heard = Some(now);
            protocol.clone_into(&mut live.protocol);
            live.profile = Some(protection.profile);
            live.certificate_until = protection.certificate_until.or(live.certificate_until);
            live.build = None;
        });
    }

    /// A charger's connection ended.
    pub fn disconnected(&self, charger: &ChargerId, heard: At) {
        self.with(charger, |live| {
            live.connected = false;
            live.heard = Some(heard);
            live.disconnects += 1;
        });
    }

    /// A charger answered a ping after so long.
    pub fn answered_ping(&self, charger: &ChargerId, took: Duration) {
        self.with(charger, |live| live.latency = Some(took));
    }

    /// A frame of a charger was heard.
    pub fn heard(&self, charger: &ChargerId, now: At, deviates: bool) {
        self.with(charger, |live| {
            live.heard = Some(now);
            let build = || self.builds.counts(Build::of(&live.boot, &live.protocol));
            live.build.get_or_insert_with(build).add(1, u64::from(deviates));
        });
    }

    /// Something that happened at a charger has become durable.
    pub fn apply(&self, charger: &ChargerId, effects: &[Effect]) {
        if effects.is_empty() {
            return;
        }
        self.with(charger, |live| {
            for effect in effects {
                match effect {
                    Effect::Booted(boot) => {
                        live.boots += 1;
                        live.boot = boot.clone();
                        live.build = None;
                    }
                    Effect::Status(now) => live.connector(now.outlet).report(now),
                    Effect::Implausible(outlet) => live.connector(*outlet).implausible_readings += 1,
                    Effect::Live { outlet, kind, at, value } => live.connector(*outlet).show(kind, *at, *value),
                    Effect::Session { what, row, energy_added } => {
                        live.vacate_others(row);
                        live.connector(row.outlet).session(*what, row, *energy_added);
                    }
                    Effect::Gone(outlet) => live.connector(*outlet).retire(),
                    Effect::Skew(offset) => live.skew_ms = Some(*offset),
                    Effect::Security(_) => {}
                }
            }
        });
    }

    /// How many chargers were ever met.
    pub fn len(&self) -> usize {
        self.chargers.read().len()
    }

    /// Whether none was met yet.
    pub fn is_empty(&self) -> bool {
        self.chargers.read().is_empty()
    }

    /// Whether a charger was ever met.
    pub fn has(&self, charger: &ChargerId) -> bool {
        self.chargers.read().contains_key(charger)
    }

    /// A charger now.
    pub fn get(&self, charger: &ChargerId) -> Option<ChargerLive> {
        let live = self.chargers.read().get(charger).cloned()?;
        let copy = live.lock().clone();
        Some(copy)
    }

    /// Looks at a charger, if it was ever met. The charger waits meanwhile.
    pub fn look<T>(&self, charger: &ChargerId, at: impl FnOnce(&ChargerLive) -> T) -> Option<T> {
        let live = self.chargers.read().get(charger).cloned()?;
        let seen = at(&live.lock());
        Some(seen)
    }

    /// Every charger, in order of identity.
    pub fn all(&self) -> Vec<ChargerLive> {
        let mut all = Vec::new();
        self.look_at_all(|charger| all.push(charger.clone()));
        all
    }

    /// Looks at every charger, in order of identity. Each waits while it is looked at.
    pub fn look_at_all(&self, mut at: impl FnMut(&ChargerLive)) {
        let mut handles: Vec<_> =
            self.chargers.read().iter().map(|(charger, live)| (charger.clone(), live.clone())).collect();
        handles.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        for (_, live) in handles {
            at(&live.lock());
        }
    }

    /// The chargers that changed after a revision (0: every one that was met), in no order, and the revision to ask with
    /// the next time.
    pub fn changed_since(&self, revision: u64) -> (u64, Vec<ChargerLive>) {
        let newest = self.revision.load(Ordering::Relaxed);
        let handles: Vec<_> = self.chargers.read().values().cloned().collect();
        let changed = |live: &Arc<Mutex<ChargerLive>>| {
            let live = live.lock();
            (live.revision > revision).then(|| live.clone())
        };
        (newest, handles.iter().filter_map(changed).collect())
    }

    fn with(&self, charger: &ChargerId, change: impl FnOnce(&mut ChargerLive)) {
        let known = self.chargers.read().get(charger).cloned();
        let live = known.unwrap_or_else(|| {
            let mut chargers = self.chargers.write();
            let fresh = || Arc::new(Mutex::new(ChargerLive::unmet(charger.clone())));
            chargers.entry(charger.clone()).or_insert_with(fresh).clone()
        });
        let mut live = live.lock();
        change(&mut live);
        // While the charger is held: who has seen a later revision finds this change too.
        live.revision = self.revision.fetch_add(1, Ordering::Relaxed) + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i32, state: SessionState) -> SessionRow {
        let id = SessionId(id);
        SessionRow { state, ..SessionRow::unknown(id, Outlet::new(1, 1), id.into(), At::from_millis(0)) }
    }

    #[test]
    fn a_session_that_moves_to_another_connector_is_open_at_one_alone() {
        let board = Board::default();
        let charger = ChargerId::new("CP-1");
        for outlet in [Outlet::new(1, 0), Outlet::new(1, 2)] {
            let row = Box::new(SessionRow { outlet, ..row(8, SessionState::Active) });
            let effect = Effect::Session { what: SessionEvent::Progressed, row, energy_added: MilliWh(0) };
            board.apply(&charger, &[effect]);
        }
        let open = |connector: &ConnectorLive| (connector.outlet.connector, connector.session.is_some());
        let live = board.get(&charger).unwrap();
        assert_eq!(live.connectors.iter().map(open).collect::<Vec<_>>(), [(0, false), (2, true)]);
    }

    #[test]
    fn only_what_changed_since_a_revision_is_told_again() {
        let board = Board::default();
        let (one, two) = (ChargerId::new("CP-1"), ChargerId::new("CP-2"));
        let told = |since: u64| {
            let (next, changed) = board.changed_since(since);
            let mut ids: Vec<String> = changed.iter().map(|live| live.charger.as_str().to_owned()).collect();
            ids.sort();
            (next, ids.join(" "))
        };
        assert_eq!(told(0), (0, String::new()));
        board.heard(&one, At::from_millis(1), false);
        board.heard(&two, At::from_millis(2), false);
        assert_eq!(told(0), (2, "CP-1 CP-2".to_owned()));
        assert_eq!(told(2), (2, String::new()));
        board.disconnected(&one, At::from_millis(3));
        assert_eq!(told(2), (3, "CP-1".to_owned()));
    }

    #[test]
    fn counters_begin_with_the_ledger_and_never_fall() {
        let board = Board::default();
        let charger = ChargerId::new("CP-1");
        let so_far = Totals { sessions: 7, energy: MilliWh(5000), ..Totals::default() };
        board.seed_totals(&charger, Outlet::new(1, 1), so_far, None);
        let session =
            |what, state, added| Effect::Session { what, row: Box::new(row(8, state)), energy_added: MilliWh(added) };
        let shown = |board: &Board| {
            let live = board.get(&charger).unwrap();
            let totals = live.connectors[0].totals;
            (totals.sessions, totals.energy.0, live.connectors[0].session.is_some())
        };
        board.apply(&charger, &[session(SessionEvent::Began, SessionState::Active, 0)]);
        board.apply(&charger, &[session(SessionEvent::Progressed, SessionState::Active, 900)]);
        assert_eq!(shown(&board), (8, 5900, true));
        board.apply(&charger, &[session(SessionEvent::Ended, SessionState::Ended, -400)]);
        assert_eq!(shown(&board), (8, 5900, false));
        board.apply(&charger, &[session(SessionEvent::Revised, SessionState::Ended, 600)]);
        assert_eq!(shown(&board), (8, 6100, false));
    }
}
