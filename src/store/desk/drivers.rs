//! The list of driver tokens: what each may. A token stands here as the keyed hash that stands for it in sessions, and has
//! a number by which the audit log names it: that can never be altered, and whoever is forgotten must not stand in it.

use std::str::FromStr;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Author, Deed, Desk, DeskError};
use crate::domain::driver::{Group, Standing, TokenStatus};
use crate::domain::time::At;
use crate::domain::token::TokenHash;

/// A token of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverToken {
    /// Which.
    pub token: TokenHash,
    /// What it may.
    pub standing: Standing,
}

/// A token of the list as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverTokenView {
    /// Its number, by which the audit log names it.
    pub number: i64,
    /// The token.
    pub listed: DriverToken,
    /// When it was last set.
    pub changed: At,
}

const COLUMNS: &str = "id, token, status, one_at_a_time, group_name, expires_ms, changed_ms";

impl Desk {
    /// Puts a token on the list that was not on it.
    ///
    /// # Errors
    /// When it is; when the ledger cannot be written.
    pub fn add_driver_token(&self, author: &Author, new: &DriverToken) -> Result<DriverTokenView, DeskError> {
        self.change_what_it_finds(author, deed("driver-token.add", &new.standing), |transaction, now, deed| {
            if exists(transaction, &new.token)? {
                return Err(DeskError::Refused("the token is on the list; change it with set".to_owned()));
            }
            put(transaction, new, now).inspect(|made| deed.subject = made.subject())
        })
    }

    /// Changes a token of the list.
    ///
    /// # Errors
    /// When it is not on it; when the ledger cannot be written.
    pub fn set_driver_token(&self, author: &Author, new: &DriverToken) -> Result<DriverTokenView, DeskError> {
        self.change_what_it_finds(author, deed("driver-token.set", &new.standing), |transaction, now, deed| {
            if !exists(transaction, &new.token)? {
                return Err(not_listed());
            }
            put(transaction, new, now).inspect(|made| deed.subject = made.subject())
        })
    }

    /// Puts a token on the list, or changes it.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn put_driver_token(&self, author: &Author, new: &DriverToken) -> Result<DriverTokenView, DeskError> {
        self.change_what_it_finds(author, deed("driver-token.set", &new.standing), |transaction, now, deed| {
            put(transaction, new, now).inspect(|made| deed.subject = made.subject())
        })
    }

    /// Takes a token off the list; gives back what was said of it.
    ///
    /// # Errors
    /// When it is not on it; when the ledger cannot be written.
    pub fn remove_driver_token(&self, author: &Author, token: &TokenHash) -> Result<DriverTokenView, DeskError> {
        let deed = Deed::of("driver-token.remove", SOME_TOKEN);
        self.change_what_it_finds(author, deed, |transaction, _, deed| {
            let sql = format!("DELETE FROM driver_token_row WHERE token = ?1 RETURNING {COLUMNS}");
            let removed = transaction.query_row(&sql, [token.as_str()], view).optional()?;
            removed.inspect(|removed| deed.subject = removed.subject()).ok_or_else(not_listed)
        })
    }

    /// Puts many tokens on the list or changes them, all or none.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn import_driver_tokens(&self, author: &Author, new: &[DriverToken]) -> Result<(), DeskError> {
        let deed = Deed::of("driver-token.import", format!("{} tokens", new.len()));
        self.change(author, &deed, |transaction, now| {
            new.iter().try_for_each(|new| put(transaction, new, now).map(drop))
        })
    }

    /// The list in order of hash, after `after`, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn driver_tokens(&self, after: Option<&str>, limit: usize) -> Result<Vec<DriverTokenView>, DeskError> {
        self.look(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM driver_token_row WHERE token > ?1 ORDER BY token LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![after.unwrap_or_default(), limit], view)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

fn not_listed() -> DeskError {
    DeskError::Unknown("the token is not on the list".to_owned())
}

/// What the audit log calls a token that has no number.
const SOME_TOKEN: &str = "a token";

impl DriverTokenView {
    /// What the audit log calls it.
    fn subject(&self) -> String {
        format!("token {}", self.number)
    }
}

fn deed(what: &'static str, standing: &Standing) -> Deed {
    Deed::of(what, SOME_TOKEN).saying(standing.status.word())
}

fn exists(transaction: &Transaction<'_>, token: &TokenHash) -> Result<bool, DeskError> {
    let sql = "SELECT count(*) FROM driver_token_row WHERE token = ?1";
    Ok(transaction.query_row(sql, [token.as_str()], |row| row.get::<_, i64>(0))? > 0)
}

fn put(transaction: &Transaction<'_>, new: &DriverToken, now: At) -> Result<DriverTokenView, DeskError> {
    let standing = &new.standing;
    let sql = format!(
        "INSERT INTO driver_token_row (token, status, one_at_a_time, group_name, expires_ms, changed_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (token) DO UPDATE SET status = excluded.status, \
         one_at_a_time = excluded.one_at_a_time, group_name = excluded.group_name, expires_ms = excluded.expires_ms, \
         changed_ms = excluded.changed_ms RETURNING {COLUMNS}"
    );
    let values = params![
        new.token.as_str(),
        standing.status.word(),
        standing.one_at_a_time,
        standing.group.as_ref().map(Group::as_str),
        standing.until.map(At::millis),
        now.millis(),
    ];
    Ok(transaction.prepare_cached(&sql)?.query_row(values, view)?)
}

fn view(row: &Row<'_>) -> rusqlite::Result<DriverTokenView> {
    let status: String = row.get(2)?;
    let group: Option<String> = row.get(4)?;
    let standing = Standing {
        // Written from the same words.
        status: TokenStatus::from_str(&status).unwrap_or(TokenStatus::Invalid),
        one_at_a_time: row.get(3)?,
        group: group.and_then(|name| name.parse().ok()),
        until: row.get::<_, Option<i64>>(5)?.map(At::from_millis),
    };
    let token = TokenHash::from_ledger(row.get::<_, String>(1)?);
    let listed = DriverToken { token, standing };
    Ok(DriverTokenView { number: row.get(0)?, listed, changed: At::from_millis(row.get(6)?) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::token::TokenKey;

    #[test]
    fn a_token_is_listed_by_its_hash_changed_and_taken_off() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path(), Arc::new(|| At::from_millis(1000))).unwrap();
        let ada = Author::at_the_machine("ada");
        let hash = |clear| TokenKey::new([7; 32]).hash(clear).unwrap();
        let standing = Standing {
            status: TokenStatus::Accepted,
            one_at_a_time: true,
            group: Some("depot".parse().unwrap()),
            until: Some(At::from_millis(5000)),
        };
        let token = DriverToken { token: hash("04AABBCC"), standing };
        assert!(matches!(desk.set_driver_token(&ada, &token), Err(DeskError::Unknown(_))));
        desk.add_driver_token(&ada, &token).unwrap();
        assert!(matches!(desk.add_driver_token(&ada, &token), Err(DeskError::Refused(_))));
        assert_eq!(desk.driver_tokens(None, 9).unwrap()[0].listed, token);
        let blocked = DriverToken { standing: Standing::only(TokenStatus::Blocked), ..token.clone() };
        desk.set_driver_token(&ada, &blocked).unwrap();
        let other = DriverToken { token: hash("04AABBCD"), ..blocked.clone() };
        desk.import_driver_tokens(&ada, &[blocked.clone(), other]).unwrap();
        assert_eq!(desk.driver_tokens(None, 1).unwrap().len(), 1);
        let first = desk.driver_tokens(None, 1).unwrap()[0].listed.token.clone();
        assert_eq!(desk.driver_tokens(Some(first.as_str()), 9).unwrap().len(), 1);
        desk.remove_driver_token(&ada, &token.token).unwrap();
        assert!(matches!(desk.remove_driver_token(&ada, &token.token), Err(DeskError::Unknown(_))));
        let again = desk.put_driver_token(&ada, &token).unwrap();
        assert!(again.number > 2, "a number is not given out again");
        let audit = format!("{:?}", desk.audit(None, 20).unwrap());
        assert!(audit.contains("\"token 1\"") && audit.contains(&again.subject()), "{audit}");
        assert!(!audit.contains(token.token.as_str()) && !audit.contains("04AABB"), "{audit}");
    }
}
