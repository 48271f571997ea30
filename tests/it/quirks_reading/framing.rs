//! Field cases: framing, encoding, and answers to requests of ours.

use chargewatch::domain::deviation::Rule;
use chargewatch::domain::event::Event;
use chargewatch::domain::ids::Outlet;
use serde_json::json;

use super::cases;
use crate::frames::{answers, lines, name, one_time};

cases! {
    "aefa-empty-transactionid" an_empty_value_is_read_as_null_and_costs_nothing_else |heard| {
        let metered = heard[0].metered();
        assert_eq!((metered.outlet, name(&metered.transaction)), (Outlet::new(1, 1), None));
        assert_eq!(lines(&metered.samples), [
            "Energy.Active.Import.Register [Wh] 1750",
            "Power.Active.Import [W] 3600",
            "Voltage L1 Inlet [V] 226",
            "Current.Import L1 Inlet [A] 15.9",
        ]);
        assert_eq!(one_time(&metered.samples), "2026-08-04T13:35:45.377Z");
        heard[0].is_answered(r#""8c1f2d60-41""#, answers::EMPTY).deviates(&[
            (Rule::JsonRepaired, ""),
            (Rule::NullValue, "transactionId"),
            (Rule::TimeZone, "meterValue[0].timestamp"),
        ]);
    }

    "bom-before-array" a_byte_order_mark_is_ignored |heard| {
        assert_eq!(*heard[0].event(), Event::Heartbeat);
        heard[0].is_answered(r#""s-1011""#, answers::TIME).deviates(&[(Rule::ControlCharacters, "")]);
    }

    "wallbe-nul-in-string" nul_bytes_in_an_answer_are_dropped_and_all_keys_arrive |heard| {
        let (id, error, payload) = heard[0].response();
        assert_eq!((id, error), ("1986641972", None));
        let value = |index: usize| payload["configurationKey"][index]["value"].clone();
        assert_eq!([value(0), value(1), value(2)], [json!("60"), json!(""), json!("1")]);
        heard[0].deviates(&[(Rule::ControlCharacters, "")]);
        assert!(heard[0].understood.text.contains('\0'));
    }

    "delta-bare-payload" a_payload_without_its_frame_is_recognised_and_refused_without_an_id |heard| {
        let refused = r#"[4,"-1","FormationViolation","not an array",{}]"#;
        assert_eq!(heard[0].reply.as_deref(), Some(refused));
        assert_eq!(heard[0].understood.action, "Unreadable");
        heard[0].deviates(&[(Rule::Framing, ""), (Rule::Unreadable, "")]);
        let found = &heard[0].understood.deviations[1].found;
        assert_eq!(&**found, "the payload of a BootNotification without its frame");
    }

    "easee-callerror-notsupported" an_error_answer_names_its_request_and_code |heard| {
        let expected = json!({"description": "", "details": {}});
        assert_eq!(heard[0].response(), ("d5e8c8b0-1f7a-4d65-9a51-000000000001", Some("NotSupported"), expected));
        assert_eq!((heard[0].understood.action, &heard[0].reply), ("CallError", &None));
        heard[0].conforms();
    }

    "wallbox-pretty-callresult" an_answer_over_several_lines_is_read |heard| {
        let expected = json!({"status": "Accepted"});
        assert_eq!(heard[0].response(), ("d63f7e70-68e8-4cf3-ab3d-7dade9a7efc9", None, expected));
        assert_eq!((heard[0].understood.action, &heard[0].reply), ("CallResult", &None));
        heard[0].conforms();
    }

    "getconf-integer-value" a_configuration_value_may_be_a_number |heard| {
        let (id, error, payload) = heard[0].response();
        assert_eq!((id, error), ("b8bd4bea-4ab8-415b-8431-0fb527bc86e2", None));
        assert_eq!(payload["configurationKey"][0], json!({"key": "NumberOfConnectors", "readonly": true, "value": 1}));
    }

    "smappee-config-order" a_configuration_answer_is_handed_on_whole |heard| {
        let key = json!({"key": "ClockAlignedDataInterval", "readonly": false, "value": "900"});
        let expected = json!({"configurationKey": [key], "unknownKey": []});
        assert_eq!(heard[0].response(), ("40eccea5-54b6-4fc3-94ce-86c229d3283e", None, expected));
    }

    "wallbe-config-booleans" configuration_values_are_opaque_texts |heard| {
        let (id, error, payload) = heard[0].response();
        assert_eq!((id, error), ("1986641971", None));
        assert_eq!(payload["configurationKey"].as_array().unwrap().len(), 12);
        let sampled = json!({"key": "MeterValuesSampledData", "readonly": true, "value": "true"});
        assert_eq!(payload["configurationKey"][8], sampled);
    }

    "wallbox-config-too-long" a_configuration_value_beyond_500_characters_is_kept_whole |heard| {
        let (_, error, payload) = heard[0].response();
        let value = payload["configurationKey"][0]["value"].as_str().unwrap();
        assert!(error.is_none() && value.len() > 500);
        assert!(value.starts_with("Energy.Active.Import.Register,") && value.ends_with(",Power.Reactive.Export"));
    }

    "amperfied-composite-zero" an_answer_with_unusable_fields_is_handed_on_whole |heard| {
        let (id, error, payload) = heard[0].response();
        assert_eq!((id, error), ("2410947932", None));
        assert_eq!((&payload["status"], &payload["scheduleStart"]), (&json!("Rejected"), &json!("0")));
        assert_eq!(heard[0].reply, None);
    }
}
