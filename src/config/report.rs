//! `[report]`: how figures are made.

use chrono_tz::Tz;
use serde::Deserialize;

/// Settings of the reports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// The zone of local days and opening hours.
    #[serde(deserialize_with = "super::zone")]
    pub zone: Tz,
    /// How long after its end a period may still change.
    pub settle_days: u32,
    /// Whether planned work is exempt in the UK figures.
    pub planned_work_is_exempt: bool,
    /// A stretch out of work that is shorter, in seconds, is no failure.
    pub failure_shortest_s: u32,
    /// Stretches out of work with less than so many seconds at work between them are one failure.
    pub failure_merge_s: u32,
    /// Whether an EVSE that says it is switched off, with nothing entered of it, has failed.
    pub switched_off_is_failure: bool,
    /// What tells of one attempt to charge lies within so many seconds.
    pub attempt_window_s: u32,
    /// Attempts with one token at one site, with less than so many seconds between them, are one visit.
    pub visit_gap_s: u32,
    /// The same for attempts at one EVSE where a token is missing.
    pub visit_gap_anonymous_s: u32,
    /// A visit has succeeded that got more than so many watt-hours.
    pub visit_succeeds_wh: u32,
}
