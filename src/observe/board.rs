//! The live picture of the network: what each charger and connector is doing now, for metrics and lists.
//!
//! It is seeded from the ledger at the start, so that counters do not fall, and moves with what has become durable.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::domain::energy::{Milli, MilliWh};
use crate::domain::event::Boot;
use crate::domain::ids::{ChargerId, Outlet, SessionId};
use crate::domain::reading::{ReadingKind, measurand};
use crate::domain::record::{ConnectorNow, Effect, SessionEvent, SessionRow, SessionState};
use crate::domain::status::State;
use crate::domain::time::At;
use crate::observe::builds::{Build, Builds, Counts};

/// The live picture.
#[derive(Default)]
pub struct Board {
    /// What the chargers are, and how many of their frames deviate.
    pub builds: Builds,
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
    /// What it says of itself.
    pub boot: Boot,
    /// How far its clock is ahead of ours, in milliseconds.
    pub skew_ms: Option<i64>,
    /// Boots over the whole ledger.
    pub boots: u64,
    /// Disconnects since this program began.
    pub disconnects: u64,
    /// Its connectors.
    pub connectors: Vec<ConnectorLive>,
    /// The counters of what it is.
    build: Option<Arc<Counts>>,
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
    /// Sessions over the whole ledger.
    pub sessions: u64,
    /// Energy of its sessions over the whole ledger; never falls, a revision downwards is waited out.
    pub energy: MilliWh,
    /// The same with every revision.
    exact_energy: MilliWh,
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
const SHOWN: [&str; 6] = [
    measurand::POWER,
    measurand::ENERGY_REGISTER,
    measurand::CURRENT,
    measurand::VOLTAGE,
    measurand::SOC,
    measurand::POWER_OFFERED,
];

/// The phases that are shown live; `L1-N` is shown as `L1`.
const PHASES: [&str; 4] = ["", "L1", "L2", "L3"];

impl ChargerLive {
    fn new(charger: ChargerId) -> Self {
        Self {
            charger,
            connected: false,
            heard: None,
            protocol: String::new(),
            boot: Boot::default(),
            skew_ms: None,
            boots: 0,
            disconnects: 0,
            connectors: Vec::new(),
            build: None,
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
            sessions: 0,
            energy: MilliWh(0),
            exact_energy: MilliWh(0),
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
        let fits = |value: &&LiveValue| value.measurand == measurand && value.phase == phase && value.at >= oldest;
        self.values.iter().find(fits).map(|value| value.value)
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
            Some(old) if old.at <= at => *old = fresh,
            Some(_) => {}
            None => self.values.push(fresh),
        }
    }

    fn session(&mut self, what: SessionEvent, row: &SessionRow, energy_added: MilliWh) {
        self.sessions += u64::from(what == SessionEvent::Began);
        self.exact_energy = self.exact_energy.plus(energy_added);
        self.energy = self.energy.max(self.exact_energy);
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
    pub fn seed_totals(
        &self,
        charger: &ChargerId,
        outlet: Outlet,
        sessions: u64,
        energy: MilliWh,
        open: Option<&SessionRow>,
    ) {
        self.with(charger, |live| {
            let connector = live.connector(outlet);
            (connector.sessions, connector.energy, connector.exact_energy) = (sessions, energy, energy);
            connector.session =
                open.map(|row| OpenSession { id: row.id, started_at: row.started_at, energy: row.energy });
        });
    }

    /// A charger is connected.
    pub fn connected(&self, charger: &ChargerId, now: At, protocol: &str) {
        self.with(charger, |live| {
            live.connected = true;
            live.heard = Some(now);
            protocol.clone_into(&mut live.protocol);
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
                    Effect::Status(now) => live.connector(now.outlet).now = Some(now.clone()),
                    Effect::Live { outlet, kind, at, value } => live.connector(*outlet).show(kind, *at, *value),
                    Effect::Session { what, row, energy_added } => {
                        live.connector(row.outlet).session(*what, row, *energy_added);
                    }
                    Effect::Gone(outlet) => live.connector(*outlet).retire(),
                    Effect::Skew(offset) => live.skew_ms = Some(*offset),
                }
            }
        });
    }

    /// A charger now.
    pub fn get(&self, charger: &ChargerId) -> Option<ChargerLive> {
        let live = self.chargers.read().get(charger).cloned()?;
        let copy = live.lock().clone();
        Some(copy)
    }

    /// Every charger, in order of identity.
    pub fn all(&self) -> Vec<ChargerLive> {
        let handles: Vec<_> = self.chargers.read().values().cloned().collect();
        let mut all: Vec<_> = handles.iter().map(|live| live.lock().clone()).collect();
        all.sort_by(|a, b| a.charger.as_str().cmp(b.charger.as_str()));
        all
    }

    fn with(&self, charger: &ChargerId, change: impl FnOnce(&mut ChargerLive)) {
        let known = self.chargers.read().get(charger).cloned();
        let live = known.unwrap_or_else(|| {
            let mut chargers = self.chargers.write();
            let fresh = || Arc::new(Mutex::new(ChargerLive::new(charger.clone())));
            chargers.entry(charger.clone()).or_insert_with(fresh).clone()
        });
        change(&mut live.lock());
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
    fn counters_begin_with_the_ledger_and_never_fall() {
        let board = Board::default();
        let charger = ChargerId::new("CP-1");
        board.seed_totals(&charger, Outlet::new(1, 1), 7, MilliWh(5000), None);
        let session =
            |what, state, added| Effect::Session { what, row: Box::new(row(8, state)), energy_added: MilliWh(added) };
        let shown = |board: &Board| {
            let live = board.get(&charger).unwrap();
            (live.connectors[0].sessions, live.connectors[0].energy.0, live.connectors[0].session.is_some())
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
