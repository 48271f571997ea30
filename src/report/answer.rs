//! Answers as JSON, CSV and a table; and the list of reports.

use serde_json::{Value as Json, json};

use super::ask::Answer;
use super::{REPORTS, Report, Value};

/// What surrounds the lines of a CSV file: columns behind those of the report.
const AROUND: [&str; 12] = [
    "reasons",
    "report",
    "period_from",
    "period_until",
    "zone",
    "status",
    "provisional_because",
    "coverage",
    "method_version",
    "factors",
    "is_simulated",
    "generated_at",
];

/// A value as JSON; a number has every digit that it has.
fn exact(value: &Value) -> String {
    match value {
        Value::Null(_) => "null".to_owned(),
        Value::Whole(_) | Value::Bool(_) | Value::Decimal(..) => value.to_string(),
        Value::Text(text) => json!(text).to_string(),
        Value::Time(at) => json!(at.to_rfc3339()).to_string(),
    }
}

/// An object of values that are JSON already. Its names stay in order: people read it too.
fn object<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let fields = fields.into_iter().map(|(name, value)| format!("{}:{value}", json!(name)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
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
            let named = || names.iter().copied().zip(&row);
            let reasons = named().filter_map(|(name, value)| Some((name, json!(value.reason()?).to_string())));
            let own = named().map(|(name, value)| (name, exact(value)));
            object(own.chain([("reasons", object(reasons))]))
        };
        let text = |value: Json| value.to_string();
        let factors = self.factors.iter().map(|(table, version)| (table.word(), text(json!(version))));
        let group_by: Vec<&str> = [self.place.word()].into_iter().chain(self.time.map(super::TimeUnit::word)).collect();
        let period = object([
            ("label", text(json!(self.period.label))),
            ("from", text(json!(self.period.span.from.to_rfc3339()))),
            ("until", text(json!(self.period.span.until.to_rfc3339()))),
            ("zone", text(json!(self.period.zone.name()))),
        ]);
        let rows: Vec<String> = self.rows().map(row).collect();
        object([
            ("report", text(json!(self.report.name))),
            ("about", text(json!(self.report.about))),
            ("method", text(json!(format!("/methods#{}", self.report.name)))),
            ("method_version", self.report.version.to_string()),
            ("factors", object(factors)),
            ("period", period),
            ("status", text(json!(self.status()))),
            ("provisional_because", text(json!(self.provisional))),
            ("group_by", text(json!(group_by))),
            ("coverage", exact(&self.coverage)),
            ("coverage_reason", text(json!(self.coverage.reason()))),
            ("is_simulated", self.is_simulated.to_string()),
            ("generated_at", text(json!(self.generated_at.to_rfc3339()))),
            ("group_columns", format!("[{}]", self.group_columns().join(","))),
            ("columns", format!("[{}]", columns(self.report).join(","))),
            ("rows", format!("[{}]", rows.join(","))),
        ])
    }

    /// What names the group of a line.
    fn group_columns(&self) -> Vec<String> {
        let place = self.place.columns().iter().map(|name| described(name, "text", self.place.about()));
        let time =
            self.time.map(|unit| described(unit.word(), "text", "The stretch of time, in the zone of the period."));
        place.chain(time).collect()
    }

    /// What a file of it is called, without what a name of a file may not have.
    pub fn file_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let label: String = self.period.label.chars().map(plain).collect();
        format!("{}_{label}", self.report.name)
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
            let around = [
                self.reasons(&names, &row),
                self.report.name.to_owned(),
                self.period.span.from.to_rfc3339(),
                self.period.span.until.to_rfc3339(),
                self.period.zone.name().to_owned(),
                self.status().to_owned(),
                self.provisional.unwrap_or_default().to_owned(),
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

    /// Why values of a row are missing: each reason once, behind the columns that it is of.
    fn reasons(&self, names: &[&str], row: &[Value]) -> String {
        let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in names.iter().zip(row) {
            let Some(reason) = value.reason() else { continue };
            match found.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, of)) => of.push(name),
                None => found.push((reason, vec![name])),
            }
        }
        let told = found.iter().map(|(reason, of)| {
            if of.len() < self.report.columns.len() {
                format!("{}: {reason}", of.join(", "))
            } else {
                format!("all: {reason}")
            }
        });
        told.collect::<Vec<_>>().join("; ")
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

fn columns(report: &Report) -> Vec<String> {
    let evses = described("evses", "count", "EVSEs in service in the period.");
    let sessions = described("sessions", "count", "Sessions that began in the period.");
    let own = report.columns.iter().map(|column| described(column.name, column.unit, column.about));
    [evses, sessions].into_iter().chain(own).collect()
}

fn described(name: &str, unit: &str, about: &str) -> String {
    let fields = [("name", name), ("unit", unit), ("definition", about)];
    object(fields.map(|(name, value)| (name, json!(value).to_string())))
}

/// The list of reports, which describes itself.
pub fn list() -> String {
    let reports = REPORTS.iter().map(|report| {
        let text = |value: Json| value.to_string();
        let places: Vec<&str> = report.places.iter().map(|unit| unit.word()).collect();
        let times: Vec<&str> = report.times.iter().map(|unit| unit.word()).collect();
        let factors: Vec<&str> = report.factors.iter().map(|table| table.word()).collect();
        object([
            ("name", text(json!(report.name))),
            ("about", text(json!(report.about))),
            ("url", text(json!(format!("/api/v1/reports/{}", report.name)))),
            ("method", text(json!(format!("/methods#{}", report.name)))),
            ("method_version", report.version.to_string()),
            ("group_by", object([("place", text(json!(places))), ("time", text(json!(times)))])),
            ("factors", text(json!(factors))),
            ("columns", format!("[{}]", columns(report).join(","))),
        ])
    });
    let reports: Vec<String> = reports.collect();
    object([("items", format!("[{}]", reports.join(","))), ("next_cursor", "null".to_owned())])
}
