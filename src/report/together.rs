//! What the EVSEs of a place lived through together: attempts and visits, which go from one to the next, and how full the
//! place was. It is made anew with every day of any of them.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::afresh::{Around, Want, hull};
use super::crowds::{Sweep, of_place};
use super::network::{Evse, Network, Place};
use super::tries::{Begun, SHORT_MS, Told};
use crate::domain::crowd::Stretch;
use crate::domain::demand::Demand;
use crate::domain::opening::{day_span, local_day};
use crate::domain::outcome::Outcomes;
use crate::domain::service::Facts;
use crate::domain::time::Span;
use crate::store::StoreError;
use crate::store::figures::{Detail, Figures};

/// What happened at a place in some stretches.
#[derive(Default)]
pub(super) struct Together {
    /// What began at each EVSE of the place, in order of time.
    begun: Vec<Vec<Begun>>,
    /// How full the place was.
    site: Sweep,
    /// And each class of power of it, where there are several.
    classes: Vec<(Option<&'static str>, Sweep)>,
    detail: Detail,
}

impl Together {
    /// Reads what is needed for stretches of EVSEs of a place.
    pub(super) fn read(
        ledger: &mut dyn Figures,
        network: &Network,
        place: &Place,
        wants: &[Want],
        around: &Around<'_>,
        detail: Detail,
    ) -> Result<Self, StoreError> {
        let mut found = Self { detail, ..Self::default() };
        let Some(hull) = hull(wants) else { return Ok(found) };
        found.begun.resize_with(place.evses.len(), Vec::new);
        let zone = around.zone;
        let mut days: BTreeSet<NaiveDate> = BTreeSet::new();
        for want in wants {
            let (first, last) = (local_day(want.span.from, zone), local_day(want.span.until.plus_millis(-1), zone));
            days.extend(first.iter_days().take_while(|day| *day <= last));
        }
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(found) };
        let whole = Span { from: day_span(*first, zone).from, until: day_span(*last, zone).until };
        let told = Told::read(ledger, network, place, whole)?;
        for day in days {
            told.begun(ledger, day, zone, detail.outcomes, &mut |evse, begun| {
                if let Some(own) = found.begun.get_mut(evse) {
                    own.push(begun);
                }
            })?;
        }
        found.begun.iter_mut().for_each(|own| own.sort_by_key(|begun| begun.at));
        if detail.demand {
            // A short visit may end behind the stretch in which it began.
            let period = Span { from: hull.from, until: hull.until.plus_millis(SHORT_MS) };
            found.sweep(&of_place(ledger, network, &place.evses, period, around)?, place);
        }
        Ok(found)
    }

    fn sweep(&mut self, stretches: &[Vec<Stretch>], place: &Place) {
        self.site = Sweep::of(stretches);
        let classes: BTreeSet<Option<&'static str>> = place.evses.iter().map(Evse::power_class).collect();
        if classes.len() > 1 {
            let of = |class: Option<&'static str>| {
                let own = place.evses.iter().zip(stretches).filter(|(evse, _)| evse.power_class() == class);
                (class, Sweep::of(&own.map(|(_, stretches)| stretches.clone()).collect::<Vec<_>>()))
            };
            self.classes = classes.into_iter().map(of).collect();
        }
    }

    /// Adds to the facts of an EVSE of the place, given by its order there, what there was in a stretch.
    pub(super) fn add(&self, evse: &Evse, order: usize, span: Span, facts: &mut Facts) {
        let begun = self.begun.get(order).map(Vec::as_slice).unwrap_or_default();
        let first = begun.partition_point(|begun| begun.at < span.from);
        let own = || begun.iter().skip(first).take_while(|begun| begun.at < span.until);
        if self.detail.outcomes {
            let mut outcomes = Outcomes::default();
            own().for_each(|begun| outcomes.add(&begun.outcomes));
            facts.outcomes = (outcomes != Outcomes::default()).then(|| Box::new(outcomes));
        }
        if self.detail.demand {
            let mut demand = facts.demand.take().map(|demand| *demand).unwrap_or_default();
            let in_vain = own().filter_map(|begun| begun.in_vain).filter(|visit| self.site.was_crowded(*visit));
            demand.short_returns = i64::try_from(in_vain.count()).unwrap_or(i64::MAX);
            if evse.bears_site {
                demand.site = self.site.crowd(span);
            }
            if evse.bears_class {
                let class = self.classes.iter().find(|(class, _)| *class == evse.power_class());
                demand.class = class.map_or(&self.site, |(_, sweep)| sweep).crowd(span);
            }
            facts.demand = (demand != Demand::default()).then(|| Box::new(demand));
        }
    }
}
