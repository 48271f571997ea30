//! Whether the charger is in contact, since when it is not, how its clock runs.

use std::time::Duration;

use crate::domain::record::{Change, Contact as ContactRow, Effect, Turn};
use crate::domain::security::{Profile, Protection};
use crate::domain::time::{At, ChargerTime};

/// After this long a better estimate of the clock's offset is sought anew: 1 hour.
const SKEW_LIFETIME_MS: i64 = 3_600_000;

/// A smaller change of the offset is not told: 1 s.
const SKEW_STEP_MS: i64 = 1000;

/// The contact with a charger.
#[derive(Debug, Default)]
pub(super) struct Contact {
    link: Link,
    heard: Option<At>,
    began: Option<At>,
    skew: Option<Skew>,
    profile: Option<Profile>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Link {
    /// Nothing is known of a connection: just recalled.
    #[default]
    Never,
    Up,
    /// Down, but not for longer than the grace.
    Down,
    /// Down for longer; its connectors are unknown.
    Lost,
}

#[derive(Debug, Clone, Copy)]
struct Skew {
    offset: i64,
    told: i64,
    found: At,
}

impl Contact {
    pub(super) fn recall(heard: Option<At>, profile: Option<Profile>) -> Self {
        Self { heard, profile, ..Self::default() }
    }

    pub(super) fn heard(&mut self, now: At) {
        self.heard = self.heard.max(Some(now));
    }

    pub(super) fn began(&mut self, now: At, protocol: &str, peer: &str, protection: Option<Protection>) -> Change {
        self.link = Link::Up;
        self.began = Some(now);
        self.heard(now);
        self.profile = protection.map(|protection| protection.profile).or(self.profile);
        Change::Contact(ContactRow::Began { at: now, protocol: protocol.into(), peer: peer.into(), protection })
    }

    /// Its security profile before, where a connection with this protection is weaker.
    pub(super) fn stronger_before(&self, protection: Option<Protection>) -> Option<Profile> {
        self.profile.zip(protection).filter(|(before, now)| now.profile < *before).map(|(before, _)| before)
    }

    pub(super) fn ended(&mut self, heard: At, reason: &'static str) -> Change {
        self.link = Link::Down;
        self.heard = Some(heard);
        Change::Contact(ContactRow::Ended { heard, reason })
    }

    /// Whether something that happened at `at` happened before the present connection.
    pub(super) fn was_before_this(&self, at: At) -> bool {
        self.began.is_none_or(|began| at < began)
    }

    /// When the silence begins to count, if the charger is away.
    pub(super) fn silent_from(&self, grace: Duration) -> Option<At> {
        let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
        self.heard.filter(|_| self.link == Link::Down).map(|heard| heard.plus_millis(grace))
    }

    /// When the silence has just begun to count: since when the charger is unheard.
    pub(super) fn fallen_silent(&mut self, now: At, grace: Duration) -> Option<At> {
        self.silent_from(grace).filter(|from| now >= *from)?;
        self.link = Link::Lost;
        self.heard
    }

    pub(super) fn is_lost(&self) -> bool {
        self.link == Link::Lost
    }

    /// Learns the clock's offset from a message that was sent as it happened. Delay only ever makes a clock look
    /// slow, so the largest offset of the last hour is the best estimate.
    pub(super) fn learn_skew(&mut self, now: At, said: ChargerTime, turn: &mut Turn) {
        let Some(offset) = said.said.map(|at| at.millis_since(now)) else { return };
        let better =
            self.skew.is_none_or(|skew| offset > skew.offset || now.millis_since(skew.found) > SKEW_LIFETIME_MS);
        if !better {
            return;
        }
        let told = self.skew.map(|skew| skew.told);
        let tell = told.is_none_or(|told| (told - offset).abs() >= SKEW_STEP_MS);
        if tell {
            turn.effects.push(Effect::Skew(offset));
            turn.changes.push(Change::ClockAhead { at: now, ahead_ms: offset });
        }
        self.skew = Some(Skew { offset, told: if tell { offset } else { told.unwrap_or(offset) }, found: now });
    }
}
