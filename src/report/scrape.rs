//! Figures for a programme's Prometheus: columns of reports as samples with few labels, over trailing periods. No charger,
//! no session, no person; small cells have no sample, whoever asks.
//!
//! A figure is a row of [`SHOWN`]. Its series are those of the network, of sites and of deciles, as far as its report can
//! be grouped so.

use std::fmt::Write;

use chrono::{Days, NaiveDate};

use super::ask::Answer;
use super::{Ask, Line, PlaceUnit, Report, Value, named};
use crate::domain::time::At;

/// A column that is shown, and its name.
pub struct Shown {
    /// The report.
    pub report: &'static str,
    /// Its column, or `evses`, which each report has.
    pub column: &'static str,
    /// Its name behind `chargewatch_programme_`.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
}

macro_rules! shown {
    ($($report:literal $column:literal $name:literal $about:literal;)*) => {
        /// What the page shows, in its order.
        pub const SHOWN: &[Shown] =
            &[$(Shown { report: $report, column: $column, name: $name, about: $about }),*];
    };
}

shown! {
    "reliability" "evses" "evses" "EVSEs in service in the period.";
    "reliability" "uk" "reliability_uk_ratio" "Reliability of all EVSEs by the formula of the 99 % rule.";
    "reliability" "uk_rapid" "reliability_uk_rapid_ratio" "Reliability of EVSEs of 50 kW or more, which the 99 % rule binds.";
    "reliability" "strict" "reliability_strict_ratio" "Strict availability: offline counts as down.";
    "reliability" "observed" "reliability_observed_ratio" "Share of the time in which something was heard.";
    "reliability" "budget_left_s" "reliability_budget_left_seconds" "Downtime that EVSEs may still spend before they are below 99 %.";
    "reliability" "budget_left_rapid_s" "reliability_budget_left_rapid_seconds" "Downtime that EVSEs of 50 kW or more may still spend before they are below 99 %.";
    "reliability" "down_s" "reliability_down_seconds" "Time in which EVSEs were down while their sites were open.";
    "reliability" "counted_s" "reliability_counted_seconds" "Time of EVSEs in service while their sites were open.";
    "energy" "energy_wh" "energy_wh" "Energy delivered in the period, whenever its session began, in watt-hours.";
    "energy" "valid_sessions" "sessions_valid" "Sessions that began in the period and delivered energy.";
    "utilisation" "util_occupied" "utilisation_occupied_ratio" "Share of the time in service in which a vehicle was there.";
    "utilisation" "util_charging" "utilisation_charging_ratio" "Share of the time in service in which energy flowed.";
    "utilisation" "idle_ratio" "utilisation_idle_ratio" "Of the time in use, that after energy last flowed.";
    "faults" "failures" "faults_failures" "Failures that began in the period.";
    "faults" "mtbf_h" "faults_between_mean_seconds" "Mean time at work between failures.";
    "faults" "mttr_h" "faults_repair_mean_seconds" "Mean time to repair.";
    "success" "visit_success" "success_visit_ratio" "Visits of which an attempt succeeded.";
    "success" "first_attempt_success_rate" "success_first_attempt_ratio" "Visits of which the first attempt succeeded.";
    "success" "visits" "success_visits" "Visits that began in the period.";
    "carbon" "net_ttw_kg" "carbon_avoided_ttw_grams" "Greenhouse gas avoided, tank to wheel: a reference car over the same kilometres, less the electricity.";
    "carbon" "net_wtw_kg" "carbon_avoided_wtw_grams" "Greenhouse gas avoided, well to wheel: with fuels on their way.";
    "carbon" "low_carbon_share" "carbon_low_ratio" "Share of the energy that flowed in the third of half-hours that emitted least.";
    "equity" "supply" "equity_evses_per_1000_households" "EVSEs in service for each 1,000 households.";
    "equity" "reach_800m" "equity_reach_800m_ratio" "Households whose area has its centre within 800 m of an EVSE that works.";
    "equity" "supply_gap" "equity_supply_gap_ratio" "Supply of the most deprived fifth by that of the least deprived.";
    "equity" "use_gap" "equity_use_gap_ratio" "Energy for each 1,000 households, the most deprived fifth by the least deprived.";
    "equity" "reliability_gap" "equity_reliability_gap_ratio" "Strict availability of the most deprived fifth by that of the least deprived.";
}

/// The periods: so many whole local days before today, or the present year up to now.
const PERIODS: [(&str, Option<u64>); 4] = [("day", Some(1)), ("week", Some(7)), ("month", Some(30)), ("year", None)];

/// The places, each with what stands before the name of a figure.
const PLACES: [(PlaceUnit, &str); 3] =
    [(PlaceUnit::Network, ""), (PlaceUnit::Site, "site_"), (PlaceUnit::Decile, "decile_")];

/// A report that has to be asked for the page.
pub struct Question {
    /// Which.
    pub report: &'static Report,
    /// What it is asked.
    pub ask: Ask,
    period: &'static str,
    place: usize,
}

/// The questions on a local day. Each can be answered from a state of the ledger of its own, so none is held for long.
pub fn questions(today: NaiveDate) -> Vec<Question> {
    let mut reports: Vec<&'static Report> = SHOWN.iter().filter_map(|shown| named(shown.report)).collect();
    reports.dedup_by_key(|report| report.name);
    let mut questions = Vec::new();
    for report in reports {
        for (place, (unit, _)) in PLACES.iter().enumerate().filter(|(_, (unit, _))| report.places.contains(unit)) {
            for (period, days) in PERIODS {
                let from = days.and_then(|days| today.checked_sub_days(Days::new(days)));
                let ask = Ask {
                    from: from.map(|day| day.to_string()),
                    to: from.map(|_| today.to_string()),
                    group_by: Some(unit.word().to_owned()),
                    suppress: true,
                    ..Ask::default()
                };
                questions.push(Question { report, ask, period, place });
            }
        }
    }
    questions
}

/// The page while it is made.
#[derive(Default)]
pub struct Page {
    /// The samples of each figure, by place.
    families: [Vec<String>; PLACES.len()],
    simulated: bool,
}

impl Page {
    /// Takes what is shown of an answer.
    pub fn take(&mut self, question: &Question, answer: &Answer) {
        self.simulated |= answer.is_simulated;
        let Some(families) = self.families.get_mut(question.place) else { return };
        families.resize_with(SHOWN.len(), String::new);
        for (shown, samples) in SHOWN.iter().zip(families).filter(|(shown, _)| shown.report == question.report.name) {
            let name = full_name(question.place, shown.name);
            for line in &answer.lines {
                let Some(value) = cell(question.report, line, shown.column).as_ref().and_then(number) else { continue };
                let labels = answer.place.columns().iter().zip(&line.place);
                let labels: String = labels.map(|(name, value)| format!("{name}=\"{}\",", escaped(value))).collect();
                // Writing to a String cannot fail.
                writeln!(samples, "{name}{{{labels}period=\"{}\"}} {value}", question.period).ok();
            }
        }
    }

    /// The page in the text format of Prometheus.
    pub fn text(&self, made: At) -> String {
        let mut page = String::new();
        let mut family = |name: &str, about: &str, samples: &str| {
            write!(page, "# HELP {name} {about}\n# TYPE {name} gauge\n{samples}").ok();
        };
        for (place, families) in self.families.iter().enumerate() {
            for (shown, samples) in SHOWN.iter().zip(families).filter(|(_, samples)| !samples.is_empty()) {
                family(&full_name(place, shown.name), shown.about, samples);
            }
        }
        let name = "chargewatch_programme_simulated";
        family(
            name,
            "1 while some of the chargers are simulated, else 0.",
            &format!("{name} {}\n", u8::from(self.simulated)),
        );
        let name = "chargewatch_programme_made_timestamp_seconds";
        family(name, "When these figures were made.", &format!("{name} {}\n", made.millis() / 1000));
        page
    }
}

/// A column of a line.
fn cell(report: &Report, line: &Line, column: &str) -> Option<Value> {
    if column == "evses" {
        return Some(Value::Whole(i64::try_from(line.evses).unwrap_or(i64::MAX)));
    }
    let at = report.columns.iter().position(|known| known.name == column)?;
    let (value, units) = (line.values.get(at)?, base_units(report.columns.get(at)?.unit));
    Some(match value {
        Value::Whole(number) => Value::Decimal(i128::from(*number) * units, 0),
        Value::Decimal(number, places) => Value::Decimal(number * units, *places),
        Value::Null(_) | Value::Text(_) | Value::Bool(_) | Value::Time(_) => value.clone(),
    })
}

/// How many base units of Prometheus make one of this unit.
fn base_units(unit: &str) -> i128 {
    match unit {
        "h" => 3600,
        "kgCO2e" => 1000,
        _ => 1,
    }
}

fn full_name(place: usize, name: &str) -> String {
    let before = PLACES.get(place).map_or("", |(_, before)| before);
    format!("chargewatch_programme_{before}{name}")
}

/// A value that is a number. What is not known has no sample.
fn number(value: &Value) -> Option<String> {
    match value {
        Value::Whole(_) | Value::Decimal(..) => Some(value.to_string()),
        Value::Bool(yes) => Some(u8::from(*yes).to_string()),
        Value::Null(_) | Value::Text(_) | Value::Time(_) => None,
    }
}

/// A label's value.
fn escaped(value: &Value) -> String {
    // What has no name is what the registry does not know.
    let text = if value.reason().is_some() { "unregistered".to_owned() } else { value.to_string() };
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
