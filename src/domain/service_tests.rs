//! What each moment counts as.

use super::*;
use crate::domain::ids::ChargerId;
use proptest::prelude::*;

fn at(millis: i64) -> At {
    At::from_millis(millis)
}

fn span(from: i64, until: i64) -> Span {
    Span { from: at(from), until: at(until) }
}

fn interval(from: i64, until: i64, state: State, cause: Cause) -> Interval {
    Interval { from: at(from), until: Some(at(until)), state, status: None, cause, proof: Some(FrameKey(from)) }
}

fn entry(id: i64, kind: ExemptionKind, span: Span) -> Exemption {
    Exemption { id, charger: ChargerId::new("A"), evse: None, kind, cause: "vandalism".to_owned(), span }
}

fn terms<'a>(open: &'a [Span], exemptions: &'a [Exemption]) -> Terms<'a> {
    Terms { evse: 1, commissioned: Some(at(0)), removed: None, open, exemptions, watched_from: at(0) }
}

fn classes(found: &[Piece]) -> Vec<(i64, i64, Class)> {
    found.iter().map(|piece| (piece.span.from.millis(), piece.span.until.millis(), piece.class)).collect()
}

#[test]
fn an_outage_of_ours_in_the_middle_of_a_fault_is_neither_up_nor_down() {
    let line = [
        interval(0, 10, State::Available, Cause::Charger),
        interval(10, 20, State::OutOfOrder, Cause::Charger),
        interval(20, 30, State::Unknown, Cause::OurOutage),
        interval(30, 40, State::OutOfOrder, Cause::Charger),
    ];
    let open = [span(0, 100)];
    let found = pieces(&line, &terms(&open, &[]), span(0, 50));
    let wanted = [
        (0, 10, Class::Up),
        (10, 20, Class::Down),
        (20, 30, Class::Ours),
        (30, 40, Class::Down),
        (40, 50, Class::Unknown),
    ];
    assert_eq!(classes(&found), wanted);
    assert_eq!(found[1].proof, Some(FrameKey(10)));
}

#[test]
fn what_was_entered_covers_what_was_seen_and_leaves_it_to_be_read() {
    let line = [interval(0, 100, State::OutOfOrder, Cause::Charger)];
    let open = [span(0, 100)];
    let entries = [
        entry(1, ExemptionKind::Exempt, span(10, 30)),
        entry(2, ExemptionKind::Blocked, span(20, 40)),
        entry(3, ExemptionKind::PlannedWork, span(50, 60)),
        Exemption { evse: Some(2), ..entry(4, ExemptionKind::Exempt, span(70, 80)) },
    ];
    let found = pieces(&line, &terms(&open, &entries), span(0, 100));
    let seen: Vec<_> = found.iter().map(|piece| (piece.span.from.millis(), piece.class, piece.exemption)).collect();
    let wanted = [
        (0, Class::Down, None),
        (10, Class::Exempt, Some(1)),
        (20, Class::Exempt, Some(1)),
        (30, Class::Blocked, Some(2)),
        (40, Class::Down, None),
        (50, Class::Down, None),
        (60, Class::Down, None),
    ];
    assert_eq!(seen, wanted, "an entry for another EVSE covers nothing");
    assert_eq!(found[5].planned, Some(3));
    assert!(found.iter().all(|piece| piece.seen == State::OutOfOrder));
    let mut facts = Facts::default();
    found.iter().for_each(|piece| facts.add(piece));
    let told = [Fact::Down, Fact::Exempt, Fact::Blocked, Fact::PlannedDown, Fact::OutOfOrder].map(|fact| facts[fact]);
    assert_eq!(told, [70, 20, 10, 10, 100]);
}

#[test]
fn closed_hours_and_time_out_of_service_do_not_count() {
    let line = [interval(0, 100, State::Available, Cause::Charger)];
    let open = [span(0, 40), span(60, 100)];
    let terms = Terms { commissioned: Some(at(10)), removed: Some(at(90)), ..terms(&open, &[]) };
    let found = pieces(&line, &terms, span(0, 100));
    let wanted = [
        (0, 10, Class::Outside),
        (10, 40, Class::Up),
        (40, 60, Class::Closed),
        (60, 90, Class::Up),
        (90, 100, Class::Outside),
    ];
    assert_eq!(classes(&found), wanted);
    assert_eq!((found[0].state, found[4].state), (State::Planned, State::Removed));
    let mut facts = Facts::default();
    found.iter().for_each(|piece| facts.add(piece));
    assert_eq!([facts[Fact::InService], facts[Fact::Counted], facts[Fact::Up]], [80, 60, 60]);
}

#[test]
fn before_we_watched_it_was_us_and_after_that_it_is_the_charger() {
    let open = [span(0, 100)];
    let terms = Terms { watched_from: at(30), ..terms(&open, &[]) };
    assert_eq!(classes(&pieces(&[], &terms, span(0, 50))), [(0, 30, Class::Ours), (30, 50, Class::Unknown)]);
    let never = Terms { commissioned: None, ..terms };
    assert_eq!(classes(&pieces(&[], &never, span(0, 50))), [(0, 50, Class::Outside)]);
}

proptest! {
    #[test]
    fn pieces_fill_the_stretch_and_days_add_up_to_the_whole(
        cuts in prop::collection::vec((0_i64..1000, 0_usize..6, 0_usize..3), 0..12),
        entries in prop::collection::vec((0_i64..1000, 1_i64..300, 0_usize..3), 0..4),
        open in prop::collection::btree_set(0_i64..1000, 0..6),
        split in 1_i64..999,
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        cuts.dedup_by_key(|cut| cut.0);
        let states = [State::Available, State::Charging, State::Reserved, State::Inoperative, State::OutOfOrder, State::Unknown];
        let causes = [Cause::Charger, Cause::Link, Cause::OurOutage];
        let ends = cuts.iter().skip(1).map(|cut| cut.0).chain([1000]);
        let line: Vec<Interval> =
            cuts.iter().zip(ends).map(|(cut, end)| interval(cut.0, end, states[cut.1], causes[cut.2])).collect();
        let entries: Vec<Exemption> = entries
            .iter()
            .enumerate()
            .map(|(id, (from, length, kind))| entry(id as i64, ExemptionKind::ALL[*kind], span(*from, from + length)))
            .collect();
        let edges: Vec<i64> = open.into_iter().collect();
        let open: Vec<Span> = edges.chunks_exact(2).map(|pair| span(pair[0], pair[1])).collect();
        let terms = Terms { watched_from: at(100), ..terms(&open, &entries) };
        let sum = |within: Span| {
            let found = pieces(&line, &terms, within);
            assert_eq!(found.iter().map(|piece| piece.span.millis()).sum::<i64>(), within.millis());
            let mut facts = Facts::default();
            found.iter().for_each(|piece| facts.add(piece));
            facts
        };
        let whole = sum(span(0, 1000));
        let mut parts = sum(span(0, split));
        parts += &sum(span(split, 1000));
        prop_assert_eq!(&whole, &parts);
        let six = [Fact::Up, Fact::Down, Fact::Unknown, Fact::Ours, Fact::Blocked, Fact::Exempt];
        prop_assert_eq!(six.map(|fact| whole[fact]).iter().sum::<i64>(), whole[Fact::Counted]);
    }
}
