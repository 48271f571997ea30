//! What a fleet truly did, against its reports: the state of each EVSE, second by second, against the pieces that explain
//! reliability; sessions and energy of each charger against the reports of them.

use chargewatch::domain::time::{At, TOLERATED_AHEAD_MS};
use chargewatch::sim::Truth;
use chargewatch::sim::truth::{ChargerTruth, ConnectorTruth, SessionTruth};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::support::Service;

/// Which of several connectors speaks for their EVSE: the first of these that any of them shows.
const ORDER: [&str; 5] = ["CHARGING", "AVAILABLE", "UNKNOWN", "OUTOFORDER", "INOPERATIVE"];

/// A state from a time on, until the next.
type Since = (i64, &'static str);

fn state(status: &str) -> &'static str {
    match status {
        "Available" => "AVAILABLE",
        "Preparing" | "Charging" | "SuspendedEV" | "Finishing" => "CHARGING",
        "Unavailable" => "INOPERATIVE",
        "Faulted" => "OUTOFORDER",
        "NoPower" => "UNKNOWN",
        other => panic!("the simulator has no status {other}"),
    }
}

/// The state of a line at a time.
fn at(line: &[Since], time: i64) -> Option<&'static str> {
    let next = line.partition_point(|(from, _)| *from <= time);
    line.get(next.checked_sub(1)?).map(|(_, state)| *state)
}

/// What an EVSE truly did.
fn truly(charger: &ChargerTruth, evse: u32) -> Vec<Since> {
    let own = charger.connectors.iter().filter(|connector| connector.registered_evse_id == evse);
    let line = |connector: &ConnectorTruth| -> Vec<Since> {
        connector.states.iter().map(|since| (since.from.timestamp_millis(), state(&since.status))).collect()
    };
    let lines: Vec<Vec<Since>> = own.map(line).collect();
    let mut times: Vec<i64> = lines.iter().flatten().map(|(from, _)| *from).collect();
    times.sort_unstable();
    times.dedup();
    let rank = |state: &&str| ORDER.iter().position(|known| known == state);
    times
        .into_iter()
        .filter_map(|time| Some((time, lines.iter().filter_map(|line| at(line, time)).min_by_key(rank)?)))
        .collect()
}

/// Compares sessions and energy of every charger with the reports; gives what differs.
pub(crate) async fn compare_sums(truth: &Truth, service: &Service, from: DateTime<Utc>) -> Vec<String> {
    let (from, until) = (At::from(from).plus_millis(-3_600_000), At::from(truth.header.taken_at));
    let mut wrong = Vec::new();
    for report in ["sessions", "energy"] {
        let answer = service.json(&format!("/api/v1/reports/{report}?group_by=charger&from={from}&to={until}")).await;
        for charger in &truth.chargers {
            let begun = truth
                .sessions
                .iter()
                .filter(|session| session.start_acknowledged && session.charger_id == charger.charger_id);
            let known = |session: &SessionTruth| {
                let wh = if session.stop_acknowledged { Some(session.energy_wh) } else { session.known_energy_wh };
                wh.unwrap_or(0)
            };
            let (count, wh) = (begun.clone().count(), begun.map(known).sum::<i64>());
            let rows = answer["rows"].as_array().unwrap();
            let row = rows.iter().find(|row| row["charger"] == charger.charger_id.as_str()).unwrap();
            let mut expect = |column: &str, truly: i64| {
                if row[column].as_f64() != Some(truly as f64) {
                    wrong.push(format!(
                        "{}: {column} of {report} is {}, truly {truly}",
                        charger.charger_id, row[column]
                    ));
                }
            };
            expect("sessions", i64::try_from(count).unwrap());
            if report == "energy" {
                // All of it lies in the period: what began and what was delivered are the same.
                expect("session_energy_wh", wh);
                expect("energy_wh", wh);
            }
        }
    }
    wrong
}

/// Compares every EVSE from a time on; gives what differs where a charger could have told.
pub(crate) async fn compare(truth: &Truth, service: &Service, from: DateTime<Utc>) -> Vec<String> {
    let (from, until) = (At::from(from), At::from(truth.header.taken_at));
    let mut wrong = Vec::new();
    // A clock that is minutes ahead is not believed, and what is told late then lies where it was told.
    for charger in truth.chargers.iter().filter(|charger| charger.clock_skew_ms < TOLERATED_AHEAD_MS - 1000) {
        let mut evses: Vec<u32> = charger.connectors.iter().map(|connector| connector.registered_evse_id).collect();
        evses.dedup();
        for evse in evses {
            let path = format!(
                "/api/v1/reports/reliability/explain?evse={}/{evse}&from={from}&to={until}",
                charger.charger_id
            );
            let answer = service.json(&path).await;
            let time = |piece: &Value| At::from_rfc3339(piece["from"].as_str().unwrap()).unwrap().millis();
            let word = |piece: &Value| ORDER.into_iter().find(|word| piece["seen"] == *word).unwrap();
            let told: Vec<Since> =
                answer["items"].as_array().unwrap().iter().map(|piece| (time(piece), word(piece))).collect();
            wrong.extend(
                differences(charger, &told, &truly(charger, evse), until.millis())
                    .into_iter()
                    .map(|what| format!("{}/{evse} ({}): {what}", charger.charger_id, charger.behaviour)),
            );
        }
    }
    wrong
}

/// Where what is told differs from the truth by more than the charger's clock does, although the charger was connected; and
/// states whose sum is off by more than the time without a connection.
fn differences(charger: &ChargerTruth, told: &[Since], truly: &[Since], until: i64) -> Vec<String> {
    let slack = charger.clock_skew_ms.abs() + 1000;
    // A connection over which nothing was said ends no silence.
    let mut gaps: Vec<(i64, i64)> = Vec::new();
    for pair in charger.links.windows(2) {
        let (from, until) = (pair[0].heard.timestamp_millis() - slack, pair[1].from.timestamp_millis() + slack);
        match gaps.last_mut().filter(|last| from <= last.1) {
            Some(last) => last.1 = until,
            None => gaps.push((from, until)),
        }
    }
    let begin = told[0].0;
    let mut bounds: Vec<i64> = told.iter().chain(truly).map(|(from, _)| *from).filter(|from| *from >= begin).collect();
    bounds.push(until);
    bounds.sort_unstable();
    bounds.dedup();
    let mut wrong = Vec::new();
    let mut sums = ORDER.map(|word| (word, 0_i64));
    for pair in bounds.windows(2) {
        let (from, length) = (pair[0], pair[1] - pair[0]);
        let (said, was) = (at(told, from).unwrap(), at(truly, from).unwrap());
        for (word, sum) in &mut sums {
            *sum += length * (i64::from(*word == said) - i64::from(*word == was));
        }
        let excused = length <= slack || gaps.iter().any(|(a, b)| *a <= from && pair[1] <= *b);
        if said != was && !excused {
            wrong.push(format!("{said} for {length} ms from {}, truly {was}", At::from_millis(from)));
        }
    }
    let silent: i64 = gaps.iter().map(|(a, b)| (b - a).max(0)).sum();
    let most = silent + slack * i64::try_from(truly.len()).unwrap();
    wrong.extend(
        sums.iter().filter(|(_, off)| off.abs() > most).map(|(word, off)| format!("{word} is off by {off} ms")),
    );
    wrong
}
