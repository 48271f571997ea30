//! Sampled values, whatever the version: a number with its measurand and unit becomes a value in the base unit, and
//! what does not fit is flagged, never guessed.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::field::{Leaf, Scalar, something};
use super::notes::{Notes, Step};
use super::number::Decimal;
use super::units::{default_unit, normalise};
use super::words::Vocabulary;
use crate::domain::deviation::Rule;
use crate::domain::reading::{Flags, ReadingKind, Sample, Word};
use crate::domain::time::ChargerTime;

/// What kind of value a reading is, with the defaults that all versions share.
pub(super) fn kind(
    measurand: Word,
    phase: Option<Word>,
    location: Option<Word>,
    context: Option<Word>,
    unit: Option<Word>,
) -> ReadingKind {
    let unit = match unit {
        // The specifications spell some units in two ways.
        Some(Word::Known("Celcius")) => Word::Known("Celsius"),
        Some(Word::Known("Hz")) => Word::Known("Hertz"),
        Some(unit) => unit,
        None => Word::Known(default_unit(&measurand)),
    };
    ReadingKind {
        measurand,
        unit,
        phase: phase.unwrap_or(Word::Known("")),
        location: location.unwrap_or(Word::Known("Outlet")),
        context: context.unwrap_or(Word::Known("Sample.Periodic")),
    }
}

/// The value where the specification wants a text (1.6). JSON numbers are no deviation that costs anything, but one all
/// the same.
pub(super) fn text_of<'de>(value: Scalar<'de>, notes: &mut Notes<'_>) -> Option<Cow<'de, str>> {
    at_value(notes, |notes| match value {
        Scalar::Absent => None,
        Scalar::Null => {
            notes.add(Rule::NullValue, "null");
            None
        }
        Scalar::Number(text) => {
            notes.add(Rule::WrongType, text);
            Some(text.into())
        }
        Scalar::Text(text) => something(text, true, notes),
        Scalar::Bool(_) | Scalar::Other => {
            notes.add(Rule::WrongType, "no number");
            None
        }
    })
}

/// The value where the specification wants a number (2.x), times `10^multiplier`, and its text.
pub(super) fn number_of<'de>(
    value: Scalar<'de>,
    multiplier: Option<i64>,
    notes: &mut Notes<'_>,
) -> Option<(Decimal, Cow<'de, str>)> {
    let text = at_value(notes, |notes| value.digits(notes))?;
    let number = read_number(&text, notes)?;
    Some((number.times_ten_to(multiplier.unwrap_or(0)), text))
}

/// Reads the number of a value.
pub(super) fn read_number(text: &str, notes: &mut Notes<'_>) -> Option<Decimal> {
    let number = Decimal::read(text);
    match number {
        None => notes.add_at(Rule::NotANumber, "value", text),
        Some(number) if number.careful => notes.add_at(Rule::NumberForm, "value", text),
        Some(_) => {}
    }
    number
}

fn at_value<T>(notes: &mut Notes<'_>, read: impl FnOnce(&mut Notes<'_>) -> T) -> T {
    notes.enter(Step::Key("value"));
    let result = read(notes);
    notes.leave();
    result
}

/// A sample of a number. `text` is the number as sent.
pub(super) fn measured(number: Decimal, kind: ReadingKind, text: &str, notes: &mut Notes<'_>) -> Sample {
    let normalised = normalise(number, &kind.measurand, &kind.unit);
    if normalised.value.is_none() {
        notes.add_at(Rule::OutOfRange, "value", text);
    }
    let mut flags = Flags::default();
    if !normalised.fits {
        flags = flags.with(Flags::UNIT_MISMATCH);
        // A unit that nobody knows has been noted already, where units are a closed list.
        if let Word::Known(unit) = kind.unit {
            notes.add_at(Rule::Unit, "unit", &format!("{} in {unit}", kind.measurand.as_str()));
        }
    }
    if normalised.value.is_none() {
        flags = flags.with(Flags::TEXT_ONLY);
    }
    let says_all = normalised.value.is_some() && normalised.exact;
    let text = if says_all { None } else { Some(text.into()) };
    Sample { at: ChargerTime::default(), kind, value: normalised.value, text, flags }
}

/// A measurand, and the phase that some chargers write behind it: `Current.Import.L1`.
#[derive(Debug)]
pub(super) struct What<M, P> {
    pub(super) measurand: Option<Word>,
    pub(super) phase: Option<Word>,
    of: PhantomData<(M, P)>,
}

impl<M, P> Default for What<M, P> {
    fn default() -> Self {
        Self { measurand: None, phase: None, of: PhantomData }
    }
}

impl<'de, M: Vocabulary, P: Vocabulary> Leaf<'de> for What<M, P> {
    fn read(scalar: Scalar<'de>, _required: bool, notes: &mut Notes<'_>) -> Self {
        if scalar == Scalar::Other {
            // Whatever was meant, it was not the default: a power must not become an energy.
            notes.add(Rule::WrongType, "no scalar");
            return Self { measurand: Some(Word::Known("unreadable")), ..Self::default() };
        }
        let Some(text) = scalar.text(notes).and_then(|text| something(text, true, notes)) else {
            return Self::default();
        };
        let (word, rule) = M::WORDS.look_up(&text, notes.version);
        if let (Word::Other(_), Some((head, tail))) = (&word, text.trim().rsplit_once('.'))
            && let (measurand @ Word::Known(_), phase @ Word::Known(_)) =
                (M::WORDS.look_up(head, notes.version).0, P::WORDS.look_up(tail, notes.version).0)
        {
            notes.add(Rule::EnumAlias, &text);
            return Self { measurand: Some(measurand), phase: Some(phase), of: PhantomData };
        }
        if let Some(rule) = rule {
            notes.add(rule, &text);
        }
        Self { measurand: Some(word), ..Self::default() }
    }
}
