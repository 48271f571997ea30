//! Why a handshake is refused, and what the charger is told.

use crate::tls::Reason;

/// Why a handshake was refused: one word for lists and metrics, an HTTP status, and a sentence for whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    TooSlow,
    TooMany,
    TooManyHalfOpen,
    TooManyChargers,
    TooManyStrangers,
    AddressTooOften,
    AddressHalfOpen,
    ChargerTooOften,
    NoUpgrade,
    BadRequest,
    TooLong,
    NoIdentity,
    UnknownCharger,
    RefusedCharger,
    BadCredentials,
    NoCredentials,
    WrongCertificate,
    ExpiredCredentials,
    RevokedCredentials,
    TooManyFailures,
    HashesBusy,
    NoCommonProtocol,
    NoKey,
    /// It never came to HTTP.
    Tls(Reason),
}

impl Refusal {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::TooSlow => "too_slow",
            Self::TooMany => "too_many",
            Self::TooManyHalfOpen => "too_many_half_open",
            Self::TooManyChargers => "too_many_chargers",
            Self::TooManyStrangers => "too_many_strangers",
            Self::AddressTooOften => "address_too_often",
            Self::AddressHalfOpen => "address_half_open",
            Self::ChargerTooOften => "charger_too_often",
            Self::NoUpgrade => "no_upgrade",
            Self::BadRequest => "bad_request",
            Self::TooLong => "too_long",
            Self::NoIdentity => "no_identity",
            Self::UnknownCharger => "unknown_charger",
            Self::RefusedCharger => "refused_charger",
            Self::BadCredentials => "bad_credentials",
            Self::NoCredentials => "no_credentials",
            Self::WrongCertificate => "wrong_certificate",
            Self::ExpiredCredentials => "expired_credentials",
            Self::RevokedCredentials => "revoked_credentials",
            Self::TooManyFailures => "too_many_failures",
            Self::HashesBusy => "hashes_busy",
            Self::NoCommonProtocol => "no_common_protocol",
            Self::NoKey => "no_key",
            Self::Tls(reason) => reason.label(),
        }
    }

    /// The status of the answer; none where there can be none.
    pub(super) const fn status(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::TooSlow => (408, "Request Timeout"),
            Self::TooMany
            | Self::TooManyHalfOpen
            | Self::TooManyChargers
            | Self::TooManyStrangers
            | Self::HashesBusy => (503, "Service Unavailable"),
            Self::AddressTooOften | Self::AddressHalfOpen | Self::ChargerTooOften | Self::TooManyFailures => {
                (429, "Too Many Requests")
            }
            Self::NoUpgrade => (426, "Upgrade Required"),
            Self::TooLong => (431, "Request Header Fields Too Large"),
            Self::NoIdentity | Self::UnknownCharger => (404, "Not Found"),
            Self::RefusedCharger | Self::RevokedCredentials | Self::WrongCertificate => (403, "Forbidden"),
            Self::BadCredentials | Self::NoCredentials | Self::ExpiredCredentials => (401, "Unauthorized"),
            Self::BadRequest | Self::NoCommonProtocol | Self::NoKey => (400, "Bad Request"),
            Self::Tls(_) => return None,
        })
    }

    /// After how many seconds it may be tried again, where the refusal is only for now.
    const fn retry_after_s(self) -> Option<u32> {
        match self {
            Self::AddressHalfOpen | Self::TooManyHalfOpen => Some(10),
            Self::AddressTooOften | Self::ChargerTooOften => Some(30),
            Self::TooMany | Self::TooManyChargers => Some(300),
            Self::TooManyFailures | Self::TooManyStrangers => Some(60),
            Self::HashesBusy => Some(5),
            Self::TooSlow
            | Self::NoUpgrade
            | Self::BadRequest
            | Self::TooLong
            | Self::NoIdentity
            | Self::UnknownCharger
            | Self::RefusedCharger
            | Self::BadCredentials
            | Self::NoCredentials
            | Self::WrongCertificate
            | Self::ExpiredCredentials
            | Self::RevokedCredentials
            | Self::NoCommonProtocol
            | Self::NoKey
            | Self::Tls(_) => None,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::NoUpgrade => {
                "This is an OCPP endpoint: it needs a WebSocket upgrade. A proxy in between must pass the headers \
                 Upgrade and Connection on, over HTTP/1.1."
            }
            Self::TooSlow => "The request did not come in time.",
            Self::TooMany => "The limit of connections is reached.",
            Self::TooManyHalfOpen => "Too many handshakes are under way.",
            Self::TooManyChargers => "The limit of chargers that are not registered is reached.",
            Self::TooManyStrangers => "Too many chargers that nobody has met before have come lately.",
            Self::AddressTooOften => "Too many connections have come from this address lately.",
            Self::AddressHalfOpen => "Too many handshakes from this address are under way.",
            Self::ChargerTooOften => "This charger has connected too often lately.",
            Self::BadRequest => "This is not an HTTP request that can be read.",
            Self::TooLong => "The head of the request is too long.",
            Self::NoIdentity => "The path must end in the identity of the charger, as in /ocpp/CP-1.",
            Self::UnknownCharger => "This charger is not registered here.",
            Self::RefusedCharger => "This charger was refused by an operator.",
            Self::BadCredentials => "This charger must show its password.",
            Self::NoCredentials => "Every charger must show a password here, and this one has none yet.",
            Self::ExpiredCredentials => "The password of this charger is no longer good.",
            Self::RevokedCredentials => "The password of this charger was revoked.",
            Self::TooManyFailures => "Too many wrong passwords were shown. Wait for a minute.",
            Self::HashesBusy => "Too many passwords wait to be checked. Try again.",
            Self::NoCommonProtocol => {
                "None of the offered subprotocols is spoken here. There are: ocpp1.6, ocpp2.0.1, ocpp2.1."
            }
            Self::NoKey => "The header Sec-WebSocket-Key is missing.",
            Self::WrongCertificate => "This certificate is of another charger.",
            Self::Tls(_) => "",
        }
    }

    /// The whole answer; empty where there can be none.
    pub(super) fn answer(self) -> String {
        let Some((status, reason)) = self.status() else { return String::new() };
        let text = self.text();
        let mut extra = match self {
            Self::BadCredentials | Self::NoCredentials | Self::ExpiredCredentials => {
                "WWW-Authenticate: Basic realm=\"OCPP\"\r\n".to_owned()
            }
            Self::NoUpgrade => "Upgrade: websocket\r\n".to_owned(),
            Self::TooSlow
            | Self::TooMany
            | Self::TooManyHalfOpen
            | Self::TooManyChargers
            | Self::TooManyStrangers
            | Self::AddressTooOften
            | Self::AddressHalfOpen
            | Self::ChargerTooOften
            | Self::BadRequest
            | Self::TooLong
            | Self::NoIdentity
            | Self::UnknownCharger
            | Self::WrongCertificate
            | Self::RefusedCharger
            | Self::RevokedCredentials
            | Self::TooManyFailures
            | Self::HashesBusy
            | Self::NoCommonProtocol
            | Self::NoKey
            | Self::Tls(_) => String::new(),
        };
        if let Some(seconds) = self.retry_after_s() {
            extra = format!("Retry-After: {seconds}\r\n");
        }
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Connection: close\r\n{extra}\r\n{text}",
            text.len()
        )
    }
}
