//! HTTPS: connections are handed on once their TLS handshake is through, so that a slow one holds up nobody.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::tls::{self, Tls};

/// A TLS handshake may take so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most handshakes at once; beyond it connections wait in the kernel.
const MOST_HANDSHAKES: usize = 256;

/// Pause after an accept failed (usually: no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where a request comes from, over either kind of listener.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

type Ready = (tls::Stream<TcpStream>, SocketAddr);

/// A listener that gives encrypted connections.
pub(super) struct Secure {
    address: io::Result<SocketAddr>,
    ready: mpsc::Receiver<Ready>,
    accepting: JoinHandle<()>,
}

impl Secure {
    /// Begins to accept.
    pub(super) fn new(listener: TcpListener, tls: Tls) -> Self {
        // A handshake that is through waits for its turn with its place.
        let (give, ready) = mpsc::channel(1);
        let address = listener.local_addr();
        Self { address, ready, accepting: tokio::spawn(accept_all(listener, tls, give)) }
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept_all(listener: TcpListener, tls: Tls, give: mpsc::Sender<Ready>) {
    let places = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (tls, give) = (tls.clone(), give.clone());
        tokio::spawn(async move {
            match timeout(PATIENCE, Box::pin(tls.accept(stream))).await {
                // Nobody waits for it any more when the service stops.
                Ok(Ok(secured)) => drop(give.send((secured.stream, peer)).await),
                Ok(Err(failure)) => tracing::debug!(%peer, reason = failure.reason.label(), "no TLS"),
                Err(_) => tracing::debug!(%peer, "no TLS in time"),
            }
            drop(place);
        });
    }
}

impl Listener for Secure {
    type Io = tls::Stream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.address.as_ref().copied().map_err(|error| io::Error::new(error.kind(), error.to_string()))
    }
}
