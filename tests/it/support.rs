//! A service on loopback with free ports and a ledger of its own, and what a test needs to talk to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chargewatch::app::{self, Running, Setup};
use chargewatch::config::Settings;
use chargewatch::config::load::{Sources, load};
use chargewatch::domain::ids::ChargerId;
use chargewatch::domain::people::Role;
use chargewatch::domain::time::At;
use chargewatch::gateway::Seals;
use chargewatch::store::desk::credentials::NewCredential;
use chargewatch::store::desk::people::TokenWish;
use chargewatch::store::desk::{Author, Desk};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// Nothing in these tests takes so long; a test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The time at which most tests begin.
pub(crate) fn noon() -> At {
    At::from_millis(1_795_521_600_000)
}

/// A password that a charger may have.
pub(crate) const STRONG: &str = "kX7-qW2_mR9+tB4!";

/// Gives a charger a password at the desk of a folder, as the command line does.
pub(crate) fn give_password(folder: &Path, charger: &str, password: &str) {
    let path = folder.join("charger.key");
    if !path.exists() {
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .unwrap()
            .write_all(&[7; 32])
            .unwrap();
    }
    let seals = Seals::new(std::fs::read(&path).unwrap().try_into().unwrap());
    let charger = ChargerId::new(charger);
    let sealed = seals.seal(&charger, password).unwrap();
    let desk = Desk::open(folder, Arc::new(noon)).unwrap();
    let new = NewCredential { charger, sealed, expires: None };
    desk.import_credentials(&Author::at_the_machine("test"), &[new]).unwrap();
}

/// A running service.
pub(crate) struct Service {
    running: Option<Running>,
    folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

/// Settings for a test in a folder: free ports, no waiting for company.
pub(crate) fn settings(folder: &Path, more: &[(&'static str, &str)]) -> Settings {
    let mut flags = vec![
        ("ocpp.listen", "127.0.0.1:0".to_owned()),
        ("http.listen", "127.0.0.1:0".to_owned()),
        ("store.data_dir", folder.display().to_string()),
        ("store.batch_window_ms", "0".to_owned()),
        ("store.alive_interval_s", "1".to_owned()),
    ];
    flags.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
    load(&Sources { flags, ..Sources::default() }).unwrap()
}

impl Service {
    /// Starts one that thinks it is `now`.
    pub(crate) async fn at(now: At, more: &[(&'static str, &str)]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().to_owned();
        let mut service = Self::on(&folder, now, more).await;
        service._temporary = Some(temporary);
        service
    }

    /// Starts one on a folder.
    pub(crate) async fn on(folder: &Path, now: At, more: &[(&'static str, &str)]) -> Self {
        let began = Instant::now();
        let clock = move || now.plus_millis(i64::try_from(began.elapsed().as_millis()).unwrap());
        let setup = Setup { settings: settings(folder, more), clock: Arc::new(clock), registry: None };
        let running = app::start(setup).await.unwrap();
        Self { running: Some(running), folder: folder.to_owned(), _temporary: None }
    }

    /// One that was started by hand.
    pub(crate) fn running(running: Running, folder: &Path) -> Self {
        Self { running: Some(running), folder: folder.to_owned(), _temporary: None }
    }

    pub(crate) fn ocpp(&self) -> SocketAddr {
        self.running.as_ref().unwrap().ocpp_addr()
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.running.as_ref().unwrap().http_addr()
    }

    /// Connects a charger of OCPP 1.6.
    pub(crate) async fn charger(&self, id: &str) -> Charger {
        self.charger_speaking(id, "ocpp1.6").await
    }

    /// Connects a charger that offers this subprotocol.
    pub(crate) async fn charger_speaking(&self, id: &str, protocol: &'static str) -> Charger {
        let stream = tokio::net::TcpStream::connect(self.ocpp()).await.unwrap();
        let mut request = format!("ws://{}/ocpp/{id}", self.ocpp()).into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(protocol));
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        Charger { socket }
    }

    /// Returns once everything that was handed to the ledger so far is durable: the ledger keeps order, and this
    /// waits for a record of its own.
    pub(crate) async fn settle(&self) {
        let mut charger = self.charger("settled").await;
        let answer = charger.ask(r#"[2,"1","FirmwareStatusNotification",{"status":"Idle"}]"#).await;
        assert_eq!(answer, r#"[3,"1",{}]"#);
    }

    /// Asks the API; the body of the answer and its status.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let (address, path) = (self.http(), path.to_owned());
        tokio::task::spawn_blocking(move || get(address, &path)).await.unwrap()
    }

    /// Makes a token at the desk beside this service, and waits until the service knows it.
    pub(crate) async fn token(&self, wish: TokenWish) -> String {
        let desk = Desk::open(&self.folder, Arc::new(noon)).unwrap();
        let token = desk.add_token(&Author::at_the_machine("test"), &wish).unwrap().reveal().to_owned();
        self.until_answered(&token, |status| matches!(status, 403 | 404)).await;
        token
    }

    /// Returns once a request with this token is answered so. Asks seldom: whoever fails often gets another answer.
    pub(crate) async fn until_answered(&self, token: &str, fits: impl Fn(u16) -> bool) {
        let answered = async {
            while !fits(self.ask("GET", "/api/v1/nowhere", Some(token), "").await.0) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.expect("the service never noticed what was decided");
    }

    /// Makes a token for a role.
    pub(crate) async fn token_for(&self, role: Role) -> String {
        self.token(TokenWish { name: role.to_string(), role, sites: Vec::new(), expires: None }).await
    }

    /// Asks with a token; status, head and body of the answer.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> (u16, String, String) {
        let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let head = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\n{token}{kind}");
        let (address, text) = (self.http(), format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
        tokio::task::spawn_blocking(move || request(address, &text)).await.unwrap()
    }

    /// The folder of the ledger.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks the API for JSON.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Rows of a query over the ledger, as JSON values; `?1` and `?2` are the arguments.
    pub(crate) fn ledger(&self, sql: &str, arguments: &[&str]) -> Vec<Vec<Value>> {
        use rusqlite::types::ValueRef;
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = rusqlite::Connection::open_with_flags(self.folder.join("chargewatch.db"), flags).unwrap();
        let mut statement = db.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let columns = statement.column_count();
        let used = statement.parameter_count();
        let rows = statement.query_map(rusqlite::params_from_iter(&arguments[..used]), |row| {
            let value = |index| match row.get_ref(index).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
                ValueRef::Blob(_) => panic!("the ledger holds no blobs"),
            };
            Ok((0..columns).map(value).collect())
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The hash of a token under this service's key.
    pub(crate) fn token_hash(&self, clear: &str) -> String {
        let key: [u8; 32] = std::fs::read(self.folder.join("token.key")).unwrap().try_into().unwrap();
        chargewatch::domain::token::TokenKey::new(key).hash(clear).unwrap().as_str().to_owned()
    }

    /// Stops it.
    pub(crate) async fn stop(mut self) {
        self.running.take().unwrap().stop().await.unwrap();
    }
}

/// A blocking GET.
pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let (status, _, body) = request(address, &format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"));
    (status, body)
}

/// Sends a request as it is; status, head and body of the answer.
pub(crate) fn request(address: SocketAddr, text: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
}

/// A charger's socket.
pub(crate) struct Charger {
    pub(crate) socket: WebSocketStream<tokio::net::TcpStream>,
}

impl Charger {
    /// Sends a text.
    pub(crate) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next text.
    pub(crate) async fn receive(&mut self) -> String {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("no answer came");
            match next.expect("the socket was closed").unwrap() {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Binary(_) | Message::Close(_) | Message::Frame(_) => panic!("no text came"),
            }
        }
    }

    /// Returns once the service has taken this connection in: it answers no ping before.
    pub(crate) async fn ping(&mut self) {
        self.socket.send(Message::Ping(Vec::new().into())).await.unwrap();
        let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("no pong came");
        assert!(matches!(next, Some(Ok(Message::Pong(_)))), "{next:?}");
    }

    /// Sends a text and waits for its answer.
    pub(crate) async fn ask(&mut self, text: &str) -> String {
        self.send(text).await;
        self.receive().await
    }

    /// The code with which the socket is closed.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("nothing came");
            match next.expect("the socket ended without a close").unwrap() {
                Message::Close(Some(frame)) => return frame.code.into(),
                Message::Close(None) => return 1005,
                Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}
