//! The map of a file: which column is what, and how times, numbers and words are written. A mistake is told with file,
//! line, key and the nearest name that there is; several at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;

use chrono_tz::Tz;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::clock::{Clock, Form};
use super::number::Numbers;
use crate::config::load::{Mistakes, line_of, suggestion};
use crate::domain::imported::CHARGER;

/// What can be taken of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Session,
    Charger,
    Evse,
    Connector,
    Start,
    End,
    Duration,
    Energy,
    MeterStart,
    MeterStop,
    Site,
    Model,
    Token,
    StopReason,
}

impl Target {
    const ALL: [(Self, &'static str); 14] = [
        (Self::Session, "session"),
        (Self::Charger, "charger"),
        (Self::Evse, "evse"),
        (Self::Connector, "connector"),
        (Self::Start, "start"),
        (Self::End, "end"),
        (Self::Duration, "duration"),
        (Self::Energy, "energy"),
        (Self::MeterStart, "meter_start"),
        (Self::MeterStop, "meter_stop"),
        (Self::Site, "site"),
        (Self::Model, "model"),
        (Self::Token, "token"),
        (Self::StopReason, "stop_reason"),
    ];

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == word).map(|(target, _)| target)
    }

    /// Its key in a map.
    pub(super) fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(target, _)| *target == self).map_or("", |(_, word)| word)
    }
}

/// How bytes of a file become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Latin1,
}

/// Whether day and month changed places in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swapped {
    Never,
    Always,
    /// Told by the order of the file.
    Detect,
}

/// From where on a session is marked or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) mark_ms: i64,
    pub(super) mark_mwh: i64,
    pub(super) mark_watts: i64,
    pub(super) refuse_ms: i64,
    pub(super) refuse_mwh: i64,
}

/// A map.
#[derive(Debug)]
pub(super) struct Map {
    name: String,
    pub(super) source: String,
    /// What is taken from which columns, and where the map says so.
    pub(super) columns: BTreeMap<Target, (Vec<String>, usize)>,
    pub(super) constants: BTreeMap<Target, String>,
    pub(super) values: BTreeMap<Target, BTreeMap<String, String>>,
    pub(super) delimiter: u8,
    pub(super) encoding: Encoding,
    pub(super) numbers: Numbers,
    pub(super) clock: Clock,
    pub(super) swapped: Swapped,
    /// Milliseconds of a unit of durations; `None` for `h:m:s`.
    pub(super) duration_ms: Option<i64>,
    pub(super) energy_mwh: i64,
    pub(super) meter_mwh: i64,
    pub(super) limits: Limits,
}

/// The keys with one value, and those that have keys of their own.
const KEYS: [&str; 16] = [
    "source",
    "file.delimiter",
    "file.encoding",
    "file.decimal",
    "file.thousands",
    "time.zone",
    "time.formats",
    "time.day_month_swapped",
    "time.duration",
    "units.energy",
    "units.meter",
    "limits.mark_longer_than_h",
    "limits.mark_above_kwh",
    "limits.mark_above_kw",
    "limits.refuse_longer_than_h",
    "limits.refuse_above_kwh",
];

impl Map {
    /// Reads a map.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, Mistakes> {
        let mut reader = Reader { name, text, found: BTreeMap::new(), mistakes: Vec::new() };
        match DeTable::parse(text) {
            Ok(document) => reader.flatten("", document.get_ref()),
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(text, &span));
                return Err(Mistakes(vec![format!("{name}:{line}: {}", error.message())]));
            }
        }
        let map = reader.map();
        match map {
            Some(map) if reader.mistakes.is_empty() => Ok(map),
            _ => Err(Mistakes(reader.mistakes)),
        }
    }

    /// Where the columns of the map stand in a header.
    pub(super) fn places(&self, file: &str, header: &[String]) -> Result<BTreeMap<Target, Vec<usize>>, Mistakes> {
        let mut mistakes = Vec::new();
        let mut places = BTreeMap::new();
        for (target, (columns, line)) in &self.columns {
            let mut found = Vec::new();
            for column in columns {
                match header.iter().position(|name| name == column) {
                    Some(place) => found.push(place),
                    None => mistakes.push(format!(
                        "{}:{line}: columns.{}: {file} has no column \"{column}\"; {}",
                        self.name,
                        target.word(),
                        suggestion(column, header.iter())
                    )),
                }
            }
            places.insert(*target, found);
        }
        if mistakes.is_empty() { Ok(places) } else { Err(Mistakes(mistakes)) }
    }
}

/// Reads keys and remembers mistakes.
struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    found: BTreeMap<String, (DeValue<'a>, Range<usize>)>,
    mistakes: Vec<String>,
}

impl<'a> Reader<'a> {
    fn flatten(&mut self, prefix: &str, table: &DeTable<'a>) {
        for (key, value) in table {
            let path = format!("{prefix}{}", key.get_ref());
            match value.get_ref().as_table() {
                Some(inner) => self.flatten(&format!("{path}."), inner),
                None => {
                    self.found.insert(path, (value.get_ref().clone(), key.span()));
                }
            }
        }
    }

    fn line(&self, key: &str) -> usize {
        self.found.get(key).map_or(1, |(_, span)| line_of(self.text, span))
    }

    fn mistake(&mut self, key: &str, reason: impl Display) {
        let line = self.line(key);
        self.mistakes.push(format!("{}:{line}: {key}: {reason}", self.name));
    }

    fn missing(&mut self, key: &str, reason: &str) {
        self.mistakes.push(format!("{}: {key} is missing: {reason}", self.name));
    }

    /// A text, or the mistake that it is none.
    fn string(&mut self, key: &str) -> Option<String> {
        let (value, _) = self.found.get(key)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.mistake(key, "must be a text in quotes");
        }
        text
    }

    /// One of some words, the first where the key is left out.
    fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        if !self.found.contains_key(key) {
            return words.first().map(|(_, value)| *value);
        }
        let text = self.string(key)?;
        let value = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if value.is_none() {
            let known: Vec<String> = words.iter().map(|(word, _)| (*word).to_owned()).collect();
            let told = format!("\"{text}\" is none of {}; {}", known.join(", "), suggestion(&text, known.iter()));
            self.mistake(key, told);
        }
        value
    }

    /// One sign.
    fn sign(&mut self, key: &str) -> Option<char> {
        let text = self.string(key)?;
        let mut signs = text.chars();
        let sign = signs.next().filter(|_| signs.next().is_none());
        if sign.is_none() {
            self.mistake(key, format!("\"{text}\" is not one sign"));
        }
        sign
    }

    /// A positive whole number.
    fn number(&mut self, key: &str, default: i64) -> i64 {
        let Some((value, _)) = self.found.get(key) else { return default };
        let number = value.as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.filter(|number| (1..=1_000_000).contains(number));
        if number.is_none() {
            self.mistake(key, "must be a whole number from 1 to 1000000");
        }
        number.unwrap_or(default)
    }

    /// A text or a list of texts.
    fn strings(&mut self, key: &str) -> Vec<String> {
        let Some((value, _)) = self.found.get(key) else { return Vec::new() };
        let of_list = |values: &[Spanned<DeValue<'_>>]| -> Option<Vec<String>> {
            values.iter().map(|value| value.get_ref().as_str().map(str::to_owned)).collect()
        };
        let texts = match (value.as_str(), value.as_array()) {
            (Some(text), _) => Some(vec![text.to_owned()]),
            (None, Some(list)) => of_list(list),
            (None, None) => None,
        };
        if texts.as_ref().is_none_or(Vec::is_empty) {
            self.mistake(key, "must be a text in quotes or a list of them");
        }
        texts.unwrap_or_default()
    }

    /// The keys of a section, as targets with what is left of the key.
    fn targets(&mut self, section: &str) -> Vec<(Target, String)> {
        let words: Vec<String> = Target::ALL.iter().map(|(_, word)| (*word).to_owned()).collect();
        let keys: Vec<String> = self.found.keys().filter(|key| key.starts_with(section)).cloned().collect();
        let mut targets = Vec::new();
        for key in keys {
            let word = key[section.len()..].split('.').next().unwrap_or_default();
            match Target::of(word) {
                Some(target) => targets.push((target, key)),
                None => self.mistake(&key, format!("\"{word}\" cannot be taken; {}", suggestion(word, words.iter()))),
            }
        }
        targets
    }

    fn unknown_keys(&mut self) {
        let mut known: Vec<String> = KEYS.iter().map(|key| (*key).to_owned()).collect();
        known.extend(["columns.", "constants.", "values."].map(str::to_owned));
        let keys: Vec<String> = self.found.keys().cloned().collect();
        for key in keys {
            let named = ["columns.", "constants.", "values."].iter().any(|section| key.starts_with(section));
            if !named && !KEYS.contains(&key.as_str()) {
                self.mistake(&key, format!("there is no such key; {}", suggestion(&key, known.iter())));
            }
        }
    }

    fn map(&mut self) -> Option<Map> {
        self.unknown_keys();
        let (columns, constants, values) = self.mapped();
        let source = self.string("source").unwrap_or_default();
        if source == CHARGER || source.trim() != source {
            self.mistake("source", "must not be \"charger\", nor begin or end with a blank");
        } else if source.is_empty() {
            self.missing("source", "the name under which its sessions stand in the ledger");
        }
        let energy_units = [("kWh", 1_000_000), ("Wh", 1000), ("MWh", 1_000_000_000)];
        let delimiter = if self.found.contains_key("file.delimiter") { self.sign("file.delimiter") } else { Some(',') };
        if delimiter.is_some_and(|sign| !sign.is_ascii() || sign == '"') {
            self.mistake("file.delimiter", "must be a sign of ASCII other than a quote");
        }
        let swapped = [("never", Swapped::Never), ("always", Swapped::Always), ("detect", Swapped::Detect)];
        let durations =
            [("minutes", Some(60_000)), ("seconds", Some(1000)), ("hours", Some(3_600_000)), ("h:m:s", None)];
        let limits = self.limits();
        let clock = self.clock();
        Some(Map {
            name: self.name.to_owned(),
            source,
            columns,
            constants,
            values,
            delimiter: u8::try_from(delimiter?).unwrap_or(b','),
            encoding: self.word("file.encoding", &[("utf-8", Encoding::Utf8), ("latin-1", Encoding::Latin1)])?,
            numbers: Numbers {
                decimal: self.word("file.decimal", &[(".", '.'), (",", ',')])?,
                thousands: self.sign("file.thousands"),
            },
            swapped: self.word("time.day_month_swapped", &swapped)?,
            duration_ms: self.word("time.duration", &durations)?,
            energy_mwh: self.word("units.energy", &energy_units)?,
            meter_mwh: self.word("units.meter", &energy_units)?,
            clock: clock?,
            limits,
        })
    }

    #[allow(clippy::type_complexity, reason = "the three sections that name targets")]
    fn mapped(
        &mut self,
    ) -> (BTreeMap<Target, (Vec<String>, usize)>, BTreeMap<Target, String>, BTreeMap<Target, BTreeMap<String, String>>)
    {
        let mut columns = BTreeMap::new();
        for (target, key) in self.targets("columns.") {
            columns.insert(target, (self.strings(&key), self.line(&key)));
        }
        let mut constants = BTreeMap::new();
        for (target, key) in self.targets("constants.") {
            constants.extend(self.string(&key).map(|text| (target, text)));
        }
        let mut values: BTreeMap<Target, BTreeMap<String, String>> = BTreeMap::new();
        for (target, key) in self.targets("values.") {
            let written = key["values.".len() + target.word().len()..].trim_start_matches('.').to_owned();
            if let Some(meant) = self.string(&key) {
                values.entry(target).or_default().insert(written, meant);
            }
        }
        for (target, why) in [
            (Target::Charger, "which charger a session was at"),
            (Target::Connector, "which connector; where there is but one, put it under [constants]"),
            (Target::Start, "when a session began"),
        ] {
            if !columns.contains_key(&target) && !constants.contains_key(&target) {
                self.missing(&format!("columns.{}", target.word()), why);
            }
        }
        (columns, constants, values)
    }

    fn clock(&mut self) -> Option<Clock> {
        let mut forms = Vec::new();
        for text in self.strings("time.formats") {
            match Form::new(&text) {
                Some(form) => forms.push(form),
                None => self.mistake(
                    "time.formats",
                    format!("\"{text}\" is no pattern like %Y-%m-%d %H:%M, nor epoch_s or epoch_ms"),
                ),
            }
        }
        if !self.found.contains_key("time.formats") {
            self.missing("time.formats", "how times are written, like \"%Y-%m-%d %H:%M\"");
        }
        let zone = match self.string("time.zone") {
            Some(text) => {
                let zone = text.parse::<Tz>().ok();
                if zone.is_none() {
                    let known: Vec<String> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name().to_owned()).collect();
                    self.mistake("time.zone", format!("\"{text}\" is no zone; {}", suggestion(&text, known.iter())));
                }
                zone
            }
            None if forms.iter().all(Form::needs_no_zone) => Some(Tz::UTC),
            None => {
                self.missing("time.zone", "whose wall clock the times are, like \"Europe/London\"");
                None
            }
        };
        Some(Clock { zone: zone?, forms, swapped: false })
    }

    fn limits(&mut self) -> Limits {
        Limits {
            mark_ms: self.number("limits.mark_longer_than_h", 48) * 3_600_000,
            mark_mwh: self.number("limits.mark_above_kwh", 150) * 1_000_000,
            mark_watts: self.number("limits.mark_above_kw", 400) * 1000,
            refuse_ms: self.number("limits.refuse_longer_than_h", 8784) * 3_600_000,
            refuse_mwh: self.number("limits.refuse_above_kwh", 1000) * 1_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = "source = \"north\"\n[columns]\ncharger = \"Säule\"\nstart = [\"Tag\", \"Zeit\"]\n[constants]\nconnector = \"1\"\n[time]\nzone = \"Europe/Berlin\"\nformats = \"%d.%m.%Y %H:%M\"\n";

    #[test]
    fn what_is_left_out_has_a_plain_meaning() {
        let map = Map::read("m.toml", FINE).unwrap();
        assert_eq!((map.delimiter, map.encoding, map.swapped), (b',', Encoding::Utf8, Swapped::Never));
        assert_eq!((map.energy_mwh, map.duration_ms, map.numbers.decimal), (1_000_000, Some(60_000), '.'));
        let header = ["Zeit", "Tag", "Säule"].map(str::to_owned);
        assert_eq!(map.places("f.csv", &header).unwrap()[&Target::Start], [1, 0]);
    }

    #[test]
    fn a_mistake_names_file_line_and_key_and_what_may_have_been_meant() {
        for (change, told) in [
            (("source", "sorce"), "m.toml:1: sorce: there is no such key; did you mean \"source\"?"),
            (
                ("charger =", "chager ="),
                "m.toml:3: columns.chager: \"chager\" cannot be taken; did you mean \"charger\"?",
            ),
            (
                ("connector =", "conector ="),
                "m.toml:6: constants.conector: \"conector\" cannot be taken; did you mean \"connector\"?",
            ),
            (
                ("Berlin", "Berlim"),
                "m.toml:8: time.zone: \"Europe/Berlim\" is no zone; did you mean \"Europe/Berlin\"?",
            ),
            (
                ("%d.%m", "%d.%Q"),
                "m.toml:9: time.formats: \"%d.%Q.%Y %H:%M\" is no pattern like %Y-%m-%d %H:%M, nor epoch_s or epoch_ms",
            ),
            (
                ("[time]", "[units]\nenergy = \"kwh\"\n[time]"),
                "m.toml:8: units.energy: \"kwh\" is none of kWh, Wh, MWh; did you mean \"kWh\"?",
            ),
            (
                ("[time]", "[limits]\nmark_above_kw = -1\n[time]"),
                "m.toml:8: limits.mark_above_kw: must be a whole number from 1 to 1000000",
            ),
            (
                ("zone = \"Europe/Berlin\"\n", ""),
                "m.toml: time.zone is missing: whose wall clock the times are, like \"Europe/London\"",
            ),
            (("start", "end"), "m.toml: columns.start is missing: when a session began"),
            (("\"Säule\"", "7"), "m.toml:3: columns.charger: must be a text in quotes or a list of them"),
            (("\"north\"", "\"charger\""), "m.toml:1: source: must not be \"charger\", nor begin or end with a blank"),
            (("[columns]", "[columns"), "m.toml:2: unclosed table, expected `]`"),
        ] {
            let mistakes = Map::read("m.toml", &FINE.replacen(change.0, change.1, 1)).unwrap_err().to_string();
            assert!(mistakes.lines().any(|line| line == told), "{told}\n{mistakes}");
        }
    }

    #[test]
    fn a_column_that_the_file_has_not_is_told_with_the_nearest() {
        let map = Map::read("m.toml", FINE).unwrap();
        let header = ["Tag", "Zeit ", "Saeule"].map(str::to_owned);
        assert_eq!(
            map.places("f.csv", &header).unwrap_err().to_string(),
            "m.toml:3: columns.charger: f.csv has no column \"Säule\"; did you mean \"Saeule\"?\n\
             m.toml:4: columns.start: f.csv has no column \"Zeit\"; did you mean \"Zeit \"?"
        );
    }
}
