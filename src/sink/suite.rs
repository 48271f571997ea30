//! What every sink must do, run on each of them against a server that answers as it is told; and what the drain makes of
//! it: new before old, nothing lost, nothing told twice differently.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::batch::{Backoff, Delivery};
use super::drain::{Drain, Rules};
use super::influx::Influx;
use super::line::Lines;
use super::{Sink, SinkError};
use crate::config::influx::InfluxSettings;
use crate::config::load::{Sources, load};
use crate::config::sites::{Registry, SharedRegistry};
use crate::config::telemetry::TelemetrySettings;
use crate::domain::energy::Milli;
use crate::domain::ids::{ChargerId, Outlet, StationKey};
use crate::domain::reading::{Flags, ReadingKind, Word};
use crate::domain::record::{Change, FrameRow, Paint, ReadingRow, Record, Turn};
use crate::domain::status::{Cause, State as Availability};
use crate::domain::time::At;
use crate::observe::Observer;
use crate::store::telemetry::{Keeping, SinkPosition};
use crate::store::{OurClock, Store};

const PATIENCE: Duration = Duration::from_secs(20);
const NOON: i64 = 1_795_521_600_000;

/// What a server answers, one after the other; afterwards 204.
#[derive(Default)]
struct Script {
    answers: Mutex<Vec<(u16, &'static str)>>,
    bodies: Mutex<Vec<String>>,
    hang: Notify,
}

/// Answers as its script says.
async fn scripted(State(script): State<Arc<Script>>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let mut text = String::new();
    match headers.get("content-encoding") {
        Some(_) => drop(flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap()),
        None => text.push_str(std::str::from_utf8(&body).unwrap()),
    }
    let next = {
        let mut answers = script.answers.lock();
        if answers.is_empty() { (204, "") } else { answers.remove(0) }
    };
    if next.0 == 0 {
        script.hang.notified().await;
    }
    script.bodies.lock().push(text);
    (StatusCode::from_u16(next.0.max(204)).unwrap(), [("retry-after", "7")], next.1)
}

async fn server() -> (String, Arc<Script>) {
    let script = Arc::new(Script::default());
    let router = Router::new().route("/api/v2/write", post(scripted)).with_state(script.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, script)
}

/// What every sink must pass; `make` makes one that sends to this address and waits a second at most.
async fn every_sink_passes<S: Sink>(make: impl Fn(&str) -> S) {
    let (url, script) = server().await;
    let sink = make(&url);
    assert!(sink.name().chars().all(|c| c.is_ascii_lowercase()) && sink.target().contains("127.0.0.1"));
    let lines = b"m a=1i 1\nm a=\"x y\" 2\n";
    let bytes = sink.write(lines).await.unwrap();
    assert!(bytes > 0);
    assert_eq!(script.bodies.lock().pop().unwrap().as_bytes(), lines);
    for (status, is_refused, is_retryable) in [
        (400, true, false),
        (422, true, false),
        (413, false, false),
        (401, false, true),
        (404, false, true),
        (429, false, true),
        (500, false, true),
        (503, false, true),
    ] {
        script.answers.lock().push((status, "because"));
        let error = sink.write(lines).await.unwrap_err();
        assert_eq!(matches!(error, SinkError::Refused(_)), is_refused, "{status}");
        assert_eq!(error.is_retryable(), is_retryable, "{status}");
        assert!(error.reason().contains("because"), "{error}");
    }
    assert_eq!(sink.wanted_pause().await, Some(Duration::from_secs(7)));
    assert_eq!(sink.wanted_pause().await, None);
    // One that says nothing is given up, one that is not there is no reason to stop.
    script.answers.lock().push((0, ""));
    assert!(sink.write(lines).await.unwrap_err().is_retryable());
    assert!(make("http://127.0.0.1:9").write(lines).await.unwrap_err().is_retryable());
}

fn influx(url: &str) -> InfluxSettings {
    let flags = vec![
        ("influx.url", url.to_owned()),
        ("influx.org", "o".to_owned()),
        ("influx.bucket", "b".to_owned()),
        ("influx.timeout_s", "1".to_owned()),
    ];
    load(&Sources { flags, ..Sources::default() }).unwrap().influx
}

#[tokio::test(flavor = "multi_thread")]
async fn influx_passes() {
    every_sink_passes(|url| Influx::new(&influx(url)).unwrap()).await;
}

#[tokio::test]
async fn a_token_comes_from_its_file_and_a_missing_one_is_told() {
    let settings = InfluxSettings { token_file: Some("nowhere/token".into()), ..influx("http://127.0.0.1:9") };
    let told = Influx::new(&settings).err().unwrap().to_string();
    assert!(told.contains("the token file nowhere/token cannot be read"), "{told}");
}

/// A sink that keeps points by series and time, as servers do. What is bad it refuses; it can be told to swallow answers.
#[derive(Clone, Default)]
struct Kept {
    points: Arc<Mutex<BTreeMap<(String, i64), String>>>,
    order: Arc<Mutex<Vec<String>>>,
    bad: Arc<Mutex<Option<&'static str>>>,
    later: Arc<Mutex<usize>>,
    silent: Arc<Mutex<bool>>,
    wrote: Arc<Notify>,
}

impl Sink for Kept {
    fn name(&self) -> &'static str {
        "kept"
    }

    fn target(&self) -> &'static str {
        "memory"
    }

    async fn write(&self, lines: &[u8]) -> Result<u64, SinkError> {
        let text = std::str::from_utf8(lines).unwrap();
        {
            let mut later = self.later.lock();
            if *later > 0 {
                *later -= 1;
                return Err(SinkError::Later("away".into()));
            }
        }
        if self.bad.lock().is_some_and(|bad| text.contains(bad)) {
            return Err(SinkError::Refused("bad".into()));
        }
        for line in text.lines() {
            let (rest, at) = line.rsplit_once(' ').unwrap();
            let (series, fields) = rest.split_once(' ').unwrap();
            self.points.lock().insert((series.to_owned(), at.parse().unwrap()), fields.to_owned());
            self.order.lock().push(line.to_owned());
        }
        self.wrote.notify_one();
        if *self.silent.lock() {
            std::future::pending::<()>().await;
        }
        Ok(lines.len() as u64)
    }

    async fn wanted_pause(&self) -> Option<Duration> {
        None
    }
}

impl Kept {
    /// Points of a measurement: time and fields.
    fn of(&self, measurement: &str) -> Vec<(i64, String)> {
        let is_of = |series: &str| series.split(',').next() == Some(measurement);
        let points = self.points.lock();
        points.iter().filter(|((series, _), _)| is_of(series)).map(|((_, at), fields)| (*at, fields.clone())).collect()
    }
}

fn quick() -> Backoff {
    Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(2) }
}

#[tokio::test]
async fn a_batch_is_halved_until_the_bad_point_is_alone() {
    let sink = Kept::default();
    *sink.bad.lock() = Some("n=37i");
    *sink.later.lock() = 3;
    let mut lines = Lines::default();
    for n in 0..100 {
        lines.begin("m");
        lines.integer("n", n);
        lines.end(n);
    }
    let observer = Observer::new().unwrap();
    let dead = Delivery::new(sink.clone(), observer.clone(), quick()).deliver(&lines).await;
    assert_eq!(dead.iter().map(|letter| letter.line.as_str()).collect::<Vec<_>>(), ["m n=37i 37"]);
    assert_eq!(sink.points.lock().len(), 99);
    let count = |outcome| observer.metrics.sink_requests.with_label_values(&["kept", outcome]).get();
    assert_eq!((count("retried"), observer.metrics.sink_points.with_label_values(&["kept"]).get()), (3, 99));
    assert!(count("refused") <= 7 && count("taken") <= 8);
}

/// A ledger with a charger, and a clock that stands.
struct Bench {
    store: Store,
    key: StationKey,
    observer: Observer,
    sink: Kept,
    _folder: TempDir,
}

fn clock() -> OurClock {
    Arc::new(|| At::from_millis(NOON))
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flags =
            vec![("store.data_dir", folder.path().display().to_string()), ("store.batch_window_ms", "0".into())];
        let settings = load(&Sources { flags, ..Sources::default() }).unwrap();
        let observer = Observer::new().unwrap();
        let keeping = Keeping::new(&TelemetrySettings { ..settings.telemetry }, true);
        let store = Store::open(&settings.store, keeping, clock(), observer.clone()).unwrap();
        let key = store.recall(&ChargerId::new("CP-1")).await.unwrap().key;
        Self { store, key, observer, sink: Kept::default(), _folder: folder }
    }

    async fn commit(&self, changes: Vec<Change>) {
        let received = At::from_millis(NOON);
        let frame = FrameRow { received, text: "[2]".into(), action: "X".into(), reply: None, deviations: Vec::new() };
        let turn = Turn { changes, ..Turn::default() };
        self.store.commit(Record::of_frame(self.key, turn, frame, None)).await.unwrap();
    }

    fn drain(&self, points: usize) -> tokio::task::JoinHandle<()> {
        let rules = Rules {
            points,
            bytes: 1_000_000,
            age: Duration::from_millis(1),
            catch_up_points_s: 1_000_000,
            backoff: quick(),
        };
        let sites = SharedRegistry::new(Registry::default());
        let drain = Drain::new(self.sink.clone(), self.store.clone(), sites, self.observer.clone(), clock(), rules);
        tokio::spawn(drain.run())
    }

    async fn position(&self) -> Option<SinkPosition> {
        self.store.telemetry(|ledger| ledger.position("kept")).await.unwrap()
    }

    /// Waits until all changes are sent.
    async fn sent(&self) -> SinkPosition {
        let all = async {
            loop {
                let newest = self.store.telemetry(|ledger| ledger.newest_change()).await.unwrap();
                let position = self.position().await.unwrap_or_default();
                if position.changes.done() >= newest && position.minutes.gap.is_none() {
                    return position;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("not all was sent")
    }
}

fn power(minute: i64, watts: i64) -> Change {
    let kind = ReadingKind {
        measurand: Word::Known("Power.Active.Import"),
        phase: Word::Known(""),
        location: Word::Known("Outlet"),
        context: Word::Known("Sample.Periodic"),
        unit: Word::Known("W"),
    };
    let (at, value) = (At::from_millis(NOON + minute * 60_000), Some(Milli(watts * 1000)));
    let outlet = Outlet::new(1, 1);
    Change::Reading(ReadingRow { outlet, kind, at, value, text: None, session: None, flags: Flags::default() })
}

fn charging(minute: i64) -> Change {
    let from = At::from_millis(NOON + minute * 60_000);
    let (outlet, state) = (Outlet::new(1, 1), Availability::Charging);
    Change::Paint(Paint { outlet, from, until: None, state, status: None, cause: Cause::Charger, only_over: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn new_goes_before_old_and_nothing_is_left_out() {
    let bench = Bench::new().await;
    for minute in 0..100 {
        bench.commit(vec![power(minute - 100_000, minute)]).await;
    }
    let drain = bench.drain(10);
    let position = bench.sent().await;
    drain.abort();
    assert_eq!((position.changes.live, position.changes.gap), (100, None));
    assert_eq!(bench.sink.of("charger_reading").len(), 100);
    let order = bench.sink.order.lock();
    let place = |watts: i64| order.iter().position(|line| line.contains(&format!("power_w={watts} "))).unwrap();
    assert!(place(99) < place(0) && place(0) < place(50), "{order:?}");
    assert_eq!(order.iter().collect::<HashSet<_>>().len(), order.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_acknowledged_goes_out_again_and_changes_nothing() {
    let bench = Bench::new().await;
    *bench.sink.silent.lock() = true;
    bench.commit((0..5).map(|minute| power(minute - 100_000, minute)).collect()).await;
    let drain = bench.drain(10);
    tokio::time::timeout(PATIENCE, bench.sink.wrote.notified()).await.unwrap();
    drain.abort();
    drain.await.unwrap_err();
    assert_eq!(bench.position().await.unwrap().changes.live, 0);
    let stored = bench.sink.points.lock().clone();
    *bench.sink.silent.lock() = false;
    let drain = bench.drain(10);
    assert_eq!(bench.sent().await.changes.live, 5);
    drain.abort();
    assert_eq!(*bench.sink.points.lock(), stored);
    assert_eq!(bench.sink.order.lock().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_has_its_minutes_told_again() {
    let bench = Bench::new().await;
    bench.commit(vec![charging(-10), power(-10, 1000)]).await;
    let drain = bench.drain(10);
    bench.sent().await;
    let told = bench.sink.of("site_load");
    let first = (NOON - 10 * 60_000) * 1_000_000;
    // A minute is told half a minute after its end: the last but one.
    assert_eq!(told.len(), 9, "{told:?}");
    assert_eq!(told[0], (first, "power_w=1000,occupied=1i,available=0i,faulted=0i,other=0i,unknown=0i".to_owned()));
    bench.commit(vec![power(-5, 7000)]).await;
    bench.sent().await;
    let watts = |point: &(i64, String)| point.1.split(['=', ',']).nth(1).unwrap().to_owned();
    let powers: Vec<String> = bench.sink.of("site_load").iter().map(watts).collect();
    assert_eq!(powers, ["1000", "1000", "1000", "1000", "1000", "7000", "7000", "7000", "7000"]);
    drain.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_point_is_kept_with_its_reason_and_the_rest_goes_on() {
    let bench = Bench::new().await;
    *bench.sink.bad.lock() = Some("power_w=3 ");
    for minute in 0..20 {
        bench.commit(vec![power(minute - 100_000, minute)]).await;
    }
    let drain = bench.drain(8);
    bench.sent().await;
    drain.abort();
    assert_eq!(bench.sink.of("charger_reading").len(), 19);
    assert_eq!(bench.observer.metrics.sink_dead_letters.with_label_values(&["kept"]).get(), 1);
}
