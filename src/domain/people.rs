//! People and programmes that read or steer: what a role may do. Who somebody is, is found out elsewhere.

use std::fmt;
use std::str::FromStr;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything, credentials and tokens too.
    Admin,
    /// Everything that running the network needs; no credentials of people.
    Operator,
    /// Reads everything that names no person.
    Viewer,
    /// Reads aggregates: figures of the programme, with small numbers suppressed.
    Monitor,
    /// Scrapes metrics.
    Metrics,
}

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever asks.
    Anyone,
    /// Who scrapes metrics, and who may read.
    Metrics,
    /// Who scrapes metrics or reads aggregates, and who may read more.
    Programme,
    /// Who reads aggregates, and who may read more.
    Monitor,
    /// Who may read.
    Viewer,
    /// Who runs the network.
    Operator,
    /// Who decides who may what.
    Admin,
}

/// A word that is no role.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is no role; there are: admin, operator, viewer, monitor, metrics")]
pub struct NoRole(String);

impl Role {
    /// All roles, the mightiest first.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Operator, Self::Viewer, Self::Monitor, Self::Metrics];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Monitor => "monitor",
            Self::Metrics => "metrics",
        }
    }

    /// Whether it may use what is for `access`.
    pub const fn may(self, access: Access) -> bool {
        match access {
            Access::Anyone | Access::Programme => true,
            Access::Metrics => !matches!(self, Self::Monitor),
            Access::Monitor => !matches!(self, Self::Metrics),
            Access::Viewer => matches!(self, Self::Admin | Self::Operator | Self::Viewer),
            Access::Operator => matches!(self, Self::Admin | Self::Operator),
            Access::Admin => matches!(self, Self::Admin),
        }
    }
}

impl Access {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Metrics => "metrics",
            Self::Programme => "programme",
            Self::Monitor => "monitor",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text);
        found.ok_or_else(|| NoRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_may_what_it_is_for_and_no_more() {
        let table = [
            (Role::Admin, [true, true, true, true, true, true, true]),
            (Role::Operator, [true, true, true, true, true, true, false]),
            (Role::Viewer, [true, true, true, true, true, false, false]),
            (Role::Monitor, [true, false, true, true, false, false, false]),
            (Role::Metrics, [true, true, true, false, false, false, false]),
        ];
        let rooms = [
            Access::Anyone,
            Access::Metrics,
            Access::Programme,
            Access::Monitor,
            Access::Viewer,
            Access::Operator,
            Access::Admin,
        ];
        for (role, wanted) in table {
            assert_eq!(rooms.map(|access| role.may(access)), wanted, "{role}");
        }
    }

    #[test]
    fn a_role_is_told_and_read_by_its_word() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse::<Role>().unwrap(), role);
        }
        assert!("root".parse::<Role>().unwrap_err().to_string().contains("admin, operator"));
    }
}
