//! Sessions that another system kept and told in a file. They are figures of the past, not facts of a charger: they have
//! an origin, bits that say what was odd about them, and numbers below 0.

use sha2::{Digest, Sha256};

use super::energy::{EnergyQuality, MilliWh};
use super::ids::{ChargerId, Outlet};
use super::time::At;
use super::token::TokenHash;

/// The source of sessions that a charger told itself. No file may be named so.
pub const CHARGER: &str = "charger";

/// How the identity begins that a session without id is given.
pub const HASHED: &str = "sha256:";

/// What was odd about an imported session, and so what was decided when it was read. Bits, as they stand in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities(pub u32);

impl Oddities {
    /// The file tells no end: it never closed there.
    pub const NO_END: Self = Self(1);
    /// The end that it tells lies before the start and was not taken.
    pub const END_BEFORE_START: Self = Self(2);
    /// A time lies in the hour that comes twice in autumn: the start is its first, the end the first that follows the start.
    pub const CLOCK_CHANGE: Self = Self(4);
    /// A time lies in the hour that spring leaves out: it is read as if the clock had not been put forward.
    pub const CLOCK_GAP: Self = Self(8);
    /// Day and month changed places.
    pub const DAY_MONTH_SWAPPED: Self = Self(16);
    /// Times are told to the minute.
    pub const WHOLE_MINUTES: Self = Self(32);
    /// The energy is below 0: within the noise of a meter taken as 0, else not taken.
    pub const NEGATIVE_ENERGY: Self = Self(64);
    /// More energy than the map lets pass unmarked.
    pub const HIGH_ENERGY: Self = Self(128);
    /// More power on average than the map lets pass unmarked.
    pub const HIGH_POWER: Self = Self(256);
    /// Longer than the map lets pass unmarked.
    pub const LONG: Self = Self(512);
    /// It begins before another of the same source at its connector has ended.
    pub const OVERLAP: Self = Self(1024);
    /// The energy that it tells is not that of its meter readings, which were taken.
    pub const METERS_DISAGREE: Self = Self(2048);

    /// Every bit with its word in API and reports.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::NO_END, "no_end"),
        (Self::END_BEFORE_START, "end_before_start"),
        (Self::CLOCK_CHANGE, "clock_change"),
        (Self::CLOCK_GAP, "clock_gap"),
        (Self::DAY_MONTH_SWAPPED, "day_month_swapped"),
        (Self::WHOLE_MINUTES, "whole_minutes"),
        (Self::NEGATIVE_ENERGY, "negative_energy"),
        (Self::HIGH_ENERGY, "high_energy"),
        (Self::HIGH_POWER, "high_power"),
        (Self::LONG, "long"),
        (Self::OVERLAP, "overlap"),
        (Self::METERS_DISAGREE, "meters_disagree"),
    ];

    /// Adds what `other` has.
    pub const fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Adds `other` where `so` holds.
    pub const fn add_if(&mut self, so: bool, other: Self) {
        if so {
            self.0 |= other.0;
        }
    }

    /// Whether it has all of `other`.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The words of what is set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(move |(bit, _)| self.has(*bit)).map(|(_, word)| word)
    }
}

/// Where an imported session came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Name of the source.
    pub source: String,
    /// Its id there, where the file tells one.
    pub session: Option<String>,
    /// Its site, as the file names it.
    pub site: Option<String>,
    /// What was odd about it.
    pub oddities: Oddities,
}

/// A session as it was read from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedSession {
    /// Its id in its source, where the file tells one.
    pub id: Option<String>,
    /// Its charger.
    pub charger: ChargerId,
    /// Where at the charger.
    pub outlet: Outlet,
    /// Start.
    pub started_at: At,
    /// End; `None` where the file tells none that can be.
    pub ended_at: Option<At>,
    /// Register at the start.
    pub meter_start: Option<MilliWh>,
    /// Register at the end.
    pub meter_stop: Option<MilliWh>,
    /// Energy delivered.
    pub energy: Option<MilliWh>,
    /// How the energy was found.
    pub quality: EnergyQuality,
    /// Why it stopped, in the words of the file.
    pub stop_reason: Option<String>,
    /// Who charged.
    pub token: Option<TokenHash>,
    /// Its site, as the file names it.
    pub site: Option<String>,
    /// Model of its charger, as the file names it.
    pub model: Option<String>,
    /// What is odd about it.
    pub oddities: Oddities,
}

impl ImportedSession {
    /// By what it is recognised within its source: its id there; without one, what it says.
    pub fn identity(&self) -> String {
        match &self.id {
            Some(id) => id.clone(),
            None => self.content().iter().fold(HASHED.to_owned(), |text, byte| text + &format!("{byte:02x}")),
        }
    }

    /// A hash of what is taken of it (128 bits). Whether it overlaps depends on others and is no part; nor is the token, so
    /// that nothing is left of a person who is forgotten.
    pub fn content(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        let mut part = |text: Option<&str>| {
            hash.update([u8::from(text.is_some())]);
            hash.update(text.map_or(0, str::len).to_le_bytes());
            hash.update(text.unwrap_or_default());
        };
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let energy = |energy: Option<MilliWh>| number(energy.map(|energy| energy.0));
        part(Some(&self.charger.folded()));
        part(Some(&format!("{}/{}", self.outlet.evse, self.outlet.connector)));
        part(number(Some(self.started_at.millis())).as_deref());
        part(number(self.ended_at.map(At::millis)).as_deref());
        for register in [self.meter_start, self.meter_stop, self.energy] {
            part(energy(register).as_deref());
        }
        part(Some(self.quality.as_str()));
        part(self.stop_reason.as_deref());
        part(self.site.as_deref());
        part(number(Some((self.oddities.0 & !Oddities::OVERLAP.0).into())).as_deref());
        let digest = hash.finalize();
        std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> ImportedSession {
        ImportedSession {
            id: None,
            charger: ChargerId::new("CP-1"),
            outlet: Outlet::new(1, 1),
            started_at: At::from_millis(0),
            ended_at: None,
            meter_start: None,
            meter_stop: None,
            energy: Some(MilliWh(1)),
            quality: EnergyQuality::Inferred,
            stop_reason: None,
            token: None,
            site: None,
            model: None,
            oddities: Oddities::NO_END,
        }
    }

    #[test]
    fn a_session_without_id_is_recognised_by_what_it_says_and_not_by_its_neighbours() {
        let one = session();
        let mut overlapping = session();
        overlapping.oddities.add(Oddities::OVERLAP);
        assert_eq!(one.identity(), overlapping.identity());
        for other in [
            ImportedSession { ended_at: Some(At::from_millis(5)), ..session() },
            ImportedSession { meter_start: Some(MilliWh(1)), energy: None, ..session() },
            ImportedSession { meter_stop: Some(MilliWh(1)), energy: None, ..session() },
            ImportedSession { site: Some("x".into()), ..session() },
            ImportedSession { stop_reason: Some("x".into()), ..session() },
        ] {
            assert_ne!(one.identity(), other.identity(), "{other:?}");
        }
        assert_eq!(ImportedSession { id: Some("7".into()), ..session() }.identity(), "7");
    }

    #[test]
    fn each_oddity_has_a_bit_and_a_word_of_its_own() {
        let all = Oddities::ALL.into_iter().fold(0, |all, (bit, _)| all | bit.0);
        assert_eq!((all.count_ones(), Oddities(all).words().count()), (12, 12));
        assert_eq!(Oddities(1 + 512).words().collect::<Vec<_>>(), ["no_end", "long"]);
    }
}
