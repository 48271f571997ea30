//! What leaves by the API: resources described once, from which JSON, CSV, NDJSON and the OpenAPI document are made.
//!
//! Numbers that were integers of thousandths leave as exact decimals; nothing passes through a binary float.

use std::borrow::Cow;
use std::fmt::Write;

use crate::domain::energy::{Milli, MilliWh};
use crate::domain::time::At;

/// A kind of object that the API gives.
pub(super) struct Resource {
    /// Its name in the OpenAPI document.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    /// Its fields, in order.
    pub(super) fields: &'static [Field],
}

/// A field of a resource.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) about: &'static str,
}

/// What a field holds. Every field may be null: missing is not zero.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Whole,
    /// An exact decimal.
    Decimal,
    Bool,
    /// RFC 3339 in UTC.
    Time,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An object; left out of CSV.
    Object(&'static Resource),
    /// A list of objects; left out of CSV.
    List(&'static Resource),
}

/// A value of a field.
pub(super) enum Cell {
    Null,
    Bool(bool),
    Whole(i64),
    Decimal(Milli),
    Text(Cow<'static, str>),
    Time(At),
    Object(Row),
    List(Vec<Row>),
}

/// An object: its cells in the order of the resource's fields.
pub(super) type Row = Vec<Cell>;

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Whole(value)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Whole(value.into())
    }
}

impl From<Milli> for Cell {
    fn from(value: Milli) -> Self {
        Self::Decimal(value)
    }
}

impl From<MilliWh> for Cell {
    fn from(value: MilliWh) -> Self {
        Self::Decimal(Milli(value.0))
    }
}

impl From<At> for Cell {
    fn from(value: At) -> Self {
        Self::Time(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned().into())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl Resource {
    /// Writes a row as a JSON object.
    pub(super) fn json(&self, row: &Row, out: &mut String) {
        out.push('{');
        for (index, (field, cell)) in self.fields.iter().zip(row).enumerate() {
            if index > 0 {
                out.push(',');
            }
            text(field.name, out);
            out.push(':');
            value(field.kind, cell, out);
        }
        out.push('}');
    }

    /// The names of the CSV columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().filter(|field| field.is_flat()).map(|field| field.name)
    }

    /// The cells of a CSV row. Texts that a spreadsheet would run as a formula get an apostrophe in front.
    pub(super) fn cells(&self, row: &Row) -> impl Iterator<Item = String> {
        self.fields.iter().zip(row).filter(|(field, _)| field.is_flat()).map(|(_, cell)| match cell {
            Cell::Null | Cell::Object(_) | Cell::List(_) => String::new(),
            Cell::Bool(value) => value.to_string(),
            Cell::Whole(value) => value.to_string(),
            Cell::Decimal(value) => value.to_string(),
            Cell::Time(at) => at.to_rfc3339(),
            Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
            Cell::Text(text) => text.to_string(),
        })
    }
}

impl Field {
    /// Whether it fits a CSV cell.
    const fn is_flat(&self) -> bool {
        !matches!(self.kind, Kind::Object(_) | Kind::List(_))
    }
}

fn value(kind: Kind, cell: &Cell, out: &mut String) {
    // Writing to a String cannot fail.
    match (cell, kind) {
        (Cell::Bool(value), _) => write!(out, "{value}").ok(),
        (Cell::Whole(value), _) => write!(out, "{value}").ok(),
        (Cell::Decimal(value), _) => write!(out, "{value}").ok(),
        (Cell::Time(at), _) => write!(out, "\"{at}\"").ok(),
        (Cell::Text(content), _) => {
            text(content, out);
            None
        }
        (Cell::Object(row), Kind::Object(resource)) => {
            resource.json(row, out);
            None
        }
        (Cell::List(rows), Kind::List(resource)) => {
            out.push('[');
            for (index, row) in rows.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                resource.json(row, out);
            }
            out.push(']');
            None
        }
        (Cell::Null | Cell::Object(_) | Cell::List(_), _) => {
            out.push_str("null");
            None
        }
    };
}

/// Writes a JSON string.
pub(super) fn text(content: &str, out: &mut String) {
    if content.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\')) {
        // Almost all are plain.
        out.push('"');
        out.push_str(content);
        out.push('"');
        return;
    }
    out.push_str(&serde_json::Value::from(content).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: Resource =
        Resource { name: "Inner", about: "", fields: &[Field { name: "a", kind: Kind::Whole, about: "" }] };
    const OUTER: Resource = Resource {
        name: "Outer",
        about: "",
        fields: &[
            Field { name: "text", kind: Kind::Text, about: "" },
            Field { name: "energy", kind: Kind::Decimal, about: "" },
            Field { name: "inner", kind: Kind::Object(&INNER), about: "" },
            Field { name: "list", kind: Kind::List(&INNER), about: "" },
            Field { name: "at", kind: Kind::Time, about: "" },
        ],
    };

    #[test]
    fn a_row_leaves_exactly_as_json_and_as_csv() {
        let row = vec![
            "=1+\"2\"".into(),
            MilliWh(12_272_427).into(),
            Cell::Object(vec![7_u32.into()]),
            Cell::List(vec![vec![1_u32.into()], vec![Cell::Null]]),
            At::from_millis(0).into(),
        ];
        let mut json = String::new();
        OUTER.json(&row, &mut json);
        assert_eq!(
            json,
            r#"{"text":"=1+\"2\"","energy":12272.427,"inner":{"a":7},"list":[{"a":1},{"a":null}],"at":"1970-01-01T00:00:00.000Z"}"#
        );
        assert_eq!(OUTER.columns().collect::<Vec<_>>(), ["text", "energy", "at"]);
        assert_eq!(OUTER.cells(&row).collect::<Vec<_>>(), ["'=1+\"2\"", "12272.427", "1970-01-01T00:00:00.000Z"]);
    }
}
