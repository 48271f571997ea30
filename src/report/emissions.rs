//! What energy emitted and what it avoided, exactly: sums of energy by year times the factors of that year, as fractions
//! with one denominator, rounded once at the end.

use std::collections::{BTreeMap, BTreeSet};

use super::Value;
use crate::config::factors::{Edition, FactorTable, Of};

/// Decimal places of kilograms: the gram.
const KG_PLACES: u8 = 3;

/// What is missing where a sum is none.
pub(super) const NO_ELECTRICITY: &str = "the factor table has none of electricity for a year of the period";
pub(super) const NO_CAR: &str = "the factor table has none of the reference car for a year of the period";
pub(super) const NO_WTT: &str = "the factor table lacks a WTT factor for a year of the period";
pub(super) const NO_MARKET: &str = "the factor table has no market-based factor for a year of the period";
pub(super) const NO_AIR: &str = "the factor table has no such factor of the reference car: none is built in";

/// What is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    /// At the power station, in the grid and at the tailpipe.
    TankToWheel,
    /// With fuels on their way.
    WellToWheel,
}

/// The energy of a year. All in thousandths of a watt-hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Energy {
    /// All of it.
    pub(super) all: i64,
    /// That in half-hours whose intensity is known.
    pub(super) timed: i64,
    /// The sum over these half-hours of energy times milligrams for a kilowatt-hour.
    pub(super) grid: i128,
}

/// Energy by year, with the table that judges it.
pub(super) struct Emissions<'a> {
    table: &'a FactorTable,
    /// Whether losses in the grid are in the intensity of half-hours.
    intensity_has_losses: bool,
    years: BTreeMap<i32, Energy>,
}

/// An exact mass: so many parts of a milligram, of which there are [`Emissions::parts`].
type Mass = Result<i128, &'static str>;

impl<'a> Emissions<'a> {
    /// Of energy by the year in which it flowed.
    pub(super) fn of(table: &'a FactorTable, years: BTreeMap<i32, Energy>) -> Self {
        Self {
            table,
            intensity_has_losses: false,
            years: years.into_iter().filter(|(_, energy)| energy.all != 0).collect(),
        }
    }

    /// The same with an intensity of half-hours that has losses in the grid, or has not.
    pub(super) fn with_losses_in_intensity(self, intensity_has_losses: bool) -> Self {
        Self { intensity_has_losses, ..self }
    }

    /// Parts of a milligram: energy is in 10^-6 kWh, the loss at the site in thousandths, kilometres in parts of what a
    /// car takes for one.
    fn parts(&self) -> i128 {
        1_000_000_000 * i128::from(self.table.assume.ev_mwh_per_km)
    }

    /// Sums energy times something of its year.
    fn sum(&self, of_year: impl Fn(&Edition<'_>, &Energy) -> Mass, none: &'static str) -> Mass {
        self.years.iter().try_fold(0_i128, |sum, (year, energy)| {
            let edition = self.table.edition(*year).ok_or(none)?;
            Ok(sum + of_year(&edition, energy)?)
        })
    }

    /// What the reference car would have emitted over the same kilometres.
    pub(super) fn gross(&self, boundary: Boundary) -> Mass {
        let car = self.table.assume.reference_car;
        let of_km = |edition: &Edition<'_>, energy: &Energy| {
            let mut factor = value(edition, Of::Car(car), NO_CAR)?;
            if boundary == Boundary::WellToWheel {
                factor += value(edition, Of::CarWtt(car), NO_WTT)?;
            }
            Ok(i128::from(energy.all) * factor * 1_000_000_000)
        };
        self.sum(of_km, NO_CAR)
    }

    /// What the electricity emitted, by annual factors.
    pub(super) fn electricity(&self, boundary: Boundary) -> Mass {
        let of_kwh = |edition: &Edition<'_>, energy: &Energy| {
            let factor = value(edition, Of::Generation, NO_ELECTRICITY)? + besides(edition, boundary)?;
            Ok(i128::from(energy.all) * factor)
        };
        Ok(self.sum(of_kwh, NO_ELECTRICITY)? * self.of_site())
    }

    /// The same, by the intensity of each half-hour where it is known.
    pub(super) fn half_hourly(&self, boundary: Boundary) -> Mass {
        let of_kwh = |edition: &Edition<'_>, energy: &Energy| {
            let untimed = i128::from(energy.all - energy.timed);
            // The annual factor is not asked where every half-hour is known.
            let annual = if untimed == 0 { 0 } else { value(edition, Of::Generation, NO_ELECTRICITY)? };
            let twice = if self.intensity_has_losses { value(edition, Of::Losses, NO_ELECTRICITY)? } else { 0 };
            let besides = i128::from(energy.all) * besides(edition, boundary)? - i128::from(energy.timed) * twice;
            Ok(energy.grid + untimed * annual + besides)
        };
        Ok(self.sum(of_kwh, NO_ELECTRICITY)? * self.of_site())
    }

    /// What the electricity emitted by the supplier's contracts, with losses on the way.
    pub(super) fn market(&self) -> Mass {
        let of_kwh = |edition: &Edition<'_>, energy: &Energy| {
            let factor = value(edition, Of::Market, NO_MARKET)? + besides(edition, Boundary::TankToWheel)?;
            Ok(i128::from(energy.all) * factor)
        };
        Ok(self.sum(of_kwh, NO_MARKET)? * self.of_site())
    }

    /// For the energy that the site takes, in the parts of a mass.
    fn of_site(&self) -> i128 {
        i128::from(self.table.assume.site_loss_permille) * i128::from(self.table.assume.ev_mwh_per_km)
    }

    /// Kilograms of a mass.
    pub(super) fn kg(&self, mass: Mass) -> Value {
        mass.map_or_else(Value::Null, |mass| Value::quotient(mass, self.parts() * 1_000_000, KG_PLACES))
    }

    /// Kilograms of a mass, less the share of kilometres that replaced no reference car.
    pub(super) fn adjusted(&self, mass: Mass) -> Value {
        let kept = i128::from(1000 - self.table.assume.not_ice_permille);
        match mass {
            Ok(mass) => Value::quotient(mass * kept, self.parts() * 1_000_000_000, KG_PLACES),
            Err(reason) => Value::Null(reason),
        }
    }

    /// Kilometres that the energy drives, to one decimal place.
    pub(super) fn kilometres(&self) -> Value {
        let energy: i128 = self.years.values().map(|energy| i128::from(energy.all)).sum();
        Value::quotient(energy, self.table.assume.ev_mwh_per_km.into(), 1)
    }

    /// Kilograms of a pollutant that the reference car would have left at its tailpipe.
    pub(super) fn pollutant(&self, of: Of) -> Value {
        let of_km = |edition: &Edition<'_>, energy: &Energy| Ok(i128::from(energy.all) * value(edition, of, NO_AIR)?);
        let km = i128::from(self.table.assume.ev_mwh_per_km);
        let micrograms = self.sum(of_km, NO_AIR);
        micrograms.map_or_else(Value::Null, |sum| Value::quotient(sum, km * 1_000_000_000, KG_PLACES))
    }

    /// The editions that were used.
    pub(super) fn editions(&self) -> BTreeSet<u16> {
        self.years.keys().filter_map(|year| self.table.edition(*year)).map(|edition| edition.year).collect()
    }

    /// Whether every year has an edition of its own.
    pub(super) fn fits(&self) -> bool {
        self.years.keys().all(|year| self.table.edition(*year).is_some_and(|edition| i32::from(edition.year) == *year))
    }

    /// The factors that were used, and whether all of them were compared with their publication.
    pub(super) fn used(&self) -> (String, bool) {
        let assume = &self.table.assume;
        let of = [
            ("electricity", Of::Generation),
            ("losses", Of::Losses),
            ("electricity WTT", Of::GenerationWtt),
            ("losses WTT", Of::LossesWtt),
            ("market", Of::Market),
            ("car", Of::Car(assume.reference_car)),
            ("car WTT", Of::CarWtt(assume.reference_car)),
        ];
        let mut verified = true;
        let years = self.editions().into_iter().filter_map(|year| self.table.edition(year.into())).map(|edition| {
            let mut told = Vec::new();
            for (name, of) in of {
                let Some(factor) = edition.factor(of) else { continue };
                verified &= factor.verified;
                told.push(format!("{name} {}", factor.text));
            }
            format!("{}: {}", edition.year, told.join(", "))
        });
        let mut told: Vec<String> = years.collect();
        let decimal = |value: i64, places| Value::Decimal(value.into(), places);
        if self.intensity_has_losses && self.years.values().any(|energy| energy.timed != 0) {
            told.push("losses are in the intensity of half-hours".to_owned());
        }
        told.push(format!(
            "reference_car {}, ev_kwh_per_km {}, not_ice_share {}, site_loss_factor {}",
            assume.reference_car.word(),
            decimal(assume.ev_mwh_per_km, 6),
            decimal(assume.not_ice_permille, 3),
            decimal(assume.site_loss_permille, 3),
        ));
        (told.join("; "), verified)
    }
}

/// What is saved: gross less electricity.
pub(super) fn net(gross: Mass, electricity: Mass) -> Mass {
    Ok(gross? - electricity?)
}

fn value(edition: &Edition<'_>, of: Of, none: &'static str) -> Mass {
    edition.factor(of).map(|factor| i128::from(factor.value)).ok_or(none)
}

/// What a kilowatt-hour emits besides its generation.
fn besides(edition: &Edition<'_>, boundary: Boundary) -> Mass {
    let losses = value(edition, Of::Losses, NO_ELECTRICITY)?;
    match boundary {
        Boundary::TankToWheel => Ok(losses),
        Boundary::WellToWheel => {
            Ok(losses + value(edition, Of::GenerationWtt, NO_WTT)? + value(edition, Of::LossesWtt, NO_WTT)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Boundary::{TankToWheel, WellToWheel};

    const KWH: i64 = 1_000_000;

    fn energy(kwh: i64) -> Energy {
        Energy { all: kwh * KWH, ..Energy::default() }
    }

    fn emissions(table: &FactorTable, years: impl IntoIterator<Item = (i32, Energy)>) -> Emissions<'_> {
        Emissions::of(table, years.into_iter().collect())
    }

    #[test]
    fn a_megawatt_hour_of_2025_comes_out_as_by_hand() {
        let table = FactorTable::default();
        let found = emissions(&table, [(2025, energy(1000))]);
        let told = |mass| found.kg(mass).to_string();
        // 1000 kWh / 0.207 = 4830.917… km; × 0.16725 = 807.971…; × (0.16725 + 0.04399) = 1020.483…
        assert_eq!(found.kilometres().to_string(), "4830.9");
        assert_eq!([told(found.gross(TankToWheel)), told(found.gross(WellToWheel))], ["807.971", "1020.483"]);
        // 177 + 18.53; and 45.9 + 3.97 more.
        assert_eq!([told(found.electricity(TankToWheel)), told(found.electricity(WellToWheel))], ["195.53", "245.4"]);
        let net = |boundary| net(found.gross(boundary), found.electricity(boundary));
        assert_eq!([told(net(TankToWheel)), told(net(WellToWheel))], ["612.441", "775.083"]);
        assert_eq!(told(found.market()), "");
        assert_eq!(found.kg(found.market()).reason(), Some(NO_MARKET));
        assert_eq!(found.pollutant(Of::Nox).reason(), Some(NO_AIR));
        assert!(found.fits() && !found.used().1, "{:?}", found.used());
    }

    #[test]
    fn each_year_is_judged_by_its_own_edition() {
        let text = "version = \"1\"\nregion = \"X\"\n[assumption]\nev_kwh_per_km = 0.2\nnot_ice_share = 0.1\nsite_loss_factor = 1.05\n";
        let factor = |name: &str, year: u16, value: &str, unit: &str, boundary: &str| {
            format!(
                "[[factor]]\nname = \"{name}\"\nyear = {year}\nvalue = {value}\nunit = \"{unit}\"\nboundary = \"{boundary}\"\n\
                 scope = \"2\"\nedition = \"E\"\nsource = \"S\"\nverified = true\n"
            )
        };
        let mut text = text.to_owned();
        for (year, generation, car) in [(2024, "0.2", "0.15"), (2025, "0.1", "0.1")] {
            text += &factor("electricity_generation", year, generation, "kgCO2e/kWh", "TTW");
            text += &factor("electricity_losses", year, "0.02", "kgCO2e/kWh", "TTW");
            text += &factor("electricity_market", year, "0", "kgCO2e/kWh", "MARKET");
            text += &factor("car_average", year, car, "kgCO2e/km", "TTW");
            text += &factor("car_nox", year, "0.3", "g/km", "TTW");
        }
        let table = FactorTable::from_toml("t", &text).unwrap();
        let found = emissions(&table, [(2024, energy(10)), (2025, energy(20))]);
        // 50 km × 0.15 + 100 km × 0.1; (10 × 0.22 + 20 × 0.12) × 1.05.
        assert_eq!(found.kg(found.gross(TankToWheel)).to_string(), "17.5");
        assert_eq!(found.kg(found.electricity(TankToWheel)).to_string(), "4.83");
        let saved = net(found.gross(TankToWheel), found.electricity(TankToWheel));
        assert_eq!([found.kg(saved).to_string(), found.adjusted(saved).to_string()], ["12.67", "11.403"]);
        assert_eq!(found.kg(found.market()).to_string(), "0.63", "only what is lost on the way");
        assert_eq!(found.kg(found.gross(WellToWheel)).reason(), Some(NO_WTT));
        assert_eq!(found.pollutant(Of::Nox).to_string(), "0.045", "150 km of 0.3 g");
        assert_eq!(found.editions().into_iter().collect::<Vec<_>>(), [2024, 2025]);
        assert!(found.used().1);
        // Half-hours: of the 20 kWh of 2025, 5 at 0.040 and 5 at 0.060 kg; the rest by the annual factor.
        let timed = Energy { all: 20 * KWH, timed: 10 * KWH, grid: i128::from(5 * KWH) * 100_000 };
        let found = emissions(&table, [(2025, timed)]);
        assert_eq!(
            found.kg(found.half_hourly(TankToWheel)).to_string(),
            "1.995",
            "(0.5 + 10 × 0.1 + 20 × 0.02) × 1.05"
        );
        let found = found.with_losses_in_intensity(true);
        assert_eq!(
            found.kg(found.half_hourly(TankToWheel)).to_string(),
            "1.785",
            "(0.5 + 10 × 0.1 + 10 × 0.02) × 1.05: losses of the other 10 kWh alone are added"
        );
        assert!(
            found.used().0.contains("losses are in the intensity of half-hours; reference_car "),
            "{}",
            found.used().0
        );
    }

    #[test]
    fn a_year_without_factors_leaves_nothing_to_say() {
        let table = FactorTable::default();
        let found = emissions(&table, [(2020, energy(1)), (2025, energy(1))]);
        assert_eq!(found.kg(found.electricity(TankToWheel)).reason(), Some(NO_ELECTRICITY));
        let of_2024 = emissions(&table, [(2024, energy(1))]);
        assert_eq!(of_2024.kg(of_2024.electricity(TankToWheel)).to_string(), "0.225");
        assert_eq!(of_2024.kg(of_2024.gross(TankToWheel)).reason(), Some(NO_CAR));
        let of_2026 = emissions(&table, [(2026, energy(1))]);
        assert!(!of_2026.fits() && of_2026.editions().contains(&2025));
        let none = emissions(&table, [(2020, energy(0))]);
        assert_eq!(none.kg(none.electricity(TankToWheel)).to_string(), "0", "no energy needs no factor");
    }
}
