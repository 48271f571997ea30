//! Line protocol: how a point is written so that no name or text can break its line, let alone the batch.
//!
//! The format has no way to say some things, so they are written differently, and always in the same way:
//! - in tags a backslash, a percent sign and a control character become `%` and two hex digits (a backslash at the end of
//!   a tag would swallow what follows it); comma, equals sign and space are escaped with a backslash as the format wants;
//! - an empty tag is left out;
//! - a tag longer than 200 bytes is cut, and ends in a checksum of all of it;
//! - in texts quotes and backslashes are escaped, control characters become spaces;
//! - whole numbers are integers (`17i`), quantities exact decimals; there is no way to write NaN or infinity.

use std::fmt::Write;

use crate::domain::energy::Milli;

/// A tag is cut beyond so many bytes: servers limit a series to 64 KiB.
const LONGEST_TAG: usize = 200;

/// A text is cut beyond so many bytes.
const LONGEST_TEXT: usize = 4096;

/// Writes lines to a buffer that is used again.
#[derive(Default)]
pub struct Lines {
    text: String,
    /// Whether the line in hand has a field yet.
    has_field: bool,
    /// Where the line in hand begins.
    start: usize,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Lines {
    /// All lines, each ended by a newline.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// How many lines.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many bytes.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The bytes of some of the lines.
    pub fn slice(&self, from: usize, until: usize) -> &[u8] {
        let end = |count: usize| count.checked_sub(1).and_then(|index| self.ends.get(index)).copied().unwrap_or(0);
        self.text.as_bytes().get(end(from)..end(until)).unwrap_or_default()
    }

    /// Empties it; the buffer stays.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.start = 0;
    }

    /// Begins a line. `measurement` must be a plain word.
    pub fn begin(&mut self, measurement: &'static str) {
        self.start = self.text.len();
        self.has_field = false;
        self.text.push_str(measurement);
    }

    /// A tag whose value is any text. Tags come before fields.
    pub fn tag(&mut self, name: &'static str, value: &str) {
        if value.is_empty() {
            return;
        }
        self.text.push(',');
        self.text.push_str(name);
        self.text.push('=');
        tag_text(value, &mut self.text);
    }

    /// A tag whose value is a number.
    pub fn tag_number(&mut self, name: &'static str, value: u32) {
        write!(self.text, ",{name}={value}").ok();
    }

    /// Tags as [`Lines::copy_tags`] gave them.
    pub fn tags(&mut self, tags: &str) {
        self.text.push_str(tags);
    }

    fn field(&mut self, name: &str) {
        self.text.push(if self.has_field { ',' } else { ' ' });
        self.has_field = true;
        self.text.push_str(name);
        self.text.push('=');
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str, value: i64) {
        self.field(name);
        integer(value, &mut self.text);
        self.text.push('i');
    }

    /// A quantity in thousandths, as an exact decimal.
    pub fn decimal(&mut self, name: &str, value: Milli) {
        self.field(name);
        decimal(value, &mut self.text);
    }

    /// Yes or no.
    pub fn truth(&mut self, name: &str, value: bool) {
        self.field(name);
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.field(name);
        self.text.push('"');
        for character in cut(value, LONGEST_TEXT).chars() {
            match character {
                '"' | '\\' => self.text.extend(['\\', character]),
                other if other.is_control() => self.text.push(' '),
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }

    /// Ends the line at a time in nanoseconds since 1970. A line without a field is taken back.
    pub fn end(&mut self, nanos: i64) {
        if !self.has_field {
            self.text.truncate(self.start);
            return;
        }
        self.text.push(' ');
        integer(nanos, &mut self.text);
        self.text.push('\n');
        self.ends.push(self.text.len());
    }

    /// The tags that `write` writes, to be used for many lines.
    pub fn copy_tags(write: impl FnOnce(&mut Self)) -> String {
        let mut lines = Self::default();
        write(&mut lines);
        lines.text
    }
}

/// Writes a whole number.
fn integer(value: i64, out: &mut String) {
    if value < 0 {
        out.push('-');
    }
    digits(value.unsigned_abs(), 0, out);
}

/// Writes thousandths as the shortest exact decimal.
fn decimal(value: Milli, out: &mut String) {
    if value.0 < 0 {
        out.push('-');
    }
    let (whole, part) = (value.0.unsigned_abs() / 1000, value.0.unsigned_abs() % 1000);
    digits(whole, 0, out);
    if part > 0 {
        out.push('.');
        digits(part, 3, out);
        while out.ends_with('0') {
            out.pop();
        }
    }
}

/// Writes digits, at least so many. Formatting machinery would cost more than the rest of the line.
fn digits(mut value: u64, least: usize, out: &mut String) {
    let mut buffer = [b'0'; 20];
    let mut begin = buffer.len();
    while value > 0 || begin == buffer.len() {
        begin -= 1;
        buffer[begin] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let begin = begin.min(buffer.len() - least.min(buffer.len()));
    out.extend(buffer[begin..].iter().map(|digit| char::from(*digit)));
}

fn tag_text(value: &str, out: &mut String) {
    let short = cut(value, LONGEST_TAG);
    for character in short.chars() {
        match character {
            ',' | '=' | ' ' => out.extend(['\\', character]),
            '\\' | '%' => {
                write!(out, "%{:02X}", u32::from(character)).ok();
            }
            other if other.is_control() => {
                write!(out, "%{:02X}", u32::from(other)).ok();
            }
            other => out.push(other),
        }
    }
    if short.len() < value.len() {
        write!(out, "~{:016x}", checksum(value)).ok();
    }
}

/// The beginning of a text, at most so many bytes, whole characters.
fn cut(value: &str, most: usize) -> &str {
    if value.len() <= most {
        return value;
    }
    let end = (0..=most).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
    &value[..end]
}

/// FNV-1a, 64 bits: tells cut texts apart, and is the same for good.
fn checksum(value: &str) -> u64 {
    value.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(write: impl FnOnce(&mut Lines)) -> String {
        let mut lines = Lines::default();
        lines.begin("m");
        write(&mut lines);
        lines.end(7);
        String::from_utf8(lines.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn whatever_a_name_or_a_text_holds_its_line_stays_one_line() {
        for (value, tag, text) in [
            ("plain", "plain", "plain"),
            ("a b,c=d", "a\\ b\\,c\\=d", "a b,c=d"),
            ("C:\\", "C:%5C", "C:\\\\"),
            ("x\ny 1i 2\n", "x%0Ay\\ 1i\\ 2%0A", "x y 1i 2 "),
            ("say \"no\"", "say\\ \"no\"", "say \\\"no\\\""),
            ("50%", "50%25", "50%"),
            ("ünï 🔌", "ünï\\ 🔌", "ünï 🔌"),
            ("NaN", "NaN", "NaN"),
        ] {
            let written = line(|lines| {
                lines.tag("t", value);
                lines.text("f", value);
            });
            assert_eq!(written, format!("m,t={tag} f=\"{text}\" 7\n"));
        }
    }

    #[test]
    fn numbers_are_exact() {
        let written = line(|lines| {
            lines.integer("a", i64::MIN);
            lines.decimal("b", Milli(-1));
            lines.decimal("c", Milli(12_345_600));
            lines.decimal("d", Milli(0));
            lines.truth("e", true);
        });
        assert_eq!(written, "m a=-9223372036854775808i,b=-0.001,c=12345.6,d=0,e=true 7\n");
        for milli in [i64::MAX, i64::MIN, 1000, 1010, -500, 999, 100_000] {
            assert_eq!(line(|lines| lines.decimal("a", Milli(milli))), format!("m a={} 7\n", Milli(milli)));
        }
    }

    #[test]
    fn an_empty_tag_and_a_line_without_a_field_are_left_out_and_a_giant_is_cut() {
        let mut lines = Lines::default();
        lines.begin("m");
        lines.tag("t", "x");
        lines.end(1);
        assert!(lines.is_empty() && lines.bytes() == 0);
        assert_eq!(
            line(|lines| {
                lines.tag("t", "");
                lines.integer("a", 1);
            }),
            "m a=1i 7\n"
        );
        let (one, two) = ("é".repeat(5000) + "1", "é".repeat(5000) + "2");
        let cut = |value: &str| {
            line(|lines| {
                lines.tag("t", value);
                lines.integer("a", 1);
            })
        };
        assert!(cut(&one).len() < 250 && cut(&one) != cut(&two));
    }

    #[test]
    fn some_of_the_lines_can_be_had_alone() {
        let mut lines = Lines::default();
        for n in 0..4 {
            lines.begin("m");
            lines.integer("a", n);
            lines.end(n);
        }
        assert_eq!(lines.slice(1, 3), b"m a=1i 1\nm a=2i 2\n");
        assert_eq!(lines.slice(0, 4), lines.as_bytes());
        assert_eq!(lines.slice(2, 2), b"");
    }
}
