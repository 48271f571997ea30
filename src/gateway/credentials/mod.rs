//! What chargers must show when they connect (Basic authentication), and whether it is right.
//!
//! Credentials stand at the desk and are held in memory. Proving a drawn key takes microseconds. A chosen password takes
//! a slow hash, one at a time and with a bounded queue; once it was right, a fast hash under a key of this process stands
//! for it, so that a reconnect costs nothing and a wrong one is known at once.

pub(super) mod failures;
mod seal;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::RwLock;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::domain::ids::ChargerId;
use crate::domain::time::At;
use crate::store::desk::credentials::{Credential, Sealed};
use failures::Failures;
use seal::Proof;
pub use seal::{SealError, Seals};

/// Chargers that may wait for a slow hash at once; at some 10 milliseconds each the last waits for 5 seconds.
const MOST_WAITING: usize = 500;

/// The credentials of all chargers.
pub(super) struct Credentials {
    held: RwLock<Arc<HashMap<ChargerId, Arc<Held>>>>,
    seals: Seals,
    /// Under which what was proven is remembered; dies with this process.
    process_key: [u8; 32],
    /// One slow hash at a time.
    slow: Arc<Semaphore>,
    queue: Semaphore,
    pub(super) failures: Failures,
}

/// A credential in memory.
struct Held {
    sealed: Sealed,
    /// `None` where what is kept is damaged: then nothing proves it.
    proof: Option<Proof>,
    /// A fast hash of the chosen password, once it was proven.
    proven: OnceLock<[u8; 32]>,
    expires: Option<At>,
    revoked: bool,
}

/// What a charger shows, and where from.
pub(super) struct Shown<'a> {
    pub(super) charger: &'a ChargerId,
    pub(super) peer: &'a str,
    /// Its `Authorization` header.
    pub(super) header: Option<&'a [u8]>,
}

/// What a charger's credentials are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has a credential and showed it.
    Proven,
    /// It has none; whatever it sent is ignored.
    NotAsked {
        /// Whether it sent something all the same.
        sent_some: bool,
    },
    /// It has one and did not show it.
    Refused,
    /// What it showed was right, but its time is over.
    Expired,
    /// Too many wrong ones were shown; nothing is looked at for a while.
    MustWait,
    /// Too many wait for a slow hash.
    Busy,
}

impl Credentials {
    pub(super) fn new(seals: Seals) -> Self {
        Self {
            held: RwLock::default(),
            seals,
            process_key: rand::random(),
            slow: Arc::new(Semaphore::new(1)),
            queue: Semaphore::new(MOST_WAITING),
            failures: Failures::default(),
        }
    }

    /// Puts other credentials in place. What was proven of one that stays the same stays proven.
    pub(super) fn replace(&self, all: Vec<Credential>) {
        let before = self.held.read().clone();
        let held = |credential: Credential| {
            let proven = before.get(&credential.charger).filter(|held| held.sealed == credential.sealed);
            let proven = proven.map(|held| held.proven.clone()).unwrap_or_default();
            let held = Held {
                proof: Proof::read(&credential.sealed),
                sealed: credential.sealed,
                proven,
                expires: credential.expires,
                revoked: credential.revoked.is_some(),
            };
            (credential.charger, Arc::new(held))
        };
        let held = all.into_iter().map(held).collect();
        *self.held.write() = Arc::new(held);
    }

    fn of(&self, charger: &ChargerId) -> Option<Arc<Held>> {
        self.held.read().get(charger).cloned()
    }

    /// Whether the charger's credential was revoked.
    pub(super) fn is_revoked(&self, charger: &ChargerId) -> bool {
        self.of(charger).is_some_and(|held| held.revoked)
    }

    /// Judges what a charger shows.
    pub(super) async fn check(&self, shown: &Shown<'_>, now: At) -> Verdict {
        let charger = shown.charger;
        let Some(held) = self.of(charger) else {
            return Verdict::NotAsked { sent_some: shown.header.is_some() };
        };
        let named = shown.header.and_then(basic).filter(|(user, _)| ChargerId::new(user.as_str()) == *charger);
        let Some((_, secret)) = named else { return Verdict::Refused };
        let address: Option<IpAddr> = shown.peer.parse().ok();
        let begin = Instant::now();
        let address_waits = self.failures.address_waits(address, begin);
        let waits = address_waits || self.failures.charger_waits(charger, begin);
        let right = match self.quick(charger, &held, &secret, address_waits) {
            Some(true) => true,
            Some(false) | None if waits => return Verdict::MustWait,
            Some(false) => false,
            None => match self.slowly(charger, &held, secret).await {
                Some(right) => right,
                None => return Verdict::Busy,
            },
        };
        if !right {
            self.failures.note(charger, address, begin);
            return Verdict::Refused;
        }
        self.failures.forgive(charger);
        if held.is_over(now) { Verdict::Expired } else { Verdict::Proven }
    }

    /// Whether a secret is right, where that can be told from memory. A drawn key cannot be guessed, so it is looked at
    /// whoever failed before: a neighbour behind the same address must not shut it out. A chosen password is not, from an
    /// address that has to wait.
    fn quick(&self, charger: &ChargerId, held: &Held, secret: &[u8], address_waits: bool) -> Option<bool> {
        match (&held.proof, held.proven.get()) {
            (None, _) => Some(false),
            (Some(proof @ Proof::Key(..)), _) => Some(self.seals.proves(charger, proof, secret)),
            (Some(Proof::Password(_)), Some(proven)) if !address_waits => {
                Some(bool::from(self.fast(charger, secret).ct_eq(proven)))
            }
            (Some(Proof::Password(_)), _) => None,
        }
    }

    /// Takes the slow hash, off the async threads. `None` when too many wait for theirs.
    async fn slowly(&self, charger: &ChargerId, held: &Arc<Held>, secret: Vec<u8>) -> Option<bool> {
        let _queued = self.queue.try_acquire().ok()?;
        let turn = self.slow.clone().acquire_owned().await.ok()?;
        let fast = self.fast(charger, &secret);
        if let Some(proven) = held.proven.get() {
            return Some(bool::from(fast.ct_eq(proven)));
        }
        let (seals, of, kept) = (self.seals.clone(), charger.clone(), held.clone());
        let hashed = tokio::task::spawn_blocking(move || {
            let right = kept.proof.as_ref().is_some_and(|proof| seals.proves(&of, proof, &secret));
            drop(turn);
            right
        });
        let right = hashed.await.ok()?;
        if right {
            // Somebody else may have proven the same meanwhile.
            held.proven.set(fast).ok();
        }
        Some(right)
    }

    fn fast(&self, charger: &ChargerId, secret: &[u8]) -> [u8; 32] {
        seal::keyed(&self.process_key, &[], &seal::bound(charger, secret))
    }
}

impl Held {
    fn is_over(&self, now: At) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
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

#[cfg(test)]
mod tests {
    use super::*;

    const CHOSEN: &str = "kX7-qW2_mR9+tB4!";
    const KEY: &str = "8f3a1c5e9b7d2f604a8c6e1b3d5f7092a4c6e8b0";

    fn credentials() -> Credentials {
        let seals = Seals::new([7; 32]);
        let credential = |charger: &str, secret: &str, expires, revoked| {
            let charger = ChargerId::new(charger);
            let sealed = seals.seal(&charger, secret).unwrap();
            Credential { charger, sealed, changed: At::from_millis(0), expires, revoked }
        };
        let all = vec![
            credential("CP-1", CHOSEN, None, None),
            credential("CP-2", KEY, Some(At::from_millis(1000)), None),
            credential("CP-3", KEY, None, Some(At::from_millis(1))),
        ];
        let credentials = Credentials::new(seals);
        credentials.replace(all);
        credentials
    }

    fn header(user: &str, password: &[u8]) -> Vec<u8> {
        let plain = [user.as_bytes(), b":", password].concat();
        format!("Basic {}", STANDARD.encode(plain)).into_bytes()
    }

    async fn checked(credentials: &Credentials, id: &str, header: Option<&[u8]>) -> Verdict {
        let charger = ChargerId::new(id);
        let shown = Shown { charger: &charger, peer: "192.0.2.1", header };
        credentials.check(&shown, At::from_millis(500)).await
    }

    #[tokio::test]
    async fn a_password_is_asked_for_only_where_there_is_one() {
        let credentials = credentials();
        for (id, header, wanted) in [
            ("cp-1", Some(header("CP-1", CHOSEN.as_bytes())), Verdict::Proven),
            ("CP-1", Some(header("cp-1", CHOSEN.as_bytes())), Verdict::Proven),
            ("CP-1", Some(header("CP-1", b"kX7-qW2_mR9+tB4?")), Verdict::Refused),
            ("CP-1", Some(header("CP-9", CHOSEN.as_bytes())), Verdict::Refused),
            ("CP-1", Some(header("CP-1", b"")), Verdict::Refused),
            ("CP-1", Some(header("CP-1", KEY.as_bytes())), Verdict::Refused),
            ("CP-1", Some(b"Bearer x".to_vec()), Verdict::Refused),
            ("CP-1", None, Verdict::Refused),
            ("CP-4", None, Verdict::NotAsked { sent_some: false }),
            ("CP-4", Some(header("x", b"y")), Verdict::NotAsked { sent_some: true }),
        ] {
            assert_eq!(checked(&credentials, id, header.as_deref()).await, wanted, "{id} {header:?}");
        }
    }

    #[tokio::test]
    async fn a_key_may_come_as_digits_in_either_case_or_as_bytes_until_its_time_is_over() {
        let credentials = credentials();
        let bytes = crate::domain::password::canonical(KEY.as_bytes());
        for shown in [KEY.as_bytes(), KEY.to_uppercase().as_bytes(), &bytes] {
            assert_eq!(checked(&credentials, "CP-2", Some(&header("CP-2", shown))).await, Verdict::Proven);
        }
        assert_eq!(checked(&credentials, "CP-2", Some(&header("CP-2", &bytes[1..]))).await, Verdict::Refused);
        let (charger, header) = (ChargerId::new("CP-2"), header("CP-2", &bytes));
        let shown = Shown { charger: &charger, peer: "192.0.2.1", header: Some(&header) };
        assert_eq!(credentials.check(&shown, At::from_millis(1000)).await, Verdict::Expired);
        assert!(credentials.is_revoked(&ChargerId::new("cp-3")) && !credentials.is_revoked(&charger));
    }

    #[tokio::test]
    async fn a_proven_password_is_known_at_once_and_so_is_a_wrong_one() {
        let credentials = credentials();
        let right = header("CP-1", CHOSEN.as_bytes());
        assert_eq!(checked(&credentials, "CP-1", Some(&right)).await, Verdict::Proven);
        // Nothing slow is to be had any more, and nothing slow is needed.
        credentials.slow.close();
        assert_eq!(checked(&credentials, "CP-1", Some(&right)).await, Verdict::Proven);
        let wrong = header("CP-1", b"kX7-qW2_mR9+tB4?");
        assert_eq!(checked(&credentials, "CP-1", Some(&wrong)).await, Verdict::Refused);
        let other = Seals::new([7; 32]).seal(&ChargerId::new("CP-1"), "another-Pa55word*!").unwrap();
        let at = At::from_millis(0);
        let charger = ChargerId::new("CP-1");
        credentials.replace(vec![Credential { charger, sealed: other, changed: at, expires: None, revoked: None }]);
        assert_eq!(checked(&credentials, "CP-1", Some(&right)).await, Verdict::Busy, "it is to be hashed again");
    }

    #[tokio::test]
    async fn whoever_guesses_has_to_wait_and_a_drawn_key_is_let_in_all_the_same() {
        let credentials = credentials();
        let right = header("CP-1", CHOSEN.as_bytes());
        assert_eq!(checked(&credentials, "CP-1", Some(&right)).await, Verdict::Proven);
        let mut verdicts = Vec::new();
        for guess in 0..21 {
            let wrong = header("CP-2", format!("guess-{guess}").as_bytes());
            verdicts.push(checked(&credentials, "CP-2", Some(&wrong)).await);
            if guess == 4 {
                assert_eq!(verdicts, [Verdict::Refused; 5]);
            }
        }
        assert_eq!(verdicts.last(), Some(&Verdict::MustWait));
        let key = header("CP-2", KEY.as_bytes());
        assert_eq!(checked(&credentials, "CP-2", Some(&key)).await, Verdict::Proven);
        for number in 0..20 {
            let charger = ChargerId::new(format!("CP-{number}"));
            credentials.failures.note(&charger, "192.0.2.1".parse().ok(), Instant::now());
        }
        assert_eq!(checked(&credentials, "CP-1", Some(&right)).await, Verdict::MustWait, "from that address");
        assert_eq!(checked(&credentials, "CP-2", Some(&key)).await, Verdict::Proven, "from that address too");
    }
}
