//! What healthy chargers notice while strangers attack, and what memory that takes.
//!
//! `cargo bench --bench attack -- [seconds] [chargers]` prints a table: one line for each attack, with the answers that
//! healthy chargers get meanwhile, and at the end the memory of the service before, at most and afterwards. The service, the attackers and the chargers are three processes; attackers come
//! from other addresses of loopback and run at the lowest priority, as they do not own the machine in the field
//! either. Every attack is bounded in time and in sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed"
)]

mod common;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Server, ask, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The attacks, each with how many sockets it holds at once.
const ATTACKS: [(&str, usize); 7] = [
    ("slowloris", 10_000),
    ("giant frames", 50),
    ("extension offers", 50),
    ("connects", 200),
    ("endless fragments", 50),
    ("pings", 50),
    ("new names", 50),
];

/// How often each healthy charger says something.
const EACH: Duration = Duration::from_millis(200);

/// What is borne at most of memory beyond what the service had before: the bound of the README.
const BOUND_MIB: f64 = 128.0;

fn upgrade(id: u64, more: &str) -> String {
    format!(
        "GET /ocpp/ATT-{id} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{more}\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
    )
}

/// A socket from an address of the attackers'.
async fn socket(server: SocketAddr, from: usize) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(format!("127.0.0.{}:0", 2 + from % 8).parse().unwrap()).ok()?;
    let stream = socket.connect(server).await.ok()?;
    // Gone at once when it is dropped: ports do not run out.
    stream.set_zero_linger().ok()?;
    Some(stream)
}

/// Writes the same again and again until the socket is cut.
async fn pour(stream: &mut TcpStream, bytes: &[u8]) {
    while stream.write_all(bytes).await.is_ok() {}
}

/// One attempt of an attack.
async fn attempt(attack: &str, server: SocketAddr, place: usize, n: u64) {
    // Connects come from one address, all others from eight.
    let Some(mut stream) = socket(server, if attack == "connects" { 0 } else { place }).await else { return };
    let mut answer = [0; 1024];
    // Who wants to be let in comes under few names, for strangers are let in slowly; a new name each time is an attack too.
    let n = if matches!(attack, "new names" | "extension offers") { n } else { place as u64 };
    let mut shake = async |stream: &mut TcpStream, more: &str| {
        stream.write_all(upgrade(n, more).as_bytes()).await.is_ok() && stream.read(&mut answer).await.is_ok()
    };
    match attack {
        "slowloris" => {
            stream.write_all(b"GET /ocpp/ATT HTTP/1.1\r\nHost:").await.ok();
            // It waits until it is cut.
            stream.read_u8().await.ok();
        }
        "giant frames" => {
            let head = [&[0x81, 0xff][..], &(1_u64 << 30).to_be_bytes(), &[0; 4]].concat();
            if shake(&mut stream, "").await && stream.write_all(&head).await.is_ok() {
                pour(&mut stream, &[b'x'; 65_536]).await;
            }
        }
        "extension offers" => {
            let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=4294967295; x=";
            let offers = format!("{offer}{}\r\n", "9".repeat(300)).repeat(38);
            shake(&mut stream, &offers).await;
        }
        "endless fragments" if shake(&mut stream, "").await => {
            stream.write_all(&[0x01, 0x81, 0, 0, 0, 0, b'[']).await.ok();
            pour(&mut stream, &[0x00, 0x80, 0, 0, 0, 0].repeat(500)).await;
        }
        "pings" if shake(&mut stream, "").await => {
            pour(&mut stream, &[0x89, 0x80, 0, 0, 0, 0].repeat(500)).await;
        }
        "new names" => drop(shake(&mut stream, "").await),
        _ => {}
    }
}

/// The attackers' process.
async fn attack(name: String, sockets: usize, server: SocketAddr, seconds: u64) {
    let (attempts, end) = (Arc::new(AtomicU64::new(0)), Instant::now() + Duration::from_secs(seconds));
    for place in 0..sockets {
        let (name, attempts) = (name.clone(), attempts.clone());
        tokio::spawn(async move {
            while Instant::now() < end {
                let n = attempts.fetch_add(1, Ordering::Relaxed);
                attempt(&name, server, place, n).await;
                tokio::task::yield_now().await;
            }
        });
    }
    tokio::time::sleep_until(end.into()).await;
    println!("{}", attempts.load(Ordering::Relaxed));
}

fn attackers(name: &str, sockets: usize, server: SocketAddr, seconds: u64) -> Child {
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(std::env::current_exe().unwrap());
    command.args(["attack", name, &sockets.to_string(), &server.to_string(), &seconds.to_string()]);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// The n-th call of a charger.
fn call(n: u64) -> String {
    format!(
        "[2,\"{n}\",\"MeterValues\",{{\"connectorId\":1,\"meterValue\":[{{\"timestamp\":\"2026-01-01T{:02}:{:02}:{:02}Z\",\
         \"sampledValue\":[{{\"value\":\"{n}\",\"measurand\":\"Energy.Active.Import.Register\",\"unit\":\"Wh\"}}]}}]}}]",
        n / 3600 % 24,
        n / 60 % 60,
        n % 60
    )
}

/// A healthy charger: says something now and then, for ever; notes how long answers take.
async fn charger(server: SocketAddr, id: usize, times: Arc<std::sync::Mutex<Vec<Duration>>>, lost: Arc<AtomicU64>) {
    let mut n = 0;
    loop {
        let Some(mut socket) = connect(server, &format!("CP-{id}"), None, None).await else {
            lost.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(EACH).await;
            continue;
        };
        loop {
            tokio::time::sleep(EACH).await;
            n += 1;
            let began = Instant::now();
            if ask(&mut socket, call(n)).await.is_none() {
                break;
            }
            times.lock().unwrap().push(began.elapsed());
        }
        lost.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let [word, name, sockets, server, seconds] = arguments.as_slice()
        && word == "attack"
    {
        let (sockets, server, seconds) = (sockets.parse().unwrap(), server.parse().unwrap(), seconds.parse().unwrap());
        runtime.block_on(attack(name.clone(), sockets, server, seconds));
        return runtime.shutdown_background();
    }
    let number = |at: usize, usual: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(usual);
    runtime.block_on(bench(number(0, 5), usize::try_from(number(1, 200)).unwrap()));
    runtime.shutdown_background();
}

async fn bench(seconds: u64, chargers: usize) {
    let server = Server::start(&[], None);
    let (times, lost) = (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::new(AtomicU64::new(0)));
    for id in 0..chargers {
        tokio::spawn(charger(server.address, id, times.clone(), lost.clone()));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!(
        "{:<18} {:>12} {:>9} {:>9} {:>9} {:>7} {:>6} {:>9} {:>7}",
        "attack", "attempts/s", "answers/s", "p50 ms", "p99 ms", "x", "lost", "most MiB", "CPU %"
    );
    let (before, mut most_of_all) = (server.memory_mib(), 0.0_f64);
    let mut healthy = 0.0;
    let none = ("none", 0);
    for (name, sockets) in [none].into_iter().chain(ATTACKS).chain([none]) {
        let child = (sockets > 0).then(|| attackers(name, sockets, server.address, seconds + 1));
        tokio::time::sleep(Duration::from_secs(1)).await;
        times.lock().unwrap().clear();
        let (cpu, began, lost_before) = (server.cpu(), Instant::now(), lost.load(Ordering::Relaxed));
        let mut most = 0.0_f64;
        while began.elapsed() < Duration::from_secs(seconds) {
            most = most.max(server.memory_mib());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        most_of_all = most_of_all.max(most);
        let (cpu, took) = (server.cpu() - cpu, began.elapsed().as_secs_f64());
        let mut answers = std::mem::take(&mut *times.lock().unwrap());
        answers.sort_unstable();
        let at =
            |share: usize| answers.get(answers.len() * share / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
        let attempts: f64 = child.map_or(0.0, |child| {
            let output = child.wait_with_output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
        });
        if healthy == 0.0 {
            healthy = at(99);
        }
        println!(
            "{name:<18} {:>12.0} {:>9.0} {:>9.2} {:>9.2} {:>7.2} {:>6} {most:>9.1} {:>7.0}",
            attempts / (seconds + 1) as f64,
            answers.len() as f64 / took,
            at(50),
            at(99),
            at(99) / healthy,
            lost.load(Ordering::Relaxed) - lost_before,
            cpu.as_secs_f64() / took * 100.0
        );
    }
    let (after, more) = (server.memory_mib(), most_of_all - before);
    let verdict = if more <= BOUND_MIB { "within" } else { "BEYOND" };
    println!(
        "memory: {before:.1} MiB before, {most_of_all:.1} at most, {after:.1} afterwards; {more:.1} more at most, {verdict} the \
         bound of {BOUND_MIB}"
    );
}
