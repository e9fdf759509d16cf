//! A new node trades its token for a name in the cluster.

use crate::{
    db::{
        DbError,
        enrolment::{self, Applicant, Enrolment},
    },
    random,
};
use jiff::Timestamp;
use policy::id::{ClusterId, NodeId};
use proto::{
    envelope::{self, Opened},
    identity::{Domain, IdentityError, VerifyingKey},
    statement::Body,
    v1,
};
use sqlx::PgPool;

const NAME_BYTES_MAX: usize = 63;
pub(super) const VERSION_BYTES_MAX: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error("the node's keys are malformed")]
    Keys,
    #[error("the node does not prove that it holds its key")]
    Possession(#[source] IdentityError),
    #[error("a node's name has at most {NAME_BYTES_MAX} letters, digits, '-', '_' and '.'")]
    Name,
    #[error("a version has at most {VERSION_BYTES_MAX} bytes")]
    Version,
    #[error(
        "the enrolment token is not known here: it was deleted, or is another installation's; make another"
    )]
    UnknownToken,
    #[error("the enrolment token has expired; make another")]
    Expired,
    #[error("the enrolment token is used up; make another")]
    UsedUp,
    #[error(
        "the node is revoked; it can come back only with new keys: empty its state folder and enrol it again"
    )]
    Revoked,
    #[error("the node's signing key is known with another receiving key")]
    KeyTaken,
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Judges a request whose signature by the token's key holds.
pub(super) async fn enrol(
    pool: &PgPool,
    cluster: ClusterId,
    request: &Opened<v1::EnrolBody>,
    now: Timestamp,
) -> Result<Body, EnrolError> {
    let body = &request.body;
    let signing_key = VerifyingKey::from_slice(&body.signing_key).map_err(|_| EnrolError::Keys)?;
    let receiving_key = <[u8; 32]>::try_from(&*body.receiving_key).map_err(|_| EnrolError::Keys)?;
    let proof = envelope::possession(cluster, request.key, &receiving_key);
    signing_key.verify(Domain::Possession, &proof, &body.possession).map_err(EnrolError::Possession)?;
    check(body)?;
    let applicant = Applicant {
        token: request.key,
        signing_key,
        receiving_key,
        name: &body.name,
        version: &body.version,
    };
    match enrolment::enrol(pool, &applicant, NodeId::from_bytes(random::bytes()), now).await? {
        Enrolment::Enrolled { node, name } => {
            tracing::info!(%node, name, "a node is enrolled");
            Ok(Body::Enrolled(v1::Enrolled { node: node.to_string(), name }))
        }
        Enrolment::UnknownToken => Err(EnrolError::UnknownToken),
        Enrolment::Expired => Err(EnrolError::Expired),
        Enrolment::UsedUp => Err(EnrolError::UsedUp),
        Enrolment::Revoked => Err(EnrolError::Revoked),
        Enrolment::KeyTaken => Err(EnrolError::KeyTaken),
    }
}

fn check(body: &v1::EnrolBody) -> Result<(), EnrolError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if body.name.len() > NAME_BYTES_MAX || !body.name.bytes().all(allowed) {
        return Err(EnrolError::Name);
    }
    if body.version.len() > VERSION_BYTES_MAX || !body.version.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(EnrolError::Version);
    }
    Ok(())
}
