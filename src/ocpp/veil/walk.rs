//! The walk over a frame's text: from name to name, replacing the values that must not be kept.

use std::borrow::Cow;
use std::ops::Range;

use super::names::{CONTRACT, HIDDEN_NAMES, MENTIONS, TOKEN_NAMES, ends_in, find_hit};
use super::{Hashes, LEAST_TOKEN, cover, veil};

/// What stands for what is not kept at all.
const HIDDEN: &str = "hidden";

/// What becomes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It is a token.
    Hash,
    /// It is not kept.
    Hide,
    /// It is a signed meter record.
    Record,
}

pub(super) struct Veil<'a, 'k> {
    text: &'a str,
    /// All before this has been looked at.
    at: usize,
    /// All before this is in `out`.
    copied: usize,
    out: String,
    /// The name stands in quotes of its own, so a bare value after it may get quotes too.
    quoting: bool,
    manner: Manner,
    /// A name that only matters here, as far as there.
    also: Option<(&'static str, usize)>,
    /// There are signed records among the values.
    signed: bool,
    key: &'k Hashes<'k>,
}

/// A text in quotes, which may themselves be escaped: `"…"`, `\"…\"`, `\\\"…\\\"`.
struct Literal {
    /// The backslashes before each quote.
    depth: usize,
    inner: Range<usize>,
    end: usize,
}

impl<'a, 'k> Veil<'a, 'k> {
    pub(super) fn new(text: &'a str, key: &'k Hashes<'k>) -> Self {
        let manner = Manner::Hash;
        Self { text, at: 0, copied: 0, out: String::new(), quoting: false, manner, also: None, signed: false, key }
    }

    /// Walks over the whole text.
    pub(super) fn whole(mut self) -> Cow<'a, str> {
        while let Some(name) = self.next_name() {
            self.at = name.end;
            self.treat(name);
        }
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.copied..]);
        Cow::Owned(self.out)
    }

    fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    /// The next name that has one of the words in it, or the one that only matters here.
    fn next_name(&self) -> Option<Range<usize>> {
        let bytes = self.bytes();
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let known = find_hit(&bytes[self.at..]).map(|hit| self.at + hit);
        let hit = match (known, self.also_here()) {
            (Some(known), Some(also)) => known.min(also),
            (known, also) => known.or(also)?,
        };
        let before = bytes[self.at..hit].iter().rev().take_while(|byte| part(byte)).count();
        let after = bytes[hit..].iter().take_while(|byte| part(byte)).count();
        Some(hit - before..hit + after)
    }

    /// The name that only matters here, and as far as where.
    fn also(&self) -> Option<(&'static str, usize)> {
        let also = self.also.filter(|(_, until)| *until > self.at);
        also.or_else(|| self.signed.then_some(("value", self.text.len())))
    }

    /// Where the name that only matters here stands next.
    fn also_here(&self) -> Option<usize> {
        let (name, until) = self.also()?;
        let bytes = self.bytes().get(self.at..until)?;
        let whole = |at: usize| {
            let ends = bytes.get(at + name.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric());
            ends && (at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
        };
        let found = bytes.windows(name.len()).enumerate();
        let mut hits = found.filter(|(at, word)| word.eq_ignore_ascii_case(name.as_bytes()) && whole(*at));
        hits.next().map(|(at, _)| self.at + at)
    }

    /// Does with what follows a name what the name asks for.
    fn treat(&mut self, name: Range<usize>) {
        let word = &self.text[name.clone()];
        if let Some((also, _)) = self.also()
            && word.eq_ignore_ascii_case(also)
        {
            let manner = match also {
                "id" => Manner::Hash,
                "value" => Manner::Record,
                _ => Manner::Hide,
            };
            self.value(manner);
        } else if ends_in(word, TOKEN_NAMES) {
            self.value(Manner::Hash);
        } else if ends_in(word, HIDDEN_NAMES) || word.eq_ignore_ascii_case(CONTRACT) {
            self.value(Manner::Hide);
        } else if ends_in(word, &["customerinformation"]) {
            self.also = Some(("data", self.text.len()));
        } else if ends_in(word, MENTIONS) {
            self.mention();
        } else if !self.key.keeps_records() {
            self.treat_record(word, name);
        }
    }

    /// The same for what belongs to signed meter records.
    fn treat_record(&mut self, word: &str, name: Range<usize>) {
        if ends_in(word, &["signedmeterdata"]) {
            self.value(Manner::Record);
        } else if ends_in(word, &["signeddata"]) && !self.signed {
            // The record may stand before the word that tells what it is.
            self.signed = true;
            self.at = self.copied;
        } else if self.text[name.start..].get(..5).is_some_and(|head| head.eq_ignore_ascii_case("ocmf|")) {
            self.also = Some(("id", cover::end_of_object(self.text, name.end)));
        } else if let Some(coded) = cover::coded(&self.text[name.start..]) {
            let plain = veil(&coded.plain, self.key);
            let depth = self.text[..name.start]
                .strip_suffix('"')
                .map_or(0, |before| before.bytes().rev().take_while(|byte| *byte == b'\\').count());
            self.replace(name.start..name.start + coded.length, &cover::escaped(&plain, depth));
            self.at = name.start + coded.length;
        }
    }

    /// Replaces the value that follows a name, if one does.
    fn value(&mut self, manner: Manner) {
        self.manner = manner;
        self.quoting = self.peek() == Some(b'"');
        while matches!(self.peek(), Some(b'\\' | b'"' | b'\'')) {
            self.at += 1;
        }
        self.blanks();
        if !matches!(self.peek(), Some(b':' | b'=')) {
            return self.mention();
        }
        self.at += 1;
        self.blanks();
        match self.peek() {
            Some(b'[' | b'{') => self.container(),
            Some(_) => self.scalar(),
            None => {}
        }
    }

    /// Replaces a card's number that follows a word.
    fn mention(&mut self) {
        let rest = &self.text[self.at..];
        let word = rest.trim_start_matches([' ', '#', '(']);
        let length = word.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let number = &word[..length];
        let is_card = (LEAST_TOKEN..=20).contains(&length)
            && number.bytes().all(|byte| byte.is_ascii_hexdigit())
            && number.bytes().any(|byte| byte.is_ascii_digit());
        let start = self.at + rest.len() - word.len();
        if is_card
            && start > self.at
            && let Some(hash) = self.key.hash(number)
        {
            self.replace(start..start + length, hash.as_str());
            self.at = start + length;
        }
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte <= b' ') {
            self.at += 1;
        }
    }

    fn scalar(&mut self) {
        match self.literal() {
            Some(literal) => self.replace_literal(&literal),
            None => self.replace_word(),
        }
    }

    /// All values of an array or object are tokens, but for a token's type.
    fn container(&mut self) {
        let mut depth = 0_usize;
        let mut is_type = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                b',' | b':' | 0..=b' ' => {}
                _ => {
                    let literal = self.literal();
                    let end = literal.as_ref().map_or(self.at, |literal| literal.end);
                    let after = self.bytes()[end..].iter().find(|byte| **byte > b' ');
                    match literal {
                        Some(literal) if after == Some(&b':') => {
                            is_type = self.text[literal.inner].eq_ignore_ascii_case("type");
                            self.at = literal.end;
                        }
                        Some(literal) if is_type && self.manner == Manner::Hash => self.at = literal.end,
                        Some(literal) => self.replace_literal(&literal),
                        None => self.replace_word(),
                    }
                    continue;
                }
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// The quoted text that begins here; one that the end cuts off goes to the end.
    fn literal(&self) -> Option<Literal> {
        let rest = &self.bytes()[self.at..];
        let depth = rest.iter().take_while(|byte| **byte == b'\\').count();
        let quote = *rest.get(depth).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let start = self.at + depth + 1;
        let mut slashes = 0;
        for (offset, byte) in self.bytes()[start..].iter().enumerate() {
            // Within `depth` levels of escaping, a quote with that many backslashes ends the text; one with more is in it.
            if *byte == quote && (slashes == depth || (depth == 0 && slashes % 2 == 0)) {
                return Some(Literal { depth, inner: start..start + offset - depth, end: start + offset + 1 });
            }
            slashes = if *byte == b'\\' { slashes + 1 } else { 0 };
        }
        Some(Literal { depth, inner: start..self.text.len(), end: self.text.len() })
    }

    fn replace_literal(&mut self, literal: &Literal) {
        let inner = &self.text[literal.inner.clone()];
        self.at = literal.end;
        match self.manner {
            Manner::Hash => {
                let escaped = literal.depth == 0 && inner.contains('\\');
                let clear = if escaped { serde_json::from_str::<String>(&format!("\"{inner}\"")).ok() } else { None };
                if let Some(hash) = self.key.hash(clear.as_deref().unwrap_or(inner)) {
                    self.replace(literal.inner.clone(), hash.as_str());
                }
            }
            Manner::Hide if inner.is_empty() => {}
            Manner::Hide => self.replace(literal.inner.clone(), HIDDEN),
            Manner::Record => match cover::judge(inner) {
                cover::Verdict::Harmless => {}
                // What is in it is looked at as if it stood alone.
                cover::Verdict::Readable => self.at = literal.inner.start,
                cover::Verdict::Coded(plain) => {
                    let plain = cover::escaped(&veil(&plain, self.key), literal.depth);
                    self.replace(literal.inner.clone(), &plain);
                }
                cover::Verdict::Unknown => self.replace(literal.inner.clone(), cover::WITHHELD),
            },
        }
    }

    /// A value without quotes: a number, or a word that should have had them. Within a text it gets none.
    fn replace_word(&mut self) {
        let rest = &self.text[self.at..];
        let end = self.at + rest.find(|c: char| c <= ' ' || ",:;[]{}\"'\\".contains(c)).unwrap_or(rest.len());
        let word = &self.text[self.at..end];
        let instead = match self.manner {
            _ if matches!(word, "" | "null" | "true" | "false") => None,
            Manner::Hash => self.key.hash(word).map(|hash| hash.as_str().to_owned()),
            Manner::Hide => Some(HIDDEN.to_owned()),
            Manner::Record => None,
        };
        if let Some(instead) = instead {
            let quote = if self.quoting { "\"" } else { "" };
            self.replace(self.at..end, &format!("{quote}{instead}{quote}"));
        }
        // Always forward, also over a lone quote or backslash.
        self.at = end.max(self.at + self.text[self.at..].chars().next().map_or(1, char::len_utf8));
    }

    fn replace(&mut self, range: Range<usize>, with: &str) {
        self.out.push_str(&self.text[self.copied..range.start]);
        self.out.push_str(with);
        self.copied = range.end;
    }
}
