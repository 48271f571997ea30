//! Errors of the API: problem+json (RFC 9457), whatever went wrong.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::report::ReportError;
use crate::store::StoreError;
use crate::store::desk::DeskError;

/// Something that cannot be answered.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    /// A header that says what would be right.
    header: Option<(HeaderName, String)>,
}

impl Problem {
    fn of(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), header: None }
    }

    /// What is wrong.
    pub(super) fn detail(&self) -> &str {
        &self.detail
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
        let detail = format!("use one of: {allowed}");
        Self {
            header: Some((header::ALLOW, allowed)),
            ..Self::of(StatusCode::METHOD_NOT_ALLOWED, "Not by this method", detail)
        }
    }

    /// It contradicts what is there.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::CONFLICT, "It contradicts what is there", detail)
    }

    /// Nobody knows who asks; `challenge` says in the words of RFC 6750 what is wrong with the token.
    pub(super) fn unauthorized(challenge: &str, detail: impl Into<String>) -> Self {
        let header = (header::WWW_AUTHENTICATE, format!("Bearer realm=\"chargewatch\"{challenge}"));
        Self { header: Some(header), ..Self::of(StatusCode::UNAUTHORIZED, "Who asks?", detail) }
    }

    /// Too much was asked; try again so many seconds later.
    pub(super) fn too_many(wait_s: u64, detail: impl Into<String>) -> Self {
        let header = (header::RETRY_AFTER, wait_s.to_string());
        Self { header: Some(header), ..Self::of(StatusCode::TOO_MANY_REQUESTS, "Too many", detail) }
    }

    /// Whoever asks may not do this.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::FORBIDDEN, "Not for this role", detail)
    }

    /// The service cannot do its work at present.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::SERVICE_UNAVAILABLE, "Not ready", detail)
    }

    /// The address of the request is too long.
    pub(super) fn long_url(most: usize) -> Self {
        Self::of(StatusCode::URI_TOO_LONG, "Too long", format!("the address may have {most} bytes"))
    }

    /// So many requests are answered at this moment that another must wait.
    pub(super) fn busy() -> Self {
        let header = (header::RETRY_AFTER, "1".to_owned());
        Self { header: Some(header), ..Self::of(StatusCode::SERVICE_UNAVAILABLE, "Busy", "ask again in a second") }
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

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Mistake(detail) => Self::bad_request(detail),
            ReportError::Store(error) => error.into(),
        }
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
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
