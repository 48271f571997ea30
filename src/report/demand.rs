//! Demand as drivers meet it: how many EVSEs of a site are in use at once, how long none is free, and how energy is spread
//! over EVSEs and days. What sums of facts cannot tell. Formulas and their sources stand in `METHOD.md`.

use super::cells::Cells;
use super::percentile::percentile;
use super::{Line, Make, PlaceUnit, Report, Scope, TimeUnit, Value, column};
use crate::domain::crowd::Crowd;
use crate::domain::demand::Demand;
use crate::domain::service::Fact;
use crate::store::StoreError;
use crate::store::figures::Detail;

const NOTHING: &str = "nothing was in service";
const UNHEARD: &str = "nothing was heard";
const NO_DAY: &str = "no EVSE has a whole day of which anything is known";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "demand",
    about: "How full sites are: EVSEs in use at once, time without a free one, short returns; energy by EVSE and day.",
    version: 2,
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
    if scope.network.has_whole_places() {
        return lines(scope);
    }
    // Asked for some EVSEs of a site, they are looked at as if there were no others.
    let apart = scope.network.apart();
    lines(&mut scope.among(&apart))
}

fn lines(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    let cells = Cells::in_detail(scope, scope.place, Detail::DEMAND)?;
    let none = Demand::default();
    Ok(cells.lines(scope.buckets, |_, cell, _| {
        let demand = cell.facts.demand.as_deref().unwrap_or(&none);
        // A slow bay that is free does not make a full rapid hub look free.
        let crowd = if scope.place == PlaceUnit::PowerClass { &demand.class } else { &demand.site };
        let mut values = of_sites(crowd, demand.short_returns);
        values.extend(spread(demand.days.clone()));
        values.extend(
            [crowd.heard_ms, crowd.full_ms, crowd.dead_ms, crowd.partly_unheard_ms, crowd.unheard_ms]
                .map(Value::seconds),
        );
        (cell.facts[Fact::Sessions], values)
    }))
}

fn of_sites(crowd: &Crowd, short: i64) -> Vec<Value> {
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
        if is_heard { Value::Whole(short) } else { Value::Null(reason) },
    ]
}

/// A tenth, half and nine tenths of the energies of EVSE-days, and how many there are.
fn spread(mut days: Vec<i64>) -> [Value; 4] {
    let [low, middle, high] = [10, 50, 90].map(|percent| percentile(&mut days, percent, NO_DAY));
    [low, middle, high, Value::Whole(i64::try_from(days.len()).unwrap_or(i64::MAX))]
}
