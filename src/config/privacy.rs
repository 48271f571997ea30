//! `[privacy]`: what is kept of persons, and for how long. `src/store/PRIVACY.md` says where it lives.

use serde::Deserialize;

/// Settings of privacy. What they say holds for what comes in from then on; `chargewatch forget` is for what is there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacySettings {
    /// Whether the clear text of id tokens is remembered.
    pub id_tokens: IdTokens,
    /// Whether signed meter records are kept with whom they name.
    pub signed_records: SignedRecords,
    /// Cut the link from a session to its token after so many days; 0: never.
    pub token_keep_days: u32,
}

/// What is kept of an id token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdTokens {
    /// A keyed hash.
    Hashed,
    /// A keyed hash, and once for each the clear text.
    Clear,
}

/// What is kept of a signed meter record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignedRecords {
    /// OCMF with the card's number hashed, nothing of other forms. Their signatures cannot be verified.
    Veiled,
    /// As the charger sent it.
    Verbatim,
}

impl PrivacySettings {
    /// What is wrong with values that are well-formed: key and reason.
    pub(super) fn objections(&self, frames_keep_days: u32) -> Vec<(&'static str, String)> {
        let too_soon = self.token_keep_days > 0 && self.token_keep_days < frames_keep_days;
        let reason = "must not be shorter than store.frames_keep_days: the frames say the same";
        if too_soon { vec![("privacy.token_keep_days", reason.to_owned())] } else { Vec::new() }
    }
}
