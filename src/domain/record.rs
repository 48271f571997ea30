//! What a fact leads to: a [`Turn`] from the station machine, which with its frame and reply becomes a [`Record`]
//! that only the store can take apart. That is how "answered means stored" is held by types.

use std::time::Duration;

use super::deviation::Deviation;
use super::device::{DeviceVariable, Monitor, Observation};
use super::driver::Grant;
use super::energy::{EnergyQuality, Milli, MilliWh};
use super::event::{Boot, Stage, Task};
use super::flow::Flow;
use super::ids::{Outlet, SessionId, StationKey, TransactionId};
use super::reading::{Flags, ReadingKind, Word};
use super::security::Protection;
use super::security_event::SecurityKind;
use super::sequence::SeqNos;
use super::status::{Cause, ConnectorStatus, State};
use super::time::At;
use super::token::TokenHash;

/// What a fact changes, what it means, and what to answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Rows to write, in order.
    pub changes: Vec<Change>,
    /// What happened, for logs, metrics and the live picture, once it is durable.
    pub effects: Vec<Effect>,
    /// The answer in neutral form; `None` where the protocol's empty answer will do.
    pub answer: Option<Answer>,
    /// Deviations that only the machine could see (implausible time, reading or transaction id).
    pub deviations: Vec<Deviation>,
}

/// An answer in neutral form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a boot: accepted, with our time and the heartbeat interval.
    Boot {
        /// Our time.
        now: At,
        /// How often to send heartbeats.
        interval: Duration,
    },
    /// To a boot of a charger that an operator has yet to accept.
    BootPending {
        /// Our time.
        now: At,
        /// How long to wait before the next boot.
        interval: Duration,
    },
    /// To a heartbeat.
    Time(At),
    /// To what names a token: whether it may charge.
    Token(Grant),
    /// To a start: the session, and whether its token may charge.
    Started(SessionId, Grant),
    /// To a wish for a certificate: whether it was signed and will follow.
    Signing(bool),
}

impl Answer {
    /// What it says of a token, where it says something.
    pub const fn grant(&self) -> Option<&Grant> {
        match self {
            Self::Token(grant) | Self::Started(_, grant) => Some(grant),
            Self::Boot { .. } | Self::BootPending { .. } | Self::Time(_) | Self::Signing(_) => None,
        }
    }
}

/// One row to write. `frame` columns are filled in by the store with the frame of the same [`Record`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// What a charger is (from a boot).
    Booted {
        /// When we got it.
        at: At,
        /// What it said.
        boot: Boot,
    },
    /// A status message, as evidence: always one row.
    StatusEvidence(StatusEvidence),
    /// A connector's present status, for the live picture and for the next start of this program.
    ConnectorNow(ConnectorNow),
    /// Repaints the availability timeline of a connector.
    Paint(Paint),
    /// A session as it now stands: inserted or replaced whole.
    Session(Box<SessionRow>),
    /// A meter reading. The same reading twice is one row.
    Reading(ReadingRow),
    /// The charger was connected or was heard for the last time.
    Contact(Contact),
    /// A security event.
    Security {
        /// When.
        at: At,
        /// Its type.
        kind: Box<str>,
        /// Details.
        info: Option<Box<str>>,
    },
    /// Progress of a firmware update or diagnostics upload.
    Progress {
        /// When we got it.
        at: At,
        /// Which task.
        task: Task,
        /// Status word.
        status: Word,
    },
    /// A report of a transaction, as evidence (2.x). The same report twice is one row.
    Report(Box<ReportRow>),
    /// The readings of a session belong to another outlet than they were first put down at.
    ReadingsMoved {
        /// The session.
        session: SessionId,
        /// Where they were put down.
        from: Outlet,
        /// Where they belong.
        to: Outlet,
    },
    /// A connector that is no longer spoken of, because its charger now numbers its connectors in another way.
    ConnectorGone(Outlet),
    /// Something that the charger saw of its device model.
    Observed {
        /// Where it is placed in time.
        at: At,
        /// Where at the charger.
        outlet: Outlet,
        /// What.
        what: Box<Observation>,
    },
    /// A variable of the device model as it now stands.
    Variable(Box<DeviceVariable>),
    /// A monitor of the device model as it now stands.
    Monitor(Box<Monitor>),
    /// A token was shown. Whose it was is in the frame alone, for as long as that is kept.
    TokenChecked {
        /// When we got it.
        at: At,
        /// Whether it may charge.
        accepted: bool,
    },
    /// The charger's clock differs from ours by another measure than before.
    ClockAhead {
        /// When that was found.
        at: At,
        /// By how many milliseconds it is ahead; negative where it is behind.
        ahead_ms: i64,
    },
    /// The clear text of a token, where that is remembered.
    TokenInClear {
        /// Its hash.
        token: TokenHash,
        /// As the charger sent it.
        clear: Box<str>,
    },
}

/// A report of a transaction as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// Its session.
    pub session: SessionId,
    /// Its place in the transaction's order.
    pub seq: Option<i64>,
    /// Which stage.
    pub stage: Option<Stage>,
    /// Where it is placed in time.
    pub at: At,
    /// Why it was sent.
    pub trigger: Option<Word>,
    /// What the charging was doing, in the word of OCPP 2.x.
    pub charging: Option<Word>,
    /// Whether it was kept back while the charger was offline.
    pub offline: bool,
    /// What else was said, as a JSON object.
    pub details: Option<Box<str>>,
}

/// A status message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEvidence {
    /// Where.
    pub outlet: Outlet,
    /// Where it is placed in time.
    pub at: At,
    /// The status.
    pub status: ConnectorStatus,
    /// Error code other than `NoError`.
    pub error: Option<Word>,
    /// Free text.
    pub info: Option<Box<str>>,
    /// Vendor's own error code.
    pub vendor_error: Option<Box<str>>,
}

/// A connector's present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorNow {
    /// Which.
    pub outlet: Outlet,
    /// Status as last reported (by order of arrival).
    pub status: ConnectorStatus,
    /// Since when, on the placed clock.
    pub since: At,
    /// The error that is shown: kept until the status leaves `Faulted`.
    pub error: Option<Word>,
    /// Vendor's own error code that goes with it.
    pub vendor_error: Option<Box<str>>,
    /// Free text of the last report.
    pub info: Option<Box<str>>,
}

/// Sets the availability of a connector over `[from, until)`; `until` `None` means from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paint {
    /// Which connector; [`Outlet::STATION`] is a layer of its own that overrides all connectors when it is down.
    pub outlet: Outlet,
    /// From, inclusive.
    pub from: At,
    /// Until, exclusive.
    pub until: Option<At>,
    /// The state.
    pub state: State,
    /// The connector status behind it, for utilisation (Preparing, SuspendedEV, …); `None` where there is none.
    pub status: Option<ConnectorStatus>,
    /// Who it is owed to.
    pub cause: Cause,
    /// Touches only what is painted with this state now.
    pub only_over: Option<State>,
}

/// State of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionState {
    /// Running.
    Active,
    /// Stopped by its own stop message.
    Ended,
    /// Over, but its stop message never came (so far).
    EndedWithoutStop,
    /// Known only from readings or a stop whose start we never saw.
    Orphan,
}

impl SessionState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Ended, Self::EndedWithoutStop, Self::Orphan];

    /// The word used in ledger, API and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Ended => "ended",
            Self::EndedWithoutStop => "ended_without_stop",
            Self::Orphan => "orphan",
        }
    }

    /// The state of a word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A session as it now stands. All of it is rewritten at each change but the reading count, which the store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Where.
    pub outlet: Outlet,
    /// How charger and server name it.
    pub transaction: TransactionId,
    /// Its state.
    pub state: SessionState,
    /// Start, placed; for an orphan the first that is known of it, or nothing.
    pub started_at: Option<At>,
    /// Start as the charger said it, believable or not: by this a repeated start is recognised.
    pub start_said: Option<At>,
    /// End, placed.
    pub ended_at: Option<At>,
    /// End as the charger said it in its stop message, believable or not.
    pub end_said: Option<At>,
    /// Register at the start, as sent.
    pub meter_start: Option<MilliWh>,
    /// Register at the end, as sent.
    pub meter_stop: Option<MilliWh>,
    /// Energy delivered.
    pub energy: Option<MilliWh>,
    /// How the energy was found.
    pub quality: EnergyQuality,
    /// Why it stopped.
    pub stop_reason: Option<Word>,
    /// Who started it (or stopped it, for an orphan).
    pub token: Option<TokenHash>,
    /// When we first heard of it.
    pub received_at: At,
    /// Time and value of the first register reading of the session, where there is one.
    pub first_register: Option<(At, MilliWh)>,
    /// Time and value of the last register reading of the session, where there is one.
    pub last_register: Option<(At, MilliWh)>,
    /// Time of the last reading of any kind.
    pub last_reading_at: Option<At>,
    /// From when until when energy flowed, pauses included, as far as readings tell.
    pub flow: Option<Flow>,
    /// Highest mean power of a minute, in milliwatts.
    pub peak: Option<Milli>,
    /// Which of the charger's reports of it have come (2.x).
    pub reports: SeqNos,
}

impl SessionRow {
    /// A session of which nothing but its name is known.
    pub fn unknown(id: SessionId, outlet: Outlet, transaction: TransactionId, received_at: At) -> Self {
        Self {
            id,
            outlet,
            transaction,
            state: SessionState::Orphan,
            started_at: None,
            start_said: None,
            ended_at: None,
            end_said: None,
            meter_start: None,
            meter_stop: None,
            energy: None,
            quality: EnergyQuality::Missing,
            stop_reason: None,
            token: None,
            received_at,
            first_register: None,
            last_register: None,
            last_reading_at: None,
            flow: None,
            peak: None,
            reports: SeqNos::default(),
        }
    }
}

/// A meter reading placed in time and, where possible, in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingRow {
    /// Where.
    pub outlet: Outlet,
    /// What.
    pub kind: ReadingKind,
    /// When.
    pub at: At,
    /// Value in thousandths of the base unit; `None` when there is only text.
    pub value: Option<Milli>,
    /// Text as sent, where the number does not say it all.
    pub text: Option<Box<str>>,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// What is odd about it.
    pub flags: Flags,
}

/// A contact with a charger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contact {
    /// A connection began.
    Began {
        /// When.
        at: At,
        /// Negotiated or assumed protocol.
        protocol: Box<str>,
        /// Where from.
        peer: Box<str>,
        /// How it is protected; none where that is not known, as in a log.
        protection: Option<Protection>,
    },
    /// A connection ended.
    Ended {
        /// When it was last heard.
        heard: At,
        /// Why it ended, one word.
        reason: &'static str,
    },
}

/// Something that happened, told to logs, metrics and the live picture once it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The charger booted (repeats of one boot are one).
    Booted(Boot),
    /// A connector has a new present status.
    Status(ConnectorNow),
    /// A live value of a connector (newest by its own time).
    Live {
        /// Where.
        outlet: Outlet,
        /// What.
        kind: ReadingKind,
        /// When.
        at: At,
        /// Value.
        value: Milli,
    },
    /// A session changed: began, went on, ended, was revised.
    Session {
        /// What happened to it.
        what: SessionEvent,
        /// How it stands now.
        row: Box<SessionRow>,
        /// Energy added to the connector's total by this change; negative when a revision lowers it.
        energy_added: MilliWh,
    },
    /// A reading of a connector's register cannot be: it jumped, or it exceeds every register.
    Implausible(Outlet),
    /// A connector is no longer spoken of.
    Gone(Outlet),
    /// A security event of this kind was put down.
    Security(SecurityKind),
    /// The charger's clock differs from ours by this much (positive: ahead), in milliseconds.
    Skew(i64),
}

/// What happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// It began (also: an orphan became known).
    Began,
    /// Readings came in.
    Progressed,
    /// It ended by its stop message.
    Ended,
    /// It ended without one.
    EndedWithoutStop,
    /// It had ended and changed once more.
    Revised,
}

/// A received frame as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameRow {
    /// When we received it.
    pub received: At,
    /// Its text, id tokens replaced by their hashes.
    pub text: Box<str>,
    /// Its action, `CallResult`, `CallError`, or empty where unreadable.
    pub action: Box<str>,
    /// What we answered.
    pub reply: Option<Box<str>>,
    /// How it deviates.
    pub deviations: Vec<Deviation>,
}

/// A turn with its frame and reply, ready to be made durable. Only the store takes it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    station: StationKey,
    frame: Option<FrameRow>,
    changes: Vec<Change>,
    effects: Vec<Effect>,
    reply: Option<Box<str>>,
}

/// What a commit releases: the reply may go out, the effects may be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// The text to send to the charger.
    pub reply: Option<Box<str>>,
    /// What happened.
    pub effects: Vec<Effect>,
}

impl Record {
    /// Seals a turn with the frame that caused it and the reply that its commit releases. The reply is kept as the frame
    /// has it, where that says otherwise.
    pub fn of_frame(station: StationKey, turn: Turn, mut frame: FrameRow, reply: Option<Box<str>>) -> Self {
        let Turn { changes, effects, answer: _, deviations } = turn;
        frame.deviations.extend(deviations);
        if frame.reply.is_none() {
            frame.reply.clone_from(&reply);
        }
        Self { station, frame: Some(frame), changes, effects, reply }
    }

    /// Seals a turn that no frame caused (time passed, a connection began or ended).
    pub fn without_frame(station: StationKey, turn: Turn) -> Self {
        Self { station, frame: None, changes: turn.changes, effects: turn.effects, reply: None }
    }

    /// Takes the record apart. Only `store` may call this (held by `tests/tidy.rs`).
    pub fn take_apart(self) -> (StationKey, Option<FrameRow>, Vec<Change>, Released) {
        (self.station, self.frame, self.changes, Released { reply: self.reply, effects: self.effects })
    }
}
