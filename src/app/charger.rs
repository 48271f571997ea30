//! `chargewatch charger`: what chargers must show when they connect, and which unknown ones may.

use std::io::Read;
use std::path::PathBuf;

use chrono::Utc;
use clap::{Args, Subcommand};

use super::desk::{AtTheDesk, DeskFlags};
use super::when::{End, end};
use super::{Failure, key, screen};
use crate::domain::ids::ChargerId;
use crate::domain::time::At;
use crate::gateway::Seals;
use crate::gateway::lists::{self, Form};
use crate::store::desk::admissions::Decision;
use crate::store::desk::credentials::{Credential, NewCredential};

/// Longest text that is taken for a password, in bytes; what is longer is another file.
const LONGEST: u64 = 4096;

#[derive(Args)]
pub(super) struct ChargerFlags {
    #[command(subcommand)]
    command: ChargerCommand,
}

#[derive(Subcommand)]
enum ChargerCommand {
    /// Give a charger a key that it must show from then on: made here and shown once, or read with --password-file.
    #[command(after_help = "Example: chargewatch charger add CP-1 --expires 365d\n\nThe key is 40 hex digits, as an \
                            AuthorizationKey of OCPP 1.6 takes them; the user name is the charger's identity.")]
    Add(SetFlags),
    /// Give a charger another key. A connection that stands goes on; the next one needs the new key.
    SetPassword(SetFlags),
    /// Shut a charger out: a running service closes its connection within a second, and refuses it from then on.
    Revoke(OneFlags),
    /// Show what is known of a charger's credential; the key itself is not kept.
    Show(OneFlags),
    /// List the credentials of all chargers.
    List {
        #[command(flatten)]
        desk: DeskFlags,
    },
    /// Set the passwords of a file: TOML of "charger" = "password", or CSV with charger, password and expires_at.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        desk: DeskFlags,
    },
    /// Accept a charger that the registry does not know; one that is held is served from its next boot on.
    Accept(OneFlags),
    /// Refuse a charger, whatever the registry says; its connection is closed.
    Refuse(OneFlags),
}

#[derive(Args)]
struct SetFlags {
    /// The charger's identity.
    charger: String,
    /// Read the password from this file, or from standard input with "-", instead of making a key.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// When it ends: a date (UTC), a time (RFC 3339), or so many days from now, like 90d.
    #[arg(long, value_name = "WHEN", value_parser = end)]
    expires: Option<End>,
    #[command(flatten)]
    desk: DeskFlags,
}

#[derive(Args)]
struct OneFlags {
    /// The charger's identity.
    charger: String,
    #[command(flatten)]
    desk: DeskFlags,
}

/// Does what the arguments say.
pub(super) fn run(flags: ChargerFlags) -> Result<(), Failure> {
    match flags.command {
        ChargerCommand::Add(flags) => set(flags, |at, new| Ok(at.desk.add_credential(&at.author, new)?)),
        ChargerCommand::SetPassword(flags) => set(flags, |at, new| Ok(at.desk.set_credential(&at.author, new)?)),
        ChargerCommand::Revoke(flags) => {
            let (at, charger) = (flags.desk.open()?, ChargerId::new(flags.charger));
            at.desk.revoke_credential(&at.author, &charger)?;
            screen::say(&format!("{charger} is shut out; a running service closes its connection within a second"));
            Ok(())
        }
        ChargerCommand::Show(flags) => {
            let credential = flags.desk.open()?.desk.credential(&ChargerId::new(flags.charger))?;
            screen::say(&table(&[credential], At::from(Utc::now())));
            Ok(())
        }
        ChargerCommand::List { desk } => {
            screen::say(&table(&desk.open()?.desk.credentials(None, usize::MAX)?, At::from(Utc::now())));
            Ok(())
        }
        ChargerCommand::Import { file, desk } => import(&file, desk),
        ChargerCommand::Accept(flags) => decide(flags, Decision::Accepted),
        ChargerCommand::Refuse(flags) => decide(flags, Decision::Refused),
    }
}

fn set(flags: SetFlags, put: impl FnOnce(&AtTheDesk, &NewCredential) -> Result<(), Failure>) -> Result<(), Failure> {
    let at = flags.desk.open()?;
    let seals = key::for_credentials(&at.settings.store.data_dir).map_err(Failure::trouble)?;
    let charger = ChargerId::new(flags.charger);
    let given = flags.password_file.as_deref().map(read).transpose()?;
    let (secret, drawn) = given.map_or_else(|| (Seals::draw(), true), |secret| (secret, false));
    let sealed = seals.seal(&charger, &secret).map_err(Failure::mistake)?;
    let expires = flags.expires.map(|end| end.from(At::from(Utc::now())));
    put(&at, &NewCredential { charger: charger.clone(), sealed, expires })?;
    if drawn {
        screen::say(&secret);
        screen::complain("this key is shown once and kept nowhere; set it as the AuthorizationKey of the charger");
    } else {
        screen::say(&format!("{charger} has a new password"));
    }
    Ok(())
}

/// The text of a file, or of standard input, without the end of its line.
fn read(path: &std::path::Path) -> Result<String, Failure> {
    let told = |error: std::io::Error| Failure::mistake(format!("{} cannot be read: {error}", path.display()));
    let mut text = String::new();
    let source: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin()),
        _ => Box::new(std::fs::File::open(path).map_err(told)?),
    };
    source.take(LONGEST).read_to_string(&mut text).map_err(told)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn import(file: &std::path::Path, desk: DeskFlags) -> Result<(), Failure> {
    let at = desk.open()?;
    let seals = key::for_credentials(&at.settings.store.data_dir).map_err(Failure::trouble)?;
    let form = Form::of(&file.display().to_string()).map_err(Failure::mistake)?;
    let told = |error: &dyn std::fmt::Display| Failure::mistake(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| told(&error))?;
    let new = lists::credentials(&text, form, &seals).map_err(|error| told(&error))?;
    at.desk.import_credentials(&at.author, &new)?;
    screen::say(&format!("{} chargers have their passwords; the file is no longer needed", new.len()));
    Ok(())
}

fn decide(flags: OneFlags, decision: Decision) -> Result<(), Failure> {
    let (at, charger) = (flags.desk.open()?, ChargerId::new(flags.charger));
    at.desk.decide_charger(&at.author, &charger, decision)?;
    screen::say(&format!("{charger} is {}", decision.word()));
    Ok(())
}

/// Credentials as a table.
fn table(credentials: &[Credential], now: At) -> String {
    let day = |at: Option<At>| at.map_or_else(|| "-".to_owned(), |at| at.to_rfc3339().chars().take(16).collect());
    let mut rows = vec![["charger", "kind", "state", "set", "expires"].map(str::to_owned)];
    rows.extend(credentials.iter().map(|credential| {
        [
            credential.charger.to_string(),
            credential.sealed.scheme.word().to_owned(),
            credential.state(now).to_owned(),
            day(Some(credential.changed)),
            day(credential.expires),
        ]
    }));
    screen::columns(&rows)
}
