//! Who asks, and whether they may.

use axum::http::{HeaderMap, Method};

use super::Api;
use super::error::Problem;
use crate::domain::people::{Access, Role};
use crate::store::desk::Author;

/// Who asks. Every handler may take it as an extension.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// What they may do.
    pub(super) role: Role,
    /// The name that stands in the audit log.
    pub(super) name: String,
}

impl Caller {
    /// As the author of a change.
    pub(super) fn author(&self) -> Author {
        Author::with_token(&self.name)
    }
}

/// Finds out who asks, and lets them in where their role may use what is for `access`.
pub(super) async fn admit(_: &Api, _: &HeaderMap, _: &Method, access: Access) -> Result<Caller, Problem> {
    std::future::ready(()).await;
    let caller = Caller { role: Role::Viewer, name: "nobody".to_owned() };
    if caller.role.may(access) {
        Ok(caller)
    } else {
        Err(Problem::forbidden(format!("this is for the role {}, and not for {}", access.word(), caller.role)))
    }
}
