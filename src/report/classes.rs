//! EVSEs by the decile of deprivation of their site's area: their facts, power and prices, and which households live near
//! one that works.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::repairs;
use super::groups::Groups;
use super::network::Evse;
use super::{Scope, Value};
use crate::config::lsoa::{Lsoa, metres};
use crate::domain::service::{Fact, Facts};
use crate::store::StoreError;
use crate::store::figures::Detail;

/// What there is in a class.
#[derive(Clone, Debug, Default)]
pub(super) struct Class {
    /// Its EVSEs that were in service or had sessions, by their place in the network.
    pub(super) evses: BTreeSet<usize>,
    /// Their facts.
    pub(super) facts: Facts,
    /// Rated watts times milliseconds in service.
    pub(super) power: i128,
    /// Those of them whose rated power is not registered.
    pub(super) unrated: BTreeSet<usize>,
    /// Energy at a known price, in thousandths of a watt-hour.
    pub(super) priced: i128,
    /// That energy times hundredths of a penny for a kilowatt-hour.
    pub(super) paid: i128,
    /// EVSEs that were up for at least half of the time in which they should have been.
    pub(super) working: BTreeSet<usize>,
    /// How long the failures lasted that were repaired, in milliseconds, in order.
    pub(super) repairs: Vec<i64>,
}

impl Class {
    fn add(&mut self, index: usize, evse: &Evse, price: Option<i64>, facts: &Facts) {
        let counts = facts[Fact::InService] > 0 || facts[Fact::Sessions] > 0;
        if counts {
            self.evses.insert(index);
        }
        self.facts += facts;
        match evse.rated_w {
            Some(watts) => self.power += i128::from(watts) * i128::from(facts[Fact::InService]),
            None => {
                self.unrated.extend(counts.then_some(index));
            }
        }
        if let Some(price) = price {
            self.priced += i128::from(facts[Fact::Energy]);
            self.paid += i128::from(facts[Fact::Energy]) * i128::from(price);
        }
    }

    /// With another one.
    pub(super) fn join(&mut self, other: &Self) {
        self.evses.extend(&other.evses);
        self.facts += &other.facts;
        self.power += other.power;
        self.unrated.extend(&other.unrated);
        self.priced += other.priced;
        self.paid += other.paid;
        self.working.extend(&other.working);
        self.repairs.extend(&other.repairs);
        self.repairs.sort_unstable();
    }
}

/// The classes of a group of sites, by decile; `None`: the area is not known.
pub(super) type Deciles = BTreeMap<Option<u8>, Class>;

/// The classes of every group in every stretch.
pub(super) struct Classes {
    /// Names of groups, in order, each with its classes in each stretch.
    pub(super) groups: Vec<(Vec<Value>, Vec<Deciles>)>,
}

impl Classes {
    /// Reads them, in one pass over all facts; what attempts and repairs came to only where it is asked for.
    pub(super) fn read(scope: &mut Scope<'_>, with_success: bool) -> Result<Self, StoreError> {
        let (prices, network) = (prices(scope), scope.network);
        let spans: Vec<_> = scope.buckets.iter().map(|(_, span)| *span).collect();
        let Groups { names, of } = Groups::of(network, scope.place);
        let groups: Vec<_> = names.into_iter().map(|name| (name, vec![Deciles::new(); spans.len()])).collect();
        let mut found = Self { groups };
        let class_of = |found: &mut Self, index: usize, bucket: usize, add: &dyn Fn(&mut Class, &Evse)| {
            let Some((evse, group)) = network.evses.get(index).zip(of.get(index)) else { return };
            let stretches = found.groups.get_mut(*group).map(|(_, stretches)| stretches);
            if let Some(deciles) = stretches.and_then(|stretches| stretches.get_mut(bucket)) {
                add(deciles.entry(evse.site.as_ref().and_then(|site| site.imd_decile)).or_default(), evse);
            }
        };
        // Facts of an EVSE come in parts: whether it works is seen when all are there.
        let mut worked = vec![[0_i64; 2]; network.evses.len() * spans.len()];
        let detail = if with_success { Detail::OUTCOMES } else { Detail::SUMS };
        let mut whole = Facts::default();
        scope.tally(&spans, detail, &mut |index, bucket, facts| {
            whole.add_sums(facts);
            let price = prices.get(index).copied().flatten();
            class_of(&mut found, index, bucket, &|class, evse| class.add(index, evse, price, facts));
            if let Some([up, not_up]) = worked.get_mut(index * spans.len() + bucket) {
                (*up, *not_up) = (*up + facts[Fact::Up], *not_up + facts[Fact::Down] + facts[Fact::Unknown]);
            }
        })?;
        scope.whole = Some(whole);
        let works = |[up, not_up]: [i64; 2]| up > 0 && up >= not_up;
        for place in (0..worked.len()).filter(|place| worked.get(*place).copied().is_some_and(works)) {
            let (index, bucket) = (place / spans.len(), place % spans.len());
            class_of(&mut found, index, bucket, &|class, _| {
                class.working.insert(index);
            });
        }
        let repairs = if with_success { repairs(scope)? } else { Vec::new() };
        for (index, at, ms) in repairs {
            if let Some(bucket) = spans.iter().position(|span| span.contains(at)) {
                class_of(&mut found, index, bucket, &|class, _| class.repairs.push(ms));
            }
        }
        Ok(found)
    }
}

/// What a kilowatt-hour costs at each EVSE, in hundredths of a penny, where it is one price at any time, in pounds.
fn prices(scope: &Scope<'_>) -> Vec<Option<i64>> {
    let of = |evse: &Evse| {
        let charger = scope.registry.chargers.get(&evse.charger)?;
        let listed = charger.evses.iter().find(|listed| listed.id == evse.number)?;
        let mut found: Option<i64> = None;
        for id in &listed.tariff_ids {
            let tariff = scope.registry.tariff(id).filter(|tariff| tariff.currency == "GBP")?;
            let price = tariff.gross_centipence_per_kwh()?;
            if found.replace(price).is_some_and(|other| other != price) {
                return None;
            }
        }
        found
    };
    scope.network.evses.iter().map(of).collect()
}

/// Households of some areas, all and those within so many metres of an EVSE that works.
pub(super) fn reach<'a>(
    scope: &Scope<'_>,
    working: &BTreeSet<usize>,
    areas: impl Iterator<Item = &'a Lsoa>,
    within_m: f64,
) -> (i128, i128) {
    let sites: BTreeMap<&str, (f64, f64)> = working
        .iter()
        .filter_map(|index| scope.network.evses.get(*index)?.site.as_ref())
        .filter_map(|site| Some((site.id.as_str(), site.latitude.zip(site.longitude)?)))
        .collect();
    let (mut all, mut near) = (0, 0);
    for area in areas {
        let households = i128::from(area.households.unwrap_or(0));
        all += households;
        let centre = (area.latitude, area.longitude);
        if sites.values().any(|place| metres(centre, *place) <= within_m) {
            near += households;
        }
    }
    (all, near)
}
