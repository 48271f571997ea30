//! Charging success: how many attempts deliver, end well, and what drivers go through on a visit.
//! Formulas and their sources stand in `METHOD.md`.

use super::cells::Cells;
use super::tries::{AtSite, Judged, at_sites};
use super::{Column, Line, Make, PlaceUnit, Report, Scope, TimeUnit, Value};
use crate::domain::attempt::{Began, Visit};
use crate::domain::energy::MilliWh;
use crate::domain::time::{At, Span};
use crate::store::StoreError;

const NO_ATTEMPT: &str = "no attempt was seen of which the outcome is known";
const NO_VISIT: &str = "no visit was seen of which the outcome is known";

/// The second line of success, in milliwatt-hours: 1 kWh.
const ONE_KWH: MilliWh = MilliWh(1_000_000);

/// The report.
pub(super) const REPORT: Report = Report {
    name: "success",
    about: "Charging success by the ChargeX equations, and visits: at the first attempt, with trouble, not at all.",
    version: 1,
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

/// Numerators and denominators of attempts.
#[derive(Clone, Copy, Debug, Default)]
struct Attempts {
    /// Of known delivery, and of these those that delivered.
    start: (i64, i64),
    /// Of known delivery and stop, and of these those that delivered and were stopped well.
    session: (i64, i64),
    /// That delivered and of which the stop is known, and of these those that were stopped well.
    end: (i64, i64),
}

/// What is counted of a group.
#[derive(Clone, Debug, Default)]
struct Count {
    all: Attempts,
    plug: Attempts,
    token: Attempts,
    start: Attempts,
    attempts: i64,
    sessions: i64,
    refused: i64,
    delivery_unknown: i64,
    stop_unknown: i64,
    visits: i64,
    tries: i64,
    judged: i64,
    succeeded: i64,
    troubled: i64,
    first: (i64, i64),
    last: (i64, i64),
    one_kwh: (i64, i64),
}

fn make(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    let cells = Cells::of(scope, scope.place)?;
    let mut counts = vec![Count::default(); cells.len()];
    if let Some((first, last)) = scope.buckets.first().zip(scope.buckets.last()) {
        let period = Span { from: first.1.from, until: last.1.until };
        let enough = scope.rules.visit_succeeds;
        at_sites(scope, period, &mut |site| {
            let mut of = |evse: usize, at: At, take: &dyn Fn(&mut Count)| {
                if let Some(count) = cells.at(evse, at).and_then(|cell| counts.get_mut(cell)) {
                    take(count);
                }
            };
            for (evse, judged) in &site.attempts {
                of(*evse, judged.attempt.from, &|count| count.attempt(judged));
            }
            for visit in &site.visits {
                let Some((evse, first)) = visit.first().and_then(|index| site.attempts.get(*index)) else { continue };
                of(*evse, first.attempt.from, &|count| count.visit(&site, visit, enough));
            }
        })?;
    }
    let none = Count::default();
    // Sessions of other systems are no attempts: a cell of many of them and few of ours is small.
    Ok(cells.lines(scope.buckets, |place, _, _| {
        let count = counts.get(place).unwrap_or(&none);
        (count.sessions, count.values())
    }))
}

/// Adds to a denominator what is known, and to its numerator what is true.
fn add((of, fit): &mut (i64, i64), known: Option<bool>) {
    *of += i64::from(known.is_some());
    *fit += i64::from(known == Some(true));
}

impl Attempts {
    fn add(&mut self, delivered: Option<bool>, stopped_well: Option<bool>) {
        add(&mut self.start, delivered);
        let session = match (delivered, stopped_well) {
            (Some(false), _) => Some(false),
            (Some(true), well) => well,
            (None, _) => None,
        };
        add(&mut self.session, session);
        add(&mut self.end, stopped_well.filter(|_| delivered == Some(true)));
    }
}

impl Count {
    fn attempt(&mut self, judged: &Judged) {
        let (delivered, stopped_well) = (judged.delivered, judged.stopped_well);
        let began = match judged.attempt.began {
            Began::Plug => &mut self.plug,
            Began::Token => &mut self.token,
            Began::Start => &mut self.start,
        };
        began.add(delivered, stopped_well);
        self.all.add(delivered, stopped_well);
        self.attempts += 1;
        self.sessions += i64::from(judged.attempt.session.is_some());
        self.refused += i64::from(judged.attempt.refused);
        self.delivery_unknown += i64::from(delivered.is_none());
        self.stop_unknown += i64::from(stopped_well.is_none());
    }

    fn visit(&mut self, site: &AtSite, visit: &Visit, enough: MilliWh) {
        let outcomes = |more_than: MilliWh| -> Vec<Option<bool>> {
            let attempts = visit.iter().filter_map(|index| site.attempts.get(*index));
            attempts.map(|(_, judged)| judged.attempt.delivered(more_than)).collect()
        };
        let known = outcomes(enough);
        let succeeded = any(&known);
        self.visits += 1;
        self.tries += i64::try_from(visit.len()).unwrap_or(i64::MAX);
        self.judged += i64::from(succeeded.is_some());
        self.succeeded += i64::from(succeeded == Some(true));
        self.troubled += i64::from(succeeded == Some(true) && visit.len() > 1);
        add(&mut self.first, known.first().copied().flatten());
        add(&mut self.last, known.last().copied().flatten());
        add(&mut self.one_kwh, any(&outcomes(ONE_KWH)));
    }

    fn values(&self) -> Vec<Value> {
        let attempts = |(of, fit): (i64, i64)| Value::ratio(fit, of, NO_ATTEMPT);
        let visits = |(of, fit): (i64, i64)| Value::ratio(fit, of, NO_VISIT);
        vec![
            visits((self.judged, self.succeeded)),
            visits(self.first),
            visits((self.judged, self.troubled)),
            visits((self.judged, self.judged - self.succeeded)),
            visits(self.last),
            visits(self.one_kwh),
            Value::ratio(self.tries, self.visits, "no visit was seen"),
            attempts(self.all.start),
            attempts(self.all.session),
            attempts(self.all.end),
            attempts(self.plug.start),
            attempts(self.token.start),
            attempts(self.start.start),
            attempts(self.plug.session),
            attempts(self.token.session),
            attempts(self.start.session),
            Value::Whole(self.visits),
            Value::Whole(self.visits - self.judged),
            Value::Whole(self.attempts),
            Value::Whole(self.attempts - self.sessions),
            Value::Whole(self.refused),
            Value::Whole(self.delivery_unknown),
            Value::Whole(self.stop_unknown),
        ]
    }
}

/// Whether any is true; not known where none is and one may be.
fn any(known: &[Option<bool>]) -> Option<bool> {
    if known.contains(&Some(true)) {
        return Some(true);
    }
    (!known.contains(&None)).then_some(false)
}
