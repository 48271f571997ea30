//! What can be read of OCPP 2.x and of conformance, beside [`super::archive`].

use crate::domain::device::{DeviceVariable, Monitor, Observation};
use crate::domain::ids::{ChargerId, FrameKey, Outlet};
use crate::domain::record::ReportRow;
use crate::domain::time::At;

/// A report of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportView {
    /// Row number.
    pub id: i64,
    /// The report.
    pub report: ReportRow,
    /// The frame it came in; it may be gone by retention.
    pub frame: Option<FrameKey>,
}

/// Something that a charger saw of its device model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservationView {
    /// Row number.
    pub id: i64,
    /// Its charger.
    pub charger: ChargerId,
    /// Where.
    pub outlet: Outlet,
    /// Where it is placed in time.
    pub at: At,
    /// Whether it says that something is wrong.
    pub alert: bool,
    /// What.
    pub what: Observation,
    /// The frame it came in; it may be gone by retention.
    pub frame: Option<FrameKey>,
}

/// A variable of the device model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableView {
    /// The variable.
    pub variable: DeviceVariable,
    /// When it was last reported.
    pub seen: At,
}

/// A monitor of the device model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorView {
    /// The monitor.
    pub monitor: Monitor,
    /// When it was last reported.
    pub seen: At,
}

/// How finely conformance is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// One row a build and period.
    #[default]
    Build,
    /// One row a build, period and action.
    Action,
    /// One row a build, period, action and rule that was needed.
    Rule,
}

/// By which periods conformance is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// All of the time asked for as one.
    #[default]
    All,
    /// Months (UTC).
    Month,
    /// Days (UTC).
    Day,
}

/// Which conformance figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConformanceFilter {
    /// From this day on (days since 1970, UTC).
    pub from_day: Option<i64>,
    /// Before this day.
    pub until_day: Option<i64>,
    /// Of this maker.
    pub vendor: Option<String>,
    /// Of this model.
    pub model: Option<String>,
    /// How finely.
    pub detail: Detail,
    /// By which periods.
    pub period: Period,
}

/// How closely a build keeps to its version of OCPP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConformanceView {
    /// Maker; empty where never said.
    pub vendor: String,
    /// Model; empty where never said.
    pub model: String,
    /// Firmware; empty where never said.
    pub firmware: String,
    /// Protocol.
    pub protocol: String,
    /// `2026-11` or `2026-11-25`; `None` for all the time asked for.
    pub period: Option<String>,
    /// Action, where told so finely.
    pub action: Option<String>,
    /// Rule, where told so finely.
    pub rule: Option<String>,
    /// Frames of this build, period and action.
    pub frames: u64,
    /// Those that deviate (or, told by rule, in which the rule was needed).
    pub deviating: u64,
    /// Chargers that are of this build now.
    pub chargers: u64,
}
