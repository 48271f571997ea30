//! Parses arguments and calls the application; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    chargewatch::app::main()
}
