//! The handshake: a lenient reading of RFC 6455, in numbered steps. Every attempt is recorded, refused ones with why.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::Guest;
use super::credentials::{Shown, Verdict};
use super::limits::{Paced, Seat, Standing};
use super::refusal::Refusal;
use super::{Context, identity, negotiation};
use crate::config::listener::{PasswordOf, Security};
use crate::config::ocpp::UnknownChargers;
use crate::domain::ids::ChargerId;
use crate::domain::security::{Profile, Protection};
use crate::observe::events::gateway::{HandshakeDone, HandshakeNotKept};
use crate::ocpp::Version;
use crate::store::archive::HandshakeRow;
use crate::store::desk::admissions::Decision;
use crate::tls::{self, Reason};

/// Longest head of a request, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// Most header lines.
const MOST_HEADERS: usize = 64;

/// A charger that may talk.
pub(super) struct Accepted<S> {
    /// Its socket.
    pub(super) socket: WebSocketStream<Paced<S>>,
    /// Its identity.
    pub(super) charger: ChargerId,
    /// The version that was agreed or assumed.
    pub(super) version: Version,
    /// How it is protected, and how it showed who it is.
    pub(super) protection: Protection,
}

/// What was odd, in words.
pub(super) type Remarks = Vec<Cow<'static, str>>;

/// The head of a request, as far as it matters.
#[derive(Default)]
struct Head {
    line: String,
    target: String,
    old_http: bool,
    upgrade: bool,
    connection: bool,
    key: Option<String>,
    offered: Vec<String>,
    authorization: Option<Vec<u8>>,
}

/// What a handshake came to, for the record.
struct Outcome {
    charger: Option<ChargerId>,
    remarks: Remarks,
    result: Result<Agreed, Refusal>,
}

struct Agreed {
    charger: ChargerId,
    version: Version,
    profile: Profile,
    /// The subprotocol to echo, exactly as offered; none was offered otherwise.
    echo: Option<String>,
    accept: String,
    seat: Seat,
}

/// Shakes hands. `None` when the charger was refused or went away; it is recorded either way.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    guest: &Guest,
    context: &Context,
) -> Option<Accepted<S>> {
    let peer = guest.peer.as_str();
    let limit = deadline(context);
    // 1. Read the head, within the deadline.
    let (head, rest) = match timeout_at(guest.visitor.since() + limit, read_head(&mut stream)).await {
        Ok(Ok(read)) => read,
        Ok(Err(Some(refusal))) => {
            record_headless(peer, context, refusal);
            timeout(limit, refuse(&mut stream, refusal)).await.ok();
            return None;
        }
        // It went away before it had said anything: a port scan, a health check.
        Ok(Err(None)) => return None,
        Err(_) => {
            record_headless(peer, context, Refusal::TooSlow);
            return None;
        }
    };
    // What comes now is not held by those who have not even asked yet: a stranger who holds connections open costs little.
    Box::pin(answer(stream, &head, rest, guest, context)).await
}

/// Decides on a request, and answers it.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    head: &Head,
    rest: Vec<u8>,
    guest: &Guest,
    context: &Context,
) -> Option<Accepted<S>> {
    let (peer, limit) = (guest.peer.as_str(), deadline(context));
    // 2. Decide.
    let Ok(outcome) = timeout(limit, decide(head, guest, context)).await else {
        record_headless(peer, context, Refusal::TooSlow);
        return None;
    };
    record(head, peer, context, &outcome);
    // 3. Answer.
    match outcome.result {
        Ok(agreed) => {
            let answered = timeout(limit, accept(&mut stream, &agreed)).await;
            if !matches!(answered, Ok(Ok(()))) {
                return None;
            }
            // 4. From here on it is a WebSocket.
            let config = websocket_config(context.settings.max_message_bytes);
            let stream = Paced::new(stream, agreed.seat, &rest);
            let socket = WebSocketStream::from_partially_read(stream, rest, Role::Server, Some(config)).await;
            let Agreed { charger, version, profile, .. } = agreed;
            let shown = guest.certificate.as_ref();
            let (certificate_until, certificate) = (shown.map(|one| one.until), shown.map(|one| one.fingerprint));
            let protection = Protection { profile, certificate_until, certificate };
            Some(Accepted { socket, charger, version, protection })
        }
        Err(refusal) => {
            timeout(limit, refuse(&mut stream, refusal)).await.ok();
            None
        }
    }
}

/// How long a step may take.
fn deadline(context: &Context) -> Duration {
    Duration::from_secs(u64::from(context.settings.handshake_timeout_s))
}

/// Small buffers: with the defaults the read buffer alone would cost gigabytes at 100,000 chargers.
fn websocket_config(max_message: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_write_buffer_size(1024 * 1024)
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message))
}

/// Reads until the head is whole; what came behind it belongs to the WebSocket. `Err(None)`: the peer went away.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(Head, Vec<u8>), Option<Refusal>> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        let seen = bytes.len();
        if stream.read_buf(&mut bytes).await.map_err(|_| None)? == 0 {
            return Err(None);
        }
        // What is no HTTP shows at once; then only the end of the head is worth another look, however small the pieces are.
        let new = bytes.get(seen.saturating_sub(2)..).unwrap_or_default();
        let is_worth_it = seen == 0 || new.windows(2).any(|two| two == b"\n\n" || two == b"\n\r");
        if is_worth_it && let Some((head, length)) = parse(&bytes)? {
            return Ok((head, bytes.split_off(length)));
        }
        if bytes.len() >= LONGEST_HEAD {
            return Err(Some(Refusal::TooLong));
        }
    }
}

/// The head and its length, once it is whole.
fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TooLong),
        Err(_) => return Err(Refusal::BadRequest),
    };
    let target = request.path.unwrap_or_default();
    let version = request.version.unwrap_or_default();
    // The query may hold a secret; it is not kept.
    let line = format!("{} {} HTTP/1.{version}", request.method.unwrap_or_default(), identity::path_of(target));
    let mut head = Head { line, target: target.to_owned(), old_http: version == 0, ..Head::default() };
    for header in request.headers.iter() {
        let text = String::from_utf8_lossy(header.value);
        let has = |word: &str| text.split(',').any(|part| part.trim().eq_ignore_ascii_case(word));
        match header.name.to_ascii_lowercase().as_str() {
            "upgrade" => head.upgrade |= has("websocket"),
            "connection" => head.connection |= has("upgrade"),
            "sec-websocket-key" => head.key = Some(text.trim().to_owned()),
            "sec-websocket-protocol" => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                head.offered.extend(names.map(str::to_owned));
            }
            "authorization" => head.authorization = Some(header.value.to_vec()),
            _ => {}
        }
    }
    Ok(Some((head, length)))
}

async fn decide(head: &Head, guest: &Guest, context: &Context) -> Outcome {
    let mut remarks = Vec::new();
    // a. Who? A registered identity wins over the last segment of the path.
    let candidates = identity::candidates(&head.target, &context.settings.path);
    let registered = candidates.iter().find_map(|id| context.sites.charger(id)).map(|charger| charger.id.clone());
    let known = registered.is_some();
    let charger = registered.or_else(|| candidates.last().cloned());
    let result = agree(head, guest, context, charger.as_ref(), known, &mut remarks).await;
    Outcome { charger, remarks, result }
}

async fn agree(
    head: &Head,
    guest: &Guest,
    context: &Context,
    charger: Option<&ChargerId>,
    known: bool,
    remarks: &mut Remarks,
) -> Result<Agreed, Refusal> {
    // b. Is it a WebSocket at all? A missing Connection header is forgiven.
    if head.old_http || !head.upgrade {
        return Err(Refusal::NoUpgrade);
    }
    if !head.connection {
        remarks.push("the header Connection: Upgrade is missing".into());
    }
    let key = head.key.as_deref().filter(|key| !key.is_empty()).ok_or(Refusal::NoKey)?;
    if key.len() != 24 {
        remarks.push("Sec-WebSocket-Key is not 24 characters long".into());
    }
    let charger = charger.ok_or(Refusal::NoIdentity)?;
    // c. May it?
    may_come(context, charger, known, remarks)?;
    let profile = admit(head, guest, context, charger, remarks).await?;
    // d. In which language? What is offered is echoed letter by letter.
    let (version, echo) =
        negotiation::agree(&context.settings, &head.offered, remarks).ok_or(Refusal::NoCommonProtocol)?;
    // e. Is there room for it?
    if context.connections.contested(charger, (context.clock)()).is_some() {
        remarks.push("taken over again and again: two devices may use this identity".into());
    }
    let standing = Standing {
        registered: known,
        proven: profile != Profile::Plain,
        met: context.observer.board.has(charger),
        connected: context.connections.has(charger),
    };
    let seat = guest.visitor.seat(charger, standing)?;
    let accept = derive_accept_key(key.as_bytes());
    Ok(Agreed { charger: charger.clone(), version, profile, echo, accept, seat })
}

/// Whether a charger has shown what its listener asks for, and which profile that comes to.
async fn admit(
    head: &Head,
    guest: &Guest,
    context: &Context,
    charger: &ChargerId,
    remarks: &mut Remarks,
) -> Result<Profile, Refusal> {
    if guest.security.is_by_certificate() {
        let names = guest.certificate.as_ref().map(|shown| shown.names.as_slice()).unwrap_or_default();
        if !names.iter().any(|name| ChargerId::new(name.as_str()) == *charger) {
            remarks.push(format!("the certificate is of {}", names.join(", ")).into());
            return Err(Refusal::WrongCertificate);
        }
    }
    let asked = guest.security.password_of();
    let header = head.authorization.as_deref();
    let verdict = match asked {
        PasswordOf::Nobody => Verdict::NotAsked { sent_some: header.is_some() },
        PasswordOf::WhoHasOne | PasswordOf::Everybody => {
            let shown = Shown { charger, peer: &guest.peer, header };
            context.gate.check(&shown, (context.clock)()).await
        }
    };
    let mixed = match verdict {
        Verdict::Proven => Profile::Password,
        Verdict::NotAsked { .. } if asked == PasswordOf::Everybody => return Err(Refusal::NoCredentials),
        Verdict::NotAsked { sent_some } => {
            if sent_some {
                remarks.push("credentials sent though none are asked for".into());
            }
            Profile::Plain
        }
        Verdict::Refused => return Err(Refusal::BadCredentials),
        Verdict::Expired => return Err(Refusal::ExpiredCredentials),
        Verdict::MustWait => return Err(Refusal::TooManyFailures),
        Verdict::Busy => return Err(Refusal::HashesBusy),
    };
    let profile = match guest.security {
        Security::Mixed => mixed,
        Security::Strict(profile) => profile,
    };
    if profile != Profile::Plain {
        remarks.push(match guest.version {
            Some(version) => format!("security profile {profile}, {version}").into(),
            None => format!("security profile {profile}").into(),
        });
    }
    Ok(profile)
}

/// Whether a charger of this identity may come at all, whatever its listener asks for: the operator's word first, then
/// the registry's, then the rule for unknown ones.
fn may_come(context: &Context, charger: &ChargerId, known: bool, remarks: &mut Remarks) -> Result<(), Refusal> {
    let decided = context.gate.decided(charger);
    if decided == Some(Decision::Refused) {
        return Err(Refusal::RefusedCharger);
    }
    if context.gate.is_revoked(charger) {
        return Err(Refusal::RevokedCredentials);
    }
    if !known {
        if decided.is_none() && context.settings.unknown_chargers == UnknownChargers::Refuse {
            return Err(Refusal::UnknownCharger);
        }
        remarks.push("unregistered".into());
    }
    Ok(())
}

fn record(head: &Head, peer: &str, context: &Context, outcome: &Outcome) {
    let (label, status) = match &outcome.result {
        Ok(_) => ("accepted", Some(101)),
        Err(refusal) => (refusal.label(), refusal.status().map(|(status, _)| status)),
    };
    if outcome.result.is_err() && !context.limits.may_keep_refusal() {
        return context.observer.tell(HandshakeNotKept { outcome: label });
    }
    let remarks = outcome.remarks.join("; ");
    let charger = outcome.charger.as_ref();
    context.observer.tell(HandshakeDone { charger, peer, outcome: label, status, remarks: &remarks });
    context.store.keep_handshake(HandshakeRow {
        at: (context.clock)(),
        peer: peer.to_owned(),
        charger: charger.cloned(),
        request: head.line.clone(),
        offered: head.offered.join(", "),
        outcome: label,
        status,
        remarks,
    });
}

/// Records an attempt of which no head could be read.
pub(super) fn record_headless(peer: &str, context: &Context, refusal: Refusal) {
    record(&Head::default(), peer, context, &Outcome { charger: None, remarks: Vec::new(), result: Err(refusal) });
}

/// Records an attempt that never came to HTTP. One that said nothing at all is not worth a row.
pub(super) fn record_tls(peer: &str, context: &Context, failure: tls::Failure) {
    if failure.reason != Reason::Silent {
        let remarks = vec![failure.detail.into()];
        let result = Err(Refusal::Tls(failure.reason));
        record(&Head::default(), peer, context, &Outcome { charger: None, remarks, result });
    }
}

async fn accept<S: AsyncWrite + Unpin>(stream: &mut S, agreed: &Agreed) -> std::io::Result<()> {
    let protocol = Protocol(agreed.echo.as_deref());
    let accept = &agreed.accept;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{protocol}\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.flush().await
}

/// The header line of the agreed subprotocol; never an empty one.
struct Protocol<'a>(Option<&'a str>);

impl fmt::Display for Protocol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(f, "Sec-WebSocket-Protocol: {name}\r\n"))
    }
}

async fn refuse<S: AsyncWrite + Unpin>(stream: &mut S, refusal: Refusal) -> std::io::Result<()> {
    stream.write_all(refusal.answer().as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a head that comes byte by byte.
    async fn read(text: &str) -> Result<(Head, Vec<u8>), Option<Refusal>> {
        let (mut theirs, mut ours) = tokio::io::duplex(1);
        let text = text.to_owned();
        let writing = tokio::spawn(async move { theirs.write_all(text.as_bytes()).await });
        let read = read_head(&mut ours).await;
        writing.abort();
        read
    }

    #[tokio::test]
    async fn a_head_that_comes_byte_by_byte_is_read_at_its_end_whatever_ends_its_lines() {
        for end in ["\r\n", "\n"] {
            let lines = ["GET /ocpp/CP-1 HTTP/1.1", "Host: x", "Upgrade: websocket", "Sec-WebSocket-Key: k", "", ""];
            let (head, rest) = read(&lines.join(end)).await.ok().unwrap();
            assert_eq!((head.target.as_str(), head.upgrade, head.key.as_deref()), ("/ocpp/CP-1", true, Some("k")));
            assert!(rest.is_empty());
        }
    }

    #[tokio::test]
    async fn a_head_without_end_is_refused_at_its_longest_and_what_is_no_http_at_once() {
        let endless = format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(LONGEST_HEAD));
        assert_eq!(read(&endless).await.err(), Some(Some(Refusal::TooLong)));
        assert_eq!(read("\u{16}\u{3}\u{1}").await.err(), Some(Some(Refusal::BadRequest)));
    }
}
