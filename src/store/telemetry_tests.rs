//! What the embedded ledger must do for telemetry: roll-ups are what a slow reckoning over the raw readings says, however
//! late and in whatever order these came; every change is told at its place; retention goes by slices.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::telemetry::{Fact, Keeping, Level, Noted, SeriesFilter, SinkPosition, Track};
use super::*;
use crate::domain::energy::{Milli, MilliWh};
use crate::domain::ids::{Outlet, TransactionId};
use crate::domain::reading::{Flags, ReadingKind, Word};
use crate::domain::record::{Change, FrameRow, Paint, ReadingRow, SessionRow, SessionState, Turn};
use crate::domain::status::{Cause, ConnectorStatus, State};
use crate::domain::telemetry::{Measure, increase};

const ONE: Outlet = Outlet::new(1, 1);
/// 2026-11-24T12:00:00Z.
const NOON: i64 = 1_795_521_600_000;
const MINUTE: i64 = 60_000;

struct Bench {
    store: Store,
    folder: TempDir,
    now: Arc<AtomicI64>,
    keeping: Keeping,
    key: StationKey,
}

fn open(folder: &TempDir, now: &Arc<AtomicI64>, keeping: &Keeping) -> Store {
    let settings = StoreSettings {
        data_dir: folder.path().to_owned(),
        batch_window_ms: 0,
        batch_records: 100,
        queue_records: 1000,
        readers: 2,
        alive_interval_s: 3600,
        frames_keep_days: 30,
        frames_max_mb: 100,
    };
    let now = now.clone();
    let clock: OurClock = Arc::new(move || At::from_millis(now.load(Ordering::SeqCst)));
    Store::open(&settings, keeping.clone(), clock, Observer::new().unwrap()).unwrap()
}

impl Bench {
    async fn new(keeping: Keeping) -> Self {
        let (folder, now) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(NOON)));
        let store = open(&folder, &now, &keeping);
        let key = store.recall(&ChargerId::new("CP-1")).await.unwrap().key;
        Self { store, folder, now, keeping, key }
    }

    async fn commit(&self, changes: Vec<Change>) {
        let received = At::from_millis(self.now.load(Ordering::SeqCst));
        let frame = FrameRow { received, text: "[2]".into(), action: "X".into(), reply: None, deviations: Vec::new() };
        let turn = Turn { changes, ..Turn::default() };
        self.store.commit(Record::of_frame(self.key, turn, frame, None)).await.unwrap();
    }

    async fn reopened(self) -> Self {
        self.store.close(Duration::from_secs(5)).await.unwrap();
        let store = open(&self.folder, &self.now, &self.keeping);
        Self { store, ..self }
    }

    fn db(&self) -> Connection {
        Connection::open(self.folder.path().join("chargewatch.db")).unwrap()
    }

    async fn changes(&self, after: i64) -> Vec<Noted> {
        self.store.telemetry(move |ledger| ledger.changes(after, i64::MAX, 1000)).await.unwrap()
    }
}

fn outbox() -> Keeping {
    Keeping { outbox: true, outbox_rows: 1000, ..Keeping::default() }
}

fn reading(outlet: Outlet, at: i64, measurand: &'static str, context: &'static str, value: i64) -> Change {
    let kind = ReadingKind {
        measurand: Word::Known(measurand),
        phase: Word::Known(""),
        location: Word::Known("Outlet"),
        context: Word::Known(context),
        unit: Word::Known("Wh"),
    };
    let (at, value) = (At::from_millis(at), Some(Milli(value)));
    Change::Reading(ReadingRow { outlet, kind, at, value, text: None, session: None, flags: Flags::default() })
}

fn register(at: i64, value: i64) -> Change {
    reading(ONE, at, "Energy.Active.Import.Register", "Sample.Periodic", value)
}

fn power(at: i64, value: i64) -> Change {
    reading(ONE, at, "Power.Active.Import", "Sample.Periodic", value)
}

fn paint(from: i64, until: Option<i64>, state: State) -> Change {
    let (from, until) = (At::from_millis(from), until.map(At::from_millis));
    let status = (state == State::Charging).then_some(ConnectorStatus::Charging);
    Change::Paint(Paint { outlet: ONE, from, until, state, status, cause: Cause::Charger, only_over: None })
}

fn session(id: i32, outlet: Outlet, started: Option<i64>, state: SessionState) -> SessionRow {
    let row = SessionRow::unknown(SessionId(id), outlet, TransactionId("x".into()), At::from_millis(NOON));
    SessionRow {
        state,
        started_at: started.map(At::from_millis),
        ended_at: (state == SessionState::Ended).then_some(At::from_millis(NOON + 30 * MINUTE)),
        energy: Some(MilliWh(5)),
        ..row
    }
}

/// A roll-up: increase, count, sum, max, last.
type Roll = (Option<i64>, i64, i64, i64, i64);

/// Where it lies: level, measure, start, connector.
type Spot = (i64, i64, i64, u32);

/// The roll-ups, reckoned slowly from the raw readings.
fn slowly(db: &Connection) -> BTreeMap<Spot, Roll> {
    let mut select = db
        .prepare(
            "SELECT r.connector, r.at_ms, r.value_milli, k.measurand FROM reading_row r JOIN reading_kind k ON k.id = r.kind_id
             ORDER BY r.connector, k.measurand, r.at_ms, r.value_milli",
        )
        .unwrap();
    let rows = select.query_map([], |row| {
        let measurand: String = row.get(3)?;
        let measure = if measurand.starts_with("Energy") { Measure::ENERGY } else { Measure::POWER };
        Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, measure))
    });
    let rows: Vec<_> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    let mut rolls = BTreeMap::new();
    for (index, (connector, at, value, measure)) in rows.iter().copied().enumerate() {
        let before = index.checked_sub(1).map(|index| rows[index]).filter(|row| (row.0, row.3) == (connector, measure));
        let rise = before
            .filter(|_| measure == Measure::ENERGY)
            .map(|row| increase((At::from_millis(row.1), Milli(row.2)), (At::from_millis(at), Milli(value))).0);
        for level in Level::ALL {
            let start = at / 1000 / level.seconds() * level.seconds();
            let roll: &mut Roll =
                rolls.entry((level.seconds(), measure.code(), start, connector)).or_insert((None, 0, 0, i64::MIN, 0));
            roll.0 = rise.map(|rise| roll.0.unwrap_or(0) + rise).or(roll.0);
            *roll = (roll.0, roll.1 + 1, roll.2 + value, roll.3.max(value), value);
        }
    }
    rolls
}

/// The roll-ups as they stand in the ledger.
fn kept(db: &Connection) -> BTreeMap<Spot, Roll> {
    let mut rolls = BTreeMap::new();
    for (table, seconds) in [("rollup_minute", 60), ("rollup_quarter", 900), ("rollup_hour", 3600)] {
        let sql = format!(
            "SELECT measure, start_s, connector, increase_milli, count, sum_milli, max_milli, last_milli FROM {table}"
        );
        let mut select = db.prepare(&sql).unwrap();
        let rows = select.query_map([], |row| {
            let spot: Spot = (seconds, row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((spot, (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?)))
        });
        rolls.extend(rows.unwrap().map(Result::unwrap));
    }
    rolls
}

/// What a test does: readings of one record, and whether the ledger is closed and opened before it.
type Step = (Vec<(u32, bool, i64, bool, i64)>, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // A few connectors, a few hours; few values, so that the same one comes twice, falls, and is reset.
    let one = (1_u32..3, prop::bool::weighted(0.7), 0_i64..400, any::<bool>(), 0_i64..40);
    prop::collection::vec((prop::collection::vec(one, 1..6), prop::bool::weighted(0.05)), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However late readings come and in whatever order, the roll-ups are those of the raw readings.
    #[test]
    fn rollups_are_what_the_raw_readings_say(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (kept, slowly, rebuilt) = runtime.block_on(async {
            let mut bench = Bench::new(Keeping::default()).await;
            for (readings, reopen) in &steps {
                if *reopen {
                    bench = bench.reopened().await;
                }
                let change = |(connector, is_energy, minute, ends, value): &(u32, bool, i64, bool, i64)| {
                    let measurand = if *is_energy { "Energy.Active.Import.Register" } else { "Power.Active.Import" };
                    let context = if *ends { "Transaction.End" } else { "Sample.Periodic" };
                    let outlet = Outlet::new(*connector, *connector);
                    reading(outlet, NOON - minute * 30_000, measurand, context, value * 900_000)
                };
                bench.commit(readings.iter().map(change).collect()).await;
            }
            let db = bench.db();
            let before = (kept(&db), slowly(&db));
            db.execute_batch("DELETE FROM rollup_minute; DELETE FROM rollup_quarter; DELETE FROM rollup_hour").unwrap();
            sqlite::rebuild_rollups(&db).unwrap();
            (before.0, before.1, kept(&db))
        });
        prop_assert_eq!(&kept, &slowly);
        prop_assert_eq!(&rebuilt, &slowly);
    }
}

#[tokio::test]
async fn rollups_go_with_readings_that_are_moved_to_another_connector() {
    let bench = Bench::new(outbox()).await;
    let two = Outlet::new(2, 2);
    let of_session = |outlet, minute: i64, value| {
        let Change::Reading(row) = reading(outlet, NOON + minute * MINUTE, "Energy.Active.Import.Register", "X", value)
        else {
            panic!("it is a reading")
        };
        Change::Reading(ReadingRow { session: Some(SessionId(1)), ..row })
    };
    let energy = |outlet, minute: i64, value| {
        reading(outlet, NOON + minute * MINUTE, "Energy.Active.Import.Register", "X", value)
    };
    bench.commit(vec![energy(ONE, 0, 1_000), energy(two, 0, 500_000), energy(two, 500, 900_000)]).await;
    bench.commit(vec![of_session(ONE, 30, 600_000), energy(ONE, 300, 9_000)]).await;
    let moved = Change::ReadingsMoved { session: SessionId(1), from: ONE, to: two };
    let seen = bench.changes(0).await.last().unwrap().seq;
    bench.commit(vec![of_session(ONE, 90, 700_000), moved]).await;
    let db = bench.db();
    assert_eq!(kept(&db), slowly(&db));
    let told: Vec<u32> = bench
        .changes(seen)
        .await
        .iter()
        .flat_map(|noted| &noted.facts)
        .map(|fact| match fact {
            Fact::Reading(reading) => reading.place.outlet.connector,
            Fact::Session(_) | Fact::State(_) | Fact::Moved(_) => panic!("{fact:?}"),
        })
        .collect();
    assert_eq!(told, [2, 2]);
    // What comes next is counted from where the readings are now.
    bench.commit(vec![energy(two, 600, 950_000), energy(ONE, 310, 9_500)]).await;
    assert_eq!(kept(&db), slowly(&db));
}

#[tokio::test]
async fn readings_of_an_instant_are_told_once_and_as_they_stand() {
    let bench = Bench::new(outbox()).await;
    bench.commit(vec![register(NOON, 1000), power(NOON, 7_000_000), register(NOON + MINUTE, 2000)]).await;
    let noted = bench.changes(0).await;
    assert_eq!(noted.len(), 2);
    let [Fact::Reading(first)] = noted[0].facts.as_slice() else { panic!("{noted:?}") };
    assert_eq!((first.place.charger.as_str(), first.at), ("CP-1", At::from_millis(NOON)));
    assert_eq!(first.values, [(Measure::ENERGY, Milli(1000)), (Measure::POWER, Milli(7_000_000))]);
    // The same reading again is no change; another of the same instant is, and all of the instant is told anew.
    bench.commit(vec![register(NOON, 1000)]).await;
    assert!(bench.changes(noted[1].seq).await.is_empty());
    bench.commit(vec![register(NOON, 1500)]).await;
    let again = bench.changes(noted[1].seq).await;
    let [Fact::Reading(again)] = again[0].facts.as_slice() else { panic!("{again:?}") };
    assert_eq!(again.values[0], (Measure::ENERGY, Milli(1500)));
}

#[tokio::test]
async fn a_session_is_told_when_it_begins_moves_and_ends() {
    let bench = Bench::new(outbox()).await;
    let write = |row: SessionRow| bench.commit(vec![Change::Session(Box::new(row))]);
    write(session(1, Outlet::STATION, None, SessionState::Active)).await;
    write(session(1, Outlet::STATION, None, SessionState::Active)).await;
    assert_eq!(bench.changes(0).await.len(), 1);
    write(session(1, ONE, Some(NOON - MINUTE), SessionState::Active)).await;
    let noted = bench.changes(1).await;
    let [Fact::Moved(moved)] = noted[0].facts.as_slice() else { panic!("{noted:?}") };
    assert_eq!((moved.place.outlet, moved.began), (Outlet::STATION, At::from_millis(NOON)));
    let [Fact::Session(fact)] = noted[1].facts.as_slice() else { panic!("{noted:?}") };
    assert_eq!(fact.row.outlet, ONE);
    // After a restart the place of a session is looked up, not guessed.
    let bench = bench.reopened().await;
    let ended = session(1, ONE, Some(NOON - MINUTE), SessionState::Ended);
    bench.commit(vec![paint(NOON, Some(NOON + 20 * MINUTE), State::Charging)]).await;
    bench.commit(vec![Change::Session(Box::new(ended))]).await;
    let noted = bench.changes(3).await;
    let facts: Vec<&Fact> = noted.iter().flat_map(|noted| &noted.facts).collect();
    let [Fact::State(_), Fact::Session(fact)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((fact.row.state, fact.charging_s, fact.idle_s), (SessionState::Ended, Some(1200), Some(0)));
}

#[tokio::test]
async fn painting_tells_every_instant_whose_state_it_changed() {
    let bench = Bench::new(outbox()).await;
    let ten = 10 * MINUTE;
    bench.commit(vec![paint(NOON, None, State::Available)]).await;
    bench.commit(vec![paint(NOON + ten, None, State::OutOfOrder)]).await;
    let seen = bench.changes(0).await.last().unwrap().seq;
    bench.commit(vec![paint(NOON - ten, Some(NOON + 2 * ten), State::Charging)]).await;
    let told: Vec<(i64, State)> = bench
        .changes(seen)
        .await
        .iter()
        .flat_map(|noted| &noted.facts)
        .map(|fact| match fact {
            Fact::State(state) => (state.at.millis() - NOON, state.interval.state),
            Fact::Reading(_) | Fact::Session(_) | Fact::Moved(_) => panic!("{fact:?}"),
        })
        .collect();
    let charging = State::Charging;
    assert_eq!(told, [(-ten, charging), (0, charging), (ten, charging), (2 * ten, State::OutOfOrder)]);
}

#[tokio::test]
async fn our_own_outage_is_told_too() {
    let bench = Bench::new(outbox()).await;
    bench.commit(vec![paint(NOON, None, State::Available)]).await;
    bench.now.fetch_add(20 * MINUTE, Ordering::SeqCst);
    bench.store.close(Duration::from_secs(5)).await.unwrap();
    bench.now.fetch_add(30 * MINUTE, Ordering::SeqCst);
    let store = open(&bench.folder, &bench.now, &bench.keeping);
    let started = At::from_millis(bench.now.load(Ordering::SeqCst));
    store.blame_link_for_absent(started).await.unwrap();
    let noted = store.telemetry(|ledger| ledger.changes(1, i64::MAX, 10)).await.unwrap();
    let told: Vec<_> = noted
        .iter()
        .flat_map(|noted| &noted.facts)
        .map(|fact| match fact {
            Fact::State(state) => (state.at.millis() - NOON, state.interval.cause),
            Fact::Reading(_) | Fact::Session(_) | Fact::Moved(_) => panic!("{fact:?}"),
        })
        .collect();
    assert_eq!(told, [(20 * MINUTE, Cause::OurOutage), (50 * MINUTE, Cause::Link)]);
}

#[tokio::test]
async fn a_position_and_what_was_refused_are_kept_and_passed_changes_go() {
    let bench = Bench::new(outbox()).await;
    for minute in 0..10 {
        bench.commit(vec![register(NOON + minute * MINUTE, minute * 1000)]).await;
    }
    assert_eq!(bench.store.telemetry(|ledger| ledger.position("s")).await.unwrap(), None);
    let track = |live, gap| Track { live, gap };
    let position = SinkPosition { schema: 1, changes: track(9, Some((4, 8))), minutes: track(-5, None) };
    let dead = vec![DeadLetter { line: "m a=1 1".into(), reason: "no".into() }];
    bench.store.advance("s", position, dead).await.unwrap();
    let bench = bench.reopened().await;
    assert_eq!(bench.store.telemetry(|ledger| ledger.position("s")).await.unwrap(), Some(position));
    let letter = bench.db().query_row("SELECT line || reason FROM dead_letter", [], |row| row.get::<_, String>(0));
    assert_eq!(letter.unwrap(), "m a=1 1no");
    let behind = bench.store.telemetry(|ledger| ledger.behind(4, 8)).await.unwrap();
    assert_eq!((behind.rows, behind.oldest), (4, Some(At::from_millis(NOON))));
    bench.store.close(Duration::from_secs(5)).await.unwrap();
    let mut sweeper = sqlite::Sweeper::new(bench.keeping.clone());
    let db = bench.db();
    sweeper.slice(&db, At::from_millis(NOON)).unwrap();
    let left = |db: &Connection| {
        db.query_row("SELECT min(seq), max(seq) FROM outbox", [], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    assert_eq!(left(&db).unwrap(), (5_i64, 10_i64));
    // A program that only adds to the ledger leaves positions alone, and notes what it adds.
    let as_left = Keeping { as_left: true, outbox_rows: 1000, ..Keeping::default() };
    let bench = Bench { store: open(&bench.folder, &bench.now, &as_left), ..bench };
    bench.commit(vec![register(NOON, 7)]).await;
    bench.store.close(Duration::from_secs(5)).await.unwrap();
    assert_eq!(left(&db).unwrap(), (5_i64, 11_i64));
    // Without a sink nothing waits; the newest stays, so that no number comes twice.
    drop(open(&bench.folder, &bench.now, &Keeping::default()));
    sqlite::Sweeper::new(Keeping::default()).slice(&db, At::from_millis(NOON)).unwrap();
    assert_eq!(left(&db).unwrap(), (11_i64, 11_i64));
}

#[tokio::test]
async fn too_many_waiting_changes_go_and_are_counted() {
    let bench = Bench::new(Keeping { outbox_rows: 3, ..outbox() }).await;
    for minute in 0..10 {
        bench.commit(vec![register(NOON + minute * MINUTE, minute * 1000)]).await;
    }
    let swept = sqlite::Sweeper::new(bench.keeping.clone()).slice(&bench.db(), At::from_millis(NOON)).unwrap();
    assert_eq!(swept.dropped, 7);
    let left: Vec<i64> = bench.changes(0).await.iter().map(|noted| noted.seq).collect();
    assert_eq!(left, [8, 9, 10]);
}

#[tokio::test]
async fn old_readings_and_rollups_go_by_slices_and_what_is_late_does_not_spoil_the_rest() {
    let day = 24 * 60 * MINUTE;
    let keeping = Keeping { raw_ms: Some(10 * day), levels_ms: [Some(20 * day), None, None], ..Keeping::default() };
    let bench = Bench::new(keeping.clone()).await;
    for hour in 0..30 * 24 {
        bench.commit(vec![register(NOON - 30 * day + hour * 60 * MINUTE, hour * 1_000_000)]).await;
    }
    let (db, now) = (bench.db(), At::from_millis(NOON));
    let mut sweeper = sqlite::Sweeper::new(keeping);
    while sweeper.slice(&db, now).unwrap().more {}
    let count =
        |table: &str| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap();
    // The newest of those that are too old stays: the next rise is counted from it.
    assert_eq!(count("reading_row"), 10 * 24 + 1);
    assert_eq!((count("rollup_minute"), count("rollup_quarter"), count("rollup_hour")), (20 * 24, 30 * 24, 30 * 24));
    let total = || db.query_row("SELECT sum(increase_milli) FROM rollup_hour", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(total(), (30 * 24 - 1) * 1_000_000);
    bench.commit(vec![register(NOON - 25 * day + 90_000, 77_000_000)]).await;
    assert_eq!((total(), count("reading_row")), ((30 * 24 - 1) * 1_000_000, 10 * 24 + 2));
}

#[tokio::test]
async fn series_are_the_same_whether_looked_up_or_read_in_one_stretch() {
    let bench = Bench::new(Keeping::default()).await;
    for hour in 0..5 {
        bench
            .commit(vec![register(NOON + hour * 60 * MINUTE, hour * 700_000), power(NOON + hour * 60 * MINUTE, 5)])
            .await;
    }
    for charger in 2..40 {
        bench.store.recall(&ChargerId::new(format!("CP-{charger}"))).await.unwrap();
    }
    let ask = |chargers: Vec<&str>, connector| SeriesFilter {
        measure: Measure::ENERGY,
        level: Level::Hour,
        from: At::from_millis(NOON + 60 * MINUTE),
        until: At::from_millis(NOON + 4 * 60 * MINUTE),
        chargers: chargers.into_iter().map(ChargerId::new).collect(),
        connector,
    };
    let read = async |filter: SeriesFilter| {
        let read = move |ledger: &mut dyn Telemetry| {
            let mut found = Vec::new();
            ledger.rolled(&filter, &mut |rolled| found.push((rolled.start_s, rolled.increase.unwrap().0)))?;
            Ok(found)
        };
        bench.store.telemetry(read).await.unwrap()
    };
    let wanted: Vec<(i64, i64)> = (1..4).map(|hour| (NOON / 1000 + hour * 3600, 700_000)).collect();
    assert_eq!(read(ask(vec![], None)).await, wanted);
    assert_eq!(read(ask(vec!["cp-1"], Some(1))).await, wanted);
    assert!(read(ask(vec!["cp-1"], Some(2))).await.is_empty());
    assert!(read(ask(vec!["nobody"], None)).await.is_empty());
}

#[tokio::test]
async fn a_minute_tells_state_and_fresh_power_of_every_connector() {
    let bench = Bench::new(Keeping::default()).await;
    bench.commit(vec![paint(NOON, None, State::Charging), power(NOON + MINUTE, 7_000)]).await;
    bench.commit(vec![paint(NOON + 20 * MINUTE + 1, None, State::Available)]).await;
    let first = NOON / MINUTE;
    let minutes = bench.store.telemetry(move |ledger| ledger.minutes(first - 1, first + 22)).await.unwrap();
    let told: Vec<_> =
        minutes.iter().map(|fact| (fact.minute - first, fact.state, fact.power.map(|power| power.0))).collect();
    let charging = |minute| (minute, State::Charging, (1..16).contains(&minute).then_some(7_000));
    let wanted: Vec<_> = (0..20).map(charging).chain([20, 21].map(|minute| (minute, State::Available, None))).collect();
    assert_eq!(told, wanted);
}
