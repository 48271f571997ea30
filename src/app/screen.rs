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
