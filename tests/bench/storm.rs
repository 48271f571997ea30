//! A whole fleet comes back at once: how long until every charger is booted, and what showing who they are costs.
//!
//! `cargo bench --bench storm -- [chargers] [at once]` prints two lines for each way of coming: with nothing to show
//! (profile 0), with passwords (1), and with passwords over TLS (2); each for the first time that they come and for coming
//! again. The service is a process of its own, so that its CPU time is its alone; what a charger costs more than with
//! profile 0 is authentication and TLS. The chargers share the machine, and over TLS they do half of the work: with two
//! cores the time until all are booted is theirs as much as the service's.

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

/// Ways of coming: the profile, and whether there are passwords and TLS.
const WAYS: [(&str, bool, bool); 3] = [("0", false, false), ("1", true, false), ("2", true, true)];

/// Sockets that this process may hold beside those of chargers.
const OTHERS: usize = 200;

/// So many chargers as asked for, or as many as this process may hold sockets for.
fn possible(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    let most = line.split_whitespace().next().and_then(|most| most.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let possible = wanted.min(most.saturating_sub(OTHERS));
    if possible < wanted {
        println!("{possible} chargers instead of {wanted}: this process may open {most} files (ulimit -n)");
    }
    possible
}

/// Lets every charger connect and boot, so many at a time. Gives back their sockets, and how many had to try again.
async fn storm(server: &Server, chargers: usize, at_once: usize, with_password: bool) -> (Vec<Socket>, usize) {
    let (places, again) = (Arc::new(Semaphore::new(at_once)), Arc::new(AtomicUsize::new(0)));
    let address = server.address;
    let tasks: Vec<_> = (0..chargers)
        .map(|charger| {
            let (places, again, tls) = (places.clone(), again.clone(), server.tls.clone());
            tokio::spawn(async move {
                let _place = places.acquire_owned().await.unwrap();
                let password = with_password.then(|| password(charger));
                loop {
                    let name = format!("CP-{charger}");
                    if let Some(mut socket) = connect(address, &name, tls.as_ref(), password.as_deref()).await
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
        "{:<8} {:<6} {:>8} {:>9} {:>7} {:>13} {:>14} {:>12} {:>6}",
        "profile", "time", "chargers", "booted s", "CPU s", "us a charger", "more than in 0", "tried again", "MiB"
    );
    let mut plain = [0.0; 2];
    for (profile, with_password, over_tls) in WAYS {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        let mut text = String::new();
        for charger in (0..chargers).filter(|_| with_password) {
            writeln!(text, "\"CP-{charger}\" = \"{}\"", password(charger)).unwrap();
        }
        std::fs::write(file.path(), text).unwrap();
        // With nothing to show they are strangers, whom the service holds back: a registry would let them in as well.
        let settings = [
            ("CHARGEWATCH_OCPP__SECURITY_PROFILE", profile),
            ("CHARGEWATCH_LIMITS__STRANGERS_S", "0"),
            ("CHARGEWATCH_LIMITS__RESERVE_PERCENT", "0"),
        ];
        let start = if over_tls { Server::start_over_tls } else { Server::start };
        let server = start(&settings, with_password.then(|| file.path()));
        for (time, plain) in ["first", "again"].into_iter().zip(&mut plain) {
            let (cpu, began) = (server.cpu(), Instant::now());
            let (sockets, again) = storm(&server, chargers, at_once, with_password).await;
            let (cpu, took) = ((server.cpu() - cpu).as_secs_f64(), began.elapsed().as_secs_f64());
            let each = cpu * 1e6 / chargers as f64;
            if profile == "0" {
                *plain = each;
            }
            println!(
                "{profile:<8} {time:<6} {chargers:>8} {took:>9.1} {cpu:>7.2} {each:>13.0} {:>14.0} {again:>12} {:>6.0}",
                each - *plain,
                server.memory_mib()
            );
            drop(sockets);
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let chargers = possible(numbers.first().copied().unwrap_or(19_000));
    let at_once = numbers.get(1).copied().unwrap_or(500);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(bench(chargers, at_once));
    runtime.shutdown_background();
}
