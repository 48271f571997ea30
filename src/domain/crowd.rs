//! How crowded a site is: what its EVSEs are to a driver who comes, swept over every instant at which one of them changes.

use std::collections::BTreeMap;

use super::compact::{put, take};
use super::service::{Class, Piece};
use super::status::State;
use super::time::{At, Span};

/// What an EVSE that is in service at an open site is to a driver who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Free to be used.
    Free,
    /// In use.
    InUse,
    /// A session ran while nothing was heard.
    InUseUnheard,
    /// Out of order or switched off.
    Broken,
    /// Reserved, or out of reach by an operator's entry: not free, in use or broken.
    Withheld,
    /// Not heard, whoever's doing that was.
    Unheard,
}

/// How many there are.
const STANDS: usize = 6;

/// A stretch of an EVSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When.
    pub span: Span,
    /// What it is then.
    pub stand: Stand,
}

/// Spans in any order as spans in order that do not touch.
pub fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|span| span.from);
    let mut found: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.into_iter().filter(|span| span.millis() > 0) {
        match found.last_mut().filter(|last| span.from <= last.until) {
            Some(last) => last.until = last.until.max(span.until),
            None => found.push(span),
        }
    }
    found
}

/// What an EVSE is, by the pieces of its timeline and the [`joined`] spans of its sessions that are over. What is outside or
/// closed is left out.
pub fn stretches(pieces: &[Piece], sessions: &[Span]) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for piece in pieces.iter().filter(|piece| !matches!(piece.class, Class::Outside | Class::Closed)) {
        let (else_what, in_session) = stands(piece);
        let mut from = piece.span.from;
        let first = sessions.partition_point(|span| span.until <= from);
        let own = sessions.iter().skip(first).map_while(|span| span.within(piece.span));
        for session in own {
            push(&mut found, Span { from, until: session.from }, else_what);
            push(&mut found, session, in_session);
            from = session.until;
        }
        push(&mut found, Span { from, until: piece.span.until }, else_what);
    }
    found
}

fn push(found: &mut Vec<Stretch>, span: Span, stand: Stand) {
    if span.millis() == 0 {
        return;
    }
    match found.last_mut().filter(|last| last.stand == stand && last.span.until == span.from) {
        Some(last) => last.span.until = span.until,
        None => found.push(Stretch { span, stand }),
    }
}

/// What an EVSE is without and with a session. A session does not make a fault a use.
const fn stands(piece: &Piece) -> (Stand, Stand) {
    let is_blocked = matches!(piece.class, Class::Blocked);
    match piece.seen {
        State::Available if !is_blocked => (Stand::Free, Stand::InUse),
        State::Charging => (Stand::InUse, Stand::InUse),
        State::Inoperative | State::OutOfOrder => (Stand::Broken, Stand::Broken),
        State::Unknown if !is_blocked => (Stand::Unheard, Stand::InUseUnheard),
        State::Unknown => (Stand::Withheld, Stand::InUseUnheard),
        State::Available | State::Reserved | State::Blocked | State::Planned | State::Removed => {
            (Stand::Withheld, Stand::InUse)
        }
    }
}

/// How many EVSEs of a site are what, at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scene([u32; STANDS]);

impl Scene {
    const fn of(&self, stand: Stand) -> u32 {
        self.0[stand as usize]
    }

    /// In service.
    pub fn in_service(&self) -> u32 {
        self.0.iter().sum()
    }

    /// In use, heard or not.
    pub const fn in_use(&self) -> u32 {
        self.of(Stand::InUse) + self.of(Stand::InUseUnheard)
    }

    /// Not heard.
    pub const fn unheard(&self) -> u32 {
        self.of(Stand::Unheard) + self.of(Stand::InUseUnheard)
    }

    /// Of those that are heard none is free, and one is in use.
    pub const fn is_full(&self) -> bool {
        self.of(Stand::Free) == 0 && self.of(Stand::InUse) > 0
    }

    /// All that are heard are broken.
    pub fn is_dead(&self) -> bool {
        let broken = self.of(Stand::Broken);
        broken > 0 && broken == self.in_service() - self.unheard()
    }

    /// Of two or more, four in five are in use.
    pub fn is_crowded(&self) -> bool {
        self.in_service() > 1 && self.in_use() * 5 >= self.in_service() * 4
    }
}

/// Takes what the EVSEs of a site are together, stretch by stretch in order, while any of them is in service. The stretches
/// of each EVSE must not overlap.
pub fn sweep(evses: &[Vec<Stretch>], mut take: impl FnMut(Span, &Scene)) {
    let all = evses.iter().flatten();
    let mut edges: Vec<(At, Stand, bool)> =
        all.flat_map(|own| [(own.span.from, own.stand, true), (own.span.until, own.stand, false)]).collect();
    // At one instant what begins comes first, so that no count falls below 0.
    edges.sort_unstable_by_key(|(at, _, begins)| (*at, !begins));
    let mut now = Scene::default();
    let mut since = None;
    for (at, stand, begins) in edges {
        let span = Span { from: since.unwrap_or(at), until: at };
        if span.millis() > 0 && now.in_service() > 0 {
            take(span, &now);
        }
        since = Some(at);
        let count = &mut now.0[stand as usize];
        *count = if begins { *count + 1 } else { count.saturating_sub(1) };
    }
}

/// What stretches of sites come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// In service while open, and an EVSE was heard: the T of sites, in milliseconds as all of these.
    pub heard_ms: i64,
    /// In service while open, and none was heard.
    pub unheard_ms: i64,
    /// Of heard: some EVSE was not.
    pub partly_unheard_ms: i64,
    /// Of heard: full.
    pub full_ms: i64,
    /// Of heard: dead.
    pub dead_ms: i64,
    /// Heard, by the number of EVSEs in use.
    by_use: BTreeMap<u32, i64>,
    /// Most EVSEs in use at once.
    pub peak: u32,
    /// The highest share in use at once: of how many how many.
    pub peak_share: (u32, u32),
}

impl Crowd {
    /// Adds a stretch.
    pub fn add(&mut self, ms: i64, scene: &Scene) {
        let (in_use, in_service) = (scene.in_use(), scene.in_service());
        self.peak = self.peak.max(in_use);
        self.share((in_service, in_use));
        if scene.unheard() == in_service {
            self.unheard_ms += ms;
            return;
        }
        self.heard_ms += ms;
        *self.by_use.entry(in_use).or_default() += ms;
        for (sum, is_so) in [
            (&mut self.partly_unheard_ms, scene.unheard() > 0),
            (&mut self.full_ms, scene.is_full()),
            (&mut self.dead_ms, scene.is_dead()),
        ] {
            *sum += if is_so { ms } else { 0 };
        }
    }

    /// Notes how many of how many were in use: the highest share stays, of equal ones that of more.
    fn share(&mut self, (in_service, in_use): (u32, u32)) {
        let (of, most) = self.peak_share;
        let (known, new) = (u64::from(most) * u64::from(in_service), u64::from(in_use) * u64::from(of));
        if of == 0 || (new, in_service) > (known, of) {
            self.peak_share = (in_service, in_use);
        }
    }

    /// Adds another.
    pub fn join(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.heard_ms, other.heard_ms),
            (&mut self.unheard_ms, other.unheard_ms),
            (&mut self.partly_unheard_ms, other.partly_unheard_ms),
            (&mut self.full_ms, other.full_ms),
            (&mut self.dead_ms, other.dead_ms),
        ] {
            *sum = sum.saturating_add(more);
        }
        for (count, ms) in &other.by_use {
            let sum = self.by_use.entry(*count).or_default();
            *sum = sum.saturating_add(*ms);
        }
        self.peak = self.peak.max(other.peak);
        if other.peak_share.0 > 0 {
            self.share(other.peak_share);
        }
    }

    /// Writes it.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        for ms in [self.heard_ms, self.unheard_ms, self.partly_unheard_ms, self.full_ms, self.dead_ms] {
            put(bytes, ms);
        }
        for count in [self.peak, self.peak_share.0, self.peak_share.1] {
            put(bytes, count.into());
        }
        put(bytes, i64::try_from(self.by_use.len()).unwrap_or(i64::MAX));
        for (count, ms) in &self.by_use {
            put(bytes, (*count).into());
            put(bytes, *ms);
        }
    }

    /// Reads what [`Crowd::write`] wrote.
    pub(super) fn read<'a>(rest: &mut impl ExactSizeIterator<Item = &'a u8>) -> Self {
        let [heard_ms, unheard_ms, partly_unheard_ms, full_ms, dead_ms] = std::array::from_fn(|_| take(rest));
        let mut count = || u32::try_from(take(rest)).unwrap_or(0);
        let (peak, peak_share) = (count(), (count(), count()));
        let counts = usize::try_from(take(rest)).unwrap_or(0).min(rest.len());
        let by_use = (0..counts).map(|_| (u32::try_from(take(rest)).unwrap_or(0), take(rest))).collect();
        Self { heard_ms, unheard_ms, partly_unheard_ms, full_ms, dead_ms, by_use, peak, peak_share }
    }

    /// The lowest number that at least so many percent of the time that was heard no more EVSEs were in use than; `None`
    /// where nothing was heard.
    pub fn in_use_for(&self, percent: i64) -> Option<u32> {
        let mut sum = 0;
        let reaches = |(_, ms): &(&u32, &i64)| {
            sum += **ms;
            i128::from(sum) * 100 >= i128::from(self.heard_ms) * i128::from(percent)
        };
        self.by_use.iter().find(reaches).map(|(count, _)| *count)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::status::Cause;
    use proptest::prelude::*;

    const ALL: [Stand; STANDS] =
        [Stand::Free, Stand::InUse, Stand::InUseUnheard, Stand::Broken, Stand::Withheld, Stand::Unheard];

    fn span(from: i64, until: i64) -> Span {
        Span { from: At::from_millis(from), until: At::from_millis(until) }
    }

    /// An EVSE of lengths, each a stand or out of service.
    fn any_evse() -> impl Strategy<Value = Vec<Stretch>> {
        prop::collection::vec((1_i64..9, 0..=STANDS), 0..12).prop_map(|parts| {
            let mut at = 0;
            let mut found = Vec::new();
            for (length, stand) in parts {
                found.extend(ALL.get(stand).map(|stand| Stretch { span: span(at, at + length), stand: *stand }));
                at += length;
            }
            found
        })
    }

    /// What sweeps of some EVSEs come to.
    pub(in crate::domain) fn any_crowd() -> impl Strategy<Value = Crowd> {
        prop::collection::vec(any_evse(), 0..6).prop_map(|evses| {
            let mut crowd = Crowd::default();
            sweep(&evses, |span, scene| crowd.add(span.millis(), scene));
            crowd
        })
    }

    proptest! {
        #[test]
        fn parts_of_a_time_join_to_what_the_whole_comes_to(evses in prop::collection::vec(any_evse(), 0..6), cut in 0_i64..120) {
            let (mut whole, mut parts) = (Crowd::default(), [Crowd::default(), Crowd::default()]);
            sweep(&evses, |span, scene| {
                whole.add(span.millis(), scene);
                for (part, half) in parts.iter_mut().zip([self::span(0, cut), self::span(cut, 120)]) {
                    if let Some(own) = span.within(half) {
                        part.add(own.millis(), scene);
                    }
                }
            });
            let [mut joined, second] = parts;
            joined.join(&second);
            prop_assert_eq!(joined, whole);
        }

        #[test]
        fn a_sweep_says_of_every_instant_what_looking_at_each_evse_does(evses in prop::collection::vec(any_evse(), 0..6)) {
            let mut swept: BTreeMap<i64, Scene> = BTreeMap::new();
            let mut crowd = Crowd::default();
            sweep(&evses, |span, scene| {
                crowd.add(span.millis(), scene);
                for at in span.from.millis()..span.until.millis() {
                    assert_eq!(swept.insert(at, *scene), None, "no instant comes twice");
                }
            });
            let (mut heard, mut full, mut dead, mut peak, mut used) = (0, 0, 0, 0, Vec::new());
            for instant in 0..120 {
                let at = At::from_millis(instant);
                let stands: Vec<Stand> = evses
                    .iter()
                    .filter_map(|own| own.iter().find(|stretch| stretch.span.contains(at)).map(|stretch| stretch.stand))
                    .collect();
                let has = |stand| stands.contains(&stand);
                let scene = swept.get(&instant).copied().unwrap_or_default();
                for stand in ALL {
                    prop_assert_eq!(scene.of(stand) as usize, stands.iter().filter(|own| **own == stand).count());
                }
                let heard_now: Vec<_> =
                    stands.iter().filter(|own| !matches!(own, Stand::Unheard | Stand::InUseUnheard)).collect();
                let in_use = stands.iter().filter(|own| matches!(own, Stand::InUse | Stand::InUseUnheard)).count();
                peak = peak.max(in_use);
                if !heard_now.is_empty() {
                    heard += 1;
                    used.push(in_use);
                    full += i64::from(has(Stand::InUse) && !has(Stand::Free));
                    dead += i64::from(heard_now.iter().all(|own| **own == Stand::Broken));
                }
            }
            prop_assert_eq!((crowd.heard_ms, crowd.full_ms, crowd.dead_ms), (heard, full, dead));
            prop_assert_eq!(crowd.peak as usize, peak);
            used.sort_unstable();
            // The 95th of a hundred: so many have that or less.
            let place = (used.len() * 95).div_ceil(100).saturating_sub(1);
            prop_assert_eq!(crowd.in_use_for(95).map(|count| count as usize), used.get(place).copied());
        }

        #[test]
        fn stretches_say_of_every_instant_what_piece_and_sessions_do(
            parts in prop::collection::vec((1_i64..9, 0_usize..6, 0_usize..4), 0..10),
            sessions in prop::collection::vec((0_i64..60, 0_i64..15), 0..6),
        ) {
            let states =
                [State::Available, State::Charging, State::Reserved, State::Inoperative, State::OutOfOrder, State::Unknown];
            let classes = [Class::Up, Class::Blocked, Class::Closed, Class::Exempt];
            let mut at = 0;
            let pieces: Vec<Piece> = parts
                .into_iter()
                .map(|(length, state, class)| {
                    let piece = piece(span(at, at + length), states[state], classes[class]);
                    at += length;
                    piece
                })
                .collect();
            let sessions: Vec<Span> = sessions.into_iter().map(|(from, length)| span(from, from + length)).collect();
            let found = stretches(&pieces, &joined(sessions.clone()));
            for instant in (0..100).map(At::from_millis) {
                let told: Vec<Stand> =
                    found.iter().filter(|own| own.span.contains(instant)).map(|own| own.stand).collect();
                let runs = sessions.iter().any(|session| session.contains(instant));
                let now = pieces.iter().find(|piece| piece.span.contains(instant) && piece.class != Class::Closed);
                let wanted = now.map(|piece| match (piece.seen, runs, piece.class == Class::Blocked) {
                    (State::Inoperative | State::OutOfOrder, ..) => Stand::Broken,
                    (State::Charging, ..) => Stand::InUse,
                    (State::Unknown, true, _) => Stand::InUseUnheard,
                    (_, true, _) => Stand::InUse,
                    (State::Unknown, false, false) => Stand::Unheard,
                    (State::Available, false, false) => Stand::Free,
                    (_, false, _) => Stand::Withheld,
                });
                prop_assert_eq!(told, wanted.into_iter().collect::<Vec<_>>());
            }
        }
    }

    fn piece(span: Span, seen: State, class: Class) -> Piece {
        Piece {
            span,
            state: seen,
            seen,
            status: None,
            cause: Cause::Charger,
            proof: None,
            open: class != Class::Closed,
            class,
            exemption: None,
            planned: None,
        }
    }

    #[test]
    fn a_site_is_crowded_from_four_of_five_on_and_never_where_there_is_but_one() {
        let scene = |free, in_use| Scene([free, in_use, 0, 0, 0, 0]);
        for (scene, is_so) in [
            (scene(1, 4), true),
            (scene(2, 4), false),
            (scene(1, 3), false),
            (scene(0, 2), true),
            (scene(1, 1), false),
            (scene(0, 1), false),
        ] {
            assert_eq!(scene.is_crowded(), is_so, "{scene:?}");
        }
    }
}
