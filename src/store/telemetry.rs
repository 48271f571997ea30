//! What telemetry asks of the ledger: what changed since a position, series from the roll-ups, and the past by the page.
//!
//! Whoever sends telemetry (`sink`) keeps its position here, so that it moves only together with what it vouches for.

use std::fmt;

use super::StoreError;
use crate::config::privacy::PrivacySettings;
use crate::config::telemetry::TelemetrySettings;
use crate::domain::availability::Interval;
use crate::domain::energy::Milli;
use crate::domain::ids::{ChargerId, Outlet, SessionId};
use crate::domain::reading::{Flags, ReadingKind};
use crate::domain::record::SessionRow;
use crate::domain::status::State;
use crate::domain::telemetry::Measure;
use crate::domain::time::At;

/// One day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// How long readings and roll-ups are kept, and whether changes are noted for a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// Raw readings, in milliseconds; `None`: for good.
    pub(super) raw_ms: Option<i64>,
    /// Roll-ups by level, in milliseconds; `None`: for good.
    pub(super) levels_ms: [Option<i64>; 3],
    /// Whether changes are noted.
    pub(super) outbox: bool,
    /// Whether that is as the ledger's last service left it instead.
    pub(super) as_left: bool,
    /// Most changes that wait.
    pub(super) outbox_rows: i64,
    /// Links from sessions to their tokens, in milliseconds; `None`: for good.
    pub(super) tokens_ms: Option<i64>,
}

impl Keeping {
    /// By the settings; `outbox` says whether a sink is configured.
    pub fn new(settings: &TelemetrySettings, outbox: bool) -> Self {
        let millis = |days: u32| (days > 0).then_some(i64::from(days) * DAY_MS);
        Self {
            raw_ms: millis(settings.raw_keep_days),
            levels_ms: [settings.minute_keep_days, settings.quarter_keep_days, settings.hour_keep_days].map(millis),
            outbox,
            as_left: false,
            outbox_rows: i64::try_from(settings.outbox_rows).unwrap_or(i64::MAX),
            tokens_ms: None,
        }
    }

    /// The same, and what is kept of persons.
    #[must_use]
    pub fn of_persons(self, settings: &PrivacySettings) -> Self {
        let days = i64::from(settings.token_keep_days);
        Self { tokens_ms: (days > 0).then_some(days * DAY_MS), ..self }
    }

    /// By the settings, for a program that only adds to a ledger: changes are noted where a sink has a position in it.
    pub fn as_left(settings: &TelemetrySettings) -> Self {
        Self { as_left: true, ..Self::new(settings, false) }
    }
}

/// How coarse a roll-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// One minute.
    Minute,
    /// 15 minutes.
    Quarter,
    /// One hour.
    Hour,
}

impl Level {
    /// Every level, finest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Quarter, Self::Hour];

    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Quarter => 900,
            Self::Hour => 3600,
        }
    }

    /// The coarsest level that a step of so many seconds is made of; `None` where it is made of none.
    pub fn for_step(seconds: i64) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|level| seconds > 0 && seconds % level.seconds() == 0)
    }
}

/// A connector of a charger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The charger.
    pub charger: ChargerId,
    /// Which connector.
    pub outlet: Outlet,
}

/// Something that changed, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Its number in the order of changes.
    pub seq: i64,
    /// What it is now; `None` when it is no longer there, or stands behind another change of the same read.
    pub facts: Vec<Fact>,
}

/// A fact of telemetry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The usable readings of a connector at an instant.
    Reading(ReadingFact),
    /// A session.
    Session(Box<SessionFact>),
    /// The availability of a connector at an instant.
    State(StateFact),
    /// A session that stands elsewhere now.
    Moved(MovedFact),
}

/// The usable readings of a connector at an instant, one for each measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingFact {
    /// Where.
    pub place: Place,
    /// When.
    pub at: At,
    /// Values in thousandths of the measure's unit.
    pub values: Vec<(Measure, Milli)>,
}

/// A session, with what its connector's timeline says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFact {
    /// Its charger.
    pub charger: ChargerId,
    /// The session.
    pub row: SessionRow,
    /// Seconds in which energy flowed or might (status Charging); `None` where the timeline says nothing.
    pub charging_s: Option<i64>,
    /// Seconds in which the vehicle was connected but took nothing (suspended, finishing); `None` likewise.
    pub idle_s: Option<i64>,
}

/// What a connector's availability was at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFact {
    /// Where.
    pub place: Place,
    /// The instant: where an interval begins, or once began.
    pub at: At,
    /// The interval that holds it.
    pub interval: Interval,
}

/// Where a session stood before it was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedFact {
    /// Where it was.
    pub place: Place,
    /// Where it had begun.
    pub began: At,
    /// Which session.
    pub session: SessionId,
}

/// A position in a row of numbers, with a gap that was left for back-fill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// Everything up to here is done, but for the gap.
    pub live: i64,
    /// `(from, until]` is yet to be done.
    pub gap: Option<(i64, i64)>,
}

impl Track {
    /// Leaves everything up to `newest` for back-fill and goes on from there.
    pub fn leap(&mut self, newest: i64) {
        let from = self.gap.map_or(self.live, |(from, _)| from.min(self.live));
        self.gap = (from < newest).then_some((from, newest));
        self.live = self.live.max(newest);
    }

    /// Wants `(from, until]` again, as far as it was done already.
    pub fn rewind(&mut self, from: i64, until: i64) {
        let until = until.min(self.live);
        if from < until {
            let (start, end) = self.gap.unwrap_or((from, until));
            self.gap = Some((start.min(from), end.max(until)));
        }
    }

    /// Everything of the gap up to `done` is done.
    pub fn fill(&mut self, done: i64) {
        self.gap = self.gap.map(|(from, until)| (from.max(done), until)).filter(|(from, until)| from < until);
    }

    /// Up to where all is done.
    pub fn done(&self) -> i64 {
        self.gap.map_or(self.live, |(from, _)| from)
    }
}

/// How far a sink has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkPosition {
    /// Version of the schema that it wrote last.
    pub schema: i64,
    /// Changes, by number.
    pub changes: Track,
    /// Minutes since 1970 of `site_load`.
    pub minutes: Track,
}

/// A point that a server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The line as it was sent.
    pub line: String,
    /// Why it was refused.
    pub reason: String,
}

/// What is yet to be sent of a stretch of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// How many, at most (entries that are gone count).
    pub rows: i64,
    /// When the oldest became known.
    pub oldest: Option<At>,
}

/// What series are asked for: roll-ups of a measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesFilter {
    /// Of which measure.
    pub measure: Measure,
    /// From which roll-up.
    pub level: Level,
    /// From, inclusive.
    pub from: At,
    /// Until, exclusive.
    pub until: At,
    /// Of these chargers; empty means all.
    pub chargers: Vec<ChargerId>,
    /// Of this connector number only.
    pub connector: Option<u32>,
}

/// One roll-up of one connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolled {
    /// The charger's row.
    pub station: i64,
    /// Which connector.
    pub outlet: Outlet,
    /// Where it begins, in seconds since 1970.
    pub start_s: i64,
    /// How far the register rose.
    pub increase: Option<Milli>,
    /// How many readings.
    pub count: i64,
    /// Their sum.
    pub sum: i64,
    /// The greatest.
    pub max: Milli,
    /// The last.
    pub last: Milli,
}

/// A connector at the end of a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinuteFact {
    /// Where.
    pub place: Place,
    /// The minute, since 1970.
    pub minute: i64,
    /// Its availability at the end of the minute.
    pub state: State,
    /// Power, where a reading of the last 15 minutes tells it that is not older than the state (but for a charging one).
    pub power: Option<Milli>,
}

/// Where a page of the past begins: behind this connector and instant (or, for sessions, behind this session).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PastPlace {
    /// The charger's row.
    pub station: i64,
    /// EVSE.
    pub evse: u32,
    /// Connector.
    pub connector: u32,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

/// A reading as it stands in the ledger, for export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastReading {
    /// Where.
    pub place: Place,
    /// When.
    pub at: At,
    /// What.
    pub kind: ReadingKind,
    /// The value in thousandths; `None` for text.
    pub value: Option<Milli>,
    /// Text as sent, where the number does not say it all.
    pub text: Option<String>,
    /// Its session.
    pub session: Option<SessionId>,
    /// What is odd about it.
    pub flags: Flags,
    /// When we received it.
    pub received: At,
}

impl fmt::Display for PastPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.station, self.evse, self.connector, self.at_ms)
    }
}

/// The telemetry side of a reader. Every method fails when the ledger cannot be read.
pub trait Telemetry {
    /// The newest change's number; 0 when there was none yet.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn newest_change(&mut self) -> Result<i64, StoreError>;

    /// What changed in `(after, until]`, in order, at most `limit` entries; the same thing twice is told once.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn changes(&mut self, after: i64, until: i64, limit: usize) -> Result<Vec<Noted>, StoreError>;

    /// What is yet to be sent of `(after, until]`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn behind(&mut self, after: i64, until: i64) -> Result<Behind, StoreError>;

    /// How far a sink has come; `None` before its first step.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn position(&mut self, sink: &str) -> Result<Option<SinkPosition>, StoreError>;

    /// Every connector at the end of each minute of `[from, until)` (minutes since 1970).
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn minutes(&mut self, from: i64, until: i64) -> Result<Vec<MinuteFact>, StoreError>;

    /// Roll-ups in order of time, handed to `take` one by one.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn rolled(&mut self, filter: &SeriesFilter, take: &mut dyn FnMut(Rolled)) -> Result<(), StoreError>;

    /// The identity of each charger's row.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn charger_ids(&mut self) -> Result<Vec<(i64, ChargerId)>, StoreError>;

    /// Readings within `[from, until)` by connector and instant, behind `after`, about `limit` instants; and where the
    /// next page begins, `None` at the end.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn past_instants(
        &mut self,
        from: At,
        until: At,
        after: PastPlace,
        limit: usize,
    ) -> Result<(Vec<ReadingFact>, Option<PastPlace>), StoreError>;

    /// All that the ledger knows of readings within `[from, until)`, by the page as above.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn past_readings(
        &mut self,
        from: At,
        until: At,
        after: PastPlace,
        limit: usize,
    ) -> Result<(Vec<PastReading>, Option<PastPlace>), StoreError>;

    /// Sessions that began within `[from, until)`, by id, behind `after`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn past_sessions(
        &mut self,
        from: At,
        until: At,
        after: SessionId,
        limit: usize,
    ) -> Result<Vec<SessionFact>, StoreError>;

    /// Availability that begins within `[from, until)`, by connector and instant, by the page as above.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn past_states(
        &mut self,
        from: At,
        until: At,
        after: PastPlace,
        limit: usize,
    ) -> Result<(Vec<StateFact>, Option<PastPlace>), StoreError>;

    /// How many connectors have readings up to and including this place, and in all.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn connectors_until(&mut self, place: PastPlace) -> Result<(u64, u64), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_leaps_rewinds_and_fills_without_losing_a_number() {
        let mut track = Track { live: 10, gap: None };
        track.leap(50);
        assert_eq!(track, Track { live: 50, gap: Some((10, 50)) });
        track.fill(30);
        track.live = 60;
        track.leap(90);
        assert_eq!(track, Track { live: 90, gap: Some((30, 90)) });
        track.rewind(20, 25);
        assert_eq!((track.gap, track.done()), (Some((20, 90)), 20));
        track.fill(90);
        assert_eq!(track, Track { live: 90, gap: None });
        track.rewind(80, 85);
        track.rewind(95, 99);
        assert_eq!((track.gap, track.done()), (Some((80, 85)), 80));
    }

    #[test]
    fn a_step_is_made_of_the_coarsest_level_that_fits() {
        for (seconds, level) in [
            (60, Some(Level::Minute)),
            (300, Some(Level::Minute)),
            (1800, Some(Level::Quarter)),
            (86_400, Some(Level::Hour)),
            (61, None),
            (0, None),
        ] {
            assert_eq!(Level::for_step(seconds), level, "{seconds}");
        }
    }
}
