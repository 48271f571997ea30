//! Frames as real chargers sent them (`tests/frames/<version>/quirks.jsonl`): each with what must become of it, asserted on
//! the answers and on the ledger.

use chargewatch::ocpp::Version;
use serde_json::Value;

use crate::frames::{folder, path};
use crate::support::{Service, noon};

/// Every case, each with the subprotocol of its connection.
fn quirks() -> Vec<(&'static str, Value)> {
    let of = |version: Version| {
        let text = std::fs::read_to_string(path(&format!("{}/quirks.jsonl", folder(version)))).unwrap_or_default();
        let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        cases.into_iter().map(move |case| (version.subprotocol(), case))
    };
    Version::ALL.into_iter().flat_map(of).collect()
}

/// What kind of answer a frame must get, with the id that it must carry: told by the frame itself where it is a call.
fn expected(frame: &str, told: Option<&str>) -> Option<String> {
    if let Some(told) = told {
        return told.strip_prefix("error:").map(|id| format!("[4,{id},"));
    }
    let start = frame.trim_start_matches(['\u{feff}', ' ']).strip_prefix('[').unwrap().trim_start();
    let rest = start.strip_prefix('2')?.trim_start().strip_prefix(',').unwrap().trim_start();
    let id = match rest.strip_prefix('"') {
        Some(text) => format!("\"{}\"", text.split('"').next().unwrap()),
        None => rest.split(',').next().unwrap().trim().to_owned(),
    };
    Some(format!("[3,{id},"))
}

/// The answer without its message id.
fn payload(answer: &str) -> String {
    serde_json::from_str::<Value>(answer).unwrap()[2].to_string()
}

async fn check(service: &Service, (protocol, quirk): &(&'static str, Value), failures: &mut Vec<String>) {
    let id = quirk["id"].as_str().unwrap();
    let then = &quirk["then"];
    let mut charger = service.charger_speaking(id, protocol).await;
    let mut payloads = Vec::new();
    for (index, frame) in quirk["frames"].as_array().unwrap().iter().enumerate() {
        let frame = frame.as_str().unwrap();
        let told = then["replies"][index].as_str();
        charger.send(frame).await;
        if let Some(expected) = expected(frame, told) {
            let answer = charger.receive().await;
            if !answer.starts_with(&expected) {
                failures.push(format!("{id}: answered {answer}, expected {expected}…"));
            }
            payloads.push(payload(&answer));
        }
    }
    // The socket lives, and whatever was to be kept is in the ledger.
    let heartbeat = charger.ask(r#"[2,"last","Heartbeat",{}]"#).await;
    assert!(heartbeat.starts_with(r#"[3,"last","#), "{id}: {heartbeat}");
    let status = charger.ask(r#"[2,"sync","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    assert_eq!(status, r#"[3,"sync",{}]"#, "{id}");
    if then["same_replies"] == true && payloads.windows(2).any(|pair| pair[0] != pair[1]) {
        failures.push(format!("{id}: the answers differ: {payloads:?}"));
    }
    let hash = then["token"].as_str().map(|clear| service.token_hash(clear)).unwrap_or_default();
    for query in then["ledger"].as_array().unwrap() {
        let sql = query["sql"].as_str().unwrap();
        let found = service.ledger(&narrowed(sql), &[id, &hash]);
        let wanted: Vec<Vec<Value>> = serde_json::from_value(query["rows"].clone()).unwrap();
        if found != wanted {
            failures.push(format!("{id}: {sql}\n    found  {found:?}\n    wanted {wanted:?}"));
        }
    }
}

/// The two frames that every case ends with are none of its own.
fn narrowed(sql: &str) -> String {
    sql.replace(
        "FROM frame WHERE",
        "FROM frame WHERE text NOT LIKE '[2,\"last\"%' AND text NOT LIKE '[2,\"sync\"%' AND",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_quirk_of_the_field_ends_as_it_must() {
    let quirks = quirks();
    assert!(quirks.len() >= 86);
    let mut failures = Vec::new();
    let service = Service::at(noon(), &[]).await;
    for quirk in quirks.iter().filter(|(_, quirk)| quirk["then"]["now"].is_null()) {
        check(&service, quirk, &mut failures).await;
    }
    service.stop().await;
    for quirk in quirks.iter().filter(|(_, quirk)| !quirk["then"]["now"].is_null()) {
        let now = chrono::DateTime::parse_from_rfc3339(quirk.1["then"]["now"].as_str().unwrap()).unwrap();
        let service = Service::at(now.with_timezone(&chrono::Utc).into(), &[]).await;
        check(&service, quirk, &mut failures).await;
        service.stop().await;
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), quirks.len(), failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_id_token_stands_in_the_ledger() {
    let service = Service::at(noon(), &[]).await;
    for (protocol, quirk) in quirks() {
        let id = quirk["id"].as_str().unwrap();
        let mut charger = service.charger_speaking(id, protocol).await;
        for frame in quirk["frames"].as_array().unwrap() {
            charger.send(frame.as_str().unwrap()).await;
        }
        charger.send(r#"[2,"sync","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
        while charger.receive().await != r#"[3,"sync",{}]"# {}
    }
    for token in ["04AABBCC", "ABCD1234", "DEADBEEF", "20:00:C0:01", "barCamp2019", "336699"] {
        let sql = "SELECT count(*) FROM frame WHERE instr(text, ?1) > 0 OR instr(coalesce(reply, ''), ?1) > 0";
        assert_eq!(service.ledger(sql, &[token]), [[Value::from(0)]], "{token}");
        let sql = "SELECT count(*) FROM deviation WHERE instr(found, ?1) > 0";
        assert_eq!(service.ledger(sql, &[token]), [[Value::from(0)]], "{token}");
    }
    service.stop().await;
}
