//! Security events as they are listed, filtered and counted.

use chargewatch::domain::people::Role;
use serde_json::{Value, json};

use crate::support::{Service, noon};

/// Tells a security event at a minute of eleven o'clock.
fn told(kind: &str, minute: u32, info: &str) -> String {
    let at = format!("2026-11-24T11:{minute:02}:00Z");
    json!([2, "s", "SecurityEventNotification", {"type": kind, "timestamp": at, "techInfo": info}]).to_string()
}

/// The line of a kind on the metrics page.
fn line(kind: &str, critical: &str, count: u32) -> String {
    format!("chargewatch_security_events_total{{critical=\"{critical}\",event=\"{kind}\"}} {count}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn security_events_are_filtered_paged_and_counted_from_the_first_on() {
    let service = Service::at(noon(), &[]).await;
    let page = service.get("/metrics").await.1;
    for (kind, critical) in [("TamperDetectionActivated", "yes"), ("InvalidMessages", "no"), ("other", "no")] {
        assert!(page.contains(&line(kind, critical, 0)), "{kind} is not 0 before it was first told");
    }
    let (mut one, mut two) = (service.charger("CP-1").await, service.charger("CP-2").await);
    for frame in
        [told("StartupOfTheDevice", 1, "cold"), told("tamperdetectionactivated", 2, "lid"), told("DoorOpened", 3, "")]
    {
        assert_eq!(one.ask(&frame).await, r#"[3,"s",{}]"#);
    }
    two.ask(&told("InvalidMessages", 4, "{'user': 'ada'}")).await;
    let operator = service.token_for(Role::Operator).await;
    let viewer = service.token_for(Role::Viewer).await;
    let list = async |query: &str, token: &str| -> Value {
        let (status, _, body) = service.ask("GET", &format!("/api/v1/security-events{query}"), Some(token), "").await;
        assert_eq!(status, 200, "{query}: {body}");
        serde_json::from_str(&body).unwrap()
    };
    for (query, kinds) in [
        ("", vec!["InvalidMessages", "DoorOpened", "tamperdetectionactivated", "StartupOfTheDevice"]),
        ("?kind=TamperDetectionActivated", vec!["tamperdetectionactivated"]),
        ("?critical=true", vec!["tamperdetectionactivated", "StartupOfTheDevice"]),
        ("?critical=false", vec!["InvalidMessages", "DoorOpened"]),
        ("?charger=cp-2", vec!["InvalidMessages"]),
        ("?from=2026-11-24T11:02:00Z&to=2026-11-24T11:03:00Z", vec!["tamperdetectionactivated"]),
        ("?critical=true&charger=CP-2", vec![]),
    ] {
        let found = list(query, &operator).await;
        let found: Vec<&str> =
            found["items"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!(found, kinds, "{query}");
    }
    let first = list("?limit=3", &operator).await;
    let rest = list(&format!("?limit=3&cursor={}", first["next_cursor"].as_str().unwrap()), &operator).await;
    assert_eq!((first["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (3, 1));
    let event = &first["items"][0];
    assert_eq!(
        (&event["charger_id"], &event["at"], &event["critical"], &event["info"]),
        (&json!("CP-2"), &json!("2026-11-24T11:04:00.000Z"), &json!(false), &json!("{'user': 'ada'}"))
    );
    assert!(event["frame_id"].is_number());
    // Details may name whoever worked there.
    assert_eq!(list("", &viewer).await["items"][0]["info"], Value::Null);
    let page = service.ask("GET", "/metrics", Some(&viewer), "").await.2;
    assert!(page.contains(&line("TamperDetectionActivated", "yes", 1)) && page.contains(&line("other", "no", 1)));
    assert_eq!(service.ask("GET", "/api/v1/certificates", Some(&viewer), "").await.0, 403);
    assert_eq!(service.ask("GET", "/api/v1/certificates", Some(&operator), "").await.0, 200);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_of_security_events_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let events = ["InvalidMessages", "DoorOpened", "tamperdetectionactivated", "TamperDetectionActivated", "LidOpened"];
    let lines = |times: u32| {
        let of = [("TamperDetectionActivated", "yes", 2), ("InvalidMessages", "no", 1), ("other", "no", 2)];
        of.map(|(kind, critical, count)| line(kind, critical, times * count))
    };
    for start in 0..3 {
        let service = Service::on(folder.path(), noon().plus_millis(i64::from(start) * 60_000), &[]).await;
        let page = service.get("/metrics").await.1;
        for line in lines(start) {
            assert!(page.contains(&line), "not {line} after {start} restarts");
        }
        let mut charger = service.charger("CP-1").await;
        for kind in events {
            charger.ask(&told(kind, start, "")).await;
        }
        service.stop().await;
    }
}
