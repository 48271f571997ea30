//! The vocabularies of OCPP 2.0.1 (part 2, section 3) and what 2.1 adds, and how the field spells them.

use crate::ocpp::words::vocabulary;

vocabulary! {
    /// ConnectorStatusEnumType. The finer words of 1.6 are aliases of themselves: understood, and noted.
    ConnectorStatus ["Available" "Occupied" "Reserved" "Unavailable" "Faulted"]
    "Preparing" => "Preparing" "Charging" => "Charging" "SuspendedEVSE" => "SuspendedEVSE" "SuspendedEV" => "SuspendedEV"
    "Finishing" => "Finishing" "Fault" => "Faulted"
}

vocabulary! {
    /// BootReasonEnumType.
    BootReason [
        "PowerUp" "ApplicationReset" "FirmwareUpdate" "LocalReset" "RemoteReset" "ScheduledReset" "Triggered" "Unknown"
        "Watchdog"
    ]
}

vocabulary! {
    /// FirmwareStatusEnumType.
    Firmware [
        "Downloaded" "DownloadFailed" "Downloading" "DownloadScheduled" "DownloadPaused" "Idle" "InstallationFailed"
        "Installing" "Installed" "InstallRebooting" "InstallScheduled" "InstallVerificationFailed" "InvalidSignature"
        "SignatureVerified"
    ]
}

vocabulary! {
    /// UploadLogStatusEnumType.
    UploadLog [
        "BadMessage" "Idle" "NotSupportedOperation" "PermissionDenied" "Uploaded" "UploadFailure" "Uploading"
        "AcceptedCanceled"
    ]
}

vocabulary! {
    /// PublishFirmwareStatusEnumType.
    PublishFirmware [
        "Idle" "DownloadScheduled" "Downloading" "Downloaded" "Published" "DownloadFailed" "DownloadPaused"
        "InvalidChecksum" "ChecksumVerified" "PublishFailed"
    ]
}

vocabulary! {
    /// IdTokenEnumType; 2.1 takes any text.
    TokenKind ["ISO14443" "ISO15693" "Central" "eMAID" "KeyCode" "Local" "MacAddress" "NoAuthorization"] open V21 20
}

vocabulary! {
    /// TransactionEventEnumType.
    EventType ["Updated" "Started" "Ended"]
    "Update" => "Updated" "Start" => "Started" "End" => "Ended" "Stopped" => "Ended"
}

vocabulary! {
    /// TriggerReasonEnumType.
    TriggerReason [
        "MeterValuePeriodic" "MeterValueClock" "ChargingStateChanged" "CablePluggedIn" "Authorized" "AbnormalCondition"
        "ChargingRateChanged" "Deauthorized" "EnergyLimitReached" "EVCommunicationLost" "EVConnectTimeout" "EVDeparted"
        "EVDetected" "RemoteStart" "RemoteStop" "ResetCommand" "SignedDataReceived" "StopAuthorized" "TimeLimitReached"
        "Trigger" "UnlockCommand"
    ] from_21 [
        "CostLimitReached" "LimitSet" "OperationModeChanged" "RunningCost" "SoCLimitReached" "TariffChanged"
        "TariffNotAccepted" "TxResumed"
    ]
}

vocabulary! {
    /// ChargingStateEnumType.
    Charging ["Charging" "EVConnected" "SuspendedEV" "SuspendedEVSE" "Idle"]
}

vocabulary! {
    /// ReasonEnumType.
    Reason [
        "Local" "EVDisconnected" "Remote" "StoppedByEV" "DeAuthorized" "EmergencyStop" "EnergyLimitReached" "GroundFault"
        "ImmediateReset" "LocalOutOfCredit" "MasterPass" "Other" "OvercurrentFault" "PowerLoss" "PowerQuality" "Reboot"
        "SOCLimitReached" "TimeLimitReached" "Timeout"
    ] from_21 ["ReqEnergyTransferRejected"]
    "HardReset" => "ImmediateReset" "UnlockCommand" => "UnlockCommand" "SoftReset" => "SoftReset"
}

vocabulary! {
    /// PreconditioningStatusEnumType (2.1).
    Preconditioning ["Unknown" "Ready" "NotReady" "Preconditioning"]
}

vocabulary! {
    /// OperationModeEnumType (2.1).
    OperationMode [
        "Idle" "ChargingOnly" "CentralSetpoint" "ExternalSetpoint" "ExternalLimits" "CentralFrequency" "LocalFrequency"
        "LocalLoadBalancing"
    ]
}

vocabulary! {
    /// MeasurandEnumType. `RPM` is of 1.6: an alias of itself.
    Measurand [
        "Energy.Active.Import.Register" "Power.Active.Import" "Current.Import" "Voltage" "SoC" "Current.Offered"
        "Power.Offered" "Energy.Active.Import.Interval" "Current.Export" "Energy.Active.Export.Register"
        "Energy.Active.Export.Interval" "Energy.Active.Net" "Energy.Apparent.Export" "Energy.Apparent.Import"
        "Energy.Apparent.Net" "Energy.Reactive.Export.Interval" "Energy.Reactive.Export.Register"
        "Energy.Reactive.Import.Interval" "Energy.Reactive.Import.Register" "Energy.Reactive.Net" "Frequency"
        "Power.Active.Export" "Power.Factor" "Power.Reactive.Export" "Power.Reactive.Import"
    ] from_21 [
        "Current.Export.Offered" "Current.Export.Minimum" "Current.Import.Offered" "Current.Import.Minimum"
        "Display.PresentSOC" "Display.MinimumSOC" "Display.TargetSOC" "Display.MaximumSOC"
        "Display.RemainingTimeToMinimumSOC" "Display.RemainingTimeToTargetSOC" "Display.RemainingTimeToMaximumSOC"
        "Display.ChargingComplete" "Display.BatteryEnergyCapacity" "Display.InletHot" "Energy.Active.Import.CableLoss"
        "Energy.Active.Import.LocalGeneration.Register" "Energy.Active.Setpoint.Interval" "EnergyRequest.Target"
        "EnergyRequest.Minimum" "EnergyRequest.Maximum" "EnergyRequest.Minimum.V2X" "EnergyRequest.Maximum.V2X"
        "EnergyRequest.Bulk" "Power.Active.Setpoint" "Power.Active.Residual" "Power.Export.Minimum"
        "Power.Export.Offered" "Power.Import.Offered" "Power.Import.Minimum" "Voltage.Minimum" "Voltage.Maximum"
    ]
    "State.Of.Charge" => "SoC" "RPM" => "RPM" "Temperature" => "Temperature"
}

vocabulary! {
    /// PhaseEnumType.
    Phase ["L1" "L2" "L3" "N" "L1-N" "L2-N" "L3-N" "L1-L2" "L2-L3" "L3-L1"]
}

vocabulary! {
    /// LocationEnumType.
    Location ["Outlet" "Body" "Cable" "EV" "Inlet"] from_21 ["Upstream"]
}

vocabulary! {
    /// ReadingContextEnumType.
    Context [
        "Sample.Periodic" "Sample.Clock" "Transaction.Begin" "Transaction.End" "Trigger" "Interruption.Begin"
        "Interruption.End" "Other"
    ]
}

vocabulary! {
    /// Units of measure: the specification has a list, and lets chargers use units of their own.
    Unit [
        "Wh" "kWh" "W" "kW" "A" "V" "Percent" "Celsius" "varh" "kvarh" "VAh" "kVAh" "VA" "kVA" "var" "kvar" "Hz"
        "Fahrenheit" "K" "Ah" "s"
    ] open V201 20
    "C" => "Celsius" "°C" => "Celsius" "degC" => "Celsius" "Celcius" => "Celsius" "Centigrade" => "Celsius"
    "F" => "Fahrenheit" "°F" => "Fahrenheit" "Kelvin" => "K"
    "%" => "Percent" "pct" => "Percent" "Hertz" => "Hz"
    "Watt" => "W" "Watts" => "W" "Watthour" => "Wh" "Watthours" => "Wh"
    "Kilowatt" => "kW" "Kilowatts" => "kW" "Kilowatthour" => "kWh" "Kilowatthours" => "kWh"
    "Amp" => "A" "Amps" => "A" "Ampere" => "A" "Amperes" => "A" "Volt" => "V" "Volts" => "V"
}

vocabulary! {
    /// EventTriggerEnumType.
    EventTrigger ["Alerting" "Delta" "Periodic"]
}

vocabulary! {
    /// EventNotificationEnumType.
    EventNotification ["HardWiredNotification" "HardWiredMonitor" "PreconfiguredMonitor" "CustomMonitor"]
}

vocabulary! {
    /// AttributeEnumType.
    Attribute ["Actual" "Target" "MinSet" "MaxSet"]
}

vocabulary! {
    /// MutabilityEnumType.
    Mutability ["ReadOnly" "WriteOnly" "ReadWrite"]
}

vocabulary! {
    /// DataEnumType.
    Data ["string" "decimal" "integer" "dateTime" "boolean" "OptionList" "SequenceList" "MemberList"]
}

vocabulary! {
    /// MonitorEnumType.
    Monitoring ["UpperThreshold" "LowerThreshold" "Delta" "Periodic" "PeriodicClockAligned"]
        from_21 ["TargetDelta" "TargetDeltaRelative"]
}

vocabulary! {
    /// CertificateSigningUseEnumType.
    CertificateSigningUse ["ChargingStationCertificate" "V2GCertificate"] from_21 ["V2G20Certificate"]
}
