//! What a connector says it is doing, and what that means for availability.

use std::sync::Arc;

/// A connector's status in the words of OCPP 1.6, which are finer than those of 2.x.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConnectorStatus {
    /// Free and ready.
    Available,
    /// Plugged in or card shown, no transaction.
    Preparing,
    /// Energy flows, or may.
    Charging,
    /// The charger withholds energy.
    SuspendedEvse,
    /// The vehicle takes none.
    SuspendedEv,
    /// The session is over, the plug is still in.
    Finishing,
    /// Kept for somebody.
    Reserved,
    /// Switched off by an operator, or not ready.
    Unavailable,
    /// Broken.
    Faulted,
    /// In use, without saying how (1.5 and 2.x word).
    Occupied,
    /// A word we do not know, as sent.
    Other(Arc<str>),
}

impl ConnectorStatus {
    /// The word used in ledger, API and metrics.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Available => "Available",
            Self::Preparing => "Preparing",
            Self::Charging => "Charging",
            Self::SuspendedEvse => "SuspendedEVSE",
            Self::SuspendedEv => "SuspendedEV",
            Self::Finishing => "Finishing",
            Self::Reserved => "Reserved",
            Self::Unavailable => "Unavailable",
            Self::Faulted => "Faulted",
            Self::Occupied => "Occupied",
            Self::Other(text) => text,
        }
    }

    /// The statuses that have a word of their own.
    pub const KNOWN: [Self; 10] = [
        Self::Available,
        Self::Preparing,
        Self::Charging,
        Self::SuspendedEvse,
        Self::SuspendedEv,
        Self::Finishing,
        Self::Reserved,
        Self::Unavailable,
        Self::Faulted,
        Self::Occupied,
    ];

    /// The status of a ledger word; an unknown word becomes [`Self::Other`].
    pub fn from_word(word: &str) -> Self {
        Self::KNOWN.into_iter().find(|status| status.as_str() == word).unwrap_or_else(|| Self::Other(word.into()))
    }

    /// What the status means for availability (OCPI 2.2.1 status; our normative table).
    pub fn state(&self) -> State {
        match self {
            Self::Available => State::Available,
            Self::Preparing
            | Self::Charging
            | Self::SuspendedEvse
            | Self::SuspendedEv
            | Self::Finishing
            | Self::Occupied => State::Charging,
            Self::Reserved => State::Reserved,
            Self::Unavailable => State::Inoperative,
            Self::Faulted => State::OutOfOrder,
            Self::Other(_) => State::Unknown,
        }
    }
}

/// Availability of a connector or EVSE, in the words of OCPI 2.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Able to start a new session.
    Available,
    /// In use, or a vehicle is plugged in.
    Charging,
    /// Kept for somebody.
    Reserved,
    /// Not available for a while, but not broken.
    Inoperative,
    /// Broken.
    OutOfOrder,
    /// Nothing is known: offline, or we were not there to see.
    Unknown,
    /// Physically out of reach (entered by an operator).
    Blocked,
    /// Not yet in service.
    Planned,
    /// No longer in service.
    Removed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Available,
        Self::Charging,
        Self::Reserved,
        Self::Inoperative,
        Self::OutOfOrder,
        Self::Unknown,
        Self::Blocked,
        Self::Planned,
        Self::Removed,
    ];

    /// The OCPI word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "AVAILABLE",
            Self::Charging => "CHARGING",
            Self::Reserved => "RESERVED",
            Self::Inoperative => "INOPERATIVE",
            Self::OutOfOrder => "OUTOFORDER",
            Self::Unknown => "UNKNOWN",
            Self::Blocked => "BLOCKED",
            Self::Planned => "PLANNED",
            Self::Removed => "REMOVED",
        }
    }

    /// The state of a word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Who or what a state is owed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The charger said so.
    Charger,
    /// A transaction that ran proves it.
    Transaction,
    /// The charger was not heard for longer than the grace.
    Link,
    /// chargewatch itself was not running.
    OurOutage,
    /// An operator entered it, with evidence.
    Operator,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 5] = [Self::Charger, Self::Transaction, Self::Link, Self::OurOutage, Self::Operator];

    /// The word used in ledger, API and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Charger => "charger",
            Self::Transaction => "transaction",
            Self::Link => "link",
            Self::OurOutage => "our_outage",
            Self::Operator => "operator",
        }
    }

    /// The cause of a word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}
