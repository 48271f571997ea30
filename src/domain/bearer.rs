//! API tokens of people and programmes as text: `cw_`, 256 random bits in hex, and a checksum by which a scanner for
//! leaked secrets tells one from any other text.
//!
//! Only a token's SHA-256 is kept. A slow hash with a salt protects what a person chose and another can guess; nobody
//! guesses 256 random bits, and the hash is computed with every request.

use std::fmt::{self, Write};

use sha2::{Digest as _, Sha256};

/// What every token begins with.
const PREFIX: &str = "cw_";

/// Hex digits of the random part.
const RANDOM_DIGITS: usize = 64;

/// Hex digits of the checksum: the first of the SHA-256 of all that stands before it.
const CHECK_DIGITS: usize = 8;

/// A token in clear. It is never printed but by who asks for its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer(String);

impl Bearer {
    /// The token of 256 random bits.
    pub fn of(random: [u8; 32]) -> Self {
        let mut text = PREFIX.to_owned() + &hex(&random);
        let check = hex(&Sha256::digest(&text));
        text.extend(check.chars().take(CHECK_DIGITS));
        Self(text)
    }

    /// Recognises a token; `None` where the text is none, or one that was cut or mistyped.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != RANDOM_DIGITS + CHECK_DIGITS || !digits.bytes().all(is_digit) {
            return None;
        }
        let (random, check) = text.split_at(PREFIX.len() + RANDOM_DIGITS);
        hex(&Sha256::digest(random)).starts_with(check).then(|| Self(text.to_owned()))
    }

    /// What is kept of it.
    pub fn digest(&self) -> BearerDigest {
        BearerDigest(Sha256::digest(&self.0).into())
    }

    /// The token itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

/// A token's SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BearerDigest(pub [u8; 32]);

impl BearerDigest {
    /// As it stands in the ledger: 64 hex digits.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// Read back from the ledger.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Debug for BearerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerDigest(…)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_and_one_that_was_mistyped_is_not() {
        let token = Bearer::of([7; 32]);
        let text = token.reveal();
        assert_eq!(text.len(), 75);
        assert_eq!(Bearer::read(text), Some(token.clone()));
        let mistyped = text.replacen('7', "8", 1);
        for other in [&text[..74], &mistyped, &text.to_uppercase(), "cw_", "", &format!("{text}0"), &"ä".repeat(37)] {
            assert_eq!(Bearer::read(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_kept_does_not_show_the_token_and_is_read_back() {
        let token = Bearer::of([9; 32]);
        let kept = token.digest();
        assert_eq!(BearerDigest::from_hex(&kept.to_hex()), Some(kept));
        assert!(BearerDigest::from_hex("00").is_none() && BearerDigest::from_hex(&"zz".repeat(32)).is_none());
        assert!(!token.reveal().contains(&kept.to_hex()));
        assert_eq!(format!("{token:?} {kept:?}"), "Bearer(…) BearerDigest(…)");
    }
}
