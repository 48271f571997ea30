//! The drain: what changed in the ledger goes to a sink, new before old, and the position moves with what was taken.
//!
//! Two tracks, each with a live end and a gap that waits for back-fill: changes of the outbox, and minutes of `site_load`.
//! In each round the first of these that has something to do is done: new changes, new minutes, old changes, old minutes.

use std::sync::Arc;
use std::time::Duration;

use super::batch::{Backoff, Delivery};
use super::line::Lines;
use super::{Sink, schema};
use crate::config::influx::InfluxSettings;
use crate::config::sites::{Registry, SharedRegistry};
use crate::domain::telemetry::Measure;
use crate::domain::time::At;
use crate::observe::Observer;
use crate::observe::events::sink::{BackfillOpened, SchemaChanged, SinkBegan, SinkLag, SinkWithoutLedger};
use crate::store::telemetry::{Behind, DeadLetter, Fact, Noted, SinkPosition, Track};
use crate::store::{OurClock, Store, StoreError};

/// A minute is told so long after its end, so that most of its readings are there: 30 s.
const GRACE_MS: i64 = 30_000;

/// So many minutes are told at once.
const MINUTES: i64 = 30;

/// When more minutes wait, the newest go first.
const MOST_MINUTES: i64 = 120;

/// A power reading tells so many minutes.
const POWER_MINUTES: i64 = 15;

/// Minutes that are older are not told again: 7 days.
const REWRITE_MINUTES: i64 = 7 * 24 * 60;

/// Pause after the ledger failed.
const LEDGER_PAUSE: Duration = Duration::from_secs(5);

/// How often the lag is told.
const LAG_PAUSE: Duration = Duration::from_secs(2);

/// How a drain behaves.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Most changes read for a batch, and most points in it but for what belongs together.
    pub points: usize,
    /// Most bytes of a batch.
    pub bytes: usize,
    /// How long changes wait for company.
    pub age: Duration,
    /// Most points a second while catching up.
    pub catch_up_points_s: u64,
    /// Pauses between attempts.
    pub backoff: Backoff,
}

impl From<&InfluxSettings> for Rules {
    fn from(settings: &InfluxSettings) -> Self {
        Self {
            points: settings.batch_points,
            bytes: settings.batch_bytes,
            age: Duration::from_millis(settings.batch_age_ms),
            catch_up_points_s: settings.catch_up_points_s,
            backoff: Backoff {
                first: Duration::from_millis(500),
                longest: Duration::from_secs(settings.backoff_max_s),
            },
        }
    }
}

/// What a drain needs.
pub struct Drain<S> {
    store: Store,
    sites: SharedRegistry,
    observer: Observer,
    clock: OurClock,
    rules: Rules,
    delivery: Delivery<S>,
    name: &'static str,
    writer: schema::Writer,
    registry: Arc<Registry>,
    lines: Lines,
    position: SinkPosition,
}

/// What a round did.
#[derive(Debug, PartialEq, Eq)]
enum Round {
    /// There may be more at once.
    More,
    /// It was back-fill of so many points.
    Filled(usize),
    /// There was nothing more to do.
    Idle,
}

impl<S: Sink> Drain<S> {
    /// A drain of the ledger into a sink.
    pub fn new(
        sink: S,
        store: Store,
        sites: SharedRegistry,
        observer: Observer,
        clock: OurClock,
        rules: Rules,
    ) -> Self {
        let registry = sites.load();
        let name = sink.name();
        Self {
            store,
            sites,
            delivery: Delivery::new(sink, observer.clone(), rules.backoff),
            observer,
            clock,
            rules,
            name,
            writer: schema::Writer::default(),
            registry,
            lines: Lines::default(),
            position: SinkPosition::default(),
        }
    }

    /// Runs until it is dropped or the ledger is closed.
    pub async fn run(mut self) {
        let lag = tokio::spawn(tell_lag(self.store.clone(), self.observer.clone(), self.clock.clone(), self.name));
        let mut begun = false;
        loop {
            let done = match begun {
                false => self.begin().await.map(|()| Round::More),
                true => self.round().await,
            };
            match done {
                Ok(round) => {
                    begun = true;
                    self.pause(&round).await;
                }
                Err(StoreError::Closed) => break,
                Err(error) => {
                    self.observer.tell(SinkWithoutLedger { sink: self.name, reason: &error.to_string() });
                    tokio::time::sleep(LEDGER_PAUSE).await;
                }
            }
        }
        lag.abort();
    }

    /// Back-fill leaves room for what is new; when there is nothing, changes wait for company.
    async fn pause(&self, round: &Round) {
        match round {
            Round::More => {}
            Round::Filled(points) => {
                let share = *points as f64 / self.rules.catch_up_points_s as f64;
                tokio::time::sleep(Duration::from_secs_f64(share.min(10.0))).await;
            }
            Round::Idle => tokio::time::sleep(self.rules.age).await,
        }
    }

    /// Finds its position, or begins one.
    async fn begin(&mut self) -> Result<(), StoreError> {
        let name = self.name;
        let (position, oldest, newest) = self
            .store
            .telemetry(move |ledger| {
                let oldest = ledger.changes(0, i64::MAX, 1)?.first().map(|noted| noted.seq);
                Ok((ledger.position(name)?, oldest, ledger.newest_change()?))
            })
            .await?;
        let target = self.delivery.sink().target().to_owned();
        let waiting = position.map(|position| newest - position.changes.live);
        self.observer.tell(SinkBegan { sink: name, target: &target, waiting });
        let first = oldest.map_or(newest, |oldest| oldest - 1);
        let fresh = SinkPosition {
            schema: schema::VERSION,
            changes: Track { live: first, gap: None },
            minutes: Track { live: self.due() - 1, gap: None },
        };
        self.position = position.unwrap_or(fresh);
        if self.position.schema != schema::VERSION {
            self.observer.tell(SchemaChanged { sink: name, was: self.position.schema, is: schema::VERSION });
            self.position.schema = schema::VERSION;
        }
        self.store.advance(name, self.position, Vec::new()).await
    }

    /// Up to here (exclusive) minutes are over.
    fn due(&self) -> i64 {
        ((self.clock)().millis() - GRACE_MS).div_euclid(60_000)
    }

    /// Does the most urgent thing.
    async fn round(&mut self) -> Result<Round, StoreError> {
        let registry = self.sites.load();
        if !Arc::ptr_eq(&registry, &self.registry) {
            self.registry = registry;
            self.writer.forget();
        }
        let newest = self.store.telemetry(|ledger| ledger.newest_change()).await?;
        self.leap(newest);
        if newest > self.position.changes.live {
            let live = self.position.changes.live;
            let (until, points) = self.changes(live, newest).await?;
            self.position.changes.live = until;
            self.finish(points).await?;
            if until < newest {
                return Ok(Round::More);
            }
        }
        let (live, due) = (self.position.minutes.live, self.due());
        if live + 1 < due {
            let until = due.min(live + 1 + MINUTES);
            let points = self.minutes(live + 1, until).await?;
            self.position.minutes.live = until - 1;
            self.finish(points).await?;
            return Ok(if until < due { Round::More } else { Round::Idle });
        }
        if let Some((from, until)) = self.position.changes.gap {
            let (done, points) = self.changes(from, until).await?;
            self.position.changes.fill(done);
            let count = self.finish(points).await?;
            return Ok(Round::Filled(count));
        }
        if let Some((from, until)) = self.position.minutes.gap {
            let end = until.min(from + MINUTES);
            let points = self.minutes(from + 1, end + 1).await?;
            self.position.minutes.fill(end);
            let count = self.finish(points).await?;
            return Ok(Round::Filled(count));
        }
        Ok(Round::Idle)
    }

    /// When much waits, what is new goes first.
    fn leap(&mut self, newest: i64) {
        let batch = i64::try_from(self.rules.points).unwrap_or(i64::MAX);
        let waiting = newest - self.position.changes.live;
        if waiting > batch.saturating_mul(4) {
            self.observer.tell(BackfillOpened { sink: self.name, rows: waiting - batch });
            self.position.changes.leap(newest - batch);
        }
        let due = self.due();
        if due - self.position.minutes.live > MOST_MINUTES {
            self.position.minutes.leap(due - 2);
        }
    }

    /// Delivers changes of `(after, until]`, as many as a batch holds; up to where, and what was refused.
    async fn changes(&mut self, after: i64, until: i64) -> Result<(i64, Vec<DeadLetter>), StoreError> {
        let limit = self.rules.points;
        let noted = self.store.telemetry(move |ledger| ledger.changes(after, until, limit)).await?;
        self.lines.clear();
        let mut done = if noted.len() < limit { until } else { after };
        for Noted { seq, facts } in &noted {
            if self.lines.bytes() >= self.rules.bytes {
                done = seq - 1;
                break;
            }
            for fact in facts {
                self.writer.fact(fact, &self.registry, &mut self.lines);
                self.rewind(fact);
            }
            done = done.max(*seq);
        }
        let dead = self.delivery.deliver(&self.lines).await;
        Ok((done, dead))
    }

    /// A fact of minutes that were told already has them told again.
    fn rewind(&mut self, fact: &Fact) {
        let minute = |at: At| at.millis().div_euclid(60_000);
        let (from, until) = match fact {
            Fact::Reading(reading) if reading.values.iter().any(|(measure, _)| *measure == Measure::POWER) => {
                (minute(reading.at), minute(reading.at) + POWER_MINUTES)
            }
            Fact::State(state) => (minute(state.at), state.interval.until.map_or(i64::MAX, minute)),
            Fact::Reading(_) | Fact::Session(_) | Fact::Moved(_) => return,
        };
        let oldest = self.position.minutes.live - REWRITE_MINUTES;
        self.position.minutes.rewind((from - 1).max(oldest), until);
    }

    /// Delivers the minutes of `[from, until)`.
    async fn minutes(&mut self, from: i64, until: i64) -> Result<Vec<DeadLetter>, StoreError> {
        let facts = self.store.telemetry(move |ledger| ledger.minutes(from, until)).await?;
        self.lines.clear();
        schema::loads(&facts, &self.registry, &mut self.lines);
        Ok(self.delivery.deliver(&self.lines).await)
    }

    /// Moves the position; says how many points that were.
    async fn finish(&mut self, dead: Vec<DeadLetter>) -> Result<usize, StoreError> {
        self.store.advance(self.name, self.position, dead).await?;
        Ok(self.lines.len())
    }
}

/// Tells how far the sink is behind, also while it waits for its server.
async fn tell_lag(store: Store, observer: Observer, clock: OurClock, sink: &'static str) {
    loop {
        let read = store.telemetry(move |ledger| {
            let position = ledger.position(sink)?.unwrap_or_default();
            let newest = ledger.newest_change()?;
            let live = ledger.behind(position.changes.live, newest)?;
            let gap = position.changes.gap.map(|(from, until)| ledger.behind(from, until)).transpose()?;
            Ok((live, gap.unwrap_or_default()))
        });
        if let Ok((live, gap)) = read.await {
            let now = clock();
            for (part, Behind { rows, oldest }) in [("live", live), ("backfill", gap)] {
                let age = oldest.map_or(0, |oldest| now.millis_since(oldest).max(0));
                observer.tell(SinkLag { sink, part, rows, age: Duration::from_millis(age.unsigned_abs()) });
            }
        }
        tokio::time::sleep(LAG_PAUSE).await;
    }
}
