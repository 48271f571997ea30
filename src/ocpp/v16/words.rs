//! The vocabularies of OCPP 1.6, and how else chargers spell their words.

use crate::domain::status::ConnectorStatus;
use crate::ocpp::fields::Words;

pub(super) const STATUS: Words = Words {
    known: &[
        "Available",
        "Preparing",
        "Charging",
        "SuspendedEVSE",
        "SuspendedEV",
        "Finishing",
        "Reserved",
        "Unavailable",
        "Faulted",
    ],
    aliases: &[
        ("Suspended_EVSE", "SuspendedEVSE"),
        ("Suspended_EV", "SuspendedEV"),
        ("Error", "Faulted"),
        ("Fault", "Faulted"),
        ("Inoperative", "Unavailable"),
    ],
};

pub(super) const ERROR_CODE: Words = Words {
    known: &[
        "ConnectorLockFailure",
        "EVCommunicationError",
        "GroundFailure",
        "HighTemperature",
        "InternalError",
        "LocalListConflict",
        "NoError",
        "OtherError",
        "OverCurrentFailure",
        "OverVoltage",
        "PowerMeterFailure",
        "PowerSwitchFailure",
        "ReaderFailure",
        "ResetFailure",
        "UnderVoltage",
        "WeakSignal",
    ],
    // `Mode3Error` was renamed in 1.6.
    aliases: &[("Mode3Error", "EVCommunicationError"), ("None", "NoError"), ("OK", "NoError")],
};

pub(super) const REASON: Words = Words {
    known: &[
        "DeAuthorized",
        "EmergencyStop",
        "EVDisconnected",
        "HardReset",
        "Local",
        "Other",
        "PowerLoss",
        "Reboot",
        "Remote",
        "SoftReset",
        "UnlockCommand",
    ],
    aliases: &[],
};

pub(super) const MEASURAND: Words = Words {
    known: &[
        "Energy.Active.Import.Register",
        "Power.Active.Import",
        "Current.Import",
        "Voltage",
        "SoC",
        "Energy.Active.Export.Register",
        "Energy.Reactive.Import.Register",
        "Energy.Reactive.Export.Register",
        "Energy.Active.Import.Interval",
        "Energy.Active.Export.Interval",
        "Energy.Reactive.Import.Interval",
        "Energy.Reactive.Export.Interval",
        "Power.Active.Export",
        "Power.Offered",
        "Power.Reactive.Import",
        "Power.Reactive.Export",
        "Power.Factor",
        "Current.Export",
        "Current.Offered",
        "Frequency",
        "Temperature",
        "RPM",
    ],
    aliases: &[],
};

pub(super) const CONTEXT: Words = Words {
    known: &[
        "Sample.Periodic",
        "Sample.Clock",
        "Transaction.Begin",
        "Transaction.End",
        "Trigger",
        "Interruption.Begin",
        "Interruption.End",
        "Other",
    ],
    aliases: &[],
};

pub(super) const LOCATION: Words = Words { known: &["Outlet", "Inlet", "Body", "Cable", "EV"], aliases: &[] };

pub(super) const PHASE: Words =
    Words { known: &["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"], aliases: &[] };

pub(super) const UNIT: Words = Words {
    known: &[
        "Wh",
        "kWh",
        "W",
        "kW",
        "A",
        "V",
        "Percent",
        "varh",
        "kvarh",
        "VA",
        "kVA",
        "var",
        "kvar",
        "Celsius",
        "Celcius",
        "Fahrenheit",
        "K",
        "Hertz",
    ],
    aliases: &[("C", "Celsius"), ("°C", "Celsius"), ("%", "Percent"), ("Hz", "Hertz"), ("F", "Fahrenheit")],
};

pub(super) const FORMAT: Words = Words { known: &["Raw", "SignedData"], aliases: &[] };

pub(super) const FIRMWARE_STATUS: Words = Words {
    known: &["Downloaded", "DownloadFailed", "Downloading", "Idle", "InstallationFailed", "Installing", "Installed"],
    aliases: &[],
};

pub(super) const DIAGNOSTICS_STATUS: Words =
    Words { known: &["Idle", "Uploaded", "UploadFailed", "Uploading"], aliases: &[] };

pub(super) const SIGNED_FIRMWARE_STATUS: Words = Words {
    known: &[
        "Downloaded",
        "DownloadFailed",
        "Downloading",
        "DownloadScheduled",
        "DownloadPaused",
        "Idle",
        "InstallationFailed",
        "Installing",
        "Installed",
        "InstallRebooting",
        "InstallScheduled",
        "InstallVerificationFailed",
        "InvalidSignature",
        "SignatureVerified",
    ],
    aliases: &[],
};

pub(super) const LOG_STATUS: Words = Words {
    known: &[
        "BadMessage",
        "Idle",
        "NotSupportedOperation",
        "PermissionDenied",
        "Uploaded",
        "UploadFailure",
        "Uploading",
        "AcceptedCanceled",
    ],
    aliases: &[],
};

/// The status behind a word; `Occupied` is a word of 1.5 and 2.x that is sent in 1.6 frames, too.
pub(super) fn status(word: &str) -> ConnectorStatus {
    let known = ConnectorStatus::KNOWN.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(word));
    known.unwrap_or_else(|| ConnectorStatus::from_word(word))
}
