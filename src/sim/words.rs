//! The words that the simulator speaks: status, error code, stop reason, reading context, charging state. Where the protocols have
//! different words, `as_str` is that of OCPP 1.6 and `as_v2` that of 2.0.1 and 2.1.

/// Status of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Available,
    Preparing,
    Charging,
    SuspendedEv,
    Finishing,
    Unavailable,
    Faulted,
}

impl Status {
    /// As the specification spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Preparing => "Preparing",
            Self::Charging => "Charging",
            Self::SuspendedEv => "SuspendedEV",
            Self::Finishing => "Finishing",
            Self::Unavailable => "Unavailable",
            Self::Faulted => "Faulted",
        }
    }

    /// The word of 2.x, where only the transaction tells what the car does.
    pub(crate) fn as_v2(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Preparing | Self::Charging | Self::SuspendedEv | Self::Finishing => "Occupied",
            Self::Unavailable => "Unavailable",
            Self::Faulted => "Faulted",
        }
    }
}

/// Why a connector does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    NoError,
    ConnectorLockFailure,
    EvCommunicationError,
    GroundFailure,
    HighTemperature,
    InternalError,
    OverCurrentFailure,
    PowerMeterFailure,
    PowerSwitchFailure,
    ReaderFailure,
    OtherError,
}

impl ErrorCode {
    /// As the specification spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoError => "NoError",
            Self::ConnectorLockFailure => "ConnectorLockFailure",
            Self::EvCommunicationError => "EVCommunicationError",
            Self::GroundFailure => "GroundFailure",
            Self::HighTemperature => "HighTemperature",
            Self::InternalError => "InternalError",
            Self::OverCurrentFailure => "OverCurrentFailure",
            Self::PowerMeterFailure => "PowerMeterFailure",
            Self::PowerSwitchFailure => "PowerSwitchFailure",
            Self::ReaderFailure => "ReaderFailure",
            Self::OtherError => "OtherError",
        }
    }
}

/// Why a session stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    DeAuthorized,
    EvDisconnected,
    HardReset,
    Local,
    Other,
    PowerLoss,
    Remote,
    SoftReset,
}

impl Reason {
    /// As the specification spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::DeAuthorized => "DeAuthorized",
            Self::EvDisconnected => "EVDisconnected",
            Self::HardReset => "HardReset",
            Self::Local => "Local",
            Self::Other => "Other",
            Self::PowerLoss => "PowerLoss",
            Self::Remote => "Remote",
            Self::SoftReset => "SoftReset",
        }
    }

    /// The reason as 2.x has it.
    pub(crate) fn as_v2(self) -> &'static str {
        match self {
            Self::DeAuthorized => "DeAuthorized",
            Self::EvDisconnected => "EVDisconnected",
            Self::HardReset => "ImmediateReset",
            Self::Local => "Local",
            Self::Other => "Other",
            Self::PowerLoss => "PowerLoss",
            Self::Remote => "Remote",
            Self::SoftReset => "Reboot",
        }
    }

    /// What 2.x names as the trigger of the event that ends the transaction.
    pub(crate) fn trigger(self) -> &'static str {
        match self {
            Self::DeAuthorized => "Deauthorized",
            Self::EvDisconnected => "EVCommunicationLost",
            Self::HardReset | Self::SoftReset => "ResetCommand",
            Self::Local => "StopAuthorized",
            Self::Other | Self::PowerLoss => "AbnormalCondition",
            Self::Remote => "RemoteStop",
        }
    }
}

/// Whether power flows in a transaction of 2.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChargingState {
    EvConnected,
    Charging,
    SuspendedEv,
    Idle,
}

impl ChargingState {
    /// As the specification spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::EvConnected => "EVConnected",
            Self::Charging => "Charging",
            Self::SuspendedEv => "SuspendedEV",
            Self::Idle => "Idle",
        }
    }
}

/// Why a charger boots, in the words of 2.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BootReason {
    PowerUp,
    RemoteReset,
    Watchdog,
    Triggered,
    Unknown,
}

impl BootReason {
    /// As the specification spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PowerUp => "PowerUp",
            Self::RemoteReset => "RemoteReset",
            Self::Watchdog => "Watchdog",
            Self::Triggered => "Triggered",
            Self::Unknown => "Unknown",
        }
    }
}

/// Why a reading was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    Periodic,
    Begin,
    End,
    Clock,
    Trigger,
}

impl Context {
    /// As the specification spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Periodic => "Sample.Periodic",
            Self::Begin => "Transaction.Begin",
            Self::End => "Transaction.End",
            Self::Clock => "Sample.Clock",
            Self::Trigger => "Trigger",
        }
    }
}
