//! API tokens of people and programmes: made, listed, revoked. The token itself is shown once; what is kept is its digest.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::{Author, Deed, Desk, DeskError};
use crate::domain::bearer::{Bearer, BearerDigest};
use crate::domain::people::Role;
use crate::domain::time::At;

/// Longest name of a token.
const LONGEST_NAME: usize = 64;

/// A token that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenWish {
    /// Its name, which stands in the audit log.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The sites that it is limited to; none: the whole network.
    pub sites: Vec<String>,
    /// From when on it is refused.
    pub expires: Option<At>,
}

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What is kept of the token itself.
    pub digest: BearerDigest,
    /// What its holder may do.
    pub role: Role,
    /// The sites that it is limited to; none: the whole network.
    pub sites: Vec<String>,
    /// When it was made.
    pub created: At,
    /// By whom.
    pub author: String,
    /// From when on it is refused.
    pub expires: Option<At>,
    /// When it was revoked.
    pub revoked: Option<At>,
    /// When it was last used, to the minute.
    pub used: Option<At>,
}

/// Whether a token is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It is.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

impl TokenState {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl TokenView {
    /// Whether it is in force.
    pub fn state(&self, now: At) -> TokenState {
        match (self.revoked, self.expires) {
            (Some(_), _) => TokenState::Revoked,
            (None, Some(expires)) if expires <= now => TokenState::Expired,
            (None, _) => TokenState::Active,
        }
    }
}

impl Desk {
    /// Makes a token. It is nowhere but in what this returns.
    ///
    /// # Errors
    /// When the name is taken or none, the wish contradicts itself, or the ledger cannot be written.
    pub fn add_token(&self, author: &Author, wish: &TokenWish) -> Result<Bearer, DeskError> {
        let limit = if wish.sites.is_empty() { String::new() } else { format!(" for {}", wish.sites.join(", ")) };
        let deed = Deed::of("token.add", &wish.name).saying(format!("{}{limit}", wish.role));
        let token = Bearer::of(rand::random());
        self.change(author, &deed, |transaction, now| {
            refuse_nonsense(wish, now)?;
            insert(transaction, author, wish, &token, now)
        })?;
        Ok(token)
    }

    /// Revokes a token. It keeps its name and its place in the list.
    ///
    /// # Errors
    /// When there is no such token in force, or the ledger cannot be written.
    pub fn revoke_token(&self, author: &Author, name: &str) -> Result<(), DeskError> {
        self.change(author, &Deed::of("token.revoke", name), |transaction, now| {
            let revoked: Option<Option<i64>> = transaction
                .query_row("SELECT revoked_ms FROM api_token_row WHERE name = ?1", [name], |row| row.get(0))
                .optional()?;
            match revoked {
                None => Err(DeskError::Unknown(format!("there is no token \"{name}\""))),
                Some(Some(_)) => Err(DeskError::Refused(format!("the token \"{name}\" is revoked already"))),
                Some(None) => {
                    let sql = "UPDATE api_token_row SET revoked_ms = ?1 WHERE name = ?2";
                    transaction.execute(sql, (now.millis(), name))?;
                    Ok(())
                }
            }
        })
    }

    /// Every token that was ever made, in order of age.
    ///
    /// # Errors
    /// When the ledger cannot be read, or holds what is no token.
    pub fn tokens(&self) -> Result<Vec<TokenView>, DeskError> {
        self.look(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, name, digest, role, created_ms, author, expires_ms, revoked_ms, used_ms FROM api_token_row \
                 ORDER BY id",
            )?;
            let mut found = statement.query_map([], view)?.collect::<Result<Vec<_>, _>>()?;
            let mut statement =
                connection.prepare_cached("SELECT site FROM api_token_site_row WHERE token_id = ?1 ORDER BY site")?;
            for token in &mut found {
                token.sites = statement.query_map([token.id], |row| row.get(0))?.collect::<Result<_, _>>()?;
            }
            Ok(found)
        })
    }

    /// Notes when tokens (by their numbers) were last used. That is no decision: it stands in no audit log.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn note_token_uses(&self, uses: &[(i64, At)]) -> Result<(), DeskError> {
        self.look(|connection| {
            let transaction = connection.unchecked_transaction()?;
            for (id, at) in uses {
                transaction
                    .prepare_cached("UPDATE api_token_row SET used_ms = ?1 WHERE id = ?2")?
                    .execute((at.millis(), id))?;
            }
            Ok(transaction.commit()?)
        })
    }
}

fn refuse_nonsense(wish: &TokenWish, now: At) -> Result<(), DeskError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@');
    if wish.name.is_empty() || wish.name.len() > LONGEST_NAME || !wish.name.bytes().all(is_plain) {
        let form = "1 to 64 letters, digits, dots, dashes, underscores and @";
        return Err(DeskError::Refused(format!("the name of a token is made of {form}")));
    }
    if wish.expires.is_some_and(|expires| expires <= now) {
        return Err(DeskError::Refused("the token would have expired already".to_owned()));
    }
    if wish.role == Role::Admin && !wish.sites.is_empty() {
        let reason = "an admin decides for the whole network: give a token for some sites another role";
        return Err(DeskError::Refused(reason.to_owned()));
    }
    Ok(())
}

fn insert(
    transaction: &Transaction<'_>,
    author: &Author,
    wish: &TokenWish,
    token: &Bearer,
    now: At,
) -> Result<(), DeskError> {
    let sql = "SELECT count(*) FROM api_token_row WHERE name = ?1";
    if transaction.query_row(sql, [&wish.name], |row| row.get::<_, i64>(0))? > 0 {
        return Err(DeskError::Refused(format!(
            "there is or was a token \"{}\"; a name stands in the audit log and is not given out again",
            wish.name
        )));
    }
    transaction.execute(
        "INSERT INTO api_token_row (name, digest, role, created_ms, author, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            &wish.name,
            token.digest().to_hex(),
            wish.role.word(),
            now.millis(),
            author.as_str(),
            wish.expires.map(At::millis),
        ),
    )?;
    let id = transaction.last_insert_rowid();
    for site in &wish.sites {
        let sql = "INSERT OR IGNORE INTO api_token_site_row (token_id, site) VALUES (?1, ?2)";
        transaction.execute(sql, (id, site))?;
    }
    Ok(())
}

fn view(row: &Row<'_>) -> Result<TokenView, rusqlite::Error> {
    let text = |index: usize| row.get::<_, String>(index);
    let strange =
        |index| rusqlite::Error::InvalidColumnType(index, "api_token_row".to_owned(), rusqlite::types::Type::Text);
    let maybe = |index: usize| row.get::<_, Option<i64>>(index).map(|at| at.map(At::from_millis));
    Ok(TokenView {
        id: row.get(0)?,
        name: text(1)?,
        digest: BearerDigest::from_hex(&text(2)?).ok_or_else(|| strange(2))?,
        role: text(3)?.parse().map_err(|_| strange(3))?,
        sites: Vec::new(),
        created: At::from_millis(row.get(4)?),
        author: text(5)?,
        expires: maybe(6)?,
        revoked: maybe(7)?,
        used: maybe(8)?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const NOON: At = At::from_millis(1_795_521_600_000);

    fn wish(name: &str) -> TokenWish {
        TokenWish { name: name.to_owned(), role: Role::Viewer, sites: Vec::new(), expires: None }
    }

    fn at_a_desk(test: impl FnOnce(&Desk, &Author)) {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path(), Arc::new(|| NOON)).unwrap();
        test(&desk, &Author::at_the_machine("ada"));
    }

    #[test]
    fn a_token_is_made_listed_used_and_revoked() {
        at_a_desk(|desk, ada| {
            let wish = TokenWish { sites: vec!["b".into(), "a".into(), "a".into()], ..wish("wall-screen") };
            let token = desk.add_token(ada, &wish).unwrap();
            let view = desk.tokens().unwrap().pop().unwrap();
            assert_eq!((view.digest, view.role, view.state(NOON)), (token.digest(), Role::Viewer, TokenState::Active));
            assert_eq!(
                (view.sites.as_slice(), view.author.as_str()),
                (&["a".to_owned(), "b".to_owned()][..], "cli ada")
            );
            let edition = desk.edition().unwrap();
            desk.note_token_uses(&[(view.id, NOON)]).unwrap();
            assert_eq!(desk.edition().unwrap(), edition, "a use is no decision");
            assert_eq!(desk.tokens().unwrap()[0].used, Some(NOON));
            desk.revoke_token(ada, "Wall-Screen").unwrap();
            assert_eq!(desk.tokens().unwrap()[0].state(NOON), TokenState::Revoked);
            let audit = desk.audit(None, 10).unwrap();
            assert_eq!(audit[1].detail.as_deref(), Some("viewer for b, a, a"));
            assert!(audit.iter().all(|line| !format!("{line:?}").contains("cw_")), "the audit log holds no secret");
        });
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_says_why() {
        at_a_desk(|desk, ada| {
            desk.add_token(ada, &wish("ops")).unwrap();
            desk.revoke_token(ada, "ops").unwrap();
            let past = TokenWish { expires: Some(NOON), ..wish("late") };
            let admin = TokenWish { role: Role::Admin, sites: vec!["a".into()], ..wish("half") };
            for (wish, told) in [
                (wish(""), "1 to 64 letters"),
                (wish("two words"), "1 to 64 letters"),
                (wish(&"a".repeat(65)), "1 to 64 letters"),
                (wish("OPS"), "there is or was a token"),
                (past, "expired already"),
                (admin, "whole network"),
            ] {
                let refused = desk.add_token(ada, &wish).unwrap_err().to_string();
                assert!(refused.contains(told), "{wish:?}: {refused}");
            }
            assert!(matches!(desk.revoke_token(ada, "ops"), Err(DeskError::Refused(_))));
            assert!(matches!(desk.revoke_token(ada, "nobody"), Err(DeskError::Unknown(_))));
        });
    }
}
