//! What truly happened: the file by which a server's ledger, figures and metrics are judged.
//!
//! A message counts as *acknowledged* when its CallResult was delivered to the charger. What the server stored but could not answer
//! is unacknowledged here, and the charger sends it again. Energies are whole watt-hours of the charger's own register.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Everything that truly happened in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// What was simulated.
    pub header: Header,
    /// Sums over everything below.
    pub totals: Totals,
    /// Sessions, by charger and then in the order in which they began.
    pub sessions: Vec<SessionTruth>,
    /// Chargers in the order of the fleet.
    pub chargers: Vec<ChargerTruth>,
}

/// What was simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Always true: none of this happened to a real driver.
    pub simulated: bool,
    /// What is deliberately built into the fleet, so that nobody takes it for a finding.
    pub note: String,
    /// Seed of the run; the same seed gives the same fleet and the same days.
    pub seed: u64,
    /// Number of chargers.
    pub chargers: usize,
    /// Factor on faults, lost links and other trouble.
    pub trouble: f64,
    /// Virtual time at which the run began.
    pub from: DateTime<Utc>,
    /// Virtual time after which nobody came any more, if there was one.
    pub until: Option<DateTime<Utc>>,
    /// Virtual time at which this was written down.
    pub taken_at: DateTime<Utc>,
    /// Whether every charger had sent all it owed and was answered.
    pub drained: bool,
}

/// Sums over a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Sessions that began.
    pub sessions: usize,
    /// Sessions that ended, with a stop or without.
    pub sessions_ended: usize,
    /// Sessions that ended without a stop being sent, ever.
    pub sessions_without_stop: usize,
    /// Sessions whose start was acknowledged.
    pub starts_acknowledged: usize,
    /// Sessions whose stop was acknowledged.
    pub stops_acknowledged: usize,
    /// True energy of all sessions, Wh.
    pub energy_wh: i64,
    /// Energy of all sessions as far as the acknowledged messages tell, Wh.
    pub known_energy_wh: i64,
    /// Sampled values in acknowledged readings of sessions.
    pub readings_acknowledged: u64,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTruth {
    /// Charger.
    pub charger_id: String,
    /// Number of the EVSE on the wire; in 1.6, which has none, the connector's.
    pub evse_id: u32,
    /// Number of the connector on the wire; with 2.x it begins at 1 under each EVSE.
    pub connector_id: u32,
    /// Token shown (invented).
    pub id_tag: String,
    /// When it truly began.
    pub started_at: DateTime<Utc>,
    /// The instant that the start message names: the charger's clock, in the precision it writes.
    pub started_at_reported: DateTime<Utc>,
    /// When it truly ended; none while it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// The instant that the stop message names.
    pub ended_at_reported: Option<DateTime<Utc>>,
    /// Register at the start, Wh.
    pub meter_start_wh: i64,
    /// Register at the end, Wh; present too when no stop told it.
    pub meter_stop_wh: Option<i64>,
    /// True energy so far, Wh.
    pub energy_wh: i64,
    /// Register value of the latest acknowledged reading or stop of this session; none if there was neither.
    pub last_reported_wh: Option<i64>,
    /// When that register was read, on the charger's clock.
    pub last_reported_at: Option<DateTime<Utc>>,
    /// Energy as far as the acknowledged messages tell: last reported register less the start's; none if that cannot be told.
    pub known_energy_wh: Option<i64>,
    /// The start was acknowledged.
    pub start_acknowledged: bool,
    /// The stop was acknowledged.
    pub stop_acknowledged: bool,
    /// Reason in the stop message.
    pub stop_reason: Option<String>,
    /// Sampled values in the readings that were sent at least once.
    pub readings_sent: u64,
    /// Sampled values in acknowledged readings.
    pub readings_acknowledged: u64,
    /// Sampled values dropped unsent because the charger's memory was full.
    pub readings_dropped: u64,
    /// Sampled values that the start message carries.
    pub start_values: u64,
    /// Sampled values that the stop message carries.
    pub stop_values: u64,
    /// With 1.6 the id that the server gave at the first acknowledged start, with 2.x the charger's own.
    pub transaction_id: Option<String>,
    /// Other ids that the server gave for the same start when it was repeated. Anything here is the server's mistake.
    pub conflicting_transaction_ids: Vec<String>,
    /// The number that the server gave its wish for this session, with 2.x.
    pub remote_start_id: Option<i64>,
    /// Seconds before its end in which the car took nothing more.
    pub idle_s: i64,
    /// Number of its first event, with 2.x.
    pub first_event: u32,
    /// Things told about it, each counted once: start, readings, stop, and with 2.x changes of the flow of power.
    pub events: u32,
    /// It ended, and no stop will ever be sent.
    pub ended_without_stop: bool,
    /// It began while the link was down.
    pub offline_start: bool,
    /// It ended while the link was down.
    pub offline_end: bool,
    /// How often the start was put on the wire.
    pub start_sent: u32,
    /// How often the stop was put on the wire.
    pub stop_sent: u32,
    /// Messages of this session that the server refused for good, after all attempts.
    pub refused: u32,
}

/// One charger.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChargerTruth {
    /// Charger.
    pub charger_id: String,
    /// Behaviour it shows.
    pub behaviour: String,
    /// What it speaks: `1.6`, `2.0.1` or `2.1`.
    pub protocol: String,
    /// How far its clock is ahead of the truth, milliseconds.
    pub clock_skew_ms: i64,
    /// Times it powered up.
    pub boots: u32,
    /// Boot messages answered with Accepted.
    pub boots_accepted: u32,
    /// Times a connection was made.
    pub connections: u32,
    /// Times the server or the road to it, not the charger, ended a connection or refused one.
    pub drops: u32,
    /// Calls put on the wire.
    pub calls_sent: u64,
    /// Calls answered.
    pub calls_answered: u64,
    /// Answers lost on the way, after the server had given them.
    pub answers_lost: u32,
    /// Answers to calls that had been given up.
    pub answers_too_late: u32,
    /// CallErrors received.
    pub call_errors: u32,
    /// Statuses dropped unsent because the charger's memory was full.
    pub statuses_dropped: u32,
    /// Sampled values acknowledged in readings that belong to no session.
    pub readings_outside_sessions: u64,
    /// Drivers who tried to charge.
    pub attempts: u32,
    /// Attempts that came to nothing.
    pub attempts_failed: u32,
    /// Drivers who found the place taken, closed or broken.
    pub turned_away: u32,
    /// Spells without the mobile network.
    pub offline: Vec<Spell>,
    /// Spells without power.
    pub power_cuts: Vec<Spell>,
    /// Faults.
    pub faults: Vec<Fault>,
    /// Its connections, in order.
    pub links: Vec<Link>,
    /// What it told of its connectors, in the order in which that was put on the wire.
    pub told: Vec<Told>,
    /// Connectors.
    pub connectors: Vec<ConnectorTruth>,
}

/// A span of time; open when it has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended.
    pub to: Option<DateTime<Utc>>,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// EVSE it struck, as the registry numbers it.
    pub evse_id: u32,
    /// Error code of 1.6; a status of 2.x tells only that there is a fault.
    pub error_code: String,
    /// When it began and was repaired.
    pub spell: Spell,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// When it was open.
    pub from: DateTime<Utc>,
    /// When something was last put on its wire.
    pub heard: DateTime<Utc>,
}

/// A message that says what a connector is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Number of the EVSE on the wire, as in [`ConnectorTruth`].
    pub evse_id: u32,
    /// Number of the connector on the wire.
    pub connector_id: u32,
    /// `status`, or of a session `began`, `changed` (it says whether power flows), `ended`.
    pub what: String,
    /// The status in the words of 1.6, where it is one.
    pub status: Option<String>,
    /// The instant that the message names: the charger's clock, in the precision it writes.
    pub at: DateTime<Utc>,
    /// When it was put on the wire.
    pub sent: DateTime<Utc>,
}

/// A true state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// From then on, until the next.
    pub from: DateTime<Utc>,
    /// The status in the words of 1.6; `NoPower` while the charger had none.
    pub status: String,
}

/// One connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorTruth {
    /// Number of the EVSE on the wire; in 1.6, which has none, the connector's.
    pub evse_id: u32,
    /// Number of the connector on the wire; with 2.x it begins at 1 under each EVSE.
    pub connector_id: u32,
    /// EVSE it belongs to in the registry.
    pub registered_evse_id: u32,
    /// What the register shows, Wh.
    pub register_wh: i64,
    /// Energy delivered in the run, whatever happened to the register, milliwatt-hours.
    pub delivered_mwh: i64,
    /// Times the register went back to nought between sessions.
    pub register_resets: u32,
    /// Milliseconds spent in each true status; `NoPower` while the charger had none.
    pub status_ms: BTreeMap<String, i64>,
    /// Its true states, in order.
    pub states: Vec<Since>,
}

impl SessionTruth {
    /// Notes a register value that the server has acknowledged. Late news of earlier values change nothing.
    pub(crate) fn acknowledge_register(&mut self, at: DateTime<Utc>, wh: i64) {
        if self.last_reported_at.is_none_or(|known| known <= at) {
            (self.last_reported_at, self.last_reported_wh) = (Some(at), Some(wh));
        }
        self.settle();
    }

    /// Works out the energy that the acknowledged messages tell.
    pub(crate) fn settle(&mut self) {
        self.known_energy_wh =
            self.last_reported_wh.filter(|_| self.start_acknowledged).map(|last| last - self.meter_start_wh);
    }
}

impl Totals {
    /// Adds everything up.
    pub(crate) fn over(sessions: &[SessionTruth]) -> Self {
        let count = |test: fn(&SessionTruth) -> bool| sessions.iter().filter(|session| test(session)).count();
        Self {
            sessions: sessions.len(),
            sessions_ended: count(|session| session.ended_at.is_some()),
            sessions_without_stop: count(|session| session.ended_without_stop),
            starts_acknowledged: count(|session| session.start_acknowledged),
            stops_acknowledged: count(|session| session.stop_acknowledged),
            energy_wh: sessions.iter().map(|session| session.energy_wh).sum(),
            known_energy_wh: sessions.iter().filter_map(|session| session.known_energy_wh).sum(),
            readings_acknowledged: sessions.iter().map(|session| session.readings_acknowledged).sum(),
        }
    }
}
