//! Equity: supply, use, reliability, success, repair, price and reach by how deprived the areas of the sites are, with the
//! gap between the most and the least deprived fifth of households, and the concentration index.

use std::collections::BTreeSet;

use super::ask::{FEW_EVSES, column_of};
use super::carbon::delivered;
use super::classes::{Class, Classes, Deciles, areas, reach};
use super::fraction::{Fraction, Known, concentration, gap, told};
use super::{Column, Line, Make, PlaceUnit, Report, Scope, Table, TimeUnit, Value};
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
    version: 1,
    columns: &[
        column("households", "count", "Households of the areas, the denominator of the next three."),
        column("areas", "count", "Small areas of the table."),
        column("evses_without_area", "count", "EVSEs at sites whose area is not known; they are in no class."),
        column("evses_in_service", "count", "EVSEs in service, on average over the period."),
        column("kw_in_service", "kW", "Their rated power."),
        column("evses_of_unknown_power", "count", "EVSEs whose power is not registered: not in the power."),
        column("supply", "1/1000", "EVSEs in service for each 1,000 households."),
        column("kw", "kW/1000", "Rated power in service for each 1,000 households."),
        column("use", "kWh/1000", "Energy delivered for each 1,000 households."),
        column("reliability", "ratio", "Strict availability, as in reliability."),
        column("success", "ratio", "Visits that succeeded at the first attempt, as in success."),
        column("repair", "h", "Median time to repair, as in faults."),
        column("price", "p/kWh", "Price for the driver, weighted by energy, where it is one at any time."),
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
    let classes = Classes::read(scope)?;
    let is_one = matches!(scope.place, PlaceUnit::Decile | PlaceUnit::Quintile);
    let mut lines = Vec::new();
    // A class is near to whatever works, not only to what stands in it.
    let near: Vec<BTreeSet<usize>> = (0..scope.buckets.len())
        .map(|bucket| {
            let of_bucket = classes.groups.iter().filter_map(|(_, stretches)| stretches.get(bucket));
            of_bucket.flat_map(|deciles| deciles.values()).flat_map(|class| &class.working).copied().collect()
        })
        .collect();
    for (name, stretches) in &classes.groups {
        for (bucket, deciles) in stretches.iter().enumerate() {
            let all = joined(deciles, |_| true);
            let working = if is_one { near.get(bucket).unwrap_or(&all.working) } else { &all.working };
            let group = Group { bucket, deciles, working };
            lines.push(Line {
                place: name.clone(),
                time: scope.buckets.get(bucket).and_then(|(label, _)| label.clone()),
                evses: all.evses.len(),
                sessions: all.facts[Fact::Sessions],
                values: group.values(scope, &all, is_one)?,
            });
        }
    }
    Ok(lines)
}

/// Some of the classes as one.
fn joined(deciles: &Deciles, wanted: impl Fn(Option<u8>) -> bool) -> Class {
    let mut all = Class::default();
    deciles.iter().filter(|(decile, _)| wanted(**decile)).for_each(|(_, class)| all.join(class));
    all
}

/// A group of sites in a stretch.
struct Group<'a> {
    bucket: usize,
    deciles: &'a Deciles,
    /// The EVSEs that work, from which reach is measured.
    working: &'a BTreeSet<usize>,
}

impl Group<'_> {
    fn values(&self, scope: &mut Scope<'_>, all: &Class, is_one: bool) -> Result<Vec<Value>, StoreError> {
        let span = self.span(scope);
        let mut of: Vec<u8> = Vec::new();
        if is_one {
            of.extend(self.deciles.keys().flatten());
            // A fifth has all of its deciles, also those without a site.
            let fifths: BTreeSet<u8> = of.iter().filter_map(|decile| scope.registry.lsoas.quintile(*decile)).collect();
            if scope.place == PlaceUnit::Quintile {
                of = (1..=10)
                    .filter(|decile| {
                        scope.registry.lsoas.quintile(*decile).is_some_and(|fifth| fifths.contains(&fifth))
                    })
                    .collect();
            }
        }
        let is_nowhere = is_one && of.is_empty();
        let households: i128 = if is_nowhere { 0 } else { households(scope, &of) };
        let areas_of = if is_nowhere { 0 } else { areas(scope.registry, &of).count() };
        let figures = self.figures(scope, all, &of, is_nowhere)?;
        let without = self.deciles.get(&None).map_or(0, |class| class.evses.len());
        let ms = i128::from(span.millis());
        let mut values = vec![
            if households > 0 { whole(households) } else { Value::Null(NO_HOUSEHOLDS) },
            count(areas_of),
            count(without),
            told(Fraction::of(all.facts[Fact::InService].into(), ms, NO_EVSE), 3),
            told(Fraction::of(all.power, ms * 1000, NO_EVSE), 3),
            count(all.unrated.len()),
        ];
        values.extend(figures.iter().zip(PLACES).map(|(figure, places)| told(*figure, places)));
        let [.., price, _, _] = figures;
        let per_km = i128::from(scope.registry.factors.assume.ev_mwh_per_km);
        values.push(told(price.map(|price| price.times(per_km * MILE, 1_000_000_000_000)), 2));
        let home = scope.registry.programme.home_centipence.filter(|home| *home > 0).ok_or(NO_HOME);
        values.push(told(price.and_then(|price| Ok(price.times(100, home?.into()))), 6));
        if is_one {
            values.extend(vec![Value::Null(NOT_ONE); 2 * COMPARED + 2]);
        } else {
            values.extend(self.compared(scope)?);
        }
        Ok(values)
    }

    fn span(&self, scope: &Scope<'_>) -> Span {
        scope.buckets.get(self.bucket).map_or(Span { from: scope.now, until: scope.now }, |(_, span)| *span)
    }

    /// The figures of some classes, over the households of these deciles; of all where none is named.
    fn figures(
        &self,
        scope: &mut Scope<'_>,
        class: &Class,
        deciles: &[u8],
        is_nowhere: bool,
    ) -> Result<Compared, StoreError> {
        let ms = i128::from(self.span(scope).millis());
        let households = if is_nowhere { 0 } else { households(scope, deciles) };
        let evses: Vec<usize> = class.evses.iter().copied().collect();
        let one = [(None, self.span(scope))];
        let mut elsewhere = |report: &str, name: &str| -> Result<Known, StoreError> {
            if evses.is_empty() {
                return Ok(Err(NO_EVSE));
            }
            let found = column_of(&mut scope.over(&one), &evses, report, name)?;
            Ok(found.first().map_or(Err(NO_EVSE), Fraction::read))
        };
        let success = elsewhere("success", "first_attempt_success_rate")?;
        let repair = elsewhere("faults", "median_repair_h")?;
        let facts = &class.facts;
        // No charge point is no energy, and that is known.
        let energy = if evses.is_empty() { Ok(0) } else { delivered(facts) };
        let unrated = class.unrated.len() == class.evses.len() && !evses.is_empty();
        let reached = |metres: f64| {
            if is_nowhere {
                return Err(NO_HOUSEHOLDS);
            }
            let (all, near) = reach(scope, self.working, areas(scope.registry, deciles), metres);
            Fraction::of(near, all, NO_HOUSEHOLDS)
        };
        Ok([
            Fraction::of(i128::from(facts[Fact::InService]) * 1000, ms * households, NO_HOUSEHOLDS),
            if unrated { Err(NO_POWER) } else { Fraction::of(class.power, ms * households, NO_HOUSEHOLDS) },
            energy.and_then(|energy| Fraction::of(i128::from(energy), households * 1000, NO_HOUSEHOLDS)),
            Fraction::of(
                facts[Fact::Up].into(),
                (facts[Fact::Up] + facts[Fact::Down] + facts[Fact::Unknown]).into(),
                NO_TIME,
            ),
            success,
            repair,
            Fraction::of(class.paid, class.priced * 100, NO_PRICE),
            reached(400.0),
            reached(800.0),
        ])
    }

    /// The gaps and indices.
    fn compared(&self, scope: &mut Scope<'_>) -> Result<Vec<Value>, StoreError> {
        let table = scope.registry.lsoas.clone();
        let fifth = |scope: &mut Scope<'_>, number: u8| -> Result<(Compared, usize), StoreError> {
            let deciles: Vec<u8> = (1..=10).filter(|decile| table.quintile(*decile) == Some(number)).collect();
            let class = joined(self.deciles, |decile| decile.is_some_and(|decile| deciles.contains(&decile)));
            Ok((self.figures(scope, &class, &deciles, deciles.is_empty())?, class.evses.len()))
        };
        let ((most, evses_most), (least, evses_least)) = (fifth(scope, 1)?, fifth(scope, 5)?);
        let few = scope.suppress && evses_most.min(evses_least) < FEW_EVSES;
        let mut classes: Vec<(Compared, i64)> = Vec::new();
        let empty = Class::default();
        for decile in 1..=10 {
            let households = i64::try_from(households(scope, &[decile])).unwrap_or(0);
            let class = self.deciles.get(&Some(decile)).unwrap_or(&empty);
            classes.push((self.figures(scope, class, &[decile], false)?, households));
        }
        let of = |index: usize| -> Vec<(Known, i64)> {
            let figure = |figures: &Compared| figures.get(index).copied().unwrap_or(Err(NO_EVSE));
            classes.iter().map(|(figures, households)| (figure(figures), *households)).collect()
        };
        let mut values: Vec<Value> = most.into_iter().zip(least).map(|(most, least)| gap(most, least)).collect();
        values.extend((0..COMPARED).map(|index| concentration(&of(index))));
        values.extend([count(evses_most), count(evses_least)]);
        if few {
            values.iter_mut().for_each(|value| *value = Value::Null("small cell"));
        }
        Ok(values)
    }
}

/// Households of the areas of some deciles; of all where none is named.
fn households(scope: &Scope<'_>, deciles: &[u8]) -> i128 {
    areas(scope.registry, deciles).map(|area| i128::from(area.households.unwrap_or(0))).sum()
}

fn whole(number: i128) -> Value {
    Value::Whole(i64::try_from(number).unwrap_or(i64::MAX))
}

fn count(number: usize) -> Value {
    Value::Whole(i64::try_from(number).unwrap_or(i64::MAX))
}
