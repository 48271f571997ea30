//! `chargewatch audit`: who changed or commanded what.

use clap::Args;

use super::desk::DeskFlags;
use super::{Failure, screen, telemetry};
use crate::domain::time::At;

/// Lines that are read at a time.
const PAGE: usize = 500;

#[derive(Args)]
pub(super) struct AuditFlags {
    /// From this time on: RFC 3339, or a date (UTC).
    #[arg(long, value_name = "TIME", value_parser = telemetry::time)]
    since: Option<At>,
    #[command(flatten)]
    desk: DeskFlags,
}

/// Prints the audit log, newest first.
pub(super) fn run(flags: AuditFlags) -> Result<(), Failure> {
    let at = flags.desk.open()?;
    let mut before = None;
    loop {
        let lines = at.desk.audit(before, PAGE)?;
        let Some(last) = lines.last() else { return Ok(()) };
        before = Some(last.id);
        for line in &lines {
            if flags.since.is_some_and(|since| line.at < since) {
                return Ok(());
            }
            let detail = line.detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})"));
            let told =
                format!("{}  {}  {} {}{detail}: {}", line.at, line.author, line.deed, line.subject, line.outcome);
            // What stands there came from outside and must obey no terminal.
            screen::say(&told.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>());
        }
    }
}
