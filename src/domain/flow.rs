//! When energy flowed in a session and how strongly, from its readings, point by point.

use super::energy::{Milli, MilliWh};
use super::time::At;

/// Less than this is no flow, in milliwatts: 100 W, on average between two register readings.
const LEAST: i128 = 100_000;

/// More than 1.1 times its rated power no charger delivers.
const MOST_TENTHS: i64 = 11;

/// A minute.
const MINUTE_MS: i64 = 60_000;

/// From when until when energy flowed, pauses included. Where none flowed, both are the start of the session.
pub type Flow = (At, At);

/// Gathers flow and power of one session; points come in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flowing {
    register: Option<(At, MilliWh)>,
    seen: Option<Flow>,
    /// Whether a reading could have told of a flow.
    is_told: bool,
    minute: Option<Minute>,
    peak: Option<Milli>,
}

/// Power samples of one minute of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Minute {
    number: i64,
    sum: i128,
    count: i128,
}

impl Minute {
    fn mean(self) -> Milli {
        Milli(i64::try_from(self.sum / self.count.max(1)).unwrap_or(i64::MAX))
    }
}

impl Flowing {
    /// Begins with the register of the start message.
    pub(super) fn begin(&mut self, at: Option<At>, register: MilliWh) {
        self.register = at.map(|at| (at, register));
    }

    /// Takes a register reading that was believed.
    pub(super) fn register(&mut self, at: At, register: MilliWh) {
        if let Some(before) = self.register.filter(|(before, _)| *before < at) {
            self.is_told = true;
            if rose(before, (at, register)) {
                self.flows(before.0, at);
            }
        }
        self.register = Some((at, register));
    }

    /// Takes a power reading.
    pub(super) fn power(&mut self, at: At, power: Milli, rated_w: u32) {
        self.is_told = true;
        if i128::from(power.0) >= LEAST {
            self.flows(at, at);
        }
        if power.0 < 0 || power.0 > i64::from(rated_w) * 100 * MOST_TENTHS {
            return;
        }
        let number = at.millis().div_euclid(MINUTE_MS);
        let mut minute =
            self.minute.filter(|last| last.number == number).unwrap_or(Minute { number, sum: 0, count: 0 });
        if self.minute.is_some_and(|last| last.number != number) {
            self.peak = self.peak();
        }
        minute.sum += i128::from(power.0);
        minute.count += 1;
        self.minute = Some(minute);
    }

    fn flows(&mut self, from: At, until: At) {
        let seen = self.seen.unwrap_or((from, until));
        self.seen = Some((seen.0.min(from), seen.1.max(until)));
    }

    /// The highest mean of a minute.
    pub(super) fn peak(&self) -> Option<Milli> {
        self.peak.max(self.minute.map(Minute::mean))
    }

    /// The flow of a session that started then, with the register of its stop where that is known. `None` where no reading
    /// tells: from start and stop alone nobody knows when energy flowed.
    pub(super) fn flow(&self, started: Option<At>, stop: Option<(At, MilliWh)>) -> Option<Flow> {
        if !self.is_told {
            return None;
        }
        let last = self.register.zip(stop).filter(|(before, stop)| before.0 < stop.0 && rose(*before, *stop));
        match (self.seen, last) {
            (Some((from, _)), Some((_, (at, _)))) => Some((from, at)),
            (Some(seen), None) => Some(seen),
            (None, Some(((from, _), (at, _)))) => Some((from, at)),
            (None, None) => started.map(|at| (at, at)),
        }
    }
}

/// Whether a register rose by [`LEAST`] or more on average.
fn rose(from: (At, MilliWh), to: (At, MilliWh)) -> bool {
    let rise = i128::from(to.1.since(from.1).0);
    rise > 0 && rise * 3_600_000 >= LEAST * i128::from(to.0.millis_since(from.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> At {
        At::from_millis(minutes * MINUTE_MS)
    }

    #[test]
    fn flow_reaches_from_the_first_rise_of_the_register_to_the_last() {
        let mut flowing = Flowing::default();
        flowing.begin(Some(at(0)), MilliWh::from_wh(1000));
        for (minute, wh) in [(5, 1000), (10, 1500), (15, 2000), (20, 2000), (25, 2001)] {
            flowing.register(at(minute), MilliWh::from_wh(wh));
        }
        assert_eq!(flowing.flow(Some(at(0)), None), Some((at(5), at(15))), "1 Wh in five minutes is 12 W");
        let stop = Some((at(30), MilliWh::from_wh(2100)));
        assert_eq!(flowing.flow(Some(at(0)), stop), Some((at(5), at(30))));
    }

    #[test]
    fn what_start_and_stop_alone_say_is_no_flow_and_a_session_in_vain_has_an_empty_one() {
        let mut flowing = Flowing::default();
        flowing.begin(Some(at(0)), MilliWh::from_wh(1000));
        assert_eq!(flowing.flow(Some(at(0)), Some((at(60), MilliWh::from_wh(9000)))), None);
        flowing.register(at(10), MilliWh::from_wh(1000));
        assert_eq!(flowing.flow(Some(at(0)), Some((at(60), MilliWh::from_wh(1000)))), Some((at(0), at(0))));
    }

    #[test]
    fn the_peak_is_the_highest_mean_of_a_minute_and_not_the_highest_sample() {
        let mut flowing = Flowing::default();
        for (seconds, watts) in [(0, 7000), (20, 7200), (40, 7400), (60, 7300), (90, 7100), (130, 90_000), (150, 50)] {
            flowing.power(At::from_millis(seconds * 1000), Milli(watts * 1000), 7400);
        }
        assert_eq!(flowing.peak(), Some(Milli(7_200_000)), "90 kW is not believed at 7.4 kW");
        assert_eq!(flowing.flow(None, None), Some((At::from_millis(0), At::from_millis(130_000))));
    }
}
