//! Charging success: how many attempts deliver, end well, and what drivers go through on a visit.
//! Formulas and their sources stand in `METHOD.md`.

use super::cells::Cells;
use super::percentile::percentile;
use super::{Column, Line, Make, PlaceUnit, Report, Scope, TimeUnit, Value};
use crate::domain::outcome::{Outcome, Outcomes};
use crate::store::StoreError;
use crate::store::figures::Detail;

const NO_ATTEMPT: &str = "no attempt was seen of which the outcome is known";
pub(super) const NO_VISIT: &str = "no visit was seen of which the outcome is known";

const NO_START: &str = "of no attempt it is known when power was first delivered";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "success",
    about: "Charging success by the ChargeX equations, and visits: at the first attempt, with trouble, not at all.",
    version: 2,
    columns: &[
        column(
            "visit_success",
            "ratio",
            "Visits of which an attempt succeeded (more than 0.1 kWh) / visits. The headline.",
        ),
        column("first_attempt_success_rate", "ratio", "Visits of which the first attempt succeeded / visits."),
        column("troubled_success_rate", "ratio", "Visits that succeeded, but took more than one attempt / visits."),
        column("failed_rate", "ratio", "Visits of which no attempt succeeded / visits."),
        column("visit_success_by_last", "ratio", "Visits of which the last attempt succeeded / visits."),
        column("visit_success_1kwh", "ratio", "Visits of which an attempt delivered more than 1 kWh / visits."),
        column("attempts_per_visit", "ratio", "Attempts / visits."),
        column("start_success", "ratio", "Attempts that delivered power / attempts: equations 1, 3, 4 and 5 pooled."),
        column(
            "session_success",
            "ratio",
            "Attempts that delivered power and were stopped well / attempts: equations 12, 14, 15 and 16 pooled.",
        ),
        column("end_success", "ratio", "Of attempts that delivered power, those that were stopped well: equation 10."),
        column("start_success_plug", "ratio", "Start success of attempts that began with the plug: equation 1."),
        column("start_success_token", "ratio", "Of those that began with a token: equation 3."),
        column("start_success_start", "ratio", "Of those that began with the start itself: equations 4 and 5."),
        column("session_success_plug", "ratio", "Session success of attempts that began with the plug: equation 12."),
        column("session_success_token", "ratio", "Of those that began with a token: equation 14."),
        column("session_success_start", "ratio", "Of those that began with the start itself: equations 15 and 16."),
        column(
            "start_time_median_s",
            "s",
            "From the beginning of an attempt until power was delivered: equation 9. Half of them took less.",
        ),
        column("start_time_p90_s", "s", "Nine tenths of them took less."),
        column("start_timed", "count", "Attempts behind these: they delivered power, and it is known from when on."),
        column("visits", "count", "Visits that began in the period."),
        column("visits_unknown", "count", "Of visits: the outcome is not known. They are in no ratio of visits."),
        column("attempts", "count", "Attempts that began in the period."),
        column("without_session", "count", "Of attempts: no session came of it."),
        column("refused", "count", "Of attempts: a token was shown that may not charge."),
        column(
            "delivery_unknown",
            "count",
            "Of attempts: whether power was delivered is not known. They are in no ratio.",
        ),
        column(
            "stop_unknown",
            "count",
            "Of attempts: a session whose stop was not seen. In no ratio of sessions or ends.",
        ),
    ],
    places: &PlaceUnit::ALL,
    times: &[TimeUnit::Day, TimeUnit::Month],
    of_sessions: true,
    factors: &[],
    make: Make::Ledger(make),
};

const fn column(name: &'static str, unit: &'static str, about: &'static str) -> Column {
    Column { name, unit, about }
}

fn make(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    let cells = Cells::in_detail(scope, scope.place, Detail::OUTCOMES)?;
    let none = Outcomes::default();
    Ok(cells.lines(scope.buckets, |_, cell, _| {
        let of = cell.facts.outcomes.as_deref().unwrap_or(&none);
        // Sessions of other systems are no attempts: a cell of many of them and few of ours is small.
        (of[Outcome::WithSession], values(of))
    }))
}

fn values(of: &Outcomes) -> Vec<Value> {
    let attempts = |part: Outcome, whole: Outcome| Value::ratio(of[part], of[whole], NO_ATTEMPT);
    let visits = |part: Outcome, whole: Outcome| Value::ratio(of[part], of[whole], NO_VISIT);
    let pooled = |parts: [Outcome; 3], wholes: [Outcome; 3]| {
        let sum = |all: [Outcome; 3]| all.iter().map(|one| of[*one]).sum::<i64>();
        Value::ratio(sum(parts), sum(wholes), NO_ATTEMPT)
    };
    let [judged, delivered] = [
        [Outcome::PlugJudged, Outcome::TokenJudged, Outcome::StartJudged],
        [Outcome::PlugDelivered, Outcome::TokenDelivered, Outcome::StartDelivered],
    ];
    let [whole_judged, whole] = [
        [Outcome::PlugWholeJudged, Outcome::TokenWholeJudged, Outcome::StartWholeJudged],
        [Outcome::PlugWhole, Outcome::TokenWhole, Outcome::StartWhole],
    ];
    let by_beginning = |parts: [Outcome; 3], wholes: [Outcome; 3]| {
        parts.into_iter().zip(wholes).map(move |(part, whole)| attempts(part, whole))
    };
    let failed = of[Outcome::Judged] - of[Outcome::Succeeded];
    let mut values = vec![
        visits(Outcome::Succeeded, Outcome::Judged),
        visits(Outcome::FirstSucceeded, Outcome::FirstJudged),
        visits(Outcome::Troubled, Outcome::Judged),
        Value::ratio(failed, of[Outcome::Judged], NO_VISIT),
        visits(Outcome::LastSucceeded, Outcome::LastJudged),
        visits(Outcome::OneKwh, Outcome::OneKwhJudged),
        Value::ratio(of[Outcome::Tries], of[Outcome::Visits], "no visit was seen"),
        pooled(delivered, judged),
        pooled(whole, whole_judged),
        attempts(Outcome::EndedWell, Outcome::EndJudged),
    ];
    values.extend(by_beginning(delivered, judged).chain(by_beginning(whole, whole_judged)));
    let mut starts = of.starts_ms.clone();
    values.extend([50, 90].map(|percent| percentile(&mut starts, percent, NO_START)));
    values.push(Value::Whole(i64::try_from(starts.len()).unwrap_or(i64::MAX)));
    let counts = [
        of[Outcome::Visits],
        of[Outcome::Visits] - of[Outcome::Judged],
        of[Outcome::Attempts],
        of[Outcome::Attempts] - of[Outcome::WithSession],
        of[Outcome::Refused],
        of[Outcome::DeliveryUnknown],
        of[Outcome::StopUnknown],
    ];
    values.extend(counts.map(Value::Whole));
    values
}
