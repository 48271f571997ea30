//! Failures by hand.

use super::*;

const SITES: &str = "A,S,24/7,2026-01-01,,1,1,50\n";
const OCTOBER: &str = "2026-10-01T00:00:00Z";

fn bench(sites: &str) -> Bench {
    Bench::new(OCTOBER, "2026-12-20T00:00:00Z", sites)
}

impl Bench {
    /// Columns of the only line of a period.
    fn faults<const N: usize>(&self, period: &str, columns: [&str; N]) -> [String; N] {
        let answer = self.ask_of("faults", &self.period(period));
        columns.map(|column| told(&answer, 0, column))
    }

    fn reason(&self, charger: i64, at_text: &str, connector: u32, error: &str, vendor: Option<&str>) {
        let sql = "INSERT INTO status_report (charger_id, evse, connector, at_ms, status, error, vendor_error) \
                   VALUES (?1, ?2, ?2, ?3, 'Faulted', ?4, ?5)";
        self.db.execute(sql, (charger, connector, at(at_text).millis(), error, vendor)).unwrap();
    }
}

#[test]
fn time_between_failures_and_to_repair_come_out_as_by_hand() {
    let bench = bench(SITES);
    let a = bench.charger("A", OCTOBER);
    // November has 720 hours. Failures: 10 h, 20 h (through an outage of ours of 2 h), 6 h until it fell silent for 4 h.
    bench.line(
        a,
        1,
        &[
            (OCTOBER, "AVAILABLE", "charger"),
            ("2026-11-02T00:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-02T10:00:00Z", "CHARGING", "transaction"),
            ("2026-11-10T00:00:00Z", "INOPERATIVE", "charger"),
            ("2026-11-10T05:00:00Z", "UNKNOWN", "our_outage"),
            ("2026-11-10T07:00:00Z", "INOPERATIVE", "charger"),
            ("2026-11-10T20:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-20T00:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-20T06:00:00Z", "UNKNOWN", "link"),
            ("2026-11-20T10:00:00Z", "AVAILABLE", "charger"),
        ],
    );
    let columns = ["failures", "repairs", "repairs_unseen", "lasting", "broken", "switched_off", "link_losses"];
    assert_eq!(bench.faults("2026-11", columns), ["3", "2", "1", "0", "2", "1", "0"]);
    // Up: 720 − 10 − 20 − 6 − 4 = 680 h, of three failures. Repairs: 10 h and 20 h.
    let means = ["mtbf_h", "mttr_h", "median_repair_h", "longest_h", "inherent", "up_s"];
    let inherent = "0.937931"; // 226.667 / (226.667 + 15) = 1360 / 1450
    assert_eq!(bench.faults("2026-11", means), ["226.667", "15", "15", "20", inherent, "2448000"]);
    assert_eq!(bench.faults("2026-11", ["repeats", "repeat_share", "evses_failing"]), ["2", "0.666667", "1"]);
    let none = bench.faults("2026-10", ["failures", "mtbf_h", "mttr_h", "inherent", "most_frequent"]);
    assert_eq!(none[0], "0");
    assert!(none[1..].iter().all(|value| value.starts_with("null: no ")), "{none:?}");
    let before = bench.faults("2026-09", ["failures", "mtbf_h"]);
    assert_eq!(before[0], "0", "it is commissioned, but nothing was watched");
    bench.keep();
    assert_eq!(bench.faults("2026-11", means), ["226.667", "15", "15", "20", inherent, "2448000"]);
}

#[test]
fn a_month_counts_what_began_in_it_and_a_failure_from_before_is_none_of_it() {
    let bench = bench(SITES);
    let a = bench.charger("A", OCTOBER);
    bench.line(
        a,
        1,
        &[
            (OCTOBER, "AVAILABLE", "charger"),
            ("2026-10-31T23:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-02T00:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-30T12:00:00Z", "OUTOFORDER", "charger"),
        ],
    );
    let months = Ask { group_by: Some("month".to_owned()), ..bench.period("2026-Q4") };
    let answer = bench.ask_of("faults", &months);
    let column = |column| (0..3).map(|line| told(&answer, line, column)).collect::<Vec<_>>();
    assert_eq!(column("failures"), ["1", "1", "0"]);
    assert_eq!(column("mttr_h")[0], "25", "it is repaired in the next month");
    assert_eq!((column("repeats")[1].as_str(), column("lasting")[1].as_str()), ("1", "1"), "28.5 days later");
    // An hour of October, a day and half a day of November, 19 days of December.
    assert_eq!(column("down_s"), ["3600", "129600", "1641600"]);
}

#[test]
fn reasons_have_classes_and_classes_have_lines() {
    let bench = bench("A,S,24/7,2026-01-01,,1,1,50\nA,S,24/7,2026-01-01,,2,2,50\nB,T,24/7,2026-01-01,,1,1,22\n");
    let (a, b) = (bench.charger("A", OCTOBER), bench.charger("B", OCTOBER));
    let ten_to_eleven = |day: u32| {
        let at = |hour: u32| format!("2026-11-{day:02}T{hour}:00:00Z");
        [(at(10), "OUTOFORDER"), (at(11), "AVAILABLE")]
    };
    let line = |days: &[u32]| -> Vec<(String, &str)> {
        std::iter::once((OCTOBER.to_owned(), "AVAILABLE"))
            .chain(days.iter().flat_map(|day| ten_to_eleven(*day)))
            .collect()
    };
    for (charger, connector, days) in [(a, 1, vec![2, 9]), (a, 2, vec![9]), (b, 1, vec![5])] {
        let states = line(&days);
        let states: Vec<_> = states.iter().map(|(from, state)| (from.as_str(), *state, "charger")).collect();
        bench.line(charger, connector, &states);
    }
    bench.reason(a, "2026-11-02T10:00:00Z", 1, "GroundFailure", None);
    bench.reason(a, "2026-11-09T10:00:00Z", 1, "OtherError", Some("CX026"));
    bench.reason(a, "2026-11-09T10:00:00Z", 2, "OtherError", None);
    // A charger of 2.x says why in an observation, here half a minute before its status.
    let sql = "INSERT INTO observation_row (charger_id, evse, connector, at_ms, received_ms, component, variable, alert, cleared, code) \
               VALUES (?1, 1, 0, ?2, ?2, 'Connector', 'Problem', 1, 0, 'CX014')";
    bench.db.execute(sql, (b, at("2026-11-05T09:59:30Z").millis())).unwrap();
    let columns = ["failures", "equipment", "vandalism", "unclassified", "classified_share", "evses_failing"];
    assert_eq!(bench.faults("2026-11", columns), ["4", "2", "1", "1", "0.75", "3"]);
    assert_eq!(bench.faults("2026-11", ["most_frequent"]), ["CutCable"], "the first by name of those that came once");
    let classes = Ask { group_by: Some("class".to_owned()), ..bench.period("2026-11") };
    let answer = bench.ask_of("faults", &classes);
    let names: Vec<_> = answer.lines.iter().map(|line| format!("{} {}", line.place[0], line.place[1])).collect();
    assert_eq!(names, ["GroundFailure CX002", "PilotFault CX014", "CutCable CX026", "unclassified "]);
    // 3 EVSEs of 720 hours each, four hours out of work: so often a pilot fault comes.
    assert_eq!((told(&answer, 1, "mtbf_h").as_str(), told(&answer, 1, "failures").as_str()), ("2156", "1"));
    bench.db.execute("UPDATE charger_row SET vendor = 'Acme', model = 'M1', firmware = '2' WHERE id = ?", [a]).unwrap();
    for (unit, wanted) in [("model", "Acme M1"), ("firmware", "Acme M1 2")] {
        let asked = Ask { group_by: Some(unit.to_owned()), ..bench.period("2026-11") };
        let answer = bench.ask_of("faults", &asked);
        let name: Vec<_> = answer.lines[1].place.iter().map(ToString::to_string).collect();
        assert_eq!((name.join(" ").as_str(), told(&answer, 1, "failures").as_str()), (wanted, "3"));
        assert_eq!(answer.lines[0].place[0].reason(), Some("the charger has not said"));
    }
}

#[test]
fn an_evse_fails_when_all_its_connectors_do_and_late_frames_mend_what_was_silent() {
    let bench = bench("A,S,24/7,2026-01-01,,1,1;2,50\n");
    let a = bench.charger("A", OCTOBER);
    bench.line(
        a,
        1,
        &[
            (OCTOBER, "AVAILABLE", "charger"),
            ("2026-11-02T10:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-02T16:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-10T00:00:00Z", "UNKNOWN", "link"),
            ("2026-11-10T08:00:00Z", "AVAILABLE", "charger"),
        ],
    );
    bench.line(
        a,
        2,
        &[
            (OCTOBER, "AVAILABLE", "charger"),
            ("2026-11-02T12:00:00Z", "INOPERATIVE", "charger"),
            ("2026-11-02T18:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-10T00:00:00Z", "UNKNOWN", "link"),
            ("2026-11-10T08:00:00Z", "AVAILABLE", "charger"),
        ],
    );
    let columns = ["failures", "mttr_h", "link_losses"];
    assert_eq!(bench.faults("2026-11", columns), ["1", "4", "1"], "out of work while both were: 12 to 16");
    // Late frames tell that it was faulted all the while.
    let sql = "UPDATE status_interval SET state = 'OUTOFORDER', cause = 'charger' WHERE state = 'UNKNOWN'";
    bench.db.execute(sql, []).unwrap();
    assert_eq!(bench.faults("2026-11", columns), ["2", "6", "0"]);
    // Or that a driver charged.
    let sql =
        "UPDATE status_interval SET state = 'CHARGING', cause = 'transaction' WHERE from_ms = ?1 AND connector = 1";
    bench.db.execute(sql, [at("2026-11-10T00:00:00Z").millis()]).unwrap();
    assert_eq!(bench.faults("2026-11", columns), ["1", "4", "0"]);
    // The charger as a whole says that it is out of order.
    bench.line(
        a,
        0,
        &[("2026-11-15T00:00:00Z", "OUTOFORDER", "charger"), ("2026-11-15T02:00:00Z", "AVAILABLE", "charger")],
    );
    assert_eq!(bench.faults("2026-11", columns), ["2", "3", "0"]);
}

#[test]
fn entries_are_honoured_and_settings_say_what_a_failure_is() {
    let bench = bench(SITES);
    let a = bench.charger("A", OCTOBER);
    bench.line(
        a,
        1,
        &[
            (OCTOBER, "AVAILABLE", "charger"),
            ("2026-11-02T10:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-02T16:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-03T10:00:00Z", "INOPERATIVE", "charger"),
            ("2026-11-03T16:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-04T10:00:00Z", "INOPERATIVE", "charger"),
            ("2026-11-04T16:00:00Z", "AVAILABLE", "charger"),
        ],
    );
    let columns = ["failures", "planned", "excused", "mttr_h"];
    assert_eq!(bench.faults("2026-11", columns), ["3", "0", "0", "6"]);
    let theft = bench.exempt(ExemptionKind::Exempt, "A", "2026-11-02T10:00:00Z", "2026-11-02T13:00:00Z");
    bench.exempt(ExemptionKind::PlannedWork, "A", "2026-11-03T09:00:00Z", "2026-11-03T17:00:00Z");
    bench.exempt(ExemptionKind::Blocked, "A", "2026-11-04T12:00:00Z", "2026-11-04T15:00:00Z");
    assert_eq!(bench.faults("2026-11", columns), ["1", "1", "1", "3"]);
    bench.desk.revoke_exemption(&Author::at_the_machine("ada"), theft, "a mistake").unwrap();
    assert_eq!(bench.faults("2026-11", columns), ["2", "1", "0", "4.5"]);
    let settings = ReportSettings { switched_off_is_failure: false, failure_shortest_s: 7 * 3600, ..settings() };
    let faults = named("faults").unwrap();
    let asked = bench.period("2026-11");
    let answer =
        bench.ledger().figures(|ledger| Ok(answer(faults, &asked, ledger, &bench.registry, &settings, bench.now)));
    assert_eq!(told(&answer.unwrap().unwrap(), 0, "failures"), "0", "none is so long");
}
