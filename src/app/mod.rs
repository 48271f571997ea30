//! Wiring: the command line, what starts and stops in which order. The only place that knows everything.

mod audit;
mod ca;
mod charger;
mod cli;
mod crl;
mod demo;
mod desk;
mod doors;
mod driver_token;
mod exemption;
mod forget;
mod healthcheck;
mod import;
mod intensity;
mod key;
mod replay;
mod report;
mod screen;
mod self_signed;
mod serve;
mod simulate;
mod telemetry;
mod token;
mod when;

use std::process::ExitCode;

use clap::Parser;
pub use serve::{Running, ServeError, Setup, start};

/// What went wrong, for the operator: one message, and the exit code.
struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// The settings or flags are wrong.
    fn mistake(message: impl ToString) -> Self {
        Self { message: message.to_string(), code: 2 }
    }

    /// It cannot be done here and now.
    fn trouble(message: impl ToString) -> Self {
        Self { message: message.to_string(), code: 1 }
    }
}

/// Runs the program: parses arguments, does what they say.
pub fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match cli::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen::complain(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}
