//! Lenient fields: texts, tokens, whole numbers, energy registers, times and words. Each reads whatever JSON scalar it
//! is given, notes what was odd, and is absent when there is nothing to read.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::MapAccess;
use serde_json::value::RawValue;

use super::Version;
use super::moment;
use super::notes::Notes;
use super::number::Decimal;
use super::record::Field;
use super::veil::veil;
use super::words::{Vocabulary, Words, means_nothing};
use crate::domain::deviation::Rule;
use crate::domain::energy::MilliWh;
use crate::domain::reading::Word;
use crate::domain::time::{At, ChargerTime};
use crate::domain::token::TokenHash;
use crate::ocppj;

/// A JSON value where a scalar belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Scalar<'de> {
    /// No such key.
    #[default]
    Absent,
    Null,
    Text(Cow<'de, str>),
    /// A number's own digits.
    Number(&'de str),
    Bool(&'de str),
    /// An object, an array, or a text that cannot be decoded.
    Other,
}

impl<'de> Scalar<'de> {
    pub(super) fn of(json: &'de str) -> Self {
        match json.as_bytes().first() {
            Some(b'"') => ocppj::decoded(json).map_or(Self::Other, Self::Text),
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Bool(json),
            Some(b'-' | b'0'..=b'9') => Self::Number(json),
            _ => Self::Other,
        }
    }

    /// The text of a scalar in which the specification wants a text.
    pub(super) fn text(self, notes: &mut Notes<'_>) -> Option<Cow<'de, str>> {
        match self {
            Self::Absent => None,
            Self::Null => {
                notes.add(Rule::NullValue, "null");
                None
            }
            Self::Text(text) => Some(text),
            Self::Number(text) | Self::Bool(text) => {
                notes.add(Rule::WrongType, if text.starts_with(['t', 'f']) { "true or false" } else { "a number" });
                Some(text.into())
            }
            Self::Other => {
                notes.add(Rule::WrongType, "no scalar");
                None
            }
        }
    }

    /// The text of a scalar in which the specification wants a number; texts that mean nothing are absent.
    pub(super) fn digits(self, notes: &mut Notes<'_>) -> Option<Cow<'de, str>> {
        match self {
            Self::Number(text) => Some(text.into()),
            Self::Text(text) => {
                let text = something(text, true, notes)?;
                notes.add(Rule::WrongType, &text);
                Some(text)
            }
            Self::Bool(text) => {
                notes.add(Rule::WrongType, text);
                None
            }
            scalar @ (Self::Absent | Self::Null | Self::Other) => scalar.text(notes),
        }
    }
}

/// The text, unless it is empty or says that there is no value. `strict`: an empty text is a deviation.
pub(super) fn something<'de>(text: Cow<'de, str>, strict: bool, notes: &mut Notes<'_>) -> Option<Cow<'de, str>> {
    let seen = text.trim();
    if seen.is_empty() {
        if strict {
            notes.add(Rule::EmptyText, "");
        }
        return None;
    }
    if means_nothing(seen) {
        notes.add(Rule::NullValue, seen);
        return None;
    }
    Some(text)
}

/// A field read from one scalar.
pub(super) trait Leaf<'de>: Default {
    fn read(scalar: Scalar<'de>, required: bool, notes: &mut Notes<'_>) -> Self;
}

impl<'de, L: Leaf<'de>> Field<'de> for L {
    fn take<A: MapAccess<'de>>(map: &mut A, required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        let json = map.next_value::<&'de RawValue>()?.get();
        Ok(L::read(Scalar::of(json), required, notes))
    }
}

/// Any scalar, judged later.
impl<'de> Leaf<'de> for Scalar<'de> {
    fn read(scalar: Scalar<'de>, _required: bool, _notes: &mut Notes<'_>) -> Self {
        scalar
    }
}

/// Free text of at most `MAX` characters by the specification. Longer texts are kept whole; a token that is named in it
/// (vendors put JSON into texts) is not.
#[derive(Debug, Default)]
pub(super) struct Text<'de, const MAX: usize>(Option<Cow<'de, str>>);

/// Text that is only checked, with another limit in 2.1.
#[derive(Debug, Default)]
pub(super) struct CheckedText<const MAX: usize, const LATER: usize>;

impl<'de, const MAX: usize, const LATER: usize> Leaf<'de> for CheckedText<MAX, LATER> {
    fn read(scalar: Scalar<'de>, required: bool, notes: &mut Notes<'_>) -> Self {
        let limit = if notes.version < Version::V21 { MAX } else { LATER };
        note_length(scalar, limit, required, notes);
        Self
    }
}

impl<const MAX: usize> Text<'_, MAX> {
    pub(super) fn owned(self) -> Option<Box<str>> {
        self.0.map(|text| text.into_owned().into())
    }
}

impl<'de, const MAX: usize> Leaf<'de> for Text<'de, MAX> {
    fn read(scalar: Scalar<'de>, required: bool, notes: &mut Notes<'_>) -> Self {
        let text = sounding(scalar, MAX, required, notes);
        Self(text.map(|text| match veil(&text, notes.key) {
            Cow::Borrowed(_) => text,
            Cow::Owned(veiled) => veiled.into(),
        }))
    }
}

/// Notes what is odd about a text that nobody keeps: what it says is not kept here either.
pub(super) fn note_length(scalar: Scalar<'_>, limit: usize, required: bool, notes: &mut Notes<'_>) {
    let text = scalar.text(notes).and_then(|text| something(text, required, notes));
    if text.is_some_and(|text| is_longer(&text, limit)) {
        notes.add(Rule::TooLong, "");
    }
}

fn sounding<'de>(scalar: Scalar<'de>, limit: usize, required: bool, notes: &mut Notes<'_>) -> Option<Cow<'de, str>> {
    let text = scalar.text(notes).and_then(|text| something(text, required, notes));
    if let Some(text) = text.as_deref().filter(|text| is_longer(text, limit)) {
        notes.add(Rule::TooLong, text);
    }
    text
}

fn is_longer(text: &str, limit: usize) -> bool {
    text.len() > limit && text.chars().count() > limit
}

/// An id token of at most `MAX` characters, in 2.1 `LATER`. Only its hash leaves this type, and no remark shows it.
#[derive(Debug, Default)]
pub(super) struct Token<const MAX: usize, const LATER: usize>(pub(super) Option<TokenHash>);

impl<'de, const MAX: usize, const LATER: usize> Leaf<'de> for Token<MAX, LATER> {
    fn read(scalar: Scalar<'de>, required: bool, notes: &mut Notes<'_>) -> Self {
        let Some(text) = scalar.text(notes) else { return Self(None) };
        if is_longer(&text, if notes.version < Version::V21 { MAX } else { LATER }) {
            notes.add(Rule::TooLong, "");
        }
        let hash = notes.key.of_token(&text);
        if hash.is_none() && required {
            notes.add(Rule::EmptyText, "");
        }
        Self(hash)
    }
}

/// A whole number, wherever it came from.
#[derive(Debug, Default)]
pub(super) struct Whole(pub(super) Option<i64>);

impl<'de> Leaf<'de> for Whole {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        Self(scalar.digits(notes).and_then(|text| whole(&text, notes)))
    }
}

/// A whole number that 2.1 holds within these limits.
#[derive(Debug, Default)]
pub(super) struct Within<const LEAST: i64, const MOST: i64>(pub(super) Option<i64>);

/// A whole number that 2.1 wants to be none below zero.
pub(super) type Count = Within<0, { i64::MAX }>;

impl<'de, const LEAST: i64, const MOST: i64> Leaf<'de> for Within<LEAST, MOST> {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        Self(within(LEAST, MOST, Version::V21, scalar, notes))
    }
}

/// A whole number that versions from this one on hold within limits; it is kept wherever it lies.
pub(super) fn within(least: i64, most: i64, from: Version, scalar: Scalar<'_>, notes: &mut Notes<'_>) -> Option<i64> {
    let number = Whole::read(scalar, true, notes).0?;
    if notes.version >= from && !(least..=most).contains(&number) {
        notes.add(Rule::OutOfRange, &number.to_string());
    }
    Some(number)
}

/// Notes a number that lies outside limits.
pub(super) fn note_range(scalar: Scalar<'_>, least: i64, most: i64, notes: &mut Notes<'_>) {
    let Some((number, text)) = Number::read(scalar, true, notes).0 else { return };
    let bounds = (least.saturating_mul(1000), most.saturating_mul(1000));
    if number.in_units_of(-3).is_none_or(|milli| !(bounds.0..=bounds.1).contains(&milli.value)) {
        notes.add(Rule::OutOfRange, &text);
    }
}

/// Text that may say anything, also nothing and "none": the value of something.
#[derive(Debug, Default)]
pub(super) struct Verbatim<'de, const MAX: usize>(Option<Cow<'de, str>>);

impl<const MAX: usize> Verbatim<'_, MAX> {
    pub(super) fn owned(self) -> Option<Box<str>> {
        self.0.map(|text| text.into_owned().into())
    }
}

impl<'de, const MAX: usize> Leaf<'de> for Verbatim<'de, MAX> {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        Self(verbatim(scalar, MAX, notes))
    }
}

/// Reads a text that may say anything; a token that is named in it is not kept.
pub(super) fn verbatim<'de>(scalar: Scalar<'de>, limit: usize, notes: &mut Notes<'_>) -> Option<Cow<'de, str>> {
    let text = scalar.text(notes)?;
    if is_longer(&text, limit) {
        notes.add(Rule::TooLong, "");
    }
    Some(match veil(&text, notes.key) {
        Cow::Borrowed(_) => text,
        Cow::Owned(veiled) => veiled.into(),
    })
}

/// A whole number as chargers write it. One with a fraction that is not zero is no number of anything.
pub(super) fn whole(text: &str, notes: &mut Notes<'_>) -> Option<i64> {
    let Some(number) = Decimal::read(text) else {
        notes.add(Rule::NotANumber, text);
        return None;
    };
    remark_form(text, number, notes);
    let Some(rounded) = number.in_units_of(0) else {
        notes.add(Rule::OutOfRange, text);
        return None;
    };
    rounded.exact.then_some(rounded.value)
}

/// Remarks of a number in a whole-number field.
fn remark_form(text: &str, number: Decimal, notes: &mut Notes<'_>) {
    if number.careful {
        notes.add(Rule::NumberForm, text);
    } else if text.contains(['.', 'e', 'E']) {
        notes.add(Rule::Fraction, text);
    }
}

/// An energy register in whole watt-hours, as transactions carry it. A fraction is kept; a negative value means that
/// the charger does not know.
#[derive(Debug, Default)]
pub(super) struct Register(pub(super) Option<MilliWh>);

impl<'de> Leaf<'de> for Register {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        let Some(text) = scalar.digits(notes) else { return Self(None) };
        let Some(number) = Decimal::read(&text) else {
            notes.add(Rule::NotANumber, &text);
            return Self(None);
        };
        remark_form(&text, number, notes);
        let register = number.in_units_of(-3).filter(|_| !number.is_negative());
        if register.is_none() {
            notes.add(Rule::OutOfRange, &text);
        }
        Self(register.map(|milli| MilliWh(milli.value)))
    }
}

/// A time on the charger's clock.
#[derive(Debug, Default)]
pub(super) struct Time(pub(super) ChargerTime);

impl<'de> Leaf<'de> for Time {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        let said = match scalar {
            Scalar::Number(text) => {
                notes.add(Rule::WrongType, text);
                epoch(text, notes)
            }
            scalar @ (Scalar::Absent | Scalar::Null | Scalar::Text(_) | Scalar::Bool(_) | Scalar::Other) => {
                scalar.text(notes).and_then(|text| something(text, true, notes)).and_then(|text| written(&text, notes))
            }
        };
        Self(said.map_or_else(ChargerTime::default, ChargerTime::said))
    }
}

fn written(text: &str, notes: &mut Notes<'_>) -> Option<At> {
    let Some(moment) = moment::read(text) else { return epoch(text, notes) };
    if moment.zoneless {
        notes.add(Rule::TimeZone, text);
    }
    if moment.odd {
        notes.add(Rule::TimeForm, text);
    }
    Some(moment.at)
}

/// A number since 1970; zero means that there is no time.
fn epoch(text: &str, notes: &mut Notes<'_>) -> Option<At> {
    match moment::read_epoch(text) {
        Some(at) if at.millis() == 0 => {
            notes.add(Rule::NullValue, text);
            None
        }
        Some(at) => {
            notes.add(Rule::TimeForm, text);
            Some(at)
        }
        None => {
            notes.add(Rule::TimeUnreadable, text);
            None
        }
    }
}

/// A word of a vocabulary.
#[derive(Debug)]
pub(super) struct Choice<V>(pub(super) Option<Word>, PhantomData<V>);

impl<V> Default for Choice<V> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<V> Choice<V> {
    /// A word that has been looked up.
    pub(super) const fn of(word: Option<Word>) -> Self {
        Self(word, PhantomData)
    }

    /// The word, if there is one.
    pub(super) fn word(self) -> Option<Word> {
        self.0
    }

    /// The word, or the default that the specification gives.
    pub(super) fn or(self, default: &'static str) -> Word {
        self.0.unwrap_or(Word::Known(default))
    }
}

impl<'de, V: Vocabulary> Leaf<'de> for Choice<V> {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        Self::of(word_of(V::WORDS, scalar, notes))
    }
}

/// The word that a scalar stands for.
pub(super) fn word_of(words: &Words, scalar: Scalar<'_>, notes: &mut Notes<'_>) -> Option<Word> {
    let text = scalar.text(notes).and_then(|text| something(text, true, notes))?;
    let (word, rule) = words.look_up(&text, notes.version);
    if let Some(rule) = rule {
        notes.add(rule, &text);
    }
    Some(word)
}

/// True or false.
#[derive(Debug, Default)]
pub(super) struct Flag(pub(super) Option<bool>);

impl<'de> Leaf<'de> for Flag {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        let text = match scalar {
            Scalar::Bool(text) => return Self(Some(text == "true")),
            Scalar::Absent | Scalar::Null | Scalar::Other => return Self(scalar.text(notes).and(None)),
            Scalar::Number(text) => Cow::Borrowed(text),
            Scalar::Text(text) => match something(text, true, notes) {
                Some(text) => text,
                None => return Self(None),
            },
        };
        notes.add(Rule::WrongType, &text);
        let says = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
        Self(if says(["true", "1", "yes"]) { Some(true) } else { says(["false", "0", "no"]).then_some(false) })
    }
}

/// Any number, exactly, with its text.
#[derive(Debug, Default)]
pub(super) struct Number<'de>(pub(super) Option<(Decimal, Cow<'de, str>)>);

impl<'de> Leaf<'de> for Number<'de> {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        let Some(text) = scalar.digits(notes) else { return Self(None) };
        let number = Decimal::read(&text);
        match number {
            None => notes.add(Rule::NotANumber, &text),
            Some(number) if number.careful => notes.add(Rule::NumberForm, &text),
            Some(_) => {}
        }
        Self(number.map(|number| (number, text)))
    }
}
