//! What every store backend must pass, run on the embedded one: rows come back as they went in, the timeline never
//! overlaps, a refused record takes no other along, what is too new is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::domain::availability::Interval;
use crate::domain::deviation::{Deviation, Rule};
use crate::domain::energy::{EnergyQuality, Milli, MilliWh};
use crate::domain::event::Boot;
use crate::domain::ids::{Outlet, TransactionId};
use crate::domain::reading::{Flags, ReadingKind, Word};
use crate::domain::record::{
    Change, ConnectorNow, Contact, FrameRow, Paint, ReadingRow, SessionRow, SessionState, StatusEvidence, Turn,
};
use crate::domain::sequence::SeqNos;
use crate::domain::status::{Cause, ConnectorStatus, State};
use crate::domain::token::TokenHash;
use crate::store::archive::{EvidenceFilter, SessionFilter};

const ONE: Outlet = Outlet::new(1, 1);

struct Bench {
    store: Store,
    folder: TempDir,
    now: Arc<AtomicI64>,
}

impl Bench {
    fn new() -> Self {
        let (folder, now) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(1_000_000)));
        Self { store: open(&folder, &now, 1000).unwrap(), folder, now }
    }

    async fn commit(&self, key: StationKey, changes: Vec<Change>) -> Result<Released, StoreError> {
        let turn = Turn { changes, ..Turn::default() };
        self.store.commit(Record::of_frame(key, turn, frame("[2]"), Some("answer".into()))).await
    }

    async fn reopened(self) -> Self {
        self.store.close(Duration::from_secs(5)).await.unwrap();
        let store = open(&self.folder, &self.now, 1000).unwrap();
        Self { store, ..self }
    }
}

fn settings(folder: &TempDir, queue: usize) -> StoreSettings {
    StoreSettings {
        data_dir: folder.path().to_owned(),
        batch_window_ms: 0,
        batch_records: 100,
        queue_records: queue,
        readers: 2,
        alive_interval_s: 3600,
        frames_keep_days: 30,
        frames_max_mb: 100,
    }
}

fn open(folder: &TempDir, now: &Arc<AtomicI64>, queue: usize) -> Result<Store, StoreError> {
    let now = now.clone();
    let clock: OurClock = Arc::new(move || At::from_millis(now.load(Ordering::SeqCst)));
    Store::open(&settings(folder, queue), Keeping::default(), clock, Observer::new().unwrap())
}

fn frame(text: &str) -> FrameRow {
    let deviations = vec![Deviation::new(Rule::TimeZone, "timestamp", "noon")];
    FrameRow { received: At::from_millis(1_000_500), text: text.into(), action: "X".into(), reply: None, deviations }
}

fn session(id: i32, state: SessionState) -> SessionRow {
    SessionRow {
        id: SessionId(id),
        outlet: ONE,
        transaction: TransactionId(format!("tx-{id}").into()),
        state,
        started_at: Some(At::from_millis(500 + i64::from(id))),
        start_said: Some(At::from_millis(900 + i64::from(id))),
        ended_at: (state == SessionState::Ended).then(|| At::from_millis(800)),
        end_said: (state == SessionState::Ended).then(|| At::from_millis(801)),
        meter_start: Some(MilliWh(1001)),
        meter_stop: None,
        energy: Some(MilliWh(12_272_427)),
        quality: EnergyQuality::Inferred,
        stop_reason: Some(Word::Known("Local")),
        token: Some(TokenHash::from_ledger("t:1")),
        received_at: At::from_millis(1000),
        first_register: Some((At::from_millis(510), MilliWh(7))),
        last_register: None,
        last_reading_at: Some(At::from_millis(520)),
        flow: Some((At::from_millis(510), At::from_millis(519))),
        peak: None,
        reports: SeqNos::from_text("3..5,7"),
    }
}

fn reading(at: i64, value: Option<i64>, text: Option<&str>) -> Change {
    let kind = ReadingKind {
        measurand: Word::Known("Energy.Active.Import.Register"),
        phase: Word::Known(""),
        location: Word::Known("Outlet"),
        context: Word::Other("Odd".into()),
        unit: Word::Known("Wh"),
    };
    Change::Reading(ReadingRow {
        outlet: ONE,
        kind,
        at: At::from_millis(at),
        value: value.map(Milli),
        text: text.map(Into::into),
        session: Some(SessionId(1)),
        flags: if value.is_none() { Flags::TEXT_ONLY } else { Flags::default() },
    })
}

fn paint(from: i64, until: Option<i64>, state: State, only_over: Option<State>) -> Change {
    let (from, until) = (At::from_millis(from), until.map(At::from_millis));
    Change::Paint(Paint { outlet: ONE, from, until, state, status: None, cause: Cause::Charger, only_over })
}

#[tokio::test]
async fn what_goes_in_comes_back_after_a_restart() {
    let bench = Bench::new();
    let charger = ChargerId::new("CP-1");
    let key = bench.store.recall(&charger).await.unwrap().key;
    let boot = Boot { vendor: Some("V".into()), model: Some("M".into()), ..Boot::default() };
    let now = ConnectorNow {
        outlet: ONE,
        status: ConnectorStatus::Other("Odd".into()),
        since: At::from_millis(7),
        error: Some(Word::Known("OverVoltage")),
        vendor_error: Some("0x1".into()),
        info: None,
    };
    let evidence = StatusEvidence {
        outlet: ONE,
        at: At::from_millis(7),
        status: ConnectorStatus::Faulted,
        error: None,
        info: None,
        vendor_error: None,
    };
    let changes = vec![
        Change::Contact(Contact::Began {
            at: At::from_millis(5),
            protocol: "ocpp1.6".into(),
            peer: "p".into(),
            protection: None,
        }),
        Change::Booted { at: At::from_millis(6), boot: boot.clone() },
        Change::StatusEvidence(evidence),
        Change::ConnectorNow(now.clone()),
        Change::Session(Box::new(session(1, SessionState::Active))),
        Change::Session(Box::new(session(2, SessionState::Ended))),
        reading(510, Some(7), None),
        reading(515, None, Some("signed")),
        reading(510, Some(7), None),
    ];
    let released = bench.commit(key, changes).await.unwrap();
    assert_eq!(released.reply.as_deref(), Some("answer"));
    let bench = bench.reopened().await;
    let memory = bench.store.recall(&ChargerId::new("cp-1")).await.unwrap();
    assert_eq!((memory.key, memory.charger.as_str(), memory.boot), (key, "CP-1", Some(boot)));
    assert_eq!(memory.connectors, [now]);
    assert_eq!(memory.sessions, [session(1, SessionState::Active), session(2, SessionState::Ended)]);
    assert!(memory.complete);
    assert_eq!(bench.store.fresh_session_id(), SessionId(3));
    let (view, readings, frames) = bench
        .store
        .read(|archive| {
            let frames = archive.frames(&EvidenceFilter::default(), None, 10)?;
            Ok((archive.session(SessionId(1))?, archive.readings(SessionId(1), None, 10)?, frames))
        })
        .await
        .unwrap();
    assert_eq!(view.unwrap().reading_count, 2);
    assert_eq!(readings.len(), 2);
    assert_eq!((readings[1].text.as_deref(), readings[1].flags), (Some("signed"), Flags::TEXT_ONLY));
    assert_eq!((frames[0].text.as_str(), frames[0].reply.as_deref(), frames[0].deviations), ("[2]", Some("answer"), 1));
}

#[tokio::test]
async fn questions_are_answered_from_the_ledger() {
    let bench = Bench::new();
    let key = bench.store.recall(&ChargerId::new("CP-1")).await.unwrap().key;
    let rows = [session(1, SessionState::Ended), session(2, SessionState::Active)];
    let changes = rows.iter().map(|row| Change::Session(Box::new(row.clone()))).chain([reading(510, Some(7), None)]);
    bench.commit(key, changes.collect()).await.unwrap();
    let started = |at| Question::StartedBefore {
        outlet: ONE,
        at: At::from_millis(at),
        register: Some(MilliWh(1001)),
        token: Some(TokenHash::from_ledger("t:1")),
    };
    let asked = [
        (started(901), Some(1)),
        (started(501), None),
        (Question::StoppedBefore { at: At::from_millis(801), register: None }, Some(1)),
        (Question::Transaction(TransactionId("tx-2".into())), Some(2)),
        (Question::RunningAt(ONE, At::from_millis(501)), Some(1)),
        (Question::RunningAt(ONE, At::from_millis(9999)), Some(2)),
        (Question::RunningAt(ONE, At::from_millis(3)), None),
    ];
    let replies = bench.store.ask(key, asked.iter().map(|(question, _)| question.clone()).collect()).await.unwrap();
    for ((question, wanted), reply) in asked.iter().zip(replies) {
        let Known::Session { to, found } = reply else { panic!("{reply:?}") };
        assert_eq!((&to, found.map(|row| row.id.0)), (question, *wanted));
    }
    let history = bench.store.ask(key, vec![Question::MeterHistory(SessionId(1))]).await.unwrap();
    assert!(matches!(&history[0], Known::MeterHistory(_, samples) if samples.len() == 1));
}

#[tokio::test]
async fn lists_are_paged_by_key_and_filtered() {
    let bench = Bench::new();
    for (charger, ids) in [("CP-1", 1..=5), ("CP-2", 6..=8)] {
        let key = bench.store.recall(&ChargerId::new(charger)).await.unwrap().key;
        let rows = ids.map(|id| Change::Session(Box::new(session(id, SessionState::Active))));
        bench.commit(key, rows.collect()).await.unwrap();
    }
    let list = |filter: SessionFilter, before: Option<i32>, limit: usize| {
        let store = bench.store.clone();
        async move {
            let read = move |archive: &mut dyn Archive| archive.sessions(&filter, before.map(SessionId), limit);
            store.read(read).await.unwrap().iter().map(|view| view.row.id.0).collect::<Vec<_>>()
        }
    };
    assert_eq!(list(SessionFilter::default(), None, 3).await, [8, 7, 6]);
    assert_eq!(list(SessionFilter::default(), Some(6), 3).await, [5, 4, 3]);
    let one = SessionFilter { chargers: vec![ChargerId::new("cp-2")], ..SessionFilter::default() };
    assert_eq!(list(one, None, 10).await, [8, 7, 6]);
    let late = SessionFilter {
        from: Some(At::from_millis(506)),
        until: Some(At::from_millis(508)),
        ..SessionFilter::default()
    };
    assert_eq!(list(late, None, 10).await, [7, 6]);
    let ended = SessionFilter { state: Some(SessionState::Ended), ..SessionFilter::default() };
    assert!(list(ended, None, 10).await.is_empty());
}

#[tokio::test]
async fn our_outage_cuts_what_was_known_and_is_blamed_on_the_link_only_for_the_absent() {
    let bench = Bench::new();
    let key = bench.store.recall(&ChargerId::new("CP-1")).await.unwrap().key;
    bench.commit(key, vec![paint(100, None, State::Available, None)]).await.unwrap();
    bench.now.store(2_000_000, Ordering::SeqCst);
    bench.store.close(Duration::from_secs(5)).await.unwrap();
    bench.now.store(9_000_000, Ordering::SeqCst);
    let store = open(&bench.folder, &bench.now, 1000).unwrap();
    store.blame_link_for_absent(At::from_millis(9_000_000)).await.unwrap();
    let line = timeline(&store, key).await;
    let seen: Vec<_> = line.iter().map(|i| (i.from.millis(), i.until.map(At::millis), i.state, i.cause)).collect();
    assert_eq!(
        seen,
        [
            (100, Some(2_000_000), State::Available, Cause::Charger),
            (2_000_000, Some(9_000_000), State::Unknown, Cause::OurOutage),
            (9_000_000, None, State::Unknown, Cause::Link)
        ]
    );
    assert!(line[0].proof.is_some() && line[1].proof.is_none());
}

#[tokio::test]
async fn a_record_that_is_refused_takes_no_other_along() {
    let bench = Bench::new();
    let key = bench.store.recall(&ChargerId::new("CP-1")).await.unwrap().key;
    // No machine writes what this ledger refuses; so it is made to refuse something.
    let spoiled = "CREATE TRIGGER refuse BEFORE INSERT ON security_event BEGIN SELECT RAISE(ABORT, 'refused'); END";
    rusqlite::Connection::open(bench.folder.path().join("chargewatch.db")).unwrap().execute_batch(spoiled).unwrap();
    let bad = vec![Change::Security { at: At::from_millis(1), kind: "x".into(), info: None }];
    let good = |id| vec![Change::Session(Box::new(session(id, SessionState::Active)))];
    let (first, refused, second) =
        tokio::join!(bench.commit(key, good(1)), bench.commit(key, bad), bench.commit(key, good(2)));
    assert!(first.is_ok() && second.is_ok());
    assert!(matches!(refused, Err(StoreError::Refused(reason)) if reason.contains("refused")));
    assert_eq!(bench.store.recall(&ChargerId::new("CP-1")).await.unwrap().sessions.len(), 2);
}

#[tokio::test]
async fn a_newer_schema_and_a_second_process_are_refused_with_a_reason() {
    let bench = Bench::new();
    let second = open(&bench.folder, &bench.now, 1000).err().unwrap();
    assert!(second.to_string().contains("in use by another chargewatch"), "{second}");
    bench.store.close(Duration::from_secs(5)).await.unwrap();
    let db = rusqlite::Connection::open(bench.folder.path().join("chargewatch.db")).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    drop(db);
    let newer = open(&bench.folder, &bench.now, 1000).err().unwrap();
    assert!(matches!(newer, StoreError::NewerSchema { found: 999, .. }), "{newer}");
}

/// The store, after what is too old so many days later is forgotten.
async fn forgotten(bench: &Bench, days: i64) -> Store {
    bench.store.close(Duration::from_secs(5)).await.unwrap();
    let now = At::from_millis(1_000_500 + days * 86_400_000);
    let (settings, observer) = (settings(&bench.folder, 1000), Observer::new().unwrap());
    let (mut backend, _readers) = sqlite::open(&settings, Keeping::default(), now, &observer).unwrap();
    assert!(!backend.forget_a_slice(now).unwrap());
    drop(backend);
    open(&bench.folder, &bench.now, 1000).unwrap()
}

#[tokio::test]
async fn old_frames_and_attempts_go_and_the_newest_frame_stays() {
    let bench = Bench::new();
    let key = bench.store.recall(&ChargerId::new("CP-1")).await.unwrap().key;
    for _ in 0..5 {
        bench.commit(key, Vec::new()).await.unwrap();
    }
    bench.store.keep_handshake(HandshakeRow {
        at: At::from_millis(1_000_000),
        peer: "192.0.2.1".to_owned(),
        charger: None,
        request: String::new(),
        offered: String::new(),
        outcome: "too_slow",
        status: Some(408),
        remarks: String::new(),
    });
    let store = forgotten(&bench, 31).await;
    let left = |archive: &mut dyn Archive| {
        let all = EvidenceFilter::default();
        let attempts = archive.handshakes(&all, None, 10)?.len();
        Ok((archive.frames(&all, None, 10)?.len(), archive.deviations(&all, None, 10)?.len(), attempts))
    };
    assert_eq!(store.read(left).await.unwrap(), (1, 5, 0));
}

#[tokio::test]
async fn deviations_go_in_their_time_though_no_frame_has_come_since() {
    let bench = Bench::new();
    let key = bench.store.recall(&ChargerId::new("CP-1")).await.unwrap().key;
    bench.commit(key, Vec::new()).await.unwrap();
    let store = forgotten(&bench, 12 * 31).await;
    let left = |archive: &mut dyn Archive| {
        let all = EvidenceFilter::default();
        Ok((archive.frames(&all, None, 10)?.len(), archive.deviations(&all, None, 10)?.len()))
    };
    assert_eq!(store.read(left).await.unwrap(), (1, 0));
}

async fn timeline(store: &Store, key: StationKey) -> Vec<Interval> {
    let (from, until) = (At::from_millis(i64::MIN), At::from_millis(i64::MAX));
    store.read(move |archive| archive.timeline(key, ONE, from, until)).await.unwrap()
}

const STATES: [State; 3] = [State::Available, State::Charging, State::Unknown];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is painted in whatever order, each instant has the state that a row of pixels has.
    #[test]
    fn painting_is_painting(
        strokes in prop::collection::vec((0_i64..40, prop::option::of(1_i64..20), 0_usize..3, prop::option::of(0_usize..3)), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut pixels: Vec<Option<State>> = vec![None; 80];
        let line = runtime.block_on(async {
            let bench = Bench::new();
            let key = bench.store.recall(&ChargerId::new("CP-1")).await.unwrap().key;
            for (from, length, state, only) in &strokes {
                let until = length.map(|length| from + length);
                let only = only.map(|only| STATES[only]);
                bench.commit(key, vec![paint(*from, until, STATES[*state], only)]).await.unwrap();
                for at in *from..until.unwrap_or(80) {
                    let pixel = &mut pixels[at as usize];
                    if only.is_none() || *pixel == only {
                        *pixel = Some(STATES[*state]);
                    }
                }
            }
            timeline(&bench.store, key).await
        });
        for pair in line.windows(2) {
            prop_assert!(pair[0].until.is_some_and(|until| until <= pair[1].from), "{:?}", pair);
        }
        for (at, wanted) in pixels.iter().enumerate() {
            let found = line.iter().find(|interval| interval.contains(At::from_millis(at as i64)));
            prop_assert_eq!(found.map(|interval| interval.state), *wanted, "at {}", at);
        }
    }
}
