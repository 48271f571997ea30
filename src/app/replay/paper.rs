//! The report as text for people.

use std::fmt::Write;

use super::report::{ChargerReport, FileReport, Report, Span};
use crate::domain::time::At;
use crate::store::archive::SessionView;

/// Sessions that are shown of a charger; the newest.
const MOST_SHOWN: usize = 40;

/// Chargers that are shown with their sessions.
const MOST_CHARGERS: usize = 200;

/// The report as text.
pub(super) fn text(report: &Report, into: Option<&str>) -> String {
    let mut out = String::new();
    for file in &report.files {
        file_lines(&mut out, file);
    }
    if report.files.len() > 1 {
        file_lines(&mut out, &report.sum());
    }
    actions(&mut out, report);
    chargers(&mut out, report);
    if report.refused_by_ledger > 0 {
        line(&mut out, &format!("the ledger refused {} records", report.refused_by_ledger));
    }
    let end = match into {
        None => "dry run: nothing was kept; --data-dir DIR writes into a ledger".to_owned(),
        Some(folder) => format!("written into the ledger in {folder}"),
    };
    line(&mut out, &end);
    out.truncate(out.trim_end().len());
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {
        writeln!($out, $($format)*).ok()
    };
}

fn file_lines(out: &mut String, file: &FileReport) {
    let order = if file.newest_first { ", newest first" } else { "" };
    let format = if file.format.is_empty() { String::new() } else { format!(" ({}{order})", file.format) };
    put!(out, "{}{format}", file.name);
    put!(
        out,
        "  {} lines: {} frames of chargers, {} of the central system, {} records without a frame, {} not understood",
        file.lines,
        file.of_chargers,
        file.of_central,
        file.without,
        file.not_understood
    );
    if let Span(Some((first, last))) = file.span {
        put!(out, "  from {first} to {last}");
    }
    if file.known > 0 {
        put!(out, "  {} frames were in the ledger already", file.known);
    }
    for example in &file.examples {
        put!(out, "  line {}: {}: {}", example.line, example.why, example.text);
    }
    if let Some(minutes) = file.zone_hint() {
        // Chargers whose clock is behind the file's times: the file's zone is ahead of UTC.
        let (sign, minutes) = if minutes > 0 { ('-', minutes) } else { ('+', -minutes) };
        let (hours, minutes) = (minutes / 60, minutes % 60);
        put!(
            out,
            "  the chargers' clocks differ by {hours:02}:{minutes:02}: if the file's times are local ones, say --utc-offset={sign}{hours:02}:{minutes:02}"
        );
    }
    out.push('\n');
}

fn actions(out: &mut String, report: &Report) {
    if report.actions.is_empty() {
        return;
    }
    put!(out, "{:<34} {:>9} {:>9} {:>9} {:>9}", "action", "frames", "clean", "repaired", "refused");
    for (name, action) in &report.actions {
        put!(out, "{name:<34} {:>9} {:>9} {:>9} {:>9}", action.frames, action.clean, action.repaired, action.refused);
        for (rule, seen) in &action.rules {
            let path = if seen.path.is_empty() { "the frame" } else { &seen.path };
            let found = if seen.found.is_empty() { String::new() } else { format!(" ({})", seen.found) };
            let file = report.files.get(seen.file).filter(|_| report.files.len() > 1);
            let file = file.map_or(String::new(), |file| format!("{} ", file.name));
            put!(out, "  {rule} × {}, first in {file}line {}: {path}{found}", seen.count, seen.line);
        }
    }
    out.push('\n');
}

fn chargers(out: &mut String, report: &Report) {
    for charger in report.chargers.values().take(MOST_CHARGERS) {
        charger_lines(out, charger);
    }
    let more = report.chargers.len().saturating_sub(MOST_CHARGERS);
    if more > 0 {
        put!(out, "{more} more chargers; --out json has them all\n");
    }
}

fn charger_lines(out: &mut String, charger: &ChargerReport) {
    let sessions = charger.sessions.len() as u64 + charger.more;
    put!(
        out,
        "{} ({}): {}, {}, {}",
        charger.name,
        charger.protocol,
        many(charger.frames, "frame"),
        many(sessions, "session"),
        many(charger.readings, "reading")
    );
    for view in charger.sessions.iter().take(MOST_SHOWN) {
        put!(out, "  {}", session(view));
    }
    let hidden = sessions.saturating_sub(MOST_SHOWN as u64);
    if hidden > 0 {
        put!(out, "  {hidden} earlier sessions");
    }
    out.push('\n');
}

/// A number of things.
fn many(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

fn session(view: &SessionView) -> String {
    let row = &view.row;
    let time = |at: Option<At>| at.map_or_else(|| "?".to_owned(), At::to_rfc3339);
    let place = match (row.outlet.evse, row.outlet.connector) {
        (0, 0) => "no connector".to_owned(),
        (evse, connector) if evse == connector => format!("connector {connector}"),
        (evse, connector) => format!("EVSE {evse} connector {connector}"),
    };
    let energy = row.energy.map_or_else(|| "energy unknown".to_owned(), |energy| format!("{energy} Wh"));
    format!(
        "session {}, {place}, {} to {}, {energy} ({}), {}",
        row.id.0,
        time(row.started_at),
        time(row.ended_at),
        row.quality.as_str(),
        row.state.as_str()
    )
}
