//! The table of small areas (LSOA): where each is, how deprived, how many households. It joins sites to areas, and figures
//! of equity to people.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::sites::SitesError;

/// A centroid farther away than this says nothing about a site, in metres.
const NEAREST_M: f64 = 300.0;

/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// A small area.
#[derive(Clone, Debug, PartialEq)]
pub struct Lsoa {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// WGS84 latitude of its centroid.
    pub latitude: f64,
    /// WGS84 longitude of its centroid.
    pub longitude: f64,
    /// National deprivation deciles by edition (a year), 1 = most deprived.
    pub deciles: BTreeMap<u16, u8>,
    /// Households.
    pub households: Option<u32>,
}

impl Lsoa {
    /// Its decile in an edition, or in the newest one that it has.
    pub fn decile(&self, edition: Option<u16>) -> Option<(u16, u8)> {
        let (edition, decile) = match edition {
            Some(edition) => self.deciles.get_key_value(&edition),
            None => self.deciles.last_key_value(),
        }?;
        Some((*edition, *decile))
    }
}

/// All small areas of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LsoaTable {
    rows: Vec<Lsoa>,
    /// The edition of the index in use; `None`: the newest of each area.
    edition: Option<u16>,
    /// The beginning of the digest of its file.
    mark: String,
}

impl LsoaTable {
    /// Reads a table from CSV text; `file` names it in errors. Columns: `lsoa_code` and `lsoa_name` (with or without the
    /// year of the boundaries: `lsoa11_code`), `lat`, `lon`; where known, `imd<year>_decile` and `households_<year>`.
    ///
    /// # Errors
    /// When a column is missing or a value cannot be.
    pub fn from_csv(file: &str, text: &str) -> Result<Self, SitesError> {
        let wrong = |line: u64, reason: String| SitesError(format!("{file}:{line}: {reason}"));
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let head = reader.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
        let find = |fits: &dyn Fn(&str) -> bool| head.iter().position(fits);
        let need = |name: &str, fits: &dyn Fn(&str) -> bool| {
            find(fits).ok_or_else(|| wrong(1, format!("there is no column {name}")))
        };
        let code = need("lsoa_code", &|name| name.starts_with("lsoa") && name.ends_with("_code"))?;
        let name = find(&|name| name.starts_with("lsoa") && name.ends_with("_name"));
        let (lat, lon) = (need("lat", &|name| name == "lat")?, need("lon", &|name| name == "lon")?);
        let households = find(&|name| name.starts_with("households"));
        let edition = |name: &str| name.strip_prefix("imd")?.strip_suffix("_decile")?.parse::<u16>().ok();
        let editions: Vec<(usize, u16)> =
            head.iter().enumerate().filter_map(|(index, name)| edition(name).map(|year| (index, year))).collect();
        let mut rows = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|error| wrong(1, error.to_string()))?;
            let line = row.position().map_or(1, csv::Position::line);
            let cell = |index: usize| row.get(index).unwrap_or_default();
            let degrees = |index: usize, most: f64| {
                let value = cell(index).parse::<f64>().ok().filter(|value| value.abs() <= most);
                value.ok_or_else(|| wrong(line, format!("\"{}\" is no place", cell(index))))
            };
            let mut deciles = BTreeMap::new();
            for (index, edition) in editions.iter().filter(|(index, _)| !cell(*index).is_empty()) {
                let decile = cell(*index).parse().ok().filter(|decile| (1..=10).contains(decile));
                let decile = decile.ok_or_else(|| wrong(line, format!("\"{}\" is no decile", cell(*index))))?;
                deciles.insert(*edition, decile);
            }
            rows.push(Lsoa {
                code: cell(code).to_owned(),
                name: name.map_or_else(String::new, |index| cell(index).to_owned()),
                latitude: degrees(lat, 90.0)?,
                longitude: degrees(lon, 180.0)?,
                deciles,
                households: households.and_then(|index| cell(index).parse().ok()),
            });
        }
        let mark = Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { rows, edition: None, mark })
    }

    /// The same with an edition of the index.
    pub fn by_edition(self, edition: Option<u16>) -> Self {
        Self { edition, ..self }
    }

    /// What tells it from another, where there is one.
    pub fn version(&self) -> Option<String> {
        let newest = self.rows.iter().filter_map(|area| area.deciles.keys().next_back()).max();
        let edition = self.edition.or(newest.copied()).map_or_else(|| "no".to_owned(), |year| year.to_string());
        let areas = self.rows.len();
        (areas > 0).then(|| format!("{edition} edition, {areas} areas ({})", self.mark))
    }

    /// The decile of an area in the edition in use.
    pub fn decile(&self, area: &Lsoa) -> Option<u8> {
        area.decile(self.edition).map(|(_, decile)| decile)
    }

    /// The fifth of all households in which a decile lies, by its middle; 1 is the most deprived.
    pub fn quintile(&self, decile: u8) -> Option<u8> {
        let households = |fits: &dyn Fn(u8) -> bool| -> u64 {
            let of = |area: &Lsoa| self.decile(area).filter(|decile| fits(*decile)).and(area.households);
            self.rows.iter().filter_map(of).map(u64::from).sum()
        };
        let (all, before, own) =
            (households(&|_| true), households(&|other| other < decile), households(&|other| other == decile));
        let fifth = (5 * (2 * before + own)).checked_div(2 * all)?;
        u8::try_from(fifth.min(4) + 1).ok()
    }

    /// Every area, in the order of the table.
    pub fn rows(&self) -> &[Lsoa] {
        &self.rows
    }

    /// The area of a code.
    pub fn by_code(&self, code: &str) -> Option<&Lsoa> {
        self.rows.iter().find(|row| row.code.eq_ignore_ascii_case(code))
    }

    /// The area whose centroid is nearest to a place, where one is within 300 m.
    pub fn nearest(&self, latitude: f64, longitude: f64) -> Option<&Lsoa> {
        let distance = |row: &Lsoa| metres((latitude, longitude), (row.latitude, row.longitude));
        let nearest = self.rows.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        (distance(nearest) <= NEAREST_M).then_some(nearest)
    }
}

/// Metres between two places that are near each other: the earth is flat there.
pub fn metres((lat, lon): (f64, f64), (other_lat, other_lon): (f64, f64)) -> f64 {
    let north = (other_lat - lat) * DEGREE_M;
    let east = (other_lon - lon) * DEGREE_M * lat.to_radians().cos();
    north.hypot(east)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "lsoa11_code,lsoa11_name,lat,lon,imd2019_decile,imd2025_decile,households_2011\n\
                         E01016842,Milton Keynes 027B,52.0190,-0.7310,1,1,700\n\
                         E01016843,Milton Keynes 027C,52.0230,-0.7310,2,,\n";

    #[test]
    fn areas_are_found_by_code_and_by_centroid_within_300_metres() {
        let table = LsoaTable::from_csv("t.csv", TABLE).unwrap();
        let area = table.by_code("e01016842").unwrap();
        assert_eq!(
            (area.decile(None), area.decile(Some(2019)), area.households),
            (Some((2025, 1)), Some((2019, 1)), Some(700))
        );
        let other = table.by_code("E01016843").unwrap();
        assert_eq!((other.decile(None), other.decile(Some(2025)), other.households), (Some((2019, 2)), None, None));
        assert_eq!(table.nearest(52.0192, -0.7315).unwrap().code, "E01016842");
        assert_eq!(table.nearest(52.0192 + 0.0100, -0.7315), None);
        let apart = metres((52.0, -0.7), (52.0027, -0.7));
        assert!((299.0..302.0).contains(&apart), "{apart}");
    }

    #[test]
    fn a_decile_lies_in_the_fifth_of_its_middle_household() {
        let households = [4930, 6390, 6865, 9550, 8524, 11_109, 13_630, 20_372, 11_397, 5817];
        let rows: Vec<_> = households
            .iter()
            .enumerate()
            .map(|(index, households)| format!("E{index},52,0,{},{households}\n", index + 1))
            .collect();
        let text = format!("lsoa_code,lat,lon,imd2019_decile,households_2011\n{}", rows.concat());
        let table = LsoaTable::from_csv("t.csv", &text).unwrap().by_edition(Some(2019));
        let fifths: Vec<_> = (1..=10).filter_map(|decile| table.quintile(decile)).collect();
        assert_eq!(
            fifths,
            [1, 1, 1, 2, 2, 3, 3, 4, 5, 5],
            "middles at 2.5, 8.2, 15.0, 23.3, 32.5, 42.4, 55.0, 72.2, 88.3, 97.0 %"
        );
        assert!(table.version().unwrap().starts_with("2019 edition, 10 areas ("));
        assert_eq!((LsoaTable::default().quintile(1), LsoaTable::default().version()), (None, None));
    }

    #[test]
    fn a_bad_table_says_where() {
        for (text, told) in [
            ("a,b\n", "t.csv:1: there is no column lsoa_code"),
            ("lsoa_code,lat,lon\nE1,x,0\n", "t.csv:2: \"x\" is no place"),
            ("lsoa_code,lat,lon,imd2025_decile\nE1,52,0,11\n", "t.csv:2: \"11\" is no decile"),
        ] {
            assert_eq!(LsoaTable::from_csv("t.csv", text).unwrap_err().to_string(), told);
        }
    }
}
