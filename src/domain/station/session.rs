//! One session as the machine holds it: its ledger row, and the accumulator of its energy.

use crate::domain::energy::{EnergyQuality, MilliWh};
use crate::domain::event::Stop;
use crate::domain::meter::{Ends, Meter, points};
use crate::domain::reading::{Sample, Word};
use crate::domain::record::{SessionRow, SessionState};
use crate::domain::time::{At, Placed};

/// A session in memory.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) row: SessionRow,
    /// `None` after a recall, until its history has been asked for.
    meter: Option<Meter>,
    rated_w: Option<u32>,
    /// Its energy when it was last told.
    told: MilliWh,
}

impl Session {
    /// A session that begins now: its accumulator has nothing to catch up with.
    pub(super) fn begin(row: SessionRow, rated_w: Option<u32>) -> Self {
        let mut session = Self { row, meter: None, rated_w, told: MilliWh(0) };
        session.meter = Some(session.fresh_meter());
        session
    }

    /// A session from the ledger.
    pub(super) fn recall(row: SessionRow, rated_w: Option<u32>) -> Self {
        let told = row.energy.unwrap_or_default();
        let mut session = Self { row, meter: None, rated_w, told };
        if session.row.last_reading_at.is_none() {
            session.meter = Some(session.fresh_meter());
        }
        session
    }

    fn fresh_meter(&self) -> Meter {
        let mut meter = Meter::new(self.rated_w);
        meter.begin(&self.ends());
        meter
    }

    pub(super) fn is_active(&self) -> bool {
        self.row.state == SessionState::Active
    }

    /// Whether the readings in the ledger are needed before this one can be taken.
    pub(super) fn needs_history_for(&self, at: At) -> bool {
        self.meter.as_ref().is_none_or(|meter| meter.would_be_late(at))
    }

    /// Whether `at` lies within the session.
    pub(super) fn covers(&self, at: At) -> bool {
        let begun = self.row.started_at.is_some_and(|start| start <= at);
        begun && (self.is_active() || self.row.ended_at.is_some_and(|end| at <= end))
    }

    /// When something was last heard of it.
    pub(super) fn last_activity(&self) -> At {
        self.row
            .last_reading_at
            .max(self.row.started_at)
            .map_or(self.row.received_at, |at| at.max(self.row.received_at))
    }

    /// Takes readings, with the ledger's history where that was needed. Says at which instants the register was not
    /// believed.
    pub(super) fn absorb(&mut self, new: &[(At, &Sample)], history: Option<&[Sample]>) -> Vec<At> {
        let mut meter = match (history, self.meter.take()) {
            (None, Some(meter)) => meter,
            (Some(_), _) | (None, None) => self.fresh_meter(),
        };
        let old = history.unwrap_or_default().iter().filter_map(|sample| sample.at.said.map(|at| (at, sample)));
        let mut doubted = Vec::new();
        for point in points(old.chain(new.iter().copied())) {
            if !meter.push(point) {
                doubted.push(point.at);
            }
        }
        self.row.first_register = meter.first_register();
        self.row.last_register = meter.last_register();
        self.row.last_reading_at = new.iter().map(|(at, _)| *at).max().max(self.row.last_reading_at);
        self.meter = Some(meter);
        doubted
    }

    /// Takes its start, which may come after other reports of it.
    pub(super) fn start(&mut self, placed: Placed, said: Option<At>) {
        self.row.started_at = Some(placed.at);
        self.row.start_said = said;
        if self.row.state == SessionState::Orphan {
            let over = self.row.stop_reason.is_some();
            self.row.state = if over { SessionState::Ended } else { SessionState::Active };
        }
    }

    /// Takes its end, unless that is known or known better.
    pub(super) fn end(&mut self, stop: &Stop, placed: Placed) {
        if !self.was_stopped_by(stop) && !self.has_a_better_stop_than(stop) {
            self.stop(stop, placed);
        }
    }

    /// Whether it was presumed to be over, and no stop has come.
    pub(super) fn is_presumed_over(&self) -> bool {
        self.row.state == SessionState::EndedWithoutStop && self.row.stop_reason.is_none()
    }

    /// Ends it by its stop message.
    pub(super) fn stop(&mut self, stop: &Stop, placed: Placed) {
        if self.row.state != SessionState::Orphan {
            self.row.state = SessionState::Ended;
        }
        self.row.ended_at = Some(placed.at);
        self.row.end_said = stop.at.said;
        self.row.meter_stop = stop.register;
        self.row.stop_reason = Some(stop.reason.clone().unwrap_or(Word::Known("Local")));
        if self.row.token.is_none() {
            self.row.token.clone_from(&stop.token);
        }
    }

    /// Whether this stop says nothing that is not known.
    pub(super) fn was_stopped_by(&self, stop: &Stop) -> bool {
        self.row.stop_reason.is_some() && self.row.end_said == stop.at.said && self.row.meter_stop == stop.register
    }

    /// Whether it has been stopped, and this stop would add nothing.
    pub(super) fn has_a_better_stop_than(&self, stop: &Stop) -> bool {
        let stopped = self.row.stop_reason.is_some();
        stopped && (self.row.meter_stop.is_some() || stop.register.is_none())
    }

    /// Presumes its end: no stop came, but it cannot go on.
    pub(super) fn end_without_stop(&mut self) {
        self.row.state = SessionState::EndedWithoutStop;
        self.row.ended_at = self.row.last_reading_at.max(self.row.started_at);
        self.row.end_said = None;
    }

    /// Takes a presumed end back: it does go on.
    pub(super) fn reopen(&mut self) {
        self.row.state = SessionState::Active;
        self.row.ended_at = None;
    }

    /// Reckons its energy anew; returns what this adds to the energy told before.
    pub(super) fn settle(&mut self) -> MilliWh {
        if let Some(meter) = &self.meter {
            let ends = self.ends();
            let found = meter.reckon(&ends);
            self.row.energy = found.energy;
            self.row.quality = found.quality;
            self.row.flow = meter.flow(self.row.started_at, &ends);
            self.row.peak = meter.peak();
        } else if self.row.state == SessionState::EndedWithoutStop && self.row.energy.is_some() {
            self.row.quality = EnergyQuality::Inferred;
        }
        let energy = self.row.energy.unwrap_or_default();
        let added = energy.since(self.told);
        self.told = energy;
        added
    }

    fn ends(&self) -> Ends {
        Ends {
            start: self.row.meter_start,
            started_at: self.row.started_at.filter(|at| self.row.start_said == Some(*at)),
            stop: self.row.meter_stop,
            stopped_at: self.row.ended_at.filter(|at| self.row.end_said == Some(*at)),
            running: self.is_active(),
        }
    }
}
