//! What is noted in the margin while a payload is read: deviations, each with the place where it was found.

use std::fmt::Write;

use super::Version;
use super::veil::{Hashes, veil};
use crate::domain::deviation::{Deviation, Rule};
use crate::ocppj;

/// Most deviations that are kept of one frame. More of them say nothing new, and the frame itself is kept.
const LIMIT: usize = 32;

/// Deepest place that has a name; the messages of 2.x end twelve steps down, in the tariffs of charging profiles.
const DEPTH: usize = 16;

/// A shorter secret is only replaced where it stands alone: its letters may stand anywhere.
const LEAST_SECRET: usize = 4;

/// What is kept of a frame whose secret cannot be cut out.
const WITHHELD: &str = "withheld: it holds a secret";

/// A step into a payload.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Into a field.
    Key(&'static str),
    /// Into a list, from 0.
    Item(usize),
}

/// The deviations found so far, where the reader stands, and the key that turns tokens into hashes.
pub(super) struct Notes<'k> {
    pub(super) key: &'k Hashes<'k>,
    /// The version that the frame is read as.
    pub(super) version: Version,
    path: [Step; DEPTH],
    depth: usize,
    /// Kind of place (a hash of the path without list positions) of each deviation: one per rule and kind of place is
    /// enough.
    kinds: Vec<u64>,
    deviations: Vec<Deviation>,
    /// Texts of the payload that must not be kept, each with what stands for it.
    withheld: Vec<(Box<str>, Box<str>)>,
}

impl<'k> Notes<'k> {
    pub(super) fn new(version: Version, key: &'k Hashes<'k>) -> Self {
        Self {
            key,
            version,
            path: [Step::Item(0); DEPTH],
            depth: 0,
            kinds: Vec::new(),
            deviations: Vec::new(),
            withheld: Vec::new(),
        }
    }

    /// Steps into a field or list item until [`Self::leave`].
    pub(super) fn enter(&mut self, step: Step) {
        if let Some(place) = self.path.get_mut(self.depth) {
            *place = step;
        }
        self.depth += 1;
    }

    /// Steps out again.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Notes a deviation where the reader stands.
    pub(super) fn add(&mut self, rule: Rule, found: &str) {
        self.add_at(rule, "", found);
    }

    /// Notes a deviation at a field below where the reader stands.
    pub(super) fn add_at(&mut self, rule: Rule, key: &str, found: &str) {
        if self.deviations.len() >= LIMIT {
            return;
        }
        let kind = self.kind_of_place(key);
        let again = self.deviations.iter().zip(&self.kinds).any(|(seen, at)| seen.rule == rule && *at == kind);
        if !again {
            self.deviations.push(Deviation::new(rule, self.place(key), &veil(found, self.key)));
            self.kinds.push(kind);
        }
    }

    /// Marks what has been noted so far, for [`Self::rewind`].
    pub(super) fn mark(&self) -> usize {
        self.deviations.len()
    }

    /// Whether what was noted since says that the payload may be of another shape: keys are missing that must be
    /// there, or are there that no one knows.
    pub(super) fn say_another_shape(&self, mark: usize) -> bool {
        let shaped = |seen: &Deviation| matches!(seen.rule, Rule::Missing | Rule::UnknownKey);
        self.deviations.iter().skip(mark).any(shaped)
    }

    /// Forgets what was noted since, and goes on in another version.
    pub(super) fn rewind(&mut self, mark: usize, version: Version) {
        self.deviations.truncate(mark);
        self.kinds.truncate(mark);
        self.version = version;
    }

    /// Withholds a text that no key betrays as secret; returns what stands for it.
    pub(super) fn withhold(&mut self, secret: &str, instead: impl Into<Box<str>>) -> Box<str> {
        let instead = instead.into();
        self.withheld.push((secret.into(), instead.clone()));
        instead
    }

    /// The frame's text without what is withheld. A secret that cannot be found in it may be there in another spelling:
    /// then nothing of the text is kept.
    pub(super) fn without_secrets(&self, text: Box<str>) -> Box<str> {
        self.withheld.iter().fold(text, |text, (secret, instead)| {
            let (quoted, with) = (ocppj::quoted(secret), ocppj::quoted(instead));
            if text.contains(&quoted) {
                text.replace(&quoted, &with).into()
            } else if secret.len() >= LEAST_SECRET && text.contains(&**secret) {
                text.replace(&**secret, instead).into()
            } else {
                WITHHELD.into()
            }
        })
    }

    /// The deviations, in the order in which they were found.
    pub(super) fn into_deviations(self) -> Vec<Deviation> {
        self.deviations
    }

    fn steps(&self) -> &[Step] {
        &self.path[..self.depth.min(DEPTH)]
    }

    /// FNV-1a over the names on the way.
    fn kind_of_place(&self, key: &str) -> u64 {
        let names = self.steps().iter().filter_map(|step| match step {
            Step::Key(name) => Some(*name),
            Step::Item(_) => None,
        });
        let bytes = names.chain([key]).flat_map(|name| name.bytes().chain([b'.']));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    fn place(&self, key: &str) -> String {
        let mut text = String::with_capacity(64);
        for step in self.steps() {
            match step {
                Step::Key(name) => join(&mut text, name),
                Step::Item(index) => {
                    // Writing to a String cannot fail.
                    write!(text, "[{index}]").ok();
                }
            }
        }
        if !key.is_empty() {
            join(&mut text, key);
        }
        text
    }
}

fn join(text: &mut String, name: &str) {
    if !text.is_empty() {
        text.push('.');
    }
    text.push_str(name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::token::TokenKey;

    static KEY: TokenKey = TokenKey::new([7; 32]);

    fn hashes() -> Hashes<'static> {
        Hashes::new(&KEY)
    }

    #[test]
    fn a_deviation_knows_its_place_and_is_noted_once_per_kind_of_place() {
        let hashes = hashes();
        let mut notes = Notes::new(Version::V16, &hashes);
        for index in 0..3 {
            notes.enter(Step::Key("meterValue"));
            notes.enter(Step::Item(index));
            notes.add_at(Rule::TimeZone, "timestamp", "noon");
            notes.add(Rule::WrongType, "a number");
            notes.leave();
            notes.leave();
        }
        notes.add(Rule::Framing, "odd");
        let seen: Vec<_> =
            notes.into_deviations().into_iter().map(|seen| (seen.rule, String::from(seen.path))).collect();
        let place = |text: &str| text.to_owned();
        assert_eq!(
            seen,
            [
                (Rule::TimeZone, place("meterValue[0].timestamp")),
                (Rule::WrongType, place("meterValue[0]")),
                (Rule::Framing, place("")),
            ]
        );
    }

    #[test]
    fn a_frame_cannot_make_more_deviations_than_are_kept() {
        let hashes = hashes();
        let mut notes = Notes::new(Version::V16, &hashes);
        (0..1000).for_each(|number| notes.add_at(Rule::UnknownKey, &format!("key{number}"), ""));
        assert_eq!(notes.into_deviations().len(), LIMIT);
    }

    #[test]
    fn no_depth_is_too_deep() {
        let hashes = hashes();
        let mut notes = Notes::new(Version::V16, &hashes);
        (0..20).for_each(|_| notes.enter(Step::Key("a")));
        notes.add(Rule::WrongType, "");
        (0..30).for_each(|_| notes.leave());
        notes.add(Rule::Framing, "");
        assert_eq!(&*notes.into_deviations()[0].path, ["a"; DEPTH].join("."));
    }

    #[test]
    fn a_token_in_what_was_found_is_not_shown() {
        let hashes = hashes();
        let mut notes = Notes::new(Version::V16, &hashes);
        notes.add(Rule::TooLong, r#"{"idTag":"04AABBCC"}"#);
        assert!(!notes.into_deviations()[0].found.contains("04AABBCC"));
    }
}
