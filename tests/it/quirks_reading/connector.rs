//! Field cases: status messages and connectors.

use chargewatch::domain::deviation::Rule;
use chargewatch::domain::ids::Outlet;
use chargewatch::domain::status::{ConnectorStatus, State};

use super::cases;
use crate::frames::{Heard, answers, name, time};

/// Connector number, status and time of a status message that is answered under this id.
#[track_caller]
fn is_status(heard: &Heard, id: &str, connector: u32, status: ConnectorStatus, at: &str) {
    let report = heard.status();
    assert_eq!(report.outlet, Outlet::new(connector, connector));
    assert_eq!(report.status, Some(status));
    assert_eq!(time(report.at), at);
    heard.is_answered(&format!("\"{id}\""), answers::EMPTY);
}

fn error(heard: &Heard) -> Option<&str> {
    heard.status().error.as_ref().map(|error| error.as_str())
}

cases! {
    "connector-beyond-count" a_connector_that_was_never_seen_may_begin_a_transaction |heard| {
        assert_eq!(heard[0].start().outlet, Outlet::new(9, 9));
        assert_eq!(heard[0].start().register.unwrap().to_string(), "1000");
        heard[0].conforms().is_answered(r#""70041""#, answers::START);
    }

    "hager-two-connectors" connectors_three_and_four_exist_when_they_are_seen |heard| {
        let at = "2024-05-15T14:29:15.000Z";
        is_status(&heard[0], "819767f0-12c7-11ef-8012-0c0000000009", 4, ConnectorStatus::Preparing, at);
        is_status(&heard[1], "821ceba0-12c7-11ef-8012-0c0000000009", 3, ConnectorStatus::Preparing, at);
        heard[2].conforms().is_answered(r#""828f5c80-12c7-11ef-8012-0c0000000009""#, answers::TOKEN);
        let at = "2024-05-15T14:29:17.000Z";
        is_status(&heard[3], "82b58220-12c7-11ef-8012-0c0000000009", 4, ConnectorStatus::SuspendedEvse, at);
    }

    "enum-lower-camel" an_error_code_in_lower_case_is_no_error_and_a_misspelt_connector_is_the_charger |heard| {
        is_status(&heard[0], "77001", 0, ConnectorStatus::Available, "2021-05-01T10:00:00.000Z");
        assert_eq!(error(&heard[0]), None);
        heard[0].deviates(&[
            (Rule::UnknownKey, "conectorId"),
            (Rule::EnumCase, "errorCode"),
            (Rule::Missing, "connectorId"),
        ]);
        assert!(heard[0].understood.text.contains(r#""conectorId":1"#));
    }

    "enplus-fault-bitmask" a_bit_mask_is_kept_as_text_with_its_zeros |heard| {
        is_status(&heard[0], "10", 1, ConnectorStatus::Faulted, "2021-11-24T14:42:22.000Z");
        assert_eq!(error(&heard[0]), Some("OtherError"));
        assert_eq!(heard[0].status().vendor_error.as_deref(), Some("00001000000000000000000000000000"));
        assert_eq!(heard[0].status().vendor.as_deref(), Some("EN+"));
        heard[0].conforms();
    }

    "enplus-info-json" json_in_the_info_is_kept_as_text |heard| {
        is_status(&heard[0], "2717", 1, ConnectorStatus::Finishing, "2024-07-09T02:02:27.000Z");
        assert_eq!(heard[0].status().info.as_deref(), Some(r#"{"reason":"plugInGun","cpv":0,"rv":0}"#));
        heard[0].conforms();
    }

    "wallbox-pretty-status" a_call_over_several_lines_is_read |heard| {
        let at = "2022-10-15T05:34:29.000Z";
        is_status(heard[0].conforms(), "888482339", 0, ConnectorStatus::Available, at);
        is_status(heard[1].conforms(), "1874960596", 1, ConnectorStatus::Available, at);
    }

    "abb-terradc-late-status" a_status_has_the_time_of_its_change_and_its_id_is_echoed_exactly |heard| {
        is_status(heard[0].conforms(), "36:352", 0, ConnectorStatus::Available, "2026-05-22T09:24:39.540Z");
        is_status(heard[1].conforms(), "36:353", 1, ConnectorStatus::Charging, "2026-05-22T14:47:08.329Z");
    }

    "message-id-too-long" an_id_beyond_36_characters_is_echoed_whole |heard| {
        let id = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
        is_status(&heard[0], id, 1, ConnectorStatus::Available, "2022-03-02T10:00:00.000Z");
        heard[0].deviates(&[(Rule::MessageId, "")]);
    }

    "duosida-status-no-ts" a_status_without_a_time_has_none_and_its_info_is_kept |heard| {
        is_status(heard[0].conforms(), "0044869f-67d5-7e35-cca3-b71963390fc4", 1, ConnectorStatus::SuspendedEv, "-");
        is_status(heard[1].conforms(), "004499bf-67d5-7e3a-6d54-61f52f6e2bc9", 1, ConnectorStatus::SuspendedEvse, "-");
        assert_eq!(heard[0].status().info, None);
        let info = "H10.Smart-Charge trigger charge station suspended";
        assert_eq!(heard[1].status().info.as_deref(), Some(info));
        assert_eq!(error(&heard[1]), None);
    }

    "abb-terraac-info-null-string" the_text_null_is_no_info |heard| {
        is_status(&heard[0], "0583200", 1, ConnectorStatus::Preparing, "-");
        assert_eq!(heard[0].status().info, None);
        assert_eq!(heard[0].status().vendor_error.as_deref(), Some("0x0000"));
        heard[0].deviates(&[(Rule::NullValue, "info")]);
    }

    "wallbox-empty-strings" empty_texts_are_absent |heard| {
        let at = "2024-08-19T09:14:43.000Z";
        is_status(heard[0].conforms(), "1019295848", 0, ConnectorStatus::Available, at);
        is_status(heard[1].conforms(), "469654653", 1, ConnectorStatus::SuspendedEvse, at);
        for report in heard.iter().map(Heard::status) {
            assert_eq!((&report.info, &report.vendor_error), (&None, &None));
            assert_eq!(report.vendor.as_deref(), Some("com.wallbox"));
        }
    }

    "abb-finishing-errorcode" an_error_code_beside_finishing_is_kept |heard| {
        is_status(heard[0].conforms(), "5F2A:17", 1, ConnectorStatus::Finishing, "2021-05-04T09:10:11.000Z");
        assert_eq!(error(&heard[0]), Some("OtherError"));
        assert_eq!(heard[0].status().vendor_error.as_deref(), Some("0x0064"));
    }

    "evbox-status-sequence" vendor_telemetry_is_no_status |heard| {
        heard[0].conforms().is_answered(r#""2e22b398-df12-4665-b782-40e9c77b361f""#, answers::DATA);
        assert_eq!(heard[0].vendor_data().vendor.as_deref(), Some("EV-BOX"));
        let id = "2e22b39a-df12-4665-b782-40e9db25cc2b";
        is_status(heard[1].conforms(), id, 1, ConnectorStatus::Charging, "2024-07-11T15:15:38.000Z");
        assert_eq!(heard[1].status().info.as_deref(), Some("C;420"));
    }

    "microocpp-faulted-noerror" a_fault_may_come_without_its_error |heard| {
        is_status(heard[0].conforms(), "1000002", 1, ConnectorStatus::Faulted, "2023-04-05T10:19:38.000Z");
        assert_eq!(error(&heard[0]), Some("OverVoltage"));
        is_status(heard[1].conforms(), "1000003", 1, ConnectorStatus::Faulted, "2023-04-05T10:20:15.000Z");
        assert_eq!(error(&heard[1]), None);
    }

    "chago-local-time-as-utc" a_status_from_the_future_says_its_own_time |heard| {
        let early = "2019-05-10T16:05:33.000Z";
        is_status(heard[0].conforms(), "156167709", 1, ConnectorStatus::Available, early);
        is_status(heard[1].conforms(), "254045070", 0, ConnectorStatus::Available, early);
        is_status(heard[2].conforms(), "218177795", 0, ConnectorStatus::Available, "2019-05-10T14:05:43.000Z");
    }

    "monta-emulator-short-offset" an_offset_without_minutes_is_read |heard| {
        let id = "658ae207-02ad-4051-8ecb-51d90e8bbf21";
        is_status(&heard[0], id, 2, ConnectorStatus::Preparing, "2024-04-26T12:35:02.000Z");
        heard[0].deviates(&[(Rule::TimeForm, "timestamp")]);
    }

    "ts-slash-format" four_times_that_are_not_rfc_3339_are_read |heard| {
        let noon = "2025-03-01T12:00:00.000Z";
        is_status(&heard[0], "s-1020", 1, ConnectorStatus::Available, noon);
        heard[0].deviates(&[(Rule::TimeZone, "timestamp"), (Rule::TimeForm, "timestamp")]);
        is_status(&heard[1], "s-1021", 1, ConnectorStatus::Available, noon);
        heard[1].deviates(&[(Rule::WrongType, "timestamp"), (Rule::TimeForm, "timestamp")]);
        is_status(&heard[2], "s-1022", 1, ConnectorStatus::Available, "2025-03-01T12:00:00.123Z");
        heard[2].conforms();
        is_status(&heard[3], "s-1023", 1, ConnectorStatus::Available, "2025-03-02T00:00:00.000Z");
        heard[3].deviates(&[(Rule::TimeForm, "timestamp")]);
    }

    "status-occupied-16" a_status_of_another_version_means_busy_and_no_fault |heard| {
        is_status(&heard[0], "s-1006", 1, ConnectorStatus::Occupied, "2025-03-01T10:05:00.000Z");
        assert_eq!(heard[0].status().status.as_ref().unwrap().state(), State::Charging);
        heard[0].deviates(&[(Rule::EnumAlias, "status")]);
    }

    "evbox-start-then-suspended" a_status_right_after_a_start_keeps_its_info |heard| {
        assert_eq!(heard[0].start().outlet, Outlet::new(1, 1));
        assert_eq!(heard[0].start().register.unwrap().to_string(), "0");
        assert_eq!(name(&heard[0].start().transaction), None);
        heard[0].conforms().is_answered(r#""2e218e06-df12-4665-b782-40e9f6d98249""#, answers::START);
        let id = "2e218e07-df12-4665-b782-40e93b7cca4d";
        is_status(heard[1].conforms(), id, 1, ConnectorStatus::SuspendedEvse, "2024-07-10T18:23:03.000Z");
        assert_eq!(heard[1].status().info.as_deref(), Some("B;400"));
    }
}
