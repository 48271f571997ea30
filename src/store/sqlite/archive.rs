//! Lists and views for the API. Every list is paged by key, so that no read transaction lasts longer than a page.

use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use super::recall::SqliteReader;
use super::rows::{self, BOOT, BOOT_WIDTH, CONNECTOR, SESSION};
use super::timeline;
use crate::domain::availability::Interval;
use crate::domain::energy::{IN_VAIN, Milli, MilliWh};
use crate::domain::ids::{ChargerId, FrameKey, Outlet, SessionId, StationKey};
use crate::domain::imported::{CHARGER, HASHED, Oddities, Origin};
use crate::domain::reading::Flags;
use crate::domain::security::Profile;
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

/// A list's conditions and their values, in order.
#[derive(Default)]
pub(super) struct Where {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Where {
    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.conditions.push(condition.to_owned());
        self.values.push(value.into());
    }

    pub(super) fn maybe(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.and(condition, value);
        }
    }

    /// `column` is one of these chargers, compared without case; no chargers means all.
    pub(super) fn chargers(&mut self, column: &str, chargers: &[ChargerId]) {
        if chargers.is_empty() {
            return;
        }
        let marks = vec!["?"; chargers.len()].join(",");
        self.conditions.push(format!("{column} IN (SELECT id FROM charger_row WHERE folded IN ({marks}))"));
        self.values.extend(chargers.iter().map(|charger| Value::from(charger.folded())));
    }

    pub(super) fn into_values(self) -> Vec<Value> {
        self.values
    }

    pub(super) fn sql(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!("WHERE {}", self.conditions.join(" AND ")) }
    }
}

impl SqliteReader {
    pub(super) fn list<T>(
        &self,
        select: &str,
        wanted: Where,
        order: &str,
        limit: usize,
        read: impl Fn(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let sql = format!("{select} {} ORDER BY {order} LIMIT {limit}", wanted.sql());
        let mut statement = self.db.prepare_cached(&sql)?;
        let found = statement.query_map(params_from_iter(wanted.values), |row| read(row))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn present(&self, key: StationKey) -> Result<Vec<(Outlet, Interval)>, StoreError> {
        let mut select = self.db.prepare_cached(
            "SELECT evse, connector, max(from_ms), until_ms, state, status, cause, frame_id FROM status_interval
             WHERE charger_id = ? GROUP BY evse, connector",
        )?;
        let found =
            select.query_map([key.0], |row| Ok((Outlet::new(row.get(0)?, row.get(1)?), timeline::read(row, 2)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

fn at(row: &Row<'_>, index: usize) -> Result<At, rusqlite::Error> {
    row.get(index).map(At::from_millis)
}

fn maybe_at(row: &Row<'_>, index: usize) -> Result<Option<At>, rusqlite::Error> {
    row.get::<_, Option<i64>>(index).map(|at| at.map(At::from_millis))
}

fn charger(row: &Row<'_>, index: usize) -> Result<ChargerId, rusqlite::Error> {
    row.get::<_, String>(index).map(ChargerId::new)
}

/// Selects sessions as [`session_view`] reads them.
fn session_select() -> String {
    format!(
        "SELECT c.charger, f.name, i.identity, i.site, i.oddities, {SESSION}
         FROM session_row s JOIN charger_row c ON c.id = s.charger_id
         LEFT JOIN imported_session i ON i.session_id = s.id LEFT JOIN import_source f ON f.id = i.source_id"
    )
}

fn session_view(row: &Row<'_>) -> Result<SessionView, rusqlite::Error> {
    let origin = match row.get(1)? {
        None => None,
        Some(source) => Some(Origin {
            source,
            session: Some(row.get::<_, String>(2)?).filter(|identity| !identity.starts_with(HASHED)),
            site: row.get(3)?,
            oddities: Oddities(row.get(4)?),
        }),
    };
    let (session, reading_count) = rows::session(row, 5)?;
    Ok(SessionView { charger: charger(row, 0)?, row: session, reading_count, origin })
}

fn deviation(row: &Row<'_>) -> Result<DeviationView, rusqlite::Error> {
    Ok(DeviationView {
        id: row.get(0)?,
        frame: FrameKey(row.get(1)?),
        charger: charger(row, 2)?,
        received: at(row, 3)?,
        action: row.get(4)?,
        rule: row.get(5)?,
        path: row.get(6)?,
        found: row.get(7)?,
        boot: rows::boot(row, 8)?,
    })
}

fn handshake(row: &Row<'_>) -> Result<HandshakeView, rusqlite::Error> {
    Ok(HandshakeView {
        id: row.get(0)?,
        at: at(row, 1)?,
        peer: row.get(2)?,
        charger: row.get::<_, Option<String>>(3)?.map(ChargerId::new),
        request: row.get(4)?,
        offered: row.get(5)?,
        outcome: row.get(6)?,
        status: row.get::<_, Option<u16>>(7)?.filter(|status| *status > 0),
        remarks: row.get(8)?,
    })
}

fn reading(row: &Row<'_>, outlet: Outlet) -> Result<ReadingView, rusqlite::Error> {
    let flags = Flags(row.get(4)?);
    Ok(ReadingView {
        place: ReadingPlace { at: at(row, 0)?, outlet, kind: row.get(1)?, value: Some(Milli(row.get(2)?)) },
        text: row.get(3)?,
        flags,
        received: at(row, 5)?,
        kind: rows::kind(row, 6)?,
    })
}

impl Archive for SqliteReader {
    fn chargers(
        &mut self,
        only: Option<&ChargerId>,
        after: Option<StationKey>,
        limit: usize,
    ) -> Result<Vec<ChargerView>, StoreError> {
        let mut wanted = Where::default();
        wanted.maybe("c.folded = ?", only.map(ChargerId::folded));
        wanted.maybe("c.id > ?", after.map(|key| key.0));
        let select = format!(
            "SELECT {BOOT}, c.id, c.charger, c.protocol, c.first_seen_ms, c.booted_ms, c.heard_ms, c.boots, c.disconnects, \
               c.profile, c.certificate_until_ms FROM charger_row c"
        );
        let mut views = self.list(&select, wanted, "c.id", limit, |row| {
            Ok(ChargerView {
                boot: rows::boot(row, 0)?,
                key: StationKey(row.get(BOOT_WIDTH)?),
                charger: charger(row, BOOT_WIDTH + 1)?,
                protocol: row.get(BOOT_WIDTH + 2)?,
                profile: row.get::<_, Option<i64>>(BOOT_WIDTH + 8)?.and_then(Profile::of_number),
                certificate_until: maybe_at(row, BOOT_WIDTH + 9)?,
                first_seen: at(row, BOOT_WIDTH + 3)?,
                last_boot: maybe_at(row, BOOT_WIDTH + 4)?,
                last_heard: maybe_at(row, BOOT_WIDTH + 5)?,
                boots: row.get(BOOT_WIDTH + 6)?,
                disconnects: row.get(BOOT_WIDTH + 7)?,
                connectors: Vec::new(),
                present: Vec::new(),
            })
        })?;
        let sql = format!("SELECT {CONNECTOR} FROM connector_row WHERE charger_id = ?");
        for view in &mut views {
            let mut select = self.db.prepare_cached(&sql)?;
            view.connectors = select.query_map([view.key.0], rows::connector)?.collect::<Result<_, _>>()?;
            view.present = self.present(view.key)?;
        }
        Ok(views)
    }

    fn sessions(
        &mut self,
        filter: &SessionFilter,
        before: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<SessionView>, StoreError> {
        let mut wanted = Where::default();
        wanted.chargers("s.charger_id", &filter.chargers);
        wanted.maybe("s.began_ms >= ?", filter.from.map(At::millis));
        wanted.maybe("s.began_ms < ?", filter.until.map(At::millis));
        wanted.maybe("s.state = ?", filter.state.map(|state| state.as_str().to_owned()));
        wanted.maybe("s.id < ?", before.map(|id| i64::from(id.0)));
        match &filter.source {
            Some(source) if source == CHARGER => wanted.and("s.id > ?", 0),
            Some(source) => wanted.and("f.name = ?", source.clone()),
            None => {}
        }
        self.list(&session_select(), wanted, "s.id DESC", limit, session_view)
    }

    fn session(&mut self, id: SessionId) -> Result<Option<SessionView>, StoreError> {
        let mut wanted = Where::default();
        wanted.and("s.id = ?", i64::from(id.0));
        let found = self.list(&session_select(), wanted, "s.id", 1, session_view)?;
        Ok(found.into_iter().next())
    }

    fn readings(
        &mut self,
        session: SessionId,
        after: Option<ReadingPlace>,
        limit: usize,
    ) -> Result<Vec<ReadingView>, StoreError> {
        let mut place = self.db.prepare_cached("SELECT charger_id, evse, connector FROM session_row WHERE id = ?")?;
        let found =
            place.query_map([session.0], |row| Ok((row.get::<_, i64>(0)?, Outlet::new(row.get(1)?, row.get(2)?))))?;
        let Some((key, outlet)) = found.collect::<Result<Vec<_>, _>>()?.into_iter().next() else {
            return Ok(Vec::new());
        };
        let mut select = self.db.prepare_cached(
            "SELECT r.at_ms, r.kind_id, r.value_milli, r.text, r.flags, r.received_ms,
               k.measurand, k.phase, k.location, k.context, k.unit
             FROM reading_row r JOIN reading_kind k ON k.id = r.kind_id
             WHERE r.charger_id = ? AND r.evse = ? AND r.connector = ? AND r.session_id = ?
               AND (r.at_ms, r.kind_id, r.value_milli) > (?, ?, ?)
             ORDER BY r.at_ms, r.kind_id, r.value_milli LIMIT ?",
        )?;
        let from = after.map_or((i64::MIN, 0, 0), |place| {
            (place.at.millis(), place.kind, place.value.map_or(i64::MIN, |value| value.0))
        });
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = params![key, outlet.evse, outlet.connector, session.0, from.0, from.1, from.2, limit];
        let found = select.query_map(values, |row| reading(row, outlet))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn frames(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<FrameKey>,
        limit: usize,
    ) -> Result<Vec<FrameView>, StoreError> {
        let mut wanted = Where::default();
        wanted.chargers("f.charger_id", &filter.chargers);
        wanted.maybe("f.received_ms >= ?", filter.from.map(At::millis));
        wanted.maybe("f.received_ms < ?", filter.until.map(At::millis));
        wanted.maybe("f.action = ?", filter.what.clone());
        wanted.maybe("f.id < ?", before.map(|key| key.0));
        let select = "SELECT f.id, c.charger, f.received_ms, f.action, f.text, f.reply, f.deviations
             FROM frame_row f JOIN charger_row c ON c.id = f.charger_id";
        self.list(select, wanted, "f.id DESC", limit, |row| {
            Ok(FrameView {
                key: FrameKey(row.get(0)?),
                charger: charger(row, 1)?,
                received: at(row, 2)?,
                action: row.get(3)?,
                text: row.get(4)?,
                reply: row.get(5)?,
                deviations: row.get(6)?,
            })
        })
    }

    fn deviations(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<DeviationView>, StoreError> {
        let mut wanted = Where::default();
        wanted.chargers("d.charger_id", &filter.chargers);
        wanted.maybe("d.received_ms >= ?", filter.from.map(At::millis));
        wanted.maybe("d.received_ms < ?", filter.until.map(At::millis));
        wanted.maybe("d.rule = ?", filter.what.clone());
        wanted.maybe("d.id < ?", before);
        let select = format!(
            "SELECT d.id, d.frame_id, c.charger, d.received_ms, d.action, d.rule, d.path, d.found, {BOOT}
             FROM deviation_row d JOIN charger_row c ON c.id = d.charger_id"
        );
        self.list(&select, wanted, "d.id DESC", limit, deviation)
    }

    fn handshakes(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<HandshakeView>, StoreError> {
        let mut wanted = Where::default();
        if !filter.chargers.is_empty() {
            let marks = vec!["?"; filter.chargers.len()].join(",");
            wanted.conditions.push(format!("lower(charger) IN ({marks})"));
            wanted.values.extend(filter.chargers.iter().map(|charger| Value::from(charger.folded())));
        }
        wanted.maybe("at_ms >= ?", filter.from.map(At::millis));
        wanted.maybe("at_ms < ?", filter.until.map(At::millis));
        wanted.maybe("outcome = ?", filter.what.clone());
        wanted.maybe("id < ?", before);
        let select = "SELECT id, at_ms, peer, charger, request, offered, outcome, status, remarks FROM handshake_row";
        self.list(select, wanted, "id DESC", limit, handshake)
    }

    fn timeline(
        &mut self,
        station: StationKey,
        outlet: Outlet,
        from: At,
        until: At,
    ) -> Result<Vec<Interval>, StoreError> {
        let mut select = self.db.prepare_cached(
            "SELECT from_ms, until_ms, state, status, cause, frame_id FROM status_interval
             WHERE charger_id = ? AND evse = ? AND connector = ? AND from_ms < ? AND (until_ms IS NULL OR until_ms > ?)
             ORDER BY from_ms",
        )?;
        let values = params![station.0, outlet.evse, outlet.connector, until.millis(), from.millis()];
        let found = select.query_map(values, |row| timeline::read(row, 0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn totals(&mut self) -> Result<Vec<ConnectorTotals>, StoreError> {
        let mut select = self.db.prepare_cached(
            "SELECT c.charger, t.evse, t.connector, sum(sessions), sum(energy), sum(vain), sum(changes) FROM (
               SELECT charger_id, evse, connector, count(*) AS sessions, coalesce(sum(energy_mwh), 0) AS energy,
                 count(*) FILTER (WHERE state IN ('ended', 'ended_without_stop') AND energy_mwh < ?1) AS vain, 0 AS changes
               FROM session_row WHERE id > 0 GROUP BY 1, 2, 3
               UNION ALL SELECT charger_id, evse, connector, 0, 0, 0, changes FROM connector_row
             ) t JOIN charger_row c ON c.id = t.charger_id GROUP BY t.charger_id, t.evse, t.connector",
        )?;
        let found = select.query_map([IN_VAIN.0], |row| {
            Ok(ConnectorTotals {
                charger: charger(row, 0)?,
                outlet: Outlet::new(row.get(1)?, row.get(2)?),
                sessions: row.get(3)?,
                energy: MilliWh(row.get(4)?),
                vain: row.get(5)?,
                status_changes: row.get(6)?,
                open: None,
            })
        })?;
        let mut totals: Vec<ConnectorTotals> = found.collect::<Result<_, _>>()?;
        let sql = format!(
            "SELECT c.charger, {SESSION} FROM session_row s JOIN charger_row c ON c.id = s.charger_id
             WHERE s.state = 'active'"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let open = select.query_map([], |row| Ok((charger(row, 0)?, rows::session(row, 1)?.0)))?;
        for found in open {
            let (charger, session) = found?;
            let of = totals.iter_mut().find(|total| total.charger == charger && total.outlet == session.outlet);
            if let Some(total) = of {
                total.open = Some(session);
            }
        }
        Ok(totals)
    }

    fn reports(&mut self, session: SessionId, after: i64, limit: usize) -> Result<Vec<ReportView>, StoreError> {
        self.reports_of(session, after, limit)
    }

    fn security_events(
        &mut self,
        filter: &SecurityFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<SecurityEventView>, StoreError> {
        self.security_events_of(filter, before, limit)
    }

    fn security_tally(&mut self) -> Result<Vec<(SecurityKind, u32)>, StoreError> {
        self.security_tally_of()
    }

    fn observations(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ObservationView>, StoreError> {
        self.observations_of(filter, before, limit)
    }

    fn variables(&mut self, station: StationKey) -> Result<Vec<VariableView>, StoreError> {
        self.variables_of(station)
    }

    fn monitors(&mut self, station: StationKey) -> Result<Vec<MonitorView>, StoreError> {
        self.monitors_of(station)
    }

    fn conformance(&mut self, filter: &ConformanceFilter) -> Result<Vec<ConformanceView>, StoreError> {
        self.conformance_of(filter)
    }

    fn watches(&mut self) -> Result<Vec<(At, At)>, StoreError> {
        let mut select = self.db.prepare_cached("SELECT began_ms, alive_ms FROM watch ORDER BY id")?;
        let found = select.query_map([], |row| Ok((at(row, 0)?, at(row, 1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
