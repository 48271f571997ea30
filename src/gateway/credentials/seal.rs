//! How secrets of chargers are kept: never themselves, only what proves them.
//!
//! A key that a machine drew cannot be guessed, so HMAC-SHA-256 under a key outside the ledger is enough: a reconnect of
//! the whole network costs milliseconds. What a person may have chosen takes argon2id, with the same key as its secret:
//! whoever has the ledger alone can try nothing.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::ids::ChargerId;
use crate::domain::password::{self, KEY_BYTES, Origin, Weak};
use crate::store::desk::credentials::{Scheme, Sealed};

/// Bytes of a salt, and of the hash behind it.
const SALT: usize = 16;
const HASH: usize = 32;

/// Seals secrets, and proves them. Cheap to clone.
#[derive(Clone)]
pub struct Seals {
    key: Arc<[u8; 32]>,
}

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seals(…)")
    }
}

/// Why a secret cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It is too weak.
    #[error(transparent)]
    Weak(#[from] Weak),
    /// The hash failed.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// What proves a secret, ready for use.
pub(super) enum Proof {
    /// Salt and keyed hash.
    Key([u8; SALT], [u8; HASH]),
    /// argon2id, in its usual form.
    Password(String),
}

impl Seals {
    /// With a key that is kept outside the ledger.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key: Arc::new(key) }
    }

    /// A new key for a charger: 160 random bits as 40 hex digits, which is what an AuthorizationKey of OCPP 1.6 holds.
    pub fn draw() -> String {
        hex(&rand::random::<[u8; KEY_BYTES]>())
    }

    /// Seals a secret, where it is strong enough.
    ///
    /// # Errors
    /// When it is too weak.
    pub fn seal(&self, charger: &ChargerId, secret: &str) -> Result<Sealed, SealError> {
        match password::judge(charger, secret)? {
            Origin::Drawn => {
                let salt: [u8; SALT] = rand::random();
                let hash = keyed(&self.key, &salt, &bound(charger, secret.as_bytes()));
                Ok(Sealed { scheme: Scheme::Key, verifier: format!("{}{}", hex(&salt), hex(&hash)) })
            }
            Origin::Chosen => {
                let failed = |error: &dyn std::fmt::Display| SealError::Hash(error.to_string());
                let slow = self.slow().ok_or_else(|| failed(&"its parameters are wrong"))?;
                let salt: [u8; SALT] = rand::random();
                let hash = slow.hash_password_with_salt(&bound(charger, secret.as_bytes()), &salt);
                let verifier = hash.map_err(|error| failed(&error))?.to_string();
                Ok(Sealed { scheme: Scheme::Password, verifier })
            }
        }
    }

    /// Whether a secret is the one that was sealed. For a password that takes some 10 milliseconds.
    pub(super) fn proves(&self, charger: &ChargerId, proof: &Proof, shown: &[u8]) -> bool {
        let bound = bound(charger, shown);
        match proof {
            Proof::Key(salt, hash) => bool::from(keyed(&self.key, salt, &bound).ct_eq(hash)),
            Proof::Password(text) => {
                let hash = PasswordHash::new(text);
                self.slow().zip(hash.ok()).is_some_and(|(slow, hash)| slow.verify_password(&bound, &hash).is_ok())
            }
        }
    }

    fn slow(&self) -> Option<Argon2<'_>> {
        Argon2::new_with_secret(&*self.key, Algorithm::Argon2id, Version::V0x13, Params::DEFAULT).ok()
    }
}

impl Proof {
    /// What is kept of a secret; `None` when it is damaged.
    pub(super) fn read(sealed: &Sealed) -> Option<Self> {
        match sealed.scheme {
            Scheme::Key => {
                let (salt, hash) = sealed.verifier.split_at_checked(2 * SALT)?;
                Some(Self::Key(unhex(salt)?, unhex(hash)?))
            }
            Scheme::Password => Some(Self::Password(sealed.verifier.clone())),
        }
    }
}

/// HMAC-SHA-256 over a salt and a text.
pub(super) fn keyed(key: &[u8; 32], salt: &[u8], text: &[u8]) -> [u8; HASH] {
    // A key that is shorter than a block counts as if noughts followed.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(salt);
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// A secret together with whose it is: what proves it for one charger proves nothing for another.
pub(super) fn bound(charger: &ChargerId, secret: &[u8]) -> Vec<u8> {
    let mut text = charger.folded().into_bytes();
    text.push(0);
    text.extend(password::canonical(secret));
    text
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_is_proven_by_itself_alone_and_for_its_own_charger() {
        let (seals, charger) = (Seals::new([7; 32]), ChargerId::new("CP-1"));
        for secret in [Seals::draw(), "kX7-qW2_mR9+tB4!".to_owned()] {
            let sealed = seals.seal(&charger, &secret).unwrap();
            assert!(!format!("{sealed:?}{}", sealed.verifier).contains(&secret));
            let proof = Proof::read(&sealed).unwrap();
            let proves = |charger: &str, shown: &[u8]| seals.proves(&ChargerId::new(charger), &proof, shown);
            assert!(proves("cp-1", secret.as_bytes()));
            assert!(proves("CP-1", &password::canonical(secret.as_bytes())));
            assert!(!proves("CP-2", secret.as_bytes()));
            assert!(!proves("CP-1", &secret.as_bytes()[1..]));
            assert!(!proves("CP-1", b""));
            assert!(!Seals::new([8; 32]).proves(&charger, &proof, secret.as_bytes()), "another key proves nothing");
            assert_ne!(seals.seal(&charger, &secret).unwrap(), sealed, "the salt is new each time");
        }
        assert!(matches!(seals.seal(&charger, "secret"), Err(SealError::Weak(Weak::Length))));
    }

    #[test]
    fn what_is_drawn_is_a_key_and_what_is_damaged_is_none() {
        let (seals, charger) = (Seals::new([7; 32]), ChargerId::new("CP-1"));
        let sealed = seals.seal(&charger, &Seals::draw()).unwrap();
        assert_eq!(sealed.scheme, Scheme::Key);
        let damaged = Sealed { verifier: sealed.verifier[1..].to_owned(), ..sealed };
        assert!(Proof::read(&damaged).is_none());
    }
}
