//! Energy: what was delivered, and how it was found. Formulas and their sources stand in `METHOD.md`.

use super::utilisation::{by_day, quotient, valid_sessions};
use super::{Group, Make, PlaceUnit, Report, TimeUnit, Value, column};
use crate::domain::service::{Fact, Facts};

const UNKNOWN: &str = "no session is known, and nothing was heard";

/// The report.
pub(super) const REPORT: Report = Report {
    name: "energy",
    about: "Energy delivered in the period, by the way in which it was found, and by session and day.",
    version: 1,
    columns: &[
        column("energy_wh", "Wh", "Energy delivered in the period: of each session the part that lies in it."),
        column("by_register_wh", "Wh", "Of this: by the registers of session and meter, or signed."),
        column("by_interval_wh", "Wh", "Of this: by readings of intervals."),
        column("by_power_wh", "Wh", "Of this: by power over time."),
        column("inferred_wh", "Wh", "Of this: by registers of which an end is not the session's own."),
        column("imported_wh", "Wh", "Of this: told by a file of another system."),
        column("register_share", "ratio", "Share of the energy that is by registers."),
        column("spread_wh", "Wh", "Of sessions without register readings: what crosses a boundary is spread evenly."),
        column("sessions_unmetered", "count", "Sessions that began whose energy nobody knows: they are missing here."),
        column("valid_sessions", "count", "Sessions that began and delivered energy."),
        column("session_energy_wh", "Wh", "Energy of the sessions that began, also where it lies beyond the period."),
        column("kwh_per_session", "kWh", "Of this, by valid session."),
        column("kwh_per_day", "kWh/d", "Energy delivered, by EVSE and 24 hours of T."),
        column("peak_power_kw", "kW", "Highest mean power of a minute at any EVSE, of sessions that began."),
    ],
    places: &PlaceUnit::ALL,
    times: &TimeUnit::ALL,
    of_sessions: true,
    factors: &[],
    make: Make::Facts(fold),
};

fn fold(group: &Group<'_>) -> Vec<Value> {
    let facts = group.facts;
    let known = is_known(facts);
    let energy = |fact: Fact| if known { Value::milli(facts[fact]) } else { Value::Null(UNKNOWN) };
    let count = |count: i64| if known { Value::Whole(count) } else { Value::Null(UNKNOWN) };
    let valid = valid_sessions(facts);
    vec![
        energy(Fact::Energy),
        energy(Fact::EnergyByRegister),
        energy(Fact::EnergyByInterval),
        energy(Fact::EnergyByPower),
        energy(Fact::EnergyInferred),
        energy(Fact::EnergyImported),
        Value::ratio(facts[Fact::EnergyByRegister], facts[Fact::Energy], "no energy was delivered"),
        energy(Fact::EnergySpread),
        count(facts[Fact::SessionsUnmetered]),
        count(valid),
        energy(Fact::SessionEnergy),
        quotient(facts[Fact::SessionEnergy].into(), i128::from(valid) * 1_000_000, "no valid session began"),
        if known { by_day(facts[Fact::Energy].into(), facts[Fact::Counted], 1_000_000) } else { Value::Null(UNKNOWN) },
        match facts[Fact::PeakPower] {
            0 => Value::Null("no power was reported"),
            peak => Value::quotient(peak.into(), 1_000_000, 3),
        },
    ]
}

/// Whether no session means that there was none: something was heard, or a session is known.
pub(super) fn is_known(facts: &Facts) -> bool {
    let heard = facts[Fact::Counted] - super::ask::unheard(facts);
    heard > 0 || facts[Fact::Sessions] > 0 || facts[Fact::Energy] != 0
}
