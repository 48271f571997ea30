//! Sessions: how many, what became of them, how long and how much. Formulas and their sources stand in `METHOD.md`.

use super::energy::is_known;
use super::percentile::percentile;
use super::{Group, Make, PlaceUnit, Report, TimeUnit, Value, column};
use crate::domain::energy::IN_VAIN;
use crate::domain::record::SessionState;
use crate::domain::summary::Summary;

const UNKNOWN: &str = "no session is known, and nothing was heard";
const NONE: &str = "no session began";
const NO_END: &str = "no session that began has a known end";
const NO_VALID: &str = "no valid session began";
const NO_FLOW: &str = "no session that began tells when energy flowed";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "sessions",
    about: "Sessions that began in the period: valid or why not, where they are known from, how long they were and how much \
            they took.",
    version: 1,
    columns: &[
        column("valid", "count", "Sessions that delivered energy: known, and more than 0."),
        column("valid_share", "ratio", "valid / sessions."),
        column("empty", "count", "Not valid: the energy is 0."),
        column("unmetered", "count", "Not valid: nobody knows the energy."),
        column("in_vain", "count", "Of the valid ones: less than 0.1 kWh, which charges nobody."),
        column("running", "count", "Sessions that still run."),
        column("without_stop", "count", "Sessions that no stop ended: presumed over, or without an end in their file."),
        column("orphan", "count", "Sessions whose start was never told."),
        column("imported", "count", "Sessions told by a file of another system; all others were told by chargers."),
        column("ended", "count", "Sessions with a known end: those that durations are of."),
        column("duration_mean_s", "s", "From start to end, on average."),
        column("duration_p10_s", "s", "A tenth is shorter."),
        column("duration_median_s", "s", "Half are shorter."),
        column("duration_p90_s", "s", "A tenth is longer."),
        column("energy_mean_wh", "Wh", "Energy of a valid session, on average."),
        column("energy_p10_wh", "Wh", "A tenth of the valid sessions have less."),
        column("energy_median_wh", "Wh", "Half of the valid sessions have less."),
        column("energy_p90_wh", "Wh", "A tenth of the valid sessions have more."),
        column("with_flow", "count", "Sessions that tell when energy flowed."),
        column("charge_median_s", "s", "From the first to the last flow: half are shorter."),
        column("idle_median_s", "s", "From the last flow to the end: half are shorter."),
        column("idle_share", "ratio", "Of sessions with both: time from the last flow to the end, of all their time."),
    ],
    places: &PlaceUnit::ALL,
    times: &TimeUnit::ALL,
    of_sessions: true,
    factors: &[],
    make: Make::Sessions(fold),
};

fn fold(group: &Group<'_>) -> Vec<Value> {
    let all = group.facts.sessions.as_slice();
    let known = is_known(group.facts);
    let count = |is: &dyn Fn(&Summary) -> bool| {
        let found = all.iter().filter(|session| is(session)).count();
        if known { Value::Whole(whole(found)) } else { Value::Null(UNKNOWN) }
    };
    let in_state = |state: SessionState| count(&|session| session.state == state);
    let energy = |session: &Summary| session.energy.map(|energy| energy.0);
    let valid: Vec<i64> = all.iter().filter_map(energy).filter(|energy| *energy > 0).collect();
    let lengths: Vec<i64> = all.iter().filter_map(|session| session.length_ms).collect();
    let charges: Vec<i64> = all.iter().filter_map(|session| session.charge_ms).collect();
    let idles: Vec<i64> = all.iter().filter_map(|session| session.idle_ms).collect();
    let idle: i64 = idles.iter().sum();
    let of_idle: i64 = all.iter().filter(|session| session.idle_ms.is_some()).filter_map(|s| s.length_ms).sum();
    let mut values = vec![
        count(&|session| energy(session).is_some_and(|energy| energy > 0)),
        Value::ratio(whole(valid.len()), whole(all.len()), NONE),
        count(&|session| energy(session).is_some_and(|energy| energy <= 0)),
        count(&|session| session.energy.is_none()),
        count(&|session| session.energy.is_some_and(|energy| energy.0 > 0 && energy < IN_VAIN)),
        in_state(SessionState::Active),
        in_state(SessionState::EndedWithoutStop),
        in_state(SessionState::Orphan),
        count(&|session| session.is_imported),
        count(&|session| session.length_ms.is_some()),
    ];
    values.extend(spread(lengths, NO_END));
    values.extend(spread(valid, NO_VALID));
    values.push(count(&|session| session.charge_ms.is_some()));
    values.push(percentile(&mut { charges }, 50, NO_FLOW));
    values.push(percentile(&mut { idles }, 50, NO_FLOW));
    values.push(Value::ratio(idle, of_idle, NO_FLOW));
    values
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Mean, tenth, half and nine tenths of thousandths.
fn spread(mut values: Vec<i64>, reason: &'static str) -> [Value; 4] {
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    let mean = match values.len() {
        0 => Value::Null(reason),
        count => Value::quotient(sum, i128::from(whole(count)) * 1000, 3),
    };
    [
        mean,
        percentile(&mut values, 10, reason),
        percentile(&mut values, 50, reason),
        percentile(&mut values, 90, reason),
    ]
}
