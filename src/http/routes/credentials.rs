//! Credentials of chargers, for administrators: what each must show when it connects. A key that is made here is in the one
//! answer that makes it, and nowhere else.

use axum::Extension;
use axum::extract::{Path, RawQuery, Request};
use axum::response::Response;

use super::object;
use crate::domain::ids::ChargerId;
use crate::domain::time::At;
use crate::gateway::Seals;
use crate::gateway::lists;
use crate::http::Api;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::Query;
use crate::http::router::declared;
use crate::http::routes::imports::{self, IMPORT};
use crate::http::table::{Cell, Field, Kind, Resource, Row};
use crate::http::view::Whole;
use crate::store::archive::Archive;
use crate::store::desk::credentials::{Credential, NewCredential};
use crate::store::desk::{Author, Desk, DeskError};

const CHARGER: Field = Field { name: "charger", kind: Kind::Text, about: "The charger's identity." };
const KIND: Field = Field {
    name: "kind",
    kind: Kind::Word(&["key", "password"]),
    about: "key: drawn by a machine; password: chosen by a person.",
};
const PASSWORD: Field = Field {
    name: "password",
    kind: Kind::Text,
    about: "16 to 40 characters that are hard to guess, or 40 hex digits. Without it a key is made and shown in the answer.",
};
const EXPIRES: Field = Field { name: "expires_at", kind: Kind::Time, about: "When it ends; null: never." };

/// A credential.
pub(in crate::http) const CREDENTIAL: Resource = Resource {
    name: "ChargerCredential",
    about: "What a charger must show when it connects. The secret itself is not kept.",
    fields: &[
        CHARGER,
        KIND,
        Field { name: "state", kind: Kind::Word(&["active", "expired", "revoked"]), about: "Whether it is good." },
        Field { name: "changed_at", kind: Kind::Time, about: "When it was last set." },
        EXPIRES,
        Field { name: "revoked_at", kind: Kind::Time, about: "Since when its charger is shut out." },
    ],
};

/// A credential that was just set.
pub(in crate::http) const NEW_CREDENTIAL: Resource = Resource {
    name: "NewChargerCredential",
    about: "A credential that was just set.",
    fields: &[
        CHARGER,
        KIND,
        EXPIRES,
        Field { name: "password", kind: Kind::Text, about: "The key, where it was made here: shown this once." },
    ],
};

/// What to set for a charger that has none.
pub(in crate::http) const WISH: Resource = Resource {
    name: "ChargerCredentialWish",
    about: "A credential for a charger that has none.",
    fields: &[CHARGER, PASSWORD, EXPIRES],
};

/// What to set for a charger that has one.
pub(in crate::http) const PASSWORD_WISH: Resource =
    Resource { name: "ChargerPasswordWish", about: "Another credential for a charger.", fields: &[PASSWORD, EXPIRES] };

/// Lists credentials.
pub(in crate::http) async fn list(api: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/charger-credentials"))?;
    let source = Credentials { desk: api.desk.clone(), now: (api.clock)() };
    list::answer(api.view(), &CREDENTIAL, &query, source).await
}

/// One credential.
pub(in crate::http) async fn one(api: Whole, Path(id): Path<String>) -> Result<Response, Problem> {
    let credential = api.desk.with(move |desk| desk.credential(&ChargerId::new(id))).await?;
    Ok(object(&CREDENTIAL, &row(&credential, (api.clock)())))
}

/// Gives a charger a credential that had none.
pub(in crate::http) async fn add(
    api: Whole,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let body = api.body(request, &WISH).await?;
    let charger = ChargerId::new(body.required("charger")?.trim());
    set(&api, caller, charger, &body, Desk::add_credential).await
}

/// Gives a charger another credential.
pub(in crate::http) async fn set_password(
    api: Whole,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let body = api.body(request, &PASSWORD_WISH).await?;
    set(&api, caller, ChargerId::new(id), &body, Desk::set_credential).await
}

/// Shuts a charger out.
pub(in crate::http) async fn revoke(
    api: Whole,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let author = caller.author();
    let revoked = api.desk.with(move |desk| {
        let charger = ChargerId::new(id);
        desk.revoke_credential(&author, &charger)?;
        desk.credential(&charger)
    });
    Ok(object(&CREDENTIAL, &row(&revoked.await?, (api.clock)())))
}

/// Sets the passwords of a list.
pub(in crate::http) async fn import(
    api: Whole,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let body = api.body(request, &IMPORT).await?;
    let (text, form) = imports::list(&body)?;
    let (author, seals) = (caller.author(), api.seals.clone());
    let set = api.desk.with(move |desk| match lists::credentials(&text, form, &seals) {
        Ok(new) => desk.import_credentials(&author, &new).map(|()| Ok(new.len())),
        Err(error) => Ok(Err(error)),
    });
    imports::imported(set.await?)
}

type Put = fn(&Desk, &Author, &NewCredential) -> Result<(), DeskError>;

async fn set(api: &Api, caller: Caller, charger: ChargerId, body: &Body, put: Put) -> Result<Response, Problem> {
    let (seals, author, expires) = (api.seals.clone(), caller.author(), body.time("expires_at"));
    let given = body.text("password").map(str::to_owned);
    let drawn = given.is_none().then(Seals::draw);
    let secret = given.or_else(|| drawn.clone()).unwrap_or_default();
    let set = api.desk.with(move |desk| match seals.seal(&charger, &secret) {
        Ok(sealed) => {
            let new = NewCredential { charger, sealed, expires };
            put(desk, &author, &new).map(|()| Ok(new))
        }
        Err(error) => Ok(Err(error)),
    });
    let new = set.await?.map_err(|error| Problem::bad_request(error.to_string()))?;
    let row = vec![new.charger.as_str().into(), new.sealed.scheme.word().into(), new.expires.into(), drawn.into()];
    Ok(object(&NEW_CREDENTIAL, &row))
}

#[derive(Clone)]
struct Credentials {
    desk: Desk,
    now: At,
}

impl Source for Credentials {
    fn page(&self, _: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let page = self.desk.credentials(cursor, limit)?;
        Ok(page.iter().map(|one| (one.charger.folded(), row(one, self.now))).collect())
    }
}

fn row(credential: &Credential, now: At) -> Row {
    vec![
        credential.charger.as_str().into(),
        credential.sealed.scheme.word().into(),
        credential.state(now).into(),
        Cell::Time(credential.changed),
        credential.expires.into(),
        credential.revoked.into(),
    ]
}
