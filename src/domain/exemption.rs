//! Exemptions: stretches of time that an operator entered with evidence. They are never inferred from a status, never
//! deleted, only revoked.

use super::ids::ChargerId;
use super::time::{At, Span};

/// What an entry means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExemptionKind {
    /// The bay cannot be reached: OCPI status BLOCKED.
    Blocked,
    /// Out of the operator's hands, with a cause: the whole stretch leaves the reckoning, up or down.
    Exempt,
    /// Planned work. Down all the same in the United Kingdom, excluded by NEVI.
    PlannedWork,
}

impl ExemptionKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Blocked, Self::Exempt, Self::PlannedWork];

    /// The words of the kinds.
    pub const WORDS: &[&str] = &["blocked", "exempt", "planned_work"];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Exempt => "exempt",
            Self::PlannedWork => "planned_work",
        }
    }

    /// Which goes before the others where several cover the same instant, as in the reckoning: the higher.
    pub const fn precedence(self) -> u8 {
        match self {
            Self::PlannedWork => 0,
            Self::Blocked => 1,
            Self::Exempt => 2,
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The causes that may be given, as they are seen in the field.
pub const CAUSES: &[&str] = &[
    "vandalism",
    "severe_weather",
    "grid_failure",
    "vehicle",
    "obstructed",
    "withdrawn_for_upgrade",
    "maintenance",
    "other",
];

/// An entry in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// Its number.
    pub id: i64,
    /// The charger.
    pub charger: ChargerId,
    /// One of its EVSEs; `None`: all of them.
    pub evse: Option<u32>,
    /// What it means.
    pub kind: ExemptionKind,
    /// Why, a word of [`CAUSES`].
    pub cause: String,
    /// When.
    pub span: Span,
}

impl Exemption {
    /// Whether it covers an instant of an EVSE.
    pub fn covers(&self, evse: u32, at: At) -> bool {
        self.evse.is_none_or(|of| of == evse) && self.span.contains(at)
    }
}
