//! Trading the token for a place in the cluster.

use super::identity::Identity;
use bytes::Bytes;
use policy::id::NodeId;
use proto::{
    enrolment_token::EnrolmentToken,
    envelope::{self, Method, Turn},
    identity::Domain,
    statement::{Body, Listener, StatementError},
    v1::{self, link_client::LinkClient},
};
use tonic::{Status, transport::Channel};

#[derive(Debug, thiserror::Error)]
pub(super) enum EnrolError {
    #[error("the control plane refuses the enrolment: {}", .0.message())]
    Refused(#[from] Box<Status>),
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error("the control plane answers the enrolment with something else")]
    Answer,
}

/// Asks to be admitted. Asking again with the same keys gives the same answer.
pub(super) async fn enrol(
    client: &mut LinkClient<Channel>,
    identity: &Identity,
    token: &EnrolmentToken,
    name: &str,
    turn: Turn,
) -> Result<NodeId, EnrolError> {
    let receiving_key = identity.receiving.public();
    let proof = envelope::possession(identity.cluster, token.key.public(), &receiving_key);
    let body = v1::EnrolBody {
        signing_key: Bytes::copy_from_slice(&identity.signing.public().0),
        receiving_key: Bytes::copy_from_slice(&receiving_key),
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        possession: identity.signing.sign(Domain::Possession, &proof).into(),
    };
    let (signed, request) = envelope::sign(&token.key, identity.cluster, Method::Enrol, None, turn, &body);
    let reply = client.enrol(signed).await.map_err(Box::new)?.into_inner();
    let statement = reply.statement.ok_or(EnrolError::Answer)?;
    match Listener::new(identity.publisher, identity.cluster, request).hear(&statement)? {
        Some(Body::Enrolled(enrolled)) => enrolled.node.parse().map_err(|_| EnrolError::Answer),
        Some(_) | None => Err(EnrolError::Answer),
    }
}
