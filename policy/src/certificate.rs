//! Certificates that a node shows to visitors.

use crate::{
    hostname::Hostname,
    id::{CertificateId, FleetKeyId},
};

/// A certificate chain with its private key, which travels sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub id: CertificateId,
    /// The names it speaks for; each lies within its zone.
    pub hosts: Vec<Hostname>,
    /// DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    pub key: SealedKey,
    /// End of validity, in seconds since 1970.
    pub not_after_unix: i64,
}

/// A PKCS #8 private key under a fleet key: XChaCha20-Poly1305, the 24-byte nonce first, the certificate id as associated data.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    pub fleet_key: FleetKeyId,
    pub ciphertext: Vec<u8>,
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedKey({}, {} bytes)", self.fleet_key, self.ciphertext.len())
    }
}
