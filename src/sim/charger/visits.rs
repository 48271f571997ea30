//! Drivers and sessions: arriving, plugging in, charging, reading the meter, stopping and leaving.

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;

use super::Charger;
use super::evse::{Fate, Remote, Stage, Visit};
use super::link::Link;
use super::outbox::Call;
use crate::sim::agenda::Timer;
use crate::sim::behaviour::Begins;
use crate::sim::calendar;
use crate::sim::car::Car;
use crate::sim::priors::{self, Stay};
use crate::sim::words::{ErrorCode, Reason, Status};

/// Drivers whose tokens are told apart for sure.
const RECENT_TAGS: usize = 8;

impl Charger {
    /// Plans the next driver.
    pub(super) fn plan_arrival(&mut self, evse: usize, after: DateTime<Utc>) {
        let at = self.spec.demand.prior().next_arrival(after, &mut self.life);
        self.agenda.plan(at, Timer::Arrival(evse));
    }

    /// A driver comes, and finds the place free or goes on.
    pub(super) fn driver_arrives(&mut self, evse: usize, at: DateTime<Utc>) {
        self.plan_arrival(evse, at);
        let place = self.choose_connector(evse);
        if self.is_open(at) && self.is_free(evse, place) {
            self.plug_in(evse, place, at, 0.09, None);
        } else {
            self.truth.turned_away += 1;
        }
    }

    /// The driver of a failed attempt tries once more.
    pub(super) fn driver_tries_again(&mut self, evse: usize, at: DateTime<Utc>) {
        let place = self.choose_connector(evse);
        if self.is_free(evse, place) {
            self.plug_in(evse, place, at, 0.25, None);
        }
    }

    /// The session that the server asked for begins, if the place is still free.
    pub(super) fn remote_start(&mut self, evse: usize, at: DateTime<Utc>) {
        if let Some(remote) = self.evses[evse].remote.take().filter(|remote| self.is_free(evse, remote.place)) {
            self.plug_in(evse, remote.place, at, 0.0, Some(remote));
        }
    }

    /// Whether a car can be plugged in here.
    pub(super) fn is_free(&self, evse: usize, place: usize) -> bool {
        let of = &self.evses[evse];
        let works = self.powered && self.restarts_left == 0 && !of.faulted && self.connectors[place].operative;
        works && of.visit.is_none() && of.remote.as_ref().is_none_or(|remote| remote.place == place)
    }

    /// A visit goes on: the next thing that was planned for it happens.
    pub(super) fn visit_goes_on(&mut self, evse: usize, at: DateTime<Utc>) {
        let Some(visit) = &self.evses[evse].visit else {
            return;
        };
        let broken = visit.breaks.filter(|(when, _)| *when <= at);
        match (visit.stage, broken) {
            (Stage::Preparing, Some((_, reason))) => self.stop(evse, at, reason),
            (Stage::Preparing, None) if visit.fate == Fate::NeverStarts => self.attempt_fails(evse, at),
            (Stage::Preparing, None) => self.start(evse, at),
            (Stage::Charging | Stage::Full, _) => self.charge(evse, at),
            (Stage::Finishing, _) => self.leave(evse, at),
        }
    }

    /// The server refuses the driver before the session has begun.
    pub(super) fn refuse_driver(&mut self, evse: usize, now: DateTime<Utc>) {
        if let Some(visit) = &mut self.evses[evse].visit {
            visit.fate = Fate::NeverStarts;
            self.agenda.replan(now, Timer::Visit(evse));
        }
    }

    /// The car is gone.
    pub(super) fn leave(&mut self, evse: usize, at: DateTime<Utc>) {
        let Some(visit) = self.evses[evse].visit.take() else {
            return;
        };
        self.agenda.forget(Timer::Visit(evse));
        let rest = self.status_at_rest(visit.connector);
        let error = if rest == Status::Faulted { self.connectors[visit.connector].error } else { ErrorCode::NoError };
        self.set_status(visit.connector, at, rest, error);
        if self.resets_when_idle && self.evses.iter().all(|evse| evse.visit.is_none()) {
            self.resets_when_idle = false;
            self.agenda.replan(at + Duration::seconds(5), Timer::Restart);
        }
    }

    /// Brings a connector into a state, and tells so now or when the link is back.
    pub(super) fn set_status(&mut self, place: usize, at: DateTime<Utc>, status: Status, error: ErrorCode) {
        let powered = self.powered;
        let connector = &mut self.connectors[place];
        if connector.status == status && connector.error == error {
            return;
        }
        let tells_less = self.spec.behaviour.protocol.is_v2();
        let is_news = !tells_less || connector.status.as_v2() != status.as_v2();
        connector.book(at, powered);
        (connector.status, connector.error, connector.changed_at) = (status, error, at);
        connector.note(at, powered);
        if !is_news {
            return;
        }
        if self.link == Link::Ready || (self.spec.behaviour.keeps_all_statuses && powered) {
            let status = self.present_status(place);
            self.say(status);
        } else {
            connector.unreported = true;
        }
    }

    fn plug_in(&mut self, evse: usize, place: usize, at: DateTime<Utc>, fails: f64, remote: Option<Remote>) {
        self.truth.attempts += 1;
        let prior = self.spec.demand.prior();
        let wished = prior.energy_wh(at, &mut self.life);
        let (car, wants_wh) = if self.spec.demand.is_dc() {
            Car::at_dc_unit(wished, &mut self.life)
        } else {
            (Car::at_ac_post(self.evses[evse].rated_w, &mut self.life), wished)
        };
        let (leaves_at, lingers) = self.draw_stay(prior.stay, at);
        let fate = self.draw_fate(fails);
        let (tag, start_id) = match remote {
            Some(remote) => (remote.tag, remote.start_id),
            None => (self.draw_tag(), None),
        };
        let decivolts = if car.phases == 0 { 3_600 } else { self.life.random_range(2_330..=2_450) };
        if self.link == Link::Ready && self.spec.behaviour.authorizes {
            self.say(Call::Authorize { tag: tag.clone() });
        }
        self.evses[evse].visit = Some(Visit {
            connector: place,
            tag,
            start_id,
            car,
            stage: Stage::Preparing,
            fate,
            wants_wh,
            mark: 0,
            session: None,
            leaves_at,
            lingers,
            breaks: None,
            full_at: None,
            next_sample: at,
            decivolts,
        });
        self.set_status(place, at, Status::Preparing, ErrorCode::NoError);
        if self.spec.behaviour.begins == Begins::PlugIn {
            self.open_session(evse, at);
        }
        let begins = at + priors::seconds(5, 25, &mut self.life);
        self.agenda.replan(begins, Timer::Visit(evse));
    }

    fn attempt_fails(&mut self, evse: usize, at: DateTime<Utc>) {
        self.truth.attempts_failed += 1;
        self.end_session(evse, at, Reason::Other);
        let Some(visit) = &mut self.evses[evse].visit else {
            return;
        };
        visit.stage = Stage::Finishing;
        let place = visit.connector;
        self.set_status(place, at, Status::Preparing, ErrorCode::EvCommunicationError);
        let gone = at + priors::seconds(15, 60, &mut self.life);
        self.agenda.replan(gone, Timer::Visit(evse));
        self.plan_retry(evse, gone);
    }

    /// Plans another try of most drivers whose attempt failed.
    pub(super) fn plan_retry(&mut self, evse: usize, gone: DateTime<Utc>) {
        if self.life.random_bool(0.7) {
            let again = gone + priors::seconds(10, 110, &mut self.life);
            self.agenda.plan(again, Timer::Retry(evse));
        }
    }

    /// When the driver comes back, if not when the car is charged, and how long the car stays after its session.
    fn draw_stay(&mut self, stay: Stay, at: DateTime<Utc>) -> (Option<DateTime<Utc>>, Duration) {
        match stay {
            Stay::Around { median_h, sigma } => {
                let stays = priors::log_normal(median_h, sigma, &mut self.life).clamp(0.2, 72.0);
                (Some(at + priors::hours(stays)), priors::seconds(20, 240, &mut self.life))
            }
            Stay::Shift { mean_h, sd_h } => {
                let stays = priors::normal(mean_h, sd_h, &mut self.life).clamp(0.5, 24.0);
                (Some(at + priors::hours(stays)), priors::seconds(20, 240, &mut self.life))
            }
            Stay::UntilCharged { minutes } => {
                (None, priors::hours(priors::log_normal(minutes / 60.0, 0.6, &mut self.life).clamp(0.01, 2.0)))
            }
        }
    }

    fn draw_fate(&mut self, fails: f64) -> Fate {
        if self.life.random_bool(fails) {
            return if self.life.random_bool(0.6) { Fate::NeverStarts } else { Fate::StopsAtOnce };
        }
        let when = priors::seconds(60, 2400, &mut self.life);
        if self.chance(0.01, 0.15) {
            Fate::Breaks(when)
        } else if self.chance(0.01 * self.spec.behaviour.power_cuts, 0.3) {
            Fate::LosesPower(when)
        } else {
            Fate::Charges
        }
    }

    fn choose_connector(&mut self, evse: usize) -> usize {
        let places = &self.evses[evse].connectors;
        let nth = if places.len() > 1 && self.life.random_bool(0.1) { 1 } else { 0 };
        places[nth]
    }

    fn is_open(&self, at: DateTime<Utc>) -> bool {
        let hour = calendar::london_hour(at);
        !self.draining && self.spec.site.open.is_none_or(|(from, to)| (from..to).contains(&hour))
    }

    /// An invented card: the same driver may come again, but never while his last visits could be taken for this one.
    fn draw_tag(&mut self) -> String {
        loop {
            let tag = if self.life.random_bool(0.3) {
                format!("04{:012X}", 0xC0FF_EE00_0000_u64 + self.spec.index * 64 + self.life.random_range(0..40))
            } else {
                format!("04{:012X}", self.life.random_range(0..0xC000_0000_0000_u64))
            };
            if self.recent_tags.contains(&tag) {
                continue;
            }
            self.recent_tags.push_back(tag.clone());
            if self.recent_tags.len() > RECENT_TAGS {
                self.recent_tags.pop_front();
            }
            return tag;
        }
    }
}
