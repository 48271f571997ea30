//! Lists that an operator brings along: passwords of chargers and tokens of drivers, as TOML or CSV. What is wrong is told
//! with its line; a password or a token never.

use std::collections::HashMap;

use super::Seals;
use crate::domain::driver::Standing;
use crate::domain::ids::ChargerId;
use crate::domain::time::At;
use crate::domain::token::TokenKey;
use crate::store::desk::credentials::NewCredential;
use crate::store::desk::drivers::DriverToken;

/// Why a list cannot be used: line and reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ListError(String);

/// In which form a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// TOML: `"charger" = "password"`, or `"token" = "status"`.
    Toml,
    /// CSV with a head line.
    Csv,
}

impl Form {
    /// The form of a file by its name.
    ///
    /// # Errors
    /// When it is neither.
    pub fn of(name: &str) -> Result<Self, ListError> {
        match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("toml") => Ok(Self::Toml),
            Some("csv") => Ok(Self::Csv),
            _ => Err(ListError(format!("{name} must be a .toml or a .csv file"))),
        }
    }
}

/// A row: its line, where that is known, and its cells by column.
struct Row {
    place: String,
    cells: HashMap<&'static str, String>,
}

impl Row {
    fn error(&self, reason: impl std::fmt::Display) -> ListError {
        ListError(format!("{}: {reason}", self.place))
    }

    fn cell(&self, name: &str) -> Option<&str> {
        self.cells.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, ListError> {
        self.cell(name).ok_or_else(|| self.error(format!("{name} is empty")))
    }

    fn time(&self, name: &str) -> Result<Option<At>, ListError> {
        let read = |text: &str| {
            let told = || self.error(format!("{name} \"{text}\" is not a time like 2027-01-01T00:00:00Z"));
            At::from_rfc3339(text).ok_or_else(told)
        };
        self.cell(name).map(read).transpose()
    }
}

/// Reads the rows of a list: columns of CSV, or key and value of TOML under the names of the first two columns.
fn rows(text: &str, form: Form, columns: &[&'static str]) -> Result<Vec<Row>, ListError> {
    match form {
        Form::Csv => from_csv(text, columns),
        Form::Toml => {
            // The message alone: the rendered error would quote the line, and with it a secret.
            let wrong = |error: toml::de::Error| {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                ListError(format!("line {}: it is not a table of texts", before.lines().count().max(1)))
            };
            let table: HashMap<String, String> = toml::from_str(text).map_err(wrong)?;
            let mut pairs: Vec<_> = table.into_iter().collect();
            pairs.sort();
            let row = |(place, (key, value)): (usize, (String, String))| Row {
                place: format!("entry {}", place + 1),
                cells: columns.iter().copied().zip([key, value]).collect(),
            };
            Ok(pairs.into_iter().enumerate().map(row).collect())
        }
    }
}

fn from_csv(text: &str, columns: &[&'static str]) -> Result<Vec<Row>, ListError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let head = reader.headers().map_err(|_| ListError("line 1: it is not CSV".to_owned()))?.clone();
    let known = |name: &str| {
        let found = columns.iter().find(|column| **column == name).copied();
        // Not quoted: without a head line this is a secret.
        found.ok_or_else(|| ListError(format!("line 1: the columns are {}", columns.join(", "))))
    };
    let head: Vec<&'static str> = head.iter().map(known).collect::<Result<_, _>>()?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            ListError(format!("line {line}: it is not CSV, or has not as many cells as the head"))
        })?;
        let place = format!("line {}", record.position().map_or(0, csv::Position::line));
        rows.push(Row { place, cells: head.iter().copied().zip(record.iter().map(str::to_owned)).collect() });
    }
    Ok(rows)
}

/// Reads credentials: `charger`, `password` and, in CSV, `expires_at`.
///
/// # Errors
/// Where the first mistake is, a weak password among them.
pub fn credentials(text: &str, form: Form, seals: &Seals) -> Result<Vec<NewCredential>, ListError> {
    let read = |row: &Row| {
        let charger = ChargerId::new(row.required("charger")?);
        let sealed = seals.seal(&charger, row.required("password")?);
        let sealed = sealed.map_err(|error| row.error(format!("{charger}: {error}")))?;
        Ok(NewCredential { charger, sealed, expires: row.time("expires_at")? })
    };
    rows(text, form, &["charger", "password", "expires_at"])?.iter().map(read).collect()
}

/// Reads driver tokens: `token`, `status` and, in CSV, `one_at_a_time`, `group`, `expires_at`.
///
/// # Errors
/// Where the first mistake is.
pub fn driver_tokens(text: &str, form: Form, key: &TokenKey) -> Result<Vec<DriverToken>, ListError> {
    let read = |row: &Row| {
        let token = key.hash(row.required("token")?).filter(|token| token.is_somebody());
        let token = token.ok_or_else(|| row.error("the token stands for nobody"))?;
        let one_at_a_time = match row.cell("one_at_a_time") {
            None | Some("no" | "false" | "0") => false,
            Some("yes" | "true" | "1") => true,
            Some(_) => return Err(row.error("one_at_a_time is yes or no")),
        };
        let status = row.required("status")?.parse().map_err(|error| row.error(error))?;
        let group = row.cell("group").map(str::parse).transpose().map_err(|error| row.error(error))?;
        Ok(DriverToken { token, standing: Standing { status, one_at_a_time, group, until: row.time("expires_at")? } })
    };
    rows(text, form, &["token", "status", "one_at_a_time", "group", "expires_at"])?.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::driver::TokenStatus;
    use crate::store::desk::credentials::Scheme;

    const KEY: &str = "8f3a1c5e9b7d2f604a8c6e1b3d5f7092a4c6e8b0";

    #[test]
    fn credentials_are_read_from_both_forms() {
        let seals = Seals::new([7; 32]);
        let toml =
            credentials(&format!("\"CP-1\" = \"{KEY}\"\nCP-2 = \"kX7-qW2_mR9+tB4!\"\n"), Form::Toml, &seals).unwrap();
        let schemes: Vec<_> = toml.iter().map(|one| (one.charger.as_str(), one.sealed.scheme)).collect();
        assert_eq!(schemes, [("CP-1", Scheme::Key), ("CP-2", Scheme::Password)]);
        let csv = format!("charger,password,expires_at\nCP-1,{KEY},2027-01-01T00:00:00Z\nCP-3,{KEY},\n");
        let csv = credentials(&csv, Form::Csv, &seals).unwrap();
        assert_eq!(csv.iter().map(|one| one.expires.is_some()).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn driver_tokens_are_read_by_their_hashes() {
        let key = TokenKey::new([7; 32]);
        let csv = "token,status,one_at_a_time,group\n04AABBCC,Accepted,yes,depot\n04AABBCD,blocked,,\n";
        let read = driver_tokens(csv, Form::Csv, &key).unwrap();
        assert_eq!(read[0].token, key.hash("04aabbcc").unwrap());
        assert!(read[0].standing.one_at_a_time && read[0].standing.group.is_some());
        assert_eq!(read[1].standing, Standing::only(TokenStatus::Blocked));
        assert_eq!(driver_tokens("04AABBCC = \"Invalid\"", Form::Toml, &key).unwrap().len(), 1);
    }

    #[test]
    fn a_mistake_is_told_with_its_place_and_without_the_secret() {
        let (seals, key) = (Seals::new([7; 32]), TokenKey::new([7; 32]));
        for (text, form, told) in [
            ("CP-1 = \"secret04AABB\"", Form::Toml, "entry 1: CP-1: a charger's password has 16 to 40"),
            ("CP-0 = \"a\"\nCP-1 = secret04AABB", Form::Toml, "line 2: it is not a table"),
            ("secret04AABB,x", Form::Csv, "line 1: the columns are charger, password, expires_at"),
            ("charger,password\nCP-1,secret04AABB,x", Form::Csv, "line 2: it is not CSV"),
            ("charger,password\n,secret04AABB", Form::Csv, "line 2: charger is empty"),
        ] {
            let error = credentials(text, form, &seals).unwrap_err().to_string();
            assert!(error.starts_with(told) && !error.contains("04AABB"), "{error}");
        }
        for (text, told) in [
            ("token,status\n04AABBCC,Banned", "line 2: \"Banned\" is no status"),
            ("token,status\nFREE,Accepted", "line 2: the token stands for nobody"),
            ("token,status,group\n04AABBCC,Accepted,04AABBCC", "line 2: a group has a name"),
            ("token,status,expires_at\n04AABBCC,Accepted,soon", "line 2: expires_at \"soon\" is not a time"),
        ] {
            let error = driver_tokens(text, Form::Csv, &key).unwrap_err().to_string();
            assert!(error.starts_with(told) && !error.contains("04AABB"), "{error}");
        }
        assert!(Form::of("list.txt").is_err() && Form::of("LIST.CSV").unwrap() == Form::Csv);
    }
}
