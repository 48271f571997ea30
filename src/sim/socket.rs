//! Drives one charger over a real WebSocket: one task, one loop, one connection at a time.
//!
//! Inputs of the loop: the end of the run, the charger's own clock, a frame of the server. Each tells the charger, and what the
//! charger wants done is done before the next is looked at.

use std::collections::VecDeque;
use std::time::Duration as RealDuration;

use chrono::Duration;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WireError, Message, http::Uri};

use super::charger::{Action, Charger, Tally};
use super::clock::Clock;
use super::papers::Papers;
use super::progress::Progress;
use super::refusal;
use super::url::ServerUrl;

/// Real time allowed for opening a connection and for sending one frame.
const PATIENCE: RealDuration = RealDuration::from_secs(10);
/// Real time between two attempts to connect, at the least: an accelerated fleet must not hammer a server that is down.
const BREATHER: RealDuration = RealDuration::from_millis(20);
/// Real seconds that a charger waits for an answer, however fast the clock runs.
const ANSWER_S: f64 = 15.0;
/// A charger sends and receives small frames; thousands of them share one process.
const BUFFER: usize = 4096;

/// A connection, plain or over TLS.
trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Line for S {}

type Wire = WebSocketStream<Box<dyn Line>>;

/// Runs a charger until it has drained or the run is stopped, and gives it back with all it knows.
pub(crate) async fn drive(
    charger: Charger,
    papers: Papers,
    url: ServerUrl,
    clock: Clock,
    progress: Progress,
    mut stop: watch::Receiver<bool>,
) -> Charger {
    let mut driver = Driver { charger, papers, url, clock, progress, wire: None, shown: Tally::default() };
    loop {
        let due = clock.wait_until(driver.charger.next_at());
        let input = tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => break,
            frame = receive(&mut driver.wire) => Input::Frame(frame),
            () = sleep(due) => Input::Due,
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => break,
            () = driver.take(input) => {}
        }
        if driver.charger.is_drained() {
            break;
        }
    }
    driver.hang_up().await;
    driver.charger
}

enum Input {
    Due,
    Frame(Option<String>),
}

struct Driver {
    charger: Charger,
    papers: Papers,
    url: ServerUrl,
    clock: Clock,
    progress: Progress,
    wire: Option<Wire>,
    shown: Tally,
}

impl Driver {
    async fn take(&mut self, input: Input) {
        let answer_s = (ANSWER_S * self.clock.speed_now()) as i64;
        self.charger.set_call_timeout(Duration::seconds(answer_s));
        let now = self.clock.now();
        let actions = match input {
            Input::Due => self.charger.wake(now),
            Input::Frame(Some(text)) => self.charger.deliver(now, &text),
            Input::Frame(None) => {
                self.wire = None;
                self.charger.disconnected(now)
            }
        };
        self.perform(actions).await;
        let tally = self.charger.tally();
        self.progress.update(self.shown, tally);
        self.shown = tally;
    }

    async fn perform(&mut self, actions: Vec<Action>) {
        let mut todo = VecDeque::from(actions);
        while let Some(action) = todo.pop_front() {
            let more = match action {
                Action::Connect => self.connect().await,
                Action::Disconnect => {
                    self.wire = None;
                    Vec::new()
                }
                Action::Send(text) => self.send(text).await,
            };
            todo.extend(more);
        }
    }

    async fn connect(&mut self) -> Vec<Action> {
        sleep(BREATHER).await;
        match timeout(PATIENCE, open(&self.url, &self.charger, &self.papers)).await {
            Ok(Ok(wire)) => {
                self.wire = Some(wire);
                self.charger.connected(self.clock.now())
            }
            Ok(Err(error)) => {
                tracing::debug!(charger = self.charger.id(), %error, "no connection");
                self.progress.refused(refusal::words(&error));
                self.charger.disconnected(self.clock.now())
            }
            Err(_) => {
                self.progress.refused("the server does not answer in time".to_owned());
                self.charger.disconnected(self.clock.now())
            }
        }
    }

    async fn send(&mut self, text: String) -> Vec<Action> {
        if let Some(wire) = &mut self.wire
            && let Ok(Ok(())) = timeout(PATIENCE, wire.send(Message::text(text))).await
        {
            return Vec::new();
        }
        self.wire = None;
        self.charger.disconnected(self.clock.now())
    }

    /// Says goodbye at the end of the run; a server that does not listen is left without.
    async fn hang_up(&mut self) {
        if let Some(mut wire) = self.wire.take()
            && let Ok(Err(error)) = timeout(RealDuration::from_millis(500), wire.close(None)).await
        {
            tracing::debug!(charger = self.charger.id(), %error, "closed without a goodbye");
        }
        self.progress.update(self.shown, Tally { connected: false, ..self.shown });
    }
}

/// The next text of the server; none when the connection is over. Without a connection it never comes back.
async fn receive(wire: &mut Option<Wire>) -> Option<String> {
    let Some(wire) = wire else {
        return std::future::pending().await;
    };
    while let Some(message) = wire.next().await {
        match message {
            Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
            Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Ok(Message::Close(_)) | Err(_) => return None,
        }
    }
    None
}

async fn open(url: &ServerUrl, charger: &Charger, papers: &Papers) -> Result<Wire, WireError> {
    let stream = TcpStream::connect(url.address()).await?;
    stream.set_nodelay(true)?;
    let line: Box<dyn Line> = match &papers.tls {
        None => Box::new(stream),
        Some(connector) => {
            let no_name = |error| WireError::Io(std::io::Error::other(error));
            let name = ServerName::try_from(url.host().to_owned()).map_err(no_name)?;
            Box::new(connector.connect(name, stream).await?)
        }
    };
    let uri: Uri = url.of_charger(charger.id()).parse()?;
    let subprotocol = charger.spec().behaviour.protocol.subprotocol();
    let mut request = ClientRequestBuilder::new(uri).with_sub_protocol(subprotocol);
    if let Some(authorization) = &papers.authorization {
        request = request.with_header("Authorization", authorization.clone());
    }
    let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0);
    let (wire, _) = tokio_tungstenite::client_async_with_config(request, line, Some(config)).await?;
    Ok(wire)
}
