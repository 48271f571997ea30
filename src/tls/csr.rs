//! Certificate signing requests (PKCS #10) of chargers: read from whatever their frames hold, and checked before anything
//! is signed. Nothing that a request says is taken over but its key and its name, and the name must be the charger's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_SHA1WITHRSA,
    OID_SHA1_WITH_RSA, Oid,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AttributeTypeAndValue, SubjectPublicKeyInfo};

use crate::domain::ids::ChargerId;

/// Longest request that is read, in bytes of its text. The specification allows 5500 characters.
const LONGEST: usize = 16 * 1024;

/// Sizes of RSA keys that may be certified, in bits. Larger ones cannot be verified here.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Why a request is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// It cannot be read.
    #[error("it is no certificate signing request: {0}")]
    Unreadable(String),
    /// Whoever made it does not have the key, or it was changed on the way.
    #[error("its signature is not that of its own key: {0}")]
    Signature(String),
    /// Its key is of a kind or size that is not certified.
    #[error("its key is {0}; RSA of 2048 to 8192 bits, P-256 and P-384 are certified")]
    Key(String),
    /// It names somebody else.
    #[error("its common name is {0}, which is not the charger's identity")]
    Name(String),
    /// It names another organisation.
    #[error("its organisation is {0}, which is not the one of ca.organisation")]
    Organisation(String),
    /// The authority itself cannot sign any more.
    #[error("the authority cannot sign: {0}")]
    Authority(String),
}

impl Objection {
    /// The word for metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Signature(_) => "bad_signature",
            Self::Key(_) => "weak_key",
            Self::Name(_) => "wrong_name",
            Self::Organisation(_) => "wrong_organisation",
            Self::Authority(_) => "authority_failed",
        }
    }
}

/// A request that may be signed.
pub(super) struct Checked {
    /// Its common name, letter by letter: the charger's identity.
    pub(super) name: String,
    /// Its key, as DER of a SubjectPublicKeyInfo.
    pub(super) key: Vec<u8>,
}

/// Checks a request: whole, signed by its own key, with a key that is strong enough, and of this charger.
pub(super) fn check(text: &str, charger: &ChargerId, organisation: Option<&str>) -> Result<Checked, Objection> {
    let der = unwrap(text)?;
    let unreadable = |error: &dyn std::fmt::Display| Objection::Unreadable(error.to_string());
    let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|error| unreadable(&error))?;
    if !rest.is_empty() {
        return Err(unreadable(&"something follows it"));
    }
    let info = &request.certification_request_info;
    strong_enough(&info.subject_pki)?;
    let signed_with = &request.signature_algorithm.algorithm;
    if *signed_with == OID_PKCS1_SHA1WITHRSA || *signed_with == OID_SHA1_WITH_RSA {
        return Err(Objection::Signature("it is made with SHA-1".to_owned()));
    }
    request.verify_signature().map_err(|error| Objection::Signature(error.to_string()))?;
    let name = the_only(info.subject.iter_common_name()).map_err(Objection::Name)?;
    if ChargerId::new(name.as_str()) != *charger {
        return Err(Objection::Name(quoted(&name)));
    }
    if let Some(organisation) = organisation {
        let named = the_only(info.subject.iter_organization()).map_err(Objection::Organisation)?;
        if named != organisation {
            return Err(Objection::Organisation(quoted(&named)));
        }
    }
    Ok(Checked { name, key: info.subject_pki.raw.to_vec() })
}

/// The DER in a PEM text. Chargers write it without the ends of its lines, with `\n` in letters, or without its head.
fn unwrap(text: &str) -> Result<Vec<u8>, Objection> {
    let unreadable = |why: &str| Objection::Unreadable(why.to_owned());
    if text.len() > LONGEST {
        return Err(unreadable("it is too long"));
    }
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let body = match text.split_once("-----BEGIN ") {
        Some((_, rest)) => {
            let (label, rest) = rest.split_once("-----").ok_or_else(|| unreadable("its head is cut"))?;
            if !matches!(label, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") {
                return Err(Objection::Unreadable(format!("it is a {}", quoted(label))));
            }
            rest.split_once("-----END ").ok_or_else(|| unreadable("its end is cut"))?.0
        }
        None => text.as_str(),
    };
    let letters: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(letters).ok().filter(|der| !der.is_empty()).ok_or_else(|| unreadable("it is not PEM"))
}

/// Whether a key may be certified.
fn strong_enough(key: &SubjectPublicKeyInfo<'_>) -> Result<(), Objection> {
    let kind = &key.algorithm.algorithm;
    if *kind == OID_PKCS1_RSAENCRYPTION {
        let Ok(PublicKey::RSA(rsa)) = key.parsed() else { return Err(Objection::Key("no RSA key at all".to_owned())) };
        let bits = bits(rsa.modulus);
        return if RSA_BITS.contains(&bits) { Ok(()) } else { Err(Objection::Key(format!("RSA of {bits} bits"))) };
    }
    if *kind == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve: Option<Oid<'_>> = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
        return match curve {
            Some(curve) if curve == OID_EC_P256 || curve == OID_NIST_EC_P384 => Ok(()),
            Some(curve) => Err(Objection::Key(format!("of the curve {}", quoted(&curve.to_id_string())))),
            None => Err(Objection::Key("of a curve without a name".to_owned())),
        };
    }
    Err(Objection::Key(format!("of the kind {}", quoted(&kind.to_id_string()))))
}

/// How many bits a number has.
fn bits(number: &[u8]) -> usize {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let digits = &number[first..];
    digits.first().map_or(0, |top| digits.len() * 8 - top.leading_zeros() as usize)
}

/// The only part of a name that there may be of its kind; else what there is instead.
fn the_only<'a>(mut parts: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>) -> Result<String, String> {
    let first = parts.next().ok_or_else(|| "missing".to_owned())?;
    if parts.next().is_some() {
        return Err("there more than once".to_owned());
    }
    first.as_str().map(str::to_owned).map_err(|_| "no text".to_owned())
}

/// A text of the request for people to read: short and without anything that moves a cursor.
fn quoted(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
    format!("\"{clean}\"")
}
