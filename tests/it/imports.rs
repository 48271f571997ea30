//! `chargewatch import`: files of other systems, differently shaped, through the binary into a ledger.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// A file as a German system might write it: semicolons, decimal commas, ISO weeks, a duration in place of an end.
const GERMAN: &str = "Vorgang;S\u{e4}ule;Ladepunkt;Beginn;Dauer;Verbrauch [kWh];Karte;Ende-Grund\n\
    A1;BER-7;links;2021-W43-7 02:30;00:20;1.012,5;04AABBCC;EVDisconnected\n\
    A2;BER-7;rechts;2021-W01-2 08:15;25:30:05;12,3456;;\n\
    A3;BER-7;mitte;2021-W01-2 08:15;1:00;1;;\n\
    A4;BER-7;links;2021-W60-2 08:15;1:00;1;;\n\
    A5;BER-7;links;2021-W02-2 08:15;1:00;1.5;04AABBCC;\n\
    A6;BER-7;links;2021-W02-2 08:15\n";

const GERMAN_MAP: &str = r#"
source = "berlin"
[file]
delimiter = ";"
encoding = "latin-1"
decimal = ","
thousands = "."
[columns]
session = "Vorgang"
charger = "Säule"
connector = "Ladepunkt"
start = "Beginn"
duration = "Dauer"
energy = "Verbrauch [kWh]"
token = "Karte"
stop_reason = "Ende-Grund"
[values.connector]
links = "1"
rechts = "2"
[time]
zone = "Europe/Berlin"
formats = ["%G-W%V-%u %H:%M"]
duration = "h:m:s"
[limits]
refuse_above_kwh = 2000
"#;

fn import(folder: &Path, file: &str, map: &str, rest: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chargewatch"));
    command.args(["import", "sessions", file, "--map", map, "--data-dir"]).arg(folder.join("data"));
    let output = command.args(rest).current_dir(folder).env_remove("CHARGEWATCH_CONFIG").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn report(folder: &Path, file: &str, map: &str, rest: &[&str]) -> Value {
    let (code, out, error) = import(folder, file, map, &[rest, &["--out", "json"]].concat());
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    serde_json::from_str(&out).unwrap()
}

fn rows(folder: &Path, sql: &str) -> Vec<String> {
    let db = rusqlite::Connection::open(folder.join("data/chargewatch.db")).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|sign| u8::try_from(u32::from(sign)).unwrap()).collect()
}

#[test]
fn a_file_of_another_shape_loads_by_its_map_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("f.csv"), latin1(GERMAN)).unwrap();
    std::fs::write(folder.join("m.toml"), GERMAN_MAP).unwrap();
    let found = report(folder, "f.csv", "m.toml", &["--rejects", "rejects.csv"]);
    assert_eq!(found["rejected"], json!({"unreadable_number": 2, "unreadable_row": 1, "unreadable_time": 1}));
    assert_eq!((&found["added"], &found["energy_wh"]), (&json!(2), &json!("1024845.6")));
    let told = rows(
        folder,
        "SELECT charger || ' ' || evse || connector || ' ' || started || ' ' || ended || ' ' || energy_wh || ' ' ||
           coalesce(stop_reason, '-') FROM session ORDER BY id DESC",
    );
    assert_eq!(
        told,
        [
            // 31 October 2021 is the end of summer time: of two half past two the first.
            "BER-7 11 2021-10-31T00:30:00.000Z 2021-10-31T00:50:00.000Z 1012500 EVDisconnected",
            "BER-7 22 2021-01-05T07:15:00.000Z 2021-01-06T08:45:05.000Z 12345.6 -",
        ]
    );
    assert_eq!(
        std::fs::read_to_string(folder.join("rejects.csv")).unwrap(),
        "line,reason,cell,found\n4,unreadable_number,connector,mitte\n5,unreadable_time,start,2021-W60-2 08:15\n\
         6,unreadable_number,energy,1.5\n7,unreadable_row,,\"4 fields, the header has 8\"\n"
    );
    // The card is a hash, and nothing of it stands anywhere in clear.
    assert!(rows(folder, "SELECT token FROM session WHERE token IS NOT NULL")[0].starts_with("t:"));
    for entry in std::fs::read_dir(folder.join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"04AABBCC"));
    }
    let audit = rows(folder, "SELECT deed || ' ' || subject || ' ' || outcome || ' ' || detail FROM audit ORDER BY id");
    assert_eq!(
        audit,
        [
            "sessions.import berlin done f.csv: begins",
            "sessions.import berlin done f.csv: 6 rows: 2 added, 0 known, 0 differ, 0 replaced, 4 rejected",
        ]
    );
}

#[test]
fn epoch_seconds_meters_and_constants_load_and_a_correction_waits_for_replace() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let map = "source = 'epoch'\n[file]\ndelimiter = \"\\t\"\n[columns]\nsession = 'n'\ncharger = 'cp'\nstart = 'from'\nend = 'to'\n\
        meter_start = 'm0'\nmeter_stop = 'm1'\n[constants]\nconnector = '1'\n[time]\nformats = 'epoch_s'\n[units]\nmeter = 'Wh'\n";
    std::fs::write(folder.join("m.toml"), map).unwrap();
    let file = |stop: u32| format!("\u{feff}n\tcp\tfrom\tto\tm0\tm1\n7\tCP\t1609834530\t1609838130\t1000\t{stop}\n");
    std::fs::write(folder.join("f.csv"), file(8500)).unwrap();
    assert_eq!(report(folder, "f.csv", "m.toml", &["--dry-run"])["added"], 1);
    assert!(!folder.join("data").exists(), "a dry run leaves nothing");
    assert_eq!(report(folder, "f.csv", "m.toml", &[])["energy_quality"], json!({"register": 1}));
    assert_eq!(report(folder, "f.csv", "m.toml", &[])["known"], 1);
    std::fs::write(folder.join("f.csv"), file(9000)).unwrap();
    for (flags, word) in [(vec!["--dry-run"], "differ"), (vec![], "differ"), (vec!["--replace"], "replaced")] {
        assert_eq!(report(folder, "f.csv", "m.toml", &flags)[word], 1, "{flags:?}");
    }
    assert_eq!(rows(folder, "SELECT id || ' ' || energy_wh FROM session"), ["-1 8000"]);
}

#[test]
fn a_mistake_in_the_map_is_told_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("f.csv"), latin1(GERMAN)).unwrap();
    std::fs::write(folder.join("m.toml"), GERMAN_MAP.replace("\"Beginn\"", "\"Begin\"")).unwrap();
    let (code, out, error) = import(folder, "f.csv", "m.toml", &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        error,
        "chargewatch: m.toml:12: columns.start: f.csv has no column \"Begin\"; did you mean \"Beginn\"?\n"
    );
    assert!(!folder.join("data").exists());
}

#[test]
fn the_published_sessions_of_a_council_are_taken_and_refused_as_they_were() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/perth-kinross-ev-sessions");
    if !data.exists() {
        println!("skipped: {} is not there", data.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let map = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name).display().to_string();
    let file = |name: &str| data.join(name).display().to_string();
    let of = |name: &str, map_name: &str| report(folder.path(), &file(name), &map(map_name), &["--dry-run"]);
    let told = json!({
        "sessions.csv": of("sessions.csv", "import-perth-kinross.toml"),
        "raw-2016-09_2017-08.csv": of("raw-2016-09_2017-08.csv", "import-perth-kinross-raw.toml"),
        "raw-2017-09_2018-08.csv": of("raw-2017-09_2018-08.csv", "import-perth-kinross-raw.toml"),
        "raw-2018-09_2019-08.csv": of("raw-2018-09_2019-08.csv", "import-perth-kinross-raw.toml"),
    });
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("import", serde_json::to_string_pretty(&told).unwrap()));
}
