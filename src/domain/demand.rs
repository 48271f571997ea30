//! How full a site was, and how energy lay over days: what sums cannot tell, kept beside them.

use super::compact::{put, take};
use super::crowd::Crowd;

/// Demand in a stretch, or in several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Energy of whole local days of which anything is known, in thousandths of a watt-hour.
    pub days: Vec<i64>,
    /// Visits that began, were short, got nothing and met a crowded site.
    pub short_returns: i64,
    /// How full sites were, each counted at one of its EVSEs.
    pub site: Crowd,
    /// The same of the parts of sites that are EVSEs of one class of power.
    pub class: Crowd,
}

impl Demand {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.days.extend_from_slice(&other.days);
        self.short_returns += other.short_returns;
        self.site.join(&other.site);
        self.class.join(&other.class);
    }

    /// As bytes; none where there is nothing.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if *self == Self::default() {
            return bytes;
        }
        put(&mut bytes, i64::try_from(self.days.len()).unwrap_or(i64::MAX));
        self.days.iter().for_each(|energy| put(&mut bytes, *energy));
        put(&mut bytes, self.short_returns);
        // Most sites have EVSEs of one class.
        let is_one = self.site == self.class;
        put(&mut bytes, i64::from(is_one));
        self.site.write(&mut bytes);
        if !is_one {
            self.class.write(&mut bytes);
        }
        bytes
    }

    /// From [`Demand::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let rest = &mut bytes.iter();
        let count = usize::try_from(take(rest)).unwrap_or(0);
        // A count that bytes do not bear out must not cost memory.
        let days = (0..count.min(bytes.len())).map(|_| take(rest)).collect();
        let (short_returns, is_one) = (take(rest), take(rest) == 1);
        let site = Crowd::read(rest);
        let class = if is_one { site.clone() } else { Crowd::read(rest) };
        Self { days, short_returns, site, class }
    }
}

#[cfg(test)]
mod tests {
    use super::super::crowd::tests::any_crowd;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_say_the_same_demand(
            days in prop::collection::vec(any::<i64>(), 0..40),
            short_returns in 0_i64..100,
            site in any_crowd(),
            other in prop::option::of(any_crowd()),
        ) {
            let demand = Demand { days, short_returns, class: other.unwrap_or_else(|| site.clone()), site };
            prop_assert_eq!(Demand::from_bytes(&demand.to_bytes()), demand);
        }

        #[test]
        fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let demand = Demand::from_bytes(&bytes);
            prop_assert_eq!(Demand::from_bytes(&demand.to_bytes()), demand);
        }
    }
}
