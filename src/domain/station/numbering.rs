//! How connectors are numbered. 1.6 numbers them through; 2.x numbers EVSEs, and connectors under each. A charger that
//! changes from one to the other leaves numbers behind that nobody will speak of again.

use super::Station;
use crate::domain::ids::{Outlet, SessionId};
use crate::domain::record::{Change, Effect, Paint, SessionEvent, Turn};
use crate::domain::status::{Cause, State};
use crate::domain::time::At;

impl Station {
    /// A connection of this protocol began: numbers that cannot be meant by it any more are retired.
    pub(super) fn renumber(&mut self, now: At, protocol: &str, turn: &mut Turn) {
        let before = self.protocol.replace(protocol.into());
        let Some(before) = before.filter(|before| numbers_through(before) != numbers_through(protocol)) else { return };
        let gone: fn(Outlet) -> bool = if numbers_through(&before) { is_numbered_through } else { is_numbered_under };
        for outlet in self.connectors.forget(gone) {
            let running: Vec<SessionId> =
                self.sessions.active().filter(|session| session.row.outlet == outlet).map(|s| s.row.id).collect();
            for id in running {
                self.presume_over(id, turn, SessionEvent::EndedWithoutStop);
            }
            let (state, cause) = (State::Removed, Cause::Charger);
            let paint = Paint { outlet, from: now, until: None, state, status: None, cause, only_over: None };
            turn.changes.push(Change::Paint(paint));
            turn.changes.push(Change::ConnectorGone(outlet));
            turn.effects.push(Effect::Gone(outlet));
        }
    }
}

/// Whether a protocol numbers connectors through the whole charger.
fn numbers_through(protocol: &str) -> bool {
    protocol == "ocpp1.6"
}

/// Connector 2 and up of 1.6. Connector 1 is connector 1 of EVSE 1 in both.
fn is_numbered_through(outlet: Outlet) -> bool {
    outlet.evse == outlet.connector && outlet.evse > 1
}

/// What 1.6 cannot name.
fn is_numbered_under(outlet: Outlet) -> bool {
    outlet.evse != outlet.connector
}
