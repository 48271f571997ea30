//! The rows of a file: fields as text, with the line that each begins in.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use csv::ByteRecord;

use super::map::{Encoding, Map};

/// A file that is being read.
pub(super) struct Rows {
    reader: csv::Reader<BufReader<File>>,
    record: ByteRecord,
    encoding: Encoding,
    /// The disk failed: the same again would fail again.
    pub(super) has_failed: bool,
    /// Names of the columns.
    pub(super) header: Vec<String>,
}

/// A row: its line, and its fields or what is wrong with it.
pub(super) type Line = (u64, Result<Vec<String>, String>);

impl Rows {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path, map: &Map) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let file = File::open(path).map_err(|error| told(&format!("cannot be read: {error}")))?;
        let reader = csv::ReaderBuilder::new()
            .delimiter(map.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(BufReader::new(file));
        let mut rows =
            Self { reader, record: ByteRecord::new(), encoding: map.encoding, has_failed: false, header: Vec::new() };
        match rows.next() {
            Some((_, Ok(header))) => {
                rows.header = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
                Ok(rows)
            }
            Some((_, Err(reason))) => Err(told(&format!("its header: {reason}"))),
            None => Err(told(&"it is empty")),
        }
    }

    /// The next row.
    pub(super) fn next(&mut self) -> Option<Line> {
        if self.has_failed {
            return None;
        }
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return None,
            Ok(true) => {}
            Err(error) => {
                self.has_failed = true;
                return Some((self.reader.position().line(), Err(error.to_string())));
            }
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        Some((line, self.fields()))
    }

    fn fields(&self) -> Result<Vec<String>, String> {
        let wanted = self.header.len();
        if wanted > 0 && self.record.len() != wanted {
            return Err(format!("{} fields, the header has {wanted}", self.record.len()));
        }
        let field = |bytes: &[u8]| match self.encoding {
            Encoding::Latin1 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
        };
        let fields: Option<Vec<String>> = self.record.iter().map(field).collect();
        fields.ok_or_else(|| "not UTF-8; the map may say file.encoding = \"latin-1\"".to_owned())
    }
}
