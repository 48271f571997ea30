//! TOML files that say one thing per table, as rows of texts. A mistake names file, line and key, and the name that may
//! have been meant. Numbers keep their digits: no value passes through a binary float.

use std::collections::BTreeMap;
use std::fmt::Display;

use toml::de::{DeTable, DeValue};

use super::load::line_of;
use super::near;
use super::sites::SitesError;

/// The table of keys that stand before any other.
pub(super) const TOP: &str = "";

/// A table that a file may have, and its keys.
pub(super) type Known = (&'static str, &'static [&'static str]);

/// A table of a file.
pub(super) struct Row<'a> {
    /// Which one: a name of [`Known`].
    pub(super) table: &'static str,
    file: &'a str,
    line: usize,
    values: BTreeMap<&'static str, (String, usize)>,
}

/// Reads every table, in the order of the file but for [`TOP`], which is first.
///
/// # Errors
/// When the text is no TOML, or has a table or a key that nobody knows.
pub(super) fn read<'a>(file: &'a str, text: &str, known: &[Known]) -> Result<Vec<Row<'a>>, SitesError> {
    let wrong = |line: usize, reason: String| SitesError(format!("{file}:{line}: {reason}"));
    let document = DeTable::parse(text)
        .map_err(|error| wrong(error.span().map_or(1, |span| line_of(text, &span)), error.message().to_owned()))?;
    let mut top = Row { table: TOP, file, line: 1, values: BTreeMap::new() };
    let mut rows = Vec::new();
    for (key, value) in document.get_ref() {
        let (name, line) = (key.get_ref().as_ref(), line_of(text, &key.span()));
        let tables = match value.get_ref() {
            DeValue::Table(table) => vec![(table, value.span())],
            DeValue::Array(list) => {
                list.iter().filter_map(|item| Some((item.get_ref().as_table()?, item.span()))).collect()
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {
                top.say(name, value.get_ref(), line, known)?;
                continue;
            }
        };
        let Some((table, _)) = known.iter().find(|(table, _)| *table == name && *table != TOP) else {
            let names = known.iter().map(|(table, _)| *table).filter(|table| *table != TOP);
            return Err(wrong(line, format!("unknown table \"{name}\"; did you mean \"{}\"?", nearest(name, names))));
        };
        for (inner, span) in tables {
            let mut row = Row { table, file, line: line_of(text, &span), values: BTreeMap::new() };
            for (key, value) in inner {
                row.say(key.get_ref(), value.get_ref(), line_of(text, &key.span()), known)?;
            }
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| row.line);
    rows.insert(0, top);
    Ok(rows)
}

/// The name that may have been meant.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> &'a str {
    near::nearest(wrong, known).unwrap_or_default()
}

impl Row<'_> {
    fn say(&mut self, name: &str, value: &DeValue<'_>, line: usize, known: &[Known]) -> Result<(), SitesError> {
        let wrong = |reason: String| SitesError(format!("{}:{line}: {reason}", self.file));
        let keys = known.iter().find(|(table, _)| *table == self.table).map_or(&[][..], |(_, keys)| *keys);
        let Some(key) = keys.iter().find(|key| **key == name) else {
            let near = nearest(name, keys.iter().copied());
            return Err(wrong(format!("unknown key \"{name}\"; did you mean \"{near}\"?")));
        };
        let text = scalar(value).ok_or_else(|| wrong(format!("{name} must be one value")))?;
        if !text.is_empty() {
            self.values.insert(key, (text, line));
        }
        Ok(())
    }

    /// A mistake of a key, or of the table where the key is not there.
    pub(super) fn error(&self, key: &str, reason: impl Display) -> SitesError {
        let line = self.values.get(key).map_or(self.line, |(_, line)| *line);
        SitesError(format!("{}:{line}: {key} {reason}", self.file))
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|(text, _)| text.as_str())
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &str) -> Result<&str, SitesError> {
        self.text(key).ok_or_else(|| self.error(key, "is missing"))
    }

    /// A decimal that is not negative, in so many places: `0.207` in 6 is 207,000.
    pub(super) fn decimal(&self, key: &str, places: usize) -> Result<Option<i64>, SitesError> {
        let wrong = |text: &str| self.error(key, format!("\"{text}\" is not a decimal of at most {places} places"));
        self.text(key).map(|text| decimal(text, places).ok_or_else(|| wrong(text))).transpose()
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, key: &str, from: i64, to: i64) -> Result<Option<i64>, SitesError> {
        let wrong = |text: &str| self.error(key, format!("\"{text}\" is not a whole number from {from} to {to}"));
        let read = |text: &str| text.parse().ok().filter(|number| (from..=to).contains(number));
        self.text(key).map(|text| read(text).ok_or_else(|| wrong(text))).transpose()
    }

    /// Yes or no; no where it is not said.
    pub(super) fn flag(&self, key: &str) -> Result<bool, SitesError> {
        match self.text(key) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(self.error(key, format!("\"{other}\" is neither true nor false"))),
        }
    }

    /// What a word that must be there means.
    pub(super) fn word<T: Copy>(&self, key: &str, known: &[(&'static str, T)]) -> Result<T, SitesError> {
        let text = self.required(key)?;
        let wrong = || {
            let near = nearest(text, known.iter().map(|(word, _)| *word));
            self.error(key, format!("\"{text}\" is unknown; did you mean \"{near}\"?"))
        };
        known.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant).ok_or_else(wrong)
    }
}

/// A decimal that is not negative as so many of its last place; the whole part has at most nine digits.
pub(super) fn decimal(text: &str, places: usize) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = if part.len() > places { part.trim_end_matches('0') } else { part };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > places || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
}

/// A value as it stands in the file; numbers keep their digits.
pub(super) fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(date) => Some(date.to_string()),
        DeValue::Integer(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits() {
        for (text, wanted) in [
            ("0.207", Some(207_000)),
            ("1", Some(1_000_000)),
            ("0.0000010", Some(1)),
            ("0.0000001", None),
            ("-1", None),
            (".5", None),
            ("1e-3", None),
            ("1234567890", None),
        ] {
            assert_eq!(decimal(text, 6), wanted, "{text}");
        }
    }
}
