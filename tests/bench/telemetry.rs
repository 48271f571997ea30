//! What telemetry costs: points encoded a second, a month of hours over millions of readings, and what a message costs
//! with a sink and without.
//!
//! `cargo bench --bench telemetry -- [millions of readings] [seconds of load]`. The servers of the last part are processes
//! of their own, so that their CPU time is theirs alone; runs with and without a sink alternate, and the middle one of each
//! counts, because a shared machine is never quiet.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed"
)]

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chargewatch::config::sites::Registry;
use chargewatch::domain::energy::Milli;
use chargewatch::domain::ids::{ChargerId, Outlet};
use chargewatch::domain::telemetry::Measure;
use chargewatch::domain::time::At;
use chargewatch::sink::line::Lines;
use chargewatch::sink::schema::Writer;
use chargewatch::store::telemetry::{Place, ReadingFact};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// Chargers of the month, sites, and how many of them charge at a time.
const CHARGERS: u64 = 2000;
const SITES: u64 = 40;
const DAYS: u64 = 30;
const BEGIN_S: u64 = 1_793_491_200;

fn encoding() {
    let measure = |name: &str| Measure::from_name(name).unwrap();
    let names = ["energy_wh", "power_w", "current_l1_a", "voltage_l1_v", "soc_percent"];
    let facts: Vec<ReadingFact> = (0..5000)
        .map(|n| ReadingFact {
            place: Place { charger: ChargerId::new(format!("CP-{}", n % 500)), outlet: Outlet::new(1, 1) },
            at: At::from_millis(1_795_521_600_000 + n * 1000),
            values: names.iter().map(|name| (measure(name), Milli(12_345_678 + n * 1001))).collect(),
        })
        .collect();
    let (mut writer, sites, mut lines) = (Writer::default(), Registry::default(), Lines::default());
    let round = |writer: &mut Writer, lines: &mut Lines| {
        let began = Instant::now();
        for _ in 0..20 {
            lines.clear();
            facts.iter().for_each(|fact| writer.reading(fact, &sites, lines));
            black_box(lines.as_bytes());
        }
        20.0 * facts.len() as f64 / began.elapsed().as_secs_f64()
    };
    let best = (0..10).map(|_| round(&mut writer, &mut lines)).fold(0.0, f64::max);
    let bytes = lines.bytes() as f64 / facts.len() as f64;
    println!("encoding: {best:.0} points/s on one core, {} fields and {bytes:.0} bytes each", names.len());
}

/// A running chargewatch.
struct Server {
    child: Child,
    chargers: SocketAddr,
    readers: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    fn start(folder: &Path, more: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chargewatch"));
        command
            .args(["serve", "--ocpp-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .env("CHARGEWATCH_LOG__FORMAT", "json")
            .env("CHARGEWATCH_LOG__FILTER", "chargewatch::app=info,error");
        command.envs(more.iter().copied());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("\"serving\"")).unwrap().unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let address = |name: &str| line["fields"][name].as_str().unwrap().parse().unwrap();
        Self { chargers: address("chargers"), readers: address("readers"), child }
    }

    /// CPU time of the process so far, user and system.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        Duration::from_millis((fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10)
    }

    /// Asks the API: the body of the answer.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.readers).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

/// Readings of a register, once a minute while a connector charges: 12 of 100 at a time. They are written before there
/// are roll-ups, which the next start makes of them.
fn fill(folder: &Path, readings: u64) {
    let db = rusqlite::Connection::open(folder.join("chargewatch.db")).unwrap();
    let sessions = readings / (CHARGERS * DAYS);
    db.execute_batch(&format!(
        "PRAGMA synchronous = OFF; BEGIN;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {CHARGERS})
         INSERT INTO charger_row (charger, folded, first_seen_ms) SELECT 'B-' || i, 'b-' || i, 0 FROM n;
         INSERT INTO reading_kind VALUES (1, 'Energy.Active.Import.Register', '', 'Outlet', 'Sample.Periodic', 'Wh');
         WITH RECURSIVE d(day) AS (SELECT 0 UNION ALL SELECT day + 1 FROM d WHERE day < {DAYS} - 1),
           m(minute) AS (SELECT 0 UNION ALL SELECT minute + 1 FROM m WHERE minute < {sessions} - 1)
         INSERT INTO reading_row SELECT c.id, 1, 1, ({BEGIN_S} + day * 86400 + (c.id * 37 % 1200 + minute) * 60) * 1000, 1,
           (day * {sessions} + minute) * 120000, NULL, NULL, 0, 0 FROM charger_row c, d, m;
         DROP VIEW energy_by_hour; DROP VIEW dead_letter; DROP TABLE dead_letter_row; DROP TABLE sink_position;
         DROP TABLE outbox; DROP TABLE rollup_minute; DROP TABLE rollup_quarter; DROP TABLE rollup_hour;
         PRAGMA user_version = 2; COMMIT;"
    ))
    .unwrap();
}

fn registry(folder: &Path) -> String {
    let path = folder.join("sites.csv");
    let rows: String = (1..=CHARGERS).map(|charger| format!("B-{charger},site-{}\n", charger % SITES)).collect();
    std::fs::write(&path, format!("charger_id,site_id\n{rows}")).unwrap();
    path.display().to_string()
}

fn month(millions: u64) {
    let folder = tempfile::tempdir().unwrap();
    let keep = [("CHARGEWATCH_TELEMETRY__RAW_KEEP_DAYS", "0"), ("CHARGEWATCH_TELEMETRY__MINUTE_KEEP_DAYS", "0")];
    drop(Server::start(folder.path(), &keep));
    fill(folder.path(), millions * 1_000_000);
    let file = registry(folder.path());
    let settings = [keep[0], keep[1], ("CHARGEWATCH_REGISTRY__FILE", &file)];
    let began = Instant::now();
    let server = Server::start(folder.path(), &settings);
    let size = std::fs::metadata(folder.path().join("chargewatch.db")).unwrap().len() / 1_000_000;
    println!("{millions} million readings rolled up in {:?}, the ledger has {size} MB", began.elapsed());
    let day = |days: u64| At::from_millis(((BEGIN_S + days * 86_400) * 1000) as i64).to_rfc3339();
    let month = format!("from={}&to={}", day(0), day(DAYS));
    for (what, query) in [
        ("30 days by the hour, one site", format!("{month}&step=1h&per=site&site=site-7")),
        ("30 days by the hour, every site", format!("{month}&step=1h&per=site")),
        ("30 days by the day, every charger", format!("{month}&step=1d&per=charger")),
        ("a day by the minute, one charger", format!("from={}&to={}&step=1m&charger=B-7", day(3), day(4))),
    ] {
        let cpu = server.cpu();
        let mut took: Vec<(Duration, usize)> = (0..20)
            .map(|_| {
                let began = Instant::now();
                let points = server.get(&format!("/api/v1/telemetry?format=ndjson&{query}")).lines().count();
                (began.elapsed(), points)
            })
            .collect();
        took.sort();
        let cpu = (server.cpu() - cpu) / 20;
        println!("  {what}: {:.1?}, best {:.1?}, CPU {cpu:.1?}, {} points", took[10].0, took[0].0, took[0].1);
    }
}

/// The n-th MeterValues of a charger: register and power, at the outlet, or where nothing is rolled up.
fn reading(charger: usize, n: u64, location: &str) -> String {
    let (second, minute, hour, day) = (n % 60, n / 60 % 60, n / 3600 % 24, 1 + n / 86_400);
    format!(
        "[2,\"{n}\",\"MeterValues\",{{\"connectorId\":1,\"meterValue\":[{{\"timestamp\":\"2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z\",\
         \"sampledValue\":[{{\"value\":\"{}\",\"location\":\"{location}\",\"measurand\":\"Energy.Active.Import.Register\",\"unit\":\"Wh\"}},\
         {{\"value\":\"7360\",\"location\":\"{location}\",\"measurand\":\"Power.Active.Import\",\"unit\":\"W\"}}]}}]}}]",
        charger as u64 * 1000 + n
    )
}

async fn drive(load: Load, address: SocketAddr, charger: usize, sent: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    let pause = Duration::from_secs_f64(load.chargers as f64 / load.rate);
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = format!("ws://{address}/ocpp/CP-{charger}").into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ocpp1.6"));
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(pause).await;
        n += 1;
        socket.send(Message::text(reading(charger, n, load.location))).await.unwrap();
        while !socket.next().await.unwrap().unwrap().is_text() {}
        sent.fetch_add(1, Ordering::Relaxed);
    }
}

/// A server that takes whatever it is sent.
fn takes_all() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || take_all(stream.unwrap()));
        }
    });
    url
}

fn take_all(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).ok()?;
        reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}

/// A load: so many chargers, so many messages a second in all, of readings at a place on the wiring.
#[derive(Clone, Copy)]
struct Load {
    chargers: usize,
    rate: f64,
    location: &'static str,
}

/// CPU microseconds for each message, and how many of them a second.
async fn measure(load: Load, url: &str, seconds: u64) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let sink = [("CHARGEWATCH_INFLUX__URL", url), ("CHARGEWATCH_INFLUX__BUCKET", "b")];
    let server = Server::start(folder.path(), if url.is_empty() { &[] } else { &sink });
    let (sent, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let start = |charger| tokio::spawn(drive(load, server.chargers, charger, sent.clone(), stop.clone()));
    let drivers: Vec<_> = (0..load.chargers).map(start).collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (cpu, count, began) = (server.cpu(), sent.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (cpu, count) = (server.cpu() - cpu, (sent.load(Ordering::Relaxed) - count) as f64);
    let rate = count / began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    for driver in drivers {
        driver.await.unwrap();
    }
    (cpu.as_secs_f64() * 1e6 / count, rate)
}

async fn ingest(seconds: u64) {
    let url = takes_all();
    for (chargers, rate) in [(200, 2000.0), (1000, 5000.0)] {
        let at = |location| Load { chargers, rate, location };
        let kinds = [(at("Cable"), ""), (at("Outlet"), ""), (at("Outlet"), url.as_str())];
        let mut rounds = [const { Vec::new() }; 3];
        for _ in 0..3 {
            for (round, (load, url)) in rounds.iter_mut().zip(kinds) {
                round.push(measure(load, url, seconds).await);
            }
        }
        let [bare, plain, sunk] = rounds.map(|mut round| {
            round.sort_by(|a, b| a.0.total_cmp(&b.0));
            round[1]
        });
        println!(
            "{chargers} chargers, {:.0} messages/s: {:.1} us of CPU each without roll-ups, {:.1} with them ({:+.0} %), {:.1} with a sink too ({:+.0} %)",
            sunk.1,
            bare.0,
            plain.0,
            (plain.0 / bare.0 - 1.0) * 100.0,
            sunk.0,
            (sunk.0 / plain.0 - 1.0) * 100.0
        );
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    encoding();
    if let Some(millions) = Some(numbers.first().copied().unwrap_or(10)).filter(|millions| *millions > 0) {
        month(millions);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(ingest(numbers.get(1).copied().unwrap_or(5)));
}
