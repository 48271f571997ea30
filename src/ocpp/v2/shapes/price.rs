//! Tariffs, prices and costs of OCPP 2.x.

use super::words;
use crate::ocpp::shape::Kind::*;
use crate::ocpp::shape::shapes;

shapes! {
    /// SalesTariffType.
    SALES_TARIFF {
        "id": Within(0, i64::MAX), required;
        "salesTariffDescription": Text(32), optional;
        "numEPriceLevels": Within(0, i64::MAX), optional;
        "salesTariffEntry": UpTo(1024, &Object(&SALES_TARIFF_ENTRY)), required;
    }

    /// SalesTariffEntryType.
    SALES_TARIFF_ENTRY {
        "relativeTimeInterval": Object(&RELATIVE_TIME_INTERVAL), required;
        "ePriceLevel": Between(0, i64::MAX), optional;
        "consumptionCost": UpTo(3, &Object(&CONSUMPTION_COST)), optional;
    }

    /// RelativeTimeIntervalType.
    RELATIVE_TIME_INTERVAL {
        "start": Whole, required;
        "duration": Whole, optional;
    }

    /// ConsumptionCostType.
    CONSUMPTION_COST {
        "startValue": Number, required;
        "cost": UpTo(3, &Object(&COST)), required;
    }

    /// CostType.
    COST {
        "costKind": Word(&words::COST_KIND), required;
        "amount": Whole, required;
        "amountMultiplier": Whole, optional;
    }

    /// AbsolutePriceScheduleType (2.1).
    ABSOLUTE_PRICE_SCHEDULE {
        "timeAnchor": Time, required;
        "priceScheduleID": Within(0, i64::MAX), required;
        "priceScheduleDescription": Text(160), optional;
        "currency": Text(3), required;
        "language": Text(8), required;
        "priceAlgorithm": Text(2000), required;
        "minimumCost": Object(&RATIONAL_NUMBER), optional;
        "maximumCost": Object(&RATIONAL_NUMBER), optional;
        "priceRuleStacks": UpTo(1024, &Object(&PRICE_RULE_STACK)), required;
        "taxRules": UpTo(10, &Object(&TAX_RULE)), optional;
        "overstayRuleList": Object(&OVERSTAY_RULE_LIST), optional;
        "additionalSelectedServices": UpTo(5, &Object(&ADDITIONAL_SELECTED_SERVICES)), optional;
    }

    /// RationalNumberType (2.1).
    RATIONAL_NUMBER {
        "exponent": Whole, required;
        "value": Whole, required;
    }

    /// PriceRuleStackType (2.1).
    PRICE_RULE_STACK {
        "duration": Whole, required;
        "priceRule": UpTo(8, &Object(&PRICE_RULE)), required;
    }

    /// PriceRuleType (2.1).
    PRICE_RULE {
        "parkingFeePeriod": Whole, optional;
        "carbonDioxideEmission": Within(0, i64::MAX), optional;
        "renewableGenerationPercentage": Within(0, 100), optional;
        "energyFee": Object(&RATIONAL_NUMBER), required;
        "parkingFee": Object(&RATIONAL_NUMBER), optional;
        "powerRangeStart": Object(&RATIONAL_NUMBER), required;
    }

    /// TaxRuleType (2.1).
    TAX_RULE {
        "taxRuleID": Within(0, i64::MAX), required;
        "taxRuleName": Text(100), optional;
        "taxIncludedInPrice": Flag, optional;
        "appliesToEnergyFee": Flag, required;
        "appliesToParkingFee": Flag, required;
        "appliesToOverstayFee": Flag, required;
        "appliesToMinimumMaximumCost": Flag, required;
        "taxRate": Object(&RATIONAL_NUMBER), required;
    }

    /// OverstayRuleListType (2.1).
    OVERSTAY_RULE_LIST {
        "overstayPowerThreshold": Object(&RATIONAL_NUMBER), optional;
        "overstayRule": UpTo(5, &Object(&OVERSTAY_RULE)), required;
        "overstayTimeThreshold": Whole, optional;
    }

    /// OverstayRuleType (2.1).
    OVERSTAY_RULE {
        "overstayFee": Object(&RATIONAL_NUMBER), required;
        "overstayRuleDescription": Text(32), optional;
        "startTime": Whole, required;
        "overstayFeePeriod": Whole, required;
    }

    /// AdditionalSelectedServicesType (2.1).
    ADDITIONAL_SELECTED_SERVICES {
        "serviceFee": Object(&RATIONAL_NUMBER), required;
        "serviceName": Text(80), required;
    }

    /// PriceLevelScheduleType (2.1).
    PRICE_LEVEL_SCHEDULE {
        "priceLevelScheduleEntries": UpTo(100, &Object(&PRICE_LEVEL_SCHEDULE_ENTRY)), required;
        "timeAnchor": Time, required;
        "priceScheduleId": Within(0, i64::MAX), required;
        "priceScheduleDescription": Text(32), optional;
        "numberOfPriceLevels": Within(0, i64::MAX), required;
    }

    /// PriceLevelScheduleEntryType (2.1).
    PRICE_LEVEL_SCHEDULE_ENTRY {
        "duration": Whole, required;
        "priceLevel": Within(0, i64::MAX), required;
    }

    /// CostDetailsType (2.1).
    COST_DETAILS {
        "chargingPeriods": List(&Object(&CHARGING_PERIOD)), optional;
        "totalCost": Object(&TOTAL_COST), required;
        "totalUsage": Object(&TOTAL_USAGE), required;
        "failureToCalculate": Flag, optional;
        "failureReason": Text(500), optional;
    }

    /// ChargingPeriodType (2.1).
    CHARGING_PERIOD {
        "dimensions": List(&Object(&COST_DIMENSION)), optional;
        "tariffId": Text(60), optional;
        "startPeriod": Time, required;
    }

    /// CostDimensionType (2.1).
    COST_DIMENSION {
        "type": Word(&words::COST_DIMENSION), required;
        "volume": Number, required;
    }

    /// TotalCostType (2.1).
    TOTAL_COST {
        "currency": Text(3), required;
        "typeOfCost": Word(&words::TARIFF_COST), required;
        "fixed": Object(&PRICE), optional;
        "energy": Object(&PRICE), optional;
        "chargingTime": Object(&PRICE), optional;
        "idleTime": Object(&PRICE), optional;
        "reservationTime": Object(&PRICE), optional;
        "reservationFixed": Object(&PRICE), optional;
        "total": Object(&TOTAL_PRICE), required;
    }

    /// PriceType (2.1).
    PRICE {
        "exclTax": Number, optional;
        "inclTax": Number, optional;
        "taxRates": UpTo(5, &Object(&TAX_RATE)), optional;
    }

    /// TaxRateType (2.1).
    TAX_RATE {
        "type": Text(20), required;
        "tax": Number, required;
        "stack": Within(0, i64::MAX), optional;
    }

    /// TotalPriceType (2.1).
    TOTAL_PRICE {
        "exclTax": Number, optional;
        "inclTax": Number, optional;
    }

    /// TotalUsageType (2.1).
    TOTAL_USAGE {
        "energy": Number, required;
        "chargingTime": Whole, required;
        "idleTime": Whole, required;
        "reservationTime": Whole, optional;
    }
}
