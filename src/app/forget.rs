//! `chargewatch forget`: cuts every trace of a person's token in the ledger, also while a chargewatch serves from it.

use clap::Args;

use super::desk::{AtTheDesk, DeskFlags};
use super::{Failure, key, screen};
use crate::domain::token::TokenHash;

/// In place of a token: it is read from standard input, where no list of processes shows it.
const FROM_INPUT: &str = "-";

#[derive(Args)]
pub(super) struct ForgetFlags {
    #[command(flatten)]
    desk: DeskFlags,
    /// The token as the card or app shows it; - reads it from standard input.
    #[arg(long, value_name = "TOKEN", required_unless_present = "token_hash", conflicts_with = "token_hash")]
    token: Option<String>,
    /// The token's hash, as a session shows it.
    #[arg(long, value_name = "HASH")]
    token_hash: Option<String>,
    /// Only say what there is of the person.
    #[arg(long)]
    dry_run: bool,
}

/// Forgets a person.
pub(super) fn run(flags: ForgetFlags) -> Result<(), Failure> {
    let ForgetFlags { desk, token, token_hash, dry_run } = flags;
    let AtTheDesk { settings, desk, author } = desk.open()?;
    let hash = match (token, token_hash) {
        (Some(token), _) => {
            let token = if token == FROM_INPUT { std::io::read_to_string(std::io::stdin()) } else { Ok(token) };
            let token = token.map_err(Failure::trouble)?;
            key::load(&settings).map_err(Failure::trouble)?.hash(&token)
        }
        (None, hash) => hash.as_deref().and_then(TokenHash::parse),
    };
    let hash = hash.ok_or_else(|| Failure::mistake("a token, or a hash like t: and 32 digits, is needed"))?;
    let traces = desk.forget_person(&author, &hash, dry_run)?;
    let what = if dry_run { "would be cut" } else { "cut" };
    screen::say(&format!("{what}: {}", traces.summary()));
    Ok(())
}
