//! Connections of readers: at most so many, each with a time for its head and cut when it stops reading what it asked for.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::secure::Peer;
use crate::config::http::HttpSettings;

/// Largest head of a request, in bytes; a longer one gets 431.
const MOST_HEAD_BYTES: usize = 32 * 1024;

/// Serves connections until `stop` is done; those that are open then end with it.
pub(super) async fn serve<L: Listener<Addr = SocketAddr>>(
    mut listener: L,
    routes: Router,
    settings: &HttpSettings,
    stop: impl Future<Output = ()> + Send,
) {
    let patience = Duration::from_secs(settings.timeout_s);
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let mut open = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            // Beyond the limit they wait in the kernel.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, (stream, peer)) = tokio::select! {
            next = next => next,
            Some(_) = open.join_next() => continue,
            () = &mut stop => return,
        };
        let routes = routes.clone();
        open.spawn(async move {
            talk(Patient { stream, patience, stalled: None }, peer, routes, patience).await;
            drop(place);
        });
    }
}

/// Answers the requests of one connection.
async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr, routes: Router, patience: Duration) {
    let routes = TowerToHyperService::new(routes);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(Peer(peer)));
        routes.call(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(MOST_HEAD_BYTES);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!(%peer, %error, "connection of a reader ended");
    }
}

/// A stream whose other end must take what is written: a reader that stalls is cut, and frees what its answer holds.
struct Patient<S> {
    stream: S,
    patience: Duration,
    /// When patience ends, while nothing can be written.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: Unpin> Patient<S> {
    fn judge<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stops_reading_is_cut() {
        let (ours, theirs) = tokio::io::duplex(16);
        let patience = Duration::from_secs(30);
        let mut stream = Patient { stream: ours, patience, stalled: None };
        let began = tokio::time::Instant::now();
        let error = stream.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
        drop(theirs);
    }
}
