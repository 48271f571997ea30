//! The audit log: who changed or commanded what, when, and what came of it.

use axum::extract::RawQuery;
use axum::response::Response;

use crate::domain::time::At;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::{FROM, Query, TO};
use crate::http::router::declared;
use crate::http::table::{Field, Kind, Resource, Row};
use crate::http::view::Whole;
use crate::store::StoreError;
use crate::store::archive::Archive;
use crate::store::desk::{AuditView, Desk};

/// A line of the audit log.
pub(in crate::http) const LINE: Resource = Resource {
    name: "AuditLine",
    about: "A change or command of somebody, whether it was done or not.",
    fields: &[
        Field { name: "id", kind: Kind::Whole, about: "Number of the line." },
        Field { name: "at", kind: Kind::Time, about: "When." },
        Field {
            name: "author",
            kind: Kind::Text,
            about: "Who: token NAME over the API, cli ACCOUNT at the machine itself.",
        },
        Field { name: "deed", kind: Kind::Text, about: "What: token.add, charger.reset …" },
        Field { name: "subject", kind: Kind::Text, about: "On what." },
        Field { name: "outcome", kind: Kind::Text, about: "done, or why not." },
        Field { name: "detail", kind: Kind::Text, about: "What else is worth knowing." },
    ],
};

/// Lists the audit log.
pub(in crate::http) async fn list(whole: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/audit"))?;
    let source = Lines { desk: whole.desk.clone(), from: query.time(&FROM)?, until: query.time(&TO)? };
    list::answer(whole.view(), &LINE, &query, source).await
}

#[derive(Clone)]
struct Lines {
    desk: Desk,
    from: Option<At>,
    until: Option<At>,
}

impl Source for Lines {
    fn page(&self, _: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        let mut before = list::number(cursor)?;
        let mut page = Page::new();
        while page.len() < limit {
            let lines = self.desk.audit(before, limit).map_err(|error| StoreError::Read(error.to_string()))?;
            let Some(last) = lines.last() else { break };
            before = Some(last.id);
            let fits = |line: &&AuditView| {
                self.from.is_none_or(|from| line.at >= from) && self.until.is_none_or(|until| line.at < until)
            };
            let missing = limit - page.len();
            page.extend(lines.iter().filter(fits).take(missing).map(|line| (line.id.to_string(), row(line))));
        }
        Ok(page)
    }
}

fn row(line: &AuditView) -> Row {
    vec![
        line.id.into(),
        line.at.into(),
        line.author.as_str().into(),
        line.deed.as_str().into(),
        line.subject.as_str().into(),
        line.outcome.as_str().into(),
        line.detail.as_deref().into(),
    ]
}
