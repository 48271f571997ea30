//! Sessions as chargers really tell them.

use super::harness::*;
use crate::domain::energy::{EnergyQuality, MilliWh};
use crate::domain::event::{Event, Named};
use crate::domain::ids::Outlet;
use crate::domain::reading::{Flags, Sample};
use crate::domain::record::SessionState;
use crate::domain::status::ConnectorStatus;

#[test]
fn a_start_said_twice_is_one_session_with_one_answer() {
    let mut bench = Bench::new();
    let first = bench.at(second(5)).tell(start(ONE, second(0), 0, "A"));
    let again = bench.at(second(90)).tell(start(ONE, second(0), 0, "A"));
    assert_eq!(answered(&first), answered(&again));
    assert!(answered(&first) > 0);
    assert_eq!(bench.only_session().state, SessionState::Active);
}

#[test]
fn a_start_from_a_clock_that_runs_ahead_is_recognised_by_what_the_charger_said() {
    let mut bench = Bench::new();
    let first = bench.at(second(0)).tell(start(ONE, second(374), 0, "A"));
    let again = bench.at(second(2)).tell(start(ONE, second(374), 0, "A"));
    assert_eq!(answered(&first), answered(&again));
    assert_eq!(bench.only_session().started_at, Some(second(0)));
}

#[test]
fn a_start_said_again_a_year_later_is_found_in_the_ledger() {
    let mut bench = Bench::new();
    let first = bench.tell(start(ONE, second(0), 100, "A"));
    bench.tell(stop(named(answered(&first)), second(60), Some(200), "A"));
    for n in 1..40 {
        let turn = bench.at(second(n * 1000)).tell(start(ONE, second(n * 1000), 200 * n, "B"));
        bench.tell(stop(named(answered(&turn)), second(n * 1000 + 60), Some(200 * n + 50), "B"));
    }
    bench.at(second(31_536_000)).restart(3);
    let again = bench.tell(start(ONE, second(0), 100, "A"));
    assert_eq!(answered(&again), answered(&first));
    assert_eq!(bench.sessions.len(), 40);
}

#[test]
fn a_stop_said_twice_counts_once() {
    let mut bench = Bench::new();
    let id = answered(&bench.tell(start(ONE, second(0), 4000, "A")));
    bench.at(second(600)).tell(stop(named(id), second(600), Some(4100), "A"));
    let before = bench.only_session().clone();
    let turn = bench.at(second(700)).tell(stop(named(id), second(600), Some(4100), "A"));
    assert!(turn.changes.is_empty(), "{turn:#?}");
    assert_eq!(*bench.only_session(), before);
    assert_eq!(before.energy, Some(MilliWh::from_wh(100)));
}

#[test]
fn a_stop_without_an_id_joins_the_start_just_before_it() {
    let mut bench = Bench::new();
    bench.at(second(9000)).tell(start(ONE, second(0), 10_450, "DEADBEEF"));
    bench.tell(stop(Named::Nothing, second(461), Some(11_230), "DEADBEEF"));
    let session = bench.only_session();
    assert_eq!((session.state, session.energy), (SessionState::Ended, Some(MilliWh::from_wh(780))));
    bench.tell(stop(Named::Nothing, second(461), Some(11_230), "DEADBEEF"));
    assert_eq!(bench.sessions.len(), 1, "the same stop again is no orphan");
}

#[test]
fn a_stop_without_an_id_prefers_the_same_card_among_several() {
    let mut bench = Bench::new();
    let (a, b) = (Outlet::new(1, 1), Outlet::new(2, 2));
    let first = answered(&bench.tell(start(a, second(0), 10, "A")));
    bench.tell(start(b, second(1), 20, "B"));
    bench.at(second(60)).tell(stop(Named::Nothing, second(60), Some(500), "A"));
    let ended: Vec<_> = bench.sessions.values().filter(|row| row.state == SessionState::Ended).collect();
    assert_eq!(ended.iter().map(|row| row.id.0).collect::<Vec<_>>(), [first]);
}

#[test]
fn a_stop_that_nothing_fits_is_kept_as_an_orphan_once() {
    let mut bench = Bench::new();
    for _ in 0..2 {
        bench.tell(stop(Named::Nothing, second(0), Some(981_230), "A"));
        bench.tell(stop(named(7731), second(0), None, "B"));
    }
    let rows: Vec<_> = bench.sessions.values().collect();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.state == SessionState::Orphan && row.energy.is_none()));
    assert!(rows.iter().all(|row| row.quality == EnergyQuality::Missing && row.ended_at == Some(second(0))));
    assert_eq!(&*rows[1].transaction.0, "7731");
}

#[test]
fn a_negative_stop_register_leaves_the_last_reading_to_tell_the_energy() {
    let mut bench = Bench::new();
    let id = answered(&bench.tell(start(ONE, second(0), 1000, "A")));
    bench.at(second(60)).tell(metered(ONE, named(id), vec![register(second(60), 1400)]));
    bench.at(second(90)).tell(stop(named(id), second(90), None, "A"));
    let session = bench.only_session();
    assert_eq!((session.energy, session.quality), (Some(MilliWh::from_wh(400)), EnergyQuality::Inferred));
}

#[test]
fn available_ends_a_session_without_stop_and_the_late_stop_completes_it() {
    let mut bench = Bench::new();
    let id = answered(&bench.tell(start(ONE, second(0), 1000, "A")));
    bench.at(second(60)).tell(metered(ONE, named(id), vec![register(second(60), 1500)]));
    bench.at(second(300)).tell(status(ONE, Some(second(300)), ConnectorStatus::Available));
    let presumed = bench.only_session().clone();
    assert_eq!(presumed.state, SessionState::EndedWithoutStop);
    assert_eq!((presumed.ended_at, presumed.energy), (Some(second(60)), Some(MilliWh::from_wh(500))));
    assert_eq!(presumed.quality, EnergyQuality::Inferred);
    bench.at(second(9000)).tell(stop(named(id), second(290), Some(1900), "A"));
    let session = bench.only_session();
    assert_eq!((session.state, session.energy), (SessionState::Ended, Some(MilliWh::from_wh(900))));
    assert_eq!((session.ended_at, session.quality), (Some(second(290)), EnergyQuality::Register));
}

#[test]
fn an_old_available_does_not_end_a_newer_session() {
    let mut bench = Bench::new();
    bench.at(second(100)).tell(start(ONE, second(90), 0, "A"));
    bench.tell(status(ONE, Some(second(50)), ConnectorStatus::Available));
    assert_eq!(bench.only_session().state, SessionState::Active);
}

#[test]
fn readings_after_a_presumed_end_show_that_the_session_goes_on() {
    let mut bench = Bench::new();
    let id = answered(&bench.tell(start(ONE, second(0), 1000, "A")));
    bench.at(second(60)).tell(status(ONE, Some(second(60)), ConnectorStatus::Available));
    assert_eq!(bench.only_session().state, SessionState::EndedWithoutStop);
    bench.at(second(120)).tell(metered(ONE, named(id), vec![register(second(120), 1200)]));
    assert_eq!((bench.only_session().state, bench.only_session().ended_at), (SessionState::Active, None));
}

#[test]
fn a_new_start_ends_what_ran_before_and_a_replayed_old_start_ends_nothing() {
    let mut bench = Bench::new();
    bench.tell(start(ONE, second(0), 0, "A"));
    let running = answered(&bench.at(second(500)).tell(start(ONE, second(500), 100, "B")));
    bench.tell(start(ONE, second(200), 40, "C"));
    let states: Vec<_> = bench.sessions.values().map(|row| (row.token.clone(), row.state)).collect();
    assert_eq!(
        states,
        [
            (token("A"), SessionState::EndedWithoutStop),
            (token("B"), SessionState::Active),
            (token("C"), SessionState::EndedWithoutStop)
        ]
    );
    bench.tell(stop(named(running), second(600), Some(150), "B"));
    bench.tell(stop(Named::Nothing, second(300), Some(60), "C"));
    assert!(bench.sessions.values().skip(1).all(|row| row.state == SessionState::Ended));
}

#[test]
fn a_late_sample_joins_its_ended_session_and_moves_no_live_value() {
    let mut bench = Bench::new();
    let id = answered(&bench.tell(start(ONE, second(0), 1000, "A")));
    let turn = bench.at(second(60)).tell(metered(ONE, named(id), vec![register(second(60), 1400)]));
    assert_eq!(live(&turn), [1_400_000]);
    bench.at(second(120)).tell(stop(named(id), second(120), Some(1800), "A"));
    let turn = bench.at(second(7200)).tell(metered(ONE, named(id), vec![register(second(90), 1600)]));
    assert!(live(&turn).is_empty());
    let late = bench.readings.iter().find(|row| row.at == second(90)).unwrap();
    assert!(late.flags.has(Flags::LATE) && late.session.is_some());
    assert_eq!(bench.only_session().energy, Some(MilliWh::from_wh(800)));
}

#[test]
fn readings_without_an_id_join_the_session_that_ran_at_their_time() {
    let mut bench = Bench::new();
    let id = answered(&bench.tell(start(ONE, second(100), 1000, "A")));
    bench.at(second(160)).tell(metered(ONE, Named::Nothing, vec![register(second(160), 1100)]));
    bench.at(second(200)).tell(stop(named(id), second(200), Some(1200), "A"));
    bench.at(second(900)).tell(metered(
        ONE,
        Named::Nothing,
        vec![register(second(180), 1150), register(second(900), 1200)],
    ));
    let joined: Vec<_> = bench.readings.iter().map(|row| row.session.map(|id| id.0)).collect();
    assert_eq!(joined, [Some(id), Some(id), None]);
    let clock = |sample: Sample| {
        let mut sample = sample;
        sample.kind.context = crate::domain::reading::Word::Known("Sample.Clock");
        sample
    };
    bench.tell(start(ONE, second(1000), 1200, "B"));
    bench.at(second(1200)).tell(metered(ONE, Named::Nothing, vec![clock(register(second(1200), 1300))]));
    assert_eq!(bench.readings.last().unwrap().session, None);
}

#[test]
fn readings_of_an_unknown_transaction_make_it_known() {
    let mut bench = Bench::new();
    bench.tell(metered(ONE, named(1_761_064_545), vec![register(second(-10), 7160)]));
    bench.at(second(60)).tell(metered(ONE, named(1_761_064_545), vec![register(second(50), 7260)]));
    let session = bench.only_session();
    assert_eq!((session.state, &*session.transaction.0), (SessionState::Orphan, "1761064545"));
    assert_eq!((session.energy, session.quality), (Some(MilliWh::from_wh(100)), EnergyQuality::Inferred));
}

#[test]
fn a_register_beyond_32_bits_is_kept_and_flagged() {
    let mut bench = Bench::new();
    let turn = bench.tell(metered(Outlet::STATION, Named::Nothing, vec![register(second(0), 4_296_944_685)]));
    assert!(bench.readings[0].flags.has(Flags::IMPLAUSIBLE));
    assert_eq!(bench.readings[0].value.unwrap().0, 4_296_944_685_000);
    assert_eq!(turn.deviations.len(), 1);
}

#[test]
fn a_session_that_nothing_is_heard_of_for_a_day_on_a_free_connector_is_over() {
    let mut bench = Bench::new();
    bench.at(second(10)).tell(status(ONE, Some(second(10)), ConnectorStatus::Available));
    bench.at(second(20)).tell(start(ONE, second(5), 0, "A"));
    bench.tell(metered(ONE, Named::Nothing, vec![register(second(15), 70)]));
    assert_eq!(bench.station.next_wake(), Some(second(86_420)));
    bench.at(second(86_420)).wake();
    let session = bench.only_session();
    assert_eq!((session.state, session.ended_at), (SessionState::EndedWithoutStop, Some(second(15))));
    assert_eq!(bench.station.next_wake(), None);
}

#[test]
fn a_start_without_a_time_is_recognised_while_it_runs() {
    let mut bench = Bench::new();
    let nameless = || {
        let mut event = start(ONE, second(0), 7, "A");
        if let Event::TransactionStarted(start) = &mut event {
            start.at.said = None;
        }
        event
    };
    let first = answered(&bench.at(second(3)).tell(nameless()));
    assert_eq!(answered(&bench.at(second(30)).tell(nameless())), first);
    assert_eq!(bench.only_session().started_at, Some(second(3)));
}

#[test]
fn interval_readings_sent_twice_count_once() {
    let interval = |at: i64, wh: i64| {
        let mut sample = register(second(at), wh);
        sample.kind.measurand = crate::domain::reading::Word::Known("Energy.Active.Import.Interval");
        sample
    };
    let mut bench = Bench::new();
    let id = answered(&bench.tell(start(ONE, second(0), 0, "A")));
    for _ in 0..2 {
        bench.at(second(60)).tell(metered(ONE, named(id), vec![interval(60, 100)]));
    }
    bench.at(second(120)).tell(metered(ONE, named(id), vec![interval(120, 50)]));
    bench.at(second(130)).tell(stop(named(id), second(130), None, "A"));
    let row = bench.only_session();
    assert_eq!((row.energy, row.quality), (Some(MilliWh::from_wh(150)), EnergyQuality::Interval));
}
