//! Success by hand.

use super::*;

const OCTOBER: &str = "2026-10-01T00:00:00Z";
const SITES: &str = "A,S,24/7,2026-01-01,,1,1,50\nA,S,24/7,2026-01-01,,2,2,50\nB,T,24/7,2026-01-01,,1,1,22\n";

impl Bench {
    /// The statuses of a connector, each until the next; it is free before the first.
    fn statuses(&self, charger: i64, connector: u32, statuses: &[(&str, &str)]) {
        let state = |status: &str| match status {
            "Available" => "AVAILABLE",
            "Faulted" => "OUTOFORDER",
            "Lost" => "UNKNOWN",
            _ => "CHARGING",
        };
        let all: Vec<_> = std::iter::once((OCTOBER, "Available")).chain(statuses.iter().copied()).collect();
        for (index, (from, status)) in all.iter().enumerate() {
            let until = all.get(index + 1).map(|next| at(next.0).millis());
            let sql = "INSERT INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause) \
                       VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, 'charger')";
            self.db.execute(sql, (charger, connector, at(from).millis(), until, state(status), status)).unwrap();
        }
    }

    /// A session with its number: (connector, from, until), Wh, reason, letter of its token.
    fn tried(
        &self,
        (id, charger): (i64, i64),
        (connector, from, until): (u32, &str, &str),
        wh: Option<i64>,
        reason: Option<&str>,
        token: Option<&str>,
    ) {
        let token = token.map(|letter| format!("t:{}", letter.repeat(32)));
        let sql = "INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, started_ms, \
                   ended_ms, energy_mwh, energy_quality, stop_reason, token, received_ms) \
                   VALUES (?1, ?2, ?3, ?3, ?1, 'ended', ?4, ?4, ?5, ?6, 'register', ?7, ?8, ?4)";
        let (from, until) = (at(from).millis(), at(until).millis());
        let energy = wh.map(|wh| wh * 1000);
        self.db.execute(sql, (id, charger, connector, from, until, energy, reason, token)).unwrap();
    }

    fn check(&self, charger: i64, at_text: &str, accepted: bool) {
        let sql = "INSERT INTO token_check_row (charger_id, at_ms, accepted) VALUES (?, ?, ?)";
        self.db.execute(sql, (charger, at(at_text).millis(), accepted)).unwrap();
    }

    fn success<const N: usize>(&self, ask: &Ask, line: usize, columns: [&str; N]) -> [String; N] {
        let answer = self.ask_of("success", ask);
        columns.map(|column| told(&answer, line, column))
    }
}

/// A month of two EVSEs of one site and an idle one of another.
fn month() -> Bench {
    let bench = Bench::new(OCTOBER, "2026-12-20T00:00:00Z", SITES);
    let (a, b) = (bench.charger("A", OCTOBER), bench.charger("B", OCTOBER));
    bench.statuses(
        a,
        1,
        &[
            ("2026-11-10T10:00:00Z", "Preparing"), // nothing comes of it
            ("2026-11-10T10:00:30Z", "Available"),
            ("2026-11-10T10:01:30Z", "Preparing"), // a session without energy
            ("2026-11-10T10:02:30Z", "Available"),
            ("2026-11-11T08:59:40Z", "Preparing"),
            ("2026-11-11T09:00:00Z", "Charging"),
            ("2026-11-11T09:40:00Z", "Available"),
            ("2026-11-12T09:00:00Z", "Charging"),
            ("2026-11-12T10:00:30Z", "Faulted"),
            ("2026-11-12T12:00:00Z", "Available"),
        ],
    );
    bench.statuses(
        a,
        2,
        &[
            ("2026-11-10T10:09:50Z", "Preparing"),
            ("2026-11-10T10:10:00Z", "Charging"),
            ("2026-11-10T11:00:00Z", "Available"),
        ],
    );
    bench.statuses(b, 1, &[]);
    let own = |id| (id, a);
    bench.tried(own(1), (1, "2026-11-10T10:01:45Z", "2026-11-10T10:02:15Z"), Some(0), Some("Other"), Some("a"));
    bench.tried(own(2), (2, "2026-11-10T10:10:00Z", "2026-11-10T11:00:00Z"), Some(12_000), None, Some("a"));
    bench.tried(
        own(3),
        (1, "2026-11-11T09:00:00Z", "2026-11-11T09:40:00Z"),
        Some(20_000),
        Some("EVDisconnected"),
        Some("b"),
    );
    bench.tried(own(4), (1, "2026-11-12T09:00:00Z", "2026-11-12T10:00:00Z"), Some(5_000), Some("Local"), None);
    bench.check(a, "2026-11-13T12:00:00Z", false);
    bench.tried(own(5), (1, "2026-11-14T09:00:00Z", "2026-11-14T10:00:00Z"), None, None, None);
    // Another system told of this one.
    bench.tried(own(-1), (1, "2026-11-15T09:00:00Z", "2026-11-15T10:00:00Z"), Some(9_000), None, None);
    bench
}

#[test]
fn attempts_and_visits_come_out_as_by_hand() {
    let bench = month();
    let ask = bench.period("2026-11");
    // Visits: one of three attempts at two EVSEs with one token; two that succeed at once; one token for nothing; one of
    // which the energy is not known.
    let columns =
        ["visits", "visits_unknown", "attempts", "without_session", "refused", "delivery_unknown", "stop_unknown"];
    assert_eq!(bench.success(&ask, 0, columns), ["5", "1", "7", "2", "1", "1", "0"]);
    let columns = [
        "visit_success",
        "first_attempt_success_rate",
        "troubled_success_rate",
        "failed_rate",
        "visit_success_by_last",
    ];
    assert_eq!(bench.success(&ask, 0, columns), ["0.75", "0.5", "0.25", "0.25", "0.75"]);
    assert_eq!(bench.success(&ask, 0, ["visit_success_1kwh", "attempts_per_visit"]), ["0.75", "1.4"]);
    // Delivered: 3 of 6. Stopped well too: 2 of 6, for one broke half a minute after its end; so 2 of 3 end well.
    let columns = ["start_success", "session_success", "end_success"];
    assert_eq!(bench.success(&ask, 0, columns), ["0.5", "0.333333", "0.666667"]);
    let columns = ["start_success_plug", "start_success_token", "start_success_start"];
    assert_eq!(bench.success(&ask, 0, columns), ["0.5", "0", "1"]);
    let columns = ["session_success_plug", "session_success_token", "session_success_start"];
    assert_eq!(bench.success(&ask, 0, columns), ["0.5", "0", "0"]);
    // Charging 10 s and 20 s after the plug, and with the start itself.
    let columns = ["start_time_median_s", "start_time_p90_s", "start_timed"];
    assert_eq!(bench.success(&ask, 0, columns), ["10", "18", "3"]);
    let before = bench.success(&ask, 0, columns);
    bench.keep();
    assert_eq!(bench.success(&ask, 0, columns), before);
}

#[test]
fn without_attempts_there_is_no_ratio_and_imported_sessions_are_no_attempts() {
    let bench = month();
    let by_site = Ask { group_by: Some("site".to_owned()), ..bench.period("2026-11") };
    let none = "null: no attempt was seen of which the outcome is known";
    assert_eq!(bench.success(&by_site, 1, ["attempts", "start_success"]), ["0".to_owned(), none.to_owned()]);
    let no_visit = "null: no visit was seen of which the outcome is known";
    assert_eq!(bench.success(&by_site, 1, ["visit_success"]), [no_visit]);
    let imported = bench.period("2026-11-15");
    assert_eq!(bench.success(&imported, 0, ["attempts", "start_success"]), ["0".to_owned(), none.to_owned()]);
    let answer = bench.ask_of("success", &bench.period("2026-11"));
    assert_eq!(answer.lines[0].sessions, 5, "of six");
    let few = bench.ask_of("success", &Ask { suppress: true, ..bench.period("2026-11") });
    assert_eq!(told(&few, 0, "visit_success"), "null: small cell");
    // By EVSE each attempt stands where it was, and a visit where it began.
    let by_evse = Ask { group_by: Some("evse".to_owned()), ..bench.period("2026-11") };
    let answer = bench.ask_of("success", &by_evse);
    let told: Vec<_> = (0..2).map(|line| (told(&answer, line, "attempts"), told(&answer, line, "visits"))).collect();
    assert_eq!(told, [("6", "5"), ("1", "0")].map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn a_visit_belongs_to_the_day_on_which_it_began() {
    let bench = Bench::new(OCTOBER, "2026-12-20T00:00:00Z", SITES);
    let a = bench.charger("A", OCTOBER);
    bench.tried((1, a), (1, "2026-11-10T23:50:00Z", "2026-11-10T23:55:00Z"), Some(0), None, Some("a"));
    bench.tried((2, a), (2, "2026-11-11T00:10:00Z", "2026-11-11T01:00:00Z"), Some(9_000), None, Some("a"));
    let columns = ["attempts", "visits", "visit_success"];
    assert_eq!(bench.success(&bench.period("2026-11-10"), 0, columns), ["1", "1", "1"], "what comes of it counts");
    let (none, no_visit) = ("0".to_owned(), "null: no visit was seen of which the outcome is known".to_owned());
    assert_eq!(bench.success(&bench.period("2026-11-11"), 0, columns), ["1".to_owned(), none, no_visit]);
}

#[test]
fn a_fault_at_the_end_of_a_session_of_days_is_seen_whatever_is_asked_for() {
    let bench = Bench::new(OCTOBER, "2026-12-20T00:00:00Z", SITES);
    let a = bench.charger("A", OCTOBER);
    let end = "2026-11-13T16:00:00Z";
    bench.statuses(a, 1, &[("2026-11-10T10:00:00Z", "Charging"), ("2026-11-13T16:00:20Z", "Faulted")]);
    bench.tried((1, a), (1, "2026-11-10T10:00:00Z", end), Some(5_000), Some("Local"), None);
    let told = |period: &str| bench.success(&bench.period(period), 0, ["start_success", "session_success"]);
    assert_eq!([told("2026-11-10"), told("2026-11")], [["1", "0"]; 2]);
    bench.keep();
    assert_eq!([told("2026-11-10"), told("2026-11")], [["1", "0"]; 2]);
}

#[test]
fn a_plug_that_was_in_is_no_attempt_and_charging_is_power_without_a_meter() {
    let bench = Bench::new(OCTOBER, "2026-12-20T00:00:00Z", "A,S,24/7,2026-01-01,,1,1;2,50\n");
    let a = bench.charger("A", OCTOBER);
    bench.statuses(
        a,
        1,
        &[
            ("2026-11-10T10:00:00Z", "Preparing"), // the plug that does not fit this driver's car
            ("2026-11-10T10:00:40Z", "Available"),
            ("2026-11-12T10:00:00Z", "Lost"),
            ("2026-11-12T11:00:00Z", "Preparing"), // it may have been in for long
            ("2026-11-12T12:00:00Z", "Available"),
        ],
    );
    bench.statuses(
        a,
        2,
        &[
            ("2026-11-10T10:01:00Z", "Preparing"),
            ("2026-11-10T10:01:20Z", "Charging"),
            ("2026-11-10T10:30:00Z", "Finishing"),
            ("2026-11-10T10:31:00Z", "Preparing"), // still the same car
            ("2026-11-10T10:32:00Z", "Available"),
        ],
    );
    // The charger does not meter; a token ends the session.
    bench.tried((1, a), (2, "2026-11-10T10:01:15Z", "2026-11-10T10:30:00Z"), None, None, None);
    bench.check(a, "2026-11-10T10:29:50Z", true);
    let columns = ["attempts", "visits", "start_success", "session_success", "visits_unknown", "attempts_per_visit"];
    let ask = bench.period("2026-11");
    assert_eq!(bench.success(&ask, 0, columns), ["2", "1", "0.5", "0.5", "1", "2"], "two connectors, one EVSE");
    // Where the charger says that nothing was taken, it says so.
    bench.db.execute("UPDATE session_row SET energy_mwh = 0", []).unwrap();
    assert_eq!(bench.success(&ask, 0, ["start_success", "failed_rate"]), ["0.5", "1"]);
}
