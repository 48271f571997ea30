//! What a charger tells us, whatever its protocol version: neutral events, every field optional.

use super::energy::MilliWh;
use super::ids::{Outlet, TransactionId};
use super::reading::{Sample, Word};
use super::status::ConnectorStatus;
use super::time::ChargerTime;
use super::token::TokenHash;

/// A message from a charger, made neutral. Only what the charger said; nothing is guessed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It started, or says what it is.
    Booted(Boot),
    /// It is alive.
    Heartbeat,
    /// It asks whether a token may charge.
    TokenShown(Option<TokenHash>),
    /// A connector, or the charger as a whole, says what it is doing.
    StatusReported(StatusReport),
    /// Meter readings.
    Metered(Metered),
    /// A transaction began.
    TransactionStarted(Start),
    /// A transaction ended.
    TransactionEnded(Stop),
    /// Vendor data.
    VendorData(VendorData),
    /// Progress of a firmware update or a diagnostics/log upload.
    Progress(Progress),
    /// A security event (1.6 security extension and 2.x).
    Security(Security),
    /// A known request that carries nothing for the machines; kept as a frame.
    Noted,
}

/// What a charger says of itself at boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// Maker.
    pub vendor: Option<Box<str>>,
    /// Model.
    pub model: Option<Box<str>>,
    /// Serial number of the charge point.
    pub serial: Option<Box<str>>,
    /// Serial number of the charge box (an older field, often the same).
    pub box_serial: Option<Box<str>>,
    /// Firmware version.
    pub firmware: Option<Box<str>>,
    /// SIM card number.
    pub iccid: Option<Box<str>>,
    /// SIM subscriber number.
    pub imsi: Option<Box<str>>,
    /// Type of the main meter.
    pub meter_type: Option<Box<str>>,
    /// Serial number of the main meter.
    pub meter_serial: Option<Box<str>>,
    /// Why it booted, where the protocol says so.
    pub reason: Option<Box<str>>,
}

/// A status message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// Which connector; [`Outlet::STATION`] when none was named.
    pub outlet: Outlet,
    /// The status; `None` when it was absent.
    pub status: Option<ConnectorStatus>,
    /// Error code other than `NoError`.
    pub error: Option<Word>,
    /// Free text.
    pub info: Option<Box<str>>,
    /// Vendor's name for its own codes.
    pub vendor: Option<Box<str>>,
    /// Vendor's own error code, as text.
    pub vendor_error: Option<Box<str>>,
    /// When, on the charger's clock.
    pub at: ChargerTime,
}

/// Meter readings of one outlet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metered {
    /// Where; [`Outlet::STATION`] is the main meter.
    pub outlet: Outlet,
    /// The transaction that the message names.
    pub transaction: Named,
    /// The values.
    pub samples: Vec<Sample>,
}

/// How a message names its transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// No id, or one that means "none" (0, -1, 2⁶³−1, null).
    Nothing,
    /// An id.
    As(TransactionId),
}

/// A transaction's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Where.
    pub outlet: Outlet,
    /// Who.
    pub token: Option<TokenHash>,
    /// Register at the start.
    pub register: Option<MilliWh>,
    /// When, on the charger's clock.
    pub at: ChargerTime,
    /// The id given by the charger (2.x); 1.6 asks us for one.
    pub transaction: Named,
}

/// A transaction's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The transaction that the message names.
    pub transaction: Named,
    /// Where, when the message says so (2.x).
    pub outlet: Option<Outlet>,
    /// Who stopped it.
    pub token: Option<TokenHash>,
    /// Register at the end; negative values have become `None`.
    pub register: Option<MilliWh>,
    /// When, on the charger's clock.
    pub at: ChargerTime,
    /// Why; absent means `Local`.
    pub reason: Option<Word>,
    /// Readings that came along.
    pub samples: Vec<Sample>,
}

/// Vendor data, kept as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorData {
    /// Vendor.
    pub vendor: Option<Box<str>>,
    /// Vendor's message name.
    pub message: Option<Box<str>>,
}

/// Progress of a task of the charger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which task.
    pub task: Task,
    /// Its status word.
    pub status: Option<Word>,
}

/// Tasks that report progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A firmware update.
    Firmware,
    /// An upload of diagnostics or logs.
    Diagnostics,
}

/// A security event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// Its type, e.g. `StartupOfTheDevice`.
    pub kind: Option<Box<str>>,
    /// Technical details.
    pub info: Option<Box<str>>,
    /// When, on the charger's clock.
    pub at: ChargerTime,
}

impl Event {
    /// Whether the answer must wait until the event is stored. Heartbeats and token checks leave no row.
    pub const fn must_be_stored(&self) -> bool {
        match self {
            Self::Heartbeat | Self::TokenShown(_) => false,
            Self::Booted(_)
            | Self::StatusReported(_)
            | Self::Metered(_)
            | Self::TransactionStarted(_)
            | Self::TransactionEnded(_)
            | Self::VendorData(_)
            | Self::Progress(_)
            | Self::Security(_)
            | Self::Noted => true,
        }
    }
}
