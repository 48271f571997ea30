//! Records on their way into the ledger, many at a time: each commit waits for the disk, but nobody waits for each.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::domain::record::{Record, Released};
use crate::store::{Store, StoreError};

/// A commit on its way.
type Commit = Pin<Box<dyn Future<Output = Result<Released, StoreError>> + Send>>;

/// Commits on their way, oldest first.
pub(super) struct Pipeline {
    store: Store,
    most: usize,
    waiting: VecDeque<Commit>,
    /// Records that the ledger would not take.
    pub(super) refused: u64,
}

impl Pipeline {
    /// `most` are on their way at once; it must be less than what the ledger lets wait, for then each is taken at once
    /// and their order is kept.
    pub(super) const fn new(store: Store, most: usize) -> Self {
        Self { store, most, waiting: VecDeque::new(), refused: 0 }
    }

    /// Sends a record on its way.
    pub(super) async fn push(&mut self, record: Record) -> Result<(), StoreError> {
        let store = self.store.clone();
        let mut commit: Commit = Box::pin(async move { store.commit(record).await });
        // Looked at once it stands in the ledger's queue; a task's fair share of time must not get in between.
        let first = poll_fn(|context| Poll::Ready(commit.as_mut().poll(context)));
        match tokio::task::unconstrained(first).await {
            Poll::Ready(done) => self.settle_one(done)?,
            Poll::Pending => self.waiting.push_back(commit),
        }
        while self.waiting.len() >= self.most {
            self.oldest().await?;
        }
        Ok(())
    }

    /// Returns once all that was sent is durable.
    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        while !self.waiting.is_empty() {
            self.oldest().await?;
        }
        Ok(())
    }

    async fn oldest(&mut self) -> Result<(), StoreError> {
        let Some(commit) = self.waiting.pop_front() else { return Ok(()) };
        let done = commit.await;
        self.settle_one(done)
    }

    fn settle_one(&mut self, done: Result<Released, StoreError>) -> Result<(), StoreError> {
        match done {
            Ok(_) => Ok(()),
            Err(StoreError::Refused(_)) => {
                self.refused += 1;
                Ok(())
            }
            Err(
                error @ (StoreError::Open(_)
                | StoreError::NewerSchema { .. }
                | StoreError::Read(_)
                | StoreError::Closed),
            ) => Err(error),
        }
    }
}
