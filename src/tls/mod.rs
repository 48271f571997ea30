//! Certificates: loaded, checked, watched, read anew, and signed for chargers. The only user of rustls, rcgen and
//! x509-parser in the service, for the side of chargers, for HTTPS, and for whoever asks a chargewatch from here.
//!
//! TLS is 1.3 or 1.2, with AES-GCM or ChaCha20 and ephemeral keys: of the suites that OCPP names, those of ECDHE with
//! GCM. Suites with a static RSA key or with CBC do not exist in rustls; a charger that knows no others needs a proxy in
//! between that ends its TLS. Nothing is resumed: each connection shows its certificate anew, so that one that has been
//! revoked or has run out is seen with the next connection.

mod authority;
mod certificate;
mod crl;
mod csr;
mod failure;
mod load;
mod put;
mod revoked;
mod self_signed;
mod trust;
mod verify;
mod watch;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::{LazyConfigAcceptor, rustls, server::TlsStream};

use crate::config::listener::TlsFiles;
use crate::domain::time::At;
pub use authority::{Authority, Issued};
pub use certificate::ClientCertificate;
pub use crl::RevocationList;
pub use csr::Objection;
pub use failure::{Failure, Reason};
use load::{Loaded, Seen};
pub use revoked::Revoked;
pub use self_signed::{SelfSigned, self_signed};
pub use trust::{Secret, Trust};
pub use watch::{Watched, watch};

/// How long a peer that was refused may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// Bytes of such a peer that are still read, so that its socket is not reset before it has read why.
const LAST_BYTES: u64 = 64 * 1024;

/// A stream over TLS.
pub type Stream<S> = TlsStream<S>;

/// Why certificates cannot be used: the file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {wrong}")]
pub struct TlsError {
    /// Which file.
    pub file: String,
    /// What is wrong.
    pub wrong: String,
}

/// When what is in the files runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Our certificate, or one of those in between if that is earlier.
    pub certificate: At,
    /// The first of the authorities that sign chargers' certificates.
    pub client_ca: Option<At>,
    /// When the first of the lists of revoked certificates should have been replaced.
    pub crl: Option<At>,
}

/// The certificates of one listener. Cheap to clone; all clones see new files at once.
#[derive(Clone)]
pub struct Tls {
    files: Arc<TlsFiles>,
    revoked: Revoked,
    loaded: Arc<RwLock<Loaded>>,
    seen: Arc<Mutex<Seen>>,
}

/// A connection that is encrypted now.
pub struct Secured<S> {
    /// Its stream.
    pub stream: Stream<S>,
    /// The certificate that the client showed, where one was asked for. It is good, but may be anybody's.
    pub client: Option<ClientCertificate>,
    /// The version that was agreed: `TLS 1.3` or `TLS 1.2`.
    pub version: &'static str,
}

impl Tls {
    /// Reads the files. Clients whose certificates are in `revoked` are refused.
    ///
    /// # Errors
    /// When a file cannot be read, holds something else, does not belong to the others, or has expired.
    pub fn load(files: TlsFiles, revoked: Revoked) -> Result<Self, TlsError> {
        let seen = Seen::of(files.all());
        let loaded = Loaded::from(&files, &revoked)?;
        let (loaded, seen) = (Arc::new(RwLock::new(loaded)), Arc::new(Mutex::new(seen)));
        Ok(Self { files: Arc::new(files), revoked, loaded, seen })
    }

    /// When what is in use runs out.
    pub fn expiry(&self) -> Expiry {
        self.loaded.read().expiry
    }

    /// Reads the files anew if one has changed since, or if that is asked for. `None`: nothing was to be done.
    ///
    /// # Errors
    /// As [`Self::load`]; then what was there before stays in use.
    pub fn reload(&self, asked: bool) -> Option<Result<(), TlsError>> {
        let now = Seen::of(self.files.all());
        let mut seen = self.seen.lock();
        if *seen == now && !asked {
            return None;
        }
        *seen = now;
        Some(Loaded::from(&self.files, &self.revoked).map(|loaded| *self.loaded.write() = loaded))
    }

    /// Shakes hands with whoever has connected. The deadline is the caller's.
    ///
    /// # Errors
    /// Why it came to nothing; the peer has been told by an alert.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Result<Secured<S>, Failure> {
        let mut greeting = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let start = match (&mut greeting).await {
            Ok(start) => start,
            Err(error) => {
                let failure = Failure::of(&error, None, true);
                if let Some(stream) = greeting.take_io() {
                    part(stream).await;
                }
                return Err(failure);
            }
        };
        let config = self.loaded.read().config.clone();
        let (result, shown) = verify::noting(start.into_stream(config).into_fallible()).await;
        match result {
            Ok(stream) => Ok(secured(stream)),
            Err((error, stream)) => {
                part(stream).await;
                Err(Failure::of(&error, shown, false))
            }
        }
    }
}

fn secured<S>(stream: Stream<S>) -> Secured<S> {
    let connection = stream.get_ref().1;
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS 1.3",
    };
    let client = connection.peer_certificates().and_then(<[_]>::first).and_then(|der| ClientCertificate::read(der));
    Secured { stream, client, version }
}

/// Takes leave of a peer so that it reads the alert: a socket that is closed while bytes of the peer wait is reset, and
/// the alert with it.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let farewell = async {
        stream.flush().await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LAST_BYTES), &mut tokio::io::sink()).await
    };
    // It is refused either way.
    let said: Result<io::Result<u64>, _> = timeout(FAREWELL, farewell).await;
    drop(said);
}

#[cfg(test)]
mod signing_tests;
#[cfg(test)]
mod tests;
