//! The text that a new node is given once: where its control plane is, how to recognise it, and the right to join.

use crate::identity::{IdentityError, KEY_BYTES, SigningKey, VerifyingKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use policy::id::ClusterId;
use prost::{Message, bytes::Bytes};
use zeroize::{Zeroize as _, Zeroizing};

const PREFIX: &str = "orangery-enrol-v1.";
const TOKEN_BYTES_MAX: usize = 8192;
const ADDRESSES_MAX: usize = 16;

/// An enrolment token, read or to be written.
pub struct EnrolmentToken {
    pub cluster: ClusterId,
    /// Addresses of the link as `host:port`, at least one; the node tries each.
    pub addresses: Vec<String>,
    /// The key that signs what the publisher says.
    pub publisher: VerifyingKey,
    /// SHA-256 of the link authority's certificate in DER.
    pub authority: [u8; 32],
    /// Signs the enrolment and nothing else; the control plane knows only its public key.
    pub key: SigningKey,
    /// When the token ends, in seconds since 1970, as far as known to the text; the control plane decides.
    pub expires_unix: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error(
        "an enrolment token begins with {PREFIX}; make one in the dashboard or with: orangery token enrolment"
    )]
    NotAToken,
    #[error(
        "this enrolment token is of another version; make one with the control plane that this node shall join"
    )]
    OtherVersion,
    #[error(
        "the enrolment token is incomplete or altered; copy all of it, without line breaks, or make another"
    )]
    Damaged,
}

/// The packed form, on the inside of the text.
#[derive(Clone, PartialEq, Message)]
struct Packed {
    #[prost(bytes = "bytes", tag = "1")]
    cluster: Bytes,
    #[prost(string, repeated, tag = "2")]
    addresses: Vec<String>,
    #[prost(bytes = "bytes", tag = "3")]
    publisher: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    authority: Bytes,
    #[prost(bytes = "vec", tag = "5")]
    seed: Vec<u8>,
    #[prost(int64, tag = "6")]
    expires_unix: i64,
}

impl EnrolmentToken {
    /// The text, which is a secret.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut packed = Packed {
            cluster: Bytes::copy_from_slice(self.cluster.as_bytes()),
            addresses: self.addresses.clone(),
            publisher: Bytes::copy_from_slice(&self.publisher.0),
            authority: Bytes::copy_from_slice(&self.authority),
            seed: self.key.expose().to_vec(),
            expires_unix: self.expires_unix,
        };
        let bytes = Zeroizing::new(packed.encode_to_vec());
        packed.seed.zeroize();
        Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&*bytes)))
    }

    /// Reads the text; white space around it is ignored.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let text = text.trim();
        let Some(encoded) = text.strip_prefix(PREFIX) else {
            let other = text.starts_with("orangery-enrol-");
            return Err(if other { InvalidToken::OtherVersion } else { InvalidToken::NotAToken });
        };
        if encoded.len() > TOKEN_BYTES_MAX {
            return Err(InvalidToken::Damaged);
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map(Zeroizing::new).map_err(|_| InvalidToken::Damaged)?;
        let packed = Packed::decode(bytes.as_slice()).map_err(|_| InvalidToken::Damaged)?;
        Self::unpack(packed).ok_or(InvalidToken::Damaged)
    }

    fn unpack(packed: Packed) -> Option<Self> {
        if packed.addresses.is_empty() || packed.addresses.len() > ADDRESSES_MAX {
            return None;
        }
        let seed: [u8; KEY_BYTES] = packed.seed.as_slice().try_into().ok()?;
        Some(Self {
            cluster: ClusterId::from_bytes((*packed.cluster).try_into().ok()?),
            addresses: packed.addresses,
            publisher: VerifyingKey::from_slice(&packed.publisher).ok()?,
            authority: (*packed.authority).try_into().ok()?,
            key: SigningKey::from_seed(Zeroizing::new(seed)).ok()?,
            expires_unix: packed.expires_unix,
        })
    }

    /// A new token with a seed of its own.
    pub fn generate(
        cluster: ClusterId,
        addresses: Vec<String>,
        publisher: VerifyingKey,
        authority: [u8; 32],
        expires_unix: i64,
    ) -> Result<Self, IdentityError> {
        let key = SigningKey::generate()?;
        Ok(Self { cluster, addresses, publisher, authority, key, expires_unix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> EnrolmentToken {
        let cluster = ClusterId::from_bytes([1; 16]);
        let addresses = vec!["control.example.org:9443".to_owned(), "[2001:db8::1]:9443".to_owned()];
        EnrolmentToken::generate(cluster, addresses, VerifyingKey([2; 32]), [3; 32], 1_900_000_000)
            .expect("randomness")
    }

    #[test]
    fn a_token_survives_being_copied() {
        let token = token();
        let read = EnrolmentToken::parse(&format!("  {}\n", *token.to_text())).expect("a token");
        assert_eq!(
            (read.cluster, read.publisher, read.authority),
            (token.cluster, token.publisher, token.authority)
        );
        assert_eq!((read.addresses, read.expires_unix), (token.addresses.clone(), token.expires_unix));
        assert_eq!(read.key.public(), token.key.public());
    }

    #[test]
    fn what_is_no_token_is_told_what_to_do() {
        let whole = token().to_text();
        let cases = [
            ("", InvalidToken::NotAToken),
            ("Bearer abc", InvalidToken::NotAToken),
            ("orangery-enrol-v2.abc", InvalidToken::OtherVersion),
            ("orangery-enrol-v1.", InvalidToken::Damaged),
            ("orangery-enrol-v1.&&&", InvalidToken::Damaged),
            (&whole[..whole.len() - 40], InvalidToken::Damaged),
        ];
        for (text, expected) in cases {
            assert_eq!(EnrolmentToken::parse(text).err(), Some(expected), "{text}");
        }
    }
}
