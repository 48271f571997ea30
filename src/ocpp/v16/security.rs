//! SecurityEventNotification and SignCertificate of the 1.6 security extension (whitepaper edition 2, sections 5.15
//! and 5.18). rust-ocpp has no types for them.

use crate::domain::event::{Event, Security};
use crate::domain::signing::{Purpose, SigningRequest};
use crate::ocpp::field::{Text, Time};
use crate::ocpp::record::record;

record! {
    /// SecurityEventNotification.req.
    struct SecurityEvent<'de> {
        kind: Text<'de, 50> = "type" required,
        at: Time = "timestamp" required,
        info: Text<'de, 255> = "techInfo" optional,
    }
}

/// SecurityEventNotification.req: something that matters to security, often long ago.
pub(super) fn security_event(request: SecurityEvent<'_>) -> Event {
    Event::Security(Security { kind: request.kind.owned(), info: request.info.owned(), at: request.at.0 })
}

record! {
    /// SignCertificate.req.
    struct SignCertificate<'de> {
        csr: Text<'de, 5500> = "csr" required,
    }
}

/// SignCertificate.req: it wants a certificate for its connection.
pub(super) fn sign_certificate(request: SignCertificate<'_>) -> Event {
    Event::SigningRequested(SigningRequest { csr: request.csr.owned(), purpose: Purpose::Station, number: None })
}
