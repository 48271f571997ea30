//! OCPI 2.2.1 objects as JSON. What is not known is left out. Two fields come from elsewhere: `help_phone` of a location
//! (OCPI 2.3.0), and `degraded` of an EVSE that works while one of its connectors does not.

use serde_json::{Map, Number, Value, json};

use crate::config::open_data::OpenDataSettings;
use crate::config::sites::{Charger, Evse, Site};
use crate::domain::ocpi::electric::Rating;
use crate::domain::ocpi::place::{Open, OpeningHours, alpha3};
use crate::domain::ocpi::plug::Standard;
use crate::domain::ocpi::tariff::{Element, Micro, Price, Tariff};
use crate::domain::ocpi::{EvseNow, public_id, uid};

/// The party of a site: country and three letters.
pub(super) fn party<'a>(site: &'a Site, settings: &'a OpenDataSettings) -> (&'a str, String) {
    let country = site.country_code.as_deref().unwrap_or(&settings.country_code);
    (country, site.party_id.as_deref().unwrap_or(&settings.party_id).to_uppercase())
}

/// A location without its EVSEs, or what it lacks.
pub(super) fn location(site: &Site, settings: &OpenDataSettings) -> Result<Map<String, Value>, &'static str> {
    let (country, party) = party(site, settings);
    let coordinates = site.latitude.zip(site.longitude).ok_or("coordinates")?;
    let address = site.address.as_deref().ok_or("address")?;
    let city = site.city.as_deref().ok_or("city")?;
    if !site.id.is_ascii() || site.id.len() > 36 {
        return Err("id of at most 36 plain characters");
    }
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("country_code", country.into());
    put("party_id", party.into());
    put("id", site.id.as_str().into());
    put("publish", true.into());
    put("name", cut(&site.name, 255).into());
    put("address", cut(address, 45).into());
    put("city", cut(city, 45).into());
    if let Some(postcode) = &site.postcode {
        put("postal_code", cut(postcode, 10).into());
    }
    put("country", alpha3(country).ok_or("country")?.into());
    put("coordinates", json!({ "latitude": degrees(coordinates.0), "longitude": degrees(coordinates.1) }));
    if let Some(kind) = site.parking_type {
        put("parking_type", kind.into());
    }
    if let Some(operator) = operator(site, settings) {
        put("operator", operator);
    }
    put("time_zone", site.time_zone.name().into());
    if let Some(hours) = &site.hours {
        put("opening_times", opening_times(hours));
    }
    let helpline = site.helpline.as_deref().unwrap_or(&settings.helpline);
    if !helpline.is_empty() {
        put("help_phone", cut(helpline, 25).into());
    }
    Ok(object)
}

fn operator(site: &Site, settings: &OpenDataSettings) -> Option<Value> {
    let name = site.operator.as_deref().unwrap_or(&settings.operator);
    let website = site.operator_website.as_deref().unwrap_or(&settings.operator_website);
    if name.is_empty() {
        return None;
    }
    let name = cut(name, 100);
    Some(if website.is_empty() { json!({ "name": name }) } else { json!({ "name": name, "website": website }) })
}

fn opening_times(hours: &OpeningHours) -> Value {
    match hours {
        OpeningHours::Always => json!({ "twentyfourseven": true }),
        OpeningHours::Weekly(open) => {
            let regular: Vec<Value> = open.iter().map(regular).collect();
            json!({ "twentyfourseven": false, "regular_hours": regular })
        }
    }
}

fn regular(open: &Open) -> Value {
    // OCPI has no 24:00; a day ends with its last minute.
    let until = open.until.min(24 * 60 - 1);
    json!({ "weekday": open.weekday, "period_begin": clock(open.from), "period_end": clock(until) })
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Six decimals are a tenth of a metre; OCPI wants five to seven.
fn degrees(value: f64) -> String {
    format!("{value:.6}")
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The names of an EVSE: its uid, and its number for people.
pub(super) fn names(charger: &Charger, evse: &Evse, settings: &OpenDataSettings) -> (String, String) {
    let (country, party) = party(&charger.site, settings);
    let named = evse.uid.clone().unwrap_or_else(|| uid(&charger.id, evse.id));
    (named, evse.public_id.clone().unwrap_or_else(|| public_id(country, &party, &charger.id, evse.id)))
}

/// An EVSE without its status and connectors.
pub(super) fn evse(evse: &Evse, (uid, public_id): (&str, &str)) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("uid", uid.into());
    put("evse_id", public_id.into());
    if !evse.capabilities.is_empty() {
        put("capabilities", json!(evse.capabilities));
    }
    if evse.pas_1899 {
        put("directions", json!([{ "language": "en", "text": "The bay is accessible: PAS 1899." }]));
    }
    object
}

/// Adds what an EVSE is doing.
pub(super) fn doing(object: &mut Map<String, Value>, now: EvseNow) {
    object.insert("status".to_owned(), now.state.as_str().into());
    if now.degraded {
        object.insert("degraded".to_owned(), true.into());
    }
}

/// The connectors of an EVSE of which enough is known, by number.
pub(super) fn connectors(evse: &Evse) -> Vec<(u32, Map<String, Value>)> {
    let connector = |(number, standard, rating): (u32, &Standard, Rating)| {
        let mut object = Map::new();
        let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
        put("id", number.to_string().into());
        put("standard", standard.word.into());
        put("format", rating.format.as_str().into());
        put("power_type", rating.power_type.as_str().into());
        put("max_voltage", rating.volts.into());
        put("max_amperage", rating.amperes.into());
        put("max_electric_power", rating.watts.into());
        if !evse.tariff_ids.is_empty() {
            put("tariff_ids", json!(evse.tariff_ids));
        }
        (number, object)
    };
    evse.rated_plugs().map(connector).collect()
}

/// A tariff.
pub(super) fn tariff(tariff: &Tariff, settings: &OpenDataSettings) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("country_code", settings.country_code.as_str().into());
    put("party_id", settings.party_id.to_uppercase().into());
    put("id", tariff.id.as_str().into());
    put("currency", tariff.currency.as_str().into());
    put("type", "AD_HOC_PAYMENT".into());
    if let Some(text) = tariff.text.clone().or_else(|| words(tariff)) {
        put("tariff_alt_text", json!([{ "language": "en", "text": cut(&text, 512) }]));
    }
    if let Some(url) = &tariff.url {
        put("tariff_alt_url", url.as_str().into());
    }
    put("elements", tariff.elements.iter().map(element).collect());
    object
}

/// What a kilowatt-hour costs, in the words that the law wants.
fn words(tariff: &Tariff) -> Option<String> {
    let price = tariff.gross_centipence_per_kwh().filter(|_| tariff.currency == "GBP")?;
    Some(format!("{}.{:02}p per kWh, including VAT", price / 100, price % 100))
}

fn element(element: &Element) -> Value {
    let component = |price: &Price| {
        let mut object = Map::new();
        object.insert("type".to_owned(), price.of.as_str().into());
        object.insert("price".to_owned(), number(price.net));
        if let Some(vat) = price.vat_permille {
            object.insert("vat".to_owned(), number(Micro(i64::from(vat) * 100_000)));
        }
        object.insert("step_size".to_owned(), 1.into());
        Value::Object(object)
    };
    let components: Vec<Value> = element.prices.iter().map(component).collect();
    let mut object = Map::new();
    object.insert("price_components".to_owned(), components.into());
    if !element.when.is_none() {
        let mut when = Map::new();
        let bounds = [("start_time", element.when.start_minute), ("end_time", element.when.end_minute)];
        for (key, minute) in bounds.into_iter().filter_map(|(key, minute)| Some((key, minute?))) {
            when.insert(key.to_owned(), clock(minute).into());
        }
        let names = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
        let days: Vec<&str> =
            element.when.days.iter().filter_map(|day| names.get(usize::from(*day).checked_sub(1)?).copied()).collect();
        if !days.is_empty() {
            when.insert("day_of_week".to_owned(), json!(days));
        }
        object.insert("restrictions".to_owned(), Value::Object(when));
    }
    Value::Object(object)
}

/// An exact decimal: it never passes through a binary float.
fn number(amount: Micro) -> Value {
    amount.to_string().parse::<Number>().map_or(Value::Null, Value::Number)
}
