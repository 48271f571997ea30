//! What the OpenAPI document says of open data: the envelope and the objects of OCPI 2.2.1, as far as they are published.

use serde_json::{Map, Value, json};

use crate::domain::ocpi::electric::{Format, PowerType};
use crate::domain::ocpi::place::{CAPABILITIES, PARKING_TYPES};
use crate::domain::ocpi::plug::STANDARDS;
use crate::domain::ocpi::tariff::Dimension;
use crate::domain::status::State;

/// An answer in the envelope, with data of this kind: `Location`, `Locations` for a list of them.
pub(in crate::http) fn envelope(kind: &str) -> Value {
    let data = match kind.strip_suffix('s') {
        Some(one) => json!({ "type": "array", "items": reference(one) }),
        None => reference(kind),
    };
    json!({
        "type": "object",
        "required": ["data", "status_code", "timestamp"],
        "properties": {
            "data": data,
            "status_code": { "type": "integer" },
            "status_message": { "type": "string" },
            "timestamp": { "type": "string", "format": "date-time" }
        }
    })
}

/// An error in the envelope.
pub(in crate::http) fn error() -> Value {
    json!({
        "type": "object",
        "required": ["status_code", "status_message", "timestamp"],
        "properties": {
            "status_code": { "type": "integer", "description": "2000 and up: the request; 3000 and up: this side." },
            "status_message": { "type": "string" },
            "timestamp": { "type": "string", "format": "date-time" }
        }
    })
}

fn reference(kind: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/Ocpi{kind}") })
}

/// Every kind of object.
pub(in crate::http) fn components() -> [(&'static str, Value); 6] {
    [
        ("OcpiVersion", object("A version of OCPI.", &["version", "url"], &[("version", text()), ("url", text())])),
        ("OcpiModule", module()),
        ("OcpiLocation", location()),
        ("OcpiEvse", evse()),
        ("OcpiConnector", connector()),
        ("OcpiTariff", tariff()),
    ]
}

fn object(about: &str, required: &[&str], properties: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "description": about, "required": required, "properties": properties })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn whole() -> Value {
    json!({ "type": "integer" })
}

fn when() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn word(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn module() -> Value {
    let endpoint = object(
        "Where a module is.",
        &["identifier", "role", "url"],
        &[("identifier", text()), ("role", text()), ("url", text())],
    );
    object(
        "The modules of a version.",
        &["version", "endpoints"],
        &[("version", text()), ("endpoints", list(&endpoint))],
    )
}

fn location() -> Value {
    let coordinates = object("WGS84.", &["latitude", "longitude"], &[("latitude", text()), ("longitude", text())]);
    let hours = object(
        "A span of a day of the week, local time.",
        &["weekday", "period_begin", "period_end"],
        &[("weekday", whole()), ("period_begin", text()), ("period_end", text())],
    );
    let times = object(
        "When it is open.",
        &["twentyfourseven"],
        &[("twentyfourseven", json!({ "type": "boolean" })), ("regular_hours", list(&hours))],
    );
    object(
        "A site.",
        &[
            "country_code",
            "party_id",
            "id",
            "publish",
            "address",
            "city",
            "country",
            "coordinates",
            "time_zone",
            "last_updated",
        ],
        &[
            ("country_code", text()),
            ("party_id", text()),
            ("id", text()),
            ("publish", json!({ "type": "boolean" })),
            ("name", text()),
            ("address", text()),
            ("city", text()),
            ("postal_code", text()),
            ("country", text()),
            ("coordinates", coordinates),
            ("parking_type", word(PARKING_TYPES)),
            ("operator", object("Who operates it.", &["name"], &[("name", text()), ("website", text())])),
            ("time_zone", text()),
            ("opening_times", times),
            ("help_phone", text()),
            ("evses", list(&reference("Evse"))),
            ("last_updated", when()),
        ],
    )
}

fn evse() -> Value {
    let display = object("Words for people.", &["language", "text"], &[("language", text()), ("text", text())]);
    object(
        "A place to charge one vehicle at a time.",
        &["uid", "status", "connectors", "last_updated"],
        &[
            ("uid", text()),
            ("evse_id", text()),
            ("status", word(&State::ALL.map(State::as_str))),
            ("degraded", json!({ "type": "boolean", "description": "It works, but one of its connectors does not." })),
            ("capabilities", list(&word(CAPABILITIES))),
            ("directions", list(&display)),
            ("connectors", list(&reference("Connector"))),
            ("last_updated", when()),
        ],
    )
}

fn connector() -> Value {
    let standards: Vec<&str> = STANDARDS.iter().map(|standard| standard.word).collect();
    object(
        "A connector.",
        &[
            "id",
            "standard",
            "format",
            "power_type",
            "max_voltage",
            "max_amperage",
            "max_electric_power",
            "last_updated",
        ],
        &[
            ("id", text()),
            ("standard", word(&standards)),
            ("format", word(&Format::ALL.map(Format::as_str))),
            ("power_type", word(&PowerType::ALL.map(PowerType::as_str))),
            ("max_voltage", whole()),
            ("max_amperage", whole()),
            ("max_electric_power", whole()),
            ("tariff_ids", list(&text())),
            ("last_updated", when()),
        ],
    )
}

fn tariff() -> Value {
    let number = || json!({ "type": "number" });
    let component = object(
        "A price without VAT: per kWh, session or hour.",
        &["type", "price", "step_size"],
        &[
            ("type", word(&Dimension::ALL.map(Dimension::as_str))),
            ("price", number()),
            ("vat", number()),
            ("step_size", whole()),
        ],
    );
    let when_it_holds = object(
        "When it holds, local time.",
        &[],
        &[("start_time", text()), ("end_time", text()), ("day_of_week", list(&text()))],
    );
    let element = object(
        "Prices that hold together.",
        &["price_components"],
        &[("price_components", list(&component)), ("restrictions", when_it_holds)],
    );
    object(
        "What a driver pays.",
        &["country_code", "party_id", "id", "currency", "elements", "last_updated"],
        &[
            ("country_code", text()),
            ("party_id", text()),
            ("id", text()),
            ("currency", text()),
            ("type", text()),
            (
                "tariff_alt_text",
                list(&object("Words.", &["language", "text"], &[("language", text()), ("text", text())])),
            ),
            ("tariff_alt_url", text()),
            ("elements", list(&element)),
            ("last_updated", when()),
        ],
    )
}
