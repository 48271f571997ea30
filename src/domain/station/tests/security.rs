//! Security events, and wishes for certificates.

use super::harness::*;
use crate::domain::event::{Event, Security};
use crate::domain::memory::Known;
use crate::domain::record::{Answer, Change, Effect, Turn};
use crate::domain::security_event::{OTHER, SIGNING_REFUSED};
use crate::domain::signing::{Purpose, SigningRequest};
use crate::domain::time::ChargerTime;

fn wish() -> Event {
    Event::SigningRequested(SigningRequest { csr: None, purpose: Purpose::Station, number: None })
}

/// Kind and details of the security events that were put down.
fn put_down(turn: &Turn) -> Vec<(&str, Option<&str>)> {
    let mut found = Vec::new();
    for change in &turn.changes {
        if let Change::Security { kind, info, .. } = change {
            found.push((&**kind, info.as_deref()));
        }
    }
    found
}

#[test]
fn a_wish_for_a_certificate_is_answered_by_what_was_decided_of_it() {
    let mut bench = Bench::new();
    bench.station.learn(vec![Known::Signing(Ok(()))]);
    let turn = bench.tell(wish());
    assert_eq!((&turn.answer, put_down(&turn)), (&Some(Answer::Signing(true)), vec![]));
    bench.station.learn(vec![Known::Signing(Err("it names somebody else".into()))]);
    let turn = bench.tell(wish());
    assert_eq!(turn.answer, Some(Answer::Signing(false)));
    assert_eq!(put_down(&turn), [(SIGNING_REFUSED, Some("it names somebody else"))]);
    // What was decided is forgotten with its event; where nobody decides, as in a log that is replayed, nothing was signed.
    let turn = bench.tell(wish());
    assert_eq!((&turn.answer, put_down(&turn)), (&Some(Answer::Signing(false)), vec![]));
}

#[test]
fn a_security_event_is_put_down_as_it_came_and_counted_by_its_kind() {
    let mut bench = Bench::new();
    for (kind, counted, critical) in [
        (Some("TamperDetectionActivated"), "TamperDetectionActivated", true),
        (Some("resetorreboot"), "ResetOrReboot", true),
        (Some("InvalidMessages"), "InvalidMessages", false),
        (Some("DoorOpened"), OTHER.name, false),
        (None, OTHER.name, false),
    ] {
        let kind: Option<Box<str>> = kind.map(Into::into);
        let told = Security { kind: kind.clone(), info: Some("x".into()), at: ChargerTime::said(second(0)) };
        let turn = bench.tell(Event::Security(told));
        assert_eq!(put_down(&turn), [(kind.as_deref().unwrap_or_default(), Some("x"))]);
        let found = turn
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Security(of) if (of.name, of.critical) == (counted, critical)));
        assert!(found, "{kind:?}: {:?}", turn.effects);
    }
}
