//! Shapes: what a payload must look like where nobody keeps its parts. The frame itself is kept; the shape tells how it
//! deviates, by the same readers and rules as the records whose parts are kept.

use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Version;
use super::field::{
    Flag, Leaf, Number, Scalar, Time, Token, Whole, note_length, note_range, verbatim, within, word_of,
};
use super::notes::{Notes, Step};
use super::record::{Field, Key, anything_else_is_a_wrong_type, members, note_count};
use super::words::Words;
use crate::domain::deviation::Rule;

/// A JSON object: its keys, and what stands at each.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) keys: &'static [Key],
    pub(super) kinds: &'static [Kind],
}

/// What stands at a key.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    /// Text of at most so many characters in 2.0.1, and in 2.1.
    TextBy(usize, usize),
    Whole,
    /// Text that may say anything.
    Verbatim(usize),
    /// A whole number that 2.1 holds within these limits.
    Within(i64, i64),
    /// A whole number that both versions hold within these limits.
    Between(i64, i64),
    /// A number within these limits.
    NumberBetween(i64, i64),
    /// A whole number in 2.0.1, any number in 2.1.
    WholeUntil21,
    Number,
    Flag,
    Time,
    /// An id token in clear.
    Token,
    Word(&'static Words),
    Object(&'static Shape),
    List(&'static Kind),
    /// A list of at most so many.
    UpTo(usize, &'static Kind),
}

/// What is to be read at a kind.
enum Reading {
    Object(&'static Shape),
    List(&'static Kind, usize),
    Scalar,
}

impl Kind {
    const fn reading(&self) -> Reading {
        match self {
            Self::Object(shape) => Reading::Object(shape),
            Self::List(kind) => Reading::List(kind, usize::MAX),
            Self::UpTo(most, kind) => Reading::List(kind, *most),
            Self::Text(_)
            | Self::TextBy(..)
            | Self::Whole
            | Self::Verbatim(_)
            | Self::Within(..)
            | Self::Between(..)
            | Self::NumberBetween(..)
            | Self::WholeUntil21
            | Self::Number
            | Self::Flag
            | Self::Time
            | Self::Token
            | Self::Word(_) => Reading::Scalar,
        }
    }
}

/// Declares shapes.
macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident { $($key:literal: $kind:expr, $need:ident;)* })*) => {
        $($(#[$doc])*
        pub(in crate::ocpp) static $name: $crate::ocpp::shape::Shape = $crate::ocpp::shape::Shape {
            keys: &[$($crate::ocpp::record::Key { name: $key, need: $crate::ocpp::record::need!($need) },)*],
            kinds: &[$($kind,)*],
        };)*
    };
}
pub(super) use shapes;

/// Holds a payload against a shape.
pub(super) fn check(shape: &'static Shape, payload: &str, notes: &mut Notes<'_>) {
    let mut json = serde_json::Deserializer::from_str(payload);
    if (Walk { shape, notes }).deserialize(&mut json).is_err() {
        notes.add(Rule::Unreadable, "");
    }
}

/// A type that stands for a shape, so that a record's field can name it.
pub(super) trait Shaped {
    const SHAPE: &'static Shape;
}

/// A part of a record that is kept as it came, as JSON text.
pub(super) struct Kept<'de, S>(pub(super) Option<&'de str>, PhantomData<S>);

impl<S> Default for Kept<'_, S> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<'de, S: Shaped> Field<'de> for Kept<'de, S> {
    fn take<A: MapAccess<'de>>(map: &mut A, _required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        let json = map.next_value::<&'de RawValue>()?.get();
        check(S::SHAPE, json, notes);
        Ok(Self((json != "null").then_some(json), PhantomData))
    }
}

/// A part of a record that is only checked.
pub(super) struct Checked<S>(PhantomData<S>);

impl<S> Default for Checked<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, S: Shaped> Field<'de> for Checked<S> {
    fn take<A: MapAccess<'de>>(map: &mut A, _required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        map.next_value_seed(Walk { shape: S::SHAPE, notes })?;
        Ok(Self(PhantomData))
    }
}

/// A list of at most `MOST` that is only checked.
pub(super) struct CheckedList<S, const MOST: usize>(PhantomData<S>);

impl<S, const MOST: usize> Default for CheckedList<S, MOST> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, S: Shaped, const MOST: usize> Field<'de> for CheckedList<S, MOST> {
    fn take<A: MapAccess<'de>>(map: &mut A, _required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        map.next_value_seed(Items { kind: &const { Kind::Object(S::SHAPE) }, most: MOST, notes })?;
        Ok(Self(PhantomData))
    }
}

/// A list of texts of at most `MAX` characters (in 2.1 `LATER`) that is only checked.
#[derive(Default)]
pub(super) struct CheckedTexts<const MAX: usize, const LATER: usize>;

impl<'de, const MAX: usize, const LATER: usize> Field<'de> for CheckedTexts<MAX, LATER> {
    fn take<A: MapAccess<'de>>(map: &mut A, _required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        map.next_value_seed(Items { kind: &const { Kind::TextBy(MAX, LATER) }, most: usize::MAX, notes })?;
        Ok(Self)
    }
}

/// Any JSON; the frame keeps it.
#[derive(Default)]
pub(super) struct Anything;

impl<'de> Field<'de> for Anything {
    fn take<A: MapAccess<'de>>(map: &mut A, _required: bool, _notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        map.next_value::<IgnoredAny>()?;
        Ok(Self)
    }
}

struct Walk<'n, 'k> {
    shape: &'static Shape,
    notes: &'n mut Notes<'k>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Shape { keys, kinds } = self.shape;
        members(keys, map, self.notes, |index, map, notes| {
            value(&kinds[index], keys[index].is_required(notes.version), map, notes)
        })
        .map(drop)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        self.notes.add(Rule::WrongType, "an array");
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    anything_else_is_a_wrong_type!();
}

fn value<'de, A: MapAccess<'de>>(
    kind: &'static Kind,
    required: bool,
    map: &mut A,
    notes: &mut Notes<'_>,
) -> Result<(), A::Error> {
    match kind.reading() {
        Reading::Object(shape) => map.next_value_seed(Walk { shape, notes }),
        Reading::List(kind, most) => map.next_value_seed(Items { kind, most, notes }),
        Reading::Scalar => {
            scalar(kind, map.next_value::<&'de RawValue>()?.get(), required, notes);
            Ok(())
        }
    }
}

/// Holds one JSON value against a kind that is no object and no list.
fn scalar(kind: &Kind, json: &str, required: bool, notes: &mut Notes<'_>) {
    let found = Scalar::of(json);
    match kind {
        Kind::Text(limit) => note_length(found, *limit, required, notes),
        Kind::TextBy(before, since) => {
            let limit = if notes.version < Version::V21 { *before } else { *since };
            note_length(found, limit, required, notes);
        }
        Kind::Whole => drop(Whole::read(found, required, notes)),
        Kind::Within(least, most) => drop(within(*least, *most, Version::V21, found, notes)),
        Kind::Between(least, most) => drop(within(*least, *most, Version::V201, found, notes)),
        Kind::NumberBetween(least, most) => note_range(found, *least, *most, notes),
        Kind::Verbatim(limit) => drop(verbatim(found, *limit, notes)),
        Kind::WholeUntil21 if notes.version < Version::V21 => drop(Whole::read(found, required, notes)),
        Kind::WholeUntil21 | Kind::Number => drop(Number::read(found, required, notes)),
        Kind::Flag => drop(Flag::read(found, required, notes)),
        Kind::Time => drop(Time::read(found, required, notes)),
        Kind::Token => drop(Token::<36, 255>::read(found, required, notes)),
        Kind::Word(words) => drop(word_of(words, found, notes)),
        Kind::Object(_) | Kind::List(_) | Kind::UpTo(..) => {}
    }
}

struct Items<'n, 'k> {
    kind: &'static Kind,
    most: usize,
    notes: &'n mut Notes<'k>,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.notes.enter(Step::Item(index));
            let more = item(self.kind, &mut sequence, self.notes);
            self.notes.leave();
            if !more? {
                note_count(index, self.most, self.notes);
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.notes.add(Rule::WrongType, "an object instead of a list");
        match self.kind.reading() {
            Reading::Object(shape) => Walk { shape, notes: self.notes }.visit_map(map),
            Reading::List(..) | Reading::Scalar => {
                members(&[], map, self.notes, |_, map, _| map.next_value::<IgnoredAny>().map(drop)).map(drop)
            }
        }
    }

    anything_else_is_a_wrong_type!();
}

/// Checks the next item; `false` at the end.
fn item<'de, A: SeqAccess<'de>>(
    kind: &'static Kind,
    sequence: &mut A,
    notes: &mut Notes<'_>,
) -> Result<bool, A::Error> {
    Ok(match kind.reading() {
        Reading::Object(shape) => sequence.next_element_seed(Walk { shape, notes })?.is_some(),
        Reading::List(kind, most) => sequence.next_element_seed(Items { kind, most, notes })?.is_some(),
        Reading::Scalar => match sequence.next_element::<&'de RawValue>()? {
            Some(json) => {
                scalar(kind, json.get(), true, notes);
                true
            }
            None => false,
        },
    })
}
