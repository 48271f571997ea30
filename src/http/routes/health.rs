//! Is it alive, is it ready, how is it doing.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::Api;
use crate::http::error::Problem;
use crate::observe::page::{self, Setting};

/// The process lives.
pub(in crate::http) async fn live() -> &'static str {
    std::future::ready("alive\n").await
}

/// Chargers are served and the ledger takes writes.
pub(in crate::http) async fn ready(State(api): State<Api>) -> Result<&'static str, Problem> {
    std::future::ready(api.unready().map_or(Ok("ready\n"), |reason| Err(Problem::unavailable(reason)))).await
}

/// Prometheus metrics.
pub(in crate::http) async fn metrics(State(api): State<Api>) -> Response {
    let write = move || {
        let setting = Setting { detail: api.detail, now: (api.clock)(), grace_ms: api.grace_ms, build: api.build };
        page::write(&api.observer, &api.sites.load(), &setting)
    };
    // A country's page takes a while to write; not on a thread that chargers wait for.
    match tokio::task::spawn_blocking(write).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => Problem::unavailable(error.to_string()).into_response(),
    }
}
