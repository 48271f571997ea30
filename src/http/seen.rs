//! The ledger as somebody sees it who is limited to sites: what belongs to another charger is not there. It stands between
//! every handler and the ledger, so that a new way to read must say here what of it a site is.

use std::sync::Arc;

use crate::config::sites::Registry;
use crate::domain::availability::Interval;
use crate::domain::ids::{ChargerId, FrameKey, Outlet, SessionId, StationKey};
use crate::domain::security_event::SecurityKind;
use crate::domain::time::At;
use crate::store::StoreError;
use crate::store::archive::{
    Archive, ChargerView, ConnectorTotals, DeviationView, EvidenceFilter, FrameView, HandshakeView, ReadingPlace,
    ReadingView, SessionFilter, SessionView,
};
use crate::store::device::{
    ConformanceFilter, ConformanceView, MonitorView, ObservationView, ReportView, VariableView,
};
use crate::store::security::{SecurityEventView, SecurityFilter};
use crate::store::telemetry::{Rolled, SeriesFilter, Telemetry};

/// What can be read of some sites.
pub(super) struct Seen<'a> {
    /// The ledger.
    pub(super) archive: &'a mut dyn Archive,
    /// The chargers of the sites.
    pub(super) own: Arc<Registry>,
}

/// Those of `wanted` (empty: of all) that are in `own`; `None` when none is.
fn narrowed(wanted: &[ChargerId], own: &Registry) -> Option<Vec<ChargerId>> {
    let chargers: Vec<ChargerId> = match wanted {
        [] => own.chargers.keys().cloned().collect(),
        some => some.iter().filter(|charger| own.chargers.contains_key(charger)).cloned().collect(),
    };
    Some(chargers).filter(|chargers| !chargers.is_empty())
}

impl Seen<'_> {
    fn sees(&self, charger: &ChargerId) -> bool {
        self.own.chargers.contains_key(charger)
    }

    fn sees_station(&mut self, station: StationKey) -> Result<bool, StoreError> {
        let next = self.archive.chargers(None, Some(StationKey(station.0 - 1)), 1)?.pop();
        Ok(next.is_some_and(|view| view.key == station && self.sees(&view.charger)))
    }

    fn sees_session(&mut self, id: SessionId) -> Result<bool, StoreError> {
        Ok(self.session(id)?.is_some())
    }

    fn evidence(&self, filter: &EvidenceFilter) -> Option<EvidenceFilter> {
        narrowed(&filter.chargers, &self.own).map(|chargers| EvidenceFilter { chargers, ..filter.clone() })
    }
}

impl Archive for Seen<'_> {
    fn chargers(
        &mut self,
        only: Option<&ChargerId>,
        mut after: Option<StationKey>,
        limit: usize,
    ) -> Result<Vec<ChargerView>, StoreError> {
        if only.is_some_and(|only| !self.sees(only)) {
            return Ok(Vec::new());
        }
        // An empty page is the end: go on until there is something to see.
        loop {
            let mut views = self.archive.chargers(only, after, limit)?;
            let Some(last) = views.last() else { return Ok(views) };
            after = Some(last.key);
            views.retain(|view| self.sees(&view.charger));
            if !views.is_empty() {
                return Ok(views);
            }
        }
    }

    fn sessions(
        &mut self,
        filter: &SessionFilter,
        before: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<SessionView>, StoreError> {
        match narrowed(&filter.chargers, &self.own) {
            Some(chargers) => self.archive.sessions(&SessionFilter { chargers, ..filter.clone() }, before, limit),
            None => Ok(Vec::new()),
        }
    }

    fn session(&mut self, id: SessionId) -> Result<Option<SessionView>, StoreError> {
        Ok(self.archive.session(id)?.filter(|view| self.sees(&view.charger)))
    }

    fn readings(
        &mut self,
        session: SessionId,
        after: Option<ReadingPlace>,
        limit: usize,
    ) -> Result<Vec<ReadingView>, StoreError> {
        if self.sees_session(session)? { self.archive.readings(session, after, limit) } else { Ok(Vec::new()) }
    }

    fn frames(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<FrameKey>,
        limit: usize,
    ) -> Result<Vec<FrameView>, StoreError> {
        self.evidence(filter).map_or(Ok(Vec::new()), |filter| self.archive.frames(&filter, before, limit))
    }

    fn deviations(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<DeviationView>, StoreError> {
        self.evidence(filter).map_or(Ok(Vec::new()), |filter| self.archive.deviations(&filter, before, limit))
    }

    fn handshakes(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<HandshakeView>, StoreError> {
        self.evidence(filter).map_or(Ok(Vec::new()), |filter| self.archive.handshakes(&filter, before, limit))
    }

    fn timeline(
        &mut self,
        station: StationKey,
        outlet: Outlet,
        from: At,
        until: At,
    ) -> Result<Vec<Interval>, StoreError> {
        if self.sees_station(station)? { self.archive.timeline(station, outlet, from, until) } else { Ok(Vec::new()) }
    }

    fn totals(&mut self) -> Result<Vec<ConnectorTotals>, StoreError> {
        let mut totals = self.archive.totals()?;
        totals.retain(|total| self.sees(&total.charger));
        Ok(totals)
    }

    fn reports(&mut self, session: SessionId, after: i64, limit: usize) -> Result<Vec<ReportView>, StoreError> {
        if self.sees_session(session)? { self.archive.reports(session, after, limit) } else { Ok(Vec::new()) }
    }

    fn observations(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ObservationView>, StoreError> {
        self.evidence(filter).map_or(Ok(Vec::new()), |filter| self.archive.observations(&filter, before, limit))
    }

    fn security_events(
        &mut self,
        filter: &SecurityFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<SecurityEventView>, StoreError> {
        match narrowed(&filter.chargers, &self.own) {
            Some(chargers) => {
                self.archive.security_events(&SecurityFilter { chargers, ..filter.clone() }, before, limit)
            }
            None => Ok(Vec::new()),
        }
    }

    /// Counted by kind, not by charger: nothing of it is a site's.
    fn security_tally(&mut self) -> Result<Vec<(SecurityKind, u32)>, StoreError> {
        Ok(Vec::new())
    }

    fn variables(&mut self, station: StationKey) -> Result<Vec<VariableView>, StoreError> {
        if self.sees_station(station)? { self.archive.variables(station) } else { Ok(Vec::new()) }
    }

    fn monitors(&mut self, station: StationKey) -> Result<Vec<MonitorView>, StoreError> {
        if self.sees_station(station)? { self.archive.monitors(station) } else { Ok(Vec::new()) }
    }

    /// Counted by build, not by charger: nothing of it is a site's.
    fn conformance(&mut self, _: &ConformanceFilter) -> Result<Vec<ConformanceView>, StoreError> {
        Ok(Vec::new())
    }

    /// When we were running is no secret.
    fn watches(&mut self) -> Result<Vec<(At, At)>, StoreError> {
        self.archive.watches()
    }
}

/// Roll-ups as somebody sees them.
pub(super) struct SeenSeries<'a> {
    /// The ledger.
    pub(super) ledger: &'a mut dyn Telemetry,
    /// The chargers of the caller's sites; `None`: all.
    pub(super) own: Option<Arc<Registry>>,
}

impl SeenSeries<'_> {
    /// As [`Telemetry::rolled`].
    pub(super) fn rolled(&mut self, filter: &SeriesFilter, take: &mut dyn FnMut(Rolled)) -> Result<(), StoreError> {
        let Some(own) = &self.own else { return self.ledger.rolled(filter, take) };
        match narrowed(&filter.chargers, own) {
            Some(chargers) => self.ledger.rolled(&SeriesFilter { chargers, ..filter.clone() }, take),
            None => Ok(()),
        }
    }

    /// As [`Telemetry::charger_ids`].
    pub(super) fn charger_ids(&mut self) -> Result<Vec<(i64, ChargerId)>, StoreError> {
        let mut ids = self.ledger.charger_ids()?;
        if let Some(own) = &self.own {
            ids.retain(|(_, charger)| own.chargers.contains_key(charger));
        }
        Ok(ids)
    }
}
