//! What a programme knows and the ledger does not: the area and its residents, the price of charging at home, baselines and
//! targets of indicators. Read from `registry.programme_file`.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::rows::{self, Known, Row};
use super::sites::SitesError;

/// The indicators that can have a baseline and targets.
pub const INDICATORS: [&str; 26] = [
    "NZ1",
    "NZ2.ttw",
    "NZ2.wtw",
    "NZ3",
    "NZ4.evses",
    "NZ4.kw",
    "NZ5.50kw",
    "NZ5.150kw",
    "NZ6.uk",
    "NZ6.strict",
    "NZ7",
    "NZ8.time",
    "NZ8.energy",
    "NZ8.full",
    "NZ9.supply",
    "NZ9.use",
    "NZ9.reliability",
    "NZ9.price",
    "NZ10.400m",
    "NZ10.400m.quintile",
    "NZ10.800m",
    "NZ10.800m.quintile",
    "NZ11.nox",
    "NZ11.pm",
    "NZ12",
    "NZ13",
];

/// Decimal places of baselines and targets.
pub const AIM_PLACES: u8 = 6;

/// What a file may say.
const KNOWN: &[Known] = &[
    (rows::TOP, &["version"]),
    ("area", &["name", "type", "code", "residents"]),
    ("price", &["home_pence_per_kwh"]),
    ("indicator", &["id", "baseline_year", "baseline", "target_2025", "target_2027", "target_2030"]),
];

/// What is known of a programme; all of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Programme {
    /// The version of the file, with the beginning of its digest; `None`: there is no file.
    pub version: Option<String>,
    /// The name of the area.
    pub area_name: Option<String>,
    /// Its kind, such as local_authority.
    pub area_type: Option<String>,
    /// Its code, such as E06000042.
    pub area_code: Option<String>,
    /// People who live in it.
    pub residents: Option<i64>,
    /// What a kilowatt-hour costs at home, in hundredths of a penny.
    pub home_centipence: Option<i64>,
    /// Baselines and targets, by indicator.
    pub aims: BTreeMap<&'static str, Aim>,
}

/// Where an indicator comes from and where it is to go. Values in the last of [`AIM_PLACES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aim {
    /// The year of the baseline.
    pub baseline_year: Option<i64>,
    /// The value in it.
    pub baseline: Option<i64>,
    /// Targets for 2025, 2027 and 2030.
    pub targets: [Option<i64>; 3],
}

impl Programme {
    /// Reads a file; `file` names it in errors.
    ///
    /// # Errors
    /// When the text says something that cannot be.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, SitesError> {
        let mut found = Self::default();
        for row in &rows::read(file, text, KNOWN)? {
            match row.table {
                rows::TOP => found.version = Some(row.required("version")?.to_owned()),
                "area" => found.area(row)?,
                "price" => found.home_centipence = row.decimal("home_pence_per_kwh", 2)?,
                _ => {
                    let known = INDICATORS.map(|id| (id, id));
                    if found.aims.insert(row.word("id", &known)?, aim(row)?).is_some() {
                        return Err(row.error("id", "is given twice"));
                    }
                }
            }
        }
        let mark: String = Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        found.version = found.version.map(|version| format!("{version} ({mark})"));
        Ok(found)
    }

    fn area(&mut self, row: &Row<'_>) -> Result<(), SitesError> {
        let text = |key: &str| row.text(key).map(str::to_owned);
        (self.area_name, self.area_type, self.area_code) = (text("name"), text("type"), text("code"));
        self.residents = row.whole("residents", 1, 2_000_000_000)?;
        Ok(())
    }
}

fn aim(row: &Row<'_>) -> Result<Aim, SitesError> {
    let decimal = |key: &str| row.decimal(key, AIM_PLACES.into());
    Ok(Aim {
        baseline_year: row.whole("baseline_year", 1990, 2100)?,
        baseline: decimal("baseline")?,
        targets: [decimal("target_2025")?, decimal("target_2027")?, decimal("target_2030")?],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_can_be_read() {
        let text = include_str!("../../config/example-programme.toml");
        let read = Programme::from_toml("example-programme.toml", text).unwrap();
        assert_eq!((read.area_code.as_deref(), read.residents), (Some("E06000042"), Some(287_060)));
        assert_eq!(read.home_centipence, Some(2_703));
        let aim = Aim {
            baseline_year: Some(2024),
            baseline: Some(1_200_000_000),
            targets: [None, None, Some(6_500_000_000)],
        };
        assert_eq!(read.aims.get("NZ1"), Some(&aim));
    }

    #[test]
    fn a_bad_file_names_its_line_and_what_may_have_been_meant() {
        for (text, told) in [
            ("[area]\nname = \"X\"\n", "p.toml:1: version is missing"),
            ("version = \"1\"\n[aria]\n", "p.toml:2: unknown table \"aria\"; did you mean \"area\"?"),
            (
                "version = \"1\"\n[area]\nresidents = 0\n",
                "p.toml:3: residents \"0\" is not a whole number from 1 to 2000000000",
            ),
            (
                "version = \"1\"\n[[indicator]]\nid = \"NZ31\"\n",
                "p.toml:3: id \"NZ31\" is unknown; did you mean \"NZ3\"?",
            ),
            (
                "version = \"1\"\n[[indicator]]\nid = \"NZ1\"\n[[indicator]]\nid = \"NZ1\"\n",
                "p.toml:5: id is given twice",
            ),
        ] {
            assert_eq!(Programme::from_toml("p.toml", text).unwrap_err().to_string(), told);
        }
    }
}
