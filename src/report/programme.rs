//! The programme's indicators, a line each, with the metadata that monitors paste. Values come from the other reports, so that
//! no figure is defined twice; what the ledger cannot know comes from `registry.programme_file`.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::lines_of;
use super::equity;
use super::fraction::{Fraction, Known, told};
use super::indicators::{self, From, INDICATORS, Indicator};
use super::tally::Summed;
use super::{Column, Line, Make, PlaceUnit, Report, Scope, Table, TimeUnit, Value, named};
use crate::config::programme::{AIM_PLACES, Aim};
use crate::domain::service::{Fact, Facts};
use crate::domain::time::Span;
use crate::store::StoreError;
use crate::store::figures::Detail;

/// The report of which no indicator asks for what takes it long.
const EQUITY: &str = equity::REPORT.name;

/// Why there is nothing.
const NO_RESIDENTS: &str = "the residents of the area are not configured (registry.programme_file)";
const NO_EVSE: &str = "no EVSE was in service";
const NO_POWER: &str = "no EVSE with a registered power was in service";
const NO_COLUMN: &str = "there is no report with such a figure";
const NO_FIFTH: &str = "no site lies in this fifth";
const NOT_SAID: &str = "not configured (registry.programme_file)";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "programme",
    about: "Indicators NZ1 to NZ13 of the climate programme, a line each, with definition, source, direction and targets.",
    version: 1,
    columns: &[
        column("indicator", "text", "Its code; behind a point the part of it."),
        column(
            "part",
            "text",
            "The class that the line is about, where an indicator has several: q1 is the most deprived.",
        ),
        column("value", "number", "The value, in the unit of the line."),
        column("unit", "text", "Its unit."),
        column("name", "text", "Its name."),
        column("definition", "text", "What it is."),
        column("calculation", "text", "How it is made."),
        column("method", "text", "The report whose method holds, and the version of that."),
        column(
            "kind",
            "text",
            "Where it lies on the way from deeds to effects: output, outcome, quality, direct, indirect.",
        ),
        column("domain", "text", "The sector of a direct effect, or the domain of an indirect one."),
        column("direction", "text", "What is better."),
        column("useful_for", "text", "What is decided by it."),
        column("captured_by", "text", "Whether a platform such as CDP or the Covenant of Mayors has it already."),
        column("other_systems", "text", "Which other systems of indicators use it."),
        column("data_source", "text", "Where it comes from."),
        column("level", "text", "local, regional or national."),
        column("availability", "text", "When it is there."),
        column("collection_interval", "text", "How often it can be had."),
        column("reference", "text", "Where its method is written down."),
        column("baseline_year", "year", "The year of the baseline."),
        column("baseline", "number", "The value in that year."),
        column("target_2025", "number", "Target for 2025."),
        column("target_2027", "number", "Target for 2027."),
        column("target_2030", "number", "Target for 2030."),
        column("area_name", "text", "The area."),
        column("area_type", "text", "Its kind."),
        column("area_code", "text", "Its code."),
        column("from", "time", "From when it is about."),
        column("until", "time", "Until when."),
    ],
    places: &[PlaceUnit::Network],
    times: &[TimeUnit::Month],
    of_sessions: true,
    factors: &[Table::EmissionFactors, Table::CarbonIntensity, Table::SmallAreas, Table::Programme],
    make: Make::Ledger(make),
};

const fn column(name: &'static str, unit: &'static str, about: &'static str) -> Column {
    Column { name, unit, about }
}

/// A value of an indicator, and the class that it is about.
type Part = (Option<String>, Known);

fn make(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    let buckets = scope.buckets;
    let (mut lines, mut whole) = (Vec::new(), Facts::default());
    for (label, span) in buckets {
        let one = [(label.clone(), *span)];
        let mut of = scope.over(&one);
        // All indicators are made from the same facts.
        let summed = Summed::read(&mut of, Detail { outcomes: true, ..Detail::DEMAND })?;
        let mut of = of.with(&summed);
        let (stock, mut sources) = (Stock::read(&mut of)?, Sources::default());
        of.whole.iter().for_each(|of_bucket| whole.add_sums(of_bucket));
        for indicator in INDICATORS {
            for (part, value) in sources.parts(&mut of, indicator, &stock)? {
                lines.push(Line {
                    place: Vec::new(),
                    time: label.clone(),
                    evses: stock.evses,
                    sessions: stock.sessions,
                    values: values(&of, indicator, part, value, *span),
                });
            }
        }
    }
    scope.whole = Some(whole);
    Ok(lines)
}

/// What there was of EVSEs, in milliseconds in service.
#[derive(Default)]
struct Stock {
    evses: usize,
    sessions: i64,
    /// In service by rated watts, of those that are registered.
    by_power: Vec<(u32, i64)>,
    registered: i64,
    accessible: i64,
}

impl Stock {
    fn read(scope: &mut Scope<'_>) -> Result<Self, StoreError> {
        let spans: Vec<Span> = scope.buckets.iter().map(|(_, span)| *span).collect();
        let (mut found, mut whole) = (Self::default(), Facts::default());
        let (network, registry) = (scope.network, scope.registry);
        let mut seen = BTreeSet::new();
        scope.tally(&spans, Detail::SUMS, &mut |index, _, facts| {
            whole.add_sums(facts);
            let Some(evse) = network.evses.get(index) else { return };
            let ms = facts[Fact::InService];
            found.sessions += facts[Fact::Sessions];
            if ms > 0 || facts[Fact::Sessions] > 0 {
                seen.insert(index);
            }
            found.by_power.extend(evse.rated_w.map(|watts| (watts, ms)));
            let charger = registry.chargers.get(&evse.charger);
            if let Some(listed) = charger.and_then(|charger| charger.evses.iter().find(|one| one.id == evse.number)) {
                found.registered += ms;
                found.accessible += if listed.pas_1899 { ms } else { 0 };
            }
        })?;
        found.evses = seen.len();
        scope.whole = Some(whole);
        Ok(found)
    }

    fn at_least(&self, watts: u32) -> Known {
        let sum = |least: u32| -> i128 {
            self.by_power.iter().filter(|(rated, _)| *rated >= least).map(|(_, ms)| i128::from(*ms)).sum()
        };
        Fraction::of(sum(watts) * 100, sum(0), NO_POWER)
    }
}

/// The lines of other reports about the network, and of equity by fifth, each made once.
#[derive(Default)]
struct Sources {
    network: BTreeMap<&'static str, Vec<Value>>,
    fifths: Option<Vec<Line>>,
}

impl Sources {
    fn column(&mut self, scope: &mut Scope<'_>, report: &'static str, column: &str) -> Result<Known, StoreError> {
        let Some(index) = place_of(report, column) else { return Ok(Err(NO_COLUMN)) };
        if let (false, Some(report)) = (self.network.contains_key(report), named(report)) {
            let scope = &mut scope.by(PlaceUnit::Network);
            let lines = match report.name {
                EQUITY => equity::lines(scope, false),
                _ => lines_of(report, scope),
            }?;
            let values = lines.into_iter().next().map(|line| line.values).unwrap_or_default();
            self.network.insert(report.name, values);
        }
        let value = self.network.get(report).and_then(|values| values.get(index));
        Ok(value.map_or(Err(NO_EVSE), Fraction::read))
    }

    /// A column of equity for each fifth of households.
    fn by_fifth(&mut self, scope: &mut Scope<'_>, column: &str) -> Result<Vec<Part>, StoreError> {
        let Some(index) = place_of(EQUITY, column) else { return Ok(Vec::new()) };
        if self.fifths.is_none() {
            self.fifths = Some(equity::lines(&mut scope.by(PlaceUnit::Quintile), false)?);
        }
        let lines = self.fifths.as_deref().unwrap_or_default();
        let of = |fifth: i64| -> Known {
            let line = lines.iter().find(|line| line.place == [Value::Whole(fifth)]).ok_or(NO_FIFTH)?;
            Ok(Fraction::read(line.values.get(index).ok_or(NO_FIFTH)?)?.times(100, 1))
        };
        Ok((1..=5).map(|fifth| (Some(format!("q{fifth}")), of(fifth))).collect())
    }

    /// The values of an indicator.
    fn parts(&mut self, scope: &mut Scope<'_>, of: &Indicator, stock: &Stock) -> Result<Vec<Part>, StoreError> {
        let value = match of.from {
            From::Column { report, column, times, by } => {
                self.column(scope, report, column)?.map(|value| value.times(times, by))
            }
            From::PerResident { report, column } => {
                let residents = scope.registry.programme.residents.ok_or(NO_RESIDENTS);
                self.column(scope, report, column)?.and_then(|value| Ok(value.times(1000, residents?.into())))
            }
            From::AtLeast(watts) => stock.at_least(watts),
            From::Accessible => Fraction::of(i128::from(stock.accessible) * 100, stock.registered.into(), NO_EVSE),
            From::Quintiles(column) => return self.by_fifth(scope, column),
        };
        Ok(vec![(None, value)])
    }
}

/// Where a column of a report stands.
fn place_of(report: &str, column: &str) -> Option<usize> {
    named(report)?.columns.iter().position(|known| known.name == column)
}

/// The report whose method holds, and its version.
fn method(of: &Indicator) -> String {
    let report = match of.from {
        From::Column { report, .. } | From::PerResident { report, .. } => named(report),
        From::Quintiles(_) => named(EQUITY),
        From::AtLeast(_) | From::Accessible => Some(&REPORT),
    };
    report.map_or_else(String::new, |report| format!("{} {}", report.name, report.version))
}

fn values(scope: &Scope<'_>, of: &Indicator, part: Option<String>, value: Known, span: Span) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let said = |text: &Option<String>| text.clone().map_or(Value::Null(NOT_SAID), Value::Text);
    let programme = &scope.registry.programme;
    let aim = programme.aims.get(of.id).copied().unwrap_or_else(Aim::default);
    let aimed =
        |value: Option<i64>| value.map_or(Value::Null(NOT_SAID), |value| Value::Decimal(value.into(), AIM_PLACES));
    let mut values = vec![
        text(of.id),
        part.map_or(Value::Null("it has one part"), Value::Text),
        told(value, of.places),
        text(of.unit),
        text(of.name),
        text(of.definition),
        text(of.calculation),
        Value::Text(method(of)),
        text(of.way.kind),
        text(of.way.domain),
        text(of.way.direction.word()),
        text(of.useful_for),
        text(indicators::NOT_KNOWN),
        text(indicators::NOT_KNOWN),
        text(indicators::DATA_SOURCE),
        text(indicators::LEVEL),
        text(indicators::AVAILABILITY),
        text(indicators::INTERVAL),
        text(indicators::REFERENCE),
        aim.baseline_year.map_or(Value::Null(NOT_SAID), Value::Whole),
        aimed(aim.baseline),
    ];
    values.extend(aim.targets.map(aimed));
    values.extend([said(&programme.area_name), said(&programme.area_type), said(&programme.area_code)]);
    values.extend([Value::Time(span.from), Value::Time(span.until)]);
    values
}
