//! The true meter of one connector: energy integrated from power in whole millijoules, so that no rounding ever creeps in.
//!
//! One watt for one millisecond is one millijoule; a watt-hour is 3,600,000 of them. What a charger reports is the register
//! rounded down to a watt-hour, as a real meter shows it.

use chrono::{DateTime, Duration, Utc};

/// Millijoules in one watt-hour.
const PER_WH: i64 = 3_600_000;

/// A register that runs while power flows.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    register_mj: i64,
    delivered_mj: i64,
    power_w: i64,
    at: DateTime<Utc>,
}

impl Meter {
    /// A meter that shows `register_wh` at `at`, with no power flowing.
    pub(crate) fn new(register_wh: i64, at: DateTime<Utc>) -> Self {
        Self { register_mj: register_wh * PER_WH, delivered_mj: 0, power_w: 0, at }
    }

    /// Counts the energy that has flowed since the last call. A time in the past changes nothing.
    pub(crate) fn advance(&mut self, now: DateTime<Utc>) {
        let elapsed = (now - self.at).num_milliseconds();
        if elapsed <= 0 {
            return;
        }
        self.register_mj += self.power_w * elapsed;
        self.delivered_mj += self.power_w * elapsed;
        self.at = now;
    }

    /// Counts up to `now`, then lets `watts` flow from there on.
    pub(crate) fn set_power(&mut self, now: DateTime<Utc>, watts: i64) {
        self.advance(now);
        self.power_w = watts;
    }

    /// Power that flows now, in watts.
    pub(crate) fn power_w(&self) -> i64 {
        self.power_w
    }

    /// What the display shows: whole watt-hours.
    pub(crate) fn register_wh(&self) -> i64 {
        self.register_mj / PER_WH
    }

    /// Energy since the simulation began, whatever happened to the register, in milliwatt-hours.
    pub(crate) fn delivered_mwh(&self) -> i64 {
        self.delivered_mj / (PER_WH / 1000)
    }

    /// Sets the register to nought: a swapped meter, or a vendor that counts each session by itself.
    pub(crate) fn reset(&mut self) {
        self.register_mj = 0;
    }

    /// A mark that lies `wh` above the register, for [`Meter::time_to`].
    pub(crate) fn mark_after(&self, wh: i64) -> i64 {
        self.register_mj + wh * PER_WH
    }

    /// Whether the register has reached the mark.
    pub(crate) fn has_reached(&self, mark: i64) -> bool {
        self.register_mj >= mark
    }

    /// How long the present power takes to reach the mark; none while no power flows.
    pub(crate) fn time_to(&self, mark: i64) -> Option<Duration> {
        if self.power_w <= 0 {
            return None;
        }
        let missing = (mark - self.register_mj).max(0);
        Some(Duration::milliseconds((missing + self.power_w - 1) / self.power_w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noon() -> DateTime<Utc> {
        "2026-02-03T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn seven_kilowatts_for_an_hour_is_seven_thousand_watt_hours() {
        let mut meter = Meter::new(1000, noon());
        meter.set_power(noon(), 7000);
        meter.advance(noon() + Duration::hours(1));
        assert_eq!(meter.register_wh(), 8000);
        assert_eq!(meter.delivered_mwh(), 7_000_000);
    }

    #[test]
    fn the_time_to_a_mark_reaches_it_and_not_a_millisecond_sooner() {
        let mut meter = Meter::new(0, noon());
        meter.set_power(noon(), 7123);
        let mark = meter.mark_after(10);
        let wait = meter.time_to(mark).unwrap();
        meter.advance(noon() + wait - Duration::milliseconds(1));
        assert!(!meter.has_reached(mark));
        meter.advance(noon() + wait);
        assert!(meter.has_reached(mark));
    }

    proptest! {
        #[test]
        fn looking_at_the_meter_more_often_changes_nothing(power in 0i64..400_000, looks in proptest::collection::vec(1i64..900_000, 1..30)) {
            let total: i64 = looks.iter().sum();
            let mut often = Meter::new(5, noon());
            often.set_power(noon(), power);
            let mut at = noon();
            for look in &looks {
                at += Duration::milliseconds(*look);
                often.advance(at);
            }
            let mut once = Meter::new(5, noon());
            once.set_power(noon(), power);
            once.advance(noon() + Duration::milliseconds(total));
            prop_assert_eq!(often.register_wh(), once.register_wh());
            prop_assert_eq!(often.delivered_mwh(), once.delivered_mwh());
        }
    }
}
