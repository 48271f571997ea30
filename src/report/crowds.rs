//! How crowded the sites of a network were, swept site by site.

use std::collections::BTreeMap;

use super::Scope;
use super::cells::Cells;
use super::network::Evse;
use super::tally::{lines, terms};
use super::tries::{AtSite, at_sites};
use crate::domain::attempt::Visit;
use crate::domain::crowd::{Crowd, Stretch, joined, stretches, sweep};
use crate::domain::energy::MilliWh;
use crate::domain::exemption::Exemption;
use crate::domain::service::pieces;
use crate::domain::time::{At, Span};
use crate::store::StoreError;

/// A visit that is shorter than three minutes is short.
const SHORT_MS: i64 = 180_000;

/// The EVSEs of each part of a site, by their place in the network: by site, else charger, and the cell of the part.
type Sites<'a> = BTreeMap<(Option<&'a str>, &'a str, Option<usize>), Vec<usize>>;

/// What the sweeps found.
pub(super) struct Crowds {
    /// How crowded sites were, by cell.
    pub(super) of_cell: Vec<Crowd>,
    /// When each site was crowded, in order.
    crowded: Vec<Vec<Span>>,
    /// The site of each EVSE.
    site_of: BTreeMap<usize, usize>,
}

impl Crowds {
    /// Sweeps every site. Where groups part a site, as classes of power do, each of its parts is swept by itself; a charger
    /// without a site is one.
    pub(super) fn read(scope: &mut Scope<'_>, cells: &Cells, period: Span) -> Result<Self, StoreError> {
        let mut found =
            Self { of_cell: vec![Crowd::default(); cells.len()], crowded: Vec::new(), site_of: BTreeMap::new() };
        let mut sites = Sites::new();
        for (index, evse) in scope.network.evses.iter().enumerate() {
            let site = evse.site.as_ref().map(|site| site.id.as_str());
            let alone = if site.is_some() { "" } else { evse.charger.as_str() };
            sites.entry((site, alone, cells.at(index, period.from))).or_default().push(index);
        }
        let buckets = scope.buckets;
        let watched_from = scope.ledger.watched_from()?.unwrap_or(period.until);
        let exemptions = scope.ledger.exemptions(period)?;
        for evses in sites.into_values() {
            let Some(first) = evses.first().copied() else { continue };
            let own = of_site(scope, &evses, period, &exemptions, watched_from)?;
            let mut crowded = Vec::new();
            sweep(&own, |span, scene| {
                let next = buckets.partition_point(|(_, bucket)| bucket.until <= span.from);
                let parts = buckets.iter().skip(next).map_while(|(_, bucket)| bucket.within(span));
                for part in parts {
                    if let Some(crowd) = cells.at(first, part.from).and_then(|cell| found.of_cell.get_mut(cell)) {
                        crowd.add(part.millis(), scene);
                    }
                }
                crowded.extend(scene.is_crowded().then_some(span));
            });
            found.site_of.extend(evses.iter().map(|evse| (*evse, found.crowded.len())));
            found.crowded.push(joined(crowded));
        }
        Ok(found)
    }

    /// Visits that were short, got nothing and met a crowded site, by cell.
    pub(super) fn short_returns(
        &self,
        scope: &mut Scope<'_>,
        cells: &Cells,
        period: Span,
    ) -> Result<Vec<i64>, StoreError> {
        let mut counts = vec![0; cells.len()];
        at_sites(scope, period, &mut |site| {
            for visit in &site.visits {
                let Some((evse, span)) = in_vain(&site, visit) else { continue };
                if self.was_crowded(evse, span)
                    && let Some(count) = cells.at(evse, span.from).and_then(|cell| counts.get_mut(cell))
                {
                    *count += 1;
                }
            }
        })?;
        Ok(counts)
    }

    fn was_crowded(&self, evse: usize, span: Span) -> bool {
        let spans = self.site_of.get(&evse).and_then(|site| self.crowded.get(*site));
        let next = |spans: &Vec<Span>| spans.get(spans.partition_point(|own| own.until <= span.from)).copied();
        spans.and_then(next).is_some_and(|own| own.within(span).is_some())
    }
}

/// Where a visit began and when it was, if it was short and all of its attempts are known to have got nothing.
fn in_vain(site: &AtSite, visit: &Visit) -> Option<(usize, Span)> {
    let own = || visit.iter().filter_map(|index| site.attempts.get(*index));
    let (evse, first) = own().next()?;
    let from = first.attempt.from;
    let ends: Option<Vec<At>> = own().map(|(_, judged)| judged.attempt.until).collect();
    // A token that is shown takes no time, yet it meets the site as it is.
    let until = ends?.into_iter().max()?.max(from.plus_millis(1));
    let got_nothing = own().all(|(_, judged)| judged.attempt.delivered(MilliWh(0)) == Some(false));
    (got_nothing && until.millis_since(from) < SHORT_MS).then_some((*evse, Span { from, until }))
}

/// The stretches of each EVSE of a site, charger by charger.
fn of_site(
    scope: &mut Scope<'_>,
    evses: &[usize],
    period: Span,
    exemptions: &[Exemption],
    watched_from: At,
) -> Result<Vec<Vec<Stretch>>, StoreError> {
    let network = scope.network;
    let known: Vec<&Evse> = evses.iter().filter_map(|index| network.evses.get(*index)).collect();
    let mut found = Vec::with_capacity(known.len());
    for of_charger in known.chunk_by(|a, b| a.charger == b.charger) {
        let Some(charger) = of_charger.first() else { continue };
        let mine: Vec<Exemption> =
            exemptions.iter().filter(|entry| entry.charger == charger.charger).cloned().collect();
        let (told, sessions) = match charger.station {
            Some(station) => {
                (lines(scope.ledger, network, station, period)?, scope.ledger.sessions_touching(station, period)?)
            }
            None => (Vec::new(), Vec::new()),
        };
        for evse in of_charger {
            let open = evse.open(period, scope.zone);
            let pieces = pieces(&evse.timeline(&told), &terms(evse, &open, &mine, watched_from), period);
            let own = sessions.iter().filter(|session| network.evse_of(&evse.charger, session.outlet) == evse.number);
            // While a session has no end the timeline says whether a vehicle is there.
            let spans = own.filter_map(|session| session.started_at.zip(session.ended_at));
            let spans = spans.map(|(from, until)| Span { from, until }).collect();
            found.push(stretches(&pieces, &joined(spans)));
        }
    }
    Ok(found)
}
