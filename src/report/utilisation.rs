//! Utilisation: how much of the time in service EVSEs were in use, charging and idle, and how much of what they could have
//! delivered they did. Formulas and their sources stand in `METHOD.md`.

use super::energy::is_known;
use super::{Group, Make, PlaceUnit, Report, TimeUnit, Value, column};
use crate::domain::service::{Fact, Facts};

const NOTHING: &str = "nothing was in service";
const UNHEARD: &str = "nothing was heard";
const UNUSED: &str = "nothing was in use";
const FLOW_UNKNOWN: &str = "for a part of the use nobody knows when energy flowed";

/// A day in milliseconds.
const DAY_MS: i128 = 86_400_000;

/// The report.
pub(super) const REPORT: Report = Report {
    name: "utilisation",
    about: "Use of EVSEs: share of the time in use, charging and idle, load factor, sessions and energy by EVSE and day.",
    version: 1,
    columns: &[
        column("util_occupied", "ratio", "Share of T in which a vehicle was there: in use / T."),
        column("util_charging", "ratio", "Share of T in which energy flowed: flowing / T."),
        column("util_effective", "ratio", "The same over what drivers could find: in use / (T − down − unknown)."),
        column("util_energy", "ratio", "Load factor: energy / (rated power · T), EVSEs of a registered power alone."),
        column("sessions_per_day", "1/d", "Valid sessions that began, by EVSE and 24 hours of T."),
        column("kwh_per_day", "kWh/d", "Energy delivered, by EVSE and 24 hours of T."),
        column("kwh_per_session", "kWh", "Energy of the valid sessions that began, on average."),
        column("avg_power_kw", "kW", "Energy over the time from the first to the last flow, of sessions that began."),
        column("peak_power_kw", "kW", "Highest mean power of a minute at any EVSE, of sessions that began."),
        column("idle_ratio", "ratio", "Of the time in use that after energy last flowed: idle / in use."),
        column("flow_by_status", "ratio", "Of flowing: by the status Charging alone, for lack of readings."),
        column("counted_s", "s", "T: in service while the site is open."),
        column("in_use_s", "s", "Of T: a vehicle was there, by the timeline or because a session ran."),
        column("flowing_s", "s", "Of in use: energy flowed."),
        column("idle_s", "s", "Of in use: after energy last flowed; at EVSEs of 50 kW or more beyond ten minutes."),
        column("flow_unknown_s", "s", "Of in use: nobody knows whether energy flowed."),
        column("valid_sessions", "count", "Sessions that began and delivered energy."),
        column("energy_wh", "Wh", "Energy delivered in the period, whenever its session began."),
        column("power_unknown", "count", "EVSEs whose rated power is not registered: they are not in util_energy."),
    ],
    places: &PlaceUnit::ALL,
    times: &TimeUnit::ALL,
    of_sessions: true,
    factors: &[],
    make: Make::Facts(fold),
};

fn fold(group: &Group<'_>) -> Vec<Value> {
    let facts = group.facts;
    let counted = facts[Fact::Counted];
    let valid = valid_sessions(facts);
    // What was there while nothing was heard leaves numerator and denominator.
    let findable = counted - facts[Fact::Down] - super::ask::unheard(facts);
    let heard_in_use = facts[Fact::InUse] - facts[Fact::InUseUnheard];
    let flow_is_known = facts[Fact::FlowUnknown] == 0;
    let of_flow = |value: Value| if flow_is_known { value } else { Value::Null(FLOW_UNKNOWN) };
    // Where nothing was heard, nobody knows that nothing was in use.
    let of_what_is_known = |value: Value| if is_known(facts) { value } else { Value::Null(UNHEARD) };
    let idle = idle(group);
    let unrated = group.evses.iter().filter(|evse| evse.rated_w.is_none()).count();
    vec![
        of_what_is_known(Value::ratio(facts[Fact::InUse], counted, NOTHING)),
        of_what_is_known(of_flow(Value::ratio(facts[Fact::Flowing], counted, NOTHING))),
        Value::ratio(heard_in_use, findable, UNHEARD),
        of_what_is_known(load(group)),
        of_what_is_known(by_day(valid.into(), counted, 1)),
        of_what_is_known(by_day(facts[Fact::Energy].into(), counted, 1_000_000)),
        quotient(facts[Fact::SessionEnergy].into(), i128::from(valid) * 1_000_000, "no valid session began"),
        // mWh / ms · 3.6 = kW
        quotient(
            i128::from(facts[Fact::ChargedEnergy]) * 36,
            i128::from(facts[Fact::ChargeTime]) * 10,
            "no session that began tells when energy flowed",
        ),
        match facts[Fact::PeakPower] {
            0 => Value::Null("no power was reported"),
            peak => Value::quotient(peak.into(), 1_000_000, 3),
        },
        of_flow(Value::ratio(idle, facts[Fact::InUse], UNUSED)),
        Value::ratio(facts[Fact::FlowingByStatus], facts[Fact::Flowing], "no energy flowed"),
        Value::seconds(counted),
        Value::seconds(facts[Fact::InUse]),
        Value::seconds(facts[Fact::Flowing]),
        Value::seconds(idle),
        Value::seconds(facts[Fact::FlowUnknown]),
        Value::Whole(valid),
        Value::milli(facts[Fact::Energy]),
        Value::Whole(i64::try_from(unrated).unwrap_or(i64::MAX)),
    ]
}

/// Sessions that began and delivered energy: what is not known to have delivered any is none.
pub(super) fn valid_sessions(facts: &Facts) -> i64 {
    facts[Fact::Sessions] - facts[Fact::SessionsUnmetered] - facts[Fact::SessionsEmpty]
}

/// The time in use after energy last flowed. Rapid chargers have ten minutes that block nobody.
fn idle(group: &Group<'_>) -> i64 {
    group.facts[Fact::Idle] - group.rapid[Fact::Idle] + group.rapid[Fact::IdleBeyondGrace]
}

/// Energy over rated power and T.
fn load(group: &Group<'_>) -> Value {
    if group.rated.watt_ms == 0 {
        return Value::Null("nothing of a registered power was in service");
    }
    // mWh over W · ms: 1 mWh is 3600 W · ms.
    Value::quotient(i128::from(group.rated.energy_mwh) * 3600, group.rated.watt_ms, super::value::RATIO_PLACES)
}

/// An amount by EVSE and 24 hours of T.
pub(super) fn by_day(amount: i128, counted_ms: i64, unit: i128) -> Value {
    quotient(amount * DAY_MS, i128::from(counted_ms) * unit, NOTHING)
}

/// A quotient to six places; null where there is nothing to divide by.
pub(super) fn quotient(part: i128, whole: i128, reason: &'static str) -> Value {
    if whole <= 0 { Value::Null(reason) } else { Value::quotient(part, whole, super::value::RATIO_PLACES) }
}
