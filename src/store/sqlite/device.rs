//! Evidence of OCPP 2.x: reports of transactions, observations, the device model.

use rusqlite::{Row, params};

use super::recall::SqliteReader;
use super::rows::word;
use super::write::SqliteBackend;
use crate::domain::device::{DeviceVariable, Monitor, Observation, Subject};
use crate::domain::event::{Named, Stage};
use crate::domain::ids::{ChargerId, FrameKey, Outlet, SessionId, StationKey, TransactionId};
use crate::domain::reading::Word;
use crate::domain::record::ReportRow;
use crate::domain::time::{At, ChargerTime};
use crate::store::StoreError;
use crate::store::archive::EvidenceFilter;
use crate::store::backend::WriteError;
use crate::store::device::{MonitorView, ObservationView, ReportView, VariableView};

/// More variables than this are not kept of one charger: no device has so many.
const MOST_VARIABLES: usize = 20_000;

/// More monitors than this are not kept of one charger.
const MOST_MONITORS: usize = 5_000;

impl SqliteBackend {
    pub(super) fn report(&self, frame: Option<i64>, row: &ReportRow) -> Result<(), WriteError> {
        let mut insert = self.db.prepare_cached(
            "INSERT OR IGNORE INTO transaction_report (session_id, seq, stage, at_ms, trigger, charging, offline, details,
               frame_id) VALUES (?,?,?,?,?,?,?,?,?)",
        )?;
        insert.execute(params![
            row.session.0,
            row.seq,
            row.stage.map_or("", Stage::as_str),
            row.at.millis(),
            word(&row.trigger),
            word(&row.charging),
            row.offline,
            row.details,
            frame
        ])?;
        Ok(())
    }

    /// Puts the readings of a session down at another outlet. What is there already is the same reading.
    pub(super) fn move_readings(
        &self,
        key: StationKey,
        session: SessionId,
        from: Outlet,
        to: Outlet,
    ) -> Result<(), WriteError> {
        let (id, station) = (session.0, key.0);
        self.db
            .prepare_cached(
                "UPDATE OR IGNORE reading_row SET evse = ?1, connector = ?2
                 WHERE charger_id = ?3 AND evse = ?4 AND connector = ?5 AND session_id = ?6",
            )?
            .execute(params![to.evse, to.connector, station, from.evse, from.connector, id])?;
        self.db
            .prepare_cached(
                "DELETE FROM reading_row WHERE charger_id = ?1 AND evse = ?2 AND connector = ?3 AND session_id = ?4",
            )?
            .execute(params![station, from.evse, from.connector, id])?;
        Ok(())
    }

    pub(super) fn forget_connector(&self, key: StationKey, outlet: Outlet) -> Result<(), WriteError> {
        self.db
            .prepare_cached("DELETE FROM connector_row WHERE charger_id = ? AND evse = ? AND connector = ?")?
            .execute(params![key.0, outlet.evse, outlet.connector])?;
        Ok(())
    }

    pub(super) fn observed(
        &self,
        key: StationKey,
        frame: Option<i64>,
        (at, received): (At, At),
        outlet: Outlet,
        what: &Observation,
    ) -> Result<(), WriteError> {
        let mut insert = self.db.prepare_cached(
            "INSERT INTO observation_row (charger_id, evse, connector, at_ms, received_ms, component, component_instance,
               variable, variable_instance, value, trigger, alert, cleared, code, info, severity, event, cause,
               transaction_id, frame_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        )?;
        let transaction = match &what.transaction {
            Named::As(id) => Some(&*id.0),
            Named::Nothing => None,
        };
        insert.execute(params![
            key.0,
            outlet.evse,
            outlet.connector,
            at.millis(),
            received.millis(),
            what.subject.component,
            what.subject.component_instance,
            what.subject.variable,
            what.subject.variable_instance,
            what.value,
            word(&what.trigger),
            what.is_alert(),
            what.cleared,
            what.code,
            what.info,
            what.severity,
            what.event,
            what.cause,
            transaction,
            frame
        ])?;
        Ok(())
    }

    pub(super) fn variable(&self, key: StationKey, seen: At, variable: &DeviceVariable) -> Result<(), WriteError> {
        let subject = &variable.subject;
        let mut upsert = self.db.prepare_cached(
            "INSERT INTO variable_row (charger_id, evse, connector, component, component_instance, variable,
               variable_instance, attribute, value, mutability, data_type, unit, seen_ms)
             SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13
             WHERE (SELECT count(*) FROM variable_row WHERE charger_id = ?1) < ?14
             ON CONFLICT DO UPDATE SET value = ?9, mutability = ?10, data_type = ?11, unit = ?12, seen_ms = ?13",
        )?;
        upsert.execute(params![
            key.0,
            subject.outlet.evse,
            subject.outlet.connector,
            subject.component,
            subject.component_instance.as_deref().unwrap_or_default(),
            subject.variable,
            subject.variable_instance.as_deref().unwrap_or_default(),
            variable.attribute.as_str(),
            variable.value,
            word(&variable.mutability),
            word(&variable.data_type),
            variable.unit,
            seen.millis(),
            i64::try_from(MOST_VARIABLES).unwrap_or(i64::MAX)
        ])?;
        Ok(())
    }

    pub(super) fn monitor(&self, key: StationKey, seen: At, monitor: &Monitor) -> Result<(), WriteError> {
        let Some(id) = monitor.id else { return Ok(()) };
        let subject = &monitor.subject;
        let mut upsert = self.db.prepare_cached(
            "INSERT INTO monitor_row (charger_id, monitor, evse, connector, component, component_instance, variable,
               variable_instance, kind, value, severity, seen_ms)
             SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12
             WHERE (SELECT count(*) FROM monitor_row WHERE charger_id = ?1) < ?13
             ON CONFLICT DO UPDATE SET evse = ?3, connector = ?4, component = ?5, component_instance = ?6, variable = ?7,
               variable_instance = ?8, kind = ?9, value = ?10, severity = ?11, seen_ms = ?12",
        )?;
        upsert.execute(params![
            key.0,
            id,
            subject.outlet.evse,
            subject.outlet.connector,
            subject.component,
            subject.component_instance,
            subject.variable,
            subject.variable_instance,
            word(&monitor.kind),
            monitor.value,
            monitor.severity,
            seen.millis(),
            i64::try_from(MOST_MONITORS).unwrap_or(i64::MAX)
        ])?;
        Ok(())
    }
}

fn text(row: &Row<'_>, index: usize) -> Result<Option<Box<str>>, rusqlite::Error> {
    row.get::<_, Option<String>>(index).map(|text| text.map(String::into_boxed_str))
}

fn sent(row: &Row<'_>, index: usize) -> Result<Option<Word>, rusqlite::Error> {
    row.get::<_, Option<String>>(index).map(|text| text.map(|text| Word::Other(text.into())))
}

/// Reads a subject; its columns (evse, connector, component, instance, variable, instance) begin at `first`.
fn subject(row: &Row<'_>, first: usize) -> Result<Subject, rusqlite::Error> {
    let some = |index: usize| text(row, first + index).map(|text| text.filter(|text| !text.is_empty()));
    Ok(Subject {
        outlet: Outlet::new(row.get(first)?, row.get(first + 1)?),
        component: row.get::<_, String>(first + 2)?.into(),
        component_instance: some(3)?,
        variable: row.get::<_, String>(first + 4)?.into(),
        variable_instance: some(5)?,
    })
}

const SUBJECT: &str = "evse, connector, component, component_instance, variable, variable_instance";

impl SqliteReader {
    pub(super) fn reports_of(
        &self,
        session: SessionId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<ReportView>, StoreError> {
        let mut select = self.db.prepare_cached(
            "SELECT id, seq, stage, at_ms, trigger, charging, offline, details, frame_id FROM transaction_report
             WHERE session_id = ? AND id > ? ORDER BY id LIMIT ?",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = select.query_map(params![session.0, after, limit], |row| {
            Ok(ReportView {
                id: row.get(0)?,
                report: ReportRow {
                    session,
                    seq: row.get(1)?,
                    stage: Stage::from_word(&row.get::<_, String>(2)?),
                    at: At::from_millis(row.get(3)?),
                    trigger: sent(row, 4)?,
                    charging: sent(row, 5)?,
                    offline: row.get(6)?,
                    details: text(row, 7)?,
                },
                frame: row.get::<_, Option<i64>>(8)?.map(FrameKey),
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    pub(super) fn observations_of(
        &self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ObservationView>, StoreError> {
        let mut wanted = super::archive::Where::default();
        wanted.chargers("o.charger_id", &filter.chargers);
        wanted.maybe("o.at_ms >= ?", filter.from.map(At::millis));
        wanted.maybe("o.at_ms < ?", filter.until.map(At::millis));
        wanted.maybe("o.alert = ?", filter.what.as_ref().map(|what| i64::from(what == "true")));
        wanted.maybe("o.id < ?", before);
        let select = format!(
            "SELECT {SUBJECT}, o.id, c.charger, o.at_ms, o.alert, o.value, o.trigger, o.cleared, o.code, o.info, o.severity,
               o.event, o.cause, o.transaction_id, o.frame_id
             FROM observation_row o JOIN charger_row c ON c.id = o.charger_id"
        );
        self.list(&select, wanted, "o.id DESC", limit, observation)
    }

    pub(super) fn variables_of(&self, station: StationKey) -> Result<Vec<VariableView>, StoreError> {
        let sql = format!(
            "SELECT {SUBJECT}, attribute, value, mutability, data_type, unit, seen_ms FROM variable_row
             WHERE charger_id = ? ORDER BY evse, connector, component, component_instance, variable, variable_instance,
               attribute"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let found = select.query_map([station.0], |row| {
            Ok(VariableView {
                variable: DeviceVariable {
                    subject: subject(row, 0)?,
                    attribute: Word::Other(row.get::<_, String>(6)?.into()),
                    value: text(row, 7)?,
                    mutability: sent(row, 8)?,
                    data_type: sent(row, 9)?,
                    unit: text(row, 10)?,
                },
                seen: At::from_millis(row.get(11)?),
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    pub(super) fn monitors_of(&self, station: StationKey) -> Result<Vec<MonitorView>, StoreError> {
        let sql = format!(
            "SELECT {SUBJECT}, monitor, kind, value, severity, seen_ms FROM monitor_row WHERE charger_id = ? ORDER BY monitor"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let found = select.query_map([station.0], |row| {
            Ok(MonitorView {
                monitor: Monitor {
                    subject: subject(row, 0)?,
                    id: row.get(6)?,
                    kind: sent(row, 7)?,
                    value: text(row, 8)?,
                    severity: row.get(9)?,
                },
                seen: At::from_millis(row.get(10)?),
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

fn observation(row: &Row<'_>) -> Result<ObservationView, rusqlite::Error> {
    let subject = subject(row, 0)?;
    let at = At::from_millis(row.get(8)?);
    let transaction = row.get::<_, Option<String>>(18)?;
    Ok(ObservationView {
        id: row.get(6)?,
        charger: ChargerId::new(row.get::<_, String>(7)?),
        outlet: subject.outlet,
        at,
        alert: row.get(9)?,
        what: Observation {
            subject,
            event: row.get(16)?,
            cause: row.get(17)?,
            at: ChargerTime::said(at),
            trigger: sent(row, 11)?,
            value: text(row, 10)?,
            number: None,
            cleared: row.get(12)?,
            code: text(row, 13)?,
            info: text(row, 14)?,
            severity: row.get(15)?,
            transaction: transaction.map_or(Named::Nothing, |id| Named::As(TransactionId(id.into()))),
        },
        frame: row.get::<_, Option<i64>>(19)?.map(FrameKey),
    })
}
