//! Frames without id tokens: what is kept names nobody.

use std::borrow::Cow;

use crate::domain::token::TokenKey;

/// Keys whose value is an id token, without case; `parentIdTag` and `parentIdToken` end like them.
const KEYS: [&[u8]; 2] = [b"idtag", b"idtoken"];

/// The frame with the values of token keys replaced by their hashes; everything else verbatim.
///
/// It looks for the keys in the bare text, so that it also works where the frame is not JSON, and within JSON that
/// is itself a text (`\"idTag\":\"…\"`).
pub(super) fn without_tokens(text: &str, key: &TokenKey) -> Box<str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = next_key(bytes, at) {
        at = found;
        let Some((start, end)) = value_after(bytes, found) else { continue };
        let (Some(before), Some(value)) = (text.get(kept..start), text.get(start..end)) else { continue };
        let clear = crate::ocppj::text_of(&format!("\"{value}\"")).map_or_else(|| value.to_owned(), Cow::into_owned);
        out.push_str(before);
        out.push_str(key.hash(&clear).as_ref().map_or("", |hash| hash.as_str()));
        kept = end;
        at = end;
    }
    if kept == 0 {
        return text.into();
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    out.into()
}

/// Just behind the next token key.
fn next_key(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'i' | b'I'))?;
        let rest = bytes.get(at..)?;
        let is_key = |key: &&&[u8]| rest.get(..key.len()).is_some_and(|word| word.eq_ignore_ascii_case(key));
        if let Some(key) = KEYS.iter().find(is_key) {
            return Some(at + key.len());
        }
        at += 1;
    }
}

/// Where the value of a key stands that ends at `at`: what is within its quotes, or a bare word.
fn value_after(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let at = skip(bytes, at, |byte| matches!(byte, b'"' | b'\\' | b'\''));
    let colon = skip(bytes, at, is_blank);
    if bytes.get(colon) != Some(&b':') {
        return None;
    }
    let value = skip(bytes, colon + 1, is_blank);
    let start = skip(bytes, value, |byte| byte == b'\\');
    if bytes.get(start) == Some(&b'"') {
        let nested = start > value;
        return Some((start + 1, end_of_text(bytes, start + 1, nested)));
    }
    let end = skip(bytes, start, |byte| !matches!(byte, b',' | b'}' | b']' | b'{' | b'[' | b'"') && !is_blank(byte));
    (end > start).then_some((start, end))
}

/// Where a text ends: at its closing quote or the end of everything. In a nested text quotes are escaped.
fn end_of_text(bytes: &[u8], mut at: usize, nested: bool) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' if nested => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control()
}

fn skip(bytes: &[u8], mut at: usize, what: impl Fn(u8) -> bool) -> usize {
    while bytes.get(at).is_some_and(|byte| what(*byte)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> TokenKey {
        TokenKey::new([3; 32])
    }

    #[test]
    fn tokens_are_replaced_wherever_they_stand() {
        for frame in [
            r#"[2,"1","StartTransaction",{"connectorId":2,"idTag":"04AABBCC99","meterStart":5}]"#,
            r#"[2,"1","StartTransaction",{"IDTAG" : "04AABBCC99"}]"#,
            r#"[2,"1","StartTransaction",{"idTag":"04AABBCC99"#,
            r#"{"idToken":{"idToken":"04AABBCC99","type":"ISO14443"}}"#,
            r#"[2,"1","Authorize",{"idTag":04AABBCC99}]"#,
            r#"[2,"1","Authorize",{"a":"open,"idTag":"04AABBCC99"}]"#,
            r#"[2,"1","DataTransfer",{"data":"{\"idTag\":\"04AABBCC99\",\"n\":1}"}]"#,
            r#"{"idTag":"04AABBCC99","parentIdTag":"04AABBCC99"}"#,
        ] {
            let kept = without_tokens(frame, &key());
            assert!(!kept.contains("04AABBCC99"), "{kept}");
            assert!(kept.contains(key().hash("04AABBCC99").unwrap().as_str()), "{kept}");
        }
    }

    #[test]
    fn a_frame_without_tokens_is_verbatim() {
        let frame = "[2,\"1\",\"Heartbeat\",{\"a\":\"idTag\"}]";
        assert_eq!(&*without_tokens(frame, &key()), frame);
        let word = r#"{"idTag":"NoAuthorization"}"#;
        assert_eq!(&*without_tokens(word, &key()), word);
    }

    proptest! {
        #[test]
        fn no_token_survives_in_any_surroundings(head in "[{}:,\" a-h\\\\é]{0,12}", token in "[0-9A-F]{8,20}") {
            let frame = format!("{head}\"idTag\":\"{token}\"}}");
            prop_assert!(!without_tokens(&frame, &key()).contains(&token));
        }
    }
}
