//! A charger's wish for a certificate: SignCertificate of OCPP 2.x (2.0.1 part 2, A02) and of the 1.6 security extension.

/// The wish, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningRequest {
    /// The certificate signing request (PKCS #10) as sent: PEM text.
    pub csr: Option<Box<str>>,
    /// What the certificate is to be for.
    pub purpose: Purpose,
    /// The charger's number of the wish, which comes back with the certificate (2.1).
    pub number: Option<i64>,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The charger's connection to this service. 1.6 knows no other.
    Station,
    /// Plug and charge: vehicles would see it.
    Vehicles,
    /// What the specification does not have.
    Unknown,
}
