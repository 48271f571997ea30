//! The car at the plug: how much power it draws, by its on-board charger (AC) or by its battery's state of charge (DC).

use rand::RngExt;
use rand::rngs::StdRng;

/// What is plugged in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Car {
    /// Most it ever draws, watts.
    pub(crate) peak_w: i64,
    /// Phases it draws from; 0 for direct current.
    pub(crate) phases: u8,
    /// Battery capacity, watt-hours.
    pub(crate) battery_wh: i64,
    /// State of charge on arrival, in thousandths.
    pub(crate) arrives_at_permille: i64,
}

impl Car {
    /// A car on an AC post: 7 kW class 60 %, 11 kW three-phase 33 %, 22 kW 4 %, 3.6 kW 3 %, never above the post.
    pub(crate) fn at_ac_post(post_w: i64, rng: &mut StdRng) -> Self {
        let three_phase_post = post_w > 8_000;
        let (limit, three_phases) = match rng.random_range(0..100) {
            0..60 => (rng.random_range(7_000..=7_400), false),
            60..93 if three_phase_post => (rng.random_range(10_700..=11_000), true),
            60..93 => (rng.random_range(7_000..=7_400), false),
            93..97 => (rng.random_range(21_000..=22_000), three_phase_post),
            _ => (rng.random_range(3_450..=3_600), false),
        };
        let phases = if three_phases { 3 } else { 1 };
        Self { peak_w: limit.min(post_w), phases, battery_wh: 60_000, arrives_at_permille: 400 }
    }

    /// A car on a DC unit that wants `energy_wh`; gives the car and the energy it will really take: six in ten stop at 80 %.
    pub(crate) fn at_dc_unit(energy_wh: i64, rng: &mut StdRng) -> (Self, i64) {
        let battery_wh = rng.random_range(38_000..=100_000);
        let leaves_at = if rng.random_bool(0.6) { 800 } else { rng.random_range(650..=950) };
        let wanted = energy_wh * 1000 / battery_wh;
        let arrives_at = (leaves_at - wanted).max(50);
        let takes = battery_wh * (leaves_at - arrives_at) / 1000;
        let peak_w = rng.random_range(50_000..=200_000);
        (Self { peak_w, phases: 0, battery_wh, arrives_at_permille: arrives_at }, takes.min(energy_wh).max(500))
    }

    /// State of charge in thousandths after taking `taken_wh`.
    pub(crate) fn state_of_charge_permille(&self, taken_wh: i64) -> i64 {
        (self.arrives_at_permille + taken_wh * 1000 / self.battery_wh).min(1000)
    }

    /// Power it draws from a unit of `unit_w` after having taken `taken_wh`.
    pub(crate) fn power_w(&self, unit_w: i64, taken_wh: i64) -> i64 {
        if self.phases > 0 {
            return self.peak_w.min(unit_w);
        }
        let tapered = self.peak_w * taper_permille(self.state_of_charge_permille(taken_wh)) / 1000;
        tapered.min(unit_w)
    }
}

/// Share of its peak that a battery accepts: all of it to 60 %, 35 % at 80 %, 15 % at 90 %, 5 % when full; straight lines between.
fn taper_permille(charge: i64) -> i64 {
    const CURVE: [(i64, i64); 5] = [(0, 1000), (600, 1000), (800, 350), (900, 150), (1000, 50)];
    for pair in CURVE.windows(2) {
        let [(low, from), (high, to)] = [pair[0], pair[1]];
        if charge <= high {
            return from + (to - from) * (charge - low) / (high - low);
        }
    }
    50
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_battery_takes_less_the_fuller_it_is() {
        let points = [(300, 1000), (600, 1000), (700, 675), (800, 350), (850, 250), (900, 150), (1000, 50)];
        for (charge, share) in points {
            assert_eq!(taper_permille(charge), share, "at {charge}");
        }
    }

    #[test]
    fn no_car_draws_more_than_the_post_gives() {
        let mut rng = StdRng::seed_from_u64(4);
        for post in [5_500, 7_400, 22_000] {
            for _ in 0..500 {
                let car = Car::at_ac_post(post, &mut rng);
                assert!(car.power_w(post, 0) <= post);
                assert!(car.phases == 1 || post > 8_000);
            }
        }
    }

    #[test]
    fn a_car_on_direct_current_never_takes_more_than_fits() {
        let mut rng = StdRng::seed_from_u64(5);
        for wanted in [500, 9_000, 27_000, 80_000] {
            for _ in 0..500 {
                let (car, takes) = Car::at_dc_unit(wanted, &mut rng);
                assert!(takes <= wanted.max(500));
                assert!(car.state_of_charge_permille(takes) <= 1000);
                assert!(car.power_w(50_000, takes) > 0);
            }
        }
    }
}
