//! Whole fleets over virtual days, in process.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::csms::Csms;
use super::csms_v2::is_kind;
use super::learnt_is_true;
use crate::sim::behaviour::{ALL, AfterPowerCut, Begins, Register, ReplayOrder, ValueStyle, named};
use crate::sim::charger::{Action, Charger};
use crate::sim::truth::{ChargerTruth, ConnectorTruth, SessionTruth};
use crate::sim::{Fleet, FleetPlan, Protocol, Truth};

/// Virtual time a fleet may take to drain.
const DRAIN: i64 = 48;

fn plan(chargers: usize, seed: u64, days: i64, trouble: f64) -> FleetPlan {
    let from = "2026-03-28T00:00:00Z".parse().unwrap();
    let protocols = Protocol::ALL.to_vec();
    FleetPlan { until: Some(from + Duration::days(days)), trouble, protocols, ..FleetPlan::new(chargers, seed, from) }
}

/// Drives a fleet until it has drained; gives when that was.
fn run(fleet: &mut Fleet, csms: &mut Csms) -> DateTime<Utc> {
    let limit = fleet.plan().until.unwrap() + Duration::hours(DRAIN);
    loop {
        let (at, place) = fleet.next_at().unwrap();
        assert!(at < limit, "not drained by {at}");
        let charger = fleet.charger_mut(place).unwrap();
        let actions = charger.wake(at);
        perform(charger, csms, at, actions);
        if at > fleet.plan().until.unwrap() && fleet.is_drained() {
            return at;
        }
    }
}

fn perform(charger: &mut Charger, csms: &mut Csms, at: DateTime<Utc>, actions: Vec<Action>) {
    for action in actions {
        let more = match action {
            Action::Connect => charger.connected(at),
            Action::Disconnect => Vec::new(),
            Action::Send(text) => match csms.take(charger.id(), &text) {
                Some(answer) => charger.deliver(at, &answer),
                None => Vec::new(),
            },
        };
        perform(charger, csms, at, more);
    }
}

fn is_at(session: &SessionTruth, connector: &ConnectorTruth) -> bool {
    (session.evse_id, session.connector_id) == (connector.evse_id, connector.connector_id)
}

fn outcome(plan: &FleetPlan) -> (Truth, Csms) {
    let (mut fleet, mut csms) = (Fleet::new(plan), Csms::default());
    let at = run(&mut fleet, &mut csms);
    (fleet.truth(at), csms)
}

#[test]
fn a_reader_of_the_wire_learns_what_the_truth_says() {
    for seed in 1..=3 {
        let (truth, csms) = outcome(&plan(26, seed, 2, 20.0));
        assert!(truth.totals.sessions > 60, "seed {seed}: {:?}", truth.totals);
        learnt_is_true(&truth, &csms);
    }
}

#[test]
fn sessions_and_registers_add_up_to_the_watt_hour() {
    let (truth, _) = outcome(&plan(26, 7, 3, 20.0));
    assert!(truth.header.drained);
    for charger in &truth.chargers {
        for connector in &charger.connectors {
            let here: Vec<_> = truth
                .sessions
                .iter()
                .filter(|session| session.charger_id == charger.charger_id && is_at(session, connector))
                .collect();
            let sum: i64 = here.iter().map(|session| session.energy_wh).sum();
            let delivered = connector.delivered_mwh / 1000;
            assert!(
                (delivered - sum).abs() <= here.len() as i64,
                "{connector:?}: {delivered} delivered, {sum} in sessions"
            );
            for pair in here.windows(2) {
                assert!(pair[0].ended_at.unwrap() < pair[1].started_at, "{pair:?} overlap");
                let continues = pair[0].meter_stop_wh == Some(pair[1].meter_start_wh);
                assert!(continues || pair[1].meter_start_wh == 0, "{pair:?}: the register jumped");
            }
            for session in here {
                assert_eq!(session.energy_wh, session.meter_stop_wh.unwrap() - session.meter_start_wh);
                assert!(session.energy_wh >= 0);
            }
            let spent: i64 = connector.status_ms.values().sum();
            assert_eq!(spent, (truth.header.taken_at - truth.header.from).num_milliseconds(), "{connector:?}");
        }
    }
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_seed_another() {
    let told = |seed| serde_json::to_string(&outcome(&plan(12, seed, 2, 10.0)).0).unwrap();
    assert_eq!(told(5), told(5));
    assert_ne!(told(5), told(6));
}

#[test]
fn a_charger_lives_the_same_days_in_a_small_fleet_and_in_a_large_one() {
    let days = |chargers| {
        let truth = outcome(&plan(chargers, 9, 2, 5.0)).0;
        let first = truth.chargers[0].charger_id.clone();
        let own = truth.sessions.into_iter().filter(|session| session.charger_id == first);
        own.map(|session| (session.started_at, session.energy_wh, session.id_tag)).collect::<Vec<_>>()
    };
    assert!(!days(1).is_empty());
    assert_eq!(days(1), days(9));
}

#[test]
fn a_charger_that_is_woken_late_has_lived_the_same_days() {
    let plan = plan(26, 17, 2, 8.0);
    let lives = |truth: Truth| {
        let loops: Vec<_> =
            truth.chargers.iter().filter(|c| c.behaviour == "powerless").map(|c| c.charger_id.clone()).collect();
        let own = truth.sessions.into_iter().filter(|session| !loops.contains(&session.charger_id));
        own.map(|session| (session.id_tag, session.started_at, session.ended_at, session.energy_wh)).collect::<Vec<_>>()
    };
    let (mut fleet, mut csms) = (Fleet::new(&plan), Csms::default());
    let mut now = plan.from;
    while !fleet.is_drained() {
        now += Duration::minutes(17);
        for place in 0..fleet.len() {
            let charger = fleet.charger_mut(place).unwrap();
            while charger.next_at() <= now {
                let actions = charger.wake(now);
                let connects = actions.iter().position(|action| *action == Action::Connect);
                assert!(connects.is_none_or(|place| place + 1 == actions.len()), "{actions:?}");
                perform(charger, &mut csms, now, actions);
            }
        }
    }
    let truth = fleet.truth(now);
    learnt_is_true(&truth, &csms);
    assert_eq!(lives(truth), lives(outcome(&plan).0));
}

#[test]
fn a_troubled_fleet_shows_every_oddity() {
    let (truth, csms) = outcome(&plan(52, 11, 4, 20.0));
    let sessions = &truth.sessions;
    assert!(sessions.iter().any(|session| session.offline_start), "no offline start");
    assert!(sessions.iter().any(|session| session.ended_without_stop), "no session without a stop");
    assert!(sessions.iter().any(|session| session.start_sent > 1 && session.stop_sent > 1), "nothing was sent twice");
    assert!(sessions.iter().any(|session| session.stop_reason.as_deref() == Some("PowerLoss")), "no late stop");
    assert!(sessions.iter().any(|session| session.energy_wh == 0), "no session without energy");
    assert!(!csms.minus_ones.is_empty(), "no transaction id was forgotten");
    assert_eq!(csms.orphans, 0);
    let heard = || csms.v2.transactions.values();
    assert!(heard().any(|heard| heard.late > 0), "no event came late");
    assert!(heard().any(|heard| heard.started()["offline"] == true), "no transaction began offline");
    assert!(heard().any(|heard| heard.ended().is_none()), "every transaction was ended");
    assert!(heard().any(|heard| heard.token().is_none()), "no transaction ended before its driver was known");
    let chargers = &truth.chargers;
    assert!(chargers.iter().any(|charger| !charger.faults.is_empty()), "no fault");
    assert!(chargers.iter().any(|charger| charger.answers_lost > 0), "no answer was lost");
    assert!(chargers.iter().any(|charger| charger.boots > 4), "no boot loop");
    assert!(chargers.iter().any(|charger| charger.clock_skew_ms.abs() > 60_000), "no clock is off by minutes");
    assert!(chargers.iter().flat_map(|charger| &charger.connectors).any(|connector| connector.register_resets > 0));
    assert!(chargers.iter().flat_map(|charger| &charger.offline).all(|spell| spell.to.is_some()));
    let behaviours: BTreeMap<_, usize> = chargers.iter().fold(BTreeMap::new(), |mut seen, charger| {
        *seen.entry(charger.behaviour.as_str()).or_default() += 1;
        seen
    });
    assert_eq!(behaviours.len(), ALL.len());
}

#[test]
fn each_maker_departs_where_it_says_and_nowhere_else() {
    let (truth, csms) = outcome(&plan(52, 19, 4, 20.0));
    for charger in &truth.chargers {
        let habit = named(&charger.behaviour).unwrap();
        let own: Vec<_> = truth.sessions.iter().filter(|session| session.charger_id == charger.charger_id).collect();
        let case = &charger.charger_id;
        let never_stops = habit.after_power_cut == AfterPowerCut::NeverStops;
        assert!(never_stops || own.iter().all(|session| !session.ended_without_stop), "{case} lost a stop");
        let power_loss = own.iter().any(|session| session.stop_reason.as_deref() == Some("PowerLoss"));
        assert!(!never_stops || !power_loss, "{case} found a stop that it had lost");
        let from_nought = habit.register == Register::PerSession;
        assert!(!from_nought || own.iter().all(|session| session.meter_start_wh == 0), "{case} counts on");
        let values = match (habit.protocol.is_v2(), habit.stop_carries_data) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        };
        assert!(own.iter().all(|session| session.ended_without_stop || session.stop_values == values), "{case}");
        if habit.boots_on_reconnect {
            assert!(charger.boots_accepted >= charger.boots.max(charger.connections - charger.answers_lost), "{case}");
        } else {
            assert_eq!(charger.boots_accepted, charger.boots, "{case} booted without having started");
        }
        let heard = || csms.v2.transactions.iter().filter(|((id, _), _)| id == case).map(|(_, heard)| heard);
        let is_late = heard().any(|heard| heard.late > 0);
        assert!(!is_late || habit.replay == ReplayOrder::NewsFirst, "{case} told news first");
        let ever = |action: &str| csms.v2.actions.contains_key(&(case.clone(), action.to_owned()));
        if habit.protocol.is_v2() {
            assert_eq!(ever("NotifyEvent"), habit.tells_states_as_events, "{case}");
            assert_eq!(ever("StatusNotification"), !habit.tells_states_as_events, "{case}");
            assert_eq!(ever("MeterValues"), habit.reads_by_the_clock, "{case}");
        }
        for event in heard().flat_map(|heard| heard.events.values()) {
            let is_first = is_kind(event, "Started");
            assert!(!is_first || habit.numbers_events_on || event["seqNo"] == 0, "{event}");
            assert_eq!(event["seqNo"].is_string(), habit.values == ValueStyle::Padded, "{event}");
            assert_eq!(event["evse"].get("connectorId").is_some(), is_first || !habit.names_connector_once, "{event}");
            assert_eq!(event.get("offline").is_some(), !habit.leaves_out_optional, "{event}");
            let is_priced = habit.tells_cost && is_kind(event, "Ended");
            assert_eq!(event.get("costDetails").is_some(), is_priced, "{event}");
            let plugs_in = event["triggerReason"] == "CablePluggedIn";
            assert_eq!(plugs_in, is_first && habit.begins == Begins::PlugIn, "{event}");
        }
        let forgets = csms.minus_ones.contains_key(case);
        assert!(!forgets || habit.forgets_transaction_id, "{case} forgot a transaction id");
        let looped = charger.boots as usize > charger.power_cuts.len() + 1;
        assert!(!looped || habit.boot_loops, "{case} booted in a loop");
    }
}

#[test]
fn without_trouble_nothing_is_lost_offline_or_broken() {
    let (truth, _) = outcome(&plan(29, 23, 2, 0.0));
    for charger in &truth.chargers {
        assert!(charger.faults.is_empty() && charger.offline.is_empty() && charger.power_cuts.is_empty());
        assert_eq!((charger.boots, charger.connections, charger.answers_lost, charger.drops), (1, 1, 0, 0));
        assert_eq!(charger.calls_sent, charger.calls_answered);
    }
    assert!(truth.sessions.iter().all(|session| session.stop_acknowledged && !session.offline_start));
}

#[test]
fn an_ordinary_week_is_used_about_as_much_as_the_priors_say() {
    let (truth, _) = outcome(&plan(58, 13, 7, 1.0));
    let evses = |charger: &ChargerTruth| {
        charger.connectors.iter().map(|connector| connector.registered_evse_id).collect::<BTreeSet<_>>().len()
    };
    let evses: usize = truth.chargers.iter().map(evses).sum();
    let per_evse_day = truth.totals.sessions as f64 / evses as f64 / 7.0;
    let mean_wh = truth.totals.energy_wh / truth.totals.sessions as i64;
    assert!((0.9..3.2).contains(&per_evse_day), "{per_evse_day} sessions per EVSE and day");
    assert!((12_000..30_000).contains(&mean_wh), "{mean_wh} Wh a session");
    let failed: u32 = truth.chargers.iter().map(|charger| charger.attempts_failed).sum();
    let attempts: u32 = truth.chargers.iter().map(|charger| charger.attempts).sum();
    assert!((0.05..0.16).contains(&(f64::from(failed) / f64::from(attempts))), "{failed} of {attempts} failed");
}
