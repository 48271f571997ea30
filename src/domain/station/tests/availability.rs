//! The availability timeline, the contact and the present status.

use super::harness::*;
use crate::domain::event::{Boot, Event};
use crate::domain::ids::Outlet;
use crate::domain::reading::Word;
use crate::domain::record::{Change, ConnectorNow, Effect, Turn};
use crate::domain::status::{ConnectorStatus, State};

#[test]
fn silence_beyond_the_grace_is_unknown_since_the_last_word() {
    let mut bench = Bench::new();
    bench.tell(status(ONE, Some(second(0)), ConnectorStatus::Available));
    bench.at(second(100)).disconnect();
    assert_eq!(bench.station.next_wake(), Some(second(700)));
    bench.at(second(699)).wake();
    assert_eq!(bench.states(ONE), [(0, -1, State::Available)]);
    bench.at(second(700)).wake();
    assert_eq!(bench.states(ONE), [(0, 100, State::Available), (100, -1, State::Unknown)]);
    assert!(bench.station.is_at_rest());
    bench.at(second(5000)).connect();
    assert_eq!(
        bench.states(ONE),
        [(0, 100, State::Available), (100, 5000, State::Unknown), (5000, -1, State::Available)]
    );
}

#[test]
fn a_silence_that_nobody_looked_at_is_noticed_at_the_next_connection() {
    let mut bench = Bench::new();
    bench.tell(status(ONE, Some(second(0)), ConnectorStatus::Available));
    bench.at(second(100)).disconnect();
    bench.at(second(5000)).connect();
    assert_eq!(
        bench.states(ONE),
        [(0, 100, State::Available), (100, 5000, State::Unknown), (5000, -1, State::Available)]
    );
}

#[test]
fn a_short_absence_is_none() {
    let mut bench = Bench::new();
    bench.tell(status(ONE, Some(second(0)), ConnectorStatus::Charging));
    bench.at(second(100)).disconnect();
    bench.at(second(400)).connect();
    bench.at(second(5000)).wake();
    assert_eq!(bench.states(ONE), [(0, -1, State::Charging)]);
}

#[test]
fn a_late_report_rewrites_the_unknown_time_that_it_proves() {
    let mut bench = Bench::new();
    bench.tell(status(ONE, Some(second(0)), ConnectorStatus::Available));
    bench.at(second(100)).disconnect();
    bench.at(second(1000)).wake();
    bench.at(second(5000)).connect();
    bench.at(second(5001)).tell(status(ONE, Some(second(3000)), ConnectorStatus::Faulted));
    bench.at(second(5002)).tell(status(ONE, Some(second(4000)), ConnectorStatus::Available));
    assert_eq!(
        bench.states(ONE),
        [
            (0, 100, State::Available),
            (100, 3000, State::Unknown),
            (3000, 4000, State::OutOfOrder),
            (4000, -1, State::Available)
        ]
    );
}

#[test]
fn a_report_that_is_older_than_the_newest_holds_until_the_next_one() {
    let mut bench = Bench::new();
    bench.at(second(900)).tell(status(ONE, Some(second(0)), ConnectorStatus::Available));
    bench.tell(status(ONE, Some(second(300)), ConnectorStatus::Charging));
    bench.tell(status(ONE, Some(second(800)), ConnectorStatus::Available));
    bench.tell(status(ONE, Some(second(100)), ConnectorStatus::Preparing));
    let states: Vec<_> = bench.states(ONE).iter().map(|(from, until, _)| (*from, *until)).collect();
    assert_eq!(states, [(0, 100), (100, 300), (300, 800), (800, -1)]);
}

#[test]
fn a_session_that_ran_while_offline_proves_that_its_connector_worked() {
    let mut bench = Bench::new();
    bench.tell(status(ONE, Some(second(0)), ConnectorStatus::Available));
    bench.at(second(100)).disconnect();
    bench.at(second(1000)).wake();
    bench.at(second(9000)).connect();
    bench.tell(start(ONE, second(2000), 10, "A"));
    bench.tell(stop(crate::domain::event::Named::Nothing, second(3000), Some(900), "A"));
    assert_eq!(
        bench.states(ONE),
        [
            (0, 100, State::Available),
            (100, 2000, State::Unknown),
            (2000, 3000, State::Charging),
            (3000, 9000, State::Unknown),
            (9000, -1, State::Available)
        ]
    );
}

#[test]
fn a_connector_that_never_reports_is_told_by_its_sessions() {
    let mut bench = Bench::new();
    let id = answered(&bench.at(second(10)).tell(start(ONE, second(10), 0, "A")));
    bench.at(second(70)).tell(stop(named(id), second(70), Some(100), "A"));
    assert_eq!(bench.states(ONE), [(10, 70, State::Charging), (70, -1, State::Unknown)]);
}

fn present(turn: &Turn) -> ConnectorNow {
    let now = turn.effects.iter().find_map(|effect| match effect {
        Effect::Status(now) => Some(now.clone()),
        Effect::Booted(_)
        | Effect::Live { .. }
        | Effect::Session { .. }
        | Effect::Implausible(_)
        | Effect::Gone(_)
        | Effect::Security(_)
        | Effect::Skew(_) => None,
    });
    now.unwrap()
}

fn faulted(error: Option<&'static str>, to: ConnectorStatus) -> Event {
    let mut event = status(ONE, None, to);
    if let Event::StatusReported(report) = &mut event {
        report.error = error.map(Word::Known);
    }
    event
}

#[test]
fn a_fault_keeps_its_specific_error_until_the_connector_leaves_faulted() {
    let mut bench = Bench::new();
    bench.tell(faulted(Some("OverVoltage"), ConnectorStatus::Faulted));
    let again = bench.at(second(37)).tell(faulted(None, ConnectorStatus::Faulted));
    assert_eq!(present(&again).error, Some(Word::Known("OverVoltage")));
    assert_eq!(present(&again).since, second(0));
    let cleared = bench.at(second(50)).tell(faulted(None, ConnectorStatus::Available));
    assert_eq!(present(&cleared).error, None);
}

#[test]
fn the_present_is_ordered_by_arrival_and_a_future_time_is_not_believed() {
    let mut bench = Bench::new();
    bench.at(second(0)).tell(status(ONE, Some(second(7200)), ConnectorStatus::Charging));
    let turn = bench.at(second(10)).tell(status(ONE, Some(second(10)), ConnectorStatus::Available));
    assert_eq!(present(&turn).status, ConnectorStatus::Available);
    assert_eq!(bench.states(ONE), [(0, 10, State::Charging), (10, -1, State::Available)]);
}

#[test]
fn the_charger_as_a_whole_has_a_layer_of_its_own() {
    let mut bench = Bench::new();
    bench.tell(status(Outlet::STATION, Some(second(0)), ConnectorStatus::Unavailable));
    assert_eq!(bench.states(Outlet::STATION), [(0, -1, State::Inoperative)]);
    assert!(bench.states(ONE).is_empty());
}

#[test]
fn the_same_boot_said_again_over_the_same_connection_is_one_boot() {
    let mut bench = Bench::new();
    let boot = || Event::Booted(Boot { model: Some("ME3".into()), ..Boot::default() });
    let boots = |turn: &Turn| turn.changes.iter().filter(|change| matches!(change, Change::Booted { .. })).count();
    assert_eq!(boots(&bench.tell(boot())), 1);
    let again = bench.at(second(10)).tell(boot());
    assert_eq!((boots(&again), again.answer.is_some()), (0, true));
    bench.disconnect();
    bench.connect();
    assert_eq!(boots(&bench.tell(boot())), 1);
}

#[test]
fn the_clock_offset_is_the_largest_seen_and_told_when_it_moves() {
    let mut bench = Bench::new();
    let skews = |turn: &Turn| -> Vec<i64> {
        let skew = |effect: &Effect| match effect {
            Effect::Skew(offset) => Some(*offset),
            Effect::Booted(_)
            | Effect::Live { .. }
            | Effect::Session { .. }
            | Effect::Implausible(_)
            | Effect::Gone(_)
            | Effect::Security(_)
            | Effect::Status(_) => None,
        };
        turn.effects.iter().filter_map(skew).collect()
    };
    let said = |now: i64, offset: i64| status(ONE, Some(second(now + offset)), ConnectorStatus::Available);
    assert_eq!(skews(&bench.at(second(100)).tell(said(100, -40))), [-40_000]);
    assert_eq!(skews(&bench.at(second(200)).tell(said(200, -60))), Vec::<i64>::new());
    assert_eq!(skews(&bench.at(second(300)).tell(said(300, 2))), [2000]);
}
