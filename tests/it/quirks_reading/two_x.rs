//! Field cases: OCPP 2.x.

use chargewatch::domain::deviation::Rule;
use chargewatch::domain::event::{ChargingState, Stage};
use chargewatch::domain::ids::Outlet;
use chargewatch::domain::status::ConnectorStatus;

use super::cases;
use crate::frames::{answers, lines, name, time};

cases! {
    "evse-zero-station-status" evse_nought_is_the_charger_and_no_evse |heard| {
        let status = heard[0].status();
        assert_eq!((status.outlet, &status.status), (Outlet::STATION, &Some(ConnectorStatus::Available)));
        heard[0].conforms().is_answered(r#""7a1f6c2e-1b58-4a57-8f0a-5f3b0f0f3d11""#, answers::EMPTY);
    }

    "evse0-main-meter-2x" the_main_meter_is_the_chargers_and_keeps_its_phases |heard| {
        let metered = heard[0].metered();
        assert_eq!(metered.outlet, Outlet::STATION);
        assert_eq!(lines(&metered.samples), [
            "Current.Import L1 Inlet Sample.Clock [A] 12.4",
            "Current.Import L2 Inlet Sample.Clock [A] 11.9",
            "Current.Import L3 Inlet Sample.Clock [A] 12.1",
        ]);
        heard[0].conforms().is_answered(r#""7ab3c1f0-0000-4a5f-9d2a-0000000000e0""#, answers::EMPTY);
    }

    "foxess-16-schema-on-2x" a_refusal_of_ours_is_told_by_its_code_and_description |heard| {
        let (id, error, payload) = heard[0].response();
        assert_eq!((id, error), ("0b6d5a2e-8f0b-4d2f-9a51-8a1e1f2b7c10", Some("PropertyConstraintViolation")));
        assert_eq!(payload["description"], "csChargingProfiles validation failed");
        heard[0].conforms();
    }

    "foxess-20-boot-after-16" the_version_is_the_connections |heard| {
        let boot = heard[0].boot();
        let said = [&boot.vendor, &boot.model, &boot.serial, &boot.firmware, &boot.reason];
        let expected = ["FoxESS", "A022KP1", "60A0000000000000", "1.10", "PowerUp"];
        assert_eq!(said.map(|text| text.as_deref().unwrap()), expected);
        heard[0].conforms().is_answered(r#""3f1b1d0e-5f70-4d3e-8a47-0d7b0f6d9a10""#, answers::BOOT);
    }

    "txevent-offline-replay-2x" reports_say_their_place_in_the_order |heard| {
        let expected = [(Stage::Started, 0, false), (Stage::Ended, 3, false), (Stage::Updated, 2, true)];
        for (one, (stage, seq, offline)) in heard.iter().zip(expected) {
            let report = one.report();
            assert_eq!((report.stage, report.seq, report.offline), (Some(stage), Some(seq), offline));
            assert_eq!(name(&report.transaction), Some("tx-70113"));
            assert!(one.understood.deviations.iter().all(|seen| seen.rule == Rule::EnumUnknown));
        }
        assert_eq!(heard[0].report().outlet, Some(Outlet::new(1, 0)));
        assert_eq!(heard[2].report().charging, Some(ChargingState::Charging));
        assert_eq!(time(heard[1].report().at), "2026-09-10T06:10:00.000Z");
        assert_eq!(lines(&heard[1].report().samples), ["Energy.Active.Import.Register Transaction.End [Wh] 7350"]);
    }
}
