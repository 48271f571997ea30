//! `chargewatch healthcheck`: asks a running chargewatch whether it is ready, for containers without other tools. Over HTTPS
//! it trusts the very certificate that the settings name, or what `--ca-file` holds, and nobody else.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::cli::{ConfigFlag, settings};
use crate::config::Settings;
use crate::tls::{TlsError, Trust};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);

/// An answer may have so many bytes.
const LONGEST: u64 = 64 * 1024;

#[derive(Args)]
pub(super) struct HealthFlags {
    #[command(flatten)]
    config: ConfigFlag,
    /// Its HTTP address, host and port, instead of http.listen of the settings.
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// PEM file: ask over HTTPS, and trust these certificates and what they have signed for the host. Without it, HTTPS is
    /// asked where the settings have http.certificate_file, and that very certificate is expected.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// Asks.
pub(super) fn run(flags: &HealthFlags) -> Result<(), Failure> {
    let settings = settings(&flags.config, Vec::new())?;
    let address = flags.http.clone().unwrap_or_else(|| reached(settings.http.listen).to_string());
    let trust = trust(flags, &settings).map_err(Failure::mistake)?;
    let answer = ask(&address, trust.as_ref()).map_err(|why| Failure::trouble(format!("{address} {why}")))?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let told = if answer.starts_with("HTTP/1.") {
        format!("{address} is not ready: {}", answer.lines().next_back().unwrap_or_default())
    } else {
        format!("{address} does not answer by HTTP; for HTTPS give --ca-file, or --config with http.certificate_file")
    };
    Err(Failure::trouble(told))
}

fn trust(flags: &HealthFlags, settings: &Settings) -> Result<Option<Trust>, TlsError> {
    match (&flags.ca_file, &settings.http.certificate_file) {
        (Some(authorities), _) => Trust::of(authorities).map(Some),
        (None, Some(certificate)) => Trust::only(certificate).map(Some),
        (None, None) => Ok(None),
    }
}

/// Where an address that is listened on is reached from here.
fn reached(listen: SocketAddr) -> SocketAddr {
    let loopback = match listen.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    SocketAddr::new(if listen.ip().is_unspecified() { loopback } else { listen.ip() }, listen.port())
}

/// The answer of `/readyz`; the error says why there is none.
fn ask(address: &str, trust: Option<&Trust>) -> Result<String, String> {
    let told = |error: std::io::Error| format!("does not answer: {error}");
    let found = address.to_socket_addrs().map_err(told)?.next().ok_or("is no address")?;
    let stream = TcpStream::connect_timeout(&found, LIMIT).map_err(told)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(told)?;
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    match trust {
        Some(trust) => converse(trust.secure(host, stream)?).map_err(told),
        None => converse(stream).map_err(told),
    }
}

fn converse(mut stream: impl Read + Write) -> Result<String, std::io::Error> {
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    match stream.take(LONGEST).read_to_end(&mut answer) {
        // An end without the goodbye of TLS: what was said counts.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof || answer.is_empty() => Err(error),
        Ok(_) | Err(_) => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_reached_here() {
        for (listen, here) in
            [("0.0.0.0:8080", "127.0.0.1:8080"), ("[::]:1", "[::1]:1"), ("192.0.2.7:8080", "192.0.2.7:8080")]
        {
            assert_eq!(reached(listen.parse().unwrap()), here.parse().unwrap());
        }
    }
}
