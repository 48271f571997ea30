//! A charger's machine with a small, obvious ledger behind it, for tests.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::availability::Interval;
use crate::domain::energy::{Milli, MilliWh};
use crate::domain::event::{Event, Metered, Named, Start, StatusReport, Stop};
use crate::domain::ids::{ChargerId, Outlet, SessionId, StationKey, TransactionId};
use crate::domain::memory::{Known, Question, StationMemory};
use crate::domain::meter::BEARING;
use crate::domain::reading::{Flags, ReadingKind, Sample, Word, measurand};
use crate::domain::record::{Answer, Change, ConnectorNow, Effect, Paint, ReadingRow, SessionRow, SessionState, Turn};
use crate::domain::station::{Rules, Station};
use crate::domain::status::{ConnectorStatus, State};
use crate::domain::time::{At, ChargerTime};
use crate::domain::token::TokenHash;

/// 2026-03-01T00:00:00Z plus some seconds.
pub(super) fn second(n: i64) -> At {
    At::from_millis(1_772_323_200_000 + n * 1000)
}

pub(super) const ONE: Outlet = Outlet::new(1, 1);

/// A machine, its ledger, and our clock.
pub(super) struct Bench {
    pub(super) station: Station,
    pub(super) now: At,
    pub(super) sessions: BTreeMap<SessionId, SessionRow>,
    pub(super) readings: Vec<ReadingRow>,
    pub(super) timeline: BTreeMap<Outlet, Vec<Interval>>,
    connectors: BTreeMap<Outlet, ConnectorNow>,
    reports: Vec<(Outlet, At)>,
    protocol: &'static str,
    next_id: i32,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::speaking("ocpp1.6")
    }

    /// A charger that speaks this protocol.
    pub(super) fn speaking(protocol: &'static str) -> Self {
        let memory = StationMemory {
            key: StationKey(1),
            charger: ChargerId::new("CP-1"),
            boot: None,
            connectors: Vec::new(),
            sessions: Vec::new(),
            complete: true,
            last_heard: None,
            protocol: None,
            profile: None,
        };
        let mut bench = Self {
            station: Station::recall(memory, Self::rules()),
            now: second(0),
            sessions: BTreeMap::new(),
            readings: Vec::new(),
            timeline: BTreeMap::new(),
            connectors: BTreeMap::new(),
            reports: Vec::new(),
            protocol,
            next_id: 1,
        };
        bench.connect();
        bench
    }

    pub(super) fn rules() -> Rules {
        Rules {
            heartbeat: Duration::from_secs(300),
            grace: Duration::from_secs(600),
            held: false,
            rated_w: Some(50_000),
        }
    }

    /// The program starts anew: all that is left is the ledger, of which only the newest `remembered` sessions that
    /// are over come along.
    pub(super) fn restart(&mut self, remembered: usize) {
        let (open, over): (Vec<_>, Vec<_>) =
            self.sessions.values().cloned().partition(|row| row.state == SessionState::Active);
        let complete = over.len() <= remembered;
        let mut sessions: Vec<_> = over.into_iter().rev().take(remembered).chain(open).collect();
        sessions.sort_by_key(|row| row.id);
        let memory = StationMemory {
            key: StationKey(1),
            charger: ChargerId::new("CP-1"),
            boot: None,
            connectors: self.connectors.values().cloned().collect(),
            sessions,
            complete,
            last_heard: Some(self.now),
            protocol: Some(self.protocol.into()),
            profile: None,
        };
        self.station = Station::recall(memory, Self::rules());
        self.connect();
    }

    pub(super) fn connect(&mut self) {
        let turn = self.station.connected(self.now, self.protocol, "192.0.2.1", None);
        self.store(&turn);
    }

    pub(super) fn disconnect(&mut self) {
        let turn = self.station.disconnected(self.now, "closed");
        self.store(&turn);
    }

    pub(super) fn at(&mut self, now: At) -> &mut Self {
        self.now = now;
        self
    }

    pub(super) fn wake(&mut self) -> Turn {
        let turn = self.station.wake(self.now);
        self.store(&turn);
        turn
    }

    /// Handles an event as the gateway does.
    pub(super) fn tell(&mut self, event: Event) -> Turn {
        loop {
            let questions = self.station.asks(self.now, &event);
            if questions.is_empty() {
                break;
            }
            let known = questions.iter().map(|question| self.reply(question)).collect();
            self.station.learn(known);
        }
        let fresh = self.station.begins_session(self.now, &event).then_some(SessionId(self.next_id));
        self.next_id += i32::from(fresh.is_some());
        let turn = self.station.handle(self.now, event, fresh);
        self.store(&turn);
        turn
    }

    fn store(&mut self, turn: &Turn) {
        for change in &turn.changes {
            match change {
                Change::Session(row) => {
                    self.sessions.insert(row.id, (**row).clone());
                }
                Change::Reading(row) => {
                    let same = |kept: &ReadingRow| {
                        (kept.outlet, kept.at, &kept.kind, kept.value) == (row.outlet, row.at, &row.kind, row.value)
                    };
                    if !self.readings.iter().any(same) {
                        self.readings.push(row.clone());
                    }
                }
                Change::Paint(paint) => self.paint(paint),
                Change::ConnectorNow(now) => {
                    self.connectors.insert(now.outlet, now.clone());
                }
                Change::StatusEvidence(row) => self.reports.push((row.outlet, row.at)),
                Change::ReadingsMoved { session, from, to } => {
                    for row in &mut self.readings {
                        if row.session == Some(*session) && row.outlet == *from {
                            row.outlet = *to;
                        }
                    }
                }
                Change::ConnectorGone(outlet) => drop(self.connectors.remove(outlet)),
                Change::Booted { .. }
                | Change::Contact(_)
                | Change::Security { .. }
                | Change::Progress { .. }
                | Change::TokenChecked { .. }
                | Change::ClockAhead { .. }
                | Change::TokenInClear { .. }
                | Change::Report(_)
                | Change::Observed { .. }
                | Change::Variable(_)
                | Change::Monitor(_) => {}
            }
        }
    }

    fn paint(&mut self, paint: &Paint) {
        let line = self.timeline.entry(paint.outlet).or_default();
        let mut kept = Vec::new();
        let end = |until: Option<At>| until.unwrap_or(At::from_millis(i64::MAX));
        let mut painted = Vec::new();
        for old in line.drain(..) {
            let (from, until) = (old.from.max(paint.from), end(old.until).min(end(paint.until)));
            if from >= until || paint.only_over.is_some_and(|only| only != old.state) {
                kept.push(old);
                continue;
            }
            painted.push((from, until));
            if old.from < from {
                kept.push(Interval { until: Some(from), ..old.clone() });
            }
            if until < end(old.until) {
                kept.push(Interval { from: until, ..old });
            }
        }
        if paint.only_over.is_none() {
            painted = vec![(paint.from, end(paint.until))];
        }
        for (from, until) in painted {
            let until = (until != At::from_millis(i64::MAX)).then_some(until);
            let (state, status, cause) = (paint.state, paint.status.clone(), paint.cause);
            kept.push(Interval { from, until, state, status, cause, proof: None });
        }
        kept.sort_by_key(|interval| interval.from);
        *line = kept;
    }

    fn reply(&self, question: &Question) -> Known {
        let found = match question {
            Question::StartedBefore { outlet, at, register, token } => self.sessions.values().find(|row| {
                row.outlet == *outlet
                    && row.start_said == Some(*at)
                    && row.meter_start == *register
                    && row.token == *token
            }),
            Question::StoppedBefore { at, register } => {
                self.sessions.values().find(|row| row.end_said == Some(*at) && row.meter_stop == *register)
            }
            Question::Transaction(id) => self.sessions.values().rev().find(|row| row.transaction == *id),
            Question::RunningAt(outlet, at) => self.sessions.values().rev().find(|row| {
                row.outlet == *outlet
                    && row.started_at.is_some_and(|start| start <= *at)
                    && row.ended_at.is_none_or(|end| *at <= end)
            }),
            Question::MeterHistory(id) => return Known::MeterHistory(*id, self.history(*id)),
            Question::NextReport(outlet, after) => {
                let next = self.reports.iter().filter(|(of, at)| of == outlet && at > after).map(|(_, at)| *at).min();
                return Known::NextReport { outlet: *outlet, after: *after, found: next };
            }
            Question::RunningOf(token) => {
                let runs = |row: &&SessionRow| row.token.as_ref() == Some(token) && row.state == SessionState::Active;
                return Known::RunningOf(
                    token.clone(),
                    self.sessions.values().filter(runs).map(|row| row.id).collect(),
                );
            }
        };
        Known::Session { to: question.clone(), found: found.cloned().map(Box::new) }
    }

    fn history(&self, id: SessionId) -> Vec<Sample> {
        let bears = |row: &&ReadingRow| row.session == Some(id) && BEARING.contains(&row.kind.measurand.as_str());
        let mut rows: Vec<_> = self.readings.iter().filter(bears).collect();
        rows.sort_by_key(|row| row.at);
        let sample = |row: &&ReadingRow| Sample {
            at: ChargerTime::said(row.at),
            kind: row.kind.clone(),
            value: row.value,
            text: row.text.clone(),
            flags: row.flags,
        };
        rows.iter().map(sample).collect()
    }

    pub(super) fn only_session(&self) -> &SessionRow {
        assert_eq!(self.sessions.len(), 1, "{:#?}", self.sessions);
        self.sessions.values().next().unwrap()
    }

    /// The timeline of an outlet as `(seconds, seconds or -1, state)`.
    pub(super) fn states(&self, outlet: Outlet) -> Vec<(i64, i64, State)> {
        let seconds = |at: At| at.millis_since(second(0)) / 1000;
        let line = self.timeline.get(&outlet).map_or(&[][..], Vec::as_slice);
        line.iter().map(|i| (seconds(i.from), i.until.map_or(-1, seconds), i.state)).collect()
    }
}

pub(super) fn token(name: &str) -> Option<TokenHash> {
    Some(TokenHash::from_ledger(name))
}

pub(super) fn named(id: i32) -> Named {
    Named::As(TransactionId(id.to_string().into()))
}

pub(super) fn start(outlet: Outlet, at: At, wh: i64, card: &str) -> Event {
    Event::TransactionStarted(Start {
        outlet,
        token: token(card),
        register: Some(MilliWh::from_wh(wh)),
        at: ChargerTime::said(at),
        transaction: Named::Nothing,
    })
}

pub(super) fn stop(transaction: Named, at: At, wh: Option<i64>, card: &str) -> Event {
    Event::TransactionEnded(Stop {
        transaction,
        outlet: None,
        token: token(card),
        register: wh.map(MilliWh::from_wh),
        at: ChargerTime::said(at),
        reason: None,
        samples: Vec::new(),
    })
}

pub(super) fn register(at: At, wh: i64) -> Sample {
    Sample {
        at: ChargerTime::said(at),
        kind: ReadingKind {
            measurand: Word::Known(measurand::ENERGY_REGISTER),
            phase: Word::Known(""),
            location: Word::Known("Outlet"),
            context: Word::Known("Sample.Periodic"),
            unit: Word::Known("Wh"),
        },
        value: Some(Milli(wh * 1000)),
        text: None,
        flags: Flags::default(),
    }
}

pub(super) fn metered(outlet: Outlet, transaction: Named, samples: Vec<Sample>) -> Event {
    Event::Metered(Metered { outlet, transaction, samples })
}

pub(super) fn status(outlet: Outlet, at: Option<At>, status: ConnectorStatus) -> Event {
    Event::StatusReported(StatusReport {
        outlet,
        status: Some(status),
        error: None,
        info: None,
        vendor: None,
        vendor_error: None,
        at: ChargerTime { said: at },
    })
}

/// The session id that a start was answered with.
pub(super) fn answered(turn: &Turn) -> i32 {
    match &turn.answer {
        Some(Answer::Started(id, _)) => id.0,
        other => panic!("a start is answered with an id, not {other:?}"),
    }
}

/// The values that a turn shows as live, in thousandths.
pub(super) fn live(turn: &Turn) -> Vec<i64> {
    let value = |effect: &Effect| match effect {
        Effect::Live { value, .. } => Some(value.0),
        Effect::Booted(_)
        | Effect::Status(_)
        | Effect::Session { .. }
        | Effect::Implausible(_)
        | Effect::Gone(_)
        | Effect::Security(_)
        | Effect::Skew(_) => None,
    };
    turn.effects.iter().filter_map(value).collect()
}
