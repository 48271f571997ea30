//! Certificates for chargers: who may have one signed, how often, and what is kept of it. What a request must be like is
//! the business of `tls`; how the certificate reaches the charger is its session's.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::Context;
use crate::config::ca::{CaSettings, SignFor};
use crate::domain::ids::ChargerId;
use crate::domain::security::Protection;
use crate::domain::signing::{Purpose, SigningRequest};
use crate::domain::time::At;
use crate::store::desk::Author;
use crate::store::desk::admissions::Decision;
use crate::store::desk::certificates::NewCertificate;
use crate::tls::{Authority, Issued, Objection};

/// Most chargers whose requests of a day are counted; one more gets nothing until the next day.
const MOST_CHARGERS: usize = 100_000;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Why a charger gets no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoCertificate {
    /// This service signs nothing.
    #[error("no authority is configured here ([ca])")]
    NoAuthority,
    /// It asked for another kind.
    #[error("certificates for vehicles (V2G) and for other purposes are not signed here")]
    Purpose,
    /// Its connection does not show who it is.
    #[error("it asked over security profile {0}, which ca.profiles does not name")]
    Profile(String),
    /// Nobody vouches for it.
    #[error("it is neither in the registry nor accepted by an operator")]
    Stranger,
    /// It asks again and again.
    #[error("it has asked too often today")]
    TooOften,
    /// There is something wrong with what it sent.
    #[error(transparent)]
    Request(#[from] Objection),
    /// What was signed could not be kept.
    #[error("the ledger failed: {0}")]
    Ledger(String),
}

impl NoCertificate {
    /// The word for metrics.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::NoAuthority => "no_authority",
            Self::Purpose => "other_purpose",
            Self::Profile(_) => "weak_profile",
            Self::Stranger => "unregistered",
            Self::TooOften => "too_often",
            Self::Request(objection) => objection.label(),
            Self::Ledger(_) => "ledger_failed",
        }
    }

    /// Whether it is worth a row of its own: a charger that asks again and again fills no ledger.
    pub(super) const fn is_kept(&self) -> bool {
        !matches!(self, Self::TooOften)
    }
}

/// The authority with the rules for whom it signs.
pub struct Signer {
    authority: Authority,
    settings: CaSettings,
    asked: Mutex<Asked>,
}

/// How often each charger has asked on a day.
#[derive(Default)]
struct Asked {
    day: i64,
    times: HashMap<ChargerId, u32>,
}

impl Signer {
    /// An authority that signs by these rules.
    pub fn new(authority: Authority, settings: CaSettings) -> Self {
        Self { authority, settings, asked: Mutex::default() }
    }

    /// The authority.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether a charger may ask once more on this day.
    fn may_ask(&self, charger: &ChargerId, now: At) -> bool {
        let (mut asked, day) = (self.asked.lock(), now.millis().div_euclid(DAY_MS));
        if asked.day != day {
            *asked = Asked { day, times: HashMap::new() };
        }
        if asked.times.len() >= MOST_CHARGERS && !asked.times.contains_key(charger) {
            return false;
        }
        let times = asked.times.entry(charger.clone()).or_default();
        *times = times.saturating_add(1);
        *times <= self.settings.requests_per_day
    }
}

/// Signs what a charger asks for, if it may have it, and keeps that it was signed.
pub(super) async fn sign(
    context: &Context,
    charger: &ChargerId,
    protection: Protection,
    peer: &str,
    wish: SigningRequest,
) -> Result<Issued, NoCertificate> {
    let now = (context.clock)();
    let signer = context.signer.clone().ok_or(NoCertificate::NoAuthority)?;
    if !signer.may_ask(charger, now) {
        return Err(NoCertificate::TooOften);
    }
    if wish.purpose != Purpose::Station {
        return Err(NoCertificate::Purpose);
    }
    if !signer.settings.profiles.contains(&protection.profile) {
        return Err(NoCertificate::Profile(protection.profile.to_string()));
    }
    let accepted = || context.gate.decided(charger) == Some(Decision::Accepted);
    let is_known = context.sites.charger(charger).is_some() || accepted();
    if !is_known && (signer.settings.chargers == SignFor::Registered || context.holds(charger)) {
        return Err(NoCertificate::Stranger);
    }
    let (author, csr) = (Author::charger(charger), wish.csr.unwrap_or_default());
    let (charger, peer, profile) = (charger.clone(), peer.to_owned(), protection.profile);
    let kept = context.desk.with(move |desk| {
        let issued = match signer.authority.sign(&csr, &charger, now) {
            Ok(issued) => issued,
            Err(objection) => return Ok(Err(objection)),
        };
        let new = NewCertificate {
            serial: issued.serial.clone(),
            charger,
            fingerprint: issued.fingerprint,
            not_before: issued.not_before,
            not_after: issued.not_after,
            profile,
            peer,
        };
        desk.keep_certificate(&author, &new)?;
        Ok(Ok(issued))
    });
    Ok(kept.await.map_err(|error| NoCertificate::Ledger(error.to_string()))??)
}
