//! Limits as a stranger meets them, over sockets: what is refused, what is cut, what is told, and who is not harmed.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::handshakes::{masked, shake, upgrade};
use crate::support::{PATIENCE, Service, noon};

/// The close code that a raw socket is sent, whatever comes before.
async fn close_code(stream: &mut TcpStream) -> u16 {
    let read = async {
        loop {
            let head = stream.read_u16().await.unwrap();
            let length = match head & 0x7f {
                126 => stream.read_u16().await.unwrap(),
                short => short,
            };
            let mut bytes = vec![0; usize::from(length)];
            stream.read_exact(&mut bytes).await.unwrap();
            if head >> 8 == 0x88 {
                return u16::from_be_bytes([bytes[0], bytes[1]]);
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("it is still open")
}

/// The value of a metric; 0 while it has none.
async fn metric(service: &Service, name: &str) -> u64 {
    let page = service.get("/metrics").await.1;
    let line = page.lines().find_map(|line| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')));
    line.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_new_names_is_put_off_while_chargers_that_were_met_come_again() {
    let more = [("limits.strangers_s", "1"), ("limits.strangers_burst", "5")];
    let service = Service::at(noon(), &more).await;
    drop(service.charger("CP-1").await);
    let mut put_off = 0;
    for n in 0..50 {
        let (head, _) = shake(&service, &upgrade(&format!("NEW-{n}"))).await;
        if head.starts_with("HTTP/1.1 503 ") {
            assert!(head.contains("\r\nRetry-After: 60\r\n"), "{head}");
            put_off += 1;
        }
    }
    assert!(put_off >= 35, "{put_off}");
    assert_eq!(metric(&service, "chargewatch_handshakes_total{outcome=\"too_many_strangers\"}").await, put_off);
    service.charger("CP-1").await.ask(r#"[2,"1","Heartbeat",{}]"#).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_connects_too_often_is_told_when_to_come_again() {
    let more =
        [("limits.address_connects_s", "1"), ("limits.address_connects_burst", "3"), ("limits.refusals_kept_s", "1")];
    let service = Service::at(noon(), &more).await;
    let mut charger = service.charger("CP-1").await;
    let mut refused = 0;
    for _ in 0..100 {
        let (head, _) = shake(&service, &upgrade("CP-2")).await;
        if head.starts_with("HTTP/1.1 429 ") {
            assert!(head.contains("\r\nRetry-After: 30\r\n"), "{head}");
            refused += 1;
        }
    }
    assert!(refused > 90, "{refused}");
    assert_eq!(metric(&service, "chargewatch_handshakes_total{outcome=\"address_too_often\"}").await, refused);
    // Who is connected goes on; the flood neither fills the ledger nor goes uncounted.
    charger.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    let kept = service.ledger("SELECT count(*) FROM handshake WHERE outcome = 'address_too_often'", &[]);
    let kept = kept[0][0].as_u64().unwrap();
    assert!((20..30).contains(&kept), "{kept}");
    assert_eq!(metric(&service, "chargewatch_handshakes_not_kept_total").await, refused - kept);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charger_that_connects_too_often_is_told_so_and_keeps_what_it_has() {
    let service = Service::at(noon(), &[("limits.charger_connects_burst", "3")]).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = service.charger("CP-1").await;
        socket.ping().await;
        sockets.push(socket);
    }
    let (head, _) = shake(&service, &upgrade("CP-1")).await;
    assert!(head.starts_with("HTTP/1.1 429 "), "{head}");
    let mut last = sockets.pop().unwrap();
    last.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    service.charger("CP-2").await.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_fragments_and_giant_frames_are_cut_and_extensions_are_not_agreed() {
    let service = Service::at(noon(), &[("limits.max_fragments", "100")]).await;
    let (_, mut stream) = shake(&service, &upgrade("CP-1")).await;
    stream.write_all(&masked(0x01, b"[")).await.unwrap();
    stream.write_all(&masked(0x00, b"").repeat(100)).await.unwrap();
    assert_eq!(close_code(&mut stream).await, 1008);

    // A frame that says it is of 1 GB: cut by its head, before anything is kept for it.
    let (_, mut stream) = shake(&service, &upgrade("CP-2")).await;
    let head = [&[0x81, 0xff][..], &(1_u64 << 30).to_be_bytes(), &[0; 4]].concat();
    stream.write_all(&head).await.unwrap();
    assert_eq!(close_code(&mut stream).await, 1009);

    let offers = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=999999999\r\n".repeat(40);
    let request = upgrade("CP-3").replace("Sec-WebSocket-Version", &format!("{offers}Sec-WebSocket-Version"));
    let (head, _stream) = shake(&service, &request).await;
    assert!(head.starts_with("HTTP/1.1 101 ") && !head.contains("Extensions"), "{head}");
    for reason in ["too_many_fragments", "message_too_large"] {
        assert_eq!(metric(&service, &format!("chargewatch_connections_ended_total{{reason=\"{reason}\"}}")).await, 1);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_pings_is_held_back_and_the_next_charger_is_not() {
    let service = Service::at(noon(), &[("limits.charger_frames_s", "10")]).await;
    let (_, mut stream) = shake(&service, &upgrade("CP-1")).await;
    stream.write_all(&masked(0x89, b"").repeat(20_000)).await.unwrap();
    while metric(&service, "chargewatch_held_back_total{limit=\"charger_frames\"}").await == 0 {
        tokio::task::yield_now().await;
    }
    service.charger("CP-2").await.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charger_that_does_not_take_its_answers_is_cut() {
    let service = Service::at(noon(), &[("limits.write_timeout_s", "1")]).await;
    let (_, mut stream) = shake(&service, &upgrade("CP-1")).await;
    let id = "i".repeat(200_000);
    let call = masked(0x81, format!(r#"[2,"{id}","Heartbeat",{{}}]"#).as_bytes());
    // It asks and never reads, until it is cut.
    let flood = async { while stream.write_all(&call).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, flood).await.expect("it was never cut");
    assert_eq!(metric(&service, "chargewatch_connections_ended_total{reason=\"stuck\"}").await, 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_with_one_identity_are_reported_and_neither_is_locked_out() {
    let service = Service::at(noon(), &[("limits.contest_takeovers", "4")]).await;
    let mut socket = service.charger("CP-1").await;
    // Who is taken in first is taken over: without this it might be the newer one.
    socket.ping().await;
    for _ in 0..5 {
        let mut newer = service.charger("CP-1").await;
        newer.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
        assert_eq!(socket.close_code().await, 1000);
        socket = newer;
    }
    let charger = service.json("/api/v1/chargers/CP-1").await;
    assert_eq!((&charger["contested"], &charger["contested_by"]), (&Value::from(true), &Value::from("127.0.0.1")));
    let mut other = service.charger("CP-2").await;
    other.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    assert_eq!(service.json("/api/v1/chargers/CP-2").await["contested"], false);
    assert_eq!(metric(&service, "chargewatch_contested_takeovers_total").await, 2);
    service.settle().await;
    let remark = "%two devices may use this identity%";
    let kept = service.ledger("SELECT count(*) FROM handshake WHERE charger = 'CP-1' AND remarks LIKE ?1", &[remark]);
    assert_eq!(kept, [[Value::from(1)]]);
    service.stop().await;
}
