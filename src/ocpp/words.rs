//! Closed vocabularies seen through open eyes: a word is matched exactly, then without case, then as another spelling,
//! and else kept as it came.

use super::Version;
use crate::domain::deviation::Rule;
use crate::domain::reading::Word;

/// The words that a specification allows in one place, and other spellings of them.
#[derive(Debug)]
pub(super) struct Words {
    /// The specification's words.
    pub(super) known: &'static [&'static str],
    /// Words that only OCPP 2.1 has here.
    pub(super) from_21: &'static [&'static str],
    /// Other spellings seen in the field, each with its word. Case, blanks, dots, dashes and underscores do not matter.
    pub(super) aliases: &'static [(&'static str, &'static str)],
    /// From this version on any other word of so many characters is as good: the list is advice.
    pub(super) open_from: Option<(Version, usize)>,
}

impl Words {
    /// The word that a text stands for, and the rule it took to see that.
    pub(super) fn look_up(&self, text: &str, version: Version) -> (Word, Option<Rule>) {
        if let Some(word) = self.known.iter().find(|word| **word == text) {
            return (Word::Known(word), None);
        }
        if let Some(word) = self.from_21.iter().find(|word| **word == text) {
            return (Word::Known(word), (version < Version::V21).then_some(Rule::OtherVersion));
        }
        let known = || self.known.iter().chain(self.from_21);
        if let Some(word) = known().find(|word| word.eq_ignore_ascii_case(text)) {
            return (Word::Known(word), Some(Rule::EnumCase));
        }
        let alias = self.aliases.iter().find(|(spelling, _)| same_letters(spelling, text)).map(|(_, word)| word);
        match alias.or_else(|| known().find(|word| same_letters(word, text))) {
            Some(word) => (Word::Known(word), Some(Rule::EnumAlias)),
            None if self.open_from.is_some_and(|(open, _)| version >= open) => {
                let long = self.open_from.is_some_and(|(_, longest)| text.chars().count() > longest);
                (Word::Other(text.trim().into()), long.then_some(Rule::TooLong))
            }
            None => (Word::Other(text.trim().into()), Some(Rule::EnumUnknown)),
        }
    }
}

/// Names [`Words`] by a type, so that a field can say which it takes.
pub(super) trait Vocabulary {
    /// The words.
    const WORDS: &'static Words;
}

/// Declares vocabularies: words, those that only 2.1 has, and other spellings.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident [$($word:literal)*] $(from_21 [$($newer:literal)*])? $(open $open:ident $longest:literal)? $($alias:literal => $of:literal)*) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(in crate::ocpp) struct $name;

        impl $crate::ocpp::words::Vocabulary for $name {
            const WORDS: &'static $crate::ocpp::words::Words = &$crate::ocpp::words::Words {
                known: &[$($word,)*],
                from_21: &[$($($newer,)*)?],
                aliases: &[$(($alias, $of),)*],
                open_from: $crate::ocpp::words::vocabulary!(@open $($open $longest)?),
            };
        }
    };
    (@open) => { None };
    (@open $open:ident $longest:literal) => { Some(($crate::ocpp::Version::$open, $longest)) };
}
pub(super) use vocabulary;

/// Declares vocabularies that shapes name.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident [$($word:literal)*] $(from_21 [$($newer:literal)*])? $(open $open:ident $longest:literal)?;)*) => {
        $($(#[$doc])*
        pub(in crate::ocpp) static $name: $crate::ocpp::words::Words = $crate::ocpp::words::Words {
            known: &[$($word,)*],
            from_21: &[$($($newer,)*)?],
            aliases: &[],
            open_from: $crate::ocpp::words::vocabulary!(@open $($open $longest)?),
        };)*
    };
}
pub(super) use words;

/// Whether two spellings are the same but for case and for marks between their letters.
pub(super) fn same_letters(one: &str, other: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| !" .-_".contains(*c)).flat_map(char::to_lowercase)
    }
    one.len().abs_diff(other.len()) <= 16 && letters(one).eq(letters(other))
}

/// Whether a text says that there is no value.
pub(super) fn means_nothing(text: &str) -> bool {
    ["null", "none", "(null)", "nil", "undefined"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOURS: Words = Words {
        known: &["Red", "Dark.Blue"],
        from_21: &["Pink"],
        aliases: &[("crimson", "Red")],
        open_from: Some((Version::V21, 12)),
    };

    #[test]
    fn a_word_is_found_by_the_narrowest_rule_that_fits() {
        for (text, word, rule) in [
            ("Red", "Red", None),
            ("red", "Red", Some(Rule::EnumCase)),
            ("Crimson", "Red", Some(Rule::EnumAlias)),
            ("DARK_BLUE", "Dark.Blue", Some(Rule::EnumAlias)),
            ("dark blue ", "Dark.Blue", Some(Rule::EnumAlias)),
            ("Green", "Green", Some(Rule::EnumUnknown)),
            ("Pink", "Pink", Some(Rule::OtherVersion)),
        ] {
            assert_eq!(COLOURS.look_up(text, Version::V201), (Word::Other(word.into()), rule), "{text}");
        }
    }

    #[test]
    fn words_of_the_newest_version_and_of_open_lists_are_no_deviation_there() {
        for text in ["Pink", "Green", "Red"] {
            assert_eq!(COLOURS.look_up(text, Version::V21), (Word::Other(text.into()), None));
        }
        assert_eq!(COLOURS.look_up("A very long green", Version::V21).1, Some(Rule::TooLong));
    }

    #[test]
    fn a_known_word_costs_no_allocation() {
        assert!(matches!(COLOURS.look_up("RED", Version::V16).0, Word::Known("Red")));
    }
}
