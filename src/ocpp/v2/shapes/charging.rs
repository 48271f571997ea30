//! Charging needs, schedules and profiles of OCPP 2.x.

use super::grid::DER_CHARGING_PARAMETERS;
use super::price::{ABSOLUTE_PRICE_SCHEDULE, PRICE_LEVEL_SCHEDULE, SALES_TARIFF};
use super::words;
use crate::ocpp::shape::Kind::*;
use crate::ocpp::shape::shapes;

shapes! {
    /// ChargingScheduleType.
    CHARGING_SCHEDULE {
        "id": Whole, required;
        "limitAtSoC": Object(&LIMIT_AT_SO_C), optional_from_21;
        "startSchedule": Time, optional;
        "duration": Whole, optional;
        "chargingRateUnit": Word(&words::CHARGING_RATE_UNIT), required;
        "minChargingRate": Number, optional;
        "powerTolerance": Number, optional_from_21;
        "signatureId": Within(0, i64::MAX), optional_from_21;
        "digestValue": Text(88), optional_from_21;
        "useLocalTime": Flag, optional_from_21;
        "chargingSchedulePeriod": UpTo(1024, &Object(&CHARGING_SCHEDULE_PERIOD)), required;
        "randomizedDelay": Within(0, i64::MAX), optional_from_21;
        "salesTariff": Object(&SALES_TARIFF), optional;
        "absolutePriceSchedule": Object(&ABSOLUTE_PRICE_SCHEDULE), optional_from_21;
        "priceLevelSchedule": Object(&PRICE_LEVEL_SCHEDULE), optional_from_21;
    }

    /// LimitAtSoCType (2.1).
    LIMIT_AT_SO_C {
        "soc": Within(0, 100), required;
        "limit": Number, required;
    }

    /// ChargingSchedulePeriodType.
    CHARGING_SCHEDULE_PERIOD {
        "startPeriod": Whole, required;
        "limit": Number, required_until_21;
        "limit_L2": Number, optional_from_21;
        "limit_L3": Number, optional_from_21;
        "numberPhases": Within(0, 3), optional;
        "phaseToUse": Within(0, 3), optional;
        "dischargeLimit": NumberBetween(i64::MIN, 0), optional_from_21;
        "dischargeLimit_L2": NumberBetween(i64::MIN, 0), optional_from_21;
        "dischargeLimit_L3": NumberBetween(i64::MIN, 0), optional_from_21;
        "setpoint": Number, optional_from_21;
        "setpoint_L2": Number, optional_from_21;
        "setpoint_L3": Number, optional_from_21;
        "setpointReactive": Number, optional_from_21;
        "setpointReactive_L2": Number, optional_from_21;
        "setpointReactive_L3": Number, optional_from_21;
        "preconditioningRequest": Flag, optional_from_21;
        "evseSleep": Flag, optional_from_21;
        "v2xBaseline": Number, optional_from_21;
        "operationMode": Word(&words::OPERATION_MODE), optional_from_21;
        "v2xFreqWattCurve": UpTo(20, &Object(&V2X_FREQ_WATT_POINT)), optional_from_21;
        "v2xSignalWattCurve": UpTo(20, &Object(&V2X_SIGNAL_WATT_POINT)), optional_from_21;
    }

    /// V2XFreqWattPointType (2.1).
    V2X_FREQ_WATT_POINT {
        "frequency": Number, required;
        "power": Number, required;
    }

    /// V2XSignalWattPointType (2.1).
    V2X_SIGNAL_WATT_POINT {
        "signal": Whole, required;
        "power": Number, required;
    }

    /// ChargingLimitType.
    CHARGING_LIMIT {
        "chargingLimitSource": Word(&words::CHARGING_LIMIT_SOURCE), required;
        "isLocalGeneration": Flag, optional_from_21;
        "isGridCritical": Flag, optional;
    }

    /// ChargingNeedsType.
    CHARGING_NEEDS {
        "acChargingParameters": Object(&AC_CHARGING_PARAMETERS), optional;
        "derChargingParameters": Object(&DER_CHARGING_PARAMETERS), optional_from_21;
        "evEnergyOffer": Object(&EV_ENERGY_OFFER), optional_from_21;
        "requestedEnergyTransfer": Word(&words::ENERGY_TRANSFER_MODE), required;
        "dcChargingParameters": Object(&DC_CHARGING_PARAMETERS), optional;
        "v2xChargingParameters": Object(&V2X_CHARGING_PARAMETERS), optional_from_21;
        "availableEnergyTransfer": List(&Word(&words::ENERGY_TRANSFER_MODE)), optional_from_21;
        "controlMode": Word(&words::CONTROL_MODE), optional_from_21;
        "mobilityNeedsMode": Word(&words::MOBILITY_NEEDS_MODE), optional_from_21;
        "departureTime": Time, optional;
    }

    /// ACChargingParametersType.
    AC_CHARGING_PARAMETERS {
        "energyAmount": WholeUntil21, required;
        "evMinCurrent": WholeUntil21, required;
        "evMaxCurrent": WholeUntil21, required;
        "evMaxVoltage": WholeUntil21, required;
    }

    /// EVEnergyOfferType (2.1).
    EV_ENERGY_OFFER {
        "evAbsolutePriceSchedule": Object(&EV_ABSOLUTE_PRICE_SCHEDULE), optional;
        "evPowerSchedule": Object(&EV_POWER_SCHEDULE), required;
    }

    /// EVAbsolutePriceScheduleType (2.1).
    EV_ABSOLUTE_PRICE_SCHEDULE {
        "timeAnchor": Time, required;
        "currency": Text(3), required;
        "evAbsolutePriceScheduleEntries": UpTo(1024, &Object(&EV_ABSOLUTE_PRICE_SCHEDULE_ENTRY)), required;
        "priceAlgorithm": Text(2000), required;
    }

    /// EVAbsolutePriceScheduleEntryType (2.1).
    EV_ABSOLUTE_PRICE_SCHEDULE_ENTRY {
        "duration": Whole, required;
        "evPriceRule": UpTo(8, &Object(&EV_PRICE_RULE)), required;
    }

    /// EVPriceRuleType (2.1).
    EV_PRICE_RULE {
        "energyFee": Number, required;
        "powerRangeStart": Number, required;
    }

    /// EVPowerScheduleType (2.1).
    EV_POWER_SCHEDULE {
        "evPowerScheduleEntries": UpTo(1024, &Object(&EV_POWER_SCHEDULE_ENTRY)), required;
        "timeAnchor": Time, required;
    }

    /// EVPowerScheduleEntryType (2.1).
    EV_POWER_SCHEDULE_ENTRY {
        "duration": Whole, required;
        "power": Number, required;
    }

    /// DCChargingParametersType.
    DC_CHARGING_PARAMETERS {
        "evMaxCurrent": WholeUntil21, required;
        "evMaxVoltage": WholeUntil21, required;
        "evMaxPower": WholeUntil21, optional;
        "evEnergyCapacity": WholeUntil21, optional;
        "energyAmount": WholeUntil21, optional;
        "stateOfCharge": Between(0, 100), optional;
        "fullSoC": Between(0, 100), optional;
        "bulkSoC": Between(0, 100), optional;
    }

    /// V2XChargingParametersType (2.1).
    V2X_CHARGING_PARAMETERS {
        "minChargePower": Number, optional;
        "minChargePower_L2": Number, optional;
        "minChargePower_L3": Number, optional;
        "maxChargePower": Number, optional;
        "maxChargePower_L2": Number, optional;
        "maxChargePower_L3": Number, optional;
        "minDischargePower": Number, optional;
        "minDischargePower_L2": Number, optional;
        "minDischargePower_L3": Number, optional;
        "maxDischargePower": Number, optional;
        "maxDischargePower_L2": Number, optional;
        "maxDischargePower_L3": Number, optional;
        "minChargeCurrent": Number, optional;
        "maxChargeCurrent": Number, optional;
        "minDischargeCurrent": Number, optional;
        "maxDischargeCurrent": Number, optional;
        "minVoltage": Number, optional;
        "maxVoltage": Number, optional;
        "evTargetEnergyRequest": Number, optional;
        "evMinEnergyRequest": Number, optional;
        "evMaxEnergyRequest": Number, optional;
        "evMinV2XEnergyRequest": Number, optional;
        "evMaxV2XEnergyRequest": Number, optional;
        "targetSoC": Within(0, 100), optional;
    }

    /// ChargingProfileType.
    CHARGING_PROFILE {
        "id": Whole, required;
        "stackLevel": Within(0, i64::MAX), required;
        "chargingProfilePurpose": Word(&words::CHARGING_PROFILE_PURPOSE), required;
        "chargingProfileKind": Word(&words::CHARGING_PROFILE_KIND), required;
        "recurrencyKind": Word(&words::RECURRENCY_KIND), optional;
        "validFrom": Time, optional;
        "validTo": Time, optional;
        "transactionId": Text(36), optional;
        "maxOfflineDuration": Whole, optional_from_21;
        "chargingSchedule": UpTo(3, &Object(&CHARGING_SCHEDULE)), required;
        "invalidAfterOfflineDuration": Flag, optional_from_21;
        "dynUpdateInterval": Whole, optional_from_21;
        "dynUpdateTime": Time, optional_from_21;
        "priceScheduleSignature": Text(256), optional_from_21;
    }
}
