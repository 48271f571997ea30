//! Failures: what counts as one, when it began, and when it was seen to be over. Taken from the same pieces of an EVSE's
//! time as every figure of availability, so that down is down in both.

use super::service::{Class, Piece};
use super::status::State;
use super::time::{At, Span};

/// What is too short to be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaps {
    /// A stretch out of work that is shorter is none, in milliseconds.
    pub shortest_ms: i64,
    /// Stretches out of work with less than so many milliseconds at work between them are one.
    pub merged_ms: i64,
}

/// How a stretch out of work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was seen to work again.
    Repaired,
    /// It fell silent while out of work, and worked when it was heard again, or left the network.
    Unseen,
    /// It is not known to work again.
    Lasts,
}

/// Whose a stretch out of work is, by its first moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A failure.
    Failure,
    /// Planned work, as an operator entered.
    Planned,
    /// Out of the operator's hands, as was entered with evidence.
    Excused,
}

/// A stretch in which an EVSE was out of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// From the first moment out of work to the last that is known. What was not heard between two of them is in it.
    pub span: Span,
    /// How it ended.
    pub end: End,
    /// Whose it is.
    pub standing: Standing,
    /// Milliseconds of it that an entry excuses.
    pub excused_ms: i64,
    /// Whether it was broken (OUTOFORDER), not only switched off (INOPERATIVE).
    pub broken: bool,
}

impl Episode {
    /// How long it took, less what is excused, in milliseconds.
    pub const fn lasted_ms(&self) -> i64 {
        self.span.millis() - self.excused_ms
    }
}

/// What a moment means for a failure, whatever the opening hours.
enum Seen {
    Works,
    OutOfWork { broken: bool },
    Silent,
    NotThere,
}

fn seen(piece: &Piece) -> Seen {
    if piece.class == Class::Outside {
        return Seen::NotThere;
    }
    match piece.seen {
        State::Available | State::Charging | State::Reserved => Seen::Works,
        State::OutOfOrder => Seen::OutOfWork { broken: true },
        State::Inoperative => Seen::OutOfWork { broken: false },
        State::Unknown | State::Blocked | State::Planned | State::Removed => Seen::Silent,
    }
}

/// What has passed since the last moment out of work.
#[derive(Default)]
struct Since {
    at_work_ms: i64,
    excused_ms: i64,
    left: bool,
}

/// The stretches in which an EVSE was out of work, from pieces without gaps.
///
/// Silence, the link's or our own, neither ends nor begins one: out of work before and after it is one stretch.
pub fn episodes(pieces: &[Piece], flaps: Flaps) -> Vec<Episode> {
    let mut found: Vec<Episode> = Vec::new();
    let mut since = Since::default();
    for piece in pieces {
        let last = found.last_mut();
        match seen(piece) {
            Seen::Works => {
                since.at_work_ms += piece.span.millis();
                if let Some(last) = last.filter(|last| last.end == End::Lasts) {
                    last.end = if last.span.until == piece.span.from { End::Repaired } else { End::Unseen };
                }
            }
            Seen::Silent => since.excused_ms += excused(piece),
            Seen::NotThere => {
                since.left = true;
                if let Some(last) = last.filter(|last| last.end == End::Lasts) {
                    last.end = End::Unseen;
                }
            }
            Seen::OutOfWork { broken } => {
                let goes_on = |last: &Episode| last.end == End::Lasts || since.at_work_ms < flaps.merged_ms;
                match last.filter(|last| !since.left && goes_on(last)) {
                    Some(last) => {
                        last.span.until = piece.span.until;
                        last.end = End::Lasts;
                        last.excused_ms += since.excused_ms + excused(piece);
                        last.broken |= broken;
                    }
                    None => found.push(begun(piece, broken)),
                }
                since = Since::default();
            }
        }
    }
    found.retain(|episode| episode.span.millis() >= flaps.shortest_ms);
    found
}

fn begun(piece: &Piece, broken: bool) -> Episode {
    let standing = match (piece.class, piece.planned) {
        (Class::Blocked | Class::Exempt, _) => Standing::Excused,
        (_, Some(_)) => Standing::Planned,
        (Class::Outside | Class::Closed | Class::Up | Class::Down | Class::Unknown | Class::Ours, None) => {
            Standing::Failure
        }
    };
    Episode { span: piece.span, end: End::Lasts, standing, excused_ms: excused(piece), broken }
}

/// The milliseconds of a piece that an entry excuses.
const fn excused(piece: &Piece) -> i64 {
    match piece.class {
        Class::Blocked | Class::Exempt => piece.span.millis(),
        Class::Outside | Class::Closed | Class::Up | Class::Down | Class::Unknown | Class::Ours => 0,
    }
}

/// When an EVSE that was at work fell silent by the charger's or the link's doing. A silence that begins out of work
/// belongs to that; our own outage is nobody's.
pub fn losses(pieces: &[Piece]) -> Vec<At> {
    let mut found = Vec::new();
    let mut before = None;
    for piece in pieces {
        let now = seen(piece);
        let lost = matches!(now, Seen::Silent) && piece.class == Class::Unknown;
        if lost && matches!(before, Some(Seen::Works)) {
            found.push(piece.span.from);
        }
        // Our own outage between work and silence hides which came first; the silence counts from when we are back.
        if !matches!(now, Seen::Silent) || lost {
            before = Some(now);
        }
    }
    found
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
