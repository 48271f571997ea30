//! The list of driver tokens. A token is in a body when it is set, and everywhere else only its hash, as in sessions.

use axum::Extension;
use axum::extract::{Path, RawQuery, Request};
use axum::response::Response;

use super::object;
use crate::domain::driver::{Group, Standing, TokenStatus};
use crate::domain::token::TokenHash;
use crate::gateway::lists;
use crate::http::auth::Caller;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::Query;
use crate::http::router::declared;
use crate::http::routes::imports::{self, IMPORT};
use crate::http::table::{Field, Kind, Resource, Row};
use crate::http::view::Whole;
use crate::store::archive::Archive;
use crate::store::desk::Desk;
use crate::store::desk::drivers::{DriverToken, DriverTokenView};

const STATUS: Field = Field {
    name: "status",
    kind: Kind::Word(&["Accepted", "Blocked", "Expired", "Invalid"]),
    about: "What chargers are told of it.",
};
const ONE: Field = Field {
    name: "one_at_a_time",
    kind: Kind::Bool,
    about: "Whether a start is told ConcurrentTx while another session of it runs.",
};
const GROUP: Field = Field {
    name: "group",
    kind: Kind::Text,
    about: "Its group, whose members may end each other's sessions: a name, answered to chargers as the parent token.",
};
const EXPIRES: Field = Field { name: "expires_at", kind: Kind::Time, about: "When it expires; null: never." };

/// A token of the list.
pub(in crate::http) const DRIVER_TOKEN: Resource = Resource {
    name: "DriverToken",
    about: "A token of the list.",
    fields: &[
        Field { name: "number", kind: Kind::Whole, about: "Its number, as in the audit log." },
        Field { name: "token", kind: Kind::Text, about: "Its keyed hash, as in sessions." },
        STATUS,
        ONE,
        GROUP,
        EXPIRES,
    ],
};

/// A token to put on the list.
pub(in crate::http) const WISH: Resource = Resource {
    name: "DriverTokenWish",
    about: "A token to put on the list; one that is on it is changed.",
    fields: &[
        Field { name: "token", kind: Kind::Text, about: "The token as the card holds it, or its hash (t:…)." },
        STATUS,
        ONE,
        GROUP,
        EXPIRES,
    ],
};

/// Lists the tokens.
pub(in crate::http) async fn list(api: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/driver-tokens"))?;
    list::answer(api.view(), &DRIVER_TOKEN, &query, Tokens(api.desk.clone())).await
}

/// Puts a token on the list, or changes it.
pub(in crate::http) async fn put(
    api: Whole,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let body = api.body(request, &WISH).await?;
    let wrong = |error: &dyn std::fmt::Display| Problem::bad_request(error.to_string());
    let given = body.required("token")?;
    let token = TokenHash::parse(given).or_else(|| api.token_key.hash(given)).filter(TokenHash::is_somebody);
    let standing = Standing {
        status: body.text("status").unwrap_or(TokenStatus::Accepted.word()).parse().map_err(|error| wrong(&error))?,
        one_at_a_time: body.flag("one_at_a_time").unwrap_or(false),
        group: body.text("group").map(str::parse).transpose().map_err(|error| wrong(&error))?,
        until: body.time("expires_at"),
    };
    let token = token.ok_or_else(|| wrong(&"the token stands for nobody"))?;
    let (author, new) = (caller.author(), DriverToken { token, standing });
    let put = api.desk.with(move |desk| desk.put_driver_token(&author, &new));
    Ok(object(&DRIVER_TOKEN, &row(&put.await?)))
}

/// Takes a token off the list.
pub(in crate::http) async fn remove(
    api: Whole,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let token = TokenHash::parse(&id).ok_or_else(|| Problem::bad_request("a token is named by its hash here (t:…)"))?;
    let author = caller.author();
    let removed = api.desk.with(move |desk| desk.remove_driver_token(&author, &token));
    Ok(object(&DRIVER_TOKEN, &row(&removed.await?)))
}

/// Takes a list over.
pub(in crate::http) async fn import(
    api: Whole,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let body = api.body(request, &IMPORT).await?;
    let (text, form) = imports::list(&body)?;
    let (author, key) = (caller.author(), api.token_key.clone());
    let set = api.desk.with(move |desk| match lists::driver_tokens(&text, form, &key) {
        Ok(new) => desk.import_driver_tokens(&author, &new).map(|()| Ok(new.len())),
        Err(error) => Ok(Err(error)),
    });
    imports::imported(set.await?)
}

#[derive(Clone)]
struct Tokens(Desk);

impl Source for Tokens {
    fn page(&self, _: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let page = self.0.driver_tokens(cursor, limit)?;
        Ok(page.iter().map(|view| (view.listed.token.as_str().to_owned(), row(view))).collect())
    }
}

fn row(view: &DriverTokenView) -> Row {
    let standing = &view.listed.standing;
    vec![
        view.number.into(),
        view.listed.token.as_str().into(),
        standing.status.word().into(),
        standing.one_at_a_time.into(),
        standing.group.as_ref().map(Group::as_str).into(),
        standing.until.into(),
    ]
}
