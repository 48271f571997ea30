//! Equity and the programme's indicators by hand.

use super::*;
use crate::config::lsoa::LsoaTable;
use crate::config::programme::{INDICATORS, Programme};
use crate::domain::ocpi::tariff::{Dimension, Element, Micro, Price, Restriction, Tariff};
use crate::report::indicators;

const BEGIN: &str = "2026-10-01T00:00:00Z";

/// 1,000 households. Middles at 5, 15, 50, 85 and 95 %: fifths 1, 1, 3, 5 and 5. The second area is 500 m from the first.
const AREAS: &str = "lsoa_code,lat,lon,imd2025_decile,households\nE1,52.0000,-0.7,1,100\nE2,52.0045,-0.7,2,100\n\
                     E5,52.2000,-0.7,5,600\nE9,52.3000,-0.7,9,100\nE10,52.1000,-0.7,10,100\n";

const SITES: &str = "charger_id,site_id,site_type,latitude,longitude,imd_decile,opening_hours,commissioned_on,evse_id,connector_ids,rated_kw,pas_1899\n\
                     A,S1,on_street_residential,52.0,-0.7,1,24/7,2026-01-01,1,1,22,true\n\
                     B,S1,on_street_residential,52.0,-0.7,1,24/7,2026-01-01,1,1,50,false\n\
                     C,S10,rapid_hub,52.1,-0.7,10,24/7,2026-01-01,1,1,150,false\n";

fn tariff(id: &str, net: &str) -> Arc<Tariff> {
    let price = Price { of: Dimension::Energy, net: Micro::from_decimal(net).unwrap(), vat_permille: Some(200) };
    let elements = vec![Element { prices: vec![price], when: Restriction::default() }];
    Arc::new(Tariff { id: id.to_owned(), currency: "GBP".to_owned(), text: None, url: None, elements })
}

/// Two EVSEs in the most deprived decile, one in the least; one of the two is down for half of November.
fn bench() -> Bench {
    let mut bench = Bench::new(BEGIN, "2026-12-20T00:00:00Z", "X,S,24/7,2026-01-01,,1,1,50\n");
    bench.registry = Registry::from_csv("sites.csv", SITES).unwrap();
    bench.registry.lsoas = LsoaTable::from_csv("areas.csv", AREAS).unwrap().into();
    bench.registry.tariffs = vec![tariff("cheap", "0.5"), tariff("dear", "0.75")];
    for (charger, id) in [("A", "cheap"), ("C", "dear")] {
        let known = bench.registry.chargers.get_mut(&ChargerId::new(charger)).unwrap();
        Arc::make_mut(known).evses[0].tariff_ids.push(id.to_owned());
    }
    let [a, b, c] = ["A", "B", "C"].map(|charger| bench.charger(charger, BEGIN));
    let (down, up) = ("2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z");
    bench.line(a, 1, &[(BEGIN, "AVAILABLE", "charger"), (down, "OUTOFORDER", "charger"), (up, "AVAILABLE", "charger")]);
    bench.line(b, 1, &[(BEGIN, "AVAILABLE", "charger")]);
    bench.line(c, 1, &[(BEGIN, "AVAILABLE", "charger")]);
    bench.session(a, 1, 1, "2026-11-24T10:00:00Z", Some("2026-11-24T11:00:00Z"), Some(10_000_000));
    bench.session(c, 2, 1, "2026-11-24T10:00:00Z", Some("2026-11-24T11:00:00Z"), Some(30_000_000));
    bench
}

fn november(group_by: &str) -> Ask {
    Ask { period: Some("2026-11".to_owned()), group_by: Some(group_by.to_owned()), ..Ask::default() }
}

#[test]
fn supply_use_reliability_price_and_reach_with_gap_and_index_are_as_by_hand() {
    let bench = bench();
    let answer = bench.ask_of("equity", &november("network"));
    for (column, wanted) in [
        ("households", "1000"),
        ("areas", "5"),
        ("evses_in_service", "3"),
        ("kw_in_service", "222"),
        ("supply", "3"),
        ("kw", "222"),
        ("use", "40"),
        ("reliability", "0.833333"), // 2.5 of 3
        ("price", "82.5"),           // (10 · 60 + 30 · 90) / 40
        ("pence_per_mile", "27.48"), // 82.5 · 0.207 · 1.609344
        ("reach_400m", "0.2"),
        ("reach_800m", "0.3"),
        ("supply_gap", "2"),     // 2 / 200 by 1 / 200
        ("kw_gap", "0.48"),      // 72 / 150
        ("use_gap", "0.333333"), // 10 / 30
        ("reliability_gap", "0.75"),
        ("price_gap", "0.666667"), // 60 / 90
        ("reach_400m_gap", "1"),   // half of both fifths
        ("reach_800m_gap", "2"),   // all and half
        ("supply_index", "-0.3"),  // (2 · 100 + 1 · 1900) / (3 · 1000) − 1
        ("use_index", "0.45"),     // (10 · 100 + 30 · 1900) / (40 · 1000) − 1
        ("price_index", "0.1"),    // of two classes of 100: (60 · 100 + 90 · 300) / (200 · 150) − 1
        ("evses_most_deprived", "2"),
        ("evses_least_deprived", "1"),
        ("repair_gap", "null: there is no failure whose repair was seen"),
        ("price_to_home", "null: no price at home is set (registry.programme_file)"),
    ] {
        let shown = told(&answer, 0, column);
        if column == "repair_gap" {
            assert!(shown.starts_with("null: "), "{shown}");
        } else {
            assert_eq!(shown, wanted, "{column}");
        }
    }
}

#[test]
fn deciles_and_fifths_have_lines_and_what_lies_nowhere_has_no_households() {
    let mut bench = bench();
    let shown = |bench: &Bench, group_by: &str, column: &str| {
        let answer = bench.ask_of("equity", &november(group_by));
        let place = |line: &Line| line.place.iter().map(ToString::to_string).collect::<String>();
        let lines = answer.lines.iter().enumerate();
        lines.map(|(index, line)| format!("{}: {}", place(line), told(&answer, index, column))).collect::<Vec<_>>()
    };
    assert_eq!(shown(&bench, "decile", "supply"), ["1: 20", "10: 10"]);
    assert_eq!(shown(&bench, "quintile", "supply"), ["1: 10", "5: 5"], "a fifth has all of its households");
    assert_eq!(shown(&bench, "quintile", "reach_800m"), ["1: 1", "5: 0.5"]);
    assert_eq!(shown(&bench, "site_type", "supply"), ["on_street_residential: 2", "rapid_hub: 1"]);
    assert_eq!(
        shown(&bench, "site_type", "supply_gap"),
        ["on_street_residential: null: the least deprived fifth has 0: nothing to divide by", "rapid_hub: 0"]
    );
    let one = "null: a gap and an index are of all areas together, not of one class";
    assert_eq!(shown(&bench, "decile", "use_gap"), [format!("1: {one}"), format!("10: {one}")]);
    bench.registry.lsoas = LsoaTable::default().into();
    let none = "null: no households are known of these areas (registry.lsoa_file)";
    assert_eq!(shown(&bench, "network", "supply"), [format!(": {none}")]);
    assert_eq!(shown(&bench, "network", "reliability"), [": 0.833333"], "what needs no households is there");
    let nowhere = SITES.replace(",1,24/7", ",,24/7").replace(",10,24/7", ",,24/7");
    bench.registry = Registry::from_csv("sites.csv", &nowhere).unwrap();
    bench.registry.lsoas = LsoaTable::from_csv("areas.csv", AREAS).unwrap().into();
    assert_eq!(shown(&bench, "decile", "supply"), [format!(": {none}")]);
    assert_eq!(shown(&bench, "decile", "evses_without_area"), [": 3"]);
}

#[test]
fn an_evse_works_by_all_of_the_time_that_is_asked_for_and_not_by_a_month_of_it() {
    let bench = bench();
    let sql =
        "UPDATE status_interval SET until_ms = ?1 WHERE charger_id = (SELECT id FROM charger_row WHERE charger = 'C')";
    let november = "2026-11-01T00:00:00Z";
    bench.db.execute(sql, [at(november).millis()]).unwrap();
    let c: i64 = bench.db.query_row("SELECT id FROM charger_row WHERE charger = 'C'", [], |row| row.get(0)).unwrap();
    bench.line(c, 1, &[(november, "OUTOFORDER", "charger")]);
    bench.db.execute("DELETE FROM fact_mark", []).unwrap();
    let reach = || {
        let quarter = Ask { period: Some("2026-Q4".to_owned()), ..Ask::default() };
        told(&bench.ask_of("equity", &quarter), 0, "reach_400m")
    };
    assert_eq!(reach(), "0.1", "up for a month of three: there is but the other site");
    bench.keep();
    assert_eq!(reach(), "0.1");
}

#[test]
fn a_price_in_another_currency_is_none_in_pence() {
    let mut bench = bench();
    Arc::make_mut(&mut bench.registry.tariffs[1]).currency = "EUR".to_owned();
    let shown = |column: &str| told(&bench.ask_of("equity", &november("network")), 0, column);
    assert_eq!(shown("price"), "60", "10 kWh at 60 p; the 30 kWh at 0.90 euros are left out");
    assert!(shown("price_gap").starts_with("null: "), "{}", shown("price_gap"));
}

#[test]
fn an_evse_that_was_not_in_service_is_not_among_those_of_unknown_power() {
    let mut bench = Bench::new(BEGIN, "2026-12-20T00:00:00Z", "X,S,24/7,2026-01-01,,1,1,50\n");
    let head =
        "charger_id,site_id,imd_decile,opening_hours,commissioned_on,removed_on,evse_id,connector_ids,rated_kw\n";
    let rows = "A,S1,1,24/7,2026-01-01,,1,1,22\nB,S1,1,24/7,2026-01-01,,1,1,\nC,S1,1,24/7,2026-01-01,2026-10-15,1,1,\n";
    bench.registry = Registry::from_csv("sites.csv", &format!("{head}{rows}")).unwrap();
    bench.registry.lsoas = LsoaTable::from_csv("areas.csv", AREAS).unwrap().into();
    for charger in ["A", "B", "C"] {
        let id = bench.charger(charger, BEGIN);
        bench.line(id, 1, &[(BEGIN, "AVAILABLE", "charger")]);
    }
    let answer = bench.ask_of("equity", &november("network"));
    // 22 kW for 1,000 households; of the two EVSEs in service one has no registered power.
    let shown = ["evses_in_service", "kw_in_service", "kw", "evses_of_unknown_power"].map(|it| told(&answer, 0, it));
    assert_eq!(shown, ["2", "22", "22", "1"]);
}

#[test]
fn a_site_type_can_be_asked_for_alone_and_few_are_a_small_cell() {
    let bench = bench();
    let hubs = Ask { site_type: Some("rapid_hub".to_owned()), ..november("decile") };
    assert_eq!(bench.ask_of("equity", &hubs).lines.len(), 1);
    let station = bench.db.query_row("SELECT id FROM charger_row WHERE charger = 'C'", [], |row| row.get(0)).unwrap();
    for id in 10..20 {
        bench.session(station, id, 1, "2026-11-25T10:00:00Z", Some("2026-11-25T10:05:00Z"), Some(0));
    }
    let monitor = bench.ask_of("equity", &Ask { suppress: true, ..november("network") });
    let shown = ["supply", "supply_gap", "supply_index"].map(|column| told(&monitor, 0, column));
    assert_eq!(shown, ["3", "null: small cell", "null: small cell"], "one of the fifths has fewer than 3 EVSEs");
}

#[test]
fn every_indicator_has_a_line_with_its_metadata() {
    let mut bench = bench();
    let text = "version = \"7\"\n[area]\nname = \"MK\"\ntype = \"local_authority\"\ncode = \"E06000042\"\nresidents = 2000\n\
                [price]\nhome_pence_per_kwh = 27.5\n[[indicator]]\nid = \"NZ1\"\nbaseline_year = 2024\nbaseline = 0.02\ntarget_2030 = 1.5\n";
    let value = |answer: &ask::Answer, id: &str, part: &str, column: &str| {
        let line = answer.lines.iter().position(|line| {
            line.values[0].to_string() == id && (part.is_empty() || line.values[1].to_string() == part)
        });
        told(answer, line.unwrap_or_else(|| panic!("{id} {part}")), column)
    };
    let bare = bench.ask_of("programme", &november("network"));
    let none = "null: the residents of the area are not configured (registry.programme_file)";
    assert_eq!(value(&bare, "NZ4.evses", "", "value"), none);
    bench.registry.programme = Programme::from_toml("p.toml", text).unwrap().into();
    let answer = bench.ask_of("programme", &november("network"));
    for (id, part, wanted) in [
        ("NZ1", "", "0.04"),
        ("NZ2.ttw", "", "0.024498"), // 40 kWh · 0.612441
        ("NZ3", "", "193.2"),
        ("NZ4.evses", "", "1.5"),
        ("NZ4.kw", "", "111"),
        ("NZ5.50kw", "", "66.6667"),
        ("NZ5.150kw", "", "33.3333"),
        ("NZ6.strict", "", "83.3333"),
        ("NZ9.supply", "", "2"),
        ("NZ9.price", "", "0.666667"),
        ("NZ10.800m", "", "30"),
        ("NZ10.800m.quintile", "q1", "100"),
        ("NZ10.800m.quintile", "q2", "null: no site lies in this fifth"),
        ("NZ10.800m.quintile", "q5", "50"),
        ("NZ11.nox", "", "null: the factor table has no such factor of the reference car: none is built in"),
        ("NZ12", "", "null: no file of half-hourly carbon intensity is set (registry.intensity_file)"),
        ("NZ13", "", "33.3333"),
    ] {
        assert_eq!(value(&answer, id, part, "value"), wanted, "{id} {part}");
    }
    let of = |column: &str| value(&answer, "NZ1", "", column);
    let shown = ["unit", "kind", "direction", "baseline_year", "baseline", "target_2030", "area_code", "from"].map(of);
    assert_eq!(
        shown,
        ["MWh", "output", "higher is better", "2024", "0.02", "1.5", "E06000042", "2026-11-01T00:00:00.000Z"]
    );
    let methods = ["NZ1", "NZ13"].map(|id| value(&answer, id, "", "method"));
    assert_eq!(methods, ["carbon", "programme"].map(|name| format!("{name} {}", named(name).unwrap().version)));
    assert_eq!(value(&answer, "NZ1", "", "target_2027"), "null: not configured (registry.programme_file)");
    assert!(answer.factors.iter().any(|(_, version)| version.starts_with("7 (")), "{:?}", answer.factors);
    let gap = bench.ask_of("equity", &november("network"));
    assert_eq!(told(&gap, 0, "price_to_home"), "3", "82.5 by 27.5");
    let suppressed = bench.ask_of("programme", &Ask { suppress: true, ..november("network") });
    assert_eq!(value(&suppressed, "", "", "value"), "null: small cell", "two sessions");
}

#[test]
fn every_indicator_comes_from_a_column_that_there_is_and_can_have_targets() {
    for indicator in indicators::INDICATORS {
        let source = match indicator.from {
            indicators::From::Column { report, column, .. } | indicators::From::PerResident { report, column } => {
                Some((report, column))
            }
            indicators::From::Quintiles(column) => Some(("equity", column)),
            indicators::From::AtLeast(_) | indicators::From::Accessible => None,
        };
        if let Some((report, column)) = source {
            let is_there = named(report).is_some_and(|report| report.columns.iter().any(|known| known.name == column));
            assert!(is_there, "{}: {report}, {column}", indicator.id);
        }
        assert!(INDICATORS.contains(&indicator.id), "{} can have no targets", indicator.id);
    }
    assert_eq!(INDICATORS.len(), indicators::INDICATORS.len());
}
