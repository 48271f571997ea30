//! `/metrics/programme`: made at most every few minutes (`metrics.programme_every_s`), when somebody asks; whoever asks
//! meanwhile gets the page before. A report at a time, so that no state of the ledger is held for long; chargers never
//! wait for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::sync::Mutex;
use tracing::error;

use super::error::Problem;
use super::view::Whole;
use crate::domain::opening::local_day;
use crate::report;
use crate::report::scrape::{self, Page};

/// The page, kept for a while. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Programme {
    every: Duration,
    made: Arc<RwLock<Option<Made>>>,
    /// Held by whoever makes the page.
    maker: Arc<Mutex<()>>,
}

#[derive(Clone)]
struct Made {
    when: Instant,
    text: Arc<str>,
}

impl Programme {
    /// A page that is made anew after so many seconds.
    pub fn every(seconds: u64) -> Self {
        Self { every: Duration::from_secs(seconds), made: Arc::default(), maker: Arc::default() }
    }

    /// The page. Only who asks first waits for it.
    pub(super) async fn page(&self, whole: Whole) -> Result<Arc<str>, Problem> {
        let before = self.made.read().clone();
        if let Some(fresh) = before.as_ref().filter(|made| made.when.elapsed() < self.every) {
            return Ok(fresh.text.clone());
        }
        // A task of its own: who asked may lose patience before it is done.
        let making = tokio::spawn(self.clone().make(whole));
        match before {
            Some(before) => Ok(before.text),
            None => making.await.map_err(|error| Problem::unavailable(error.to_string()))?,
        }
    }

    /// Makes the page, unless somebody else has done so meanwhile.
    async fn make(self, whole: Whole) -> Result<Arc<str>, Problem> {
        let _maker = self.maker.lock().await;
        let held = self.made.read().clone();
        if let Some(fresh) = held.filter(|made| made.when.elapsed() < self.every) {
            return Ok(fresh.text);
        }
        let text = write(&whole)
            .await
            .inspect_err(|problem| error!(problem = problem.detail(), "the programme's metrics cannot be made"))?;
        *self.made.write() = Some(Made { when: Instant::now(), text: text.clone() });
        Ok(text)
    }
}

async fn write(whole: &Whole) -> Result<Arc<str>, Problem> {
    let (view, now) = (whole.view(), whole.view().now());
    let mut page = Page::default();
    for question in scrape::questions(local_day(now, whole.report.zone)) {
        let (report, ask) = (question.report, question.ask.clone());
        let answer = view
            .figures(move |ledger, registry, settings| report::answer(report, &ask, ledger, registry, settings, now))
            .await?;
        page.take(&question, &answer);
    }
    Ok(page.text(now).into())
}
