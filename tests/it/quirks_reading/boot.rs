//! Field cases: boots, vendor data, security events.

use chargewatch::domain::deviation::Rule;
use chargewatch::domain::event::Boot;

use super::cases;
use crate::frames::{answers, time};

fn boot(vendor: &str, model: &str, serial: &str, box_serial: &str, firmware: &str) -> Boot {
    let some = |text: &str| (!text.is_empty()).then(|| text.into());
    Boot {
        vendor: some(vendor),
        model: some(model),
        serial: some(serial),
        box_serial: some(box_serial),
        firmware: some(firmware),
        ..Boot::default()
    }
}

cases! {
    "abb-terraac-boot" both_serials_and_a_firmware_with_colons_are_recorded_verbatim |heard| {
        let serial = "TACW2240000T0001";
        let expected = boot("ABB", "CDT_TACW22::NET_WIFI", serial, serial, "TAC3Z9119006710273::V1.8.21");
        assert_eq!(*heard[0].boot(), Boot { meter_type: Some("V1".into()), ..expected });
        heard[0].conforms().is_answered(r#""7053156""#, answers::BOOT);
    }

    "avt-boot" all_nine_fields_of_a_boot_are_recorded_and_empty_ones_are_absent |heard| {
        let expected = boot("AVT-Company", "AVT-Express", "avt.001.13.1", "avt.001.13.1.01", "0.9.87");
        assert_eq!(*heard[0].boot(), Boot {
            meter_type: Some("AVT NQC-ACDC".into()),
            meter_serial: Some("avt.001.13.1.01".into()),
            ..expected
        });
        heard[0].conforms().is_answered(r#""ugXrsAnO10NtdcXFjHFZArBg81N9vacOsyUS""#, answers::BOOT);
    }

    "chargebyte-boot-pending" a_boot_with_the_old_serial_alone_is_recorded |heard| {
        assert_eq!(*heard[0].boot(), boot("chargebyte", "Charge Control C", "", "123", "0.5.0"));
        heard[0].conforms().is_answered(r#""de920360-be57-4d2e-929e-587fe3b3369e""#, answers::BOOT);
    }

    "easee-boot" a_boot_under_a_sequential_id_is_recorded |heard| {
        assert_eq!(*heard[0].boot(), boot("Easee ASA", "Easee One", "K9PZQ4RT", "", "343"));
        heard[0].conforms().is_answered(r#""42""#, answers::BOOT);
    }

    "evbox-boot-sim" sim_numbers_of_a_boot_are_recorded |heard| {
        let expected = boot("EV-BOX", "G4E-WBW-M7500E", "22330000", "", "P0424B0424v0.220706_W2.2.0");
        assert_eq!(*heard[0].boot(), Boot {
            iccid: Some("8900000000000000000".into()),
            imsi: Some("204080000000000".into()),
            ..expected
        });
        heard[0].conforms().is_answered(r#""2e780b38-df11-4666-b72a-40ebe74ed707""#, answers::BOOT);
    }

    "simplecharge-boot" empty_sim_numbers_are_absent |heard| {
        let expected = boot("SimpleCharge", "MultiSocketCharger", "24250001", "", "1.24.0819.WL");
        assert_eq!(*heard[0].boot(), expected);
        heard[0].conforms().is_answered(r#""dabbadd0-3b86-48a0-9c11-8de787bab0ac""#, answers::BOOT);
    }

    "teison-boot" a_firmware_full_of_marks_is_recorded_verbatim |heard| {
        let firmware = "V1.5@25238bf+100,F8.gl,ws,ESP32,RN8213@V31";
        assert_eq!(*heard[0].boot(), boot("TEISON", "TeisonMe@7KW", "0312000000000000672", "", firmware));
        heard[0].conforms().is_answered(r#""0800000d-6800-726a-04b1-df5f18587e8a""#, answers::BOOT);
    }

    "wallbox-boot-noncompliant" a_meter_that_calls_itself_non_compliant_is_recorded |heard| {
        let expected = boot("Wall Box Chargers", "PLP2-M-2-4", "530000", "530000", "6.6.12");
        assert_eq!(*heard[0].boot(), Boot { meter_type: Some("Internal NON compliant".into()), ..expected });
        heard[0].conforms().is_answered(r#""15171824""#, answers::BOOT);
    }

    "wallbox-pup-boot" a_boot_after_our_own_request_is_accepted |heard| {
        let expected = boot("Wall Box Chargers", "PUP1-U-1-6", "770000", "770000", "6.6.15");
        assert_eq!(*heard[0].boot(), Boot { meter_type: Some("Internal NON compliant".into()), ..expected });
        heard[0].conforms().is_answered(r#""2004910888""#, answers::BOOT);
    }

    "metron-boot-loop" repeated_boots_under_one_id_are_each_accepted_with_a_short_utc_time |heard| {
        assert_eq!(heard.len(), 2);
        for repeat in &heard {
            assert_eq!(*repeat.boot(), boot("Metron", "ME3 DYNAMIC OCPP", "", "", "1.04"));
            repeat.conforms().is_answered(r#""1000001""#, answers::BOOT);
        }
    }

    "enplus-datatransfer-json" vendor_data_that_is_json_is_accepted_and_kept |heard| {
        let data = heard[0].vendor_data();
        assert_eq!((data.vendor.as_deref(), data.message.as_deref()), (Some("EN+"), Some("gatewayInfo")));
        assert!(heard[0].understood.text.contains(r#"\"SN\":\"SN10050000000000\""#));
        heard[0].conforms().is_answered(r#""2711""#, answers::DATA);
    }

    "evbox-datatransfer-csv" vendor_data_with_nested_braces_is_accepted_and_kept |heard| {
        let data = heard[0].vendor_data();
        assert_eq!((data.vendor.as_deref(), data.message.as_deref()), (Some("EV-BOX"), Some("evbStatusNotification")));
        assert!(heard[0].understood.text.contains("{B,11918,8924,61657}"));
        heard[0].conforms().is_answered(r#""2e218e04-df12-4665-b782-40e9505f153c""#, answers::DATA);
    }

    "abb-terraac-securityevent-16" a_security_event_of_the_1_6_extension_is_recorded_at_its_own_time |heard| {
        let event = heard[0].security();
        assert_eq!((event.kind.as_deref(), event.info.as_deref()), (Some("StartupOfTheDevice"), None));
        assert_eq!(time(event.at), "2025-06-05T05:52:21.000Z");
        heard[0].conforms().is_answered(r#""9545016""#, answers::EMPTY);
    }

    "everest-security-events-old" a_backlog_of_security_events_is_recorded_with_its_times_and_details |heard| {
        let times = ["2024-02-22T16:01:59.122Z", "2024-02-22T16:13:15.890Z"];
        let ids = [r#""37e59345-268f-4df0-b689-fd5070eb50b4""#, r#""c5973901-9089-4587-b91d-81b0b4caf452""#];
        assert_eq!(heard.len(), 2);
        for (event, (expected, id)) in heard.iter().zip(times.into_iter().zip(ids)) {
            assert_eq!(event.security().kind.as_deref(), Some("StartupOfTheDevice"));
            assert_eq!(event.security().info.as_deref(), Some("The Charge Point has booted"));
            assert_eq!(time(event.security().at), expected);
            event.conforms().is_answered(id, answers::EMPTY);
        }
    }

    "steve-securityevent-no-ms" a_security_event_needs_no_milliseconds |heard| {
        assert_eq!(heard[0].security().kind.as_deref(), Some("StartupOfTheDevice"));
        assert_eq!(time(heard[0].security().at), "2026-02-04T07:51:07.000Z");
        heard[0].conforms().is_answered(r#""3""#, answers::EMPTY);
        assert_eq!(time(heard[1].status().at), "2026-02-04T07:51:06.000Z");
        heard[1].conforms().is_answered(r#""4""#, answers::EMPTY);
    }

    "hastobe-numeric-ids" number_ids_are_echoed_as_numbers_and_a_misspelt_vendor_is_unknown |heard| {
        assert_eq!(*heard[0].boot(), boot("", "charge2019", "", "", ""));
        heard[0].is_answered("1", answers::BOOT).deviates(&[
            (Rule::MessageId, ""),
            (Rule::UnknownKey, "chargePointVender"),
            (Rule::Missing, "chargePointVendor"),
        ]);
        heard[1].is_answered("2", answers::TOKEN).deviates(&[(Rule::MessageId, "")]);
        assert_eq!(heard[2].start().register.unwrap().to_string(), "1234567");
        assert_eq!(time(heard[2].start().at), "2019-04-05T10:00:00.000Z");
        heard[2].is_answered("3", answers::START).deviates(&[(Rule::MessageId, ""), (Rule::TimeZone, "timestamp")]);
        assert_eq!(heard[3].stop().register.unwrap().to_string(), "1235678");
        assert_eq!(time(heard[3].stop().at), "2019-04-05T12:00:00.000Z");
        heard[3].is_answered("4", answers::EMPTY).deviates(&[
            (Rule::MessageId, ""),
            (Rule::TransactionId, "transactionId"),
            (Rule::TimeZone, "timestamp"),
        ]);
    }
}
