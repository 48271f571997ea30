//! Our own calls to chargers: one at a time, each answer matched, late and lost ones counted.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Charger, PATIENCE, Service, noon};

const BOOT: &str =
    r#"[2,"b","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]"#;

/// Boots, is accepted, and gets the call that follows: its id.
async fn boot_and_be_asked(charger: &mut Charger) -> Value {
    boot(charger).await;
    call(charger).await
}

async fn boot(charger: &mut Charger) {
    charger.send(BOOT).await;
    let answer: Value = serde_json::from_str(&charger.receive().await).unwrap();
    assert_eq!((&answer[0], &answer[2]["status"]), (&json!(3), &json!("Accepted")));
}

async fn call(charger: &mut Charger) -> Value {
    let asked: Value = serde_json::from_str(&charger.receive().await).unwrap();
    assert_eq!((&asked[0], &asked[2]), (&json!(2), &json!("GetBaseReport")));
    asked[1].clone()
}

/// Returns once the page of metrics has this line.
async fn until_counted(service: &Service, line: &str) {
    let line = format!("{line}\n");
    let counted = async {
        while !service.get("/metrics").await.1.contains(&line) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(PATIENCE, counted).await.is_ok(), "no line {line}");
}

fn ended(outcome: &str, times: u32) -> String {
    format!(r#"chargewatch_calls_ended_total{{action="GetBaseReport",outcome="{outcome}"}} {times}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_call_waits_until_the_one_before_is_answered() {
    let service = Service::at(noon(), &[("ocpp.ask_device_model", "true")]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.0.1").await;
    let first = boot_and_be_asked(&mut hub).await;
    boot(&mut hub).await;
    // Its answer comes next, and no second call: the first one is under way.
    let answer = hub.ask(r#"[2,"h","Heartbeat",{}]"#).await;
    assert!(answer.starts_with(r#"[3,"h","#), "{answer}");
    hub.send(&json!([3, "somebody else's", {"status": "Accepted"}]).to_string()).await;
    until_counted(&service, "chargewatch_answers_unmatched_total 1").await;
    hub.send(&json!([3, first, {"status": "Accepted"}]).to_string()).await;
    let second = call(&mut hub).await;
    assert_ne!(first, second);
    hub.send(&json!([4, second, "NotSupported", "", {}]).to_string()).await;
    until_counted(&service, &ended("answered", 1)).await;
    until_counted(&service, &ended("call_error", 1)).await;
    // An answer that belongs to nothing is kept like any other frame.
    service.settle().await;
    let kept = service.ledger("SELECT count(*) FROM frame WHERE action = 'CallResult'", &[]);
    assert_eq!(kept, [[json!(2)]]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_answered_makes_room_for_the_next() {
    let service = Service::at(noon(), &[("ocpp.ask_device_model", "true"), ("ocpp.call_timeout_s", "1")]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.0.1").await;
    let first = boot_and_be_asked(&mut hub).await;
    boot(&mut hub).await;
    let second = call(&mut hub).await;
    until_counted(&service, &ended("timeout", 1)).await;
    hub.send(&json!([3, first, {"status": "Accepted"}]).to_string()).await;
    until_counted(&service, "chargewatch_answers_unmatched_total 1").await;
    assert_ne!(first, second);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_lost_with_its_connection() {
    let service = Service::at(noon(), &[("ocpp.ask_device_model", "true")]).await;
    let mut hub = service.charger_speaking("hub", "ocpp2.0.1").await;
    boot_and_be_asked(&mut hub).await;
    boot(&mut hub).await;
    drop(hub);
    // The one under way, and the one that waited.
    until_counted(&service, &ended("connection_lost", 2)).await;
    service.stop().await;
}
