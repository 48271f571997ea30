//! From what is said to sites, chargers and EVSEs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fields::{Fields, Where};
use crate::config::sites::{Charger, Evse, Plug, Registry, Site, SitesError};
use crate::domain::ids::ChargerId;
use crate::domain::ocpi::electric::{Format, PowerType, Said};
use crate::domain::ocpi::place::{CAPABILITIES, OpeningHours, PARKING_TYPES, alpha3};
use crate::domain::ocpi::plug::{STANDARDS, standard};

/// Kinds of sites.
const SITE_TYPES: [&str; 4] = ["on_street_residential", "destination", "rapid_hub", "park_and_ride"];

/// Most characters of an id in OCPI.
const ID_LENGTH: usize = 36;

/// A site.
pub(super) fn site(said: &Fields<'_>) -> Result<Site, SitesError> {
    let id = said.required("id")?;
    let here = said.here;
    let kind = said.owned("type");
    if let Some(other) = kind.as_ref().filter(|kind| !SITE_TYPES.contains(&kind.as_str())) {
        return Err(here.error(format!("site type \"{other}\" is none of {}", SITE_TYPES.join(", "))));
    }
    let hours = |text| {
        OpeningHours::parse(text).ok_or_else(|| unlike(said, "opening_hours", text, "24/7 or Mo-Su 06:00-23:00"))
    };
    let zone = |text: &str| text.parse().map_err(|_| unlike(said, "time_zone", text, "Europe/London"));
    let party = |text: &&str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if let Some(wrong) = said.text("party_id").filter(|text| !party(text)) {
        return Err(unlike(said, "party_id", wrong, "MKD"));
    }
    if let Some(wrong) = said.text("country_code").filter(|text| alpha3(text).is_none()) {
        return Err(unlike(said, "country_code", wrong, "GB"));
    }
    let parking = |text| {
        let known = |word: &str| PARKING_TYPES.iter().copied().find(|known| *known == word);
        said.word("parking_type", text, PARKING_TYPES.iter().copied(), known)
    };
    Ok(Site {
        id: id.to_owned(),
        name: said.owned("name").unwrap_or_else(|| id.to_owned()),
        kind,
        latitude: said.number("latitude", -90.0, 90.0)?,
        longitude: said.number("longitude", -180.0, 180.0)?,
        lsoa_code: said.owned("lsoa_code"),
        imd_decile: said.number("imd_decile", 1, 10)?,
        lsoa_join: None,
        hours: said.text("opening_hours").map(hours).transpose()?,
        opening_hours: said.owned("opening_hours"),
        time_zone: said.text("time_zone").map(zone).transpose()?.unwrap_or(chrono_tz::Europe::London),
        address: said.owned("address"),
        city: said.owned("city"),
        postcode: said.owned("postcode"),
        country_code: said.owned("country_code"),
        party_id: said.text("party_id").map(str::to_uppercase),
        operator: said.owned("operator"),
        operator_website: said.owned("operator_website"),
        helpline: said.owned("helpline"),
        parking_type: said.text("parking_type").map(parking).transpose()?,
        publish: said.flag("publish")?.unwrap_or(true),
    })
}

/// A charger, without its EVSEs.
pub(super) fn charger(said: &Fields<'_>, site: Arc<Site>) -> Result<Charger, SitesError> {
    Ok(Charger {
        id: ChargerId::new(said.required("id")?),
        name: said.owned("name"),
        site,
        evses: Vec::new(),
        commissioned_on: said.date("commissioned_on")?,
        removed_on: said.date("removed_on")?,
        simulated: said.flag("simulated")?.unwrap_or(false),
    })
}

/// An EVSE.
pub(super) fn evse(said: &Fields<'_>) -> Result<Evse, SitesError> {
    let mut connectors: Vec<u32> = said.numbers("connectors", 1, 1000)?.into_iter().flatten().collect();
    let id = said.number("id", 1_u32, 1000)?.or(connectors.first().copied());
    let id = id.ok_or_else(|| said.here.error("an EVSE without evse_id or connector_ids"))?;
    if connectors.is_empty() {
        connectors.push(id);
    }
    let capability = |text: &String| {
        let known = |word: &str| CAPABILITIES.iter().copied().find(|known| *known == word);
        said.word("capabilities", text, CAPABILITIES.iter().copied(), known)
    };
    Ok(Evse {
        id,
        plugs: plugs(said, connectors.len())?,
        connectors,
        rated_w: said.watts("rated_kw")?,
        tariff_ids: said.list("tariff_ids").to_vec(),
        capabilities: said.list("capabilities").iter().map(capability).collect::<Result<_, _>>()?,
        pas_1899: said.flag("pas_1899")?.unwrap_or(false),
        uid: said.owned("uid"),
        public_id: said.owned("public_id"),
    })
}

/// What is said of each connector.
fn plugs(said: &Fields<'_>, connectors: usize) -> Result<Vec<Plug>, SitesError> {
    let kinds = said.gaps("connector_types", |text| {
        said.word("connector_types", text, STANDARDS.iter().map(|standard| standard.word), standard)
    })?;
    let formats = said.gaps("connector_formats", |text| {
        let all = Format::ALL.into_iter();
        said.word("connector_formats", text, all.clone().map(Format::as_str), |word| {
            all.clone().find(|it| it.as_str() == word)
        })
    })?;
    let power_types = said.gaps("power_types", |text| {
        let all = PowerType::ALL.into_iter();
        said.word("power_types", text, all.clone().map(PowerType::as_str), |word| {
            all.clone().find(|it| it.as_str() == word)
        })
    })?;
    let volts = said.numbers("max_voltages", 1, 10_000)?;
    let amperes = said.numbers("max_amperages", 1, 10_000)?;
    let watts = said.all_watts("max_powers_kw")?;
    let lengths = [
        ("connector_types", kinds.len()),
        ("connector_formats", formats.len()),
        ("power_types", power_types.len()),
        ("max_voltages", volts.len()),
        ("max_amperages", amperes.len()),
        ("max_powers_kw", watts.len()),
    ];
    if let Some((key, length)) = lengths.into_iter().find(|(_, length)| *length > connectors) {
        return Err(said.here.error(format!("{} has {length} parts for {connectors} connectors", said.name(key))));
    }
    let plug = |index: usize| Plug {
        standard: kinds.get(index).copied().flatten(),
        said: Said {
            format: formats.get(index).copied().flatten(),
            power_type: power_types.get(index).copied().flatten(),
            volts: volts.get(index).copied().flatten(),
            amperes: amperes.get(index).copied().flatten(),
            watts: watts.get(index).copied().flatten(),
        },
    };
    Ok((0..connectors).map(plug).collect())
}

/// Adds an EVSE to its charger.
pub(super) fn add_evse(charger: &mut Charger, evse: Evse, here: Where<'_>) -> Result<(), SitesError> {
    for known in &charger.evses {
        if known.id == evse.id {
            return Err(here.error(format!("EVSE {} of {} is listed twice", evse.id, charger.id)));
        }
        // A charger of OCPP 2.x counts its connectors from 1 under each EVSE.
        let counts_anew = known.connectors.contains(&1) && evse.connectors.contains(&1);
        let twice = evse.connectors.iter().find(|connector| known.connectors.contains(connector));
        if let Some(twice) = twice.filter(|_| !counts_anew) {
            return Err(here.error(format!("connector {twice} of {} belongs to two EVSEs", charger.id)));
        }
    }
    let ascii = |text: &&String| !text.is_ascii() || text.len() > ID_LENGTH;
    if let Some(uid) = evse.uid.as_ref().filter(ascii) {
        return Err(here.error(format!("evse_uid \"{uid}\" has more than {ID_LENGTH} characters, or odd ones")));
    }
    if let Some(id) = evse.public_id.as_ref().filter(|id| !is_public_id(id)) {
        return Err(here.error(format!("public_id \"{id}\" is not like GB*MKD*E12345")));
    }
    charger.evses.push(evse);
    Ok(())
}

/// `GB*MKD*E…` with or without the stars, at most 34 signs besides them.
fn is_public_id(id: &str) -> bool {
    let plain = id.replace('*', "");
    let mut signs = plain.bytes();
    let country = signs.by_ref().take(2).filter(u8::is_ascii_uppercase).count() == 2;
    let party = signs.by_ref().take(3).filter(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit()).count() == 3;
    let rest = signs.next() == Some(b'E') && signs.all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit());
    country && party && rest && (7..=35).contains(&plain.len()) && id.len() <= 48
}

/// A name that is published stands for one EVSE.
pub(super) fn check_names(registry: &Registry, here: Where<'_>) -> Result<(), SitesError> {
    let mut seen = BTreeSet::new();
    for evse in registry.chargers.values().flat_map(|charger| &charger.evses) {
        for name in evse.uid.iter().chain(&evse.public_id) {
            if !seen.insert(name.to_ascii_uppercase()) {
                return Err(here.error(format!("two EVSEs have the name \"{name}\"")));
            }
        }
    }
    Ok(())
}

fn unlike(said: &Fields<'_>, key: &str, text: &str, example: &str) -> SitesError {
    said.here.error(format!("{} \"{text}\" is not like {example}", said.name(key)))
}
