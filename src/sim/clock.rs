//! Virtual time: so many times faster than real time until it has caught up with the present, and never ahead of it.
//!
//! An accelerated run begins in the past. Once its clock meets the real one it goes on in real time, so that a demonstration has
//! a past to show at once and a present that moves on.

use std::time::{Duration as RealDuration, Instant};

use chrono::{DateTime, Duration, Utc};

/// A clock that runs `speed` times faster than real time until it has caught up.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start_virtual: DateTime<Utc>,
    start_real: DateTime<Utc>,
    started: Instant,
    speed: f64,
}

impl Clock {
    /// A clock that shows `start_virtual` now. A start in the future is taken as now, a speed under 1 as 1.
    pub fn starting_at(start_virtual: DateTime<Utc>, speed: f64) -> Self {
        let start_real = Utc::now();
        Self {
            start_virtual: start_virtual.min(start_real),
            start_real,
            started: Instant::now(),
            speed: speed.max(1.0),
        }
    }

    /// Virtual time now.
    pub fn now(&self) -> DateTime<Utc> {
        self.after(self.started.elapsed())
    }

    /// How long to wait, really, until the virtual time is `at`.
    pub fn wait_until(&self, at: DateTime<Utc>) -> RealDuration {
        self.elapsed_at(at).saturating_sub(self.started.elapsed())
    }

    /// How much faster than real time it runs now: the speed, or 1 once it has caught up.
    pub fn speed_now(&self) -> f64 {
        let elapsed = self.started.elapsed();
        if self.after(elapsed) < self.raced(elapsed) { 1.0 } else { self.speed }
    }

    fn after(&self, elapsed: RealDuration) -> DateTime<Utc> {
        self.raced(elapsed).min(self.start_real + milliseconds(elapsed.as_secs_f64()))
    }

    fn raced(&self, elapsed: RealDuration) -> DateTime<Utc> {
        self.start_virtual + milliseconds(elapsed.as_secs_f64() * self.speed)
    }

    /// Real time since the start at which the clock shows `at`, rounded up to a millisecond.
    fn elapsed_at(&self, at: DateTime<Utc>) -> RealDuration {
        let raced = (at - self.start_virtual).num_milliseconds() as f64 / self.speed;
        let walked = (at - self.start_real).num_milliseconds() as f64;
        RealDuration::from_millis(raced.max(walked).max(0.0).ceil() as u64)
    }
}

fn milliseconds(seconds: f64) -> Duration {
    Duration::milliseconds((seconds * 1000.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(behind: Duration, speed: f64) -> Clock {
        let start_real = "2026-02-03T12:00:00Z".parse().unwrap();
        Clock { start_virtual: start_real - behind, start_real, started: Instant::now(), speed }
    }

    #[test]
    fn a_day_behind_at_speed_1441_is_caught_up_in_a_minute() {
        let clock = clock(Duration::hours(24), 1441.0);
        let minute = RealDuration::from_secs(60);
        assert_eq!(clock.after(minute / 2), clock.start_virtual + Duration::seconds(43_230));
        assert_eq!(clock.after(minute), clock.start_real + Duration::seconds(60));
        assert_eq!(clock.after(minute * 10), clock.start_real + Duration::seconds(600));
    }

    #[test]
    fn waiting_for_an_instant_takes_exactly_until_the_clock_shows_it() {
        let clock = clock(Duration::hours(1), 100.0);
        for seconds in [0, 1, 59, 3599, 3600, 3640, 4000, 90_000] {
            let at = clock.start_virtual + Duration::seconds(seconds);
            let elapsed = clock.elapsed_at(at);
            assert!(clock.after(elapsed) >= at, "{seconds}");
            assert!(elapsed.is_zero() || clock.after(elapsed - RealDuration::from_millis(1)) < at, "{seconds}");
        }
    }

    #[test]
    fn real_time_from_now_on_is_speed_one() {
        let clock = Clock::starting_at(Utc::now() + Duration::days(1), 0.0);
        assert!(clock.now() <= Utc::now());
        assert_eq!(clock.speed_now(), 1.0);
    }
}
