//! Grid support settings (DER control) of OCPP 2.1.

use super::words;
use crate::ocpp::shape::Kind::*;
use crate::ocpp::shape::shapes;

shapes! {
    /// DERChargingParametersType (2.1).
    DER_CHARGING_PARAMETERS {
        "evSupportedDERControl": List(&Word(&words::DER_CONTROL)), optional;
        "evOverExcitedMaxDischargePower": Number, optional;
        "evOverExcitedPowerFactor": Number, optional;
        "evUnderExcitedMaxDischargePower": Number, optional;
        "evUnderExcitedPowerFactor": Number, optional;
        "maxApparentPower": Number, optional;
        "maxChargeApparentPower": Number, optional;
        "maxChargeApparentPower_L2": Number, optional;
        "maxChargeApparentPower_L3": Number, optional;
        "maxDischargeApparentPower": Number, optional;
        "maxDischargeApparentPower_L2": Number, optional;
        "maxDischargeApparentPower_L3": Number, optional;
        "maxChargeReactivePower": Number, optional;
        "maxChargeReactivePower_L2": Number, optional;
        "maxChargeReactivePower_L3": Number, optional;
        "minChargeReactivePower": Number, optional;
        "minChargeReactivePower_L2": Number, optional;
        "minChargeReactivePower_L3": Number, optional;
        "maxDischargeReactivePower": Number, optional;
        "maxDischargeReactivePower_L2": Number, optional;
        "maxDischargeReactivePower_L3": Number, optional;
        "minDischargeReactivePower": Number, optional;
        "minDischargeReactivePower_L2": Number, optional;
        "minDischargeReactivePower_L3": Number, optional;
        "nominalVoltage": Number, optional;
        "nominalVoltageOffset": Number, optional;
        "maxNominalVoltage": Number, optional;
        "minNominalVoltage": Number, optional;
        "evInverterManufacturer": Text(50), optional;
        "evInverterModel": Text(50), optional;
        "evInverterSerialNumber": Text(50), optional;
        "evInverterSwVersion": Text(50), optional;
        "evInverterHwVersion": Text(50), optional;
        "evIslandingDetectionMethod": List(&Word(&words::ISLANDING_DETECTION)), optional;
        "evIslandingTripTime": Number, optional;
        "evMaximumLevel1DCInjection": Number, optional;
        "evDurationLevel1DCInjection": Number, optional;
        "evMaximumLevel2DCInjection": Number, optional;
        "evDurationLevel2DCInjection": Number, optional;
        "evReactiveSusceptance": Number, optional;
        "evSessionTotalDischargeEnergyAvailable": Number, optional;
    }

    /// DERCurveGetType (2.1).
    DER_CURVE_GET {
        "curve": Object(&DER_CURVE), required;
        "id": Text(36), required;
        "curveType": Word(&words::DER_CONTROL), required;
        "isDefault": Flag, required;
        "isSuperseded": Flag, required;
    }

    /// DERCurveType (2.1).
    DER_CURVE {
        "curveData": UpTo(10, &Object(&DER_CURVE_POINTS)), required;
        "hysteresis": Object(&HYSTERESIS), optional;
        "priority": Within(0, i64::MAX), required;
        "reactivePowerParams": Object(&REACTIVE_POWER_PARAMS), optional;
        "voltageParams": Object(&VOLTAGE_PARAMS), optional;
        "yUnit": Word(&words::DER_UNIT), required;
        "responseTime": Number, optional;
        "startTime": Time, optional;
        "duration": Number, optional;
    }

    /// DERCurvePointsType (2.1).
    DER_CURVE_POINTS {
        "x": Number, required;
        "y": Number, required;
    }

    /// HysteresisType (2.1).
    HYSTERESIS {
        "hysteresisHigh": Number, optional;
        "hysteresisLow": Number, optional;
        "hysteresisDelay": Number, optional;
        "hysteresisGradient": Number, optional;
    }

    /// ReactivePowerParamsType (2.1).
    REACTIVE_POWER_PARAMS {
        "vRef": Number, optional;
        "autonomousVRefEnable": Flag, optional;
        "autonomousVRefTimeConstant": Number, optional;
    }

    /// VoltageParamsType (2.1).
    VOLTAGE_PARAMS {
        "hv10MinMeanValue": Number, optional;
        "hv10MinMeanTripDelay": Number, optional;
        "powerDuringCessation": Word(&words::POWER_DURING_CESSATION), optional;
    }

    /// EnterServiceGetType (2.1).
    ENTER_SERVICE_GET {
        "enterService": Object(&ENTER_SERVICE), required;
        "id": Text(36), required;
    }

    /// EnterServiceType (2.1).
    ENTER_SERVICE {
        "priority": Within(0, i64::MAX), required;
        "highVoltage": Number, required;
        "lowVoltage": Number, required;
        "highFreq": Number, required;
        "lowFreq": Number, required;
        "delay": Number, optional;
        "randomDelay": Number, optional;
        "rampRate": Number, optional;
    }

    /// FixedPFGetType (2.1).
    FIXED_PF_GET {
        "fixedPF": Object(&FIXED_PF), required;
        "id": Text(36), required;
        "isDefault": Flag, required;
        "isSuperseded": Flag, required;
    }

    /// FixedPFType (2.1).
    FIXED_PF {
        "priority": Within(0, i64::MAX), required;
        "displacement": Number, required;
        "excitation": Flag, required;
        "startTime": Time, optional;
        "duration": Number, optional;
    }

    /// FixedVarGetType (2.1).
    FIXED_VAR_GET {
        "fixedVar": Object(&FIXED_VAR), required;
        "id": Text(36), required;
        "isDefault": Flag, required;
        "isSuperseded": Flag, required;
    }

    /// FixedVarType (2.1).
    FIXED_VAR {
        "priority": Within(0, i64::MAX), required;
        "setpoint": Number, required;
        "unit": Word(&words::DER_UNIT), required;
        "startTime": Time, optional;
        "duration": Number, optional;
    }

    /// FreqDroopGetType (2.1).
    FREQ_DROOP_GET {
        "freqDroop": Object(&FREQ_DROOP), required;
        "id": Text(36), required;
        "isDefault": Flag, required;
        "isSuperseded": Flag, required;
    }

    /// FreqDroopType (2.1).
    FREQ_DROOP {
        "priority": Within(0, i64::MAX), required;
        "overFreq": Number, required;
        "underFreq": Number, required;
        "overDroop": Number, required;
        "underDroop": Number, required;
        "responseTime": Number, required;
        "startTime": Time, optional;
        "duration": Number, optional;
    }

    /// GradientGetType (2.1).
    GRADIENT_GET {
        "gradient": Object(&GRADIENT), required;
        "id": Text(36), required;
    }

    /// GradientType (2.1).
    GRADIENT {
        "priority": Within(0, i64::MAX), required;
        "gradient": Number, required;
        "softGradient": Number, required;
    }

    /// LimitMaxDischargeGetType (2.1).
    LIMIT_MAX_DISCHARGE_GET {
        "id": Text(36), required;
        "isDefault": Flag, required;
        "isSuperseded": Flag, required;
        "limitMaxDischarge": Object(&LIMIT_MAX_DISCHARGE), required;
    }

    /// LimitMaxDischargeType (2.1).
    LIMIT_MAX_DISCHARGE {
        "priority": Within(0, i64::MAX), required;
        "pctMaxDischargePower": Number, optional;
        "powerMonitoringMustTrip": Object(&DER_CURVE), optional;
        "startTime": Time, optional;
        "duration": Number, optional;
    }
}
