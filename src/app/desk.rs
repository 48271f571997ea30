//! The operators' desk on the command line: what every subcommand shares that decides something, also beside a service
//! that runs.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use clap::Args;

use super::Failure;
use super::cli::{ConfigFlag, ServeFlags};
use crate::config::Settings;
use crate::domain::time::At;
use crate::store::desk::{Author, Desk, DeskError};

/// Which desk.
#[derive(Args)]
pub(super) struct DeskFlags {
    #[command(flatten)]
    config: ConfigFlag,
    /// Folder of the ledger, instead of store.data_dir.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Somebody at the desk.
pub(super) struct AtTheDesk {
    /// The settings that the service runs with.
    pub(super) settings: Settings,
    /// The desk.
    pub(super) desk: Desk,
    /// Who they are: their account at this machine.
    pub(super) author: Author,
}

impl DeskFlags {
    /// Opens the desk.
    pub(super) fn open(self) -> Result<AtTheDesk, Failure> {
        let settings = self.settings()?;
        let clock = Arc::new(|| At::from(Utc::now()));
        let desk = Desk::open(&settings.store.data_dir, clock).map_err(Failure::trouble)?;
        Ok(AtTheDesk { settings, desk, author: author() })
    }

    /// The settings that name the desk, without opening it.
    pub(super) fn settings(self) -> Result<Settings, Failure> {
        let flags = ServeFlags { config: self.config, ocpp_listen: None, http_listen: None, data_dir: self.data_dir };
        flags.settings()
    }
}

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Unknown(_) | DeskError::Refused(_) => Self::mistake(error),
            DeskError::Store(_) => Self::trouble(error),
        }
    }
}

/// Who runs this program.
pub(super) fn author() -> Author {
    Author::at_the_machine(&account())
}

/// The name of the account that runs this program. Not from USER, which anybody may set to another's.
fn account() -> String {
    let Ok(own) = std::fs::metadata("/proc/self") else { return "unknown".to_owned() };
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(own.uid(), &accounts)
}

fn name_of(uid: u32, accounts: &str) -> String {
    let name = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    };
    accounts.lines().find_map(name).unwrap_or_else(|| format!("uid {uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_its_name_and_a_strange_one_its_number() {
        let accounts = "root:x:0:0:root:/:/bin/sh\nada:x:1000:1000:Ada,,,:/:/bin/sh\nbroken\n";
        assert_eq!(name_of(1000, accounts), "ada");
        assert_eq!(name_of(7, accounts), "uid 7");
        assert!(!account().is_empty());
    }
}
