//! Golden copies of what open data gives, and when an object counts as changed.

use std::path::PathBuf;
use std::sync::Arc;

use super::picture::{Picture, Published, View};
use crate::config::load::{Sources, load};
use crate::config::open_data::OpenDataSettings;
use crate::config::registry::RegistrySettings;
use crate::config::sites::Registry;
use crate::domain::exemption::{Exemption, ExemptionKind};
use crate::domain::ids::{ChargerId, Outlet};
use crate::domain::record::{ConnectorNow, Effect};
use crate::domain::security::{Profile, Protection};
use crate::domain::status::ConnectorStatus;
use crate::domain::time::{At, Span};
use crate::http::tests::golden;
use crate::observe::board::Board;

const NOON: At = At::from_millis(1_795_521_600_000);
const GRACE_MS: i64 = 600_000;

/// A network with a picture of it.
struct Network {
    registry: Arc<Registry>,
    board: Board,
    settings: OpenDataSettings,
    picture: Picture,
}

impl Network {
    fn of(registry: Registry) -> Self {
        let settings = load(&Sources::default()).unwrap().open_data;
        let settings = OpenDataSettings {
            party_id: "MKD".to_owned(),
            operator: "Milton Keynes City Council".to_owned(),
            ..settings
        };
        Self { registry: Arc::new(registry), board: Board::default(), settings, picture: Picture::default() }
    }

    /// The network of the example files.
    fn example() -> Self {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/example-sites.toml");
        let settings = RegistrySettings { file: Some(file), ..RegistrySettings::default() };
        Self::of(Registry::read(&settings).unwrap())
    }

    /// A network of one EVSE, with more columns.
    fn one(columns: &str, cells: &str) -> Self {
        let head = "charger_id,site_id,latitude,longitude,address,city,evse_id,connector_ids,connector_types,rated_kw";
        let row = "A,B,52,-0.7,Road,Town,1,1;2,CCS;CHAdeMO,50";
        let text = format!("{head}{columns}\n{row}{cells}\n");
        Self::of(Registry::from_csv("s.csv", &text).unwrap())
    }

    fn status(&self, charger: &str, connector: u32, status: ConnectorStatus, since: At) {
        let outlet = Outlet::new(connector, connector);
        let charger = ChargerId::new(charger);
        let protection = Protection { profile: Profile::TlsCertificate, certificate_until: None, certificate: None };
        self.board.connected(&charger, since, "ocpp1.6", protection);
        let now = ConnectorNow { outlet, status, since, error: None, vendor_error: None, info: None };
        self.board.apply(&charger, &[Effect::Status(now)]);
    }

    fn look(&mut self, now: At) -> (Arc<super::picture::Snapshot>, Vec<String>) {
        let view =
            View { registry: &self.registry, board: &self.board, settings: &self.settings, now, grace_ms: GRACE_MS };
        self.picture.look(&view)
    }

    /// Status of the only EVSE, and when it, its location and its first connector were last changed, in milliseconds from
    /// noon.
    fn seen(&mut self, now: At) -> (String, [i64; 3]) {
        let snapshot = self.look(now).0;
        let location = &snapshot.locations[0];
        let evse = &location.inner[0];
        let updated = |object: &Published| object.updated.millis_since(NOON);
        (json(evse)["status"].as_str().unwrap().to_owned(), [updated(location), updated(evse), updated(&evse.inner[0])])
    }
}

fn json(object: &Published) -> serde_json::Value {
    serde_json::from_str(&object.json).unwrap()
}

#[test]
fn a_location_a_tariff_and_the_french_file_are_as_they_were() {
    let mut network = Network::example();
    network.status("MK-COACHWAY-01", 1, ConnectorStatus::Charging, NOON.plus_millis(-60_000));
    network.status("MK-COACHWAY-01", 2, ConnectorStatus::Faulted, NOON.plus_millis(-60_000));
    network.status("MK-STATION-01", 1, ConnectorStatus::Available, NOON);
    network.status("MK-STATION-01", 2, ConnectorStatus::Unavailable, NOON);
    let (snapshot, withheld) = network.look(NOON);
    assert_eq!(withheld, Vec::<String>::new());
    let pretty = |object: &Published| serde_json::to_string_pretty(&json(object)).unwrap();
    golden("opendata-location", &pretty(&snapshot.locations[0]));
    golden("opendata-tariff", &pretty(&snapshot.tariffs[0]));
    golden("opendata-irve", &snapshot.irve);
    let night = &json(&snapshot.locations[1])["opening_times"];
    assert_eq!(night["regular_hours"][0].to_string(), r#"{"period_begin":"00:00","period_end":"01:00","weekday":1}"#);
    assert_eq!(night["regular_hours"][1].to_string(), r#"{"period_begin":"05:00","period_end":"23:59","weekday":1}"#);
}

#[test]
fn a_change_counts_from_the_chargers_time_where_that_lies_between_two_looks_and_bumps_what_holds_it() {
    let mut network = Network::one("", "");
    let after = |ms| NOON.plus_millis(ms);
    assert_eq!(network.seen(NOON), ("UNKNOWN".into(), [0, 0, 0]));
    network.status("A", 1, ConnectorStatus::Available, after(700));
    assert_eq!(network.seen(after(1000)), ("AVAILABLE".into(), [700, 700, 700]));
    assert_eq!(network.seen(after(2000)), ("AVAILABLE".into(), [700, 700, 700]), "nothing changed");
    // A clock that is an hour behind: whoever asks again from the last look on must not miss it.
    network.status("A", 1, ConnectorStatus::Charging, after(-3_600_000));
    assert_eq!(network.seen(after(3000)), ("CHARGING".into(), [3000, 3000, 3000]));
    // The second connector changes; the EVSE's status stays, and the first connector's time.
    network.status("A", 2, ConnectorStatus::Faulted, after(3500));
    assert_eq!(network.seen(after(4000)), ("CHARGING".into(), [3500, 3500, 3000]));
}

#[test]
fn a_charger_that_is_silent_beyond_the_grace_is_unknown() {
    let mut network = Network::one("", "");
    network.status("A", 1, ConnectorStatus::Available, NOON);
    network.board.disconnected(&ChargerId::new("A"), NOON);
    assert_eq!(network.seen(NOON.plus_millis(GRACE_MS)).0, "AVAILABLE");
    assert_eq!(network.seen(NOON.plus_millis(GRACE_MS + 1)).0, "UNKNOWN");
}

#[test]
fn a_bay_that_an_operator_entered_as_blocked_is_blocked_heard_or_not() {
    let mut network = Network::one("", "");
    let span = Span { from: NOON, until: NOON.plus_millis(1000) };
    let charger = ChargerId::new("A");
    let entry =
        |kind| Exemption { id: 1, charger: charger.clone(), evse: Some(1), kind, cause: "obstructed".into(), span };
    network.board.exemptions.replace(vec![entry(ExemptionKind::Blocked)]);
    assert_eq!(network.seen(NOON).0, "BLOCKED");
    network.status("A", 1, ConnectorStatus::Available, NOON);
    assert_eq!(network.seen(NOON).0, "BLOCKED");
    assert_eq!(network.seen(span.until).0, "AVAILABLE");
    network.board.exemptions.replace(vec![entry(ExemptionKind::PlannedWork)]);
    assert_eq!(network.seen(NOON).0, "AVAILABLE");
}

#[test]
fn the_charger_as_a_whole_overrides_its_connectors_while_it_is_down() {
    let mut network = Network::one("", "");
    network.status("A", 1, ConnectorStatus::Available, NOON);
    network.status("A", 0, ConnectorStatus::Unavailable, NOON);
    assert_eq!(network.seen(NOON).0, "INOPERATIVE");
    network.status("A", 0, ConnectorStatus::Available, NOON);
    assert_eq!(network.seen(NOON).0, "AVAILABLE");
}

#[test]
fn an_evse_is_planned_before_its_first_day_and_removed_from_its_last_on_and_never_forgotten() {
    for (first, last, status) in [("2026-11-25", "", "PLANNED"), ("2019-01-01", "2026-11-24", "REMOVED")] {
        let mut network = Network::one(",commissioned_on,removed_on", &format!(",{first},{last}"));
        network.status("A", 1, ConnectorStatus::Available, NOON);
        assert_eq!(network.seen(NOON).0, status);
        let irve = network.look(NOON).0.irve.clone();
        assert_eq!(irve.lines().count(), 1, "the French file has only what is in service");
    }
}

#[test]
fn what_ocpi_asks_more_of_than_is_known_is_left_out_and_told() {
    for (columns, cells, told) in
        [(",publish", ",false", None), (",simulated", ",true", None), (",evse_uid", ",x", Some(1))]
    {
        let (snapshot, withheld) = Network::one(columns, cells).look(NOON);
        assert_eq!((snapshot.locations.len(), withheld.len()), (told.unwrap_or(0), 0), "{columns}");
    }
    let text = "charger_id,site_id,latitude,longitude,address,city,evse_id,connector_types,rated_kw\n\
                A,no-place,,,Road,Town,1,CCS,50\nB,no-power,52,-0.7,Road,Town,1,CCS,\n";
    let (snapshot, withheld) = Network::of(Registry::from_csv("s.csv", text).unwrap()).look(NOON);
    assert_eq!(snapshot.locations.len(), 0);
    assert_eq!(
        withheld,
        [
            "site no-place has no coordinates",
            "EVSE 1 of B has a connector of which type or power is not known",
            "site no-power has no EVSE that can be published"
        ]
    );
}
