//! What a charger sees of its own device model (2.x): states of connectors, alarms, and values.

use super::{Station, place};
use crate::domain::device::Observation;
use crate::domain::event::StatusReport;
use crate::domain::ids::Outlet;
use crate::domain::memory::Question;
use crate::domain::reading::{Flags, ReadingKind, Word};
use crate::domain::record::{Change, Effect, ReadingRow, Turn};
use crate::domain::status::ConnectorStatus;
use crate::domain::time::At;

/// The components whose `AvailabilityState` is the status of a connector, an EVSE or the charger.
const WITH_STATUS: [&str; 3] = ["Connector", "EVSE", "ChargingStation"];

impl Station {
    pub(super) fn observed_asks(&self, now: At, observed: &[Observation]) -> Vec<Question> {
        observed.iter().filter_map(status_in).flat_map(|report| self.status_asks(now, &report)).collect()
    }

    pub(super) fn observed(&mut self, now: At, observed: Vec<Observation>, turn: &mut Turn) {
        for observation in observed {
            let status = status_in(&observation);
            let at = place(now, observation.at, "eventData.timestamp", turn).at;
            let outlet = self.settle_outlet(observation.subject.outlet);
            match status {
                Some(report) => self.status_reported(now, report, turn),
                None => {
                    self.show_alert(outlet, &observation, turn);
                    turn.changes.extend(reading(at, outlet, &observation));
                }
            }
            turn.changes.push(Change::Observed { at, outlet, what: Box::new(observation) });
        }
    }

    /// An alert is shown as the connector's error, until it is cleared or the connector is well again.
    fn show_alert(&mut self, outlet: Outlet, observation: &Observation, turn: &mut Turn) {
        let subject = &observation.subject;
        let name = Word::Other(format!("{}.{}", subject.component, subject.variable).into());
        let Some(connector) = self.connectors.at(outlet) else { return };
        let shown = connector.status().and_then(|now| now.error.clone());
        let present = if observation.is_alert() {
            connector.show_error(Some(name), observation.code.clone())
        } else if observation.is_relief() && shown == Some(name) {
            connector.show_error(None, None)
        } else {
            None
        };
        if let Some(present) = present {
            turn.changes.push(Change::ConnectorNow(present.clone()));
            turn.effects.push(Effect::Status(present));
        }
    }
}

/// The status that an observation reports, if that is what it does.
fn status_in(observation: &Observation) -> Option<StatusReport> {
    let subject = &observation.subject;
    let reports = &*subject.variable == "AvailabilityState" && WITH_STATUS.contains(&&*subject.component);
    let status = observation.value.as_deref().filter(|_| reports)?;
    let outlet = if &*subject.component == "ChargingStation" { Outlet::STATION } else { subject.outlet };
    Some(StatusReport {
        outlet,
        status: Some(ConnectorStatus::from_word(status.trim())),
        error: None,
        info: observation.info.clone(),
        vendor: None,
        vendor_error: observation.code.clone(),
        at: observation.at,
    })
}

/// A value of the device model as a reading of its own kind: it is none of the meter's.
fn reading(at: At, outlet: Outlet, observation: &Observation) -> Option<Change> {
    let value = observation.number?;
    let subject = &observation.subject;
    let word = |text: &Option<Box<str>>| text.as_deref().map_or(Word::Known(""), |text| Word::Other(text.into()));
    Some(Change::Reading(ReadingRow {
        outlet,
        kind: ReadingKind {
            measurand: Word::Other(format!("{}.{}", subject.component, subject.variable).into()),
            phase: word(&subject.variable_instance),
            location: Word::Known("Body"),
            context: Word::Known(if observation.trigger.as_ref().is_some_and(|t| t.as_str() == "Periodic") {
                "Sample.Periodic"
            } else {
                "Trigger"
            }),
            unit: Word::Known(""),
        },
        at,
        value: Some(value),
        text: None,
        session: None,
        flags: if observation.at.said == Some(at) { Flags::default() } else { Flags::OUR_TIME },
    }))
}
