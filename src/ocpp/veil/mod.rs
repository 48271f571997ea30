//! Takes out of a frame's text, before it is kept, what names a person: id tokens are replaced by their hashes, signed
//! meter records are covered (`cover`), customer data and contract certificates are hidden. Everything else stays
//! verbatim. Works on text, not on JSON, so that it also holds for frames that cannot be read, for tokens of any JSON
//! type, and for JSON inside a text (vendor data).

mod cover;
mod names;
#[cfg(test)]
mod tests;
mod walk;

use std::borrow::Cow;
use std::cell::RefCell;

use self::walk::Veil;
use crate::domain::token::{TokenHash, TokenKey};

/// A token shorter than this is replaced only where a name betrays it: its letters may stand anywhere.
const LEAST_TOKEN: usize = 8;

/// The tokens of one frame: one that is both veiled and read is hashed once.
pub(super) struct Hashes<'k> {
    key: &'k TokenKey,
    last: RefCell<Option<(Box<str>, TokenHash)>>,
    read: RefCell<Vec<(TokenHash, Box<str>)>>,
}

impl<'k> Hashes<'k> {
    pub(super) fn new(key: &'k TokenKey) -> Self {
        Self { key, last: RefCell::new(None), read: RefCell::new(Vec::new()) }
    }

    /// The hash of a token, as [`TokenKey::hash`] has it.
    pub(super) fn hash(&self, clear: &str) -> Option<TokenHash> {
        if let Some((_, hash)) = self.last.borrow().as_ref().filter(|(of, _)| **of == *clear) {
            return Some(hash.clone());
        }
        let hash = self.key.hash(clear)?;
        self.last.replace(Some((clear.into(), hash.clone())));
        Some(hash)
    }

    /// The hash of what a reader took for a token. Wherever else it stands in the frame it is veiled too.
    pub(super) fn of_token(&self, clear: &str) -> Option<TokenHash> {
        let hash = self.hash(clear)?;
        let seen = clear.trim();
        if !hash.as_str().eq_ignore_ascii_case(seen) {
            self.read.borrow_mut().push((hash.clone(), seen.into()));
        }
        Some(hash)
    }

    /// Whether signed meter records are kept as they came.
    pub(super) const fn keeps_records(&self) -> bool {
        self.key.keeps_records()
    }

    /// A veiled frame without the tokens that no name betrayed: under an escaped key, or mentioned once more.
    pub(super) fn sweep(&self, text: Box<str>) -> Box<str> {
        let tokens = self.read.borrow();
        let hidden = tokens.iter().filter(|(_, clear)| clear.len() >= LEAST_TOKEN);
        hidden.fold(text, |text, (hash, clear)| replace_words(&text, clear, hash.as_str()).map_or(text, Into::into))
    }

    /// The tokens that were read, with their clear text, where that is to be remembered.
    pub(super) fn into_clear(self) -> Vec<(TokenHash, Box<str>)> {
        if self.key.remembers_clear() { self.read.into_inner() } else { Vec::new() }
    }
}

/// The text with a word replaced wherever it stands alone within a text; `None` where it does not.
fn replace_words(text: &str, word: &str, with: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices(word) {
        let before = text[..at].bytes().next_back();
        let after = text[at + word.len()..].bytes().next();
        let begins = before.is_some_and(|byte| b"\"' #(-_/=".contains(&byte));
        if at >= copied && begins && !after.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            out.push_str(&text[copied..at]);
            out.push_str(with);
            copied = at + word.len();
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// The text without what names a person. Borrowed when there is nothing of that in it.
pub(super) fn veil<'a>(text: &'a str, key: &Hashes<'_>) -> Cow<'a, str> {
    Veil::new(text, key).whole()
}

/// A signed meter record as it may be kept, from a text that is one as a whole.
pub(super) fn veil_record<'a>(text: &'a str, key: &Hashes<'_>) -> Cow<'a, str> {
    if key.keeps_records() {
        return Cow::Borrowed(text);
    }
    match cover::judge(text) {
        cover::Verdict::Harmless => Cow::Borrowed(text),
        cover::Verdict::Readable => veil(text, key),
        cover::Verdict::Coded(plain) => Cow::Owned(veil(&plain, key).into_owned()),
        cover::Verdict::Unknown => Cow::Borrowed(cover::WITHHELD),
    }
}
