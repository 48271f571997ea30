//! What the benches of attacks, storms and scrapes share: the service as a process of its own, and chargers of OCPP 1.6.

#![allow(dead_code, reason = "not every bench needs all of it")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The name that the service has in its certificate.
const NAME: &str = "localhost";

/// The service.
pub(crate) struct Server {
    child: Child,
    /// Where chargers connect to.
    pub(crate) address: SocketAddr,
    /// Where readers connect to.
    pub(crate) readers: SocketAddr,
    /// How they encrypt, where the service has a certificate.
    pub(crate) tls: Option<TlsConnector>,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    /// Starts it with a ledger of its own, with settings as variables of the environment, and with the credentials of a
    /// file where there is one.
    pub(crate) fn start(settings: &[(&str, &str)], credentials: Option<&Path>) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings, credentials)
    }

    /// As [`Self::start`], with a certificate, for a profile that asks for TLS.
    pub(crate) fn start_over_tls(settings: &[(&str, &str)], credentials: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([NAME.to_owned()]).unwrap();
        let [certificate, key] = ["server.pem", "server.key"].map(|name| folder.path().join(name));
        std::fs::write(&certificate, cert.pem()).unwrap();
        std::fs::write(&key, signing_key.serialize_pem()).unwrap();
        let files = [
            ("CHARGEWATCH_OCPP__CERTIFICATE_FILE", certificate.to_str().unwrap()),
            ("CHARGEWATCH_OCPP__KEY_FILE", key.to_str().unwrap()),
        ];
        let mut server = Self::start_in(folder, &[settings, &files].concat(), credentials);
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        server.tls = Some(Arc::new(config).into());
        server
    }

    fn start_in(folder: tempfile::TempDir, settings: &[(&str, &str)], credentials: Option<&Path>) -> Self {
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
            .envs(settings.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("\"serving\"")).unwrap().unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let told = |field: &str| line["fields"][field].as_str().unwrap().parse().unwrap();
        Self { child, address: told("chargers"), readers: told("readers"), tls: None, _folder: folder }
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

/// A connection, plain or over TLS.
pub(crate) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Line for S {}

/// A charger's socket.
pub(crate) type Socket = WebSocketStream<Box<dyn Line>>;

/// Connects a charger, over TLS and with a password where it has one; `None` when it is refused.
pub(crate) async fn connect(
    address: SocketAddr,
    charger: &str,
    tls: Option<&TlsConnector>,
    password: Option<&str>,
) -> Option<Socket> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok();
    let line: Box<dyn Line> = match tls {
        None => Box::new(stream),
        Some(tls) => Box::new(tls.connect(ServerName::try_from(NAME).ok()?, stream).await.ok()?),
    };
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
    let shaken = tokio_tungstenite::client_async_with_config(request, line, Some(small)).await;
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
