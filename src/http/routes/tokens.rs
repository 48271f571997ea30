//! Tokens of people and programmes, over the API.

use axum::Extension;
use axum::extract::{Path, RawQuery, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::domain::people::Role;
use crate::domain::time::At;
use crate::http::auth::Caller;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::Query;
use crate::http::router::declared;
use crate::http::table::{Cell, Field, Kind, Resource, Row};
use crate::http::view::Whole;
use crate::store::archive::Archive;
use crate::store::desk::people::{TokenView, TokenWish};

const ROLES: &[&str] = &["admin", "operator", "viewer", "monitor", "metrics"];

/// A token.
pub(in crate::http) const TOKEN: Resource = Resource {
    name: "Token",
    about: "A token of somebody who reads or steers. The token itself is not kept.",
    fields: &[
        Field { name: "name", kind: Kind::Text, about: "Its name, as it stands in the audit log." },
        Field { name: "role", kind: Kind::Word(ROLES), about: "What its holder may do." },
        Field {
            name: "sites",
            kind: Kind::Text,
            about: "The sites it is limited to, with commas; null: the whole network.",
        },
        Field { name: "state", kind: Kind::Word(&["active", "expired", "revoked"]), about: "Whether it is in force." },
        Field { name: "created_at", kind: Kind::Time, about: "When it was made." },
        Field { name: "created_by", kind: Kind::Text, about: "By whom." },
        Field { name: "expires_at", kind: Kind::Time, about: "When it ends; null: never." },
        Field { name: "revoked_at", kind: Kind::Time, about: "When it was revoked." },
        Field { name: "used_at", kind: Kind::Time, about: "When it was last used, to the minute." },
    ],
};

/// A token that somebody wants.
pub(in crate::http) const WISH: Resource = Resource {
    name: "NewToken",
    about: "A token that somebody wants.",
    fields: &[
        Field { name: "name", kind: Kind::Text, about: "A name that no token ever had: letters, digits, . _ - @." },
        Field { name: "role", kind: Kind::Word(ROLES), about: "What its holder may do." },
        Field { name: "sites", kind: Kind::Text, about: "The sites to limit it to, with commas." },
        Field { name: "expires_at", kind: Kind::Time, about: "When it ends." },
    ],
};

/// A token in clear.
pub(in crate::http) const SECRET: Resource = Resource {
    name: "TokenInClear",
    about: "A token that was made. It is shown this once.",
    fields: &[
        Field { name: "name", kind: Kind::Text, about: "Its name." },
        Field { name: "token", kind: Kind::Text, about: "The token, for the header Authorization: Bearer TOKEN." },
    ],
};

/// A token that was revoked.
pub(in crate::http) const REVOKED: Resource = Resource {
    name: "RevokedToken",
    about: "A token that was revoked.",
    fields: &[Field { name: "name", kind: Kind::Text, about: "Its name." }],
};

/// Lists the tokens that were ever made.
pub(in crate::http) async fn list(whole: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/tokens"))?;
    let now = (whole.clock)();
    let tokens = whole.desk.with(crate::store::desk::Desk::tokens).await?;
    let rows = tokens.iter().map(|token| row(token, now)).collect();
    list::answer(whole.view(), &TOKEN, &query, Tokens(rows)).await
}

/// Makes a token.
pub(in crate::http) async fn add(
    whole: Whole,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let body = whole.body(request, &WISH).await?;
    let wish = TokenWish {
        name: body.required("name")?.to_owned(),
        role: body.required("role")?.parse::<Role>().map_err(|error| Problem::bad_request(error.to_string()))?,
        sites: sites(&whole, body.text("sites"))?,
        expires: body.time("expires_at"),
    };
    let (author, keyring, name) = (caller.author(), whole.keyring.clone(), wish.name.clone());
    let made = move |desk: &crate::store::desk::Desk| {
        let token = desk.add_token(&author, &wish)?;
        keyring.read_anew()?;
        Ok(token)
    };
    let token = whole.desk.with(made).await?;
    Ok(json(&SECRET, &vec![name.into(), token.reveal().into()]))
}

/// Revokes a token.
pub(in crate::http) async fn revoke(
    whole: Whole,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let (author, keyring, revoked) = (caller.author(), whole.keyring.clone(), name.clone());
    let work = move |desk: &crate::store::desk::Desk| {
        desk.revoke_token(&author, &revoked)?;
        keyring.read_anew()
    };
    whole.desk.with(work).await?;
    Ok(json(&REVOKED, &vec![name.into()]))
}

/// The sites that are named; a mistyped one would be a token that sees nothing.
fn sites(whole: &Whole, text: Option<&str>) -> Result<Vec<String>, Problem> {
    let named = text.unwrap_or_default().split(',').map(str::trim).filter(|site| !site.is_empty());
    let registry = whole.sites.load();
    let known = |site: &str| registry.chargers.values().any(|charger| charger.site.id == site);
    let check = |site: &str| {
        let unknown = || Problem::bad_request(format!("the registry has no site \"{site}\""));
        known(site).then(|| site.to_owned()).ok_or_else(unknown)
    };
    named.map(check).collect()
}

fn json(resource: &Resource, row: &Row) -> Response {
    let mut body = String::new();
    resource.json(row, &mut body);
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[derive(Clone)]
struct Tokens(Vec<[Option<String>; 9]>);

impl Source for Tokens {
    fn page(&self, _: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        list::part(self.0.clone(), cursor, limit, |cells| cells.iter().map(|cell| Cell::from(cell.clone())).collect())
    }
}

fn row(token: &TokenView, now: At) -> [Option<String>; 9] {
    let time = |at: Option<At>| at.map(At::to_rfc3339);
    [
        Some(token.name.clone()),
        Some(token.role.to_string()),
        Some(token.sites.join(",")).filter(|sites| !sites.is_empty()),
        Some(token.state(now).word().to_owned()),
        time(Some(token.created)),
        Some(token.author.clone()),
        time(token.expires),
        time(token.revoked),
        time(token.used),
    ]
}
