//! Connectors and what they say: the present by order of arrival, the availability timeline by their own time.

use super::{Station, place};
use crate::domain::event::StatusReport;
use crate::domain::ids::Outlet;
use crate::domain::memory::{Known, Question};
use crate::domain::reading::Word;
use crate::domain::record::{Change, ConnectorNow, Effect, Paint, StatusEvidence, Turn};
use crate::domain::status::{Cause, ConnectorStatus, State};
use crate::domain::time::At;

/// More connectors than this are stored, but not remembered.
const MOST_CONNECTORS: usize = 256;

/// The connectors of a charger.
#[derive(Debug, Default)]
pub(super) struct Connectors(Vec<Connector>);

/// What decides which report is the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Present {
    /// The last to arrive: a charger that says what it is doing says so now, whatever its clock.
    ByArrival,
    /// The newest by its own time: reports of transactions are kept back and replayed.
    ByTime,
}

/// A connector as it stands.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) outlet: Outlet,
    /// Its present status; `None` while it has only been seen in other messages.
    now: Option<ConnectorNow>,
    /// Time of the newest report by its own time; `None` when it came from the ledger.
    newest_report: Option<At>,
    /// Time of the newest live value.
    pub(super) live_at: Option<At>,
}

impl Connectors {
    pub(super) fn recall(present: Vec<ConnectorNow>) -> Self {
        let connector = |now: ConnectorNow| Connector {
            outlet: now.outlet,
            newest_report: Some(now.since),
            now: Some(now),
            live_at: None,
        };
        Self(present.into_iter().map(connector).collect())
    }

    pub(super) fn get(&self, outlet: Outlet) -> Option<&Connector> {
        self.0.iter().find(|connector| connector.outlet == outlet)
    }

    /// The connector of an EVSE, where only one is known.
    pub(super) fn only_connector_of(&self, evse: u32) -> Option<Outlet> {
        let mut of = self.0.iter().map(|connector| connector.outlet);
        let mut next = || of.find(|outlet| outlet.evse == evse && outlet.connector != 0);
        let only = next()?;
        next().is_none().then_some(only)
    }

    /// Forgets connectors, and says which they were.
    pub(super) fn forget(&mut self, gone: impl Fn(Outlet) -> bool) -> Vec<Outlet> {
        let outlets = self.0.iter().map(|connector| connector.outlet).filter(|outlet| gone(*outlet)).collect();
        self.0.retain(|connector| !gone(connector.outlet));
        outlets
    }

    /// The connector; it appears when first seen, unless there are absurdly many.
    pub(super) fn at(&mut self, outlet: Outlet) -> Option<&mut Connector> {
        if let Some(index) = self.0.iter().position(|connector| connector.outlet == outlet) {
            return self.0.get_mut(index);
        }
        if self.0.len() >= MOST_CONNECTORS {
            return None;
        }
        self.0.push(Connector { outlet, now: None, newest_report: None, live_at: None });
        self.0.last_mut()
    }

    /// Contact is back: what was last said holds again, until something else is said.
    pub(super) fn resume(&self, now: At, turn: &mut Turn) {
        for present in self.0.iter().filter_map(|connector| connector.now.as_ref()) {
            let paint = painting(present.outlet, now, &present.status, Cause::Charger);
            turn.changes.push(Change::Paint(Paint { only_over: Some(State::Unknown), ..paint }));
        }
    }

    /// The charger has not been heard since `since`.
    pub(super) fn lose(&self, since: At, turn: &mut Turn) {
        for connector in &self.0 {
            turn.changes.push(Change::Paint(Paint {
                outlet: connector.outlet,
                from: since,
                until: None,
                state: State::Unknown,
                status: None,
                cause: Cause::Link,
                only_over: None,
            }));
        }
    }
}

impl Connector {
    /// Its present status.
    pub(super) fn status(&self) -> Option<&ConnectorNow> {
        self.now.as_ref()
    }

    /// Shows an error beside what it is doing, or takes it away.
    pub(super) fn show_error(&mut self, error: Option<Word>, code: Option<Box<str>>) -> Option<ConnectorNow> {
        let now = self.now.as_mut()?;
        (now.error, now.vendor_error) = (error, code);
        Some(now.clone())
    }

    /// Takes a report as the present: by order of arrival.
    fn take(&mut self, at: At, status: ConnectorStatus, report: &StatusReport) -> ConnectorNow {
        let before = self.now.take().filter(|before| before.status == status);
        let since = before.as_ref().map_or(at, |before| before.since.min(at));
        // A charger that repeats Faulted with NoError has not told us that the fault is gone.
        let keeps_error = status == ConnectorStatus::Faulted && report.error.is_none();
        let kept: Option<(Option<Word>, Option<Box<str>>)> =
            before.filter(|_| keeps_error).map(|before| (before.error, before.vendor_error));
        let (error, vendor_error) = kept.unwrap_or_else(|| (report.error.clone(), report.vendor_error.clone()));
        let now = ConnectorNow { outlet: self.outlet, status, since, error, vendor_error, info: report.info.clone() };
        self.now = Some(now.clone());
        now
    }
}

/// Paints a status from an instant on.
fn painting(outlet: Outlet, from: At, status: &ConnectorStatus, cause: Cause) -> Paint {
    Paint { outlet, from, until: None, state: status.state(), status: Some(status.clone()), cause, only_over: None }
}

impl Station {
    /// A report that is older than the newest one holds only until the next one after it.
    pub(super) fn status_asks(&self, now: At, report: &StatusReport) -> Vec<Question> {
        self.next_report_after(self.settle_outlet(report.outlet), report.at.placed(now).at).into_iter().collect()
    }

    /// The question for the report after this instant, where there is one.
    pub(super) fn next_report_after(&self, outlet: Outlet, at: At) -> Option<Question> {
        let newest = self.connectors.get(outlet).and_then(|connector| connector.newest_report);
        newest.is_some_and(|newest| at < newest).then_some(Question::NextReport(outlet, at))
    }

    pub(super) fn status_reported(&mut self, now: At, report: StatusReport, turn: &mut Turn) {
        let placed = place(now, report.at, "timestamp", turn);
        if !self.contact.was_before_this(placed.at) {
            self.contact.learn_skew(now, report.at, turn);
        }
        let report = StatusReport { outlet: self.settle_outlet(report.outlet), ..report };
        let Some(status) = report.status.clone() else { return };
        self.take_report(placed.at, &status, &report, Present::ByArrival, turn);
        if status == ConnectorStatus::Available {
            self.end_without_stop_at(report.outlet, placed.at, turn);
        }
    }

    /// Takes what a connector said it is doing: as evidence, into the timeline, and as its present.
    pub(super) fn take_report(
        &mut self,
        at: At,
        status: &ConnectorStatus,
        report: &StatusReport,
        present: Present,
        turn: &mut Turn,
    ) {
        turn.changes.push(Change::StatusEvidence(StatusEvidence {
            outlet: report.outlet,
            at,
            status: status.clone(),
            error: report.error.clone(),
            info: report.info.clone(),
            vendor_error: report.vendor_error.clone(),
        }));
        if *status == ConnectorStatus::Occupied && self.is_in_use(report.outlet) {
            // 2.x says so once more of a connector of which its transaction has said more.
            return;
        }
        let newest = self.connectors.get(report.outlet).and_then(|connector| connector.newest_report);
        let next = self.known.iter().find_map(|known| match known {
            Known::NextReport { outlet, after, found } => found.filter(|_| (*outlet, *after) == (report.outlet, at)),
            Known::Session { .. }
            | Known::MeterHistory(..)
            | Known::RunningOf(..)
            | Known::Driver(_)
            | Known::Signing(_) => None,
        });
        let until = next.or(newest.filter(|newest| at < *newest));
        turn.changes.push(Change::Paint(Paint { until, ..painting(report.outlet, at, status, Cause::Charger) }));
        let is_late = newest.is_some_and(|newest| at < newest);
        if let Some(connector) = self.connectors.at(report.outlet).filter(|_| present == Present::ByArrival || !is_late)
        {
            connector.newest_report = connector.newest_report.max(Some(at));
            let present = connector.take(at, status.clone(), report);
            turn.changes.push(Change::ConnectorNow(present.clone()));
            turn.effects.push(Effect::Status(present));
        }
    }

    /// Whether a connector is known to be in use, and how.
    pub(super) fn is_in_use(&self, outlet: Outlet) -> bool {
        let status = self.connectors.get(outlet).and_then(Connector::status).map(|now| &now.status);
        status.is_some_and(|status| status.state() == State::Charging && !matches!(status, ConnectorStatus::Occupied))
    }

    /// The outlet that is meant where only an EVSE is named: its one connector, or the one that is in use. Where that
    /// cannot be told it stays the EVSE as a whole; nothing is guessed.
    pub(super) fn settle_outlet(&self, outlet: Outlet) -> Outlet {
        if !outlet.is_whole_evse() {
            return outlet;
        }
        let only = self.connectors.only_connector_of(outlet.evse);
        let busy = || self.sessions.active_at(outlet).map(|session| session.row.outlet);
        only.or_else(busy).unwrap_or(outlet)
    }

    /// Whether a session at `of` cannot go on where `outlet` is free: it is the same connector, or the only one of an
    /// EVSE of which the session names no connector.
    pub(super) fn frees(&self, outlet: Outlet, of: Outlet) -> bool {
        let only = || self.connectors.only_connector_of(of.evse) == Some(outlet);
        outlet == of || (of.is_whole_evse() && only()) || (outlet.is_whole_evse() && outlet.meets(of))
    }
}
