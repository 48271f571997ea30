//! Back-fill: a period of the ledger is sent again, after a bucket was lost or the schema has changed.
//!
//! It reads beside a chargewatch that serves, and never writes to its ledger: how far it came stands in a file of the data
//! folder, from which it goes on after an interruption; points that are refused stand in another, with their reasons.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::batch::Delivery;
use super::drain::Rules;
use super::line::Lines;
use super::{Sink, schema};
use crate::config::sites::Registry;
use crate::domain::ids::SessionId;
use crate::domain::time::At;
use crate::store::telemetry::{DeadLetter, Fact, PastPlace};
use crate::store::{LedgerReader, StoreError};

/// Minutes of `site_load` told at once.
const MINUTES: i64 = 30;

/// What is sent, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// `charger_reading`.
    Readings,
    /// `charging_session`.
    Sessions,
    /// `connector_state`.
    States,
    /// `site_load`.
    Minutes,
    /// Nothing is left.
    Done,
}

impl Stage {
    const fn next(self) -> Self {
        match self {
            Self::Readings => Self::Sessions,
            Self::Sessions => Self::States,
            Self::States => Self::Minutes,
            Self::Minutes | Self::Done => Self::Done,
        }
    }

    /// What people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Readings => "readings",
            Self::Sessions => "sessions",
            Self::States => "availability",
            Self::Minutes => "site load",
            Self::Done => "done",
        }
    }
}

/// How far a back-fill has come, as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// From, inclusive, milliseconds since 1970.
    pub from_ms: i64,
    /// Until, exclusive.
    pub until_ms: i64,
    /// What is being sent.
    pub stage: Stage,
    /// Behind which place (of sessions and minutes: the number alone).
    place: (i64, u32, u32, i64),
    /// Points sent so far.
    pub points: u64,
    /// Points refused so far.
    pub refused: u64,
    /// Share of the stage that is done, in hundredths, where it is known.
    #[serde(skip)]
    pub percent: Option<u64>,
}

/// Why a back-fill stopped.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// Its own files cannot be written.
    #[error("{0} cannot be written: {1}")]
    File(PathBuf, io::Error),
}

impl Progress {
    /// The beginning of a period.
    pub const fn new(from: At, until: At) -> Self {
        Self {
            from_ms: from.millis(),
            until_ms: until.millis(),
            stage: Stage::Readings,
            place: (0, 0, 0, 0),
            points: 0,
            refused: 0,
            percent: None,
        }
    }

    /// What an interrupted back-fill of the same period has left, else the beginning.
    pub fn resumed(file: &Path, from: At, until: At) -> Self {
        let left = fs::read_to_string(file).ok().and_then(|text| serde_json::from_str::<Self>(&text).ok());
        let fits =
            |left: &Self| (left.from_ms, left.until_ms) == (from.millis(), until.millis()) && left.stage != Stage::Done;
        left.filter(fits).unwrap_or_else(|| Self::new(from, until))
    }

    const fn period(&self) -> (At, At) {
        (At::from_millis(self.from_ms), At::from_millis(self.until_ms))
    }

    const fn after(&self) -> PastPlace {
        PastPlace { station: self.place.0, evse: self.place.1, connector: self.place.2, at_ms: self.place.3 }
    }

    /// Goes on behind `next`, or with the next stage.
    fn go_on(&mut self, next: Option<PastPlace>) {
        match next {
            Some(place) => self.place = (place.station, place.evse, place.connector, place.at_ms),
            None => (self.stage, self.place, self.percent) = (self.stage.next(), (0, 0, 0, 0), None),
        }
    }

    /// Written whole, or not at all.
    fn save(&self, file: &Path) -> Result<(), BackfillError> {
        let told = |error: io::Error| BackfillError::File(file.to_owned(), error);
        let text = serde_json::to_string(self).map_err(|error| told(io::Error::other(error)))?;
        let fresh = file.with_extension("new");
        let written =
            File::create(&fresh).and_then(|mut out| out.write_all(text.as_bytes()).and_then(|()| out.sync_all()));
        written.and_then(|()| fs::rename(&fresh, file)).map_err(told)
    }
}

/// A back-fill under way.
pub struct Backfill<'a, S> {
    /// Where it reads.
    pub ledger: &'a mut LedgerReader,
    /// Where it sends.
    pub delivery: Delivery<S>,
    /// The registry, for sites.
    pub sites: Registry,
    /// How large batches are, and how fast it goes.
    pub rules: Rules,
    /// The file of its progress.
    pub file: PathBuf,
    /// The file of what is refused.
    pub refused: PathBuf,
}

impl<S: Sink> Backfill<'_, S> {
    /// Sends everything that is left; tells its progress after each batch.
    ///
    /// # Errors
    /// When the ledger or its own files fail it. A server that fails is waited for.
    pub async fn run(
        &mut self,
        mut progress: Progress,
        tell: &mut dyn FnMut(&Progress),
    ) -> Result<Progress, BackfillError> {
        let (mut writer, mut lines) = (schema::Writer::default(), Lines::default());
        while progress.stage != Stage::Done {
            let began = Instant::now();
            lines.clear();
            self.gather(&mut progress, &mut writer, &mut lines)?;
            let dead = self.delivery.deliver(&lines).await;
            progress.points += (lines.len() - dead.len()) as u64;
            progress.refused += dead.len() as u64;
            self.lay_aside(&dead).map_err(|error| BackfillError::File(self.refused.clone(), error))?;
            progress.save(&self.file)?;
            tell(&progress);
            let least = Duration::from_secs_f64(lines.len() as f64 / self.rules.catch_up_points_s as f64);
            tokio::time::sleep(least.saturating_sub(began.elapsed())).await;
        }
        Ok(progress)
    }

    /// Writes the next batch and moves the progress behind it.
    fn gather(
        &mut self,
        progress: &mut Progress,
        writer: &mut schema::Writer,
        lines: &mut Lines,
    ) -> Result<(), StoreError> {
        let ((from, until), after, limit) = (progress.period(), progress.after(), self.rules.points);
        let ledger = self.ledger.telemetry();
        match progress.stage {
            Stage::Readings => {
                let (facts, next) = ledger.past_instants(from, until, after, limit)?;
                facts.iter().for_each(|fact| writer.reading(fact, &self.sites, lines));
                if let Some(next) = next.filter(|next| next.station != after.station) {
                    let (passed, all) = ledger.connectors_until(next)?;
                    progress.percent = Some(passed * 100 / all.max(1));
                }
                progress.go_on(next);
            }
            Stage::Sessions => {
                let id = SessionId(i32::try_from(after.station).unwrap_or(i32::MAX));
                let facts = ledger.past_sessions(from, until, id, limit)?;
                facts.iter().for_each(|fact| writer.session(fact, &self.sites, lines));
                let last = facts.last().filter(|_| facts.len() >= limit).map(|fact| i64::from(fact.row.id.0));
                progress.go_on(last.map(|station| PastPlace { station, ..PastPlace::default() }));
            }
            Stage::States => {
                let (facts, next) = ledger.past_states(from, until, after, limit)?;
                facts.into_iter().for_each(|fact| writer.fact(&Fact::State(fact), &self.sites, lines));
                progress.go_on(next);
            }
            Stage::Minutes => {
                let (first, last) = (from.millis().div_euclid(60_000), until.millis().div_euclid(60_000));
                let begin = first.max(after.station);
                let end = last.min(begin + MINUTES);
                schema::loads(&ledger.minutes(begin, end)?, &self.sites, lines);
                progress.percent = u64::try_from((end - first) * 100 / (last - first).max(1)).ok();
                progress.go_on((end < last).then_some(PastPlace { station: end, ..PastPlace::default() }));
            }
            Stage::Done => {}
        }
        Ok(())
    }

    fn lay_aside(&self, dead: &[DeadLetter]) -> io::Result<()> {
        if dead.is_empty() {
            return Ok(());
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&self.refused)?;
        for letter in dead {
            writeln!(file, "# {}\n{}", letter.reason.replace(['\n', '\r'], " "), letter.line)?;
        }
        file.sync_all()
    }
}
