//! The kinds of keys that certificates may have.

use std::fmt;
use x509_parser::{
    oid_registry::{OID_EC_P256, OID_NIST_EC_P384, OID_SIG_ED25519},
    public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

pub const RSA_BITS_MIN: usize = 2048;
pub const RSA_BITS_MAX: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Bits of the modulus, 2048 to 4096.
    Rsa(usize),
    P256,
    P384,
    Ed25519,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key type is not supported; use RSA of {RSA_BITS_MIN} to {RSA_BITS_MAX} bits, ECDSA on P-256 or P-384, or Ed25519"
)]
pub struct UnsupportedKey;

impl KeyKind {
    pub fn rsa(bits: usize) -> Result<Self, UnsupportedKey> {
        if (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) { Ok(Self::Rsa(bits)) } else { Err(UnsupportedKey) }
    }

    /// The kind of a public key in a certificate or a signing request.
    pub(super) fn of(key: &SubjectPublicKeyInfo<'_>) -> Result<Self, UnsupportedKey> {
        match key.parsed() {
            Ok(PublicKey::RSA(rsa)) => Self::rsa(bits(rsa.modulus)),
            Ok(PublicKey::EC(_)) => {
                let parameters = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
                match parameters {
                    Some(curve) if curve == OID_EC_P256 => Ok(Self::P256),
                    Some(curve) if curve == OID_NIST_EC_P384 => Ok(Self::P384),
                    _ => Err(UnsupportedKey),
                }
            }
            _ if key.algorithm.algorithm == OID_SIG_ED25519 => Ok(Self::Ed25519),
            _ => Err(UnsupportedKey),
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA of {bits} bits"),
            Self::P256 => f.write_str("ECDSA on P-256"),
            Self::P384 => f.write_str("ECDSA on P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// Bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    match number.iter().position(|byte| *byte != 0) {
        Some(start) => (number.len() - start) * 8 - number[start].leading_zeros() as usize,
        None => 0,
    }
}
