//! Reliability: the UK rule in both readings, strict availability, NEVI, and what was seen at all, side by side.
//! Formulas and their sources stand in `METHOD.md`.

use chrono::Months;

use super::ask::unheard;
use super::{Group, Make, PlaceUnit, Report, Rules, TimeUnit, Value, column};
use crate::domain::opening::{local_day, midnight};
use crate::domain::service::{Fact, Facts};
use crate::domain::time::Span;
use chrono_tz::Tz;

/// What there is to divide by when there is nothing.
const NOTHING: &str = "nothing was in service and measurable";

/// NEVI counts every year with so many minutes.
const NEVI_YEAR_MS: i64 = 525_600 * 60_000;

/// The report.
pub(super) const REPORT: Report = Report {
    name: "reliability",
    about: "Reliability by the UK rule in both readings, strict availability, NEVI uptime, and the time behind them.",
    version: 1,
    columns: &[
        column(
            "uk",
            "ratio",
            "UK guidance formula: 1 − down / (T − exempt). All EVSEs, also those that the rule does not bind.",
        ),
        column("uk_rapid", "ratio", "The same over EVSEs of 50 kW or more alone: the figure that must reach 0.99."),
        column("uk_literal", "ratio", "Regulation 7(3) read literally: 1 − down / T."),
        column("strict", "ratio", "Strict availability: up / (T − entries − our outages). Offline counts as down."),
        column(
            "nevi",
            "ratio",
            "NEVI uptime of the average port: (N − (outage − excluded)) / N, with N = 525,600 minutes for a year.",
        ),
        column(
            "observed",
            "ratio",
            "Share of T in which something was heard. Below 0.98 the other figures say little.",
        ),
        column("fit", "flag", "Whether observed is at least 0.98."),
        column("budget_left_s", "s", "Downtime that may still be spent: 0.01 · (T − exempt) − down."),
        column("budget_left_rapid_s", "s", "The same over EVSEs of 50 kW or more."),
        column("under_uk_rule", "count", "EVSEs of 50 kW or more: those that the 99 % rule binds."),
        column("power_unknown", "count", "EVSEs whose rated power is not registered."),
        column("counted_s", "s", "T: in service while the site is open."),
        column("up_s", "s", "Of T: available, in use or reserved."),
        column("down_s", "s", "Of T: inoperative or out of order."),
        column("planned_down_s", "s", "Of down: during planned work."),
        column("unknown_s", "s", "Of T: not heard, the charger's or the link's doing."),
        column("our_outage_s", "s", "Of T: not heard because chargewatch was not running."),
        column("blocked_s", "s", "Of T: blocked, as an operator entered."),
        column("exempted_s", "s", "Of T: exempted, as an operator entered."),
        column("in_service_s", "s", "In service, open or closed."),
    ],
    places: &PlaceUnit::ALL,
    times: &TimeUnit::ALL,
    of_sessions: false,
    factors: &[],
    make: Make::Facts(fold),
};

fn fold(group: &Group<'_>) -> Vec<Value> {
    let (facts, rapid) = (group.facts, group.rapid);
    let seconds = |fact: Fact| Value::seconds(facts[fact]);
    let count = |wanted: Option<bool>| {
        let found = group.evses.iter().filter(|evse| evse.is_rapid() == wanted).count();
        Value::Whole(i64::try_from(found).unwrap_or(i64::MAX))
    };
    let (counted, seen) = (facts[Fact::Counted], facts[Fact::Counted] - unheard(facts));
    let fit = if counted > 0 { Value::Bool(seen * 100 >= counted * 98) } else { Value::Null(NOTHING) };
    vec![
        uk(facts, group.rules),
        if rapid[Fact::InService] == 0 {
            Value::Null("no EVSE of 50 kW or more was in service")
        } else {
            uk(rapid, group.rules)
        },
        Value::ratio(counted - down(facts, group.rules), counted, NOTHING),
        strict(facts),
        nevi(facts, group.evses.len(), group.bucket, group.zone),
        Value::ratio(seen, counted, NOTHING),
        fit,
        budget(facts, group.rules),
        if rapid[Fact::InService] == 0 {
            Value::Null("no EVSE of 50 kW or more was in service")
        } else {
            budget(rapid, group.rules)
        },
        count(Some(true)),
        count(None),
        seconds(Fact::Counted),
        seconds(Fact::Up),
        seconds(Fact::Down),
        seconds(Fact::PlannedDown),
        seconds(Fact::Unknown),
        seconds(Fact::Ours),
        seconds(Fact::Blocked),
        seconds(Fact::Exempt),
        seconds(Fact::InService),
    ]
}

/// Down, as the UK figures count it.
fn down(facts: &Facts, rules: Rules) -> i64 {
    facts[Fact::Down] - if rules.planned_work_is_exempt { facts[Fact::PlannedDown] } else { 0 }
}

/// T less what is ineligible for measurement: UNKNOWN, BLOCKED, evidenced exemptions.
fn eligible(facts: &Facts, rules: Rules) -> i64 {
    facts[Fact::Up] + down(facts, rules)
}

/// The guidance formula.
fn uk(facts: &Facts, rules: Rules) -> Value {
    Value::ratio(eligible(facts, rules) - down(facts, rules), eligible(facts, rules), NOTHING)
}

/// Downtime that is left of 1 %.
fn budget(facts: &Facts, rules: Rules) -> Value {
    if eligible(facts, rules) == 0 {
        return Value::Null(NOTHING);
    }
    let hundredfold = i128::from(eligible(facts, rules)) - 100 * i128::from(down(facts, rules));
    Value::quotient(hundredfold, 100_000, 0)
}

/// Strict availability: what is not up is down, but for what was entered and for our own outages.
fn strict(facts: &Facts) -> Value {
    Value::ratio(facts[Fact::Up], facts[Fact::Up] + facts[Fact::Down] + facts[Fact::Unknown], NOTHING)
}

/// NEVI. Closed hours, entries, planned work and our own outages are excluded: they count as if up.
fn nevi(facts: &Facts, ports: usize, bucket: Span, zone: Tz) -> Value {
    if facts[Fact::Counted] == 0 {
        return Value::Null(NOTHING);
    }
    let first = local_day(bucket.from, zone);
    let year_on = first.checked_add_months(Months::new(12)).map(|day| midnight(day, zone));
    let is_year = midnight(first, zone) == bucket.from && year_on == Some(bucket.until);
    let minutes = if is_year { NEVI_YEAR_MS } else { bucket.millis() };
    let all = minutes.saturating_mul(i64::try_from(ports).unwrap_or(i64::MAX));
    let outage = facts[Fact::Down] + facts[Fact::Unknown] - facts[Fact::PlannedDown] - facts[Fact::PlannedUnknown];
    Value::ratio(all - outage, all, NOTHING)
}
