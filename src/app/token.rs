//! `chargewatch token`: who may read and steer over HTTP.

use chrono::Utc;
use clap::{Args, Subcommand};

use super::desk::DeskFlags;
use super::when::{End, end};
use super::{Failure, screen};
use crate::config::near::nearest;
use crate::config::sites::Registry;
use crate::domain::people::Role;
use crate::domain::time::At;
use crate::store::desk::people::{TokenView, TokenWish};

#[derive(Args)]
pub(super) struct TokenFlags {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token and show it, once.
    #[command(
        after_help = "Example: chargewatch token add wall-screen --role viewer --site coachway --expires 90d\n\nRoles: admin decides \
                      who may what; operator runs the network; viewer reads all that names no person; monitor reads aggregates; \
                      metrics scrapes /metrics."
    )]
    Add(AddFlags),
    /// List the tokens that were ever made; the tokens themselves are not kept.
    List {
        #[command(flatten)]
        desk: DeskFlags,
    },
    /// Revoke a token; a running service refuses it within a second.
    Revoke {
        /// Its name.
        name: String,
        #[command(flatten)]
        desk: DeskFlags,
    },
}

#[derive(Args)]
struct AddFlags {
    /// A name for it, which stands in the audit log.
    name: String,
    /// What its holder may do: admin, operator, viewer, monitor or metrics.
    #[arg(long)]
    role: Role,
    /// When it ends: a date (UTC), a time (RFC 3339), or so many days from now, like 90d. Without, it lasts until revoked.
    #[arg(long, value_name = "WHEN", value_parser = end)]
    expires: Option<End>,
    /// Limit it to this site of the registry; may be given several times.
    #[arg(long = "site", value_name = "ID")]
    sites: Vec<String>,
    #[command(flatten)]
    desk: DeskFlags,
}

/// Does what the arguments say.
pub(super) fn run(flags: TokenFlags) -> Result<(), Failure> {
    match flags.command {
        TokenCommand::Add(flags) => add(flags),
        TokenCommand::List { desk } => {
            let tokens = desk.open()?.desk.tokens()?;
            screen::say(&table(&tokens, At::from(Utc::now())));
            Ok(())
        }
        TokenCommand::Revoke { name, desk } => {
            let at = desk.open()?;
            at.desk.revoke_token(&at.author, &name)?;
            screen::say(&format!("the token \"{name}\" is revoked; a running service refuses it within a second"));
            Ok(())
        }
    }
}

fn add(flags: AddFlags) -> Result<(), Failure> {
    let at = flags.desk.open()?;
    if at.settings.registry.file.is_some() {
        refuse_unknown(&flags.sites, &Registry::read(&at.settings.registry).map_err(Failure::mistake)?)?;
    }
    let expires = flags.expires.map(|end| end.from(At::from(Utc::now())));
    let wish = TokenWish { name: flags.name, role: flags.role, sites: flags.sites, expires };
    let token = at.desk.add_token(&at.author, &wish)?;
    screen::say(token.reveal());
    screen::complain("this token is shown once and kept nowhere; it goes into the header Authorization: Bearer TOKEN");
    Ok(())
}

/// A mistyped site would be a token that sees nothing.
fn refuse_unknown(sites: &[String], registry: &Registry) -> Result<(), Failure> {
    let known = || registry.chargers.values().map(|charger| charger.site.id.as_str());
    match sites.iter().find(|site| !known().any(|known| known == site.as_str())) {
        None => Ok(()),
        Some(site) => {
            let near = nearest(site, known()).unwrap_or_default();
            Err(Failure::mistake(format!("the registry has no site \"{site}\"; did you mean \"{near}\"?")))
        }
    }
}

/// The tokens as a table.
fn table(tokens: &[TokenView], now: At) -> String {
    let day = |at: Option<At>| at.map_or_else(|| "-".to_owned(), |at| at.to_rfc3339().chars().take(16).collect());
    let head = ["name", "role", "state", "sites", "made", "by", "expires", "last used"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(tokens.iter().map(|token| {
        let sites = if token.sites.is_empty() { "all".to_owned() } else { token.sites.join(" ") };
        [
            token.name.clone(),
            token.role.to_string(),
            token.state(now).word().to_owned(),
            sites,
            day(Some(token.created)),
            token.author.clone(),
            day(token.expires),
            day(token.used),
        ]
    }));
    screen::columns(&rows)
}
