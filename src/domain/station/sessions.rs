//! The sessions that the machine remembers: all open ones and the most recent others.

use super::session::Session;
use crate::domain::event::{Named, Start, Stop};
use crate::domain::ids::{Outlet, SessionId, TransactionId};
use crate::domain::record::{SessionRow, SessionState};
use crate::domain::time::At;
use crate::domain::token::TokenHash;

/// How many sessions that are over are remembered.
const REMEMBERED: usize = 16;

/// Sessions, oldest first by order of becoming known.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    list: Vec<Session>,
    /// Whether the ledger has no others.
    pub(super) complete: bool,
}

impl Sessions {
    pub(super) fn recall(rows: Vec<SessionRow>, complete: bool, rated_w: Option<u32>) -> Self {
        Self { list: rows.into_iter().map(|row| Session::recall(row, rated_w)).collect(), complete }
    }

    /// Takes a session back into memory that the ledger was asked for.
    pub(super) fn take_back(&mut self, row: &SessionRow, rated_w: Option<u32>) {
        if self.get(row.id).is_none() {
            self.list.insert(0, Session::recall(row.clone(), rated_w));
        }
    }

    pub(super) fn push(&mut self, session: Session) {
        self.list.push(session);
    }

    pub(super) fn get(&self, id: SessionId) -> Option<&Session> {
        self.list.iter().find(|session| session.row.id == id)
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.list.iter_mut().find(|session| session.row.id == id)
    }

    pub(super) fn active(&self) -> impl Iterator<Item = &Session> {
        self.list.iter().filter(|session| session.is_active())
    }

    pub(super) fn active_at(&self, outlet: Outlet) -> Option<&Session> {
        self.active().filter(|session| session.row.outlet.meets(outlet)).last()
    }

    /// The one session that runs, where it is only one.
    pub(super) fn only_active(&self) -> Option<&Session> {
        let mut open = self.active();
        open.next().filter(|_| open.next().is_none())
    }

    /// The session that began at this place at this instant of the charger's clock.
    pub(super) fn started_by(&self, outlet: Option<Outlet>, said: Option<At>) -> Option<&Session> {
        let there = |session: &&Session| outlet.is_none_or(|outlet| session.row.outlet.meets(outlet));
        self.list.iter().rev().filter(there).find(|session| said.is_some() && session.row.start_said == said)
    }

    /// When the newest other session that runs at the place of this one began.
    pub(super) fn newest_start_at(&self, of: &Session) -> Option<At> {
        let others = self.active().filter(|other| other.row.id != of.row.id && other.row.outlet.meets(of.row.outlet));
        others.filter_map(|other| other.row.started_at).max()
    }

    /// The session of a name; the newest where a charger has used a name twice.
    pub(super) fn named(&self, transaction: &TransactionId) -> Option<&Session> {
        self.list.iter().rev().find(|session| session.row.transaction == *transaction)
    }

    /// The session that this start began, if it is known: recognised by content, not by message.
    pub(super) fn begun_by(&self, start: &Start) -> Option<&Session> {
        if let Named::As(id) = &start.transaction {
            return self.named(id);
        }
        self.list.iter().rev().find(|session| {
            let row = &session.row;
            // Without a time only the running session can be meant.
            let same_time = row.start_said == start.at.said && (row.start_said.is_some() || session.is_active());
            let same = row.outlet == start.outlet && row.meter_start == start.register;
            let same_card = TokenHash::may_be_same(row.token.as_ref(), start.token.as_ref());
            same && same_card && same_time && row.state != SessionState::Orphan
        })
    }

    /// The session that ran at an outlet at an instant; the latest to begin where several did.
    pub(super) fn covering(&self, outlet: Outlet, at: At) -> Option<&Session> {
        let there = self.list.iter().filter(|session| session.row.outlet.meets(outlet) && session.covers(at));
        there.max_by_key(|session| session.row.started_at)
    }

    /// Whether an instant lies before the end of what is remembered of an outlet.
    pub(super) fn reach_beyond(&self, outlet: Outlet, at: At) -> bool {
        let of = self.list.iter().filter(|session| session.row.outlet.meets(outlet));
        of.filter_map(|session| session.row.ended_at.max(session.row.started_at)).any(|known| at < known)
    }

    /// The session that a stop without a name belongs to.
    pub(super) fn meant_by(&self, stop: &Stop, at: At) -> Option<&Session> {
        let fits = |session: &&Session| stop.outlet.is_none_or(|outlet| session.row.outlet.meets(outlet));
        let same_card = |session: &&Session| {
            stop.token.is_none() || TokenHash::may_be_same(session.row.token.as_ref(), stop.token.as_ref())
        };
        if let Some(again) = self.list.iter().rev().filter(fits).find(|session| session.was_stopped_by(stop)) {
            return Some(again);
        }
        let mut open = self.active().filter(fits);
        if let (Some(only), None) = (open.next(), open.next()) {
            return Some(only);
        }
        let unstopped = |session: &&Session| {
            let row = &session.row;
            let waiting = matches!(row.state, SessionState::Active | SessionState::EndedWithoutStop);
            waiting && row.started_at.is_some_and(|start| start <= at)
        };
        self.list.iter().rev().filter(fits).filter(unstopped).find(same_card)
    }

    /// Forgets the oldest sessions that are over, beyond what is to be remembered.
    pub(super) fn forget_oldest(&mut self) {
        let over = self.list.iter().filter(|session| !session.is_active()).count();
        let mut surplus = over.saturating_sub(REMEMBERED);
        if surplus == 0 {
            return;
        }
        self.complete = false;
        self.list.retain(|session| {
            let goes = surplus > 0 && !session.is_active();
            surplus -= usize::from(goes);
            !goes
        });
    }
}
