//! Errors of the API: problem+json (RFC 9457), whatever went wrong.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::store::StoreError;
use crate::store::desk::DeskError;

/// Something that cannot be answered.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    /// The methods that the path takes, where that is what is wrong.
    allowed: Option<String>,
}

impl Problem {
    fn of(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), allowed: None }
    }

    /// The request says something that cannot be.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, "The request has a mistake", detail)
    }

    /// There is no such thing.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_FOUND, "There is no such thing", detail)
    }

    /// The path takes other methods; `allowed` names them.
    pub(super) fn method(allowed: String) -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            title: "Not by this method",
            detail: format!("use one of: {allowed}"),
            allowed: Some(allowed),
        }
    }

    /// It contradicts what is there.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::CONFLICT, "It contradicts what is there", detail)
    }

    /// Whoever asks may not do this.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::FORBIDDEN, "Not for this role", detail)
    }

    /// The service cannot do its work at present.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::SERVICE_UNAVAILABLE, "Not ready", detail)
    }

    /// The request names a host that this is not.
    pub(super) fn wrong_host(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::MISDIRECTED_REQUEST, "This is another host", detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, "The ledger failed", error.to_string())
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Unknown(detail) => Self::not_found(detail),
            DeskError::Refused(detail) => Self::conflict(detail),
            DeskError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(allowed) = self.allowed.and_then(|allowed| HeaderValue::from_str(&allowed).ok()) {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        response
    }
}
