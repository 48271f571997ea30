//! Carbon: what the delivered energy emitted, what the reference car would have emitted over the same kilometres, and the
//! difference, by two boundaries, with the factors of the year in which the energy flowed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::ask::unheard;
use super::emissions::{Boundary, Emissions, Energy, net};
use super::groups::Groups;
use super::half_hours::{Judged, Timed, timed};
use super::{Column, Line, Make, PlaceUnit, Report, Scope, Table, TimeUnit, Value};
use crate::config::factors::Of;
use crate::domain::opening::{local_day, midnight};
use crate::domain::service::{Fact, Facts};
use crate::domain::time::Span;
use crate::store::StoreError;
use crate::store::figures::Detail;

/// Why half-hourly figures are not there.
const NO_INTENSITY: &str = "no file of half-hourly carbon intensity is set (registry.intensity_file)";
const NO_HALF_HOUR: &str = "no energy flowed in a half-hour whose intensity is known";
const NO_ENERGY: &str = "no energy was delivered";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "carbon",
    about: "Greenhouse gas of the energy delivered, of the reference car over the same kilometres, and what is avoided: \
            attributed to the charge points' energy, which is not the same as caused by them.",
    version: 1,
    columns: &[
        column("energy_wh", "Wh", "Energy delivered in the period, at the charge points."),
        column("sessions_unmetered", "count", "Sessions without a known energy: they are in no other figure."),
        column("km", "km", "Kilometres that the energy drives."),
        column("gross_ttw_kg", "kgCO2e", "What the reference car would have emitted over them, at its tailpipe."),
        column(
            "electricity_ttw_kg",
            "kgCO2e",
            "What the electricity emitted, with losses in the grid: annual factors.",
        ),
        column("net_ttw_kg", "kgCO2e", "Avoided, tank to wheel: gross less electricity."),
        column("net_adjusted_ttw_kg", "kgCO2e", "The same, less the share of kilometres that replaced no such car."),
        column("gross_wtw_kg", "kgCO2e", "Gross, with the fuel on its way (well to wheel)."),
        column("electricity_wtw_kg", "kgCO2e", "Electricity, with the fuels of its generation on their way."),
        column("net_wtw_kg", "kgCO2e", "Avoided, well to wheel."),
        column("net_adjusted_wtw_kg", "kgCO2e", "The same, less the share of kilometres that replaced no such car."),
        column("electricity_market_kg", "kgCO2e", "Electricity by the supplier's own factor, with losses in the grid."),
        column("net_market_kg", "kgCO2e", "Gross at the tailpipe less market-based electricity."),
        column(
            "electricity_half_hourly_ttw_kg",
            "kgCO2e",
            "Electricity by the intensity of each half-hour; by the annual factor where it is not known.",
        ),
        column("net_half_hourly_ttw_kg", "kgCO2e", "Avoided by half-hours, tank to wheel."),
        column("electricity_half_hourly_wtw_kg", "kgCO2e", "The same electricity, with fuels on their way."),
        column("net_half_hourly_wtw_kg", "kgCO2e", "Avoided by half-hours, well to wheel."),
        column("half_hourly_share", "ratio", "Share of the energy that flowed in half-hours whose intensity is known."),
        column("half_hours_missing", "count", "Half-hours with energy whose intensity is not known."),
        column(
            "low_carbon_share",
            "ratio",
            "Of the energy in half-hours with known intensity: that in the third of them that emitted least.",
        ),
        column("nox_avoided_kg", "kg", "Nitrogen oxides that the reference car would have left at its tailpipe."),
        column("pm_avoided_kg", "kg", "Particles that the reference car would have left at its tailpipe."),
        column("method", "text", "annual, half_hourly, or mixed where the intensity of some half-hours is not known."),
        column("editions", "text", "The years of the factors that were used."),
        column("edition_fits", "flag", "Whether each year's energy was judged by factors of that year."),
        column("factors_verified", "flag", "Whether all factors were compared with their publication."),
        column("factors_used", "text", "The factors and assumptions."),
    ],
    places: &PlaceUnit::ALL,
    times: &TimeUnit::ALL,
    of_sessions: true,
    factors: &[Table::EmissionFactors, Table::CarbonIntensity],
    make: Make::Ledger(make),
};

const fn column(name: &'static str, unit: &'static str, about: &'static str) -> Column {
    Column { name, unit, about }
}

fn make(scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    let (parts, groups) = (Parts::of(scope), Groups::of(scope.network, scope.place));
    let stretches = scope.buckets.len();
    let mut sums = vec![Sum::default(); groups.names.len() * stretches];
    let place = |evse: usize, part: usize| {
        let (bucket, year) = parts.places.get(part)?;
        Some((groups.of.get(evse)? * stretches + bucket, *year))
    };
    let mut whole = Facts::default();
    scope.tally(&parts.spans, Detail::SUMS, &mut |evse, part, facts| {
        whole.add_sums(facts);
        let found = place(evse, part);
        if let Some((sum, year)) = found.and_then(|(index, year)| Some((sums.get_mut(index)?, year))) {
            sum.add(evse, year, facts);
        }
    })?;
    scope.whole = Some(whole);
    timed(scope, &parts.judged, &mut |evse, part, timed| {
        let found = place(evse, part);
        if let Some((sum, year)) = found.and_then(|(index, year)| Some((sums.get_mut(index)?, year))) {
            sum.time(year, timed);
        }
    })?;
    let mut lines = Vec::with_capacity(sums.len());
    for (name, sums) in groups.names.iter().zip(sums.chunks(stretches.max(1))) {
        for (sum, (label, _)) in sums.iter().zip(scope.buckets) {
            lines.push(Line {
                place: name.clone(),
                time: label.clone(),
                evses: sum.evses.len(),
                sessions: sum.facts[Fact::Sessions],
                values: sum.values(scope),
            });
        }
    }
    Ok(lines)
}

/// The stretches of a report, cut where a local year ends: the factors of each part are those of its year.
#[derive(Default)]
struct Parts {
    spans: Vec<Span>,
    /// The same, with what was little carbon in the stretch of the report.
    judged: Vec<Judged>,
    /// Which stretch of the report each belongs to, and its year.
    places: Vec<(usize, i32)>,
}

impl Parts {
    fn of(scope: &Scope<'_>) -> Self {
        let mut found = Self::default();
        for (bucket, (_, span)) in scope.buckets.iter().enumerate() {
            let low = scope.registry.intensity.lowest_third(*span);
            let mut from = span.from;
            while from < span.until {
                let year = local_day(from, scope.zone).year();
                let next = NaiveDate::from_ymd_opt(year + 1, 1, 1).map(|day| midnight(day, scope.zone));
                let until = next.filter(|next| *next > from).unwrap_or(span.until).min(span.until);
                found.spans.push(Span { from, until });
                found.judged.push((Span { from, until }, low));
                found.places.push((bucket, year));
                from = until;
            }
        }
        found
    }
}

/// What a line is made from.
#[derive(Clone, Default)]
struct Sum {
    evses: BTreeSet<usize>,
    facts: Facts,
    years: BTreeMap<i32, Energy>,
    timed: Timed,
}

impl Sum {
    fn add(&mut self, evse: usize, year: i32, facts: &Facts) {
        if facts[Fact::InService] > 0 || facts[Fact::Sessions] > 0 || facts[Fact::Energy] != 0 {
            self.evses.insert(evse);
        }
        self.facts += facts;
        self.years.entry(year).or_default().all += facts[Fact::Energy];
    }

    fn time(&mut self, year: i32, timed: &Timed) {
        let energy = self.years.entry(year).or_default();
        energy.timed += timed.energy;
        energy.grid += timed.grid;
        self.timed += timed;
    }

    fn values(&self, scope: &Scope<'_>) -> Vec<Value> {
        let energy = match delivered(&self.facts) {
            Ok(energy) => energy,
            Err(reason) => return REPORT.columns.iter().map(|_| Value::Null(reason)).collect(),
        };
        let has_losses = scope.registry.intensity.has_losses;
        let of = Emissions::of(&scope.registry.factors, self.years.clone()).with_losses_in_intensity(has_losses);
        let (ttw, wtw) = (Boundary::TankToWheel, Boundary::WellToWheel);
        let saved = |boundary| net(of.gross(boundary), of.electricity(boundary));
        let (told, verified) = of.used();
        let mut values = vec![
            Value::milli(energy),
            Value::Whole(self.facts[Fact::SessionsUnmetered]),
            of.kilometres(),
            of.kg(of.gross(ttw)),
            of.kg(of.electricity(ttw)),
            of.kg(saved(ttw)),
            of.adjusted(saved(ttw)),
            of.kg(of.gross(wtw)),
            of.kg(of.electricity(wtw)),
            of.kg(saved(wtw)),
            of.adjusted(saved(wtw)),
            of.kg(of.market()),
            of.kg(net(of.gross(ttw), of.market())),
        ];
        values.extend(self.half_hourly(&of, energy, scope.registry.intensity.version.is_some()));
        values.extend([of.pollutant(Of::Nox), of.pollutant(Of::Particles)]);
        values.extend([
            Value::Text(self.method(energy).to_owned()),
            Value::Text(of.editions().iter().map(u16::to_string).collect::<Vec<_>>().join(", ")),
            Value::Bool(of.fits()),
            Value::Bool(verified),
            Value::Text(told),
        ]);
        values
    }

    /// The figures by half-hours.
    fn half_hourly(&self, of: &Emissions<'_>, energy: i64, is_set: bool) -> Vec<Value> {
        if !is_set {
            return vec![Value::Null(NO_INTENSITY); 7];
        }
        let by_boundary = [Boundary::TankToWheel, Boundary::WellToWheel].into_iter().flat_map(|boundary| {
            [of.kg(of.half_hourly(boundary)), of.kg(net(of.gross(boundary), of.half_hourly(boundary)))]
        });
        let mut values: Vec<Value> = by_boundary.collect();
        values.extend([
            Value::ratio(self.timed.energy, energy, NO_ENERGY),
            Value::Whole(i64::try_from(self.timed.missing.len()).unwrap_or(i64::MAX)),
            Value::ratio(self.timed.low, self.timed.energy, NO_HALF_HOUR),
        ]);
        values
    }

    const fn method(&self, energy: i64) -> &'static str {
        match self.timed.energy {
            0 => "annual",
            timed if timed == energy => "half_hourly",
            _ => "mixed",
        }
    }
}

/// The energy that was delivered, or why nobody knows: nothing was heard, or no session has a known energy.
pub(super) fn delivered(facts: &Facts) -> Result<i64, &'static str> {
    let (energy, sessions) = (facts[Fact::Energy], facts[Fact::Sessions]);
    if energy == 0 && sessions > 0 && sessions == facts[Fact::SessionsUnmetered] {
        return Err("no session of the period has a known energy");
    }
    if energy == 0 && sessions == 0 && facts[Fact::Counted] <= unheard(facts) {
        return Err("nothing was in service and heard, and no session is known");
    }
    Ok(energy)
}
