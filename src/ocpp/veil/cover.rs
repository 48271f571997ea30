//! Signed meter records name who charged: OCMF has the card's number in its field `ID`, others have it where nobody else
//! can see it. A record of OCMF loses its number to a hash (and with it the use of its signature); of a record in
//! another form nothing is kept. Whoever must keep records as they came says so in the settings.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::ocpp::number::Decimal;

/// What stands for a record that may name somebody.
pub(super) const WITHHELD: &str = "withheld: a signed record may name a person";

/// How every OCMF record begins.
const OCMF: &str = "OCMF|";

/// What is in the text that should be a signed record.
pub(super) enum Verdict {
    /// A number, or what stands for a record already.
    Harmless,
    /// OCMF as text, or JSON around a record.
    Readable,
    /// OCMF in base64 or hex: its text.
    Coded(String),
    /// Something that cannot be looked into.
    Unknown,
}

/// Looks into a record, as it stands in its quotes.
pub(super) fn judge(inner: &str) -> Verdict {
    let has = |word: &str| inner.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    if inner.is_empty() || inner == WITHHELD || Decimal::read(inner).is_some() {
        Verdict::Harmless
    } else if has(OCMF) || has("signedMeterData") {
        Verdict::Readable
    } else {
        coded(inner).map_or(Verdict::Unknown, |coded| Verdict::Coded(coded.plain))
    }
}

/// A record of OCMF in base64 or hex.
pub(super) struct Coded {
    /// Its text.
    pub(super) plain: String,
    /// How much of the text it took.
    pub(super) length: usize,
}

/// The coded record that a text begins with. One that is cut off is read as far as it goes.
pub(super) fn coded(text: &str) -> Option<Coded> {
    let digits = |is_digit: fn(&u8) -> bool| text.bytes().take_while(is_digit).count();
    let of = |length: usize, bytes: Option<Vec<u8>>| {
        let plain = String::from_utf8_lossy(&bytes?).into_owned();
        plain.get(..OCMF.len()).filter(|head| head.eq_ignore_ascii_case(OCMF))?;
        Some(Coded { plain, length })
    };
    let length = digits(u8::is_ascii_hexdigit);
    let hex = of(length, from_hex(&text[..length]));
    hex.or_else(|| {
        // A slash may be escaped.
        let length = digits(|byte| byte.is_ascii_alphanumeric() || b"+/=\\-_".contains(byte));
        of(length, from_base64(&text[..length]))
    })
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.chars().filter(|c| *c != '\\').map(|c| if c == '-' { '+' } else { c }).collect();
    let plain = plain.replace('_', "/");
    let bare = plain.trim_end_matches('=');
    let whole = &bare[..bare.len() - bare.len() % 4];
    STANDARD_NO_PAD.decode(bare).or_else(|_| STANDARD.decode(whole)).ok()
}

/// A text as it stands in quotes of this depth of escaping.
pub(super) fn escaped(text: &str, depth: usize) -> String {
    (0..=depth).fold(text.to_owned(), |text, _| {
        let mut out = String::with_capacity(text.len() + 16);
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                // Writing to a String cannot fail.
                c if c < ' ' => drop(write!(out, "\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
        out
    })
}

/// Where the JSON object ends that begins at or behind `from`; the end of the text where it is cut off.
pub(super) fn end_of_object(text: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
