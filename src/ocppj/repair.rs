//! One repair pass over a text that is not JSON: what chargers break is mended, nothing is invented.
//!
//! Control characters and byte order marks go, stray commas go, a key without a value gets `null`, bare words become
//! texts, a cut tail is closed. One pass over the characters, without recursion.

/// What came of it.
pub(super) struct Repaired {
    pub(super) text: String,
    pub(super) had_control_characters: bool,
    pub(super) was_broken: bool,
}

/// What stood last, outside texts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Open,
    Comma,
    Colon,
    Value,
    /// A text where a key belongs.
    Key,
}

struct Mender<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
    stack: Vec<char>,
    /// How many objects are open; the rest of the stack are arrays.
    objects: usize,
    last: Last,
    controls: bool,
    broken: bool,
}

/// Repairs a text.
pub(super) fn repair(text: &str) -> Repaired {
    let mut mender = Mender {
        rest: text.chars().peekable(),
        out: String::with_capacity(text.len() + 8),
        stack: Vec::new(),
        objects: 0,
        last: Last::Nothing,
        controls: false,
        broken: false,
    };
    mender.run();
    Repaired { text: mender.out, had_control_characters: mender.controls, was_broken: mender.broken }
}

impl Mender<'_> {
    fn run(&mut self) {
        while let Some(next) = self.rest.next() {
            match next {
                '"' => self.string(),
                '{' | '[' => self.open(next),
                '}' | ']' => self.close(next),
                ',' => self.comma(),
                ':' => self.colon(),
                ' ' | '\n' | '\r' | '\t' => {}
                '\u{feff}' => self.controls = true,
                control if control.is_control() => self.controls = true,
                other => self.bare(other),
            }
            if self.stack.is_empty() && self.last == Last::Value {
                // The frame is whole; what follows is litter.
                self.broken |= self.rest.any(|c| !c.is_whitespace() && !c.is_control());
                return;
            }
        }
        self.finish();
    }

    fn in_object(&self) -> bool {
        self.stack.last() == Some(&'}')
    }

    /// Before a value or key: sets what is missing.
    fn before_value(&mut self) {
        if matches!(self.last, Last::Value | Last::Key) {
            self.broken = true;
            self.settle_key();
            self.out.push(',');
            self.last = Last::Comma;
        }
    }

    /// A key that no value follows gets `null`.
    fn settle_key(&mut self) {
        match self.last {
            Last::Key => {
                self.out.push_str(":null");
                self.broken = true;
                self.last = Last::Value;
            }
            Last::Colon => {
                self.out.push_str("null");
                self.broken = true;
                self.last = Last::Value;
            }
            Last::Nothing | Last::Open | Last::Comma | Last::Value => {}
        }
    }

    fn wrote_text(&mut self) {
        self.last = if self.in_object() && self.last != Last::Colon { Last::Key } else { Last::Value };
    }

    fn string(&mut self) {
        self.before_value();
        self.out.push('"');
        loop {
            match self.rest.next() {
                None => {
                    self.broken = true;
                    break;
                }
                Some('"') => break,
                Some('\\') => self.escape(),
                Some('\u{feff}') => self.controls = true,
                Some(control) if (control as u32) < 0x20 => self.controls = true,
                Some(other) => self.out.push(other),
            }
        }
        self.out.push('"');
        self.wrote_text();
    }

    fn escape(&mut self) {
        match self.rest.peek().copied() {
            Some(escaped @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
                self.rest.next();
                self.out.push('\\');
                self.out.push(escaped);
            }
            Some('u') => {
                let digits: String = self.rest.clone().skip(1).take(4).collect();
                let whole = digits.len() == 4 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
                // Halves of surrogate pairs would make the whole text invalid again.
                let half = u32::from_str_radix(&digits, 16).is_ok_and(|code| (0xd800..0xe000).contains(&code));
                if whole && !half {
                    self.out.push_str("\\u");
                    self.out.push_str(&digits);
                    self.rest.nth(4);
                } else {
                    self.broken = true;
                    self.out.push_str("\\\\");
                }
            }
            _ => {
                self.broken = true;
                self.out.push_str("\\\\");
            }
        }
    }

    fn open(&mut self, bracket: char) {
        self.before_value();
        if self.in_object() && matches!(self.last, Last::Open | Last::Comma) {
            // A value without a key.
            self.broken = true;
            self.out.push_str("\"\":");
        }
        self.out.push(bracket);
        self.objects += usize::from(bracket == '{');
        self.stack.push(if bracket == '{' { '}' } else { ']' });
        self.last = Last::Open;
    }

    fn close(&mut self, bracket: char) {
        let open = if bracket == '}' { self.objects } else { self.stack.len() - self.objects };
        if open == 0 {
            self.broken = true;
            return;
        }
        while let Some(open) = self.stack.pop() {
            self.broken |= open != bracket;
            self.end(open);
            if open == bracket {
                return;
            }
        }
    }

    fn end(&mut self, bracket: char) {
        self.objects -= usize::from(bracket == '}');
        self.settle_key();
        if self.last == Last::Comma {
            self.broken = true;
            self.out.pop();
        }
        self.out.push(bracket);
        self.last = Last::Value;
    }

    fn comma(&mut self) {
        self.settle_key();
        if self.last == Last::Value && !self.stack.is_empty() {
            self.out.push(',');
            self.last = Last::Comma;
        } else {
            self.broken = true;
        }
    }

    fn colon(&mut self) {
        if self.last == Last::Key {
            self.out.push(':');
            self.last = Last::Colon;
        } else {
            self.broken = true;
        }
    }

    /// A number, a literal, or a word without quotes.
    fn bare(&mut self, first: char) {
        self.before_value();
        let mut word = String::from(first);
        while let Some(next) = self.rest.peek().copied() {
            if next.is_whitespace() || next.is_control() || matches!(next, ',' | ':' | '{' | '}' | '[' | ']' | '"') {
                break;
            }
            word.push(next);
            self.rest.next();
        }
        let is_key = self.in_object() && self.last != Last::Colon;
        let is_literal = matches!(word.as_str(), "true" | "false" | "null") || is_number(&word);
        if is_literal && !is_key {
            self.out.push_str(&word);
        } else {
            self.broken = true;
            self.out.push_str(&serde_json::Value::from(word).to_string());
        }
        self.wrote_text();
    }

    /// The tail is cut: whatever is open is closed.
    fn finish(&mut self) {
        while let Some(open) = self.stack.pop() {
            self.broken = true;
            self.end(open);
        }
    }
}

fn is_number(word: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(word).is_ok()
}
