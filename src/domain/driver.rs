//! Drivers as an operator lists them: what an id token may do, and what a charger is told of it. Without a list every
//! token is accepted; whatever the answer, a session that begins is recorded.

use std::fmt;
use std::str::FromStr;

use super::time::At;

/// Longest name of a group, in characters: what OCPP 1.6 leaves room for.
const LONGEST_GROUP: usize = 20;

/// What a list says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStatus {
    /// It may charge.
    Accepted,
    /// It is barred.
    Blocked,
    /// Its time is over.
    Expired,
    /// It is not known.
    Invalid,
}

/// What a charger is told of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may charge.
    Accepted,
    /// It is barred.
    Blocked,
    /// Its time is over.
    Expired,
    /// It is not known.
    Invalid,
    /// It charges elsewhere, and may do so at one place at a time only.
    ConcurrentTx,
}

/// How a token stands by the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the list says.
    pub status: TokenStatus,
    /// Whether it may charge at one place at a time only.
    pub one_at_a_time: bool,
    /// The group whose members may end each other's sessions: a name that the operator chose.
    pub group: Option<Group>,
    /// Until when it is accepted.
    pub until: Option<At>,
}

/// An answer about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What it may.
    pub permission: Permission,
    /// Its group.
    pub group: Option<Group>,
    /// Until when that holds.
    pub until: Option<At>,
}

/// The name of a group of tokens. It is answered to chargers as the parent token, so it must not be a card's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group(Box<str>);

/// A text that is no status or no group.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// No status.
    #[error("\"{0}\" is no status of a token; there are: Accepted, Blocked, Expired, Invalid")]
    Status(String),
    /// No group.
    #[error("a group has a name of 1 to {LONGEST_GROUP} letters, digits, dots, dashes or underscores, a letter first")]
    Group,
}

impl TokenStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Blocked, Self::Expired, Self::Invalid];

    /// Its word, as in OCPP.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Blocked => "Blocked",
            Self::Expired => "Expired",
            Self::Invalid => "Invalid",
        }
    }
}

impl Permission {
    /// Its word, as in OCPP.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Blocked => "Blocked",
            Self::Expired => "Expired",
            Self::Invalid => "Invalid",
            Self::ConcurrentTx => "ConcurrentTx",
        }
    }
}

impl fmt::Display for TokenStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for TokenStatus {
    type Err = DriverError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|status| status.word().eq_ignore_ascii_case(text.trim()));
        found.ok_or_else(|| DriverError::Status(text.to_owned()))
    }
}

impl Group {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Group {
    type Err = DriverError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        // The numbers of cards are of digits and of letters up to F; a word that begins beyond them is told apart.
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let right = begins && text.len() <= LONGEST_GROUP && text.bytes().all(fits);
        right.then(|| Self(text.into())).ok_or(DriverError::Group)
    }
}

impl Standing {
    /// A token of which no more is said than this.
    pub const fn only(status: TokenStatus) -> Self {
        Self { status, one_at_a_time: false, group: None, until: None }
    }

    /// What is answered at `now`; `elsewhere` says whether another session of the token runs.
    pub fn grant(&self, now: At, elsewhere: bool) -> Grant {
        let permission = match self.status {
            TokenStatus::Accepted if self.until.is_some_and(|until| now >= until) => Permission::Expired,
            TokenStatus::Accepted if self.one_at_a_time && elsewhere => Permission::ConcurrentTx,
            TokenStatus::Accepted => Permission::Accepted,
            TokenStatus::Blocked => Permission::Blocked,
            TokenStatus::Expired => Permission::Expired,
            TokenStatus::Invalid => Permission::Invalid,
        };
        Grant { permission, group: self.group.clone(), until: self.until }
    }
}

impl Grant {
    /// What every token gets that no list speaks of.
    pub const ACCEPTED: Self = Self { permission: Permission::Accepted, group: None, until: None };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_follows_from_the_list_the_time_and_what_runs_elsewhere() {
        let accepted = Standing { until: Some(At::from_millis(100)), ..Standing::only(TokenStatus::Accepted) };
        let alone = Standing { one_at_a_time: true, ..accepted.clone() };
        let blocked = Standing { one_at_a_time: true, ..Standing::only(TokenStatus::Blocked) };
        for (standing, now, elsewhere, wanted) in [
            (&accepted, 99, true, Permission::Accepted),
            (&accepted, 100, false, Permission::Expired),
            (&alone, 99, false, Permission::Accepted),
            (&alone, 99, true, Permission::ConcurrentTx),
            (&alone, 100, true, Permission::Expired),
            (&blocked, 0, true, Permission::Blocked),
            (&Standing::only(TokenStatus::Invalid), 0, false, Permission::Invalid),
            (&Standing::only(TokenStatus::Expired), 0, false, Permission::Expired),
        ] {
            assert_eq!(standing.grant(At::from_millis(now), elsewhere).permission, wanted, "{standing:?} {now}");
        }
    }

    #[test]
    fn a_status_is_read_in_any_case_and_a_group_is_no_card_number() {
        for status in TokenStatus::ALL {
            assert_eq!(status.to_string().to_uppercase().parse::<TokenStatus>().unwrap(), status);
        }
        assert!("Banned".parse::<TokenStatus>().unwrap_err().to_string().contains("Blocked"));
        assert_eq!("depot-north".parse::<Group>().unwrap().as_str(), "depot-north");
        for wrong in ["", "04AABBCC", "two words", "a-name-that-is-too-long", "Straße"] {
            assert!(wrong.parse::<Group>().is_err(), "{wrong}");
        }
    }
}
