//! Faults: failures, how long they take, how often they come back, and what chargers give as their reason.
//! Formulas and their sources stand in `METHOD.md`.

use std::collections::BTreeMap;

use super::cells::{Cell, Cells};
use super::failures::{Failure, Found};
use super::{Column, Line, Make, PlaceUnit, Report, Scope, TimeUnit, Value};
use crate::domain::failure::{End, Standing};
use crate::domain::fault::{CLASSES, FaultClass, Responsibility, UNCLASSIFIED};
use crate::domain::service::Fact;
use crate::domain::time::At;
use crate::store::StoreError;

const NO_FAILURE: &str = "no failure began in the period";
pub(super) const NO_REPAIR: &str = "no repair was seen of a failure that began in the period";
const NOT_IN_SERVICE: &str = "nothing was in service";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "faults",
    about: "Failures, the time between them and to their repair, repeats, and their reasons in one vocabulary.",
    version: 1,
    columns: &[
        column(
            "failures",
            "count",
            "Failures that began in the period: an EVSE out of work for 60 s or more, flaps merged, nothing entered of it.",
        ),
        column("mtbf_h", "h", "Mean time between failures: up / failures."),
        column("mttr_h", "h", "Mean time to repair: over failures whose repair was seen, less what an entry excuses."),
        column("inherent", "ratio", "Inherent availability: MTBF / (MTBF + MTTR)."),
        column("median_repair_h", "h", "Median time to repair: half of the repairs that were seen took less."),
        column("longest_h", "h", "Longest failure so far, repaired or not."),
        column("repairs", "count", "Of failures: seen to work again."),
        column(
            "repairs_unseen",
            "count",
            "Of failures: fell silent, and worked when they were heard again, or were removed.",
        ),
        column("lasting", "count", "Of failures: not known to be over."),
        column("repeats", "count", "Of failures: began within 30 days after the end of another of the same EVSE."),
        column("repeat_share", "ratio", "Repeats / failures."),
        column("evses_failing", "count", "EVSEs with a failure."),
        column("broken", "count", "Of failures: the charger said that it is faulted."),
        column("switched_off", "count", "Of failures: the charger said only that it is unavailable."),
        column("planned", "count", "No failures: began during planned work, as was entered."),
        column("excused", "count", "No failures: began under an entry of the kind exempt or blocked."),
        column("equipment", "count", "Of failures: for the equipment to act on, by their class."),
        column("vehicle", "count", "Of failures: the vehicle, or how it was plugged in."),
        column("supply", "count", "Of failures: the supply of the site."),
        column("network", "count", "Of failures: the charger's own network, as it says."),
        column("vandalism", "count", "Of failures: a cut cable or a broken latch."),
        column("unclassified", "count", "Of failures: no reason was given that has a class."),
        column("classified_share", "ratio", "(failures − unclassified) / failures: how far classes can be relied on."),
        column("most_frequent", "text", "The class of most failures, where there is any but unclassified."),
        column(
            "link_losses",
            "count",
            "Times an EVSE at work fell silent by the charger's or the link's doing. No failures.",
        ),
        column("up_s", "s", "Up, while the site is open."),
        column("down_s", "s", "Down, while the site is open."),
    ],
    places: &[
        PlaceUnit::Network,
        PlaceUnit::Site,
        PlaceUnit::Charger,
        PlaceUnit::Evse,
        PlaceUnit::PowerClass,
        PlaceUnit::Connector,
        PlaceUnit::SiteType,
        PlaceUnit::Decile,
        PlaceUnit::Quintile,
        PlaceUnit::Model,
        PlaceUnit::Firmware,
        PlaceUnit::FaultClass,
    ],
    times: &TimeUnit::ALL,
    of_sessions: false,
    factors: &[],
    make: Make::Ledger(make),
};

const fn column(name: &'static str, unit: &'static str, about: &'static str) -> Column {
    Column { name, unit, about }
}

fn make(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    if scope.place == PlaceUnit::FaultClass {
        return by_class(scope);
    }
    let cells = Cells::of(scope, scope.place)?;
    let found = Found::read(scope)?;
    let mut of_cell: Vec<Vec<&Failure>> = vec![Vec::new(); cells.len()];
    for failure in &found.failures {
        if let Some(own) = cells.at(failure.evse, failure.episode.span.from).and_then(|cell| of_cell.get_mut(cell)) {
            own.push(failure);
        }
    }
    let mut losses = vec![0_i64; cells.len()];
    for (evse, at) in &found.losses {
        if let Some(count) = cells.at(*evse, *at).and_then(|cell| losses.get_mut(cell)) {
            *count += 1;
        }
    }
    let none = Vec::new();
    Ok(cells.lines(scope.buckets, |place, cell, _| {
        let losses = Value::Whole(losses.get(place).copied().unwrap_or_default());
        (cell.facts[Fact::Sessions], fold(cell, of_cell.get(place).unwrap_or(&none), losses))
    }))
}

/// A line for each class that occurs. The time at work is that of all EVSEs: so often this class comes.
fn by_class(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    let cells = Cells::of(scope, PlaceUnit::FaultClass)?;
    let found = Found::read(scope)?;
    let mut of_class: BTreeMap<usize, Vec<Vec<&Failure>>> = BTreeMap::new();
    for failure in &found.failures {
        let Some(cell) = cells.at(failure.evse, failure.episode.span.from) else { continue };
        let class = CLASSES.iter().position(|class| *class == failure.class).unwrap_or(CLASSES.len());
        let own = of_class.entry(class).or_insert_with(|| vec![Vec::new(); cells.len()]);
        own.get_mut(cell).into_iter().for_each(|own| own.push(failure));
    }
    let mut lines = Vec::new();
    let none = Vec::new();
    for (class, own) in of_class {
        let class = CLASSES.get(class).copied().unwrap_or(UNCLASSIFIED);
        let name = Value::Text(class.name.to_owned());
        let code = class.code.map_or(Value::Null("the consortium has none"), |code| Value::Text(code.to_owned()));
        let of_it = cells.lines(scope.buckets, |place, cell, _| {
            let values = fold(cell, own.get(place).unwrap_or(&none), Value::Null("a lost link is of no class"));
            (cell.facts[Fact::Sessions], values)
        });
        lines.extend(of_it.into_iter().map(|line| Line { place: vec![name.clone(), code.clone()], ..line }));
    }
    Ok(lines)
}

/// How long failures lasted that were repaired: the EVSE, when it failed, milliseconds.
pub(super) fn repairs(scope: &mut Scope<'_>) -> Result<Vec<(usize, At, i64)>, StoreError> {
    let failures = Found::read(scope)?.failures.into_iter();
    let repaired = failures.filter(|own| own.standing == Standing::Failure && own.episode.end == End::Repaired);
    Ok(repaired.map(|own| (own.evse, own.episode.span.from, own.episode.lasted_ms())).collect())
}

fn fold(cell: &Cell, all: &[&Failure], losses: Value) -> Vec<Value> {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let of_standing =
        |standing: Standing| Value::Whole(number(all.iter().filter(|own| own.standing == standing).count()));
    let failures: Vec<&Failure> = all.iter().copied().filter(|own| own.standing == Standing::Failure).collect();
    let count = |wanted: &dyn Fn(&Failure) -> bool| number(failures.iter().filter(|own| wanted(own)).count());
    let ended = |end: End| Value::Whole(count(&|own| own.episode.end == end));
    let acts =
        |who: Responsibility| Value::Whole(count(&|own| own.class != UNCLASSIFIED && own.class.responsibility == who));
    let mut repairs: Vec<i64> =
        failures.iter().filter(|own| own.episode.end == End::Repaired).map(|own| own.episode.lasted_ms()).collect();
    repairs.sort_unstable();
    let (all_failures, repaired) = (number(failures.len()), number(repairs.len()));
    let (up, repairing) = (cell.facts[Fact::Up], repairs.iter().sum::<i64>());
    let unclassified = count(&|own| own.class == UNCLASSIFIED);
    let (repeats, broken) = (count(&|own| own.repeats), count(&|own| own.episode.broken));
    let mut failing: Vec<usize> = failures.iter().map(|own| own.evse).collect();
    failing.sort_unstable();
    failing.dedup();
    if cell.facts[Fact::InService] == 0 {
        return vec![Value::Null(NOT_IN_SERVICE); REPORT.columns.len()];
    }
    vec![
        Value::Whole(all_failures),
        mean(up, all_failures, NO_FAILURE),
        mean(repairing, repaired, NO_REPAIR),
        inherent((up, all_failures), (repairing, repaired)),
        median(&repairs).map_or(Value::Null(NO_REPAIR), hours),
        failures.iter().map(|own| own.episode.lasted_ms()).max().map_or(Value::Null(NO_FAILURE), hours),
        ended(End::Repaired),
        ended(End::Unseen),
        ended(End::Lasts),
        Value::Whole(repeats),
        Value::ratio(repeats, all_failures, NO_FAILURE),
        Value::Whole(number(failing.len())),
        Value::Whole(broken),
        Value::Whole(all_failures - broken),
        of_standing(Standing::Planned),
        of_standing(Standing::Excused),
        acts(Responsibility::Equipment),
        acts(Responsibility::Vehicle),
        acts(Responsibility::Site),
        acts(Responsibility::Network),
        acts(Responsibility::Vandalism),
        Value::Whole(unclassified),
        Value::ratio(all_failures - unclassified, all_failures, NO_FAILURE),
        most_frequent(&failures),
        losses,
        Value::seconds(up),
        Value::seconds(cell.facts[Fact::Down]),
    ]
}

/// Milliseconds as hours, to thousandths.
fn hours(millis: i64) -> Value {
    Value::quotient(millis.into(), 3_600_000, 3)
}

fn mean(millis: i64, count: i64, reason: &'static str) -> Value {
    if count == 0 { Value::Null(reason) } else { Value::quotient(millis.into(), i128::from(count) * 3_600_000, 3) }
}

/// MTBF / (MTBF + MTTR), of sums and counts, rounded once.
fn inherent((up, failures): (i64, i64), (repairing, repaired): (i64, i64)) -> Value {
    if failures == 0 {
        return Value::Null(NO_FAILURE);
    }
    if repaired == 0 {
        return Value::Null(NO_REPAIR);
    }
    let between = i128::from(up) * i128::from(repaired);
    let whole = between + i128::from(repairing) * i128::from(failures);
    if whole == 0 { Value::Null(NOT_IN_SERVICE) } else { Value::quotient(between, whole, super::value::RATIO_PLACES) }
}

/// The middle of sorted lengths, or half way between the two in the middle.
pub(super) fn median(sorted: &[i64]) -> Option<i64> {
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    let lower = if sorted.len().is_multiple_of(2) { *sorted.get(half.checked_sub(1)?)? } else { upper };
    Some(lower + (upper - lower) / 2)
}

/// The class of most failures; of several the first by name.
fn most_frequent(failures: &[&Failure]) -> Value {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let classified = failures.iter().map(|own| own.class).filter(|class: &FaultClass| *class != UNCLASSIFIED);
    classified.for_each(|class| *counts.entry(class.name).or_default() += 1);
    let most = counts.iter().rev().max_by_key(|(_, count)| **count);
    most.map_or(Value::Null("no failure has a class"), |(name, _)| Value::Text((*name).to_owned()))
}
