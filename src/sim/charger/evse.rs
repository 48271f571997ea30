//! EVSEs and connectors: what is plugged in, what state it is in, and how long it has been in each state.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;
use rand::rngs::StdRng;

use super::ChargerSpec;
use crate::sim::car::Car;
use crate::sim::meter::Meter;
use crate::sim::truth::{ConnectorTruth, Since};
use crate::sim::words::{ErrorCode, Reason, Status};

/// One place to charge.
#[derive(Debug)]
pub(super) struct Evse {
    /// Number of the EVSE.
    pub(super) id: u32,
    /// Rating, watts.
    pub(super) rated_w: i64,
    /// Places of its connectors in the charger.
    pub(super) connectors: Vec<usize>,
    /// The car that is there.
    pub(super) visit: Option<Visit>,
    /// It is broken.
    pub(super) faulted: bool,
    /// A session that the server asked for.
    pub(super) remote: Option<Remote>,
}

/// A session that the server asked for.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    /// Place of the connector in the charger.
    pub(super) place: usize,
    /// Token of the driver.
    pub(super) tag: String,
    /// The number that the server gave its wish, with 2.x.
    pub(super) start_id: Option<i64>,
}

impl Evse {
    /// Whether a session is going on here.
    pub(super) fn is_in_session(&self) -> bool {
        self.visit.as_ref().is_some_and(|visit| visit.session.is_some() && visit.stage != Stage::Finishing)
    }
}

/// How far a visit has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Plugged in, not yet charging. Some transactions of 2.x have begun by then.
    Preparing,
    /// In a session; power flows.
    Charging,
    /// In a session; the car has what it wants.
    Full,
    /// The session is over, or never was; the car is still there.
    Finishing,
}

/// What becomes of an attempt to charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It charges.
    Charges,
    /// It never gets to a session.
    NeverStarts,
    /// A session of seconds without energy.
    StopsAtOnce,
    /// The charger ends the session after this long.
    Breaks(Duration),
    /// The power fails after this long.
    LosesPower(Duration),
}

/// A car at an EVSE.
#[derive(Debug)]
pub(super) struct Visit {
    /// Place of the connector in the charger.
    pub(super) connector: usize,
    /// Token shown.
    pub(super) tag: String,
    /// The number that the server gave its wish, if it had one.
    pub(super) start_id: Option<i64>,
    /// The car.
    pub(super) car: Car,
    /// How far it has come.
    pub(super) stage: Stage,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// Energy it wants, Wh.
    pub(super) wants_wh: i64,
    /// Where the register stands when it has it.
    pub(super) mark: i64,
    /// Place of the session in the charger's list.
    pub(super) session: Option<usize>,
    /// When the driver comes back, if that does not depend on the charge.
    pub(super) leaves_at: Option<DateTime<Utc>>,
    /// How long the car stays after its session.
    pub(super) lingers: Duration,
    /// When and why the session ends against the driver's plan.
    pub(super) breaks: Option<(DateTime<Utc>, Reason)>,
    /// Since when the car takes nothing more.
    pub(super) full_at: Option<DateTime<Utc>>,
    /// When the next reading is due.
    pub(super) next_sample: DateTime<Utc>,
    /// Voltage at the outlet, tenths of a volt; with direct current, that of an empty battery.
    pub(super) decivolts: i64,
}

/// One plug.
#[derive(Debug)]
pub(super) struct Connector {
    /// Number of the connector on the wire.
    pub(super) id: u32,
    /// Number of its EVSE on the wire; in 1.6, which has none, its own.
    pub(super) evse_id: u32,
    /// Place of its EVSE in the charger.
    pub(super) evse: usize,
    /// Number of its EVSE in the registry.
    pub(super) registered_evse_id: u32,
    /// Its true meter.
    pub(super) meter: Meter,
    /// Times the register went back to nought.
    pub(super) resets: u32,
    /// State.
    pub(super) status: Status,
    /// What is wrong.
    pub(super) error: ErrorCode,
    /// When it came into this state.
    pub(super) changed_at: DateTime<Utc>,
    /// The server does not know the present state.
    pub(super) unreported: bool,
    /// Nobody has switched it off.
    pub(super) operative: bool,
    booked: BTreeMap<&'static str, i64>,
    booked_to: DateTime<Utc>,
    states: Vec<Since>,
}

impl Connector {
    /// Books the time since the last call under the present state.
    pub(super) fn book(&mut self, at: DateTime<Utc>, powered: bool) {
        let elapsed = (at - self.booked_to).num_milliseconds();
        if elapsed > 0 {
            *self.booked.entry(self.true_state(powered)).or_default() += elapsed;
            self.booked_to = at;
        }
    }

    /// Notes the present state as the true one from now on.
    pub(super) fn note(&mut self, at: DateTime<Utc>, powered: bool) {
        let status = self.true_state(powered);
        if self.states.last().is_some_and(|last| last.from == at) {
            self.states.pop();
        }
        if self.states.last().is_none_or(|last| last.status != status) {
            self.states.push(Since { from: at, status: status.to_owned() });
        }
    }

    fn true_state(&self, powered: bool) -> &'static str {
        if powered { self.status.as_str() } else { "NoPower" }
    }

    /// What truly happened to it until `now`.
    pub(super) fn truth(&self, now: DateTime<Utc>, powered: bool) -> ConnectorTruth {
        let mut status_ms: BTreeMap<String, i64> =
            self.booked.iter().map(|(status, spent)| ((*status).to_owned(), *spent)).collect();
        let rest = (now - self.booked_to).num_milliseconds().max(0);
        *status_ms.entry(self.true_state(powered).to_owned()).or_default() += rest;
        ConnectorTruth {
            evse_id: self.evse_id,
            connector_id: self.id,
            registered_evse_id: self.registered_evse_id,
            register_wh: self.meter.register_wh(),
            delivered_mwh: self.meter.delivered_mwh(),
            register_resets: self.resets,
            status_ms,
            states: self.states.clone(),
        }
    }
}

/// Builds what the specification of a charger names, with registers as after some years of use.
pub(super) fn build(spec: &ChargerSpec, rng: &mut StdRng) -> (Vec<Evse>, Vec<Connector>) {
    let (mut evses, mut connectors) = (Vec::new(), Vec::new());
    for (evse, of) in spec.evses.iter().enumerate() {
        let first = connectors.len();
        for (id, _) in &of.connectors {
            connectors.push(Connector {
                id: *id,
                evse_id: if spec.behaviour.protocol.is_v2() { of.id } else { *id },
                evse,
                registered_evse_id: of.id,
                meter: Meter::new(rng.random_range(400_000..60_000_000), spec.from),
                resets: 0,
                status: Status::Available,
                error: ErrorCode::NoError,
                changed_at: spec.from,
                unreported: true,
                operative: true,
                booked: BTreeMap::new(),
                booked_to: spec.from,
                states: vec![Since { from: spec.from, status: "NoPower".to_owned() }],
            });
        }
        let places = (first..connectors.len()).collect();
        evses.push(Evse {
            id: of.id,
            rated_w: of.rated_w,
            connectors: places,
            visit: None,
            faulted: false,
            remote: None,
        });
    }
    (evses, connectors)
}
