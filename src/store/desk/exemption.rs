//! Exemptions: what operators enter with evidence. Never altered, never deleted, only revoked.

use rusqlite::{OptionalExtension, Row, params};

use super::{Author, Deed, Desk, DeskError};
use crate::domain::exemption::{CAUSES, Exemption, ExemptionKind};
use crate::domain::ids::ChargerId;
use crate::domain::time::{At, Span};
use crate::store::sqlite::mark_facts;

/// Shortest evidence that can say anything, in characters.
const SHORTEST_EVIDENCE: usize = 10;

/// An entry that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExemptionWish {
    /// The charger.
    pub charger: ChargerId,
    /// One of its EVSEs; `None`: all.
    pub evse: Option<u32>,
    /// What it means.
    pub kind: ExemptionKind,
    /// Why, a word of [`CAUSES`].
    pub cause: String,
    /// When.
    pub span: Span,
    /// What proves it.
    pub evidence: String,
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExemptionView {
    /// Its number.
    pub id: i64,
    /// What was entered.
    pub wish: ExemptionWish,
    /// By whom.
    pub author: String,
    /// When it was entered.
    pub added: At,
    /// When it was revoked, by whom and why.
    pub revoked: Option<(At, String, String)>,
}

impl ExemptionView {
    fn in_force(self) -> Exemption {
        let ExemptionWish { charger, evse, kind, cause, span, .. } = self.wish;
        Exemption { id: self.id, charger, evse, kind, cause, span }
    }
}

impl Desk {
    /// Enters an exemption; gives its number.
    ///
    /// # Errors
    /// When it lacks evidence, ends before it begins or names no cause, or the ledger cannot be written.
    pub fn add_exemption(&self, author: &Author, wish: &ExemptionWish) -> Result<i64, DeskError> {
        let of = wish.evse.map_or_else(String::new, |evse| format!(" EVSE {evse}"));
        let Span { from, until } = wish.span;
        let detail = format!("{}{of} by {} from {from} until {until}: {}", wish.kind.word(), wish.cause, wish.evidence);
        let deed = Deed::of("exemption.add", wish.charger.as_str()).saying(detail);
        self.change(author, &deed, |transaction, now| {
            refuse_nonsense(wish)?;
            transaction.execute(
                "INSERT INTO exemption_row (charger, folded, evse, kind, cause, from_ms, until_ms, evidence, author, added_ms)
                 VALUES (?,?,?,?,?,?,?,?,?,?)",
                params![
                    wish.charger.as_str(),
                    wish.charger.folded(),
                    wish.evse,
                    wish.kind.word(),
                    wish.cause,
                    from.millis(),
                    until.millis(),
                    wish.evidence.trim(),
                    author.as_str(),
                    now.millis()
                ],
            )?;
            let id = transaction.last_insert_rowid();
            mark_facts(transaction, &wish.charger, wish.span)?;
            Ok(id)
        })
    }

    /// Revokes an exemption: it counts no more, and stays to be seen.
    ///
    /// # Errors
    /// When there is none in force of this number, no reason is given, or the ledger cannot be written.
    pub fn revoke_exemption(&self, author: &Author, id: i64, why: &str) -> Result<(), DeskError> {
        let deed = Deed::of("exemption.revoke", id.to_string()).saying(why);
        self.change(author, &deed, |transaction, now| {
            let sql = "SELECT charger, from_ms, until_ms, revoked_ms FROM exemption_row WHERE id = ?";
            let found: Option<(String, i64, i64, Option<i64>)> = transaction
                .query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                .optional()?;
            let (charger, from, until, revoked) =
                found.ok_or_else(|| DeskError::Unknown(format!("there is no exemption {id}")))?;
            if revoked.is_some() {
                return Err(DeskError::Refused(format!("exemption {id} is revoked already")));
            }
            if why.trim().is_empty() {
                return Err(DeskError::Refused("say why it is revoked".to_owned()));
            }
            transaction.execute(
                "UPDATE exemption_row SET revoked_ms = ?2, revoked_by = ?3, revoked_why = ?4 WHERE id = ?1",
                params![id, now.millis(), author.as_str(), why.trim()],
            )?;
            let span = Span { from: At::from_millis(from), until: At::from_millis(until) };
            mark_facts(transaction, &ChargerId::new(charger), span)?;
            Ok(())
        })
    }

    /// The exemptions in force that cover now or will cover something later.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn exemptions_to_come(&self) -> Result<Vec<Exemption>, DeskError> {
        let now = self.now();
        self.look(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT id, charger, evse, kind, cause, from_ms, until_ms, evidence, author, added_ms, revoked_ms, revoked_by,
                   revoked_why FROM exemption_row WHERE revoked_ms IS NULL AND until_ms > ?1 ORDER BY id",
            )?;
            let found = select.query_map([now.millis()], view)?;
            let found: Vec<ExemptionView> = found.collect::<Result<_, _>>()?;
            Ok(found.into_iter().map(ExemptionView::in_force).collect())
        })
    }

    /// Every exemption that was ever entered, newest first, before `before`, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn exemptions(
        &self,
        charger: Option<&ChargerId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ExemptionView>, DeskError> {
        self.look(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT id, charger, evse, kind, cause, from_ms, until_ms, evidence, author, added_ms, revoked_ms, revoked_by,
                   revoked_why FROM exemption_row WHERE id < ?1 AND (?2 IS NULL OR folded = ?2) ORDER BY id DESC LIMIT ?3",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let folded = charger.map(ChargerId::folded);
            let found = select.query_map(params![before.unwrap_or(i64::MAX), folded, limit], view)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }
}

fn view(row: &Row<'_>) -> Result<ExemptionView, rusqlite::Error> {
    let at = |index| row.get(index).map(At::from_millis);
    let revoked = match row.get::<_, Option<i64>>(10)? {
        Some(revoked) => Some((At::from_millis(revoked), row.get(11)?, row.get(12)?)),
        None => None,
    };
    Ok(ExemptionView {
        id: row.get(0)?,
        wish: ExemptionWish {
            charger: ChargerId::new(row.get::<_, String>(1)?),
            evse: row.get(2)?,
            kind: ExemptionKind::from_word(&row.get::<_, String>(3)?).unwrap_or(ExemptionKind::PlannedWork),
            cause: row.get(4)?,
            span: Span { from: at(5)?, until: at(6)? },
            evidence: row.get(7)?,
        },
        author: row.get(8)?,
        added: at(9)?,
        revoked,
    })
}

fn refuse_nonsense(wish: &ExemptionWish) -> Result<(), DeskError> {
    let refuse = |reason: String| Err(DeskError::Refused(reason));
    if wish.span.millis() == 0 {
        return refuse("an exemption must end after it begins".to_owned());
    }
    if !CAUSES.contains(&wish.cause.as_str()) {
        return refuse(format!("the cause \"{}\" is none of: {}", wish.cause, CAUSES.join(", ")));
    }
    if wish.evidence.trim().chars().count() < SHORTEST_EVIDENCE {
        return refuse(format!("say what proves it, in at least {SHORTEST_EVIDENCE} characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn wish() -> ExemptionWish {
        ExemptionWish {
            charger: ChargerId::new("CP-1"),
            evse: Some(1),
            kind: ExemptionKind::Exempt,
            cause: "vandalism".to_owned(),
            span: Span { from: At::from_millis(1000), until: At::from_millis(2000) },
            evidence: "police reference 43210".to_owned(),
        }
    }

    #[test]
    fn an_exemption_needs_evidence_and_is_never_deleted_only_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path(), Arc::new(|| At::from_millis(5000))).unwrap();
        let ada = Author::at_the_machine("ada");
        let told = |wish: ExemptionWish| desk.add_exemption(&ada, &wish).unwrap_err().to_string();
        assert!(told(ExemptionWish { evidence: "  sure  ".to_owned(), ..wish() }).contains("what proves it"));
        assert!(told(ExemptionWish { cause: "bad luck".to_owned(), ..wish() }).contains("none of: vandalism"));
        let backwards = Span { from: At::from_millis(2), until: At::from_millis(1) };
        assert!(told(ExemptionWish { span: backwards, ..wish() }).contains("end after"));
        let id = desk.add_exemption(&ada, &wish()).unwrap();
        assert!(desk.revoke_exemption(&ada, id, " ").unwrap_err().to_string().contains("say why"));
        desk.revoke_exemption(&ada, id, "entered for the wrong charger").unwrap();
        assert!(desk.revoke_exemption(&ada, id, "again").unwrap_err().to_string().contains("already"));
        let listed = desk.exemptions(Some(&ChargerId::new("cp-1")), None, 10).unwrap();
        assert_eq!((listed.len(), &listed[0].wish), (1, &wish()));
        assert!(listed[0].revoked.as_ref().is_some_and(|(_, by, _)| by == "cli ada"));
        for sql in ["DELETE FROM exemption_row", "UPDATE exemption_row SET evidence = 'x'"] {
            assert!(desk.look(|db| Ok(db.execute(sql, [])?)).is_err(), "{sql}");
        }
        let deeds: Vec<_> = desk.audit(None, 2).unwrap().into_iter().map(|line| (line.deed, line.outcome)).collect();
        assert_eq!(deeds[1].0, "exemption.revoke");
    }
}
