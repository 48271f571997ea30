//! The table of emission factors: what a kilowatt-hour and a kilometre emit, by year, with edition and source. The one in
//! `config/factors.toml` is built in; `registry.factors_file` replaces it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::rows::{self, Known, Row};
use super::sites::SitesError;

/// The built-in table.
pub const DEFAULT: &str = include_str!("../../config/factors.toml");

/// Decimal places of a factor: its unit is the kilogram or gram, its last place the milligram or microgram.
const PLACES: usize = 6;

/// Decimal places of shares and of the loss at the site.
const SHARE_PLACES: usize = 3;

/// What a file may say.
const KNOWN: &[Known] = &[
    (rows::TOP, &["version", "region"]),
    ("assumption", &["ev_kwh_per_km", "reference_car", "not_ice_share", "site_loss_factor"]),
    ("factor", &["name", "year", "value", "unit", "boundary", "scope", "edition", "source", "verified"]),
];

/// What a factor is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// A kilowatt-hour as generated.
    Generation,
    /// What of it is lost in transmission and distribution.
    Losses,
    /// The fuels of the generation on their way.
    GenerationWtt,
    /// The same of what is lost.
    LossesWtt,
    /// A kilowatt-hour as the supplier contracts it.
    Market,
    /// A kilometre of a car.
    Car(Car),
    /// The fuel of that kilometre on its way.
    CarWtt(Car),
    /// Nitrogen oxides of a kilometre, at the tailpipe.
    Nox,
    /// Particles of a kilometre, at the tailpipe.
    Particles,
}

/// A car that is not driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Car {
    /// The average car, of unknown fuel.
    Average,
    /// Petrol.
    Petrol,
    /// Diesel.
    Diesel,
    /// Hybrid.
    Hybrid,
    /// Plug-in hybrid.
    PlugInHybrid,
}

impl Car {
    /// Words and what they mean.
    const WORDS: [(&'static str, Self); 5] = [
        ("average", Self::Average),
        ("petrol", Self::Petrol),
        ("diesel", Self::Diesel),
        ("hybrid", Self::Hybrid),
        ("plug_in_hybrid", Self::PlugInHybrid),
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Petrol => "petrol",
            Self::Diesel => "diesel",
            Self::Hybrid => "hybrid",
            Self::PlugInHybrid => "plug_in_hybrid",
        }
    }
}

impl Of {
    /// Words and what they mean.
    const WORDS: [(&'static str, Self); 17] = [
        ("electricity_generation", Self::Generation),
        ("electricity_losses", Self::Losses),
        ("electricity_generation_wtt", Self::GenerationWtt),
        ("electricity_losses_wtt", Self::LossesWtt),
        ("electricity_market", Self::Market),
        ("car_average", Self::Car(Car::Average)),
        ("car_petrol", Self::Car(Car::Petrol)),
        ("car_diesel", Self::Car(Car::Diesel)),
        ("car_hybrid", Self::Car(Car::Hybrid)),
        ("car_plug_in_hybrid", Self::Car(Car::PlugInHybrid)),
        ("car_average_wtt", Self::CarWtt(Car::Average)),
        ("car_petrol_wtt", Self::CarWtt(Car::Petrol)),
        ("car_diesel_wtt", Self::CarWtt(Car::Diesel)),
        ("car_hybrid_wtt", Self::CarWtt(Car::Hybrid)),
        ("car_plug_in_hybrid_wtt", Self::CarWtt(Car::PlugInHybrid)),
        ("car_nox", Self::Nox),
        ("car_pm", Self::Particles),
    ];

    const fn unit(self) -> &'static str {
        match self {
            Self::Generation | Self::Losses | Self::GenerationWtt | Self::LossesWtt | Self::Market => "kgCO2e/kWh",
            Self::Car(_) | Self::CarWtt(_) => "kgCO2e/km",
            Self::Nox | Self::Particles => "g/km",
        }
    }

    const fn boundary(self) -> &'static str {
        match self {
            Self::Generation | Self::Losses | Self::Car(_) | Self::Nox | Self::Particles => "TTW",
            Self::GenerationWtt | Self::LossesWtt | Self::CarWtt(_) => "WTT",
            Self::Market => "MARKET",
        }
    }
}

/// A factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Its value: milligrams CO2e for each kilowatt-hour or kilometre, micrograms for what is in g/km.
    pub value: i64,
    /// As written, with its unit.
    pub text: String,
    /// Scope of the GHG Protocol.
    pub scope: String,
    /// The publication.
    pub edition: String,
    /// Where the number was read.
    pub source: String,
    /// Whether it was compared with the publication.
    pub verified: bool,
}

/// What is assumed besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumptions {
    /// What a car takes for a kilometre, in thousandths of a watt-hour.
    pub ev_mwh_per_km: i64,
    /// The car that is not driven.
    pub reference_car: Car,
    /// Share of the kilometres that were not of that car before, in thousandths.
    pub not_ice_permille: i64,
    /// Energy at the meter of the site for that of the charge points, in thousandths.
    pub site_loss_permille: i64,
}

/// Every factor of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorTable {
    /// Its version, with the beginning of its digest: two files of one version are told apart.
    pub version: String,
    /// Where it holds.
    pub region: String,
    /// What is assumed besides.
    pub assume: Assumptions,
    factors: BTreeMap<u16, BTreeMap<Of, Factor>>,
}

/// The factors of a year.
#[derive(Clone, Copy, Debug)]
pub struct Edition<'a> {
    /// The year that they were published for.
    pub year: u16,
    factors: &'a BTreeMap<Of, Factor>,
}

impl Edition<'_> {
    /// A factor.
    pub fn factor(&self, of: Of) -> Option<&Factor> {
        self.factors.get(&of)
    }
}

impl FactorTable {
    /// Reads a table; `file` names it in errors.
    ///
    /// # Errors
    /// When the text says something that cannot be.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, SitesError> {
        let rows = rows::read(file, text, KNOWN)?;
        let mut factors: BTreeMap<u16, BTreeMap<Of, Factor>> = BTreeMap::new();
        let mut assume = Assumptions {
            ev_mwh_per_km: 0,
            reference_car: Car::Average,
            not_ice_permille: 0,
            site_loss_permille: 1000,
        };
        let mut head = (String::new(), String::new());
        for row in &rows {
            match row.table {
                rows::TOP => head = (row.required("version")?.to_owned(), row.required("region")?.to_owned()),
                "assumption" => assume = assumptions(row)?,
                _ => {
                    let (year, of, factor) = factor(row)?;
                    if factors.entry(year).or_default().insert(of, factor).is_some() {
                        return Err(row.error("name", format!("is given twice for {year}")));
                    }
                }
            }
        }
        if assume.ev_mwh_per_km == 0 {
            return Err(SitesError(format!("{file}:1: there is no [assumption] with ev_kwh_per_km")));
        }
        let digest = Sha256::digest(text.as_bytes());
        let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { version: format!("{} ({mark})", head.0), region: head.1, assume, factors })
    }

    /// The factors for the energy of a year: its own, else those of the newest year before it.
    pub fn edition(&self, year: i32) -> Option<Edition<'_>> {
        let year = u16::try_from(year).ok()?;
        self.factors.range(..=year).next_back().map(|(year, factors)| Edition { year: *year, factors })
    }
}

impl Default for FactorTable {
    /// The built-in one. Were it broken, which a test keeps from happening, there would be no factors and no figures.
    fn default() -> Self {
        Self::from_toml("config/factors.toml", DEFAULT).unwrap_or(Self {
            version: "none".to_owned(),
            region: String::new(),
            assume: Assumptions {
                ev_mwh_per_km: 1,
                reference_car: Car::Average,
                not_ice_permille: 0,
                site_loss_permille: 1000,
            },
            factors: BTreeMap::new(),
        })
    }
}

fn assumptions(row: &Row<'_>) -> Result<Assumptions, SitesError> {
    row.required("ev_kwh_per_km")?;
    let within = |key: &str, places: usize, from: i64, to: i64, said: &str| {
        let value = row.decimal(key, places)?;
        match value.filter(|value| !(from..=to).contains(value)) {
            Some(_) => Err(row.error(key, format!("must be from {said}"))),
            None => Ok(value),
        }
    };
    Ok(Assumptions {
        ev_mwh_per_km: within("ev_kwh_per_km", PLACES, 10_000, 5_000_000, "0.01 to 5")?.unwrap_or_default(),
        reference_car: if row.text("reference_car").is_some() {
            row.word("reference_car", &Car::WORDS)?
        } else {
            Car::Average
        },
        not_ice_permille: within("not_ice_share", SHARE_PLACES, 0, 1000, "0 to 1")?.unwrap_or(0),
        site_loss_permille: within("site_loss_factor", SHARE_PLACES, 1000, 2000, "1 to 2")?.unwrap_or(1000),
    })
}

fn factor(row: &Row<'_>) -> Result<(u16, Of, Factor), SitesError> {
    let of = row.word("name", &Of::WORDS)?;
    row.required("year")?;
    let year = row.whole("year", 1990, 2100)?.and_then(|year| u16::try_from(year).ok()).unwrap_or_default();
    let text = row.required("value")?;
    let value = row.decimal("value", PLACES)?.unwrap_or_default();
    for (key, wanted) in [("unit", of.unit()), ("boundary", of.boundary())] {
        let said = row.required(key)?;
        if said != wanted {
            let name = row.required("name")?;
            return Err(row.error(key, format!("\"{said}\" does not fit {name}; did you mean \"{wanted}\"?")));
        }
    }
    let factor = Factor {
        value,
        text: format!("{text} {}", of.unit()),
        scope: row.required("scope")?.to_owned(),
        edition: row.required("edition")?.to_owned(),
        source: row.required("source")?.to_owned(),
        verified: row.flag("verified")?,
    };
    Ok((year, of, factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_can_be_read_and_has_the_numbers_of_2025() {
        let table = FactorTable::from_toml("config/factors.toml", DEFAULT).unwrap();
        assert_eq!(table, FactorTable::default());
        let edition = table.edition(2025).unwrap();
        let value = |of: Of| edition.factor(of).map(|factor| factor.value);
        assert_eq!((value(Of::Generation), value(Of::Losses)), (Some(177_000), Some(18_530)));
        assert_eq!((value(Of::Car(Car::Average)), value(Of::Nox)), (Some(167_250), None));
        assert_eq!((table.assume.ev_mwh_per_km, table.assume.site_loss_permille), (207_000, 1000));
        assert!(table.version.starts_with("1 ("), "{}", table.version);
    }

    #[test]
    fn a_year_without_factors_takes_those_of_the_newest_year_before_it() {
        let table = FactorTable::default();
        let years = [2023, 2024, 2025, 2031].map(|year| table.edition(year).map(|edition| edition.year));
        assert_eq!(years, [None, Some(2024), Some(2025), Some(2025)]);
    }

    #[test]
    fn a_bad_table_names_file_line_and_key_and_what_may_have_been_meant() {
        let head = "version = \"1\"\nregion = \"GB\"\n[assumption]\nev_kwh_per_km = 0.2\n";
        let factor = "[[factor]]\nname = \"car_petrol\"\nyear = 2025\nvalue = 0.1\nunit = \"kgCO2e/km\"\n\
                      boundary = \"TTW\"\nscope = \"1\"\nedition = \"E\"\nsource = \"S\"\n";
        let good = format!("{head}{factor}");
        assert!(FactorTable::from_toml("f.toml", &good).is_ok());
        for (from, to, told) in [
            ("version", "verson", "f.toml:1: unknown key \"verson\"; did you mean \"version\"?"),
            ("[assumption]", "[asumption]", "f.toml:3: unknown table \"asumption\"; did you mean \"assumption\"?"),
            ("= 0.2\n", "= 9\n", "f.toml:4: ev_kwh_per_km must be from 0.01 to 5"),
            ("car_petrol", "car_petrl", "f.toml:6: name \"car_petrl\" is unknown; did you mean \"car_petrol\"?"),
            ("year = 2025", "year = 25", "f.toml:7: year \"25\" is not a whole number from 1990 to 2100"),
            ("value = 0.1", "value = -0.1", "f.toml:8: value \"-0.1\" is not a decimal of at most 6 places"),
            (
                "kgCO2e/km",
                "kgCO2e/kWh",
                "f.toml:9: unit \"kgCO2e/kWh\" does not fit car_petrol; did you mean \"kgCO2e/km\"?",
            ),
            ("TTW", "WTT", "f.toml:10: boundary \"WTT\" does not fit car_petrol; did you mean \"TTW\"?"),
            ("source", "sauce", "f.toml:13: unknown key \"sauce\"; did you mean \"source\"?"),
            ("source = \"S\"\n", "", "f.toml:5: source is missing"),
            ("[[factor]]", "[[factor", "f.toml:5: unclosed array table, expected `]]`"),
        ] {
            let error = FactorTable::from_toml("f.toml", &good.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.to_string(), told);
        }
        let twice = FactorTable::from_toml("f.toml", &format!("{good}{factor}")).unwrap_err();
        assert_eq!(twice.to_string(), "f.toml:15: name is given twice for 2025");
    }
}
