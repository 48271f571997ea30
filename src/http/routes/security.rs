//! Security events of chargers, and those that this service found by itself.

use axum::extract::RawQuery;
use axum::response::Response;

use super::wanted_chargers;
use crate::domain::security_event::SecurityKind;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::{FROM, Param, Query, TO};
use crate::http::router::declared;
use crate::http::table::{Field, Kind, Resource, Row};
use crate::http::view::View;
use crate::store::archive::Archive;
use crate::store::security::{SecurityEventView, SecurityFilter};

pub(in crate::http) const KIND: Param = Param { name: "kind", about: "Of this kind, in any case.", words: &[] };
pub(in crate::http) const CRITICAL: Param = Param {
    name: "critical",
    about: "Only those whose kind the specification calls critical, or only the others.",
    words: &["true", "false"],
};

/// A security event.
pub(in crate::http) const SECURITY_EVENT: Resource = Resource {
    name: "SecurityEvent",
    about: "Something that matters to security: told by a charger (SecurityEventNotification), or found here.",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "Number of the event." },
        Field { name: "charger_id", kind: Kind::Text, about: "Identity of the charger." },
        Field { name: "at", kind: Kind::Time, about: "When, on the charger's clock where that is believable." },
        Field {
            name: "kind",
            kind: Kind::Text,
            about: "What, as sent. WeakerSecurityProfile and CertificateSigningRefused were found here.",
        },
        Field { name: "critical", kind: Kind::Bool, about: "Whether OCPP 2.1 (appendix 1) calls its kind critical." },
        Field {
            name: "info",
            kind: Kind::Text,
            about: "Details. They may name a person who worked at the charger: null but for operators and admins.",
        },
        Field { name: "frame_id", kind: Kind::Whole, about: "The frame that told it; it may be gone by retention." },
    ],
};

/// Lists security events.
pub(in crate::http) async fn list(view: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/security-events"))?;
    let filter = SecurityFilter {
        chargers: Vec::new(),
        from: query.time(&FROM)?,
        until: query.time(&TO)?,
        kind: query.text(&KIND).map(str::to_owned),
        critical: query.text(&CRITICAL).map(|word| word == "true"),
    };
    let filter = wanted_chargers(&view, &query)?.map(|chargers| SecurityFilter { chargers, ..filter });
    list::answer(&view, &SECURITY_EVENT, &query, Events(filter, view.shows_people())).await
}

#[derive(Clone)]
struct Events(Option<SecurityFilter>, bool);

impl Source for Events {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let before = list::number(cursor)?;
        let Some(filter) = &self.0 else { return Ok(Page::new()) };
        let views = archive.security_events(filter, before, limit)?;
        Ok(views.iter().map(|view| (view.id.to_string(), row(view, self.1))).collect())
    }
}

fn row(view: &SecurityEventView, shows_people: bool) -> Row {
    vec![
        view.id.into(),
        view.charger.as_str().into(),
        view.at.into(),
        view.kind.as_str().into(),
        SecurityKind::of(&view.kind).critical.into(),
        view.info.as_deref().filter(|_| shows_people).into(),
        view.frame.map(|frame| frame.0).into(),
    ]
}
