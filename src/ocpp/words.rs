//! Closed vocabularies seen through open eyes: a word is matched exactly, then without case, then as another spelling,
//! and else kept as it came.

use crate::domain::deviation::Rule;
use crate::domain::reading::Word;

/// The words that a specification allows in one place, and other spellings of them.
pub(super) trait Vocabulary {
    /// The specification's words.
    const WORDS: &'static [&'static str];
    /// Other spellings seen in the field, each with its word. Case, blanks, dots, dashes and underscores do not matter.
    const ALIASES: &'static [(&'static str, &'static str)] = &[];
}

/// The word that a text stands for, and the rule it took to see that.
pub(super) fn look_up<V: Vocabulary>(text: &str) -> (Word, Option<Rule>) {
    if let Some(word) = V::WORDS.iter().find(|word| **word == text) {
        return (Word::Known(word), None);
    }
    if let Some(word) = V::WORDS.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        return (Word::Known(word), Some(Rule::EnumCase));
    }
    let alias = V::ALIASES.iter().find(|(spelling, _)| same_letters(spelling, text)).map(|(_, word)| word);
    match alias.or_else(|| V::WORDS.iter().find(|word| same_letters(word, text))) {
        Some(word) => (Word::Known(word), Some(Rule::EnumAlias)),
        None => (Word::Other(text.trim().into()), Some(Rule::EnumUnknown)),
    }
}

/// Whether two spellings are the same but for case and for marks between their letters.
pub(super) fn same_letters(one: &str, other: &str) -> bool {
    let letters = |text: &'_ str| -> Vec<char> {
        text.chars().filter(|c| !" .-_".contains(*c)).flat_map(char::to_lowercase).collect()
    };
    one.len().abs_diff(other.len()) <= 16 && letters(one) == letters(other)
}

/// Whether a text says that there is no value.
pub(super) fn means_nothing(text: &str) -> bool {
    ["null", "none", "(null)", "nil", "undefined"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Colours;
    impl Vocabulary for Colours {
        const WORDS: &'static [&'static str] = &["Red", "Dark.Blue"];
        const ALIASES: &'static [(&'static str, &'static str)] = &[("crimson", "Red")];
    }

    #[test]
    fn a_word_is_found_by_the_narrowest_rule_that_fits() {
        for (text, word, rule) in [
            ("Red", "Red", None),
            ("red", "Red", Some(Rule::EnumCase)),
            ("Crimson", "Red", Some(Rule::EnumAlias)),
            ("DARK_BLUE", "Dark.Blue", Some(Rule::EnumAlias)),
            ("dark blue ", "Dark.Blue", Some(Rule::EnumAlias)),
            ("Green", "Green", Some(Rule::EnumUnknown)),
        ] {
            assert_eq!(look_up::<Colours>(text), (Word::Other(word.into()), rule), "{text}");
        }
    }

    #[test]
    fn a_known_word_costs_no_allocation() {
        assert!(matches!(look_up::<Colours>("RED").0, Word::Known("Red")));
    }
}
