//! How the fleet is used: sessions a day, energy, stay and hour weights by kind of demand, with the draws made from them.
//!
//! The figures are priors for a believable demonstration, not measurements: medians and shapes as commonly reported for British
//! public charging. The rate is that of sessions that take place; the demand behind it is a little higher, because a driver who
//! finds the place taken goes on (Erlang's loss formula for one server: demand = rate / (1 - rate x stay)).

use chrono::{DateTime, Duration, DurationRound, Utc};
use rand::RngExt;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Exp1, LogNormal, Normal};

use super::calendar;

/// What people use an EVSE for; decides when they come, how long they stay and how much they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Residents without a driveway, overnight at the kerb.
    OnStreet,
    /// Shoppers and visitors.
    Destination,
    /// Commuters at a station and staff at their place of work.
    Workplace,
    /// Drivers at a 50 kW unit.
    Rapid,
    /// Drivers at a 150 kW unit.
    UltraRapid,
}

/// How long a car stays plugged in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stay {
    /// Lognormal hours with this median and sigma.
    Around { median_h: f64, sigma: f64 },
    /// Normal hours with this mean and standard deviation.
    Shift { mean_h: f64, sd_h: f64 },
    /// Until it has what it came for, and this many minutes (median) to come back.
    UntilCharged { minutes: f64 },
}

/// The priors of one kind of demand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prior {
    /// Sessions that take place per EVSE and day.
    pub(crate) sessions_per_day: f64,
    /// Median energy of a session, kWh.
    pub(crate) energy_kwh: f64,
    /// Lognormal sigma of the energy.
    pub(crate) energy_sigma: f64,
    /// No session takes more than this, kWh.
    pub(crate) energy_cap_kwh: f64,
    /// How long the car stays.
    pub(crate) stay: Stay,
    /// Rough mean stay in days, for the demand behind the rate.
    pub(crate) mean_stay_days: f64,
    /// Weights of the hours 0 to 23 in London at which people arrive.
    pub(crate) hours: [f64; 24],
    /// Factor on Saturdays and Sundays.
    pub(crate) weekend: f64,
}

const ON_STREET: Prior = Prior {
    sessions_per_day: 0.45,
    energy_kwh: 17.0,
    energy_sigma: 0.65,
    energy_cap_kwh: 70.0,
    stay: Stay::Around { median_h: 11.0, sigma: 0.45 },
    mean_stay_days: 0.5,
    hours: [
        1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 3.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 5.0, 8.0, 13.0, 15.0, 12.0, 9.0,
        6.0, 4.0, 2.0,
    ],
    weekend: 0.95,
};

const DESTINATION: Prior = Prior {
    sessions_per_day: 0.9,
    energy_kwh: 12.0,
    energy_sigma: 0.6,
    energy_cap_kwh: 60.0,
    stay: Stay::Around { median_h: 2.2, sigma: 0.6 },
    mean_stay_days: 0.11,
    hours: [
        0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 6.0, 10.0, 12.0, 12.0, 11.0, 10.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0,
        0.0, 0.0, 0.0,
    ],
    weekend: 1.25,
};

const WORKPLACE: Prior = Prior {
    sessions_per_day: 0.8,
    energy_kwh: 15.0,
    energy_sigma: 0.55,
    energy_cap_kwh: 60.0,
    stay: Stay::Shift { mean_h: 8.8, sd_h: 1.2 },
    mean_stay_days: 0.37,
    hours: [
        0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 14.0, 26.0, 22.0, 10.0, 5.0, 4.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 0.0,
        0.0, 0.0, 0.0,
    ],
    weekend: 0.35,
};

const RAPID: Prior = Prior {
    sessions_per_day: 5.0,
    energy_kwh: 19.0,
    energy_sigma: 0.5,
    energy_cap_kwh: 60.0,
    stay: Stay::UntilCharged { minutes: 6.0 },
    mean_stay_days: 0.026,
    hours: [
        1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0, 8.0, 9.0, 8.0, 8.0, 7.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0,
        1.0, 1.0,
    ],
    weekend: 1.15,
};

const ULTRA_RAPID: Prior = Prior {
    sessions_per_day: 8.0,
    energy_kwh: 27.0,
    energy_sigma: 0.45,
    energy_cap_kwh: 80.0,
    stay: Stay::UntilCharged { minutes: 4.0 },
    mean_stay_days: 0.018,
    hours: [
        1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 9.0, 8.0, 8.0, 8.0, 7.0, 6.0, 4.0, 3.0, 2.0, 2.0,
        1.0, 1.0,
    ],
    weekend: 1.15,
};

impl Demand {
    /// The priors of this kind of demand.
    pub(crate) fn prior(self) -> &'static Prior {
        match self {
            Self::OnStreet => &ON_STREET,
            Self::Destination => &DESTINATION,
            Self::Workplace => &WORKPLACE,
            Self::Rapid => &RAPID,
            Self::UltraRapid => &ULTRA_RAPID,
        }
    }

    /// Whether cars are fed with direct current here.
    pub fn is_dc(self) -> bool {
        match self {
            Self::Rapid | Self::UltraRapid => true,
            Self::OnStreet | Self::Destination | Self::Workplace => false,
        }
    }
}

impl Prior {
    /// When the next driver comes after `at`: a Poisson process whose rate follows the hour and the weekend.
    pub(crate) fn next_arrival(&self, at: DateTime<Utc>, rng: &mut StdRng) -> DateTime<Utc> {
        let demand = self.sessions_per_day / (1.0 - self.sessions_per_day * self.mean_stay_days);
        let all: f64 = self.hours.iter().sum();
        let mut left: f64 = Exp1.sample(rng);
        let mut now = at;
        loop {
            let weekend = if calendar::is_weekend(now) { self.weekend } else { 1.0 };
            let per_hour = demand * weekend * self.hours[calendar::london_hour(now)] / all;
            let hour = now.duration_trunc(Duration::hours(1)).unwrap_or(now) + Duration::hours(1);
            let span = (hour - now).num_milliseconds() as f64 / 3_600_000.0;
            if per_hour * span >= left {
                return now + Duration::milliseconds((left / per_hour * 3_600_000.0) as i64);
            }
            left -= per_hour * span;
            now = hour;
        }
    }

    /// Energy the driver wants, in watt-hours.
    pub(crate) fn energy_wh(&self, at: DateTime<Utc>, rng: &mut StdRng) -> i64 {
        let season = if calendar::is_winter(at) { 1.15 } else { 1.0 };
        let kwh = (log_normal(self.energy_kwh, self.energy_sigma, rng) * season).clamp(0.5, self.energy_cap_kwh);
        (kwh * 1000.0) as i64
    }
}

/// A lognormal draw with this median and sigma.
pub(crate) fn log_normal(median: f64, sigma: f64, rng: &mut StdRng) -> f64 {
    LogNormal::new(median.ln(), sigma).map_or(median, |law| law.sample(rng))
}

/// A normal draw.
pub(crate) fn normal(mean: f64, sd: f64, rng: &mut StdRng) -> f64 {
    Normal::new(mean, sd).map_or(mean, |law| law.sample(rng))
}

/// A waiting time with this mean, for things that happen at random; never under a minute.
pub(crate) fn wait(mean_days: f64, rng: &mut StdRng) -> Duration {
    let unit: f64 = Exp1.sample(rng);
    hours((unit * mean_days * 24.0).min(24.0 * 3650.0)).max(Duration::minutes(1))
}

/// A duration from hours, in whole milliseconds.
pub(crate) fn hours(hours: f64) -> Duration {
    Duration::milliseconds((hours * 3_600_000.0) as i64)
}

/// Whole seconds between the two bounds, both included.
pub(crate) fn seconds(low: i64, high: i64, rng: &mut StdRng) -> Duration {
    Duration::milliseconds(rng.random_range(low * 1000..=high * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn rapid_units_see_about_their_sessions_a_day() {
        let mut rng = StdRng::seed_from_u64(1);
        let from: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().unwrap();
        let until = from + Duration::days(200);
        let (mut at, mut count) = (from, 0);
        while at < until {
            at = RAPID.next_arrival(at, &mut rng);
            count += 1;
        }
        let per_day = f64::from(count) / 200.0;
        assert!((5.2..7.0).contains(&per_day), "{per_day}");
    }

    #[test]
    fn nobody_comes_to_a_destination_at_three_in_the_morning() {
        let mut rng = StdRng::seed_from_u64(2);
        let mut at: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().unwrap();
        for _ in 0..500 {
            at = DESTINATION.next_arrival(at, &mut rng);
            assert!((5..=20).contains(&calendar::london_hour(at)), "{at}");
        }
    }

    #[test]
    fn energies_have_the_median_of_the_prior_and_stay_under_the_cap() {
        let mut rng = StdRng::seed_from_u64(3);
        let may: DateTime<Utc> = "2026-05-05T12:00:00Z".parse().unwrap();
        let mut drawn: Vec<i64> = (0..2001).map(|_| ON_STREET.energy_wh(may, &mut rng)).collect();
        drawn.sort_unstable();
        assert!((15_500..18_500).contains(&drawn[1000]), "{}", drawn[1000]);
        assert!(drawn[2000] <= 70_000);
    }
}
