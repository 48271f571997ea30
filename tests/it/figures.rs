//! From frames to figures: what chargers say over real sockets, what operators enter and what the registry lists, through
//! the writer and the keeper of facts, as reliability that was worked out by hand.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chargewatch::app::{self, Setup};
use chargewatch::config::sites::Registry;
use chargewatch::domain::exemption::ExemptionKind;
use chargewatch::domain::ids::ChargerId;
use chargewatch::domain::time::{At, Span};
use chargewatch::store::desk::exemption::ExemptionWish;
use chargewatch::store::desk::{Author, Desk};
use serde_json::{Value, json};

use crate::support::{Charger, Service, settings};

/// The day that most of this happens on, a Tuesday: in winter, so that local time is UTC.
const DAY: &str = "2026-11-24";

/// `10:30` of the day, or of the next as `+10:30`.
fn at(clock: &str) -> At {
    let (date, clock) = clock.strip_prefix('+').map_or((DAY, clock), |clock| ("2026-11-25", clock));
    At::from_rfc3339(&format!("{date}T{clock}:00Z")).unwrap()
}

/// A service with a clock that is set by hand.
struct Town {
    folder: tempfile::TempDir,
    registry: String,
    now: Arc<AtomicI64>,
    service: Option<Service>,
}

impl Town {
    /// One that has watched since the evening before; `rows` are rows of a registry.
    async fn new(rows: &str) -> Self {
        let head = "charger_id,site_id,opening_hours,commissioned_on,removed_on,evse_id,connector_ids,rated_kw\n";
        let now = Arc::new(AtomicI64::new(at("00:00").plus_millis(-3_600_000).millis()));
        let folder = tempfile::tempdir().unwrap();
        let mut town = Self { folder, registry: format!("{head}{rows}"), now, service: None };
        town.start().await;
        town
    }

    async fn start(&mut self) {
        let clock = self.now.clone();
        let setup = Setup {
            settings: settings(self.folder.path(), &[]),
            clock: Arc::new(move || At::from_millis(clock.load(Ordering::SeqCst))),
            registry: Some(Registry::from_csv("town", &self.registry).unwrap()),
        };
        self.service = Some(Service::running(app::start(setup).await.unwrap(), self.folder.path()));
    }

    async fn stop(&mut self) {
        self.service.take().unwrap().stop().await;
    }

    fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    fn set(&self, clock: &str) {
        self.now.store(at(clock).millis(), Ordering::SeqCst);
    }

    /// A charger that boots and says that its connectors are available since the evening before.
    async fn charger(&self, id: &str, connectors: u32) -> Charger {
        let mut charger = self.service().charger(id).await;
        charger.ask(r#"[2,"b","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]"#).await;
        for connector in 1..=connectors {
            let since = at("00:00").plus_millis(-3_600_000);
            tell(&mut charger, connector, "Available", since).await;
        }
        charger
    }

    /// Lets a charger's connection be lost, and its silence be noticed.
    async fn lose(&self, charger: Charger, id: &str, noticed: &str) {
        drop(charger);
        self.set(noticed);
        let unknown = "SELECT count(*) FROM status_interval s JOIN charger_row c ON c.id = s.charger_id
                       WHERE c.charger = ?1 AND s.until_ms IS NULL AND s.state = 'UNKNOWN'";
        self.until(unknown, id, |count| count > 0).await;
    }

    /// Returns once a count in the ledger is as it should be.
    async fn until(&self, sql: &str, argument: &str, fits: impl Fn(i64) -> bool) {
        for _ in 0..400 {
            if fits(self.service().ledger(sql, &[argument])[0][0].as_i64().unwrap()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it never came so: {sql}");
    }

    fn enter(&self, kind: ExemptionKind, charger: &str, from: &str, until: &str) {
        enter(self.folder.path(), kind, charger, Span { from: at(from), until: at(until) });
    }

    /// Columns of the report of the day for a charger, in hours where they are seconds.
    async fn day<const N: usize>(&self, charger: &str, columns: [&str; N]) -> [Value; N] {
        let path = format!("/api/v1/reports/reliability?period={DAY}&group_by=charger&charger={charger}");
        let answer = self.service().json(&path).await;
        let row = &answer["rows"][0];
        columns.map(|column| match (&row[column], column.ends_with("_s")) {
            (Value::Number(seconds), true) => json!(seconds.as_f64().unwrap() / 3600.0),
            (other, _) => other.clone(),
        })
    }
}

fn enter(folder: &Path, kind: ExemptionKind, charger: &str, span: Span) {
    let (charger, cause) = (ChargerId::new(charger), "other".to_owned());
    let wish = ExemptionWish { charger, evse: None, kind, cause, span, evidence: "photographs 1 to 4".to_owned() };
    let desk = Desk::open(folder, Arc::new(|| at("12:00"))).unwrap();
    desk.add_exemption(&Author::at_the_machine("test"), &wish).unwrap();
}

async fn tell(charger: &mut Charger, connector: u32, status: &str, since: At) {
    let payload =
        json!({"connectorId": connector, "status": status, "errorCode": "NoError", "timestamp": since.to_rfc3339()});
    charger.ask(&json!([2, "s", "StatusNotification", payload]).to_string()).await;
}

async fn transact(charger: &mut Charger, from: At, until: At) {
    let start = json!({"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": from.to_rfc3339()});
    let answer: Value =
        serde_json::from_str(&charger.ask(&json!([2, "1", "StartTransaction", start]).to_string()).await).unwrap();
    let id = &answer[2]["transactionId"];
    let stop = json!({"transactionId": id, "meterStop": 9000, "timestamp": until.to_rfc3339()});
    charger.ask(&json!([2, "2", "StopTransaction", stop]).to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_entered_and_registered_decides_what_a_fault_counts_as() {
    let rows = "A,S,24/7,2026-01-01,,1,1,50\nB,S,24/7,2026-01-01,,1,1,50\nC,S,24/7,2026-01-01,,1,1,50\n\
                D,T,Mo-Fr 08:00-20:00,2026-01-01,,1,1,50\nE,S,24/7,2026-11-25,,1,1,50\nF,S,24/7,2026-01-01,2026-11-24,1,1,50\n";
    let town = Town::new(rows).await;
    let mut chargers = Vec::new();
    for id in ["A", "B", "C", "D", "E", "F"] {
        chargers.push(town.charger(id, 1).await);
    }
    for (clock, status) in [("06:00", "Faulted"), ("12:00", "Available")] {
        town.set(clock);
        for charger in &mut chargers {
            tell(charger, 1, status, at(clock)).await;
        }
    }
    town.set("+00:00");
    town.enter(ExemptionKind::Blocked, "A", "08:00", "14:00");
    town.enter(ExemptionKind::Exempt, "B", "08:00", "14:00");
    town.enter(ExemptionKind::PlannedWork, "C", "08:00", "14:00");
    let columns = ["up_s", "down_s", "blocked_s", "exempted_s", "planned_down_s", "uk", "uk_literal", "strict", "nevi"];
    // Down from 6 to 12; the entries cover the last 4 hours of that and 2 more.
    let told = json!([16.0, 2.0, 6.0, 0.0, 0.0, 0.888889, 0.916667, 0.888889, 0.916667]);
    assert_eq!(json!(town.day("A", columns).await), told, "blocked");
    let told = json!([16.0, 2.0, 0.0, 6.0, 0.0, 0.888889, 0.916667, 0.888889, 0.916667]);
    assert_eq!(json!(town.day("B", columns).await), told, "exempt");
    let told = json!([18.0, 6.0, 0.0, 0.0, 4.0, 0.75, 0.75, 0.75, 0.916667]);
    assert_eq!(json!(town.day("C", columns).await), told, "planned work");
    // Open from 8 to 20: 4 hours of 12 are down, of all 24 for NEVI.
    let told = json!([8.0, 4.0, 0.0, 0.0, 0.0, 0.666667, 0.666667, 0.666667, 0.833333]);
    assert_eq!(json!(town.day("D", columns).await), told, "opening hours");
    for id in ["E", "F"] {
        let told = json!([0.0, 0.0, 0.0, 0.0, 0.0, null, null, null, null]);
        assert_eq!(
            json!(town.day(id, columns).await),
            told,
            "{id}: commissioned the day after, or removed on this one"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_ours_in_the_middle_of_a_fault_is_neither_up_nor_down() {
    let mut town = Town::new("A,S,24/7,2026-01-01,,1,1,50\n").await;
    let mut charger = town.charger("A", 1).await;
    town.set("06:00");
    tell(&mut charger, 1, "Faulted", at("06:00")).await;
    town.set("09:00");
    charger.ask(r#"[2,"h","Heartbeat",{}]"#).await;
    town.stop().await;
    town.set("13:00");
    town.start().await;
    // It is back at once, and has nothing new to say.
    let mut charger = town.service().charger("A").await;
    charger.ping().await;
    town.set("16:00");
    tell(&mut charger, 1, "Available", at("16:00")).await;
    town.set("+00:00");
    let columns = ["up_s", "down_s", "our_outage_s", "unknown_s", "uk", "uk_literal", "strict", "nevi", "observed"];
    let told = json!([14.0, 6.0, 4.0, 0.0, 0.7, 0.75, 0.7, 0.75, 0.833333]);
    assert_eq!(json!(town.day("A", columns).await), told);
    // The charger says that it has been broken all along: then it is known.
    tell(&mut charger, 1, "Faulted", at("06:00")).await;
    let told = json!([14.0, 10.0, 0.0, 0.0]);
    assert_eq!(json!(town.day("A", ["up_s", "down_s", "our_outage_s", "unknown_s"]).await), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offline_spell_of_a_day_that_is_kept_is_mended_by_what_is_told_late() {
    let mut town = Town::new("A,S,24/7,2026-01-01,,1,1,50\n").await;
    let mut charger = town.charger("A", 1).await;
    town.set("08:00");
    charger.ask(r#"[2,"h","Heartbeat",{}]"#).await;
    town.lose(charger, "A", "09:00").await;
    // The next day a service that has just started keeps the facts of this one.
    town.set("+01:00");
    town.stop().await;
    town.start().await;
    town.until("SELECT count(*) FROM evse_day WHERE ?1 = ?1", "", |days| days > 0).await;
    let columns = ["up_s", "unknown_s", "our_outage_s", "uk", "strict", "observed"];
    let told = json!([8.0, 16.0, 0.0, 1, 0.333333, 0.333333]);
    assert_eq!(json!(town.day("A", columns).await), told, "silent since 8");
    town.set("+02:00");
    let mut charger = town.service().charger("A").await;
    transact(&mut charger, at("10:00"), at("13:00")).await;
    let told = json!([11.0, 13.0, 0.0, 1, 0.458333, 0.458333]);
    assert_eq!(json!(town.day("A", columns).await), told, "somebody charged from 10 to 13");
    tell(&mut charger, 1, "Faulted", at("18:00")).await;
    let told = json!([11.0, 7.0, 0.0, 0.647059, 0.458333, 0.708333]);
    assert_eq!(json!(town.day("A", columns).await), told, "11 up, 6 down since 18, 7 silent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_wholly_offline_has_no_figure() {
    let town = Town::new("A,S,24/7,2026-01-01,,1,1,50\nB,S,24/7,2026-01-01,,1,1,50\n").await;
    let (a, b) = (town.charger("A", 1).await, town.charger("B", 1).await);
    town.lose(a, "A", "00:00").await;
    town.lose(b, "B", "+00:00").await;
    let answer = town.service().json(&format!("/api/v1/reports/reliability?period={DAY}")).await;
    let row = &answer["rows"][0];
    let figures = ["uk", "uk_rapid", "uk_literal", "strict", "nevi", "observed", "budget_left_s"];
    let told = json!([null, null, 1, 0, 0, 0, null]);
    assert_eq!(json!(figures.map(|name| row[name].clone())), told, "{row}");
    assert_eq!(row["reasons"]["uk"], "nothing was in service and measurable");
    assert_eq!(row["unknown_s"], 2 * 24 * 3600);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_connectors_of_one_evse_are_one_place_to_charge() {
    let town = Town::new("A,S,24/7,2026-01-01,,1,1;2,50\n").await;
    let mut charger = town.charger("A", 2).await;
    for (clock, connector, status) in [
        ("06:00", 1, "Faulted"),
        ("08:00", 2, "Charging"),
        ("09:00", 2, "Available"),
        ("12:00", 2, "Unavailable"),
        ("15:00", 1, "Available"),
        ("18:00", 2, "Available"),
    ] {
        town.set(clock);
        tell(&mut charger, connector, status, at(clock)).await;
    }
    town.set("+00:00");
    let told = json!([21.0, 3.0, 24.0, 0.875]);
    assert_eq!(json!(town.day("A", ["up_s", "down_s", "counted_s", "uk"]).await), told, "down while both are");
}
