//! Wrong passwords, counted by charger and by address: after a few, whoever goes on guessing waits, longer each time.
//! Memory is bounded, however many try.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::domain::ids::ChargerId;

/// Wrong passwords that a charger, and an address, may show before it has to wait. Many chargers may share an address.
const FREE: (u32, u32) = (5, 20);

/// The longest wait; the first is a second, and each doubles.
const LONGEST: Duration = Duration::from_secs(60);

/// Failures are forgotten when none came for so long.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// Most chargers, and most addresses, that are remembered.
const MOST: usize = 10_000;

/// Failures of chargers and of addresses.
#[derive(Default)]
pub(in crate::gateway) struct Failures {
    chargers: Mutex<Tally<ChargerId>>,
    addresses: Mutex<Tally<IpAddr>>,
}

/// Failures by something.
struct Tally<K>(HashMap<K, Count>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

struct Count {
    failures: u32,
    last: Instant,
    until: Option<Instant>,
}

impl Failures {
    /// Notes that a wrong password was shown.
    pub(super) fn note(&self, charger: &ChargerId, address: Option<IpAddr>, now: Instant) {
        self.chargers.lock().note(charger.clone(), FREE.0, now);
        if let Some(address) = address {
            self.addresses.lock().note(block(address), FREE.1, now);
        }
    }

    /// Forgets what a charger did wrong: it has shown the right one.
    pub(super) fn forgive(&self, charger: &ChargerId) {
        self.chargers.lock().0.remove(charger);
    }

    /// Whether the charger has to wait.
    pub(super) fn charger_waits(&self, charger: &ChargerId, now: Instant) -> bool {
        self.chargers.lock().waits(charger, now)
    }

    /// Whether the address has to wait.
    pub(super) fn address_waits(&self, address: Option<IpAddr>, now: Instant) -> bool {
        address.is_some_and(|address| self.addresses.lock().waits(&block(address), now))
    }

    /// How many chargers, and how many addresses, have to wait.
    pub(in crate::gateway) fn waiting(&self, now: Instant) -> (usize, usize) {
        (self.chargers.lock().waiting(now), self.addresses.lock().waiting(now))
    }
}

/// An address of its own in IPv4; in IPv6 everybody has 2⁶⁴ of them.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl<K: Hash + Eq + Clone> Tally<K> {
    fn note(&mut self, key: K, free: u32, now: Instant) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.make_room(now);
        }
        let count = self.0.entry(key).or_insert(Count { failures: 0, last: now, until: None });
        if now.duration_since(count.last) >= FORGOTTEN {
            count.failures = 0;
        }
        count.failures = count.failures.saturating_add(1);
        count.last = now;
        let wait = count.failures.checked_sub(free).map(|more| Duration::from_secs(1 << more.min(6)).min(LONGEST));
        count.until = wait.map(|wait| now + wait);
    }

    /// Forgets what is old; where nothing is, the one that failed least lately.
    fn make_room(&mut self, now: Instant) {
        self.0.retain(|_, count| now.duration_since(count.last) < FORGOTTEN);
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.iter().min_by_key(|(_, count)| count.last).map(|(key, _)| key.clone())
        {
            self.0.remove(&oldest);
        }
    }

    fn waits(&self, key: &K, now: Instant) -> bool {
        self.0.get(key).and_then(|count| count.until).is_some_and(|until| now < until)
    }

    fn waiting(&self, now: Instant) -> usize {
        self.0.values().filter(|count| count.until.is_some_and(|until| now < until)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_failures_are_free_then_each_waits_longer_and_a_success_forgives() {
        let (failures, charger, begin) = (Failures::default(), ChargerId::new("CP-1"), Instant::now());
        let after = |seconds| begin + Duration::from_secs(seconds);
        for _ in 1..FREE.0 {
            failures.note(&charger, None, begin);
        }
        assert!(!failures.charger_waits(&charger, begin));
        failures.note(&charger, None, begin);
        assert!(failures.charger_waits(&ChargerId::new("cp-1"), begin) && !failures.charger_waits(&charger, after(1)));
        for _ in 0..20 {
            failures.note(&charger, None, begin);
        }
        assert!(failures.charger_waits(&charger, after(59)) && !failures.charger_waits(&charger, after(60)));
        assert_eq!(failures.waiting(begin), (1, 0));
        failures.forgive(&charger);
        assert!(!failures.charger_waits(&charger, begin));
    }

    #[test]
    fn an_address_waits_for_whatever_chargers_it_names_and_not_for_ever() {
        let (failures, begin) = (Failures::default(), Instant::now());
        for number in 0..FREE.1 {
            let address = format!("2001:db8::{number:x}").parse().ok();
            failures.note(&ChargerId::new(format!("CP-{number}")), address, begin);
        }
        let neighbour = "2001:db8::ffff".parse().ok();
        assert!(failures.address_waits(neighbour, begin) && !failures.address_waits("192.0.2.1".parse().ok(), begin));
        failures.note(&ChargerId::new("CP-1"), neighbour, begin + FORGOTTEN);
        assert!(!failures.address_waits(neighbour, begin + FORGOTTEN), "the count began anew");
    }

    #[test]
    fn memory_is_bounded_however_many_fail() {
        let (failures, begin) = (Failures::default(), Instant::now());
        for number in 0..MOST + 100 {
            failures.note(&ChargerId::new(format!("CP-{number}")), None, begin);
        }
        assert_eq!(failures.chargers.lock().0.len(), MOST);
    }
}
