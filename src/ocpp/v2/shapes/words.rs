//! Vocabularies of what is only checked.

use crate::ocpp::words::words;

words! {
    /// BatterySwapEventEnumType.
    BATTERY_SWAP_EVENT ["BatteryIn" "BatteryOut" "BatteryOutTimeout"];

    /// CertificateActionEnumType.
    CERTIFICATE_ACTION ["Install" "Update"];

    /// CertificateStatusSourceEnumType.
    CERTIFICATE_STATUS_SOURCE ["CRL" "OCSP"];

    /// ChargingLimitSourceEnumType; 2.1 takes any text.
    CHARGING_LIMIT_SOURCE ["EMS" "Other" "SO" "CSO"] open V21 20;

    /// ChargingProfileKindEnumType.
    CHARGING_PROFILE_KIND ["Absolute" "Recurring" "Relative"] from_21 ["Dynamic"];

    /// ChargingProfilePurposeEnumType.
    CHARGING_PROFILE_PURPOSE [
        "ChargingStationExternalConstraints" "ChargingStationMaxProfile" "TxDefaultProfile" "TxProfile"
    ] from_21 [
        "PriorityCharging" "LocalGeneration"
    ];

    /// ChargingRateUnitEnumType.
    CHARGING_RATE_UNIT ["W" "A"];

    /// ControlModeEnumType.
    CONTROL_MODE ["ScheduledControl" "DynamicControl"];

    /// CostDimensionEnumType.
    COST_DIMENSION ["Energy" "MaxCurrent" "MinCurrent" "MaxPower" "MinPower" "IdleTIme" "ChargingTime"];

    /// CostKindEnumType.
    COST_KIND ["CarbonDioxideEmission" "RelativePricePercentage" "RenewableGenerationPercentage"];

    /// DERControlEnumType.
    DER_CONTROL [
        "EnterService" "FreqDroop" "FreqWatt" "FixedPFAbsorb" "FixedPFInject" "FixedVar" "Gradients"
        "HFMustTrip" "HFMayTrip" "HVMustTrip" "HVMomCess" "HVMayTrip" "LimitMaxDischarge" "LFMustTrip"
        "LVMustTrip" "LVMomCess" "LVMayTrip" "PowerMonitoringMustTrip" "VoltVar" "VoltWatt" "WattPF" "WattVar"
    ];

    /// DERUnitEnumType.
    DER_UNIT ["Not_Applicable" "PctMaxW" "PctMaxVar" "PctWAvail" "PctVarAvail" "PctEffectiveV"];

    /// EnergyTransferModeEnumType.
    ENERGY_TRANSFER_MODE [
        "AC_single_phase" "AC_two_phase" "AC_three_phase" "DC"
    ] from_21 [
        "AC_BPT" "AC_BPT_DER" "AC_DER" "DC_BPT" "DC_ACDP" "DC_ACDP_BPT" "WPT"
    ];

    /// GridEventFaultEnumType.
    GRID_EVENT_FAULT [
        "CurrentImbalance" "LocalEmergency" "LowInputPower" "OverCurrent" "OverFrequency" "OverVoltage"
        "PhaseRotation" "RemoteEmergency" "UnderFrequency" "UnderVoltage" "VoltageImbalance"
    ];

    /// HashAlgorithmEnumType.
    HASH_ALGORITHM ["SHA256" "SHA384" "SHA512"];

    /// IdTokenEnumType; 2.1 takes any text.
    ID_TOKEN ["Central" "eMAID" "ISO14443" "ISO15693" "KeyCode" "Local" "MacAddress" "NoAuthorization"] open V21 20;

    /// IslandingDetectionEnumType.
    ISLANDING_DETECTION [
        "NoAntiIslandingSupport" "RoCoF" "UVP_OVP" "UFP_OFP" "VoltageVectorShift" "ZeroCrossingDetection"
        "OtherPassive" "ImpedanceMeasurement" "ImpedanceAtFrequency" "SlipModeFrequencyShift"
        "SandiaFrequencyShift" "SandiaVoltageShift" "FrequencyJump" "RCLQFactor" "OtherActive"
    ];

    /// MessageFormatEnumType.
    MESSAGE_FORMAT ["ASCII" "HTML" "URI" "UTF8"] from_21 ["QRCODE"];

    /// MessagePriorityEnumType.
    MESSAGE_PRIORITY ["AlwaysFront" "InFront" "NormalCycle"];

    /// MessageStateEnumType.
    MESSAGE_STATE ["Charging" "Faulted" "Idle" "Unavailable"] from_21 ["Suspended" "Discharging"];

    /// MobilityNeedsModeEnumType.
    MOBILITY_NEEDS_MODE ["EVCC" "EVCC_SECC"];

    /// OperationModeEnumType.
    OPERATION_MODE [
        "Idle" "ChargingOnly" "CentralSetpoint" "ExternalSetpoint" "ExternalLimits" "CentralFrequency"
        "LocalFrequency" "LocalLoadBalancing"
    ];

    /// PaymentStatusEnumType.
    PAYMENT_STATUS ["Settled" "Canceled" "Rejected" "Failed"];

    /// PowerDuringCessationEnumType.
    POWER_DURING_CESSATION ["Active" "Reactive"];

    /// RecurrencyKindEnumType.
    RECURRENCY_KIND ["Daily" "Weekly"];

    /// ReservationUpdateStatusEnumType.
    RESERVATION_UPDATE_STATUS ["Expired" "Removed"] from_21 ["NoTransaction"];

    /// TariffCostEnumType.
    TARIFF_COST ["NormalCost" "MinCost" "MaxCost"];
}
