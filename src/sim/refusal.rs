//! Why a charger gets no connection, in words for whoever runs the fleet.

use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as TlsError};
use tokio_tungstenite::tungstenite::Error as WireError;
use tokio_tungstenite::tungstenite::http::StatusCode;

/// Puts an error of opening a connection into words, the same for every charger.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's errors grow, and speak for themselves")]
pub(crate) fn words(error: &WireError) -> String {
    match error {
        WireError::Http(response) => status(response.status()),
        WireError::Io(error) => in_transit(error),
        other => other.to_string(),
    }
}

fn status(status: StatusCode) -> String {
    let hint = match status.as_u16() {
        401 => ": its password is missing or wrong",
        403 => ": its certificate is another's, or the server shuts it out",
        429 | 503 => ": it comes too often, or the server has no room",
        _ => "",
    };
    format!("the server answers {status}{hint}")
}

/// Errors of TLS come as those of the connection.
fn in_transit(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    inner.map_or_else(|| error.to_string(), of_tls)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's errors grow, and speak for themselves")]
fn of_tls(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate is not signed by an authority of --ca-file".to_owned()
        }
        TlsError::InvalidCertificate(other) => format!("the server's certificate cannot be trusted: {other}"),
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server asks for a certificate of the charger".to_owned()
        }
        TlsError::AlertReceived(alert) => format!("the server refuses the charger by TLS: {alert:?}"),
        TlsError::InvalidMessage(_) => "the server does not speak TLS: is it ws:// there?".to_owned(),
        other => other.to_string(),
    }
}
