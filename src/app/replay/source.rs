//! A file as records: lines, joined where a value goes over several, read forwards or, where the newest comes first,
//! backwards. Memory stays flat whatever the length of the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::scan::{self, Balance};
use super::{Format, when};

/// A longer record is cut there, in bytes.
const LONGEST: usize = 16 << 20;

/// A value over more lines than this is none.
const MOST_LINES: usize = 20_000;

/// Bytes of an entry of the index: offset, length and line, 8 each.
const ENTRY: usize = 24;

/// A record of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Number of its first line, from 1.
    pub(super) line: u64,
    /// Where it begins, in bytes.
    pub(super) offset: u64,
    /// Its length in bytes.
    pub(super) length: u64,
    /// Its text; what is no UTF-8 is replaced.
    pub(super) text: String,
}

/// Records in the order of the file.
pub(super) struct Chunks<R> {
    reader: R,
    format: Format,
    peeked: Option<Chunk>,
    lines: u64,
    offset: u64,
}

impl<R: BufRead> Chunks<R> {
    pub(super) const fn new(reader: R, format: Format) -> Self {
        Self { reader, format, peeked: None, lines: 0, offset: 0 }
    }

    /// Lines read so far.
    pub(super) const fn lines(&self) -> u64 {
        self.lines
    }

    /// The next record, blank lines left out.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        loop {
            let Some(mut chunk) = self.line()? else { return Ok(None) };
            if chunk.text.trim().is_empty() {
                continue;
            }
            match self.format {
                Format::Csv => self.join_quoted(&mut chunk)?,
                Format::Json | Format::Text => self.join_value(&mut chunk)?,
            }
            return Ok(Some(chunk));
        }
    }

    fn line(&mut self) -> io::Result<Option<Chunk>> {
        if let Some(chunk) = self.peeked.take() {
            return Ok(Some(chunk));
        }
        let mut bytes = Vec::new();
        let limit = LONGEST as u64;
        let mut length = self.reader.by_ref().take(limit).read_until(b'\n', &mut bytes)? as u64;
        if length == 0 {
            return Ok(None);
        }
        if length == limit && bytes.last() != Some(&b'\n') {
            length += skip_line(&mut self.reader)?;
        }
        self.lines += 1;
        let offset = self.offset;
        self.offset += length;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let text = if self.lines == 1 { text.trim_start_matches('\u{feff}').to_owned() } else { text };
        Ok(Some(Chunk { line: self.lines, offset, length, text }))
    }

    fn peek(&mut self) -> io::Result<Option<&Chunk>> {
        if self.peeked.is_none() {
            self.peeked = self.line()?;
        }
        Ok(self.peeked.as_ref())
    }

    /// Takes the next line in, unless that grows beyond the limits.
    fn join(&mut self, chunk: &mut Chunk, joined: &mut usize) -> io::Result<bool> {
        *joined += 1;
        if chunk.text.len() >= LONGEST || *joined >= MOST_LINES {
            return Ok(false);
        }
        let Some(next) = self.line()? else { return Ok(false) };
        chunk.text.push_str(&next.text);
        chunk.length += next.length;
        Ok(true)
    }

    /// A cell in quotes may go over several lines.
    fn join_quoted(&mut self, chunk: &mut Chunk) -> io::Result<()> {
        let quotes = |text: &str| text.bytes().filter(|byte| *byte == b'"').count();
        let (mut seen, mut joined, mut from) = (0, 0, 0);
        loop {
            seen += quotes(&chunk.text[from..]);
            from = chunk.text.len();
            if seen.is_multiple_of(2) || !self.join(chunk, &mut joined)? {
                return Ok(());
            }
        }
    }

    /// A value whose brackets are open goes on, unless the next line begins a record of its own.
    fn join_value(&mut self, chunk: &mut Chunk) -> io::Result<()> {
        self.join_bracket(chunk)?;
        let trimmed = chunk.text.trim_start();
        let is_object = trimmed.starts_with('{');
        let at = chunk.text.len() - trimmed.len();
        let start = if is_object { Some(at) } else { scan::frame_start(&chunk.text) };
        let Some(mut from) = start else { return Ok(()) };
        let (mut balance, mut joined) = (Balance::default(), 0);
        while balance.over(&chunk.text[from..]).is_none() {
            from = chunk.text.len();
            let single = joined == 0;
            let Some(next) = self.peek()? else { return Ok(()) };
            let own = if is_object { single && next.text.starts_with('{') } else { begins_record(&next.text) };
            if own || !self.join(chunk, &mut joined)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A bracket that ends its line opens a frame when the next line begins with a message type.
    fn join_bracket(&mut self, chunk: &mut Chunk) -> io::Result<()> {
        if chunk.text.trim_end().ends_with('[') {
            let opens = self.peek()?.is_some_and(|next| {
                let text = next.text.trim_start();
                let kind =
                    text.trim_start_matches('"').bytes().next().is_some_and(|byte| (b'2'..=b'6').contains(&byte));
                kind && text.trim_end().ends_with(',') && text.trim_end().len() <= 4
            });
            if opens {
                self.join(chunk, &mut 0)?;
            }
        }
        Ok(())
    }
}

/// Whether a line is no continuation: it has a frame of its own, a time at its head, or begins as no JSON does.
fn begins_record(line: &str) -> bool {
    let text = line.trim_start();
    let head = text.get(..24).unwrap_or(text);
    let marks = text.is_empty() || text.starts_with(['{', '}', '"', '[', ']', ',', ':']);
    let word = text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        || ["true", "false", "null"].iter().any(|word| text.starts_with(word));
    scan::frame_start(line).is_some() || (!marks && (!word || when::find(head, 0).is_some()))
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let (end, length) = {
            let buffer = reader.fill_buf()?;
            match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (true, at + 1),
                None => (buffer.is_empty(), buffer.len()),
            }
        };
        reader.consume(length);
        skipped += length as u64;
        if end {
            return Ok(skipped);
        }
    }
}

/// Records in the reverse order of the file: where each begins is kept in a temporary file.
pub(super) struct Backwards {
    file: File,
    index: File,
    left: u64,
    lines: u64,
}

impl Backwards {
    pub(super) fn open(path: &Path, format: Format) -> io::Result<Self> {
        let mut chunks = Chunks::new(BufReader::new(File::open(path)?), format);
        let mut index = io::BufWriter::new(tempfile::tempfile()?);
        let mut left = 0;
        while let Some(chunk) = chunks.next()? {
            for number in [chunk.offset, chunk.length, chunk.line] {
                index.write_all(&number.to_le_bytes())?;
            }
            left += 1;
        }
        let index = index.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self { file: File::open(path)?, index, left, lines: chunks.lines() })
    }

    /// Lines of the file.
    pub(super) const fn lines(&self) -> u64 {
        self.lines
    }

    /// The record before.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        let Some(at) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = at;
        let mut entry = [0; ENTRY];
        self.index.seek(SeekFrom::Start(at * ENTRY as u64))?;
        self.index.read_exact(&mut entry)?;
        let number = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&entry[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let (offset, length, line) = (number(0), number(8), number(16));
        self.file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut self.file).take(length.min(2 * LONGEST as u64)).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned();
        Ok(Some(Chunk { line, offset, length, text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: &str, format: Format) -> Vec<(u64, String)> {
        let mut chunks = Chunks::new(text.as_bytes(), format);
        std::iter::from_fn(|| chunks.next().unwrap()).map(|chunk| (chunk.line, chunk.text.trim().to_owned())).collect()
    }

    #[test]
    fn a_line_is_a_record_and_blank_lines_are_none() {
        let text = "\u{feff}one\n\n[2,\"1\",\"Heartbeat\",{}]\r\nthree";
        let expected = [(1, "one"), (3, "[2,\"1\",\"Heartbeat\",{}]"), (4, "three")];
        assert_eq!(chunks(text, Format::Text), expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_frame_printed_over_several_lines_is_one_record() {
        for text in [
            "2026-01-01 00:00:00 CP: [2,\n  \"1\",\n  \"Heartbeat\",\n  {\n  }\n]\nnext",
            "2026-01-01 00:00:00 CP: [\n  2,\n  \"1\",\n  \"Heartbeat\",\n  {}\n]\nnext",
        ] {
            let found = chunks(text, Format::Text);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].1.ends_with(']') && found[1].1 == "next", "{found:?}");
        }
    }

    #[test]
    fn a_frame_without_an_end_does_not_swallow_the_next_record() {
        let text = "CP [2,\"1\",\"Heartbeat\",{\n2026-01-01 00:00:00 hello\nCP [2,\"2\",\"Heartbeat\",{\nCP [2,\"3\",\"Heartbeat\",{}]";
        assert_eq!(chunks(text, Format::Text).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let text = "{\"a\":1\n{\"a\":2}\n";
        assert_eq!(chunks(text, Format::Json).len(), 2);
    }

    #[test]
    fn an_object_printed_over_several_lines_and_a_cell_with_line_ends_are_one_record() {
        assert_eq!(chunks("{\n \"a\": [\n {\"b\":1}\n]\n}\n{}", Format::Json).len(), 2);
        assert_eq!(chunks("a,b\n1,\"x\n\"\"y\"\"\n\"\n2,z", Format::Csv).len(), 3);
    }

    #[test]
    fn backwards_gives_the_same_records_in_the_reverse_order() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one\n[2,\"1\",\n\"Heartbeat\",{}]\n\nfour").unwrap();
        let mut forwards = chunks("one\n[2,\"1\",\n\"Heartbeat\",{}]\n\nfour", Format::Text);
        let mut source = Backwards::open(file.path(), Format::Text).unwrap();
        assert_eq!(source.lines(), 5);
        let backwards: Vec<_> = std::iter::from_fn(|| source.next().unwrap())
            .map(|chunk| (chunk.line, chunk.text.trim().to_owned()))
            .collect();
        forwards.reverse();
        assert_eq!(backwards, forwards);
    }
}
