//! Field cases: starts and stops.

use chargewatch::domain::deviation::Rule;
use chargewatch::domain::ids::Outlet;
use chargewatch::domain::status::ConnectorStatus;

use super::cases;
use crate::frames::{Heard, KEY, answers, lines, name, time};

/// A start on a connector by a token, answered with a session's id under this id.
#[track_caller]
fn is_start(heard: &Heard, id: &str, connector: u32, token: Option<&str>, register: &str, at: &str) {
    let start = heard.start();
    assert_eq!(start.outlet, Outlet::new(connector, connector));
    assert_eq!(start.token, token.and_then(|token| KEY.hash(token)));
    assert_eq!(start.register.unwrap().to_string(), register);
    assert_eq!(time(start.at), at);
    heard.is_answered(&format!("\"{id}\""), answers::START);
}

/// A stop: transaction, token, register, reason.
#[track_caller]
fn is_stop(heard: &Heard, transaction: Option<&str>, token: Option<&str>, register: Option<&str>, reason: &str) {
    let stop = heard.stop();
    assert_eq!(name(&stop.transaction), transaction);
    assert_eq!(stop.token, token.and_then(|token| KEY.hash(token)));
    assert_eq!(stop.register.map(|register| register.to_string()).as_deref(), register);
    assert_eq!(stop.reason.as_ref().map_or("Local", |reason| reason.as_str()), reason);
    assert_eq!(stop.outlet, None);
}

const NO_ID: [(Rule, &str); 1] = [(Rule::TransactionId, "transactionId")];

cases! {
    "abb-start-repeated-original-timestamp" a_repeated_start_is_the_same_event |heard| {
        for (repeat, id) in heard.iter().zip(["0809558", "0809601"]) {
            is_start(repeat.conforms(), id, 1, Some("20:00:C0:01"), "0", "2021-03-24T07:06:40.000Z");
        }
        assert_eq!(heard[0].event(), heard[1].event());
    }

    "stop-resent-new-id" a_resent_stop_is_the_same_event |heard| {
        for (repeat, last) in heard.iter().zip(["1", "2"]) {
            is_stop(repeat.conforms(), Some("88"), Some("DEADBEEF"), Some("4100"), "EVDisconnected");
            repeat.is_answered(&format!("\"5f0c0000-0000-4000-8000-00000000000{last}\""), answers::TOKEN);
        }
        assert_eq!(heard[0].event(), heard[1].event());
    }

    "idtag-backslashes" a_token_with_backslashes_is_hashed_as_it_was_meant |heard| {
        is_start(&heard[0], "213", 2, Some(r"336699\\\"), "33259490", "2022-07-28T09:41:15.000Z");
        heard[0].conforms();
        assert!(!heard[0].understood.text.contains("336699"));
    }

    "enum-case-stop-reason" words_and_keys_in_another_case_are_known |heard| {
        is_stop(&heard[0], Some("42"), None, Some("15340"), "EVDisconnected");
        let samples = &heard[0].stop().samples;
        assert_eq!(lines(samples), ["Energy.Active.Import.Register Transaction.End [kWh] 1250"]);
        heard[0].is_answered(r#""s-1002""#, answers::EMPTY).deviates(&[
            (Rule::KeyCase, "transactionId"),
            (Rule::EnumCase, "reason"),
            (Rule::EnumCase, "transactionData[0].sampledValue[0].measurand"),
            (Rule::EnumCase, "transactionData[0].sampledValue[0].unit"),
            (Rule::EnumCase, "transactionData[0].sampledValue[0].context"),
        ]);
    }

    "signed-ocmf-stop" a_signed_record_is_kept_whole_and_is_no_number |heard| {
        is_stop(&heard[0], Some("46"), Some("04AABBCC"), Some("15340"), "Local");
        let [raw, signed] = &heard[0].stop().samples[..] else { panic!("two samples") };
        assert_eq!(lines(std::slice::from_ref(raw)), ["Energy.Active.Import.Register Transaction.End [Wh] 15340"]);
        let text = signed.text.as_deref().unwrap();
        assert!(text.starts_with("OCMF|{\"FV\":\"1.0\"") && text.ends_with("|{\"SD\":\"3045022100AA\"}"));
        assert_eq!(signed.value, None);
        assert_eq!(signed.total_of("Energy.Active.Import.Register"), None);
        heard[0].conforms().is_answered(r#""66120""#, answers::TOKEN);
    }

    "stop-negative-meterstop" a_negative_register_is_unknown |heard| {
        is_stop(&heard[0], Some("7731"), None, None, "PowerLoss");
        heard[0].is_answered(r#""9410""#, answers::EMPTY).deviates(&[(Rule::OutOfRange, "meterStop")]);
    }

    "freevend-no-idtag" a_start_without_a_token_is_accepted |heard| {
        is_start(&heard[0], "3021", 1, None, "120440", "2024-05-31T16:20:00.000Z");
        heard[0].deviates(&[(Rule::Missing, "idTag")]);
    }

    "hager-late-start" a_start_keeps_its_own_time |heard| {
        heard[0].conforms().is_answered(r#""8afaaa50-12c7-11ef-8012-0c0000000009""#, answers::TOKEN);
        let id = "9116b0f0-12c7-11ef-8012-0c0000000009";
        is_start(heard[1].conforms(), id, 4, Some("ABCD1234"), "51880", "2024-05-15T14:25:12.000Z");
    }

    "wallbox-offline-noauthorization" a_word_for_nobody_stays_readable |heard| {
        let nobody = Some("NoAuthorization");
        is_start(heard[0].conforms(), "1311507401", 1, nobody, "1662010", "2026-08-02T11:02:17.000Z");
        assert_eq!(heard[0].start().token.as_ref().unwrap().as_str(), "NoAuthorization");
        assert!(heard[1].status().outlet.is_station());
        assert_eq!(heard[1].status().status, Some(ConnectorStatus::Available));
        assert_eq!(heard[2].status().outlet, Outlet::new(1, 1));
        assert_eq!(heard[2].status().status, Some(ConnectorStatus::SuspendedEv));
        heard[1].conforms().is_answered(r#""1311507402""#, answers::EMPTY);
        heard[2].conforms().is_answered(r#""1311507403""#, answers::EMPTY);
    }

    "microocpp-reservation-minus1" a_reservation_that_is_none_is_ignored |heard| {
        is_start(heard[0].conforms(), "E866400000005C049EF", 1, Some("987654"), "0", "2023-05-24T03:11:57.000Z");
    }

    "unknown-4oSn-start" a_normal_remote_start_is_clean |heard| {
        assert_eq!(heard[0].status().status, Some(ConnectorStatus::Preparing));
        heard[0].conforms().is_answered(r#""76414aac-f4b1-4009-10dc-9db4a463d314""#, answers::EMPTY);
        heard[1].conforms().is_answered(r#""bb3aec8b-39e2-4031-1046-10f30f989815""#, answers::TOKEN);
        let id = "fda7467f-2cc9-4092-1080-6a3a60cf511c";
        is_start(heard[2].conforms(), id, 1, Some("evcc"), "4265924", "2026-07-23T08:21:49.000Z");
    }

    "delta-stop-zero" a_stop_of_transaction_zero_names_no_transaction |heard| {
        is_stop(heard[0].deviates(&NO_ID), None, Some("04AABBCC"), Some("981230"), "DeAuthorized");
        heard[0].is_answered(r#""3391""#, answers::TOKEN);
    }

    "everest-offline-stop-minus1" a_stop_of_transaction_minus_one_names_no_transaction |heard| {
        let id = "0aa4d6c2-6f1b-4b38-9a2e-1d3a00000001";
        is_start(heard[0].conforms(), id, 1, Some("DEADBEEF"), "10450", "2024-02-26T10:12:50.112Z");
        is_stop(heard[1].deviates(&NO_ID), None, Some("DEADBEEF"), Some("11230"), "EVDisconnected");
        heard[1].is_answered(r#""0aa4d6c2-6f1b-4b38-9a2e-1d3a00000002""#, answers::TOKEN);
    }

    "hager-stop-minus1" the_stop_of_a_refused_start_keeps_token_and_register |heard| {
        let id = "9116b0f0-12c7-11ef-8012-0c0000000010";
        is_start(heard[0].conforms(), id, 4, Some("ABCD1234"), "51880", "2024-05-15T14:25:12.000Z");
        is_stop(heard[1].deviates(&NO_ID), None, Some("ABCD1234"), Some("52240"), "EVDisconnected");
        assert_eq!(time(heard[1].stop().at), "2024-05-15T15:02:40.000Z");
    }

    "steve-stop-minus-one" a_stop_without_an_id_keeps_its_register |heard| {
        is_stop(heard[0].deviates(&NO_ID), None, Some("04AABBCC"), Some("20455"), "Local");
        heard[0].is_answered(r#""4711""#, answers::TOKEN);
    }
}
