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

/// What sessions come to, with one look at each: a year of a large network has millions.
#[derive(Default)]
struct Count {
    empty: i64,
    unmetered: i64,
    in_vain: i64,
    running: i64,
    without_stop: i64,
    orphans: i64,
    imported: i64,
    lengths: Vec<i64>,
    valid: Vec<i64>,
    charges: Vec<i64>,
    idles: Vec<i64>,
    idle_ms: i64,
    /// The length of those that are in `idle_ms`.
    of_idle_ms: i64,
}

impl Count {
    fn add(&mut self, session: &Summary) {
        match session.energy.map(|energy| energy.0) {
            None => self.unmetered += 1,
            Some(energy) if energy <= 0 => self.empty += 1,
            Some(energy) => {
                self.valid.push(energy);
                self.in_vain += i64::from(energy < IN_VAIN.0);
            }
        }
        match session.state {
            SessionState::Active => self.running += 1,
            SessionState::EndedWithoutStop => self.without_stop += 1,
            SessionState::Orphan => self.orphans += 1,
            SessionState::Ended => {}
        }
        self.imported += i64::from(session.is_imported);
        self.lengths.extend(session.length_ms);
        self.charges.extend(session.charge_ms);
        if let Some(idle) = session.idle_ms {
            self.idles.push(idle);
            self.idle_ms += idle;
            self.of_idle_ms += session.length_ms.unwrap_or(0);
        }
    }
}

fn fold(group: &Group<'_>) -> Vec<Value> {
    let all = group.facts.sessions.as_slice();
    let known = is_known(group.facts);
    let count = |count: i64| if known { Value::Whole(count) } else { Value::Null(UNKNOWN) };
    let mut of = Count::default();
    all.iter().for_each(|session| of.add(session));
    let mut values = vec![
        count(whole(of.valid.len())),
        Value::ratio(whole(of.valid.len()), whole(all.len()), NONE),
        count(of.empty),
        count(of.unmetered),
        count(of.in_vain),
        count(of.running),
        count(of.without_stop),
        count(of.orphans),
        count(of.imported),
        count(whole(of.lengths.len())),
    ];
    values.extend(spread(of.lengths, NO_END));
    values.extend(spread(of.valid, NO_VALID));
    values.push(count(whole(of.charges.len())));
    values.push(percentile(&mut of.charges, 50, NO_FLOW));
    values.push(percentile(&mut of.idles, 50, NO_FLOW));
    values.push(Value::ratio(of.idle_ms, of.of_idle_ms, NO_FLOW));
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
