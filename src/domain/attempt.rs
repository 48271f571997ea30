//! Attempts to charge and the visits that they make up: the figures of the ChargeX consortium, with what OCPP 1.6 tells.

use std::collections::BTreeMap;

use super::energy::MilliWh;
use super::ids::Outlet;
use super::record::SessionState;
use super::time::{At, Span};
use super::token::TokenHash;

/// So many attempts of a charger are looked at for the one that a token was shown for: more do not run at once.
const LOOKED_BACK: usize = 16;

/// How far apart what tells of one attempt may lie, and attempts of one visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gaps {
    /// What tells of one attempt, in milliseconds.
    pub evidence_ms: i64,
    /// Attempts with one token at one site.
    pub visit_ms: i64,
    /// Attempts at one EVSE, where a token is missing.
    pub anonymous_ms: i64,
}

/// A session, as far as it tells of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Where.
    pub outlet: Outlet,
    /// When it started.
    pub started: At,
    /// When it ended.
    pub ended: Option<At>,
    /// Its state.
    pub state: SessionState,
    /// Its energy, where that is known.
    pub energy: Option<MilliWh>,
    /// When readings first told of a flow of energy.
    pub flow_from: Option<At>,
    /// Why it stopped.
    pub stop_reason: Option<Box<str>>,
    /// Whose it was.
    pub token: Option<TokenHash>,
}

/// Somebody plugged in, or said so with a card: the connector was taken without charging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlugIn {
    /// Where.
    pub outlet: Outlet,
    /// From when.
    pub from: At,
    /// Until when.
    pub until: Option<At>,
    /// Whether it was seen to be free just before: else the plug may have been in for long.
    pub was_free: bool,
}

/// A token was shown to a charger. Whose it was is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenCheck {
    /// When.
    pub at: At,
    /// Whether it may charge.
    pub accepted: bool,
}

/// What an attempt began with, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// The plug.
    Plug,
    /// A token.
    Token,
    /// The start itself: a token that the charger knew, or a start from afar.
    Start,
}

/// An attempt to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where; `None` where only a token was shown to a charger.
    pub outlet: Option<Outlet>,
    /// From when.
    pub from: At,
    /// Until when; `None` while it lasts.
    pub until: Option<At>,
    /// What it began with.
    pub began: Began,
    /// Whether a token that was shown for it may not charge.
    pub refused: bool,
    /// The session that it led to.
    pub session: Option<Tried>,
}

impl Attempt {
    /// Energy that it delivered: none without a session, and `None` where that is not known.
    pub fn energy(&self) -> Option<MilliWh> {
        match &self.session {
            None => Some(MilliWh(0)),
            Some(session) if session.state == SessionState::Active => None,
            Some(session) => session.energy,
        }
    }

    /// Whether more energy than this was delivered; a session that still runs may have got there.
    pub fn delivered(&self, more_than: MilliWh) -> Option<bool> {
        let so_far = self.session.as_ref().and_then(|session| session.energy);
        if so_far.is_some_and(|energy| energy.0 > more_than.0) {
            return Some(true);
        }
        self.energy().map(|energy| energy.0 > more_than.0)
    }

    /// Whether it ended as a driver or operator wished, by the reason of its stop; `None` where no stop was seen, and
    /// false where there never was a session.
    pub fn stopped_well(&self) -> Option<bool> {
        let Some(session) = &self.session else { return Some(false) };
        match session.state {
            SessionState::Ended => Some(session.stop_reason.as_deref().is_none_or(is_valid_stop)),
            SessionState::Active | SessionState::EndedWithoutStop | SessionState::Orphan => None,
        }
    }

    /// Whose it was, where that is somebody.
    fn token(&self) -> Option<&TokenHash> {
        self.session.as_ref()?.token.as_ref().filter(|token| token.is_somebody())
    }
}

/// Whether a stop for this reason is a valid one: those of the consortium's calculator, and that of 1.6 for a connector
/// unlocked from afar. In 1.6 no reason means `Local`.
fn is_valid_stop(reason: &str) -> bool {
    const VALID: [&str; 9] = [
        "EnergyLimitReached",
        "SOCLimitReached",
        "Local",
        "Remote",
        "StoppedByEV",
        "LocalOutOfCredit",
        "TimeLimitReached",
        "EVDisconnected",
        "UnlockCommand",
    ];
    VALID.iter().any(|valid| valid.eq_ignore_ascii_case(reason))
}

/// Attempts from the sessions and plug-ins of a charger, in order of time. A session takes the last plug-in at its EVSE
/// before it, or one right after its start; a plug-in that no session takes is an attempt without one, unless the plug may
/// have been in for long.
pub fn attempts(mut sessions: Vec<Tried>, plugs: &[PlugIn], gaps: Gaps) -> Vec<Attempt> {
    sessions.sort_by_key(|session| (session.outlet.evse, session.started));
    let mut plugs = plugs.to_vec();
    plugs.sort_by_key(|plug| (plug.outlet.evse, plug.from));
    let mut taken = vec![false; plugs.len()];
    let mut found = Vec::with_capacity(sessions.len());
    for session in sessions {
        let (evse, started) = (session.outlet.evse, session.started);
        let next = plugs.partition_point(|plug| (plug.outlet.evse, plug.from) <= (evse, started));
        let before = |plug: &PlugIn| plug.until.is_none_or(|until| started <= until.plus_millis(gaps.evidence_ms));
        // Some chargers tell of the plug after the start.
        let within = session.ended.unwrap_or(At::from_millis(i64::MAX)).min(started.plus_millis(gaps.evidence_ms));
        let after = |plug: &PlugIn| plug.from <= within;
        let is_left = |index: usize, fits: &dyn Fn(&PlugIn) -> bool| {
            let plug = plugs.get(index).filter(|plug| plug.outlet.evse == evse && fits(plug));
            plug.is_some() && taken.get(index).is_some_and(|taken| !taken)
        };
        let own = next.checked_sub(1).filter(|last| is_left(*last, &before));
        let own = own.or_else(|| is_left(next, &after).then_some(next));
        own.and_then(|index| taken.get_mut(index)).into_iter().for_each(|taken| *taken = true);
        let first = own.and_then(|index| plugs.get(index)).filter(|plug| plug.from <= started);
        let over = session.ended.or((session.state != SessionState::Active).then_some(started));
        found.push(Attempt {
            outlet: Some(session.outlet),
            from: first.map_or(started, |plug| plug.from),
            until: over,
            began: if first.is_some() { Began::Plug } else { Began::Start },
            refused: false,
            session: Some(session),
        });
    }
    let left = plugs.iter().zip(taken).filter(|(plug, taken)| plug.was_free && !taken).map(|(plug, _)| Attempt {
        outlet: Some(plug.outlet),
        from: plug.from,
        until: plug.until,
        began: Began::Plug,
        refused: false,
        session: None,
    });
    found.extend(left);
    found.sort_by_key(|attempt| attempt.from);
    found
}

/// Adds the tokens that were shown at the charger: to the attempt that they belong to, else each as an attempt that came
/// to nothing. A token that is shown while a session runs, or as it ends, is there to end it.
pub fn with_tokens(mut attempts: Vec<Attempt>, checks: &[TokenCheck], gaps: Gaps) -> Vec<Attempt> {
    let near = |at: At, other: At| at.millis_since(other).abs() <= gaps.evidence_ms;
    let mut orphans: Vec<Attempt> = Vec::new();
    for check in checks {
        let runs = |attempt: &Attempt| {
            let end = attempt.until.map(|until| until.plus_millis(gaps.evidence_ms));
            attempt.from <= check.at && end.is_none_or(|end| check.at <= end)
        };
        // Forward first, then back: the next attempt that begins, else the last that began.
        let next = attempts.partition_point(|attempt| attempt.from < check.at);
        let ahead = attempts.get(next).is_some_and(|attempt| near(attempt.from, check.at)).then_some(next);
        let behind = || (0..next).rev().take(LOOKED_BACK).find(|index| attempts.get(*index).is_some_and(runs));
        if let Some(attempt) = ahead.or_else(behind).and_then(|index| attempts.get_mut(index)) {
            if check.at < attempt.from {
                (attempt.from, attempt.began) = (check.at, Began::Token);
            }
            attempt.refused |= !check.accepted && near(attempt.from, check.at);
            continue;
        }
        match orphans.last_mut().filter(|last| last.until.is_some_and(|until| near(until, check.at))) {
            Some(last) => {
                last.until = Some(check.at);
                last.refused |= !check.accepted;
            }
            None => orphans.push(Attempt {
                outlet: None,
                from: check.at,
                until: Some(check.at),
                began: Began::Token,
                refused: !check.accepted,
                session: None,
            }),
        }
    }
    attempts.extend(orphans);
    attempts.sort_by_key(|attempt| attempt.from);
    attempts
}

/// Attempts of one visit, by their place in what it was made from.
pub type Visit = Vec<usize>;

/// Visits to a site, from attempts in order of time, each with a number for the EVSE that it was at. Attempts with one
/// token belong together. One without joins the next, else the last, at its EVSE in quick succession.
pub fn visits(attempts: &[(usize, &Attempt)], gaps: Gaps) -> Vec<Visit> {
    let tokens = tokens(attempts, gaps);
    let token_of = |index: &usize| tokens.get(*index).copied().flatten();
    let (mut open, mut done): (Vec<Visit>, Vec<Visit>) = (Vec::new(), Vec::new());
    let last_of = |visit: &Visit| visit.last().and_then(|index| attempts.get(*index));
    let longest = gaps.visit_ms.max(gaps.anonymous_ms);
    for (index, (evse, attempt)) in attempts.iter().enumerate() {
        let is_open = |visit: &Visit| last_of(visit).is_some_and(|(_, last)| pause(last, attempt) < longest);
        done.extend(open.extract_if(.., |visit| !is_open(visit)));
        let joins = |visit: &Visit| {
            let Some((last_evse, last)) = last_of(visit) else { return false };
            match (visit.iter().find_map(token_of), token_of(&index)) {
                (Some(one), Some(other)) => one == other && pause(last, attempt) < gaps.visit_ms,
                (None, _) | (_, None) => evse == last_evse && pause(last, attempt) < gaps.anonymous_ms,
            }
        };
        match open.iter_mut().rev().find(|visit| joins(visit)) {
            Some(visit) => visit.push(index),
            None => open.push(vec![index]),
        }
    }
    done.append(&mut open);
    done.sort_by_key(|visit| visit.first().copied());
    done
}

/// The token of each attempt; one without has that of the next at its EVSE, where that follows in quick succession.
fn tokens<'a>(attempts: &[(usize, &'a Attempt)], gaps: Gaps) -> Vec<Option<&'a TokenHash>> {
    let mut next: BTreeMap<usize, (&Attempt, Option<&TokenHash>)> = BTreeMap::new();
    let mut found: Vec<Option<&TokenHash>> = Vec::with_capacity(attempts.len());
    for (evse, attempt) in attempts.iter().rev() {
        let follows = next.get(evse).filter(|(next, _)| pause(attempt, next) < gaps.anonymous_ms);
        let token = attempt.token().or_else(|| follows.and_then(|(_, token)| *token));
        next.insert(*evse, (attempt, token));
        found.push(token);
    }
    found.reverse();
    found
}

/// From the end of an attempt to the next; one that has no end lasts as long as can be.
fn pause(before: &Attempt, next: &Attempt) -> i64 {
    let until = before.until.unwrap_or(At::from_millis(i64::MAX));
    Span { from: until, until: next.from }.millis()
}

#[cfg(test)]
#[path = "attempt_tests.rs"]
mod tests;
