//! What goes wrong, and the end of the run: faults, power cuts, boot loops, lost links, draining.

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;

use super::Charger;
use crate::sim::agenda::Timer;
use crate::sim::behaviour::AfterPowerCut;
use crate::sim::priors;
use crate::sim::truth::{Fault, Spell};
use crate::sim::words::{BootReason, ErrorCode, Reason, Status};

/// Mean days between faults of one EVSE: alternating current, direct current.
const FAULT_DAYS: (f64, f64) = (90.0, 40.0);
/// Median hours and sigma of a repair.
const REPAIR: (f64, f64) = (20.0, 1.0);
/// Repairs take this much longer in the two most deprived tenths of England, so that an equity figure has something true to find.
pub(crate) const DEPRIVED_REPAIR: f64 = 1.3;
/// Mean days between spells without the network.
const OFFLINE_DAYS: f64 = 12.0;
/// Median hours and sigma of such a spell: 25 minutes.
const OFFLINE: (f64, f64) = (25.0 / 60.0, 1.1);
/// Mean days between power cuts that strike whether or not a car is there.
const POWER_CUT_DAYS: f64 = 120.0;

/// What faults are reported as, with their weights; one in a hundred is `OtherError`, the odd stolen cable among them.
const FAULTS: [(u32, ErrorCode); 9] = [
    (18, ErrorCode::InternalError),
    (14, ErrorCode::ConnectorLockFailure),
    (12, ErrorCode::GroundFailure),
    (12, ErrorCode::EvCommunicationError),
    (10, ErrorCode::PowerSwitchFailure),
    (10, ErrorCode::ReaderFailure),
    (8, ErrorCode::HighTemperature),
    (8, ErrorCode::OverCurrentFailure),
    (8, ErrorCode::PowerMeterFailure),
];

impl Charger {
    /// Plans everything that begins by itself.
    pub(super) fn plan_life(&mut self) {
        let from = self.spec.from;
        let on = from + priors::seconds(0, 60, &mut self.life);
        self.agenda.plan(on, Timer::PowerOn);
        if self.spec.behaviour.reads_by_the_clock {
            self.agenda.plan(on, Timer::ClockReading);
        }
        self.plan_network_loss(from);
        self.plan_power_cut(from);
        for evse in 0..self.evses.len() {
            self.plan_arrival(evse, from);
            self.plan_fault(evse, from);
        }
        if let Some(until) = self.spec.until {
            self.agenda.plan(until, Timer::Drain);
        }
    }

    /// Power is back: the charger boots.
    pub(super) fn power_on(&mut self, at: DateTime<Utc>) {
        self.powered = true;
        for connector in &mut self.connectors {
            connector.book(at, false);
            connector.note(at, true);
            // It has just looked; what was before the cut it does not know.
            connector.changed_at = at;
        }
        if let Some(cut) = self.truth.power_cuts.last_mut().filter(|cut| cut.to.is_none()) {
            cut.to = Some(at);
        }
        self.restarts_left = 0;
        self.boot_reason = BootReason::PowerUp;
        if self.spec.behaviour.boot_loops && !self.draining && self.chance(0.2, 0.5) {
            self.restarts_left = self.life.random_range(2..=6);
        }
        self.boot_up(at);
    }

    /// The power fails: sessions end on the spot, with or without a word afterwards.
    pub(super) fn power_cut(&mut self, at: DateTime<Utc>) {
        self.agenda.forget(Timer::PowerCut);
        self.plan_power_cut(at);
        if !self.powered {
            return;
        }
        for evse in 0..self.evses.len() {
            if self.evses[evse].is_in_session() {
                self.lose_session(evse, at);
            }
        }
        self.hang_up();
        for connector in &mut self.connectors {
            connector.book(at, true);
        }
        self.powered = false;
        for evse in 0..self.evses.len() {
            self.leave(evse, at);
        }
        for connector in &mut self.connectors {
            connector.note(at, false);
        }
        self.restarts_left = 0;
        self.agenda.forget(Timer::Restart);
        self.truth.power_cuts.push(Spell { from: at, to: None });
        let lasts = priors::hours(priors::log_normal(0.2, 1.0, &mut self.life).clamp(0.02, 48.0));
        self.agenda.replan(at + lasts, Timer::PowerOn);
    }

    /// The charger starts afresh: in a boot loop, or because the server wanted it.
    pub(super) fn restart(&mut self, at: DateTime<Utc>) {
        if !self.powered {
            return;
        }
        self.boot_reason = if self.restarts_left > 0 { BootReason::Watchdog } else { BootReason::RemoteReset };
        self.restarts_left = self.restarts_left.saturating_sub(1);
        self.hang_up();
        self.boot_up(at);
    }

    /// The mobile network is gone.
    pub(super) fn lose_network(&mut self, at: DateTime<Utc>) {
        self.network = false;
        self.hang_up();
        self.truth.offline.push(Spell { from: at, to: None });
        let median = OFFLINE.0 * self.spec.behaviour.offline_length;
        let lasts = priors::hours(priors::log_normal(median, OFFLINE.1, &mut self.life).clamp(0.05, 240.0));
        self.agenda.replan(at + lasts, Timer::LinkBack);
    }

    /// The mobile network is back.
    pub(super) fn regain_network(&mut self, at: DateTime<Utc>) {
        self.network = true;
        if let Some(spell) = self.truth.offline.last_mut() {
            spell.to = Some(at);
        }
        self.agenda.replan(at + Duration::seconds(3), Timer::Connect);
        if !self.draining {
            self.plan_network_loss(at);
        }
    }

    /// Something breaks.
    pub(super) fn fault_begins(&mut self, evse: usize, at: DateTime<Utc>) {
        if !self.powered || self.evses[evse].faulted {
            self.agenda.plan(at + Duration::hours(1), Timer::Fault(evse));
            return;
        }
        let error = self.draw_error();
        if self.evses[evse].is_in_session() {
            self.stop(evse, at, Reason::Other);
        }
        self.evses[evse].faulted = true;
        self.evses[evse].visit = None;
        self.agenda.forget(Timer::Visit(evse));
        for place in self.evses[evse].connectors.clone() {
            self.set_status(place, at, Status::Faulted, error);
        }
        let (evse_id, error_code) = (self.evses[evse].id, error.as_str().to_owned());
        self.truth.faults.push(Fault { evse_id, error_code, spell: Spell { from: at, to: None } });
        let deprived = if self.spec.site.imd_decile <= 2 { DEPRIVED_REPAIR } else { 1.0 };
        let hurry = self.spec.trouble.max(1.0).sqrt();
        let hours = priors::log_normal(REPAIR.0 * deprived / hurry, REPAIR.1, &mut self.life).clamp(0.1, 1500.0);
        self.agenda.plan(at + priors::hours(hours), Timer::Repair(evse));
    }

    /// It is repaired.
    pub(super) fn fault_ends(&mut self, evse: usize, at: DateTime<Utc>) {
        self.evses[evse].faulted = false;
        let id = self.evses[evse].id;
        if let Some(fault) = self.truth.faults.iter_mut().rfind(|fault| fault.evse_id == id) {
            fault.spell.to = Some(at);
        }
        for place in self.evses[evse].connectors.clone() {
            let rest = self.status_at_rest(place);
            self.set_status(place, at, rest, ErrorCode::NoError);
        }
        self.plan_fault(evse, at);
    }

    /// The run is over: drivers leave, nothing breaks any more, and everything owed is told.
    pub(super) fn drain(&mut self, at: DateTime<Utc>) {
        self.draining = true;
        self.restarts_left = 0;
        for evse in 0..self.evses.len() {
            if self.evses[evse].is_in_session() {
                self.stop(evse, at, Reason::EvDisconnected);
            }
            self.leave(evse, at);
        }
        self.agenda.keep(belongs_to_the_wire);
        self.outbox.replaying = true;
        if !self.powered {
            self.agenda.replan(at + Duration::seconds(5), Timer::PowerOn);
        }
        if !self.network {
            self.regain_network(at);
        }
    }

    fn boot_up(&mut self, at: DateTime<Utc>) {
        self.truth.boots += 1;
        self.needs_boot = true;
        self.messages = 0;
        self.failed_connects = 0;
        let takes = priors::seconds(4, 15, &mut self.wire);
        self.agenda.replan(at + takes, Timer::Connect);
    }

    fn lose_session(&mut self, evse: usize, at: DateTime<Utc>) {
        match self.spec.behaviour.after_power_cut {
            AfterPowerCut::StopsLate => self.end_session(evse, at, Reason::PowerLoss),
            AfterPowerCut::NeverStops => {
                self.close_session(evse, at);
                if let Some(session) = self.evses[evse].visit.as_ref().and_then(|visit| visit.session) {
                    self.sessions[session].ended_without_stop = true;
                }
            }
        }
    }

    fn plan_fault(&mut self, evse: usize, after: DateTime<Utc>) {
        let days = if self.spec.demand.is_dc() { FAULT_DAYS.1 } else { FAULT_DAYS.0 };
        self.plan_trouble(days, after, Timer::Fault(evse));
    }

    fn plan_network_loss(&mut self, after: DateTime<Utc>) {
        self.plan_trouble(OFFLINE_DAYS, after, Timer::LinkLost);
    }

    fn plan_power_cut(&mut self, after: DateTime<Utc>) {
        self.plan_trouble(POWER_CUT_DAYS / self.spec.behaviour.power_cuts, after, Timer::PowerCut);
    }

    fn plan_trouble(&mut self, mean_days: f64, after: DateTime<Utc>, timer: Timer) {
        if self.spec.trouble > 0.0 {
            let at = after + priors::wait(mean_days / self.spec.trouble, &mut self.life);
            self.agenda.plan(at, timer);
        }
    }

    fn draw_error(&mut self) -> ErrorCode {
        let all: u32 = FAULTS.iter().map(|(weight, _)| weight).sum();
        let mut drawn = self.life.random_range(0..=all);
        for (weight, error) in FAULTS {
            if drawn < weight {
                return error;
            }
            drawn -= weight;
        }
        ErrorCode::OtherError
    }
}

/// Timers that a charger keeps when the run is over: those of its connection.
fn belongs_to_the_wire(timer: Timer) -> bool {
    match timer {
        Timer::PowerOn
        | Timer::Connect
        | Timer::Boot
        | Timer::Heartbeat
        | Timer::CallTimeout(_)
        | Timer::Resume
        | Timer::Replay => true,
        Timer::PowerCut
        | Timer::Restart
        | Timer::LinkLost
        | Timer::LinkBack
        | Timer::Arrival(_)
        | Timer::Retry(_)
        | Timer::RemoteStart(_)
        | Timer::Visit(_)
        | Timer::Fault(_)
        | Timer::Repair(_)
        | Timer::ClockReading
        | Timer::Drain => false,
    }
}
