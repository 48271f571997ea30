//! Id tokens (RFID cards, app accounts) as keyed hashes. The clear text never enters the domain.

use std::fmt;
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Words that chargers put where a token belongs when there is none; they name nobody and are kept readable.
const NOBODY: [&str; 4] = ["NoAuthorization", "FREE", "FREEVEND", "NULL"];

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The key under which tokens are hashed. It is kept outside the ledger.
#[derive(Clone)]
pub struct TokenKey {
    bytes: [u8; 32],
    /// The hash with the key already in it: half of the work of each.
    keyed: OnceLock<Option<Hmac<Sha256>>>,
    keeps_hashes: bool,
    keeps_records: bool,
    remembers_clear: bool,
}

impl TokenKey {
    /// Wraps 256 random bits.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self { bytes, keyed: OnceLock::new(), keeps_hashes: false, keeps_records: false, remembers_clear: false }
    }

    /// The key for what was exported from a ledger: a token that is a hash already stays that hash.
    #[must_use]
    pub fn keeping_hashes(self) -> Self {
        Self { keeps_hashes: true, ..self }
    }

    /// The key where signed meter records are kept as they came, with whom they name.
    #[must_use]
    pub fn keeping_records(self, keeps_records: bool) -> Self {
        Self { keeps_records, ..self }
    }

    /// The key where the clear text of tokens is remembered beside their hashes.
    #[must_use]
    pub fn remembering_clear(self, remembers_clear: bool) -> Self {
        Self { remembers_clear, ..self }
    }

    /// Whether signed meter records are kept as they came.
    pub const fn keeps_records(&self) -> bool {
        self.keeps_records
    }

    /// Whether the clear text of tokens is remembered.
    pub const fn remembers_clear(&self) -> bool {
        self.remembers_clear
    }

    /// The hash of a token as sent. Two spellings that differ in case or outer blanks are one token.
    /// Empty text is no token.
    pub fn hash(&self, clear: &str) -> Option<TokenHash> {
        let seen = clear.trim();
        if seen.is_empty() {
            return None;
        }
        if let Some(word) = NOBODY.iter().find(|word| word.eq_ignore_ascii_case(seen)) {
            return Some(TokenHash((*word).into()));
        }
        if self.keeps_hashes && is_hash(seen) {
            return Some(TokenHash(seen.into()));
        }
        let mut mac = self.keyed.get_or_init(|| Hmac::new_from_slice(&self.bytes).ok()).clone()?;
        if seen.bytes().any(|byte| byte.is_ascii_lowercase() || !byte.is_ascii()) {
            mac.update(seen.to_uppercase().as_bytes());
        } else {
            mac.update(seen.as_bytes());
        }
        let digest = mac.finalize().into_bytes();
        let mut text = String::with_capacity(34);
        text.push_str("t:");
        for byte in digest.iter().take(16) {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        Some(TokenHash(text.into()))
    }
}

/// Whether a text is a hash as the ledger writes it.
fn is_hash(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("t:").is_some_and(|digits| digits.len() == 32 && digits.bytes().all(digit))
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

/// A token's keyed hash: `t:` and 32 hex digits (HMAC-SHA-256, first 128 bits), or a word that stands for nobody.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TokenHash(Box<str>);

impl TokenHash {
    /// A hash that a person typed: `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        is_hash(text).then(|| Self(text.into()))
    }

    /// What stands for a token that was forgotten.
    pub const FORGOTTEN: &str = "forgotten";

    /// Whether these may be of one person: the same, or one of them was forgotten.
    pub fn may_be_same(one: Option<&Self>, other: Option<&Self>) -> bool {
        one == other || [one, other].into_iter().flatten().any(|token| *token.0 == *Self::FORGOTTEN)
    }

    /// A hash read back from the ledger.
    pub fn from_ledger(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Whether it stands for somebody, and is not a word that chargers use when there is no token.
    pub fn is_somebody(&self) -> bool {
        is_hash(&self.0)
    }

    /// The whole hash, for the ledger and the API.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({})", self.0.get(..8).unwrap_or(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_card_are_one_token_and_other_keys_give_other_hashes() {
        let key = TokenKey::new([7; 32]);
        assert_eq!(key.hash(" 04aabbcc "), key.hash("04AABBCC"));
        assert_ne!(key.hash("04AABBCC"), key.hash("04AABBCD"));
        assert_ne!(key.hash("04AABBCC"), TokenKey::new([8; 32]).hash("04AABBCC"));
        assert_eq!(key.hash("  "), None);
    }

    #[test]
    fn only_the_key_for_exports_leaves_a_hash_as_it_is() {
        let key = TokenKey::new([7; 32]);
        let hash = key.hash("04AABBCC").unwrap();
        assert_ne!(key.hash(hash.as_str()), Some(hash.clone()));
        let keeping = key.keeping_hashes();
        assert_eq!(keeping.hash(hash.as_str()), Some(hash.clone()));
        assert_eq!(keeping.hash("04AABBCC"), Some(hash));
        assert_ne!(keeping.hash("t:04AABBCC").unwrap().as_str(), "t:04AABBCC");
    }

    #[test]
    fn a_word_for_nobody_stays_readable_and_debug_shows_little() {
        let key = TokenKey::new([7; 32]);
        assert_eq!(key.hash("noauthorization").unwrap().as_str(), "NoAuthorization");
        assert!(format!("{:?}", key.hash("04AABBCC")).len() < 32);
    }
}
