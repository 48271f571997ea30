//! Words to the terminal.

use std::io::Write;

/// A line to standard output. A closed pipe is no reason to stop.
pub(super) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

/// A complaint to standard error.
pub(super) fn complain(message: &str) {
    writeln!(std::io::stderr().lock(), "chargewatch: {message}").ok();
}

/// Rows as columns of equal width, two blanks between them.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |index: usize| rows.iter().map(|row| row[index].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
