//! A whole fleet comes back at once: how long until every charger is booted, and what showing a password costs.
//!
//! `cargo bench --bench storm -- [chargers] [at once]` prints a line without passwords (profile 0) and one with them
//! (profile 1), each for the first time that they come and for coming again. The service is a process of its own, so
//! that its CPU time is its alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed"
)]

mod common;

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Server, Socket, ask, connect};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

const BOOT: &str = "[2,\"1\",\"BootNotification\",{\"chargePointVendor\":\"x\",\"chargePointModel\":\"y\"}]";

/// The key of a charger: 40 hex digits, as a machine makes them.
fn password(charger: usize) -> String {
    Sha256::digest(charger.to_string()).iter().take(20).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Lets every charger connect and boot, so many at a time. Gives back their sockets, and how many had to try again.
async fn storm(server: &Server, chargers: usize, at_once: usize, with_password: bool) -> (Vec<Socket>, usize) {
    let (places, again) = (Arc::new(Semaphore::new(at_once)), Arc::new(AtomicUsize::new(0)));
    let address = server.address;
    let tasks: Vec<_> = (0..chargers)
        .map(|charger| {
            let (places, again) = (places.clone(), again.clone());
            tokio::spawn(async move {
                let _place = places.acquire_owned().await.unwrap();
                let password = with_password.then(|| password(charger));
                loop {
                    if let Some(mut socket) = connect(address, &format!("CP-{charger}"), password.as_deref()).await
                        && ask(&mut socket, BOOT.to_owned()).await.is_some()
                    {
                        return socket;
                    }
                    again.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            })
        })
        .collect();
    let mut sockets = Vec::with_capacity(chargers);
    for task in tasks {
        sockets.push(task.await.unwrap());
    }
    (sockets, again.load(Ordering::Relaxed))
}

async fn bench(chargers: usize, at_once: usize) {
    println!(
        "{:<10} {:<8} {:>8} {:>8} {:>7} {:>12} {:>10} {:>9}",
        "profile", "time", "chargers", "booted s", "CPU s", "us a charger", "tried again", "MiB"
    );
    for with_password in [false, true] {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        let mut text = String::new();
        for charger in (0..chargers).filter(|_| with_password) {
            writeln!(text, "\"CP-{charger}\" = \"{}\"", password(charger)).unwrap();
        }
        std::fs::write(file.path(), text).unwrap();
        let server = Server::start(with_password.then(|| file.path()));
        for time in ["first", "again"] {
            let (cpu, began) = (server.cpu(), Instant::now());
            let (sockets, again) = storm(&server, chargers, at_once, with_password).await;
            let (cpu, took) = (server.cpu() - cpu, began.elapsed().as_secs_f64());
            println!(
                "{:<10} {time:<8} {chargers:>8} {took:>8.1} {:>7.2} {:>12.0} {again:>10} {:>9.0}",
                u8::from(with_password),
                cpu.as_secs_f64(),
                cpu.as_secs_f64() * 1e6 / chargers as f64,
                server.memory_mib()
            );
            drop(sockets);
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (chargers, at_once) = (numbers.first().copied().unwrap_or(19_000), numbers.get(1).copied().unwrap_or(500));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(bench(chargers, at_once));
    runtime.shutdown_background();
}
