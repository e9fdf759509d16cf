//! What the publisher says: signed, about one request of one node, in order.

use crate::{
    envelope::RequestId,
    identity::{Domain, IdentityError, SigningKey, VerifyingKey},
    v1,
};
use policy::id::ClusterId;
use prost::{Message as _, bytes::Bytes};

pub use v1::statement_payload::Body;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("the statement is malformed")]
    Malformed(#[from] prost::DecodeError),
    #[error("the statement is about another request")]
    OtherRequest,
    #[error("statement {got} came where {expected} was due")]
    OutOfOrder { expected: u64, got: u64 },
}

/// The publisher's side of one request: numbers and signs what is said about it.
pub struct Speaker<'a> {
    pub key: &'a SigningKey,
    pub cluster: ClusterId,
}

impl Speaker<'_> {
    pub fn say(&self, request: RequestId, sequence: u64, body: Body) -> v1::Statement {
        let payload = v1::StatementPayload {
            cluster: self.cluster.to_string(),
            request: Bytes::copy_from_slice(&request.0),
            sequence,
            body: Some(body),
        };
        let payload = Bytes::from(payload.encode_to_vec());
        let signature = self.key.sign(Domain::Statement, &payload).into();
        v1::Statement { payload, signature }
    }
}

/// The node's side of one request: accepts each statement once and in order.
#[derive(Debug)]
pub struct Listener {
    key: VerifyingKey,
    cluster: ClusterId,
    request: RequestId,
    next: u64,
}

impl Listener {
    pub fn new(key: VerifyingKey, cluster: ClusterId, request: RequestId) -> Self {
        Self { key, cluster, request, next: 0 }
    }

    /// The body; absent if it is of a kind that this version does not know.
    pub fn hear(&mut self, statement: &v1::Statement) -> Result<Option<Body>, StatementError> {
        self.key.verify(Domain::Statement, &statement.payload, &statement.signature)?;
        let payload = v1::StatementPayload::decode(statement.payload.clone())?;
        if payload.request != self.request.0.as_slice() || payload.cluster != self.cluster.to_string() {
            return Err(StatementError::OtherRequest);
        }
        if payload.sequence != self.next {
            return Err(StatementError::OutOfOrder { expected: self.next, got: payload.sequence });
        }
        self.next += 1;
        Ok(payload.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: ClusterId = ClusterId::from_bytes([1; 16]);
    const REQUEST: RequestId = RequestId([2; 32]);

    fn heartbeat() -> Body {
        Body::Heartbeat(v1::Heartbeat { latest: None })
    }

    #[test]
    fn statements_are_heard_once_and_in_order() {
        let key = SigningKey::generate().expect("randomness");
        let speaker = Speaker { key: &key, cluster: CLUSTER };
        let mut listener = Listener::new(key.public(), CLUSTER, REQUEST);
        let (first, second) = (speaker.say(REQUEST, 0, heartbeat()), speaker.say(REQUEST, 1, heartbeat()));
        assert_eq!(listener.hear(&second), Err(StatementError::OutOfOrder { expected: 0, got: 1 }));
        assert_eq!(listener.hear(&first), Ok(Some(heartbeat())));
        assert_eq!(listener.hear(&first), Err(StatementError::OutOfOrder { expected: 1, got: 0 }));
        assert_eq!(listener.hear(&second), Ok(Some(heartbeat())));
    }

    #[test]
    fn a_statement_for_another_stream_or_by_another_key_is_refused() {
        let key = SigningKey::generate().expect("randomness");
        let mut listener = Listener::new(key.public(), CLUSTER, REQUEST);
        let speaker = Speaker { key: &key, cluster: CLUSTER };
        let other = speaker.say(RequestId([3; 32]), 0, heartbeat());
        assert_eq!(listener.hear(&other), Err(StatementError::OtherRequest));
        let stranger = SigningKey::generate().expect("randomness");
        let forged = Speaker { key: &stranger, cluster: CLUSTER }.say(REQUEST, 0, heartbeat());
        assert_eq!(listener.hear(&forged), Err(IdentityError::WrongSignature.into()));
        let mut tampered = speaker.say(REQUEST, 0, heartbeat());
        tampered.payload = [tampered.payload.as_ref(), b"\0"].concat().into();
        assert_eq!(listener.hear(&tampered), Err(IdentityError::WrongSignature.into()));
    }
}
