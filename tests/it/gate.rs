//! Who may come in and who may charge, as people decide it while the service runs: on the command line and over the API.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chargewatch::domain::people::Role;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::handshakes::shake;
use crate::operations::chargewatch;
use crate::support::{PATIENCE, STRONG, Service, give_password, noon};

const BOOT: &str = r#"[2,"1","BootNotification",{"chargePointVendor":"Vendor","chargePointModel":"Model","chargePointSerialNumber":"S-1"}]"#;
const CARD: &str = "04AABBCC77";

fn upgrade(id: &str, shown: Option<(&str, &[u8])>) -> String {
    let shown = shown.map_or_else(String::new, |(user, password)| {
        format!("Authorization: Basic {}\r\n", STANDARD.encode([user.as_bytes(), b":", password].concat()))
    });
    format!(
        "GET /ocpp/{id} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n{shown}\r\n"
    )
}

async fn status(service: &Service, id: &str, shown: Option<(&str, &[u8])>) -> u16 {
    let (head, _stream) = shake(service, &upgrade(id, shown)).await;
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Returns once something is so that the service notices within a second.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let waits = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waits).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// `chargewatch` with arguments, on the folder of a service; fails unless it succeeds.
fn decide(service: &Service, arguments: &[&str]) -> String {
    let folder = service.folder().to_str().unwrap();
    let (code, told, complaint) = chargewatch(&[arguments, &["--data-dir", folder]].concat());
    assert_eq!(code, 0, "{arguments:?}: {complaint}");
    told.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charger_shows_what_it_must_or_is_refused_for_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let key = "8f3a1c5e9b7d2f604a8c6e1b3d5f7092a4c6e8b0";
    let bytes: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap()).collect();
    for (charger, password) in [("KEY-1", key), ("PASS-1", STRONG), ("GONE-1", key)] {
        give_password(folder.path(), charger, password);
    }
    let service = Service::on(folder.path(), noon(), &[]).await;
    decide(&service, &["charger", "revoke", "GONE-1"]);
    let file = folder.path().join("old.csv");
    std::fs::write(&file, format!("charger,password,expires_at\nOVER-1,{key},2026-01-01T00:00:00Z\n")).unwrap();
    decide(&service, &["charger", "import", file.to_str().unwrap()]);
    until("the last decision counts", async || status(&service, "OVER-1", Some(("OVER-1", &bytes))).await == 401).await;
    let upper = key.to_uppercase();
    for (id, shown, wanted) in [
        ("KEY-1", Some(("KEY-1", key.as_bytes())), 101),
        ("key-1", Some(("Key-1", upper.as_bytes())), 101),
        ("KEY-1", Some(("KEY-1", &bytes[..])), 101),
        ("KEY-1", Some(("KEY-1", &bytes[1..])), 401),
        ("KEY-1", Some(("PASS-1", key.as_bytes())), 401),
        ("KEY-1", Some(("KEY-1", b"")), 401),
        ("KEY-1", None, 401),
        ("PASS-1", Some(("PASS-1", STRONG.as_bytes())), 101),
        ("PASS-1", Some(("PASS-1", key.as_bytes())), 401),
        ("GONE-1", Some(("GONE-1", key.as_bytes())), 403),
        ("GONE-1", None, 403),
        ("OVER-1", Some(("OVER-1", key.as_bytes())), 401),
        ("FREE-1", None, 101),
        ("FREE-1", Some(("x", b"y")), 101),
    ] {
        assert_eq!(status(&service, id, shown).await, wanted, "{id} {shown:?}");
    }
    for _ in 0..8 {
        status(&service, "PASS-1", Some(("PASS-1", b"guess"))).await;
    }
    assert_eq!(status(&service, "PASS-1", Some(("PASS-1", b"guess"))).await, 429);
    service.settle().await;
    let outcomes = service.ledger("SELECT DISTINCT outcome FROM handshake ORDER BY outcome", &[]);
    let outcomes: Vec<&str> = outcomes.iter().map(|row| row[0].as_str().unwrap()).collect();
    assert_eq!(
        outcomes,
        ["accepted", "bad_credentials", "expired_credentials", "revoked_credentials", "too_many_failures"]
    );
    service.stop().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        let told = |secret: &[u8]| text.windows(secret.len()).any(|part| part.eq_ignore_ascii_case(secret));
        let secret = path != file && (told(key.as_bytes()) || told(&bytes) || told(STRONG.as_bytes()));
        assert!(!secret, "{} holds a secret", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sets_and_revokes_what_chargers_show_while_they_are_served() {
    let service = Service::at(noon(), &[]).await;
    let key = decide(&service, &["charger", "add", "CP-1"]);
    assert!(key.len() == 40 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    until("the key counts", async || status(&service, "CP-1", None).await == 401).await;
    assert_eq!(status(&service, "CP-1", Some(("CP-1", key.as_bytes()))).await, 101);
    let other = decide(&service, &["charger", "set-password", "CP-1", "--expires", "90d"]);
    until("the other key counts", async || status(&service, "CP-1", Some(("CP-1", key.as_bytes()))).await == 401).await;
    let listed = decide(&service, &["charger", "list"]);
    assert!(listed.contains("CP-1     key   active"), "{listed}");
    let (head, mut charger) = shake(&service, &upgrade("CP-1", Some(("CP-1", other.as_bytes())))).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    decide(&service, &["charger", "revoke", "CP-1"]);
    let mut close = [0; 4];
    tokio::time::timeout(PATIENCE, charger.read_exact(&mut close)).await.expect("it stays").unwrap();
    assert_eq!((close[0], u16::from_be_bytes([close[2], close[3]])), (0x88, 1008));
    assert_eq!(status(&service, "CP-1", Some(("CP-1", other.as_bytes()))).await, 403);
    let folder = service.folder().to_str().unwrap();
    let weak = service.folder().join("weak");
    std::fs::write(&weak, "password1234567\n").unwrap();
    let arguments = ["charger", "add", "CP-2", "--password-file", weak.to_str().unwrap(), "--data-dir", folder];
    let (code, _, told) = chargewatch(&arguments);
    assert!(code == 2 && told.contains("16 to 40") && !told.contains("password1234567"), "{told}");
    let deeds = service.ledger("SELECT deed, subject, outcome FROM audit ORDER BY id", &[]);
    let wanted = ["charger.add", "charger.set-password", "charger.revoke"].map(|deed| json!([deed, "CP-1", "done"]));
    assert_eq!(json!(deeds), json!(wanted));
    assert!(!format!("{:?}", service.ledger("SELECT * FROM audit JOIN credential_row", &[])).contains(&other));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_do_the_same_over_the_api_and_operators_may_not() {
    let service = Service::at(noon(), &[]).await;
    let (admin, operator) = (service.token_for(Role::Admin).await, service.token_for(Role::Operator).await);
    let path = "/api/v1/charger-credentials";
    assert_eq!(service.ask("GET", path, Some(&operator), "").await.0, 403);
    let (code, _, made) = service.ask("POST", path, Some(&admin), r#"{"charger":"CP-1"}"#).await;
    let key = serde_json::from_str::<Value>(&made).unwrap()["password"].as_str().unwrap().to_owned();
    assert_eq!((code, key.len()), (200, 40), "{made}");
    until("the key counts", async || status(&service, "CP-1", None).await == 401).await;
    assert_eq!(status(&service, "CP-1", Some(("CP-1", key.as_bytes()))).await, 101);
    for (method, path, body, wanted) in [
        ("POST", path.to_owned(), r#"{"charger":"CP-1"}"#.to_owned(), 409),
        ("POST", path.to_owned(), r#"{"charger":"CP-2","password":"secret"}"#.to_owned(), 400),
        ("POST", format!("{path}/CP-9/revoke"), String::new(), 404),
        ("POST", format!("{path}/CP-1/password"), format!(r#"{{"password":"{STRONG}"}}"#), 200),
        ("POST", format!("{path}/import"), format!(r#"{{"form":"toml","text":"CP-3 = \"{key}\""}}"#), 200),
        ("POST", format!("{path}/CP-3/revoke"), String::new(), 200),
        ("GET", format!("{path}/CP-1"), String::new(), 200),
        ("GET", path.to_owned(), String::new(), 200),
    ] {
        let (code, _, told) = service.ask(method, &path, Some(&admin), &body).await;
        assert_eq!(code, wanted, "{method} {path}: {told}");
        assert!(!told.contains(STRONG) && !told.contains(&key) && !told.contains("argon2"), "{told}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charger_that_is_held_waits_in_the_inbox_until_somebody_decides() {
    let service = Service::at(noon(), &[("ocpp.unknown_chargers", "hold")]).await;
    let (operator, viewer) = (service.token_for(Role::Operator).await, service.token_for(Role::Viewer).await);
    let inbox = async || {
        let (code, _, body) = service.ask("GET", "/api/v1/inbox", Some(&viewer), "").await;
        assert_eq!(code, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["items"].as_array().unwrap().clone()
    };
    let (mut first, mut second) = (service.charger("CP-1").await, service.charger("CP-2").await);
    for charger in [&mut first, &mut second] {
        assert!(charger.ask(BOOT).await.contains(r#""status":"Pending""#));
    }
    let waiting = inbox().await;
    assert_eq!(waiting.len(), 2);
    assert_eq!((&waiting[0]["vendor"], &waiting[0]["serial"]), (&json!("Vendor"), &json!("S-1")));
    assert_eq!((&waiting[0]["connected"], &waiting[0]["peer"]), (&json!(true), &json!("127.0.0.1")));
    let path = "/api/v1/chargers/CP-1/accept";
    assert_eq!(service.ask("POST", path, Some(&viewer), "").await.0, 403);
    assert_eq!(service.ask("POST", path, Some(&operator), "").await.0, 200);
    until("it is served", async || first.ask(BOOT).await.contains(r#""status":"Accepted""#)).await;
    let (code, _, told) = service.ask("POST", "/api/v1/chargers/cp-2/refuse", Some(&operator), "").await;
    assert!(code == 200 && told.contains(r#""decision":"refused""#), "{told}");
    assert_eq!(second.close_code().await, 1008);
    assert_eq!(status(&service, "CP-2", None).await, 403);
    assert!(inbox().await.is_empty());
    decide(&service, &["charger", "accept", "CP-2"]);
    until("it may come again", async || status(&service, "CP-2", None).await == 101).await;
    let audit = service.ledger("SELECT deed, author FROM audit WHERE deed LIKE 'charger%' ORDER BY id", &[]);
    assert_eq!(audit[0], [json!("charger.accept"), json!("token operator")]);
    assert_eq!(audit.len(), 3);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drivers_are_answered_by_the_list_and_no_token_is_told() {
    let service = Service::at(noon(), &[("drivers.unknown", "Invalid")]).await;
    let operator = service.token_for(Role::Operator).await;
    let mut charger = service.charger("CP-1").await;
    let authorize = format!(r#"[2,"1","Authorize",{{"idTag":"{CARD}"}}]"#);
    assert!(charger.ask(&authorize).await.contains(r#""status":"Invalid""#));
    assert!(
        charger.ask(r#"[2,"1","Authorize",{"idTag":"NoAuthorization"}]"#).await.contains("Accepted"),
        "it is nobody"
    );
    let wish =
        format!(r#"{{"token":"{CARD}","status":"Accepted","group":"depot","expires_at":"2030-01-01T00:00:00Z"}}"#);
    let (code, _, told) = service.ask("POST", "/api/v1/driver-tokens", Some(&operator), &wish).await;
    assert!(code == 200 && told.contains("t:") && !told.contains(CARD), "{told}");
    let wanted = r#"{"idTagInfo":{"expiryDate":"2030-01-01T00:00:00Z","parentIdTag":"depot","status":"Accepted"}}"#;
    until("the list counts", async || charger.ask(&authorize).await.contains(wanted)).await;
    decide(&service, &["driver-token", "set", CARD, "--status", "Blocked"]);
    until("the change counts", async || charger.ask(&authorize).await.contains(r#""status":"Blocked""#)).await;
    let start = format!(
        r#"[2,"2","StartTransaction",{{"connectorId":1,"idTag":"{CARD}","meterStart":0,"timestamp":"2026-11-24T12:00:00Z"}}]"#
    );
    assert!(charger.ask(&start).await.contains(r#""status":"Blocked""#));
    let sessions = service.ledger("SELECT token FROM session", &[]);
    assert_eq!(sessions, [[json!(service.token_hash(CARD))]], "recorded all the same");
    let (_, _, list) = service.ask("GET", "/api/v1/driver-tokens?format=csv", Some(&operator), "").await;
    assert!(list.contains(&format!("{},Blocked,false,,", service.token_hash(CARD))), "{list}");
    let file = service.folder().join("cards.csv");
    std::fs::write(&file, format!("token,status\n{CARD},Expired\n04DD,Invalid\n")).unwrap();
    let told = decide(&service, &["driver-token", "import", file.to_str().unwrap()]);
    assert_eq!(told, "2 tokens are on the list: 0 Accepted, 0 Blocked, 1 Expired, 1 Invalid");
    until("the import counts", async || charger.ask(&authorize).await.contains(r#""status":"Expired""#)).await;
    let hash = service.token_hash(CARD);
    let gone = service.ask("DELETE", &format!("/api/v1/driver-tokens/{hash}"), Some(&operator), "").await;
    assert_eq!(gone.0, 200, "{}", gone.2);
    until("it is unknown again", async || charger.ask(&authorize).await.contains(r#""status":"Invalid""#)).await;
    let (_, _, page) = service.ask("GET", "/metrics", Some(&operator), "").await;
    assert!(page.contains(r#"chargewatch_drivers_refused_total{status="Blocked"}"#));
    service.settle().await;
    for table in ["audit_row", "driver_token_row", "frame", "session_row"] {
        let rows = service.ledger(&format!("SELECT * FROM {table}"), &[]);
        assert!(!rows.is_empty() || table == "driver_token_row");
        assert!(!format!("{rows:?}").contains(CARD), "{table} holds a token in clear");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_entered_silences_alerts_while_it_is_in_force() {
    let service = Service::at(noon(), &[]).await;
    let mut charger = service.charger("CP-1").await;
    charger.ask(r#"[2,"1","StatusNotification",{"connectorId":2,"errorCode":"OtherError","status":"Faulted"}]"#).await;
    let exempt = async || {
        let page = service.get("/metrics").await.1;
        page.lines().find(|line| line.starts_with("chargewatch_connector_exempt{")).map(str::to_owned)
    };
    assert_eq!(exempt().await, None);
    let (from, until_then) = (noon().plus_millis(-1000).to_string(), noon().plus_millis(3_600_000).to_string());
    let entry = ["--from", &from, "--until", &until_then, "--kind", "exempt", "--cause", "vandalism"];
    let of = ["exemption", "add", "CP-1", "--evse", "2", "--evidence", "police reference 43210"];
    decide(&service, &[&of[..], &entry[..]].concat());
    until("the entry counts", async || exempt().await.is_some()).await;
    let labels = r#"site="unregistered",charger="CP-1",evse="2",connector="2",kind="exempt",cause="vandalism""#;
    assert_eq!(exempt().await.unwrap(), format!("chargewatch_connector_exempt{{{labels}}} 1"));
    decide(&service, &["exemption", "revoke", "1", "--because", "entered for the wrong charger"]);
    until("the entry counts no more", async || exempt().await.is_none()).await;
    service.stop().await;
}
