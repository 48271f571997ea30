//! Answers as JSON, CSV and a table; and the list of reports.

use serde_json::{Map, Value as Json, json};

use super::ask::Answer;
use super::{PlaceUnit, REPORTS, Report, Value};

/// What surrounds the lines of a CSV file: columns behind those of the report.
const AROUND: [&str; 11] = [
    "reasons",
    "report",
    "period_from",
    "period_until",
    "zone",
    "status",
    "coverage",
    "method_version",
    "factors",
    "is_simulated",
    "generated_at",
];

/// An exact number, kept as it is written.
fn exact(value: &Value) -> Json {
    match value {
        Value::Null(_) => Json::Null,
        Value::Whole(number) => json!(number),
        Value::Bool(yes) => json!(yes),
        Value::Text(text) => json!(text),
        Value::Time(at) => json!(at.to_rfc3339()),
        // serde_json keeps every digit of a number that it reads from text.
        Value::Decimal(..) => serde_json::from_str(&value.to_string()).unwrap_or(Json::Null),
    }
}

impl Answer {
    fn status(&self) -> &'static str {
        if self.provisional.is_some() { "provisional" } else { "final" }
    }

    /// The tables that it was made with, and their versions.
    fn told_factors(&self) -> String {
        let told = self.factors.iter().map(|(table, version)| format!("{} {version}", table.word()));
        told.collect::<Vec<_>>().join("; ")
    }

    /// The names of all columns of a line, in order.
    fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = self.place.columns().to_vec();
        names.extend(self.time.map(super::TimeUnit::word));
        names.extend(["evses", "sessions"]);
        names.extend(self.report.columns.iter().map(|column| column.name));
        names
    }

    /// The lines, each with a value for every name.
    fn rows(&self) -> impl Iterator<Item = Vec<Value>> {
        let timed = self.time.is_some();
        self.lines.iter().map(move |line| {
            let mut row = line.place.clone();
            row.extend(timed.then(|| Value::Text(line.time.clone().unwrap_or_default())));
            let few = line.values.iter().any(|value| value.reason() == Some("small cell"));
            let sessions = if few { Value::Null("small cell") } else { Value::Whole(line.sessions) };
            row.extend([Value::Whole(i64::try_from(line.evses).unwrap_or(i64::MAX)), sessions]);
            row.extend(line.values.iter().cloned());
            row
        })
    }

    /// As a JSON document.
    pub fn json(&self) -> String {
        let names = self.names();
        let row = |row: Vec<Value>| {
            let mut object = Map::new();
            let mut reasons = Map::new();
            for (name, value) in names.iter().zip(&row) {
                object.insert((*name).to_owned(), exact(value));
                if let Some(reason) = value.reason() {
                    reasons.insert((*name).to_owned(), json!(reason));
                }
            }
            object.insert("reasons".to_owned(), Json::Object(reasons));
            Json::Object(object)
        };
        let factors: Map<String, Json> =
            self.factors.iter().map(|(table, version)| (table.word().to_owned(), json!(version))).collect();
        let group_by: Vec<&str> = [self.place.word()].into_iter().chain(self.time.map(super::TimeUnit::word)).collect();
        let document = json!({
            "report": self.report.name,
            "about": self.report.about,
            "method": format!("/methods#{}", self.report.name),
            "method_version": self.report.version,
            "factors": factors,
            "period": {
                "label": self.period.label,
                "from": self.period.span.from.to_rfc3339(),
                "until": self.period.span.until.to_rfc3339(),
                "zone": self.period.zone.name(),
            },
            "status": self.status(),
            "provisional_because": self.provisional,
            "group_by": group_by,
            "coverage": exact(&self.coverage),
            "is_simulated": self.is_simulated,
            "generated_at": self.generated_at.to_rfc3339(),
            "columns": columns(self.report),
            "rows": self.rows().map(row).collect::<Vec<_>>(),
        });
        document.to_string()
    }

    /// As CSV: one table, each line with what is needed to judge it.
    ///
    /// # Errors
    /// When a line cannot be written, which does not happen in memory.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names = self.names();
        writer.write_record(names.iter().chain(&AROUND))?;
        for row in self.rows() {
            let reasons: Vec<String> = names
                .iter()
                .zip(&row)
                .filter_map(|(name, value)| value.reason().map(|reason| format!("{name}: {reason}")))
                .collect();
            let around = [
                reasons.join("; "),
                self.report.name.to_owned(),
                self.period.span.from.to_rfc3339(),
                self.period.span.until.to_rfc3339(),
                self.period.zone.name().to_owned(),
                self.status().to_owned(),
                self.coverage.to_string(),
                self.report.version.to_string(),
                self.told_factors(),
                self.is_simulated.to_string(),
                self.generated_at.to_rfc3339(),
            ];
            writer.write_record(row.iter().map(harmless).chain(around))?;
        }
        let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// As a table for the terminal, with what surrounds it.
    pub fn table(&self) -> String {
        let names: Vec<String> = self.names().into_iter().map(str::to_owned).collect();
        let rows: Vec<Vec<String>> = self.rows().map(|row| row.iter().map(dashed).collect()).collect();
        let because = self.provisional.map_or_else(String::new, |why| format!(" ({why})"));
        let simulated = if self.is_simulated { ", simulated" } else { "" };
        let factors = if self.factors.is_empty() { String::new() } else { format!(", {}", self.told_factors()) };
        format!(
            "{} {} ({} … {}, {}): {}{because}, coverage {}{simulated}, method {}{factors}\n{}",
            self.report.name,
            self.period.label,
            self.period.span.from,
            self.period.span.until,
            self.period.zone.name(),
            self.status(),
            dashed(&self.coverage),
            self.report.version,
            aligned(&names, &rows)
        )
    }
}

/// A text that a spreadsheet would run as a formula gets an apostrophe in front.
fn harmless(value: &Value) -> String {
    match value {
        Value::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Value::Null(_) | Value::Whole(_) | Value::Decimal(..) | Value::Text(_) | Value::Bool(_) | Value::Time(_) => {
            value.to_string()
        }
    }
}

fn dashed(value: &Value) -> String {
    if value.reason().is_some() { "-".to_owned() } else { value.to_string() }
}

/// Columns side by side; where there is one row, names and values below one another.
pub(super) fn aligned(names: &[String], rows: &[Vec<String>]) -> String {
    if let [only] = rows {
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let lines = names.iter().zip(only).map(|(name, value)| format!("{name:width$}  {value}"));
        return lines.collect::<Vec<_>>().join("\n");
    }
    let width = |index: usize| {
        let rows = rows.iter().map(Vec::as_slice).chain([names]);
        rows.filter_map(|row| row.get(index)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    std::iter::once(line(names)).chain(rows.iter().map(|row| line(row))).collect::<Vec<_>>().join("\n")
}

fn columns(report: &Report) -> Vec<Json> {
    let evses = json!({ "name": "evses", "unit": "count", "definition": "EVSEs in service in the period." });
    let sessions = json!({ "name": "sessions", "unit": "count", "definition": "Sessions that began in the period." });
    let own = report.columns.iter();
    let own = own.map(|column| json!({ "name": column.name, "unit": column.unit, "definition": column.about }));
    [evses, sessions].into_iter().chain(own).collect()
}

/// The list of reports, which describes itself.
pub fn list() -> String {
    let reports = REPORTS.iter().map(|report| {
        let words = |units: &[PlaceUnit]| units.iter().map(|unit| unit.word()).collect::<Vec<_>>();
        json!({
            "name": report.name,
            "about": report.about,
            "url": format!("/api/v1/reports/{}", report.name),
            "method": format!("/methods#{}", report.name),
            "method_version": report.version,
            "group_by": {
                "place": words(report.places),
                "time": report.times.iter().map(|unit| unit.word()).collect::<Vec<_>>(),
            },
            "factors": report.factors.iter().map(|table| table.word()).collect::<Vec<_>>(),
            "columns": columns(report),
        })
    });
    json!({ "items": reports.collect::<Vec<_>>(), "next_cursor": null }).to_string()
}
