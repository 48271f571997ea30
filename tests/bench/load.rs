//! What a message and an idle charger cost: chargewatch beside a bare WebSocket echo server, in the same run.
//!
//! `cargo bench --bench load -- [seconds] [chargers …]` prints a table. Each charger keeps one call outstanding, as OCPP
//! wants it; every call is a MeterValues with two values, answered when it is durable. The servers are processes of
//! their own, so that their CPU time and memory are theirs alone; the load comes from this one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed"
)]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// What is measured of one server at one number of chargers.
struct Row {
    server: &'static str,
    chargers: usize,
    rate: f64,
    cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
    idle_bytes: f64,
}

/// A server process.
struct Server {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    fn chargewatch() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_chargewatch"))
            .args(["serve", "--ocpp-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path())
            .env("CHARGEWATCH_LOG__FORMAT", "json")
            // A charger of this load says in a second what a real one says in an hour.
            .env("CHARGEWATCH_LIMITS__CHARGER_FRAMES_S", "0")
            .env("CHARGEWATCH_LIMITS__ADDRESS_FRAMES_S", "0")
            .env("CHARGEWATCH_LOG__FILTER", "chargewatch::app=info,error")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("\"serving\"")).unwrap().unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: line["fields"]["chargers"].as_str().unwrap().parse().unwrap(), _folder: folder }
    }

    fn echo() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child =
            Command::new(std::env::current_exe().unwrap()).arg("echo").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().unwrap(), _folder: folder }
    }

    /// CPU time of the process so far, user and system.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// Resident memory in bytes.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

/// The bare server: accepts, answers each text with a short one, nothing else.
async fn echo() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let accept = tokio_tungstenite::accept_hdr_async_with_config(stream, same_protocol, Some(small()));
            let Ok(mut socket) = Box::pin(accept).await else { return };
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() && socket.send(Message::text("[3,\"1\",{}]")).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Agrees to the subprotocol that is offered.
#[allow(clippy::result_large_err, reason = "the library says what a handshake may be refused with")]
fn same_protocol(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    if let Some(offered) = request.headers().get("Sec-WebSocket-Protocol") {
        response.headers_mut().insert("Sec-WebSocket-Protocol", offered.clone());
    }
    Ok(response)
}

fn small() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0).max_write_buffer_size(1 << 20)
}

type Socket = WebSocketStream<TcpStream>;

async fn connect(address: SocketAddr, charger: usize) -> Socket {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = format!("ws://{address}/ocpp/CP-{charger}").into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ocpp1.6"));
    let shaken = tokio_tungstenite::client_async_with_config(request, stream, Some(small())).await;
    shaken.unwrap().0
}

/// The n-th MeterValues of a charger.
fn reading(charger: usize, n: u64) -> String {
    let second = n % 60;
    let (minute, hour, day) = (n / 60 % 60, n / 3600 % 24, 1 + n / 86_400);
    format!(
        "[2,\"{n}\",\"MeterValues\",{{\"connectorId\":1,\"meterValue\":[{{\"timestamp\":\"2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z\",\
         \"sampledValue\":[{{\"value\":\"{}\",\"context\":\"Sample.Periodic\",\"measurand\":\"Energy.Active.Import.Register\",\"unit\":\"Wh\"}},\
         {{\"value\":\"7360\",\"context\":\"Sample.Periodic\",\"measurand\":\"Power.Active.Import\",\"unit\":\"W\"}}]}}]}}]",
        charger as u64 * 1000 + n
    )
}

/// Sends as fast as answers come until told to stop; gives back the times that answers took. `pause` slows it down.
async fn drive(
    mut socket: Socket,
    charger: usize,
    sent: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    pause: Duration,
) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        n += 1;
        let began = Instant::now();
        socket.send(Message::text(reading(charger, n))).await.unwrap();
        loop {
            if socket.next().await.unwrap().unwrap().is_text() {
                break;
            }
        }
        times.push(began.elapsed());
        sent.fetch_add(1, Ordering::Relaxed);
    }
    times
}

async fn measure(name: &'static str, server: Server, chargers: usize, seconds: u64, pause: Duration) -> Row {
    let before = server.memory();
    let mut sockets = Vec::new();
    for charger in 0..chargers {
        sockets.push(connect(server.address, charger).await);
    }
    // What came before is in the ledger once the last charger has been answered.
    let last = sockets.last_mut().unwrap();
    last.send(Message::text("[2,\"0\",\"FirmwareStatusNotification\",{\"status\":\"Idle\"}]")).await.unwrap();
    last.next().await.unwrap().unwrap();
    let idle_bytes = server.memory().saturating_sub(before) as f64 / chargers as f64;
    let (sent, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let drivers: Vec<_> = sockets
        .into_iter()
        .enumerate()
        .map(|(charger, socket)| tokio::spawn(drive(socket, charger, sent.clone(), stop.clone(), pause)))
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (cpu, count, began) = (server.cpu(), sent.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (cpu, count, took) = (server.cpu() - cpu, sent.load(Ordering::Relaxed) - count, began.elapsed());
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for driver in drivers {
        times.extend(driver.await.unwrap());
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    Row {
        server: name,
        chargers,
        rate: count as f64 / took.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / count as f64,
        p50_ms: at(50),
        p99_ms: at(99),
        idle_bytes,
    }
}

fn print(row: &Row) {
    println!(
        "{:<12} {:>8} {:>12.0} {:>12.1} {:>10.2} {:>10.2} {:>12.1}",
        row.server,
        row.chargers,
        row.rate,
        row.cpu_us,
        row.p50_ms,
        row.p99_ms,
        row.idle_bytes / 1024.0
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if arguments.first().is_some_and(|argument| argument == "echo") {
        return runtime.block_on(echo());
    }
    let numbers: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let seconds = numbers.first().copied().unwrap_or(5);
    let fleet: Vec<usize> = numbers.iter().skip(1).map(|number| *number as usize).collect();
    let fleet = if fleet.is_empty() { vec![100, 1000, 10_000] } else { fleet };
    println!(
        "{:<12} {:>8} {:>12} {:>12} {:>10} {:>10} {:>12}",
        "server", "chargers", "answers/s", "CPU us each", "p50 ms", "p99 ms", "idle KiB"
    );
    runtime.block_on(async {
        for chargers in fleet {
            print(&measure("echo", Server::echo(), chargers, seconds, Duration::ZERO).await);
            let full = measure("chargewatch", Server::chargewatch(), chargers, seconds, Duration::ZERO).await;
            print(&full);
            // Half of that rate: what an answer takes when the machine is not at its end.
            let pause = Duration::from_secs_f64(2.0 * chargers as f64 / full.rate);
            print(&measure("half rate", Server::chargewatch(), chargers, seconds, pause).await);
        }
    });
}
