//! The OCPI envelope that every answer comes in, errors too: status code, data, time.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::domain::time::At;

/// For how long a copy may be shown: the law wants a change of status to be there within 30 seconds.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=5");

/// Why there is no data.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    /// OCPI status code.
    code: u16,
    message: String,
    /// Seconds after which to ask again.
    retry_after: Option<u64>,
}

impl Refusal {
    const fn of(status: StatusCode, code: u16, message: String) -> Self {
        Self { status, code, message, retry_after: None }
    }

    /// A parameter is invalid or not known.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, 2001, message.into())
    }

    /// There is no such location, EVSE or connector.
    pub(super) fn unknown_location(message: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_FOUND, 2003, message.into())
    }

    /// There is no such path.
    pub(super) fn nowhere(message: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_FOUND, 2000, message.into())
    }

    /// Only reading is possible.
    pub(super) fn method() -> Self {
        Self::of(StatusCode::METHOD_NOT_ALLOWED, 2000, "open data is only read: GET, HEAD".to_owned())
    }

    /// Too many requests from one address.
    pub(super) fn too_many(seconds: u64) -> Self {
        let message = format!("too many requests from this address; ask again in {seconds} s");
        Self { retry_after: Some(seconds), ..Self::of(StatusCode::TOO_MANY_REQUESTS, 2000, message) }
    }

    /// As an answer.
    pub(super) fn answer(&self, now: At) -> Response {
        let body = serde_json::json!({
            "status_code": self.code, "status_message": self.message, "timestamp": time(now),
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
        }
        response
    }
}

/// A time as OCPI writes it: RFC 3339 in UTC, at most 25 characters.
pub(super) fn time(at: At) -> String {
    at.to_rfc3339()
}

/// An answer with `data`, which is JSON already. The same data has the same `ETag`, whatever time it is; who has it gets 304.
pub(super) fn data(asked: &HeaderMap, data: &str, more: HeaderMap, now: At) -> Response {
    let mut response = tagged(asked, data, &more, "application/json", || {
        format!(r#"{{"data":{data},"status_code":1000,"status_message":"Success","timestamp":"{}"}}"#, time(now))
    });
    response.headers_mut().extend(more);
    response
}

/// An answer that is not in an envelope.
pub(super) fn plain(asked: &HeaderMap, text: &str, kind: &'static str) -> Response {
    tagged(asked, text, &HeaderMap::new(), kind, || text.to_owned())
}

fn tagged(
    asked: &HeaderMap,
    content: &str,
    more: &HeaderMap,
    kind: &'static str,
    body: impl FnOnce() -> String,
) -> Response {
    let mut hash = Sha256::new();
    hash.update(content);
    for value in more.values() {
        hash.update(value.as_bytes());
    }
    let digest: String = hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("W/\"{digest}\"");
    let mut response = if has(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(body()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CACHE);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether who asks has what this tag stands for.
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let lists = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}
