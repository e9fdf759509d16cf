//! How nodes join: enrolment tokens and what becomes of them.

use super::{DbError, authorities, bootstrap, parse};
use crate::{certificates::authority::Kind, random};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::id::{EnrolmentTokenId, NodeId};
use proto::{
    enrolment_token,
    identity::{IdentityError, VerifyingKey},
};
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool};
use zeroize::Zeroizing;

/// An enrolment token, without its secret.
#[derive(Debug, Clone)]
pub struct EnrolmentToken {
    pub id: EnrolmentTokenId,
    pub name: String,
    pub uses_max: i32,
    pub uses: i32,
    pub created_on: Timestamp,
    pub expires_on: Timestamp,
}

/// What a new token shall be.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub uses_max: i32,
    pub expires_on: Timestamp,
    /// How nodes reach the link, as `host:port`, at least one.
    pub addresses: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum CreateTokenError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("the keys of the link do not exist yet: start a control plane on this database first")]
    NoKeys,
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Makes a token. Its text is returned and never kept; the database knows only what verifies it.
pub async fn create_token(
    conn: &mut PgConnection,
    new: &NewToken,
    now: Timestamp,
) -> Result<(EnrolmentToken, Zeroizing<String>), CreateTokenError> {
    let cluster = bootstrap::cluster(conn).await?;
    let publisher = sqlx::query_scalar!("select public_key from publisher_key")
        .fetch_optional(&mut *conn)
        .await
        .map_err(DbError::from)?
        .ok_or(CreateTokenError::NoKeys)?;
    let publisher = VerifyingKey::from_slice(&publisher)?;
    let authority = authorities::certificate(conn, Kind::Link).await?.ok_or(CreateTokenError::NoKeys)?;
    let authority = Sha256::digest(&authority).into();
    let expires_unix = new.expires_on.as_second();
    let text = enrolment_token::EnrolmentToken::generate(
        cluster,
        new.addresses.clone(),
        publisher,
        authority,
        expires_unix,
    )?;
    let token = EnrolmentToken {
        id: EnrolmentTokenId::from_bytes(random::bytes()),
        name: new.name.clone(),
        uses_max: new.uses_max,
        uses: 0,
        created_on: now,
        expires_on: new.expires_on,
    };
    insert_token(conn, &token, text.key.public()).await?;
    Ok((token, text.to_text()))
}

async fn insert_token(
    conn: &mut PgConnection,
    token: &EnrolmentToken,
    key: VerifyingKey,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into enrolment_tokens (id, name, public_key, uses_max, created_on, expires_on) values ($1, $2, $3, $4, $5, $6)",
        token.id.to_string(),
        token.name,
        &key.0,
        token.uses_max,
        token.created_on.to_sqlx(),
        token.expires_on.to_sqlx()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Enrolment tokens, newest first, and how many there are in all.
pub async fn list_tokens(
    conn: &mut PgConnection,
    limit: i64,
    offset: i64,
) -> Result<(Vec<EnrolmentToken>, i64), DbError> {
    let total = sqlx::query_scalar!(r#"select count(*) as "count!" from enrolment_tokens"#)
        .fetch_one(&mut *conn)
        .await?;
    let rows = sqlx::query!(
        "select id, name, uses_max, uses, created_on, expires_on from enrolment_tokens
         order by created_on desc, id limit $1 offset $2",
        limit,
        offset
    )
    .fetch_all(conn)
    .await?;
    let tokens = rows.into_iter().map(|row| {
        Ok::<_, DbError>(EnrolmentToken {
            id: parse("enrolment_tokens.id", &row.id)?,
            name: row.name,
            uses_max: row.uses_max,
            uses: row.uses,
            created_on: row.created_on.to_jiff(),
            expires_on: row.expires_on.to_jiff(),
        })
    });
    Ok((tokens.collect::<Result<_, _>>()?, total))
}

/// False if there was none.
pub async fn delete_token(conn: &mut PgConnection, id: EnrolmentTokenId) -> Result<bool, DbError> {
    let deleted =
        sqlx::query!("delete from enrolment_tokens where id = $1", id.to_string()).execute(conn).await?;
    Ok(deleted.rows_affected() == 1)
}

/// A node that wants to join with a token.
#[derive(Debug, Clone)]
pub struct Applicant<'a> {
    pub token: VerifyingKey,
    pub signing_key: VerifyingKey,
    pub receiving_key: [u8; 32],
    /// Empty if the node has no wish.
    pub name: &'a str,
    pub version: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enrolment {
    /// Whether for the first time or again.
    Enrolled {
        node: NodeId,
        name: String,
    },
    UnknownToken,
    Expired,
    UsedUp,
    Revoked,
    /// The signing key is known, with another receiving key.
    KeyTaken,
}

/// Makes a node known, in one transaction. Enrolling again with the same keys gives the same node and uses nothing up.
pub async fn enrol(
    pool: &PgPool,
    applicant: &Applicant<'_>,
    new_id: NodeId,
    now: Timestamp,
) -> Result<Enrolment, DbError> {
    let mut transaction = pool.begin().await?;
    let token = sqlx::query!(
        "select id, uses, uses_max, expires_on from enrolment_tokens where public_key = $1 for update",
        &applicant.token.0
    )
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some(known) = known(&mut transaction, applicant).await? {
        return Ok(known);
    }
    let Some(token) = token else { return Ok(Enrolment::UnknownToken) };
    if token.expires_on.to_jiff() <= now {
        return Ok(Enrolment::Expired);
    }
    if token.uses >= token.uses_max {
        return Ok(Enrolment::UsedUp);
    }
    sqlx::query!("update enrolment_tokens set uses = uses + 1 where id = $1", token.id)
        .execute(&mut *transaction)
        .await?;
    let name = insert_node(&mut transaction, applicant, new_id, &token.id, now).await?;
    transaction.commit().await?;
    Ok(Enrolment::Enrolled { node: new_id, name })
}

/// Returns the node's name.
async fn insert_node(
    conn: &mut PgConnection,
    applicant: &Applicant<'_>,
    id: NodeId,
    token: &str,
    now: Timestamp,
) -> Result<String, DbError> {
    let name = free_name(conn, applicant.name, id).await?;
    sqlx::query!(
        "insert into nodes (id, name, signing_key, receiving_key, version, enrolled_with, enrolled_on)
         values ($1, $2, $3, $4, $5, $6, $7)",
        id.to_string(),
        name,
        &applicant.signing_key.0,
        &applicant.receiving_key,
        applicant.version,
        token,
        now.to_sqlx()
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("insert into node_states (node_id) values ($1)", id.to_string()).execute(&mut *conn).await?;
    sqlx::query!("select pg_notify('orangery_nodes', '') is null as sent").fetch_one(conn).await?;
    Ok(name)
}

async fn known(conn: &mut PgConnection, applicant: &Applicant<'_>) -> Result<Option<Enrolment>, DbError> {
    let row = sqlx::query!(
        "select id, name, receiving_key, revoked_on is not null as \"revoked!\" from nodes where signing_key = $1",
        &applicant.signing_key.0
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.revoked {
        return Ok(Some(Enrolment::Revoked));
    }
    if row.receiving_key != applicant.receiving_key {
        return Ok(Some(Enrolment::KeyTaken));
    }
    Ok(Some(Enrolment::Enrolled { node: parse("nodes.id", &row.id)?, name: row.name }))
}

/// The wished name if it is free, otherwise with the beginning of the id.
async fn free_name(conn: &mut PgConnection, wished: &str, id: NodeId) -> Result<String, DbError> {
    let id = id.to_string();
    let short = &id[..8];
    if wished.is_empty() {
        return Ok(format!("node-{short}"));
    }
    let taken =
        sqlx::query_scalar!(r#"select exists (select 1 from nodes where name = $1) as "taken!""#, wished)
            .fetch_one(conn)
            .await?;
    Ok(if taken { format!("{wished}-{short}") } else { wished.to_owned() })
}
