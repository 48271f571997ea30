//! What a scrape of a large network takes, and what chargers notice of it.
//!
//! `cargo bench --bench scrape -- [chargers] [scrapes]`: so many chargers with two connectors each, all charging, all
//! their live values fresh. Prints time and bytes of a scrape; then how long some of the chargers wait for answers,
//! without scrapes and with one after the other. The service is a process of its own.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on has failed")]

mod common;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{Server, Socket, ask, connect};

/// Chargers of a site.
const PER_SITE: usize = 25;

/// Chargers that go on speaking while their answers are timed, each some twenty times a second.
const SPEAKING: usize = 100;

fn registry(chargers: usize) -> String {
    (0..chargers).fold("charger_id,site_id,evse_id,connector_ids,rated_kw\n".to_owned(), |mut text, charger| {
        for evse in 1..=2 {
            writeln!(text, "CP-{charger},site-{},{evse},{evse},50", charger / PER_SITE).unwrap();
        }
        text
    })
}

/// Values of a charging connector, at a time from now on.
fn values(connector: u32, second: i64) -> String {
    let at = chrono::Utc::now() + chrono::Duration::seconds(second);
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let phase = |measurand: &str, unit: &str, value: u32| {
        (1..=3).fold(String::new(), |mut text, phase| {
            write!(text, r#",{{"value":"{value}","measurand":"{measurand}","unit":"{unit}","phase":"L{phase}"}}"#)
                .unwrap();
            text
        })
    };
    let (currents, voltages) = (phase("Current.Import", "A", 16), phase("Voltage", "V", 230));
    format!(
        r#"[2,"m","MeterValues",{{"connectorId":{connector},"meterValue":[{{"timestamp":"{at}","sampledValue":[{{"value":"1000","measurand":"Energy.Active.Import.Register","unit":"Wh"}},{{"value":"11000","measurand":"Power.Active.Import","unit":"W"}},{{"value":"22000","measurand":"Power.Offered","unit":"W"}},{{"value":"55","measurand":"SoC","unit":"Percent"}}{currents}{voltages}]}}]}}]"#
    )
}

/// A charger whose two connectors charge.
async fn busy(address: SocketAddr, charger: usize) -> Socket {
    let mut socket = connect(address, &format!("CP-{charger}"), None, None).await.unwrap();
    ask(&mut socket, r#"[2,"b","BootNotification",{"chargePointVendor":"Maker","chargePointModel":"Model"}]"#.into())
        .await
        .unwrap();
    let at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    for connector in 1..=2 {
        for call in [
            format!(
                r#"[2,"s","StatusNotification",{{"connectorId":{connector},"errorCode":"NoError","status":"Charging","timestamp":"{at}"}}]"#
            ),
            format!(
                r#"[2,"t","StartTransaction",{{"connectorId":{connector},"idTag":"T{charger}","meterStart":0,"timestamp":"{at}"}}]"#
            ),
            values(connector, 0),
        ] {
            ask(&mut socket, call).await.unwrap();
        }
    }
    socket
}

/// One scrape: how long, and how many bytes.
fn scrape(readers: SocketAddr) -> (Duration, usize) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(readers).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut page = Vec::new();
    stream.read_to_end(&mut page).unwrap();
    assert!(page.starts_with(b"HTTP/1.0 200"));
    (began.elapsed(), page.len())
}

/// The value below which so many of a hundred lie.
fn quantile(times: &mut [Duration], hundredths: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * hundredths / 100]
}

/// Lets some chargers speak for a while; how long they waited.
async fn speak(sockets: &mut [Socket], seconds: u64) -> Vec<Duration> {
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut waits = Vec::new();
    let mut drivers = Vec::new();
    for socket in sockets {
        drivers.push(async move {
            let (mut waits, mut second) = (Vec::new(), 1);
            while Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let (began, call) = (Instant::now(), values(1, second));
                second += 1;
                ask(socket, call).await.unwrap();
                waits.push(began.elapsed());
            }
            waits
        });
    }
    for own in futures_util::future::join_all(drivers).await {
        waits.extend(own);
    }
    waits
}

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let (chargers, scrapes) = (numbers.next().unwrap_or(5000), numbers.next().unwrap_or(20));
    let folder = tempfile::tempdir().unwrap();
    let sites = folder.path().join("sites.csv");
    std::fs::write(&sites, registry(chargers)).unwrap();
    let settings = [
        ("CHARGEWATCH_REGISTRY__FILE", sites.to_str().unwrap()),
        ("CHARGEWATCH_LIMITS__CHARGER_FRAMES_S", "0"),
        ("CHARGEWATCH_LIMITS__ADDRESS_FRAMES_S", "0"),
    ];
    let server = Server::start(&settings, None);
    let mut sockets = Vec::with_capacity(chargers);
    for first in (0..chargers).step_by(100) {
        let some = (first..chargers.min(first + 100)).map(|charger| busy(server.address, charger));
        sockets.extend(futures_util::future::join_all(some).await);
    }
    let readers = server.readers;
    let cpu = server.cpu();
    let (mut times, bytes) = tokio::task::spawn_blocking(move || {
        let taken: Vec<_> = (0..scrapes).map(|_| scrape(readers)).collect();
        (taken.iter().map(|(time, _)| *time).collect::<Vec<_>>(), taken[0].1)
    })
    .await
    .unwrap();
    let cpu = (server.cpu() - cpu) / u32::try_from(scrapes).unwrap();
    let median = quantile(&mut times, 50);
    println!(
        "scrape of {chargers} chargers with two connectors: median {median:.1?}, slowest {:.1?}, {cpu:.1?} of CPU, {:.1} MiB, service {:.0} MiB",
        times[times.len() - 1],
        bytes as f64 / 1_048_576.0,
        server.memory_mib()
    );
    let speaking = SPEAKING.min(chargers);
    let mut quiet = speak(&mut sockets[..speaking], 5).await;
    println!("answers without scrapes: p50 {:.1?}, p99 {:.1?}", quantile(&mut quiet, 50), quantile(&mut quiet, 99));
    let stop = Arc::new(AtomicBool::new(false));
    let scraping = tokio::task::spawn_blocking({
        let stop = stop.clone();
        move || {
            while !stop.load(Ordering::Relaxed) {
                scrape(readers);
            }
        }
    });
    let mut scraped = speak(&mut sockets[..speaking], 5).await;
    stop.store(true, Ordering::Relaxed);
    scraping.await.unwrap();
    println!(
        "answers under endless scrapes: p50 {:.1?}, p99 {:.1?}",
        quantile(&mut scraped, 50),
        quantile(&mut scraped, 99)
    );
}
