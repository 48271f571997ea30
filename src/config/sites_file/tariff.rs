//! From what is said to tariffs.

use std::collections::BTreeSet;

use super::fields::Fields;
use super::keys::nearest;
use crate::config::registry::RegistrySettings;
use crate::config::sites::{Registry, SitesError};
use crate::domain::ocpi::place::{days_of, minute_of};
use crate::domain::ocpi::tariff::{Dimension, Element, Micro, Price, Restriction, Tariff};

/// Keys of prices.
const PRICES: [(&str, Dimension); 4] = [
    ("energy", Dimension::Energy),
    ("flat", Dimension::Flat),
    ("time", Dimension::Time),
    ("parking_time", Dimension::ParkingTime),
];

/// A tariff of these elements.
pub(super) fn tariff(said: &Fields<'_>, elements: Vec<Element>) -> Result<Tariff, SitesError> {
    let id = said.required("id")?;
    let wrong = |reason: &str| Err(said.here.error(format!("tariff \"{id}\" {reason}")));
    if !id.is_ascii() || id.len() > 36 {
        return wrong("has an id with more than 36 characters, or odd ones");
    }
    if elements.is_empty() {
        return wrong("has no element: say energy = 0 where charging is free");
    }
    let currency = said.owned("currency").unwrap_or_else(|| "GBP".to_owned());
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return wrong("has a currency that is not like GBP");
    }
    Ok(Tariff { id: id.to_owned(), currency, text: said.owned("text"), url: said.owned("url"), elements })
}

/// An element of a tariff.
pub(super) fn element(said: &Fields<'_>) -> Result<Element, SitesError> {
    let here = said.here;
    let vat_permille = said.text("vat").map(|text| vat(text).ok_or(text)).transpose();
    let vat_permille = vat_permille.map_err(|text| here.error(format!("vat \"{text}\" is not a per cent like 20")))?;
    let mut prices = Vec::new();
    for (key, of) in PRICES {
        if let Some(text) = said.text(key) {
            let wrong = || here.error(format!("{key} \"{text}\" is not a price like 0.6583, without VAT"));
            prices.push(Price { of, net: Micro::from_decimal(text).ok_or_else(wrong)?, vat_permille });
        }
    }
    if prices.is_empty() {
        return Err(here.error("an element of a tariff without a price: energy, flat, time or parking_time"));
    }
    let minute = |key: &str| {
        let Some(text) = said.text(key) else { return Ok(None) };
        // The last minute of a day is its 1439th: OCPI has no 24:00.
        let wrong = || here.error(format!("{key} \"{text}\" is not a time like 18:30"));
        minute_of(text).filter(|minute| *minute < 24 * 60).map(Some).ok_or_else(wrong)
    };
    let days = |text: &str| days_of(text).ok_or_else(|| here.error(format!("days \"{text}\" is not like Mo-Fr")));
    let when = Restriction {
        start_minute: minute("start_time")?,
        end_minute: minute("end_time")?,
        days: said.text("days").map(days).transpose()?.unwrap_or_default(),
    };
    Ok(Element { prices, when })
}

/// Per cent with at most one decimal, as thousandths.
fn vat(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let permille = format!("{whole}{part}").parse().ok().filter(|_| part.len() == 1 && !whole.is_empty());
    permille.filter(|permille| *permille <= 1000)
}

/// A tariff stands once, and what EVSEs name is one.
pub(super) fn check(registry: &Registry, settings: &RegistrySettings) -> Result<(), SitesError> {
    let mut known = BTreeSet::new();
    for tariff in &registry.tariffs {
        if !known.insert(tariff.id.to_ascii_uppercase()) {
            return Err(SitesError(format!("tariff \"{}\" is listed twice", tariff.id)));
        }
    }
    let file = settings.file.as_ref().map_or_else(String::new, |path| path.display().to_string());
    for charger in registry.chargers.values() {
        for id in charger.evses.iter().flat_map(|evse| &evse.tariff_ids) {
            if known.contains(&id.to_ascii_uppercase()) {
                continue;
            }
            let near = nearest(id, registry.tariffs.iter().map(|tariff| tariff.id.as_str()));
            let hint = if near.is_empty() {
                "there are none; name a file of tariffs by registry.tariffs_file".to_owned()
            } else {
                format!("did you mean \"{near}\"?")
            };
            return Err(SitesError(format!("{file}: charger {} names the tariff \"{id}\"; {hint}", charger.id)));
        }
    }
    Ok(())
}
