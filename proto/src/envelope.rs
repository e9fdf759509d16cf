//! What a node says: signed, for one method, once.

use crate::{
    identity::{Domain, IdentityError, SigningKey, VerifyingKey},
    v1,
};
use policy::id::{ClusterId, NodeId};
use prost::{Message, bytes::Bytes};
use sha2::{Digest as _, Sha256};

/// The methods of the link that take a signed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Enrol,
    Watch,
    Report,
    Poll,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enrol => "Enrol",
            Self::Watch => "Watch",
            Self::Report => "Report",
            Self::Poll => "Poll",
        }
    }
}

/// SHA-256 of a request's payload, to which every statement about it is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub [u8; 32]);

/// Where a request stands among those of its method: the start of the node, then the number since that start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Turn {
    pub session: u64,
    pub counter: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("the request is malformed")]
    Malformed(#[from] prost::DecodeError),
    #[error("the request names a malformed id")]
    InvalidId(#[from] policy::id::InvalidId),
    #[error("the request is meant for cluster {0}")]
    OtherCluster(ClusterId),
    #[error("the request is meant for another method")]
    OtherMethod,
}

/// Signs a request. `node` is absent for [`Method::Enrol`].
pub fn sign(
    key: &SigningKey,
    cluster: ClusterId,
    method: Method,
    node: Option<NodeId>,
    turn: Turn,
    body: &impl Message,
) -> (v1::Signed, RequestId) {
    let payload = v1::SignedPayload {
        cluster: cluster.to_string(),
        method: method.as_str().to_owned(),
        node: node.map(|node| node.to_string()).unwrap_or_default(),
        session: turn.session,
        counter: turn.counter,
        body: body.encode_to_vec().into(),
    };
    let payload = Bytes::from(payload.encode_to_vec());
    let request = RequestId(Sha256::digest(&payload).into());
    let signature = key.sign(Domain::Request, &payload).into();
    (v1::Signed { key_id: Bytes::copy_from_slice(&key.public().0), payload, signature }, request)
}

/// A request whose signature holds. Whether its key is known, and its turn is next, is for the caller to ask.
#[derive(Debug)]
pub struct Opened<B> {
    pub key: VerifyingKey,
    pub node: Option<NodeId>,
    pub turn: Turn,
    pub request: RequestId,
    pub body: B,
}

/// Verifies signature, cluster and method.
pub fn open<B: Message + Default>(
    signed: &v1::Signed,
    cluster: ClusterId,
    method: Method,
) -> Result<Opened<B>, EnvelopeError> {
    let key = VerifyingKey::from_slice(&signed.key_id)?;
    key.verify(Domain::Request, &signed.payload, &signed.signature)?;
    let payload = v1::SignedPayload::decode(signed.payload.clone())?;
    let named: ClusterId = payload.cluster.parse()?;
    if named != cluster {
        return Err(EnvelopeError::OtherCluster(named));
    }
    if payload.method != method.as_str() {
        return Err(EnvelopeError::OtherMethod);
    }
    let node = if payload.node.is_empty() { None } else { Some(payload.node.parse()?) };
    Ok(Opened {
        key,
        node,
        turn: Turn { session: payload.session, counter: payload.counter },
        request: RequestId(Sha256::digest(&signed.payload).into()),
        body: B::decode(payload.body)?,
    })
}

/// What a new node signs with the key it names, to prove that it holds it.
pub fn possession(cluster: ClusterId, token: VerifyingKey, receiving_key: &[u8]) -> Vec<u8> {
    [cluster.as_bytes().as_slice(), &token.0, receiving_key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: ClusterId = ClusterId::from_bytes([1; 16]);
    const NODE: NodeId = NodeId::from_bytes([2; 16]);

    fn request(key: &SigningKey) -> v1::Signed {
        let body = v1::ReportBody { version: "1".to_owned(), ..Default::default() };
        sign(key, CLUSTER, Method::Report, Some(NODE), Turn { session: 3, counter: 4 }, &body).0
    }

    #[test]
    fn a_request_says_who_what_and_when() {
        let key = SigningKey::generate().expect("randomness");
        let opened = open::<v1::ReportBody>(&request(&key), CLUSTER, Method::Report).expect("opens");
        assert_eq!((opened.key, opened.node), (key.public(), Some(NODE)));
        assert_eq!(opened.turn, Turn { session: 3, counter: 4 });
        assert_eq!(opened.body.version, "1");
    }

    #[test]
    fn a_request_is_good_for_one_cluster_and_one_method_and_as_it_was_signed() {
        let key = SigningKey::generate().expect("randomness");
        let other = ClusterId::from_bytes([9; 16]);
        let opened =
            |signed: &v1::Signed, cluster, method| open::<v1::ReportBody>(signed, cluster, method).err();
        let signed = request(&key);
        assert!(matches!(opened(&signed, other, Method::Report), Some(EnvelopeError::OtherCluster(_))));
        assert!(matches!(opened(&signed, CLUSTER, Method::Watch), Some(EnvelopeError::OtherMethod)));
        let foreign = SigningKey::generate().expect("randomness").public().0;
        let renamed = v1::Signed { key_id: Bytes::copy_from_slice(&foreign), ..signed.clone() };
        let mut tampered = signed.payload.to_vec();
        tampered[10] ^= 1;
        let tampered = v1::Signed { payload: tampered.into(), ..signed };
        for forged in [renamed, tampered] {
            let error = opened(&forged, CLUSTER, Method::Report);
            assert!(
                matches!(error, Some(EnvelopeError::Identity(IdentityError::WrongSignature))),
                "{error:?}"
            );
        }
    }
}
