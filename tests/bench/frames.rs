//! What reading a frame costs: time and allocations of the ten commonest messages, clean and deviating, beside the plain
//! strict parse of the same frame.
//!
//! `cargo bench --bench frames`. "strict" is the plain parse alone (frame, then typed payload); "understood" is all that
//! the service does with a frame: framing, tolerant reading with every deviation noted, and the text without what names a
//! person. "veil" is the share of that last part. What a charger shows of itself costs nothing per message, only with each
//! connection: `--bench storm`. Wall times of a shared machine are upper bounds: the best of several rounds is shown.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a bench prints its table, and stops where it is wrong")]

use std::hint::black_box;
use std::time::Instant;

use chargewatch::domain::token::TokenKey;
use chargewatch::ocpp::{Version, understand, without_persons};
use rust_ocpp::v1_6::messages as strict_16;
use rust_ocpp::v2_0_1::messages as strict_201;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

const ROUNDS: usize = 25;
const PER_ROUND: u32 = 2000;

/// Frame and typed payload, as a strict server would.
fn strictly<T: DeserializeOwned>(frame: &str) {
    let (_, _, _, payload): (u8, &str, &str, &RawValue) = serde_json::from_str(frame).expect("a sound frame");
    black_box(serde_json::from_str::<T>(payload.get()).expect("a sound payload"));
}

/// Best nanoseconds and allocations of one call.
fn cost(work: impl Fn()) -> (f64, u64) {
    let allocations = allocation_counter::measure(&work).count_total;
    let round = || {
        let start = Instant::now();
        (0..PER_ROUND).for_each(|_| work());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(PER_ROUND)
    };
    ((0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min), allocations)
}

/// The frame as it is, and with a bare message id, times without zone, a word in another case and keys too many.
fn rows(version: Version, name: &str, frame: &str, strictly: fn(&str)) {
    // `cargo bench --bench frames -- Heartbeat` shows the rows of that name alone.
    if std::env::args().skip(1).any(|word| !word.starts_with('-') && !name.contains(&word)) {
        return;
    }
    let key = TokenKey::new([7; 32]);
    let (plain, plain_allocations) = cost(|| strictly(frame));
    let sloppy = frame
        .replace("\"19223201\"", "19223201")
        .replace("Z\"", "\"")
        .replace("\"Sample.Periodic\"", "\"sample.periodic\"")
        .replace("{\"", "{\"x\":1,\"");
    for (kind, text) in [("clean", frame), ("deviating", &sloppy)] {
        let deviations = understand(version, text, &key).deviations.len();
        assert_eq!(deviations == 0, kind == "clean", "{name}: {:?}", understand(version, text, &key).deviations);
        let (ns, allocations) = cost(|| drop(black_box(understand(version, text, &key))));
        let (veil, _) = cost(|| drop(black_box(without_persons(text, &key))));
        let (ratio, share) = (ns / plain, veil / ns * 100.0);
        println!(
            "{name:<36}{kind:<11}{:>6}{plain:>11.0}{plain_allocations:>8}{ns:>15.0}{allocations:>8}{ratio:>8.2}{veil:>9.0}{share:>5.0} %\
             {deviations:>12}",
            text.len()
        );
    }
}

const SAMPLED_16: &str = r#"{"value":"12272427","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unit":"Wh"}"#;
const SAMPLED_201: &str = r#"{"value":12272427,"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unitOfMeasure":{"unit":"Wh"}}"#;

fn metered_16(count: usize) -> String {
    let list = vec![SAMPLED_16; count].join(",");
    format!(
        r#"[2,"19223201","MeterValues",{{"connectorId":1,"transactionId":4711,"meterValue":[{{"timestamp":"2026-03-14T07:30:00.250Z","sampledValue":[{list}]}}]}}]"#
    )
}

fn report_201(count: usize) -> String {
    let list = vec![SAMPLED_201; count].join(",");
    format!(
        r#"[2,"19223201","TransactionEvent",{{"eventType":"Updated","timestamp":"2026-03-14T07:45:00.000Z","triggerReason":"MeterValuePeriodic","seqNo":2,"transactionInfo":{{"transactionId":"b1e8c9d4-3f6a-4f0e-9c55-7a0d2e41c0de","chargingState":"Charging"}},"evse":{{"id":1,"connectorId":1}},"meterValue":[{{"timestamp":"2026-03-14T07:45:00.000Z","sampledValue":[{list}]}}]}}]"#
    )
}

fn main() {
    println!(
        "{:<36}{:<11}{:>6}{:>11}{:>8}{:>15}{:>8}{:>8}{:>9}{:>7}{:>12}",
        "frame",
        "",
        "bytes",
        "strict ns",
        "allocs",
        "understood ns",
        "allocs",
        "ratio",
        "veil ns",
        "of it",
        "deviations"
    );
    let of_16 = |name: &str, frame: &str, strictly: fn(&str)| rows(Version::V16, name, frame, strictly);
    of_16("1.6 Heartbeat", r#"[2,"19223201","Heartbeat",{}]"#, strictly::<strict_16::heart_beat::HeartbeatRequest>);
    of_16(
        "1.6 StatusNotification",
        r#"[2,"19223201","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","timestamp":"2026-03-14T07:30:00Z"}]"#,
        strictly::<strict_16::status_notification::StatusNotificationRequest>,
    );
    of_16("1.6 MeterValues, 1 value", &metered_16(1), strictly::<strict_16::meter_values::MeterValuesRequest>);
    of_16("1.6 MeterValues, 5 values", &metered_16(5), strictly::<strict_16::meter_values::MeterValuesRequest>);
    of_16(
        "1.6 Authorize",
        r#"[2,"19223201","Authorize",{"idTag":"04A1B2C3D4E580"}]"#,
        strictly::<strict_16::authorize::AuthorizeRequest>,
    );
    of_16(
        "1.6 StartTransaction",
        r#"[2,"19223201","StartTransaction",{"connectorId":1,"idTag":"04A1B2C3D4E580","meterStart":1200000,"timestamp":"2026-03-14T07:30:00Z"}]"#,
        strictly::<strict_16::start_transaction::StartTransactionRequest>,
    );
    of_16(
        "1.6 StopTransaction",
        r#"[2,"19223201","StopTransaction",{"transactionId":4711,"idTag":"04A1B2C3D4E580","meterStop":1212500,"timestamp":"2026-03-14T09:12:41Z","reason":"EVDisconnected"}]"#,
        strictly::<strict_16::stop_transaction::StopTransactionRequest>,
    );
    of_16(
        "1.6 BootNotification",
        r#"[2,"19223201","BootNotification",{"chargePointVendor":"Grid & Co","chargePointModel":"Post 22","chargePointSerialNumber":"GC-22-000417","firmwareVersion":"3.1.4"}]"#,
        strictly::<strict_16::boot_notification::BootNotificationRequest>,
    );
    of_16(
        "1.6 StatusNotification with card",
        r#"[2,"19223201","StatusNotification",{"connectorId":1,"errorCode":"ReaderFailure","status":"Faulted","info":"Card 04A1B2C3D4E580 refused","timestamp":"2026-03-14T07:30:00Z"}]"#,
        strictly::<strict_16::status_notification::StatusNotificationRequest>,
    );
    let record = r#"{"value":"OCMF|{\"FV\":\"1.0\",\"ID\":\"04A1B2C3D4E580\",\"RD\":[{\"RV\":12272.427}]}|{\"SD\":\"3045\"}","format":"SignedData"}"#;
    let signed = metered_16(1).replace("\"sampledValue\":[", &format!("\"sampledValue\":[{record},"));
    of_16("1.6 MeterValues, signed record", &signed, strictly::<strict_16::meter_values::MeterValuesRequest>);
    of_16(
        "1.6 DataTransfer with card",
        r#"[2,"19223201","DataTransfer",{"vendorId":"Grid & Co","messageId":"card","data":"{\"card\":{\"idTag\":\"04A1B2C3D4E580\",\"reader\":2}}"}]"#,
        strictly::<strict_16::data_transfer::DataTransferRequest>,
    );
    let of_201 = |name: &str, frame: &str, strictly: fn(&str)| rows(Version::V201, name, frame, strictly);
    of_201(
        "2.0.1 StatusNotification",
        r#"[2,"19223201","StatusNotification",{"timestamp":"2026-03-14T07:30:00Z","connectorStatus":"Occupied","evseId":1,"connectorId":1}]"#,
        strictly::<strict_201::status_notification::StatusNotificationRequest>,
    );
    let report = strictly::<strict_201::transaction_event::TransactionEventRequest>;
    of_201("2.0.1 TransactionEvent, 1 value", &report_201(1), report);
    of_201("2.0.1 TransactionEvent, 5 values", &report_201(5), report);
    of_201(
        "2.0.1 TransactionEvent with token",
        &report_201(1).replace(r#""evse":"#, r#""idToken":{"idToken":"04A1B2C3D4E580","type":"ISO14443"},"evse":"#),
        report,
    );
}
