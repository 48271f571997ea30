//! How often an address may ask: a bucket of requests that fills up steadily. Memory is bounded: when there are too many
//! addresses, those whose bucket is full again are forgotten, and if that is not enough, all are.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::http::failures::network;

/// Addresses that are remembered at most.
const MOST_ADDRESSES: usize = 10_000;

/// The buckets of all addresses.
pub(super) struct Limiter {
    /// Requests that a bucket holds.
    burst: f64,
    /// Requests that it gains in a second.
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Limiter {
    pub(super) fn new(burst: u32, per_minute: u32) -> Self {
        Self { burst: burst.into(), per_second: f64::from(per_minute) / 60.0, buckets: Mutex::default() }
    }

    /// Takes a request out of the bucket of an address, or says how long to wait for one.
    pub(super) fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock();
        let address = network(address);
        if buckets.len() >= MOST_ADDRESSES && !buckets.contains_key(&address) {
            buckets.retain(|_, bucket| self.left(*bucket, now) < self.burst);
            if buckets.len() >= MOST_ADDRESSES {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(address).or_insert(Bucket { left: self.burst, at: now });
        *bucket = Bucket { left: self.left(*bucket, now), at: now };
        if bucket.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.left) / self.per_second));
        }
        bucket.left -= 1.0;
        Ok(())
    }

    fn left(&self, bucket: Bucket, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * self.per_second;
        (bucket.left + gained).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_at_once_and_fills_up_steadily() {
        let (limiter, now) = (Limiter::new(3, 60), Instant::now());
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..3 {
            assert_eq!(limiter.take(one, now), Ok(()));
        }
        assert_eq!(limiter.take(one, now), Err(Duration::from_secs(1)));
        assert_eq!(limiter.take(other, now), Ok(()));
        assert_eq!(limiter.take(one, now + Duration::from_secs(1)), Ok(()));
        assert!(limiter.take(one, now + Duration::from_secs(1)).is_err());
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let (limiter, now) = (Limiter::new(2, 60), Instant::now());
        for number in 0..50_000_u32 {
            assert_eq!(limiter.take(IpAddr::V4(number.into()), now), Ok(()));
        }
        assert!(limiter.buckets.lock().len() <= MOST_ADDRESSES);
    }
}
