//! Keeping facts: a round finds days that are over and not kept yet, or kept and wrong by now, makes their facts and
//! hands them to the ledger. Reports are right without it, and quick with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono_tz::Tz;

use super::afresh::{Want, live};
use super::lived::Stale;
use super::network::{Evse, Network};
use super::period::{date_of, number_of};
use crate::config::report::ReportSettings;
use crate::config::sites::Registry;
use crate::domain::opening::{local_day, midnight};
use crate::domain::service::Facts;
use crate::domain::time::{At, Span};
use crate::store::figures::{Detail, Figures, Keep, Keeping, Kept};
use crate::store::{Store, StoreError};

/// Days of EVSEs made in a round.
const ROUND: usize = 4000;

/// A day is kept when it has been over for so long: what is only a little late needs no second reckoning.
const PATIENCE_MS: i64 = 3_600_000;

/// One round; says whether there is more to do.
///
/// # Errors
/// When the ledger cannot be read or is closed.
pub async fn round(
    store: &Store,
    registry: Arc<Registry>,
    settings: ReportSettings,
    now: At,
) -> Result<bool, StoreError> {
    let zone = settings.zone;
    let today = local_day(now.plus_millis(-PATIENCE_MS), zone);
    store.about_to_keep(midnight(today, zone)).await?;
    let (keeping, more) =
        store.figures(move |ledger| make(ledger, &registry, &settings, number_of(today), ROUND)).await?;
    if !keeping.keep.is_empty() || keeping.settled > 0 {
        store.keep_facts(keeping).await?;
    }
    Ok(more)
}

/// Which days of an EVSE are to be made.
struct Plan {
    first_day: i32,
    days: BTreeSet<i32>,
}

/// Makes facts of days before `today`, about so many; says whether there is more.
pub(super) fn make(
    ledger: &mut dyn Figures,
    registry: &Registry,
    settings: &ReportSettings,
    today: i32,
    most: usize,
) -> Result<(Keeping, bool), StoreError> {
    let (network, zone) = (Network::of(registry, ledger.met()?, settings), settings.zone);
    let marks = ledger.marks()?;
    let stale = Stale::read(ledger, &network, zone)?;
    let kept: BTreeMap<_, Kept> = ledger.kept()?.into_iter().map(|kept| ((kept.station, kept.evse), kept)).collect();
    let Some(watched_from) = ledger.watched_from()? else { return Ok((Keeping::default(), false)) };
    let mut plans: Vec<(usize, Plan)> = Vec::new();
    let (mut made, mut more) = (0, false);
    // Place by place, since what is made of an EVSE takes what the others there lived through.
    let mut order: Vec<(usize, &Evse)> = network.evses.iter().enumerate().collect();
    order.sort_by_key(|(_, evse)| evse.place);
    let mut first: Option<(usize, i32)> = None;
    for (index, evse) in order {
        let Some(station) = evse.station else { continue };
        let first_day = match first.filter(|(place, _)| *place == evse.place) {
            Some((_, day)) => day,
            None => first_day(ledger, &network, evse, watched_from, zone)?,
        };
        first = Some((evse.place, first_day));
        let own = kept.get(&(station, evse.number));
        let own = own.filter(|kept| kept.made_by == evse.made_by && kept.first_day == first_day);
        let from = own.map_or(first_day, |kept| kept.last_day + 1);
        let mut days: BTreeSet<i32> = BTreeSet::new();
        if let Some(kept) = own {
            let touched = stale.of_place(evse).iter();
            days.extend(touched.flat_map(|(low, high)| (*low).max(kept.first_day)..=(*high).min(kept.last_day)));
        }
        // Marks are settled together: what they touch is made whole, whatever else there is to do.
        made += days.len();
        let room = i32::try_from(most.saturating_sub(made)).unwrap_or(i32::MAX);
        let until = today.min(from.saturating_add(room));
        more |= until < today;
        made += usize::try_from(until - from).unwrap_or(0);
        days.extend(from..until);
        if !days.is_empty() {
            plans.push((index, Plan { first_day, days }));
        }
    }
    let settled = marks.last().map_or(0, |mark| mark.seq);
    Ok((Keeping { keep: keep(ledger, &network, &plans, zone)?, settled }, more))
}

/// The first day of which there can be anything to keep of any EVSE of a place.
fn first_day(
    ledger: &mut dyn Figures,
    network: &Network,
    evse: &Evse,
    watched_from: At,
    zone: Tz,
) -> Result<i32, StoreError> {
    let mut first: Option<At> = None;
    for own in network.place_of(evse).into_iter().flat_map(|place| &place.evses) {
        let Some(station) = own.station else { continue };
        let commissioned = own.commissioned.unwrap_or(watched_from).max(watched_from);
        let session = ledger.first_session(station)?;
        let own = session.map_or(commissioned, |session| session.min(commissioned));
        first = Some(first.map_or(own, |first| first.min(own)));
    }
    Ok(number_of(local_day(first.unwrap_or(watched_from), zone)))
}

fn keep(
    ledger: &mut dyn Figures,
    network: &Network,
    plans: &[(usize, Plan)],
    zone: Tz,
) -> Result<Vec<Keep>, StoreError> {
    let mut wants = Vec::new();
    for (index, plan) in plans {
        wants.extend(plan.days.iter().map(|day| Want {
            evse: *index,
            bucket: day_bucket(*day),
            span: span_of(*day, zone),
        }));
    }
    let mut found: BTreeMap<usize, Vec<(i32, Facts)>> = BTreeMap::new();
    live(ledger, network, &mut wants, zone, Detail::ALL, &mut |want, facts| {
        found.entry(want.evse).or_default().push((number_of(local_day(want.span.from, zone)), facts.clone()));
    })?;
    let mut keep = Vec::new();
    for (index, plan) in plans {
        let Some((evse, mut days)) = network.evses.get(*index).zip(found.remove(index)) else { continue };
        let Some(station) = evse.station else { continue };
        days.sort_by_key(|(day, _)| *day);
        let last = plan.days.last().copied().unwrap_or(plan.first_day);
        keep.push(Keep {
            station,
            evse: evse.number,
            made_by: evse.made_by.clone(),
            first_day: plan.first_day,
            until: span_of(last, zone).until,
            days,
        });
    }
    Ok(keep)
}

fn day_bucket(day: i32) -> usize {
    usize::try_from(day).unwrap_or(0)
}

fn span_of(day: i32, zone: Tz) -> Span {
    crate::domain::opening::day_span(date_of(day), zone)
}
