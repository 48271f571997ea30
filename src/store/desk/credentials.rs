//! Credentials of chargers: what each must show when it connects, until when, and whether it was revoked. What is kept
//! proves a secret and does not tell it; how it is made is the gateway's business.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Author, Deed, Desk, DeskError};
use crate::domain::ids::ChargerId;
use crate::domain::time::At;

/// How a secret is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// A key that a machine drew, as a keyed hash.
    Key,
    /// A password that a person chose, as argon2id.
    Password,
}

impl Scheme {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Password => "password",
        }
    }
}

/// What proves a secret. Not printed: with a weak password it would be half of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// How it is kept.
    pub scheme: Scheme,
    /// What proves it.
    pub verifier: String,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({})", self.scheme.word())
    }
}

/// A charger's credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose.
    pub charger: ChargerId,
    /// What proves it.
    pub sealed: Sealed,
    /// When it was last set.
    pub changed: At,
    /// Until when it is good.
    pub expires: Option<At>,
    /// Since when its charger is shut out.
    pub revoked: Option<At>,
}

impl Credential {
    /// Whether it is good: `active`, `expired` or `revoked`.
    pub fn state(&self, now: At) -> &'static str {
        match (self.revoked, self.expires) {
            (Some(_), _) => "revoked",
            (None, Some(expires)) if now >= expires => "expired",
            (None, _) => "active",
        }
    }
}

/// A credential that is to be set.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// Whose.
    pub charger: ChargerId,
    /// What proves it.
    pub sealed: Sealed,
    /// Until when it is good.
    pub expires: Option<At>,
}

const COLUMNS: &str = "charger, scheme, verifier, changed_ms, expires_ms, revoked_ms";

impl Desk {
    /// Gives a charger a credential that had none.
    ///
    /// # Errors
    /// When it has one, even a revoked one; when the ledger cannot be written.
    pub fn add_credential(&self, author: &Author, new: &NewCredential) -> Result<(), DeskError> {
        let charger = new.charger.as_str();
        self.change(author, &Deed::of("charger.add", charger), |transaction, now| {
            if exists(transaction, &new.charger)? {
                let reason = format!("{charger} has a credential; give it another one with set-password");
                return Err(DeskError::Refused(reason));
            }
            put(transaction, new, now)
        })
    }

    /// Gives a charger another credential; it is no longer revoked.
    ///
    /// # Errors
    /// When it has none; when the ledger cannot be written.
    pub fn set_credential(&self, author: &Author, new: &NewCredential) -> Result<(), DeskError> {
        self.change(author, &Deed::of("charger.set-password", new.charger.as_str()), |transaction, now| {
            known(transaction, &new.charger)?;
            put(transaction, new, now)
        })
    }

    /// Shuts a charger out until it is given another credential.
    ///
    /// # Errors
    /// When it has none; when the ledger cannot be written.
    pub fn revoke_credential(&self, author: &Author, charger: &ChargerId) -> Result<(), DeskError> {
        self.change(author, &Deed::of("charger.revoke", charger.as_str()), |transaction, now| {
            known(transaction, charger)?;
            transaction.execute(
                "UPDATE credential_row SET revoked_ms = coalesce(revoked_ms, ?2) WHERE charger_key = ?1",
                params![charger.folded(), now.millis()],
            )?;
            Ok(())
        })
    }

    /// Sets many credentials at once, all or none.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn import_credentials(&self, author: &Author, new: &[NewCredential]) -> Result<(), DeskError> {
        let deed = Deed::of("charger.import", format!("{} chargers", new.len()));
        self.change(author, &deed, |transaction, now| new.iter().try_for_each(|new| put(transaction, new, now)))
    }

    /// Credentials in order of identity, after that in small letters, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn credentials(&self, after: Option<&str>, limit: usize) -> Result<Vec<Credential>, DeskError> {
        self.look(|connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM credential_row WHERE charger_key > ?1 ORDER BY charger_key LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![after.unwrap_or_default(), limit], credential)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The credential of a charger.
    ///
    /// # Errors
    /// When it has none; when the ledger cannot be read.
    pub fn credential(&self, charger: &ChargerId) -> Result<Credential, DeskError> {
        self.look(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM credential_row WHERE charger_key = ?1");
            let found = connection.query_row(&sql, [charger.folded()], credential).optional()?;
            found.ok_or_else(|| none(charger))
        })
    }
}

fn none(charger: &ChargerId) -> DeskError {
    DeskError::Unknown(format!("{charger} has no credential"))
}

fn exists(transaction: &Transaction<'_>, charger: &ChargerId) -> Result<bool, DeskError> {
    let sql = "SELECT 1 FROM credential_row WHERE charger_key = ?1";
    Ok(transaction.query_row(sql, [charger.folded()], |_| Ok(())).optional()?.is_some())
}

fn known(transaction: &Transaction<'_>, charger: &ChargerId) -> Result<(), DeskError> {
    if exists(transaction, charger)? { Ok(()) } else { Err(none(charger)) }
}

fn put(transaction: &Transaction<'_>, new: &NewCredential, now: At) -> Result<(), DeskError> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO credential_row (charger_key, charger, scheme, verifier, changed_ms, expires_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            new.charger.folded(),
            new.charger.as_str(),
            new.sealed.scheme.word(),
            new.sealed.verifier,
            now.millis(),
            new.expires.map(At::millis),
        ])?;
    Ok(())
}

fn credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    let scheme: String = row.get(1)?;
    let time = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.map(At::from_millis));
    Ok(Credential {
        charger: ChargerId::new(row.get::<_, String>(0)?),
        sealed: Sealed {
            scheme: if scheme == Scheme::Key.word() { Scheme::Key } else { Scheme::Password },
            verifier: row.get(2)?,
        },
        changed: At::from_millis(row.get(3)?),
        expires: time(4)?,
        revoked: time(5)?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn new(charger: &str, verifier: &str) -> NewCredential {
        let sealed = Sealed { scheme: Scheme::Key, verifier: verifier.to_owned() };
        NewCredential { charger: ChargerId::new(charger), sealed, expires: None }
    }

    #[test]
    fn a_credential_is_added_once_set_anew_and_revoked_until_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path(), Arc::new(|| At::from_millis(1000))).unwrap();
        let (ada, charger) = (Author::at_the_machine("ada"), ChargerId::new("cp-1"));
        assert!(matches!(desk.set_credential(&ada, &new("CP-1", "one")), Err(DeskError::Unknown(_))));
        assert!(matches!(desk.revoke_credential(&ada, &charger), Err(DeskError::Unknown(_))));
        desk.add_credential(&ada, &new("CP-1", "one")).unwrap();
        assert!(matches!(desk.add_credential(&ada, &new("cp-1", "two")), Err(DeskError::Refused(_))));
        desk.revoke_credential(&ada, &charger).unwrap();
        assert_eq!(desk.credential(&charger).unwrap().revoked, Some(At::from_millis(1000)));
        desk.set_credential(&ada, &new("CP-1", "three")).unwrap();
        let kept = desk.credential(&charger).unwrap();
        assert_eq!((kept.sealed.verifier.as_str(), kept.revoked), ("three", None));
        desk.import_credentials(&ada, &[new("CP-1", "four"), new("CP-2", "five")]).unwrap();
        assert_eq!(desk.credentials(None, 9).unwrap().len(), 2);
        let audit = desk.audit(None, 20).unwrap();
        let deeds: Vec<&str> = audit.iter().rev().map(|line| line.deed.as_str()).collect();
        assert_eq!(
            deeds,
            [
                "charger.set-password",
                "charger.revoke",
                "charger.add",
                "charger.add",
                "charger.revoke",
                "charger.set-password",
                "charger.import"
            ]
        );
        let told = format!("{audit:?} {:?}", desk.credentials(None, 9).unwrap());
        assert!(!["one", "two", "three", "four", "five"].iter().any(|secret| told.contains(&format!("\"{secret}\""))));
    }
}
