//! `chargewatch replay`: logs of other systems and exports of our own, dry and into a ledger.

use std::path::{Path, PathBuf};
use std::process::Command;

use chargewatch::domain::people::Role;
use chargewatch::domain::time::At;
use serde_json::{Value, json};

use crate::support::{Service, noon};

const SESSIONS: &str = "SELECT evse, connector, state, started_ms, start_said_ms, ended_ms, end_said_ms, meter_start_mwh,
    meter_stop_mwh, energy_mwh, energy_quality, stop_reason, token, reading_count FROM session_row ORDER BY started_ms, id";
const READINGS: &str =
    "SELECT r.evse, r.connector, r.at_ms, r.value_milli, r.flags, k.measurand, k.unit FROM reading_row r
    JOIN reading_kind k ON k.id = r.kind_id ORDER BY r.at_ms, k.measurand, r.value_milli";
const REPORTS: &str = "SELECT evse, connector, at_ms, status FROM status_report ORDER BY at_ms, id";

/// Runs a replay: exit code, standard output, standard error.
fn replay(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chargewatch"));
    let output = command.arg("replay").args(arguments).env_remove("CHARGEWATCH_CONFIG").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The report of a replay that goes well.
fn report(arguments: &[&str]) -> Value {
    let (code, out, error) = replay(&[&["--out", "json"], arguments].concat());
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    serde_json::from_str(&out).unwrap()
}

fn sample(name: &str) -> String {
    format!("{}/tests/frames/logs/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Rows of a ledger that nobody has open.
fn rows(folder: &Path, sql: &str) -> Vec<Vec<String>> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(folder.join("chargewatch.db"), flags).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| Ok(format!("{:?}", row.get_ref(at)?))).collect();
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_logs_of_two_versions_tell_their_sessions_and_what_was_repaired() {
    let report = report(&[&sample("steve.log"), &sample("two.ndjson")]);
    let session = |charger: usize| {
        let session = &report["chargers"][charger]["sessions"][0];
        let part = |key: &str| session[key].clone();
        (part("connector_id"), part("started_at"), part("energy_wh"), part("energy_quality"), part("state"))
    };
    let expected =
        |start: &str, energy: u32| (json!(1), json!(start), json!(energy), json!("register"), json!("ended"));
    assert_eq!(session(0), expected("2026-03-01T10:00:05.000Z", 5500));
    assert_eq!(session(1), expected("2026-03-01T10:00:02.000Z", 2250));
    assert_eq!(report["chargers"][0]["protocol"], "ocpp1.6");
    assert_eq!(report["chargers"][1]["protocol"], "ocpp2.0.1");
    assert_eq!(
        (&report["sum"]["frames_of_chargers"], &report["sum"]["frames_of_central_system"]),
        (&json!(11), &json!(8))
    );
    let stop = report["actions"].as_array().unwrap().iter().find(|action| action["action"] == "StopTransaction");
    let stop = stop.unwrap();
    assert_eq!((&stop["repaired"], &stop["deviations"][0]["rule"]), (&json!(1), &json!("time_zone")));
    assert_eq!(stop["deviations"][0]["example"]["line"], 13);
}

#[test]
fn people_read_what_was_found_and_no_token_in_clear() {
    let (code, text, _) = replay(&[&sample("steve.log")]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("5500 Wh (register), ended") && text.contains("dry run"), "{text}");
    assert!(!text.contains("04AABBCC"), "{text}");
}

#[test]
fn the_same_log_twice_in_one_ledger_changes_nothing_and_neither_does_another_log_of_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let into = data.to_str().unwrap();
    let text = std::fs::read_to_string(sample("steve.log")).unwrap();
    let log = written(folder.path(), "one.log", &text);
    let more = sample("two.ndjson");
    let first = report(&["--data-dir", into, &log, &more]);
    assert_eq!(first["dry_run"], false);
    let before = (rows(&data, SESSIONS), rows(&data, READINGS), rows(&data, REPORTS));
    assert_eq!(before.0.len(), 2);
    let chargers = "SELECT charger, boots, heard_ms, protocol FROM charger_row ORDER BY charger";
    let present = (rows(&data, chargers), rows(&data, "SELECT * FROM connector_row ORDER BY 1, 2, 3"));
    let again = report(&["--data-dir", into, &log, &more]);
    assert_eq!((&again["sum"]["frames_known"], &again["chargers"]), (&json!(11), &first_without_readings(&first)));
    assert_eq!((rows(&data, SESSIONS), rows(&data, READINGS), rows(&data, REPORTS)), before);
    // Taken down a second earlier, with ids of its own: other frames, the same facts.
    let other = written(
        folder.path(),
        "other.log",
        &text.replace(",201 org", ",100 org").replace(",301 org", ",100 org").replace("770011", "99"),
    );
    let other = report(&["--data-dir", into, &other]);
    assert_eq!(other["sum"]["frames_known"], 0);
    assert_eq!((rows(&data, SESSIONS), rows(&data, READINGS)), (before.0, before.1));
    let now = (rows(&data, chargers), rows(&data, "SELECT * FROM connector_row ORDER BY 1, 2, 3"));
    assert_eq!(now, present, "what is past changes nothing of the present");
}

/// The chargers of a report as a second replay has them: it brings no reading that is new.
fn first_without_readings(report: &Value) -> Value {
    let mut chargers = report["chargers"].clone();
    for charger in chargers.as_array_mut().unwrap() {
        charger["readings"] = json!(0);
    }
    chargers
}

/// What a charger of OCPP 1.6 says; `TX` stands for the transaction id that it was given.
fn told() -> Vec<String> {
    let at = |seconds: i64| noon().plus_millis(-seconds * 1000).to_rfc3339();
    let status = |id: u32, status: &str, seconds: i64| {
        let rest = format!(r#""errorCode":"NoError","status":"{status}","timestamp":"{}""#, at(seconds));
        format!(r#"[2,"{id}","StatusNotification",{{"connectorId":2,{rest}}}]"#)
    };
    let value = |wh: u32, seconds: i64| {
        format!(r#"{{"timestamp":"{}","sampledValue":[{{"value":"{wh}","unit":"Wh"}}]}}"#, at(seconds))
    };
    vec![
        r#"[2,"1","BootNotification",{"chargePointVendor":"Mill","chargePointModel":"M1"}]"#.to_owned(),
        status(2, "Preparing", 3000),
        format!(
            r#"[2,"3","StartTransaction",{{"connectorId":2,"idTag":"04AABBCC","meterStart":100,"timestamp":"{}"}}]"#,
            at(2990)
        ),
        format!(r#"[2,"4","MeterValues",{{"connectorId":2,"transactionId":TX,"meterValue":[{}]}}]"#, value(4100, 1500)),
        r#"[2,"5","Heartbeat",{}]"#.to_owned(),
        format!(
            r#"[2,"6","StopTransaction",{{"transactionId":TX,"meterStop":9100,"timestamp":"{}","reason":"Remote",}}]"#,
            at(60)
        ),
        status(7, "Available", 50),
    ]
}

/// Tells it all to a service; the lines of a log of it, in which the transaction has another id.
async fn live(service: &Service) -> String {
    let mut charger = service.charger("CP-7").await;
    let (mut id, mut log) = ("0".to_owned(), String::new());
    for frame in told() {
        let answer = charger.ask(&frame.replace("TX", &id)).await;
        let payload: Value = serde_json::from_str(&answer).unwrap();
        if let Some(given) = payload[2]["transactionId"].as_i64() {
            id = given.to_string();
        }
        let foreign = answer.replace(&format!("\"transactionId\":{id}"), "\"transactionId\":555001");
        let time = noon().to_rfc3339();
        log += &format!("{time} INFO ocpp:CP-7: receive message {}\n", frame.replace("TX", "555001"));
        log += &format!("{time} INFO ocpp:CP-7: send {foreign}\n");
    }
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_leaves_what_the_same_frames_leave_over_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("live"), folder.path().join("replayed"));
    let service = Service::on(&ours, noon(), &[]).await;
    let log = live(&service).await;
    service.stop().await;
    let log = written(folder.path(), "log", &log);
    std::fs::create_dir(&theirs).unwrap();
    // The same key hashes tokens in the same way.
    std::fs::copy(ours.join("token.key"), theirs.join("token.key")).unwrap();
    report(&["--data-dir", theirs.to_str().unwrap(), &log]);
    for sql in [SESSIONS, READINGS, REPORTS] {
        assert_eq!(rows(&theirs, sql), rows(&ours, sql), "{sql}");
    }
    assert_eq!(rows(&theirs, SESSIONS).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_exports_come_back_as_they_were_and_a_ledger_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let service = Service::on(&data, noon(), &[]).await;
    live(&service).await;
    service.settle().await;
    let token = service.token_for(Role::Operator).await;
    let mut exports: Vec<String> = Vec::new();
    for format in ["ndjson", "csv"] {
        let path = format!("/api/v1/chargers/CP-7/frames?format={format}");
        let (_, _, body) = service.ask("GET", &path, Some(&token), "").await;
        exports.push(written(folder.path(), &format!("frames.{format}"), &body));
    }
    let (_, _, body) = service.ask("GET", "/api/v1/chargers/CP-7/frames", Some(&token), "").await;
    exports.push(written(folder.path(), "frames.json", &body));
    let into = data.to_str().unwrap();
    let (code, _, error) = replay(&["--data-dir", into, &exports[0]]);
    assert!(code == 1 && error.contains("in use by another chargewatch"), "{error}");
    service.stop().await;
    let before = rows(&data, SESSIONS);
    for export in &exports {
        let report = report(&[export]);
        let session = &report["chargers"][0]["sessions"][0];
        let found = (&session["energy_wh"], &session["state"], &session["connector_id"]);
        assert_eq!(found, (&json!(9000), &json!("ended"), &json!(2)), "{export}: {report}");
    }
    let reports: Vec<Value> = exports.iter().map(|export| report(&["--data-dir", into, export])).collect();
    assert!(reports.iter().all(|report| report["sum"]["frames_known"] == 7), "{reports:?}");
    assert_eq!(rows(&data, SESSIONS), before);
}

#[test]
fn a_file_of_nonsense_is_said_to_be_none_and_a_missing_one_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let nonsense = written(folder.path(), "nonsense", "hello\n{\"a\":[1,\n\u{0}[9]\n\"\n");
    let (code, out, error) = replay(&[&nonsense]);
    assert!(code == 1 && error.contains(&format!("nothing in {nonsense} was a frame")), "{out}{error}");
    let (code, _, error) = replay(&[folder.path().join("none").to_str().unwrap()]);
    assert!(code == 1 && error.contains("cannot be read"), "{error}");
    let empty = written(folder.path(), "empty", "");
    assert_eq!(replay(&[&empty]).0, 1);
}

#[test]
fn frames_in_all_states_of_repair_are_told_apart_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        r#"[2,"1","Heartbeat",{}]"#,
        r#"[2,"2","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-03-01T10:00:00Z","sampledValue":[{"value":"5",}]}]}]"#,
        r#"[2,"3","NoSuchThing",{"idTag":"04AABBCC"}]"#,
        r#"[2,"4","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"#,
        "chatter about 04AABBCC",
    ];
    let file = written(folder.path(), "bare", &lines.join("\n"));
    let (code, out, error) = replay(&["--out", "json", &file]);
    assert!(code == 1 && error.contains("no frame in"), "{out}{error}");
    assert!(out.contains("no charger is named") && !out.contains("04AABBCC"), "{out}");
    let (code, out, error) = replay(&["--out", "json", "--charger", "CP-1", &file]);
    assert_eq!((code, error.as_str()), (0, ""));
    let report: Value = serde_json::from_str(&out).unwrap();
    let file = &report["files"][0];
    assert_eq!(
        (&file["lines"], &file["frames_of_chargers"], &file["records_without_frame"]),
        (&json!(5), &json!(4), &json!(1))
    );
    assert_eq!((&file["not_understood"], &file["not_understood_examples"][0]["line"]), (&json!(1), &json!(3)));
    assert!(!out.contains("04AABBCC"), "{out}");
    let repaired: i64 =
        report["actions"].as_array().unwrap().iter().map(|action| action["repaired"].as_i64().unwrap()).sum();
    assert_eq!(repaired, 2, "{report}");
}

#[test]
fn a_log_of_local_time_is_put_right_by_its_offset_and_the_report_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let frame = r#"CP-1: [2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"2026-03-01T10:00:00Z"}]"#;
    let file = written(folder.path(), "local", &format!("2026-03-01 12:00:00 {frame}\n"));
    let local = report(&[&file]);
    assert_eq!(local["files"][0]["clock_differs_by_minutes"], -120);
    assert!(replay(&[&file]).1.contains("--utc-offset=+02:00"));
    let right = report(&["--utc-offset=+02:00", &file]);
    assert_eq!(right["files"][0]["span"]["from"], At::to_rfc3339(At::from_millis(1_772_359_200_000)));
    assert_eq!(right["files"][0]["clock_differs_by_minutes"], Value::Null);
}

#[test]
fn a_speed_makes_it_wait_as_long_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let line = |second: u32| format!("2026-03-01T10:00:{second:02}Z CP-1: [2,\"{second}\",\"Heartbeat\",{{}}]\n");
    let file = written(folder.path(), "log", &(line(0) + &line(20)));
    let began = std::time::Instant::now();
    report(&["--speed", "50", &file]);
    assert!(began.elapsed() >= std::time::Duration::from_millis(400));
    assert_eq!(replay(&["--speed", "0", &file]).0, 2);
}

#[test]
fn every_sample_of_a_log_is_read_whatever_its_form() {
    let mut samples: Vec<PathBuf> = std::fs::read_dir(sample("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    samples.sort();
    assert!(samples.len() >= 5);
    for path in samples {
        let report = report(&[path.to_str().unwrap()]);
        let file = &report["files"][0];
        assert_eq!(file["not_understood"], 0, "{}: {report}", path.display());
        let sessions = report["chargers"][0]["sessions"].as_array().unwrap();
        assert!(!sessions.is_empty() && sessions.iter().all(|session| session["state"] == "ended"), "{report}");
        assert_eq!(report["chargers"].as_array().unwrap().len(), 1, "{report}");
    }
}
