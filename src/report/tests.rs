//! Reports against a ledger: hand-computed cases, kept facts against facts from scratch, and the method behind each.

use std::sync::Arc;

use rusqlite::Connection;

use super::keeper;
use super::*;
use crate::config::report::ReportSettings;
use crate::config::sites::Registry;
use crate::domain::exemption::ExemptionKind;
use crate::domain::ids::ChargerId;
use crate::domain::opening::local_day;
use crate::domain::service::Fact;
use crate::store::LedgerReader;
use crate::store::desk::exemption::ExemptionWish;
use crate::store::desk::{Author, Desk};
use crate::store::figures::Detail;

mod carbon;
mod data_quality;
mod demand;
mod equity;
mod faults;
mod kept;
mod scrape;
mod success;
mod sums;
mod told;

const LONDON: Tz = chrono_tz::Europe::London;
const HOUR: i64 = 3_600_000;

fn at(text: &str) -> At {
    At::from_rfc3339(text).unwrap()
}

fn settings() -> ReportSettings {
    ReportSettings {
        zone: LONDON,
        settle_days: 7,
        planned_work_is_exempt: false,
        failure_shortest_s: 60,
        failure_merge_s: 120,
        switched_off_is_failure: true,
        attempt_window_s: 300,
        visit_gap_s: 1800,
        visit_gap_anonymous_s: 120,
        visit_succeeds_wh: 100,
    }
}

/// Forgets all facts that are kept.
const FORGET: &str = "DELETE FROM evse_day; DELETE FROM evse_day_part; DELETE FROM evse_month; DELETE FROM evse_month_part; \
                      DELETE FROM evse_row";

/// A ledger that is filled by hand.
struct Bench {
    folder: tempfile::TempDir,
    db: Connection,
    desk: Desk,
    registry: Registry,
    now: At,
}

impl Bench {
    /// One that watches since a time; `sites` are rows of a registry.
    fn new(since: &str, now: &str, sites: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = at(now);
        let desk = Desk::open(folder.path(), Arc::new(move || clock)).unwrap();
        let db = Connection::open(folder.path().join("chargewatch.db")).unwrap();
        let watch = (at(since).millis(), at(now).millis());
        db.execute("INSERT INTO watch (began_ms, alive_ms, ended_cleanly) VALUES (?, ?, 0)", watch).unwrap();
        let head = "charger_id,site_id,opening_hours,commissioned_on,removed_on,evse_id,connector_ids,rated_kw\n";
        let registry = Registry::from_csv("sites.csv", &format!("{head}{sites}")).unwrap();
        Self { folder, db, desk, registry, now: at(now) }
    }

    fn charger(&self, name: &str, first_seen: &str) -> i64 {
        let folded = ChargerId::new(name).folded();
        let sql = "INSERT INTO charger_row (charger, folded, first_seen_ms) VALUES (?, ?, ?)";
        self.db.execute(sql, (name, folded, at(first_seen).millis())).unwrap();
        self.db.last_insert_rowid()
    }

    /// A timeline of connector `connector`: states from a time on, each until the next.
    fn line(&self, charger: i64, connector: u32, states: &[(&str, &str, &str)]) {
        for (index, (from, state, cause)) in states.iter().enumerate() {
            let until = states.get(index + 1).map(|next| at(next.0).millis());
            let sql = "INSERT INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, cause, frame_id) \
                       VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7)";
            let frame = i64::try_from(index).unwrap() + 1;
            self.db.execute(sql, (charger, connector, at(from).millis(), until, state, cause, frame)).unwrap();
        }
    }

    /// A session at connector `connector`; the energy in thousandths of a watt-hour.
    fn session(&self, charger: i64, id: i64, connector: u32, from: &str, until: Option<&str>, energy: Option<i64>) {
        let sql = "INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, started_ms, \
                   ended_ms, energy_mwh, energy_quality, received_ms) \
                   VALUES (?1, ?2, ?3, ?3, ?1, ?4, ?5, ?5, ?6, ?7, iif(?7 IS NULL, 'missing', 'register'), ?5)";
        let state = if until.is_some() { "ended" } else { "active" };
        let until = until.map(|until| at(until).millis());
        self.db.execute(sql, (id, charger, connector, state, at(from).millis(), until, energy)).unwrap();
    }

    /// A register reading of a session at connector 1, in thousandths of a watt-hour.
    fn register(&self, charger: i64, session: i64, at: At, value: i64) {
        let kind = "INSERT OR IGNORE INTO reading_kind (id, measurand, phase, location, context, unit) \
                    VALUES (1, 'Energy.Active.Import.Register', '', 'Outlet', 'Sample.Periodic', 'Wh')";
        self.db.execute(kind, []).unwrap();
        let sql = "INSERT OR IGNORE INTO reading_row (charger_id, evse, connector, at_ms, kind_id, value_milli, session_id, flags, \
                   received_ms) VALUES (?, 1, 1, ?, 1, ?, ?, 0, 0)";
        self.db.execute(sql, (charger, at.millis(), value, session)).unwrap();
    }

    fn exempt(&self, kind: ExemptionKind, charger: &str, from: &str, until: &str) -> i64 {
        let wish = ExemptionWish {
            charger: ChargerId::new(charger),
            evse: None,
            kind,
            cause: "vandalism".to_owned(),
            span: Span { from: at(from), until: at(until) },
            evidence: "police reference 43210".to_owned(),
        };
        self.desk.add_exemption(&Author::at_the_machine("ada"), &wish).unwrap()
    }

    fn ledger(&self) -> LedgerReader {
        LedgerReader::open(self.folder.path()).unwrap()
    }

    fn ask(&self, ask: &Ask) -> ask::Answer {
        self.ask_of("reliability", ask)
    }

    fn ask_of(&self, name: &str, ask: &Ask) -> ask::Answer {
        let report = named(name).unwrap();
        self.ledger()
            .figures(|ledger| Ok(answer(report, ask, ledger, &self.registry, &settings(), self.now)))
            .unwrap()
            .unwrap()
    }

    fn period(&self, period: &str) -> Ask {
        Ask { period: Some(period.to_owned()), ..Ask::default() }
    }

    /// A column of the only line.
    fn value(&self, period: &str, column: &str) -> String {
        told(&self.ask(&self.period(period)), 0, column)
    }

    /// Keeps facts of all days that are over.
    fn keep(&self) {
        let today = period::number_of(local_day(self.now, LONDON));
        loop {
            let (keeping, more) =
                self.ledger().figures(|ledger| keeper::make(ledger, &self.registry, &settings(), today, 50)).unwrap();
            crate::store::keep_facts_of(&self.db, &keeping);
            if !more {
                return;
            }
        }
    }
}

fn told(answer: &ask::Answer, line: usize, column: &str) -> String {
    let index = answer.report.columns.iter().position(|known| known.name == column).unwrap();
    let value = &answer.lines[line].values[index];
    value.reason().map_or_else(|| value.to_string(), |reason| format!("null: {reason}"))
}

const NOTHING: &str = "null: nothing was in service and measurable";

#[test]
fn each_formula_comes_out_as_by_hand() {
    // November has 720 hours: 684 up, 10 down, 6 offline, 20 down under an exemption.
    let bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-20T00:00:00Z", "A,S,24/7,2026-01-01,,1,1,50\n");
    let a = bench.charger("A", "2026-10-01T00:00:00Z");
    bench.line(
        a,
        1,
        &[
            ("2026-10-01T00:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-02T00:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-02T10:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-03T00:00:00Z", "UNKNOWN", "link"),
            ("2026-11-03T06:00:00Z", "CHARGING", "charger"),
            ("2026-11-04T00:00:00Z", "INOPERATIVE", "charger"),
            ("2026-11-04T20:00:00Z", "AVAILABLE", "charger"),
        ],
    );
    let id = bench.exempt(ExemptionKind::Exempt, "A", "2026-11-04T00:00:00Z", "2026-11-04T20:00:00Z");
    for (column, told) in [
        ("counted_s", "2592000"),
        ("up_s", "2462400"),
        ("down_s", "36000"),
        ("unknown_s", "21600"),
        ("exempted_s", "72000"),
        ("uk", "0.985591"), // 684 / 694
        ("uk_rapid", "0.985591"),
        ("uk_literal", "0.986111"), // 710 / 720
        ("strict", "0.977143"),     // 684 / 700
        ("nevi", "0.977778"),       // (720 − 16) / 720
        ("observed", "0.991667"),   // 714 / 720
        ("fit", "true"),
        ("budget_left_s", "-11016"), // 0.01 · 694 h − 10 h
        ("under_uk_rule", "1"),
    ] {
        assert_eq!(bench.value("2026-11", column), told, "{column}");
    }
    bench.desk.revoke_exemption(&Author::at_the_machine("ada"), id, "not vandalism after all").unwrap();
    assert_eq!(bench.value("2026-11", "uk"), "0.957983", "684 / 714: what is revoked covers nothing");
}

#[test]
fn a_network_that_is_wholly_offline_is_null_and_not_perfect() {
    let bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-20T00:00:00Z", "A,S,24/7,2026-01-01,,1,1,50\n");
    let a = bench.charger("A", "2026-10-01T00:00:00Z");
    bench.line(a, 1, &[("2026-10-02T00:00:00Z", "UNKNOWN", "link")]);
    let shown = ["uk", "uk_literal", "strict", "nevi", "observed", "budget_left_s"].map(|c| bench.value("2026-11", c));
    assert_eq!(shown, [NOTHING, "1", "0", "0", "0", NOTHING]);
}

#[test]
fn our_outage_in_the_middle_of_a_fault_is_neither_up_nor_down() {
    let bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-20T00:00:00Z", "A,S,24/7,2026-01-01,,1,1,22\n");
    let a = bench.charger("A", "2026-10-01T00:00:00Z");
    bench.line(
        a,
        1,
        &[
            ("2026-10-01T00:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-24T06:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-24T10:00:00Z", "UNKNOWN", "our_outage"),
            ("2026-11-24T14:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-24T18:00:00Z", "AVAILABLE", "charger"),
        ],
    );
    let shown =
        ["uk", "strict", "nevi", "observed", "our_outage_s", "uk_rapid", "fit"].map(|c| bench.value("2026-11-24", c));
    let none = "null: no EVSE of 50 kW or more was in service";
    assert_eq!(shown, ["0.6", "0.6", "0.666667", "0.833333", "14400", none, "false"], "12 h up, 8 h down of 24 h");
}

#[test]
fn days_of_a_clock_change_and_a_leap_year_have_the_seconds_that_they_have() {
    let bench = Bench::new("2026-01-01T00:00:00Z", "2029-02-01T00:00:00Z", "A,S,24/7,2026-01-01,,1,1,50\n");
    let a = bench.charger("A", "2026-01-01T00:00:00Z");
    bench.line(a, 1, &[("2026-01-01T00:00:00Z", "AVAILABLE", "charger")]);
    for (period, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026", 8760), ("2028", 8784)] {
        assert_eq!(bench.value(period, "counted_s"), (hours * 3600).to_string(), "{period}");
    }
    let hours = Ask { group_by: Some("hour".to_owned()), ..bench.period("2026-10-25") };
    for report in ["reliability", "faults", "carbon"] {
        assert_eq!(bench.ask_of(report, &hours).lines.len(), 25, "{report}");
    }
    bench.db.execute("UPDATE status_interval SET until_ms = ?", [at("2028-12-31T23:59:00Z").millis()]).unwrap();
    bench.line(a, 1, &[("2028-12-31T23:59:00Z", "OUTOFORDER", "charger")]);
    // One minute of 525,600, also in a leap year.
    assert_eq!(bench.value("2028", "nevi"), "0.999998");
    let months = Ask { group_by: Some("month".to_owned()), ..bench.period("2026") };
    let answer = bench.ask(&months);
    let told: Vec<_> =
        answer.lines.iter().map(|line| told(&bench.ask(&months), 0, "uk") + line.time.as_deref().unwrap()).collect();
    assert_eq!((told.len(), told[11].as_str()), (12, "12026-12"));
}

#[test]
fn closed_hours_commissioning_and_removal_are_outside() {
    let sites = "A,S,Mo-Fr 07:00-19:00,2026-11-10,2026-11-20,1,1,50\n";
    let bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-20T00:00:00Z", sites);
    let a = bench.charger("A", "2026-10-01T00:00:00Z");
    bench.line(
        a,
        1,
        &[
            ("2026-10-01T00:00:00Z", "AVAILABLE", "charger"),
            ("2026-11-12T18:00:00Z", "OUTOFORDER", "charger"), // Thursday evening
            ("2026-11-13T08:00:00Z", "AVAILABLE", "charger"),
        ],
    );
    // Tuesday 10 to Thursday 19 November: eight working days of twelve hours; one hour down on each of two.
    let shown = ["counted_s", "down_s", "in_service_s", "uk"].map(|c| bench.value("2026-11", c));
    assert_eq!(shown, ["345600", "7200", "864000", "0.979167"]);
}

#[test]
fn two_connectors_of_one_evse_are_one_place_and_a_late_proof_mends_the_offline_spell() {
    let bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-20T00:00:00Z", "A,S,24/7,2026-01-01,,1,1;2,50\n");
    let a = bench.charger("A", "2026-10-01T00:00:00Z");
    bench.line(
        a,
        1,
        &[("2026-10-01T00:00:00Z", "AVAILABLE", "charger"), ("2026-11-24T12:00:00Z", "OUTOFORDER", "charger")],
    );
    bench.line(
        a,
        2,
        &[
            ("2026-10-01T00:00:00Z", "OUTOFORDER", "charger"),
            ("2026-11-24T06:00:00Z", "UNKNOWN", "link"),
            ("2026-11-24T18:00:00Z", "AVAILABLE", "charger"),
        ],
    );
    let shown = || ["counted_s", "up_s", "unknown_s", "down_s"].map(|c| bench.value("2026-11-24", c));
    assert_eq!(
        shown(),
        ["86400", "64800", "21600", "0"],
        "available by one, then unknown, then available by the other"
    );
    bench.keep();
    assert_eq!(shown(), ["86400", "64800", "21600", "0"]);
    // A transaction that ran meanwhile is told of late.
    bench
        .db
        .execute("UPDATE status_interval SET state = 'CHARGING', cause = 'transaction' WHERE state = 'UNKNOWN'", [])
        .unwrap();
    let mark = (a, at("2026-11-24T06:00:00Z").millis(), at("2026-11-24T18:00:00Z").millis());
    bench.db.execute("INSERT INTO fact_mark (charger_id, from_ms, until_ms) VALUES (?, ?, ?)", mark).unwrap();
    assert_eq!(shown(), ["86400", "86400", "0", "0"], "what is marked is made anew");
    bench.keep();
    let marks: i64 = bench.db.query_row("SELECT count(*) FROM fact_mark", [], |row| row.get(0)).unwrap();
    assert_eq!((marks, shown()), (0, ["86400", "86400", "0", "0"].map(str::to_owned)));
}

#[test]
fn planned_work_is_down_in_the_united_kingdom_and_excluded_by_nevi() {
    let bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-20T00:00:00Z", "A,S,24/7,2026-01-01,,1,1,50\n");
    let a = bench.charger("A", "2026-10-01T00:00:00Z");
    bench.line(
        a,
        1,
        &[("2026-10-01T00:00:00Z", "AVAILABLE", "charger"), ("2026-11-24T12:00:00Z", "INOPERATIVE", "charger")],
    );
    bench.exempt(ExemptionKind::PlannedWork, "A", "2026-11-24T12:00:00Z", "2026-11-24T18:00:00Z");
    bench.exempt(ExemptionKind::Blocked, "A", "2026-11-24T00:00:00Z", "2026-11-24T06:00:00Z");
    let shown = ["uk", "strict", "nevi", "planned_down_s", "blocked_s"].map(|c| bench.value("2026-11-24", c));
    assert_eq!(shown, ["0.333333", "0.333333", "0.75", "21600", "21600"]);
}

#[test]
fn a_period_is_final_when_nothing_can_change_it_and_small_cells_are_suppressed() {
    let bench = Bench::new("2026-10-01T00:00:00Z", "2026-12-05T00:00:00Z", "A,S,24/7,2026-01-01,,1,1,50\n");
    let a = bench.charger("A", "2026-10-01T00:00:00Z");
    bench.line(a, 1, &[("2026-10-01T00:00:00Z", "AVAILABLE", "charger")]);
    assert_eq!(bench.ask(&bench.period("2026-10")).provisional, None);
    assert!(bench.ask(&bench.period("2026-11")).provisional.is_some_and(|why| why.contains("settling")));
    assert!(bench.ask(&bench.period("2026-12")).provisional.is_some_and(|why| why.contains("not over")));
    let suppressed = bench.ask(&Ask { suppress: true, ..bench.period("2026-10") });
    assert_eq!(told(&suppressed, 0, "uk"), "null: small cell");
    let json: serde_json::Value = serde_json::from_str(&suppressed.json()).unwrap();
    assert_eq!(
        (&json["rows"][0]["uk"], &json["rows"][0]["reasons"]["uk"]),
        (&serde_json::Value::Null, &"small cell".into())
    );
    assert_eq!((&json["status"], &json["is_simulated"]), (&"final".into(), &false.into()));
    let csv = bench.ask(&Ask { group_by: Some("evse,day".to_owned()), ..bench.period("2026-10") }).csv().unwrap();
    assert_eq!(csv.lines().count(), 32);
    assert!(csv.starts_with("charger,evse,day,evses,sessions,uk,"), "{csv}");
}

#[test]
fn every_report_has_its_method_and_every_column_a_definition() {
    for report in REPORTS {
        let heading = format!("\n## {}\n", report.name);
        let section =
            METHOD.split(&heading).nth(1).unwrap_or_else(|| panic!("METHOD.md has no heading {}", report.name));
        let section = section.split("\n## ").next().unwrap();
        assert!(section.contains(&format!("Version {}.", report.version)), "{}: the version", report.name);
        assert!(section.contains("ource"), "{}: its sources", report.name);
        for column in report.columns.iter().filter(|column| column.unit == "ratio") {
            assert!(section.contains(&format!("`{}`", column.name)), "{}: the formula of {}", report.name, column.name);
        }
        for column in report.columns {
            assert!(!column.unit.is_empty() && column.about.ends_with('.'), "{}", column.name);
        }
    }
}
