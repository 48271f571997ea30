//! The readers of fields. Each accepts what the rules of tolerance allow, notes what deviates and where, and never
//! fails: what cannot be read is absent. Messages of every version are read with these and nothing else.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{decimal, timestamp};
use crate::domain::deviation::{Deviation, Rule};
use crate::domain::energy::MilliWh;
use crate::domain::reading::Word;
use crate::domain::time::ChargerTime;
use crate::domain::token::{TokenHash, TokenKey};
use crate::ocppj::text_of;

/// Texts that stand for nothing.
const NOTHING: [&str; 4] = ["null", "none", "nil", "undefined"];

/// Whether the specification requires a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

/// A vocabulary: the words of the specification, and other spellings of them.
pub(super) struct Words {
    pub(super) known: &'static [&'static str],
    pub(super) aliases: &'static [(&'static str, &'static str)],
}

/// Where deviations are noted.
#[derive(Default)]
pub(super) struct Findings(RefCell<Vec<Deviation>>);

/// More deviations of one frame than this are not noted singly.
const MOST_FINDINGS: usize = 50;

impl Findings {
    pub(super) fn into_list(self) -> Vec<Deviation> {
        self.0.into_inner()
    }

    fn note(&self, rule: Rule, path: String, found: &str) {
        let mut list = self.0.borrow_mut();
        if list.len() < MOST_FINDINGS {
            list.push(Deviation::new(rule, path, found));
        }
    }
}

/// Where an object stands in its payload.
#[derive(Clone, Copy)]
struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    key: &'p str,
    index: usize,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}{}[{}].", self.key, self.index)?;
        }
        Ok(())
    }
}

/// One key and its value, raw.
struct Field<'a> {
    key: Cow<'a, str>,
    raw: &'a str,
    used: Cell<bool>,
}

/// A JSON object whose fields are read one by one.
pub(super) struct Object<'a, 'p> {
    fields: Vec<Field<'a>>,
    place: Place<'p>,
    findings: &'p Findings,
}

impl<'a, 'p> Object<'a, 'p> {
    /// The payload of a message. What is no object has no fields.
    pub(super) fn payload(raw: &'a str, findings: &'p Findings) -> Self {
        Self::at(raw, Place { parent: None, key: "", index: 0 }, findings)
    }

    fn at(raw: &'a str, place: Place<'p>, findings: &'p Findings) -> Self {
        let mut fields = Vec::with_capacity(8);
        if pairs(raw, &mut fields).is_err() {
            findings.note(Rule::WrongType, place.to_string(), raw);
        }
        Self { fields, place, findings }
    }

    /// Notes a deviation of a field.
    pub(super) fn note(&self, rule: Rule, key: &str, found: &str) {
        self.findings.note(rule, format!("{}{key}", self.place), found);
    }

    /// The raw value of a field: by its exact key, else without case. `null` is absent.
    fn raw(&self, key: &str, need: Need) -> Option<&'a str> {
        let exact = self.fields.iter().find(|field| field.key == key);
        let found = exact.or_else(|| {
            let found = self.fields.iter().find(|field| field.key.eq_ignore_ascii_case(key));
            if let Some(field) = found {
                self.note(Rule::KeyCase, key, &field.key);
            }
            found
        });
        match found {
            None => {
                if need == Need::Required {
                    self.note(Rule::Missing, key, "");
                }
                None
            }
            Some(field) => {
                field.used.set(true);
                if field.raw == "null" {
                    self.note(Rule::NullValue, key, "");
                    return None;
                }
                Some(field.raw)
            }
        }
    }

    /// A scalar's text: of a string without its quotes, of a number or boolean as it stands. Empty text is absent.
    fn scalar(&self, key: &str, need: Need) -> Option<Cow<'a, str>> {
        let raw = self.raw(key, need)?;
        let text = match text_of(raw) {
            Some(text) => text,
            None if raw.starts_with(['{', '[']) => {
                self.note(Rule::WrongType, key, raw);
                return None;
            }
            None => Cow::Borrowed(raw),
        };
        if text.trim().is_empty() {
            if need == Need::Required {
                self.note(Rule::EmptyText, key, "");
            }
            return None;
        }
        Some(text)
    }

    /// Whether the value of a key is a JSON text.
    pub(super) fn is_text(&self, key: &str) -> bool {
        let field = self.fields.iter().find(|field| field.key.eq_ignore_ascii_case(key));
        field.is_some_and(|field| field.raw.starts_with('"'))
    }

    /// Free text of at most `longest` characters by the specification; longer text is kept whole.
    pub(super) fn text(&self, key: &str, need: Need, longest: usize) -> Option<Box<str>> {
        let text = self.scalar(key, need)?;
        if !self.is_text(key) {
            self.note(Rule::WrongType, key, &text);
        }
        if NOTHING.iter().any(|nothing| nothing.eq_ignore_ascii_case(text.trim())) {
            self.note(Rule::NullValue, key, &text);
            return None;
        }
        if text.len() > longest && text.chars().count() > longest {
            self.note(Rule::TooLong, key, &text);
        }
        Some(text.into())
    }

    /// Any value, as text: of a string its text, of anything else its JSON.
    pub(super) fn verbatim(&self, key: &str, need: Need) -> Option<Box<str>> {
        let raw = self.raw(key, need)?;
        Some(text_of(raw).map_or_else(|| raw.into(), Into::into))
    }

    /// An id token, hashed. What stood there is never noted.
    pub(super) fn token(&self, key: &str, need: Need, longest: usize, hashes: &TokenKey) -> Option<TokenHash> {
        let text = self.scalar(key, need)?;
        if !self.is_text(key) {
            self.note(Rule::WrongType, key, "");
        }
        if text.len() > longest && text.chars().count() > longest {
            self.note(Rule::TooLong, key, "");
        }
        hashes.hash(&text)
    }

    /// A whole number.
    pub(super) fn integer(&self, key: &str, need: Need) -> Option<i64> {
        let text = self.scalar(key, need)?;
        let Some(number) = decimal::read(&text, 0) else {
            // Thousandths do not hold every whole number; ids may use all of them.
            if let Ok(number) = text.trim().parse() {
                return Some(number);
            }
            self.note(Rule::NotANumber, key, &text);
            return None;
        };
        if self.is_text(key) {
            self.note(Rule::WrongType, key, &text);
        } else if !number.plain {
            self.note(Rule::NumberForm, key, &text);
        }
        if number.milli % 1000 != 0 || !number.exact || text.contains('.') {
            self.note(Rule::Fraction, key, &text);
        }
        Some(number.milli / 1000)
    }

    /// A small number that counts something: connector, EVSE. Negative ones are absent.
    pub(super) fn ordinal(&self, key: &str, need: Need) -> Option<u32> {
        let number = self.integer(key, need)?;
        let ordinal = u32::try_from(number).ok();
        if ordinal.is_none() {
            self.note(Rule::OutOfRange, key, &number.to_string());
        }
        ordinal
    }

    /// A register in whole Wh; fractions are kept, negative ones mean "unknown".
    pub(super) fn register(&self, key: &str, need: Need) -> Option<MilliWh> {
        let text = self.scalar(key, need)?;
        let Some(number) = decimal::read(&text, 0) else {
            self.note(Rule::NotANumber, key, &text);
            return None;
        };
        if self.is_text(key) {
            self.note(Rule::WrongType, key, &text);
        }
        if number.milli < 0 {
            self.note(Rule::OutOfRange, key, &text);
            return None;
        }
        if text.contains('.') || !number.plain {
            self.note(Rule::Fraction, key, &text);
        }
        Some(MilliWh(number.milli))
    }

    /// A timestamp.
    pub(super) fn time(&self, key: &str, need: Need) -> ChargerTime {
        let Some(text) = self.scalar(key, need) else { return ChargerTime::default() };
        match timestamp::read(&text) {
            Some(stamp) => {
                if let Some(rule) = stamp.rule {
                    self.note(rule, key, &text);
                }
                ChargerTime::said(stamp.at)
            }
            None => {
                self.note(Rule::TimeUnreadable, key, &text);
                ChargerTime::default()
            }
        }
    }

    /// A word of a vocabulary: exact, else without case, else by another spelling, else as sent.
    pub(super) fn word(&self, key: &str, need: Need, words: &Words) -> Option<Word> {
        let text = self.scalar(key, need)?;
        if let Some(known) = words.known.iter().find(|known| **known == text) {
            return Some(Word::Known(known));
        }
        let trimmed = text.trim();
        if let Some(known) = words.known.iter().find(|known| known.eq_ignore_ascii_case(trimmed)) {
            self.note(Rule::EnumCase, key, &text);
            return Some(Word::Known(known));
        }
        if let Some((_, known)) = words.aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(trimmed)) {
            self.note(Rule::EnumAlias, key, &text);
            return Some(Word::Known(known));
        }
        self.note(Rule::EnumUnknown, key, &text);
        Some(Word::Other(trimmed.into()))
    }

    /// Hands each object of a list to `read`; a single object is a list of one.
    pub(super) fn each(&self, key: &str, need: Need, mut read: impl FnMut(&Object<'a, '_>)) {
        let Some(raw) = self.raw(key, need) else { return };
        let single = raw.starts_with('{');
        let items = if single { Ok(vec![raw]) } else { list(raw) };
        let Ok(items) = items else {
            self.note(Rule::WrongType, key, raw);
            return;
        };
        if single {
            self.note(Rule::WrongType, key, "");
        }
        for (index, item) in items.into_iter().enumerate() {
            read(&Object::at(item, Place { parent: Some(&self.place), key, index }, self.findings));
        }
    }

    /// Notes every key that nobody read.
    pub(super) fn finish(&self) {
        for (index, field) in self.fields.iter().enumerate().filter(|(_, field)| !field.used.get()) {
            let twin = self.fields.iter().take(index).any(|other| other.key == field.key);
            self.note(if twin { Rule::DuplicateKey } else { Rule::UnknownKey }, &field.key, "");
        }
    }
}

/// The keys and raw values of an object.
fn pairs<'a>(raw: &'a str, fields: &mut Vec<Field<'a>>) -> Result<(), serde_json::Error> {
    struct Pairs<'f, 'a>(&'f mut Vec<Field<'a>>);
    impl<'de> Visitor<'de> for Pairs<'_, 'de> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some((key, value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                self.0.push(Field { key: key.0, raw: value.get(), used: Cell::new(false) });
            }
            Ok(())
        }
    }
    serde_json::Deserializer::from_str(raw).deserialize_map(Pairs(fields))
}

/// A key, borrowed where it holds no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The raw items of an array.
fn list(raw: &str) -> Result<Vec<&str>, serde_json::Error> {
    struct Items;
    impl<'de> Visitor<'de> for Items {
        type Value = Vec<&'de str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::with_capacity(8);
            while let Some(item) = seq.next_element::<&'de RawValue>()? {
                items.push(item.get());
            }
            Ok(items)
        }
    }
    serde_json::Deserializer::from_str(raw).deserialize_seq(Items)
}
