//! Who failed to say who they are, by address: after so many a minute the answer is 429. A right token is let in all the
//! same: behind one address there may be many people, and nobody guesses a token anyway.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Addresses that are remembered at most; with more than these an unknown one has failed too often already.
const MOST_ADDRESSES: usize = 4096;

/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(60);

/// Failures by address.
pub(super) struct Failures {
    /// Failures of one address that are answered in a minute.
    most: u32,
    seen: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Failures {
    pub(super) fn new(most: u32) -> Self {
        Self { most, seen: Mutex::default() }
    }

    /// Counts a failure; whether they are too many now.
    pub(super) fn count(&self, address: IpAddr, now: Instant) -> bool {
        let mut seen = self.seen.lock();
        let address = network(address);
        if seen.len() >= MOST_ADDRESSES && !seen.contains_key(&address) {
            seen.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
            if seen.len() >= MOST_ADDRESSES {
                return true;
            }
        }
        let (since, count) = seen.entry(address).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count > self.most
    }
}

/// What one household has: an IPv4 address, the upper half of an IPv6 one.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        IpAddr::V4(address) => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_too_often_waits_and_another_does_not() {
        let (failures, now) = (Failures::new(3), Instant::now());
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert_eq!([0; 4].map(|_| failures.count(one, now)), [false, false, false, true]);
        assert!(!failures.count(other, now));
        assert!(!failures.count(one, now + WINDOW));
    }

    #[test]
    fn whoever_has_many_addresses_of_one_network_is_one() {
        let (failures, now) = (Failures::new(1), Instant::now());
        assert!(!failures.count("2001:db8:0:1::1".parse().unwrap(), now));
        assert!(failures.count("2001:db8:0:1:ffff::2".parse().unwrap(), now));
        assert!(!failures.count("2001:db8:0:2::1".parse().unwrap(), now));
        assert!(!failures.count("::ffff:192.0.2.1".parse().unwrap(), now));
        assert!(failures.count("192.0.2.1".parse().unwrap(), now));
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let (failures, now) = (Failures::new(1), Instant::now());
        for number in 0..100_000_u32 {
            failures.count(IpAddr::V4(number.into()), now);
        }
        assert_eq!(failures.seen.lock().len(), MOST_ADDRESSES);
        assert!(!failures.count("192.0.2.1".parse().unwrap(), now + WINDOW));
    }
}
