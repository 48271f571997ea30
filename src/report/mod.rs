//! Figures that monitors can trust: one file per report.
//!
//! # How to add a report
//!
//! 1. A file `report/<name>.rs` with one [`Report`]: its name, what it is about, its columns with unit and definition,
//!    how it can be grouped, and a pure fold.
//!    - [`Make::Facts`]: the fold gets the sums of [`Facts`] of one group ([`Group`]) and returns one [`Value`] per column.
//!      What it sums must be a [`Fact`](crate::domain::service::Fact): kept by EVSE and day, so that a year of a large
//!      network is read in a moment.
//!    - [`Make::Sessions`]: the same, and the facts have a [`Summary`](crate::domain::summary::Summary) of each session that
//!      began. For medians.
//!    - [`Make::Ledger`]: the fold reads what it needs itself ([`Scope`]) and returns [`Line`]s: facts in other detail, as
//!      attempts and visits ([`Outcomes`](crate::domain::outcome::Outcomes)) or how full sites were
//!      ([`Demand`](crate::domain::demand::Demand)), and what is not kept, as episodes.
//! 2. Its line in [`REPORTS`].
//! 3. A heading in `METHOD.md` with each formula and its source; raise [`Report::version`] whenever a figure would come
//!    out differently.
//!
//! Everything else is shared: periods and zones (`period`), which EVSEs there are (`network`), facts and their keeping
//! (`tally`, `afresh`, `lived`, `together`, `keeper`), groups (`cells`), the request, provisional or final, coverage,
//! suppression (`ask`), JSON, CSV and tables (`answer`), the route, the list of reports and the command line. A row in
//! `scrape` shows a figure at `/metrics/programme`.
//!
//! Numbers are exact: integers of milliseconds and milliwatt-hours inside, decimals rounded once at the end. What is not
//! known is null, with a reason.

mod afresh;
pub mod answer;
pub mod ask;
mod carbon;
mod cells;
mod classes;
mod crowds;
mod data_quality;
mod demand;
mod emissions;
mod energy;
mod equity;
pub mod explain;
mod failures;
mod faults;
mod fraction;
mod groups;
mod half_hours;
mod indicators;
pub mod keeper;
mod lived;
mod network;
mod percentile;
mod period;
mod place;
mod programme;
mod reliability;
pub mod scrape;
mod sessions;
mod success;
mod tally;
mod together;
mod tries;
mod utilisation;
pub mod value;

pub use ask::{Ask, ReportError, answer};
pub use network::{Evse, Network};
pub use period::{Period, TimeUnit};
pub use place::PlaceUnit;
pub use tally::{live_pieces, sessions_of};
pub use value::Value;

use self::tally::Summed;
use crate::config::near::nearest;
use crate::config::report::ReportSettings;
use crate::config::sites::Registry;
use crate::domain::attempt::Gaps;
use crate::domain::energy::MilliWh;
use crate::domain::failure::Flaps;
use crate::domain::service::Facts;
use crate::domain::time::{At, Span};
use crate::store::StoreError;
use crate::store::figures::{Detail, Figures};
use chrono_tz::Tz;

/// Every report.
pub const REPORTS: &[&Report] = &[
    &reliability::REPORT,
    &utilisation::REPORT,
    &demand::REPORT,
    &energy::REPORT,
    &sessions::REPORT,
    &faults::REPORT,
    &success::REPORT,
    &data_quality::REPORT,
    &carbon::REPORT,
    &equity::REPORT,
    &programme::REPORT,
];

/// How each figure is made, for people. Served at `/methods`.
pub const METHOD: &str = include_str!("METHOD.md");

/// A report.
pub struct Report {
    /// Its name in URLs and on the command line.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub about: &'static str,
    /// Raised whenever a figure would come out differently.
    pub version: u32,
    /// Its columns, behind those of the group.
    pub columns: &'static [Column],
    /// How it can be grouped by place; all can be by network.
    pub places: &'static [PlaceUnit],
    /// How it can be grouped by time.
    pub times: &'static [TimeUnit],
    /// Whether it is about sessions: then few sessions are a small cell too.
    pub of_sessions: bool,
    /// The tables that it uses; the answer tells their versions.
    pub factors: &'static [Table],
    /// The fold.
    pub make: Make,
}

/// A table that figures are made with, besides the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Emission factors.
    EmissionFactors,
    /// Carbon intensity by half-hour.
    CarbonIntensity,
    /// Small areas with their deprivation and households.
    SmallAreas,
    /// What the programme knows: residents, prices, baselines, targets.
    Programme,
}

impl Table {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::EmissionFactors => "emission_factors",
            Self::CarbonIntensity => "carbon_intensity",
            Self::SmallAreas => "small_areas",
            Self::Programme => "programme",
        }
    }

    /// The version in use.
    fn version(self, registry: &Registry) -> String {
        match self {
            Self::EmissionFactors => format!("{}, {}", registry.factors.region, registry.factors.version),
            Self::CarbonIntensity => or_none(registry.intensity.version.as_ref()),
            Self::SmallAreas => or_none(registry.lsoas.version().as_ref()),
            Self::Programme => or_none(registry.programme.version.as_ref()),
        }
    }
}

fn or_none(version: Option<&String>) -> String {
    version.map_or_else(|| "none".to_owned(), String::clone)
}

/// A column of a report.
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its unit: `s`, `Wh`, `ratio`, `count`, `text` …
    pub unit: &'static str,
    /// What it is.
    pub about: &'static str,
}

/// A column in one line.
const fn column(name: &'static str, unit: &'static str, about: &'static str) -> Column {
    Column { name, unit, about }
}

/// How the lines of a report come about.
pub enum Make {
    /// From the sums of facts, a line per group.
    Facts(fn(&Group<'_>) -> Vec<Value>),
    /// From the sums of facts and the sessions that began, a line per group.
    Sessions(fn(&Group<'_>) -> Vec<Value>),
    /// From the ledger.
    Ledger(fn(&mut Scope<'_>) -> Result<Vec<Line>, StoreError>),
}

/// What a report is made within.
pub struct Scope<'a> {
    /// The ledger.
    pub ledger: &'a mut dyn Figures,
    /// The EVSEs that were asked for.
    pub network: &'a Network,
    /// What is registered, and the tables that figures are made with.
    pub registry: &'a Registry,
    /// How lines are grouped by place.
    pub place: PlaceUnit,
    /// The stretches of time that have lines of their own, with their labels; the whole period where nothing is grouped
    /// by time. They end where now is.
    pub buckets: &'a [(Option<String>, Span)],
    /// The zone of local days.
    pub zone: Tz,
    /// Now.
    pub now: At,
    /// The settings that bear on formulas.
    pub rules: Rules,
    /// The facts of all, where they have been summed.
    pub whole: Option<Facts>,
    /// Whether small cells are suppressed.
    pub suppress: bool,
    /// Facts that were summed before and are asked for again.
    summed: Option<&'a Summed>,
}

impl Scope<'_> {
    /// Adds up the facts of every EVSE in every stretch.
    fn tally(
        &mut self,
        spans: &[Span],
        detail: Detail,
        take: &mut dyn FnMut(usize, usize, &Facts),
    ) -> Result<(), StoreError> {
        match self.summed.filter(|summed| summed.holds(spans, detail)) {
            Some(summed) => summed.each(detail, take),
            None => tally::tally(self.ledger, self.network, spans, self.zone, detail, take)?,
        }
        Ok(())
    }

    /// The same with facts that were summed for it.
    fn with<'b>(&'b mut self, summed: &'b Summed) -> Scope<'b> {
        Scope { ledger: &mut *self.ledger, summed: Some(summed), whole: None, ..*self }
    }

    /// The same over other stretches of time.
    fn over<'b>(&'b mut self, buckets: &'b [(Option<String>, Span)]) -> Scope<'b> {
        Scope { ledger: &mut *self.ledger, buckets, whole: None, ..*self }
    }

    /// The same by another unit of place.
    fn by(&mut self, place: PlaceUnit) -> Scope<'_> {
        Scope { ledger: &mut *self.ledger, place, whole: None, ..*self }
    }

    /// The same of other EVSEs by the same unit of place.
    fn among<'b>(&'b mut self, network: &'b Network) -> Scope<'b> {
        Scope { ledger: &mut *self.ledger, network, whole: None, summed: None, ..*self }
    }
}

/// Settings that bear on formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether planned work is exempt in the UK figures.
    pub planned_work_is_exempt: bool,
    /// How far apart what tells of one attempt may lie, and attempts of one visit.
    pub gaps: Gaps,
    /// An attempt has succeeded that delivered more than this.
    pub visit_succeeds: MilliWh,
    /// What is too short to be a failure of its own.
    pub flaps: Flaps,
    /// Whether an EVSE that says it is switched off, and nothing was entered of it, has failed.
    pub switched_off_is_failure: bool,
}

impl Rules {
    fn of(settings: &ReportSettings) -> Self {
        let millis = |seconds: u32| i64::from(seconds) * 1000;
        Self {
            planned_work_is_exempt: settings.planned_work_is_exempt,
            gaps: Gaps {
                evidence_ms: millis(settings.attempt_window_s),
                visit_ms: millis(settings.visit_gap_s),
                anonymous_ms: millis(settings.visit_gap_anonymous_s),
            },
            visit_succeeds: MilliWh(i64::from(settings.visit_succeeds_wh) * 1000),
            flaps: Flaps {
                shortest_ms: millis(settings.failure_shortest_s),
                merged_ms: millis(settings.failure_merge_s),
            },
            switched_off_is_failure: settings.switched_off_is_failure,
        }
    }
}

/// A group whose facts were summed.
pub struct Group<'a> {
    /// Its EVSEs.
    pub evses: &'a [&'a Evse],
    /// When.
    pub bucket: Span,
    /// The zone of local days.
    pub zone: Tz,
    /// Its facts.
    pub facts: &'a Facts,
    /// The facts of those of its EVSEs that are rated 50 kW or more.
    pub rapid: &'a Facts,
    /// What those of its EVSEs could have delivered whose rated power is registered.
    pub rated: Rated,
    /// The settings that bear on formulas.
    pub rules: Rules,
}

/// What EVSEs of a registered power could have delivered, and what they did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rated {
    /// Rated power times T, in watt-milliseconds.
    pub watt_ms: i128,
    /// Energy that they delivered.
    pub energy_mwh: i64,
}

/// A line of a report.
pub struct Line {
    /// The names of its group, by the columns of [`PlaceUnit::columns`].
    pub place: Vec<Value>,
    /// The label of its stretch of time, where lines are grouped by time.
    pub time: Option<String>,
    /// How many EVSEs it is about.
    pub evses: usize,
    /// How many sessions it is about.
    pub sessions: i64,
    /// A value for each column.
    pub values: Vec<Value>,
}

/// The report of a name.
pub fn named(name: &str) -> Option<&'static Report> {
    REPORTS.iter().copied().find(|report| report.name == name)
}

/// Why there is no report of a name, with the one that may have been meant.
pub fn unknown(name: &str) -> String {
    let names: Vec<&str> = REPORTS.iter().map(|report| report.name).collect();
    let near = nearest(name, names.iter().copied()).unwrap_or_default();
    format!("there is no report \"{name}\"; did you mean \"{near}\"? There are: {}", names.join(", "))
}

#[cfg(test)]
mod tests;
