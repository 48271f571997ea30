//! Series over HTTP: they say what the readings say, and a fresh install has them without any other service.

use serde_json::{Value, json};

use crate::support::{Charger, Service, noon};

/// A reading of a connector, so many minutes after 06:00.
async fn reading(charger: &mut Charger, connector: u32, minute: u32, register: u32, power: u32, volts: u32) {
    let (hour, minute) = (6 + minute / 60, minute % 60);
    let values = [
        (register, "Energy.Active.Import.Register", "Wh"),
        (power, "Power.Active.Import", "W"),
        (volts, "Voltage", "V"),
    ];
    let values: Vec<Value> = values
        .iter()
        .map(|(value, measurand, unit)| json!({ "value": value.to_string(), "measurand": measurand, "unit": unit }))
        .collect();
    let at = format!("2026-11-24T{hour:02}:{minute:02}:00Z");
    let payload = json!({ "connectorId": connector, "meterValue": [{ "timestamp": at, "sampledValue": values }] });
    assert_eq!(charger.ask(&json!([2, "1", "MeterValues", payload]).to_string()).await, r#"[3,"1",{}]"#);
}

/// Values of the points of a query, in order.
async fn values(service: &Service, query: &str) -> Vec<Value> {
    let body =
        service.json(&format!("/api/v1/telemetry?from=2026-11-24T06:00:00Z&to=2026-11-24T09:00:00Z&{query}")).await;
    body["items"].as_array().unwrap().iter().map(|point| point["value"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn series_say_what_the_readings_say_by_connector_charger_and_site() {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    let path = file.path().to_str().unwrap();
    std::fs::write(path, "charger_id,site_id,evse_id,connector_ids\nCP-1,s,7,1;2\nCP-2,s,1,1\n").unwrap();
    let service = Service::at(noon(), &[("registry.file", path)]).await;
    let (mut one, mut two) = (service.charger("CP-1").await, service.charger("CP-2").await);
    for step in 0..9 {
        let minute = step * 15;
        reading(&mut one, 1, minute, 1000 + 100 * step, 400 * (1 + step % 2), 230).await;
        reading(&mut one, 2, minute, 50_000 + 10 * step, 40, 228).await;
        reading(&mut two, 1, minute, 7, 1000, 240).await;
    }
    // The meter of the whole charger is summed with none.
    reading(&mut one, 0, 30, 999_999, 9_999, 230).await;
    assert_eq!(values(&service, "per=site").await, [json!(330), json!(440), json!(110)]);
    assert_eq!(values(&service, "charger=CP-1").await, [json!(330), json!(440), json!(110)]);
    let by_connector = values(&service, "per=connector&charger=cp-1&step=1d").await;
    assert_eq!(by_connector, [json!(800), json!(80)]);
    assert_eq!(values(&service, "per=connector&charger=CP-1&connector=1&function=last&step=1d").await, [json!(1800)]);
    // Powers add up, voltages do not; the greatest sum is that of one instant, not of each connector's greatest.
    assert_eq!(values(&service, "measurand=power_w&per=charger&step=1d").await[0], json!(617.777));
    assert_eq!(values(&service, "measurand=power_w&per=site&step=15m").await[..2], [json!(1440), json!(1840)]);
    assert_eq!(
        values(&service, "measurand=power_w&per=site&function=max").await,
        [json!(1640), json!(1640), json!(1440)]
    );
    assert_eq!(values(&service, "measurand=voltage_v&charger=CP-1&step=1d").await, [json!(229)]);
    assert_eq!(values(&service, "measurand=soc_percent").await, Vec::<Value>::new());
    let (_, csv) = service.get("/api/v1/telemetry?from=2026-11-24&per=site&step=1d&format=csv").await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines,
        [
            "at,site_id,charger_id,evse_id,connector_id,measurand,function,value",
            "2026-11-24T00:00:00.000Z,s,,,,energy_wh,increase,880"
        ]
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_reading_corrects_the_series() {
    let service = Service::at(noon(), &[]).await;
    let mut charger = service.charger("CP-1").await;
    for (minute, register) in [(0, 1000), (90, 4000), (30, 2000)] {
        reading(&mut charger, 1, minute, register, 1, 1).await;
    }
    assert_eq!(values(&service, "").await, [json!(1000), json!(2000)]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_a_question_are_told() {
    let service = Service::at(noon(), &[]).await;
    for (query, told) in [
        ("measurand=energy", "did you mean \\\"energy_wh\\\"?"),
        ("measurand=power_w&function=increase", "increase is for energy_wh"),
        ("function=mean", "only make sense per=connector"),
        ("step=7m", "is none of: 1m, 5m"),
        ("connector=x", "is no number"),
        ("site=nowhere", "the registry is empty"),
    ] {
        let (status, body) = service.get(&format!("/api/v1/telemetry?{query}")).await;
        assert!(status == 400 && body.contains(told), "{query}: {status} {body}");
    }
    service.stop().await;
}
