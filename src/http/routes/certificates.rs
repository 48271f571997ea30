//! Certificates that were signed for chargers, and their revocation.

use axum::Extension;
use axum::extract::{Path, RawQuery};
use axum::response::Response;

use super::object;
use crate::domain::ids::ChargerId;
use crate::domain::time::At;
use crate::http::auth::Caller;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::{CHARGER, Query};
use crate::http::router::declared;
use crate::http::table::{Cell, Field, Kind, Resource, Row};
use crate::http::view::Whole;
use crate::store::archive::Archive;
use crate::store::desk::Desk;
use crate::store::desk::certificates::CertificateView;

/// A certificate.
pub(in crate::http) const CERTIFICATE: Resource = Resource {
    name: "ChargerCertificate",
    about: "A certificate that this service signed because its charger asked for it (SignCertificate).",
    fields: &[
        Field { name: "serial", kind: Kind::Text, about: "Its serial number, in hex." },
        Field { name: "charger", kind: Kind::Text, about: "The charger's identity: the common name." },
        Field { name: "state", kind: Kind::Word(&["active", "expired", "revoked"]), about: "Whether it is good." },
        Field { name: "not_before", kind: Kind::Time, about: "From when it is good." },
        Field { name: "not_after", kind: Kind::Time, about: "Until when it is good." },
        Field { name: "fingerprint", kind: Kind::Text, about: "SHA-256 of the certificate, in hex." },
        Field { name: "signed_at", kind: Kind::Time, about: "When it was signed." },
        Field { name: "security_profile", kind: Kind::Whole, about: "Of the connection over which it was asked for." },
        Field { name: "peer", kind: Kind::Text, about: "Where that connection came from." },
        Field {
            name: "delivery",
            kind: Kind::Word(&["waiting", "accepted", "rejected", "unanswered"]),
            about: "What the charger said to it.",
        },
        Field { name: "delivered_at", kind: Kind::Time, about: "When that was known." },
        Field { name: "revoked_at", kind: Kind::Time, about: "When it was revoked." },
        Field { name: "revoked_by", kind: Kind::Text, about: "By whom." },
    ],
};

/// Lists certificates.
pub(in crate::http) async fn list(api: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/certificates"))?;
    let charger = query.text(&CHARGER).map(ChargerId::new);
    let source = Certificates { desk: api.desk.clone(), charger, now: (api.clock)() };
    list::answer(api.view(), &CERTIFICATE, &query, source).await
}

/// Revokes a certificate.
pub(in crate::http) async fn revoke(
    api: Whole,
    Path(serial): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let author = caller.author();
    let revoked = api.desk.with(move |desk| desk.revoke_certificate(&author, &serial)).await?;
    Ok(object(&CERTIFICATE, &row(&revoked, (api.clock)())))
}

#[derive(Clone)]
struct Certificates {
    desk: Desk,
    charger: Option<ChargerId>,
    now: At,
}

impl Source for Certificates {
    fn page(&self, _: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let page = self.desk.certificates(self.charger.as_ref(), list::number(cursor)?, limit)?;
        Ok(page.iter().map(|one| (one.id.to_string(), row(one, self.now))).collect())
    }
}

fn row(view: &CertificateView, now: At) -> Row {
    vec![
        view.serial.as_str().into(),
        view.charger.as_str().into(),
        view.state(now).into(),
        Cell::Time(view.not_before),
        Cell::Time(view.not_after),
        view.fingerprint.as_str().into(),
        Cell::Time(view.signed),
        view.profile.into(),
        view.peer.as_str().into(),
        view.delivery.word().into(),
        view.delivered.into(),
        view.revoked.as_ref().map(|(at, _)| *at).into(),
        view.revoked.as_ref().map(|(_, by)| by.as_str()).into(),
    ]
}
