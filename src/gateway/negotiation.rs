//! Which version of OCPP a connection speaks: the first of ours that the charger offers, else what the settings assume.

use super::handshake::Remarks;
use crate::config::ocpp::{Fallback, OcppSettings, Protocol};
use crate::ocpp::Version;

/// Spellings of a subprotocol. The first is the registered one; the others are seen in the field.
const SPELLINGS: [(Version, &[&str]); 3] = [
    (Version::V16, &["ocpp1.6", "ocpp1.6j", "ocpp16", "ocpp16j"]),
    (Version::V201, &["ocpp2.0.1", "ocpp2.0.1j", "ocpp201", "ocpp201j"]),
    (Version::V21, &["ocpp2.1", "ocpp2.1j", "ocpp21", "ocpp21j"]),
];

/// The version, and the subprotocol to echo letter by letter, where it was offered. `None`: there is no common one.
pub(super) fn agree(
    settings: &OcppSettings,
    offered: &[String],
    remarks: &mut Remarks,
) -> Option<(Version, Option<String>)> {
    let spoken = settings.versions.iter().map(|protocol| version(*protocol));
    for version in spoken {
        if let Some(name) = offered.iter().find(|name| names(name) == Some(version)) {
            return Some((version, Some(name.clone())));
        }
    }
    let (fallback, remark) = if offered.is_empty() {
        (settings.without_subprotocol, "no subprotocol offered; assumed by ocpp.without_subprotocol")
    } else {
        (settings.odd_subprotocol, "no spoken subprotocol offered; assumed by ocpp.odd_subprotocol")
    };
    let version = match fallback {
        Fallback::Ocpp16 => Version::V16,
        Fallback::Ocpp201 => Version::V201,
        Fallback::Ocpp21 => Version::V21,
        Fallback::Refuse => return None,
    };
    remarks.push(remark.into());
    // A client that offered something fails where nothing is chosen: its first offer is echoed.
    Some((version, offered.first().cloned()))
}

/// The version that a name stands for, in any case.
fn names(name: &str) -> Option<Version> {
    let is = |(_, spellings): &&(Version, &[&str])| spellings.iter().any(|known| known.eq_ignore_ascii_case(name));
    SPELLINGS.iter().find(is).map(|(version, _)| *version)
}

const fn version(protocol: Protocol) -> Version {
    match protocol {
        Protocol::Ocpp16 => Version::V16,
        Protocol::Ocpp201 => Version::V201,
        Protocol::Ocpp21 => Version::V21,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::{Sources, load};

    fn settings(change: impl FnOnce(&mut OcppSettings)) -> OcppSettings {
        let mut settings = load(&Sources::default()).unwrap().ocpp;
        change(&mut settings);
        settings
    }

    fn agreed(settings: &OcppSettings, offered: &[&str]) -> Option<(Version, Option<String>)> {
        let offered: Vec<String> = offered.iter().map(|name| (*name).to_owned()).collect();
        agree(settings, &offered, &mut Vec::new())
    }

    #[test]
    fn our_preference_decides_among_what_is_offered_in_any_spelling() {
        let settings = settings(|_| {});
        for (offered, version, echo) in [
            (&["ocpp1.6", "ocpp2.0.1"][..], Version::V201, "ocpp2.0.1"),
            (&["ocpp2.1", "ocpp2.0.1"], Version::V21, "ocpp2.1"),
            (&["soap", "OCPP16J"], Version::V16, "OCPP16J"),
            (&["OCPP2.0.1"], Version::V201, "OCPP2.0.1"),
        ] {
            assert_eq!(agreed(&settings, offered), Some((version, Some(echo.to_owned()))), "{offered:?}");
        }
    }

    #[test]
    fn a_version_that_is_not_spoken_is_not_agreed() {
        let settings = settings(|settings| settings.versions = vec![Protocol::Ocpp16]);
        assert_eq!(agreed(&settings, &["ocpp2.0.1"]), None);
        assert_eq!(agreed(&settings, &["ocpp2.0.1", "ocpp1.6"]).unwrap().0, Version::V16);
    }

    #[test]
    fn what_is_missing_or_odd_is_assumed_or_refused_as_configured() {
        let settings = settings(|settings| {
            settings.without_subprotocol = Fallback::Refuse;
            settings.odd_subprotocol = Fallback::Ocpp201;
        });
        assert_eq!(agreed(&settings, &[]), None);
        assert_eq!(agreed(&settings, &["ocpp2.0"]), Some((Version::V201, Some("ocpp2.0".to_owned()))));
    }
}
