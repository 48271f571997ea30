//! What OCPP 2.x tells beside sessions and states: reports of transactions, observations, the device model.

use axum::extract::{Path, RawQuery};
use axum::response::Response;

use super::evidence::{filter, key_of};
use super::sessions::known_session;
use super::wanted_chargers;
use crate::domain::device::Subject;
use crate::domain::event::Named;
use crate::domain::ids::{ChargerId, SessionId, StationKey};
use crate::domain::reading::Word;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::{Param, Query};
use crate::http::router::declared;
use crate::http::table::{Field, Kind, Resource, Row};
use crate::http::view::View;
use crate::store::archive::{Archive, EvidenceFilter};
use crate::store::device::{MonitorView, ObservationView, ReportView, VariableView};

pub(in crate::http) const ALERT: Param =
    Param { name: "alert", about: "true: only what says that something is wrong.", words: &["true", "false"] };

// Where in a charger something is: the same fields in everything of the device model.
const EVSE: Field = Field { name: "evse_id", kind: Kind::Whole, about: "EVSE; 0 is the charger as a whole." };
const CONNECTOR: Field =
    Field { name: "connector_id", kind: Kind::Whole, about: "Connector; 0 is the charger, or the EVSE, as a whole." };
const COMPONENT: Field = Field { name: "component", kind: Kind::Text, about: "Component." };
const COMPONENT_INSTANCE: Field =
    Field { name: "component_instance", kind: Kind::Text, about: "Which of several of its kind." };
const VARIABLE_NAME: Field = Field { name: "variable", kind: Kind::Text, about: "Variable." };
const VARIABLE_INSTANCE: Field =
    Field { name: "variable_instance", kind: Kind::Text, about: "Which of several of its kind." };

/// A report of a transaction.
pub(in crate::http) const REPORT: Resource = Resource {
    name: "TransactionReport",
    about: "A report of a transaction (TransactionEvent of OCPP 2.x), in order of arrival.",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "Number of the report." },
        Field { name: "seq", kind: Kind::Whole, about: "Its place in the order of the transaction's reports." },
        Field { name: "stage", kind: Kind::Text, about: "Started, Updated or Ended." },
        Field {
            name: "at",
            kind: Kind::Time,
            about: "When, on the charger's clock (ours where that was not believable).",
        },
        Field { name: "trigger", kind: Kind::Text, about: "Why it was sent." },
        Field { name: "charging", kind: Kind::Text, about: "What the charging was doing, in OCPP words." },
        Field { name: "offline", kind: Kind::Bool, about: "Whether it was kept back while the charger was offline." },
        Field {
            name: "details",
            kind: Kind::Text,
            about: "What else was said, as JSON: cost, tariff, phases, reservation.",
        },
        Field { name: "frame_id", kind: Kind::Whole, about: "The frame; it may be gone by retention." },
    ],
};

/// Something that a charger saw of its device model.
pub(in crate::http) const OBSERVATION: Resource = Resource {
    name: "Observation",
    about: "Something that a charger saw of its own device model (NotifyEvent of OCPP 2.x).",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "Number of the observation." },
        Field { name: "charger_id", kind: Kind::Text, about: "Identity of the charger." },
        EVSE,
        CONNECTOR,
        Field {
            name: "at",
            kind: Kind::Time,
            about: "When, on the charger's clock (ours where that was not believable).",
        },
        COMPONENT,
        COMPONENT_INSTANCE,
        VARIABLE_NAME,
        VARIABLE_INSTANCE,
        Field { name: "value", kind: Kind::Text, about: "Its value." },
        Field { name: "trigger", kind: Kind::Text, about: "Alerting, Delta or Periodic." },
        Field { name: "alert", kind: Kind::Bool, about: "Whether it says that something is wrong." },
        Field { name: "cleared", kind: Kind::Bool, about: "Whether it says that an earlier alert is over." },
        Field { name: "code", kind: Kind::Text, about: "Technical code." },
        Field { name: "info", kind: Kind::Text, about: "Technical details." },
        Field { name: "severity", kind: Kind::Whole, about: "0 (danger) to 9 (debug); told since OCPP 2.1." },
        Field { name: "transaction_id", kind: Kind::Text, about: "The transaction it happened in." },
        Field { name: "frame_id", kind: Kind::Whole, about: "The frame; it may be gone by retention." },
    ],
};

/// A variable of the device model.
pub(in crate::http) const VARIABLE: Resource = Resource {
    name: "DeviceVariable",
    about: "A variable of a charger's device model, as last reported (NotifyReport of OCPP 2.x).",
    fields: &[
        EVSE,
        CONNECTOR,
        COMPONENT,
        COMPONENT_INSTANCE,
        VARIABLE_NAME,
        VARIABLE_INSTANCE,
        Field { name: "attribute", kind: Kind::Text, about: "Actual, Target, MinSet or MaxSet." },
        Field { name: "value", kind: Kind::Text, about: "Its value; passwords are never shown." },
        Field { name: "mutability", kind: Kind::Text, about: "ReadOnly, WriteOnly or ReadWrite." },
        Field { name: "data_type", kind: Kind::Text, about: "Data type." },
        Field { name: "unit", kind: Kind::Text, about: "Unit." },
        Field { name: "seen_at", kind: Kind::Time, about: "When it was last reported, on our clock." },
    ],
};

/// A monitor of the device model.
pub(in crate::http) const MONITOR: Resource = Resource {
    name: "DeviceMonitor",
    about: "What a charger watches by itself, as last reported (NotifyMonitoringReport of OCPP 2.x).",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "The charger's number of the monitor." },
        EVSE,
        CONNECTOR,
        COMPONENT,
        COMPONENT_INSTANCE,
        VARIABLE_NAME,
        VARIABLE_INSTANCE,
        Field { name: "type", kind: Kind::Text, about: "UpperThreshold, LowerThreshold, Delta, Periodic …" },
        Field { name: "value", kind: Kind::Text, about: "Threshold, difference or seconds." },
        Field { name: "severity", kind: Kind::Whole, about: "0 (danger) to 9 (debug)." },
        Field { name: "seen_at", kind: Kind::Time, about: "When it was last reported, on our clock." },
    ],
};

/// Lists the reports of a session.
pub(in crate::http) async fn reports(
    view: View,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/sessions/{id}/reports"))?;
    let session = known_session(&view, &id).await?;
    list::answer(&view, &REPORT, &query, Reports(session)).await
}

/// Lists observations.
pub(in crate::http) async fn observations(view: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/observations"))?;
    let filter = filter(&query, &ALERT)?;
    let filter = wanted_chargers(&view, &query)?.map(|chargers| EvidenceFilter { chargers, ..filter });
    list::answer(&view, &OBSERVATION, &query, Observations(filter)).await
}

/// Lists the device model of a charger.
pub(in crate::http) async fn variables(
    view: View,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/chargers/{id}/device-model"))?;
    let (key, _) = key_of(&view, &ChargerId::new(id)).await?;
    list::answer(&view, &VARIABLE, &query, Variables(key)).await
}

/// Lists the monitors of a charger.
pub(in crate::http) async fn monitors(
    view: View,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/chargers/{id}/monitors"))?;
    let (key, _) = key_of(&view, &ChargerId::new(id)).await?;
    list::answer(&view, &MONITOR, &query, Monitors(key)).await
}

#[derive(Clone)]
struct Reports(SessionId);

impl Source for Reports {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let after = list::number(cursor)?.unwrap_or(0);
        let views = archive.reports(self.0, after, limit)?;
        Ok(views.iter().map(|view| (view.id.to_string(), report(view))).collect())
    }
}

fn report(view: &ReportView) -> Row {
    let report = &view.report;
    vec![
        view.id.into(),
        report.seq.into(),
        report.stage.map(|stage| stage.as_str()).into(),
        report.at.into(),
        report.trigger.as_ref().map(Word::as_str).into(),
        report.charging.as_ref().map(Word::as_str).into(),
        report.offline.into(),
        report.details.as_deref().into(),
        view.frame.map(|frame| frame.0).into(),
    ]
}

#[derive(Clone)]
struct Observations(Option<EvidenceFilter>);

impl Source for Observations {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let before = list::number(cursor)?;
        let Some(filter) = &self.0 else { return Ok(Page::new()) };
        let views = archive.observations(filter, before, limit)?;
        Ok(views.iter().map(|view| (view.id.to_string(), observation(view))).collect())
    }
}

fn observation(view: &ObservationView) -> Row {
    let what = &view.what;
    let transaction = match &what.transaction {
        Named::As(id) => Some(&*id.0),
        Named::Nothing => None,
    };
    let mut row: Row = vec![
        view.id.into(),
        view.charger.as_str().into(),
        view.outlet.evse.into(),
        view.outlet.connector.into(),
        view.at.into(),
    ];
    row.extend(names(&what.subject));
    row.extend([
        what.value.as_deref().into(),
        what.trigger.as_ref().map(Word::as_str).into(),
        view.alert.into(),
        what.cleared.into(),
        what.code.as_deref().into(),
        what.info.as_deref().into(),
        what.severity.into(),
        transaction.into(),
        view.frame.map(|frame| frame.0).into(),
    ]);
    row
}

/// The four cells that name a variable.
fn names(subject: &Subject) -> Row {
    vec![
        (&*subject.component).into(),
        subject.component_instance.as_deref().into(),
        (&*subject.variable).into(),
        subject.variable_instance.as_deref().into(),
    ]
}

#[derive(Clone)]
struct Variables(StationKey);

impl Source for Variables {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        list::part(archive.variables(self.0)?, cursor, limit, variable)
    }
}

fn variable(view: &VariableView) -> Row {
    let variable = &view.variable;
    let mut row: Row = vec![variable.subject.outlet.evse.into(), variable.subject.outlet.connector.into()];
    row.extend(names(&variable.subject));
    row.extend([
        variable.attribute.as_str().into(),
        variable.value.as_deref().into(),
        variable.mutability.as_ref().map(Word::as_str).into(),
        variable.data_type.as_ref().map(Word::as_str).into(),
        variable.unit.as_deref().into(),
        view.seen.into(),
    ]);
    row
}

#[derive(Clone)]
struct Monitors(StationKey);

impl Source for Monitors {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        list::part(archive.monitors(self.0)?, cursor, limit, monitor)
    }
}

fn monitor(view: &MonitorView) -> Row {
    let monitor = &view.monitor;
    let outlet = monitor.subject.outlet;
    let mut row: Row = vec![monitor.id.into(), outlet.evse.into(), outlet.connector.into()];
    row.extend(names(&monitor.subject));
    row.extend([
        monitor.kind.as_ref().map(Word::as_str).into(),
        monitor.value.as_deref().into(),
        monitor.severity.into(),
        view.seen.into(),
    ]);
    row
}
