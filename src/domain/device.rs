//! A charger's device model (OCPP 2.x): components with variables, what they are worth, and what the charger says of
//! them by itself.

use super::energy::Milli;
use super::event::Named;
use super::ids::Outlet;
use super::reading::Word;
use super::time::ChargerTime;

/// Which variable of which component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Where the component is; [`Outlet::STATION`] for one of the charger as a whole.
    pub outlet: Outlet,
    /// Component, e.g. `Connector`; empty where it was not named.
    pub component: Box<str>,
    /// Which of several of its kind.
    pub component_instance: Option<Box<str>>,
    /// Variable, e.g. `AvailabilityState`; empty where it was not named.
    pub variable: Box<str>,
    /// Which of several of its kind.
    pub variable_instance: Option<Box<str>>,
}

/// Something that the charger saw of itself and tells (an event of its monitoring).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Of what.
    pub subject: Subject,
    /// The charger's number of it.
    pub event: Option<i64>,
    /// The earlier one that caused it.
    pub cause: Option<i64>,
    /// When, on the charger's clock.
    pub at: ChargerTime,
    /// `Alerting`, `Delta` or `Periodic`.
    pub trigger: Option<Word>,
    /// The value, as text.
    pub value: Option<Box<str>>,
    /// The value as a number of thousandths, where it is one exactly.
    pub number: Option<Milli>,
    /// Whether it says that an earlier alert is over.
    pub cleared: bool,
    /// Technical code, e.g. of a fault.
    pub code: Option<Box<str>>,
    /// Technical details.
    pub info: Option<Box<str>>,
    /// 0 (danger) to 9 (debug); told since 2.1.
    pub severity: Option<i64>,
    /// The transaction it happened in.
    pub transaction: Named,
}

impl Observation {
    /// Whether it reports that something is wrong: an alert that is not the end of one, or a problem that is there.
    pub fn is_alert(&self) -> bool {
        let alerting = self.trigger.as_ref().is_some_and(|trigger| trigger.as_str() == "Alerting");
        !self.is_relief() && (alerting || &*self.subject.variable == "Problem")
    }

    /// Whether it says that something is well again.
    pub fn is_relief(&self) -> bool {
        let denied = self.value.as_deref().is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
        self.cleared || (&*self.subject.variable == "Problem" && denied)
    }
}

/// A variable as a report describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceVariable {
    /// Which.
    pub subject: Subject,
    /// `Actual`, `Target`, `MinSet` or `MaxSet`.
    pub attribute: Word,
    /// Its value as text; absent for what may only be written.
    pub value: Option<Box<str>>,
    /// `ReadOnly`, `WriteOnly` or `ReadWrite`.
    pub mutability: Option<Word>,
    /// Data type.
    pub data_type: Option<Word>,
    /// Unit.
    pub unit: Option<Box<str>>,
}

/// A variable that the charger watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Which.
    pub subject: Subject,
    /// The charger's number of the monitor.
    pub id: Option<i64>,
    /// `UpperThreshold`, `LowerThreshold`, `Delta`, `Periodic` …
    pub kind: Option<Word>,
    /// Threshold, difference or seconds, as sent.
    pub value: Option<Box<str>>,
    /// 0 (danger) to 9 (debug).
    pub severity: Option<i64>,
}
