//! What the ledger tells a station machine: what it begins with, and what it asks for before it can handle an event.

use super::driver::Standing;
use super::energy::MilliWh;
use super::event::Boot;
use super::ids::{ChargerId, Outlet, SessionId, StationKey, TransactionId};
use super::reading::Sample;
use super::record::{ConnectorNow, SessionRow};
use super::security::Profile;
use super::time::At;
use super::token::TokenHash;

/// What the ledger knows of a charger, to begin a station machine with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationMemory {
    /// Its row.
    pub key: StationKey,
    /// Its identity, in the spelling first seen.
    pub charger: ChargerId,
    /// What it last said of itself.
    pub boot: Option<Boot>,
    /// Present status of each connector.
    pub connectors: Vec<ConnectorNow>,
    /// Sessions that are open, and the most recent others, newest last, with their ledger rows.
    pub sessions: Vec<SessionRow>,
    /// Whether `sessions` is all that the ledger has.
    pub complete: bool,
    /// When it was last heard, if ever.
    pub last_heard: Option<At>,
    /// Subprotocol of its last connection.
    pub protocol: Option<Box<str>>,
    /// Security profile of its last connection, where it is known.
    pub profile: Option<Profile>,
}

/// What the station machine may have to ask the ledger before it can handle an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The session that began at this outlet with this content.
    StartedBefore {
        /// Where.
        outlet: Outlet,
        /// Start as the charger said it.
        at: At,
        /// Register at the start.
        register: Option<MilliWh>,
        /// Token.
        token: Option<TokenHash>,
    },
    /// The session that was ended by a stop with this content.
    StoppedBefore {
        /// Stop as the charger said it.
        at: At,
        /// Register at the stop.
        register: Option<MilliWh>,
    },
    /// The session of this name.
    Transaction(TransactionId),
    /// The session that ran at this outlet at this instant.
    RunningAt(Outlet, At),
    /// All readings of a session that bear on its energy ([`super::meter::BEARING`]), in time order: to reckon it anew
    /// after late ones, or after a restart.
    MeterHistory(SessionId),
    /// The first status report of this outlet after an instant.
    NextReport(Outlet, At),
    /// The sessions of this token that run, at whatever charger.
    RunningOf(TokenHash),
}

/// The ledger's reply to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// A session, or that there is none.
    Session {
        /// The question.
        to: Question,
        /// The session.
        found: Option<Box<SessionRow>>,
    },
    /// Readings of a session that bear on its energy, in time order.
    MeterHistory(SessionId, Vec<Sample>),
    /// When the next report is, if there is one.
    NextReport {
        /// Of which outlet.
        outlet: Outlet,
        /// After when.
        after: At,
        /// When.
        found: Option<At>,
    },
    /// The sessions of a token that run.
    RunningOf(TokenHash, Vec<SessionId>),
    /// How the token of the event stands; not said where no list speaks of it.
    Driver(Standing),
    /// Whether the certificate that the event asks for was signed; if not, why.
    Signing(Result<(), Box<str>>),
}
