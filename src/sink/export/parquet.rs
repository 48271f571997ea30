//! Parquet: rows are gathered into groups, each written column by column.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::{Column, Kind, Table, Value};

/// Rows of a group: as much as is held in memory.
const GROUP: usize = 50_000;

/// A Parquet file under construction.
pub(super) struct Parquet {
    writer: SerializedFileWriter<BufWriter<File>>,
    columns: &'static [Column],
    rows: Vec<Vec<Value>>,
}

fn told(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

impl Parquet {
    /// Begins a file with these columns, all of which may be null.
    pub(super) fn new(file: BufWriter<File>, columns: &'static [Column]) -> io::Result<Self> {
        let column = |(name, kind): &Column| match kind {
            Kind::Text => format!("OPTIONAL BYTE_ARRAY {name} (STRING);"),
            Kind::Whole => format!("OPTIONAL INT64 {name};"),
            Kind::Decimal => format!("OPTIONAL INT64 {name} (DECIMAL(18,3));"),
            Kind::Truth => format!("OPTIONAL BOOLEAN {name};"),
            Kind::Time => format!("OPTIONAL INT64 {name} (TIMESTAMP(MILLIS,true));"),
        };
        let message = format!("message chargewatch {{ {} }}", columns.iter().map(column).collect::<String>());
        let schema = parse_message_type(&message).map_err(told)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).map_err(told)?;
        Ok(Self { writer, columns, rows: Vec::new() })
    }

    fn group(&mut self) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(told)?;
        for index in 0..self.columns.len() {
            column(&mut group, &self.rows, index).map_err(told)?;
        }
        group.close().map_err(told)?;
        self.rows.clear();
        Ok(())
    }
}

/// Writes one column of a group.
fn column(
    group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>,
    rows: &[Vec<Value>],
    index: usize,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else { return Ok(()) };
    let cells = || rows.iter().filter_map(|row| row.get(index));
    let defined: Vec<i16> = cells().map(|cell| i16::from(*cell != Value::None)).collect();
    match writer.untyped() {
        ColumnWriter::ByteArrayColumnWriter(typed) => {
            let texts: Vec<ByteArray> = cells().filter_map(text).collect();
            typed.write_batch(&texts, Some(&defined), None)?;
        }
        ColumnWriter::Int64ColumnWriter(typed) => {
            let numbers: Vec<i64> = cells().filter_map(number).collect();
            typed.write_batch(&numbers, Some(&defined), None)?;
        }
        ColumnWriter::BoolColumnWriter(typed) => {
            let truths: Vec<bool> = cells().filter_map(truth).collect();
            typed.write_batch(&truths, Some(&defined), None)?;
        }
        ColumnWriter::Int32ColumnWriter(_)
        | ColumnWriter::Int96ColumnWriter(_)
        | ColumnWriter::FloatColumnWriter(_)
        | ColumnWriter::DoubleColumnWriter(_)
        | ColumnWriter::FixedLenByteArrayColumnWriter(_) => {}
    }
    writer.close()
}

fn text(value: &Value) -> Option<ByteArray> {
    match value {
        Value::Text(text) => Some(ByteArray::from(text.as_str())),
        Value::None | Value::Whole(_) | Value::Decimal(_) | Value::Truth(_) | Value::Time(_) => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Whole(number) => Some(*number),
        Value::Decimal(number) => Some(number.0),
        Value::Time(at) => Some(at.millis()),
        Value::None | Value::Text(_) | Value::Truth(_) => None,
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Truth(truth) => Some(*truth),
        Value::None | Value::Text(_) | Value::Whole(_) | Value::Decimal(_) | Value::Time(_) => None,
    }
}

impl Table for Parquet {
    fn row(&mut self, row: Vec<Value>) -> io::Result<()> {
        self.rows.push(row);
        if self.rows.len() >= GROUP { self.group() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.group()?;
        let mut file = self.writer.into_inner().map_err(told)?;
        file.flush()?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}
