//! One repair pass over text that is not strict JSON, as field chargers send it: byte order marks, control characters,
//! stray or missing commas, empty values, unquoted or single-quoted words, bad escapes, cut tails.
//!
//! [`mend`] is total: whenever the text holds an array or object at all, the result is strict JSON. It is one loop over
//! the text with a stack of its own, so depth costs memory in proportion and never the call stack.
//! A value that the end of the text cuts off becomes `null`: half a number or token is another number or token. An
//! object within the payload that is cut is dropped: a reading without its last fields would be another reading.

use super::decoded;

/// Repaired text and what was wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// Strict JSON.
    pub text: String,
    /// The syntax was repaired.
    pub repaired: bool,
    /// Characters that JSON does not allow were dropped (byte order mark, NUL, control characters).
    pub dropped: bool,
}

/// Repairs text into strict JSON; `None` when there is no array or object in it.
pub fn mend(text: &str) -> Option<Mended> {
    if let Some(inner) = decoded(text.trim()).filter(|inner| inner.contains(['[', '{'])) {
        // The whole frame was sent as a JSON string.
        return Mender::new(&inner).run().map(|mended| Mended { repaired: true, ..mended });
    }
    if lacks_brackets(text) {
        return Mender::new(&format!("[{text}]")).run().map(|mended| Mended { repaired: true, ..mended });
    }
    Mender::new(text).run()
}

/// Whether it begins as the inside of a frame: a message type and a comma.
fn lacks_brackets(text: &str) -> bool {
    let rest = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).strip_prefix(['2', '3', '4', '5', '6']);
    rest.is_some_and(|rest| rest.trim_start().starts_with(','))
}

/// An open array or object, and what may come next in it.
struct Open {
    object: bool,
    /// How long the output was before it.
    start: usize,
    /// It is the value of a key that stands before `start`.
    keyed: bool,
    next: Next,
    /// Commas since the last item; an array at the outermost level keeps its empty places.
    commas: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first item, or the end.
    First,
    /// An item after a comma (or, repaired, without one).
    Item,
    /// In an object: the value of the key just written; the colon has been seen or not.
    Value { colon: bool },
}

struct Mender<'a> {
    text: &'a str,
    at: usize,
    out: String,
    open: Vec<Open>,
    repaired: bool,
    dropped: bool,
}

impl<'a> Mender<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            out: String::with_capacity(text.len() + 16),
            open: Vec::new(),
            repaired: false,
            dropped: false,
        }
    }

    fn run(mut self) -> Option<Mended> {
        let start = self.text.find(['[', '{'])?;
        for lead in self.text[..start].chars() {
            if lead.is_control() || lead == '\u{feff}' {
                self.dropped |= !matches!(lead, '\t' | '\n' | '\r');
            } else {
                self.repaired |= !lead.is_whitespace();
            }
        }
        self.at = start;
        while let Some(byte) = self.peek() {
            self.token(byte);
            if self.open.is_empty() {
                break;
            }
        }
        self.repaired |= !self.open.is_empty();
        self.drop_cut_item();
        while !self.open.is_empty() {
            self.close();
        }
        let rest = self.text[self.at..].trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        self.repaired |= !rest.is_empty();
        self.dropped |=
            rest.is_empty() && self.text[self.at..].contains(|c: char| c.is_control() && !c.is_whitespace());
        Some(Mended { text: self.out, repaired: self.repaired, dropped: self.dropped })
    }

    /// Forgets the object within which the text ends, unless it is the payload itself: the whole item where it is (part
    /// of) an item of a list, since an item without its last fields would be another item.
    fn drop_cut_item(&mut self) {
        let within = self.open.iter().rev().take_while(|open| open.object).take_while(|open| open.keyed).count();
        let item = self.open.len().checked_sub(within + 1);
        let is_item = item.and_then(|at| self.open.get(at)).is_some_and(|open| open.object);
        let surplus = if is_item && item > Some(1) { within } else { 0 };
        self.open.truncate(self.open.len() - surplus);
        if self.open.len() > 2
            && let Some(item) = self.open.pop_if(|item| item.object)
        {
            self.out.truncate(item.start);
            if let Some(holder) = self.open.last_mut().filter(|_| item.keyed) {
                holder.next = Next::Value { colon: true };
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'[' | b'{' => {
                self.at += 1;
                self.begin(byte == b'{');
            }
            b']' | b'}' => {
                self.at += 1;
                self.end(byte == b'}');
            }
            b',' => {
                self.at += 1;
                self.comma();
            }
            b':' => {
                self.at += 1;
                self.colon();
            }
            b'"' | b'\'' => self.string(byte),
            b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
            0..=0x1f | 0x7f => {
                self.at += 1;
                self.dropped = true;
            }
            _ => self.word(),
        }
    }

    /// Writes what must stand before the next value, and notes that the value follows. `key` says whether the value
    /// may be a key.
    fn before_value(&mut self, key: bool) {
        let outermost = self.open.len() == 1;
        let Some(top) = self.open.last_mut() else { return };
        match top.next {
            Next::Value { colon } => {
                self.repaired |= !colon;
                self.out.push(':');
                top.next = Next::Item;
                return;
            }
            Next::First => {
                self.repaired |= top.commas > 0;
                if outermost && !top.object {
                    (0..top.commas).for_each(|_| self.out.push_str("null,"));
                }
            }
            Next::Item => {
                self.repaired |= top.commas != 1;
                self.out.push(',');
                if outermost && !top.object {
                    (1..top.commas).for_each(|_| self.out.push_str("null,"));
                }
            }
        }
        top.commas = 0;
        top.next = Next::Item;
        if top.object {
            if key {
                top.next = Next::Value { colon: false };
            } else {
                self.repaired = true;
                self.out.push_str("\"\":");
            }
        }
    }

    fn begin(&mut self, object: bool) {
        let start = self.out.len();
        let keyed = self.open.last().is_some_and(|top| matches!(top.next, Next::Value { .. }));
        self.before_value(false);
        self.out.push(if object { '{' } else { '[' });
        self.open.push(Open { object, start, keyed, next: Next::First, commas: 0 });
    }

    /// A closing bracket closes what it belongs to, and everything inside; one that belongs to nothing is dropped.
    fn end(&mut self, object: bool) {
        if !self.open.iter().any(|open| open.object == object) {
            self.repaired = true;
            return;
        }
        while let Some(top) = self.open.last() {
            let matches = top.object == object;
            self.repaired |= !matches || top.commas > 0;
            self.close();
            if matches {
                return;
            }
        }
    }

    fn close(&mut self) {
        let Some(top) = self.open.pop() else { return };
        if let Next::Value { .. } = top.next {
            self.repaired = true;
            self.out.push_str(":null");
        }
        self.out.push(if top.object { '}' } else { ']' });
    }

    fn comma(&mut self) {
        let Some(top) = self.open.last_mut() else { return };
        if let Next::Value { .. } = top.next {
            self.repaired = true;
            self.out.push_str(":null");
            top.next = Next::Item;
        }
        top.commas += 1;
    }

    fn colon(&mut self) {
        match self.open.last_mut().map(|top| &mut top.next) {
            Some(Next::Value { colon }) if !*colon => *colon = true,
            _ => self.repaired = true,
        }
    }

    /// A quoted text. One that the end of the input cuts off becomes `null`.
    fn string(&mut self, quote: u8) {
        self.repaired |= quote != b'"';
        let mut literal = String::from("\"");
        let mut rest = self.text[self.at + 1..].char_indices();
        let start = self.at + 1;
        while let Some((offset, c)) = rest.next() {
            match c {
                '\\' => {
                    let (width, sound) = escape(&self.text[start + offset..], &mut literal);
                    self.repaired |= !sound;
                    for _ in 1..width {
                        rest.next();
                    }
                }
                _ if c as u32 == u32::from(quote) => {
                    self.at = start + offset + 1;
                    literal.push('"');
                    self.before_value(true);
                    self.out.push_str(&literal);
                    return;
                }
                '"' => literal.push_str("\\\""),
                '\t' => self.control(&mut literal, "\\t"),
                '\n' => self.control(&mut literal, "\\n"),
                '\r' => self.control(&mut literal, "\\r"),
                '\u{0}'..='\u{1f}' => self.dropped = true,
                _ => literal.push(c),
            }
        }
        self.at = self.text.len();
        self.cut();
    }

    fn control(&mut self, literal: &mut String, escaped: &str) {
        self.dropped = true;
        literal.push_str(escaped);
    }

    /// The text ends within a scalar: the value is unknown, and a key that was cut is no key.
    fn cut(&mut self) {
        self.repaired = true;
        if self.open.last().is_some_and(|top| !top.object || matches!(top.next, Next::Value { .. })) {
            self.before_value(false);
            self.out.push_str("null");
        }
    }

    /// A run of characters without quotes: a number, a literal, or a word that should have been quoted. Control
    /// characters are no end of it; they are dropped.
    fn word(&mut self) {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| c.is_whitespace() || ",:{}[]\"".contains(c));
        let raw = &rest[..end.unwrap_or(rest.len())];
        let word = raw.replace(|c: char| c.is_control() || c == '\u{feff}', "");
        self.dropped |= word.len() != raw.len();
        let comma_decimal = self.is_comma_decimal(raw);
        // What is blank only outside ASCII is neither a word nor a blank of JSON.
        self.at += if raw.is_empty() { rest.chars().next().map_or(1, char::len_utf8) } else { raw.len() };
        if word.is_empty() {
            self.dropped = true;
        } else if end.is_none() {
            self.cut();
        } else if comma_decimal {
            self.repaired = true;
            self.out.push('.');
            self.out.push_str(&word);
            if let Some(top) = self.open.last_mut() {
                top.commas = 0;
            }
        } else {
            self.scalar(&word);
        }
    }

    fn scalar(&mut self, word: &str) {
        let in_key = self.open.last().is_some_and(|top| top.object && !matches!(top.next, Next::Value { .. }));
        self.before_value(true);
        let literal = matches!(word, "true" | "false" | "null") || is_number(word);
        if literal && !in_key {
            self.out.push_str(word);
            return;
        }
        self.repaired = true;
        match word.to_ascii_lowercase().as_str() {
            "null" | "none" | "nil" | "nan" | "undefined" if !in_key => self.out.push_str("null"),
            "true" if !in_key => self.out.push_str("true"),
            "false" if !in_key => self.out.push_str("false"),
            _ => self.out.push_str(&super::quoted(word)),
        }
    }

    /// Whether `word`, which stands where a key belongs, is the fraction of the number before it: `"value":12,5,`.
    fn is_comma_decimal(&self, word: &str) -> bool {
        let bytes = self.text.as_bytes();
        let after_whole = |out: &str| {
            matches!(out.trim_end_matches(|c: char| c.is_ascii_digit()).as_bytes().last(), Some(b':' | b'-'))
        };
        self.open.last().is_some_and(|top| top.object && top.commas == 1 && top.next == Next::Item)
            && !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(bytes.get(self.at + word.len()), Some(b',' | b'}'))
            && self.at >= 2
            && bytes[self.at - 1] == b','
            && bytes[self.at - 2].is_ascii_digit()
            && after_whole(&self.out)
    }
}

/// Writes the escape sequence that `rest` begins with. Says how many characters it has, and whether it was sound; a
/// backslash that escapes nothing is taken for itself.
fn escape(rest: &str, literal: &mut String) -> (usize, bool) {
    let readable = |text: &&str| serde_json::from_str::<String>(&format!("\"{text}\"")).is_ok();
    match rest.as_bytes().get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
            literal.push_str(&rest[..2]);
            return (2, true);
        }
        Some(b'\'') => {
            literal.push('\'');
            return (2, false);
        }
        Some(b'u') => {
            // Two halves are one character; half a character is none.
            let pair = rest.get(..12).filter(|text| text.as_bytes()[6..].starts_with(b"\\u")).filter(readable);
            if let Some(sequence) = pair.or_else(|| rest.get(..6).filter(readable)) {
                literal.push_str(sequence);
                return (sequence.len(), true);
            }
        }
        _ => {}
    }
    literal.push_str("\\\\");
    (1, false)
}

/// Whether the text is a number in JSON's grammar.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
