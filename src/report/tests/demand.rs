//! Demand: how full sites are, as by hand.

use super::{Bench, told};
use crate::domain::exemption::ExemptionKind;
use crate::report::Ask;

const DAY: &str = "2026-11-24";
const ROWS: &str = "A,S,24/7,2026-01-01,,1,1,50\nB,S,24/7,2026-01-01,,1,1,7\n";

fn figures(bench: &Bench, ask: &Ask, columns: &[&str]) -> Vec<String> {
    let answer = bench.ask_of("demand", ask);
    let lines = (0..answer.lines.len()).flat_map(|line| columns.iter().map(move |column| (line, column)));
    lines.map(|(line, column)| told(&answer, line, column)).collect()
}

fn by(bench: &Bench, group_by: &str, period: &str) -> Ask {
    Ask { group_by: Some(group_by.to_owned()), ..bench.period(period) }
}

/// A timeline of connector 1 with hours of the day; before it, it was free.
fn hours(bench: &Bench, charger: i64, states: &[(&str, &str)]) {
    let times: Vec<(String, &str)> = states.iter().map(|(hour, state)| (format!("{DAY}T{hour}:00Z"), *state)).collect();
    let cause = |state: &str| if state == "UNKNOWN" { "our_outage" } else { "charger" };
    let mut line = vec![("2026-01-02T00:00:00Z", "AVAILABLE", "charger")];
    line.extend(times.iter().map(|(from, state)| (from.as_str(), *state, cause(state))));
    bench.line(charger, 1, &line);
}

fn bench(rows: &str) -> (Bench, [i64; 2]) {
    let bench = Bench::new("2026-01-01T00:00:00Z", "2026-12-20T00:00:00Z", rows);
    let chargers = ["A", "B"].map(|name| bench.charger(name, "2026-01-01T00:00:00Z"));
    (bench, chargers)
}

/// Two EVSEs: both in use from 10 to 11, one in use and one broken until 12, both broken until 13, one broken and the other
/// not heard until 14, one free and the other not heard until 15, neither heard from 18 to 20.
fn two() -> (Bench, [i64; 2]) {
    let (bench, [a, b]) = bench(ROWS);
    hours(
        &bench,
        a,
        &[
            ("08:00", "CHARGING"),
            ("12:00", "OUTOFORDER"),
            ("14:00", "AVAILABLE"),
            ("18:00", "UNKNOWN"),
            ("20:00", "AVAILABLE"),
        ],
    );
    hours(
        &bench,
        b,
        &[
            ("10:00", "CHARGING"),
            ("11:00", "INOPERATIVE"),
            ("13:00", "UNKNOWN"),
            ("15:00", "AVAILABLE"),
            ("18:00", "UNKNOWN"),
            ("20:00", "AVAILABLE"),
        ],
    );
    (bench, [a, b])
}

#[test]
fn each_formula_of_a_site_comes_out_as_by_hand() {
    let (bench, _) = two();
    for (column, value) in [
        ("site_full_share", "0.090909"), // 2 h of 22 h
        ("site_dead_share", "0.090909"), // 2 h of 22 h
        ("peak_concurrency", "2"),
        ("peak_concurrency_share", "1"),
        ("p95_concurrency", "1"), // 18 h none, 3 h one, 1 h two: 21 of 22 h are 95.5 %
        ("site_s", "79200"),
        ("full_s", "7200"),
        ("dead_s", "7200"),
        ("partly_unheard_s", "7200"),
        ("unheard_s", "7200"),
    ] {
        assert_eq!(figures(&bench, &bench.period(DAY), &[column]), [value], "{column}");
        assert_eq!(figures(&bench, &by(&bench, "site", DAY), &[column]), [value], "{column}");
    }
    let classes = figures(&bench, &by(&bench, "power_class", DAY), &["site_full_share", "site_s", "peak_concurrency"]);
    assert_eq!(classes, ["0.181818", "79200", "1", "0.05", "72000", "1"], "4 of 22 h rapid, 1 of 20 h slow");
    let programme = bench.ask_of("programme", &bench.period(DAY));
    let line = (0..programme.lines.len()).find(|line| told(&programme, *line, "indicator") == "NZ8.full").unwrap();
    assert_eq!(told(&programme, line, "value"), "9.0909");
}

#[test]
fn chargers_without_a_site_and_at_different_sites_are_apart() {
    let (bench, [a, b]) = bench("A,S,24/7,2026-01-01,,1,1,50\nB,T,24/7,2026-01-01,,1,1,7\n");
    hours(&bench, a, &[("08:00", "CHARGING"), ("12:00", "AVAILABLE")]);
    hours(&bench, b, &[("10:00", "CHARGING"), ("12:00", "AVAILABLE")]);
    let told = figures(&bench, &bench.period(DAY), &["full_s", "site_s", "peak_concurrency"]);
    assert_eq!(told, ["21600", "172800", "1"], "4 h and 2 h of two days of sites");
}

#[test]
fn a_reserved_or_blocked_evse_is_not_free_and_an_exempt_one_is_what_it_is() {
    let (bench, [a, b]) = bench(ROWS);
    hours(&bench, a, &[("08:00", "CHARGING"), ("14:00", "OUTOFORDER"), ("16:00", "AVAILABLE")]);
    hours(&bench, b, &[("09:00", "RESERVED"), ("10:00", "AVAILABLE"), ("15:00", "OUTOFORDER"), ("16:00", "AVAILABLE")]);
    let at = |hour: &str| format!("{DAY}T{hour}:00Z");
    bench.exempt(ExemptionKind::Blocked, "B", &at("11:00"), &at("12:00"));
    bench.exempt(ExemptionKind::Exempt, "B", &at("13:00"), &at("16:00"));
    let told = figures(&bench, &bench.period(DAY), &["full_s", "dead_s", "site_s"]);
    assert_eq!(told, ["7200", "3600", "86400"], "full from 9 to 10 and 11 to 12, dead from 15 to 16");
}

#[test]
fn a_full_site_is_cut_at_midnight_and_a_day_of_a_clock_change_has_its_hours() {
    let (bench, chargers) = bench(ROWS);
    for charger in chargers {
        bench.line(
            charger,
            1,
            &[
                ("2026-01-02T00:00:00Z", "AVAILABLE", "charger"),
                ("2026-03-28T23:00:00Z", "CHARGING", "charger"),
                ("2026-03-30T00:00:00Z", "AVAILABLE", "charger"),
                ("2026-10-24T22:00:00Z", "CHARGING", "charger"),
                ("2026-10-26T02:00:00Z", "AVAILABLE", "charger"),
            ],
        );
    }
    for (period, full, site) in [("2026-03-29", "82800", "82800"), ("2026-10-25", "90000", "90000")] {
        assert_eq!(figures(&bench, &bench.period(period), &["full_s", "site_s"]), [full, site], "{period}");
    }
    let ask = Ask {
        from: Some("2026-10-24".to_owned()),
        to: Some("2026-10-27".to_owned()),
        group_by: Some("day".to_owned()),
        ..Ask::default()
    };
    assert_eq!(figures(&bench, &ask, &["full_s"]), ["3600", "90000", "7200"], "one day after the other");
    assert_eq!(figures(&bench, &ask, &["evse_days"]), ["2", "2", "2"]);
}

#[test]
fn a_closed_site_is_not_there() {
    let rows = "A,S,Mo-Fr 07:00-19:00,2026-01-01,,1,1,50\nB,S,Mo-Fr 07:00-19:00,2026-11-25,,1,1,7\n";
    let (bench, [a, b]) = bench(rows);
    hours(&bench, a, &[("06:00", "CHARGING"), ("08:00", "AVAILABLE")]);
    hours(&bench, b, &[]);
    let columns = ["full_s", "site_s", "peak_concurrency", "peak_concurrency_share"];
    assert_eq!(figures(&bench, &bench.period(DAY), &columns), ["3600", "43200", "1", "1"], "B is not in service yet");
    let none = "null: nothing was in service";
    assert_eq!(figures(&bench, &bench.period("2026-11-22"), &["site_full_share", "p95_concurrency"]), [none, none]);
}

#[test]
fn what_nobody_heard_of_is_null_and_a_session_of_a_file_makes_no_site_full() {
    let (bench, [a, b]) = bench(ROWS);
    hours(&bench, a, &[("00:00", "UNKNOWN")]);
    hours(&bench, b, &[("00:00", "UNKNOWN")]);
    let columns = ["site_full_share", "peak_concurrency", "p95_concurrency", "short_return", "wh_per_day_median"];
    let unheard = "null: nothing was heard";
    let no_day = "null: no EVSE has a whole day of which anything is known";
    assert_eq!(figures(&bench, &bench.period(DAY), &columns), [unheard, unheard, unheard, unheard, no_day]);
    bench.session(a, -1, 1, "2026-11-24T08:00:00Z", Some("2026-11-24T09:00:00Z"), Some(7_000_000));
    assert_eq!(figures(&bench, &bench.period(DAY), &columns), [unheard, "1", unheard, unheard, "7000"]);
}

#[test]
fn short_returns_met_a_crowded_site_and_got_nothing() {
    let (bench, [a, b]) = bench(ROWS);
    hours(&bench, a, &[("08:00", "CHARGING"), ("12:00", "AVAILABLE")]);
    hours(&bench, b, &[]);
    let told = || figures(&bench, &bench.period(DAY), &["short_return"]).remove(0);
    let session = |id: i64, from: &str, until: &str, energy: Option<i64>| {
        bench.session(b, id, 1, &format!("{DAY}T{from}Z"), Some(&format!("{DAY}T{until}Z")), energy);
    };
    for (id, from, until, energy, count) in [
        (1, "09:00:00", "09:02:00", Some(0), "1"),
        (2, "09:30:00", "09:33:00", Some(0), "1"),    // not short
        (3, "10:00:00", "10:02:00", Some(5000), "1"), // got something
        (4, "10:30:00", "10:32:00", None, "1"),       // nobody knows
        (5, "13:00:00", "13:02:00", Some(0), "1"),    // one of two was free
        (6, "11:59:00", "12:01:00", Some(0), "2"),
    ] {
        session(id, from, until, energy);
        assert_eq!(told(), count, "session {id}");
    }
}

#[test]
fn energy_by_evse_and_day_is_spread_as_by_hand_kept_or_not() {
    let (bench, [a, b]) = bench(ROWS);
    hours(&bench, a, &[]);
    hours(&bench, b, &[]);
    // Half of it after midnight.
    bench.session(a, 1, 1, "2026-11-24T22:00:00Z", Some("2026-11-25T02:00:00Z"), Some(8_000_000));
    bench.session(b, 2, 1, "2026-11-24T08:00:00Z", Some("2026-11-24T09:00:00Z"), Some(1_000_000));
    let columns = ["wh_per_day_p10", "wh_per_day_median", "wh_per_day_p90", "evse_days"];
    let wanted = ["1300", "2500", "3700", "2"];
    assert_eq!(figures(&bench, &bench.period(DAY), &columns), wanted, "of 1 and 4 kWh");
    let month = figures(&bench, &bench.period("2026-11"), &columns);
    assert_eq!(month, ["0", "0", "0", "60"]);
    bench.keep();
    assert_eq!(figures(&bench, &bench.period(DAY), &columns), wanted);
    assert_eq!(figures(&bench, &bench.period("2026-11"), &columns), month);
    let day_that_runs = figures(&bench, &bench.period("2026-12"), &["evse_days"]);
    assert_eq!(day_that_runs, ["38"], "19 days of December are over");
}
