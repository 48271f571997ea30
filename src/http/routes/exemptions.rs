//! Exemptions: entered with evidence, listed, revoked.

use axum::Extension;
use axum::extract::{Path, RawQuery, Request};
use axum::response::Response;

use crate::domain::exemption::{CAUSES, ExemptionKind};
use crate::domain::ids::ChargerId;
use crate::domain::time::Span;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::error::Problem;
use crate::http::list;
use crate::http::params::CHARGER;
use crate::http::params::Query;
use crate::http::router::declared;
use crate::http::table::{Field, Kind, Resource, Row};
use crate::http::view::Whole;
use crate::store::desk::exemption::{ExemptionView, ExemptionWish};

/// Most entries in one answer.
const MOST: usize = 10_000;

/// An entry.
pub(in crate::http) const EXEMPTION: Resource = Resource {
    name: "Exemption",
    about: "A stretch of time that an operator entered with evidence.",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "Its number." },
        Field { name: "charger_id", kind: Kind::Text, about: "Identity of the charger." },
        Field { name: "evse_id", kind: Kind::Whole, about: "One EVSE of it; null: all." },
        Field { name: "kind", kind: Kind::Word(ExemptionKind::WORDS), about: "What it means." },
        Field { name: "cause", kind: Kind::Word(CAUSES), about: "Why." },
        Field { name: "from", kind: Kind::Time, about: "From, inclusive." },
        Field { name: "until", kind: Kind::Time, about: "Until, exclusive." },
        Field { name: "evidence", kind: Kind::Text, about: "What proves it." },
        Field { name: "author", kind: Kind::Text, about: "Who entered it." },
        Field { name: "added_at", kind: Kind::Time, about: "When it was entered." },
        Field { name: "revoked_at", kind: Kind::Time, about: "When it was revoked; null while it counts." },
        Field { name: "revoked_by", kind: Kind::Text, about: "By whom." },
        Field { name: "revoked_because", kind: Kind::Text, about: "Why." },
    ],
};

/// What is to be entered.
pub(in crate::http) const WISH: Resource = Resource {
    name: "NewExemption",
    about: "What is to be entered. All but evse_id must be there.",
    fields: &[
        Field { name: "charger_id", kind: Kind::Text, about: "Identity of the charger." },
        Field { name: "evse_id", kind: Kind::Whole, about: "One EVSE of it; null: all." },
        Field {
            name: "kind",
            kind: Kind::Word(ExemptionKind::WORDS),
            about: "blocked: the bay cannot be reached; exempt: out of the operator's hands; planned_work.",
        },
        Field { name: "cause", kind: Kind::Word(CAUSES), about: "Why." },
        Field { name: "from", kind: Kind::Time, about: "From, inclusive." },
        Field { name: "until", kind: Kind::Time, about: "Until, exclusive." },
        Field { name: "evidence", kind: Kind::Text, about: "What proves it: a report, a photograph, a reference." },
    ],
};

/// Why an entry is revoked.
pub(in crate::http) const REVOCATION: Resource = Resource {
    name: "Revocation",
    about: "Why it is revoked.",
    fields: &[Field {
        name: "because",
        kind: Kind::Text,
        about: "The reason, which stands beside the entry for good.",
    }],
};

/// Lists the entries, newest first.
pub(in crate::http) async fn list(whole: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/exemptions"))?;
    let charger = query.text(&CHARGER).map(ChargerId::new);
    let found = whole.desk.with(move |desk| desk.exemptions(charger.as_ref(), None, MOST)).await?;
    list::whole(&EXEMPTION, &query, found.iter().map(row).collect())
}

/// Enters one.
pub(in crate::http) async fn add(
    whole: Whole,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let body = whole.body(request, &WISH).await?;
    let wish = wish(&body)?;
    let charger = wish.charger.clone();
    let query = Query::read(None, &[])?;
    let found = whole
        .desk
        .with(move |desk| {
            desk.add_exemption(&caller.author(), &wish)?;
            desk.exemptions(Some(&charger), None, 1)
        })
        .await?;
    list::whole(&EXEMPTION, &query, found.iter().map(row).collect())
}

/// Revokes one.
pub(in crate::http) async fn revoke(
    whole: Whole,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let none = || Problem::not_found(format!("there is no exemption \"{id}\""));
    let number: i64 = id.parse().map_err(|_| none())?;
    let body = whole.body(request, &REVOCATION).await?;
    let why = body.required("because")?.to_owned();
    let query = Query::read(None, &[])?;
    let found = whole
        .desk
        .with(move |desk| {
            desk.revoke_exemption(&caller.author(), number, &why)?;
            desk.exemptions(None, Some(number + 1), 1)
        })
        .await?;
    list::whole(&EXEMPTION, &query, found.iter().map(row).collect())
}

fn wish(body: &Body) -> Result<ExemptionWish, Problem> {
    let missing = |name: &str| Problem::bad_request(format!("the field \"{name}\" is missing"));
    let kind = ExemptionKind::from_word(body.required("kind")?).ok_or_else(|| missing("kind"))?;
    let from = body.time("from").ok_or_else(|| missing("from"))?;
    let until = body.time("until").ok_or_else(|| missing("until"))?;
    let evse = match body.whole("evse_id") {
        Some(number) => {
            Some(u32::try_from(number).map_err(|_| Problem::bad_request("evse_id is no number of an EVSE"))?)
        }
        None => None,
    };
    Ok(ExemptionWish {
        charger: ChargerId::new(body.required("charger_id")?),
        evse,
        kind,
        cause: body.required("cause")?.to_owned(),
        span: Span { from, until },
        evidence: body.required("evidence")?.to_owned(),
    })
}

fn row(view: &ExemptionView) -> Row {
    let wish = &view.wish;
    let revoked = view.revoked.as_ref();
    vec![
        view.id.into(),
        wish.charger.as_str().into(),
        wish.evse.into(),
        wish.kind.word().into(),
        wish.cause.as_str().into(),
        wish.span.from.into(),
        wish.span.until.into(),
        wish.evidence.as_str().into(),
        view.author.as_str().into(),
        view.added.into(),
        revoked.map(|(at, ..)| *at).into(),
        revoked.map(|(_, by, _)| by.as_str()).into(),
        revoked.map(|(.., why)| why.as_str()).into(),
    ]
}
