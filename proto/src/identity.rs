//! The keys of the link: Ed25519 to sign, X25519 to receive secrets.

use crate::{seal::FleetKey, v1};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use policy::id::{ClusterId, FleetKeyId, NodeId};
use rustls::crypto::{
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_CHACHA20_POLY1305 as SUITE,
    hpke::{EncapsulatedSecret, Hpke as _, HpkePrivateKey, HpkePublicKey},
};
use zeroize::Zeroizing;

pub const KEY_BYTES: usize = 32;
pub const SIGNATURE_BYTES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("no random bytes from the operating system")]
    NoRandomness,
    #[error("the key is malformed")]
    MalformedKey,
    #[error("the signature is wrong")]
    WrongSignature,
    #[error("the sealed key was altered or is meant for another node")]
    NotForThisNode,
}

/// What a signature is about, so that none can be taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    Request,
    Statement,
    Possession,
}

impl Domain {
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Request => b"orangery request v1\0",
            Self::Statement => b"orangery statement v1\0",
            Self::Possession => b"orangery possession v1\0",
        }
    }

    fn message(self, payload: &[u8]) -> Vec<u8> {
        [self.prefix(), payload].concat()
    }
}

/// An Ed25519 key pair, kept as its seed.
pub struct SigningKey {
    seed: Zeroizing<[u8; KEY_BYTES]>,
    pair: Ed25519KeyPair,
}

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey(pub [u8; KEY_BYTES]);

impl SigningKey {
    pub fn generate() -> Result<Self, IdentityError> {
        let mut seed = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(seed.as_mut()).map_err(|_| IdentityError::NoRandomness)?;
        Self::from_seed(seed)
    }

    pub fn from_seed(seed: Zeroizing<[u8; KEY_BYTES]>) -> Result<Self, IdentityError> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| IdentityError::MalformedKey)?;
        Ok(Self { seed, pair })
    }

    /// The bare seed, for the one place that keeps it.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.seed
    }

    pub fn public(&self) -> VerifyingKey {
        let mut key = [0; KEY_BYTES];
        key.copy_from_slice(self.pair.public_key().as_ref());
        VerifyingKey(key)
    }

    pub fn sign(&self, domain: Domain, payload: &[u8]) -> Vec<u8> {
        self.pair.sign(&domain.message(payload)).as_ref().to_vec()
    }
}

impl VerifyingKey {
    pub fn from_slice(bytes: &[u8]) -> Result<Self, IdentityError> {
        bytes.try_into().map(Self).map_err(|_| IdentityError::MalformedKey)
    }

    pub fn verify(&self, domain: Domain, payload: &[u8], signature: &[u8]) -> Result<(), IdentityError> {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(&domain.message(payload), signature).map_err(|_| IdentityError::WrongSignature)
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// An X25519 key pair, to which fleet keys are sealed.
#[derive(Clone)]
pub struct ReceivingKey {
    secret: Zeroizing<[u8; KEY_BYTES]>,
    public: [u8; KEY_BYTES],
}

impl ReceivingKey {
    pub fn generate() -> Result<Self, IdentityError> {
        let (public, secret) = SUITE.generate_key_pair().map_err(|_| IdentityError::NoRandomness)?;
        Self::from_parts(secret.secret_bytes(), &public.0)
    }

    pub fn from_parts(secret: &[u8], public: &[u8]) -> Result<Self, IdentityError> {
        let secret = secret.try_into().map(Zeroizing::new).map_err(|_| IdentityError::MalformedKey)?;
        let public = public.try_into().map_err(|_| IdentityError::MalformedKey)?;
        Ok(Self { secret, public })
    }

    /// The bare secret, for the one place that keeps it.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.secret
    }

    pub fn public(&self) -> [u8; KEY_BYTES] {
        self.public
    }

    /// Opens a fleet key that was sealed for this node.
    pub fn open(
        &self,
        cluster: ClusterId,
        node: NodeId,
        sealed: &v1::SealedFleetKey,
    ) -> Result<FleetKey, IdentityError> {
        let id: FleetKeyId = sealed.id.parse().map_err(|_| IdentityError::MalformedKey)?;
        let encapsulated = EncapsulatedSecret(sealed.encapsulated.to_vec());
        let secret = HpkePrivateKey::from(self.secret.to_vec());
        let opened =
            SUITE.open(&encapsulated, HPKE_INFO, &binding(cluster, node, id), &sealed.ciphertext, &secret);
        let opened = Zeroizing::new(opened.map_err(|_| IdentityError::NotForThisNode)?);
        let key = opened.as_slice().try_into().map_err(|_| IdentityError::MalformedKey)?;
        Ok(FleetKey::from_parts(id, Zeroizing::new(key)))
    }
}

const HPKE_INFO: &[u8] = b"orangery fleet key v1";

/// Seals a fleet key to the receiving key of a node.
pub fn seal_fleet_key(
    fleet: &FleetKey,
    cluster: ClusterId,
    node: NodeId,
    receiving_key: [u8; KEY_BYTES],
) -> Result<v1::SealedFleetKey, IdentityError> {
    let aad = binding(cluster, node, fleet.id());
    let sealed = SUITE.seal(HPKE_INFO, &aad, fleet.expose(), &HpkePublicKey(receiving_key.to_vec()));
    let (encapsulated, ciphertext) = sealed.map_err(|_| IdentityError::MalformedKey)?;
    Ok(v1::SealedFleetKey {
        id: fleet.id().to_string(),
        encapsulated: encapsulated.0.into(),
        ciphertext: ciphertext.into(),
    })
}

fn binding(cluster: ClusterId, node: NodeId, key: FleetKeyId) -> Vec<u8> {
    [cluster.as_bytes().as_slice(), node.as_bytes(), key.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_key_its_domain_and_its_message() {
        let key = SigningKey::generate().expect("randomness");
        let signature = key.sign(Domain::Request, b"message");
        assert_eq!(key.public().verify(Domain::Request, b"message", &signature), Ok(()));
        let wrong = Err(IdentityError::WrongSignature);
        assert_eq!(key.public().verify(Domain::Statement, b"message", &signature), wrong);
        assert_eq!(key.public().verify(Domain::Request, b"massage", &signature), wrong);
        let other = SigningKey::generate().expect("randomness").public();
        assert_eq!(other.verify(Domain::Request, b"message", &signature), wrong);
        assert_eq!(key.public().verify(Domain::Request, b"message", b""), wrong);
    }

    #[test]
    fn a_fleet_key_reaches_the_node_it_was_sealed_for_and_no_other() {
        let fleet = FleetKey::generate().expect("randomness");
        let (cluster, node) = (ClusterId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]));
        let receiver = ReceivingKey::generate().expect("randomness");
        let sealed = seal_fleet_key(&fleet, cluster, node, receiver.public()).expect("sealed");
        let again = ReceivingKey::from_parts(receiver.expose(), &receiver.public()).expect("a key");
        assert_eq!(again.open(cluster, node, &sealed).expect("opens").expose(), fleet.expose());
        let stranger = ReceivingKey::generate().expect("randomness");
        let refused = Some(IdentityError::NotForThisNode);
        assert_eq!(stranger.open(cluster, node, &sealed).err(), refused);
        assert_eq!(receiver.open(cluster, NodeId::from_bytes([3; 16]), &sealed).err(), refused);
        let mut renamed = sealed;
        renamed.id = FleetKeyId::from_bytes([9; 16]).to_string();
        assert_eq!(receiver.open(cluster, node, &renamed).err(), refused);
    }
}
