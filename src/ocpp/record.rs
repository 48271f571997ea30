//! Records and lists read straight from JSON, each field for itself: a field that cannot be read costs only itself.
//!
//! A message is declared with [`record!`]. Keys are matched exactly, then without case; keys that the specification
//! does not have are skipped. Values are read by [`Field`]s, which never fail but on text that is no JSON.
//! Scalars are taken as JSON text (`RawValue`): numbers stay exact, whatever features serde_json was built with.
//! What nobody keeps, only checks, is declared as a [`super::shape::Shape`] instead.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Version;
use super::field::{Scalar, note_length};
use super::notes::{Notes, Step};
use super::words::same_letters;
use crate::domain::deviation::Rule;

/// A key that the specification has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) need: Need,
}

/// Whether a key must be there, and in which versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
    /// Required, but optional since 2.1.
    RequiredUntil21,
    /// A key that 2.1 brought.
    OptionalFrom21,
    /// A required key that 2.1 brought.
    RequiredFrom21,
    /// A key of another version: understood where it stands, and never right here.
    Foreign,
}

impl Key {
    /// Whether it must be there.
    pub(super) fn is_required(self, version: Version) -> bool {
        match self.need {
            Need::Required => true,
            Need::Optional | Need::OptionalFrom21 | Need::Foreign => false,
            Need::RequiredUntil21 => version < Version::V21,
            Need::RequiredFrom21 => version >= Version::V21,
        }
    }

    /// Whether the version has it.
    fn belongs_to(self, version: Version) -> bool {
        match self.need {
            Need::Required | Need::Optional | Need::RequiredUntil21 => true,
            Need::OptionalFrom21 | Need::RequiredFrom21 => version >= Version::V21,
            Need::Foreign => false,
        }
    }
}

/// The need that a declaration names.
macro_rules! need {
    (required) => {
        $crate::ocpp::record::Need::Required
    };
    (optional) => {
        $crate::ocpp::record::Need::Optional
    };
    (required_until_21) => {
        $crate::ocpp::record::Need::RequiredUntil21
    };
    (optional_from_21) => {
        $crate::ocpp::record::Need::OptionalFrom21
    };
    (required_from_21) => {
        $crate::ocpp::record::Need::RequiredFrom21
    };
    (foreign) => {
        $crate::ocpp::record::Need::Foreign
    };
}
pub(super) use need;

/// A JSON object with known keys. At most 64 of them.
pub(super) trait Record<'de>: Default {
    const KEYS: &'static [Key];

    /// Reads the value of the key at `index` of [`Self::KEYS`].
    fn member<A: MapAccess<'de>>(&mut self, index: usize, map: &mut A, notes: &mut Notes<'_>) -> Result<(), A::Error>;
}

/// A record that some chargers write as the one scalar that matters in it.
pub(super) trait FromScalar<'de>: Record<'de> {
    /// The record that a scalar stands for, where it can stand for one.
    fn from_scalar(scalar: Scalar<'de>, notes: &mut Notes<'_>) -> Option<Self>;
}

/// A record that stands in a list and becomes any number of something else there.
pub(super) trait Element<'de>: Record<'de> {
    type Out;

    /// Turns the record into what is kept of it. The notes stand at the record.
    fn close(self, out: &mut Vec<Self::Out>, notes: &mut Notes<'_>);
}

/// The value of a key. Its default is what stands for an absent one.
pub(super) trait Field<'de>: Default {
    /// Reads the value. Fails only on text that is no JSON.
    fn take<A: MapAccess<'de>>(map: &mut A, required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error>;
}

/// Declares a record: field, type, key, and whether it must be there.
macro_rules! record {
    ($(#[$doc:meta])* struct $name:ident<$life:lifetime> {
        $($field:ident: $kind:ty = $key:literal $need:ident,)*
    }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(in crate::ocpp) struct $name<$life> {
            $($field: $kind,)*
            input: std::marker::PhantomData<&$life str>,
        }

        impl<$life> $crate::ocpp::record::Record<$life> for $name<$life> {
            const KEYS: &'static [$crate::ocpp::record::Key] = &[
                $($crate::ocpp::record::Key { name: $key, need: $crate::ocpp::record::need!($need) },)*
            ];

            #[allow(unused_variables, reason = "a record may have no keys")]
            fn member<A: serde::de::MapAccess<$life>>(
                &mut self,
                index: usize,
                map: &mut A,
                notes: &mut $crate::ocpp::notes::Notes<'_>,
            ) -> Result<(), A::Error> {
                #[allow(non_camel_case_types, dead_code, reason = "the variants are the names of the fields, if there are any")]
                enum Place { $($field,)* }
                $(if index == Place::$field as usize {
                    let required = Self::KEYS[index].is_required(notes.version);
                    self.$field = $crate::ocpp::record::Field::take(map, required, notes)?;
                    return Ok(());
                })*
                map.next_value::<serde::de::IgnoredAny>().map(drop)
            }
        }
    };
}
pub(super) use record;

/// Reads a payload as a record. A payload of another JSON type is an empty record.
pub(super) fn read<'de, R: Record<'de>>(payload: &'de str, notes: &mut Notes<'_>) -> R {
    maybe(payload, notes).unwrap_or_default()
}

fn maybe<'de, R: Record<'de>>(payload: &'de str, notes: &mut Notes<'_>) -> Option<R> {
    let mut json = serde_json::Deserializer::from_str(payload);
    (Visit { notes, kind: PhantomData }).deserialize(&mut json).unwrap_or_else(|_| {
        notes.add(Rule::Unreadable, "");
        None
    })
}

/// Reads one record where it stands; `None` when something else stands there.
struct Visit<'n, 'k, R> {
    notes: &'n mut Notes<'k>,
    kind: PhantomData<R>,
}

impl<'de, R: Record<'de>> DeserializeSeed<'de> for Visit<'_, '_, R> {
    type Value = Option<R>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Implements the visits of values that are not what the reader expects: each is a wrong type and no value.
macro_rules! anything_else_is_a_wrong_type {
    () => {
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("any JSON value")
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            self.notes.add($crate::domain::deviation::Rule::WrongType, if value { "true" } else { "false" });
            Ok(Self::Value::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            self.notes.add($crate::domain::deviation::Rule::WrongType, "a number");
            Ok(Self::Value::default())
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            self.notes.add($crate::domain::deviation::Rule::WrongType, "a number");
            Ok(Self::Value::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            self.notes.add($crate::domain::deviation::Rule::WrongType, "a number");
            Ok(Self::Value::default())
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            self.notes.add($crate::domain::deviation::Rule::WrongType, "a text");
            Ok(Self::Value::default())
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            self.notes.add($crate::domain::deviation::Rule::NullValue, "null");
            Ok(Self::Value::default())
        }
    };
}
pub(super) use anything_else_is_a_wrong_type;

impl<'de, R: Record<'de>> Visitor<'de> for Visit<'_, '_, R> {
    type Value = Option<R>;

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        record_of(map, self.notes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        self.notes.add(Rule::WrongType, "an array");
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    anything_else_is_a_wrong_type!();
}

fn record_of<'de, R: Record<'de>, A: MapAccess<'de>>(map: A, notes: &mut Notes<'_>) -> Result<Option<R>, A::Error> {
    let mut record = R::default();
    let is_object = members(R::KEYS, map, notes, |index, map, notes| record.member(index, map, notes))?;
    Ok(is_object.then_some(record))
}

/// What a key of the input turned out to be.
enum Matched {
    Exact(usize),
    /// Another spelling of the key at this index.
    Loose(usize),
    /// `customData`, which OCPP 2.x allows everywhere.
    Custom,
    Unknown,
    /// Not a key: serde_json shows a number as a map of one entry when built with `arbitrary_precision`.
    Number,
}

/// Walks over the members of an object and has each known one taken. Says whether it was an object at all.
pub(super) fn members<'de, A: MapAccess<'de>>(
    keys: &'static [Key],
    mut map: A,
    notes: &mut Notes<'_>,
    mut take: impl FnMut(usize, &mut A, &mut Notes<'_>) -> Result<(), A::Error>,
) -> Result<bool, A::Error> {
    let (mut exact, mut seen) = (0_u64, 0_u64);
    while let Some(matched) = map.next_key_seed(MatchKey { keys, notes })? {
        let (index, is_exact) = match matched {
            Matched::Exact(index) => (index, true),
            Matched::Loose(index) => (index, false),
            Matched::Custom => {
                custom_data(map.next_value::<&'de RawValue>()?.get(), notes);
                continue;
            }
            Matched::Unknown => {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            Matched::Number => {
                map.next_value::<IgnoredAny>()?;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                notes.add(Rule::WrongType, "a number");
                return Ok(false);
            }
        };
        let bit = 1 << index;
        if seen & bit != 0 {
            notes.add_at(Rule::DuplicateKey, keys[index].name, "");
        }
        if exact & bit != 0 && !is_exact {
            map.next_value::<IgnoredAny>()?;
            continue;
        }
        if seen & bit == 0 && !keys[index].belongs_to(notes.version) {
            notes.add_at(Rule::OtherVersion, keys[index].name, "");
        }
        seen |= bit;
        exact |= if is_exact { bit } else { 0 };
        notes.enter(Step::Key(keys[index].name));
        let read = take(index, &mut map, notes);
        notes.leave();
        read?;
    }
    for (index, key) in keys.iter().enumerate() {
        if seen & (1 << index) == 0 && key.is_required(notes.version) {
            notes.add_at(Rule::Missing, key.name, "");
        }
    }
    Ok(true)
}

/// Longest name of the vendor of custom data, in characters.
const VENDOR_LIMIT: usize = 255;

/// Custom data may hold anything, but must say whose it is.
fn custom_data(json: &str, notes: &mut Notes<'_>) {
    notes.enter(Step::Key("customData"));
    match serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(json) {
        Ok(members) => match members.get("vendorId") {
            Some(vendor) => {
                notes.enter(Step::Key("vendorId"));
                note_length(Scalar::of(vendor.get()), VENDOR_LIMIT, false, notes);
                notes.leave();
            }
            None => notes.add_at(Rule::Missing, "vendorId", ""),
        },
        Err(_) if json == "null" => notes.add(Rule::NullValue, "null"),
        Err(_) => notes.add(Rule::WrongType, "no object"),
    }
    notes.leave();
}

/// How much of an unknown key is shown, in characters.
const KEY_SHOWN: usize = 50;

struct MatchKey<'n, 'k> {
    keys: &'static [Key],
    notes: &'n mut Notes<'k>,
}

impl<'de> DeserializeSeed<'de> for MatchKey<'_, '_> {
    type Value = Matched;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for MatchKey<'_, '_> {
    type Value = Matched;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<Matched, E> {
        if let Some(index) = self.keys.iter().position(|key| key.name == text) {
            return Ok(Matched::Exact(index));
        }
        if let Some(index) = self.keys.iter().position(|key| same_letters(key.name, text)) {
            self.notes.add_at(Rule::KeyCase, self.keys[index].name, text);
            return Ok(Matched::Loose(index));
        }
        if text == "customData" && self.notes.version >= Version::V201 {
            return Ok(Matched::Custom);
        }
        if text == "$serde_json::private::Number" {
            return Ok(Matched::Number);
        }
        let shown = text.char_indices().nth(KEY_SHOWN).map_or(text, |(end, _)| &text[..end]);
        self.notes.add_at(Rule::UnknownKey, shown, "");
        Ok(Matched::Unknown)
    }
}

/// A record within a record.
pub(super) struct Object<R>(pub(super) Option<R>);

impl<R> Default for Object<R> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, R: Record<'de>> Field<'de> for Object<R> {
    fn take<A: MapAccess<'de>>(map: &mut A, _required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        map.next_value_seed(Visit::<R> { notes, kind: PhantomData }).map(Self)
    }
}

/// A record within a record, or the one scalar that matters in it.
pub(super) struct One<R>(pub(super) Option<R>);

impl<R> Default for One<R> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, R: FromScalar<'de>> Field<'de> for One<R> {
    fn take<A: MapAccess<'de>>(map: &mut A, _required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        let json = map.next_value::<&'de RawValue>()?.get();
        if json.starts_with(['{', '[']) {
            return Ok(Self(maybe(json, notes)));
        }
        let scalar = Scalar::of(json);
        if !matches!(scalar, Scalar::Null) {
            notes.add(Rule::WrongType, "no object");
        }
        Ok(Self(R::from_scalar(scalar, notes)))
    }
}

/// A list of at most `MOST` records, as what is kept of them. A single record where a list belongs is a list of one.
pub(super) struct List<'de, R: Element<'de>, const MOST: usize = { usize::MAX }>(pub(super) Vec<R::Out>);

impl<'de, R: Element<'de>, const MOST: usize> Default for List<'de, R, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, R: Element<'de>, const MOST: usize> Field<'de> for List<'de, R, MOST> {
    fn take<A: MapAccess<'de>>(map: &mut A, _required: bool, notes: &mut Notes<'_>) -> Result<Self, A::Error> {
        map.next_value_seed(VisitList::<R> { notes, most: MOST, kind: PhantomData }).map(Self)
    }
}

/// Notes a list that is too short or too long. 1.6 has no list that must not be empty.
pub(super) fn note_count(count: usize, most: usize, notes: &mut Notes<'_>) {
    if count == 0 && notes.version >= Version::V201 {
        notes.add(Rule::EmptyList, "");
    }
    if count > most {
        notes.add(Rule::TooMany, &count.to_string());
    }
}

struct VisitList<'n, 'k, R> {
    notes: &'n mut Notes<'k>,
    most: usize,
    kind: PhantomData<R>,
}

impl<'de, R: Element<'de>> DeserializeSeed<'de> for VisitList<'_, '_, R> {
    type Value = Vec<R::Out>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: Element<'de>> Visitor<'de> for VisitList<'_, '_, R> {
    type Value = Vec<R::Out>;

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut out = Vec::new();
        for index in 0.. {
            self.notes.enter(Step::Item(index));
            let element = sequence.next_element_seed(Visit::<R> { notes: self.notes, kind: PhantomData });
            if let Ok(Some(Some(record))) = element {
                record.close(&mut out, self.notes);
                self.notes.leave();
                continue;
            }
            self.notes.leave();
            if element?.is_none() {
                note_count(index, self.most, self.notes);
                break;
            }
        }
        Ok(out)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut out = Vec::new();
        if let Some(record) = record_of::<R, A>(map, self.notes)? {
            self.notes.add(Rule::WrongType, "an object instead of a list");
            record.close(&mut out, self.notes);
        }
        Ok(out)
    }

    anything_else_is_a_wrong_type!();
}
