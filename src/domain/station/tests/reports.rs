//! Transactions as OCPP 2.x tells of them: late, doubled, out of order, moved, without a beginning or an end.

use super::harness::*;
use crate::domain::deviation::Rule;
use crate::domain::energy::{EnergyQuality, MilliWh};
use crate::domain::event::{ChargingState, Event, Named, Stage, TransactionReport};
use crate::domain::ids::{Outlet, TransactionId};
use crate::domain::reading::{Sample, Word};
use crate::domain::record::{Change, Effect, SessionState};
use crate::domain::status::{ConnectorStatus, State};
use crate::domain::time::ChargerTime;

/// A report of transaction `tx-1` at EVSE 1, connector 1.
fn report(stage: Stage, seq: i64, at: i64) -> TransactionReport {
    TransactionReport {
        stage: Some(stage),
        transaction: Named::As(TransactionId("tx-1".into())),
        seq: Some(seq),
        offline: false,
        trigger: None,
        outlet: Some(ONE),
        token: None,
        at: ChargerTime::said(second(at)),
        charging: None,
        reason: None,
        samples: Vec::new(),
        details: None,
    }
}

fn with(report: TransactionReport, samples: Vec<Sample>) -> Event {
    told(TransactionReport { samples, ..report })
}

fn doing(report: TransactionReport, charging: ChargingState) -> Event {
    told(TransactionReport { charging: Some(charging), ..report })
}

fn told(report: TransactionReport) -> Event {
    Event::TransactionReported(Box::new(report))
}

fn marked(at: i64, wh: i64, context: &'static str) -> Sample {
    let mut sample = register(second(at), wh);
    sample.kind.context = Word::Known(context);
    sample
}

/// The four reports of an ordinary session: 1000 Wh at the start, 4000 at the end.
fn ordinary() -> Vec<Event> {
    vec![
        with(report(Stage::Started, 0, 0), vec![marked(0, 1000, "Transaction.Begin")]),
        with(report(Stage::Updated, 1, 600), vec![register(second(600), 2000)]),
        with(report(Stage::Updated, 2, 1200), vec![register(second(1200), 3000)]),
        with(report(Stage::Ended, 3, 1800), vec![marked(1800, 4000, "Transaction.End")]),
    ]
}

/// The session after these events, told at the times of an ordinary clock.
fn after(events: &[Event]) -> Bench {
    let mut bench = Bench::speaking("ocpp2.0.1");
    bench.at(second(2000));
    for event in events {
        bench.tell(event.clone());
    }
    bench
}

#[test]
fn an_ordinary_session_has_the_registers_of_its_begin_and_end() {
    let bench = after(&ordinary());
    let row = bench.only_session();
    assert_eq!((row.state, &*row.transaction.0, row.outlet), (SessionState::Ended, "tx-1", ONE));
    assert_eq!((row.started_at, row.ended_at), (Some(second(0)), Some(second(1800))));
    assert_eq!((row.meter_start, row.meter_stop), (Some(MilliWh::from_wh(1000)), Some(MilliWh::from_wh(4000))));
    assert_eq!((row.energy, row.quality), (Some(MilliWh::from_wh(3000)), EnergyQuality::Register));
    assert_eq!((row.reports.to_string().as_str(), row.reports.missing()), ("0..3", 0));
    assert_eq!(bench.readings.len(), 4);
}

#[test]
fn the_order_of_arrival_decides_nothing() {
    let events = ordinary();
    let wanted = after(&events);
    let wanted = wanted.only_session();
    for order in [[3, 2, 1, 0], [3, 0, 1, 2], [1, 0, 3, 2], [2, 3, 1, 0], [0, 3, 1, 2]] {
        let shuffled: Vec<Event> = order.iter().map(|index| events[*index].clone()).collect();
        let bench = after(&shuffled);
        let row = bench.only_session();
        let found = (row.state, row.started_at, row.ended_at, row.energy, row.quality, row.reports.to_string());
        let expected = (
            wanted.state,
            wanted.started_at,
            wanted.ended_at,
            wanted.energy,
            wanted.quality,
            wanted.reports.to_string(),
        );
        assert_eq!(found, expected, "{order:?}");
    }
}

#[test]
fn reports_that_come_twice_change_nothing() {
    let doubled: Vec<Event> = ordinary().into_iter().flat_map(|event| [event.clone(), event]).collect();
    let bench = after(&doubled);
    assert_eq!(bench.only_session(), after(&ordinary()).only_session());
    assert_eq!(bench.readings.len(), 4);
}

#[test]
fn a_gap_in_the_reports_shows_until_it_is_mended() {
    let events = ordinary();
    let mut bench = after(&[events[0].clone(), events[3].clone()]);
    assert_eq!((bench.only_session().reports.missing(), bench.readings.len()), (2, 2));
    bench.tell(events[2].clone());
    bench.tell(events[1].clone());
    assert_eq!((bench.only_session().reports.missing(), bench.readings.len()), (0, 4));
}

#[test]
fn a_transaction_met_in_the_middle_is_an_orphan_until_its_start_comes() {
    let events = ordinary();
    let mut bench = after(&events[1..3]);
    assert_eq!((bench.only_session().state, bench.only_session().started_at), (SessionState::Orphan, None));
    bench.tell(events[0].clone());
    assert_eq!((bench.only_session().state, bench.only_session().started_at), (SessionState::Active, Some(second(0))));
    bench.tell(events[3].clone());
    assert_eq!(bench.only_session().energy, Some(MilliWh::from_wh(3000)));
}

#[test]
fn an_end_without_a_start_keeps_what_it_says() {
    let bench = after(&ordinary()[3..]);
    let row = bench.only_session();
    assert_eq!((row.state, row.ended_at), (SessionState::Orphan, Some(second(1800))));
    assert_eq!((row.meter_stop, row.energy), (Some(MilliWh::from_wh(4000)), None));
}

#[test]
fn a_restart_in_the_middle_loses_nothing() {
    for cut in 0..4 {
        let mut bench = Bench::speaking("ocpp2.0.1");
        bench.at(second(2000));
        for (index, event) in ordinary().into_iter().enumerate() {
            bench.tell(event);
            if index == cut {
                bench.restart(0);
            }
        }
        assert_eq!(bench.only_session().energy, Some(MilliWh::from_wh(3000)), "{cut}");
        assert_eq!(bench.only_session().reports.missing(), 0);
    }
}

#[test]
fn where_only_the_evse_is_named_its_one_connector_is_meant() {
    let mut bench = Bench::speaking("ocpp2.0.1");
    bench.tell(status(ONE, Some(second(0)), ConnectorStatus::Available));
    bench
        .at(second(10))
        .tell(told(TransactionReport { outlet: Some(Outlet::new(1, 0)), ..report(Stage::Started, 0, 10) }));
    assert_eq!(bench.only_session().outlet, ONE);
}

#[test]
fn where_an_evse_has_several_connectors_none_is_guessed() {
    let mut bench = Bench::speaking("ocpp2.0.1");
    for connector in [1, 2] {
        bench.tell(status(Outlet::new(1, connector), Some(second(0)), ConnectorStatus::Available));
    }
    let at_evse = |stage, seq, at| TransactionReport { outlet: Some(Outlet::new(1, 0)), ..report(stage, seq, at) };
    bench.at(second(10)).tell(with(at_evse(Stage::Started, 0, 10), vec![marked(10, 500, "Transaction.Begin")]));
    assert_eq!(bench.only_session().outlet, Outlet::new(1, 0));
    // A connector that is free is none of its business.
    bench.at(second(20)).tell(status(Outlet::new(1, 2), Some(second(20)), ConnectorStatus::Available));
    assert_eq!(bench.only_session().state, SessionState::Active);
    // A later report says which it is: session and readings are put down there.
    bench
        .at(second(30))
        .tell(told(TransactionReport { outlet: Some(Outlet::new(1, 2)), ..report(Stage::Updated, 1, 30) }));
    assert_eq!(bench.only_session().outlet, Outlet::new(1, 2));
    assert!(bench.readings.iter().all(|reading| reading.outlet == Outlet::new(1, 2)));
    // The EVSE alone says no more than is known.
    bench.at(second(40)).tell(with(at_evse(Stage::Ended, 2, 40), vec![marked(40, 700, "Transaction.End")]));
    assert_eq!(
        (bench.only_session().outlet, bench.only_session().energy),
        (Outlet::new(1, 2), Some(MilliWh::from_wh(200)))
    );
}

#[test]
fn a_transaction_that_moves_to_another_evse_is_moved_and_remarked() {
    let mut bench = after(&ordinary()[..2]);
    let moved = TransactionReport { outlet: Some(Outlet::new(2, 1)), ..report(Stage::Updated, 2, 1200) };
    let turn = bench.tell(with(moved, vec![register(second(1200), 3000)]));
    assert_eq!(turn.deviations[0].rule, Rule::Implausible);
    assert_eq!(bench.only_session().outlet, Outlet::new(2, 1));
    assert!(bench.readings.iter().all(|reading| reading.outlet == Outlet::new(2, 1)));
    // What an earlier report said of the place is overtaken.
    bench.tell(told(report(Stage::Updated, 1, 600)));
    assert_eq!(bench.only_session().outlet, Outlet::new(2, 1));
    bench.tell(ordinary()[3].clone());
    assert_eq!(bench.only_session().energy, Some(MilliWh::from_wh(3000)));
}

#[test]
fn a_late_report_neither_reopens_nor_moves_what_is_live() {
    let events = ordinary();
    let mut bench = after(&[events[0].clone(), events[1].clone(), events[3].clone()]);
    let late = TransactionReport { offline: true, ..report(Stage::Updated, 2, 1200) };
    let turn = bench.tell(with(late, vec![register(second(1200), 3000)]));
    assert_eq!((bench.only_session().state, live(&turn)), (SessionState::Ended, vec![]));
}

#[test]
fn a_transaction_without_a_name_is_the_one_of_its_place() {
    let nameless = |stage, seq, at| TransactionReport { transaction: Named::Nothing, ..report(stage, seq, at) };
    let mut bench = Bench::speaking("ocpp2.0.1");
    bench.at(second(2000));
    for _ in 0..2 {
        bench.tell(told(nameless(Stage::Started, 0, 0)));
    }
    bench.tell(with(nameless(Stage::Updated, 1, 600), vec![register(second(600), 2000)]));
    bench.tell(with(nameless(Stage::Ended, 2, 900), vec![register(second(900), 2500)]));
    assert_eq!((bench.only_session().state, bench.readings.len()), (SessionState::Ended, 2));
}

#[test]
fn a_token_shown_after_plugging_in_is_the_sessions() {
    let mut bench = after(&ordinary()[..1]);
    bench.tell(told(TransactionReport { token: token("card"), ..report(Stage::Updated, 1, 30) }));
    assert_eq!(bench.only_session().token, token("card"));
}

#[test]
fn what_the_charging_does_is_what_the_connector_does() {
    let mut bench = Bench::speaking("ocpp2.0.1");
    let mut now = |at: i64, event: Event| {
        bench.at(second(at)).tell(event);
    };
    now(0, status(ONE, Some(second(0)), ConnectorStatus::Available));
    now(10, status(ONE, Some(second(10)), ConnectorStatus::Occupied));
    now(20, doing(report(Stage::Started, 0, 20), ChargingState::Connected));
    now(30, doing(report(Stage::Updated, 1, 30), ChargingState::Charging));
    // Once more what is known less finely.
    now(35, status(ONE, Some(second(35)), ConnectorStatus::Occupied));
    now(40, doing(report(Stage::Updated, 2, 40), ChargingState::SuspendedEv));
    now(50, doing(report(Stage::Updated, 3, 50), ChargingState::Connected));
    now(60, doing(report(Stage::Ended, 4, 60), ChargingState::Idle));
    now(70, status(ONE, Some(second(70)), ConnectorStatus::Available));
    let line: Vec<_> = bench.timeline[&ONE]
        .iter()
        .map(|interval| {
            (interval.from.millis_since(second(0)) / 1000, interval.status.clone().unwrap().as_str().to_owned())
        })
        .collect();
    let wanted = [
        (0, "Available"),
        (10, "Occupied"),
        (20, "Preparing"),
        (30, "Charging"),
        (40, "SuspendedEV"),
        (50, "Finishing"),
        (60, "Finishing"),
        (70, "Available"),
    ];
    assert_eq!(line, wanted.map(|(at, word)| (at, word.to_owned())));
}

#[test]
fn a_replayed_state_rewrites_the_past_and_not_the_present() {
    let mut bench = Bench::speaking("ocpp2.0.1");
    bench.tell(status(ONE, Some(second(0)), ConnectorStatus::Available));
    bench.at(second(1000)).tell(status(ONE, Some(second(1000)), ConnectorStatus::Available));
    let late = TransactionReport { offline: true, ..report(Stage::Updated, 1, 100) };
    let turn = bench.tell(doing(late, ChargingState::Charging));
    assert!(!turn.effects.iter().any(|effect| matches!(effect, Effect::Status(_))));
    assert_eq!(bench.states(ONE)[1..], [(100, 1000, State::Charging), (1000, -1, State::Available)]);
}

#[test]
fn a_charger_that_changes_its_protocol_leaves_no_connector_behind() {
    let mut bench = Bench::new();
    for connector in [1, 2] {
        bench.tell(status(Outlet::new(connector, connector), Some(second(0)), ConnectorStatus::Available));
    }
    bench.tell(start(Outlet::new(2, 2), second(5), 100, "card"));
    bench.disconnect();
    let turn = bench.station.connected(second(20), "ocpp2.0.1", "192.0.2.1", None);
    let gone: Vec<_> = turn.changes.iter().filter(|change| matches!(change, Change::ConnectorGone(_))).collect();
    assert_eq!(gone, [&Change::ConnectorGone(Outlet::new(2, 2))]);
    let over = |change: &Change| matches!(change, Change::Session(row) if row.state == SessionState::EndedWithoutStop);
    assert!(turn.changes.iter().any(over));
}
