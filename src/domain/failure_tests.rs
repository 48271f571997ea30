//! Failures by hand, from pieces of an EVSE's time.

use super::*;
use crate::domain::availability::Interval;
use crate::domain::exemption::{Exemption, ExemptionKind};
use crate::domain::ids::ChargerId;
use crate::domain::service::{Terms, pieces};
use crate::domain::status::Cause;

const FLAPS: Flaps = Flaps { shortest_ms: 60_000, merged_ms: 120_000 };

fn minute(number: i64) -> At {
    At::from_millis(number * 60_000)
}

/// Pieces of a timeline `(from minute, state, cause)`, until minute 1000; entries are `(kind, from, until)`.
fn cut(line: &[(i64, State, Cause)], entries: &[(ExemptionKind, i64, i64)]) -> Vec<Piece> {
    let timeline: Vec<Interval> = line
        .iter()
        .enumerate()
        .map(|(index, (from, state, cause))| Interval {
            from: minute(*from),
            until: line.get(index + 1).map(|next| minute(next.0)),
            state: *state,
            status: None,
            cause: *cause,
            proof: None,
        })
        .collect();
    let exemptions: Vec<Exemption> = entries
        .iter()
        .map(|(kind, from, until)| Exemption {
            id: 1,
            charger: ChargerId::new("A"),
            evse: None,
            kind: *kind,
            cause: "vandalism".to_owned(),
            span: Span { from: minute(*from), until: minute(*until) },
        })
        .collect();
    let within = Span { from: minute(0), until: minute(1000) };
    let terms = Terms {
        evse: 1,
        commissioned: Some(minute(0)),
        removed: Some(minute(900)),
        open: &[within],
        exemptions: &exemptions,
        watched_from: minute(0),
    };
    pieces(&timeline, &terms, within)
}

/// Begin and end in minutes, how it ended, how long it counts.
fn told(pieces: &[Piece]) -> Vec<(i64, i64, End, i64)> {
    let minutes = |at: At| at.millis() / 60_000;
    episodes(pieces, FLAPS)
        .iter()
        .map(|found| (minutes(found.span.from), minutes(found.span.until), found.end, found.lasted_ms() / 60_000))
        .collect()
}

const UP: (State, Cause) = (State::Available, Cause::Charger);
const DOWN: (State, Cause) = (State::OutOfOrder, Cause::Charger);
const OFF: (State, Cause) = (State::Inoperative, Cause::Charger);
const OURS: (State, Cause) = (State::Unknown, Cause::OurOutage);
const LINK: (State, Cause) = (State::Unknown, Cause::Link);

fn line(changes: &[(i64, (State, Cause))]) -> Vec<(i64, State, Cause)> {
    changes.iter().map(|(from, (state, cause))| (*from, *state, *cause)).collect()
}

#[test]
fn a_fault_that_spans_our_outage_is_one_and_one_of_which_the_end_was_not_seen_says_so() {
    let spans = line(&[(0, UP), (100, DOWN), (150, OURS), (200, DOWN), (260, UP)]);
    assert_eq!(told(&cut(&spans, &[])), [(100, 260, End::Repaired, 160)]);
    let unseen = line(&[(0, UP), (100, DOWN), (150, OURS), (200, UP)]);
    assert_eq!(told(&cut(&unseen, &[])), [(100, 150, End::Unseen, 50)], "it is not known when it was repaired");
    let offline = line(&[(0, UP), (100, DOWN), (150, LINK), (200, DOWN), (300, LINK)]);
    assert_eq!(told(&cut(&offline, &[])), [(100, 300, End::Unseen, 200)], "it was removed without a word");
}

#[test]
fn flaps_are_one_failure_and_a_blink_is_none() {
    let flaps = line(&[(0, UP), (100, DOWN), (110, UP), (111, DOWN), (120, UP), (122, DOWN), (130, UP)]);
    assert_eq!(told(&cut(&flaps, &[])), [(100, 120, End::Repaired, 20), (122, 130, End::Repaired, 8)]);
    let mut blink = cut(&line(&[(0, UP), (100, DOWN), (101, UP)]), &[]);
    assert_eq!(told(&blink).len(), 1, "a minute is one");
    blink[1].span.until = minute(101).plus_millis(-1);
    blink[2].span.from = minute(101).plus_millis(-1);
    assert!(told(&blink).is_empty(), "a millisecond less is none");
}

#[test]
fn what_was_entered_excuses_and_planned_work_is_no_failure() {
    let stolen = line(&[(0, UP), (100, DOWN), (200, UP)]);
    let standing = |kind, from, until| {
        let found = episodes(&cut(&stolen, &[(kind, from, until)]), FLAPS);
        (found[0].standing, found[0].lasted_ms() / 60_000, found.len())
    };
    assert_eq!(standing(ExemptionKind::Exempt, 90, 300), (Standing::Excused, 0, 1));
    assert_eq!(standing(ExemptionKind::Exempt, 90, 140), (Standing::Excused, 60, 1));
    assert_eq!(standing(ExemptionKind::Blocked, 150, 300), (Standing::Failure, 50, 1), "it failed before");
    assert_eq!(standing(ExemptionKind::PlannedWork, 100, 110), (Standing::Planned, 100, 1));
}

#[test]
fn switched_off_is_told_from_broken_and_removal_ends_a_failure() {
    let found = episodes(&cut(&line(&[(0, UP), (100, OFF), (150, DOWN), (200, UP), (300, OFF)]), &[]), FLAPS);
    let told: Vec<_> = found.iter().map(|found| (found.broken, found.end, found.span.until)).collect();
    assert_eq!(told, [(true, End::Repaired, minute(200)), (false, End::Unseen, minute(900))]);
}

#[test]
fn a_lost_link_is_no_failure_and_is_counted_once() {
    let pieces = cut(&line(&[(0, UP), (100, LINK), (200, UP), (300, DOWN), (350, LINK), (400, UP), (500, OURS)]), &[]);
    assert_eq!(losses(&pieces), [minute(100)], "one began in a failure, one was ours");
    assert_eq!(told(&pieces), [(300, 350, End::Unseen, 50)]);
    let late = cut(&line(&[(0, UP), (100, OURS), (110, LINK), (200, UP)]), &[]);
    assert_eq!(losses(&late), [minute(110)]);
    // Late frames prove that it worked, or that it did not.
    let proven = cut(&line(&[(0, UP), (100, DOWN), (200, UP)]), &[]);
    assert_eq!((losses(&proven).len(), told(&proven).len()), (0, 1));
}
