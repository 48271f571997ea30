//! Facts of EVSEs in stretches of time: kept ones where there are, made anew where there are none or something changed.

use std::collections::{HashMap, HashSet};

use chrono_tz::Tz;

use super::Scope;
use super::afresh::{Want, lines, live, terms};
use super::lived::Stale;
use super::network::{Evse, Network};
use super::period::{date_of, month_of, number_of};
use crate::domain::ids::StationKey;
use crate::domain::opening::{day_span, local_day, midnight};
use crate::domain::record::SessionRow;
use crate::domain::service::{Facts, Piece, pieces};
use crate::domain::time::Span;
use crate::store::StoreError;
use crate::store::figures::{Detail, Figures};

/// Adds up the facts of every EVSE in every bucket. `zone` is that of local days.
pub(super) fn tally(
    ledger: &mut dyn Figures,
    network: &Network,
    buckets: &[Span],
    zone: Tz,
    detail: Detail,
    take: &mut dyn FnMut(usize, usize, &Facts),
) -> Result<(), StoreError> {
    let kept = KeptFacts::read(ledger, network, zone, detail)?;
    let mut wants = Vec::new();
    for (bucket, span) in buckets.iter().enumerate() {
        kept.take(ledger, *span, bucket, &mut wants, take)?;
    }
    live(ledger, network, &mut wants, zone, detail, &mut |want, facts| take(want.evse, want.bucket, facts))
}

/// The facts of every EVSE in some stretches, for one who asks for them again and again.
pub(super) struct Summed {
    spans: Vec<Span>,
    detail: Detail,
    /// Which EVSE, in which stretch, with what.
    facts: Vec<(usize, usize, Facts)>,
    /// The same with sums alone: most ask for no more.
    sums: Vec<(usize, usize, Facts)>,
}

impl Summed {
    /// Adds them up.
    pub(super) fn read(scope: &mut Scope<'_>, detail: Detail) -> Result<Self, StoreError> {
        let spans: Vec<Span> = scope.buckets.iter().map(|(_, span)| *span).collect();
        let mut sums: Vec<Option<Facts>> = Vec::new();
        sums.resize_with(scope.network.evses.len() * spans.len(), || None);
        scope.tally(&spans, detail, &mut |evse, bucket, facts| {
            if let Some(sum) = sums.get_mut(evse * spans.len() + bucket) {
                *sum.get_or_insert_default() += facts;
            }
        })?;
        let own = sums.into_iter().enumerate();
        let facts: Vec<(usize, usize, Facts)> =
            own.filter_map(|(at, sum)| Some((at / spans.len(), at % spans.len(), sum?))).collect();
        let plain = |(evse, bucket, facts): &(usize, usize, Facts)| {
            let mut sums = Facts::default();
            sums.add_sums(facts);
            (*evse, *bucket, sums)
        };
        Ok(Self { sums: facts.iter().map(plain).collect(), facts, spans, detail })
    }

    /// Whether it has what is asked for.
    pub(super) fn holds(&self, spans: &[Span], detail: Detail) -> bool {
        let has = |wanted: bool, has: bool| has || !wanted;
        let own = self.detail;
        self.spans == spans
            && has(detail.sessions, own.sessions)
            && has(detail.outcomes, own.outcomes)
            && has(detail.demand, own.demand)
    }

    /// Takes them.
    pub(super) fn each(&self, detail: Detail, take: &mut dyn FnMut(usize, usize, &Facts)) {
        let own = if detail == Detail::SUMS { &self.sums } else { &self.facts };
        own.iter().for_each(|(evse, bucket, facts)| take(*evse, *bucket, facts));
    }
}

/// The facts that are kept and can be used.
struct KeptFacts {
    zone: Tz,
    detail: Detail,
    evses: usize,
    /// EVSE by the row of its facts.
    by_row: HashMap<i64, usize>,
    /// First and last day, by EVSE.
    reach: Vec<Option<(i32, i32)>>,
    /// Days that may be wrong by now.
    stale_days: HashSet<(usize, i32)>,
    /// Their months.
    stale_months: HashSet<(usize, i32)>,
}

impl KeptFacts {
    fn read(ledger: &mut dyn Figures, network: &Network, zone: Tz, detail: Detail) -> Result<Self, StoreError> {
        let mut known: HashMap<(StationKey, u32), usize> = HashMap::new();
        for (index, evse) in network.evses.iter().enumerate() {
            known.extend(evse.station.map(|station| ((station, evse.number), index)));
        }
        let mut found = Self {
            zone,
            detail,
            evses: network.evses.len(),
            by_row: HashMap::new(),
            reach: vec![None; network.evses.len()],
            stale_days: HashSet::new(),
            stale_months: HashSet::new(),
        };
        for kept in ledger.kept()? {
            let Some(index) = known.get(&(kept.station, kept.evse)) else { continue };
            if network.evses.get(*index).is_some_and(|evse| evse.made_by == kept.made_by) {
                found.by_row.insert(kept.id, *index);
                if let Some(reach) = found.reach.get_mut(*index) {
                    *reach = Some((kept.first_day, kept.last_day));
                }
            }
        }
        let stale = Stale::read(ledger, network, zone)?;
        for (index, evse) in network.evses.iter().enumerate() {
            let Some((first, last)) = found.reach.get(index).copied().flatten() else { continue };
            let days = if detail.is_of_sites() { stale.of_place(evse) } else { stale.of_evse(evse) };
            for day in days.iter().flat_map(|(from, until)| (*from).max(first)..=(*until).min(last)) {
                found.stale_days.insert((index, day));
                found.stale_months.insert((index, month_of(date_of(day))));
            }
        }
        Ok(found)
    }

    /// Takes what is kept of a bucket, and says what has to be made.
    fn take(
        &self,
        ledger: &mut dyn Figures,
        span: Span,
        bucket: usize,
        wants: &mut Vec<Want>,
        take: &mut dyn FnMut(usize, usize, &Facts),
    ) -> Result<(), StoreError> {
        let Some((first, after)) = self.whole_days(span) else {
            wants.extend((0..self.evses).map(|evse| Want { evse, bucket, span }));
            return Ok(());
        };
        let mut done = Done::new(self.evses, first, after);
        let months = whole_months(first, after);
        let mut of_month = |month: i32, row: i64, facts: &Facts| {
            let Some(evse) = self.by_row.get(&row).filter(|evse| !self.stale_months.contains(&(**evse, month))) else {
                return;
            };
            let Some((from, until)) = month_days(month) else { return };
            if self.reach.get(*evse).copied().flatten().is_some_and(|(low, high)| low <= from && until <= high + 1) {
                done.mark(*evse, from, until);
                take(*evse, bucket, facts);
            }
        };
        if let Some((from, until)) = months {
            ledger.months((from, until), self.detail, &mut of_month)?;
        }
        // Where all is taken by months the days need no look.
        for (from, until) in done.open_days() {
            let mut of_day = |day: i32, row: i64, facts: &Facts| {
                let Some(evse) = self.by_row.get(&row) else { return };
                if !self.stale_days.contains(&(*evse, day)) && !done.has(*evse, day) {
                    done.mark(*evse, day, day + 1);
                    take(*evse, bucket, facts);
                }
            };
            ledger.days((from, until), self.detail, &mut of_day)?;
        }
        for evse in 0..self.evses {
            // Day by day, so that each piece of a timeline is held against the sessions of its day alone.
            for day in done.missing(evse).into_iter().flat_map(|(from, until)| from..until) {
                let part = day_span(date_of(day), self.zone);
                wants.extend(part.within(span).map(|span| Want { evse, bucket, span }));
            }
        }
        // What is left of the days in which it begins and ends.
        let before = Span { from: span.from, until: midnight(date_of(first), self.zone) };
        let behind = Span { from: midnight(date_of(after), self.zone), until: span.until };
        for rest in [before, behind].into_iter().filter(|rest| rest.millis() > 0) {
            wants.extend((0..self.evses).map(|evse| Want { evse, bucket, span: rest }));
        }
        Ok(())
    }

    /// The whole local days of a stretch, where there are any.
    fn whole_days(&self, span: Span) -> Option<(i32, i32)> {
        let begin = local_day(span.from, self.zone);
        let begins_within = midnight(begin, self.zone) < span.from;
        let (first, after) = (number_of(begin) + i32::from(begins_within), number_of(local_day(span.until, self.zone)));
        (first < after).then_some((first, after))
    }
}

/// Which days of which EVSE are taken.
struct Done {
    first: i32,
    days: usize,
    taken: Vec<bool>,
}

impl Done {
    fn new(evses: usize, first: i32, after: i32) -> Self {
        let days = usize::try_from(after - first).unwrap_or(0);
        Self { first, days, taken: vec![false; evses * days] }
    }

    fn place(&self, evse: usize, day: i32) -> usize {
        evse * self.days + usize::try_from(day - self.first).unwrap_or(0)
    }

    fn mark(&mut self, evse: usize, from: i32, until: i32) {
        for day in from..until {
            let place = self.place(evse, day);
            if let Some(taken) = self.taken.get_mut(place) {
                *taken = true;
            }
        }
    }

    fn has(&self, evse: usize, day: i32) -> bool {
        self.taken.get(self.place(evse, day)).copied().unwrap_or(false)
    }

    fn runs(&self, is_open: impl Fn(usize) -> bool) -> Vec<(i32, i32)> {
        let mut found: Vec<(i32, i32)> = Vec::new();
        for offset in (0..self.days).filter(|offset| is_open(*offset)) {
            let day = self.first + i32::try_from(offset).unwrap_or(0);
            match found.last_mut().filter(|last| last.1 == day) {
                Some(last) => last.1 = day + 1,
                None => found.push((day, day + 1)),
            }
        }
        found
    }

    /// Days that some EVSE lacks.
    fn open_days(&self) -> Vec<(i32, i32)> {
        let mut lacking = vec![false; self.days];
        for taken in self.taken.chunks(self.days.max(1)) {
            for (lacking, taken) in lacking.iter_mut().zip(taken) {
                *lacking |= !taken;
            }
        }
        self.runs(|offset| lacking.get(offset).copied().unwrap_or(false))
    }

    /// Days that an EVSE lacks.
    fn missing(&self, evse: usize) -> Vec<(i32, i32)> {
        let own = self.taken.chunks(self.days.max(1)).nth(evse).unwrap_or_default();
        self.runs(|offset| own.get(offset).is_some_and(|taken| !taken))
    }
}

/// The whole months within whole days, if any.
fn whole_months(first: i32, after: i32) -> Option<(i32, i32)> {
    let begin = month_of(date_of(first));
    let begin = if month_days(begin)?.0 == first { begin } else { begin + 1 };
    let end = month_of(date_of(after));
    (begin < end).then_some((begin, end))
}

/// The first day of a month, and that of the next.
fn month_days(month: i32) -> Option<(i32, i32)> {
    let first = |month: i32| {
        let number = u32::try_from(month.rem_euclid(12)).ok()? + 1;
        chrono::NaiveDate::from_ymd_opt(1970 + month.div_euclid(12), number, 1).map(number_of)
    };
    Some((first(month)?, first(month + 1)?))
}

fn is_of(network: &Network, evse: &Evse, session: &SessionRow, span: Span) -> bool {
    network.evse_of(&evse.charger, session.outlet) == evse.number
        && session.started_at.is_some_and(|at| span.contains(at))
}

/// The pieces of an EVSE in a stretch: what every figure of its availability is a sum of.
///
/// # Errors
/// When the ledger cannot be read.
pub fn live_pieces(
    ledger: &mut dyn Figures,
    network: &Network,
    evse: &Evse,
    span: Span,
    zone: Tz,
) -> Result<Vec<Piece>, StoreError> {
    let watched_from = ledger.watched_from()?.unwrap_or(span.until);
    let mut mine = ledger.exemptions(span)?;
    mine.retain(|entry| entry.charger == evse.charger);
    let lines = match evse.station {
        Some(station) => lines(ledger, &network.evses, station, span)?,
        None => Vec::new(),
    };
    let open = evse.open(span, zone);
    Ok(pieces(&evse.timeline(&lines), &terms(evse, &open, &mine, watched_from), span))
}

/// The sessions of an EVSE that started in a stretch.
///
/// # Errors
/// When the ledger cannot be read.
pub fn sessions_of(
    ledger: &mut dyn Figures,
    network: &Network,
    evse: &Evse,
    span: Span,
) -> Result<Vec<SessionRow>, StoreError> {
    let Some(station) = evse.station else { return Ok(Vec::new()) };
    let mut found = ledger.sessions_started(station, span)?;
    found.retain(|session| is_of(network, evse, session, span));
    Ok(found)
}
