//! Takes id tokens out of a frame's text before it is kept: each is replaced by its hash, everything else stays
//! verbatim. Works on text, not on JSON, so that it also holds for frames that cannot be read, for tokens of any JSON
//! type, and for JSON inside a text (vendor data).

use std::borrow::Cow;
use std::cell::RefCell;

use crate::domain::token::{TokenHash, TokenKey};

/// The hashes of one frame: a token that is both veiled and read is hashed once.
pub(super) struct Hashes<'k> {
    key: &'k TokenKey,
    last: RefCell<Option<(Box<str>, TokenHash)>>,
}

impl<'k> Hashes<'k> {
    pub(super) fn new(key: &'k TokenKey) -> Self {
        Self { key, last: RefCell::new(None) }
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
}

/// The text without tokens. Borrowed when there is none in it.
pub(super) fn veil<'a>(text: &'a str, key: &Hashes<'_>) -> Cow<'a, str> {
    let mut veil = Veil { text, at: 0, copied: 0, out: String::new(), quoting: false, key };
    while let Some(name) = veil.next_name() {
        veil.at = name.end;
        if names_a_token(&text[name]) {
            veil.value();
        }
    }
    if veil.copied == 0 {
        return Cow::Borrowed(text);
    }
    veil.out.push_str(&text[veil.copied..]);
    Cow::Owned(veil.out)
}

/// `idTag`, `parentIdTag`, `idToken`, `groupIdToken`, `id_tag`, `tagId`, `prioritizedEMAIDs` …
fn names_a_token(name: &str) -> bool {
    let ends_with = |end: &&str| {
        let mut letters = name.bytes().rev().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
        end.bytes().rev().all(|byte| letters.next() == Some(byte))
    };
    ["idtag", "idtoken", "tagid", "tokenid", "emaid", "emaids"].iter().any(ends_with)
}

/// The first `tag`, `token` or `emaid`, in any case.
fn find_hit(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 64;
    let is_hit = |at: usize| {
        let starts = |word: &[u8]| bytes[at..].get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        starts(b"tag") || starts(b"token") || starts(b"emaid")
    };
    // Most frames have none: whole blocks are dismissed by a test without branches, which compiles to a few wide steps.
    (0..bytes.len()).step_by(BLOCK).find_map(|start| {
        let block = &bytes[start..bytes.len().min(start + BLOCK + 2)];
        let last = block.len().saturating_sub(2);
        let triples = block[..last].iter().zip(&block[1.min(last)..]).zip(&block[2.min(block.len())..]);
        let any = triples.fold(0_u8, |any, ((first, second), third)| {
            let tag = u8::from(second | 0x20 == b'a') & u8::from(third | 0x20 == b'g');
            let token = u8::from(second | 0x20 == b'o') & u8::from(third | 0x20 == b'k');
            let emaid =
                u8::from(first | 0x20 == b'e') & u8::from(second | 0x20 == b'm') & u8::from(third | 0x20 == b'a');
            any | (u8::from(first | 0x20 == b't') & (tag | token)) | emaid
        });
        if any != 0 { (start..bytes.len().min(start + BLOCK)).find(|at| is_hit(*at)) } else { None }
    })
}

struct Veil<'a, 'k> {
    text: &'a str,
    /// All before this has been looked at.
    at: usize,
    /// All before this is in `out`.
    copied: usize,
    out: String,
    /// The name stands in quotes of its own, so a bare value after it may get quotes too.
    quoting: bool,
    key: &'k Hashes<'k>,
}

/// A text in quotes, which may themselves be escaped: `"…"`, `\"…\"`, `\\\"…\\\"`.
struct Literal {
    /// The backslashes before each quote.
    depth: usize,
    inner: std::ops::Range<usize>,
    end: usize,
}

impl Veil<'_, '_> {
    fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    /// The next name that has `tag`, `token` or `emaid` in it.
    fn next_name(&self) -> Option<std::ops::Range<usize>> {
        let bytes = self.bytes();
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let hit = self.at + find_hit(&bytes[self.at..])?;
        let before = bytes[self.at..hit].iter().rev().take_while(|byte| part(byte)).count();
        let after = bytes[hit..].iter().take_while(|byte| part(byte)).count();
        Some(hit - before..hit + after)
    }

    /// Replaces the value that follows a name, if one does.
    fn value(&mut self) {
        self.quoting = self.peek() == Some(b'"');
        while matches!(self.peek(), Some(b'\\' | b'"' | b'\'')) {
            self.at += 1;
        }
        self.blanks();
        if !matches!(self.peek(), Some(b':' | b'=')) {
            return;
        }
        self.at += 1;
        self.blanks();
        match self.peek() {
            Some(b'[' | b'{') => self.container(),
            Some(_) => self.scalar(),
            None => {}
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
                        Some(literal) if is_type => self.at = literal.end,
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
        let escaped = literal.depth == 0 && inner.contains('\\');
        let clear = if escaped { serde_json::from_str::<String>(&format!("\"{inner}\"")).ok() } else { None };
        if let Some(hash) = self.key.hash(clear.as_deref().unwrap_or(inner)) {
            self.replace(literal.inner.clone(), hash.as_str());
        }
        self.at = literal.end;
    }

    /// A value without quotes: a number, or a word that should have had them. Within a text it gets none.
    fn replace_word(&mut self) {
        let rest = &self.text[self.at..];
        let end = self.at + rest.find(|c: char| c <= ' ' || ",:;[]{}\"'\\".contains(c)).unwrap_or(rest.len());
        let word = &self.text[self.at..end];
        if !matches!(word, "" | "null" | "true" | "false")
            && let Some(hash) = self.key.hash(word)
        {
            let quote = if self.quoting { "\"" } else { "" };
            self.replace(self.at..end, &format!("{quote}{}{quote}", hash.as_str()));
        }
        // Always forward, also over a lone quote or backslash.
        self.at = end.max(self.at + self.text[self.at..].chars().next().map_or(1, char::len_utf8));
    }

    fn replace(&mut self, range: std::ops::Range<usize>, with: &str) {
        self.out.push_str(&self.text[self.copied..range.start]);
        self.out.push_str(with);
        self.copied = range.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static KEY: TokenKey = TokenKey::new([7; 32]);

    fn veiled(text: &str) -> Cow<'_, str> {
        veil(text, &Hashes::new(&KEY))
    }

    fn hash(token: &str) -> String {
        KEY.hash(token).unwrap().as_str().to_owned()
    }

    #[test]
    fn a_token_of_any_spelling_and_type_is_replaced_and_nothing_else() {
        let h = hash("04AABBCC");
        for (text, expected) in [
            (r#"{"idTag":"04AABBCC","x":1}"#, format!(r#"{{"idTag":"{h}","x":1}}"#)),
            (r#"{"IDTAG" : "04aabbcc"}"#, format!(r#"{{"IDTAG" : "{h}"}}"#)),
            (r#"{"parent_id_tag":"04AABBCC"}"#, format!(r#"{{"parent_id_tag":"{h}"}}"#)),
            (r#"{"idTag":["04AABBCC"],"a":"b"}"#, format!(r#"{{"idTag":["{h}"],"a":"b"}}"#)),
            (
                r#"{"idToken":{"idToken":"04AABBCC","type":"ISO14443"},"a":"b"}"#,
                format!(r#"{{"idToken":{{"idToken":"{h}","type":"ISO14443"}},"a":"b"}}"#),
            ),
            (
                r#"{"data":"{\"idTag\":\"04AABBCC\",\"b\":1}"}"#,
                format!(r#"{{"data":"{{\"idTag\":\"{h}\",\"b\":1}}"}}"#),
            ),
            ("[2,\"1\",{idTag: '04AABBCC'", format!("[2,\"1\",{{idTag: '{h}'")),
            ("[2,\"1\",{\"idTag\":\"04AABBCC", format!("[2,\"1\",{{\"idTag\":\"{h}")),
            (r#"{"info":"Unknown idTag: 04AABBCC."}"#, format!(r#"{{"info":"Unknown idTag: {}"}}"#, hash("04AABBCC."))),
            (r#"{"data":"{\"idTag\":04AABBCC,\"b\":[1]}"}"#, format!(r#"{{"data":"{{\"idTag\":{h},\"b\":[1]}}"}}"#)),
            ("{\"idTag\":04AABBCC}", format!("{{\"idTag\":\"{h}\"}}")),
            (r#"{"idTag":"\u00304AABBCC"}"#, format!(r#"{{"idTag":"{h}"}}"#)),
        ] {
            assert_eq!(veiled(text), expected, "{text}");
        }
        assert_eq!(veiled(r#"{"idTag":123456}"#), format!(r#"{{"idTag":"{}"}}"#, hash("123456")));
        assert_eq!(veiled(r#"{"idTag":"33\\"}"#), format!(r#"{{"idTag":"{}"}}"#, hash("33\\")));
    }

    #[test]
    fn what_is_no_token_stays_as_it_is() {
        for text in [
            r#"{"idTag":"","stage":"04AA"}"#,
            r#"{"idTag":null}"#,
            r#"{"info":"idTag"}"#,
            r#"{"voltage":"230","tag":"x"}"#,
            "tagtagtag idTag",
        ] {
            assert_eq!(veiled(text), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_can_be_veiled(text in ".{0,200}", tail in ".{0,40}") {
            veiled(&text);
            veiled(&format!("{{\"idTag\":{tail}"));
        }

        #[test]
        fn a_json_token_never_survives_whatever_stands_around_it(token in "[A-F0-9]{8,20}", before in "[a-z{}:,\" ]{0,20}") {
            let text = format!("{before},\"idTag\":\"{token}\"}}]");
            let text = veiled(&text);
            prop_assert!(!text.contains(&token), "{}", text);
        }
    }
}
