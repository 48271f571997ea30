//! The API tokens in memory: found by digest, read anew when somebody decided something at the desk, and noted as used at
//! most once a minute each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use subtle::ConstantTimeEq;

use crate::domain::bearer::{Bearer, BearerDigest};
use crate::domain::time::At;
use crate::observe::Observer;
use crate::observe::events::http::TokensUnread;
use crate::store::desk::people::{TokenState, TokenView};
use crate::store::desk::{Desk, DeskError};

/// How often the desk is asked whether anything was decided.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// How often a token's use is noted at most, in milliseconds.
const NOTE_MS: i64 = 60_000;

/// The tokens that there are. Cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    desk: Desk,
    held: RwLock<Arc<Held>>,
    uses: Mutex<Uses>,
}

/// The tokens of one edition of the desk.
#[derive(Default)]
struct Held {
    edition: i64,
    /// By the beginning of the digest. What stands behind it is compared in constant time.
    tokens: HashMap<[u8; 8], Vec<Arc<TokenView>>>,
}

/// When tokens were used, by their numbers.
#[derive(Default)]
struct Uses {
    noted: HashMap<i64, At>,
    waiting: HashMap<i64, At>,
}

impl Keyring {
    /// The tokens of a desk.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open(desk: Desk) -> Result<Self, DeskError> {
        let keyring = Self(Arc::new(Inner { desk, held: RwLock::default(), uses: Mutex::default() }));
        keyring.read_anew()?;
        Ok(keyring)
    }

    /// Whether no token was ever made.
    pub(super) fn is_empty(&self) -> bool {
        self.0.held.read().tokens.is_empty()
    }

    /// The token, if it is one of ours; it may be expired or revoked.
    pub(super) fn find(&self, token: &Bearer) -> Option<Arc<TokenView>> {
        let digest = token.digest();
        let held = self.0.held.read().clone();
        let same = |view: &&Arc<TokenView>| bool::from(view.digest.0.ct_eq(&digest.0));
        held.tokens.get(&beginning(digest))?.iter().find(same).cloned()
    }

    /// Whether the token of a number is neither expired nor revoked.
    pub(super) fn is_in_force(&self, id: i64, now: At) -> bool {
        let held = self.0.held.read().clone();
        held.tokens.values().flatten().any(|token| token.id == id && token.state(now) == TokenState::Active)
    }

    /// Notes that a token was used.
    pub(super) fn used(&self, token: &TokenView, now: At) {
        let mut uses = self.0.uses.lock();
        let noted = uses.noted.get(&token.id).copied().or(token.used);
        if noted.is_none_or(|noted| now.millis_since(noted) >= NOTE_MS) {
            uses.noted.insert(token.id, now);
            uses.waiting.insert(token.id, now);
        }
    }

    /// Reads the tokens; not for an async thread.
    pub(super) fn read_anew(&self) -> Result<(), DeskError> {
        // The edition first: what is decided between the two is read again, not missed.
        let edition = self.0.desk.edition()?;
        let mut tokens: HashMap<_, Vec<_>> = HashMap::new();
        for view in self.0.desk.tokens()? {
            tokens.entry(beginning(view.digest)).or_default().push(Arc::new(view));
        }
        *self.0.held.write() = Arc::new(Held { edition, tokens });
        Ok(())
    }

    /// Follows the desk for good.
    pub(super) async fn follow(self, observer: Observer) {
        let mut failed = false;
        loop {
            tokio::time::sleep(LOOK_PAUSE).await;
            let keyring = self.clone();
            let looked = self.0.desk.with(move |desk| keyring.look(desk)).await;
            if let Err(error) = &looked
                && !failed
            {
                observer.tell(TokensUnread { error });
            }
            failed = looked.is_err();
        }
    }

    /// Reads the tokens if anything was decided, and writes down what was used.
    fn look(&self, desk: &Desk) -> Result<(), DeskError> {
        let waiting: Vec<(i64, At)> = std::mem::take(&mut self.0.uses.lock().waiting).into_iter().collect();
        if !waiting.is_empty() {
            desk.note_token_uses(&waiting)?;
        }
        if desk.edition()? != self.0.held.read().edition {
            self.read_anew()?;
        }
        Ok(())
    }
}

fn beginning(digest: BearerDigest) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = digest.0;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::people::Role;
    use crate::store::desk::Author;
    use crate::store::desk::people::TokenWish;

    const NOON: At = At::from_millis(1_795_521_600_000);

    #[test]
    fn a_token_is_found_once_the_desk_was_looked_at_and_its_use_is_noted_by_the_minute() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path(), Arc::new(|| NOON)).unwrap();
        let beside = Desk::open(folder.path(), Arc::new(|| NOON)).unwrap();
        let keyring = Keyring::open(desk.clone()).unwrap();
        let wish = TokenWish { name: "ops".into(), role: Role::Operator, sites: Vec::new(), expires: None };
        let token = beside.add_token(&Author::at_the_machine("ada"), &wish).unwrap();
        assert!(keyring.is_empty() && keyring.find(&token).is_none());
        keyring.look(&desk).unwrap();
        let view = keyring.find(&token).unwrap();
        assert!(!keyring.is_empty() && keyring.find(&Bearer::of([1; 32])).is_none());
        let used = |millis: i64| {
            keyring.used(&view, NOON.plus_millis(millis));
            keyring.look(&desk).unwrap();
            desk.tokens().unwrap()[0].used.unwrap().millis_since(NOON)
        };
        assert_eq!([used(0), used(59_999), used(60_000)], [0, 0, 60_000]);
        assert!(keyring.is_in_force(view.id, NOON));
        beside.revoke_token(&Author::at_the_machine("ada"), "ops").unwrap();
        keyring.look(&desk).unwrap();
        assert!(!keyring.is_in_force(view.id, NOON));
    }
}
