//! How a frame deviates from its specification: by which rule, where, and what stood there.

/// A rule of tolerance that was needed to understand a frame. One per kind of sloppiness, whatever the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Not strict JSON; one repair pass made it so (stray commas, empty values, cut tail).
    JsonRepaired,
    /// Characters outside JSON: byte order mark, NUL, control characters.
    ControlCharacters,
    /// Not readable even after repair; only kept.
    Unreadable,
    /// Not an OCPP-J array of the right shape.
    Framing,
    /// A message id that is not a text of at most 36 characters.
    MessageId,
    /// An action that the protocol version does not have.
    UnknownAction,
    /// The action exists but is spelled in another case.
    ActionCase,
    /// A required field is absent.
    Missing,
    /// `null` or a text such as "null" or "none" where a value belongs.
    NullValue,
    /// An empty text where a value belongs.
    EmptyText,
    /// An empty list where the specification wants an item.
    EmptyList,
    /// A list with more items than specified.
    TooMany,
    /// A key in another case.
    KeyCase,
    /// A key that the specification does not have here.
    UnknownKey,
    /// A key given twice.
    DuplicateKey,
    /// A value of another JSON type than specified, read all the same where possible.
    WrongType,
    /// A number with blanks, a decimal comma or another form that needed care.
    NumberForm,
    /// A whole-number field with a fraction.
    Fraction,
    /// A value that is no number.
    NotANumber,
    /// A number beyond what the field can hold.
    OutOfRange,
    /// A timestamp without a zone, read as UTC.
    TimeZone,
    /// A timestamp in another form than RFC 3339.
    TimeForm,
    /// A timestamp that cannot be read.
    TimeUnreadable,
    /// A timestamp before 2010 or minutes ahead of our clock.
    TimeImplausible,
    /// A known word in another case.
    EnumCase,
    /// Another spelling of a known word.
    EnumAlias,
    /// An unknown word.
    EnumUnknown,
    /// A text longer than specified.
    TooLong,
    /// A unit that does not fit its measurand.
    Unit,
    /// A transaction id that names no transaction (0, -1, ...).
    TransactionId,
    /// A reading that does not fit those before it (fall, jump, scale).
    Implausible,
    /// A message, key or word of another OCPP version than the connection's, read all the same.
    OtherVersion,
}

impl Rule {
    /// Every rule, for exhaustive listings.
    pub const ALL: [Self; 32] = [
        Self::JsonRepaired,
        Self::ControlCharacters,
        Self::Unreadable,
        Self::Framing,
        Self::MessageId,
        Self::UnknownAction,
        Self::ActionCase,
        Self::Missing,
        Self::NullValue,
        Self::EmptyText,
        Self::EmptyList,
        Self::TooMany,
        Self::KeyCase,
        Self::UnknownKey,
        Self::DuplicateKey,
        Self::WrongType,
        Self::NumberForm,
        Self::Fraction,
        Self::NotANumber,
        Self::OutOfRange,
        Self::TimeZone,
        Self::TimeForm,
        Self::TimeUnreadable,
        Self::TimeImplausible,
        Self::EnumCase,
        Self::EnumAlias,
        Self::EnumUnknown,
        Self::TooLong,
        Self::Unit,
        Self::TransactionId,
        Self::Implausible,
        Self::OtherVersion,
    ];

    /// The word used in ledger, API and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JsonRepaired => "json_repaired",
            Self::ControlCharacters => "control_characters",
            Self::Unreadable => "unreadable",
            Self::Framing => "framing",
            Self::MessageId => "message_id",
            Self::UnknownAction => "unknown_action",
            Self::ActionCase => "action_case",
            Self::Missing => "missing",
            Self::NullValue => "null_value",
            Self::EmptyText => "empty_text",
            Self::EmptyList => "empty_list",
            Self::TooMany => "too_many",
            Self::KeyCase => "key_case",
            Self::UnknownKey => "unknown_key",
            Self::DuplicateKey => "duplicate_key",
            Self::WrongType => "wrong_type",
            Self::NumberForm => "number_form",
            Self::Fraction => "fraction",
            Self::NotANumber => "not_a_number",
            Self::OutOfRange => "out_of_range",
            Self::TimeZone => "time_zone",
            Self::TimeForm => "time_form",
            Self::TimeUnreadable => "time_unreadable",
            Self::TimeImplausible => "time_implausible",
            Self::EnumCase => "enum_case",
            Self::EnumAlias => "enum_alias",
            Self::EnumUnknown => "enum_unknown",
            Self::TooLong => "too_long",
            Self::Unit => "unit",
            Self::TransactionId => "transaction_id",
            Self::Implausible => "implausible",
            Self::OtherVersion => "other_version",
        }
    }
}

/// One deviation found in one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Which rule.
    pub rule: Rule,
    /// Where in the payload, e.g. `meterValue[0].sampledValue[2].value`; empty for the frame itself.
    pub path: Box<str>,
    /// What stood there, cut to a readable length; never a token.
    pub found: Box<str>,
}

impl Deviation {
    /// Longest `found` that is kept, in characters.
    pub const FOUND_LIMIT: usize = 120;

    /// A deviation, with `found` cut to [`Self::FOUND_LIMIT`].
    pub fn new(rule: Rule, path: impl Into<Box<str>>, found: &str) -> Self {
        let cut = found.char_indices().nth(Self::FOUND_LIMIT).map_or(found, |(end, _)| &found[..end]);
        Self { rule, path: path.into(), found: cut.into() }
    }
}
