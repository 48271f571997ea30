//! `chargewatch self-signed`: a certificate for the reading side of a first start.

use std::path::PathBuf;

use chrono::Utc;
use clap::Args;

use super::{Failure, screen};
use crate::config::listener::TlsFiles;
use crate::domain::time::At;
use crate::tls::{SelfSigned, self_signed};

#[derive(Args)]
pub(super) struct SelfSignedFlags {
    /// A name or address by which it is reached; may be given several times.
    #[arg(long = "name", value_name = "NAME", default_values = ["localhost", "127.0.0.1"])]
    names: Vec<String>,
    /// File for the certificate (http.certificate_file); whoever reads is told to trust it.
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// File for its key (http.key_file).
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Does what the arguments say.
pub(super) fn run(flags: SelfSignedFlags) -> Result<(), Failure> {
    let files = TlsFiles { certificate: flags.certificate, key: flags.key, client_ca: None, crl: None };
    let told = match self_signed(&files, &flags.names, At::from(Utc::now())).map_err(Failure::mistake)? {
        SelfSigned::Kept(until) => format!("the certificate there is good until {until}; it stays"),
        SelfSigned::Made(until) => format!("made a certificate for {}, good until {until}", flags.names.join(", ")),
    };
    screen::say(&told);
    Ok(())
}
