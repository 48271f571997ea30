//! Field cases: meter readings.

use chargewatch::domain::deviation::Rule;
use chargewatch::domain::ids::Outlet;
use chargewatch::domain::reading::measurand;

use super::cases;
use crate::frames::{Heard, answers, lines, name, one_time, time};

/// Readings of a connector and transaction, answered with nothing under this id.
#[track_caller]
fn is_metered(heard: &Heard, id: &str, connector: u32, transaction: Option<&str>, samples: &[&str]) {
    let metered = heard.metered();
    assert_eq!(metered.outlet, Outlet::new(connector, connector));
    assert_eq!(name(&metered.transaction), transaction);
    assert_eq!(lines(&metered.samples), samples);
    heard.is_answered(&format!("\"{id}\""), answers::EMPTY);
}

const VALUE: &str = "meterValue[0].sampledValue[0].value";
const UNIT: &str = "meterValue[0].sampledValue[0].unit";

cases! {
    "connector-as-string" numbers_written_as_texts_are_read |heard| {
        is_metered(&heard[0], "s-1017", 2, Some("45"), &["Energy.Active.Import.Register [Wh] 1200"]);
        heard[0].deviates(&[(Rule::WrongType, "connectorId"), (Rule::WrongType, "transactionId")]);
    }

    "abb-terraac-trigger-zero" a_triggered_zero_is_a_reading_of_no_transaction |heard| {
        is_metered(heard[0].conforms(), "7283592", 1, None, &[
            "Energy.Active.Import.Register Trigger [Wh] 0",
            "Current.Import Trigger [A] 0",
            "Power.Active.Import Trigger [W] 0",
        ]);
    }

    "enplus-metervalues" readings_with_and_without_context_are_all_recorded |heard| {
        is_metered(heard[0].conforms(), "185", 1, None, &[
            "Current.Offered Trigger [A] 32",
            "Current.Import L1 [A] 0",
            "Voltage L1 Trigger [V] 248.5",
            "Energy.Active.Import.Register Trigger [Wh] 1",
            "Power.Active.Import Trigger [W] 0",
        ]);
    }

    "evbox-zero-meters" zeros_are_recorded_as_sent |heard| {
        is_metered(heard[0].conforms(), "2e22b3a1-df12-4665-b782-40e9a26bf355", 1, Some("1"), &[
            "Current.Import L1 [A] 0",
            "Current.Import L2 [A] 0",
            "Current.Import L3 [A] 0",
            "Energy.Active.Import.Register [Wh] 0",
            "Power.Active.Import [W] 0",
            "Voltage L1 [V] 0",
            "Voltage L2 [V] 0",
            "Voltage L3 [V] 0",
        ]);
    }

    "zaptec-energy-beyond-u32" a_register_beyond_32_bits_is_kept_at_the_charger |heard| {
        is_metered(heard[0].conforms(), "a8fd4bb0-c2a4-4eff-8aa4-2d425d6838eb", 0, None, &[
            "Power.Active.Import Trigger [W] 0",
            "Energy.Active.Import.Register Trigger [Wh] 4296944685",
            "Current.Import L1 Trigger [A] 0",
            "Current.Import L2 Trigger [A] 0",
            "Current.Import L3 Trigger [A] 0",
        ]);
        assert!(heard[0].metered().outlet.is_station());
    }

    "vestel-empty-sampled" an_empty_bucket_is_nothing_to_record |heard| {
        is_metered(heard[0].conforms(), "7106e13d-9867-417d-a711-b0023218ad22", 1, None, &[]);
    }

    "amperfied-empty-values" empty_values_are_no_readings_and_no_zeros |heard| {
        is_metered(&heard[0], "32773065", 0, None, &[]);
        heard[0].deviates(&[(Rule::EmptyText, VALUE)]);
    }

    "eledio-padded-values" padded_values_are_trimmed |heard| {
        is_metered(&heard[0], "1316671", 1, Some("1740470158"), &[
            "Current.Import L1 [A] 0",
            "Voltage L1 [V] 1.7",
            "Voltage L2 [V] 2.5",
            "Voltage L3 [V] 2.5",
            "Current.Offered L1 [A] 5",
            "Energy.Active.Import.Register [Wh] 1785508",
            "Power.Active.Import [W] 0",
        ]);
        heard[0].deviates(&[(Rule::NumberForm, VALUE)]);
    }

    "openevse-number-values" values_that_are_json_numbers_are_exact |heard| {
        let pair = ["Energy.Active.Import.Register [Wh] 604.213", "Power.Active.Import [W] 0"];
        is_metered(&heard[0], "1000021", 1, None, &pair.repeat(4));
        let times: Vec<_> = heard[0].metered().samples.iter().step_by(2).map(|sample| time(sample.at)).collect();
        assert_eq!(times, [38, 39, 40, 41].map(|minute| format!("2021-11-22T20:{minute}:32.000Z")));
        heard[0].deviates(&[(Rule::WrongType, VALUE)]);
    }

    "abb-offline-replay-metervalues" replayed_readings_keep_their_own_time |heard| {
        is_metered(heard[0].conforms(), "9263512", 1, Some("1761064545"), &[
            "Voltage L1-N [V] 225.8",
            "Current.Import L1 [A] 9.35",
            "Power.Active.Import L1 [W] 2105",
            "Energy.Active.Import.Register [Wh] 7160",
            "Current.Offered [A] 10",
        ]);
        assert_eq!(one_time(&heard[0].metered().samples), "2025-10-21T20:00:03.000Z");
    }

    "enplus-tx-after-buckets" the_order_of_keys_does_not_matter |heard| {
        is_metered(heard[0].conforms(), "7080", 1, Some("3"), &[
            "Current.Offered Trigger [A] 32",
            "Current.Import L1 [A] 0",
            "Voltage L1 Trigger [V] 243.2",
            "Energy.Active.Import.Register Trigger [Wh] 27010",
            "Power.Active.Import Trigger [W] 0",
        ]);
    }

    "teison-voltage-only" a_lone_voltage_is_recorded |heard| {
        let id = "08000106-6801-d049-b28d-23b4c323202b";
        is_metered(heard[0].conforms(), id, 1, Some("1744943533"), &["Voltage [V] 246.76"]);
    }

    // The case says ten samples; its frame, cut when it was posted, holds nine.
    "hkw-one-sample-per-bucket" a_bucket_per_sample_is_one_instant_and_no_transaction_zero |heard| {
        is_metered(heard[0].conforms(), "5fc39427-3c7e-44bb-90c6-b0b7443a14d9", 1, None, &[
            "Power.Active.Import L1 [W] 0",
            "Power.Active.Import L2 [W] 0",
            "Power.Active.Import L3 [W] 0",
            "Power.Active.Import [W] 0",
            "Energy.Active.Import.Register [Wh] 506121",
            "Current.Import L1 [A] 0",
            "Current.Import L2 [A] 0",
            "Current.Import L3 [A] 0",
            "Voltage L1 [V] 232.519",
        ]);
        assert_eq!(one_time(&heard[0].metered().samples), "2026-02-25T09:13:00.458Z");
    }

    "amperfied-soc-in-volt" a_state_of_charge_in_volts_is_kept_flagged_and_is_no_voltage |heard| {
        is_metered(&heard[0], "32773099", 1, Some("3"), &[
            "SoC [V] 0 !unit",
            "Current.Offered [A] 0",
            "Power.Offered [W] 0",
            "Power.Active.Import [W] 11040",
        ]);
        assert!(heard[0].metered().samples.iter().all(|sample| sample.total_of(measurand::VOLTAGE).is_none()));
        heard[0].deviates(&[(Rule::Unit, UNIT)]);
    }

    "duosida-interruption-kwh" an_interruption_is_a_context_and_kilowatt_hours_are_exact |heard| {
        is_metered(heard[0].conforms(), "00449ee0-67d5-7e3b-869c-a4cf848cd3c9", 1, None, &[
            "Power.Active.Import Interruption.Begin [W] 0",
            "Energy.Active.Import.Register Interruption.Begin [kWh] 10",
            "Current.Import L1 Interruption.Begin [A] 0",
        ]);
    }

    "easee-kwh-w" kilowatt_hours_with_three_decimals_lose_no_watt_hour |heard| {
        is_metered(heard[0].conforms(), "45", 1, None, &[
            "Energy.Active.Import.Register Sample.Clock [kWh] 12272427",
            "Power.Active.Import Sample.Clock [W] 0",
        ]);
    }

    "mennekes-no-unit" a_value_alone_is_an_energy_register_in_watt_hours |heard| {
        let id = "e8c9e24b-572b-4229-b273-4d00e26c6e66";
        is_metered(heard[0].conforms(), id, 1, None, &["Energy.Active.Import.Register [Wh] 211224"]);
        assert_eq!(one_time(&heard[0].metered().samples), "2026-01-26T15:23:00.219Z");
    }

    "openevse-kwh-labelled-wh" a_wrong_label_is_not_rewritten |heard| {
        let pair = ["Power.Active.Import [W] 9451", "Energy.Active.Import.Register [Wh] 361"];
        is_metered(heard[0].conforms(), "1000051", 1, Some("88"), &pair.repeat(2));
    }

    "teison-power-in-wh" a_power_in_watt_hours_is_kept_flagged_and_is_no_energy |heard| {
        let id = "080000e9-6801-ce2e-da44-a0c23048c407";
        is_metered(&heard[0], id, 1, Some("1744943533"), &["Power.Active.Export [Wh] 0 !unit"]);
        assert!(heard[0].metered().samples[0].total_of(measurand::ENERGY_REGISTER).is_none());
        heard[0].deviates(&[(Rule::Unit, UNIT)]);
    }

    "openevse-unit-c" three_spellings_of_one_temperature_unit_are_one |heard| {
        is_metered(&heard[0], "1000060", 1, None, &["Temperature [Celsius] 31.2", "Temperature Body [Celsius] 30.9"]);
        heard[0].deviates(&[(Rule::EnumAlias, UNIT)]);
    }
}
