//! The words of OCPP 1.6 that the simulator speaks: status, error code, stop reason, reading context.

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
}

/// Why a reading was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    Periodic,
    Begin,
    End,
    Trigger,
}

impl Context {
    /// As the specification spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Periodic => "Sample.Periodic",
            Self::Begin => "Transaction.Begin",
            Self::End => "Transaction.End",
            Self::Trigger => "Trigger",
        }
    }
}
