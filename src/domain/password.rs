//! Passwords of chargers: which are strong enough to be set. Pure: what is drawn by chance is drawn elsewhere.

use std::collections::BTreeMap;

use super::ids::ChargerId;

/// Bytes of a key that is drawn here: the most that an AuthorizationKey of OCPP 1.6 holds.
pub const KEY_BYTES: usize = 20;

/// Shortest and longest password, in characters: what OCPP takes (16 by its 2.x, 40 by both).
const LENGTH: std::ops::RangeInclusive<usize> = 16..=40;

/// Least entropy, in bits, as [`bits`] estimates it: 16 characters by chance have some 55 by it, a date or a word and its
/// repetition less than 35.
const LEAST_BITS: f64 = 45.0;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short or too long.
    #[error("a charger's password has {} to {} characters (OCPP)", LENGTH.start(), LENGTH.end())]
    Length,
    /// It holds what a header or a charger cannot carry.
    #[error("a charger's password is of printable ASCII characters without blanks at its ends")]
    Characters,
    /// It is, or holds, the identity of its charger.
    #[error("the password holds the charger's identity, which everybody can read")]
    Identity,
    /// Too easy to guess.
    #[error(
        "the password is too easy to guess (repeated, in sequence or of few different characters); leave it out, and one is made"
    )]
    Guessable,
}

/// How a secret is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// 20 bytes that a machine drew: a fast keyed hash is enough.
    Drawn,
    /// Text that a person may have chosen: it takes a slow hash.
    Chosen,
}

/// The form in which two spellings of one secret are equal: 40 hex digits are the 20 bytes that they stand for, as
/// chargers send either.
pub fn canonical(secret: &[u8]) -> Vec<u8> {
    hex(secret).unwrap_or_else(|| secret.to_vec())
}

/// The bytes of 40 hex digits.
fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    if text.len() == 2 * KEY_BYTES { pairs.collect() } else { None }
}

/// Whether a password may be set for a charger, and how it is to be kept.
///
/// The rule: 16 to 40 printable ASCII characters, without the charger's identity in them, and 45 bits by the estimate of
/// [`bits`]. 40 hex digits that stand for no text are a key that a machine drew.
///
/// # Errors
/// Why not; never with a part of it.
pub fn judge(charger: &ChargerId, password: &str) -> Result<Origin, Weak> {
    if !password.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || password.trim() != password {
        return Err(Weak::Characters);
    }
    if !LENGTH.contains(&password.len()) {
        return Err(Weak::Length);
    }
    let folded = password.to_lowercase();
    let identity = charger.folded();
    if identity.len() >= 4 && folded.contains(&identity) {
        return Err(Weak::Identity);
    }
    let bytes = hex(password.as_bytes());
    let text = bytes.as_ref().is_none_or(|bytes| bytes.iter().all(|byte| (b' '..=b'~').contains(byte)));
    let weighed = if text { canonical(password.as_bytes()) } else { folded.into_bytes() };
    if bits(&weighed) < LEAST_BITS || weighed == identity.as_bytes() {
        return Err(Weak::Guessable);
    }
    Ok(if text { Origin::Chosen } else { Origin::Drawn })
}

/// A cautious estimate of the entropy of a text, in bits: by how often each character comes (Shannon), counting only
/// characters that do not repeat or continue the one before, nor what stood at the same distance before.
pub fn bits(text: &[u8]) -> f64 {
    let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
    for byte in text {
        *counts.entry(byte.to_ascii_lowercase()).or_default() += 1;
    }
    let all = text.len() as f64;
    let each: f64 = counts.values().map(|count| f64::from(*count) / all).map(|share| -share * share.log2()).sum();
    let fresh = text.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) > 1).count() + 1;
    // A text that is a shorter one again and again is worth that shorter one.
    let period = (1..text.len()).find(|step| text.iter().zip(&text[*step..]).all(|(a, b)| a == b));
    each * fresh.min(period.unwrap_or(text.len())) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(password: &str) -> Result<Origin, Weak> {
        judge(&ChargerId::new("CP-1604"), password)
    }

    #[test]
    fn what_is_easy_to_guess_is_refused_and_why_is_told() {
        for (password, why) in [
            ("", Weak::Length),
            ("secret123", Weak::Length),
            (&"Zk3".repeat(14), Weak::Length),
            ("kX7-qW2_mR9+tB4 ", Weak::Characters),
            ("kX7-qW2_mR9+tBß4", Weak::Characters),
            ("xkcp-1604xkqwz77", Weak::Identity),
            ("aaaaaaaaaaaaaaaa", Weak::Guessable),
            ("abababababababab", Weak::Guessable),
            ("0123456789abcdef", Weak::Guessable),
            ("password-password", Weak::Guessable),
            ("1234567890123456", Weak::Guessable),
            ("0123456789abcdef0123456789abcdef01234567", Weak::Guessable),
            ("0000000000000000000000000000000000000000", Weak::Guessable),
            // The hex digits of "password1234password".
            ("70617373776f72643132333470617373776f7264", Weak::Guessable),
        ] {
            assert_eq!(judged(password), Err(why), "{password}");
        }
    }

    #[test]
    fn forty_hex_digits_are_a_key_where_they_are_no_text() {
        assert_eq!(judged("8f3a1c5e9b7d2f604a8c6e1b3d5f7092a4c6e8b0"), Ok(Origin::Drawn));
        assert_eq!(judged("kX7-qW2_mR9+tB4!"), Ok(Origin::Chosen));
        // The hex digits of "kX7-qW2_mR9+tB4!Zp8*".
        assert_eq!(judged("6b58372d7157325f6d52392b744234215a70382a"), Ok(Origin::Chosen));
    }

    proptest! {
        #[test]
        fn a_key_that_was_drawn_is_taken_in_every_spelling(key in any::<[u8; KEY_BYTES]>()) {
            let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            prop_assume!(key.iter().collect::<std::collections::BTreeSet<_>>().len() > 12);
            prop_assert!(judged(&digits).is_ok());
            prop_assert_eq!(canonical(digits.as_bytes()), key.to_vec());
            prop_assert_eq!(canonical(digits.to_uppercase().as_bytes()), key.to_vec());
            prop_assert_eq!(canonical(&key), key.to_vec());
        }

        #[test]
        fn any_text_is_judged(text in ".{0,60}") {
            judged(&text).ok();
        }
    }
}
