//! Data quality by hand.

use super::*;

const OCTOBER: &str = "2026-10-01T00:00:00Z";
const SITES: &str = "A,S,24/7,2026-01-01,,1,1,50\nA,S,24/7,2026-01-01,,2,2,50\nB,T,24/7,2026-01-01,,1,1,\n";

impl Bench {
    fn quality<const N: usize>(&self, ask: &Ask, line: usize, columns: [&str; N]) -> [String; N] {
        let answer = self.ask_of("data-quality", ask);
        columns.map(|column| told(&answer, line, column))
    }
}

#[test]
fn coverage_meters_frames_and_clocks_come_out_as_by_hand() {
    let bench = Bench::new(OCTOBER, "2026-12-20T00:00:00Z", SITES);
    let (a, b) = (bench.charger("A", OCTOBER), bench.charger("B", OCTOBER));
    // Of 30 days each: one of three EVSEs is not heard for 3 days, and all miss 6 days of ours.
    let of_all = |own: &[(&'static str, &'static str, &'static str)]| {
        let mut line = vec![(OCTOBER, "AVAILABLE", "charger")];
        line.extend_from_slice(own);
        line.extend([
            ("2026-11-10T00:00:00Z", "UNKNOWN", "our_outage"),
            ("2026-11-16T00:00:00Z", "AVAILABLE", "charger"),
        ]);
        line
    };
    bench.line(
        a,
        1,
        &of_all(&[("2026-11-02T00:00:00Z", "UNKNOWN", "link"), ("2026-11-05T00:00:00Z", "AVAILABLE", "charger")]),
    );
    bench.line(a, 2, &of_all(&[]));
    bench.line(b, 1, &of_all(&[]));
    let ask = bench.period("2026-11");
    // 90 days: 3 not heard, 18 ours.
    let columns = ["observed", "unknown_share", "our_outage_share"];
    assert_eq!(bench.quality(&ask, 0, columns), ["0.766667", "0.033333", "0.2"]);
    for (id, connector, state, quality) in [
        (1, 1, "ended", "register"),
        (2, 1, "ended", "signed"),
        (3, 2, "ended", "integrated"),
        (4, 2, "ended_without_stop", "inferred"),
        (5, 1, "orphan", "missing"),
        (6, 2, "active", "missing"),
        (-1, 1, "ended", "inferred"),
    ] {
        let sql = "INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, started_ms, \
                   energy_quality, received_ms) VALUES (?1, ?2, ?3, ?3, ?1, ?4, ?5, ?5, ?6, ?5)";
        bench.db.execute(sql, (id, a, connector, state, at("2026-11-20T10:00:00Z").millis(), quality)).unwrap();
    }
    let columns =
        ["metered_share", "measured_share", "stop_seen_share", "sessions_over", "running", "sessions_imported"];
    assert_eq!(bench.quality(&ask, 0, columns), ["0.8", "0.4", "0.6", "5", "1", "1"]);
    let columns = ["energy_signed", "energy_register", "energy_interval", "energy_integrated", "energy_missing"];
    assert_eq!(bench.quality(&ask, 0, columns), ["1", "1", "0", "1", "1"]);
    let day = at("2026-11-20T00:00:00Z").millis() / 86_400_000;
    for (charger, day, frames, deviating) in [(a, day, 800, 40), (a, day - 90, 5, 5), (b, day, 200, 10)] {
        let sql = "INSERT INTO conformance_charger_row (charger_id, day, frames, deviating) VALUES (?, ?, ?, ?)";
        bench.db.execute(sql, (charger, day, frames, deviating)).unwrap();
    }
    assert_eq!(bench.quality(&ask, 0, ["frames", "frames_deviating", "conforming_share"]), ["1000", "50", "0.95"]);
    // A was 90 s behind from October to 3 November, and right since; B never said.
    for (when, ahead) in [("2026-10-05T00:00:00Z", -90_000), ("2026-11-03T00:00:00Z", 1_500)] {
        let sql = "INSERT INTO clock_row (charger_id, at_ms, ahead_ms) VALUES (?, ?, ?)";
        bench.db.execute(sql, (a, at(when).millis(), ahead)).unwrap();
    }
    let columns = ["chargers_with_clock", "clocks_off", "clock_worst_s", "clocks_right_share"];
    assert_eq!(bench.quality(&ask, 0, columns), ["1", "1", "90", "0"]);
    assert_eq!(bench.quality(&bench.period("2026-11-04"), 0, columns), ["1", "0", "1.5", "1"]);
    assert_eq!(bench.quality(&bench.period("2026-09"), 0, columns)[3], "null: no charger told its time");
    assert_eq!(bench.quality(&ask, 0, ["power_unknown", "not_registered", "simulated"]), ["1", "0", "0"]);
    // By EVSE, what belongs to a charger stands at each of its EVSEs; what belongs to an EVSE at that alone.
    let by_evse = Ask { group_by: Some("evse".to_owned()), ..bench.period("2026-11") };
    let columns = ["frames", "sessions_over", "clock_worst_s"];
    assert_eq!(bench.quality(&by_evse, 0, columns), ["800", "3", "90"]);
    assert_eq!(bench.quality(&by_evse, 1, columns), ["800", "2", "90"]);
    let none = "null: no charger told its time";
    assert_eq!(bench.quality(&by_evse, 2, columns), ["200", "0", none]);
}
