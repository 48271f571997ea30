//! Finding JSON in text: where a frame begins, where brackets balance. Bytes are looked at once, whatever the length.

/// Counts brackets outside of texts, over as many pieces as it takes.
#[derive(Debug, Default)]
pub(super) struct Balance {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Balance {
    /// Goes on over a piece; returns the end of the value in it, where it ends there.
    pub(super) fn over(&mut self, piece: &str) -> Option<usize> {
        for (index, byte) in piece.bytes().enumerate() {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(index + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// Where the first frame begins: `[`, a message type, a comma.
pub(super) fn frame_start(text: &str) -> Option<usize> {
    text.match_indices('[').map(|(at, _)| at).find(|at| kind_at(&text[*at..]).is_some())
}

/// The message type of the frame that begins here: 2 a call, 3 and 4 answers, 5 and 6 those of 2.1.
pub(super) fn kind_at(text: &str) -> Option<u8> {
    let rest = text.strip_prefix('[')?.trim_start();
    let (quoted, rest) = rest.strip_prefix('"').map_or((false, rest), |rest| (true, rest));
    let kind = rest.bytes().next().filter(|byte| (b'2'..=b'6').contains(byte))?;
    let rest = if quoted { rest[1..].strip_prefix('"')? } else { &rest[1..] };
    let after = rest.trim_start();
    // A frame may be cut off after its type by the end of a line.
    (after.starts_with(',') || after.is_empty()).then_some(kind - b'0')
}

/// The frame at the beginning of a text, and what follows; a frame without an end is all of it.
pub(super) fn split_frame(text: &str) -> (&str, &str) {
    text.split_at(Balance::default().over(text).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_found_behind_other_brackets_and_ends_where_its_brackets_do() {
        let line = r#"[INFO] [ocpp ] 2,3 got [2,"1","Heartbeat",{"a":"]\"}"}] in 5 ms [x]"#;
        let at = frame_start(line).unwrap();
        assert_eq!(split_frame(&line[at..]), (r#"[2,"1","Heartbeat",{"a":"]\"}"}]"#, " in 5 ms [x]"));
        assert_eq!(frame_start("[ 3 , \"1\", {}]"), Some(0));
        assert_eq!(frame_start("[\"2\",\"1\",\"Heartbeat\",{}]"), Some(0));
        for none in ["", "[", "[2026-01-01]", "[7,1]", "[20,1]", "no", "[\"2,"] {
            assert_eq!(frame_start(none), None, "{none}");
        }
    }

    #[test]
    fn a_frame_without_an_end_is_all_that_is_there() {
        assert_eq!(split_frame("[2,\"1\",\"Heartbeat\",{"), ("[2,\"1\",\"Heartbeat\",{", ""));
    }

    #[test]
    fn a_value_may_go_over_several_pieces() {
        let mut balance = Balance::default();
        assert_eq!(balance.over("[2,\"1\",\"Hea"), None);
        assert_eq!(balance.over("rt]beat\",\n"), None);
        assert_eq!(balance.over("{}] x"), Some(3));
    }
}
