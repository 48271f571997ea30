//! Accepts connections, as many as the limits allow, and starts a handshake for each.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::handshake::{self, Refusal};
use super::{Context, Guest, Lease, session};
use crate::config::listener::Security;
use crate::observe::events::gateway::AcceptFailed;

/// Pause after an accept failed (usually: no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An address, with what is asked there.
pub(super) struct Door {
    /// The address.
    pub(super) listener: TcpListener,
    /// What a charger must show.
    pub(super) security: Security,
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
                    let guest = Guest { peer: peer.ip().to_string(), security: door.security, visitor };
                    tokio::spawn(Box::pin(greet(stream, guest, context.clone(), lease.clone())));
                }
                Err(refusal) => turn_away(&stream, peer.ip(), refusal, &context),
            },
            Err(error) => {
                context.observer.tell(AcceptFailed { reason: &error.to_string() });
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Refuses a connection at the door, without waiting for anything: this must cost next to nothing.
fn turn_away(stream: &TcpStream, peer: IpAddr, refusal: Refusal, context: &Context) {
    // What it has said already is taken, for a socket that is closed unread loses what it was told.
    stream.try_read(&mut [0; 1024]).ok();
    stream.try_write(refusal.answer().as_bytes()).ok();
    handshake::record_headless(&peer.to_string(), context, refusal);
}

/// Shakes hands, then starts the charger's task. The handshake's memory does not stay with that task.
async fn greet(stream: TcpStream, guest: Guest, context: Arc<Context>, lease: Lease) {
    // Answers are small and wanted at once; a socket that refuses this still works.
    stream.set_nodelay(true).ok();
    if let Some(accepted) = handshake::run(stream, &guest, &context).await {
        // The handshake is over: what counted it goes.
        let Guest { peer, .. } = guest;
        tokio::spawn(Box::pin(async move {
            session::run(accepted, &peer, &context, lease).await;
        }));
    }
}
