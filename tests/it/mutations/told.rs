//! What an event tells, field by field, each with the place in the payload where it comes from.

use chargewatch::domain::device::Subject;
use chargewatch::domain::event::{Event, Named, TransactionReport};
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
        let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
        let mut fields: Vec<(Vec<&'static str>, String)> = Vec::new();
        let mut field = |place: &'static str, value: String| fields.push((place.split('|').collect(), value));
        let is_16 = version == Version::V16;
        let mut items = Vec::new();
        let kind = match event {
            Event::Booted(boot) => {
                let at = |of_16: &'static str, of_2: &'static str| if is_16 { of_16 } else { of_2 };
                field(at("chargePointVendor", "chargingStation.vendorName"), text(&boot.vendor));
                field(at("chargePointModel", "chargingStation.model"), text(&boot.model));
                field(at("chargePointSerialNumber", "chargingStation.serialNumber"), text(&boot.serial));
                field("chargeBoxSerialNumber", text(&boot.box_serial));
                field(at("firmwareVersion", "chargingStation.firmwareVersion"), text(&boot.firmware));
                field(at("iccid", "chargingStation.modem.iccid"), text(&boot.iccid));
                field(at("imsi", "chargingStation.modem.imsi"), text(&boot.imsi));
                field("meterType", text(&boot.meter_type));
                field("meterSerialNumber", text(&boot.meter_serial));
                field("reason", text(&boot.reason));
                "Booted"
            }
            Event::Heartbeat => "Heartbeat",
            Event::Noted => "Noted",
            Event::TokenShown(token) => {
                field("idTag|idToken.idToken|idToken.type", text(token));
                "TokenShown"
            }
            Event::StatusReported(report) => {
                field("connectorId|evseId", text(&report.outlet));
                field(if is_16 { "status" } else { "connectorStatus" }, text(&report.status));
                field("errorCode", text(&report.error));
                field("info", text(&report.info));
                field("vendorId", text(&report.vendor));
                field("vendorErrorCode", text(&report.vendor_error));
                field("timestamp", time(report.at));
                "StatusReported"
            }
            Event::Metered(metered) => {
                field("connectorId|evseId", text(&metered.outlet));
                field("transactionId", text(&metered.transaction));
                items = samples(&metered.samples, sound, "meterValue");
                "Metered"
            }
            Event::TransactionStarted(start) => {
                field("connectorId", text(&start.outlet));
                field("idTag", text(&start.token));
                field("meterStart", text(&start.register));
                field("timestamp", time(start.at));
                "TransactionStarted"
            }
            Event::TransactionEnded(stop) => {
                field("transactionId", text(&stop.transaction));
                field("idTag", text(&stop.token));
                field("meterStop", text(&stop.register));
                field("timestamp", time(stop.at));
                field("reason", text(&stop.reason));
                items = samples(&stop.samples, sound, "transactionData");
                "TransactionEnded"
            }
            Event::TransactionReported(report) => {
                of_report(report, &mut field);
                items = samples(&report.samples, sound, "meterValue");
                "TransactionReported"
            }
            Event::VendorData(data) => {
                field("vendorId", text(&data.vendor));
                field("messageId", text(&data.message));
                "VendorData"
            }
            Event::Progress(progress) => {
                field("status", text(&(progress.task, &progress.status)));
                "Progress"
            }
            Event::Security(security) => {
                field("type", text(&security.kind));
                field("techInfo", text(&security.info));
                field("timestamp", time(security.at));
                "Security"
            }
            Event::Observed(observed) => {
                let value = |one: &chargewatch::domain::device::Observation| {
                    let rest = (one.event, one.cause, &one.trigger, &one.value, one.cleared, &one.code, &one.info);
                    let more = (one.severity, name(&one.transaction));
                    format!("{} {} {rest:?} {more:?}", subject(&one.subject), time(one.at))
                };
                items = placed(observed.iter().map(value), &places(sound, "eventData", None));
                "Observed"
            }
            Event::DeviceDescribed(variables) => {
                let value = |one: &chargewatch::domain::device::DeviceVariable| {
                    let rest = (&one.attribute, &one.value, &one.mutability, &one.data_type, &one.unit);
                    format!("{} {rest:?}", subject(&one.subject))
                };
                let places = places(sound, "reportData", Some("variableAttribute"));
                items = placed(variables.iter().map(value), &places);
                "DeviceDescribed"
            }
            Event::MonitorsDescribed(monitors) => {
                let value = |one: &chargewatch::domain::device::Monitor| {
                    format!("{} {:?}", subject(&one.subject), (one.id, &one.kind, &one.value, one.severity))
                };
                let places = places(sound, "monitor", Some("variableMonitoring"));
                items = placed(monitors.iter().map(value), &places);
                "MonitorsDescribed"
            }
        };
        Self { kind: kind.to_owned(), fields, items }
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

fn of_report(report: &TransactionReport, field: &mut impl FnMut(&'static str, String)) {
    field("eventType", format!("{:?}", report.stage));
    field("transactionInfo.transactionId", name(&report.transaction));
    field("seqNo", format!("{:?}", report.seq));
    field("offline", format!("{:?}", report.offline));
    field("triggerReason", format!("{:?}", report.trigger));
    field("evse.id|evse.connectorId", format!("{:?}", report.outlet));
    field("idToken.idToken|idToken.type", format!("{:?}", report.token));
    field("timestamp", time(report.at));
    field("transactionInfo.chargingState", format!("{:?}", report.charging));
    field("transactionInfo.stoppedReason", format!("{:?}", report.reason));
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
        field(place, details[key].to_string());
    }
}

fn name(named: &Named) -> String {
    format!("{named:?}")
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
