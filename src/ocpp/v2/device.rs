//! The device model: NotifyReport and NotifyMonitoringReport (OCPP 2.0.1 part 2, sections 1.39 and 1.38).

use super::ids::Evse;
use super::words::{Attribute, Data, EventNotification, Monitoring, Mutability};
use crate::domain::device::{DeviceVariable, Monitor, Subject};
use crate::domain::event::Event;
use crate::domain::ids::Outlet;
use crate::ocpp::field::{Choice, Count, Flag, Number, Text, Time, Verbatim, Whole, Within};
use crate::ocpp::notes::Notes;
use crate::ocpp::record::{Element, List, Object, One, record};

record! {
    /// ComponentType.
    struct Component<'de> {
        name: Text<'de, 50> = "name" required,
        instance: Text<'de, 50> = "instance" optional,
        evse: One<Evse<'de>> = "evse" optional,
    }
}

record! {
    /// VariableType.
    struct Variable<'de> {
        name: Text<'de, 50> = "name" required,
        instance: Text<'de, 50> = "instance" optional,
    }
}

/// Which variable of which component.
pub(super) fn subject(component: Option<Component<'_>>, variable: Option<Variable<'_>>) -> Subject {
    let (component, variable) = (component.unwrap_or_default(), variable.unwrap_or_default());
    Subject {
        outlet: component.evse.0.and_then(|evse| evse.outlet()).unwrap_or(Outlet::STATION),
        component: component.name.owned().unwrap_or_default(),
        component_instance: component.instance.owned(),
        variable: variable.name.owned().unwrap_or_default(),
        variable_instance: variable.instance.owned(),
    }
}

record! {
    /// NotifyReportRequest.
    struct NotifyReport<'de> {
        request: Whole = "requestId" required,
        generated: Time = "generatedAt" required,
        more: Flag = "tbc" optional,
        seq: Count = "seqNo" required,
        data: List<'de, ReportData<'de>> = "reportData" optional,
    }
}

record! {
    /// ReportDataType.
    struct ReportData<'de> {
        component: Object<Component<'de>> = "component" required,
        variable: Object<Variable<'de>> = "variable" required,
        attributes: List<'de, VariableAttribute<'de>, 4> = "variableAttribute" required,
        characteristics: Object<Characteristics<'de>> = "variableCharacteristics" optional,
    }
}

record! {
    /// VariableAttributeType.
    struct VariableAttribute<'de> {
        attribute: Choice<Attribute> = "type" optional,
        value: Verbatim<'de, 2500> = "value" optional,
        mutability: Choice<Mutability> = "mutability" optional,
        persistent: Flag = "persistent" optional,
        constant: Flag = "constant" optional,
    }
}

record! {
    /// VariableCharacteristicsType.
    struct Characteristics<'de> {
        unit: Text<'de, 16> = "unit" optional,
        data: Choice<Data> = "dataType" required,
        least: Number<'de> = "minLimit" optional,
        most: Number<'de> = "maxLimit" optional,
        longest: Within<1, { i64::MAX }> = "maxElements" optional_from_21,
        values: Text<'de, 1000> = "valuesList" optional,
        monitored: Flag = "supportsMonitoring" required,
    }
}

impl<'de> Element<'de> for VariableAttribute<'de> {
    type Out = Self;

    fn close(self, out: &mut Vec<Self>, _notes: &mut Notes<'_>) {
        out.push(self);
    }
}

impl<'de> Element<'de> for ReportData<'de> {
    type Out = DeviceVariable;

    fn close(self, out: &mut Vec<DeviceVariable>, notes: &mut Notes<'_>) {
        let subject = subject(self.component.0, self.variable.0);
        let characteristics = self.characteristics.0.unwrap_or_default();
        let (data_type, unit) = (characteristics.data.word(), characteristics.unit.owned());
        out.extend(self.attributes.0.into_iter().map(|attribute| DeviceVariable {
            subject: subject.clone(),
            attribute: attribute.attribute.or("Actual"),
            value: attribute.value.owned().map(|value| shown(&subject, value, notes)),
            mutability: attribute.mutability.word(),
            data_type: data_type.clone(),
            unit: unit.clone(),
        }));
    }
}

/// What stands for a value that must not be shown.
const HIDDEN: &str = "hidden";

/// A value as it may be kept: no id token that a reader tells of, and no password. Passwords should be write-only; some
/// chargers tell them all the same.
pub(super) fn shown(subject: &Subject, value: Box<str>, notes: &mut Notes<'_>) -> Box<str> {
    let name = subject.variable.to_ascii_lowercase();
    if subject.component.eq_ignore_ascii_case("TokenReader") && name == "token" {
        let hash = notes.key.hash(&value).map(|hash| hash.as_str().to_owned()).unwrap_or_default();
        return notes.withhold(&value, hash);
    }
    let secret = ["password", "passphrase", "secret", "privatekey", "authorizationkey"];
    if secret.iter().any(|word| name.contains(word)) { notes.withhold(&value, HIDDEN) } else { value }
}

/// NotifyReportRequest.
pub(in crate::ocpp) fn notify_report(request: NotifyReport<'_>) -> Event {
    Event::DeviceDescribed(request.data.0)
}

record! {
    /// NotifyMonitoringReportRequest.
    struct NotifyMonitoringReport<'de> {
        request: Whole = "requestId" required,
        generated: Time = "generatedAt" required,
        more: Flag = "tbc" optional,
        seq: Count = "seqNo" required,
        data: List<'de, MonitoringData<'de>> = "monitor" optional,
    }
}

record! {
    /// MonitoringDataType.
    struct MonitoringData<'de> {
        component: Object<Component<'de>> = "component" required,
        variable: Object<Variable<'de>> = "variable" required,
        monitors: List<'de, VariableMonitoring<'de>> = "variableMonitoring" required,
    }
}

record! {
    /// VariableMonitoringType.
    struct VariableMonitoring<'de> {
        id: Count = "id" required,
        transaction: Flag = "transaction" required,
        value: Number<'de> = "value" required,
        kind: Choice<Monitoring> = "type" required,
        severity: Count = "severity" required,
        notification: Choice<EventNotification> = "eventNotificationType" required_from_21,
    }
}

impl<'de> Element<'de> for VariableMonitoring<'de> {
    type Out = Self;

    fn close(self, out: &mut Vec<Self>, _notes: &mut Notes<'_>) {
        out.push(self);
    }
}

impl<'de> Element<'de> for MonitoringData<'de> {
    type Out = Monitor;

    fn close(self, out: &mut Vec<Monitor>, _notes: &mut Notes<'_>) {
        let subject = subject(self.component.0, self.variable.0);
        out.extend(self.monitors.0.into_iter().map(|monitor| Monitor {
            subject: subject.clone(),
            id: monitor.id.0,
            kind: monitor.kind.word(),
            value: monitor.value.0.map(|(number, text)| number.plain().unwrap_or_else(|| text.trim().into())),
            severity: monitor.severity.0,
        }));
    }
}

/// NotifyMonitoringReportRequest.
pub(in crate::ocpp) fn notify_monitoring_report(request: NotifyMonitoringReport<'_>) -> Event {
    Event::MonitorsDescribed(request.data.0)
}
