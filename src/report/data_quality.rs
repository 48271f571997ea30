//! Data quality: how far the figures of the other reports can be relied on.
//! Formulas and their sources stand in `METHOD.md`.

use std::collections::{BTreeMap, HashMap};

use super::ask::unheard;
use super::cells::{Cell, Cells};
use super::{Column, Line, Make, PlaceUnit, Report, Scope, TimeUnit, Value};
use crate::domain::ids::StationKey;
use crate::domain::service::Fact;
use crate::domain::time::{At, Span};
use crate::store::StoreError;

const NOTHING: &str = "nothing was in service and measurable";
const NO_SESSION: &str = "no charger told of a session that is over";
const NO_FRAME: &str = "no frame was counted";
const NO_CLOCK: &str = "no charger told its time";

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// A clock is off that differs from ours by more: a minute, as in the warnings of the log.
const OFF_MS: i64 = 60_000;

/// The report.
pub(super) const REPORT: Report = Report {
    name: "data-quality",
    about: "How far the other figures can be relied on: coverage, how energies were found, deviations from OCPP, clocks.",
    version: 1,
    columns: &[
        column("observed", "ratio", "Share of the time in service while open in which something was heard."),
        column("unknown_share", "ratio", "Share of it in which a charger was not heard."),
        column("our_outage_share", "ratio", "Share of it in which chargewatch was not running."),
        column("metered_share", "ratio", "Sessions of which the energy is known / sessions that are over."),
        column(
            "measured_share",
            "ratio",
            "Sessions with an energy that is signed, or by the registers at their own start and stop / sessions that are over.",
        ),
        column("stop_seen_share", "ratio", "Sessions of which both start and stop were seen / sessions that are over."),
        column("conforming_share", "ratio", "Frames without a deviation from OCPP / frames."),
        column(
            "clocks_right_share",
            "ratio",
            "Chargers whose clock was never found to be off by more than 60 s / chargers that told their time.",
        ),
        column(
            "sessions_over",
            "count",
            "Sessions that chargers told of and that are over. Imported ones are in no column but their own.",
        ),
        column("energy_signed", "count", "Of these: energy from a signed record."),
        column("energy_register", "count", "By the registers at the session's own start and stop."),
        column("energy_interval", "count", "By sums of intervals."),
        column("energy_integrated", "count", "By power over time."),
        column("energy_inferred", "count", "By registers of which an end is not the session's own."),
        column("energy_interpolated", "count", "Spread between known points."),
        column("energy_missing", "count", "Not known."),
        column("without_stop", "count", "Of these: no stop came."),
        column("orphans", "count", "Of these: the start was not seen."),
        column("running", "count", "Sessions that still run; they are in no ratio."),
        column("sessions_imported", "count", "Sessions that were imported from files of other systems."),
        column("frames", "count", "Frames received, on days of UTC."),
        column("frames_deviating", "count", "Of these: with a deviation from OCPP, understood all the same."),
        column("chargers_with_clock", "count", "Chargers that told their time."),
        column("clocks_off", "count", "Of these: found to be off by more than 60 s."),
        column("clock_worst_s", "s", "The furthest that a clock was found to be off, ahead or behind."),
        column("power_unknown", "count", "EVSEs whose rated power is not registered."),
        column("not_registered", "count", "EVSEs that no registry lists."),
        column("simulated", "count", "EVSEs that are simulated."),
    ],
    places: &PlaceUnit::ALL,
    times: &[TimeUnit::Day, TimeUnit::Month],
    of_sessions: false,
    factors: &[],
    make: Make::Ledger(make),
};

const fn column(name: &'static str, unit: &'static str, about: &'static str) -> Column {
    Column { name, unit, about }
}

/// The ways in which the energies of sessions were found.
const FOUND: [Fact; 7] = [
    Fact::FoundSigned,
    Fact::FoundByRegister,
    Fact::FoundByInterval,
    Fact::FoundByPower,
    Fact::FoundInferred,
    Fact::FoundInterpolated,
    Fact::NotFound,
];

/// What is counted of the chargers of a group.
#[derive(Clone, Debug, Default)]
struct Count {
    frames: i64,
    deviating: i64,
    /// How far each charger's clock was off at worst, in milliseconds.
    clocks: BTreeMap<StationKey, i64>,
}

fn make(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    let cells = Cells::of(scope, scope.place)?;
    let mut counts = vec![Count::default(); cells.len()];
    if let Some((first, last)) = scope.buckets.first().zip(scope.buckets.last()) {
        let period = Span { from: first.1.from, until: last.1.until };
        let mut evses: BTreeMap<StationKey, Vec<usize>> = BTreeMap::new();
        for (index, evse) in scope.network.evses.iter().enumerate() {
            evse.station.into_iter().for_each(|station| evses.entry(station).or_default().push(index));
        }
        frames(scope, &cells, &evses, period, &mut counts)?;
        clocks(scope, &cells, &evses, period, &mut counts)?;
    }
    let none = Count::default();
    Ok(cells.lines(scope.buckets, |place, cell, _| {
        let count = counts.get(place).unwrap_or(&none);
        (cell.facts[Fact::Sessions], count.values(cell, scope))
    }))
}

/// The cells that a charger has an EVSE in, at an instant.
fn cells_of(cells: &Cells, own: &[usize], at: At) -> Vec<usize> {
    let mut found: Vec<usize> = own.iter().filter_map(|evse| cells.at(*evse, at)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What belongs to a charger stands in every line that one of its EVSEs is in.
fn frames(
    scope: &mut Scope<'_>,
    cells: &Cells,
    evses: &BTreeMap<StationKey, Vec<usize>>,
    period: Span,
    counts: &mut [Count],
) -> Result<(), StoreError> {
    // A day of UTC belongs to the stretch in which its noon lies.
    let days = (period.from.millis().div_euclid(DAY_MS), period.until.millis().div_euclid(DAY_MS) + 1);
    // Days come charger by charger: the cells of one are those of the next, until a stretch ends.
    let (mut of, mut until, mut found) = (None, At::from_millis(i64::MIN), Vec::new());
    scope.ledger.frames_by_day(days, &mut |day| {
        let noon = At::from_millis(day.day * DAY_MS + DAY_MS / 2);
        if of != Some(day.station) || noon >= until {
            let own = evses.get(&day.station).map(Vec::as_slice).unwrap_or_default();
            found = cells_of(cells, own, noon);
            let bucket = scope.buckets.iter().find(|(_, bucket)| bucket.contains(noon));
            (of, until) = (Some(day.station), bucket.map_or(noon, |(_, bucket)| bucket.until));
        }
        for cell in &found {
            if let Some(count) = counts.get_mut(*cell) {
                (count.frames, count.deviating) = (count.frames + day.frames, count.deviating + day.deviating);
            }
        }
    })
}

/// A measure of a clock holds until the next; it counts in every stretch that it touches.
fn clocks(
    scope: &mut Scope<'_>,
    cells: &Cells,
    evses: &BTreeMap<StationKey, Vec<usize>>,
    period: Span,
    counts: &mut [Count],
) -> Result<(), StoreError> {
    let mut found: HashMap<StationKey, Vec<(At, i64)>> = HashMap::new();
    scope.ledger.clocks(period.until, &mut |station, at, ahead| found.entry(station).or_default().push((at, ahead)))?;
    for (station, measures) in &found {
        let own = evses.get(station).map(Vec::as_slice).unwrap_or_default();
        for (_, bucket) in scope.buckets {
            let until = |index: usize| measures.get(index + 1).map_or(bucket.until, |next| next.0);
            let holds = |(index, (at, _)): &(usize, &(At, i64))| *at < bucket.until && until(*index) > bucket.from;
            let worst = measures.iter().enumerate().filter(holds).map(|(_, (_, ahead))| ahead.abs()).max();
            let Some(worst) = worst else { continue };
            for cell in cells_of(cells, own, bucket.from) {
                if let Some(count) = counts.get_mut(cell) {
                    count.clocks.insert(*station, worst);
                }
            }
        }
    }
    Ok(())
}

impl Count {
    fn values(&self, cell: &Cell, scope: &Scope<'_>) -> Vec<Value> {
        let facts = &cell.facts;
        let counted = facts[Fact::Counted];
        let of_time = |part: i64| Value::ratio(part, counted, NOTHING);
        let [signed, register, interval, integrated, inferred, interpolated, missing] = FOUND.map(|fact| facts[fact]);
        let over: i64 = FOUND.iter().map(|fact| facts[*fact]).sum();
        let (without_stop, orphans) = (facts[Fact::WithoutStop], facts[Fact::Orphans]);
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let off = whole(self.clocks.values().filter(|worst| **worst > OFF_MS).count());
        let clocks = whole(self.clocks.len());
        let evses = || cell.evses.iter().filter_map(|index| scope.network.evses.get(*index));
        let mut values = vec![
            of_time(counted - unheard(facts)),
            of_time(facts[Fact::Unknown]),
            of_time(facts[Fact::Ours]),
            Value::ratio(over - missing, over, NO_SESSION),
            Value::ratio(signed + register, over, NO_SESSION),
            Value::ratio(over - without_stop - orphans, over, NO_SESSION),
            Value::ratio(self.frames - self.deviating, self.frames, NO_FRAME),
            Value::ratio(clocks - off, clocks, NO_CLOCK),
        ];
        let numbers = [
            over,
            signed,
            register,
            interval,
            integrated,
            inferred,
            interpolated,
            missing,
            without_stop,
            orphans,
            facts[Fact::Running],
            facts[Fact::SessionsImported],
            self.frames,
            self.deviating,
            clocks,
            off,
        ];
        values.extend(numbers.map(Value::Whole));
        values.extend([
            self.clocks.values().max().map_or(Value::Null(NO_CLOCK), |worst| Value::quotient((*worst).into(), 1000, 3)),
            Value::Whole(whole(evses().filter(|evse| evse.rated_w.is_none()).count())),
            Value::Whole(whole(evses().filter(|evse| evse.site.is_none()).count())),
            Value::Whole(whole(evses().filter(|evse| evse.simulated).count())),
        ]);
        values
    }
}
