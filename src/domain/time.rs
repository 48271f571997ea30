//! Time with an owner. `At` is an instant; `ChargerTime` is what a charger said, which may be nothing or nonsense.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// An instant in UTC with millisecond resolution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At(i64);

impl At {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant `millis` later (or earlier, when negative), saturating.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to `self`; negative when `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// From RFC 3339, in any zone.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self::from(time.with_timezone(&Utc)))
    }

    /// RFC 3339 in UTC with `Z` and three fraction digits: the one form that leaves this program.
    pub fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from(self).to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl From<DateTime<Utc>> for At {
    fn from(value: DateTime<Utc>) -> Self {
        Self(value.timestamp_millis())
    }
}

impl From<At> for DateTime<Utc> {
    fn from(value: At) -> Self {
        let farthest = if value.0 < 0 { Self::MIN_UTC } else { Self::MAX_UTC };
        Self::UNIX_EPOCH.checked_add_signed(TimeDelta::milliseconds(value.0)).unwrap_or(farthest)
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// A half-open stretch of time `[from, until)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From, inclusive.
    pub from: At,
    /// Until, exclusive.
    pub until: At,
}

impl Span {
    /// Its length; 0 where it ends before it begins.
    pub const fn millis(self) -> i64 {
        let length = self.until.millis_since(self.from);
        if length > 0 { length } else { 0 }
    }

    /// Whether an instant lies in it.
    pub fn contains(self, at: At) -> bool {
        self.from <= at && at < self.until
    }

    /// What of it lies in another, if anything.
    pub fn within(self, other: Self) -> Option<Self> {
        let both = Self { from: self.from.max(other.from), until: self.until.min(other.until) };
        (both.from < both.until).then_some(both)
    }
}

/// 2010-01-01T00:00:00Z: no OCPP charger spoke before.
pub const EARLIEST_PLAUSIBLE: At = At::from_millis(1_262_304_000_000);

/// How far ahead of our clock a charger's clock may run before its time is not believed: 5 minutes.
pub const TOLERATED_AHEAD_MS: i64 = 5 * 60 * 1000;

/// A time on the charger's clock as its message gave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChargerTime {
    /// The instant read from the message; `None` when it gave none or one that cannot be read.
    pub said: Option<At>,
}

impl ChargerTime {
    /// A time that the charger said.
    pub const fn said(at: At) -> Self {
        Self { said: Some(at) }
    }

    /// Where the fact is placed in time, given when we received it: the charger's time when it is plausible, else ours.
    pub fn placed(self, received: At) -> Placed {
        match self.said {
            None => Placed { at: received, trust: Trust::Absent },
            Some(at) if at < EARLIEST_PLAUSIBLE => Placed { at: received, trust: Trust::TooOld },
            Some(at) if at.millis_since(received) > TOLERATED_AHEAD_MS => Placed { at: received, trust: Trust::Ahead },
            Some(at) => Placed { at, trust: Trust::Said },
        }
    }
}

/// An instant and why it is that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The instant to use.
    pub at: At,
    /// Whose it is.
    pub trust: Trust,
}

/// Whose clock a placed instant is from, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The charger's own, plausible.
    Said,
    /// Ours: the charger gave none.
    Absent,
    /// Ours: the charger's was before 2010.
    TooOld,
    /// Ours: the charger's was minutes in the future.
    Ahead,
}
