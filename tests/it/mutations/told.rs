//! What an event tells, field by field, each with the place in the payload where it comes from.

use std::fmt::Debug;

use chargewatch::domain::device::{DeviceVariable, Monitor, Observation, Subject};
use chargewatch::domain::event::{Boot, Event, StatusReport, TransactionReport};
use chargewatch::domain::ids::Outlet;
use chargewatch::domain::reading::Sample;
use chargewatch::ocpp::Version;
use serde_json::Value;

use crate::frames::{line, time};

/// An event as fields, and as items of lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    kind: String,
    /// Places and value of each field. Where one of several places speaks, all stand there.
    fields: Vec<(Vec<&'static str>, String)>,
    /// Place and value of each item.
    items: Vec<(String, String)>,
}

impl Told {
    /// What an event tells. `sound` is the payload before it was bent: it says where items come from.
    pub(super) fn of(event: &Event, version: Version, sound: &Value) -> Self {
        let mut fields = Fields(Vec::new());
        let kind = kind(event);
        let items = match event {
            Event::Metered(metered) => samples(&metered.samples, sound, "meterValue"),
            Event::TransactionEnded(stop) => samples(&stop.samples, sound, "transactionData"),
            Event::TransactionReported(report) => samples(&report.samples, sound, "meterValue"),
            Event::Observed(observed) => placed(observed.iter().map(observation), &places(sound, "eventData", None)),
            Event::DeviceDescribed(variables) => {
                placed(variables.iter().map(variable), &places(sound, "reportData", Some("variableAttribute")))
            }
            Event::MonitorsDescribed(monitors) => {
                placed(monitors.iter().map(monitor), &places(sound, "monitor", Some("variableMonitoring")))
            }
            _ => Vec::new(),
        };
        match event {
            Event::Booted(boot) => fields.of_boot(boot, version),
            Event::StatusReported(report) => fields.of_status(report, version),
            Event::TransactionReported(report) => fields.of_report(report),
            other => fields.of_others(other),
        }
        Self { kind, fields: fields.0, items }
    }

    /// Whether nothing of the payload is in the event.
    pub(super) fn says_nothing(&self) -> bool {
        self.fields.is_empty() && self.items.is_empty()
    }

    /// How another event differs, if it does.
    pub(super) fn differs(&self, other: &Self) -> Option<String> {
        self.costs_more_than("-", other)
    }

    /// What differs in another event beyond what comes from `path`, if anything does.
    pub(super) fn costs_more_than(&self, path: &str, after: &Self) -> Option<String> {
        if self.kind != after.kind {
            return Some(format!("{} became {}", self.kind, after.kind));
        }
        for ((places, was), (_, is)) in self.fields.iter().zip(&after.fields) {
            if was != is && !places.iter().any(|place| related(place, path)) {
                return Some(format!("{places:?}: {was} became {is}"));
            }
        }
        let mut left: Vec<&String> = after.items.iter().map(|(_, value)| value).collect();
        for (place, was) in self.items.iter().filter(|(place, _)| !related(place, path) && !surrounds(path, place)) {
            let Some(at) = left.iter().position(|value| *value == was) else {
                return Some(format!("{place}: {was} is lost"));
            };
            left.remove(at);
        }
        None
    }

    /// What in this event is neither as in `whole` nor as in `nothing`, if anything is.
    pub(super) fn is_no_part_of(&self, whole: &Self, nothing: &Self) -> Option<String> {
        let fields = self.fields.iter().zip(whole.fields.iter().zip(&nothing.fields));
        for ((places, is), ((_, was), (_, absent))) in fields {
            // Several places may speak for one: part of them is part of the whole.
            if is != was && is != absent && places.len() == 1 {
                return Some(format!("{places:?}: {was} became {is}"));
            }
        }
        // The time of a bucket may be cut off behind its values.
        // So may the description of a variable behind its attributes.
        let is_of = |known: &str, value: &str| {
            let timeless = value.strip_prefix('-').is_some_and(|rest| known.ends_with(rest));
            known == value
                || timeless
                || value.strip_suffix(", None, None)").is_some_and(|head| known.starts_with(head))
        };
        let stranger = self.items.iter().find(|(_, value)| !whole.items.iter().any(|(_, known)| is_of(known, value)));
        stranger.map(|(place, value)| format!("{place} is {value}"))
    }
}

/// Whether one place holds the other.
fn related(one: &str, other: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    holds(one, other) || holds(other, one)
}

/// Whether a field belongs to what surrounds an item of an inner list: the time of its bucket, its component.
fn surrounds(field: &str, item: &str) -> bool {
    let Some((outer, inner)) = item.rsplit_once('.') else { return false };
    let list = inner.split('[').next().unwrap_or_default();
    field.strip_prefix(outer).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| !rest.starts_with(list))
}

/// The name of an event's kind.
fn kind(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// Fields, each with the places it may come from, separated by `|`.
struct Fields(Vec<(Vec<&'static str>, String)>);

impl Fields {
    fn add(&mut self, places: &'static str, value: &dyn Debug) {
        self.0.push((places.split('|').collect(), format!("{value:?}")));
    }

    fn of_boot(&mut self, boot: &Boot, version: Version) {
        let at = |of_16, of_2| if version == Version::V16 { of_16 } else { of_2 };
        self.add(at("chargePointVendor", "chargingStation.vendorName"), &boot.vendor);
        self.add(at("chargePointModel", "chargingStation.model"), &boot.model);
        self.add(at("chargePointSerialNumber", "chargingStation.serialNumber"), &boot.serial);
        self.add("chargeBoxSerialNumber", &boot.box_serial);
        self.add(at("firmwareVersion", "chargingStation.firmwareVersion"), &boot.firmware);
        self.add(at("iccid", "chargingStation.modem.iccid"), &boot.iccid);
        self.add(at("imsi", "chargingStation.modem.imsi"), &boot.imsi);
        self.add("meterType", &boot.meter_type);
        self.add("meterSerialNumber", &boot.meter_serial);
        self.add("reason", &boot.reason);
    }

    fn of_status(&mut self, report: &StatusReport, version: Version) {
        self.add("connectorId|evseId", &report.outlet);
        self.add(if version == Version::V16 { "status" } else { "connectorStatus" }, &report.status);
        self.add("errorCode", &report.error);
        self.add("info", &report.info);
        self.add("vendorId", &report.vendor);
        self.add("vendorErrorCode", &report.vendor_error);
        self.add("timestamp", &report.at);
    }

    fn of_report(&mut self, report: &TransactionReport) {
        self.add("eventType", &report.stage);
        self.add("transactionInfo.transactionId", &report.transaction);
        self.add("seqNo", &report.seq);
        self.add("offline", &report.offline);
        self.add("triggerReason", &report.trigger);
        self.add("evse.id|evse.connectorId", &report.outlet);
        self.add("idToken.idToken|idToken.type", &report.token);
        self.add("timestamp", &report.at);
        self.add("transactionInfo.chargingState", &report.charging);
        self.add("transactionInfo.stoppedReason", &report.reason);
        let details: Value = report.details.as_deref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        for (key, place) in [
            ("numberOfPhasesUsed", "numberOfPhasesUsed"),
            ("cableMaxCurrent", "cableMaxCurrent"),
            ("reservationId", "reservationId"),
            ("timeSpentCharging", "transactionInfo.timeSpentCharging"),
            ("remoteStartId", "transactionInfo.remoteStartId"),
            ("preconditioningStatus", "preconditioningStatus"),
            ("operationMode", "transactionInfo.operationMode"),
            ("tariffId", "transactionInfo.tariffId"),
            ("evseSleep", "evseSleep"),
        ] {
            self.add(place, &details[key]);
        }
    }

    fn of_others(&mut self, event: &Event) {
        match event {
            Event::TokenShown(token) => self.add("idTag|idToken.idToken|idToken.type", token),
            Event::Metered(metered) => {
                self.add("connectorId|evseId", &metered.outlet);
                self.add("transactionId", &metered.transaction);
            }
            Event::TransactionStarted(start) => {
                self.add("connectorId", &start.outlet);
                self.add("idTag", &start.token);
                self.add("meterStart", &start.register);
                self.add("timestamp", &start.at);
            }
            Event::TransactionEnded(stop) => {
                self.add("transactionId", &stop.transaction);
                self.add("idTag", &stop.token);
                self.add("meterStop", &stop.register);
                self.add("timestamp", &stop.at);
                self.add("reason", &stop.reason);
            }
            Event::VendorData(data) => {
                self.add("vendorId", &data.vendor);
                self.add("messageId", &data.message);
            }
            Event::Progress(progress) => self.add("status", &(progress.task, &progress.status)),
            Event::Security(security) => {
                self.add("type", &security.kind);
                self.add("techInfo", &security.info);
                self.add("timestamp", &security.at);
            }
            _ => {}
        }
    }
}

fn observation(one: &Observation) -> String {
    let rest = (one.event, one.cause, &one.trigger, &one.value, one.cleared, &one.code, &one.info);
    format!("{} {} {rest:?} {:?}", subject(&one.subject), time(one.at), (one.severity, &one.transaction))
}

fn variable(one: &DeviceVariable) -> String {
    let rest = (&one.attribute, &one.value, &one.mutability, &one.data_type, &one.unit);
    format!("{} {rest:?}", subject(&one.subject))
}

fn monitor(one: &Monitor) -> String {
    format!("{} {:?}", subject(&one.subject), (one.id, &one.kind, &one.value, one.severity))
}

fn subject(subject: &Subject) -> String {
    let Outlet { evse, connector } = subject.outlet;
    format!(
        "{evse}/{connector} {:?} {:?}",
        (&subject.component, &subject.component_instance),
        (&subject.variable, &subject.variable_instance)
    )
}

/// The places of the items of a list, or of the lists within each.
fn places(sound: &Value, list: &str, within: Option<&str>) -> Vec<String> {
    let items = sound[list].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut places = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let place = format!("{list}[{index}]");
        match within {
            None => places.push(place),
            Some(key) => {
                let count = item[key].as_array().map_or(0, Vec::len);
                places.extend((0..count).map(|inner| format!("{place}.{key}[{inner}]")));
            }
        }
    }
    places
}

/// Each item with its place. What surrounds an item is part of it: its time, its component.
fn placed(items: impl Iterator<Item = String>, places: &[String]) -> Vec<(String, String)> {
    let nowhere = String::new();
    items.enumerate().map(|(index, value)| (places.get(index).unwrap_or(&nowhere).clone(), value)).collect()
}

fn samples(samples: &[Sample], sound: &Value, list: &str) -> Vec<(String, String)> {
    let value = |sample: &Sample| format!("{} {}", time(sample.at), line(sample));
    placed(samples.iter().map(value), &places(sound, list, Some("sampledValue")))
}
