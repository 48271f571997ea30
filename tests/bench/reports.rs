//! The yearly reports of a large network, from facts that are kept.
//!
//! `cargo bench --bench reports -- [EVSEs] [life]`; with `life` also the report that reads timelines itself, over a year of
//! 547 sessions of each EVSE.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on has failed")]

mod life;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chargewatch::config::report::ReportSettings;
use chargewatch::config::sites::Registry;
use chargewatch::domain::attempt::{Attempt, Began};
use chargewatch::domain::crowd::{Crowd, Stand, Stretch, sweep};
use chargewatch::domain::demand::Demand;
use chargewatch::domain::energy::MilliWh;
use chargewatch::domain::outcome::{Outcomes, Verdict};
use chargewatch::domain::record::SessionState;
use chargewatch::domain::service::{Fact, Facts};
use chargewatch::domain::summary::Summary;
use chargewatch::domain::time::{At, Span};
use chargewatch::report::{Ask, Network, REPORTS, answer, named};
use chargewatch::store::LedgerReader;
use chargewatch::store::desk::Desk;
use rusqlite::Connection;

/// The first local day of the year, in days since 1970, and the first of the next.
const YEAR: (i32, i32) = (20_454, 20_819);

fn at(text: &str) -> At {
    At::from_rfc3339(text).unwrap()
}

/// A registry of so many EVSEs, ten to a site, one to a charger.
fn registry(evses: usize) -> Registry {
    let mut text = "charger_id,site_id,commissioned_on,evse_id,connector_ids,rated_kw\n".to_owned();
    for index in 0..evses {
        writeln!(text, "CP-{index},S-{},2025-01-01,1,1,{}", index / 10, if index % 4 == 0 { 50 } else { 22 }).unwrap();
    }
    Registry::from_csv("bench", &text).unwrap()
}

fn fill(folder: &Path, registry: &Registry, evses: usize) {
    let clock = at("2026-12-31T12:00:00Z");
    drop(Desk::open(folder, Arc::new(move || clock)).unwrap());
    let mut db = Connection::open(folder.join("chargewatch.db")).unwrap();
    let first_seen = at("2025-01-01T00:00:00Z").millis();
    let write = db.transaction().unwrap();
    write.execute("INSERT INTO watch (began_ms, alive_ms, ended_cleanly) VALUES (?1, ?1, 0)", [first_seen]).unwrap();
    for index in 0..evses {
        let (name, folded, key) = (format!("CP-{index}"), format!("cp-{index}"), i64::try_from(index).unwrap() + 1);
        let sql = "INSERT INTO charger_row (id, charger, folded, first_seen_ms) VALUES (?, ?, ?, ?)";
        write.execute(sql, (key, name, folded, first_seen)).unwrap();
        // Twenty changes on the last day, and one that lasts.
        for change in 0..21_i64 {
            let from = if change == 0 { first_seen } else { at("2026-12-31T00:00:00Z").millis() + change * 1_800_000 };
            let until = (change < 20).then(|| at("2026-12-31T00:00:00Z").millis() + (change + 1) * 1_800_000);
            let sql = "INSERT INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, cause) \
                       VALUES (?, 1, 1, ?, ?, 'AVAILABLE', 'charger')";
            write.execute(sql, (key, from, until)).unwrap();
        }
    }
    write.commit().unwrap();
    let made_by = LedgerReader::open(folder)
        .unwrap()
        .figures(|ledger| {
            let network = Network::of(registry, ledger.met()?, &settings());
            Ok(network.evses.into_iter().map(|evse| (evse.station.unwrap().0, evse.made_by)).collect::<Vec<_>>())
        })
        .unwrap();
    let write = db.transaction().unwrap();
    for (key, made_by) in made_by {
        let sql = "INSERT INTO evse_row (id, charger_id, evse, made_by, first_day, last_day, until_ms) VALUES (?1, ?1, 1, ?2, ?3, ?4, 0)";
        write.execute(sql, (key, made_by, YEAR.0 - 365, YEAR.1 - 2)).unwrap();
    }
    let evses = i64::try_from(evses).unwrap();
    for day in YEAR.0..YEAR.1 - 1 {
        (1..=evses).for_each(|evse| keep(&write, ("evse_day", "day"), day, evse, &facts(day.into(), evse, 1)));
    }
    // December is not over.
    for month in 0..11 {
        let key = month + 56 * 12;
        (1..=evses).for_each(|evse| keep(&write, ("evse_month", "month"), key, evse, &facts(month.into(), evse, 30)));
    }
    write.commit().unwrap();
}

fn keep(db: &Connection, (table, key): (&str, &str), at: i32, evse: i64, facts: &Facts) {
    let sql = format!("INSERT INTO {table} ({key}, evse_id, facts) VALUES (?, ?, ?)");
    db.prepare_cached(&sql).unwrap().execute((at, evse, facts.to_bytes())).unwrap();
    let outcomes = facts.outcomes.as_ref().unwrap().to_bytes();
    let demand = facts.demand.as_ref().unwrap().to_bytes();
    let sql = format!("INSERT INTO {table}_part (part, {key}, evse_id, bytes) VALUES (?, ?, ?, ?)");
    for (part, bytes) in (1..).zip([Summary::to_bytes(&facts.sessions), outcomes, demand]) {
        db.prepare_cached(&sql).unwrap().execute((part, at, evse, bytes)).unwrap();
    }
}

/// Two sessions a day: at once, and at the second attempt.
fn outcomes(days: i64) -> Outcomes {
    let attempt = Attempt {
        outlet: None,
        from: At::from_millis(0),
        until: Some(At::from_millis(60_000)),
        began: Began::Plug,
        refused: false,
        session: None,
    };
    let mut found = Outcomes::default();
    for _ in 0..days {
        let verdict = |is_good| Verdict {
            delivered: Some(is_good),
            delivered_from: Some(At::from_millis(20_000)),
            stopped_well: Some(is_good),
        };
        found.attempt(&attempt, &verdict(true));
        found.attempt(&attempt, &verdict(false));
        found.visit(&[&attempt, &attempt], MilliWh(100_000));
    }
    found
}

/// Days of energies; the first of ten EVSEs of a site tells how full it was.
fn demand(evse: i64, days: i64) -> Demand {
    let mut crowd = Crowd::default();
    if evse % 10 == 1 {
        let hours = |from: i64, until: i64| Span {
            from: At::from_millis(from * 3_600_000),
            until: At::from_millis(until * 3_600_000),
        };
        let stand = |span, stand| Stretch { span, stand };
        let of = |own: i64| vec![stand(hours(0, own), Stand::Free), stand(hours(own, 24), Stand::InUse)];
        for _ in 0..days {
            sweep(&(8..18).map(of).collect::<Vec<_>>(), |span, scene| crowd.add(span.millis(), scene));
        }
    }
    let days = (0..days).map(|day| 31_415_926 + evse + day * 1000).collect();
    Demand { days, short_returns: 0, site: crowd.clone(), class: crowd }
}

/// An EVSE's facts of so many days: a usual day of two sessions.
fn facts(seed: i64, evse: i64, days: i64) -> Facts {
    let mut facts = Facts::default();
    for (fact, of_a_day) in [
        (Fact::InService, 86_400_000),
        (Fact::Counted, 86_400_000),
        (Fact::Up, 85_000_000 + seed % 100),
        (Fact::Down, 1_400_000 - seed % 100),
        (Fact::OutOfOrder, 1_400_000 - seed % 100),
        (Fact::Available, 60_000_000 + evse % 77),
        (Fact::Preparing, 60_000),
        (Fact::Charging, 14_000_000 + seed % 100 * 1000),
        (Fact::SuspendedEv, 9_000_000),
        (Fact::Finishing, 2_000_000),
        (Fact::InUse, 25_000_000),
        (Fact::Flowing, 14_000_000),
        (Fact::Idle, 11_000_000),
        (Fact::IdleBeyondGrace, 10_000_000),
        (Fact::Energy, 31_415_926 + evse),
        (Fact::EnergyByRegister, 31_415_926 + evse),
        (Fact::Sessions, 2),
        (Fact::SessionEnergy, 31_415_926 + evse),
        (Fact::SessionTime, 25_000_000),
        (Fact::ChargeTime, 14_000_000),
        (Fact::ChargedEnergy, 31_415_926 + evse),
        (Fact::PeakPower, 7_400_000 + evse % 9 * 1000),
        (Fact::FoundByRegister, 2),
    ] {
        facts[fact] = of_a_day * days;
    }
    let session = Summary {
        state: SessionState::Ended,
        is_imported: false,
        energy: Some(MilliWh(15_707_963 + evse)),
        length_ms: Some(12_500_000),
        charge_ms: Some(7_000_000),
        idle_ms: Some(5_500_000),
    };
    facts.sessions = vec![session; usize::try_from(days).unwrap() * 2];
    (facts.outcomes, facts.demand) = (Some(Box::new(outcomes(days))), Some(Box::new(demand(evse, days))));
    facts
}

fn settings() -> ReportSettings {
    ReportSettings {
        zone: chrono_tz::Europe::London,
        settle_days: 7,
        planned_work_is_exempt: false,
        failure_shortest_s: 60,
        failure_merge_s: 120,
        switched_off_is_failure: true,
        attempt_window_s: 300,
        visit_gap_s: 1800,
        visit_gap_anonymous_s: 120,
        visit_succeeds_wh: 100,
    }
}

fn main() {
    let evses = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(5000);
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(evses);
    let began = Instant::now();
    fill(folder.path(), &registry, evses);
    println!("{evses} EVSEs, {} days filled in {:.1} s", YEAR.1 - YEAR.0, began.elapsed().as_secs_f64());
    let settings = settings();
    for (now, what) in [("2026-12-31T12:00:00Z", "the year that runs"), ("2026-12-31T00:00:00Z", "up to midnight")] {
        for group_by in ["network", "site", "month", "site,month", "evse", "day"] {
            let seconds = measure(folder.path(), &registry, &settings, ("reliability", group_by, now));
            println!("{what}, by {group_by}: {:.0} ms", seconds * 1000.0);
        }
    }
    for report in REPORTS {
        for now in ["2026-12-31T12:00:00Z", "2026-12-31T00:00:00Z"] {
            let seconds = measure(folder.path(), &registry, &settings, (report.name, "network", now));
            println!("{}, of 2026 at {now}: {:.0} ms", report.name, seconds * 1000.0);
        }
    }
    if std::env::args().any(|word| word == "life") {
        let began = Instant::now();
        let mut db = Connection::open(folder.path().join("chargewatch.db")).unwrap();
        life::fill(&mut db, at("2026-01-01T00:10:00Z").millis());
        println!("a year of life filled in {:.1} s", began.elapsed().as_secs_f64());
        for group_by in ["network", "site,month"] {
            let seconds = measure(folder.path(), &registry, &settings, ("faults", group_by, "2026-12-31T00:00:00Z"));
            println!("faults, by {group_by}: {seconds:.2} s");
        }
        db.execute_batch("DELETE FROM evse_row").unwrap();
        for name in ["reliability", "success", "demand"] {
            let now = "2026-12-31T00:00:00Z";
            let seconds = measure_of("2026-06-15", folder.path(), &registry, &settings, (name, "network", now));
            println!("{name}, a day of which nothing is kept: {:.0} us an EVSE", seconds * 1e6 / evses as f64);
        }
    }
}

/// How long a report of the year takes: the middle of three times.
fn measure(
    folder: &Path,
    registry: &Registry,
    settings: &ReportSettings,
    (name, group_by, now): (&str, &str, &str),
) -> f64 {
    measure_of("2026", folder, registry, settings, (name, group_by, now))
}

/// The same of another period.
fn measure_of(
    period: &str,
    folder: &Path,
    registry: &Registry,
    settings: &ReportSettings,
    (name, group_by, now): (&str, &str, &str),
) -> f64 {
    let report = named(name).unwrap();
    let mut ledger = LedgerReader::open(folder).unwrap();
    let ask = Ask { period: Some(period.to_owned()), group_by: Some(group_by.to_owned()), ..Ask::default() };
    let mut times: Vec<f64> = (0..3)
        .map(|_| {
            let began = Instant::now();
            let made = ledger
                .figures(|ledger| Ok(answer(report, &ask, ledger, registry, settings, at(now))))
                .unwrap()
                .unwrap();
            assert!(!made.json().is_empty());
            began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[1]
}
