//! What concerns persons: forgetting one, and the tokens whose clear text is remembered.

use axum::Extension;
use axum::extract::{RawQuery, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::domain::token::TokenHash;
use crate::http::auth::Caller;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::Query;
use crate::http::router::declared;
use crate::http::table::{Cell, Field, Kind, Resource};
use crate::http::view::Whole;
use crate::store::StoreError;
use crate::store::archive::Archive;
use crate::store::desk::Desk;
use crate::store::desk::privacy::ClearTokenView;

/// Whom to forget.
pub(in crate::http) const PERSON: Resource = Resource {
    name: "PersonToForget",
    about: "Whom to forget: one of token and token_hash.",
    fields: &[
        Field { name: "token", kind: Kind::Text, about: "The id token as the card or app shows it." },
        Field { name: "token_hash", kind: Kind::Text, about: "Its keyed hash, as a session shows it." },
        Field { name: "dry_run", kind: Kind::Bool, about: "true: only count what there is." },
    ],
};

/// What was forgotten.
pub(in crate::http) const FORGOTTEN: Resource = Resource {
    name: "Forgotten",
    about: "What there was of a person, and is cut unless it was a dry run.",
    fields: &[
        Field { name: "dry_run", kind: Kind::Bool, about: "Whether it was only counted." },
        Field { name: "total", kind: Kind::Whole, about: "How many traces." },
        Field { name: "traces", kind: Kind::List(&TRACE), about: "Of which kinds." },
    ],
};

const TRACE: Resource = Resource {
    name: "Trace",
    about: "A kind of trace of a person.",
    fields: &[
        Field { name: "kind", kind: Kind::Text, about: "sessions, frames, readings …" },
        Field { name: "count", kind: Kind::Whole, about: "How many." },
    ],
};

/// A token in clear.
pub(in crate::http) const CLEAR_TOKEN: Resource = Resource {
    name: "ClearToken",
    about: "An id token whose clear text is remembered, because privacy.id_tokens says so.",
    fields: &[
        Field { name: "token_hash", kind: Kind::Text, about: "Its keyed hash, as sessions show it." },
        Field { name: "token", kind: Kind::Text, about: "Its clear text." },
        Field { name: "seen_at", kind: Kind::Time, about: "When it was last seen." },
    ],
};

/// Forgets a person.
pub(in crate::http) async fn forget(
    whole: Whole,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let body = whole.body(request, &PERSON).await?;
    let hash = match (body.text("token"), body.text("token_hash")) {
        (Some(token), None) => whole.token_key.hash(token),
        (None, Some(hash)) => TokenHash::parse(hash),
        (Some(_), Some(_)) | (None, None) => None,
    };
    let wanted = "give one of token and token_hash; a hash is t: and 32 digits";
    let hash = hash.ok_or_else(|| Problem::bad_request(wanted))?;
    let (author, dry_run) = (caller.author(), body.flag("dry_run").unwrap_or(false));
    let traces = whole.desk.with(move |desk| desk.forget_person(&author, &hash, dry_run)).await?;
    let rows = traces.counts().iter().map(|(kind, count)| vec![(*kind).into(), number(*count)]).collect();
    let mut answer = String::new();
    FORGOTTEN.json(&vec![dry_run.into(), number(traces.total()), Cell::List(rows)], &mut answer);
    Ok(([(header::CONTENT_TYPE, "application/json")], answer).into_response())
}

fn number(count: usize) -> Cell {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

/// Lists the tokens whose clear text is remembered.
pub(in crate::http) async fn clear_tokens(whole: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/id-tokens"))?;
    list::answer(whole.view(), &CLEAR_TOKEN, &query, ClearTokens(whole.desk.clone())).await
}

#[derive(Clone)]
struct ClearTokens(Desk);

impl Source for ClearTokens {
    fn page(&self, _archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let views = self.0.clear_tokens(cursor, limit).map_err(|error| StoreError::Read(error.to_string()))?;
        let row =
            |view: &ClearTokenView| vec![view.token.as_str().into(), view.clear.as_str().into(), view.seen.into()];
        Ok(views.iter().map(|view| (view.token.as_str().to_owned(), row(view))).collect())
    }
}
