//! `chargewatch exemption`: stretches of time that do not count, or count otherwise, entered with evidence.

use clap::{Args, Subcommand};

use super::desk::DeskFlags;
use super::{Failure, screen};
use crate::domain::exemption::ExemptionKind;
use crate::domain::ids::ChargerId;
use crate::domain::time::{At, Span};
use crate::store::desk::exemption::{ExemptionView, ExemptionWish};

/// Entries that are listed at most.
const MOST: usize = 10_000;

#[derive(Args)]
pub(super) struct ExemptionFlags {
    #[command(subcommand)]
    command: ExemptionCommand,
}

#[derive(Subcommand)]
enum ExemptionCommand {
    /// Enter an exemption.
    #[command(
        after_help = "Example: chargewatch exemption add MK-1 --evse 2 --kind exempt --cause vandalism --from 2026-11-03T08:00:00Z \
                      --until 2026-11-05T16:00:00Z --evidence 'police reference 43210, photographs in the asset register'"
    )]
    Add(AddFlags),
    /// List what was ever entered, newest first.
    List {
        /// Of this charger alone.
        #[arg(long)]
        charger: Option<String>,
        #[command(flatten)]
        desk: DeskFlags,
    },
    /// Revoke an exemption: it counts no more, and stays to be seen.
    Revoke {
        /// Its number.
        id: i64,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        because: String,
        #[command(flatten)]
        desk: DeskFlags,
    },
}

#[derive(Args)]
struct AddFlags {
    /// The charger.
    charger: String,
    /// One EVSE of it; without, all.
    #[arg(long)]
    evse: Option<u32>,
    /// blocked: the bay cannot be reached; exempt: out of the operator's hands; planned_work.
    #[arg(long, value_parser = kind)]
    kind: ExemptionKind,
    /// vandalism, severe_weather, grid_failure, vehicle, obstructed, withdrawn_for_upgrade, maintenance or other.
    #[arg(long)]
    cause: String,
    /// From this time on, RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: At,
    /// Before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: At,
    /// What proves it: a report, a photograph, a reference.
    #[arg(long, value_name = "TEXT")]
    evidence: String,
    #[command(flatten)]
    desk: DeskFlags,
}

fn kind(text: &str) -> Result<ExemptionKind, String> {
    ExemptionKind::from_word(text).ok_or_else(|| format!("none of: {}", ExemptionKind::WORDS.join(", ")))
}

fn time(text: &str) -> Result<At, String> {
    At::from_rfc3339(text).ok_or_else(|| "not a time like 2026-11-24T09:00:00Z".to_owned())
}

/// Does what the arguments say.
pub(super) fn run(flags: ExemptionFlags) -> Result<(), Failure> {
    match flags.command {
        ExemptionCommand::Add(flags) => {
            let at = flags.desk.open()?;
            let wish = ExemptionWish {
                charger: ChargerId::new(flags.charger),
                evse: flags.evse,
                kind: flags.kind,
                cause: flags.cause,
                span: Span { from: flags.from, until: flags.until },
                evidence: flags.evidence,
            };
            let id = at.desk.add_exemption(&at.author, &wish)?;
            screen::say(&format!("exemption {id} is entered; reports reckon with it from now on"));
        }
        ExemptionCommand::List { charger, desk } => {
            let charger = charger.map(ChargerId::new);
            let found = desk.open()?.desk.exemptions(charger.as_ref(), None, MOST)?;
            screen::say(&found.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        ExemptionCommand::Revoke { id, because, desk } => {
            let at = desk.open()?;
            at.desk.revoke_exemption(&at.author, id, &because)?;
            screen::say(&format!("exemption {id} is revoked; it counts no more, and stays to be seen"));
        }
    }
    Ok(())
}

fn line(view: &ExemptionView) -> String {
    let wish = &view.wish;
    let evse = wish.evse.map_or_else(String::new, |evse| format!("/{evse}"));
    let revoked =
        view.revoked.as_ref().map_or_else(String::new, |(at, by, why)| format!(" [revoked {at} by {by}: {why}]"));
    let (kind, cause) = (wish.kind.word(), &wish.cause);
    format!(
        "{} {}{evse} {kind} {cause} {} … {} by {}: {}{revoked}",
        view.id, wish.charger, wish.span.from, wish.span.until, view.author, wish.evidence
    )
}
