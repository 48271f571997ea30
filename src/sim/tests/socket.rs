//! Fleets over real sockets, against a server that falls over every now and then.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Duration;
use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::csms::Csms;
use super::learnt_is_true;
use crate::sim::{Protocol, SimError, SimulateOptions, simulate};

/// A server on a free port that drops the connection instead of sending every n-th answer.
struct Server {
    address: SocketAddr,
    csms: Arc<Mutex<Csms>>,
}

async fn serve(drop_every: u64) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let csms = Arc::new(Mutex::new(Csms::default()));
    let (shared, answers) = (csms.clone(), Arc::new(AtomicU64::new(1)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, shared.clone(), answers.clone(), drop_every));
        }
    });
    Server { address, csms }
}

async fn talk(stream: TcpStream, csms: Arc<Mutex<Csms>>, answers: Arc<AtomicU64>, drop_every: u64) {
    let mut charger = String::new();
    #[expect(clippy::result_large_err, reason = "the shape of this callback is the library's")]
    let note = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let spoken = request.headers()["Sec-WebSocket-Protocol"].clone();
        assert!(Protocol::ALL.iter().any(|protocol| spoken == protocol.subprotocol()), "{spoken:?}");
        charger = request.uri().path().strip_prefix("/ocpp/").unwrap().to_owned();
        response.headers_mut().insert("Sec-WebSocket-Protocol", spoken);
        Ok(response)
    };
    let mut wire = tokio_tungstenite::accept_hdr_async(stream, note).await.unwrap();
    while let Some(Ok(message)) = wire.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let answer = csms.lock().take(&charger, &text);
        let lost = answers.fetch_add(1, Ordering::Relaxed).is_multiple_of(drop_every);
        match answer {
            Some(answer) if !lost && wire.send(Message::text(answer.clone())).await.is_ok() => {}
            Some(_) => return,
            None => {}
        }
    }
}

fn options(server: &Server, chargers: usize, hours: i64) -> SimulateOptions {
    SimulateOptions {
        speed: 50_000.0,
        duration: Some(Duration::hours(hours)),
        backlog: Some(Duration::hours(hours + 48)),
        trouble: 3.0,
        protocols: Protocol::ALL.to_vec(),
        ..SimulateOptions::new(format!("ws://{}/ocpp/", server.address), chargers, 21)
    }
}

#[tokio::test]
async fn every_session_arrives_once_over_sockets_that_break() {
    let server = serve(29).await;
    let options = options(&server, 13, 12);
    let progress = options.progress.clone();
    let truth = simulate(options, std::future::pending()).await.unwrap();
    assert!(truth.header.drained, "{:?}", truth.totals);
    assert!(truth.totals.sessions > 5);
    assert!(truth.chargers.iter().map(|charger| charger.drops).sum::<u32>() > 3);
    assert_eq!(progress.connected(), 0);
    assert_eq!(progress.sessions_ended(), truth.totals.sessions as u64);
    learnt_is_true(&truth, &server.csms.lock());
}

#[tokio::test]
async fn a_stopped_run_leaves_its_truth_and_its_registry_in_files() {
    let server = serve(u64::MAX).await;
    let folder = tempfile::tempdir().unwrap();
    let [truth_file, registry_file] = ["truth.json", "registry.csv"].map(|name| folder.path().join(name));
    let options = SimulateOptions {
        truth_file: Some(truth_file.clone()),
        registry_file: Some(registry_file.clone()),
        duration: None,
        ..options(&server, 4, 12)
    };
    let progress = options.progress.clone();
    let stop = async move {
        while progress.frames_answered() < 40 {
            tokio::task::yield_now().await;
        }
    };
    let truth = simulate(options, stop).await.unwrap();
    assert!(truth.header.simulated && !truth.header.drained);
    let written: crate::sim::Truth = serde_json::from_slice(&std::fs::read(truth_file).unwrap()).unwrap();
    assert_eq!(written, truth);
    assert!(std::fs::read_to_string(registry_file).unwrap().lines().count() > 4);
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused_in_words() {
    let good = SimulateOptions::new("ws://localhost:9000/ocpp/", 1, 1);
    let said = [
        (SimulateOptions { url: "http://localhost".into(), ..good.clone() }, "must begin with ws://"),
        (SimulateOptions { chargers: 0, ..good.clone() }, "chargers must be 1 or more, not 0"),
        (SimulateOptions { speed: 0.5, ..good.clone() }, "speed must be from 1"),
        (SimulateOptions { trouble: -1.0, ..good.clone() }, "trouble must be from 0"),
        (SimulateOptions { truth_file: Some("/no/such/folder/truth.json".into()), ..good }, "cannot write the truth"),
    ];
    for (options, words) in said {
        let error: SimError = simulate(options, std::future::ready(())).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}
