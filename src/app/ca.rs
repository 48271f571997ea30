//! `chargewatch ca`: certificates that were signed for chargers, their revocation, and the list of it for others.

use std::path::PathBuf;

use chrono::Utc;
use clap::{Args, Subcommand};

use super::desk::DeskFlags;
use super::{Failure, screen};
use crate::domain::ids::ChargerId;
use crate::domain::time::At;
use crate::store::desk::certificates::CertificateView;
use crate::tls::Authority;

#[derive(Args)]
pub(super) struct CaFlags {
    #[command(subcommand)]
    command: CaCommand,
}

#[derive(Subcommand)]
enum CaCommand {
    /// List the certificates that were signed for chargers, newest first.
    List {
        /// Only those of this charger.
        #[arg(long, value_name = "ID")]
        charger: Option<String>,
        #[command(flatten)]
        desk: DeskFlags,
    },
    /// Revoke a certificate: a running service refuses it within a second, and closes the connection that showed it.
    #[command(
        after_help = "Example: chargewatch ca revoke 5d0c4f7a91b2e8d36f10a7c4e9b85d21 --data-dir data\n\nWhoever else \
                            trusts the authority (a proxy in front, say) learns of it by the list: chargewatch ca crl."
    )]
    Revoke {
        /// Its serial number, in hex, as the list shows it.
        serial: String,
        #[command(flatten)]
        desk: DeskFlags,
    },
    /// Sign the list of what was revoked (RFC 5280, PEM), for whoever else trusts the authority. Good for ca.crl_days.
    #[command(after_help = "Example: chargewatch ca crl --config site.toml --out /etc/proxy/chargers.crl")]
    Crl {
        /// File for it, instead of ca.crl_file; where neither is named it is printed.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        desk: DeskFlags,
    },
}

/// Does what the arguments say.
pub(super) fn run(flags: CaFlags) -> Result<(), Failure> {
    match flags.command {
        CaCommand::List { charger, desk } => {
            let charger = charger.map(ChargerId::new);
            let all = desk.open()?.desk.certificates(charger.as_ref(), None, usize::MAX)?;
            screen::say(&table(&all, At::from(Utc::now())));
        }
        CaCommand::Revoke { serial, desk } => {
            let at = desk.open()?;
            let revoked = at.desk.revoke_certificate(&at.author, &serial)?;
            screen::say(&format!("the certificate {} of {} is revoked", revoked.serial, revoked.charger));
        }
        CaCommand::Crl { out, desk } => list(out, desk)?,
    }
    Ok(())
}

/// Signs the list of what was revoked, and puts it where it belongs.
fn list(out: Option<PathBuf>, desk: DeskFlags) -> Result<(), Failure> {
    let at = desk.open()?;
    let why = "there is no authority: ca.certificate_file and ca.key_file name one";
    let files = at.settings.ca.files().ok_or_else(|| Failure::mistake(why))?;
    let authority = Authority::load(&files).map_err(Failure::mistake)?;
    let list = authority.list(&at.desk.revocations()?, At::from(Utc::now())).map_err(Failure::mistake)?;
    let Some(file) = out.or(at.settings.ca.crl_file) else {
        screen::say(list.pem.trim_end());
        return Ok(());
    };
    list.put(&file).map_err(Failure::trouble)?;
    let (file, count) = (file.display(), list.certificates);
    screen::say(&format!("{file} is written: {count} revoked, good until {}", list.until));
    Ok(())
}

/// Certificates as a table.
fn table(certificates: &[CertificateView], now: At) -> String {
    let day = |at: At| at.to_rfc3339().chars().take(16).collect::<String>();
    let mut rows = vec![["serial", "charger", "state", "charger said", "signed", "expires"].map(str::to_owned)];
    rows.extend(certificates.iter().map(|one| {
        [
            one.serial.clone(),
            one.charger.to_string(),
            one.state(now).to_owned(),
            one.delivery.word().to_owned(),
            day(one.signed),
            day(one.not_after),
        ]
    }));
    screen::columns(&rows)
}
