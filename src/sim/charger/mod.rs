//! One simulated charger: a state machine that is told the virtual time and says what to put on the wire.
//!
//! What *happens* to a charger (drivers, faults, power) is planned and drawn from its own random numbers and does not depend on
//! when it is woken, on other chargers or on the server, save for the server's commands and refusals, and for boot loops, which wait
//! for the server's yes. What it *says* about it goes through one queue as a correct OCPP-J client speaks: one call at a time, the
//! messages of sessions until they are answered. A hand for each family of OCPP, 1.6 and 2.x, puts it into words.
//!
//! | File | Holds |
//! |---|---|
//! | `link.rs` | connecting, booting, heartbeats, sending, time-outs |
//! | `outbox.rs` | the queue and what survives in it |
//! | `writing/` | calls as payloads: `v16.rs`, `v2.rs` |
//! | `answers.rs` | what the answers to calls change |
//! | `commands/` | calls of the server: what they do, and their words in `v16.rs`, `v2.rs` |
//! | `visits.rs` | drivers who come, wait, fail and go |
//! | `sessions.rs` | sessions and readings |
//! | `trouble.rs` | faults, power cuts, lost links, the end of the run |

mod answers;
mod commands;
mod evse;
mod link;
mod outbox;
mod sessions;
mod trouble;
mod visits;
mod writing;

use std::collections::VecDeque;

use chrono::{DateTime, Duration, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::agenda::{Agenda, Timer};
use super::behaviour::Behaviour;
use super::places::{Kit, Site};
use super::priors::Demand;
use super::truth::{ChargerTruth, SessionTruth};
use super::words::{BootReason, Status};
use evse::{Connector, Evse};
use link::Link;
use outbox::{Call, Outbox, Queued};

/// What the driver of a charger has to do on its behalf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a connection; then tell [`Charger::connected`], or [`Charger::disconnected`] if it fails. Always the last of its batch:
    /// nothing else happens to the charger before the outcome is known.
    Connect,
    /// Drop the connection, if there is one. The charger knows; it need not be told.
    Disconnect,
    /// Send this text frame.
    Send(String),
}

/// What stands where: everything about a charger that does not change.
#[derive(Debug, Clone)]
pub struct ChargerSpec {
    /// Its identity on the wire.
    pub id: String,
    /// Name people use.
    pub name: String,
    /// Where it stands.
    pub site: &'static Site,
    /// What it is.
    pub kit: Kit,
    /// What it is used for.
    pub demand: Demand,
    /// How it behaves.
    pub behaviour: &'static Behaviour,
    /// Its EVSEs.
    pub evses: Vec<EvseSpec>,
    /// Place in the fleet; with the seed it decides every draw.
    pub index: u64,
    /// Seed of the fleet.
    pub seed: u64,
    /// When it powers up, give or take a minute.
    pub from: DateTime<Utc>,
    /// When the last driver may come.
    pub until: Option<DateTime<Utc>>,
    /// Factor on everything that goes wrong.
    pub trouble: f64,
    /// Seconds between readings of a session.
    pub sample_s: u32,
}

/// One EVSE: one car at a time, through one of its connectors.
#[derive(Debug, Clone)]
pub struct EvseSpec {
    /// Number of the EVSE.
    pub id: u32,
    /// Connector numbers with their kind of plug.
    pub connectors: Vec<(u32, &'static str)>,
    /// Rating, watts.
    pub rated_w: i64,
}

/// Figures of a charger for a live display.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// It is connected.
    pub connected: bool,
    /// Calls put on the wire.
    pub frames_sent: u64,
    /// Calls answered.
    pub frames_answered: u64,
    /// Sessions begun.
    pub sessions_started: u64,
    /// Sessions ended.
    pub sessions_ended: u64,
    /// Energy delivered, Wh.
    pub energy_wh: u64,
}

/// A simulated charger.
#[derive(Debug)]
pub struct Charger {
    spec: ChargerSpec,
    life: StdRng,
    wire: StdRng,
    agenda: Agenda,
    outbox: Outbox,
    out: Vec<Action>,
    link: Link,
    powered: bool,
    network: bool,
    needs_boot: bool,
    boot_reason: BootReason,
    draining: bool,
    resets_when_idle: bool,
    restarts_left: u32,
    failed_connects: u32,
    messages: u64,
    heartbeat: Duration,
    call_timeout: Duration,
    sample: Duration,
    skew: Duration,
    recent_tags: VecDeque<String>,
    evses: Vec<Evse>,
    connectors: Vec<Connector>,
    sessions: Vec<SessionTruth>,
    truth: ChargerTruth,
}

impl Charger {
    /// A charger that stands there without power until its time comes.
    pub fn new(spec: ChargerSpec) -> Self {
        let mut life = random(&spec, 1);
        let wire = random(&spec, 2);
        let skew = draw_skew(spec.index, &mut life);
        let (evses, connectors) = evse::build(&spec, &mut life);
        let truth = ChargerTruth {
            charger_id: spec.id.clone(),
            behaviour: spec.behaviour.name.to_owned(),
            protocol: spec.behaviour.protocol.as_str().to_owned(),
            clock_skew_ms: skew.num_milliseconds(),
            ..ChargerTruth::default()
        };
        let sample = Duration::seconds(i64::from(spec.sample_s.max(1)));
        let mut charger = Self {
            spec,
            life,
            wire,
            agenda: Agenda::default(),
            outbox: Outbox::default(),
            out: Vec::new(),
            link: Link::Down,
            powered: false,
            network: true,
            needs_boot: true,
            boot_reason: BootReason::PowerUp,
            draining: false,
            resets_when_idle: false,
            restarts_left: 0,
            failed_connects: 0,
            messages: 0,
            heartbeat: Duration::seconds(300),
            call_timeout: Duration::seconds(30),
            sample,
            skew,
            recent_tags: VecDeque::new(),
            evses,
            connectors,
            sessions: Vec::new(),
            truth,
        };
        charger.plan_life();
        charger
    }

    /// What stands where.
    pub fn spec(&self) -> &ChargerSpec {
        &self.spec
    }

    /// Its identity on the wire.
    pub fn id(&self) -> &str {
        &self.spec.id
    }

    /// When it wants to be woken; never later than this, earlier does no harm.
    pub fn next_at(&self) -> DateTime<Utc> {
        self.agenda.next_at().unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Lets everything happen that is due, each thing at its own time even when the waking is late. Stops short at a wish to
    /// connect; what else is due then comes with the next waking.
    pub fn wake(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        while let Some((at, timer)) = self.agenda.pop_due(now) {
            self.happen(timer, at, now);
            if self.out.last() == Some(&Action::Connect) {
                break;
            }
        }
        self.pump(now);
        self.wishes(now)
    }

    /// A connection that it asked for is open.
    pub fn connected(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        self.link_is_up(now);
        self.wishes(now)
    }

    /// The link fell, or could not be opened, without its asking.
    pub fn disconnected(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        self.link_fell(now);
        self.wishes(now)
    }

    /// A text frame of the server has come.
    pub fn deliver(&mut self, now: DateTime<Utc>, text: &str) -> Vec<Action> {
        self.receive(now, text);
        self.pump(now);
        self.wishes(now)
    }

    /// What is to be done now, with a note of when the wire was last used.
    fn wishes(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        let speaks = self.out.iter().any(|action| matches!(action, Action::Send(_)));
        if let Some(link) = self.truth.links.last_mut().filter(|_| speaks) {
            link.heard = now;
        }
        std::mem::take(&mut self.out)
    }

    /// How long it waits for an answer, in virtual time. A driver of an accelerated run makes this long enough for real answers.
    pub fn set_call_timeout(&mut self, timeout: Duration) {
        self.call_timeout = timeout.max(Duration::seconds(30));
    }

    /// Whether the run is over for it: nobody is there, everything owed was told and answered.
    pub fn is_drained(&self) -> bool {
        let idle = self.evses.iter().all(|evse| evse.visit.is_none());
        self.draining && idle && self.link == Link::Ready && self.outbox.is_empty()
    }

    /// Figures for a live display.
    pub fn tally(&self) -> Tally {
        let energy: i64 = self.connectors.iter().map(|connector| connector.meter.delivered_mwh()).sum();
        let open = self.evses.iter().filter(|evse| evse.is_in_session()).count();
        Tally {
            connected: matches!(self.link, Link::Up | Link::Ready),
            frames_sent: self.truth.calls_sent,
            frames_answered: self.truth.calls_answered,
            sessions_started: self.sessions.len() as u64,
            sessions_ended: (self.sessions.len() - open) as u64,
            energy_wh: u64::try_from(energy / 1000).unwrap_or(0),
        }
    }

    /// Its sessions so far, in the order in which they began.
    pub fn sessions(&self) -> &[SessionTruth] {
        &self.sessions
    }

    /// What truly happened to it until `now`, sessions apart.
    pub fn truth(&self, now: DateTime<Utc>) -> ChargerTruth {
        let connectors = self.connectors.iter().map(|connector| connector.truth(now, self.powered)).collect();
        ChargerTruth { connectors, ..self.truth.clone() }
    }

    fn happen(&mut self, timer: Timer, at: DateTime<Utc>, now: DateTime<Utc>) {
        match timer {
            Timer::PowerOn => self.power_on(at),
            Timer::PowerCut => self.power_cut(at),
            Timer::Restart => self.restart(at),
            Timer::LinkLost => self.lose_network(at),
            Timer::LinkBack => self.regain_network(at),
            Timer::Connect => self.connect(),
            Timer::Boot => self.send_boot(now),
            Timer::Heartbeat => self.beat(now),
            Timer::CallTimeout(serial) => self.give_up_waiting(serial, now),
            Timer::Resume => self.outbox.held = false,
            Timer::Arrival(evse) => self.driver_arrives(evse, at),
            Timer::Retry(evse) => self.driver_tries_again(evse, at),
            Timer::RemoteStart(evse) => self.remote_start(evse, at),
            Timer::Visit(evse) => self.visit_goes_on(evse, at),
            Timer::Fault(evse) => self.fault_begins(evse, at),
            Timer::Repair(evse) => self.fault_ends(evse, at),
            Timer::ClockReading => self.read_by_the_clock(at),
            Timer::Replay => self.outbox.replaying = true,
            Timer::Drain => self.drain(at),
        }
    }

    /// Adds a call to the queue; what does not fit is counted.
    fn say(&mut self, call: impl Into<Queued>) {
        let Some(dropped) = self.outbox.push(call) else {
            return;
        };
        match dropped.call {
            Call::Reading { session, reading, .. } => {
                self.sessions[session].readings_dropped += self.spec.behaviour.count_of(&reading);
            }
            Call::Status { .. } => self.truth.statuses_dropped += 1,
            Call::Boot
            | Call::Heartbeat
            | Call::Authorize { .. }
            | Call::Chatter
            | Call::Start { .. }
            | Call::Change { .. }
            | Call::Stop { .. }
            | Call::IdleReading { .. }
            | Call::Report { .. } => {}
        }
    }

    /// The charger's own clock.
    fn clock(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + self.skew
    }

    fn chance(&mut self, base: f64, most: f64) -> bool {
        let probability = (base * self.spec.trouble).clamp(0.0, most);
        self.life.random_bool(probability)
    }

    fn status_at_rest(&self, connector: usize) -> Status {
        let connector = &self.connectors[connector];
        if self.evses[connector.evse].faulted {
            Status::Faulted
        } else if connector.operative {
            Status::Available
        } else {
            Status::Unavailable
        }
    }
}

fn random(spec: &ChargerSpec, purpose: u64) -> StdRng {
    let mut seed = [0; 32];
    for (part, number) in seed.chunks_exact_mut(8).zip([spec.seed, spec.index, purpose, 0]) {
        part.copy_from_slice(&number.to_le_bytes());
    }
    StdRng::from_seed(seed)
}

/// Clocks are off by up to two seconds; one charger in forty is off by minutes.
fn draw_skew(index: u64, rng: &mut StdRng) -> Duration {
    let seconds = Duration::milliseconds(rng.random_range(-2000..=2000));
    if index % 40 != 17 {
        return seconds;
    }
    let minutes = Duration::seconds(rng.random_range(120..=420));
    if rng.random_bool(0.5) { minutes } else { -minutes }
}
