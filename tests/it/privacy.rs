//! Persons: what is kept of them, and that they can be forgotten.

use chargewatch::domain::people::Role;
use serde_json::{Value, json};

use crate::operations::chargewatch;
use crate::support::{PATIENCE, Service, noon};

const CARD: &str = "04AABBCCDD";

/// Whether a text stands anywhere in the files of a folder.
fn stands_in(folder: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
    })
}

async fn forget(service: &Service, admin: &str, body: &Value) -> Value {
    let (status, _, answer) = service.ask("POST", "/api/v1/forget", Some(admin), &body.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

fn start(id: &str) -> String {
    format!(
        r#"[2,"{id}","StartTransaction",{{"connectorId":1,"idTag":"{CARD}","meterStart":1000,"timestamp":"2026-11-24T12:00:00Z"}}]"#
    )
}

/// A charger of each family tells of the same person in every way there is.
async fn tell_of_a_person(service: &Service) -> Value {
    let mut charger = service.charger("CP-1").await;
    let started: Value = serde_json::from_str(&charger.ask(&start("1")).await).unwrap();
    let text = format!("Card {CARD} refused");
    charger
        .ask(&format!(
            r#"[2,"2","StatusNotification",{{"connectorId":1,"errorCode":"ReaderFailure","status":"Faulted","info":"{text}","timestamp":"2026-11-24T12:00:10Z"}}]"#
        ))
        .await;
    let record = json!(format!(r#"OCMF|{{"FV":"1.0","ID":"{CARD}","RD":[]}}|{{"SD":"30"}}"#));
    charger
        .ask(&format!(
            r#"[2,"3","MeterValues",{{"connectorId":1,"transactionId":{},"meterValue":[{{"timestamp":"2026-11-24T12:01:00Z","sampledValue":[{{"value":{record},"format":"SignedData"}},{{"value":"1500"}}]}}]}}]"#,
            started[2]["transactionId"]
        ))
        .await;
    let mut modern = service.charger_speaking("CP-2", "ocpp2.0.1").await;
    modern
        .ask(&format!(
            r#"[2,"1","TransactionEvent",{{"eventType":"Started","timestamp":"2026-11-24T12:00:00Z","triggerReason":"Authorized","seqNo":0,"transactionInfo":{{"transactionId":"T1"}},"evse":{{"id":1}},"idToken":{{"idToken":"{CARD}","type":"ISO14443"}}}}]"#
        ))
        .await;
    modern
        .ask(&format!(
            r#"[2,"2","NotifyReport",{{"requestId":1,"generatedAt":"2026-11-24T12:00:00Z","seqNo":0,"reportData":[{{"component":{{"name":"TokenReader"}},"variable":{{"name":"Token"}},"variableAttribute":[{{"value":"{CARD}"}}],"variableCharacteristics":{{"dataType":"string","supportsMonitoring":false}}}}]}}]"#
        ))
        .await;
    started[2]["transactionId"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_forgotten_leaves_energy_and_times_and_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::on(folder.path(), noon(), &[]).await;
    let hash = service.token_hash(CARD);
    let session = tell_of_a_person(&service).await;
    let admin = service.token_for(Role::Admin).await;

    let counted = forget(&service, &admin, &json!({ "token": CARD, "dry_run": true })).await;
    assert!(stands_in(folder.path(), &hash) && !stands_in(folder.path(), CARD));
    let cut = forget(&service, &admin, &json!({ "token": CARD })).await;
    assert_eq!(cut["traces"], counted["traces"]);
    let kinds: Vec<&str> = cut["traces"].as_array().unwrap().iter().map(|of| of["kind"].as_str().unwrap()).collect();
    let expected = ["frames", "status messages", "readings", "values of the device model", "connectors", "sessions"];
    assert_eq!(kinds, expected);
    assert_eq!(forget(&service, &admin, &json!({ "token_hash": hash })).await["total"], 0);

    // The session goes on without its person, although the charger's machine still knows who it was.
    let mut charger = service.charger("CP-1").await;
    let stop = format!(
        r#"[2,"9","StopTransaction",{{"transactionId":{session},"idTag":"{CARD}","meterStop":3000,"timestamp":"2026-11-24T13:00:00Z"}}]"#
    );
    charger.ask(&stop).await;
    let rows =
        service.ledger("SELECT token, energy_mwh, state FROM session_row WHERE id = ?1", &[&session.to_string()]);
    assert_eq!(rows, [[Value::Null, json!(2_000_000), json!("ended")]]);
    assert_eq!(
        forget(&service, &admin, &json!({ "token": CARD })).await["traces"],
        json!([{"kind": "frames", "count": 1}])
    );

    let audit =
        service.ledger("SELECT author, subject, outcome, detail FROM audit_row WHERE deed = 'person.forget'", &[]);
    assert_eq!(audit.len(), 3, "a dry run is no deed");
    assert!(!json!(audit).to_string().contains(&hash[..10]), "the audit log names nobody: {audit:?}");
    service.stop().await;
    assert!(!stands_in(folder.path(), &hash) && !stands_in(folder.path(), CARD));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_on_the_command_line_is_off_the_list_of_a_running_service_too() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::on(folder.path(), noon(), &[]).await;
    let data = folder.path().to_str().unwrap();
    let hash = service.token_hash(CARD);
    assert_eq!(chargewatch(&["driver-token", "add", CARD, "--status", "Blocked", "--data-dir", data]).0, 0);
    let mut charger = service.charger("CP-1").await;
    let mut until = async |status: &str| {
        let question = format!(r#"[2,"1","Authorize",{{"idTag":"{CARD}"}}]"#);
        let answered = async { while !charger.ask(&question).await.contains(status) {} };
        tokio::time::timeout(PATIENCE, answered).await.unwrap_or_else(|_| panic!("never {status}"));
    };
    until("Blocked").await;
    let counted = chargewatch(&["forget", "--token", CARD, "--dry-run", "--data-dir", data]).1;
    assert!(counted.contains("1 places on the list of driver tokens"), "{counted}");
    let (code, told, complaint) = chargewatch(&["forget", "--token-hash", &hash, "--data-dir", data]);
    assert!(code == 0 && told.contains("1 places on the list of driver tokens"), "{told}{complaint}");
    until("Accepted").await;
    assert_eq!(chargewatch(&["forget", "--token", CARD, "--data-dir", data]).0, 0);
    let listed = chargewatch(&["driver-token", "list", "--data-dir", data]).1;
    assert!(!listed.contains(&hash), "{listed}");
    let audit = service.ledger("SELECT deed, subject FROM audit WHERE deed LIKE 'driver-token%'", &[]);
    assert_eq!(audit, [[json!("driver-token.add"), json!("token 1")]]);
    service.stop().await;
    assert!(!stands_in(folder.path(), &hash) && !stands_in(folder.path(), CARD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_repeated_after_its_person_was_forgotten_is_the_same_session() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::on(folder.path(), noon(), &[]).await;
    let first = service.charger("CP-1").await.ask(&start("1")).await;
    let admin = service.token_for(Role::Admin).await;
    forget(&service, &admin, &json!({ "token": CARD })).await;
    service.stop().await;
    let service = Service::on(folder.path(), noon().plus_millis(60_000), &[]).await;
    assert_eq!(service.charger("CP-1").await.ask(&start("1")).await, first);
    assert_eq!(service.ledger("SELECT count(*), count(token) FROM session_row", &[]), [[json!(1), json!(0)]]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clear_text_of_tokens_is_there_only_where_it_was_asked_for_and_only_for_operators() {
    let service = Service::at(noon(), &[("privacy.id_tokens", "clear"), ("privacy.signed_records", "verbatim")]).await;
    let hash = service.token_hash(CARD);
    tell_of_a_person(&service).await;
    assert_eq!(service.ledger("SELECT token, clear FROM clear_token_row", &[]), [[json!(hash), json!(CARD)]]);
    assert_eq!(
        service.ledger("SELECT count(*) FROM frame_row WHERE instr(text, ?1) AND NOT instr(text, 'OCMF')", &[CARD]),
        [[json!(0)]]
    );
    assert_eq!(service.ledger("SELECT count(*) FROM reading_row WHERE instr(text, ?1)", &[CARD]), [[json!(1)]]);
    let (viewer, operator) = (service.token_for(Role::Viewer).await, service.token_for(Role::Operator).await);
    assert_eq!(service.ask("GET", "/api/v1/id-tokens", Some(&viewer), "").await.0, 403);
    let (status, _, list) = service.ask("GET", "/api/v1/id-tokens", Some(&operator), "").await;
    assert!(status == 200 && list.contains(CARD) && list.contains(&hash), "{list}");
    assert_eq!(service.ask("POST", "/api/v1/forget", Some(&operator), "{}").await.0, 403);
    service.stop().await;
}
