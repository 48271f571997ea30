//! What a charger tells us, whatever its protocol version: neutral events, every field optional.

use super::device::{DeviceVariable, Monitor, Observation};
use super::energy::MilliWh;
use super::ids::{Outlet, TransactionId};
use super::reading::{Sample, Word};
use super::signing::SigningRequest;
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
    /// A transaction as OCPP 2.x tells of it: began, goes on or ended.
    TransactionReported(Box<TransactionReport>),
    /// Vendor data.
    VendorData(VendorData),
    /// Progress of a firmware update or a diagnostics/log upload.
    Progress(Progress),
    /// A security event (1.6 security extension and 2.x).
    Security(Security),
    /// It wants a certificate (1.6 security extension and 2.x).
    SigningRequested(SigningRequest),
    /// Values and alarms of the charger's device model (2.x).
    Observed(Vec<Observation>),
    /// The charger's device model, or a part of it (2.x).
    DeviceDescribed(Vec<DeviceVariable>),
    /// What the charger watches by itself (2.x).
    MonitorsDescribed(Vec<Monitor>),
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

/// One report of a transaction (TransactionEvent of OCPP 2.x).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionReport {
    /// Which stage it reports; `None` when that cannot be read.
    pub stage: Option<Stage>,
    /// The charger's own name for the transaction.
    pub transaction: Named,
    /// Its place in the order of the transaction's reports.
    pub seq: Option<i64>,
    /// Whether it was kept back while the charger was offline.
    pub offline: bool,
    /// Why it was sent.
    pub trigger: Option<Word>,
    /// Where; connector 0 where only the EVSE was named, `None` where nothing was.
    pub outlet: Option<Outlet>,
    /// Who.
    pub token: Option<TokenHash>,
    /// When, on the charger's clock.
    pub at: ChargerTime,
    /// What the charging is doing.
    pub charging: Option<ChargingState>,
    /// Why it stopped; absent at the end means `Local`.
    pub reason: Option<Word>,
    /// Readings that came along.
    pub samples: Vec<Sample>,
    /// What else was said (cost, tariff, phases, reservation …), as a JSON object.
    pub details: Option<Box<str>>,
}

/// Stages of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It began.
    Started,
    /// It goes on.
    Updated,
    /// It ended.
    Ended,
}

impl Stage {
    /// The stage of a word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Started, Self::Updated, Self::Ended].into_iter().find(|stage| stage.as_str() == word)
    }

    /// The word used in ledger and API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Updated => "Updated",
            Self::Ended => "Ended",
        }
    }
}

/// What the charging of a transaction is doing (ChargingStateEnumType of OCPP 2.x).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargingState {
    /// Energy flows, or may.
    Charging,
    /// A vehicle is connected; nothing flows yet, or any more.
    Connected,
    /// The vehicle takes none.
    SuspendedEv,
    /// The charger withholds energy.
    SuspendedEvse,
    /// No vehicle is connected.
    Idle,
    /// A word we do not know, as sent.
    Other(Word),
}

impl ChargingState {
    /// The word of OCPP 2.x.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Charging => "Charging",
            Self::Connected => "EVConnected",
            Self::SuspendedEv => "SuspendedEV",
            Self::SuspendedEvse => "SuspendedEVSE",
            Self::Idle => "Idle",
            Self::Other(word) => word.as_str(),
        }
    }
}

impl From<Word> for ChargingState {
    fn from(word: Word) -> Self {
        let known = [Self::Charging, Self::Connected, Self::SuspendedEv, Self::SuspendedEvse, Self::Idle];
        known.into_iter().find(|state| state.as_str() == word.as_str()).unwrap_or(Self::Other(word))
    }
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
    /// Offering firmware to other chargers (2.x local controllers).
    Publishing,
}

impl Task {
    /// The word used in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firmware => "firmware",
            Self::Diagnostics => "diagnostics",
            Self::Publishing => "publishing",
        }
    }
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
    /// The token that it names.
    pub fn token(&self) -> Option<&TokenHash> {
        match self {
            Self::TokenShown(token) => token.as_ref(),
            Self::TransactionStarted(start) => start.token.as_ref(),
            Self::TransactionEnded(stop) => stop.token.as_ref(),
            Self::TransactionReported(report) => report.token.as_ref(),
            Self::Booted(_)
            | Self::Heartbeat
            | Self::StatusReported(_)
            | Self::Metered(_)
            | Self::VendorData(_)
            | Self::Progress(_)
            | Self::Security(_)
            | Self::SigningRequested(_)
            | Self::Observed(_)
            | Self::DeviceDescribed(_)
            | Self::MonitorsDescribed(_)
            | Self::Noted => None,
        }
    }

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
            | Self::SigningRequested(_)
            | Self::TransactionReported(_)
            | Self::Observed(_)
            | Self::DeviceDescribed(_)
            | Self::MonitorsDescribed(_)
            | Self::Noted => true,
        }
    }
}
