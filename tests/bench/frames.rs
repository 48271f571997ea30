//! What reading a frame costs: time and allocations beside the plain strict parse of the same frame.
//!
//! `cargo bench --bench frames`. "strict" is the plain parse alone (frame, then typed payload); "understood" is all that
//! the service does with a frame: framing, tolerant reading, the strict parse as measure of conformance, and the text
//! without tokens. Wall times of a shared machine are upper bounds: the best of several rounds is shown.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a bench prints its table, and stops where it is wrong")]

use std::hint::black_box;
use std::time::Instant;

use chargewatch::domain::token::TokenKey;
use chargewatch::ocpp::{Version, understand};
use rust_ocpp::v1_6::messages as strict;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

const ROUNDS: usize = 15;
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

fn row(name: &str, frame: &str, strictly: fn(&str)) {
    let key = TokenKey::new([7; 32]);
    let deviations = understand(Version::V16, frame, &key).deviations.len();
    let plain = (deviations == 0).then(|| cost(|| strictly(frame)));
    let (ns, allocations) = cost(|| drop(black_box(understand(Version::V16, frame, &key))));
    let (plain_ns, plain_allocations, ratio) = match plain {
        Some((ns_plain, count)) => (format!("{ns_plain:.0}"), count.to_string(), format!("{:.2}", ns / ns_plain)),
        None => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
    };
    let bytes = frame.len();
    println!(
        "{name:<32}{bytes:>7}{plain_ns:>12}{plain_allocations:>8}{ns:>14.0}{allocations:>8}{ratio:>8}{deviations:>12}"
    );
}

fn main() {
    println!(
        "{:<32}{:>7}{:>12}{:>8}{:>14}{:>8}{:>8}{:>12}",
        "frame", "bytes", "strict ns", "allocs", "understood ns", "allocs", "ratio", "deviations"
    );
    let sampled = r#"{"value":"12272427","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unit":"Wh"}"#;
    let values = |count: usize| {
        let list = vec![sampled; count].join(",");
        format!(
            r#"[2,"19223201","MeterValues",{{"connectorId":1,"transactionId":4711,"meterValue":[{{"timestamp":"2026-03-14T07:30:00.250Z","sampledValue":[{list}]}}]}}]"#
        )
    };
    let status = r#"[2,"19223201","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","timestamp":"2026-03-14T07:30:00Z"}]"#;
    let start = r#"[2,"19223201","StartTransaction",{"connectorId":1,"idTag":"04A1B2C3D4E580","meterStart":1200000,"timestamp":"2026-03-14T07:30:00Z"}]"#;
    let boot = r#"[2,"19223201","BootNotification",{"chargePointVendor":"Grid & Co","chargePointModel":"Post 22","chargePointSerialNumber":"GC-22-000417","firmwareVersion":"3.1.4"}]"#;
    row("Heartbeat", r#"[2,"19223201","Heartbeat",{}]"#, strictly::<strict::heart_beat::HeartbeatRequest>);
    row("StatusNotification", status, strictly::<strict::status_notification::StatusNotificationRequest>);
    row("StartTransaction", start, strictly::<strict::start_transaction::StartTransactionRequest>);
    row("BootNotification", boot, strictly::<strict::boot_notification::BootNotificationRequest>);
    let metered = strictly::<strict::meter_values::MeterValuesRequest>;
    row("MeterValues, 1 value", &values(1), metered);
    row("MeterValues, 5 values", &values(5), metered);
    row("MeterValues, 60 values", &values(60), metered);
    let zoneless = values(5).replace("250Z", "250");
    row("MeterValues, 5, no zone", &zoneless, metered);
    let broken = values(5).replace("4711", "");
    row("MeterValues, 5, mended", &broken, metered);
}
