//! Accepts connections, as many as the settings allow, and starts a handshake for each.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
    /// Room for connections, shared by all doors.
    pub(super) places: Arc<Semaphore>,
}

/// Accepts until told to stop.
pub(super) async fn run(door: Door, context: Arc<Context>, mut lease: Lease) {
    loop {
        let accepted = tokio::select! {
            () = lease.stopped() => return,
            accepted = door.listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match door.places.clone().try_acquire_owned() {
                Ok(place) => {
                    let guest = Guest { peer: peer.ip().to_string(), security: door.security };
                    tokio::spawn(Box::pin(greet(stream, guest, context.clone(), lease.clone(), place)));
                }
                Err(_) => handshake::record_headless(&peer.ip().to_string(), &context, Refusal::TooMany),
            },
            Err(error) => {
                context.observer.tell(AcceptFailed { reason: &error.to_string() });
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Shakes hands, then starts the charger's task. The handshake's memory does not stay with that task.
async fn greet(stream: TcpStream, guest: Guest, context: Arc<Context>, lease: Lease, place: OwnedSemaphorePermit) {
    // Answers are small and wanted at once; a socket that refuses this still works.
    stream.set_nodelay(true).ok();
    if let Some(accepted) = handshake::run(stream, &guest, &context).await {
        tokio::spawn(Box::pin(async move {
            session::run(accepted, &guest.peer, &context, lease).await;
            drop(place);
        }));
    }
}
