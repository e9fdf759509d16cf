//! Private keys under a fleet key: how they are stored, published and opened.

use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead, aead::Payload};
use policy::{
    certificate::SealedKey,
    id::{CertificateId, FleetKeyId},
};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

/// The key under which the private keys of all zones travel; every enrolled node holds it, the database only its sealed form.
pub struct FleetKey {
    id: FleetKeyId,
    secret: Zeroizing<[u8; 32]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("the private key is sealed under fleet key {0}, which is not at hand")]
    OtherKey(FleetKeyId),
    #[error("the sealed private key was altered or belongs to another certificate")]
    Altered,
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("no random bytes from the operating system")]
pub struct NoRandomness(#[from] getrandom::Error);

impl FleetKey {
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut id = [0; 16];
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut id)?;
        getrandom::fill(secret.as_mut())?;
        Ok(Self { id: FleetKeyId::from_bytes(id), secret })
    }

    pub fn from_parts(id: FleetKeyId, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { id, secret }
    }

    pub fn id(&self) -> FleetKeyId {
        self.id
    }

    /// The bare key, for sealing it to a node or under the master key; nothing else may ask.
    pub fn expose(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Seals a PKCS #8 private key, bound to its certificate.
    pub fn seal_private_key(
        &self,
        certificate: CertificateId,
        pkcs8: &[u8],
    ) -> Result<SealedKey, NoRandomness> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: pkcs8, aad: certificate.as_bytes() };
        let mut ciphertext = nonce.to_vec();
        // The cipher fails only for messages of many gigabytes.
        ciphertext.extend(self.cipher().encrypt(&XNonce::from(nonce), payload).unwrap_or_default());
        Ok(SealedKey { fleet_key: self.id, ciphertext })
    }

    pub fn open_private_key(
        &self,
        certificate: CertificateId,
        sealed: &SealedKey,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if sealed.fleet_key != self.id {
            return Err(OpenError::OtherKey(sealed.fleet_key));
        }
        let (nonce, msg) = sealed.ciphertext.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::Altered)?;
        let payload = Payload { msg, aad: certificate.as_bytes() };
        self.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Altered)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.secret).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: CertificateId = CertificateId::from_bytes([7; 16]);

    #[test]
    fn a_private_key_opens_only_for_its_certificate_and_under_its_key() {
        let fleet = FleetKey::generate().expect("randomness");
        let sealed = fleet.seal_private_key(CERTIFICATE, b"secret").expect("randomness");
        assert!(!sealed.ciphertext.windows(6).any(|bytes| bytes == b"secret"));
        assert_eq!(
            fleet.open_private_key(CERTIFICATE, &sealed).map(|key| key.to_vec()),
            Ok(b"secret".to_vec())
        );
        let other = CertificateId::from_bytes([8; 16]);
        assert_eq!(fleet.open_private_key(other, &sealed), Err(OpenError::Altered));
        let stranger = FleetKey::generate().expect("randomness");
        assert_eq!(stranger.open_private_key(CERTIFICATE, &sealed), Err(OpenError::OtherKey(fleet.id())));
    }

    #[test]
    fn an_altered_or_short_ciphertext_does_not_open() {
        let fleet = FleetKey::generate().expect("randomness");
        let mut sealed = fleet.seal_private_key(CERTIFICATE, b"secret").expect("randomness");
        sealed.ciphertext[30] ^= 1;
        assert_eq!(fleet.open_private_key(CERTIFICATE, &sealed), Err(OpenError::Altered));
        sealed.ciphertext.truncate(5);
        assert_eq!(fleet.open_private_key(CERTIFICATE, &sealed), Err(OpenError::Altered));
    }
}
