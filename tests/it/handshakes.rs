//! Handshakes as real chargers do them (`tests/frames/handshake.jsonl`), byte by byte over a socket.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, STRONG, Service, give_password, noon};

/// Sends raw bytes; gives back the head of the answer and the socket.
pub(crate) async fn shake(service: &Service, request: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(service.ocpp()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    };
    let head = tokio::time::timeout(PATIENCE, head).await.expect("no answer to the handshake");
    (head, stream)
}

fn request_of(row: &Value) -> String {
    let lines: Vec<&str> = row["request"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    format!("{}\r\n\r\n", lines.join("\r\n"))
}

/// What each row must come to: status, echoed subprotocol, identity in the record.
const WANTED: &[(&str, u16, Option<&str>, &str)] = &[
    ("hs-bs-auth-default", 101, Some("ocpp1.6"), "BS000T000"),
    ("hs-starcharge-lower-auth", 101, Some("ocpp1.6"), "1000"),
    ("hs-wrong-basic-user", 401, None, "CP0"),
    ("hs-fragmented-utf8", 101, Some("ocpp1.6"), "CP-1604"),
    ("hs-huge-frame", 101, Some("ocpp1.6"), "CP-0089"),
    ("hs-binary-opcode", 101, Some("ocpp1.6"), "CP-1605"),
    ("hs-all-lower-headers", 101, Some("ocpp1.6"), "CP-0096"),
    ("hs-keepalive-upgrade", 101, Some("ocpp1.6"), "CP-0039"),
    ("hs-nginx-http10", 426, None, "CP-0797"),
    ("hs-raw-percent", 101, Some("ocpp1.6"), "BBE%I12"),
    ("hs-steve-slash-in-id", 101, Some("ocpp1.6"), "BBEI12"),
    ("hs-steve-space-id", 101, Some("ocpp1.6"), "BBE I12"),
    ("hs-autel-no-connection", 101, Some("ocpp1.6"), "AUTEL0001"),
    ("hs-unsupported-only", 400, None, "CP-0135"),
    ("hs-easee-root", 101, Some("ocpp1.6"), "K9PZQ4RT"),
    ("hs-beny-triple-slash", 101, Some("ocpp1.6"), "charger"),
    ("hs-microocpp-absolute-form", 101, Some("ocpp1.6"), "ChargerId"),
    ("hs-postman-deflate", 101, Some("ocpp1.6"), "CP-2002"),
    ("hs-needs-server-ping", 101, Some("ocpp1.6"), "CP-0626"),
    ("hs-query-secret", 101, Some("ocpp1.6"), "CS003"),
    ("hs-two-header-lines", 101, Some("ocpp2.0.1"), "CP-1602"),
    ("hs-two-protocols-16-15", 101, Some("ocpp1.6"), "ABCD"),
    ("hs-upper-subprotocol", 101, Some("OCPP1.6"), "CP-0427"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_handshake_of_the_field_ends_as_it_must() {
    let folder = tempfile::tempdir().unwrap();
    give_password(folder.path(), "1000", STRONG);
    give_password(folder.path(), "CP0", STRONG);
    let service = Service::on(folder.path(), noon(), &[]).await;
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/frames/handshake.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), WANTED.len());
    for row in &rows {
        let id = row["id"].as_str().unwrap();
        let (_, status, echo, charger) = WANTED.iter().find(|wanted| wanted.0 == id).unwrap();
        // What this charger showed is too weak to be set here.
        let request = request_of(row).replace("MTAwMDpzZWNyZXQxMjM=", &STANDARD.encode(format!("1000:{STRONG}")));
        let (head, _stream) = shake(&service, &request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{id}: {head}");
        let protocol = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        assert_eq!(protocol, *echo, "{id}");
        assert!(!head.contains("Sec-WebSocket-Extensions"), "{id}");
        service.settle().await;
        let kept = service.ledger("SELECT status FROM handshake WHERE charger = ?1", &[charger]);
        assert_eq!(kept, [[Value::from(*status)]], "{id}");
    }
    for secret in ["c2VjcmV0", "secret", STRONG] {
        let found = service.ledger("SELECT count(*) FROM handshake WHERE instr(request || remarks, ?1) > 0", &[secret]);
        assert_eq!(found, [[Value::from(0)]]);
    }
    service.stop().await;
}

pub(crate) fn upgrade(id: &str) -> String {
    format!(
        "GET /ocpp/{id} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
    )
}

/// A masked WebSocket frame (mask 0), of up to 65,535 bytes or more.
pub(crate) fn masked(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![head];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// The text of the next frame from the server.
async fn text(stream: &mut TcpStream) -> String {
    let read = async {
        let head = stream.read_u16().await.unwrap();
        assert_eq!(head >> 8, 0x81, "a whole text frame");
        let mut bytes = vec![0; usize::from(head & 0x7f)];
        stream.read_exact(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    };
    tokio::time::timeout(PATIENCE, read).await.expect("no answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_may_be_cut_anywhere_be_large_or_come_with_the_binary_opcode() {
    let service = Service::at(noon(), &[]).await;
    let (_, mut stream) = shake(&service, &upgrade("CP-1604")).await;
    let message = r#"[2,"1","BootNotification",{"chargePointVendor":"Düsseldorf","chargePointModel":"x"}]"#.as_bytes();
    let cut = message.iter().position(|byte| *byte == 0xc3).unwrap() + 1;
    stream.write_all(&masked(0x01, &message[..cut])).await.unwrap();
    stream.write_all(&masked(0x80, &message[cut..])).await.unwrap();
    assert!(text(&mut stream).await.starts_with(r#"[3,"1",{"currentTime""#));
    let vendor = service.ledger("SELECT vendor FROM charger WHERE charger = ?1", &["CP-1604"]);
    assert_eq!(vendor, [[Value::from("Düsseldorf")]]);

    let large = format!(r#"[2,"2","DataTransfer",{{"vendorId":"x","data":"{}"}}]"#, "A".repeat(200_000));
    stream.write_all(&masked(0x81, large.as_bytes())).await.unwrap();
    assert_eq!(text(&mut stream).await, r#"[3,"2",{"status":"Accepted"}]"#);

    stream.write_all(&masked(0x82, br#"[2,"3","Heartbeat",{}]"#)).await.unwrap();
    assert!(text(&mut stream).await.starts_with(r#"[3,"3",{"currentTime""#));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_connection_wins_and_keeps_what_the_older_one_knew() {
    let service = Service::at(noon(), &[]).await;
    let start = r#"[2,"1","StartTransaction",{"connectorId":1,"idTag":"A1","meterStart":10,"timestamp":"2026-11-24T11:59:00Z"}]"#;
    let mut older = service.charger("CP-1").await;
    let first = older.ask(start).await;
    let mut newer = service.charger("cp-1").await;
    assert_eq!(newer.ask(start).await, first);
    assert_eq!(older.close_code().await, 1000);
    assert_eq!(service.json("/api/v1/sessions").await["items"].as_array().unwrap().len(), 1);
    // Many at once: exactly one stays.
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(service.charger("CP-1").await);
    }
    let mut left: BTreeSet<usize> = (0..crowd.len()).collect();
    let mut closed: FuturesUnordered<_> =
        crowd.iter_mut().enumerate().map(|(n, one)| async move { (n, one.close_code().await) }).collect();
    while left.len() > 1 {
        let (n, code) = closed.next().await.unwrap();
        assert!(code == 1000 && left.remove(&n), "{n} was closed with {code}");
    }
    drop(closed);
    let mut last = crowd.swap_remove(left.pop_first().unwrap());
    assert_eq!(last.ask(start).await, first);
    let chargers = service.json("/api/v1/chargers").await;
    assert_eq!(chargers["items"].as_array().unwrap().len(), 1);
    assert_eq!(chargers["items"][0]["connected"], true);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_chargers_are_accepted_held_or_refused() {
    let boot = r#"[2,"1","BootNotification",{"chargePointVendor":"x","chargePointModel":"y"}]"#;
    let service = Service::at(noon(), &[("ocpp.unknown_chargers", "hold")]).await;
    let answer = service.charger("CP-1").await.ask(boot).await;
    assert!(answer.contains(r#""status":"Pending""#), "{answer}");
    assert_eq!(service.json("/api/v1/chargers/CP-1").await["registered"], false);
    service.stop().await;
    let service = Service::at(noon(), &[("ocpp.unknown_chargers", "refuse")]).await;
    assert!(shake(&service, &upgrade("CP-1")).await.0.starts_with("HTTP/1.1 404 "));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_closes_with_1009_and_the_end_of_the_service_with_1001() {
    let service = Service::at(noon(), &[("ocpp.max_message_bytes", "65536")]).await;
    let mut charger = service.charger("CP-1").await;
    charger.send(&"x".repeat(70_000)).await;
    assert_eq!(charger.close_code().await, 1009);
    let mut other = service.charger("CP-2").await;
    other.ask(r#"[2,"1","Heartbeat",{}]"#).await;
    let (code, ()) = tokio::join!(other.close_code(), service.stop());
    assert_eq!(code, 1001);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_are_turned_away_and_recorded() {
    let service = Service::at(noon(), &[("ocpp.max_connections", "1")]).await;
    let mut charger = service.charger("CP-1").await;
    let (head, _late) = shake(&service, &upgrade("CP-2")).await;
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nRetry-After: 300\r\n"), "{head}");
    charger.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    let kept = service.ledger("SELECT outcome FROM handshake WHERE charger = ?1", &["CP-2"]);
    assert_eq!(kept, [[Value::from("too_many")]]);
    // A charger that comes again takes its own place over.
    let mut again = service.charger("CP-1").await;
    assert_eq!(charger.close_code().await, 1000);
    again.ask(r#"[2,"2","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_is_given_up() {
    let service = Service::at(noon(), &[("ocpp.handshake_timeout_s", "1")]).await;
    let mut stream = TcpStream::connect(service.ocpp()).await.unwrap();
    stream.write_all(b"GET /ocpp/CP-1 HTTP/1.1\r\nHost:").await.unwrap();
    let ended = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 16])).await.expect("still open");
    assert!(matches!(ended, Ok(0) | Err(_)));
    service.settle().await;
    let kept = service.ledger("SELECT outcome, status FROM handshake WHERE charger IS NULL", &[]);
    assert_eq!(kept, [[Value::from("too_slow"), Value::from(408)]]);
    service.stop().await;
}
