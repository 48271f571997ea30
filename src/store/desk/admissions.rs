//! Chargers that the registry does not know: whether an operator has accepted or refused them.

use rusqlite::params;

use super::{Author, Deed, Desk, DeskError};
use crate::domain::ids::ChargerId;
use crate::domain::time::At;

/// What was decided of a charger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is served as if the registry knew it.
    Accepted,
    /// It is turned away, whatever the settings and the registry say.
    Refused,
}

impl Decision {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Accepted, Self::Refused];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }

    /// The verb in the audit log.
    const fn deed(self) -> &'static str {
        match self {
            Self::Accepted => "charger.accept",
            Self::Refused => "charger.refuse",
        }
    }
}

/// A decision as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Of which charger.
    pub charger: ChargerId,
    /// What.
    pub decision: Decision,
    /// When.
    pub at: At,
    /// By whom.
    pub author: String,
}

impl Desk {
    /// Accepts or refuses a charger; the last decision counts.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn decide_charger(
        &self,
        author: &Author,
        charger: &ChargerId,
        decision: Decision,
    ) -> Result<Admission, DeskError> {
        self.change(author, &Deed::of(decision.deed(), charger.as_str()), |transaction, now| {
            transaction.execute(
                "INSERT OR REPLACE INTO admission_row (charger_key, charger, decision, decided_ms, author) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![charger.folded(), charger.as_str(), decision.word(), now.millis(), author.as_str()],
            )?;
            Ok(Admission { charger: charger.clone(), decision, at: now, author: author.as_str().to_owned() })
        })
    }

    /// Everything that was decided, in order of identity.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn admissions(&self) -> Result<Vec<Admission>, DeskError> {
        self.look(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT charger, decision, decided_ms, author FROM admission_row ORDER BY charger_key",
            )?;
            let rows = statement.query_map([], |row| {
                let word: String = row.get(1)?;
                let decision = if word == "accepted" { Decision::Accepted } else { Decision::Refused };
                let charger = ChargerId::new(row.get::<_, String>(0)?);
                Ok(Admission { charger, decision, at: At::from_millis(row.get(2)?), author: row.get(3)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_last_decision_of_a_charger_counts() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path(), Arc::new(|| At::from_millis(1000))).unwrap();
        let author = Author::at_the_machine("ada");
        desk.decide_charger(&author, &ChargerId::new("CP-1"), Decision::Refused).unwrap();
        desk.decide_charger(&author, &ChargerId::new("cp-1"), Decision::Accepted).unwrap();
        let decided: Vec<_> = desk.admissions().unwrap().into_iter().map(|one| (one.charger, one.decision)).collect();
        assert_eq!(decided, [(ChargerId::new("CP-1"), Decision::Accepted)]);
        assert_eq!(desk.audit(None, 9).unwrap().len(), 2);
    }
}
