//! What a row or a table of the registry says, as texts, and reading values out of them. A mistake names file, line, key
//! and value.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;

use super::keys::{Of, nearest};
use crate::config::sites::SitesError;

/// Where a value stands, for errors.
#[derive(Clone, Copy)]
pub(super) struct Where<'a> {
    pub(super) file: &'a str,
    pub(super) line: u64,
}

impl Where<'_> {
    pub(super) fn error(self, reason: impl Display) -> SitesError {
        SitesError(format!("{}:{}: {reason}", self.file, self.line))
    }
}

/// What is said of one thing: texts by key. A key that is not said, or said empty, is not there.
pub(super) struct Fields<'a> {
    pub(super) here: Where<'a>,
    pub(super) of: Of,
    values: BTreeMap<&'static str, Vec<String>>,
}

impl<'a> Fields<'a> {
    /// Nothing said yet.
    pub(super) fn new(here: Where<'a>, of: Of) -> Self {
        Self { here, of, values: BTreeMap::new() }
    }

    /// Notes what is said.
    pub(super) fn say(&mut self, key: &'static str, parts: Vec<String>) {
        if parts.iter().any(|part| !part.is_empty()) {
            self.values.insert(key, parts);
        }
    }

    /// Whether anything is said.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).and_then(|parts| parts.first()).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A text of its own.
    pub(super) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &'static str) -> Result<&str, SitesError> {
        self.text(key).ok_or_else(|| self.here.error(format!("{} is empty", self.name(key))))
    }

    /// A list; empty when it is not there.
    pub(super) fn list(&self, key: &str) -> &[String] {
        self.values.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// A number.
    pub(super) fn number<T>(&self, key: &str, from: T, to: T) -> Result<Option<T>, SitesError>
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        self.text(key).map(|text| self.number_of(key, text, from, to)).transpose()
    }

    /// Numbers of a list, with gaps.
    pub(super) fn numbers(&self, key: &str, from: u32, to: u32) -> Result<Vec<Option<u32>>, SitesError> {
        self.gaps(key, |text| self.number_of(key, text, from, to))
    }

    fn number_of<T>(&self, key: &str, text: &str, from: T, to: T) -> Result<T, SitesError>
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let number = text.parse::<T>().ok().filter(|number| (&from..=&to).contains(&number));
        let wrong = || self.here.error(format!("{} \"{text}\" is not a number from {from} to {to}", self.name(key)));
        number.ok_or_else(wrong)
    }

    /// A date.
    pub(super) fn date(&self, key: &str) -> Result<Option<NaiveDate>, SitesError> {
        let wrong = |text| self.here.error(format!("{} \"{text}\" is not a date like 2024-03-01", self.name(key)));
        self.text(key).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, SitesError> {
        match self.text(key).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "yes" | "1") => Ok(Some(true)),
            Some("false" | "no" | "0") => Ok(Some(false)),
            Some(other) => Err(self.here.error(format!("{} \"{other}\" is neither true nor false", self.name(key)))),
        }
    }

    /// Kilowatts with up to three decimals, as watts.
    pub(super) fn watts(&self, key: &str) -> Result<Option<u32>, SitesError> {
        self.text(key).map(|text| self.watts_of(key, text)).transpose()
    }

    /// Kilowatts of a list, with gaps, as watts.
    pub(super) fn all_watts(&self, key: &str) -> Result<Vec<Option<u32>>, SitesError> {
        self.gaps(key, |text| self.watts_of(key, text))
    }

    fn watts_of(&self, key: &str, text: &str) -> Result<u32, SitesError> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{part:0<3}");
        let watts = digits.parse::<u32>().ok().filter(|watts| *watts > 0 && part.len() <= 3 && !whole.is_empty());
        watts.ok_or_else(|| self.here.error(format!("{} \"{text}\" is not a power like 7.4", self.name(key))))
    }

    /// What a word means.
    pub(super) fn word<T>(
        &self,
        key: &str,
        text: &str,
        known: impl Iterator<Item = &'static str>,
        meant: impl Fn(&str) -> Option<T>,
    ) -> Result<T, SitesError> {
        let wrong = || format!("{} \"{text}\" is unknown; did you mean \"{}\"?", self.name(key), nearest(text, known));
        meant(text).ok_or_else(|| self.here.error(wrong()))
    }

    /// Reads each part of a list that is not empty.
    pub(super) fn gaps<T>(
        &self,
        key: &str,
        read: impl Fn(&str) -> Result<T, SitesError>,
    ) -> Result<Vec<Option<T>>, SitesError> {
        let part = |text: &String| (!text.is_empty()).then(|| read(text)).transpose();
        self.list(key).iter().map(part).collect()
    }

    /// A key as errors name it: by its column where it has one.
    pub(super) fn name(&self, key: &str) -> String {
        let known = super::keys::keys_of(self.of).find(|known| known.name == key);
        match known.filter(|known| !known.column.is_empty()) {
            Some(known) => known.column.to_owned(),
            None => key.to_owned(),
        }
    }
}
