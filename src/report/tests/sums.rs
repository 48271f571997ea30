//! Utilisation, energy and sessions: each formula as by hand.

use super::{Bench, at, told};
use crate::config::sites::Registry;
use crate::domain::energy::Milli;
use crate::report::{Ask, Line, PlaceUnit};

/// Figures of a report over a period, by name; with the label of each line where there are several.
fn figures(bench: &Bench, report: &str, ask: &Ask, columns: &[&str]) -> Vec<String> {
    let answer = bench.ask_of(report, ask);
    let lines = (0..answer.lines.len()).flat_map(|line| columns.iter().map(move |column| (line, column)));
    lines.map(|(line, column)| told(&answer, line, column)).collect()
}

fn by(bench: &Bench, group_by: &str, period: &str) -> Ask {
    Ask { group_by: Some(group_by.to_owned()), ..bench.period(period) }
}

/// A charger A with this row of the registry, heard since October.
fn bench(row: &str) -> (Bench, i64) {
    let bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-20T00:00:00Z", row);
    let a = bench.charger("A", "2026-10-01T00:00:00Z");
    (bench, a)
}

/// The statuses of a day at connector 1.
fn statuses(bench: &Bench, charger: i64, statuses: &[(&str, &str, &str)]) {
    let line: Vec<_> = statuses.iter().map(|(from, state, _)| (*from, *state, "charger")).collect();
    bench.line(charger, 1, &line);
    for (from, _, status) in statuses.iter().filter(|(.., status)| !status.is_empty()) {
        let sql = "UPDATE status_interval SET status = ? WHERE from_ms = ?";
        bench.db.execute(sql, (status, at(from).millis())).unwrap();
    }
}

/// What the readings of a session told: flow and peak.
fn flow(bench: &Bench, session: i64, from: &str, until: &str, peak: Milli) {
    let sql = "UPDATE session_row SET flow_from_ms = ?, flow_until_ms = ?, peak_mw = ? WHERE id = ?";
    bench.db.execute(sql, (at(from).millis(), at(until).millis(), peak.0, session)).unwrap();
}

/// A morning: plugged in at 8:00, charging from 8:06 to 10:00, gone at 11:05; an hour broken, an hour offline.
fn morning(row: &str) -> Bench {
    let (bench, a) = bench(row);
    statuses(
        &bench,
        a,
        &[
            ("2026-10-01T00:00:00Z", "AVAILABLE", "Available"),
            ("2026-11-24T08:00:00Z", "CHARGING", "Preparing"),
            ("2026-11-24T08:05:00Z", "CHARGING", "Charging"),
            ("2026-11-24T10:05:00Z", "CHARGING", "SuspendedEV"),
            ("2026-11-24T11:00:00Z", "CHARGING", "Finishing"),
            ("2026-11-24T11:05:00Z", "AVAILABLE", "Available"),
            ("2026-11-24T12:00:00Z", "OUTOFORDER", "Faulted"),
            ("2026-11-24T13:00:00Z", "UNKNOWN", ""),
            ("2026-11-24T14:00:00Z", "AVAILABLE", "Available"),
        ],
    );
    bench.session(a, 1, 1, "2026-11-24T08:05:00Z", Some("2026-11-24T11:00:00Z"), Some(14_000_000));
    flow(&bench, 1, "2026-11-24T08:06:00Z", "2026-11-24T10:00:00Z", Milli(7_200_000));
    bench
}

#[test]
fn each_formula_of_utilisation_comes_out_as_by_hand() {
    let bench = morning("A,S,24/7,2026-01-01,,1,1,7.4\n");
    let told = |columns: &[&str]| figures(&bench, "utilisation", &bench.period("2026-11-24"), columns);
    for (column, value) in [
        ("util_occupied", "0.128472"),  // 3 h 5 min of 24 h
        ("util_charging", "0.079167"),  // 1 h 54 min of 24 h
        ("util_effective", "0.140152"), // 3 h 5 min of 22 h
        ("util_energy", "0.078829"),    // 14 kWh of 7.4 kW · 24 h
        ("sessions_per_day", "1"),
        ("kwh_per_day", "14"),
        ("kwh_per_session", "14"),
        ("avg_power_kw", "7.368421"), // 14 kWh in 1 h 54 min
        ("peak_power_kw", "7.2"),
        ("idle_ratio", "0.351351"), // 1 h 5 min of 3 h 5 min
        ("flow_by_status", "0"),
        ("in_use_s", "11100"),
        ("flowing_s", "6840"),
        ("idle_s", "3900"),
        ("flow_unknown_s", "0"),
        ("valid_sessions", "1"),
        ("energy_wh", "14000"),
        ("power_unknown", "0"),
    ] {
        assert_eq!(told(&[column]), [value], "{column}");
    }
    let kept = || figures(&bench, "utilisation", &bench.period("2026-11"), &["in_use_s", "idle_s", "peak_power_kw"]);
    let scratch = kept();
    bench.keep();
    assert_eq!(kept(), scratch);
    assert_eq!(scratch, ["11100", "3900", "7.2"]);
}

#[test]
fn a_rapid_charger_is_blocked_only_beyond_ten_minutes() {
    let bench = morning("A,S,24/7,2026-01-01,,1,1,50\n");
    let told = figures(&bench, "utilisation", &bench.period("2026-11-24"), &["idle_s", "idle_ratio"]);
    assert_eq!(told, ["3300", "0.297297"], "from 10:10 to 11:05");
}

#[test]
fn without_readings_energy_flows_while_the_status_says_so() {
    let bench = morning("A,S,24/7,2026-01-01,,1,1,7.4\n");
    bench.db.execute("UPDATE session_row SET flow_from_ms = NULL, flow_until_ms = NULL, peak_mw = NULL", []).unwrap();
    let columns = ["flowing_s", "flow_by_status", "idle_s", "avg_power_kw", "peak_power_kw"];
    let told = figures(&bench, "utilisation", &bench.period("2026-11-24"), &columns);
    assert_eq!(told, ["7200", "1", "3600", "7", "null: no power was reported"], "Charging from 8:05 to 10:05");
}

#[test]
fn energy_is_cut_at_midnight_by_its_readings_and_adds_up() {
    let (bench, a) = bench("A,S,24/7,2026-01-01,,1,1,7.4\n");
    bench.line(a, 1, &[("2026-10-01T00:00:00Z", "AVAILABLE", "charger")]);
    bench.session(a, 1, 1, "2026-11-23T22:00:00Z", Some("2026-11-24T02:00:00Z"), Some(7_000_001));
    let days = |columns: &[&str]| {
        let ask = Ask { from: Some("2026-11-23".to_owned()), to: Some("2026-11-25".to_owned()), ..Ask::default() };
        figures(&bench, "energy", &Ask { group_by: Some("day".to_owned()), ..ask }, columns)
    };
    assert_eq!(days(&["energy_wh"]), ["3500", "3500.001"], "evenly, for lack of readings");
    bench.db.execute("UPDATE session_row SET meter_start_mwh = 0, meter_stop_mwh = 7000001", []).unwrap();
    bench.register(a, 1, at("2026-11-23T23:00:00Z"), 4_000_000);
    bench.register(a, 1, at("2026-11-24T01:00:00Z"), 6_000_000);
    let first = ["5000", "5000", "1", "7000.001", "1", "7.000001"];
    let second = ["2000.001", "2000.001", "1", "0", "0", "null: no valid session began"];
    let columns =
        ["energy_wh", "by_register_wh", "register_share", "session_energy_wh", "valid_sessions", "kwh_per_session"];
    assert_eq!(days(&columns), [first, second].concat(), "half way between 4 and 6 kWh");
    let before = figures(&bench, "energy", &bench.period("2026-11"), &columns);
    bench.keep();
    assert_eq!(days(&columns), [first, second].concat());
    assert_eq!(before, figures(&bench, "energy", &bench.period("2026-11"), &columns));
    assert_eq!(before[0], "7000.001");
}

#[test]
fn what_is_spread_evenly_is_spread_over_the_time_of_charging() {
    let (bench, a) = bench("A,S,24/7,2026-01-01,,1,1,7.4\n");
    statuses(
        &bench,
        a,
        &[
            ("2026-10-01T00:00:00Z", "AVAILABLE", "Available"),
            ("2026-11-23T22:00:00Z", "CHARGING", "Charging"),
            ("2026-11-24T00:30:00Z", "CHARGING", "SuspendedEV"),
            ("2026-11-24T07:00:00Z", "AVAILABLE", "Available"),
        ],
    );
    bench.session(a, 1, 1, "2026-11-23T22:00:00Z", Some("2026-11-24T07:00:00Z"), Some(10_000_000));
    let told = |day: &str| figures(&bench, "energy", &bench.period(day), &["energy_wh", "spread_wh"]);
    assert_eq!(told("2026-11-23"), ["8000", "8000"], "two of two and a half hours");
    assert_eq!(told("2026-11-24"), ["2000", "2000"]);
    bench.keep();
    assert_eq!(told("2026-11-24"), ["2000", "2000"]);
}

#[test]
fn days_of_a_clock_change_have_23_and_25_hours_of_energy() {
    let bench = Bench::new("2026-01-01T00:00:00Z", "2026-12-20T00:00:00Z", "A,S,24/7,2026-01-01,,1,1,50\n");
    let a = bench.charger("A", "2026-01-01T00:00:00Z");
    bench.line(a, 1, &[("2026-01-01T00:00:00Z", "AVAILABLE", "charger")]);
    bench.session(a, 1, 1, "2026-03-28T23:00:00Z", Some("2026-03-30T00:00:00Z"), Some(25_000_000));
    bench.session(a, 2, 1, "2026-10-24T22:00:00Z", Some("2026-10-26T01:00:00Z"), Some(27_000_000));
    for (day, energy, used) in [
        ("2026-03-28", "1000", "3600"),
        ("2026-03-29", "23000", "82800"),
        ("2026-03-30", "1000", "3600"),
        ("2026-10-24", "1000", "3600"),
        ("2026-10-25", "25000", "90000"),
        ("2026-10-26", "1000", "3600"),
    ] {
        assert_eq!(figures(&bench, "energy", &bench.period(day), &["energy_wh"]), [energy], "{day}");
        assert_eq!(figures(&bench, "utilisation", &bench.period(day), &["in_use_s"]), [used], "{day}");
    }
    let full = figures(&bench, "utilisation", &bench.period("2026-10-25"), &["util_occupied", "util_energy"]);
    assert_eq!(full, ["1", "0.02"], "25 kWh of 50 kW · 25 h");
    let hours = figures(&bench, "energy", &by(&bench, "hour", "2026-10-25"), &["energy_wh"]);
    assert_eq!(hours, ["1000"; 25], "the hour that comes twice has its own energy each time");
}

#[test]
fn a_leap_year_has_a_day_more_to_divide_by() {
    let bench = Bench::new("2028-01-01T00:00:00Z", "2029-02-01T00:00:00Z", "A,S,24/7,2028-01-01,,1,1,50\n");
    let a = bench.charger("A", "2028-01-01T00:00:00Z");
    bench.line(a, 1, &[("2028-01-01T00:00:00Z", "AVAILABLE", "charger")]);
    for day in 1..=29 {
        let time = |hour: u32| format!("2028-02-{day:02}T{hour:02}:00:00Z");
        bench.session(a, day, 1, &time(8), Some(&time(9)), Some(10_000_000));
    }
    let columns = ["sessions_per_day", "kwh_per_day", "util_energy", "counted_s"];
    let told = figures(&bench, "utilisation", &bench.period("2028-02"), &columns);
    assert_eq!(told, ["1", "10", "0.008333", "2505600"]);
    let year = figures(&bench, "utilisation", &bench.period("2028"), &["sessions_per_day", "counted_s"]);
    assert_eq!(year, ["0.079235", "31622400"], "29 of 366");
}

#[test]
fn two_imported_sessions_at_once_at_one_evse_are_one_use() {
    let (bench, a) = bench("A,S,24/7,2026-01-01,,1,1;2,50\n");
    bench.session(a, -1, 1, "2026-06-24T08:00:00Z", Some("2026-06-24T10:00:00Z"), Some(5_000_000));
    bench.session(a, -2, 2, "2026-06-24T09:00:00Z", Some("2026-06-24T11:00:00Z"), Some(7_000_000));
    bench.session(a, -3, 2, "2026-06-24T22:00:00Z", None, Some(1_000_000));
    bench.db.execute("UPDATE session_row SET state = 'ended_without_stop' WHERE id = -3", []).unwrap();
    let columns = ["util_occupied", "in_use_s", "valid_sessions", "energy_wh", "util_charging", "util_effective"];
    let flow = "null: for a part of the use nobody knows when energy flowed";
    let wanted = ["0.125", "10800", "3", "13000", flow, "null: nothing was heard"];
    assert_eq!(figures(&bench, "utilisation", &bench.period("2026-06-24"), &columns), wanted);
    bench.keep();
    assert_eq!(figures(&bench, "utilisation", &bench.period("2026-06-24"), &columns), wanted);
    let columns = ["energy_wh", "imported_wh", "by_register_wh", "spread_wh"];
    let told = figures(&bench, "energy", &bench.period("2026-06"), &columns);
    assert_eq!(told, ["13000", "13000", "0", "13000"]);
    let columns = ["imported", "valid", "ended", "without_stop", "duration_mean_s"];
    let told = figures(&bench, "sessions", &bench.period("2026-06"), &columns);
    assert_eq!(told, ["3", "3", "2", "1", "7200"]);
}

#[test]
fn what_a_file_tells_of_a_charger_that_nobody_registered_and_that_never_connected_counts() {
    let (bench, _) = bench("A,S,24/7,2026-01-01,,1,1,7.4\n");
    let b = bench.charger("B", "2026-10-01T00:00:00Z");
    bench.session(b, -1, 2, "2026-11-24T08:00:00Z", Some("2026-11-24T10:00:00Z"), Some(5_000_000));
    let told = |columns: &[&str]| figures(&bench, "energy", &by(&bench, "evse", "2026-11"), columns);
    let wanted = ["null: no session is known, and nothing was heard", "5000"];
    assert_eq!(told(&["imported_wh"]), wanted);
    bench.keep();
    assert_eq!(told(&["imported_wh"]), wanted);
}

#[test]
fn sessions_are_sorted_by_what_became_of_them_and_have_medians() {
    let (bench, a) = bench("A,S,24/7,2026-01-01,,1,1,7.4\n");
    bench.line(a, 1, &[("2026-10-01T00:00:00Z", "AVAILABLE", "charger")]);
    let hours = |hour: u32| format!("2026-11-24T{hour:02}:00:00Z");
    for (id, from, until, energy) in [
        (1, 1, Some(2), Some(8_000_000)),
        (2, 3, Some(5), Some(50_000)),
        (3, 6, Some(9), Some(0)),
        (4, 10, Some(11), None),
        (5, 12, None, Some(4_000_000)),
    ] {
        bench.session(a, id, 1, &hours(from), until.map(hours).as_deref(), energy);
    }
    flow(&bench, 1, &hours(1), "2026-11-24T01:45:00Z", Milli(0));
    flow(&bench, 2, &hours(3), "2026-11-24T03:15:00Z", Milli(0));
    let told = |column: &str| figures(&bench, "sessions", &bench.period("2026-11"), &[column]).remove(0);
    for (column, value) in [
        ("valid", "3"),
        ("valid_share", "0.6"),
        ("empty", "1"),
        ("unmetered", "1"),
        ("in_vain", "1"),
        ("running", "1"),
        ("without_stop", "0"),
        ("orphan", "0"),
        ("imported", "0"),
        ("ended", "4"),
        ("duration_mean_s", "6300"),   // 1, 2, 3 and 1 hours
        ("duration_median_s", "5400"), // half way between 1 and 2
        ("duration_p10_s", "3600"),
        ("duration_p90_s", "9720"), // 2.7 hours
        ("energy_mean_wh", "4016.667"),
        ("energy_p10_wh", "840"), // 0.2 of the way from 50 to 4000
        ("energy_median_wh", "4000"),
        ("energy_p90_wh", "7200"),
        ("with_flow", "2"),
        ("charge_median_s", "1800"), // 45 and 15 minutes
        ("idle_median_s", "3600"),   // 15 and 105 minutes
        ("idle_share", "0.666667"),  // 2 of 3 hours
    ] {
        assert_eq!(told(column), value, "{column}");
    }
    bench.keep();
    assert_eq!(["duration_p90_s", "energy_p10_wh", "idle_share"].map(told), ["9720", "840", "0.666667"]);
}

#[test]
fn what_nobody_heard_of_is_null_and_what_was_heard_without_sessions_is_zero() {
    let (bench, a) = bench("A,S,24/7,2026-11-01,,1,1,7.4\n");
    bench.line(a, 1, &[("2026-11-10T00:00:00Z", "UNKNOWN", "link"), ("2026-11-20T00:00:00Z", "AVAILABLE", "charger")]);
    let told = |period: &str| {
        let of = |report: &str, column: &str| figures(&bench, report, &bench.period(period), &[column]).remove(0);
        [of("utilisation", "util_occupied"), of("energy", "energy_wh"), of("sessions", "valid")]
    };
    let unknown = "null: no session is known, and nothing was heard";
    assert_eq!(told("2026-11-15"), ["null: nothing was heard", unknown, unknown]);
    assert_eq!(told("2026-11-24"), ["0", "0", "0"]);
    let none = figures(&bench, "sessions", &bench.period("2026-11-24"), &["duration_median_s", "valid_share"]);
    assert_eq!(none, ["null: no session that began has a known end", "null: no session began"]);
    let before = figures(&bench, "utilisation", &bench.period("2026-10-15"), &["sessions_per_day"]);
    assert_eq!(before, ["null: nothing was heard"]);
}

#[test]
fn small_cells_are_suppressed_and_too_much_is_refused() {
    let bench = morning("A,S,24/7,2026-01-01,,1,1,7.4\n");
    for report in ["utilisation", "energy", "sessions"] {
        let ask = Ask { suppress: true, ..bench.period("2026-11") };
        let answer = bench.ask_of(report, &ask);
        assert!(answer.lines[0].values.iter().all(|value| value.reason() == Some("small cell")), "{report}");
        for unit in PlaceUnit::ALL {
            assert_eq!(bench.ask_of(report, &by(&bench, unit.word(), "2026-11")).lines.len(), 1, "{report}");
        }
        assert_eq!(bench.ask_of(report, &by(&bench, "evse,hour", "2026-11-24")).lines.len(), 24, "{report}");
    }
}

#[test]
fn evses_are_grouped_by_the_set_of_their_connectors() {
    let mut bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-20T00:00:00Z", "X,S,24/7,2026-01-01,,1,1,50\n");
    let head = "charger_id,site_id,commissioned_on,evse_id,connector_ids,connector_types,rated_kw\n";
    let rows = "A,S,2026-01-01,1,1;2,CHAdeMO;CCS,50\nB,S,2026-01-01,1,1;2,CCS;CHAdeMO,50\nC,S,2026-01-01,1,1,Type2,22\n\
                D,S,2026-01-01,1,1;2,Type2;Type2,22\nE,S,2026-01-01,1,1;2,CCS,50\nF,S,2026-01-01,1,1,,7.4\n";
    bench.registry = Registry::from_csv("sites.csv", &format!("{head}{rows}")).unwrap();
    for (id, charger) in (1..).zip(["A", "B", "C", "D", "E", "F"]) {
        let station = bench.charger(charger, "2026-10-01T00:00:00Z");
        bench.line(station, 1, &[("2026-10-01T00:00:00Z", "AVAILABLE", "charger")]);
        bench.session(station, id, 1, "2026-11-24T10:00:00Z", Some("2026-11-24T11:00:00Z"), Some(id * 1_000_000));
    }
    let answer = bench.ask_of("energy", &by(&bench, "connector", "2026-11"));
    let line = |(index, line): (usize, &Line)| {
        let name = line.place[0].reason().map_or_else(|| line.place[0].to_string(), str::to_owned);
        format!("{name}: {} of {}", told(&answer, index, "energy_wh"), line.evses)
    };
    // Of E one connector is known alone, which is not the same as having one.
    let wanted =
        ["not in the registry: 11000 of 2", "CHADEMO + IEC_62196_T2_COMBO: 3000 of 2", "IEC_62196_T2: 7000 of 2"];
    assert_eq!(answer.lines.iter().enumerate().map(line).collect::<Vec<_>>(), wanted);
}
