//! Demand as drivers meet it: how many EVSEs of a site are in use at once, how long none is free, and how energy is spread
//! over EVSEs and days. What sums of facts cannot tell. Formulas and their sources stand in `METHOD.md`.

use super::cells::Cells;
use super::crowds::Crowds;
use super::energy::is_known;
use super::percentile::percentile;
use super::tally::tally;
use super::{Line, Make, PlaceUnit, Report, Scope, TimeUnit, Value, column};
use crate::domain::crowd::Crowd;
use crate::domain::opening::{day_span, local_day};
use crate::domain::service::Fact;
use crate::domain::time::Span;
use crate::store::StoreError;
use crate::store::figures::Detail;

const NOTHING: &str = "nothing was in service";
const UNHEARD: &str = "nothing was heard";
const NO_DAY: &str = "no EVSE has a whole day of which anything is known";
const NOT_ASKED: &str = "not reckoned here: ask for the report demand";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "demand",
    about: "How full sites are: EVSEs in use at once, time without a free one, short returns; energy by EVSE and day.",
    version: 1,
    columns: &[
        column("site_full_share", "ratio", "Turn-away proxy: full / T of sites."),
        column("site_dead_share", "ratio", "Share of T of sites in which all EVSEs were broken: dead / T of sites."),
        column("peak_concurrency", "count", "Most EVSEs of a site in use at one instant."),
        column("peak_concurrency_share", "ratio", "Highest share of a site's EVSEs in service in use at one instant."),
        column("p95_concurrency", "count", "In 95 % of T of sites so many EVSEs of a site or fewer were in use."),
        column("short_return", "count", "Visits under 3 minutes without energy while 80 % of the site were in use."),
        column("wh_per_day_p10", "Wh/d", "Energy of an EVSE on a local day: a tenth of the EVSE-days had less."),
        column("wh_per_day_median", "Wh/d", "Half of them had less."),
        column("wh_per_day_p90", "Wh/d", "Nine tenths of them had less."),
        column("evse_days", "count", "EVSE-days behind these: whole days in service of which anything is known."),
        column("site_s", "s", "T of sites: open with an EVSE in service, and one of them was heard."),
        column("full_s", "s", "Of T of sites: none that was heard was free, and one was in use."),
        column("dead_s", "s", "Of T of sites: all that were heard were broken."),
        column("partly_unheard_s", "s", "Of T of sites: some EVSE was not heard, and may have been free."),
        column("unheard_s", "s", "Open with an EVSE in service, and none was heard. It is not in T of sites."),
    ],
    places: &[
        PlaceUnit::Network,
        PlaceUnit::Site,
        PlaceUnit::PowerClass,
        PlaceUnit::SiteType,
        PlaceUnit::Decile,
        PlaceUnit::Quintile,
    ],
    times: &[TimeUnit::Day, TimeUnit::Month],
    of_sessions: true,
    factors: &[],
    make: Make::Ledger(make),
};

fn make(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    lines(scope, true)
}

/// The lines; without `others`, what needs more than the sweep of sites (visits, single days) is left out.
pub(super) fn lines(scope: &mut Scope<'_>, others: bool) -> Result<Vec<Line>, StoreError> {
    let cells = Cells::of(scope, scope.place)?;
    let Some((first, last)) = scope.buckets.first().zip(scope.buckets.last()) else { return Ok(Vec::new()) };
    let period = Span { from: first.1.from, until: last.1.until };
    let crowds = Crowds::read(scope, &cells, period)?;
    let short = if others { Some(crowds.short_returns(scope, &cells, period)?) } else { None };
    let mut days = if others { Some(days(scope, &cells)?) } else { None };
    let none = Crowd::default();
    Ok(cells.lines(scope.buckets, |place, cell, _| {
        let crowd = crowds.of_cell.get(place).unwrap_or(&none);
        let short = short.as_ref().and_then(|counts| counts.get(place)).copied();
        let mut values = of_sites(crowd, short);
        values.extend(spread(days.as_mut().and_then(|days| days.get_mut(place))));
        values.extend(
            [crowd.heard_ms, crowd.full_ms, crowd.dead_ms, crowd.partly_unheard_ms, crowd.unheard_ms]
                .map(Value::seconds),
        );
        (cell.facts[Fact::Sessions], values)
    }))
}

fn of_sites(crowd: &Crowd, short: Option<i64>) -> Vec<Value> {
    let reason = if crowd.unheard_ms > 0 { UNHEARD } else { NOTHING };
    let is_heard = crowd.heard_ms > 0;
    // Where nothing was heard a session that a file told of still shows that an EVSE was in use.
    let peak = |value: Value| if is_heard || crowd.peak > 0 { value } else { Value::Null(reason) };
    let (of, most) = crowd.peak_share;
    vec![
        Value::ratio(crowd.full_ms, crowd.heard_ms, reason),
        Value::ratio(crowd.dead_ms, crowd.heard_ms, reason),
        peak(Value::Whole(crowd.peak.into())),
        peak(Value::ratio(most.into(), of.into(), reason)),
        crowd.in_use_for(95).map_or(Value::Null(reason), |count| Value::Whole(count.into())),
        match short {
            Some(count) if is_heard => Value::Whole(count),
            Some(_) => Value::Null(reason),
            None => Value::Null(NOT_ASKED),
        },
    ]
}

/// A tenth, half and nine tenths of the energies of EVSE-days, and how many there are.
fn spread(days: Option<&mut Vec<i64>>) -> [Value; 4] {
    let Some(days) = days else { return std::array::from_fn(|_| Value::Null(NOT_ASKED)) };
    let [low, middle, high] = [10, 50, 90].map(|percent| percentile(days, percent, NO_DAY));
    [low, middle, high, Value::Whole(i64::try_from(days.len()).unwrap_or(i64::MAX))]
}

/// The energies of EVSE-days in each cell. A day that is not over, or not wholly in its stretch of time, would look weak.
fn days(scope: &mut Scope<'_>, cells: &Cells) -> Result<Vec<Vec<i64>>, StoreError> {
    let mut spans: Vec<Span> = Vec::new();
    for (_, bucket) in scope.buckets {
        let mut day = local_day(bucket.from, scope.zone);
        loop {
            let span = day_span(day, scope.zone);
            if span.until > bucket.until {
                break;
            }
            spans.extend((span.from >= bucket.from).then_some(span));
            let Some(next) = day.succ_opt() else { break };
            day = next;
        }
    }
    let mut found: Vec<Vec<i64>> = vec![Vec::new(); cells.len()];
    tally(scope.ledger, scope.network, &spans, scope.zone, Detail::Sums, &mut |evse, day, facts| {
        let cell = spans.get(day).and_then(|span| cells.at(evse, span.from)).and_then(|cell| found.get_mut(cell));
        if let Some(energies) = cell.filter(|_| facts[Fact::Counted] > 0 && is_known(facts)) {
            energies.push(facts[Fact::Energy]);
        }
    })?;
    Ok(found)
}
