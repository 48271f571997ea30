//! NotifyEvent (OCPP 2.0.1 part 2, section 1.37): what the charger saw of its own device model.

use super::device::{Component, Variable, shown, subject};
use super::ids::TransactionName;
use super::words::{EventNotification, EventTrigger};
use crate::domain::device::Observation;
use crate::domain::energy::Milli;
use crate::domain::event::Event;
use crate::ocpp::field::{Choice, Count, Flag, Text, Time, Verbatim};
use crate::ocpp::notes::Notes;
use crate::ocpp::number::Decimal;
use crate::ocpp::record::{Element, List, Object, record};

record! {
    /// NotifyEventRequest.
    struct NotifyEvent<'de> {
        generated: Time = "generatedAt" required,
        more: Flag = "tbc" optional,
        seq: Count = "seqNo" required,
        data: List<'de, EventData<'de>> = "eventData" required,
    }
}

record! {
    /// EventDataType.
    struct EventData<'de> {
        event: Count = "eventId" required,
        at: Time = "timestamp" required,
        trigger: Choice<EventTrigger> = "trigger" required,
        cause: Count = "cause" optional,
        value: Verbatim<'de, 2500> = "actualValue" required,
        code: Text<'de, 50> = "techCode" optional,
        info: Text<'de, 500> = "techInfo" optional,
        cleared: Flag = "cleared" optional,
        transaction: TransactionName = "transactionId" optional,
        component: Object<Component<'de>> = "component" required,
        monitor: Count = "variableMonitoringId" optional,
        notification: Choice<EventNotification> = "eventNotificationType" required,
        variable: Object<Variable<'de>> = "variable" required,
        severity: Count = "severity" optional_from_21,
    }
}

impl<'de> Element<'de> for EventData<'de> {
    type Out = Observation;

    fn close(self, out: &mut Vec<Observation>, notes: &mut Notes<'_>) {
        let subject = subject(self.component.0, self.variable.0);
        let value = self.value.owned().map(|value| shown(&subject, value, notes));
        let number = value.as_deref().and_then(Decimal::read).and_then(|number| number.in_units_of(-3));
        out.push(Observation {
            subject,
            event: self.event.0,
            cause: self.cause.0,
            at: self.at.0,
            trigger: self.trigger.word(),
            value,
            number: number.filter(|number| number.exact).map(|number| Milli(number.value)),
            cleared: self.cleared.0.unwrap_or(false),
            code: self.code.owned(),
            info: self.info.owned(),
            severity: self.severity.0,
            transaction: self.transaction.named(),
        });
    }
}

/// NotifyEventRequest.
pub(in crate::ocpp) fn notify_event(request: NotifyEvent<'_>) -> Event {
    let mut observed = request.data.0;
    // One that says no time of its own happened when the message was made, at the latest.
    for observation in observed.iter_mut().filter(|observation| observation.at.said.is_none()) {
        observation.at = request.generated.0;
    }
    Event::Observed(observed)
}
