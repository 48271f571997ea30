//! From start to the first acknowledged boot, on a ledger that holds millions of readings already.
//!
//! `cargo bench --bench start -- [millions of readings]`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on has failed")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// Where the service listens; fixed, so that the charger can try before it does.
const ADDRESS: &str = "127.0.0.1:19765";

/// Readings of one session; there are as many sessions as it takes.
const PER_SESSION: u64 = 200;

fn start(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_chargewatch"))
        .args(["serve", "--ocpp-listen", ADDRESS, "--http-listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Tries until a boot is acknowledged.
async fn boot() -> Option<()> {
    let stream = tokio::net::TcpStream::connect(ADDRESS).await.ok()?;
    let mut request = format!("ws://{ADDRESS}/ocpp/CP-1").into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ocpp1.6"));
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.ok()?;
    let boot = "[2,\"1\",\"BootNotification\",{\"chargePointVendor\":\"V\",\"chargePointModel\":\"M\"}]";
    socket.send(Message::text(boot)).await.ok()?;
    socket.next().await?.ok().map(drop)
}

/// How long the first acknowledged boot takes from the start of the process, which is then killed.
async fn first_boot(folder: &Path) -> Duration {
    let began = Instant::now();
    let mut child = start(folder);
    while boot().await.is_none() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let took = began.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    took
}

/// Fills the ledger as years of service would: chargers, sessions, readings, frames.
fn fill(folder: &Path, readings: u64) {
    let db = rusqlite::Connection::open(folder.join("chargewatch.db")).unwrap();
    let (chargers, sessions) = (2000, readings / PER_SESSION);
    db.execute_batch(&format!(
        "PRAGMA synchronous = OFF; BEGIN;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {chargers})
         INSERT INTO charger_row (charger, folded, first_seen_ms) SELECT 'B-' || i, 'b-' || i, 0 FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sessions})
         INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, started_ms,
           energy_mwh, energy_quality, received_ms, reading_count)
           SELECT i, 1 + i % {chargers}, 1, 1, i, 'ended', i * 1000, i * 1000, 9000000, 'register', i * 1000, {PER_SESSION} FROM n;
         INSERT INTO reading_kind VALUES (1, 'Energy.Active.Import.Register', '', 'Outlet', 'Sample.Periodic', 'Wh');
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {readings} - 1)
         INSERT INTO reading_row SELECT 1 + i % {chargers}, 1, 1, i / {chargers} * 60000, 1, i, 1 + i % {sessions}, NULL, 0, 0 FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {readings} / 10)
         INSERT INTO frame_row SELECT 1000 + i, 1 + i % {chargers}, 1795521600000, 'Heartbeat', '[2,\"1\",\"Heartbeat\",{{}}]', NULL, 0 FROM n;
         COMMIT;"
    ))
    .unwrap();
}

fn main() {
    let millions = std::env::args().filter_map(|argument| argument.parse::<u64>().ok()).next().unwrap_or(10);
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("empty ledger: {:?}", first_boot(folder.path()).await);
        fill(folder.path(), millions * 1_000_000);
        let size = std::fs::metadata(folder.path().join("chargewatch.db")).unwrap().len() / 1_000_000;
        for _ in 0..3 {
            println!("{millions} million readings, {size} MB: {:?}", first_boot(folder.path()).await);
        }
    });
}
