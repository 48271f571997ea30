//! Explaining reliability: every piece behind the figures of an EVSE, with its class in each formula and its proof, so
//! that an auditor can follow any minute.

use super::answer::aligned;
use super::ask::{Ask, ReportError, scene};
use super::tally::live_pieces;
use crate::config::report::ReportSettings;
use crate::config::sites::Registry;
use crate::domain::service::{Class, Piece};
use crate::domain::status::ConnectorStatus;
use crate::domain::time::{At, Span};
use crate::store::figures::Figures;

/// What a piece counts as in each formula.
pub struct Explained {
    /// The piece.
    pub piece: Piece,
    /// In the UK guidance formula: up, down, exempt, outside.
    pub uk: &'static str,
    /// In regulation 7(3) read literally: reliable, not_reliable, outside.
    pub uk_literal: &'static str,
    /// In strict availability: up, down, excluded, outside.
    pub strict: &'static str,
    /// In NEVI: up, outage, excluded, outside.
    pub nevi: &'static str,
}

impl Explained {
    fn of(piece: Piece, planned_work_is_exempt: bool) -> Self {
        let planned = piece.planned.is_some();
        let (uk, uk_literal, strict, nevi) = match piece.class {
            Class::Outside => ("outside", "outside", "outside", "outside"),
            Class::Closed => ("outside", "outside", "outside", "excluded"),
            Class::Up => ("up", "reliable", "up", "up"),
            Class::Down if planned && planned_work_is_exempt => ("exempt", "reliable", "down", "excluded"),
            Class::Down if planned => ("down", "not_reliable", "down", "excluded"),
            Class::Down => ("down", "not_reliable", "down", "outage"),
            Class::Unknown if planned => ("exempt", "reliable", "down", "excluded"),
            Class::Unknown => ("exempt", "reliable", "down", "outage"),
            Class::Ours | Class::Blocked | Class::Exempt => ("exempt", "reliable", "excluded", "excluded"),
        };
        Self { piece, uk, uk_literal, strict, nevi }
    }
}

/// The pieces of an EVSE, `CHARGER/NUMBER`, in a period.
///
/// # Errors
/// When the question has a mistake, or the ledger cannot be read.
pub fn explain(
    evse: &str,
    ask: &Ask,
    ledger: &mut dyn Figures,
    registry: &Registry,
    settings: &ReportSettings,
    now: At,
) -> Result<Vec<Explained>, ReportError> {
    let wrong = || ReportError::Mistake(format!("evse=\"{evse}\" is not like CHARGER/1"));
    let (charger, number) = evse.rsplit_once('/').ok_or_else(wrong)?;
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let ask = Ask { charger: Some(charger.to_owned()), ..ask.clone() };
    let (network, period) = scene(&ask, ledger, registry, settings, now)?;
    let one = network.evses.iter().find(|known| known.number == number);
    let one = one.ok_or_else(|| ReportError::Mistake(format!("{charger} has no EVSE {number}")))?;
    let span = Span { until: period.span.until.min(now), ..period.span };
    if span.millis() == 0 {
        return Ok(Vec::new());
    }
    let pieces = live_pieces(ledger, &network, one, span, settings.zone)?;
    Ok(pieces.into_iter().map(|piece| Explained::of(piece, settings.planned_work_is_exempt)).collect())
}

/// As a table for the terminal.
pub fn table(explained: &[Explained]) -> String {
    let names = [
        "from",
        "until",
        "state",
        "status",
        "cause",
        "open",
        "uk",
        "uk_literal",
        "strict",
        "nevi",
        "exemption",
        "planned",
        "frame",
    ]
    .map(str::to_owned);
    let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let rows: Vec<Vec<String>> = explained
        .iter()
        .map(|line| {
            let piece = &line.piece;
            vec![
                piece.span.from.to_rfc3339(),
                piece.span.until.to_rfc3339(),
                piece.state.as_str().to_owned(),
                piece.status.as_ref().map_or("-", ConnectorStatus::as_str).to_owned(),
                piece.cause.as_str().to_owned(),
                piece.open.to_string(),
                line.uk.to_owned(),
                line.uk_literal.to_owned(),
                line.strict.to_owned(),
                line.nevi.to_owned(),
                number(piece.exemption),
                number(piece.planned),
                number(piece.proof.map(|frame| frame.0)),
            ]
        })
        .collect();
    aligned(&names, &rows)
}
