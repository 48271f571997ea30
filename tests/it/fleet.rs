//! The fleet: simulated chargers over virtual days, with faults, lost links, replays and makers' oddities, through the
//! real sockets of a real service. What the simulator knows to be true must be what ledger, API and metrics say, to the
//! watt-hour.
//!
//! Virtual time is driven event by event: the service's clock shows exactly the time of the charger that acts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chargewatch::app::{self, Setup};
use chargewatch::config::sites::Registry;
use chargewatch::domain::time::{At, TOLERATED_AHEAD_MS};
use chargewatch::sim::truth::{ConnectorTruth, SessionTruth};
use chargewatch::sim::{Action, Fleet, FleetPlan, Truth, registry_csv};
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::fleet_states;
use crate::support::{Charger, Service, settings};

/// A fleet under way.
pub(crate) struct Run {
    pub(crate) fleet: Fleet,
    folder: PathBuf,
    settings: Vec<(&'static str, &'static str)>,
    /// None while it is stopped.
    service: Option<Service>,
    now: Arc<AtomicI64>,
    sockets: HashMap<usize, Charger>,
}

impl Run {
    pub(crate) async fn new(plan: &FleetPlan, folder: &Path, settings: &[(&'static str, &'static str)]) -> Self {
        let now = Arc::new(AtomicI64::new(plan.from.timestamp_millis()));
        let (fleet, settings, sockets) = (Fleet::new(plan), settings.to_vec(), HashMap::new());
        let mut run = Self { fleet, folder: folder.to_owned(), settings, service: None, now, sockets };
        run.start(plan.from).await;
        run
    }

    /// Starts the service.
    pub(crate) async fn start(&mut self, at: DateTime<Utc>) {
        let clock = self.now.clone();
        clock.fetch_max(at.timestamp_millis(), Ordering::SeqCst);
        let setup = Setup {
            settings: settings(&self.folder, &self.settings),
            clock: Arc::new(move || At::from_millis(clock.load(Ordering::SeqCst))),
            registry: Some(Registry::from_csv("fleet", &registry_csv(&self.fleet)).unwrap()),
        };
        self.service = Some(Service::running(app::start(setup).await.unwrap(), &self.folder));
    }

    /// Stops the service: every charger loses its connection.
    pub(crate) async fn stop(&mut self, at: DateTime<Utc>) {
        self.service.take().unwrap().stop().await;
        for place in std::mem::take(&mut self.sockets).into_keys() {
            let actions = self.fleet.charger_mut(place).unwrap().disconnected(at);
            self.act(place, at, actions).await;
        }
    }

    /// Lets time pass in which nothing happens to the fleet.
    pub(crate) fn pass(&self, until: DateTime<Utc>) {
        self.now.fetch_max(until.timestamp_millis(), Ordering::SeqCst);
    }

    pub(crate) fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    /// Lets the next thing happen; gives its time, and nothing once all is told.
    pub(crate) async fn step(&mut self) -> Option<DateTime<Utc>> {
        let (at, place) = self.fleet.next_at().filter(|_| !self.fleet.is_drained())?;
        self.now.fetch_max(at.timestamp_millis(), Ordering::SeqCst);
        let actions = self.fleet.charger_mut(place).unwrap().wake(at);
        self.act(place, at, actions).await;
        Some(at)
    }

    /// What truly happened so far.
    pub(crate) fn truth(&self) -> Truth {
        self.fleet.truth(DateTime::from_timestamp_millis(self.now.load(Ordering::SeqCst)).unwrap())
    }

    /// Drives every charger to its end.
    async fn until_drained(mut self, until: DateTime<Utc>) -> (Truth, Service) {
        while let Some(at) = self.step().await {
            assert!(at < until + Duration::days(3), "the fleet does not drain");
        }
        (self.truth(), self.service.unwrap())
    }

    /// Does what a charger wants done, until it wants nothing more.
    async fn act(&mut self, place: usize, at: DateTime<Utc>, actions: Vec<Action>) {
        let mut waiting: std::collections::VecDeque<Action> = actions.into();
        while let Some(action) = waiting.pop_front() {
            let charger = self.fleet.charger_mut(place).unwrap();
            match action {
                Action::Connect if self.service.is_none() => {
                    waiting.extend(charger.disconnected(at));
                }
                Action::Connect => {
                    let (id, protocol) = (charger.id().to_owned(), charger.spec().behaviour.protocol);
                    let mut socket = self.service().charger_speaking(&id, protocol.subprotocol()).await;
                    // Not every charger has something to say at once; the service has to know the time all the same.
                    socket.ping().await;
                    self.sockets.insert(place, socket);
                    waiting.extend(self.fleet.charger_mut(place).unwrap().connected(at));
                }
                Action::Disconnect => drop(self.sockets.remove(&place)),
                Action::Send(text) => {
                    let Some(socket) = self.sockets.get_mut(&place) else { continue };
                    let answer = socket.ask(&text).await;
                    waiting.extend(self.fleet.charger_mut(place).unwrap().deliver(at, &answer));
                }
            }
        }
    }
}

/// The truth against what the API says.
fn compare(truth: &Truth, rows: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let by_id: HashMap<(String, String), &Value> =
        rows.iter().map(|row| ((name(row, "charger_id"), name(row, "transaction_id")), row)).collect();
    let ahead = |charger: &str| {
        let skew = truth.chargers.iter().find(|truth| truth.charger_id == charger).unwrap().clock_skew_ms;
        skew > TOLERATED_AHEAD_MS - 1000
    };
    let begun: Vec<_> = truth.sessions.iter().filter(|session| session.start_acknowledged).collect();
    if begun.len() != rows.len() {
        wrong.push(format!("{} sessions began, {} are told", begun.len(), rows.len()));
    }
    for session in begun {
        let key = (&session.charger_id, session.evse_id, session.connector_id, session.started_at_reported);
        let id = session.transaction_id.clone().map(|id| (session.charger_id.clone(), id));
        let Some(row) = id.and_then(|id| by_id.get(&id)) else {
            wrong.push(format!("{key:?} is not told"));
            continue;
        };
        let mut expect = |what: &str, told: Value, truly: Value| {
            if told != truly {
                wrong.push(format!("{key:?}: {what} is told as {told}, truly {truly}: {row}"));
            }
        };
        expect("charger", row["charger_id"].clone(), session.charger_id.as_str().into());
        expect("EVSE", row["evse_id"].clone(), registered_evse(truth, session).into());
        expect("connector", row["connector_id"].clone(), session.connector_id.into());
        // A clock that is minutes ahead is not believed; then our own time stands.
        let is_believed = !ahead(&session.charger_id);
        if is_believed {
            expect("start", row["started_at"].clone(), At::from(session.started_at_reported).to_rfc3339().into());
        }
        expect("other ids", Value::from(session.conflicting_transaction_ids.len()), 0.into());
        expect("start register", row["meter_start_wh"].clone(), session.meter_start_wh.into());
        if session.stop_acknowledged {
            expect("state", row["state"].clone(), "ended".into());
            expect("energy", row["energy_wh"].clone(), session.energy_wh.into());
            expect("quality", row["energy_quality"].clone(), "register".into());
            let ended = session.ended_at_reported.map(|at| At::from(at).to_rfc3339());
            if is_believed {
                expect("end", row["ended_at"].clone(), ended.into());
            }
        } else if session.start_values == 0 || session.known_energy_wh.is_some() || row["energy_wh"] != 0 {
            // Where the register in the start event of 2.x is all that was told, nought is as good as nothing.
            expect("energy", row["energy_wh"].clone(), session.known_energy_wh.into());
        }
        if session.refused > 0 {
            wrong.push(format!("{key:?}: {} messages were refused", session.refused));
        }
    }
    wrong
}

/// The EVSE that the registry puts a session's connector under.
fn registered_evse(truth: &Truth, session: &SessionTruth) -> Option<u32> {
    let charger = truth.chargers.iter().find(|charger| charger.charger_id == session.charger_id)?;
    let is_here = |connector: &&ConnectorTruth| {
        (connector.evse_id, connector.connector_id) == (session.evse_id, session.connector_id)
    };
    charger.connectors.iter().find(is_here).map(|connector| connector.registered_evse_id)
}

/// The sum of a metric's samples.
fn metric(page: &str, name: &str) -> f64 {
    let start = format!("{name}{{");
    page.lines()
        .filter(|line| line.starts_with(&start))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

async fn reconcile(chargers: usize, days: i64, seed: u64, trouble: f64) {
    let from: DateTime<Utc> = "2026-03-27T06:00:00Z".parse().unwrap();
    let until = from + Duration::days(days);
    let plan = FleetPlan { until: Some(until), trouble, ..FleetPlan::new(chargers, seed, from) };
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(&plan, folder.path(), &[]).await;
    let (truth, service) = run.until_drained(until).await;
    let (_, body) = service.get("/api/v1/sessions?format=ndjson").await;
    let rows: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let wrong = compare(&truth, &rows);
    assert!(
        wrong.is_empty(),
        "seed {seed}: {} of {} sessions differ\n{}",
        wrong.len(),
        truth.totals.sessions,
        wrong.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
    );
    let mut wrong = fleet_states::compare(&truth, &service, from + Duration::minutes(10)).await;
    wrong.extend(fleet_states::compare_sums(&truth, &service, from).await);
    assert!(
        wrong.is_empty(),
        "seed {seed}: {} spans and sums differ\n{}",
        wrong.len(),
        wrong.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(truth.totals.starts_acknowledged > chargers, "too little happened: {:?}", truth.totals);
    // Ledger and metrics say the same as the API.
    let told: f64 = rows.iter().filter_map(|row| row["energy_wh"].as_f64()).sum();
    let ledger = service.ledger("SELECT count(*), sum(energy_mwh) / 1000 FROM session_row", &[]);
    assert_eq!(ledger, [[Value::from(rows.len()), Value::from(told as i64)]]);
    let (_, page) = service.get("/metrics").await;
    assert_eq!(metric(&page, "chargewatch_site_sessions_total") as usize, rows.len());
    assert_eq!(metric(&page, "chargewatch_connector_sessions_total") as usize, rows.len());
    assert_eq!(metric(&page, "chargewatch_connector_energy_wh_total"), told);
    // Readings of sessions, each once: those that were acknowledged, and those that came with the stop.
    let counted: u64 = rows.iter().map(|row| row["reading_count"].as_u64().unwrap()).sum();
    assert!(
        counted >= truth.totals.readings_acknowledged * 9 / 10,
        "{counted} of {}",
        truth.totals.readings_acknowledged
    );
    let kept = service.ledger("SELECT count(*) FROM reading_row WHERE session_id IS NOT NULL", &[]);
    assert_eq!(kept, [[Value::from(counted)]]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_truly_happened_is_what_is_told() {
    // Beside one another, because each of them mostly waits for its own disk.
    let mut runs: JoinSet<()> = (20..30).map(|seed| reconcile(26, 2, seed, 25.0)).collect();
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
}
