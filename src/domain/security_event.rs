//! Security events that the specifications name, and which of them are critical (OCPP 2.1 appendix 1; the names of 1.6 are
//! those of "Improved security for OCPP 1.6-J", edition 3, section 6). Chargers may send others; those that this service
//! finds by itself are at the end.

/// A kind of security event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityKind {
    /// Its name.
    pub name: &'static str,
    /// Whether the specification calls it critical: those a charger must tell, the others it may only log.
    pub critical: bool,
}

/// A connection that is less secure than the one before. The name is ours.
pub const WEAKER_PROFILE: &str = "WeakerSecurityProfile";

/// A charger asked for a certificate and got none. The name is ours.
pub const SIGNING_REFUSED: &str = "CertificateSigningRefused";

/// What stands for every kind that is not known.
pub const OTHER: SecurityKind = SecurityKind { name: "other", critical: false };

const fn critical(name: &'static str) -> SecurityKind {
    SecurityKind { name, critical: true }
}

const fn plain(name: &'static str) -> SecurityKind {
    SecurityKind { name, critical: false }
}

/// Every kind that is known.
pub const KINDS: [SecurityKind; 27] = [
    critical("FirmwareUpdated"),
    plain("FailedToAuthenticateAtCsms"),
    plain("FailedToAuthenticateAtCentralSystem"),
    plain("CsmsFailedToAuthenticate"),
    plain("CentralSystemFailedToAuthenticate"),
    critical("SettingSystemTime"),
    critical("StartupOfTheDevice"),
    critical("ResetOrReboot"),
    critical("SecurityLogWasCleared"),
    plain("ReconfigurationOfSecurityParameters"),
    critical("MemoryExhaustion"),
    plain("InvalidMessages"),
    plain("AttemptedReplayAttacks"),
    critical("TamperDetectionActivated"),
    critical("InvalidFirmwareSignature"),
    critical("InvalidFirmwareSigningCertificate"),
    critical("InvalidCsmsCertificate"),
    critical("InvalidCentralSystemCertificate"),
    critical("InvalidChargingStationCertificate"),
    critical("InvalidChargePointCertificate"),
    critical("DiscardedRenewedClientCertificate"),
    critical("InvalidTLSVersion"),
    critical("InvalidTLSCipherSuite"),
    critical("MaintenanceLoginAccepted"),
    critical("MaintenanceLoginFailed"),
    plain(WEAKER_PROFILE),
    plain(SIGNING_REFUSED),
];

impl SecurityKind {
    /// The kind of a name, in whatever case a charger writes it; [`OTHER`] for one that is not known.
    pub fn of(name: &str) -> Self {
        let name = name.trim();
        KINDS.into_iter().find(|kind| kind.name.eq_ignore_ascii_case(name)).unwrap_or(OTHER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_in_any_case_and_others_are_one() {
        assert_eq!(SecurityKind::of("tamperdetectionactivated").name, "TamperDetectionActivated");
        assert!(SecurityKind::of(" ResetOrReboot ").critical && !SecurityKind::of("InvalidMessages").critical);
        assert_eq!((SecurityKind::of("DoorOpened"), SecurityKind::of("")), (OTHER, OTHER));
    }
}
