//! Private keys that people upload: PKCS #8, PKCS #1 or SEC 1 PEM in, PKCS #8 out.

use super::{
    key_kind::{KeyKind, UnsupportedKey},
    pem::{self, PemError},
};
use aws_lc_rs::{
    encoding::AsDer,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair as _,
    },
};
use rustls_pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

/// A private key that is well formed and of a supported kind.
pub struct PrivateKey {
    kind: KeyKind,
    pkcs8: Zeroizing<Vec<u8>>,
    /// As it stands in a certificate's subject public key.
    public: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    #[error(transparent)]
    Pem(#[from] PemError),
    #[error("the private key is protected by a passphrase; decrypt it first")]
    Encrypted,
    #[error(transparent)]
    Unsupported(#[from] UnsupportedKey),
}

impl PrivateKey {
    pub fn from_pem(text: &str) -> Result<Self, PrivateKeyError> {
        const SECTION: &str = "\"BEGIN PRIVATE KEY\" section";
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(PrivateKeyError::Encrypted);
        }
        let key = pem::one(pem::read::<PrivateKeyDer<'static>>(text)?, SECTION)?;
        let key = Zeroizing::new(key.secret_der().to_vec());
        ed25519(&key)
            .or_else(|| ecdsa(KeyKind::P256, &ECDSA_P256_SHA256_ASN1_SIGNING, &key))
            .or_else(|| ecdsa(KeyKind::P384, &ECDSA_P384_SHA384_ASN1_SIGNING, &key))
            .or_else(|| rsa(&key))
            .ok_or(PrivateKeyError::Unsupported(UnsupportedKey))
    }

    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    pub(super) fn public(&self) -> &[u8] {
        &self.public
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", self.kind)
    }
}

fn ed25519(der: &[u8]) -> Option<PrivateKey> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
    let pkcs8 = pair.to_pkcs8v1().ok()?;
    Some(PrivateKey {
        kind: KeyKind::Ed25519,
        pkcs8: Zeroizing::new(pkcs8.as_ref().to_vec()),
        public: pair.public_key().as_ref().to_vec(),
    })
}

fn ecdsa(kind: KeyKind, algorithm: &'static EcdsaSigningAlgorithm, der: &[u8]) -> Option<PrivateKey> {
    let pair = EcdsaKeyPair::from_private_key_der(algorithm, der).ok()?;
    let pkcs8 = pair.to_pkcs8v1().ok()?;
    Some(PrivateKey {
        kind,
        pkcs8: Zeroizing::new(pkcs8.as_ref().to_vec()),
        public: pair.public_key().as_ref().to_vec(),
    })
}

fn rsa(der: &[u8]) -> Option<PrivateKey> {
    let pair = rsa::KeyPair::from_pkcs8(der).or_else(|_| rsa::KeyPair::from_der(der)).ok()?;
    let kind = KeyKind::rsa(pair.public_modulus_len() * 8).ok()?;
    let pkcs8 = pair.as_der().ok()?;
    Some(PrivateKey {
        kind,
        pkcs8: Zeroizing::new(pkcs8.as_ref().to_vec()),
        public: pair.public_key().as_ref().to_vec(),
    })
}
