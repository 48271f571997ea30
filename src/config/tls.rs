//! `[tls]`: how certificates are looked after.

use serde::Deserialize;

/// Settings of certificates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// Look for changes of certificates, keys, authorities and revocation lists this often, in seconds. 0 looks only on
    /// SIGHUP.
    pub reload_s: u64,
}
