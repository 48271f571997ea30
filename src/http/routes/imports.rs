//! Lists that come in the body of a request: passwords of chargers, tokens of drivers.

use axum::response::Response;

use super::object;
use crate::gateway::lists::{Form, ListError};
use crate::http::body::Body;
use crate::http::error::Problem;
use crate::http::table::{Cell, Field, Kind, Resource};

/// Most lines of a list: chosen passwords take some 10 milliseconds each.
const MOST_LINES: usize = 2001;

/// A list to take over.
pub(in crate::http) const IMPORT: Resource = Resource {
    name: "ListImport",
    about: "A list to take over, of at most 2,000 entries; for more there is the command line.",
    fields: &[
        Field { name: "form", kind: Kind::Word(&["toml", "csv"]), about: "Form of the text." },
        Field { name: "text", kind: Kind::Text, about: "The list, as the command line reads it from a file." },
    ],
};

/// What an import came to.
pub(in crate::http) const IMPORTED: Resource = Resource {
    name: "Imported",
    about: "What an import came to.",
    fields: &[Field { name: "count", kind: Kind::Whole, about: "Entries that were set." }],
};

/// The list of a body.
pub(super) fn list(body: &Body) -> Result<(String, Form), Problem> {
    let form = if body.required("form")? == "toml" { Form::Toml } else { Form::Csv };
    let text = body.required("text")?;
    if text.lines().count() > MOST_LINES {
        return Err(Problem::bad_request("the list has more than 2,000 entries; use the command line"));
    }
    Ok((text.to_owned(), form))
}

/// The answer to an import.
pub(super) fn imported(count: Result<usize, ListError>) -> Result<Response, Problem> {
    let count = count.map_err(|error| Problem::bad_request(error.to_string()))?;
    Ok(object(&IMPORTED, &vec![Cell::Whole(i64::try_from(count).unwrap_or(i64::MAX))]))
}
