//! Carbon by hand.

use super::*;
use crate::config::factors::FactorTable;
use crate::config::intensity::Intensity;

const SITES: &str = "A,S,24/7,2024-01-01,,1,1,50\nB,T,24/7,2024-01-01,,1,1,50\n";
const BEGIN: &str = "2025-01-01T00:00:00Z";

fn bench(now: &str) -> (Bench, i64) {
    let bench = Bench::new(BEGIN, now, SITES);
    let a = bench.charger("A", BEGIN);
    bench.line(a, 1, &[(BEGIN, "AVAILABLE", "charger")]);
    (bench, a)
}

/// Two years with factors that are easy to reckon with.
fn two_years() -> FactorTable {
    let mut text = "version = \"test\"\nregion = \"X\"\n[assumption]\nev_kwh_per_km = 0.2\n".to_owned();
    for (year, generation, car) in [(2025, "0.2", "0.1"), (2026, "0.1", "0.3")] {
        for (name, value, unit) in [
            ("electricity_generation", generation, "kgCO2e/kWh"),
            ("electricity_losses", "0.01", "kgCO2e/kWh"),
            ("car_average", car, "kgCO2e/km"),
        ] {
            text += &format!(
                "[[factor]]\nname = \"{name}\"\nyear = {year}\nvalue = {value}\nunit = \"{unit}\"\nboundary = \"TTW\"\n\
                 scope = \"2\"\nedition = \"E\"\nsource = \"S\"\nverified = true\n"
            );
        }
    }
    FactorTable::from_toml("test.toml", &text).unwrap()
}

impl Bench {
    fn carbon<const N: usize>(&self, ask: &Ask, columns: [&str; N]) -> [String; N] {
        let answer = self.ask_of("carbon", ask);
        columns.map(|column| told(&answer, 0, column))
    }

    /// A session whose register rises by 1 kWh in every half-hour.
    fn steady(&self, charger: i64, id: i64, from: &str, half_hours: i64) {
        let until = at(from).plus_millis(half_hours * HOUR / 2);
        self.session(charger, id, 1, from, Some(&until.to_rfc3339()), Some(half_hours * 1_000_000));
        for step in 0..=half_hours {
            self.register(charger, id, at(from).plus_millis(step * HOUR / 2), step * 1_000_000);
        }
    }
}

#[test]
fn a_session_comes_out_as_by_hand_and_says_what_it_was_made_with() {
    let (bench, a) = bench("2026-12-20T00:00:00Z");
    bench.session(a, 1, 1, "2026-11-24T10:00:00Z", Some("2026-11-24T11:00:00Z"), Some(10_000_000));
    bench.session(a, 2, 1, "2026-11-24T12:00:00Z", Some("2026-11-24T13:00:00Z"), None);
    let asked = bench.period("2026-11");
    let shown = bench.carbon(
        &asked,
        ["energy_wh", "sessions_unmetered", "km", "gross_ttw_kg", "electricity_ttw_kg", "net_ttw_kg", "net_wtw_kg"],
    );
    // 10 / 0.207 km; · 0.16725; 10 · (0.177 + 0.01853); well to wheel 10.2048 − 2.454.
    assert_eq!(shown, ["10000", "1", "48.3", "8.08", "1.955", "6.124", "7.751"]);
    let shown = bench.carbon(&asked, ["editions", "edition_fits", "factors_verified", "method", "net_market_kg"]);
    let none = "null: the factor table has no market-based factor for a year of the period";
    assert_eq!(shown, ["2025", "false", "false", "annual", none]);
    let [used] = bench.carbon(&asked, ["factors_used"]);
    assert!(used.starts_with("2025: electricity 0.17700 kgCO2e/kWh, losses 0.01853 kgCO2e/kWh, "), "{used}");
    assert!(
        used.ends_with("reference_car average, ev_kwh_per_km 0.207, not_ice_share 0, site_loss_factor 1"),
        "{used}"
    );
    let answer = bench.ask_of("carbon", &asked);
    let json: serde_json::Value = serde_json::from_str(&answer.json()).unwrap();
    let version = json["factors"]["emission_factors"].as_str().unwrap();
    assert!(version.starts_with("United Kingdom, 1 ("), "{version}");
    assert_eq!(json["factors"]["carbon_intensity"], "none");
    assert!(answer.csv().unwrap().contains(version), "each line of the file says it too");
    assert!(answer.table().contains(version));
}

#[test]
fn what_flows_over_new_year_is_judged_by_two_editions() {
    let (mut bench, a) = bench("2026-02-01T00:00:00Z");
    bench.registry.factors = two_years().into();
    // Three hours before midnight, one after: 6 and 2 kWh.
    bench.steady(a, 1, "2025-12-31T21:00:00Z", 8);
    let ask = Ask { from: Some("2025-12-01".to_owned()), to: Some("2026-02-01".to_owned()), ..Ask::default() };
    let shown = bench.carbon(&ask, ["energy_wh", "electricity_ttw_kg", "gross_ttw_kg", "editions", "edition_fits"]);
    // 6 · 0.21 + 2 · 0.11; 30 km · 0.1 + 10 km · 0.3.
    assert_eq!(shown, ["8000", "1.48", "6", "2025, 2026", "true"]);
    let by_month = Ask { group_by: Some("month".to_owned()), ..ask };
    let answer = bench.ask_of("carbon", &by_month);
    let shown: Vec<_> = (0..2).map(|line| told(&answer, line, "electricity_ttw_kg")).collect();
    assert_eq!(shown, ["1.26", "0.22"]);
    bench.keep();
    assert_eq!(bench.carbon(&bench.period("2025"), ["electricity_ttw_kg", "editions"]), ["1.26", "2025"]);
}

#[test]
fn half_hours_of_the_night_of_the_clock_change_are_each_judged_by_their_own_intensity() {
    let (mut bench, a) = bench("2026-12-20T00:00:00Z");
    let csv = "datetime,carbon_intensity\n2026-10-25 00:30,100\n2026-10-25 01:00,200\n2026-10-25 01:30,300\n\
               2026-10-25 01:00,400\n2026-10-25 01:30,500\n";
    bench.registry.intensity = Intensity::from_csv("i.csv", csv, LONDON).unwrap().into();
    // From 00:30 on, six half-hours of 1 kWh: 01:00 and 01:30 come twice, and of 02:00 nothing is known.
    bench.steady(a, 1, "2026-10-24T23:30:00Z", 6);
    let day = bench.period("2026-10-25");
    let columns =
        ["electricity_half_hourly_ttw_kg", "half_hourly_share", "half_hours_missing", "low_carbon_share", "method"];
    // 0.1 + 0.2 + 0.3 + 0.4 + 0.5, 0.177 for the sixth, 6 · 0.01853 lost; the lowest third of five is 100 and 200.
    assert_eq!(bench.carbon(&day, columns), ["1.788", "0.833333", "1", "0.4", "mixed"]);
    assert_eq!(bench.carbon(&day, ["electricity_ttw_kg"]), ["1.173"], "the annual figure stands beside it");
    // 8.08 · 0.6 less 1.788.
    assert_eq!(bench.carbon(&day, ["net_half_hourly_ttw_kg"]), ["3.06"]);
    bench.keep();
    assert_eq!(bench.carbon(&day, columns), ["1.788", "0.833333", "1", "0.4", "mixed"]);
    // Without readings the energy lies evenly in the session.
    bench.db.execute_batch("DELETE FROM reading_row; UPDATE session_row SET energy_mwh = 12000000").unwrap();
    bench.db.execute_batch(FORGET).unwrap();
    assert_eq!(bench.carbon(&day, columns), ["3.576", "0.833333", "1", "0.4", "mixed"]);
}

#[test]
fn a_leap_day_counts_and_a_network_of_which_nothing_was_heard_is_null() {
    let (bench, a) = bench("2028-12-20T00:00:00Z");
    bench.session(a, 1, 1, "2028-02-29T23:00:00Z", Some("2028-02-29T23:30:00Z"), Some(207_000_000));
    assert_eq!(
        ["2028-02-29", "2028-02", "2028"].map(|period| bench.carbon(&bench.period(period), ["km"])[0].clone()),
        ["1000"; 3]
    );
    assert_eq!(bench.carbon(&bench.period("2028-03"), ["net_ttw_kg", "km"]), ["0", "0"], "heard, and nothing flowed");
    let unheard = Ask { charger: Some("B".to_owned()), ..bench.period("2028-02") };
    let told = "null: nothing was in service and heard, and no session is known";
    assert_eq!(bench.carbon(&unheard, ["energy_wh", "net_ttw_kg", "editions"]), [told; 3]);
    bench.session(a, 2, 1, "2028-04-01T10:00:00Z", Some("2028-04-01T11:00:00Z"), None);
    assert_eq!(bench.carbon(&bench.period("2028-04"), ["km"]), ["null: no session of the period has a known energy"]);
}

#[test]
fn few_sessions_are_a_small_cell() {
    let (bench, a) = bench("2026-12-20T00:00:00Z");
    bench.session(a, 1, 1, "2026-11-24T10:00:00Z", Some("2026-11-24T11:00:00Z"), Some(10_000_000));
    let ask = Ask { suppress: true, ..bench.period("2026-11") };
    assert_eq!(bench.carbon(&ask, ["net_ttw_kg", "factors_used"]), ["null: small cell"; 2]);
}
