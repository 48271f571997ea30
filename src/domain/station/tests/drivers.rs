//! What chargers are told of tokens, in 1.6 and 2.x: by the list, once at a time where it says so, and always recorded.

use super::harness::*;
use crate::domain::driver::{Permission, Standing, TokenStatus};
use crate::domain::event::{Event, Named, Stage, TransactionReport};
use crate::domain::ids::{Outlet, TransactionId};
use crate::domain::memory::Known;
use crate::domain::reading::Word;
use crate::domain::record::{Answer, SessionState, Turn};
use crate::domain::time::ChargerTime;

const TWO: Outlet = Outlet::new(2, 2);

fn told(bench: &mut Bench, standing: &Standing, event: Event) -> Turn {
    bench.station.learn(vec![Known::Driver(standing.clone())]);
    bench.tell(event)
}

fn permission(turn: &Turn) -> Permission {
    turn.answer.as_ref().and_then(Answer::grant).unwrap().permission
}

fn only(status: TokenStatus) -> Standing {
    Standing::only(status)
}

fn alone() -> Standing {
    Standing { one_at_a_time: true, ..only(TokenStatus::Accepted) }
}

fn report(name: &str, stage: Stage, outlet: Outlet, trigger: &'static str, offline: bool) -> Event {
    Event::TransactionReported(Box::new(TransactionReport {
        stage: Some(stage),
        transaction: Named::As(TransactionId(name.into())),
        seq: None,
        offline,
        trigger: Some(Word::Known(trigger)),
        outlet: Some(outlet),
        token: token("A"),
        at: ChargerTime::said(second(0)),
        charging: None,
        reason: None,
        samples: Vec::new(),
        details: None,
    }))
}

#[test]
fn a_refused_token_is_told_so_and_its_session_is_recorded_all_the_same() {
    for (status, wanted) in [
        (TokenStatus::Blocked, Permission::Blocked),
        (TokenStatus::Expired, Permission::Expired),
        (TokenStatus::Invalid, Permission::Invalid),
        (TokenStatus::Accepted, Permission::Accepted),
    ] {
        let mut bench = Bench::new();
        let checked = told(&mut bench, &only(status), Event::TokenShown(token("A")));
        assert_eq!(permission(&checked), wanted);
        let started = told(&mut bench, &only(status), start(ONE, second(0), 0, "A"));
        assert_eq!((permission(&started), bench.only_session().state), (wanted, SessionState::Active));
        let stopped = told(&mut bench, &only(status), stop(named(answered(&started)), second(60), Some(5), "A"));
        assert_eq!((permission(&stopped), bench.only_session().state), (wanted, SessionState::Ended));
    }
}

#[test]
fn what_is_said_of_one_token_is_not_said_of_the_next() {
    let mut bench = Bench::new();
    told(&mut bench, &only(TokenStatus::Blocked), Event::TokenShown(token("A")));
    assert_eq!(permission(&bench.tell(Event::TokenShown(token("B")))), Permission::Accepted);
}

#[test]
fn a_token_for_one_place_at_a_time_starts_at_one_place_at_a_time() {
    let mut bench = Bench::new();
    let first = told(&mut bench, &alone(), start(ONE, second(0), 0, "A"));
    assert_eq!(permission(&first), Permission::Accepted);
    let again = told(&mut bench, &alone(), start(ONE, second(0), 0, "A"));
    assert_eq!(
        (permission(&again), answered(&again)),
        (Permission::Accepted, answered(&first)),
        "it is the same start"
    );
    let other = told(&mut bench, &alone(), start(TWO, second(5), 0, "A"));
    assert_eq!((permission(&other), bench.sessions.len()), (Permission::ConcurrentTx, 2), "recorded all the same");
    let shown = told(&mut bench, &alone(), Event::TokenShown(token("A")));
    assert_eq!(permission(&shown), Permission::Accepted, "only a start can be refused for this");
    for turn in [&first, &other] {
        told(&mut bench, &alone(), stop(named(answered(turn)), second(60), Some(1), "A"));
    }
    assert_eq!(permission(&told(&mut bench, &alone(), start(TWO, second(90), 1, "A"))), Permission::Accepted);
}

#[test]
fn a_start_that_takes_the_place_of_a_lost_stop_is_no_second_place() {
    let mut bench = Bench::new();
    told(&mut bench, &alone(), start(ONE, second(0), 0, "A"));
    let next = told(bench.at(second(600)), &alone(), start(ONE, second(600), 50, "A"));
    assert_eq!(permission(&next), Permission::Accepted);
}

#[test]
fn in_two_x_a_transaction_is_refused_where_its_token_first_comes_and_never_for_what_happened_offline() {
    let mut bench = Bench::speaking("ocpp2.0.1");
    let mut tell = |event| permission(&told(&mut bench, &alone(), event));
    assert_eq!(tell(report("tx-1", Stage::Started, ONE, "Authorized", false)), Permission::Accepted);
    assert_eq!(tell(report("tx-2", Stage::Started, TWO, "CablePluggedIn", false)), Permission::ConcurrentTx);
    assert_eq!(tell(report("tx-2", Stage::Updated, TWO, "Authorized", false)), Permission::ConcurrentTx);
    assert_eq!(tell(report("tx-2", Stage::Updated, TWO, "MeterValuePeriodic", false)), Permission::Accepted);
    assert_eq!(tell(report("tx-3", Stage::Started, Outlet::new(3, 1), "Authorized", true)), Permission::Accepted);
    assert_eq!(tell(report("tx-1", Stage::Ended, ONE, "StopAuthorized", false)), Permission::Accepted);
    assert_eq!(bench.sessions.len(), 3);
}
