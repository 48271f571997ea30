//! Attempts and visits by hand.

use super::*;

const GAPS: Gaps = Gaps { evidence_ms: 300_000, visit_ms: 1_800_000, anonymous_ms: 120_000 };

fn second(number: i64) -> At {
    At::from_millis(number * 1000)
}

fn session(evse: u32, from: i64, until: i64, wh: i64, token: Option<char>) -> Tried {
    Tried {
        outlet: Outlet::new(evse, 1),
        started: second(from),
        ended: Some(second(until)),
        state: SessionState::Ended,
        energy: Some(MilliWh(wh * 1000)),
        flow_from: None,
        stop_reason: None,
        token: token.map(|letter| TokenHash::from_ledger(format!("t:{}", letter.to_string().repeat(32)))),
    }
}

fn plug(evse: u32, from: i64, until: i64) -> PlugIn {
    PlugIn { outlet: Outlet::new(evse, 1), from: second(from), until: Some(second(until)), was_free: true }
}

fn check(at: i64) -> TokenCheck {
    TokenCheck { at: second(at), accepted: true }
}

/// From when, what it began with, whether a session came of it.
fn told(attempts: &[Attempt]) -> Vec<(i64, Began, bool)> {
    attempts.iter().map(|found| (found.from.millis() / 1000, found.began, found.session.is_some())).collect()
}

#[test]
fn plug_token_and_start_of_one_driver_are_one_attempt() {
    let found = attempts(vec![session(1, 120, 4000, 9000, None)], &[plug(1, 100, 120)], GAPS);
    assert_eq!(told(&found), [(100, Began::Plug, true)]);
    assert_eq!(told(&with_tokens(found.clone(), &[check(110), check(3990)], GAPS)), [(100, Began::Plug, true)]);
    let token_first = with_tokens(found.clone(), &[check(90), check(95)], GAPS);
    assert_eq!(told(&token_first), [(90, Began::Token, true)]);
    let alone = attempts(vec![session(1, 120, 4000, 9000, None)], &[plug(2, 100, 120)], GAPS);
    assert_eq!(told(&alone), [(100, Began::Plug, false), (120, Began::Start, true)], "another EVSE");
    let late = attempts(vec![session(1, 120, 4000, 9000, None)], &[plug(1, 125, 130)], GAPS);
    assert_eq!(told(&late), [(120, Began::Start, true)], "told of after the start");
}

#[test]
fn a_try_that_comes_to_nothing_is_an_attempt_and_a_second_try_is_another() {
    let plugs = [plug(1, 0, 40), plug(1, 100, 120), plug(1, 5000, 5030)];
    let sessions = vec![session(1, 20, 30, 0, None), session(1, 120, 4000, 9000, None)];
    let found = attempts(sessions, &plugs, GAPS);
    assert_eq!(told(&found), [(0, Began::Plug, true), (100, Began::Plug, true), (5000, Began::Plug, false)]);
    assert_eq!(found[2].delivered(MilliWh(0)), Some(false));
    // A token and then nothing; shown twice within five minutes it is one attempt.
    let found = with_tokens(Vec::new(), &[check(0), TokenCheck { at: second(200), accepted: false }, check(900)], GAPS);
    assert_eq!(told(&found), [(0, Began::Token, false), (900, Began::Token, false)]);
    assert_eq!((found[0].refused, found[1].refused), (true, false));
}

#[test]
fn what_is_not_known_is_neither_success_nor_failure() {
    let running =
        Tried { ended: None, state: SessionState::Active, energy: Some(MilliWh(50_000)), ..session(1, 0, 0, 0, None) };
    let attempt = |session: Tried| attempts(vec![session], &[], GAPS).remove(0);
    let found = attempt(running);
    let told = (found.delivered(MilliWh(0)), found.delivered(MilliWh(100_000)), found.stopped_well());
    assert_eq!(told, (Some(true), None, None));
    let unmetered = attempt(Tried { energy: None, ..session(1, 0, 10, 0, None) });
    assert_eq!((unmetered.delivered(MilliWh(0)), unmetered.stopped_well()), (None, Some(true)));
    for (reason, well) in
        [("Local", true), ("remote", true), ("EVDisconnected", true), ("PowerLoss", false), ("Other", false)]
    {
        let found = attempt(Tried { stop_reason: Some(reason.into()), ..session(1, 0, 10, 5, None) });
        assert_eq!(found.stopped_well(), Some(well), "{reason}");
    }
    let lost = attempt(Tried { state: SessionState::EndedWithoutStop, ..session(1, 0, 10, 5, None) });
    assert_eq!(lost.stopped_well(), None);
}

/// Visits of attempts `(EVSE, session)`, which must be in order of time.
fn visited(sessions: &[(usize, Tried)]) -> Vec<Visit> {
    let attempts: Vec<_> =
        sessions.iter().map(|(evse, session)| (*evse, attempts(vec![session.clone()], &[], GAPS).remove(0))).collect();
    let plain: Vec<_> = attempts.iter().map(|(evse, attempt)| (*evse, attempt)).collect();
    visits(&plain, GAPS)
}

#[test]
fn attempts_with_one_token_at_one_site_are_one_visit_for_half_an_hour() {
    let visit = visited(&[
        (0, session(1, 0, 60, 0, Some('a'))),
        (1, session(2, 100, 200, 0, Some('b'))),
        (1, session(2, 1000, 5000, 9000, Some('a'))),
        (0, session(1, 5000 + 1799, 9000, 9000, Some('a'))),
        (0, session(1, 9000 + 1800, 20_000, 9000, Some('a'))),
    ]);
    assert_eq!(visit, [vec![0, 2, 3], vec![1], vec![4]]);
}

#[test]
fn attempts_without_a_token_are_one_visit_at_one_evse_in_quick_succession() {
    let visit = visited(&[
        (0, session(1, 0, 60, 0, None)),
        (1, session(2, 70, 80, 0, None)),
        (0, session(1, 179, 200, 0, None)),
        (0, session(1, 319, 4000, 9000, Some('a'))),
        (0, session(1, 4120, 4200, 0, None)),
    ]);
    assert_eq!(visit, [vec![0, 2, 3], vec![1], vec![4]], "those right before one with a token join it");
    // Who comes right after somebody else is with the next, not with the last.
    let visit = visited(&[
        (0, session(1, 0, 60, 9000, Some('a'))),
        (0, session(1, 90, 100, 0, None)),
        (0, session(1, 130, 4000, 9000, Some('b'))),
    ]);
    assert_eq!(visit, [vec![0], vec![1, 2]]);
}
