//! `chargewatch driver-token`: the list of drivers' tokens, and what each may. Tokens are read from standard input where
//! they must not stand in the history of a shell, and never printed.

use std::path::PathBuf;

use chrono::Utc;
use clap::{Args, Subcommand};

use super::desk::{AtTheDesk, DeskFlags};
use super::when::{End, end};
use super::{Failure, key, screen};
use crate::domain::driver::{Group, Standing, TokenStatus};
use crate::domain::time::At;
use crate::domain::token::TokenHash;
use crate::gateway::lists::{self, Form};
use crate::store::desk::drivers::{DriverToken, DriverTokenView};

/// Tokens that are listed at a time.
const PAGE: usize = 1000;

#[derive(Args)]
pub(super) struct DriverTokenFlags {
    #[command(subcommand)]
    command: DriverTokenCommand,
}

#[derive(Subcommand)]
enum DriverTokenCommand {
    /// Put a token on the list.
    #[command(after_help = "Example: echo 04AABBCC | chargewatch driver-token add - --status Blocked")]
    Add(SetFlags),
    /// Change a token of the list: everything that is said of it is said anew.
    Set(SetFlags),
    /// Take a token off the list.
    Remove(OneFlags),
    /// List the tokens by their hashes, as sessions show them, and by their numbers, as the audit log does.
    List {
        #[command(flatten)]
        desk: DeskFlags,
    },
    /// Put the tokens of a file on the list: TOML of "token" = "status", or CSV with token, status, one_at_a_time, group and
    /// expires_at.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        desk: DeskFlags,
    },
}

#[derive(Args)]
struct SetFlags {
    /// The token; "-" reads it from standard input; t:… is the hash of one.
    token: String,
    /// What chargers are told: Accepted, Blocked, Expired or Invalid.
    #[arg(long, default_value = "Accepted")]
    status: TokenStatus,
    /// It may charge at one place at a time: another start is told ConcurrentTx.
    #[arg(long)]
    one_at_a_time: bool,
    /// Its group, whose members may end each other's sessions: a name of yours, not a card's number.
    #[arg(long, value_name = "NAME")]
    group: Option<Group>,
    /// When it expires: a date (UTC), a time (RFC 3339), or so many days from now, like 90d.
    #[arg(long, value_name = "WHEN", value_parser = end)]
    expires: Option<End>,
    #[command(flatten)]
    desk: DeskFlags,
}

#[derive(Args)]
struct OneFlags {
    /// The token; "-" reads it from standard input; t:… is the hash of one.
    token: String,
    #[command(flatten)]
    desk: DeskFlags,
}

/// Does what the arguments say.
pub(super) fn run(flags: DriverTokenFlags) -> Result<(), Failure> {
    match flags.command {
        DriverTokenCommand::Add(flags) => {
            set(flags, |at, new| Ok(at.desk.add_driver_token(&at.author, new).map(drop)?))
        }
        DriverTokenCommand::Set(flags) => {
            set(flags, |at, new| Ok(at.desk.set_driver_token(&at.author, new).map(drop)?))
        }
        DriverTokenCommand::Remove(flags) => {
            let at = flags.desk.open()?;
            let token = hash(&at, &flags.token)?;
            at.desk.remove_driver_token(&at.author, &token)?;
            screen::say(&format!("{} is off the list", token.as_str()));
            Ok(())
        }
        DriverTokenCommand::List { desk } => list(desk),
        DriverTokenCommand::Import { file, desk } => import(&file, desk),
    }
}

fn set(flags: SetFlags, put: impl FnOnce(&AtTheDesk, &DriverToken) -> Result<(), Failure>) -> Result<(), Failure> {
    let at = flags.desk.open()?;
    let token = hash(&at, &flags.token)?;
    let standing = Standing {
        status: flags.status,
        one_at_a_time: flags.one_at_a_time,
        group: flags.group,
        until: flags.expires.map(|end| end.from(At::from(Utc::now()))),
    };
    put(&at, &DriverToken { token: token.clone(), standing })?;
    screen::say(&format!("{} is {}", token.as_str(), flags.status));
    Ok(())
}

/// The hash of a token as given.
fn hash(at: &AtTheDesk, given: &str) -> Result<TokenHash, Failure> {
    if let Some(hash) = TokenHash::parse(given) {
        return Ok(hash);
    }
    let key = key::load(&at.settings).map_err(Failure::trouble)?;
    let mut line = String::new();
    if given == "-" {
        std::io::stdin().read_line(&mut line).map_err(Failure::trouble)?;
    } else {
        given.clone_into(&mut line);
    }
    let hash = key.hash(&line).filter(TokenHash::is_somebody);
    hash.ok_or_else(|| Failure::mistake("this token stands for nobody"))
}

fn import(file: &std::path::Path, desk: DeskFlags) -> Result<(), Failure> {
    let at = desk.open()?;
    let key = key::load(&at.settings).map_err(Failure::trouble)?;
    let form = Form::of(&file.display().to_string()).map_err(Failure::mistake)?;
    let told = |error: &dyn std::fmt::Display| Failure::mistake(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| told(&error))?;
    let new = lists::driver_tokens(&text, form, &key).map_err(|error| told(&error))?;
    at.desk.import_driver_tokens(&at.author, &new)?;
    let counts = TokenStatus::ALL.map(|status| {
        let count = new.iter().filter(|one| one.standing.status == status).count();
        format!("{count} {status}")
    });
    screen::say(&format!("{} tokens are on the list: {}", new.len(), counts.join(", ")));
    Ok(())
}

fn list(desk: DeskFlags) -> Result<(), Failure> {
    let at = desk.open()?;
    let mut rows = vec![["number", "token", "status", "one at a time", "group", "expires"].map(str::to_owned)];
    let mut after: Option<String> = None;
    loop {
        let page = at.desk.driver_tokens(after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.listed.token.as_str().to_owned());
        rows.extend(page.iter().map(row));
    }
    screen::say(&screen::columns(&rows));
    Ok(())
}

fn row(view: &DriverTokenView) -> [String; 6] {
    let standing = &view.listed.standing;
    [
        view.number.to_string(),
        view.listed.token.as_str().to_owned(),
        standing.status.to_string(),
        if standing.one_at_a_time { "yes" } else { "-" }.to_owned(),
        standing.group.as_ref().map_or("-", Group::as_str).to_owned(),
        standing.until.map_or_else(|| "-".to_owned(), |at| at.to_rfc3339().chars().take(16).collect()),
    ]
}
