//! Is it alive, is it ready, how is it doing.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::error::Problem;
use crate::http::view::{View, Whole};

/// The process lives.
pub(in crate::http) async fn live() -> &'static str {
    std::future::ready("alive\n").await
}

/// Chargers are served and the ledger takes writes.
pub(in crate::http) async fn ready(view: View) -> Result<&'static str, Problem> {
    std::future::ready(view.unready().map_or(Ok("ready\n"), |reason| Err(Problem::unavailable(reason)))).await
}

/// Prometheus metrics.
pub(in crate::http) async fn metrics(view: View) -> Response {
    // A country's page takes a while to write; not on a thread that chargers wait for.
    match tokio::task::spawn_blocking(move || view.metrics()).await {
        Ok(parts) => page(Body::from_stream(futures_util::stream::iter(parts.into_iter().map(Ok::<_, Infallible>)))),
        Err(error) => Problem::unavailable(error.to_string()).into_response(),
    }
}

/// The programme's metrics.
pub(in crate::http) async fn programme(whole: Whole) -> Result<Response, Problem> {
    Ok(page(whole.programme.page(whole.clone()).await?.to_string().into()))
}

fn page(text: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
