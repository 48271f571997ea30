//! What the benches of attacks and storms share: the service as a process of its own, and chargers of OCPP 1.6.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The service.
pub(crate) struct Server {
    child: Child,
    /// Where chargers connect to.
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    /// Starts it with a ledger of its own, and with the credentials of a file where there is one.
    pub(crate) fn start(credentials: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if let Some(file) = credentials {
            let mut import = Command::new(env!("CARGO_BIN_EXE_chargewatch"));
            import.args(["charger", "import"]).arg(file).arg("--data-dir").arg(folder.path());
            assert!(import.stdout(Stdio::null()).status().unwrap().success());
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_chargewatch"))
            .args(["serve", "--ocpp-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path())
            .env("CHARGEWATCH_LOG__FORMAT", "json")
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

    /// CPU time of the process so far, user and system.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// Resident memory in MiB.
    pub(crate) fn memory_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

/// A charger's socket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Connects a charger, with a password where it has one; `None` when it is refused.
pub(crate) async fn connect(address: SocketAddr, charger: &str, password: Option<&str>) -> Option<Socket> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok();
    let mut request = format!("ws://{address}/ocpp/{charger}").into_client_request().ok()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ocpp1.6"));
    if let Some(password) = password {
        use base64::Engine;
        let plain = format!("{charger}:{password}");
        let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(plain));
        request.headers_mut().insert("Authorization", HeaderValue::from_str(&value).ok()?);
    }
    let small =
        WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0).max_write_buffer_size(1024 * 1024);
    let shaken = tokio_tungstenite::client_async_with_config(request, stream, Some(small)).await;
    shaken.ok().map(|(socket, _)| socket)
}

/// Sends a call and waits for its answer; `None` when the socket is gone.
pub(crate) async fn ask(socket: &mut Socket, call: String) -> Option<()> {
    socket.send(Message::text(call)).await.ok()?;
    loop {
        if socket.next().await?.ok()?.is_text() {
            return Some(());
        }
    }
}
