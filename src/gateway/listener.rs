//! Accepts connections, as many as the settings allow, and starts a handshake for each.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::handshake::{self, Accepted, Refusal};
use super::{Context, Lease, session};
use crate::observe::events::gateway::AcceptFailed;

/// Pause after an accept failed (usually: no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until told to stop.
pub(super) async fn run(listener: TcpListener, context: Arc<Context>, mut lease: Lease) {
    let places = Arc::new(Semaphore::new(context.settings.max_connections));
    loop {
        let accepted = tokio::select! {
            () = lease.stopped() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match places.clone().try_acquire_owned() {
                Ok(place) => {
                    let peer = peer.ip().to_string();
                    tokio::spawn(Box::pin(greet(stream, peer, context.clone(), lease.clone(), place)));
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
async fn greet(stream: TcpStream, peer: String, context: Arc<Context>, lease: Lease, place: OwnedSemaphorePermit) {
    // Answers are small and wanted at once; a socket that refuses this still works.
    stream.set_nodelay(true).ok();
    if let Some(Accepted { socket, charger, version }) = handshake::run(stream, &peer, &context).await {
        tokio::spawn(Box::pin(async move {
            session::run(socket, charger, version, &peer, &context, lease).await;
            drop(place);
        }));
    }
}
