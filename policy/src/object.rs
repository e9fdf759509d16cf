//! Shared objects: documents that zones refer to by hash, so that each travels once.

use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256 of an object's certificates, see [`TrustStore::hash`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectHash(pub [u8; 32]);

impl fmt::Display for ObjectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Certification authorities that a zone trusts for its origins besides the public ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustStore {
    /// DER certificates, sorted.
    certificates: Vec<Vec<u8>>,
}

impl TrustStore {
    pub fn new(mut certificates: Vec<Vec<u8>>) -> Self {
        certificates.sort();
        certificates.dedup();
        Self { certificates }
    }

    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// SHA-256 over each certificate, preceded by its length as eight big-endian bytes.
    pub fn hash(&self) -> ObjectHash {
        let mut hasher = Sha256::new();
        for certificate in &self.certificates {
            hasher.update((certificate.len() as u64).to_be_bytes());
            hasher.update(certificate);
        }
        ObjectHash(hasher.finalize().into())
    }
}
