//! What must never happen: a lost acknowledgement, a doubled fact, a dead socket. The service as a process of its own
//! is killed at random moments; its disk is filled; it is sent whatever comes to mind.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::{Charger, PATIENCE, Service, get, noon};

/// How often the service is killed.
const KILLS: usize = 24;

/// Chargers that send while it is killed.
const CHARGERS: usize = 12;

/// The service as a process.
struct Process {
    child: Child,
    ocpp: SocketAddr,
    http: SocketAddr,
}

impl Process {
    /// Starts it on a folder and waits until it serves.
    fn start(folder: &Path, ocpp: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chargewatch"))
            .args(["serve", "--ocpp-listen", ocpp, "--http-listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .env("CHARGEWATCH_LOG__FORMAT", "json")
            .env("CHARGEWATCH_LOG__FILTER", "chargewatch::app=info,error")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for line in lines.map(Result::unwrap) {
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if line["fields"]["message"] == "serving" {
                let address = |name: &str| line["fields"][name].as_str().unwrap().parse().unwrap();
                return Self { ocpp: address("chargers"), http: address("readers"), child };
            }
        }
        child.wait().unwrap();
        panic!("it ended before it served");
    }

    /// SIGKILL: no goodbye.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A charger that keeps what was not acknowledged and sends it again, with a new message id, until it is.
struct Persistent {
    id: String,
    address: SocketAddr,
    rng: StdRng,
    /// What was acknowledged: per session (its start register) the transaction id, readings and stop register.
    acknowledged: BTreeMap<i64, Told>,
    clock: i64,
}

#[derive(Clone, Default, Debug)]
struct Told {
    transaction: i64,
    readings: usize,
    stop: Option<i64>,
}

impl Persistent {
    /// Sends sessions until told to stop; whatever is in hand is then still seen through.
    async fn run(mut self, mut stop: tokio::sync::watch::Receiver<bool>) -> Self {
        let mut socket = None;
        let mut message = 0_u64;
        while !*stop.borrow_and_update() {
            let register = 1_000_000 + self.clock * 10;
            let begin = self.time();
            let start = format!(
                r#""StartTransaction",{{"connectorId":1,"idTag":"A1","meterStart":{register},"timestamp":"{begin}"}}"#
            );
            let answer = self.insist(&mut socket, &mut message, &start).await;
            let transaction = answer[2]["transactionId"].as_i64().unwrap();
            let told = Told { transaction, ..Told::default() };
            assert!(self.acknowledged.insert(register, told).is_none());
            let readings = self.rng.random_range(1..6);
            for n in 1..=readings {
                self.clock += 1;
                let (at, value) = (self.time(), register + n);
                let reading = format!(
                    r#""MeterValues",{{"connectorId":1,"transactionId":{transaction},"meterValue":[{{"timestamp":"{at}","sampledValue":[{{"value":"{value}","unit":"Wh","measurand":"Energy.Active.Import.Register"}}]}}]}}"#
                );
                self.insist(&mut socket, &mut message, &reading).await;
                self.acknowledged.get_mut(&register).unwrap().readings += 1;
            }
            self.clock += 1;
            let (end, last) = (self.time(), register + readings);
            let ended = format!(
                r#""StopTransaction",{{"transactionId":{transaction},"meterStop":{last},"timestamp":"{end}"}}"#
            );
            self.insist(&mut socket, &mut message, &ended).await;
            self.acknowledged.get_mut(&register).unwrap().stop = Some(last);
            self.clock += 60;
        }
        self
    }

    fn time(&self) -> String {
        noon().plus_millis(-30 * 86_400_000 + self.clock * 1000).to_rfc3339()
    }

    /// Sends until it is acknowledged, over as many connections as that takes.
    async fn insist(&self, socket: &mut Option<Socket>, message: &mut u64, call: &str) -> Value {
        loop {
            if socket.is_none() {
                *socket = connect(self.address, &self.id).await;
            }
            let Some(open) = socket else {
                // The service is being started again.
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            *message += 1;
            let sent = open.send(Message::text(format!("[2,\"{message}\",{call}]"))).await;
            let answer = if sent.is_ok() { answer(open, *message).await } else { None };
            match answer {
                Some(answer) => return answer,
                None => *socket = None,
            }
        }
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

async fn connect(address: SocketAddr, id: &str) -> Option<Socket> {
    let stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let mut request = format!("ws://{address}/ocpp/{id}").into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ocpp1.6"));
    tokio_tungstenite::client_async(request, stream).await.ok().map(|(socket, _)| socket)
}

/// The answer to a message; `None` when the socket is gone.
async fn answer(socket: &mut Socket, message: u64) -> Option<Value> {
    loop {
        match tokio::time::timeout(PATIENCE, socket.next()).await.expect("no answer")? {
            Ok(Message::Text(text)) => {
                let answer: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(answer[0], 3, "{answer}");
                assert_eq!(answer[1], message.to_string());
                return Some(answer);
            }
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_when_the_service_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let seed = rand::random();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut process = Process::start(folder.path(), "127.0.0.1:0");
    let address = process.ocpp;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let chargers: Vec<_> = (0..CHARGERS)
        .map(|n| Persistent {
            id: format!("CP-{n}"),
            address,
            rng: StdRng::seed_from_u64(seed.wrapping_add(n as u64)),
            acknowledged: BTreeMap::new(),
            clock: 0,
        })
        .map(|charger| tokio::spawn(charger.run(stopped.clone())))
        .collect();
    for _ in 0..KILLS {
        // The moment is what is random here; nothing waits for it.
        tokio::time::sleep(Duration::from_millis(rng.random_range(20..250))).await;
        process.kill();
        process = Process::start(folder.path(), &address.to_string());
    }
    stop.send_replace(true);
    let mut sessions = 0;
    for charger in chargers {
        let charger = charger.await.unwrap();
        sessions += charger.acknowledged.len();
        check(&charger, process.http, seed);
    }
    assert!(sessions > 4 * CHARGERS, "only {sessions} sessions came to pass");
    process.kill();
}

/// The ledger has what the charger was told, each once.
fn check(charger: &Persistent, http: SocketAddr, seed: u64) {
    let (_, body) = get(http, &format!("/api/v1/sessions?charger={}&format=ndjson", charger.id));
    let rows: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), charger.acknowledged.len(), "seed {seed}, {}", charger.id);
    for (register, told) in &charger.acknowledged {
        let row = rows.iter().find(|row| row["meter_start_wh"].as_i64() == Some(*register)).unwrap();
        assert_eq!(row["id"].as_i64(), Some(told.transaction), "seed {seed}: {row}");
        assert_eq!(row["reading_count"].as_u64(), Some(told.readings as u64), "seed {seed}: {row}");
        assert_eq!(row["meter_stop_wh"].as_i64(), told.stop, "seed {seed}: {row}");
        assert_eq!(row["energy_wh"].as_i64(), told.stop.map(|stop| stop - register), "seed {seed}: {row}");
        assert_eq!(row["state"], "ended", "seed {seed}: {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_outage_is_known_and_is_not_the_chargers() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::on(folder.path(), noon(), &[]).await;
    let mut charger = service.charger("CP-1").await;
    charger
        .ask(r#"[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"2026-11-24T11:00:00Z"}]"#)
        .await;
    service.stop().await;
    let hour = 3_600_000;
    let service = Service::on(folder.path(), noon().plus_millis(hour), &[]).await;
    let causes = |service: &Service| -> Vec<(String, String)> {
        let rows =
            service.ledger("SELECT state, cause FROM availability WHERE charger = ?1 ORDER BY \"from\"", &["CP-1"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(&row[0]), text(&row[1]))).collect()
    };
    let pair = |state: &str, cause: &str| (state.to_owned(), cause.to_owned());
    assert_eq!(causes(&service), [pair("AVAILABLE", "charger"), pair("UNKNOWN", "our_outage")]);
    service.charger("CP-1").await.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
    assert_eq!(
        causes(&service),
        [pair("AVAILABLE", "charger"), pair("UNKNOWN", "our_outage"), pair("AVAILABLE", "charger")]
    );
    let outages = service.ledger("SELECT count(*) FROM our_outage", &[]);
    assert_eq!(outages, [[Value::from(1)]]);
    service.stop().await;
}

/// Waits for an answer, or until the service says that the ledger takes no writes.
async fn answered_or_full(service: &Service, charger: &mut Charger) -> bool {
    loop {
        let answer = tokio::time::timeout(Duration::from_millis(300), charger.receive()).await;
        if answer.is_ok() {
            return true;
        }
        if service.get("/readyz").await.0 == 503 {
            return false;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_answers_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(folder.path()).status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("a small file system cannot be mounted here; a full disk is not tried");
        return;
    }
    let service = Service::on(folder.path(), noon(), &[]).await;
    let mut charger = service.charger("CP-1").await;
    let ballast = folder.path().join("ballast");
    let space = std::fs::write(&ballast, vec![0; 4 << 20]);
    assert!(space.is_err(), "the disk should be full by now");
    let mut answered = 0;
    let unanswered = loop {
        let frame = format!(r#"[2,"{answered}","DataTransfer",{{"vendorId":"x","data":"{}"}}]"#, "y".repeat(20_000));
        charger.send(&frame).await;
        if !answered_or_full(&service, &mut charger).await {
            break answered;
        }
        answered += 1;
        assert!(answered < 1000, "the disk never filled");
    };
    let (status, body) = service.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains("the ledger takes no writes"), "{body}");
    assert!(service.get("/metrics").await.1.contains("chargewatch_store_writable 0"));
    std::fs::remove_file(&ballast).unwrap();
    assert!(charger.receive().await.starts_with(&format!("[3,\"{unanswered}\",")));
    assert_eq!(service.get("/readyz").await.0, 200);
    let kept = service.ledger("SELECT count(*) FROM frame WHERE action = 'DataTransfer'", &[]);
    assert_eq!(kept, [[Value::from(unanswered + 1)]]);
    service.stop().await;
    Command::new("umount").arg(folder.path()).status().unwrap();
}

/// Arbitrary JSON, nested.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let key = prop_oneof![
            Just("connectorId".to_owned()),
            Just("meterValue".to_owned()),
            Just("sampledValue".to_owned()),
            Just("transactionId".to_owned()),
            Just("timestamp".to_owned()),
            Just("value".to_owned()),
            "\\PC{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

const ACTIONS: [&str; 11] = [
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
    "SecurityEventNotification",
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_the_socket_lives_and_every_call_is_answered() {
    let service = Service::at(noon(), &[]).await;
    let mut charger = service.charger("CP-1").await;
    let mut runner = TestRunner::deterministic();
    for n in 0..600 {
        let text = prop_oneof!["\\PC{0,80}", "[\\[\\]{}:,\"0-9a-z\\\\ ]{0,80}"].new_tree(&mut runner).unwrap();
        charger.send(&proptest::strategy::ValueTree::current(&text)).await;
        let payload = proptest::strategy::ValueTree::current(&json().new_tree(&mut runner).unwrap());
        let action = ACTIONS[n % ACTIONS.len()];
        charger.send(&format!("[2,\"n{n}\",\"{action}\",{payload}]")).await;
        let wanted = format!("[3,\"n{n}\",");
        loop {
            let answer = charger.receive().await;
            if answer.starts_with(&wanted) {
                break;
            }
            // Only the arbitrary text before it may have been answered otherwise.
            assert!(answer.starts_with("[4,") || answer.starts_with("[3,"), "{answer}");
            assert!(!answer.starts_with(&format!("[4,\"n{n}\"")), "{answer}");
        }
    }
    service.stop().await;
}
