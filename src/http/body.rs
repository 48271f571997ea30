//! Bodies of requests that change something: a JSON object with the fields that its route declares, read strictly. A name
//! that is not declared is a mistake, told with the nearest one that is.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::error::Problem;
use super::table::{Kind, Resource};
use crate::config::near::nearest;
use crate::domain::time::At;

/// The largest body, in bytes.
const LARGEST: usize = 1024 * 1024;

/// A body whose fields have the kinds that its resource declares.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// Reads the body of a request, which may take so long.
    pub(super) async fn of(request: Request, resource: &Resource, patience: Duration) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Problem::bad_request("the body must be JSON, with Content-Type: application/json"));
        }
        let too_long = |_| Problem::bad_request(format!("the body is cut short or longer than {LARGEST} bytes"));
        let slow = |_| Problem::bad_request(format!("the body did not come within {} seconds", patience.as_secs()));
        let bytes = timeout(patience, to_bytes(request.into_body(), LARGEST)).await.map_err(slow)?.map_err(too_long)?;
        Self::read(&bytes, resource)
    }

    /// Reads a text.
    fn read(bytes: &[u8], resource: &Resource) -> Result<Self, Problem> {
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
        let Value::Object(found) = value else {
            return Err(Problem::bad_request("the body must be a JSON object"));
        };
        for (name, value) in &found {
            let Some(field) = resource.fields.iter().find(|field| field.name == name) else {
                let near = nearest(name, resource.fields.iter().map(|field| field.name)).unwrap_or_default();
                return Err(Problem::bad_request(format!("unknown field \"{name}\"; did you mean \"{near}\"?")));
            };
            if let Some(wanted) = mismatch(value, field.kind) {
                return Err(Problem::bad_request(format!("the field \"{name}\" must be {wanted}")));
            }
        }
        Ok(Self(found))
    }

    /// A text, where it is there and not null.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Problem> {
        let missing = || Problem::bad_request(format!("the field \"{name}\" is missing"));
        self.text(name).filter(|text| !text.trim().is_empty()).ok_or_else(missing)
    }

    /// A whole number, where it is there and not null.
    pub(super) fn whole(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    /// True or false, where it is there and not null.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    /// A time.
    pub(super) fn time(&self, name: &str) -> Option<At> {
        self.text(name).and_then(At::from_rfc3339)
    }
}

/// What the value should have been, if it is not.
fn mismatch(value: &Value, kind: Kind) -> Option<String> {
    let right = match kind {
        _ if value.is_null() => true,
        Kind::Text => value.is_string(),
        Kind::Whole => value.is_i64(),
        Kind::Decimal => value.is_number(),
        Kind::Bool => value.is_boolean(),
        Kind::Time => value.as_str().and_then(At::from_rfc3339).is_some(),
        Kind::Word(words) => value.as_str().is_some_and(|text| words.contains(&text)),
        Kind::Object(_) => value.is_object(),
        Kind::List(_) => value.is_array(),
    };
    let wanted = match kind {
        Kind::Text => "a text".to_owned(),
        Kind::Whole => "a whole number".to_owned(),
        Kind::Decimal => "a number".to_owned(),
        Kind::Bool => "true or false".to_owned(),
        Kind::Time => "a time like 2026-11-24T09:00:00Z".to_owned(),
        Kind::Word(words) => format!("one of: {}", words.join(", ")),
        Kind::Object(_) => "an object".to_owned(),
        Kind::List(_) => "a list".to_owned(),
    };
    (!right).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::table::Field;

    const RESOURCE: Resource = Resource {
        name: "Thing",
        about: "A thing.",
        fields: &[
            Field { name: "name", kind: Kind::Text, about: "Its name." },
            Field { name: "until", kind: Kind::Time, about: "Its end." },
            Field { name: "kind", kind: Kind::Word(&["big", "small"]), about: "Its size." },
        ],
    };

    #[test]
    fn a_body_is_read_by_what_its_route_declares() {
        let body = Body::read(br#"{"name":"x","until":"2026-11-24T09:00:00Z","kind":null}"#, &RESOURCE).unwrap();
        assert_eq!(body.required("name").unwrap(), "x");
        assert_eq!(body.time("until").unwrap().to_rfc3339(), "2026-11-24T09:00:00.000Z");
        assert!(body.text("kind").is_none());
        assert!(body.required("kind").is_err());
    }

    #[test]
    fn a_mistake_in_a_body_says_what_was_meant() {
        let told = |text: &str| format!("{:?}", Body::read(text.as_bytes(), &RESOURCE).unwrap_err());
        assert!(told(r#"{"nam":"x"}"#).contains("did you mean \\\"name\\\""), "{}", told(r#"{"nam":"x"}"#));
        assert!(told(r#"{"name":5}"#).contains("must be a text"));
        assert!(told(r#"{"until":"tomorrow"}"#).contains("must be a time"));
        assert!(told(r#"{"kind":"huge"}"#).contains("one of: big, small"));
        assert!(told("[]").contains("JSON object"));
        assert!(told("{").contains("not JSON"));
    }
}
