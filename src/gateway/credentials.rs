//! Charger passwords (Basic authentication). The seam for the security profiles: a verdict per identity and header.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use crate::domain::ids::ChargerId;

/// Passwords by charger.
#[derive(Default)]
pub struct Credentials {
    passwords: HashMap<ChargerId, String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} chargers)", self.passwords.len())
    }
}

/// Why the passwords cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("the charger passwords {path} cannot be read: {reason}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        reason: std::io::Error,
    },
    /// The file is not a table of texts.
    #[error("the charger passwords {path} are not a table of \"charger\" = \"password\": {reason}")]
    Form {
        /// Which file.
        path: String,
        /// Why; never a password.
        reason: String,
    },
    /// A charger has an empty password.
    #[error("the charger passwords {path}: the password of {charger} is empty")]
    Empty {
        /// Which file.
        path: String,
        /// Whose.
        charger: ChargerId,
    },
}

/// What a charger's credentials are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has a password and showed it.
    Proven,
    /// It has no password; whatever it sent is ignored.
    NotAsked {
        /// Whether it sent something all the same.
        sent_some: bool,
    },
    /// It has a password and did not show it.
    Refused,
}

impl Credentials {
    /// Reads the passwords of a TOML file.
    ///
    /// # Errors
    /// When the file cannot be read, is of another form, or holds an empty password.
    pub fn load(path: &Path) -> Result<Self, CredentialsError> {
        let name = || path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|reason| CredentialsError::Read { path: name(), reason })?;
        let table: HashMap<String, String> = toml::from_str(&text).map_err(|error| {
            // The message alone: the rendered error would quote the line, and with it a password.
            CredentialsError::Form { path: name(), reason: error.message().to_owned() }
        })?;
        let passwords: HashMap<_, _> = table.into_iter().map(|(id, key)| (ChargerId::new(id), key)).collect();
        if let Some((charger, _)) = passwords.iter().find(|(_, key)| key.is_empty()) {
            return Err(CredentialsError::Empty { path: name(), charger: charger.clone() });
        }
        Ok(Self { passwords })
    }

    /// Judges an `Authorization` header.
    pub(super) fn check(&self, charger: &ChargerId, header: Option<&[u8]>) -> Verdict {
        let Some(password) = self.passwords.get(charger) else {
            return Verdict::NotAsked { sent_some: header.is_some() };
        };
        let shown = header.and_then(basic).filter(|(user, _)| ChargerId::new(user.as_str()) == *charger);
        match shown {
            Some((_, shown)) if same(password, &shown) => Verdict::Proven,
            _ => Verdict::Refused,
        }
    }
}

/// User and password of a Basic header.
fn basic(header: &[u8]) -> Option<(String, Vec<u8>)> {
    let text = std::str::from_utf8(header).ok()?.trim();
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (user, password) = decoded.split_at(colon);
    Some((String::from_utf8(user.to_vec()).ok()?, password.get(1..)?.to_vec()))
}

/// Compares in constant time. A key of 40 hex digits may be shown as its 20 bytes.
fn same(password: &str, shown: &[u8]) -> bool {
    let as_text = bool::from(password.as_bytes().ct_eq(shown));
    let as_bytes = hex(password).is_some_and(|bytes| bool::from(bytes.ct_eq(shown)));
    as_text || as_bytes
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 40 || !text.is_ascii() {
        return None;
    }
    (0..20).map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        let key = "0123456789abcdef0123456789abcdef01234567";
        let passwords = [("CP-1", "secret123"), ("CP-2", key)];
        Credentials { passwords: passwords.map(|(id, key)| (ChargerId::new(id), key.to_owned())).into() }
    }

    fn header(user: &str, password: &[u8]) -> Vec<u8> {
        let plain = [user.as_bytes(), b":", password].concat();
        format!("Basic {}", STANDARD.encode(plain)).into_bytes()
    }

    #[test]
    fn a_password_is_asked_for_only_where_there_is_one() {
        let check = |id: &str, header: Option<&[u8]>| credentials().check(&ChargerId::new(id), header);
        assert_eq!(check("cp-1", Some(&header("CP-1", b"secret123"))), Verdict::Proven);
        assert_eq!(check("CP-1", Some(&header("CP-1", b"secret124"))), Verdict::Refused);
        assert_eq!(check("CP-1", Some(&header("CP-9", b"secret123"))), Verdict::Refused);
        assert_eq!(check("CP-1", Some(&header("CP-1", b""))), Verdict::Refused);
        assert_eq!(check("CP-1", Some(b"Bearer x")), Verdict::Refused);
        assert_eq!(check("CP-1", None), Verdict::Refused);
        assert_eq!(check("CP-3", None), Verdict::NotAsked { sent_some: false });
        assert_eq!(check("CP-3", Some(&header("x", b"y"))), Verdict::NotAsked { sent_some: true });
    }

    #[test]
    fn a_key_of_40_hex_digits_may_come_as_text_or_as_bytes() {
        let text = b"0123456789abcdef0123456789abcdef01234567";
        let bytes = hex(std::str::from_utf8(text).unwrap()).unwrap();
        let check = |shown: &[u8]| credentials().check(&ChargerId::new("CP-2"), Some(&header("CP-2", shown)));
        assert_eq!((check(text), check(&bytes)), (Verdict::Proven, Verdict::Proven));
        assert_eq!(check(&bytes[1..]), Verdict::Refused);
    }
}
