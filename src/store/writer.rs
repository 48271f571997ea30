//! The one writer: groups what all chargers send into one transaction, waits for the disk, then releases the answers.
//!
//! While the disk is full or failing the batch in hand is kept and tried again; the queue behind it fills, and chargers
//! wait. Nothing is answered, nothing is lost, nothing grows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout_at};

use super::archive::HandshakeRow;
use super::backend::{Backend, Rows, WriteError};
use super::figures::Keeping;
use super::telemetry::{DeadLetter, SinkPosition};
use super::{OurClock, StoreError};
use crate::config::store::StoreSettings;
use crate::domain::ids::{ChargerId, StationKey};
use crate::domain::record::Released;
use crate::domain::time::At;
use crate::observe::Observer;
use crate::observe::events::sink::OutboxCut;
use crate::observe::events::store::{Committed, LedgerRecovered, LedgerTrouble, RecordRefused, RetentionFailed};

/// First and longest pause before a failed commit is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Pause between looks for frames that are too old.
const RETENTION_PAUSE: Duration = Duration::from_secs(30);

/// Something for the writer to do.
pub(super) enum Job {
    /// Make a record durable, then release its reply.
    Commit(Rows, Released, oneshot::Sender<Result<Released, StoreError>>),
    /// Keep a record that nobody waits for.
    Keep(Rows),
    /// Keep a connection attempt.
    Handshake(Box<HandshakeRow>),
    /// Make or find a charger's row.
    Enroll(ChargerId, oneshot::Sender<Result<StationKey, StoreError>>),
    /// Blame the link for those who did not come back.
    Blame(At, oneshot::Sender<Result<(), StoreError>>),
    /// Move a sink's position.
    Advance(Box<Advance>, oneshot::Sender<Result<(), StoreError>>),
    /// Mark what changes before an instant from now on.
    AboutToKeep(At, oneshot::Sender<Result<(), StoreError>>),
    /// Keep facts.
    KeepFacts(Box<Keeping>, oneshot::Sender<Result<(), StoreError>>),
    /// Commit what is there and end.
    Close(oneshot::Sender<()>),
}

/// How far a sink has come, and what was refused on the way.
pub(super) struct Advance {
    pub(super) sink: &'static str,
    pub(super) position: SinkPosition,
    pub(super) dead: Vec<DeadLetter>,
}

/// Why the ledger takes no writes at present.
pub(super) type Trouble = Arc<Mutex<Option<String>>>;

/// The writer and what it needs.
pub(super) struct Writer<B> {
    pub(super) backend: B,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) settings: StoreSettings,
    pub(super) clock: OurClock,
    pub(super) observer: Observer,
    pub(super) trouble: Trouble,
}

/// What a batch has come to, per job.
enum Done {
    Nothing,
    Enrolled(StationKey),
}

impl<B: Backend> Writer<B> {
    /// Runs until closed or until every handle is gone.
    pub(super) async fn run(mut self) {
        let alive_interval = Duration::from_secs(self.settings.alive_interval_s.max(1));
        let mut next_alive = Instant::now() + alive_interval;
        let mut next_retention = Instant::now() + RETENTION_PAUSE;
        loop {
            let mut batch = Vec::new();
            let wake = next_alive.min(next_retention);
            match timeout_at(wake.into(), self.jobs.recv()).await {
                Ok(None) => break,
                Ok(Some(job)) => batch.push(job),
                Err(_) => {}
            }
            if !batch.is_empty() {
                self.gather(&mut batch).await;
            }
            let alive_due = Instant::now() >= next_alive;
            if !batch.is_empty() || alive_due {
                let closing = self.write(batch, alive_due).await;
                if let Some(done) = closing {
                    self.finish(done);
                    return;
                }
            }
            if alive_due {
                next_alive = Instant::now() + alive_interval;
                let count = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
                self.observer.metrics.store_bytes.set(count(self.backend.size_bytes()));
                if let Some(free) = self.backend.free_bytes() {
                    self.observer.metrics.store_free_bytes.set(count(free));
                }
            }
            if Instant::now() >= next_retention {
                let more = self.forget();
                next_retention = Instant::now() + if more { Duration::from_millis(20) } else { RETENTION_PAUSE };
            }
        }
        let (done, _) = oneshot::channel();
        self.finish(done);
    }

    /// Takes what is there, and waits a moment for company.
    async fn gather(&mut self, batch: &mut Vec<Job>) {
        let until = Instant::now() + Duration::from_millis(self.settings.batch_window_ms);
        while batch.len() < self.settings.batch_records {
            let job = match self.jobs.try_recv() {
                Ok(job) => job,
                Err(_) if Instant::now() >= until => break,
                Err(_) => match timeout_at(until.into(), self.jobs.recv()).await {
                    Ok(Some(job)) => job,
                    Ok(None) | Err(_) => break,
                },
            };
            let closing = matches!(job, Job::Close(_));
            batch.push(job);
            if closing {
                break;
            }
        }
        self.observer.metrics.queue_records.set(i64::try_from(self.jobs.len()).unwrap_or(i64::MAX));
    }

    /// Makes a batch durable, however long that takes; returns the closing signal if it was in it.
    async fn write(&mut self, mut batch: Vec<Job>, mark_alive: bool) -> Option<oneshot::Sender<()>> {
        let mut pause = RETRY.0;
        loop {
            let began = Instant::now();
            match self.try_write(&batch, mark_alive) {
                Ok(done) => {
                    if self.trouble.lock().take().is_some() {
                        self.observer.tell(LedgerRecovered);
                    }
                    self.observer.tell(Committed { records: batch.len(), took: began.elapsed() });
                    return release(batch, done);
                }
                Err(WriteError::Refused(reason)) if batch.len() > 1 => {
                    tracing::debug!(reason, "a record of a batch was refused; each is tried alone");
                    return self.write_each(batch).await;
                }
                Err(WriteError::Refused(reason)) => {
                    self.observer.tell(RecordRefused { reason: &reason });
                    return refuse(batch, &reason);
                }
                Err(WriteError::Trouble(reason)) => {
                    let news = self.trouble.lock().replace(reason.clone()).is_none();
                    if news {
                        self.observer.tell(LedgerTrouble { reason: &reason });
                    }
                    if batch.iter().any(|job| matches!(job, Job::Close(_))) {
                        // Closing while the disk is full: nobody who waits was answered, so nothing is lost.
                        return refuse(batch, &reason);
                    }
                    self.take_one_more(&mut batch);
                    sleep(pause).await;
                    pause = (pause * 2).min(RETRY.1);
                }
            }
        }
    }

    /// One transaction for each job, so that a refused one takes no other along.
    async fn write_each(&mut self, batch: Vec<Job>) -> Option<oneshot::Sender<()>> {
        let mut closing = None;
        for job in batch {
            let done = Box::pin(self.write(vec![job], false)).await;
            closing = closing.or(done);
        }
        closing
    }

    /// While the disk is in trouble the batch may still grow by one: it may be the request to close.
    fn take_one_more(&mut self, batch: &mut Vec<Job>) {
        if batch.len() < self.settings.batch_records
            && let Ok(job) = self.jobs.try_recv()
        {
            batch.push(job);
        }
    }

    fn try_write(&mut self, batch: &[Job], mark_alive: bool) -> Result<Vec<Done>, WriteError> {
        self.backend.begin()?;
        match self.apply_all(batch, mark_alive).and_then(|done| self.backend.commit().map(|()| done)) {
            Ok(done) => Ok(done),
            Err(error) => {
                self.backend.roll_back();
                Err(error)
            }
        }
    }

    fn apply_all(&mut self, batch: &[Job], mark_alive: bool) -> Result<Vec<Done>, WriteError> {
        let mut done = Vec::with_capacity(batch.len());
        for job in batch {
            done.push(match job {
                Job::Commit(rows, ..) | Job::Keep(rows) => self.backend.apply(rows).map(|()| Done::Nothing)?,
                Job::Handshake(row) => self.backend.apply_handshake(row).map(|()| Done::Nothing)?,
                Job::Enroll(charger, _) => self.backend.enroll(charger, (self.clock)()).map(Done::Enrolled)?,
                Job::Blame(started, _) => self.backend.blame_link(*started).map(|()| Done::Nothing)?,
                Job::Advance(to, _) => {
                    let now = (self.clock)();
                    self.backend.advance(to.sink, &to.position, &to.dead, now).map(|()| Done::Nothing)?
                }
                Job::AboutToKeep(until, _) => {
                    self.backend.about_to_keep(*until);
                    Done::Nothing
                }
                Job::KeepFacts(keeping, _) => self.backend.keep_facts(keeping).map(|()| Done::Nothing)?,
                Job::Close(_) => Done::Nothing,
            });
        }
        if mark_alive {
            self.backend.mark_alive((self.clock)(), false)?;
        }
        Ok(done)
    }

    /// Clears out a slice of old frames and telemetry; says whether there is more.
    fn forget(&mut self) -> bool {
        let now = (self.clock)();
        let swept = self.backend.forget_a_slice(now).and_then(|more| Ok((more, self.backend.sweep(now)?)));
        match swept {
            Ok((more, swept)) => {
                if swept.dropped > 0 {
                    self.observer.tell(OutboxCut { rows: swept.dropped });
                }
                more || swept.more
            }
            Err(WriteError::Trouble(reason) | WriteError::Refused(reason)) => {
                self.observer.tell(RetentionFailed { reason: &reason });
                false
            }
        }
    }

    /// The end of our watch.
    fn finish(mut self, done: oneshot::Sender<()>) {
        let marked = self.backend.begin().and_then(|()| {
            self.backend.mark_alive((self.clock)(), true)?;
            self.backend.commit()
        });
        if marked.is_err() {
            self.backend.roll_back();
        }
        // Whoever is told may open the ledger at once.
        drop(self.backend);
        done.send(()).ok();
    }
}

/// Releases the answers of a batch that is durable.
fn release(batch: Vec<Job>, done: Vec<Done>) -> Option<oneshot::Sender<()>> {
    let mut closing = None;
    for (job, done) in batch.into_iter().zip(done) {
        // Whoever waited may have gone; what is durable stays durable.
        match (job, done) {
            (Job::Commit(_, released, reply), _) => drop(reply.send(Ok(released))),
            (Job::Enroll(_, reply), Done::Enrolled(key)) => drop(reply.send(Ok(key))),
            (Job::Blame(_, reply) | Job::Advance(_, reply), _)
            | (Job::AboutToKeep(_, reply) | Job::KeepFacts(_, reply), _) => drop(reply.send(Ok(()))),
            (Job::Close(reply), _) => closing = Some(reply),
            (Job::Enroll(..) | Job::Keep(_) | Job::Handshake(_), _) => {}
        }
    }
    closing
}

/// Tells everybody in a batch that it was refused.
fn refuse(batch: Vec<Job>, reason: &str) -> Option<oneshot::Sender<()>> {
    let mut closing = None;
    for job in batch {
        let refused = || StoreError::Refused(reason.to_owned());
        match job {
            Job::Commit(_, _, reply) => drop(reply.send(Err(refused()))),
            Job::Enroll(_, reply) => drop(reply.send(Err(refused()))),
            Job::Blame(_, reply) | Job::Advance(_, reply) | Job::AboutToKeep(_, reply) | Job::KeepFacts(_, reply) => {
                drop(reply.send(Err(refused())))
            }
            Job::Close(reply) => closing = Some(reply),
            Job::Keep(_) | Job::Handshake(_) => {}
        }
    }
    closing
}
