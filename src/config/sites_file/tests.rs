//! What files of the registry say, and what they cannot.

use std::path::Path;

use super::*;
use crate::config::sites::{Evse, LsoaJoin};
use crate::domain::ids::{ChargerId, Outlet};
use crate::domain::ocpi::electric::{Format, PowerType};

#[test]
fn rows_of_one_charger_are_its_evses() {
    let text = "charger_id,site_id,site_name,evse_id,connector_ids,rated_kw\n\
                CP-1,CMK,Midsummer,1,1;2,50\nCP-1,CMK,Midsummer,2,3,7.4\nCP-2,CMK,Midsummer,,,\n";
    let registry = from_csv("sites.csv", text).unwrap();
    let charger = &registry.chargers[&ChargerId::new("cp-1")];
    let seen: Vec<_> = charger.evses.iter().map(|evse| (evse.id, evse.connectors.clone(), evse.rated_w)).collect();
    assert_eq!(seen, [(1, vec![1, 2], Some(50_000)), (2, vec![3], Some(7400))]);
    assert_eq!(charger.evse_of(Outlet::new(2, 2)), 1);
    assert!(registry.chargers[&ChargerId::new("CP-2")].evses.is_empty());
}

#[test]
fn connectors_may_be_counted_anew_under_each_evse() {
    let text = "charger_id,site_id,evse_id,connector_ids\nA,B,1,1;2\nA,B,2,1;2\n";
    let charger = from_csv("sites.csv", text).unwrap().chargers[&ChargerId::new("A")].clone();
    let shown = |evse, connector| charger.evse_of(Outlet::new(evse, connector));
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
    assert_eq!(toml::read("s.toml", toml).unwrap_err().to_string(), "s.toml:6: charger \"x\" is listed twice");
    assert!(toml::read("s.toml", "[[site]]\nname = 1\n").unwrap_err().to_string().starts_with("s.toml:"));
}

#[test]
fn the_examples_load_and_are_the_same_network() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let csv = load(&folder.join("example-sites.csv")).unwrap();
    let toml = load(&folder.join("example-sites.toml")).unwrap();
    assert!(csv.chargers.len() >= 4);
    assert_eq!(csv.chargers, toml.chargers);
}

/// One EVSE of a charger `A` at a site `B`.
fn evse(columns: &str, cells: &str) -> Result<Evse, String> {
    let text = format!("charger_id,site_id,{columns}\nA,B,{cells}\n");
    let registry = from_csv("s.csv", &text).map_err(|error| error.to_string())?;
    Ok(registry.chargers[&ChargerId::new("A")].evses[0].clone())
}

#[test]
fn what_is_said_of_each_connector_stands_in_its_part_of_the_list() {
    let columns = "connector_ids,connector_types,connector_formats,power_types,max_amperages,max_powers_kw,rated_kw";
    let found = evse(columns, "1;2,CCS;Type2,;SOCKET,;AC_3_PHASE,;63,;43,50").unwrap();
    let rated: Vec<_> = found.rated_plugs().collect();
    assert_eq!((rated[0].1.word, rated[0].2.format, rated[0].2.amperes), ("IEC_62196_T2_COMBO", Format::Cable, 125));
    assert_eq!((rated[1].2.format, rated[1].2.power_type), (Format::Socket, PowerType::Ac3));
    assert_eq!((rated[1].2.amperes, rated[1].2.watts), (63, 43_000));
    assert!(evse("evse_id", "1").unwrap().rated_plugs().next().is_none(), "nothing is guessed");
}

#[test]
fn a_word_that_is_none_is_told_with_the_nearest_one() {
    for (columns, cells, told) in [
        (
            "evse_id,connector_types",
            "1,IEC_62196_T2_COMB",
            "connector_types \"IEC_62196_T2_COMB\" is unknown; did you mean \"IEC_62196_T2_COMBO\"?",
        ),
        ("evse_id,capabilities", "1,RFID", "capabilities \"RFID\" is unknown; did you mean \"RFID_READER\"?"),
        ("evse_id,connector_types", "1,CCS;CHADEMO", "connector_types has 2 parts for 1 connectors"),
        ("evse_id,public_id", "1,1234", "public_id \"1234\" is not like GB*MKD*E12345"),
        ("evse_id,pas_1899", "1,perhaps", "pas_1899 \"perhaps\" is neither true nor false"),
        (
            "evse_id,opening_hours",
            "1,day and night",
            "opening_hours \"day and night\" is not like 24/7 or Mo-Su 06:00-23:00",
        ),
        ("evse_id,party_id", "1,MILK", "party_id \"MILK\" is not like MKD"),
        ("evse_id,country_code", "1,UK", "country_code \"UK\" is not like GB"),
        ("evse_id,removed_on", "1,soon", "removed_on \"soon\" is not a date like 2024-03-01"),
    ] {
        assert_eq!(evse(columns, cells).unwrap_err(), format!("s.csv:2: {told}"));
    }
    let twice = "charger_id,site_id,evse_id,evse_uid\nA,B,1,x\nA,B,2,X\n";
    assert_eq!(from_csv("s.csv", twice).unwrap_err().to_string(), "s.csv:1: two EVSEs have the name \"X\"");
}

#[test]
fn keys_and_tables_that_are_none_are_told_with_the_nearest_one() {
    for (text, told) in [
        ("[[site]]\nid = \"A\"\nadress = \"x\"\n", "s.toml:3: unknown key \"adress\"; did you mean \"address\"?"),
        ("[[sites]]\nid = \"A\"\n", "s.toml:1: unknown table \"sites\"; did you mean \"site\"?"),
        ("site = 1\n", "s.toml:1: a table is wanted here"),
        ("[[site]]\nid = [\"A\"]\n", "s.toml:2: id must be one value"),
        ("[[tariff]]\nid = \"T\"\n", "s.toml:2: tariff \"T\" has no element: say energy = 0 where charging is free"),
        (
            "[[tariff]]\nid = \"T\"\nelement = [{ energy = -1 }]\n",
            "s.toml:3: energy \"-1\" is not a price like 0.6583, without VAT",
        ),
        (
            "[[tariff]]\nid = \"T\"\nelement = [{ vat = 20 }]\n",
            "s.toml:3: an element of a tariff without a price: energy, flat, time or parking_time",
        ),
    ] {
        assert_eq!(toml::read("s.toml", text).unwrap_err().to_string(), told);
    }
}

fn settings(folder: &Path, names: [&str; 3]) -> RegistrySettings {
    let [file, tariffs_file, lsoa_file] = names.map(|name| (!name.is_empty()).then(|| folder.join(name)));
    RegistrySettings { file, tariffs_file, lsoa_file, ..RegistrySettings::default() }
}

#[test]
fn a_tariff_that_is_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.csv"), "charger_id,site_id,evse_id,tariff_ids\nA,B,1,Rapid\n").unwrap();
    let told = |names| match read(&settings(folder.path(), names)) {
        Ok(registry) => registry.tariff("RAPID").unwrap().currency.clone(),
        Err(error) => error.to_string(),
    };
    assert!(told(["s.csv", "", ""]).ends_with("name a file of tariffs by registry.tariffs_file"));
    std::fs::write(
        folder.path().join("t.toml"),
        "[[tariff]]\nid = \"rapids\"\nelement = [{ energy = 0.5, vat = 20 }]\n",
    )
    .unwrap();
    assert!(told(["s.csv", "t.toml", ""]).ends_with("did you mean \"rapids\"?"));
    std::fs::write(
        folder.path().join("t.toml"),
        "[[tariff]]\nid = \"rapid\"\nelement = [{ energy = 0.5, vat = 20 }]\n",
    )
    .unwrap();
    assert_eq!(told(["s.csv", "t.toml", ""]), "GBP");
}

#[test]
fn sites_get_the_area_and_the_decile_that_they_lack() {
    let folder = tempfile::tempdir().unwrap();
    let sites = "charger_id,site_id,latitude,longitude,lsoa_code,imd_decile\n\
                 A,near,52.0192,-0.7315,,\nB,far,52.5,-0.7315,,\nC,given,,,E01016842,\nD,said,,,E01016842,9\n";
    std::fs::write(folder.path().join("s.csv"), sites).unwrap();
    let areas = "lsoa11_code,lat,lon,imd2019_decile,imd2025_decile\nE01016842,52.0190,-0.7310,1,2\n";
    std::fs::write(folder.path().join("l.csv"), areas).unwrap();
    let found = |edition| {
        let settings = RegistrySettings { imd_edition: edition, ..settings(folder.path(), ["s.csv", "", "l.csv"]) };
        let registry = read(&settings).unwrap();
        ["A", "B", "C", "D"].map(|id| {
            let site = registry.chargers[&ChargerId::new(id)].site.clone();
            (site.lsoa_code.is_some(), site.imd_decile, site.lsoa_join)
        })
    };
    let (given, nearest) = (Some(LsoaJoin::Given), Some(LsoaJoin::Nearest));
    assert_eq!(
        found(None),
        [(true, Some(2), nearest), (false, None, None), (true, Some(2), given), (true, Some(9), given)]
    );
    assert_eq!(found(Some(2019)).map(|(_, decile, _)| decile), [Some(1), None, Some(1), Some(9)]);
}
