//! Reading the registry from its file: CSV (a row per EVSE) or TOML (sites, chargers, EVSEs).

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Deserialize;

use super::sites::{Charger, Evse, Registry, Site, SitesError};
use crate::domain::ids::ChargerId;

/// The columns of a CSV file. All but the first and third may be left out.
const COLUMNS: [&str; 16] = [
    "charger_id",
    "charger_name",
    "site_id",
    "site_name",
    "site_type",
    "latitude",
    "longitude",
    "lsoa_code",
    "imd_decile",
    "opening_hours",
    "commissioned_on",
    "evse_id",
    "connector_ids",
    "connector_types",
    "rated_kw",
    "simulated",
];

/// Kinds of sites.
const SITE_TYPES: [&str; 4] = ["on_street_residential", "destination", "rapid_hub", "park_and_ride"];

/// Where a value stands, for errors.
#[derive(Clone, Copy)]
struct Where<'a> {
    file: &'a str,
    line: u64,
}

impl Where<'_> {
    fn error(self, reason: impl Display) -> SitesError {
        SitesError(format!("{}:{}: {reason}", self.file, self.line))
    }

    fn number<T: FromStr + PartialOrd + Display>(
        self,
        name: &str,
        text: Option<&str>,
        from: T,
        to: T,
    ) -> Result<Option<T>, SitesError> {
        let Some(text) = text else { return Ok(None) };
        let number = text.parse::<T>().ok().filter(|number| (&from..=&to).contains(&number));
        let wrong = || self.error(format!("{name} \"{text}\" is not a number from {from} to {to}"));
        number.map(Some).ok_or_else(wrong)
    }

    fn date(self, text: Option<&str>) -> Result<Option<NaiveDate>, SitesError> {
        let wrong = |text: &str| self.error(format!("commissioned_on \"{text}\" is not a date like 2024-03-01"));
        text.map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }

    /// Kilowatts with up to three decimals, as watts.
    fn watts(self, text: Option<&str>) -> Result<Option<u32>, SitesError> {
        let Some(text) = text else { return Ok(None) };
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{part:0<3}");
        let watts = digits.parse::<u32>().ok().filter(|watts| *watts > 0 && part.len() <= 3 && !whole.is_empty());
        watts.map(Some).ok_or_else(|| self.error(format!("rated_kw \"{text}\" is not a power like 7.4")))
    }

    fn site_type(self, text: Option<String>) -> Result<Option<String>, SitesError> {
        match text {
            Some(other) if !SITE_TYPES.contains(&other.as_str()) => {
                Err(self.error(format!("site type \"{other}\" is none of {}", SITE_TYPES.join(", "))))
            }
            fine => Ok(fine),
        }
    }
}

/// Reads a registry.
pub(super) fn load(path: &Path) -> Result<Registry, SitesError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| SitesError(format!("{file}: cannot be read: {error}")))?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => from_csv(&file, &text),
        Some("toml") => from_toml(&file, &text),
        _ => Err(SitesError(format!("{file}: the registry must be a .toml or a .csv file"))),
    }
}

/// Reads a registry from CSV text.
pub(super) fn from_csv(file: &str, text: &str) -> Result<Registry, SitesError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let head = Where { file, line: 1 };
    let columns: Vec<String> = reader.headers().map_err(|error| head.error(error))?.iter().map(str::to_owned).collect();
    if let Some(column) = columns.iter().find(|column| !COLUMNS.contains(&column.as_str())) {
        let near = COLUMNS
            .into_iter()
            .max_by(|a, b| strsim::jaro_winkler(column, a).total_cmp(&strsim::jaro_winkler(column, b)));
        return Err(head.error(format!("unknown column \"{column}\"; did you mean \"{}\"?", near.unwrap_or_default())));
    }
    let mut sites: HashMap<String, Arc<Site>> = HashMap::new();
    let mut registry = Registry::default();
    for row in reader.records() {
        let row = row.map_err(|error| head.error(error))?;
        let here = Where { file, line: row.position().map_or(1, csv::Position::line) };
        let cell = |name: &str| {
            let index = columns.iter().position(|column| column == name)?;
            row.get(index).filter(|text| !text.is_empty())
        };
        let owned = |name: &str| cell(name).map(str::to_owned);
        let site_id = cell("site_id").ok_or_else(|| here.error("site_id is empty"))?;
        let site = Site {
            id: site_id.to_owned(),
            name: owned("site_name").unwrap_or_else(|| site_id.to_owned()),
            kind: here.site_type(owned("site_type"))?,
            latitude: here.number("latitude", cell("latitude"), -90.0, 90.0)?,
            longitude: here.number("longitude", cell("longitude"), -180.0, 180.0)?,
            lsoa_code: owned("lsoa_code"),
            imd_decile: here.number("imd_decile", cell("imd_decile"), 1, 10)?,
            opening_hours: owned("opening_hours"),
        };
        let site = sites.entry(site.id.clone()).or_insert_with(|| Arc::new(site.clone())).clone_if_same(&site, here)?;
        let id = ChargerId::new(cell("charger_id").ok_or_else(|| here.error("charger_id is empty"))?);
        let evse = csv_evse(here, &cell)?;
        let charger = Charger {
            id: id.clone(),
            name: owned("charger_name"),
            site,
            evses: Vec::new(),
            commissioned_on: here.date(cell("commissioned_on"))?,
            simulated: matches!(cell("simulated"), Some("true" | "yes" | "1")),
        };
        let known = registry.chargers.entry(id).or_insert_with(|| Arc::new(charger));
        add_evse(Arc::make_mut(known), evse, here)?;
    }
    Ok(registry)
}

trait CloneIfSame {
    fn clone_if_same(&self, other: &Site, here: Where<'_>) -> Result<Arc<Site>, SitesError>;
}

impl CloneIfSame for Arc<Site> {
    fn clone_if_same(&self, other: &Site, here: Where<'_>) -> Result<Self, SitesError> {
        if **self == *other {
            return Ok(self.clone());
        }
        Err(here.error(format!("site \"{}\" is described differently in an earlier row", other.id)))
    }
}

fn csv_evse<'r>(here: Where<'_>, cell: &impl Fn(&str) -> Option<&'r str>) -> Result<Option<Evse>, SitesError> {
    let list = |name: &str| cell(name).into_iter().flat_map(|text| text.split(';')).map(str::trim).map(str::to_owned);
    let mut connectors = Vec::new();
    for text in list("connector_ids") {
        connectors.extend(here.number("connector_ids", Some(&text), 1_u32, 1000)?);
    }
    let id = here.number("evse_id", cell("evse_id"), 1_u32, 1000)?.or(connectors.first().copied());
    let rated_w = here.watts(cell("rated_kw"))?;
    let Some(id) = id else {
        return if rated_w.is_some() { Err(here.error("rated_kw without evse_id or connector_ids")) } else { Ok(None) };
    };
    if connectors.is_empty() {
        connectors.push(id);
    }
    Ok(Some(Evse { id, connectors, connector_types: list("connector_types").collect(), rated_w }))
}

fn add_evse(charger: &mut Charger, evse: Option<Evse>, here: Where<'_>) -> Result<(), SitesError> {
    let Some(evse) = evse else { return Ok(()) };
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
    charger.evses.push(evse);
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlFile {
    #[serde(default)]
    site: Vec<TomlSite>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlSite {
    id: toml::Spanned<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    lsoa_code: Option<String>,
    imd_decile: Option<u8>,
    opening_hours: Option<String>,
    #[serde(default)]
    charger: Vec<TomlCharger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlCharger {
    id: toml::Spanned<String>,
    name: Option<String>,
    commissioned_on: Option<String>,
    #[serde(default)]
    simulated: bool,
    #[serde(default)]
    evse: Vec<TomlEvse>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlEvse {
    id: u32,
    connectors: Option<Vec<u32>>,
    #[serde(default)]
    connector_types: Vec<String>,
    rated_kw: Option<toml::Value>,
}

/// Reads a registry from TOML text.
fn from_toml(file: &str, text: &str) -> Result<Registry, SitesError> {
    let line = |span: std::ops::Range<usize>| {
        text.get(..span.start).map_or(1, |before| before.matches('\n').count() as u64 + 1)
    };
    let parsed: TomlFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, line);
        Where { file, line }.error(error.message())
    })?;
    let mut registry = Registry::default();
    for site in parsed.site {
        let here = Where { file, line: line(site.id.span()) };
        let degrees = |value: Option<f64>| value.map(|value| value.to_string());
        let decile = site.imd_decile.map(|decile| decile.to_string());
        let id = site.id.into_inner();
        let built = Arc::new(Site {
            name: site.name.unwrap_or_else(|| id.clone()),
            id,
            kind: here.site_type(site.kind)?,
            latitude: here.number("latitude", degrees(site.latitude).as_deref(), -90.0, 90.0)?,
            longitude: here.number("longitude", degrees(site.longitude).as_deref(), -180.0, 180.0)?,
            lsoa_code: site.lsoa_code,
            imd_decile: here.number("imd_decile", decile.as_deref(), 1, 10)?,
            opening_hours: site.opening_hours,
        });
        for charger in site.charger {
            let here = Where { file, line: line(charger.id.span()) };
            let id = ChargerId::new(charger.id.into_inner());
            let mut built = Charger {
                id: id.clone(),
                name: charger.name,
                site: built.clone(),
                evses: Vec::new(),
                commissioned_on: here.date(charger.commissioned_on.as_deref())?,
                simulated: charger.simulated,
            };
            for evse in charger.evse {
                let rated = evse.rated_kw.map(|value| value.to_string());
                let connectors = evse.connectors.unwrap_or_else(|| vec![evse.id]);
                let rated_w = here.watts(rated.as_deref())?;
                let evse = Evse { id: evse.id, connectors, connector_types: evse.connector_types, rated_w };
                add_evse(&mut built, Some(evse), here)?;
            }
            if registry.chargers.insert(id.clone(), Arc::new(built)).is_some() {
                return Err(here.error(format!("charger \"{id}\" is listed twice")));
            }
        }
    }
    Ok(registry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_charger_are_its_evses() {
        let text = "charger_id,site_id,site_name,evse_id,connector_ids,rated_kw\n\
                    CP-1,CMK,Midsummer,1,1;2,50\nCP-1,CMK,Midsummer,2,3,7.4\nCP-2,CMK,Midsummer,,,\n";
        let registry = from_csv("sites.csv", text).unwrap();
        let charger = &registry.chargers[&ChargerId::new("cp-1")];
        let seen: Vec<_> = charger.evses.iter().map(|evse| (evse.id, evse.connectors.clone(), evse.rated_w)).collect();
        assert_eq!(seen, [(1, vec![1, 2], Some(50_000)), (2, vec![3], Some(7400))]);
        assert_eq!(charger.evse_of(crate::domain::ids::Outlet::new(2, 2)), 1);
        assert!(registry.chargers[&ChargerId::new("CP-2")].evses.is_empty());
    }

    #[test]
    fn connectors_may_be_counted_anew_under_each_evse() {
        let text = "charger_id,site_id,evse_id,connector_ids\nA,B,1,1;2\nA,B,2,1;2\n";
        let charger = from_csv("sites.csv", text).unwrap().chargers[&ChargerId::new("A")].clone();
        let shown = |evse, connector| charger.evse_of(crate::domain::ids::Outlet::new(evse, connector));
        assert_eq!([shown(1, 1), shown(1, 2), shown(2, 1), shown(2, 2), shown(2, 0)], [1, 1, 2, 2, 2]);
    }

    #[test]
    fn mistakes_name_line_and_value() {
        for (text, told) in [
            ("chargerid,site_id\nA,B\n", "s.csv:1: unknown column \"chargerid\"; did you mean \"charger_id\"?"),
            ("charger_id,site_id,imd_decile\nA,B,11\n", "s.csv:2: imd_decile \"11\" is not a number from 1 to 10"),
            ("charger_id,site_id,rated_kw,evse_id\nA,B,x,1\n", "s.csv:2: rated_kw \"x\" is not a power like 7.4"),
            ("charger_id,site_id,evse_id\nA,B,1\nA,B,1\n", "s.csv:3: EVSE 1 of A is listed twice"),
            (
                "charger_id,site_id,evse_id,connector_ids\nA,B,1,1;2\nA,B,2,2;3\n",
                "s.csv:3: connector 2 of A belongs to two EVSEs",
            ),
            (
                "charger_id,site_id,site_name\nA,B,x\nC,B,y\n",
                "s.csv:3: site \"B\" is described differently in an earlier row",
            ),
            (
                "charger_id,site_id,site_type\nA,B,pub\n",
                "s.csv:2: site type \"pub\" is none of on_street_residential, destination, rapid_hub, park_and_ride",
            ),
        ] {
            assert_eq!(from_csv("s.csv", text).unwrap_err().to_string(), told);
        }
        let toml = "[[site]]\nid = \"A\"\n[[site.charger]]\nid = \"X\"\n[[site.charger]]\nid = \"x\"\n";
        assert_eq!(from_toml("s.toml", toml).unwrap_err().to_string(), "s.toml:6: charger \"x\" is listed twice");
        assert!(from_toml("s.toml", "[[site]]\nname = 1\n").unwrap_err().to_string().starts_with("s.toml:"));
    }

    #[test]
    fn the_examples_load_and_are_the_same_network() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        let csv = load(&folder.join("example-sites.csv")).unwrap();
        let toml = load(&folder.join("example-sites.toml")).unwrap();
        assert!(csv.chargers.len() >= 4);
        assert_eq!(csv.chargers, toml.chargers);
    }
}
