//! Equity: supply, use, reliability, success, repair, price and reach by how deprived the areas of the sites are, with the
//! gap between the most and the least deprived fifth of households, and the concentration index.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::FEW_EVSES;
use super::carbon::delivered;
use super::classes::{Class, Classes, Deciles, reach};
use super::faults::{NO_REPAIR, median};
use super::fraction::{Fraction, Known, concentration, gap, told};
use super::success::NO_VISIT;
use super::{Column, Line, Make, PlaceUnit, Report, Scope, Table, TimeUnit, Value};
use crate::config::lsoa::{Lsoa, LsoaTable};
use crate::domain::outcome::Outcome;
use crate::domain::service::Fact;
use crate::domain::time::Span;
use crate::store::StoreError;

/// Kilometres of a mile, in millionths.
const MILE: i128 = 1_609_344;

/// Why there is nothing.
const NO_HOUSEHOLDS: &str = "no households are known of these areas (registry.lsoa_file)";
const NO_EVSE: &str = "there is no EVSE in this class";
const NO_TIME: &str = "nothing was in service and measurable";
const NO_POWER: &str = "the rated power of no EVSE of this class is registered";
const NO_PRICE: &str = "no energy flowed at a price that is registered and one at any time";
const NOT_ONE: &str = "a gap and an index are of all areas together, not of one class";
const NO_HOME: &str = "no price at home is set (registry.programme_file)";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "equity",
    about: "Supply, use, reliability, success, repair, price and reach by deprivation of the sites' areas, the gap between \
            the most and the least deprived fifth, and the concentration index. The area of a site is not that of its users.",
    version: 2,
    columns: &[
        column("households", "count", "Households of the areas, the denominator of the next three."),
        column("areas", "count", "Small areas of the table."),
        column("evses_without_area", "count", "EVSEs at sites whose area is not known; they are in no class."),
        column("evses_in_service", "count", "EVSEs in service, on average over the period."),
        column("kw_in_service", "kW", "Their rated power."),
        column("evses_of_unknown_power", "count", "Of those in service: power not registered, so not in the power."),
        column("supply", "1/1000", "EVSEs in service for each 1,000 households."),
        column("kw", "kW/1000", "Rated power in service for each 1,000 households."),
        column("use", "kWh/1000", "Energy delivered for each 1,000 households."),
        column("reliability", "ratio", "Strict availability, as in reliability."),
        column("success", "ratio", "Visits that succeeded at the first attempt, as in success."),
        column("repair", "h", "Median time to repair, as in faults."),
        column(
            "price",
            "p/kWh",
            "Price of energy for the driver, with VAT, weighted by energy, where it is one at any time.",
        ),
        column("reach_400m", "ratio", "Households whose area has its centre within 400 m of an EVSE that works."),
        column("reach_800m", "ratio", "The same within 800 m."),
        column("pence_per_mile", "p/mile", "The price of a mile."),
        column("price_to_home", "ratio", "The price by that of charging at home, as configured."),
        column("supply_gap", "ratio", "Supply: the most deprived fifth by the least deprived."),
        column("kw_gap", "ratio", "The same of power."),
        column("use_gap", "ratio", "The same of use."),
        column("reliability_gap", "ratio", "The same of reliability."),
        column("success_gap", "ratio", "The same of success."),
        column("repair_gap", "ratio", "The same of repair: above 1 the most deprived wait longer."),
        column("price_gap", "ratio", "The same of price: above 1 the most deprived pay more."),
        column("reach_400m_gap", "ratio", "The same of reach within 400 m."),
        column("reach_800m_gap", "ratio", "The same of reach within 800 m."),
        column(
            "supply_index",
            "ratio",
            "Concentration index of supply by decile: below 0 the more deprived have more.",
        ),
        column("kw_index", "ratio", "The same of power."),
        column("use_index", "ratio", "The same of use."),
        column("reliability_index", "ratio", "The same of reliability."),
        column("success_index", "ratio", "The same of success."),
        column("repair_index", "ratio", "The same of repair."),
        column("price_index", "ratio", "The same of price."),
        column("reach_400m_index", "ratio", "The same of reach within 400 m."),
        column("reach_800m_index", "ratio", "The same of reach within 800 m."),
        column("evses_most_deprived", "count", "EVSEs in the most deprived fifth: n of the gap."),
        column("evses_least_deprived", "count", "EVSEs in the least deprived fifth: n of the gap."),
    ],
    places: &[PlaceUnit::Network, PlaceUnit::SiteType, PlaceUnit::Decile, PlaceUnit::Quintile],
    times: &[TimeUnit::Month],
    of_sessions: true,
    factors: &[Table::SmallAreas, Table::EmissionFactors, Table::Programme],
    make: Make::Ledger(make),
};

const fn column(name: &'static str, unit: &'static str, about: &'static str) -> Column {
    Column { name, unit, about }
}

/// How many figures are compared.
const COMPARED: usize = 9;

/// Decimal places of each of them.
const PLACES: [u8; COMPARED] = [3, 3, 3, 6, 6, 4, 2, 6, 6];

/// The figures of a class that are compared, in the order of their columns.
type Compared = [Known; COMPARED];

fn make(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    lines(scope, true)
}

/// The lines; without `with_success`, success and repair are left out.
pub(super) fn lines(scope: &mut Scope<'_>, with_success: bool) -> Result<Vec<Line>, StoreError> {
    let classes = Classes::read(scope, with_success)?;
    let is_one = matches!(scope.place, PlaceUnit::Decile | PlaceUnit::Quintile);
    let mut lines = Vec::new();
    for (bucket, (label, span)) in scope.buckets.iter().enumerate() {
        // A class is near to whatever works, not only to what stands in it.
        let of_bucket = classes.groups.iter().filter_map(|(_, stretches)| stretches.get(bucket));
        let near: BTreeSet<usize> =
            of_bucket.flat_map(BTreeMap::values).flat_map(|class| &class.working).copied().collect();
        for (order, (name, stretches)) in classes.groups.iter().enumerate() {
            let Some(deciles) = stretches.get(bucket) else { continue };
            let all = joined(deciles, |_| true);
            let working = if is_one { &near } else { &all.working };
            let group = Group { span: *span, name, deciles, all: &all, working, with_success };
            let line = Line {
                place: name.clone(),
                time: label.clone(),
                evses: all.evses.len(),
                sessions: all.facts[Fact::Sessions],
                values: if is_one { group.of_class(scope) } else { group.of_all(scope) },
            };
            lines.push((order, line));
        }
    }
    lines.sort_by_key(|(order, _)| *order);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// Some of the classes as one.
fn joined(deciles: &Deciles, wanted: impl Fn(Option<u8>) -> bool) -> Class {
    let mut all = Class::default();
    deciles.iter().filter(|(decile, _)| wanted(**decile)).for_each(|(_, class)| all.join(class));
    all
}

/// A group of sites in a stretch.
struct Group<'a> {
    span: Span,
    name: &'a [Value],
    deciles: &'a Deciles,
    /// All of its classes as one.
    all: &'a Class,
    /// The EVSEs that work, from which reach is measured.
    working: &'a BTreeSet<usize>,
    /// Whether success and repair were read.
    with_success: bool,
}

/// Which households a class is measured by.
#[derive(Clone, Copy)]
enum Among<'a> {
    /// Those of all areas.
    All,
    /// Those of areas of these deciles; of none where there are none.
    Deciles(&'a [u8]),
}

impl Group<'_> {
    /// Of one class.
    fn of_class(&self, scope: &Scope<'_>) -> Vec<Value> {
        let mut deciles: Vec<u8> = self.deciles.keys().flatten().copied().collect();
        if let (PlaceUnit::Quintile, [Value::Whole(fifth)]) = (scope.place, self.name) {
            // A fifth has all of its deciles, also those without a site.
            deciles = deciles_of(scope, *fifth);
        }
        let figures = self.figures(scope, self.all, Among::Deciles(&deciles));
        let mut values = self.stock(scope, &figures, Among::Deciles(&deciles));
        values.extend(vec![Value::Null(NOT_ONE); 2 * COMPARED + 2]);
        values
    }

    /// Of all classes, which are compared.
    fn of_all(&self, scope: &Scope<'_>) -> Vec<Value> {
        let figures = self.figures(scope, self.all, Among::All);
        let mut values = self.stock(scope, &figures, Among::All);
        let fifth = |number: i64| {
            let deciles = deciles_of(scope, number);
            let class = joined(self.deciles, |decile| decile.is_some_and(|decile| deciles.contains(&decile)));
            (self.figures(scope, &class, Among::Deciles(&deciles)), class.evses.len())
        };
        let ((most, evses_most), (least, evses_least)) = (fifth(1), fifth(5));
        let empty = Class::default();
        let decile = |decile: u8| {
            let class = self.deciles.get(&Some(decile)).unwrap_or(&empty);
            let among = [decile];
            let households = i64::try_from(households(scope, Among::Deciles(&among))).unwrap_or(0);
            (self.figures(scope, class, Among::Deciles(&among)), households)
        };
        let classes: Vec<(Compared, i64)> = (1..=10).map(decile).collect();
        let of = |index: usize| -> Vec<(Known, i64)> {
            let figure = |figures: &Compared| figures.get(index).copied().unwrap_or(Err(NO_EVSE));
            classes.iter().map(|(figures, households)| (figure(figures), *households)).collect()
        };
        let mut compared: Vec<Value> = most.into_iter().zip(least).map(|(most, least)| gap(most, least)).collect();
        compared.extend((0..COMPARED).map(|index| concentration(&of(index))));
        compared.extend([count(evses_most), count(evses_least)]);
        if scope.suppress && evses_most.min(evses_least) < FEW_EVSES {
            compared.iter_mut().for_each(|value| *value = Value::Null("small cell"));
        }
        values.extend(compared);
        values
    }

    /// What there is, and the figures as values.
    fn stock(&self, scope: &Scope<'_>, figures: &Compared, among: Among<'_>) -> Vec<Value> {
        let ms = i128::from(self.span.millis());
        let without = self.deciles.get(&None).map_or(0, |class| class.evses.len());
        let mut values = vec![
            match households(scope, among) {
                0 => Value::Null(NO_HOUSEHOLDS),
                known => Value::Whole(i64::try_from(known).unwrap_or(i64::MAX)),
            },
            count(areas_among(scope, among).count()),
            count(without),
            told(Fraction::of(self.all.facts[Fact::InService].into(), ms, NO_EVSE), 3),
            told(Fraction::of(self.all.power, ms * 1000, NO_EVSE), 3),
            count(self.all.unrated.len()),
        ];
        values.extend(figures.iter().zip(PLACES).map(|(figure, places)| told(*figure, places)));
        let [.., price, _, _] = *figures;
        let per_km = i128::from(scope.registry.factors.assume.ev_mwh_per_km);
        values.push(told(price.map(|price| price.times(per_km * MILE, 1_000_000_000_000)), 2));
        let home = scope.registry.programme.home_centipence.filter(|home| *home > 0).ok_or(NO_HOME);
        values.push(told(price.and_then(|price| Ok(price.times(100, home?.into()))), 6));
        values
    }

    /// The figures of a class.
    fn figures(&self, scope: &Scope<'_>, class: &Class, among: Among<'_>) -> Compared {
        let ms = i128::from(self.span.millis());
        let households = households(scope, among);
        let facts = &class.facts;
        // No charge point is no energy, and that is known.
        let energy = if class.evses.is_empty() { Ok(0) } else { delivered(facts) };
        let unrated = class.unrated.len() == class.evses.len() && !class.evses.is_empty();
        let measurable = facts[Fact::Up] + facts[Fact::Down] + facts[Fact::Unknown];
        let reached = |metres: f64| {
            let (all, near) = reach(scope, self.working, areas_among(scope, among), metres);
            Fraction::of(near, all, NO_HOUSEHOLDS)
        };
        [
            Fraction::of(i128::from(facts[Fact::InService]) * 1000, ms * households, NO_HOUSEHOLDS),
            if unrated { Err(NO_POWER) } else { Fraction::of(class.power, ms * households, NO_HOUSEHOLDS) },
            energy.and_then(|energy| Fraction::of(i128::from(energy), households * 1000, NO_HOUSEHOLDS)),
            Fraction::of(facts[Fact::Up].into(), measurable.into(), NO_TIME),
            self.success(class),
            self.repair(class),
            Fraction::of(class.paid, class.priced * 100, NO_PRICE),
            reached(400.0),
            reached(800.0),
        ]
    }

    /// First-attempt success.
    fn success(&self, class: &Class) -> Known {
        let why = if class.evses.is_empty() || !self.with_success { NO_EVSE } else { NO_VISIT };
        let of = |outcome: Outcome| class.facts.outcomes.as_ref().map_or(0, |outcomes| outcomes[outcome].into());
        Fraction::of(of(Outcome::FirstSucceeded), of(Outcome::FirstJudged), why)
    }

    /// Half of the repairs took less, in hours.
    fn repair(&self, class: &Class) -> Known {
        let why = if class.evses.is_empty() || !self.with_success { NO_EVSE } else { NO_REPAIR };
        Fraction::of(median(&class.repairs).ok_or(why)?.into(), 3_600_000, why)
    }
}

/// The deciles of a fifth.
fn deciles_of(scope: &Scope<'_>, fifth: i64) -> Vec<u8> {
    (1..=10).filter(|decile| scope.registry.lsoas.quintile(*decile).map(i64::from) == Some(fifth)).collect()
}

/// The areas of the table that have a decile and are wanted.
fn areas_among<'a>(scope: &'a Scope<'_>, among: Among<'a>) -> impl Iterator<Item = &'a Lsoa> {
    let table: &'a LsoaTable = &scope.registry.lsoas;
    table.rows().iter().filter(move |area| match (table.decile(area), among) {
        (None, _) => false,
        (Some(_), Among::All) => true,
        (Some(decile), Among::Deciles(deciles)) => deciles.contains(&decile),
    })
}

/// Their households.
fn households(scope: &Scope<'_>, among: Among<'_>) -> i128 {
    areas_among(scope, among).map(|area| i128::from(area.households.unwrap_or(0))).sum()
}

fn count(number: usize) -> Value {
    Value::Whole(i64::try_from(number).unwrap_or(i64::MAX))
}
