//! What operators do: settings, registry, waiting out a charger that says nothing.

use std::process::Command;

use serde_json::Value;

use crate::papers::{Authority, text};
use crate::support::{PATIENCE, Service, noon};

pub(crate) fn chargewatch(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_chargewatch"))
        .args(arguments)
        .env_remove("CHARGEWATCH_CONFIG")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn check_config_says_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "[ocpp]\nping_interval_s = 30\n").unwrap();
    assert_eq!(chargewatch(&["check-config", "--config", path]), (0, "the settings are fine\n".into(), String::new()));
    std::fs::write(&file, "[ocpp]\nping_intervall_s = 30\n[registry]\nfile = \"none.csv\"\n").unwrap();
    let (code, _, told) = chargewatch(&["check-config", "--config", path]);
    let wanted = format!(
        "chargewatch: {path}:2: unknown key \"ocpp.ping_intervall_s\"; did you mean \"ocpp.ping_interval_s\"?\n"
    );
    assert_eq!((code, told), (2, wanted));
    std::fs::write(&file, "[registry]\nfile = \"none.csv\"\n").unwrap();
    let (code, _, told) = chargewatch(&["check-config", "--config", path]);
    assert!(code == 2 && told.contains("none.csv: cannot be read"), "{told}");
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/config/example-sites.csv");
    std::fs::write(&file, format!("[registry]\nfile = \"{examples}\"\n")).unwrap();
    let (code, told, _) = chargewatch(&["check-config", "--config", path]);
    assert!(code == 0 && told.contains("the registry has 4 chargers at 3 sites"), "{told}");
}

#[test]
fn every_command_explains_itself() {
    for command in
        ["serve", "demo", "simulate", "replay", "backfill", "export", "token", "audit", "check-config", "healthcheck"]
    {
        let (code, told, _) = chargewatch(&[command, "--help"]);
        assert!(code == 0 && told.contains("Usage: chargewatch"), "{command}: {told}");
    }
    assert!(chargewatch(&["--version"]).1.starts_with("chargewatch 0.1.0 (commit "));
}

#[test]
fn an_address_in_use_is_told_with_the_flag_that_changes_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let (code, _, told) =
        chargewatch(&["serve", "--ocpp-listen", &address, "--http-listen", "127.0.0.1:0", "--data-dir", data]);
    assert_eq!(code, 1);
    assert!(told.contains(&address) && told.contains("--ocpp-listen"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_is_asked_over_https_of_the_very_certificate_or_of_who_has_signed_it_and_of_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let (certificate, key) = ours.sign("server", "charging.example", &["charging.example", "127.0.0.1"]);
    let (unnamed, unnamed_key) = ours.sign("unnamed", "other.example", &["other.example"]);
    let foreign = Authority::new(folder.path(), "foreign");
    let site = |certificate: &str| {
        let file = folder.path().join("site.toml");
        std::fs::write(&file, format!("[http]\ncertificate_file = \"{certificate}\"\nkey_file = \"x\"\n")).unwrap();
        file
    };
    let https = [("http.certificate_file", text(&certificate)), ("http.key_file", text(&key))];
    let (plain, secure) = (Service::at(noon(), &[]).await, Service::at(noon(), &https).await);
    let ask = async |service: &Service, more: &[&str]| {
        let address = service.http().to_string();
        let arguments: Vec<String> =
            ["healthcheck", "--http", &address].iter().chain(more).map(|&a| a.to_owned()).collect();
        let asked =
            tokio::task::spawn_blocking(move || chargewatch(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
        let (code, _, told) = asked.await.unwrap();
        (code, told)
    };
    assert_eq!(ask(&plain, &[]).await, (0, String::new()));
    assert_eq!(ask(&secure, &["--config", text(&site(text(&certificate)))]).await, (0, String::new()));
    for trusted in [&ours.file, &certificate] {
        assert_eq!(ask(&secure, &["--ca-file", text(trusted)]).await, (0, String::new()), "{}", trusted.display());
    }
    // Signed by the same authority, and yet another one.
    let (code, told) = ask(&secure, &["--config", text(&site(text(&unnamed)))]).await;
    assert!(code == 1 && told.contains("UnknownIssuer"), "{told}");
    let (code, told) = ask(&secure, &["--ca-file", text(&foreign.file)]).await;
    assert!(code == 1 && told.contains("certificate"), "{told}");
    let (code, told) = ask(&secure, &[]).await;
    assert!(code == 1 && told.contains("--ca-file"), "{told}");
    let (code, told) = ask(&plain, &["--ca-file", text(&ours.file)]).await;
    assert!(code == 1 && told.contains("does not answer"), "{told}");
    let (code, told) = ask(&secure, &["--ca-file", text(&key)]).await;
    assert!(code == 2 && told.contains("there is no certificate in it"), "{told}");
    secure.stop().await;
    // Who trusts an authority asks for a name.
    let https = [("http.certificate_file", text(&unnamed)), ("http.key_file", text(&unnamed_key))];
    let renamed = Service::at(noon(), &https).await;
    let (code, told) = ask(&renamed, &["--ca-file", text(&ours.file)]).await;
    assert!(code == 1 && told.contains("not valid for name"), "{told}");
    plain.stop().await;
    renamed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_is_read_anew_and_a_bad_one_changes_nothing() {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    let path = file.path().to_str().unwrap();
    std::fs::write(path, "charger_id,site_id\nCP-9,first\n").unwrap();
    let service = Service::at(noon(), &[("registry.file", path), ("registry.reload_s", "1")]).await;
    let site = async |service: &Service| service.json("/api/v1/chargers/CP-9").await["site_id"].clone();
    assert_eq!(site(&service).await, "first");
    std::fs::write(path, "charger_id,site_id\nCP-9,second\n").unwrap();
    let changed = async {
        while site(&service).await != "second" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, changed).await.expect("the registry was not read anew");
    assert_eq!(service.get("/api/v1/chargers?site=first").await.0, 400);
    let listed = service.json("/api/v1/chargers?site=second").await;
    assert_eq!(listed["items"][0]["registered"], true);
    assert_eq!(listed["items"][0]["last_heard"], Value::Null);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evse_of_two_connectors_is_one_place_to_charge() {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    let path = file.path().to_str().unwrap();
    std::fs::write(path, "charger_id,site_id,evse_id,connector_ids\nCP-1,s,1,1;2\n").unwrap();
    let service = Service::at(noon(), &[("registry.file", path)]).await;
    let mut charger = service.charger("CP-1").await;
    for (connector, status, minute) in
        [(1, "Available", 0), (2, "Available", 0), (2, "Charging", 10), (2, "Available", 30), (1, "Faulted", 40)]
    {
        let report = format!(
            r#"[2,"1","StatusNotification",{{"connectorId":{connector},"errorCode":"NoError","status":"{status}","timestamp":"2026-11-24T11:{minute:02}:00Z"}}]"#
        );
        charger.ask(&report).await;
    }
    let told = service.json("/api/v1/chargers/CP-1/timeline?per=evse").await;
    let states: Vec<_> = told["items"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
    // From the fault on it is the other connector that proves it.
    assert_eq!(states, ["AVAILABLE", "CHARGING", "AVAILABLE", "AVAILABLE"]);
    assert_eq!(service.json("/api/v1/chargers/CP-1/timeline").await["items"].as_array().unwrap().len(), 5);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charger_that_says_nothing_at_all_is_let_go() {
    let service = Service::at(noon(), &[("ocpp.ping_interval_s", "1"), ("ocpp.silence_limit_s", "2")]).await;
    // The client library answers pings only while it is read from: this one is not.
    let mut silent = service.charger("CP-1").await;
    silent.ask(r#"[2,"1","Heartbeat",{}]"#).await;
    let gone = async {
        while service.json("/api/v1/chargers/CP-1").await["connected"] == true {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("it is still connected");
    let (_, page) = service.get("/metrics").await;
    assert!(page.contains(r#"chargewatch_connections_ended_total{reason="silent"} 1"#), "{page}");
    drop(silent);
    service.stop().await;
}
