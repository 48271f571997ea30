//! SecurityEventNotification and SignCertificate (OCPP 2.0.1 part 2, A04 and A02).

use super::shapes::CERTIFICATE_HASH_DATA;
use super::words::CertificateSigningUse;
use crate::domain::event::{Event, Security};
use crate::domain::reading::Word;
use crate::domain::signing::{Purpose, SigningRequest};
use crate::ocpp::field::{Choice, Text, Time, Whole};
use crate::ocpp::record::record;
use crate::ocpp::shape::{Checked, Shape, Shaped};

record! {
    /// SecurityEventNotificationRequest.
    struct SecurityEvent<'de> {
        kind: Text<'de, 50> = "type" required,
        at: Time = "timestamp" required,
        info: Text<'de, 255> = "techInfo" optional,
    }
}

/// SecurityEventNotificationRequest: something that matters to security, often long ago.
pub(in crate::ocpp) fn security_event(request: SecurityEvent<'_>) -> Event {
    Event::Security(Security { kind: request.kind.owned(), info: request.info.owned(), at: request.at.0 })
}

/// CertificateHashDataType.
pub(in crate::ocpp) struct CertificateHashData;

impl Shaped for CertificateHashData {
    const SHAPE: &'static Shape = &CERTIFICATE_HASH_DATA;
}

record! {
    /// SignCertificateRequest.
    struct SignCertificate<'de> {
        csr: Text<'de, 5500> = "csr" required,
        purpose: Choice<CertificateSigningUse> = "certificateType" optional,
        root: Checked<CertificateHashData> = "hashRootCertificate" optional_from_21,
        number: Whole = "requestId" optional_from_21,
    }
}

/// SignCertificateRequest: it wants a certificate. One that names no purpose is for its connection, too.
pub(in crate::ocpp) fn sign_certificate(request: SignCertificate<'_>) -> Event {
    let purpose = match request.purpose.word().as_ref().map(Word::as_str) {
        None | Some("ChargingStationCertificate") => Purpose::Station,
        Some("V2GCertificate" | "V2G20Certificate") => Purpose::Vehicles,
        Some(_) => Purpose::Unknown,
    };
    Event::SigningRequested(SigningRequest { csr: request.csr.owned(), purpose, number: request.number.0 })
}
