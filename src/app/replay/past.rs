//! What of a frame from a ledger's past is still to be taken, and what its old answer tells. Pure.

use std::borrow::Cow;

use crate::domain::ids::SessionId;
use crate::domain::record::Change;
use crate::ocppj;

/// A message id as plain text.
pub(super) fn plain(id: &str) -> String {
    ocppj::decoded(id).map_or_else(|| id.to_owned(), Cow::into_owned)
}

/// The session that an answer to a start names.
pub(super) fn session_in(reply: &str) -> Option<SessionId> {
    let reply: serde_json::Value = serde_json::from_str(reply).ok()?;
    let id = reply.get(2)?.get("transactionId")?.as_i64()?;
    i32::try_from(id).ok().map(SessionId)
}

/// What tells how a charger stands now, or from now on: the past has no say in it.
pub(super) const fn is_of_the_present(change: &Change) -> bool {
    match change {
        Change::ConnectorNow(_)
        | Change::ConnectorGone(_)
        | Change::Booted { .. }
        | Change::Contact(_)
        | Change::Variable(_)
        | Change::Monitor(_) => true,
        Change::Paint(paint) => paint.until.is_none(),
        Change::StatusEvidence(_)
        | Change::Session(_)
        | Change::Reading(_)
        | Change::Security { .. }
        | Change::Progress { .. }
        | Change::TokenChecked { .. }
        | Change::ClockAhead { .. }
        | Change::TokenInClear { .. }
        | Change::Report(_)
        | Change::ReadingsMoved { .. }
        | Change::Observed { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Outlet;
    use crate::domain::record::Paint;
    use crate::domain::status::{Cause, State};
    use crate::domain::time::At;

    #[test]
    fn the_past_paints_no_timeline_without_an_end() {
        let painted = |until| {
            let (outlet, from) = (Outlet::new(1, 1), At::from_millis(0));
            let (state, cause) = (State::Available, Cause::Charger);
            is_of_the_present(&Change::Paint(Paint {
                outlet,
                from,
                until,
                state,
                status: None,
                cause,
                only_over: None,
            }))
        };
        assert!(painted(None) && !painted(Some(At::from_millis(5))));
        assert!(is_of_the_present(&Change::ConnectorGone(Outlet::new(1, 1))));
    }

    #[test]
    fn an_old_answer_names_its_session() {
        assert_eq!(session_in(r#"[3,"1",{"transactionId":7}]"#), Some(SessionId(7)));
        for none in ["", "[3]", r#"[3,"1",{}]"#, r#"[3,"1",{"transactionId":99999999999}]"#] {
            assert_eq!(session_in(none), None, "{none}");
        }
        assert_eq!((plain("\"a\""), plain("7")), ("a".to_owned(), "7".to_owned()));
    }
}
