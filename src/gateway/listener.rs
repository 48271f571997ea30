//! Accepts connections, as many as the limits allow, and starts a handshake for each.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout_at;

use super::handshake;
use super::refusal::Refusal;
use super::{Context, Guest, Lease, session};
use crate::config::listener::Security;
use crate::observe::events::gateway::AcceptFailed;
use crate::tls::{Secured, Tls};

/// Pause after an accept failed (usually: no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An address, with what is asked there.
pub(super) struct Door {
    /// The address.
    pub(super) listener: TcpListener,
    /// What a charger must show.
    pub(super) security: Security,
    /// Certificates, where it is encrypted.
    pub(super) tls: Option<Tls>,
}

/// Accepts until told to stop.
pub(super) async fn run(door: Door, context: Arc<Context>, mut lease: Lease) {
    loop {
        let accepted = tokio::select! {
            () = lease.stopped() => return,
            accepted = door.listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match context.limits.admit(peer.ip()) {
                Ok(visitor) => {
                    let (security, certificate, version) = (door.security, None, None);
                    let guest = Guest { peer: peer.ip().to_string(), security, certificate, version, visitor };
                    tokio::spawn(Box::pin(greet(stream, guest, door.tls.clone(), context.clone(), lease.clone())));
                }
                Err(refusal) => turn_away(&stream, peer.ip(), refusal, door.tls.is_some(), &context),
            },
            Err(error) => {
                context.observer.tell(AcceptFailed { reason: &error.to_string() });
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Refuses a connection at the door, without waiting for anything: this must cost next to nothing. Where TLS is spoken
/// it is closed without a word.
fn turn_away(stream: &TcpStream, peer: IpAddr, refusal: Refusal, is_tls: bool, context: &Context) {
    if !is_tls {
        // What it has said already is taken, for a socket that is closed unread loses what it was told.
        stream.try_read(&mut [0; 1024]).ok();
        stream.try_write(refusal.answer().as_bytes()).ok();
    }
    handshake::record_headless(&peer.to_string(), context, refusal);
}

/// Shakes hands, first over TLS where the door has it. One deadline holds for both.
async fn greet(stream: TcpStream, guest: Guest, tls: Option<Tls>, context: Arc<Context>, lease: Lease) {
    // Answers are small and wanted at once; a socket that refuses this still works.
    stream.set_nodelay(true).ok();
    // Each way in a box of its own: the long one must not set the size of both.
    match tls {
        None => Box::pin(settle(stream, guest, context, lease)).await,
        Some(tls) => Box::pin(encrypt(stream, guest, tls, context, lease)).await,
    }
}

/// Shakes hands over TLS, then over HTTP.
async fn encrypt(stream: TcpStream, mut guest: Guest, tls: Tls, context: Arc<Context>, lease: Lease) {
    let limit = Duration::from_secs(u64::from(context.settings.handshake_timeout_s));
    match timeout_at(guest.visitor.since() + limit, Box::pin(tls.accept(stream))).await {
        Ok(Ok(Secured { stream, client, version })) => {
            (guest.certificate, guest.version) = (client, Some(version));
            Box::pin(settle(stream, guest, context, lease)).await;
        }
        Ok(Err(failure)) => handshake::record_tls(&guest.peer, &context, failure),
        Err(_) => handshake::record_headless(&guest.peer, &context, Refusal::TooSlow),
    }
}

/// Shakes hands over HTTP, then starts the charger's task. The memory of handshakes does not stay with that task.
async fn settle<S>(stream: S, guest: Guest, context: Arc<Context>, lease: Lease)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if let Some(accepted) = handshake::run(stream, &guest, &context).await {
        // The handshake is over: what counted it goes.
        let Guest { peer, .. } = guest;
        tokio::spawn(Box::pin(async move {
            session::run(accepted, &peer, &context, lease).await;
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that a task holds while it waits for somebody who has said nothing yet.
    fn held<Before: Future, Then: Future>(
        _: impl Fn(TcpStream, Guest, Option<Tls>, Arc<Context>, Lease) -> Before,
        _: impl Fn(TcpStream, Guest, Arc<Context>, Lease) -> Then,
    ) -> usize {
        size_of::<Before>() + size_of::<Then>()
    }

    #[test]
    fn who_connects_and_says_nothing_costs_little() {
        assert!(held(greet, settle) <= 2048, "{} bytes", held(greet, settle));
    }
}
