//! The vocabularies of OCPP 1.6 (edition 2, section 7), and how the field spells them.

use crate::ocpp::words::vocabulary;

vocabulary! {
    /// ChargePointStatus. `Occupied` is of OCPP 1.5 and 2.x: an alias of itself, so that it is understood and noted.
    Status ["Available" "Preparing" "Charging" "SuspendedEVSE" "SuspendedEV" "Finishing" "Reserved" "Unavailable" "Faulted"]
    "Occupied" => "Occupied"
    "Fault" => "Faulted"
    "Finished" => "Finishing"
}

vocabulary! {
    /// ChargePointErrorCode.
    ErrorCode [
        "ConnectorLockFailure" "EVCommunicationError" "GroundFailure" "HighTemperature" "InternalError"
        "LocalListConflict" "NoError" "OtherError" "OverCurrentFailure" "OverVoltage" "PowerMeterFailure"
        "PowerSwitchFailure" "ReaderFailure" "ResetFailure" "UnderVoltage" "WeakSignal"
    ]
    "Mode3Error" => "EVCommunicationError"
}

vocabulary! {
    /// Reason of a stop.
    Reason [
        "DeAuthorized" "EmergencyStop" "EVDisconnected" "HardReset" "Local" "Other" "PowerLoss" "Reboot" "Remote"
        "SoftReset" "UnlockCommand"
    ]
}

vocabulary! {
    /// DiagnosticsStatus.
    Diagnostics ["Idle" "Uploaded" "UploadFailed" "Uploading"]
}

vocabulary! {
    /// FirmwareStatus.
    Firmware ["Downloaded" "DownloadFailed" "Downloading" "Idle" "InstallationFailed" "Installing" "Installed"]
}

vocabulary! {
    /// UploadLogStatusEnumType of the security extension (whitepaper edition 2, section 5.20).
    UploadLog [
        "BadMessage" "Idle" "NotSupportedOperation" "PermissionDenied" "Uploaded" "UploadFailure" "Uploading"
    ]
}

vocabulary! {
    /// FirmwareStatusEnumType of the security extension (whitepaper edition 2, section 5.7).
    SignedFirmware [
        "Downloaded" "DownloadFailed" "Downloading" "DownloadScheduled" "DownloadPaused" "Idle" "InstallationFailed"
        "Installing" "Installed" "InstallRebooting" "InstallScheduled" "InstallVerificationFailed" "InvalidSignature"
        "SignatureVerified"
    ]
}

vocabulary! {
    /// Measurand.
    Measurand [
        "Energy.Active.Import.Register" "Power.Active.Import" "Current.Import" "Voltage" "SoC" "Current.Offered"
        "Power.Offered" "Temperature" "Energy.Active.Import.Interval" "Current.Export" "Energy.Active.Export.Register"
        "Energy.Reactive.Export.Register" "Energy.Reactive.Import.Register" "Energy.Active.Export.Interval"
        "Energy.Reactive.Export.Interval" "Energy.Reactive.Import.Interval" "Frequency" "Power.Active.Export"
        "Power.Factor" "Power.Reactive.Export" "Power.Reactive.Import" "RPM"
    ]
    "State.Of.Charge" => "SoC"
}

vocabulary! {
    /// Phase.
    Phase ["L1" "L2" "L3" "N" "L1-N" "L2-N" "L3-N" "L1-L2" "L2-L3" "L3-L1"]
}

vocabulary! {
    /// Location.
    Location ["Body" "Cable" "EV" "Inlet" "Outlet"]
}

vocabulary! {
    /// ReadingContext.
    Context [
        "Sample.Periodic" "Sample.Clock" "Transaction.Begin" "Transaction.End" "Trigger" "Interruption.Begin"
        "Interruption.End" "Other"
    ]
}

vocabulary! {
    /// ValueFormat.
    Format ["Raw" "SignedData"]
}

vocabulary! {
    /// UnitOfMeasure. `MWh` and its like are not in the specification, and are told from `mWh` by their case alone; they
    /// are left unknown.
    Unit [
        "Wh" "kWh" "W" "kW" "A" "V" "Percent" "Celsius" "varh" "kvarh" "VA" "kVA" "var" "kvar" "Celcius" "Fahrenheit"
        "K" "Hertz"
    ]
    "C" => "Celsius" "°C" => "Celsius" "degC" => "Celsius" "Centigrade" => "Celsius"
    "F" => "Fahrenheit" "°F" => "Fahrenheit" "Kelvin" => "K"
    "%" => "Percent" "pct" => "Percent" "Hz" => "Hertz"
    "Watt" => "W" "Watts" => "W" "Watthour" => "Wh" "Watthours" => "Wh"
    "Kilowatt" => "kW" "Kilowatts" => "kW" "Kilowatthour" => "kWh" "Kilowatthours" => "kWh"
    "Amp" => "A" "Amps" => "A" "Ampere" => "A" "Amperes" => "A" "Volt" => "V" "Volts" => "V"
}
