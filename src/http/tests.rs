//! Golden copies of what leaves by the API: the OpenAPI document and the metrics page.

use super::openapi;
use super::router::routes;
use crate::config::metrics::Detail;
use crate::config::sites::Registry;
use crate::domain::energy::{Milli, MilliWh};
use crate::domain::event::Boot;
use crate::domain::exemption::{Exemption, ExemptionKind};
use crate::domain::ids::{ChargerId, Outlet, SessionId};
use crate::domain::reading::{ReadingKind, Word};
use crate::domain::record::{ConnectorNow, Effect, SessionEvent, SessionRow, SessionState};
use crate::domain::security::{Profile, Protection};
use crate::domain::status::ConnectorStatus;
use crate::domain::time::{At, Span};
use crate::observe::Observer;
use crate::observe::page::{self, Setting};

pub(super) fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_openapi_document_has_every_route_and_is_as_it_was() {
    let document = openapi::document();
    for route in routes() {
        assert!(
            document["paths"][route.path][route.does.method().as_str().to_ascii_lowercase()].is_object(),
            "{}",
            route.path
        );
    }
    golden("openapi", &serde_json::to_string_pretty(&document).unwrap());
}

fn effects() -> Vec<Effect> {
    let outlet = Outlet::new(2, 2);
    let status = |outlet, status, error| {
        let since = At::from_millis(1_795_521_000_000);
        Effect::Status(ConnectorNow { outlet, status, since, error, vendor_error: None, info: None })
    };
    let live = |measurand, phase, value| Effect::Live {
        outlet,
        kind: ReadingKind {
            measurand: Word::Known(measurand),
            phase: Word::Known(phase),
            location: Word::Known("Outlet"),
            context: Word::Known("Sample.Periodic"),
            unit: Word::Known(""),
        },
        at: At::from_millis(1_795_521_590_000),
        value: Milli(value),
    };
    let id = SessionId(9);
    let row = SessionRow {
        state: SessionState::Active,
        started_at: Some(At::from_millis(1_795_521_500_000)),
        energy: Some(MilliWh(1_234_567)),
        ..SessionRow::unknown(id, outlet, id.into(), At::from_millis(0))
    };
    let session = Effect::Session { what: SessionEvent::Began, row: Box::new(row), energy_added: MilliWh(1_234_567) };
    vec![
        Effect::Booted(Boot { vendor: Some("Ven\"dor\\".into()), model: Some("M".into()), ..Boot::default() }),
        status(Outlet::new(1, 1), ConnectorStatus::Faulted, Some(Word::Known("OverVoltage"))),
        status(outlet, ConnectorStatus::Charging, None),
        live("Power.Active.Import", "", 7_360_500),
        live("Current.Import", "L1", 16_000),
        live("Voltage", "L1-N", 230_100),
        live("SoC", "", 53_500),
        session,
        Effect::Skew(-1250),
    ]
}

fn network(detail: Detail) -> String {
    let observer = Observer::new().unwrap();
    let charger = ChargerId::new("CP-1");
    let certificate_until = Some(At::from_millis(1_800_000_000_000));
    let protection = Protection { profile: Profile::TlsCertificate, certificate_until, certificate: None };
    observer.board.connected(&charger, At::from_millis(1_795_521_595_000), "ocpp1.6", protection);
    observer.board.apply(&charger, &effects());
    let span = Span { from: At::from_millis(0), until: At::from_millis(1_800_000_000_000) };
    let (kind, cause) = (ExemptionKind::PlannedWork, "maintenance".to_owned());
    let entry = Exemption { id: 1, charger: charger.clone(), evse: Some(1), kind, cause, span };
    observer.board.exemptions.replace(vec![entry]);
    let csv = "charger_id,site_id,evse_id,connector_ids,rated_kw\nCP-1,coachway,1,1;2,50\n";
    let setting = Setting {
        detail,
        now: At::from_millis(1_795_521_600_000),
        grace_ms: 600_000,
        build: ("0.0.0", "none"),
        limited: false,
    };
    let text = page::write(&observer, &Registry::from_csv("test", csv).unwrap(), &setting).concat();
    let own = |line: &&str| {
        line.contains("chargewatch_site") || line.contains("chargewatch_ch") || line.contains("chargewatch_connector")
    };
    text.lines().filter(own).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_metrics_of_the_network_are_as_they_were() {
    golden("metrics", &network(Detail::Connector));
}

#[test]
fn the_level_of_detail_bounds_the_series() {
    assert!(!network(Detail::Charger).contains("connector_"));
    let sites = network(Detail::Site);
    assert!(!sites.contains("charger=") && sites.contains("chargewatch_site_power_watts{site=\"coachway\"} 7360.5"));
}
