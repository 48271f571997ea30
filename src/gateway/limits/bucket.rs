//! A token bucket in one number: until when it is in debt. What is taken moves that moment on; time pays it back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How much of something may come in what time, and how much at once. Nothing may be limited, too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    amount: u64,
    per_ns: u64,
    burst_ns: u64,
}

impl Rate {
    /// `amount` in each `per`, and `burst` at once. An amount of 0 is no limit.
    pub(super) fn new(amount: u32, per: Duration, burst: u64) -> Self {
        let (amount, per_ns) = (u64::from(amount), u64::try_from(per.as_nanos()).unwrap_or(u64::MAX));
        let mut rate = Self { amount, per_ns, burst_ns: 0 };
        rate.burst_ns = rate.cost(burst);
        rate
    }

    /// How long it takes to pay for so much.
    fn cost(self, amount: u64) -> u64 {
        if self.amount == 0 {
            return 0;
        }
        u64::try_from(u128::from(amount) * u128::from(self.per_ns) / u128::from(self.amount)).unwrap_or(u64::MAX)
    }
}

/// The bucket. Times are nanoseconds of one clock that never goes back.
#[derive(Debug, Default)]
pub(super) struct Bucket(AtomicU64);

impl Bucket {
    /// Takes so much if it is there. Nothing is taken otherwise.
    pub(super) fn take(&self, now: u64, rate: Rate, amount: u64) -> bool {
        let cost = rate.cost(amount);
        let paid = |until: u64| {
            let next = until.max(now).saturating_add(cost);
            (next <= now.saturating_add(rate.burst_ns)).then_some(next)
        };
        cost == 0 || self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, paid).is_ok()
    }

    /// Takes so much, if need be on credit.
    pub(super) fn charge(&self, now: u64, rate: Rate, amount: u64) {
        let cost = rate.cost(amount);
        if cost > 0 {
            let next = |until: u64| Some(until.max(now).saturating_add(cost));
            // The closure always has an answer.
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok();
        }
    }

    /// How long until what was taken on credit is paid back, in nanoseconds.
    pub(super) fn wait(&self, now: u64, rate: Rate) -> u64 {
        self.0.load(Ordering::Relaxed).saturating_sub(now.saturating_add(rate.burst_ns))
    }

    /// Whether more than half of what may come at once is there again.
    pub(super) fn has_recovered(&self, now: u64, rate: Rate) -> bool {
        self.0.load(Ordering::Relaxed).saturating_sub(now) <= rate.burst_ns / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn so_much_may_come_at_once_and_then_so_much_a_second() {
        let (bucket, rate) = (Bucket::default(), Rate::new(10, Duration::from_secs(1), 50));
        let taken = |now| (0..1000).filter(|_| bucket.take(now, rate, 1)).count();
        assert_eq!((taken(0), taken(0), taken(SECOND), taken(3 * SECOND)), (50, 0, 10, 20));
        assert_eq!(taken(1000 * SECOND), 50, "it never saves more than a burst");
    }

    #[test]
    fn what_is_taken_on_credit_is_waited_for() {
        let (bucket, rate) = (Bucket::default(), Rate::new(100, Duration::from_secs(1), 100));
        bucket.charge(0, rate, 100);
        assert_eq!(bucket.wait(0, rate), 0);
        bucket.charge(0, rate, 50);
        assert_eq!(bucket.wait(0, rate), SECOND / 2);
        assert_eq!(bucket.wait(SECOND / 2, rate), 0);
        assert!(!bucket.has_recovered(SECOND / 2, rate) && bucket.has_recovered(SECOND, rate));
    }

    #[test]
    fn a_rate_of_nothing_is_no_limit() {
        let (bucket, rate) = (Bucket::default(), Rate::new(0, Duration::from_secs(1), 1));
        bucket.charge(0, rate, u64::MAX);
        assert!(bucket.take(0, rate, u64::MAX));
        assert_eq!(bucket.wait(0, rate), 0);
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        let (bucket, rate) = (Bucket::default(), Rate::new(u32::MAX, Duration::from_secs(60), u64::MAX));
        bucket.charge(u64::MAX - 1, rate, u64::MAX);
        assert_eq!(bucket.wait(0, rate), 0);
        let slow = Rate::new(1, Duration::from_secs(60), 1);
        bucket.charge(5, slow, u64::MAX);
        assert!(bucket.wait(5, slow) > 0 && !bucket.take(5, slow, 1));
    }
}
